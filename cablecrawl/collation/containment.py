"""How much of one text stands in another, wherever it stands there."""

from __future__ import annotations

from cablecrawl.collation.words import MARK, Words

# Words in a row that are looked for. Two cables of one post share 3 % of the rows of the shorter
# (the median of 4,000 pairs), 27 % at the 99th percentile; a text with one word in a hundred
# mistyped keeps nine tenths.
ROW = 4

WHOLE = 0.95
"""From here on a text stands in another whole, but for slips and marks."""

UNRELATED = 0.3
"""Below this the two are not one cable: the same ID stands over different texts."""

# A text of fewer rows is too short to be called another one.
FEWEST_ROWS = 12

# What is redacted keeps most of its other rows; a text that is as good as free of another's rows
# is no redaction of it. Well on the safe side: to err here would show what is hidden.
NOTHING_COMMON = 0.1
FEWEST_OF_NOTHING = 60


def rows(words: Words) -> frozenset[tuple[str, ...]]:
    """Its rows of words, those with a redaction mark left out; all of a shorter text as one."""
    keys = words.keys
    if len(keys) < ROW:
        return frozenset([tuple(keys)] if keys else [])
    found = frozenset(zip(*(keys[offset:] for offset in range(ROW)), strict=False))
    return frozenset(row for row in found if MARK not in row) if words.is_marked else found


def containment(inner: frozenset[tuple[str, ...]], outer: frozenset[tuple[str, ...]]) -> float:
    """The share of the rows of `inner` that `outer` has too, 0 to 1; 1 of no rows at all."""
    return len(inner & outer) / len(inner) if inner else 1.0


def is_of_another_cable(
    left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]
) -> bool:
    """Whether two texts have so little in common that they are not copies of one."""
    return _share_less(left, right, UNRELATED, FEWEST_ROWS)


def cannot_be_redacted(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> bool:
    """Whether two texts have so little in common that neither hides anything of the other."""
    return _share_less(left, right, NOTHING_COMMON, FEWEST_OF_NOTHING)


def _share_less(
    left: frozenset[tuple[str, ...]],
    right: frozenset[tuple[str, ...]],
    share: float,
    fewest: int,
) -> bool:
    smaller, larger = sorted((left, right), key=len)
    return len(smaller) >= fewest and containment(smaller, larger) < share
