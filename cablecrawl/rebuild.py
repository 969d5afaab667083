"""The database again, from the WARC files: for one that is lost, or after the code changed.

The new database is made beside the old one and takes its place when it is whole.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import DropItem
from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from cablecrawl.boilerplate import load_rules
from cablecrawl.browser import NOT_RENDERED
from cablecrawl.capture import (
    DamagedWarc,
    Location,
    ResponseReader,
    payload_sha256,
    read_members,
    recover,
)
from cablecrawl.capture.exchange import decode_fields
from cablecrawl.capture.http import content_codings, content_type, parse_head
from cablecrawl.capture.members import read_stretches
from cablecrawl.decoding import decode_content
from cablecrawl.errors import CableCrawlError, DamagedDatabaseError
from cablecrawl.items import Capture, PageItem
from cablecrawl.reading import (
    PageReader,
    circular_redirects,
    problem_of_error,
    problem_of_failure,
    read_items,
)
from cablecrawl.releases import load_releases
from cablecrawl.runs import END_OF_RUN
from cablecrawl.stats import Stats
from cablecrawl.store import tables as t
from cablecrawl.store.database import DATABASE, WARC_FOLDER, open_database
from cablecrawl.store.evidence import add_capture, iso
from cablecrawl.store.queries import captures, redirects_of_crawl
from cablecrawl.store.writer import StoredExchange, Writer
from pipelines.boilerplate import BoilerplatePipeline
from pipelines.dedupe import DedupePipeline
from pipelines.fields import FieldsPipeline
from pipelines.provenance import ProvenancePipeline
from pipelines.store import StorePipeline

logger = logging.getLogger(__name__)

# Items under way at once: enough for the writer's batches, little in memory.
WINDOW = 128


Step = BoilerplatePipeline | FieldsPipeline | ProvenancePipeline | DedupePipeline
Report = Callable[[int], None]
"""Called with the number of captures read since the last call."""


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild came to."""

    captures: int = 0
    damaged: int = 0
    """WARC files that could not be read to their end."""
    is_kept: bool = False
    """The old database stays, since it knows more than the damaged files still tell."""


def rebuild(data_dir: Path, stats: Stats, report: Report = lambda _: None) -> Rebuilt:
    """Make the database of a data folder from its WARC files.

    Raises CableCrawlError where there are none, StorageError where it cannot be written. The
    store must be locked.
    """
    folder = data_dir / WARC_FOLDER
    if not any(folder.glob("*.warc.gz*")):
        raise CableCrawlError(f"{folder}: there are no WARC files to read")
    has_old = (data_dir / DATABASE).exists() and not _put_aside_if_damaged(data_dir)
    for path in sorted(folder.glob("*.open")):
        _seal(path)
    work = data_dir / "rebuild"
    if work.exists():
        shutil.rmtree(work)  # of a rebuild that was cut short
    work.mkdir()
    engine = open_database(work, create=True)
    rebuilt = Rebuilt()
    try:
        with engine.begin() as db:
            for path in sorted(folder.glob("*.warc.gz")):
                _index(db, path, rebuilt)
        if has_old:
            if rebuilt.damaged:
                rebuilt.is_kept = True
                return rebuilt
            _copy_runs(engine, data_dir)
        writer = Writer(engine, work)
        try:
            asyncio.run(_read_all(engine, folder, StorePipeline(writer, stats), stats, report))
        finally:
            writer.close()
        with engine.begin() as db:
            db.execute(update(t.capture).values(is_read=1))
        with engine.connect() as db:
            db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
        if rebuilt.is_kept:
            shutil.rmtree(work)
    _put_in_place(work, data_dir)
    return rebuilt


def _put_aside_if_damaged(data_dir: Path) -> bool:
    """Keep a file that is no sound database under another name. Raises CableCrawlError."""
    try:
        open_database(data_dir).dispose()
    except DamagedDatabaseError:
        aside = data_dir / f"{DATABASE}.damaged"
        (data_dir / DATABASE).replace(aside)
        logger.warning("%s is damaged and kept as %s", DATABASE, aside.name)
        return True
    return False


def _seal(path: Path) -> None:
    """A file that a killed run left open: its torn end is put aside, as the next run would."""
    recovery = recover(path, 0)
    if recovery.tail is not None:
        logger.warning("%s: a torn end was cut and kept as %s", path.name, recovery.tail.name)
    recovery.seal()


def _index(db: Connection, path: Path, rebuilt: Rebuilt) -> None:
    """Rows for a WARC file's run, sources and captures."""
    try:
        first = next(read_members(path))
        _add_run(db, path, dict(decode_fields(first.block)))
        for stretch in read_stretches(path):
            last = stretch.members[-1]
            if stretch.exchange is None:
                _note_end_of_run(db, path, dict(decode_fields(last.block)))
                continue
            payload = stretch.exchange.payload
            location = Location(path.name, last.offset, last.length)
            add_capture(
                db,
                StoredExchange(stretch.exchange, location, payload_sha256(payload), len(payload)),
            )
            rebuilt.captures += 1
    except (DamagedWarc, StopIteration) as damage:
        rebuilt.damaged += 1
        logger.error("%s; what stands behind it is not read", damage)


def _add_run(db: Connection, path: Path, fields: Mapping[str, str]) -> None:
    run = _run_of(path)
    for source in json.loads(fields.get("cablecrawl-sources", "[]")):
        db.execute(upsert(t.source).values(**source).on_conflict_do_nothing())
    db.execute(
        upsert(t.run)
        .values(
            id=run,
            spider=fields.get("cablecrawl-spider", "unknown"),
            state="crashed",  # unless a note says how it ended
            started=_started(run),
            crawl=fields.get("cablecrawl-crawl", run),
            details=fields.get("cablecrawl-details", "{}"),
        )
        .on_conflict_do_nothing()
    )


def _note_end_of_run(db: Connection, path: Path, fields: Mapping[str, str]) -> None:
    if fields.get("note") == END_OF_RUN:
        values = {key: fields[key] for key in ("state", "reason", "finished", "summary")}
        db.execute(update(t.run).where(t.run.c.id == _run_of(path)).values(values))


def _run_of(path: Path) -> str:
    """A WARC file's name is its run's ID and a number."""
    return path.name.rpartition("-")[0]


def _started(run: str) -> str:
    """When a run began, from its ID: `20261121T181530Z-a1b2c3`."""
    return iso(datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))


def _copy_runs(engine: Engine, old_dir: Path) -> None:
    """Take over what WARC files do not tell: how runs ended, and requests still to make."""
    old_engine = open_database(old_dir)
    try:
        with old_engine.connect() as old, engine.begin() as db:
            for row in old.execute(select(t.run)).mappings():
                db.execute(
                    upsert(t.run)
                    .values(**row)
                    .on_conflict_do_update(index_elements=["id"], set_=dict(row))
                )
            for row in old.execute(select(t.frontier)).mappings():
                db.execute(insert(t.frontier).values(**row))
    finally:
        old_engine.dispose()


def steps_before_the_store(stats: Stats) -> tuple[Step, ...]:
    """The pipelines of a crawl in their order, up to the one that commits."""
    return (
        BoilerplatePipeline(load_rules(), stats),
        FieldsPipeline(stats),
        ProvenancePipeline(load_releases(), stats),
        DedupePipeline(stats),
    )


async def _read_all(
    engine: Engine, folder: Path, store: StorePipeline, stats: Stats, report: Report
) -> None:
    """Read every capture in the order in which they were made, by the pipelines of a crawl."""
    steps = steps_before_the_store(stats)
    reader = PageReader()
    under_way: list[asyncio.Future[Any]] = []
    with closing(ResponseReader(folder)) as responses, engine.connect() as db:
        last = _last_attempts(db)
        for capture, location in captures(db):
            is_last = capture.id in last
            for item in items_of_capture(reader, responses, capture, location, is_last=is_last):
                try:
                    for step in steps:
                        item = step.process_item(item)
                except Exception as error:
                    logger.exception("%s: cannot be read", capture.url)
                    item = problem_of_error(capture, error)
                # Tasks begin in order, and so do their rows.
                under_way.append(asyncio.ensure_future(store.process_item(item)))
            report(1)
            if len(under_way) >= WINDOW:
                await _settle(under_way)
                under_way.clear()
        for crawl in db.execute(select(t.run.c.crawl).distinct()).scalars().all():
            for problem in circular_redirects(redirects_of_crawl(db, crawl)):
                under_way.append(asyncio.ensure_future(store.process_item(problem)))
        await _settle(under_way)


async def _settle(under_way: list[asyncio.Future[Any]]) -> None:
    for outcome in await asyncio.gather(*under_way, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, DropItem):
            raise outcome


def _last_attempts(db: Connection) -> set[int]:
    """The failed captures that no later capture of their URL in their crawl makes up for."""
    newest = (
        select(func.max(t.capture.c.id))
        .join(t.run, t.run.c.id == t.capture.c.run)
        .group_by(t.run.c.crawl, t.capture.c.source, t.capture.c.url, t.capture.c.via)
    )
    return set(
        db.execute(
            select(t.capture.c.id).where(t.capture.c.outcome != "ok", t.capture.c.id.in_(newest))
        ).scalars()
    )


def items_of_capture(
    reader: PageReader,
    responses: ResponseReader,
    capture: Capture,
    location: Location,
    *,
    is_last: bool = False,
) -> list[PageItem]:
    """The items of a stored capture; `is_last`: no later one makes up for its failure.

    Raises DamagedWarc when the record is not what was stored.
    """
    if urlsplit(capture.url).path == "/robots.txt" or capture.outcome == NOT_RENDERED:
        return []
    if capture.outcome != "ok":
        problem = problem_of_failure(capture) if is_last else None
        return [problem] if problem is not None else []
    head, payload = responses.read(location, verify=True)
    _, headers = parse_head(head)
    body = decode_content(payload, content_codings(headers)).body
    items, _ = read_items(reader, capture, body, content_type(headers))
    return items


def _put_in_place(work: Path, data_dir: Path) -> None:
    """One rename; what belonged to the old database goes first, the new one has it all inside."""
    for suffix in ("-wal", "-shm"):
        (data_dir / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        (work / f"{DATABASE}{suffix}").unlink(missing_ok=True)
    (work / DATABASE).replace(data_dir / DATABASE)
    shutil.rmtree(work)
