"""What the store states of a reading and another cable: a piece of it, or its very text.

These are statements, by the table of malformed IDs or by the text itself. They are measured
against the other cable where the store has it, and change nothing: no two IDs are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cablecrawl.collation.comparison import Text
from cablecrawl.collation.containment import containment
from cablecrawl.export.read import StoredCable, StoredReading
from cablecrawl.reference_id import from_body_line, parse

FRAGMENT_OF = "fragment_of"
WRONG_BODY_OF = "wrong_body_of"
RECORD_OF = "record_of"

BASES = {
    FRAGMENT_OF: "alias_table",
    WRONG_BODY_OF: "own_id_line",
    RECORD_OF: "dump_record",
}
"""By the relation, which is the field of the claim too: what it rests on."""

Cables = Callable[[str], StoredCable | None]
"""Finds a cable by its canonical reference ID: `Snapshot.cable`."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A reading and the other cable that it is linked to."""

    sha256: str
    """The reading's."""
    relation: str
    """`fragment_of`, `wrong_body_of`, `record_of`."""
    reference_id: str
    """The other cable's. A body's own ID line has no year: it is taken to be that of the ID under
    which the body stands, unless only a neighbouring year has such a cable."""
    other_sha256: str | None
    """The reading of the other cable that has the most of it; None: the store has none."""
    basis: str
    score: float | None
    """The share of its rows of four words that the other reading has, 0 to 1, three decimals."""


def links_of(cable: StoredCable, cables: Cables) -> list[Link]:
    """The links of a cable's readings, sorted."""
    found = set()
    for witness in cable.witnesses:
        for reading in witness.readings:
            for relation, stated in _statements(reading):
                link = _link(cable.reference_id, reading, relation, stated, cables)
                if link is not None:
                    found.add(link)
    return sorted(found, key=lambda link: (link.sha256, link.relation, link.reference_id))


def _statements(reading: StoredReading) -> Iterator[tuple[str, str]]:
    for claim in reading.current():
        if claim.field in BASES:
            yield claim.field, claim.value


def _link(
    reference_id: str, reading: StoredReading, relation: str, stated: str, cables: Cables
) -> Link | None:
    candidates = list(_candidates(reference_id, relation, stated))
    if not candidates:
        return None
    other = next((cable for cable in map(cables, candidates) if cable is not None), None)
    if other is None:
        return Link(reading.sha256, relation, candidates[0], None, BASES[relation], None)
    rows = Text.of(reading).rows
    measured = {
        found.sha256: round(containment(rows, Text.of(found).rows), 3)
        for witness in other.witnesses
        for found in witness.readings
    }
    best = min(measured, key=lambda sha256: (-measured[sha256], sha256))
    return Link(reading.sha256, relation, other.reference_id, best, BASES[relation], measured[best])


def _candidates(reference_id: str, relation: str, stated: str) -> Iterator[str]:
    """The IDs that the statement may mean, the likeliest first."""
    if relation != WRONG_BODY_OF:
        spelt = parse(stated)
        if spelt is not None:
            yield spelt.canonical
        return
    year = int(reference_id[:2])
    for guess in (year, year - 1, year + 1):
        found = from_body_line(stated, f"{guess % 100:02}")
        if found is not None:
            yield found.canonical
