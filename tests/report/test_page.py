"""The page: well-formed, by itself, readable, and right whatever names are in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from importlib import resources

import pytest

from cablecrawl.posts import posts
from cablecrawl.report.colours import HELD, LACK, NAMES, written_on
from cablecrawl.report.numbers import (
    Holding,
    Numbers,
    PostYear,
    RunLine,
    SharedCables,
    SourceCables,
    SourceProblems,
)
from cablecrawl.report.page import MOST_ROWS, page
from tests.report.conftest import HOSTILE
from tests.report.reports import Element, Report, Reported, csv_of, parse

ADDRESSES = ("href", "src", "action", "data", "poster", "srcset", "xlink:href")
AT_ALL = re.compile(r"url\(\s*['\"]?(?!#)|@import|expression\(", re.IGNORECASE)


def policy_of(root: Element) -> str:
    (meta,) = [
        meta
        for meta in root.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    return meta.attributes["content"]


@pytest.mark.parametrize("kind", ["reported", "hostile"])
def test_the_page_needs_nothing_from_elsewhere(kind: str, request: pytest.FixtureRequest) -> None:
    reported: Reported = request.getfixturevalue(kind)
    root = reported.report.page
    identities = {element.attributes["id"] for element in root.walk() if "id" in element.attributes}
    for element in root.walk():
        assert element.tag not in ("script", "img", "link", "iframe", "object", "image", "base")
        for name, value in element.attributes.items():
            assert not name.startswith("on") and name != "style", (element.tag, name)
            assert name != "xmlns" or value == "http://www.w3.org/2000/svg"
            if name in ADDRESSES:
                assert value.startswith("data:text/csv;") or value[1:] in identities, value[:80]
        if element.tag == "style":
            assert not AT_ALL.search(element.text)
    (style,) = root.all("style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy_of(root).startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


@pytest.mark.parametrize("kind", ["reported", "hostile"])
def test_no_two_elements_have_one_id(kind: str, request: pytest.FixtureRequest) -> None:
    reported: Reported = request.getfixturevalue(kind)
    identities = [e.attributes["id"] for e in reported.report.page.walk() if "id" in e.attributes]
    assert len(identities) == len(set(identities))


def test_every_figure_has_words_data_and_an_alternative(reported: Reported) -> None:
    root = reported.report.page
    by_id = {e.attributes["id"]: e for e in root.walk() if "id" in e.attributes}
    drawings = 0
    for figure in reported.report.figures:
        assert figure.one("h3").text
        sentence = figure.one("p", "sentence").text
        assert re.search(r"\d|^No |^There ", sentence) and sentence.endswith("."), sentence
        (link,) = figure.all("a")
        rows = csv_of(link).decode().split("\r\n")
        assert link.attributes["download"].endswith(".csv") and rows[-1] == ""
        heads = [head.text for head in figure.one("thead").all("th")]
        assert heads == [name.replace("_", " ") for name in rows[0].split(",")]
        for svg in figure.all("svg"):
            drawings += 1
            assert svg.attributes["role"] == "img"
            title, description = (by_id[i] for i in svg.attributes["aria-labelledby"].split())
            assert (title.tag, title.parent) == ("title", svg)
            assert (description.tag, description.parent) == ("desc", svg)
            assert title.text == figure.one("h3").text
            assert description.text.startswith(sentence) and len(description.text) > len(sentence)
    assert drawings >= 10


def test_the_drawings_have_no_colours_and_fonts_of_their_own(reported: Reported) -> None:
    known = {f"{use}-{name}" for name in NAMES for use in "fs"}
    for svg in reported.report.page.all("svg"):
        for element in svg.walk():
            for name in ("fill", "stroke"):
                assert element.attributes.get(name, "none") == "none"
            assert "font-family" not in element.attributes
            if element is not svg:
                assert set(element.attributes.get("class", "").split()) <= known


def test_hostile_names_are_text(hostile: Reported) -> None:
    report = hostile.report
    document = report.path.read_text(encoding="utf-8")
    assert "\x00" not in document and "\x1b" not in document and "\u202e" not in document
    # In the drawing, in the table, and in a sentence or a tip.
    for shown in ("<script>alert(1)</script>", '"><img src=//evil/x> $x^2$'):
        found = [e for e in report.page.walk() if any(shown in words for words in e.words)]
        assert {"text", "td"} <= {element.tag for element in found}
    told = {figure["name"]: figure["sentence"] for figure in report.told["figures"]}
    assert json.dumps(told).isascii()


def test_hostile_names_are_no_formulas(hostile: Reported) -> None:
    cells = {row["source"] for row in hostile.report.table("cables-by-source")}
    assert f"'{HOSTILE[1]}" in cells
    assert HOSTILE[0] in cells
    reasons = {row["reason"] for row in hostile.report.table("problems")}
    assert f"'{HOSTILE[1]}" in reasons


# ---------------------------------------------------------------------------- large stores


def large() -> Numbers:
    """The numbers of a store as large as they come: every post and year, many sources and runs."""
    numbers = Numbers("2026-11-22T05:26:01.000000+00:00")
    for place, post in enumerate(sorted(posts(), key=lambda post: post.id), start=1):
        for year in range(1966, 2011):
            count = 60_000 // (place * (2012 - year))
            if count:
                row = PostYear(
                    post.id, year, count, count // 9, count, None, None, count, count, count // 3, 0
                )
                numbers.post_years.append(row)
    numbers.cited_not_in_store = sum(row.cited_not_in_store for row in numbers.post_years)
    names = [f"mirror-{number:02}.example" for number in range(35)]
    numbers.sources = [
        SourceCables(name, 9000 - 100 * n, n, 9000 - 101 * n) for n, name in enumerate(names)
    ]
    numbers.shared = [
        SharedCables(one, other, 100 * (n + m), round(100 * (n + m) / (9000 - 100 * n), 3))
        for n, one in enumerate(names)
        for m, other in enumerate(names)
        if one != other
    ]
    numbers.problems = [
        SourceProblems(name, f"reason_{reason}", 3**reason) for name in names for reason in range(8)
    ]
    numbers.runs = [
        RunLine(
            f"2026{n:04}",
            "mirrors",
            names,
            "2026-11-22T05:26:01",
            None,
            n * 60.0,
            "finished",
            0,
            n,
            1,
            0,
            0,
            0,
            n,
            n,
            None,
        )
        for n in range(500)
    ]
    numbers.holdings = [Holding("cables", numbers.cables)]
    return numbers


@pytest.fixture(scope="module")
def of_large(tmp_path_factory: pytest.TempPathFactory) -> Report:
    path = tmp_path_factory.mktemp("large") / "report.html"
    content, _ = page(large())
    path.write_bytes(content)
    return Report(path, {}, parse(content.decode()))


def test_posts_behind_the_first_forty_share_a_row_and_the_csv_has_all(of_large: Report) -> None:
    rows = of_large.table("cables-by-post-and-year")
    assert len({row["post"] for row in rows}) == len(posts()) > 200
    (figure,) = [f for f in of_large.figures if f.attributes["id"] == "cables-by-post"]
    labels = [text.text for text in figure.one("svg").all("text")]
    assert f"{len(posts()) - 40} other posts" in labels
    cells = [tip.text for tip in figure.one("svg").all("title")][1:]
    drawn = sum(int(re.findall(r": ([\d,]+) cable", tip)[0].replace(",", "")) for tip in cells)
    assert drawn == sum(int(row["cables"]) for row in rows)


def test_long_tables_are_cut_in_the_page_and_whole_in_the_csv(of_large: Report) -> None:
    (figure,) = [f for f in of_large.figures if f.attributes["id"] == "runs-found"]
    assert len(figure.one("tbody").all("tr")) == MOST_ROWS < len(of_large.table("runs")) == 500
    assert "The first 200 of 500 rows; the CSV has all." in figure.text
    assert "The latest 30 are shown; the CSV has all 500." in figure.text


def test_a_large_report_stays_within_ten_megabytes(of_large: Report) -> None:
    assert of_large.path.stat().st_size < 3_000_000


# -------------------------------------------------------------------------------- colours


def themes() -> Iterator[tuple[str, dict[str, str]]]:
    """The colours of the style sheet, light, dark and printed."""
    style = (resources.files("cablecrawl.report") / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.S)
    for name, block in zip(("light", "dark", "print"), blocks, strict=True):
        yield name, dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


THEMES = dict(themes())


def luminance(colour: str) -> float:
    """Relative luminance (https://www.w3.org/TR/WCAG21/#dfn-relative-luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_what_is_behind_it(theme: str) -> None:
    colours = THEMES[theme]
    assert set(NAMES) <= colours.keys()
    for text in ("ink", "soft", "link"):
        for behind in ("paper", "panel"):
            assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)
    for step in (*HELD, *LACK):
        assert contrast(colours[written_on(step)], colours[step]) >= 4.5, step
    for bar in ("one", "two", "three", "four", "rest"):
        assert contrast(colours[bar], colours["paper"]) >= 3, bar


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scale", [HELD, LACK])
def test_a_scale_is_told_apart_without_colours(theme: str, scale: tuple[str, ...]) -> None:
    steps = [contrast(THEMES[theme][name], THEMES[theme]["paper"]) for name in scale]
    assert steps == sorted(steps)
    assert all(after / before > 1.1 for before, after in zip(steps, steps[1:], strict=False))
