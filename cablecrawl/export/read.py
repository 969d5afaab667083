"""The store as a stream: one cable after the other with all that is known of it.

Ordered queries run side by side and are merged by reference ID, so that only one cable is in
memory at a time. What is visible in an export never follows row IDs, nor time where a name
parts two things: a store rebuilt from its WARC files has other rows, another crawl other times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, select
from sqlalchemy.sql.expression import FromClause

from cablecrawl.items import Claim
from cablecrawl.records import CaptureRecord, ProblemRecord
from cablecrawl.releases import load_releases
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import GONE
from cablecrawl.store.listings import IS_LISTED, LatestListings, is_unlisted
from cablecrawl.store.shown_releases import newest_release

# Rows fetched at a time. Readings are the widest, 20 KB and more: 100 of them are some megabytes.
ROWS_AT_A_TIME = 100


@dataclass(slots=True)
class StoredClaim:
    """A claim of a reading, and how long it has held."""

    claim: Claim
    payload_sha256: str
    """Of the capture that first made it."""
    current: bool
    """Whether the latest capture of the reading makes it."""
    capture: int = 0
    """Row of the capture that first made it: its place is one in that document."""


@dataclass(slots=True, eq=False)
class StoredReading:
    """One state of a witness's text."""

    sha256: str
    layout: str
    encoding: str
    decoding: str
    header: str
    body: str
    first_seen: str
    payload_sha256: str
    """Of the capture that it was first read from."""
    claims: list[StoredClaim] = field(default_factory=list)
    """By field and ordinal, then by value and by who says so."""

    def current(self) -> list[Claim]:
        """The claims that hold now."""
        return [stored.claim for stored in self.claims if stored.current]


class Stay(NamedTuple):
    """A time through which the captures of a witness met the same text, or found it gone."""

    reading: StoredReading | None
    """None: it was gone."""
    first_seen: str
    last_seen: str


@dataclass(slots=True)
class StoredWitness:
    """A source's copy of a cable."""

    source: str
    rank: int
    locator: str
    stated_id: str
    url: str
    first_seen: str
    last_seen: str
    is_gone: bool
    """Its last sighting found it gone."""
    is_unlisted: bool
    """The latest crawl that went through the source's indexes saw it in none of them."""
    readings: list[StoredReading]
    """By when they were first seen, then by digest: a witness's readings have an order of
    their own, the one in which the source published them."""
    latest: StoredReading
    """That of the last sighting which found a text."""
    derived_from: tuple[str, ...] | None = None
    """Sources whose copies its source copied; (): none of them; None: it is not known."""
    course: list[Stay] = field(default_factory=list)
    """What its captures met, one after the other: a text that came back stands there twice."""
    newest_release: str | None = None
    """The newest that its source was seen with; None too where the witness is gone or listed, and
    need not know."""
    pages: frozenset[str] = frozenset()
    """URLs that it was read from or looked for at: of other hosts too, and of pages with others."""


@dataclass(slots=True)
class StoredCable:
    """The witnesses of one canonical reference ID, by source and locator."""

    reference_id: str
    witnesses: list[StoredWitness]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Snapshot]:
    """The store as it is now; a crawl that goes on meanwhile does not show in it."""
    with engine.connect() as connection:
        # The driver begins no transaction before a SELECT, and each would see another moment.
        connection.exec_driver_sql("BEGIN")
        yield Snapshot(connection)


class Snapshot:
    """Reads the store at one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sources = {row.id: row for row in connection.execute(select(t.source))}
        self._steps = {row.id: row for row in connection.execute(select(t.step))}
        self._listings = LatestListings(connection)
        self._releases = load_releases()
        self._newest_releases: dict[str, str | None] = {}

    @property
    def connection(self) -> Connection:
        """Sees the store as it was when the snapshot began."""
        return self._connection

    def count_cables(self) -> int:
        """How many cables there are."""
        query = select(func.count(t.witness.c.reference_id.distinct()))
        return int(self._connection.execute(query).scalar_one())

    def cables(self) -> Iterator[StoredCable]:
        """Every cable, sorted by reference ID."""
        sightings = Groups(self._rows(SIGHTINGS))
        readings = Groups(self._rows(READINGS))
        claims = Groups(self._rows(CLAIMS))
        for reference_id, witnesses in groupby(self._rows(WITNESSES), attrgetter("reference_id")):
            yield self._cable(
                reference_id,
                witnesses,
                sightings.of(reference_id),
                readings.of(reference_id),
                claims.of(reference_id),
            )

    def cable(self, reference_id: str) -> StoredCable | None:
        """The cable of a canonical reference ID, found by its index; None: there is none."""
        wanted = {"wanted": reference_id}
        witnesses, sightings, readings, claims = (
            list(self._connection.execute(query, wanted)) for query in OF_ONE_CABLE
        )
        if not witnesses:
            return None
        return self._cable(reference_id, witnesses, sightings, readings, claims)

    def has_cable(self, reference_id: str) -> bool:
        """Whether there is a cable of a canonical reference ID."""
        known = select(t.witness.c.id).where(t.witness.c.reference_id == reference_id).limit(1)
        return self._connection.execute(known).first() is not None

    def captures(self) -> Iterator[CaptureRecord]:
        """Every capture, sorted by source, time and ID."""
        for row in self._rows(CAPTURES):
            yield capture_record(row)

    def problems(self) -> Iterator[ProblemRecord]:
        """Every problem, sorted by source, URL, reason, detail, and then by time."""
        for row in self._rows(PROBLEMS):
            yield ProblemRecord(
                row.name, row.url, row.reason, row.detail, row.fetched_at, row.payload_sha256
            )

    def _rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        return iter(
            self._connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
        )

    def _cable(
        self,
        reference_id: str,
        witnesses: Iterable[Row[Any]],
        sightings: list[Row[Any]],
        readings: list[Row[Any]],
        claims: list[Row[Any]],
    ) -> StoredCable:
        cable = _Cable(sightings, readings)
        cable.add_claims(claims, self._steps)
        stored = [self._witness(row, cable) for row in witnesses]
        stored.sort(key=lambda witness: (witness.source, witness.locator))
        return StoredCable(reference_id, stored)

    def _newest_release(self, source: str) -> str | None:
        """The newest release that a source was seen with; looked for once."""
        if source not in self._newest_releases:
            newest = newest_release(self._connection, source, self._releases)
            self._newest_releases[source] = newest
        return self._newest_releases[source]

    def _witness(self, row: Row[Any], cable: _Cable) -> StoredWitness:
        source = self._sources[row.source]
        sightings = cable.sightings[row.id]
        latest = [sighting for sighting in sightings if sighting.reading is not None][-1]
        derived_from = source.derived_from
        gone = sightings[-1].event == GONE
        unlisted = is_unlisted(row.listed_in, self._listings[row.source])
        return StoredWitness(
            source.name,
            source.rank,
            row.locator,
            row.stated_id,
            row.url,
            first_seen=sightings[0].fetched_at,
            last_seen=sightings[-1].fetched_at,
            is_gone=gone,
            is_unlisted=unlisted,
            readings=cable.readings_of[row.id],
            latest=cable.readings[latest.reading],
            derived_from=None if derived_from is None else tuple(json.loads(derived_from)),
            course=cable.course(sightings),
            # Asked of all copies of the source, so of no more witnesses than need it.
            newest_release=self._newest_release(source.name) if unlisted and not gone else None,
            pages=frozenset((row.url, *(sighting.url for sighting in sightings))),
        )


def capture_record(row: Row[Any]) -> CaptureRecord:
    """A capture as it is exported; `row` has the table's columns and its source's `name`."""
    return CaptureRecord(
        row.name,
        row.capture_id,
        row.run,
        row.url,
        row.via,
        row.fetched_at,
        row.outcome,
        row.status,
        row.flags.split(),
        row.detail,
        row.warc,
        row.offset,
        row.length,
        row.payload_sha256,
        row.payload_length,
        row.revisit_of,
        row.robots,
    )


class _Cable:
    """Rows of one cable, by witness and by reading."""

    def __init__(self, sightings: list[Row[Any]], readings: list[Row[Any]]) -> None:
        # By time, and not as they came into the table: a rebuilt store has them in another order.
        sightings.sort(key=lambda row: (row.witness, row.fetched_at, row.capture_id))
        readings.sort(key=lambda row: (row.witness, row.fetched_at, row.sha256))
        self.sightings = {
            witness: list(rows) for witness, rows in groupby(sightings, attrgetter("witness"))
        }
        self.readings: dict[int, StoredReading] = {}
        self.readings_of: dict[int, list[StoredReading]] = {}
        for row in readings:
            reading = StoredReading(
                row.sha256,
                row.layout,
                row.encoding,
                row.decoding,
                row.header,
                row.body,
                row.fetched_at,
                row.payload_sha256,
            )
            self.readings[row.id] = reading
            self.readings_of.setdefault(row.witness, []).append(reading)

    def course(self, sightings: list[Row[Any]]) -> list[Stay]:
        """What a witness's sightings, in order of time, found."""
        found = []
        for reading, rows in groupby(sightings, attrgetter("reading")):
            times = [row.fetched_at for row in rows]
            found.append(Stay(self.readings.get(reading), times[0], times[-1]))
        return found

    def add_claims(self, rows: list[Row[Any]], steps: dict[int, Row[Any]]) -> None:
        rows.sort(key=attrgetter("reading"))
        for reading, of_reading in groupby(rows, attrgetter("reading")):
            claims = list(of_reading)
            latest = max(row.last_capture for row in claims)
            stored = [
                StoredClaim(
                    _claim(row, steps[row.step]),
                    row.payload_sha256,
                    row.last_capture == latest,
                    row.capture,
                )
                for row in claims
            ]
            stored.sort(key=claim_order)
            self.readings[reading].claims = stored


class Groups:
    """Rows sorted by reference ID, handed out by the IDs asked for, which ascend too."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        self._groups = groupby(rows, attrgetter("reference_id"))

    def of(self, reference_id: str) -> list[Row[Any]]:
        """Each cable has sightings, readings and claims: what was read is committed whole."""
        found, rows = next(self._groups)
        assert found == reference_id, f"{found} where {reference_id} was due"
        return list(rows)


def _claim(row: Row[Any], step: Row[Any]) -> Claim:
    return Claim(
        row.field,
        row.value,
        step.asserted_by,
        step.rule,
        row.start,
        row.end,
        row.quote,
        row.ordinal,
        step.basis,
        step.confidence,
    )


def claim_order(stored: StoredClaim) -> tuple[str | int, ...]:
    """What makes a claim one of its reading, as the table has it: no two are equal."""
    claim = stored.claim
    return (
        claim.field,
        claim.ordinal,
        claim.value,
        claim.rule,
        claim.asserted_by,
        claim.basis or "",
        claim.confidence or "",
    )


def by_reference_id(columns: list[Any], *steps: tuple[FromClause, Any]) -> Select[Any]:
    """A query that walks from each witness to what hangs on it, in the order of an index.

    Outer joins, though nothing is ever missing: SQLite keeps their order. Left to choose, it
    starts from the largest table and sorts all of it.
    """
    joined: FromClause = t.witness
    for table, condition in steps:
        joined = joined.join(table, condition, isouter=True)
    return (
        select(t.witness.c.reference_id, *columns)
        .select_from(joined)
        .order_by(t.witness.c.reference_id)
    )


WITNESSES = by_reference_id(
    [
        t.witness.c.id,
        t.witness.c.source,
        t.witness.c.locator,
        t.witness.c.stated_id,
        t.witness.c.url,
        t.run.c.crawl.label("listed_in"),
    ],
    (t.listing, IS_LISTED),
    (t.capture, t.capture.c.id == t.listing.c.capture),
    (t.run, t.run.c.id == t.capture.c.run),
)
SIGHTINGS = by_reference_id(
    [
        t.sighting.c.witness,
        t.sighting.c.reading,
        t.sighting.c.event,
        t.capture.c.fetched_at,
        t.capture.c.capture_id,
        t.capture.c.url,
    ],
    (t.sighting, t.sighting.c.witness == t.witness.c.id),
    (t.capture, t.capture.c.id == t.sighting.c.capture),
)
READINGS = by_reference_id(
    [t.reading, t.capture.c.fetched_at, t.capture.c.payload_sha256],
    (t.reading, t.reading.c.witness == t.witness.c.id),
    (t.capture, t.capture.c.id == t.reading.c.capture),
)
CLAIMS = by_reference_id(
    [t.claim, t.capture.c.payload_sha256],
    (t.reading, t.reading.c.witness == t.witness.c.id),
    (t.claim, t.claim.c.reading == t.reading.c.id),
    (t.capture, t.capture.c.id == t.claim.c.capture),
)
# Made once: a statement that is put together anew takes SQLAlchemy a quarter of a millisecond.
OF_ONE_CABLE = tuple(
    query.where(t.witness.c.reference_id == bindparam("wanted"))
    for query in (WITNESSES, SIGHTINGS, READINGS, CLAIMS)
)
CAPTURES = (
    select(t.capture, t.source.c.name)
    .join(t.source)
    .order_by(t.source.c.name, t.capture.c.fetched_at, t.capture.c.capture_id)
)
# A page that a killed run had asked for is asked for again in the same crawl: its problem is
# what came last, and none where the page came then.
_later = t.capture.alias()
_later_run = t.run.alias()
_SUPERSEDED = (
    select(_later.c.id)
    .join(_later_run, _later_run.c.id == _later.c.run)
    .where(
        _later.c.source == t.capture.c.source,
        _later.c.url == t.capture.c.url,
        _later.c.id > t.capture.c.id,
        _later_run.c.crawl == t.run.c.crawl,
    )
    .exists()
)
PROBLEMS = (
    select(t.problem, t.source.c.name, t.capture.c.url, t.capture.c.fetched_at)
    .add_columns(t.capture.c.payload_sha256)
    .join(t.capture, t.capture.c.id == t.problem.c.capture)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .join(t.source, t.source.c.id == t.capture.c.source)
    .where(~_SUPERSEDED)
    .order_by(
        t.source.c.name,
        t.capture.c.url,
        t.problem.c.reason,
        t.problem.c.detail,
        t.capture.c.fetched_at,
        t.capture.c.payload_sha256,
    )
)
