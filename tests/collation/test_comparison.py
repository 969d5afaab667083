"""How two readings relate, and what changed from one to the other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cablecrawl.collation.comparison import KINDS, Comparison, Text, compare
from cablecrawl.typography import fold
from tests.collation.readings import MARKED, OTHER, SHOWN, claim, reading, text

BLOCK = "\n\n4. (C) " + "The depot has no doors and the doors have no depot. " * 8
"""A paragraph of more than 60 words."""


def changed(earlier: str, later: str) -> Comparison:
    return compare(text(earlier), text(later))


def quotes(comparison: Comparison, left: str, right: str) -> list[tuple[str, str]]:
    """The variants as the texts have them; header and body are parted by a line break."""
    one, other = f"\n{left}", f"\n{right}"
    return [(one[slice(*v.left)], other[slice(*v.right)]) for v in comparison.variants]


def test_the_same_text_is_the_same() -> None:
    found = changed(SHOWN, SHOWN)
    assert (found.relation, found.basis, found.score) == ("same", "exact_text", 1.0)
    assert (found.kinds, found.variants) == ((), ())


@pytest.mark.parametrize(
    "old, new", [("\n", " \n"), ("\n\n", "\n"), ("C O N F I D E N T I A L", "CONFIDENTIAL")]
)
def test_other_line_breaks_and_blanks_are_white_space(old: str, new: str) -> None:
    found = changed(SHOWN, SHOWN.replace(old, new))
    assert (found.relation, found.basis) == ("reformats", "white_space")
    assert found.kinds == ("white_space",)


@pytest.mark.parametrize(
    "old, new",
    [
        ("ninety percent", "Ninety Percent"),
        ('"ninety percent finished"', "“ninety percent finished”"),
        ("no stops. End", "no stops, End"),
        ("summer. The", "summer -- the"),
    ],
)
def test_quotes_case_and_punctuation_are_typography(old: str, new: str) -> None:
    found = changed(SHOWN, SHOWN.replace(old, new))
    assert (found.relation, found.basis) == ("reformats", "typography")
    assert found.kinds == ("typography",)
    assert 1 <= len(found.variants) <= 2


def test_typographic_variants_say_where() -> None:
    later = SHOWN.replace('"ninety', "“ninety")
    assert quotes(changed(SHOWN, later), SHOWN, later) == [(' "', " “")]


def test_another_word_is_wording() -> None:
    later = SHOWN.replace("brass bands", "string quartets")
    found = changed(SHOWN, later)
    assert (found.relation, found.direction, found.basis) == (
        "variant_of", "both", "token_alignment",
    )  # fmt: skip
    assert found.kinds == ("wording",)
    assert quotes(found, SHOWN, later) == [("brass bands", "string quartets")]


def test_a_name_that_becomes_a_mark_is_a_redaction() -> None:
    found = changed(SHOWN, MARKED)
    assert found.kinds == ("redaction_added",)
    # The later text is the redaction.
    assert (found.relation, found.direction) == ("redaction_of", "backward")
    assert {variant.hides for variant in found.variants} == {"left"}
    back = changed(MARKED, SHOWN)
    assert back.kinds == ("redaction_removed",)
    assert (back.relation, back.direction) == ("redaction_of", "forward")


def test_a_mark_that_only_got_longer_is_typography() -> None:
    assert changed(MARKED, MARKED.replace("XXXXXXXXXXXX", "xxxxxx")).kinds == ("typography",)


def test_a_passage_that_went_with_its_mark_is_no_redaction_removed() -> None:
    later = MARKED.replace("XXXXXXXXXXXX told Econoff on\nApril 11 that the", "The")
    found = changed(MARKED, later)
    assert found.kinds == ("wording",)


def test_redactions_both_ways_make_no_text_the_redaction() -> None:
    one = MARKED
    other = SHOWN.replace("two deputy mayors", "XXXXXXXXXXXX")
    found = changed(one, other)
    assert set(found.kinds) == {"redaction_added", "redaction_removed"}
    assert (found.relation, found.direction, found.basis) == (
        "variant_of", "both", "redaction_marks",
    )  # fmt: skip


def test_a_paragraph_more_is_a_block_and_the_shorter_text_an_extract() -> None:
    found = changed(SHOWN, SHOWN.replace("\nPENWARDEN", f"{BLOCK}\nPENWARDEN"))
    assert found.kinds == ("block_added",)
    assert (found.relation, found.direction, found.basis) == (
        "extract_of", "forward", "containment",
    )  # fmt: skip
    assert found.score >= 0.95


def test_sixty_words_are_no_block() -> None:
    for words, kind in ((60, "wording"), (61, "block_added")):
        longer = SHOWN.replace("\nPENWARDEN", f"{' tram' * words}\nPENWARDEN")
        assert changed(SHOWN, longer).kinds == (kind,)


def test_the_text_of_another_cable_is_unrelated() -> None:
    found = changed(SHOWN, OTHER)
    assert found.relation == "unrelated"
    assert found.score < 0.3
    assert found.kinds == ("replaced",)
    assert found.variants == ()


def test_a_line_or_two_are_too_short_to_be_unrelated() -> None:
    assert changed(SHOWN, "PENWARDEN, Orla").relation != "unrelated"


def test_a_newspapers_form_is_a_dialect() -> None:
    telegram = SHOWN.replace("SUBJECT:", "E.O. 12958: DECL: 04/20/2017\nTAGS: PREL KZ\nSUBJECT:")
    newspaper = SHOWN.replace("SUBJECT:", "EO 12958 DECL: 04/20/2017\nTAGS PREL, KZ\nSUBJECT:")
    assert changed(telegram, newspaper).kinds == ("dialect_switch", "typography")


@pytest.mark.parametrize(
    "asserted_by, dialect",
    [("media_partner", "newspaper"), ("dump_record", "dump"), ("cable_body", "telegram")],
)
def test_what_stood_around_a_text_tells_its_dialect(asserted_by: str, dialect: str) -> None:
    found = Text.of(reading(SHOWN, claim("record_number", "9", asserted_by=asserted_by)))
    assert found.dialect == dialect


def test_a_switch_of_dialect_alone_leaves_the_text_the_same() -> None:
    newspaper = replace(text(SHOWN), dialect="newspaper")
    assert compare(text(SHOWN), newspaper).relation == "same"


def test_texts_too_long_to_align_are_still_compared() -> None:
    later = SHOWN.replace("brass bands", "string quartets").replace("a duty", "an honour")
    found = compare(text(SHOWN), text(later), most_cells=1)
    assert len(found.variants) == 1
    assert found.kinds == ("wording",)


# Any text that a page may have, and texts that look like cables.
PIECES = st.sampled_from(
    ["The", "tram", "stops", "XXXXXXXX", "[name removed]", '"', "'", "--", "...", "\n\n", " ", "1.",
     "9x12", "8)", "-", "(C)", "told", "Orlovskaya", "of", "<br>"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=60).map(" ".join) | st.text(max_size=60)
SETTINGS = {
    '"': "“", "'": "’", "--": "—", "...": "…", " ": "\u00a0 ", "x": "×", "\n": " \n ", "8)": "😎",
}  # fmt: skip


@given(TEXTS, st.sets(st.sampled_from(sorted(SETTINGS))))
@settings(deadline=None)
def test_texts_that_fold_to_the_same_are_never_reworded(body: str, changes: set[str]) -> None:
    other = body
    for change in sorted(changes):
        other = other.replace(change, SETTINGS[change])
    if fold(f"\n{other}") == fold(f"\n{body}"):
        found = changed(body, other)
        assert found.relation in ("same", "reformats")
        assert set(found.kinds) <= {"white_space", "typography", "dialect_switch"}


# Of two alignments with as few changes, which one is found depends on which text comes first.
@example("tram band candle band", "band band band candle")
@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_swapping_two_texts_swaps_all_that_is_said_of_them(one: str, other: str) -> None:
    there, back = changed(one, other), changed(other, one)
    assert back == there.swapped()
    assert back.swapped() == there
    ways = {"forward": "backward", "backward": "forward", "both": "both"}
    assert back.direction == ways[there.direction]
    for added, removed in (
        ("redaction_added", "redaction_removed"),
        ("block_added", "block_removed"),
    ):
        assert (added in there.kinds) == (removed in back.kinds)
    for variant, mirrored in zip(there.variants, back.variants, strict=True):
        assert (variant.left, variant.right) == (mirrored.right, mirrored.left)


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_a_comparison_is_as_it_says(one: str, other: str) -> None:
    found = changed(one, other)
    assert 0 <= found.score <= 1
    assert list(found.kinds) == sorted(set(found.kinds), key=KINDS.index)
    assert (found.kinds == ()) == (one == other)
    ends = [variant.left.end for variant in found.variants]
    starts = [variant.left.start for variant in found.variants]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
