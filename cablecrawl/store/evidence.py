"""Writing evidence: captures, readings, sightings, claims, problems.

Each function runs inside a transaction of the writer, and running it again changes nothing.
Together they are the only code that adds evidence. Rows are added and not changed; only how
long a claim has held (`last_capture`) moves on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import ClauseElement, Connection, bindparam, func, literal_column, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

from cablecrawl.items import CablePage, Capture, Problem
from cablecrawl.sources import Source
from cablecrawl.store import tables as t
from cablecrawl.store.writer import StoredExchange

# What became of a witness when a capture met it.
FIRST, UNCHANGED, CHANGED, GONE, BACK = "first", "unchanged", "changed", "gone", "back"

# Pages are written by the hundred a second: the statements are compiled once, here, and run by
# the driver. Through SQLAlchemy's own execution a page took 1.3 ms, so it takes a third.
_DIALECT = sqlite.dialect(paramstyle="named")


def _sql(statement: ClauseElement, *columns: str) -> str:
    """The SQL of a statement, with named parameters; `columns`: those an INSERT fills."""
    return str(statement.compile(dialect=_DIALECT, column_keys=columns or None))


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
_WITNESS = _sql(
    select(t.witness.c.id).where(
        t.witness.c.source == _SOURCE_ID,
        t.witness.c.reference_id == bindparam("reference_id"),
        t.witness.c.locator == bindparam("locator"),
    )
)
_INSERT_WITNESS = _sql(
    insert(t.witness).values(source=_SOURCE_ID).returning(t.witness.c.id),
    *("reference_id", "locator", "stated_id", "url"),
)
_LAST_SIGHTING = _sql(
    select(t.sighting.c.capture, t.sighting.c.event, t.reading.c.sha256)
    .join(t.reading, isouter=True)
    .where(t.sighting.c.witness == bindparam("witness"))
    .order_by(t.sighting.c.id.desc())
)
_READING = _sql(
    select(t.reading.c.id).where(
        t.reading.c.witness == bindparam("witness"), t.reading.c.sha256 == bindparam("sha256")
    )
)
_INSERT_READING = _sql(
    insert(t.reading).returning(t.reading.c.id),
    *(column.name for column in t.reading.c if column.name != "id"),
)
_INSERT_SIGHTING = _sql(
    insert(t.sighting).on_conflict_do_nothing(), *("witness", "capture", "reading", "event")
)
_STEP_KEYS = ("rule", "asserted_by", "basis", "confidence")
_INSERT_STEP = _sql(insert(t.step).on_conflict_do_nothing(), *_STEP_KEYS)
_STEP = select(t.step.c.id).where(*(t.step.c[key] == bindparam(key) for key in _STEP_KEYS))
_NEW_CLAIM = insert(t.claim).values(step=_STEP.scalar_subquery())
_UPSERT_CLAIM = _sql(
    _NEW_CLAIM.on_conflict_do_update(
        index_elements=["reading", "field", "ordinal", "value", "step"],
        set_={"last_capture": func.max(_NEW_CLAIM.excluded.last_capture, t.claim.c.last_capture)},
    ),
    *(column.name for column in t.claim.c if column.name not in ("id", "step")),
)
_INSERT_PROBLEM = _sql(insert(t.problem).on_conflict_do_nothing(), *("capture", "reason", "detail"))
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


def add_sources(connection: Connection, sources: Iterable[Source]) -> None:
    """Register sources; kind, publisher and rank follow the registry."""
    for source in sources:
        values = {"kind": source.kind, "publisher": source.publisher, "rank": source.rank}
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
    )


def add_page(connection: Connection, page: CablePage) -> str:
    """Record what a capture shows of a cable; returns the sighting's event.

    Decided here and not before, so that two captures of one witness that are under way at
    once cannot both be its first.
    """
    assert page.reference_id is not None
    witness = _witness(connection, page)
    event = FIRST
    previous = connection.exec_driver_sql(_LAST_SIGHTING, {"witness": witness}).first()
    if previous is not None:
        if previous.capture == page.capture.id:
            return str(previous.event)
        event = UNCHANGED if previous.sha256 == page.reading_sha256 else CHANGED
        if previous.event == GONE:
            event = BACK
    reading = connection.exec_driver_sql(
        _READING, {"witness": witness, "sha256": page.reading_sha256}
    ).scalar()
    if reading is None:
        reading = connection.exec_driver_sql(
            _INSERT_READING,
            {
                "witness": witness,
                "sha256": page.reading_sha256,
                "capture": page.capture.id,
                "layout": page.reading.layout,
                "encoding": page.encoding,
                "decoding": page.decoding,
                "header": page.cable.header.text,
                "body": page.cable.body.text,
            },
        ).scalar_one()
    connection.exec_driver_sql(
        _INSERT_SIGHTING,
        {
            "witness": witness,
            "capture": page.capture.id,
            "reading": reading,
            "event": event,
        },
    )
    _add_claims(connection, page, reading)
    return event


def _witness(connection: Connection, page: CablePage) -> int:
    assert page.reference_id is not None
    key = {
        "source_name": page.capture.source,
        "reference_id": page.reference_id.canonical,
        "locator": page.locator,
    }
    known = connection.exec_driver_sql(_WITNESS, key).scalar()
    if known is not None:
        return int(known)
    new = {**key, "stated_id": page.reference_id.stated, "url": page.url}
    return int(connection.exec_driver_sql(_INSERT_WITNESS, new).scalar_one())


def _add_claims(connection: Connection, page: CablePage, reading: int) -> None:
    rows = [
        {
            "reading": reading,
            "field": claim.field,
            "ordinal": claim.ordinal,
            "value": claim.value,
            "start": claim.start,
            "end": claim.end,
            "quote": claim.quote,
            "capture": page.capture.id,
            "last_capture": page.capture.id,
            "rule": claim.rule,
            "asserted_by": claim.asserted_by,
            "basis": claim.basis or "",
            "confidence": claim.confidence or "",
        }
        for claim in page.claims
    ]
    steps = {tuple(row[key] for key in _STEP_KEYS): None for row in rows}
    connection.exec_driver_sql(
        _INSERT_STEP, [dict(zip(_STEP_KEYS, step, strict=True)) for step in steps]
    )
    connection.exec_driver_sql(_UPSERT_CLAIM, rows)


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


def add_listing(connection: Connection, capture: Capture, locators: Sequence[str]) -> None:
    """Record which cable pages an index page lists."""
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
