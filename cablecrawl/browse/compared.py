"""Two texts of a cable side by side, paragraph by paragraph; what is hidden stays so."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from cablecrawl.collation.collation import Collation
from cablecrawl.collation.comparison import Comparison
from cablecrawl.collation.former import former_of
from cablecrawl.collation.hidden import HIDDEN, Hidden, text_of
from cablecrawl.collation.history import history_of
from cablecrawl.collation.words import Stretch, Words
from cablecrawl.errors import NotThereError
from cablecrawl.export.read import Snapshot, StoredReading
from cablecrawl.releases import load_releases
from cablecrawl.trace.asked import find_cable, read_reference_id

PARAGRAPH = re.compile(r"\n[ \t]*\n")

Side = Literal["left", "right"]


class Piece(NamedTuple):
    """Characters of a text that are shown in one way."""

    text: str
    kind: str
    """`same`, `hidden`, or a kind of change."""


class Row(NamedTuple):
    """A part of both texts; an empty side has nothing of it."""

    left: list[Piece]
    right: list[Piece]


def comparison_page(
    store: Snapshot, given: str, left: str | None, right: str | None, *, show: bool
) -> dict[str, Any]:
    """Two texts, by (the beginnings of) their digests; by default the first and the last.

    Raises NotThereError, CableCrawlError.
    """
    cable = find_cable(store, read_reference_id(given))
    former = former_of(store.connection, cable.reference_id)
    hidden = Hidden.of(cable, former, show=show)
    history = history_of(cable, load_releases(), (), former, show=show)
    readings = {
        reading.sha256: reading for witness in cable.witnesses for reading in witness.readings
    }
    order = [text.reading_sha256 for text in history.texts]
    one = readings[_named(order, left, order[0])]
    other = readings[_named(order, right, order[-1])]
    comparison = Collation(cable).compare(one.sha256, other.sha256)
    return {
        "reference_id": cable.reference_id,
        "texts": history.texts,
        "copies": {
            sha256: sorted(
                {
                    witness.source
                    for witness in cable.witnesses
                    for reading in witness.readings
                    if reading.sha256 == sha256
                }
            )
            for sha256 in order
        },
        "left": one.sha256,
        "right": other.sha256,
        "number_of": {text.reading_sha256: text.number for text in history.texts},
        "comparison": comparison,
        "rows": list(rows_of(one, other, comparison, hidden)),
        "hides": bool(hidden),
    }


def rows_of(
    left: StoredReading, right: StoredReading, comparison: Comparison, hidden: Hidden
) -> Iterator[Row]:
    """Both texts whole, cut where a paragraph begins in both at the same word."""
    sides = _Side(left, comparison, hidden, "left"), _Side(right, comparison, hidden, "right")
    cuts = [(0, 0), *_cuts(comparison, *sides), (len(sides[0].text), len(sides[1].text))]
    for begin, end in pairwise(cuts):
        row = Row(*(side.pieces(begin[i], end[i]) for i, side in enumerate(sides)))
        if row.left or row.right:
            yield row


class _Side:
    """One of two texts that are compared."""

    def __init__(
        self, reading: StoredReading, comparison: Comparison, hidden: Hidden, side: Side
    ) -> None:
        self.text = text_of(reading)
        self.words = Words(self.text)
        self.variants: list[tuple[Stretch, str]] = [
            (getattr(variant, side), variant.kind) for variant in comparison.variants
        ]
        self._hidden = [(stretch, HIDDEN) for stretch in hidden.stretches(reading)]

    def word_at(self, position: int) -> int:
        """The first word that begins at a place or behind it."""
        return bisect_left(self.words.stretches, (position,))

    def pieces(self, start: int, end: int) -> list[Piece]:
        """A stretch, part by part."""
        found: list[Piece] = []
        for begin, stop, kind in _split(start, end, self.variants):
            for part_start, part_end, hidden in _split(begin, stop, self._hidden):
                text = hidden or self.text[part_start:part_end]
                if text and not (hidden and found and found[-1].kind == "hidden"):
                    found.append(Piece(text, "hidden" if hidden else kind or "same"))
        return found


def _split(
    start: int, end: int, labelled: Iterable[tuple[Stretch, str]]
) -> Iterator[tuple[int, int, str | None]]:
    """A range by the stretches in it, each with its label; None: what lies between them."""
    position = start
    for stretch, label in labelled:
        if stretch.end <= position or stretch.start >= end:
            continue
        yield position, max(stretch.start, position), None
        yield max(stretch.start, position), min(stretch.end, end), label
        position = min(stretch.end, end)
    yield position, end, None


def _cuts(comparison: Comparison, left: _Side, right: _Side) -> Iterator[tuple[int, int]]:
    """Where a paragraph of the left text begins at a word that the right one has too.

    What lies between two variants has the same words in both; where it has not as many, as words
    that typography parts, no place in it is known of both.
    """
    edges = [
        (Stretch(0, 0), Stretch(0, 0)),
        *((variant.left, variant.right) for variant in comparison.variants),
        (Stretch(len(left.text), 0), Stretch(len(right.text), 0)),
    ]
    if comparison.relation == "unrelated":
        return
    for before, behind in pairwise(edges):
        first = left.word_at(before[0].end), right.word_at(before[1].end)
        last = left.word_at(behind[0].start), right.word_at(behind[1].start)
        if last[0] - first[0] != last[1] - first[1]:
            continue
        for blank in PARAGRAPH.finditer(left.text, before[0].end, behind[0].start):
            word = left.word_at(blank.end())
            if not first[0] < word < last[0]:
                continue
            place = right.words.stretches[first[1] + word - first[0]].start
            line = right.text.rfind("\n", 0, place) + 1
            if not right.text[line:place].strip():
                yield blank.end(), line


def _named(order: Sequence[str], given: str | None, default: str) -> str:
    if given is None:
        return default
    found = [sha256 for sha256 in order if sha256.startswith(given)]
    if len(found) != 1:
        raise NotThereError(f"{given}: the cable has no such text")
    return found[0]
