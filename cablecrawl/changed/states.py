"""Each copy as it was at one moment and as it is at another, streamed; texts are not looked at.

Two ordered queries run side by side and are merged by reference ID, so that one cable is in memory
at a time. A reading's claims are asked for only where what is known of all of them together does
not say that they are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from cablecrawl.changed.moments import Moment
from cablecrawl.export.read import ROWS_AT_A_TIME, Groups, by_reference_id
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import GONE, Step
from cablecrawl.store.listings import AFTER_ALL, IS_LISTED, LatestListings, is_unlisted

PRESENT, UNLISTED = "present", "unlisted"


@dataclass(frozen=True, slots=True)
class State:
    """A copy at a moment."""

    status: str
    """`present`, `unlisted`, `gone`."""
    sha256: str
    """The reading's that was met last."""
    reading: int
    """Its row."""
    capture: int
    """Row of the last capture that met it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A capture that met something else than the one before."""

    sha256: str | None
    """The reading's; None: the copy was gone."""
    at: str
    capture_id: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a copy."""

    source: str
    locator: str
    url: str
    before: State | None
    """None: it was not known."""
    after: State
    course: tuple[Turn, ...]
    claims_may_differ: bool
    """False: all claims are what they were."""


@dataclass(frozen=True, slots=True)
class CableFates:
    """What became of a cable's copies; those are left out of which nothing did."""

    reference_id: str
    is_new: bool
    """No copy of it was known."""
    fates: list[Fate] = field(default_factory=list)
    """By source and locator."""


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A claim of a reading."""

    field: str
    ordinal: int
    value: str
    step: Step
    capture_id: str
    """Of the first capture that made it."""


class States:
    """Reads what became of the copies between two moments."""

    def __init__(
        self, connection: Connection, since: Moment | None, until: Moment | None = None
    ) -> None:
        """`since` None: before all; `until` None: now."""
        self._connection = connection
        self._since = since
        self._until = until
        self._sources = {row.id: row.name for row in connection.execute(select(t.source))}
        self._latest_listings = LatestListings(connection)
        moments = [moment for moment in (since, until) if moment is not None]
        self._listings_then = {moment: _listings_then(connection, moment) for moment in moments}

    def cables(self) -> Iterator[CableFates]:
        """The cables of which something changed, by reference ID."""
        spans = Groups(self._rows(CLAIM_SPANS))
        for reference_id, rows in groupby(self._rows(SIGHTINGS), attrgetter("reference_id")):
            of_cable = list(rows)
            span_of = {row.id: row for row in spans.of(reference_id)}
            # By time, and not as they came into the table.
            of_cable.sort(key=lambda row: (row.witness, row.fetched_at, row.capture_id))
            found = CableFates(reference_id, not any(map(self._was_there, of_cable)))
            for _, sightings in groupby(of_cable, attrgetter("witness")):
                fate = self._fate(list(sightings), span_of)
                if fate is not None:
                    found.fates.append(fate)
            if found.fates:
                found.fates.sort(key=lambda fate: (fate.source, fate.locator))
                yield found

    def claims(self, state: State) -> list[HeldClaim]:
        """The claims that held of a copy at a moment, but for its texts; sorted."""
        rows = self._connection.execute(CLAIMS, {"reading": state.reading, "met": state.capture})
        held = [
            HeldClaim(
                row.field,
                row.ordinal,
                row.value,
                Step(row.rule, row.asserted_by, row.basis, row.confidence),
                row.capture_id,
            )
            for row in rows
        ]
        held.sort(key=lambda claim: (claim.field, claim.ordinal, claim.value, claim.step))
        return held

    def _was_there(self, sighting: Row[Any]) -> bool:
        return self._since is not None and self._since.has(sighting.fetched_at, sighting.capture_id)

    def _fate(self, sightings: list[Row[Any]], spans: dict[int, Row[Any]]) -> Fate | None:
        """None: nothing became of it."""
        before = self._state(sightings, self._since) if self._since is not None else None
        after = self._state(sightings, self._until)
        if after is None:
            return None
        course = self._course(sightings, before)
        differ = before is not None and (
            before.reading != after.reading or _may_differ(spans[after.reading], before, after)
        )
        is_same = before is not None and before.status == after.status
        if is_same and not course and not differ:
            return None
        row = sightings[0]
        source = self._sources[row.source]
        return Fate(source, row.locator, row.url, before, after, course, differ)

    def _state(self, sightings: list[Row[Any]], moment: Moment | None) -> State | None:
        """The copy at a moment; None: it was not known."""
        known = [
            row for row in sightings if moment is None or moment.has(row.fetched_at, row.capture_id)
        ]
        texts = [row for row in known if row.reading is not None]
        if not texts:
            return None
        latest = texts[-1]
        status = GONE if known[-1].event == GONE else PRESENT
        if status == PRESENT and self._is_unlisted(latest, moment):
            status = UNLISTED
        # By row, as claims are kept: within a run the order of rows is that of the WARC file.
        capture = max(row.capture for row in texts if row.reading == latest.reading)
        return State(status, latest.sha256, latest.reading, capture)

    def _is_unlisted(self, sighting: Row[Any], moment: Moment | None) -> bool:
        if moment is None:
            latest = self._latest_listings[sighting.source]
        else:
            latest = self._listings_then[moment][sighting.source]
        return is_unlisted(sighting.listed_in, latest)

    def _course(self, sightings: list[Row[Any]], before: State | None) -> tuple[Turn, ...]:
        met = [] if before is None else [None if before.status == GONE else before.sha256]
        turns = []
        for row in sightings:
            if self._was_there(row):
                continue
            if self._until is not None and not self._until.has(row.fetched_at, row.capture_id):
                continue
            if not met or met[-1] != row.sha256:
                met.append(row.sha256)
                turns.append(Turn(row.sha256, row.fetched_at, row.capture_id))
        return tuple(turns)

    def _rows(self, query: Any) -> Iterator[Row[Any]]:
        options = {"yield_per": ROWS_AT_A_TIME}
        return iter(self._connection.execute(query, execution_options=options))


def _listings_then(connection: Connection, moment: Moment) -> LatestListings:
    """The latest crawls through the indexes as of a moment; one under way then was not done.

    Which of a later crawl's pages were listed already is not kept: they count as listed.
    """
    first_behind = (
        select(func.min(t.run.c.crawl))
        .join(t.capture, t.capture.c.run == t.run.c.id)
        .where(t.capture.c.fetched_at > moment.at)
    )
    return LatestListings(connection, before=connection.execute(first_behind).scalar() or AFTER_ALL)


def _may_differ(span: Row[Any], before: State, after: State) -> bool:
    """Whether any claim of a reading came or went between two captures."""
    if span.newest is None:
        return False
    came_or_went = span.newest > before.capture or span.oldest < after.capture
    return bool(came_or_went or span.has_lapses)


_listed_by = t.capture.alias()
_listed_run = t.run.alias()
SIGHTINGS = by_reference_id(
    [
        t.witness.c.id.label("witness"),
        t.witness.c.source,
        t.witness.c.locator,
        t.witness.c.url,
        _listed_run.c.crawl.label("listed_in"),
        t.sighting.c.event,
        t.sighting.c.reading,
        t.sighting.c.capture,
        t.reading.c.sha256,
        t.capture.c.fetched_at,
        t.capture.c.capture_id,
    ],
    (t.sighting, t.sighting.c.witness == t.witness.c.id),
    (t.capture, t.capture.c.id == t.sighting.c.capture),
    (t.reading, t.reading.c.id == t.sighting.c.reading),
    (t.listing, IS_LISTED),
    (_listed_by, _listed_by.c.id == t.listing.c.capture),
    (_listed_run, _listed_run.c.id == _listed_by.c.run),
)

_OF_READING = t.claim.c.reading == t.reading.c.id
CLAIM_SPANS = by_reference_id(
    [
        t.reading.c.id,
        select(func.max(t.claim.c.capture))
        .where(_OF_READING)
        .correlate(t.reading)
        .scalar_subquery()
        .label("newest"),
        select(func.min(t.claim.c.last_capture))
        .where(_OF_READING)
        .correlate(t.reading)
        .scalar_subquery()
        .label("oldest"),
        select(t.lapse.c.id)
        .where(t.lapse.c.reading == t.reading.c.id)
        .correlate(t.reading)
        .exists()
        .label("has_lapses"),
    ],
    (t.reading, t.reading.c.witness == t.witness.c.id),
)
"""Of each reading, the capture that made the newest of its claims, the last capture of the claim
that went first, and whether any went and came again."""

CLAIMS = (
    select(
        t.claim.c.field,
        t.claim.c.ordinal,
        t.claim.c.value,
        *(t.step.c[name] for name in Step._fields),
        t.capture.c.capture_id,
    )
    .join(t.step, t.step.c.id == t.claim.c.step)
    .join(t.capture, t.capture.c.id == t.claim.c.capture)
    .where(
        t.claim.c.reading == bindparam("reading"),
        t.claim.c.capture <= bindparam("met"),
        t.claim.c.last_capture >= bindparam("met"),
        t.claim.c.field.not_in(("header", "body")),
        ~select(t.lapse.c.id)
        .where(
            t.lapse.c.reading == t.claim.c.reading,
            t.lapse.c.claim == t.claim.c.id,
            t.lapse.c.after < bindparam("met"),
            t.lapse.c.until > bindparam("met"),
        )
        .correlate(t.claim)
        .exists(),
    )
)
