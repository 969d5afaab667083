"""Texts one after the other: what changed from each to the next.

Within a witness the order is that of its captures. Across sources it is that of the releases
that their pages name, in the order of releases.toml; a text whose page names none, or more than
one, has no place in it. Neither order says from which copy another was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from cablecrawl.collation.collation import Collation
from cablecrawl.collation.comparison import BACK_TO_EARLIER, REFORMATS, SAME, Comparison, in_order
from cablecrawl.export.read import StoredCable, StoredReading, StoredWitness
from cablecrawl.items import Claim
from cablecrawl.releases import Releases


class Step(NamedTuple):
    """A text at a point of an order."""

    sha256: str
    """The reading's."""
    at: str
    """A time (UTC), or the ID of a release."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One text followed by another."""

    earlier: Step
    later: Step
    comparison: Comparison
    """Left is the earlier text."""
    kinds: tuple[str, ...]
    """What changed, in the order of KINDS; `back_to_earlier` where the later text, typography and
    white space aside, was there before the earlier one."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the pages of one release have of a cable."""

    release: str
    """Its ID."""
    sha256: str
    """The reading that they have."""
    bases: tuple[str, ...]
    """What it rests on that it is this release: `counter`, `template_fingerprint`, …; sorted."""
    sources: tuple[str, ...]
    """Whose pages they are; sorted."""


def within(witness: StoredWitness, collation: Collation) -> list[Transition]:
    """What changed in a witness, in the order of its captures."""
    steps = [
        Step(stay.reading.sha256, stay.first_seen)
        for stay in witness.course
        if stay.reading is not None
    ]
    return transitions(steps, collation)


def across(places: Sequence[Place], collation: Collation) -> list[Transition]:
    """What changed from release to release."""
    return transitions([Step(place.sha256, place.release) for place in places], collation)


def places_of(cable: StoredCable, releases: Releases) -> list[Place]:
    """The releases that the cable's readings are said to come from, in the order of publication.

    A release whose pages have several texts is left out: nothing tells which came first.
    """
    found = sorted(
        {
            _Found(place, claim.value, reading.sha256, claim.basis or "", witness.source)
            for witness in cable.witnesses
            for reading in witness.readings
            for claim in _naming(reading)
            if (place := releases.place(claim.value)) is not None
        }
    )
    places = []
    for release, rows in groupby(found, attrgetter("release")):
        of_release = list(rows)
        if len({row.sha256 for row in of_release}) == 1:
            bases = sorted({row.basis for row in of_release})
            sources = sorted({row.source for row in of_release})
            places.append(Place(release, of_release[0].sha256, tuple(bases), tuple(sources)))
    return places


def transitions(steps: Iterable[Step], collation: Collation) -> list[Transition]:
    """From each text to the next that is another one."""
    found = []
    before: list[str] = []
    for earlier, later in _changes(steps):
        comparison = collation.compare(earlier.sha256, later.sha256)
        back_to = {collation.compare(sha256, later.sha256).relation for sha256 in before}
        # An earlier text set otherwise is that text; unless it was never left.
        is_back = SAME in back_to or (REFORMATS in back_to and comparison.relation != REFORMATS)
        kinds = (*comparison.kinds, *([BACK_TO_EARLIER] if is_back else []))
        found.append(Transition(earlier, later, comparison, in_order(kinds)))
        before.append(earlier.sha256)
    return found


class _Found(NamedTuple):
    place: int
    release: str
    sha256: str
    basis: str
    source: str


def _changes(steps: Iterable[Step]) -> Iterator[tuple[Step, Step]]:
    runs = [list(run) for _, run in groupby(steps, attrgetter("sha256"))]
    return ((earlier[-1], later[0]) for earlier, later in pairwise(runs))


def _naming(reading: StoredReading) -> Iterator[Claim]:
    """The release claims of a reading that give it its places; met in several builds, it has some.

    What a page says comes before what is inferred from its pane, and a number that fits two
    builds gives it no place.
    """
    by_page: dict[str, list[Claim]] = {}
    for stored in reading.claims:
        if stored.claim.field == "release" and stored.claim.confidence != "contradicted":
            by_page.setdefault(stored.payload_sha256, []).append(stored.claim)
    for claims in by_page.values():
        for confidence in ("asserted", "inferred_strong", "inferred_weak"):
            named = {claim.value for claim in claims if claim.confidence == confidence}
            if named:
                break
        if confidence != "inferred_weak" or len(named) == 1:
            yield from (claim for claim in claims if claim.value in named)
