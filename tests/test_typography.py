"""Folding: what WordPress does to a text's typography is set aside, and nothing else is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.typography import fold


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ('he said "no"', "he said “no”"),
        ("the ministry's", "the ministry’s"),
        ("'quoted'", "‘quoted’"),
        ("the '90s", "the ’90s"),
        ("End Comment -- see below", "End Comment — see below"),
        ("2006-2007", "2006–2007"),
        ("pages 3 - 4", "pages 3 – 4"),
        ("--------", "——–"),
        ("and so on...", "and so on…"),
        ("a 9x12 envelope", "a 9×12 envelope"),
        ("6'2\" tall", "6′2″ tall"),
        ("para 8) and", "para 😎 and"),
        ("two  blanks \nand a line", "two blanks\n\nand a line"),
        ("``old'' quotes", "“old” quotes"),
    ],
)
def test_what_wordpress_sets_otherwise_is_the_same_text(typed: str, shown: str) -> None:
    assert fold(typed) == fold(shown)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("approved", "Approved"),
        ("1.5", "15"),
        ("no end", "no  no end"),
        ("(C) Summary", "(S) Summary"),
        ("Tashkent, Uzbekistan", "Tashkent Uzbekistan"),
        ("well-known", "well known"),
        ("8)", "8"),
        ("XXXXXXXXXXXX", "Karimov"),
    ],
)
def test_what_is_another_text_stays_another(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text() | st.text("-:;8()DP \n—–'\""))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_no_letter_and_no_digit_is_lost(word: str) -> None:
    assert fold(word) == " ".join(word.split())


@given(st.lists(st.text(st.characters(categories=["Lu", "Nd"]), min_size=1)), st.data())
def test_blanks_between_words_do_not_count(words: list[str], data: st.DataObject) -> None:
    blanks = st.sampled_from([" ", "\n", "  ", " \n ", "\n\n", "\t", "\u00a0"])
    text = "".join(word + data.draw(blanks) for word in words)
    assert fold(text) == fold(re.sub(r"\s+", " ", text))
