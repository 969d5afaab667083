"""Where two texts differ: words aligned with the fewest changes.

rapidfuzz's Levenshtein distance over words as numbers. `partial_ratio` is never used: it takes
seconds on texts that are made for it. https://rapidfuzz.github.io/RapidFuzz/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

MOST_CELLS = 400_000_000
"""Words of one text times words of the other, their common ends set aside, that are aligned:
0.2 s and 20,000 words each. The longest cables have some 17,000, of which nearly all agree."""

MOST_CELLS_OF_A_CABLE = 10 * MOST_CELLS
"""For all pairs of its texts together: two seconds."""


def cells_for_a_pair(texts: int) -> int:
    """How many cells each pair of so many texts of a cable may have."""
    return min(MOST_CELLS, MOST_CELLS_OF_A_CABLE // max(texts * (texts - 1), 1))


class Variant(NamedTuple):
    """Words of one text and what stands in their place in the other; either may be none.

    Positions count words; ends are exclusive.
    """

    left: int
    left_end: int
    right: int
    right_end: int

    def swapped(self) -> Variant:
        """The same, seen from the other text."""
        return Variant(self.right, self.right_end, self.left, self.left_end)


def align(left: Sequence[str], right: Sequence[str], most_cells: int = MOST_CELLS) -> list[Variant]:
    """The variants, in order; between two of them at least one word is the same.

    Texts too long to be aligned give one variant: all between their common ends.
    """
    start = 0
    shorter = min(len(left), len(right))
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    inner_left, inner_right = left[start : len(left) - end], right[start : len(right) - end]
    if not inner_left and not inner_right:
        return []
    if len(inner_left) * len(inner_right) > most_cells:
        return [Variant(start, len(left) - end, start, len(right) - end)]
    numbers: dict[str, int] = {}
    coded = [
        [numbers.setdefault(key, len(numbers)) for key in keys]
        for keys in (inner_left, inner_right)
    ]
    operations = Levenshtein.opcodes(*coded)
    found = (
        Variant(o.src_start + start, o.src_end + start, o.dest_start + start, o.dest_end + start)
        for o in operations
        if o.tag != "equal"
    )
    return [outer(group) for group in grouped(found, 0)]


def grouped(variants: Iterable[Variant], within: int) -> list[list[Variant]]:
    """The variants, those that stand no more than `within` words apart together."""
    found: list[list[Variant]] = []
    for variant in variants:
        if found and variant.left - found[-1][-1].left_end <= within:
            found[-1].append(variant)
        else:
            found.append([variant])
    return found


def outer(group: Sequence[Variant]) -> Variant:
    """One variant from the first of several to the last, with what stands between."""
    return Variant(group[0].left, group[-1].left_end, group[0].right, group[-1].right_end)
