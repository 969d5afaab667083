"""The columns of figures over time, with dates that nobody can have meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.report.drawing import settings
from cablecrawl.report.figures import Figure
from cablecrawl.report.numbers import (
    Numbers,
    PostYear,
    ReleaseCables,
    ReleasedMonth,
    SharedCables,
    SourceCables,
    SourceProblems,
    StrippedRule,
)
from cablecrawl.report.sections import sections
from cablecrawl.report.sections.posts import years_of
from cablecrawl.report.sections.releases import releases
from cablecrawl.report.timeline import Timeline, month_name, month_number, timeline
from tests.crawling import Project
from tests.report.reports import report_of
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore

WIDEST = 60 * 40
"""Pixels: of what is still a page to look at."""


def months_of(counts: dict[str, int], most: int = 40) -> tuple[Timeline, list[int]]:
    numbered = {month_number(month) or 0: count for month, count in counts.items()}
    found = timeline(numbered, month_name, whole=most, most=most, plausible=range(24121, 24323))
    return found, found.values(numbered)


def released(counts: dict[str, int]) -> Figure:
    numbers = Numbers("2026-11-22T05:26:01.000000+00:00")
    numbers.post_years = [
        PostYear("ASTANA", 2007, sum(counts.values()), 0, 1, None, None, 1, 1, 0, 0)
    ]
    numbers.released = [ReleasedMonth(month, count) for month, count in sorted(counts.items())]
    (_, figure) = releases(numbers)
    return figure


@pytest.mark.parametrize(
    "counts",
    [
        {"2010-12": 1, "9999-12": 1},
        {"0000-01": 1, "2010-12": 1, "9999-12": 3},
        {"9999-12": 1},
        {f"{year}-06": 1 for year in range(1000, 9999, 7)},
        {"2010-11": 47, "2011-08": 13, "1210-11": 1},
    ],
)
def test_no_stamp_makes_a_figure_long(counts: dict[str, int]) -> None:
    with settings():
        figure = released(counts)
        drawing = figure.draw()
    assert drawing is not None and drawing.width < WIDEST
    assert len(drawing.svg) < 50_000
    assert len(figure.table.rows) == len(counts)


def test_months_far_from_the_others_share_a_column_at_the_end() -> None:
    found, values = months_of({"1210-11": 2, "2010-11": 47, "2011-01": 13, "9999-12": 1})
    assert found.labels == ["<2010-11", "2010-11", "2010-12", "2011-01", ">2011-01"]
    assert values == [2, 47, 0, 13, 1]


def test_what_is_put_together_is_said() -> None:
    with settings():
        figure = released({"1210-11": 2, "2010-12": 47, "9999-12": 1})
    said = " ".join(figure.notes)
    assert "The column <2010-12 has 2 cables, from 1210-11 on; the column >2010-12" in said
    assert "has 1 cable, up to 9999-12." in said
    assert "3 cables with a month before that of the first release, 2010-02, or after" in said


def test_a_month_that_no_year_has_is_told_apart() -> None:
    with settings():
        figure = released({"2010-12": 4, "2010-77": 2})
        assert figure.draw() is not None
        nothing_else = released({"2010-77": 2})
        assert nothing_else.draw() is None
    assert "2 cables with no month of a calendar" in " ".join(figure.notes)


def test_a_stamp_that_cannot_be_makes_no_column_beside_one_that_can() -> None:
    found, values = months_of({"2010-12": 1, "9999-12": 1})
    assert (found.labels, values) == (["2010-12", ">2010-12"], [1, 1])


def test_columns_are_where_most_is() -> None:
    found, values = months_of({"2010-11": 5, "2015-01": 4, "2018-02": 4, "2026-01": 5})
    assert found.labels[1:-1] == [month_name(n) for n in range(24180, 24218)]
    assert values[0] == values[-1] == 5 and sum(values) == 18


def test_years_that_fit_are_all_there_and_few_of_many_are_put_together() -> None:
    assert years_of({1995: 1, 2010: 9}).labels == [str(year) for year in range(1995, 2011)]
    found = years_of({1966: 10, 1990: 5, 2005: 900, 2010: 600})
    assert found.labels == ["<2005", *map(str, range(2005, 2011))]
    assert found.values({1966: 10, 1990: 5, 2005: 900, 2010: 600}) == [15, 900, 0, 0, 0, 0, 600]


def test_years_of_a_century_are_no_more_columns_than_cables_have_years() -> None:
    counts = dict.fromkeys(range(1911, 2011), 7)
    found = years_of(counts)
    assert found.labels == ["<1966", *map(str, range(1966, 2011))]
    assert sum(found.values(counts)) == 700


def test_a_page_with_a_stamp_of_the_year_9999_does_not_stop_the_report(tmp_path: Path) -> None:
    cables = [replace(cable, released="9999-12-28 18:18") for cable in invented_cables(1)]
    write_mirror(tmp_path / "site", cables, Build(1, "v4"))
    SampleStore(tmp_path / "data").crawl("mirror", tmp_path / "site")
    report = report_of(Project(tmp_path), tmp_path / "report.html")
    assert report.table("cables-by-month-released") == [{"month": "9999-12", "cables": "1"}]
    widths = [int(svg.attributes["class"].removeprefix("w-")) for svg in report.page.all("svg")]
    assert max(widths) < WIDEST


def test_a_long_name_leaves_room_for_the_rest_of_the_sentence() -> None:
    numbers = Numbers("2026-11-22T05:26:01.000000+00:00")
    numbers.post_years = [PostYear("ASTANA", 2007, 9, 0, 1, None, None, 1, 1, 0, 0)]
    numbers.sources = [SourceCables("ab" * 5000, 9, 9, 0), SourceCables("c" * 5000, 9, 9, 0)]
    numbers.shared = [SharedCables("ab" * 5000, "c" * 5000, 9, 1.0)]
    numbers.problems = [SourceProblems("ab" * 5000, "d" * 5000, 3)]
    numbers.stripped = [StrippedRule("e" * 5000, 3, 4)]
    numbers.releases = [ReleaseCables("f" * 5000, None, None, 9, 9, 0)]
    with settings():
        for section in sections(numbers):
            for figure in section.figures:
                assert len(figure.sentence) < 600, figure.name
                tips = figure.chart.tips if figure.chart is not None else {}
                assert all(len(tip) < 600 for tip in tips.values())
                drawing = figure.draw()
                assert drawing is None or drawing.width < WIDEST


def test_each_of_a_few_months_has_its_label() -> None:
    with settings():
        drawing = released({"2010-11": 47, "2010-12": 14}).draw()
    assert drawing is not None
    assert ">2010-11<" in drawing.svg and ">2010-12<" in drawing.svg
