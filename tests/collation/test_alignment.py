"""Where two texts differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.collation.alignment import (
    MOST_CELLS,
    MOST_CELLS_OF_A_CABLE,
    Variant,
    align,
    cells_for_a_pair,
    grouped,
    outer,
)

LETTERS = st.lists(st.sampled_from("abcd"), max_size=30)


@given(LETTERS, LETTERS)
def test_what_stands_between_variants_is_the_same(left: list[str], right: list[str]) -> None:
    here = there = 0
    for variant in align(left, right):
        assert left[here : variant.left] == right[there : variant.right]
        assert left[variant.left : variant.left_end] != right[variant.right : variant.right_end]
        here, there = variant.left_end, variant.right_end
    assert left[here:] == right[there:]


def test_equal_texts_have_no_variants() -> None:
    assert align("one two".split(), "one two".split()) == []


def test_texts_too_long_to_align_differ_from_one_common_end_to_the_other() -> None:
    left = ["begin", *"abcabc", "end"]
    right = ["begin", *"xbcabz", "end"]
    assert len(align(left, right)) == 2
    assert align(left, right, most_cells=35) == [Variant(1, 7, 1, 7)]
    assert align(left, right, most_cells=36) != [Variant(1, 7, 1, 7)]


def test_variants_near_each_other_are_grouped() -> None:
    variants = [Variant(0, 1, 0, 1), Variant(3, 4, 3, 4), Variant(8, 9, 8, 8)]
    assert grouped(variants, 2) == [variants[:2], variants[2:]]
    assert outer(variants[:2]) == Variant(0, 4, 0, 4)


def test_many_texts_share_what_a_cable_may_cost() -> None:
    assert cells_for_a_pair(1) == cells_for_a_pair(2) == MOST_CELLS
    assert cells_for_a_pair(64) * 64 * 63 <= MOST_CELLS_OF_A_CABLE
