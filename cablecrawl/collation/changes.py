"""The kinds of change over a whole store, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cablecrawl.collation.collation import Collation
from cablecrawl.collation.comparison import KINDS
from cablecrawl.collation.history import stamps_of
from cablecrawl.collation.sequence import Transition, across, places_of, within
from cablecrawl.export.read import StoredCable
from cablecrawl.releases import Releases

MOST_EXAMPLES = 10


@dataclass(slots=True)
class KindCount:
    """How often a kind of change was met; a change may be of several."""

    kind: str
    """Of KINDS in cablecrawl.collation.comparison."""
    within: int = 0
    """From one text of a copy to its next, as captured."""
    across: int = 0
    """From one release to the next that has another text."""
    same_stamp: int = 0
    """Of both, those where the pages keep a Released stamp: no index page shows the change."""
    examples: list[str] = field(default_factory=list)
    """The first ten, `07ASTANA9033 web-471 web-837`."""


@dataclass(slots=True)
class Changes:
    """What changed in a store."""

    cables: int = 0
    changed: int = 0
    """Cables with a transition."""
    several_texts: int = 0
    """Cables of which copies or readings have different texts."""
    within: int = 0
    """Transitions within a copy."""
    across: int = 0
    """Transitions from release to release."""
    kinds: list[KindCount] = field(default_factory=lambda: [KindCount(kind) for kind in KINDS])


def count_changes(cables: Iterable[StoredCable], releases: Releases) -> Changes:
    """Count the kinds of change; one cable is in memory at a time."""
    found = Changes()
    for cable in cables:
        count_changes_of(Collation(cable), releases, found)
    return found


def count_changes_of(collation: Collation, releases: Releases, found: Changes) -> None:
    """Add those of one cable."""
    cable = collation.cable
    found.cables += 1
    if len(collation.texts) < 2:
        return
    found.several_texts += 1
    before = found.within + found.across
    for witness in cable.witnesses:
        for transition in within(witness, collation):
            found.within += 1
            _count(found, cable, transition, witness.source, is_within=True)
    for transition in across(places_of(cable, releases), collation):
        found.across += 1
        _count(found, cable, transition, "", is_within=False)
    found.changed += found.within + found.across > before


def _count(
    changes: Changes, cable: StoredCable, transition: Transition, source: str, *, is_within: bool
) -> None:
    earlier, later = transition.earlier, transition.later
    stamps = [_stamps(cable, step.sha256) for step in (earlier, later)]
    where = f"in {source}" if is_within else f"{earlier.at} {later.at}"
    for count in changes.kinds:
        if count.kind not in transition.kinds:
            continue
        count.within += is_within
        count.across += not is_within
        count.same_stamp += bool(stamps[0] & stamps[1])
        if len(count.examples) < MOST_EXAMPLES:
            count.examples.append(f"{cable.reference_id} {where}")


def _stamps(cable: StoredCable, sha256: str) -> set[str]:
    return {
        stamp
        for witness in cable.witnesses
        for reading in witness.readings
        if reading.sha256 == sha256
        for stamp in stamps_of(reading)
    }
