"""The page in a real browser: light and dark, wide and narrow, with no word on its console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import Settings

from cablecrawl import browser
from tests.report.reports import Reported, csv_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAM = browser.find_browser(Settings({"BROWSER": ""}))
MISSING = browser.why_no_browser(Settings({"BROWSER": ""}), PROGRAM)
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

PHONE, DESK = {"width": 375, "height": 800}, {"width": 1280, "height": 900}
PAPER = {"light": (255, 255, 255), "dark": (19, 23, 27)}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page that was opened, and all that came of it."""

    def __init__(self, chromium: Browser, path: Path, size: Any, scheme: Any) -> None:
        context = chromium.new_context(viewport=size, color_scheme=scheme, accept_downloads=True)
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("kind", ["reported", "hostile"])
def test_it_opens_without_a_word_and_within_its_width(
    chromium: Browser, kind: str, size: Any, scheme: str, request: pytest.FixtureRequest
) -> None:
    reported: Reported = request.getfixturevalue(kind)
    opened = Opened(chromium, reported.report.path, size, scheme)
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert opened.said == []
    assert opened.asked == [reported.report.path.as_uri()]
    opened.page.context.close()


@pytest.mark.parametrize("scheme", PAPER)
def test_the_drawings_follow_the_colour_scheme(
    chromium: Browser, reported: Reported, scheme: str
) -> None:
    opened = Opened(chromium, reported.report.path, DESK, scheme)
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert tuple(map(int, re.findall(r"\d+", paper))) == PAPER[scheme]
    fills = opened.evaluate(
        "[...document.querySelectorAll('svg text')].map(one => getComputedStyle(one).fill)"
    )
    assert fills
    is_light = scheme == "light"
    tick = opened.evaluate("getComputedStyle(document.querySelector('svg text.f-ink')).fill")
    assert (max(map(int, re.findall(r"\d+", tick))) < 64) == is_light
    assert opened.evaluate("getComputedStyle(document.querySelector('.f-one')).fill") in fills or (
        opened.evaluate("getComputedStyle(document.querySelector('.f-one')).fill") != "rgb(0, 0, 0)"
    )
    opened.page.context.close()


def test_every_drawing_can_be_seen_and_scrolled_to_by_keyboard(
    chromium: Browser, reported: Reported
) -> None:
    opened = Opened(chromium, reported.report.path, PHONE, "light")
    boxes = opened.evaluate(
        "[...document.querySelectorAll('.drawing')].map(box => [box.tabIndex,"
        " box.clientWidth, box.querySelector('svg').getBoundingClientRect().width,"
        " box.querySelector('svg').getBoundingClientRect().height,"
        " getComputedStyle(box).overflowX])"
    )
    assert len(boxes) >= 10
    for tab, box, width, height, overflow in boxes:
        assert tab == 0 and overflow == "auto"
        assert 0 < box <= PHONE["width"] and width > 50 and height > 15
    # From the first link onwards, everything that is met can be seen to be met.
    opened.page.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "To the content"
    opened.page.context.close()


def test_the_texts_of_a_drawing_stay_in_it(chromium: Browser, hostile: Reported) -> None:
    """The page's fonts are others than those by which it was laid out."""
    opened = Opened(chromium, hostile.report.path, DESK, "light")
    outside = opened.evaluate(
        "[...document.querySelectorAll('svg')].flatMap(svg => {"
        " const box = svg.getBoundingClientRect();"
        " return [...svg.querySelectorAll('text')].filter(text => {"
        "  const own = text.getBoundingClientRect();"
        "  return own.left < box.left - 1 || own.right > box.right + 1"
        "   || own.top < box.top - 1 || own.bottom > box.bottom + 1;"
        " }).map(text => text.textContent) })"
    )
    assert outside == []
    opened.page.context.close()


def test_the_data_can_be_downloaded(chromium: Browser, reported: Reported, tmp_path: Path) -> None:
    opened = Opened(chromium, reported.report.path, DESK, "light")
    with opened.page.expect_download() as started:
        opened.page.click("a[download='cables-by-source.csv']")
    started.value.save_as(tmp_path / "table.csv")
    (link,) = [
        a
        for a in reported.report.page.all("a")
        if a.attributes.get("download") == "cables-by-source.csv"
    ]
    assert started.value.suggested_filename == "cables-by-source.csv"
    assert (tmp_path / "table.csv").read_bytes() == csv_of(link)
    opened.page.context.close()
