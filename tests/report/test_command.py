"""`scrapy report` as a user runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crawling import Project
from tests.report.reports import Reported, parse, report_of
from tests.stores import SampleStore


def test_the_page_is_written_beside_the_store(reported: Reported, tmp_path: Path) -> None:
    project = reported.project.copy(tmp_path)
    ended = project.run("report")
    assert ended.status == 0, ended.stderr
    cables = len(reported.export.lines("cables"))
    assert ended.stdout.startswith(f"{cables} cables in ")
    path = project.data_dir / "report.html"
    assert f"written to {path}, " in ended.stdout
    assert path.read_bytes() == reported.report.path.read_bytes()


def test_the_same_store_gives_the_same_bytes(reported: Reported, tmp_path: Path) -> None:
    """Whenever, wherever, and whatever the user has told matplotlib."""
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 30\nsvg.fonttype: path\nfont.size: 30\n")
    elsewhere = reported.project.copy(tmp_path)
    elsewhere.environment = {
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
        "TZ": "Asia/Tokyo",
        "PYTHONHASHSEED": "7",
    }
    again = report_of(elsewhere, tmp_path / "again.html")
    assert again.path.read_bytes() == reported.report.path.read_bytes()


def test_an_earlier_report_is_replaced_and_nothing_else_is_left(
    reported: Reported, tmp_path: Path
) -> None:
    path = tmp_path / "out" / "report.html"
    path.parent.mkdir()
    path.write_text("an earlier one")
    report_of(reported.project, path)
    assert os.listdir(path.parent) == ["report.html"]
    assert path.read_bytes() == reported.report.path.read_bytes()


def test_json_says_what_every_figure_says(reported: Reported) -> None:
    told = reported.report.told
    assert told["written_to"] == str(reported.report.path)
    assert told["bytes"] == reported.report.path.stat().st_size
    assert told["counts"]["cables"] == len(reported.export.lines("cables"))
    assert [figure["name"] for figure in told["figures"]] == [
        figure.attributes["id"] for figure in reported.report.figures
    ]
    for figure in told["figures"]:
        assert figure["sentence"] == reported.report.sentence(figure["name"])


def test_an_empty_store_has_a_page_that_says_so(tmp_path: Path) -> None:
    SampleStore(tmp_path / "data").engine.dispose()
    ended = Project(tmp_path).run("report")
    assert ended.status == 0, ended.stderr
    assert ended.stdout.startswith("The store is empty")
    page = parse((tmp_path / "data" / "report.html").read_text(encoding="utf-8"))
    assert "The store is empty" in page.one("header").text
    assert page.all("svg") == []
    assert all(figure.one("p", "sentence").text for figure in page.all("figure"))


def test_one_cable_gives_sentences_about_one(tmp_path: Path) -> None:
    from tests.sites.cables import invented_cables
    from tests.sites.mirror import Build, write_mirror

    write_mirror(tmp_path / "site", invented_cables(1), Build(1, "v4"))
    SampleStore(tmp_path / "data").crawl("mirror", tmp_path / "site")
    report = report_of(Project(tmp_path), tmp_path / "report.html")
    assert report.sentence("cables-by-post").startswith("The store has 1 cable of 1 post, sent in ")
    assert report.sentence("cables-by-source") == "The only cable comes from mirror."
    assert report.sentence("overlap") == "There are no two sources with cables to compare."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "scrapy report: nonsense: unknown argument; see scrapy report --help"),
        (["--output"], "scrapy report: --output: expected one argument; see scrapy report --help"),
        (["--output", "."], "scrapy report: --output .: is a folder; name a file"),
    ],
)
def test_bad_usage_is_told_in_a_line(reported: Reported, arguments: list[str], said: str) -> None:
    ended = reported.project.run("report", *arguments)
    assert (ended.status, ended.errors, ended.stdout) == (1, [said], "")


def test_a_place_that_is_not_there_is_told_in_a_line(reported: Reported, tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "report.html"
    ended = reported.project.run("report", "--output", str(place))
    assert ended.status == 1
    assert ended.errors == [
        f"scrapy report: --output {place}: there is no folder {place.parent}; make it first"
    ]


def test_a_store_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    ended = Project(tmp_path).run("report")
    assert ended.status == 1
    (line,) = ended.errors
    assert line.startswith("scrapy report: ")
    assert not (tmp_path / "data").exists()
