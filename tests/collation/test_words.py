"""Texts as the words that they are compared by."""

from __future__ import annotations

import pytest

from cablecrawl.collation.words import MARK, Words, has_mark, key


def test_words_know_where_they_stand() -> None:
    words = Words("1. (C) The tram\nstops.")
    assert words.keys == ["1", "c", "the", "tram", "stops"]
    assert [words.text[slice(*place)] for place in words.stretches] == [
        "1", "C", "The", "tram", "stops",
    ]  # fmt: skip


def test_a_redaction_mark_is_one_word_whatever_its_length() -> None:
    for mark in ("XXXX", "XXXXXXXXXXXX", "xxxxxxx", "[name removed]", "[Source removed]"):
        assert Words(f"told {mark} that").keys == ["told", MARK, "that"]


def test_a_mark_within_a_mark_is_no_other_one() -> None:
    assert Words("told [XXXXXXXX: name removed] that").keys == ["told", MARK, "that"]


def test_a_word_that_a_mark_is_glued_to_stays_a_word() -> None:
    assert Words("retinueXXXXXXXXXXXX, he").keys == ["retinue", MARK, "he"]


@pytest.mark.parametrize(
    "one, other",
    [("TRAM", "tram"), ("José", "JOSE"), ("Kh\u00adan", "Khan"), ("Jose\u0301", "José")],
)
def test_case_accents_and_what_nobody_sees_are_set_aside(one: str, other: str) -> None:
    assert Words(one).keys == Words(other).keys
    assert key(one) == key(other)


def test_a_line_break_that_was_taken_for_text_is_no_word() -> None:
    assert Words("by the Palace <br> <br>to coerce</p>").keys == "by the palace to coerce".split()


def test_the_stretch_of_no_words_is_the_place_between_two() -> None:
    words = Words("one  two")
    assert words.stretch(1, 1) == (5, 5)
    assert words.stretch(2, 2) == (8, 8)
    assert words.stretch(0, 2) == (0, 8)


def test_marks_are_found_without_finding_the_words() -> None:
    assert has_mark("told XXXXXXXXXXXX that")
    assert not has_mark("told [a friend] that, XXX")
