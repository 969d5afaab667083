"""The texts of one cable, compared two by two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from cablecrawl.collation.alignment import cells_for_a_pair
from cablecrawl.collation.comparison import UNRELATED_TO, Comparison, Text, compare
from cablecrawl.collation.containment import is_of_another_cable
from cablecrawl.collation.hidden import MOST_TEXTS
from cablecrawl.export.read import StoredCable


class Pair(NamedTuple):
    """Two texts of a cable and how the left one relates to the right one."""

    left: str
    """Digest of a reading; the lesser of the two."""
    right: str
    comparison: Comparison


class Collation:
    """The different texts of a cable; compares what is asked for, once."""

    def __init__(self, cable: StoredCable) -> None:
        readings = {
            reading.sha256: reading for witness in cable.witnesses for reading in witness.readings
        }
        self.cable = cable
        self.texts = {sha256: Text.of(readings[sha256]) for sha256 in sorted(readings)}
        """By the digest of a reading that has it."""
        self._cells = cells_for_a_pair(len(self.texts))
        self._compared: dict[tuple[str, str], Comparison] = {}

    def compare(self, left: str, right: str) -> Comparison:
        """Compare two texts, by their digests."""
        if left > right:
            return self.compare(right, left).swapped()
        found = self._compared.get((left, right))
        if found is None:
            found = compare(self.texts[left], self.texts[right], self._cells)
            self._compared[left, right] = found
        return found

    def pairs(self) -> Iterator[Pair]:
        """Every two texts, each pair once, by digest.

        Of more than MOST_TEXTS texts, the first ones with every other.
        """
        for number, (left, right) in enumerate(combinations(self.texts, 2)):
            if number >= MOST_TEXTS * len(self.texts):
                return
            yield Pair(left, right, self.compare(left, right))

    def has_conflict(self, sha256: str) -> bool:
        """Whether another text under the same ID has next to nothing in common with this one."""
        rows = self.texts[sha256].rows
        return any(
            # What is asked first takes a fiftieth of an alignment.
            is_of_another_cable(rows, text.rows)
            and self.compare(sha256, other).relation == UNRELATED_TO
            for other, text in self.texts.items()
            if other != sha256
        )
