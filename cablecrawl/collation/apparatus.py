"""Texts side by side, character for character: where all agree, and what each has where not.

Parallel segmentation, as textual scholarship has it: every text is the concatenation of what it
has in each segment. Words are aligned with those of the first text by what they are compared by,
and differ where their characters do, as does what stands between them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from cablecrawl.collation.alignment import MOST_CELLS, Variant, align
from cablecrawl.collation.words import MARK, Stretch, key

Token = str | None
"""A word, or what stands before or between words; None: what is hidden."""

WORD = re.compile(r"[^\W_]+")


class Segment(NamedTuple):
    """A place of the texts."""

    readings: list[tuple[Token, ...]]
    """What each has there, in the order of the texts."""

    @property
    def is_agreed(self) -> bool:
        """Whether all have the same there."""
        return all(reading == self.readings[0] for reading in self.readings)

    @property
    def is_agreed_but_for_white_space(self) -> bool:
        """Whether all have the same there, white space set aside."""
        return len({_without_white_space(reading) for reading in self.readings}) == 1


class _Difference(NamedTuple):
    """Tokens of the first text and what stands in their place in another; ends are exclusive."""

    start: int
    end: int
    other: int
    other_end: int


def tokens(text: str, hidden: Iterable[Stretch] = ()) -> list[Token]:
    """A text in pieces: what stands before the first word, the word, what follows it, and so on.

    `hidden` stretches, in order, are one word each, None. The first and the last piece are never
    a word; they may be empty.
    """
    found: list[Token] = []
    position = 0
    for start, end in chain(hidden, [(len(text), len(text))]):
        for match in WORD.finditer(text, position, start):
            found += [text[position : match.start()], match[0]]
            position = match.end()
        found.append(text[position:start])
        if start < end:
            found.append(None)
        position = end
    return found


def segments(texts: Sequence[Sequence[Token]], most_cells: int = MOST_CELLS) -> Iterator[Segment]:
    """The segments of some texts, each as `tokens` gives it; the first is what all are held to.

    `most_cells` bounds the alignment of each: see `align`.
    """
    found = [[], *(_differences(texts[0], other, most_cells) for other in texts[1:])]
    differences = [deque(of) for of in found]
    shifts = [0] * len(texts)
    position = 0
    for start, end in _joined(texts[0], found):
        if any(token != "" for token in texts[0][position:start]):
            yield Segment([tuple(texts[0][position:start])] * len(texts))
        readings = []
        for number, text in enumerate(texts):
            low = start + shifts[number]
            while differences[number] and differences[number][0].start <= end:
                difference = differences[number].popleft()
                shifts[number] = difference.other_end - difference.end
            readings.append(tuple(text[low : end + shifts[number]]))
        yield Segment(readings)
        position = end
    if any(token != "" for token in texts[0][position:]):
        yield Segment([tuple(texts[0][position:])] * len(texts))


def _joined(
    text: Sequence[Token], differences: Iterable[Iterable[_Difference]]
) -> list[tuple[int, int]]:
    """Where any differs from the first text, places with nothing between them as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((one.start, one.end) for of in differences for one in of):
        if found and all(token == "" for token in text[found[-1][1] : start]):
            first, last = found.pop()
            start, end = first, max(last, end)
        found.append((start, end))
    return found


def _differences(
    one: Sequence[Token], other: Sequence[Token], most_cells: int
) -> list[_Difference]:
    left, right = _keys(one), _keys(other)
    variants = align(left, right, most_cells)
    if not variants or variants[-1].left_end < len(left) or variants[-1].right_end < len(right):
        variants.append(Variant(len(left), len(left), len(right), len(right)))
    found: list[_Difference] = []
    position, is_gap_seen = (0, 0), False
    for variant in variants:
        for word, same in zip(
            range(position[0], variant.left), range(position[1], variant.right), strict=True
        ):
            first = 2 * word + is_gap_seen
            shift = 2 * (same - word)
            for place in range(first, 2 * word + 2):
                if one[place] != other[place + shift]:
                    found.append(_Difference(place, place + 1, place + shift, place + shift + 1))
            is_gap_seen = False
        # With what stands before the variant's words and behind them.
        found += _trimmed(
            one,
            other,
            _Difference(
                2 * variant.left,
                2 * variant.left_end + 1,
                2 * variant.right,
                2 * variant.right_end + 1,
            ),
        )
        position, is_gap_seen = (variant.left_end, variant.right_end), True
    return found


def _trimmed(
    one: Sequence[Token], other: Sequence[Token], difference: _Difference
) -> Iterator[_Difference]:
    """The difference without what is the same at its ends, if anything is left of it."""
    start, end, first, last = difference
    while start < end and first < last and one[start] == other[first]:
        start, first = start + 1, first + 1
    while start < end and first < last and one[end - 1] == other[last - 1]:
        end, last = end - 1, last - 1
    if start < end or first < last:
        yield _Difference(start, end, first, last)


def _without_white_space(reading: Iterable[Token]) -> str:
    """What a text has; a blank stands for what is hidden."""
    return "".join(" " if token is None else "".join(token.split()) for token in reading)


def _keys(pieces: Sequence[Token]) -> list[str]:
    return [MARK if word is None else key(word) for word in pieces[1::2]]
