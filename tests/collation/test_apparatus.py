"""Texts side by side: nothing of any is lost, and where they are said to agree they do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cablecrawl.collation.apparatus import Token, segments, tokens
from cablecrawl.collation.words import Stretch

PIECES = ("a", "A", "b", "Bc", "XXXX", " ", "  ", "\n", ".", "é", "e\u0301", "\0", "\ud800")
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.text(st.characters(codec=None), max_size=20),
)


def side_by_side(*given: str) -> list[list[str]]:
    return [
        ["".join(map(str, reading)) for reading in segment.readings]
        for segment in segments([tokens(text) for text in given])
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4))
def test_every_text_is_what_it_has_in_each_segment(given: list[str]) -> None:
    found = list(segments([tokens(text) for text in given]))
    for number, text in enumerate(given):
        assert "".join(str(t) for segment in found for t in segment.readings[number]) == text
    # Where all agree they stand together, and so are what differs.
    agreed = [segment.is_agreed for segment in found]
    assert not any(one == other for one, other in pairwise(agreed))


@settings(max_examples=200, deadline=None)
@given(texts, st.lists(st.integers(0, 20), max_size=6, unique=True))
def test_what_is_hidden_is_one_word_that_is_not_there(text: str, places: list[int]) -> None:
    ends = sorted(min(place, len(text)) for place in places)
    hidden = [Stretch(*pair) for pair in zip(ends[::2], ends[1::2], strict=False)]
    hidden = [stretch for stretch in hidden if stretch.start < stretch.end]
    found = tokens(text, hidden)
    assert len(found) % 2 == 1
    assert found.count(None) == len(hidden)
    assert None not in found[::2]
    shown, position = "", 0
    for start, end in hidden:
        shown += text[position:start]
        position = end
    assert "".join(token for token in found if token is not None) == shown + text[position:]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["one two", "one two"], [["one two"] * 2]),
        (["one two", "One two"], [["one", "One"], [" two"] * 2]),
        (["one two", "one  two"], [["one"] * 2, [" ", "  "], ["two"] * 2]),
        (["one two.", "one new two."], [["one "] * 2, ["", "new "], ["two."] * 2]),
        (["a b c", "a c", "a b. c"], [["a "] * 3, ["b ", "", "b. "], ["c"] * 3]),
        (["", "a"], [["", "a"]]),
        (["", ""], []),
    ],
)
def test_texts_differ_in_whole_words_and_in_what_parts_them(
    given: list[str], expected: list[list[str]]
) -> None:
    assert side_by_side(*given) == expected


def test_a_hidden_word_agrees_with_a_hidden_word_alone() -> None:
    one = tokens("told Madina that", [Stretch(5, 11)])
    other = tokens("told Orlovskaya that", [Stretch(5, 15)])
    shown = tokens("told XXXX that")
    assert [segment.is_agreed for segment in segments([one, other])] == [True]
    found = list(segments([one, other, shown]))
    variant: list[tuple[Token, ...]] = [(None,), (None,), ("XXXX",)]
    assert [segment.readings for segment in found if not segment.is_agreed] == [variant]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["one two", "one\n  two", "one two"], [True]),
        (["one two", "onetwo"], [True]),
        (["one two", "one, two"], [False]),
        (["one two three", "One two\nthree"], [False, True]),
        (["one two", "One\ntwo"], [False]),
        (["one two three", "one\ntwo, three"], [True, False]),
        (["one", "one\0"], [False]),
    ],
)
def test_where_white_space_alone_differs_is_known(given: list[str], expected: list[bool]) -> None:
    found = segments([tokens(text) for text in given])
    differing = [segment for segment in found if not segment.is_agreed]
    assert [segment.is_agreed_but_for_white_space for segment in differing] == expected


def test_what_is_hidden_is_no_white_space() -> None:
    hidden, shown = tokens("a b c", [Stretch(2, 3)]), tokens("a  c")
    (differing,) = (one for one in segments([hidden, shown]) if not one.is_agreed)
    assert not differing.is_agreed_but_for_white_space
