"""Stores filled without a network: pages of sample sites go the way that fetched pages go."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from cablecrawl.boilerplate import load_rules
from cablecrawl.capture import Exchange, WarcWriter
from cablecrawl.code_version import steps_sha256
from cablecrawl.items import CablePage, Capture, Listing, PageItem, Problem
from cablecrawl.reading import PageReader, items_of, locator_of
from cablecrawl.releases import load_releases
from cablecrawl.sources import UNRANKED, source_for_url
from cablecrawl.stats import CountingStats
from cablecrawl.store import tables as t
from cablecrawl.store.database import WARC_FOLDER, create_folders, open_database
from cablecrawl.store.evidence import (
    GONE,
    add_capture,
    add_listing,
    add_page,
    add_problem,
    add_sources,
    iso,
    mark_read,
    shown_on,
)
from cablecrawl.store.writer import Writer
from pipelines.boilerplate import BoilerplatePipeline
from pipelines.dedupe import DedupePipeline
from pipelines.fields import FieldsPipeline
from pipelines.provenance import ProvenancePipeline

START = datetime(2026, 11, 21, 18, 1, 2, 345678, UTC)
"""When the first page of a store was fetched, unless a test says otherwise."""

PAGES = ("cable/", "reldate/", "date/", "classification/")
"""The folders of a mirror that a crawl walks."""

REQUEST = b"GET / HTTP/1.1\r\nHost: mirror.example\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\n\r\n"


class SampleStore:
    """A store to which crawls are added, one after the other.

    Capture IDs are new in each store, and times begin with `start`, a second apart.
    """

    def __init__(self, data_dir: Path, *, start: datetime = START) -> None:
        self.data_dir = data_dir
        self.now = start
        self.stats = CountingStats()
        create_folders(data_dir)
        self._engine = open_database(data_dir, create=True)
        self._runs = 0
        self._reader = PageReader()
        self._pipelines = (
            BoilerplatePipeline(load_rules(), self.stats),
            FieldsPipeline(self.stats),
            ProvenancePipeline(load_releases(), self.stats),
            DedupePipeline(self.stats),
        )

    @property
    def engine(self) -> Engine:
        """The store's database."""
        return self._engine

    def crawl(
        self,
        source: str,
        pages: Path | Mapping[str, bytes],
        *,
        rank: int = UNRANKED,
        state: str = "finished",
        host: str | None = None,
    ) -> None:
        """Add a run that fetches these pages: a mirror's folder, or bodies by path.

        `host` serves them; None: one that is called as the source is.
        Cable pages of the source that were there before and are not any more are met as gone
        (404) when `pages` is a folder.
        """
        self._host = host or source
        is_whole = isinstance(pages, Path)
        bodies = read_mirror(pages) if isinstance(pages, Path) else pages
        with self._run(source, rank, state) as writer:
            captures = [
                writer.submit_capture(self._exchange(source, path, body), add_capture)
                for path, body in bodies.items()
            ]
            for capture, body in zip(captures, bodies.values(), strict=True):
                self._read(writer, capture.result(), body)
            if is_whole:
                self._meet_the_gone(writer, source, bodies)

    @contextmanager
    def _run(self, source: str, rank: int, state: str) -> Iterator[Writer]:
        self._runs += 1
        run_id = f"{self.now:%Y%m%dT%H%M%SZ}-{self._runs:06x}"
        details = json.dumps({"steps_sha256": steps_sha256(), "sources": [source]})
        row = {"id": run_id, "crawl": run_id, "spider": "mirrors", "details": details}
        registered = replace(source_for_url(f"http://{source}/", "mirrors"), name=source, rank=rank)
        warc = WarcWriter(self.data_dir / WARC_FOLDER, run_id, {})
        writer = Writer(self._engine, self.data_dir, warc)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(t.run).values(started=iso(self.now), state=state, **row))
                add_sources(connection, [registered])
            self._run_id = run_id
            yield writer
        finally:
            writer.close()
            warc.seal()

    def _exchange(
        self, source: str, path: str, body: bytes, *, status: int = 200, head: bytes = HEAD
    ) -> Exchange:
        self.now += timedelta(seconds=1)
        return Exchange(
            capture_id=uuid.uuid4().urn,
            run_id=self._run_id,
            source=source,
            url=f"http://{self._host}/{path}",
            via=f"http://{self._host}/",
            fetched_at=self.now,
            outcome="ok" if status == 200 else "http_error",
            status=status,
            request_block=REQUEST,
            response_head=head,
            payload=body,
        )

    def _read(self, writer: Writer, capture: Capture, body: bytes) -> None:
        read = self._reader.read(capture.url, body, "text/html")
        for item in items_of(capture, read):
            found: PageItem = item
            for pipeline in self._pipelines:
                found = pipeline.process_item(found)
            writer.submit(partial(_store, item=found)).result()
        writer.submit(partial(mark_read, rows=[capture.id])).result()

    def _meet_the_gone(self, writer: Writer, source: str, bodies: Mapping[str, bytes]) -> None:
        there = {locator_of(f"http://{source}/{path}") for path in bodies}
        query = (
            select(t.witness.c.id, t.witness.c.locator)
            .join(t.source)
            .where(t.source.c.name == source)
            .order_by(t.witness.c.locator)
        )
        with self._engine.connect() as connection:
            known = connection.execute(query).all()
        for witness, locator in known:
            if locator.partition("#")[0] not in there:
                exchange = self._exchange(
                    source, locator.lstrip("/"), b"", status=404, head=NOT_FOUND
                )
                capture = writer.submit_capture(exchange, add_capture).result()
                writer.submit(partial(_add_gone, witness=witness, capture=capture.id)).result()


def read_mirror(folder: Path) -> dict[str, bytes]:
    """The pages of a mirror that a crawl walks, by path."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    return {path: (folder / path).read_bytes() for path in paths if path.startswith(PAGES)}


def _store(connection: Connection, item: PageItem) -> None:
    match item:
        case CablePage():
            add_page(connection, shown_on(item))
        case Listing():
            add_listing(connection, item.capture, item.locators)
        case Problem():
            add_problem(connection, item)


def _add_gone(connection: Connection, witness: int, capture: int) -> None:
    connection.execute(insert(t.sighting).values(witness=witness, capture=capture, event=GONE))


def add_synthetic_cables(engine: Engine, cables: int, *, body: str = "", claims: int = 25) -> None:
    """Rows of that many cables, written straight into an empty store: for measuring.

    Each has one witness, one reading and `claims` claims.
    """
    text = body or "1. (U) The tram without doors runs again. " * 200
    rows = range(1, cables + 1)
    stamp = iso(START)
    with engine.begin() as connection:
        run = {"id": "run", "crawl": "run", "spider": "mirrors", "state": "finished"}
        connection.execute(insert(t.run).values(started=stamp, details="{}", **run))
        add_sources(connection, [source_for_url("http://synthetic/", "mirrors")])
        step = {"rule": "rule/1", "asserted_by": "cable_body", "basis": "", "confidence": ""}
        connection.execute(insert(t.step).values(id=1, **step))
        fetched = {"run": "run", "source": 1, "fetched_at": stamp, "outcome": "ok", "status": 200}
        stored = {"flags": "", "warc": "run-00001.warc.gz", "offset": 0, "length": 1, "is_read": 1}
        payload = {"payload_sha256": "0" * 64, "payload_length": 1}
        connection.execute(
            insert(t.capture),
            [
                {"id": row, "capture_id": f"urn:uuid:{row}", "url": f"http://synthetic/{row}"}
                | fetched
                | stored
                | payload
                for row in rows
            ],
        )
        ids = {row: f"09OSLO{row * 7919 % 1_000_003:07}" for row in rows}
        connection.execute(
            insert(t.witness),
            [
                {"id": row, "source": 1, "reference_id": ids[row], "locator": f"/{row}"}
                | {"stated_id": ids[row], "url": f"http://synthetic/{row}"}
                for row in rows
            ],
        )
        decoded = {"layout": "wikileaks", "encoding": "utf-8", "decoding": "header"}
        for row in rows:
            texts = {"sha256": "0" * 64, "header": "P 131248Z FEB 04", "body": f"{row} {text}"}
            connection.execute(
                insert(t.reading).values(id=row, witness=row, capture=row, **decoded, **texts)
            )
            connection.execute(
                insert(t.sighting).values(witness=row, capture=row, reading=row, event="first")
            )
            connection.execute(
                insert(t.claim),
                [
                    {"reading": row, "field": "tags", "ordinal": number, "value": f"TAG{number}"}
                    | {"step": 1, "start": number, "end": number + 4, "quote": f"TAG{number}"}
                    | {"capture": row, "last_capture": row}
                    for number in range(claims)
                ],
            )
