"""The ledger: the account of a page text in which every character has one label."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import islice
from typing import NamedTuple

UNLABELLED = "unlabelled"


class Entry(NamedTuple):
    """A stretch of page text and what it is."""

    start: int
    end: int
    """Exclusive."""
    label: str
    """`field:NAME`, `cable:header`, `cable:body`, `boilerplate:RULE`, or `unlabelled`."""


class Ledger:
    """Labels for the characters of one page text; the first label of a character stays."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._entries: list[Entry] = []

    def label(self, start: int, end: int, label: str) -> int:
        """Label what is still unlabelled in [start, end); returns how many characters that was.

        Raises IndexError outside the page text.
        """
        if not 0 <= start <= end <= self.length:
            raise IndexError(f"[{start}, {end}) is outside a page text of {self.length}")
        entries = self._entries
        if start == end:
            return 0
        # Most labels come in order, and next to none overlap.
        if not entries or entries[-1].end <= start:
            index = len(entries)
        else:
            index = bisect_left(entries, (start,))
        if (not index or entries[index - 1].end <= start) and (
            index == len(entries) or entries[index].start >= end
        ):
            # Half the time of Entry(…), which a page does some fifty times.
            entries.insert(index, tuple.__new__(Entry, (start, end, label)))
            return end - start
        labelled = 0
        if index and entries[index - 1].end > start:
            index -= 1
        position = start
        added: list[Entry] = []
        while position < end:
            if index < len(entries) and entries[index].start <= position:
                position = max(position, entries[index].end)
                index += 1
                continue
            gap_end = min(end, entries[index].start) if index < len(entries) else end
            added.append(Entry(position, gap_end, label))
            labelled += gap_end - position
            position = gap_end
        for entry in added:
            entries.insert(bisect_left(entries, entry), entry)
        return labelled

    def remove(self, start: int, end: int, rule: str) -> int:
        """Label [start, end) as boilerplate removed by that rule."""
        return self.label(start, end, f"boilerplate:{rule}")

    def gaps(self, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
        """The stretches without a label, of all the page text or of what is in [start, end)."""
        end = self.length if end is None else end
        entries = self._entries
        first = bisect_left(entries, (start,)) if start else 0
        position = max(start, entries[first - 1].end) if first else start
        found = []
        for labelled, behind, _ in islice(entries, first, None):
            if labelled >= end:
                break
            if labelled > position:
                found.append((position, labelled))
            position = behind
        if position < end:
            found.append((position, end))
        return found

    def entries(self) -> list[Entry]:
        """Every character once, in order; gaps are entries labelled `unlabelled`."""
        return sorted(self._entries + [Entry(*gap, UNLABELLED) for gap in self.gaps()])

    def characters(self) -> Counter[str]:
        """Characters by label; they add up to the page text's length."""
        counted: Counter[str] = Counter()
        for entry in self.entries():
            counted[entry.label] += entry.end - entry.start
        return counted
