"""`scrapy browse` as a user has it: its own process, and a real browser."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from scrapy.settings import Settings

from cablecrawl import browser
from cablecrawl.collation.comparison import KINDS
from tests.browse.conftest import export_of
from tests.crawling import run_scrapy
from tests.stores import SampleStore

PROJECT = Path(__file__).parents[2]
PROGRAM = browser.find_browser(Settings({"BROWSER": ""}))
MISSING = browser.why_no_browser(Settings({"BROWSER": ""}), PROGRAM)

CATS = "06NICOSIA9204"

# Gives a line for each text that is hard to read.
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")


class Served(NamedTuple):
    """A running `scrapy browse`."""

    url: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Iterator[Served]:
    export = export_of(demo_store, tmp_path_factory.mktemp("browse") / "export")
    arguments = ["--export", str(export), "--port", "0", "-s", f"DATA_DIR={demo_store.data_dir}"]
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", "browse", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, process.stderr.read()
        yield Served(found[0], process)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


class Look:
    """A page in a browser, and what it should not do."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", lambda said: self._said(said))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("response", lambda answer: self._answered(answer))
        page.on("request", lambda request: self._asked(request.url, base))

    def _said(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.faults.append(f"{said.type}: {said.text}")

    def _answered(self, answer: Any) -> None:
        if answer.status >= 400:
            self.faults.append(f"{answer.status}: {answer.url}")

    def _asked(self, url: str, base: str) -> None:
        if not url.startswith((f"{base}/", "data:")):
            self.faults.append(f"asked for {url}")

    def fits(self) -> bool:
        """Whether nobody must scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def paper(self) -> str:
        """The colour of the page, and that of its text."""
        return str(
            self.page.evaluate(
                "(s => s.backgroundColor + ' ' + s.color)(getComputedStyle(document.body))"
            )
        )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if MISSING is not None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield started
        started.close()


def test_a_reader_searches_clicks_through_to_a_byte_and_compares(
    chromium: Any, served: Served
) -> None:
    look = Look(chromium.new_page(), served.url)
    page = look.page
    page.goto(f"{served.url}/")
    page.keyboard.press("/")
    page.keyboard.type("buffer zone")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=CATS).first.click()
    assert page.get_by_role("heading", level=1).inner_text().startswith(CATS)
    field = page.locator("#field-subject")
    field.locator("summary").click()
    assert field.locator("mark").first.inner_text() == "CYPRUS: THE CATS OF THE BUFFER ZONE"
    field.get_by_role("link", name=re.compile("characters .* of the capture")).first.click()
    assert page.locator("#quote").inner_text() == "CYPRUS: THE CATS OF THE BUFFER ZONE"
    shown = bytes.fromhex(page.locator(".bytes mark").inner_text())
    assert shown == b"CYPRUS: THE CATS OF THE BUFFER ZONE"
    page.wait_for_load_state()  # what hears a key is there then
    page.keyboard.press("j")
    assert page.locator(".ledger .current").count() == 1
    page.get_by_role("link", name=CATS).first.click()
    page.get_by_role("link", name=re.compile("compare with text")).first.click()
    assert page.locator(".sides .row").count() > 2
    page.locator("select[name=right]").select_option(index=0)
    page.get_by_role("button", name="Compare").click()
    page.goto(f"{served.url}/source/later-build")
    assert page.get_by_role("heading", name="Runs").is_visible()
    assert look.faults == []


PATHS = (
    "/",
    f"/cable/{CATS}",
    f"/compare/{CATS}",
    "/source/later-build",
    "/search?q=cats",
    "/cables",
)


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_pages_are_readable_at_every_width_in_light_and_dark(
    chromium: Any, served: Served, width: int
) -> None:
    papers = {}
    for scheme in ("light", "dark"):
        context = chromium.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        look = Look(context.new_page(), served.url)
        for path in PATHS:
            look.page.goto(f"{served.url}{path}")
            assert look.fits(), (path, width)
            papers[scheme, path] = look.paper()
        assert look.faults == []
        context.close()
    assert {papers["light", path] for path in PATHS}.isdisjoint(
        papers["dark", path] for path in PATHS
    )


def test_names_in_tables_stand_on_one_line_on_a_phone(chromium: Any, served: Served) -> None:
    page = chromium.new_page(viewport={"width": 375, "height": 800})
    for path in ("/", f"/cable/{CATS}", "/source/later-build"):
        page.goto(f"{served.url}{path}")
        lines = page.locator(".scroll th").evaluate_all(
            "cells => cells.map(cell => { const range = document.createRange();"
            " range.selectNodeContents(cell);"
            " return new Set([...range.getClientRects()].map(one => one.bottom)).size })"
        )
        assert lines and max(lines) == 1, (path, lines)


def a_capture(page: Any, served: Served) -> str:
    """The path of one that a cable's page leads to, with a quote."""
    page.goto(f"{served.url}/cable/{CATS}")
    return str(page.locator("a[href^='/capture/']").first.get_attribute("href"))


SQL = "select *, 1 + 1 as number, 'a' as letter from runs -- all of them"
SQL_PAGE = f"/cables?{urlencode({'sql': SQL})}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_every_text_stands_out_from_what_is_behind_it(
    chromium: Any, served: Served, width: int, scheme: str
) -> None:
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    paths = [*PATHS, "/search?q=none+of+them", "/cables/runs", "/cables/captures?_facet=source"]
    paths += ["/cables/sources/later-build", "/cables/claims"]
    paths += [SQL_PAGE, "/cables?sql=none"]
    paths.append(a_capture(page, served))
    hard = {}
    for path in [*paths, "/cable/none"]:
        page.goto(f"{served.url}{path}")
        if found := page.evaluate(CONTRAST):
            hard[path] = found
    context.close()
    assert hard == {}


def test_the_keyboard_reaches_what_the_mouse_does(chromium: Any, served: Served) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}/cable/{CATS}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#field-created summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#field-created").get_attribute("open") is not None


@pytest.mark.parametrize("path", ["/search?q=cats", "/cables/captures?source=x", SQL_PAGE])
def test_controls_of_datasettes_pages_have_names(chromium: Any, served: Served, path: str) -> None:
    page = chromium.new_page(viewport={"width": 375, "height": 800})
    page.goto(f"{served.url}{path}")
    names = page.locator("input:not([type=hidden], [type=submit]), select, textarea").evaluate_all(
        "all => all.map(one => one.ariaLabel || one.labels[0]?.innerText || '')"
    )
    assert len(names) > 1 and all(names), names


@pytest.mark.parametrize("path", [f"/cable/{CATS}", f"/compare/{CATS}", "/search?q=cats", SQL_PAGE])
def test_what_has_the_focus_is_seen(chromium: Any, served: Served, path: str) -> None:
    page = chromium.new_page(color_scheme="dark")
    page.goto(f"{served.url}{path}")
    for _ in range(45):
        page.keyboard.press("Tab")
        at = page.evaluate(
            "(() => { const at = document.activeElement;"
            " const shown = at.closest('.select-wrapper, .CodeMirror') ?? at;"
            " const { outlineStyle, outlineWidth } = getComputedStyle(shown);"
            " return [at.outerHTML.slice(0, 80), outlineStyle, parseFloat(outlineWidth)] })()"
        )
        if at[0].startswith("<body"):
            break
        assert at[1] == "solid" and at[2] >= 2, at


def test_the_menu_of_a_column_opens_by_the_keyboard(chromium: Any, served: Served) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}/search?q=cats")
    page.get_by_role("button", name="Menu of subject").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.dropdown-menu') !== null")
    page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
    assert page.evaluate(CONTRAST) == []
    page.keyboard.press("Escape")
    assert not page.locator(".dropdown-menu").last.is_visible()
    assert page.evaluate("document.activeElement.ariaLabel") == "Menu of subject"


def test_the_legend_of_a_ledger_leads_from_stretch_to_stretch_and_says_which_it_is(
    chromium: Any, served: Served
) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}{a_capture(page, served)}")
    said, current = page.get_by_role("status"), page.locator(".ledger .current")
    for row in page.locator("table.legend button").all():
        mark = row.get_attribute("data-mark")
        alike = page.locator(f".ledger [data-mark={mark}]")
        row.focus()
        for place in range(min(alike.count(), 3)):
            page.keyboard.press("Enter")
            assert current.get_attribute("data-mark") == mark
            assert current.bounding_box() == alike.nth(place).bounding_box()
            assert said.inner_text().endswith(f" ({place + 1} of {alike.count()})")
        name = row.inner_text().replace(" ", "").replace("\n", "")
        assert said.inner_text().replace(" ", "").replace(":", "").startswith(name)
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('.current')")
    first = said.inner_text()
    page.get_by_role("button", name="Next").click()
    assert said.inner_text() != first
    page.get_by_role("button", name="Close").click()
    assert said.inner_text() == "" and current.count() == 0
    page.locator(".ledger .boilerplate").first.click()
    assert "removed: " in said.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_kinds_of_change_differ_in_colour_and_in_letters(
    chromium: Any, served: Served, scheme: str
) -> None:
    page = chromium.new_page(color_scheme=scheme)
    page.goto(f"{served.url}/compare/{CATS}")
    marks = "".join(f'<mark class="change {kind}">words</mark>' for kind in KINDS)
    page.locator(".sides").evaluate("(element, marks) => element.innerHTML = marks", marks)
    for look in (
        "getComputedStyle(mark).backgroundColor",
        "getComputedStyle(mark, '::before').content",
    ):
        looks = page.locator(".sides mark").evaluate_all(f"marks => marks.map(mark => {look})")
        assert len(set(looks)) == len(KINDS), looks
    assert page.evaluate(CONTRAST) == []


def test_what_a_change_is_of_two_texts_is_told_without_a_mouse(
    chromium: Any, served: Served
) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}/cable/{CATS}")
    page.get_by_role("link", name=re.compile("compare with text")).first.click()
    page.wait_for_load_state()  # what hears a key is there then
    button = page.locator(".legend button").first
    button.focus()
    page.keyboard.press("Enter")
    said = page.get_by_role("status").inner_text()
    assert said.startswith(f"{button.inner_text()} (1 of ")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('mark.change.current')")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--export", "nowhere"], "nowhere: is no export; make one: scrapy export --format"),
        (["--port", "99999999"], "--port 99999999: "),
        (["more"], "more: unknown argument; see scrapy browse --help"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(
    tmp_path: Path, demo_store: SampleStore, arguments: list[str], said: str
) -> None:
    given = (
        [] if "--export" in arguments else ["--export", str(export_of(demo_store, tmp_path / "e"))]
    )
    ended = run_scrapy(["browse", *arguments, *given, "-s", f"DATA_DIR={demo_store.data_dir}"])
    assert ended.status == 1
    assert ended.stderr.startswith(f"scrapy browse: {said}") and ended.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named(tmp_path: Path, demo_store: SampleStore) -> None:
    export = export_of(demo_store, tmp_path / "export")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = ["--export", str(export), "-s", f"DATA_DIR={demo_store.data_dir}"]
        ended = run_scrapy(["browse", "--port", port, *settings])
    assert ended.status == 1 and f"--port {port}: Address already in use" in ended.stderr


def test_an_export_without_the_tables_says_how_to_make_them(
    demo_export: Path, demo_store: SampleStore
) -> None:
    settings = ["-s", f"DATA_DIR={demo_store.data_dir}"]
    ended = run_scrapy(["browse", "--export", str(demo_export), *settings])
    assert ended.status == 1
    assert "has no cables.sqlite; export again: scrapy export --format jsonl,csv,sqlite" in (
        ended.stderr
    )
