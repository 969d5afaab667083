"""Writing evidence: captures, readings, sightings, claims, problems.

Each function runs inside a transaction of the writer, and running it again changes nothing.
Together they are the only code that adds evidence. Rows are added and not changed; only how
long a claim has held (`last_capture`) moves on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from scrapy.http import Headers
from sqlalchemy import ClauseElement, Connection, bindparam, func, literal_column, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

from cablecrawl.capture import Exchange
from cablecrawl.capture.http import parse_head
from cablecrawl.items import CablePage, Capture, Problem
from cablecrawl.sources import Source
from cablecrawl.store import tables as t
from cablecrawl.store.database import STEPS
from cablecrawl.store.writer import StoredExchange

# What became of a witness when a capture met it.
FIRST, UNCHANGED, CHANGED, GONE, BACK = "first", "unchanged", "changed", "gone", "back"


class Step(NamedTuple):
    """By what a claim was made: a row of the step table."""

    rule: str
    asserted_by: str
    basis: str
    confidence: str


class ClaimKey(NamedTuple):
    """What makes a claim one of its reading."""

    field: str
    ordinal: int
    value: str
    step: int


# Pages are written by the hundred a second: the statements are compiled once, here, and run by
# the driver. Through SQLAlchemy's own execution a page took 1.3 ms, so it takes a third.
_DIALECT = sqlite.dialect(paramstyle="named")


def _sql(statement: ClauseElement, *columns: str) -> str:
    """The SQL of a statement, with named parameters; `columns`: those an INSERT fills."""
    return str(statement.compile(dialect=_DIALECT, column_keys=columns or None))


# With values by position: the driver takes 25 claims in a third of the time that it takes names.
_POSITIONAL = sqlite.dialect(paramstyle="qmark")


def _positional(statement: ClauseElement, *columns: str) -> str:
    """The SQL of a statement whose parameters are in the order in which they stand in it."""
    return str(statement.compile(dialect=_POSITIONAL, column_keys=columns or None))


_SOURCE_ID = (
    select(t.source.c.id).where(t.source.c.name == bindparam("source_name")).scalar_subquery()
)
_INSERT_CAPTURE = _sql(
    insert(t.capture)
    .values(source=_SOURCE_ID)
    .on_conflict_do_nothing(index_elements=["capture_id"]),
    *(column.name for column in t.capture.c if column.name not in ("id", "source")),
)
_CAPTURE_ROW = _sql(select(t.capture.c.id).where(t.capture.c.capture_id == bindparam("capture_id")))
_WITNESS = _positional(
    select(t.witness.c.id).where(
        t.witness.c.reference_id == bindparam("reference_id"),
        t.witness.c.source == _SOURCE_ID,
        t.witness.c.locator == bindparam("locator"),
    )
)
_INSERT_WITNESS = _positional(
    insert(t.witness).values(source=_SOURCE_ID),
    *("reference_id", "locator", "stated_id", "url"),
)
_LAST_SIGHTING = _positional(
    select(t.sighting.c.capture, t.sighting.c.event, t.reading.c.sha256)
    .join(t.reading, isouter=True)
    .where(t.sighting.c.witness == bindparam("witness"))
    .order_by(t.sighting.c.id.desc())
)
_READING = _positional(
    select(t.reading.c.id).where(
        t.reading.c.witness == bindparam("witness"), t.reading.c.sha256 == bindparam("sha256")
    )
)
_READING_COLUMNS = [column.name for column in t.reading.c if column.name != "id"]
_INSERT_READING = _positional(insert(t.reading), *_READING_COLUMNS)
_INSERT_SIGHTING = _positional(
    insert(t.sighting).on_conflict_do_nothing(), *("witness", "capture", "reading", "event")
)
_INSERT_STEP = _positional(insert(t.step).on_conflict_do_nothing(), *Step._fields)
_STEP = _positional(
    select(t.step.c.id).where(*(t.step.c[key] == bindparam(key) for key in Step._fields))
)
_of_reading = t.claim.alias()
_CLAIM_COLUMNS = [column.name for column in t.claim.c if column.name != "id"]
_NEW_CLAIM = insert(t.claim)
_UPSERT_CLAIM = _positional(
    _NEW_CLAIM.on_conflict_do_update(
        index_elements=["reading", "field", "ordinal", "value", "step"],
        set_={"last_capture": func.max(_NEW_CLAIM.excluded.last_capture, t.claim.c.last_capture)},
    ),
    *_CLAIM_COLUMNS,
)
# Of a reading, the claims that the last capture of it did not make.
_LAPSED = _positional(
    select(
        t.claim.c.id, t.claim.c.last_capture, *(t.claim.c[name] for name in ClaimKey._fields)
    ).where(
        t.claim.c.reading == bindparam("reading"),
        t.claim.c.last_capture
        < select(func.max(_of_reading.c.last_capture))
        .where(_of_reading.c.reading == bindparam("same_reading"))
        .scalar_subquery(),
    )
)
_INSERT_LAPSE = _positional(
    insert(t.lapse).on_conflict_do_nothing(), *("reading", "claim", "after", "until")
)
_INSERT_PROBLEM = _sql(insert(t.problem).on_conflict_do_nothing(), *("capture", "reason", "detail"))
_INSERT_MISSING = _sql(insert(t.missing).on_conflict_do_nothing(), "capture")
_INSERT_INDEX_PAGE = _sql(insert(t.index_page).on_conflict_do_nothing(), "capture")
_NEW_LISTING = insert(t.listing).values(source=_SOURCE_ID)
_UPSERT_LISTING = _sql(
    _NEW_LISTING.on_conflict_do_update(
        index_elements=["source", "locator"], set_={"capture": _NEW_LISTING.excluded.capture}
    ),
    *("locator", "capture"),
)
_MARK_READ = _sql(
    update(t.capture).where(t.capture.c.id == bindparam("row")).values(is_read=literal_column("1"))
)


def iso(moment: datetime) -> str:
    """UTC with microseconds, so that text sorts as time does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def source_values(source: Source) -> dict[str, Any]:
    """What the store keeps of a source besides its name; it follows the registry."""
    derived_from = source.derived_from
    return {
        "kind": source.kind,
        "publisher": source.publisher,
        "rank": source.rank,
        "derived_from": None if derived_from is None else json.dumps(sorted(derived_from)),
    }


def add_sources(connection: Connection, sources: Iterable[Source]) -> None:
    """Register sources, or what the registry now says of them."""
    for source in sources:
        values = source_values(source)
        connection.execute(
            insert(t.source)
            .values(name=source.name, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )


def add_capture(
    connection: Connection, stored: StoredExchange, *, is_read: bool = False
) -> Capture:
    """Add the row of an exchange; one that is known already keeps its row.

    `is_read`: nothing is to be read from it (a robots.txt, a failure).
    """
    exchange = stored.exchange
    fetched_at = iso(exchange.fetched_at)
    connection.exec_driver_sql(
        _INSERT_CAPTURE,
        {
            "capture_id": exchange.capture_id,
            "run": exchange.run_id,
            "source_name": exchange.source,
            "url": exchange.url,
            "via": exchange.via,
            "fetched_at": fetched_at,
            "outcome": exchange.outcome,
            "status": exchange.status,
            "flags": " ".join(exchange.flags),
            "detail": exchange.detail,
            "warc": stored.location.warc,
            "offset": stored.location.offset,
            "length": stored.location.length,
            "payload_sha256": stored.payload_sha256,
            "payload_length": stored.payload_length,
            **capture_links(exchange),
            "is_read": int(is_read),
        },
    )
    row = connection.exec_driver_sql(_CAPTURE_ROW, {"capture_id": exchange.capture_id}).scalar_one()
    return Capture(
        row,
        exchange.capture_id,
        exchange.run_id,
        exchange.source,
        exchange.url,
        fetched_at,
        stored.payload_sha256,
        exchange.outcome,
        exchange.status,
        exchange.detail,
        exchange.via,
        exchange.revisit.capture_id if exchange.revisit is not None else None,
    )


def capture_links(exchange: Exchange) -> dict[str, str | None]:
    """Columns of a capture that lead to others: what it repeats, and what the next one names."""
    _, headers = parse_head(exchange.response_head) if exchange.response_head else (0, Headers())
    return {
        "revisit_of": exchange.revisit.capture_id if exchange.revisit is not None else None,
        "etag": _text(headers.get("ETag")),
        "last_modified": _text(headers.get("Last-Modified")),
        "robots": exchange.robots,
    }


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


class ShownClaim(NamedTuple):
    """A claim as it is stored."""

    field: str
    ordinal: int
    value: str
    step: Step
    start: int | None
    end: int | None
    quote: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What one capture shows of one cable: all that is stored of a CablePage.

    Small, so that it goes from one process to another.
    """

    capture: int
    """Row of the capture table."""
    source: str
    reference_id: str
    stated_id: str
    locator: str
    url: str
    reading_sha256: str
    layout: str
    encoding: str
    decoding: str
    header: str
    body: str
    claims: list[ShownClaim]


def shown_on(page: CablePage) -> Shown:
    """What is to be stored of a page that went through the pipelines."""
    assert page.reference_id is not None
    return Shown(
        page.capture.id,
        page.capture.source,
        page.reference_id.canonical,
        page.reference_id.stated,
        page.locator,
        page.url,
        page.reading_sha256,
        page.reading.layout,
        page.encoding,
        page.decoding,
        page.cable.header.text,
        page.cable.body.text,
        [
            ShownClaim(
                claim.field,
                claim.ordinal,
                claim.value,
                Step(claim.rule, claim.asserted_by, claim.basis or "", claim.confidence or ""),
                claim.start,
                claim.end,
                claim.quote,
            )
            for claim in page.claims
        ],
    )


def add_page(connection: Connection, page: Shown) -> str:
    """Record what a capture shows of a cable; returns the sighting's event.

    Decided here and not before, so that two captures of one witness that are under way at
    once cannot both be its first.
    """
    db = driver(connection)
    witness, previous = _witness_and_last_sighting(db, page)
    event, reading = FIRST, None
    if previous is not None:
        capture, last_event, sha256 = previous
        if capture == page.capture:
            return str(last_event)
        event = UNCHANGED if sha256 == page.reading_sha256 else CHANGED
        if last_event == GONE:
            event = BACK
        found = db.execute(_READING, (witness, page.reading_sha256)).fetchone()
        reading = found[0] if found else None
    steps = _steps(connection, db, page.claims)
    if reading is not None:
        _note_lapses(db, page, reading, steps)
    else:
        reading = db.execute(
            _INSERT_READING,
            (
                witness,
                page.reading_sha256,
                page.capture,
                page.layout,
                page.encoding,
                page.decoding,
                page.header,
                page.body,
            ),
        ).lastrowid
    db.execute(_INSERT_SIGHTING, (witness, page.capture, reading, event))
    db.executemany(
        _UPSERT_CLAIM,
        [
            (
                reading,
                claim.field,
                claim.ordinal,
                claim.value,
                steps[claim.step],
                claim.start,
                claim.end,
                claim.quote,
                page.capture,
                page.capture,
            )
            for claim in page.claims
        ],
    )
    return event


def _note_lapses(
    db: sqlite3.Connection, page: Shown, reading: int, steps: Mapping[Step, int]
) -> None:
    """Keep which of a page's claims its reading had, and captures since then did not make."""
    lapsed = {
        ClaimKey(*key): (row, last) for row, last, *key in db.execute(_LAPSED, (reading, reading))
    }
    if lapsed:
        made = (ClaimKey(c.field, c.ordinal, c.value, steps[c.step]) for c in page.claims)
        again = [(reading, *lapsed[key], page.capture) for key in made if key in lapsed]
        db.executemany(_INSERT_LAPSE, again)


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction that `connection` is in."""
    if not connection.in_transaction():
        connection.begin()
    db = connection.connection.driver_connection
    assert isinstance(db, sqlite3.Connection)
    return db


def _witness_and_last_sighting(
    db: sqlite3.Connection, page: Shown
) -> tuple[int, tuple[int, str, str | None] | None]:
    """The witness's row, and capture, event and text of its last sighting if it has one."""
    known = db.execute(_WITNESS, (page.reference_id, page.source, page.locator)).fetchone()
    if known is not None:
        return known[0], db.execute(_LAST_SIGHTING, known).fetchone()
    new = (page.source, page.reference_id, page.locator, page.stated_id, page.url)
    witness = db.execute(_INSERT_WITNESS, new).lastrowid
    assert witness is not None
    return witness, None


def _steps(
    connection: Connection, db: sqlite3.Connection, claims: Iterable[ShownClaim]
) -> Mapping[Step, int]:
    """Rows of the step table, those of these claims among them.

    Remembered with the connection, which forgets them when a transaction is rolled back.
    """
    known: dict[Step, int] = connection.info.setdefault(STEPS, {})
    for claim in claims:
        if claim.step not in known:
            db.execute(_INSERT_STEP, claim.step)
            known[claim.step] = db.execute(_STEP, claim.step).fetchone()[0]
    return known


def add_problem(connection: Connection, problem: Problem) -> None:
    """Record that a page should have given a cable and did not."""
    connection.exec_driver_sql(
        _INSERT_PROBLEM,
        {
            "capture": problem.capture.id,
            "reason": problem.reason,
            "detail": problem.detail,
        },
    )


def add_missing(connection: Connection, capture: Capture) -> None:
    """Record that a page is not there."""
    connection.exec_driver_sql(_INSERT_MISSING, {"capture": capture.id})


def add_listing(connection: Connection, capture: Capture, locators: Sequence[str]) -> None:
    """Record which cable pages an index page lists."""
    connection.exec_driver_sql(_INSERT_INDEX_PAGE, {"capture": capture.id})
    if locators:
        connection.exec_driver_sql(
            _UPSERT_LISTING,
            [
                {"source_name": capture.source, "locator": locator, "capture": capture.id}
                for locator in locators
            ],
        )


def mark_read(connection: Connection, rows: Sequence[int]) -> None:
    """Note that everything these captures gave is committed."""
    if rows:
        connection.exec_driver_sql(_MARK_READ, [{"row": row} for row in rows])
