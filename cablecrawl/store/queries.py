"""Questions to the store that more than one part of the project asks."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from cablecrawl.capture import Location
from cablecrawl.items import LEADS_TO, Capture
from cablecrawl.store import tables as t
from cablecrawl.store.database import DATABASE
from cablecrawl.store.evidence import GONE
from cablecrawl.store.looking import open_for_looking

OF_SOURCE = select(t.source.c.id).where(t.source.c.name == bindparam("source")).scalar_subquery()

_LAST_EVENT = (
    select(t.sighting.c.event)
    .where(t.sighting.c.witness == t.witness.c.id)
    .order_by(t.sighting.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_CABLES_HELD = select(func.count(func.distinct(t.witness.c.reference_id))).where(
    t.witness.c.source == OF_SOURCE, _LAST_EVENT != GONE
)
_COPIES_HELD = (
    select(func.count())
    .select_from(t.witness)
    .where(t.witness.c.source == OF_SOURCE, _LAST_EVENT != GONE)
)
_READ_IN_CRAWL = (
    select(t.capture.c.id)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .where(
        t.capture.c.source == OF_SOURCE,
        t.run.c.crawl == bindparam("crawl"),
        t.capture.c.id.in_(select(t.index_page.c.capture))
        | t.capture.c.id.in_(select(t.sighting.c.capture)),
    )
    .limit(1)
)


def cables_held(db: Connection, source: str) -> int:
    """How many cables a source has, by reference ID: those that are gone aside."""
    return int(db.execute(_CABLES_HELD, {"source": source}).scalar_one())


def copies_held(db: Connection, source: str) -> int:
    """How many copies of cables a source has; one cable may stand at several places."""
    return int(db.execute(_COPIES_HELD, {"source": source}).scalar_one())


def shows_anything(db: Connection, source: str, crawl: str) -> bool:
    """Whether a crawl has met a cable of a source, or a list of cables."""
    return db.execute(_READ_IN_CRAWL, {"source": source, "crawl": crawl}).first() is not None


def redirects_of_crawl(db: Connection, crawl: str) -> list[Capture]:
    """The captures of a crawl that lead on to another page, in order."""
    runs = select(t.run.c.id).where(t.run.c.crawl == crawl)
    found = captures(db, t.capture.c.run.in_(runs), t.capture.c.detail.startswith(LEADS_TO))
    return [capture for capture, _ in found]


# Of a revisit, the capture that holds its payload.
_ORIGINAL = t.capture.alias("original")
CAPTURES_WITH_BODIES: Select[Any] = (
    select(
        t.capture,
        t.source.c.name,
        *(
            func.coalesce(_ORIGINAL.c[name], t.capture.c[name]).label(f"body_{name}")
            for name in ("capture_id", "fetched_at", "status", "warc", "offset", "length")
        ),
    )
    .join(t.source, t.source.c.id == t.capture.c.source)
    .join(_ORIGINAL, _ORIGINAL.c.capture_id == t.capture.c.revisit_of, isouter=True)
    .order_by(t.capture.c.id)
)
"""Captures in the order in which they were made, each with its source's name and, as `body_…`, what
is told of the capture that holds its body: itself, or the one that it is a revisit of."""


def body_of(row: Row[Any]) -> Location:
    """Where the body of a capture stands, of a row of CAPTURES_WITH_BODIES."""
    return Location(row.body_warc, row.body_offset, row.body_length)


def captures(
    db: Connection, *conditions: ColumnElement[bool]
) -> Iterator[tuple[Capture, Location]]:
    """Captures in the order in which they were made, and where the body of each is; streamed."""
    query = CAPTURES_WITH_BODIES.where(*conditions).execution_options(yield_per=1000)
    for row in db.execute(query):
        yield capture_of(row), body_of(row)


def capture_of(row: Row[Any]) -> Capture:
    """The capture of a row of that table with its source's `name`."""
    return Capture(
        row.id,
        row.capture_id,
        row.run,
        row.name,
        row.url,
        row.fetched_at,
        row.payload_sha256,
        row.outcome,
        row.status,
        row.detail,
        row.via,
        row.revisit_of,
    )


def steps_that_read(db: Connection) -> set[str]:
    """The digests (`steps_sha256`) of the code that read what the store has now.

    One, unless a run since the last `scrapy reparse` was made by other code. Empty where nothing
    was read.
    """
    reparse = db.execute(
        select(t.reparse.c.at, t.reparse.c.steps_sha256).order_by(t.reparse.c.id.desc()).limit(1)
    ).first()
    runs = select(t.run.c.details).where(t.run.c.id.in_(select(t.capture.c.run)))
    if reparse is not None:
        runs = runs.where(t.run.c.started > reparse.at)
    read = {json.loads(details).get("steps_sha256", "") for details in db.execute(runs).scalars()}
    return read | ({reparse.steps_sha256} if reparse is not None else set())


def unregistered(data_dir: Path, known: Container[str]) -> list[str]:
    """Sources that the store has and a registry does not. Raises CableCrawlError."""
    if not (data_dir / DATABASE).exists():
        return []
    engine = open_for_looking(data_dir)
    try:
        with engine.connect() as db:
            names = db.execute(select(t.source.c.name).order_by(t.source.c.name)).scalars()
            return [name for name in names if name not in known]
    finally:
        engine.dispose()
