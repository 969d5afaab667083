"""What the store states of a reading and another cable: a piece of it, or its very text.

These are statements, by the table of malformed IDs or by the text itself. They are measured
against the other cable where the store has it, and change nothing: no two IDs are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter

from cablecrawl.collation.comparison import Text
from cablecrawl.collation.containment import containment
from cablecrawl.export.read import StoredCable, StoredReading
from cablecrawl.reference_id import from_body_line, parse

FLAGS = ("fragment", "wrong_body", "appended_cable", "mixed_body", "foreign_record")
"""What the dedupe pipeline flags a text with that has to do with another cable. The claim
`FLAG_of` has that cable as it is named, and `FLAG_id` its ID where the text states the year too;
the relation is called as the first of them."""

OWN_ID_LINE = "own_id_line"
# By the rule of the claim: what it rests on; where it is none of these, an ID line of the body.
BASES = {
    "record_of_another/1": "dump_record",
    "section_marks/1": "section_mark",
}

SAME_TEXT = 0.5
"""Two cables of one post have a quarter in common in one pair of a hundred, and rarely more."""

Cables = Callable[[str], StoredCable | None]
"""Finds a cable by its canonical reference ID: `Snapshot.cable`."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A reading and the other cable that it is linked to."""

    sha256: str
    """The reading's."""
    relation: str
    """A flag and `_of`: `fragment_of`, `wrong_body_of`, …"""
    stated: str
    """The other cable as it is named: `08PORTOFSPAIN546`, or `LISBON 9539` without a year."""
    reference_id: str | None
    """The other cable's, where the year is stated, or where the text is that of one cable in the
    store which is so named; None: it may be one of several years."""
    other_sha256: str | None
    """The reading of the other cable that has the most of it; None: the store has none."""
    basis: str
    """`alias_table`, `own_id_line`, `section_mark`, `dump_record`."""
    score: float | None
    """The share of rows of four words that the two have in common, of the text with fewer of
    them: 0 to 1, three decimals."""


def links_of(cable: StoredCable, cables: Cables) -> list[Link]:
    """The links of a cable's readings, sorted."""
    found: set[Link] = set()
    for witness in cable.witnesses:
        for reading in witness.readings:
            for flag in FLAGS:
                found.update(_links(cable.reference_id, reading, flag, cables))
    return sorted(found, key=lambda link: (link.sha256, link.relation, link.stated))


def _links(reference_id: str, reading: StoredReading, flag: str, cables: Cables) -> Iterator[Link]:
    claims = reading.current()
    full = next((claim.value for claim in claims if claim.field == f"{flag}_id"), None)
    for claim in claims:
        if claim.field != f"{flag}_of":
            continue
        basis = "alias_table" if flag == "fragment" else BASES.get(claim.rule, OWN_ID_LINE)
        spelt = parse(full or claim.value)
        other = spelt.canonical if spelt is not None else None
        if other is not None:
            best, score = _closest(reading, cables(other))
        else:
            other, best, score = _of_any_year(reference_id, reading, claim.value, cables)
        yield Link(reading.sha256, claim.field, claim.value, other, best, basis, score)


def _of_any_year(
    reference_id: str, reading: StoredReading, stated: str, cables: Cables
) -> tuple[str, str, float] | tuple[None, None, None]:
    """The cable of that post and number which has the text, its reading, and the score."""
    found = []
    year = int(reference_id[:2])
    for guess in (year, year - 1, year + 1):
        candidate = from_body_line(stated, f"{guess % 100:02}")
        if candidate is not None:
            sha256, score = _closest(reading, cables(candidate.canonical))
            if sha256 is not None and score is not None and score >= SAME_TEXT:
                found.append((candidate.canonical, sha256, score))
    return max(found, key=itemgetter(2)) if found else (None, None, None)


def _closest(
    reading: StoredReading, other: StoredCable | None
) -> tuple[str, float] | tuple[None, None]:
    """The reading of another cable that has most in common with this one, and how much."""
    if other is None:
        return None, None
    rows = Text.of(reading).rows
    measured = {}
    for witness in other.witnesses:
        for found in witness.readings:
            smaller, larger = sorted((rows, Text.of(found).rows), key=len)
            measured[found.sha256] = round(containment(smaller, larger), 3)
    best = min(measured, key=lambda sha256: (-measured[sha256], sha256))
    return best, measured[best]
