"""The cables of a store without their texts: some of their claims, streamed.

Texts are nine tenths of what an export reads. What is counted here needs them only where the
copies of a cable differ, to tell which of them stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, select

from cablecrawl.export.chosen import choose
from cablecrawl.export.read import (
    ROWS_AT_A_TIME,
    Groups,
    Snapshot,
    StoredCable,
    StoredClaim,
    StoredReading,
    StoredWitness,
    by_reference_id,
    claim_order,
)
from cablecrawl.export.release_claims import CHECKED_FIELDS, namings, release_claims_of
from cablecrawl.items import Claim
from cablecrawl.records import earliest_release
from cablecrawl.releases import load_releases, named_release
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import GONE

FIELDS = CHECKED_FIELDS | {"references", "flag"}
"""Those that choose a reading, date it, or lead to other cables."""


@dataclass
class Outline:
    """A cable, as its record has it, in so far as the record does not have its texts."""

    cable: StoredCable
    """Its readings have no texts, and claims of FIELDS only."""
    store: Snapshot

    @property
    def reference_id(self) -> str:
        return self.cable.reference_id

    @property
    def sources(self) -> frozenset[str]:
        """Whose copies there are, gone ones too."""
        return frozenset(witness.source for witness in self.cable.witnesses)

    @cached_property
    def _claims(self) -> list[Claim]:
        """Those of the reading that stands for the cable."""
        witnesses = self.cable.witnesses
        if len({witness.latest.sha256 for witness in witnesses}) > 1:
            whole = self.store.cable(self.reference_id)
            assert whole is not None  # the store is seen as it was at one moment
            witnesses = whole.witnesses
        return choose(witnesses)[0].latest.current()

    @property
    def created(self) -> str | None:
        """As stated."""
        return next(iter(self._values("created")), None)

    @property
    def references(self) -> list[str]:
        """As written."""
        return self._values("references")

    @property
    def flags(self) -> list[str]:
        """Those of the reading; not `identity_conflict`, which needs the texts."""
        return self._values("flag")

    @property
    def released(self) -> str | None:
        """The earliest stamp that a copy states and no check contradicts."""
        claims = release_claims_of(self.cable, load_releases())
        return earliest_release(claim for of_one in claims.values() for claim in of_one)

    @property
    def releases(self) -> dict[str, bool]:
        """Those that its copies say or seem to come from, and whether one of them says so."""
        said: dict[str, bool] = {}
        for witness in self.cable.witnesses:
            named = namings(witness.latest.current())
            release = named_release(named)
            if release is not None:
                is_asserted = any(
                    naming.release == release and naming.confidence == "asserted"
                    for naming in named
                )
                said[release] = said.get(release, False) or is_asserted
        return said

    def _values(self, field: str) -> list[str]:
        return [claim.value for claim in self._claims if claim.field == field]


def outlines(store: Snapshot) -> Iterator[Outline]:
    """Every cable, sorted by reference ID."""
    sources = {row.id: row for row in store.connection.execute(select(t.source))}
    steps = {row.id: row for row in store.connection.execute(select(t.step))}
    claims = Groups(_rows(store, CLAIMS))
    for reference_id, rows in groupby(_rows(store, SIGHTINGS), attrgetter("reference_id")):
        sightings = sorted(rows, key=attrgetter("witness", "fetched_at", "capture_id"))
        readings = _readings(claims.of(reference_id), steps, _latest(sightings))
        witnesses = [
            _witness(list(of_one), readings, sources)
            for _, of_one in groupby(sightings, attrgetter("witness"))
        ]
        witnesses.sort(key=lambda witness: (witness.source, witness.locator))
        yield Outline(StoredCable(reference_id, witnesses), store)


def _rows(store: Snapshot, query: Any) -> Iterator[Row[Any]]:
    options = {"yield_per": ROWS_AT_A_TIME * 10}
    return iter(store.connection.execute(query, execution_options=options))


def _latest(sightings: list[Row[Any]]) -> dict[int, int]:
    """The latest capture of each reading, by row: it makes all the claims that hold now."""
    latest: dict[int, int] = {}
    for row in sightings:
        if row.reading is not None:
            latest[row.reading] = max(row.capture, latest.get(row.reading, 0))
    return latest


def _readings(
    rows: list[Row[Any]], steps: dict[int, Row[Any]], latest: dict[int, int]
) -> dict[int, StoredReading]:
    """By row; the rows are those of one cable."""
    readings = {}
    rows.sort(key=attrgetter("reading"))
    for number, group in groupby(rows, attrgetter("reading")):
        of_reading = list(group)
        first = of_reading[0]
        claims = [
            StoredClaim(
                _claim(row, steps[row.step]), "", row.last_capture == latest[number], row.capture
            )
            for row in of_reading
            if row.step is not None  # it has claims of other fields only
        ]
        claims.sort(key=claim_order)
        readings[number] = StoredReading(first.sha256, first.layout, "", "", "", "", "", "", claims)
    return readings


def _claim(row: Row[Any], step: Row[Any]) -> Claim:
    return Claim(
        row.field,
        row.value,
        step.asserted_by,
        step.rule,
        None,
        None,
        None,
        row.ordinal,
        step.basis,
        step.confidence,
    )


def _witness(
    sightings: list[Row[Any]], readings: dict[int, StoredReading], sources: dict[int, Row[Any]]
) -> StoredWitness:
    """`sightings`: of one witness, in the order of time."""
    met = list(dict.fromkeys(row.reading for row in sightings if row.reading is not None))
    latest = [row.reading for row in sightings if row.reading is not None][-1]
    first, last = sightings[0], sightings[-1]
    source = sources[first.source]
    return StoredWitness(
        source.name,
        source.rank,
        first.locator,
        "",
        "",
        first.fetched_at,
        last.fetched_at,
        is_gone=last.event == GONE,
        is_unlisted=False,
        readings=[readings[number] for number in met],
        latest=readings[latest],
    )


SIGHTINGS = by_reference_id(
    [
        t.sighting.c.witness,
        t.sighting.c.reading,
        t.sighting.c.capture,
        t.sighting.c.event,
        t.witness.c.source,
        t.witness.c.locator,
        t.capture.c.fetched_at,
        t.capture.c.capture_id,
    ],
    (t.sighting, t.sighting.c.witness == t.witness.c.id),
    (t.capture, t.capture.c.id == t.sighting.c.capture),
)

CLAIMS = by_reference_id(
    [
        t.reading.c.id.label("reading"),
        t.reading.c.sha256,
        t.reading.c.layout,
        t.claim.c.field,
        t.claim.c.ordinal,
        t.claim.c.value,
        t.claim.c.step,
        t.claim.c.capture,
        t.claim.c.last_capture,
    ],
    (t.reading, t.reading.c.witness == t.witness.c.id),
    (t.claim, (t.claim.c.reading == t.reading.c.id) & t.claim.c.field.in_(sorted(FIELDS))),
)
