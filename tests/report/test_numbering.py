"""Numbers that are not in the store: counted up to those that can be believed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cablecrawl.posts import posts
from cablecrawl.report.drawing import settings
from cablecrawl.report.figures import Figure
from cablecrawl.report.numbering import Numbering, numbers_by_year
from cablecrawl.report.numbers import Numbers, PostYear
from cablecrawl.report.sections.missing import missing

STATE = posts().spelt("STATE")
assert STATE is not None
HIGHEST_OF_STATE = STATE.highest


def row_of(held: Sequence[str], cited: Sequence[str] = ()) -> PostYear:
    numbering = Numbering()
    for reference_id in held:
        numbering.add(reference_id)
    for reference_id in cited:
        numbering.add_cited(reference_id)
    (row,) = numbering.rows()
    return row


def figure_of(rows: list[PostYear]) -> Figure:
    with settings():
        return list(missing(Numbers("2026-11-22T05:26:01", post_years=rows)))[-1]


@pytest.mark.parametrize("where", ["held", "cited"])
def test_a_digit_too_many_adds_no_numbers_where_the_highest_is_known(where: str) -> None:
    wrong, right = ["08STATE943817"], ["08STATE43817"]
    row = row_of(right + wrong) if where == "held" else row_of(right, wrong)
    published = HIGHEST_OF_STATE[2008]
    assert row.highest_number_counted == published
    assert (row.numbers_in_store, row.numbers_not_in_store) == (1, published - 1)
    assert row.numbers_left_out == 1
    assert 943817 in (row.highest_number_in_store, row.highest_number_cited)


def test_a_number_a_little_above_the_highest_published_counts() -> None:
    published = HIGHEST_OF_STATE[2008]
    row = row_of([], [f"08STATE{published + 1000}"])
    assert (row.highest_number_counted, row.numbers_left_out) == (published + 1000, 0)


def test_other_years_of_the_post_tell_how_far_it_may_have_counted() -> None:
    row = row_of([], ["04STATE910044", "04STATE221655"])
    assert (row.highest_number_counted, row.numbers_left_out) == (221655, 1)
    alone = row_of([], ["04STATE910044"])
    assert (alone.highest_number_counted, alone.numbers_not_in_store) == (None, 0)


def test_a_number_far_above_the_others_is_left_out_where_nothing_is_published() -> None:
    others = [f"04APIA{number}" for number in range(10, 100, 10)]
    row = row_of(others, ["04APIA99000"])
    assert (row.highest_number_counted, row.numbers_left_out) == (90, 1)
    assert (row.numbers_in_store, row.numbers_not_in_store) == (9, 81)


def test_few_numbers_that_are_far_apart_are_all_counted() -> None:
    row = row_of(["04APIA30"], ["04APIA200"])
    assert (row.highest_number_counted, row.numbers_not_in_store) == (200, 199)


def test_many_numbers_need_not_be_close_to_one_another() -> None:
    row = row_of([f"04APIA{number}" for number in range(1, 500)], ["04APIA900"])
    assert (row.highest_number_counted, row.numbers_not_in_store) == (900, 401)


def test_a_number_that_stands_alone_says_nothing() -> None:
    row = row_of(["04APIA999999"])
    assert (row.highest_number_counted, row.numbers_in_store, row.numbers_left_out) == (None, 0, 1)


def test_cables_without_a_number_are_in_no_share_of_numbers() -> None:
    held = ["08PORTOFSPAIN546", "08SECTIN02OF02PORTOFSPAIN546"]
    row = row_of(held)
    assert (row.cables, row.numbers_in_store) == (2, 1)
    assert sum(year.in_store for year in numbers_by_year([row])) == 1


def test_what_is_known_and_what_is_inferred_are_told_apart() -> None:
    figure = figure_of([row_of(["08STATE43817"], ["08STATE943817"])])
    known, inferred = figure.sentence.split(" Inferred: ")
    assert known == "Known: 1 number of cables is in the store."
    assert (
        f"if the posts counted from 1 each year and left none out, {135_556:,} more numbers"
        in inferred
    )
    (note, *_) = figure.notes
    assert note.startswith(
        "Left out: 1 number that nothing bears out, the highest that of 08STATE943817."
    )
    assert "lower bound" not in " ".join(figure.notes)


def test_nothing_is_inferred_where_nothing_bears_a_number_out() -> None:
    figure = figure_of([row_of(["04APIA999999"])])
    assert figure.sentence == "There is no number that something else bears out."
    assert figure.chart is None and "04APIA999999" in figure.notes[0]
