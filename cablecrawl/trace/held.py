"""What the store holds as read from a capture: sightings, readings, claims, problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from cablecrawl.capture import Location
from cablecrawl.items import Capture
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import FIRST, ShownClaim, Step
from cablecrawl.store.queries import CAPTURES_WITH_BODIES, body_of, capture_of

OF_THE_COPY = ("source", "url", "stated_id")
"""What the store has of a copy besides its claims; the last two from the first capture of it."""

# Captures whose readings are in memory at once: 20 KB each, and as much again in claims.
CAPTURES_AT_A_TIME = 100


@dataclass(slots=True)
class HeldClaim:
    """A claim of a reading, and from which captures it holds, by their rows."""

    claim: ShownClaim
    first: int
    """The capture that first made it: place and quote are those of its document."""
    last: int
    """The latest that made it."""


@dataclass(slots=True)
class HeldReading:
    """What the store says that a capture showed of a cable."""

    reference_id: str
    locator: str
    sha256: str
    layout: str
    encoding: str
    decoding: str
    header: str
    body: str
    capture: int
    """The capture that the reading was first read from: layout and decoding are of that one."""
    claims: list[HeldClaim]
    """All that were ever made of the reading."""
    source: str
    """Whose copy it is."""
    url: str
    """Of the copy, as the first capture that met it had it."""
    stated_id: str
    """The same."""
    is_first_sighting: bool
    """Whether that was this one."""


@dataclass(frozen=True, slots=True)
class CapturedRecord:
    """The record with a capture's body: its own, or that of the capture it is a revisit of."""

    capture_id: str
    fetched_at: str
    status: int | None


@dataclass(slots=True)
class HeldCapture:
    """A capture with all that rests on it in the store."""

    capture: Capture
    location: Location
    """Of the record with its body."""
    record: CapturedRecord
    """What that record is."""
    payload_length: int
    is_read: bool
    """Everything it gives is committed; False: a crash left it, and nothing is said of it yet."""
    readings: list[HeldReading] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Reason and detail."""
    only: str | None = None
    """The reference ID whose readings are in `readings`; None: those of all its cables, and the
    problems."""


def held_captures(db: Connection, first: int, last: int) -> Iterator[HeldCapture]:
    """The captures of rows `first` to `last`, both included, with all that rests on them.

    In the order of their rows; some hundred are in memory at a time.
    """
    for begin in range(first, last + 1, CAPTURES_AT_A_TIME):
        end = min(begin + CAPTURES_AT_A_TIME - 1, last)
        held = _captures(db, t.capture.c.id.between(begin, end))
        if not held:
            continue
        _add_readings(db, held, t.sighting.c.capture.between(begin, end))
        for row in db.execute(_PROBLEMS.where(t.problem.c.capture.between(begin, end))):
            held[row.capture].problems.append((row.reason, row.detail))
        yield from held.values()


def held_of_cable(db: Connection, reference_id: str) -> list[HeldCapture]:
    """The captures that ever showed a text of a cable, in the order of their rows.

    Other cables of the same pages are left out.
    """
    of_cable = t.witness.c.reference_id == reference_id
    showing = select(t.sighting.c.capture).join(t.witness).where(of_cable)
    held = _captures(db, t.capture.c.id.in_(showing.where(t.sighting.c.reading.is_not(None))))
    _add_readings(db, held, of_cable)
    for capture in held.values():
        capture.only = reference_id
    return list(held.values())


_SIGHTINGS: Select[Any] = (
    select(
        t.sighting.c.capture.label("sighted"),
        t.witness.c.reference_id,
        t.witness.c.locator,
        t.witness.c.url,
        t.witness.c.stated_id,
        t.source.c.name,
        t.sighting.c.event,
        t.reading,
    )
    .join(t.witness, t.witness.c.id == t.sighting.c.witness)
    .join(t.reading, t.reading.c.id == t.sighting.c.reading)
    .join(t.source, t.source.c.id == t.witness.c.source)
    .order_by(t.sighting.c.capture, t.witness.c.reference_id, t.witness.c.locator)
)
_CLAIMS = select(t.claim)
_PROBLEMS = select(t.problem).order_by(t.problem.c.reason, t.problem.c.detail)

# SQLite takes 32,766 variables in a statement, and parses fewer in less time.
READINGS_IN_A_QUERY = 500


def _captures(db: Connection, condition: ColumnElement[bool]) -> dict[int, HeldCapture]:
    return {row.id: _held_capture(row) for row in db.execute(CAPTURES_WITH_BODIES.where(condition))}


def _held_capture(row: Row[Any]) -> HeldCapture:
    record = CapturedRecord(row.body_capture_id, row.body_fetched_at, row.body_status)
    return HeldCapture(capture_of(row), body_of(row), record, row.payload_length, bool(row.is_read))


def _add_readings(
    db: Connection, held: dict[int, HeldCapture], condition: ColumnElement[bool]
) -> None:
    rows = db.execute(_SIGHTINGS.where(condition)).all()
    claims = _claims(db, sorted({row.id for row in rows}))
    for row in rows:
        held[row.sighted].readings.append(
            HeldReading(
                row.reference_id,
                row.locator,
                row.sha256,
                row.layout,
                row.encoding,
                row.decoding,
                row.header,
                row.body,
                row.capture,
                claims[row.id],
                row.name,
                row.url,
                row.stated_id,
                row.event == FIRST,
            )
        )


def _claims(db: Connection, readings: Sequence[int]) -> dict[int, list[HeldClaim]]:
    claims: dict[int, list[HeldClaim]] = defaultdict(list)
    steps = {
        row.id: Step(row.rule, row.asserted_by, row.basis, row.confidence)
        for row in db.execute(select(t.step))
    }
    for part in _parts(readings, READINGS_IN_A_QUERY):
        for row in db.execute(_CLAIMS.where(t.claim.c.reading.in_(part))):
            claim = ShownClaim(
                row.field,
                row.ordinal,
                row.value,
                steps[row.step],
                row.start,
                row.end,
                row.quote,
            )
            claims[row.reading].append(HeldClaim(claim, row.capture, row.last_capture))
    return claims


def _parts(rows: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
