"""Releases: what pages say is told apart from what is inferred."""

from __future__ import annotations

from pathlib import Path

from cablecrawl.report.drawing import Drawn, settings
from cablecrawl.report.figures import Figure
from cablecrawl.report.numbers import Numbers, ReleaseCables
from cablecrawl.report.sections.releases import releases
from tests.crawling import Project
from tests.report.reports import report_of
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore

SAYS = ReleaseCables("web-1862", "2010-12-21T21:36", 1862, 1862, 1862, 0)
SEEMS = ReleaseCables("web-926", "2010-12-05", 926, 700, 0, 700)
HUGE = ReleaseCables("web-251287", "2011-08-30", 251_287, 1, 1, 0)
UNCOUNTED = ReleaseCables("cablebrowser-2", "2011-10-04", None, 34, 34, 0)


def figure_of(*rows: ReleaseCables) -> tuple[Figure, Drawn]:
    with settings():
        figure = next(releases(Numbers("2026-11-22T05:26:01", releases=list(rows))))
        drawing = figure.draw()
    assert drawing is not None
    return figure, drawing


def keys(figure: Figure) -> list[tuple[str, str]]:
    return [(key.text, key.shape) for key in figure.legend]


def test_what_is_inferred_is_told_and_drawn_by_its_outline() -> None:
    figure, drawing = figure_of(SAYS, SEEMS)
    assert figure.sentence.startswith("Copies in the store say, or seem, to come from 2 releases")
    assert figure.sentence.endswith("Of 2,562 cables so counted, 700 by inference only.")
    assert keys(figure)[:2] == [("a page says so", "area"), ("inferred", "outline")]
    assert "f-one" in drawing.svg and "s-one" not in drawing.svg
    assert "s-three" in drawing.svg and "f-three" not in drawing.svg
    assert "by outline" in figure.alternative
    columns = figure.table.csv().decode().splitlines()[0].split(",")
    assert columns[-3:] == ["cables", "asserted", "inferred"]


def test_nothing_is_said_of_an_inference_where_there_is_none() -> None:
    figure, _ = figure_of(SAYS)
    assert keys(figure) == [("a page says so", "area"), ("cables it says it has", "stroke")]
    assert "inference" not in figure.sentence and "outline" not in figure.alternative


def test_a_stroke_is_promised_only_where_one_is_drawn() -> None:
    figure, drawing = figure_of(UNCOUNTED)
    assert keys(figure) == [("a page says so", "area")]
    assert "stroke" not in figure.alternative and "s-ink" not in drawing.svg
    figure, drawing = figure_of(SAYS, UNCOUNTED)
    assert "stroke" in figure.alternative and "s-ink" in drawing.svg


def test_a_count_off_the_scale_is_named() -> None:
    figure, drawing = figure_of(UNCOUNTED, HUGE)
    assert keys(figure) == [("a page says so", "area")] and "s-ink" not in drawing.svg
    assert figure.notes[-1] == (
        "Off the scale, and without a stroke, is what is said to be in web-251287 (251,287)."
    )


def test_the_data_have_what_no_page_says_as_inferred(tmp_path: Path) -> None:
    """Of 1862 other pages were seen than these; of 64621 none."""
    cables = invented_cables(3)
    store = SampleStore(tmp_path / "data")
    for counter, some in ((1862, cables), (64621, cables[:2])):
        write_mirror(tmp_path / str(counter), some, Build(counter, "v4"))
        store.crawl(f"mirror-{counter}", tmp_path / str(counter))
    rows = report_of(Project(tmp_path), tmp_path / "report.html").table("cables-by-release")
    found = [tuple(row.values())[-3:] for row in rows if row["cables"] != "0"]
    assert found == [("3", "0", "3"), ("2", "2", "0")]
