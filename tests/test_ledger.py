"""Every character of a page text has one label, and keeps its first."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.ledger import UNLABELLED, Entry, Ledger

LENGTH = 40
spans = st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(sorted)
labellings = st.lists(st.tuples(spans, st.sampled_from(("field:origin", "cable:body", "a", "b"))))


class Characters:
    """A ledger that keeps one label for each character."""

    def __init__(self) -> None:
        self.labels = [UNLABELLED] * LENGTH

    def label(self, start: int, end: int, label: str) -> int:
        labelled = 0
        for position in range(start, end):
            if self.labels[position] == UNLABELLED:
                self.labels[position] = label
                labelled += 1
        return labelled

    def gaps(self) -> list[tuple[int, int]]:
        runs = groupby(range(LENGTH), key=lambda position: self.labels[position])
        gaps = [list(positions) for label, positions in runs if label == UNLABELLED]
        return [(gap[0], gap[-1] + 1) for gap in gaps]


@given(labellings)
def test_a_ledger_labels_as_if_it_went_character_by_character(
    labellings: list[tuple[list[int], str]],
) -> None:
    ledger, characters = Ledger(LENGTH), Characters()
    for (start, end), label in labellings:
        assert ledger.label(start, end, label) == characters.label(start, end, label)
        assert ledger.gaps() == characters.gaps()
    assert ledger.characters() == Counter(characters.labels)
    spread = [entry.label for entry in ledger.entries() for _ in range(entry.start, entry.end)]
    assert spread == characters.labels


@given(labellings)
def test_the_entries_are_in_order_without_gap_or_overlap(
    labellings: list[tuple[list[int], str]],
) -> None:
    ledger = Ledger(LENGTH)
    for (start, end), label in labellings:
        ledger.label(start, end, label)
    position = 0
    for entry in ledger.entries():
        assert entry.start == position < entry.end
        position = entry.end
    assert position == LENGTH


def test_the_first_label_of_a_character_stays() -> None:
    ledger = Ledger(10)
    assert ledger.label(2, 5, "field:origin") == 3
    assert ledger.remove(0, 10, "footer") == 7
    assert ledger.label(0, 10, "cable:body") == 0
    assert ledger.entries() == [
        Entry(0, 2, "boilerplate:footer"),
        Entry(2, 5, "field:origin"),
        Entry(5, 10, "boilerplate:footer"),
    ]


def test_what_nothing_labels_is_said_to_be_unlabelled() -> None:
    ledger = Ledger(5)
    ledger.label(1, 2, "field:title")
    assert ledger.gaps() == [(0, 1), (2, 5)]
    assert ledger.characters() == {UNLABELLED: 4, "field:title": 1}
    assert [entry.label for entry in ledger.entries()] == [UNLABELLED, "field:title", UNLABELLED]


def test_an_empty_page_text_has_an_empty_ledger() -> None:
    ledger = Ledger(0)
    assert ledger.label(0, 0, "cable:body") == 0
    assert (ledger.entries(), ledger.gaps(), ledger.characters()) == ([], [], Counter())


@pytest.mark.parametrize("span", [(-1, 1), (2, 1), (0, 6), (6, 6)])
def test_a_span_outside_the_page_text_is_refused(span: tuple[int, int]) -> None:
    ledger = Ledger(5)
    with pytest.raises(IndexError):
        ledger.label(*span, "cable:body")
    assert ledger.gaps() == [(0, 5)]
