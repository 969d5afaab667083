"""Excerpts: a part of a page text less what the source put into it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cablecrawl.layouts.page import BLANKS, Excerpt, Span, trim


class Cut(NamedTuple):
    """A page text, a part of it, and what is taken out of the part."""

    text: str
    span: Span
    removed: list[Span]


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    text = draw(st.text(alphabet="ab¶1. \t\r\n", max_size=40))
    bounds = st.integers(0, len(text))
    start, end = sorted((draw(bounds), draw(bounds)))
    within = sorted(draw(st.lists(st.integers(start, end), max_size=8)))
    removed = [Span(*pair) for pair in zip(within[::2], within[1::2], strict=False)]
    return Cut(text, Span(start, end), removed)


def left_of(cut: Cut) -> str:
    """The part less what is taken out and less blank lines, character by character."""
    kept = [
        cut.text[position]
        for position in range(*cut.span)
        if not any(gap.start <= position < gap.end for gap in cut.removed)
    ]
    lines = "".join(kept).split("\n")
    while lines and not lines[0].strip(BLANKS):
        del lines[0]
    while lines and not lines[-1].strip(BLANKS):
        del lines[-1]
    return "\n".join(lines)


TWO_ANCHORS = Cut("\n ¶a\n¶b\n \n", Span(0, 10), [Span(2, 3), Span(5, 6)])


@given(cuts())
@example(TWO_ANCHORS)
def test_an_excerpt_is_the_part_less_what_was_taken_out_less_blank_lines(cut: Cut) -> None:
    assert Excerpt(*cut).text == left_of(cut)


@given(cuts())
@example(TWO_ANCHORS)
def test_the_spans_of_an_excerpt_make_up_its_text(cut: Cut) -> None:
    excerpt = Excerpt(*cut)
    position = cut.span.start
    for span in excerpt.spans():
        assert position <= span.start < span.end <= cut.span.end
        assert not any(gap.start < span.end and span.start < gap.end for gap in cut.removed)
        position = span.end
    assert "".join(cut.text[slice(*span)] for span in excerpt.spans()) == excerpt.text


@given(cuts())
@example(TWO_ANCHORS)
def test_each_character_of_an_excerpt_is_located_in_its_spans(cut: Cut) -> None:
    excerpt = Excerpt(*cut)
    located = [excerpt.locate(at, at + 1) for at in range(len(excerpt.text))]
    assert "".join(cut.text[slice(*span)] for span in located) == excerpt.text
    assert [span.start for span in located] == [
        position for span in excerpt.spans() for position in range(*span)
    ]


@given(cuts(), st.data())
def test_a_located_span_runs_from_its_first_character_to_its_last(
    cut: Cut, data: st.DataObject
) -> None:
    excerpt = Excerpt(*cut)
    if excerpt.text:
        start = data.draw(st.integers(0, len(excerpt.text) - 1))
        end = data.draw(st.integers(start + 1, len(excerpt.text)))
        span = excerpt.locate(start, end)
        assert span.start == excerpt.locate(start, start + 1).start
        assert span.end == excerpt.locate(end - 1, end).end


def test_a_located_span_covers_what_was_taken_out_between_its_ends() -> None:
    text = "See ¶1. here"
    excerpt = Excerpt(text, Span(0, len(text)), [Span(4, 5)])
    assert excerpt.text == "See 1. here"
    assert excerpt.locate(0, 6) == Span(0, 7)
    assert excerpt.locate(4, 6) == Span(5, 7)


def test_the_blanks_of_the_first_and_the_last_line_are_kept() -> None:
    text = " \n\t\n  TAGS  \n\n last \r\n \n"
    assert Excerpt(text, Span(0, len(text))).text == "  TAGS  \n\n last \r"


@pytest.mark.parametrize("text", ["", "\n", " \n \t\n", "   "])
def test_an_excerpt_of_blank_lines_is_empty(text: str) -> None:
    excerpt = Excerpt(text, Span(0, len(text)))
    assert (excerpt.text, excerpt.spans()) == ("", [])
    with pytest.raises(IndexError):
        excerpt.locate(0, 1)


@given(cuts(), st.data())
@example(TWO_ANCHORS, None)
def test_an_excerpt_can_be_cut_again(cut: Cut, data: st.DataObject | None) -> None:
    excerpt = Excerpt(*cut)
    bounds = st.integers(0, len(excerpt.text))
    drawn = data.draw(st.lists(bounds, max_size=8)) if data else [1, 2]
    within = sorted(drawn)
    spans = [Span(*pair) for pair in zip(within[::2], within[1::2], strict=False)]
    shorter = excerpt.without(spans)
    whole = Span(0, len(excerpt.text))
    assert shorter.text == left_of(Cut(excerpt.text, whole, spans))
    assert "".join(cut.text[slice(*span)] for span in shorter.spans()) == shorter.text
    kept = {position for span in excerpt.spans() for position in range(*span)}
    assert kept.issuperset(position for span in shorter.spans() for position in range(*span))
    assert excerpt.text == left_of(cut)


def test_what_is_left_of_an_excerpt_stands_where_it_stood() -> None:
    text = "id: 7\n¶1. (C) It rings.\nNNNN"
    excerpt = Excerpt(text, Span(0, len(text)), [Span(6, 7)])
    shorter = excerpt.without([Span(0, 6), Span(23, 27)])
    assert shorter.text == "1. (C) It rings."
    assert shorter.locate(0, 2) == Span(7, 9)
    assert excerpt.without([]).spans() == excerpt.spans()
    assert excerpt.without([Span(0, len(excerpt.text))]).spans() == []


@pytest.mark.parametrize("span", [(0, 0), (2, 1), (-1, 1), (0, 4), (3, 4)])
def test_a_span_outside_the_excerpt_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(IndexError):
        Excerpt("\nabc\n", Span(0, 5)).locate(*span)


@given(st.text(), st.data())
def test_a_span_is_trimmed_to_what_is_not_white_space(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = trim(text, start, end)
    assert start <= span.start <= span.end <= end
    assert text[span.start : span.end] == text[start:end].strip()
