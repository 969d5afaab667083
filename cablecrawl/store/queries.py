"""Questions to the store that more than one part of the project asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from cablecrawl.capture import Location
from cablecrawl.items import LEADS_TO, Capture
from cablecrawl.store import tables as t

OF_SOURCE = select(t.source.c.id).where(t.source.c.name == bindparam("source")).scalar_subquery()

_LAST_CRAWL_WITH_LISTINGS = (
    select(t.run.c.crawl)
    .join(t.capture, t.capture.c.run == t.run.c.id)
    .join(t.listing, t.listing.c.capture == t.capture.c.id)
    .where(t.listing.c.source == OF_SOURCE)
    .order_by(t.capture.c.fetched_at.desc(), t.capture.c.id.desc())
    .limit(1)
)
_LISTED: Select[tuple[str]] = (
    select(t.listing.c.locator)
    .join(t.capture, t.capture.c.id == t.listing.c.capture)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .where(t.listing.c.source == OF_SOURCE, t.run.c.crawl == bindparam("crawl"))
)
_UNLISTED = select(t.witness.c.locator).where(
    t.witness.c.source == OF_SOURCE, t.witness.c.locator.not_in(_LISTED)
)
_CABLES_OF_CRAWL = (
    select(func.count(func.distinct(t.witness.c.reference_id)))
    .select_from(t.witness)
    .join(t.sighting, t.sighting.c.witness == t.witness.c.id)
    .join(t.capture, t.capture.c.id == t.sighting.c.capture)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .where(t.witness.c.source == OF_SOURCE, t.run.c.crawl == bindparam("crawl"))
)


def unlisted(db: Connection, source: str) -> set[str]:
    """Locators of a source's witnesses that no index page of its last crawl of them lists.

    Empty where no index page was ever read. A crawl that was cut short and gone on with is one.
    """
    crawl = db.execute(_LAST_CRAWL_WITH_LISTINGS, {"source": source}).scalar()
    if crawl is None:
        return set()
    return set(db.execute(_UNLISTED, {"source": source, "crawl": crawl}).scalars())


def cables_of_crawl(db: Connection, source: str, crawl: str) -> int:
    """How many cables of a source a crawl has seen, by reference ID."""
    return int(db.execute(_CABLES_OF_CRAWL, {"source": source, "crawl": crawl}).scalar_one())


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
