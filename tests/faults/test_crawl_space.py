"""Crawl space, cases 23 to 27: sites without an end, and many ways to one page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cablecrawl.forwarding import forward_urls
from cablecrawl.items import Problem
from cablecrawl.pagetext import PageTextRenderer
from cablecrawl.reading import PageReader, items_of
from cablecrawl.traps import is_trap
from tests.crawling import Project
from tests.faults.server import FaultServer, response
from tests.faults.sites import PATIENT, sample_pages, whole
from tests.pipelines import MIRROR, capture_of

COUNTER = "<p>Currently released so far... 7 / 251,287</p>"
PAGE_NUMBER = re.compile(r"_(\d+)\.html")

TRAPS = (
    "?replytocom=77",
    "?share=twitter",
    ";jsessionid=0A1B",
    "?PHPSESSID=0a1b",
    "calendar.html?month=12&year=9999",
    "mailto:a@test.example",
    "javascript:void(0)",
    "#par3",
    "http://[",
)


def endless(path: str) -> bytes:
    """An index page at any address: one further down, one further on, and what blogs link to."""
    number = PAGE_NUMBER.search(path)
    further = int(number[1]) * 3 + 1 if number else 1
    links = ["reldate/2010-12-01_0.html", f"/reldate/2010-12-02_{further}.html", *TRAPS]
    return response((COUNTER + "".join(f"<a href='{link}'>x</a>" for link in links)).encode())


def test_case_23_a_site_that_has_a_page_at_every_address_comes_to_an_end(tmp_path: Path) -> None:
    project = Project(tmp_path, PATIENT)
    with FaultServer({"/robots.txt": response(b"")}, otherwise=endless) as server:
        ended = project.crawl("-a", f"url={server.url}")
    asked = {request.path for request in server.asked}
    assert len(asked) < 80, sorted(asked)
    assert "/reldate/reldate/2010-12-01_0.html" in asked
    assert not any(request.count("/reldate") > 2 for request in asked)
    assert not any(mark in path for path in asked for mark in ("replytocom", "sess", "calendar"))
    assert "links lead on for ever: not followed" in ended.stderr
    assert ended.status == 2 and "no cable found" in ended.stderr


@pytest.mark.parametrize(
    ("path", "trap"),
    [
        ("cable/2010/11/10OSLO1.html", False),
        ("cable/cable/2010/11/10OSLO1.html", False),
        ("cable/cable/cable/10OSLO1.html", True),
        ("a/b/a/b/a/b", True),
        ("2011/11/11/11/a-post", False),
        ("/".join("abcdefghijklmnopqrst"), False),
        ("/".join("abcdefghijklmnopqrstu"), True),
        ("x" * 2_100, True),
        ("reldate/2010-12-01_30000.html", False),
        ("reldate/2010-12-01_30001.html", True),
        ("page/99999/", True),
        ("cable_251287.html", False),
        ("?id=251287", False),
        ("reldate/2010-12-01_" + "9" * 5_000 + ".html", True),
    ],
)
def test_case_23_an_address_that_leads_on_for_ever_is_told_by_its_form(
    path: str, trap: bool
) -> None:
    assert is_trap(MIRROR + path) is trap


def reason_of(body: str) -> str:
    path = "cable/2010/11/10OSLO1.html"
    read = PageReader().read(MIRROR + path, body.encode(), "text/html")
    (item,) = items_of(capture_of(MIRROR + path), read)
    assert isinstance(item, Problem)
    return item.reason


def test_case_24_a_page_of_too_many_tags_is_a_problem_and_takes_no_time() -> None:
    assert reason_of("<a href='x'>y</a>" * 100_000) == "too_complex"
    assert reason_of("<div>" * 100_000) == "too_complex"
    assert reason_of("<p>" + "x " * 5_000_000) == "unknown_layout"


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, FaultServer, list[str]]:
    """A mirror behind a frameset and a refresh, with its one cable at many addresses."""
    folder = tmp_path_factory.mktemp("ways")
    page = sample_pages(folder / "mirror", 24)[5]
    name = page.reference_id
    links = (
        f"/cable/2010/11/{name}.html",
        f"/cable/2010/11/{name}.html#par3",
        f"/cable/2010/11/../11/{name}.html",
        f"HTTP://127.0.0.1:PORT/cable/2010/11/{name}.html",
        f"/cable/{name}.html",
        f"/cable/{name}.html#par1",
    )
    index = COUNTER + "".join(f"<a href='{link}'>{name}</a>" for link in links)
    server = FaultServer()
    project = Project(folder, PATIENT)
    with server:
        server.put(
            {
                "/robots.txt": response(b""),
                "/": response(
                    b"<frameset><frame src='menu.html'><frame src=\"main.html\">"
                    b"<frame src='http://elsewhere.invalid/'></frameset>"
                ),
                "/menu.html": response(b"<p>menu</p>"),
                "/main.html": response(
                    b"<meta http-equiv='Refresh' content='0; URL=/cablegate.html'>"
                ),
                "/cablegate.html": response(index.replace("PORT", str(server.port)).encode()),
                f"/cable/2010/11/{name}.html": whole(page),
                f"/cable/{name}.html": whole(page),
            }
        )
        ended = project.crawl("-a", f"url={server.url}")
    assert ended.status == 0, ended.stderr
    return project, server, [name]


Ways = tuple[Project, FaultServer, list[str]]


def test_case_25_a_cable_at_two_addresses_is_one_cable_with_two_witnesses(ways: Ways) -> None:
    project, _, (name,) = ways
    (cable,) = project.export().lines("cables")
    assert cable["reference_id"] == name
    paths = sorted(witness["url"].split("/", 3)[3] for witness in cable["witnesses"])
    assert paths == [f"cable/{name}.html", f"cable/2010/11/{name}.html"]


def test_case_26_spellings_of_one_address_are_asked_for_once(ways: Ways) -> None:
    _, server, (name,) = ways
    asked = [request.path for request in server.asked if name in request.path]
    assert sorted(asked) == [f"/cable/{name}.html", f"/cable/2010/11/{name}.html"]


def test_case_27_frames_and_refreshes_are_followed_within_the_sources_hosts(ways: Ways) -> None:
    project, server, _ = ways
    via = dict(project.query("SELECT url, via FROM capture"))
    assert via[f"{server.url}main.html"] == server.url
    assert via[f"{server.url}cablegate.html"] == f"{server.url}main.html"
    assert all(url.startswith((server.url, "http://elsewhere.invalid/")) for url in via)
    outcomes = dict(project.query("SELECT url, outcome FROM capture"))
    assert outcomes.get("http://elsewhere.invalid/") in (None, "out_of_scope")


@pytest.mark.parametrize(
    ("markup", "targets"),
    [
        ("<meta http-equiv=refresh content='5;url=a.html'>", ["a.html"]),
        ('<META HTTP-EQUIV="Refresh" CONTENT="0; URL=\'a.html?x=1&amp;y=2\'">', ["a.html?x=1&y=2"]),
        ("<meta http-equiv=refresh content='30'>", []),
        ("<meta name=refresh content='0;url=a.html'>", []),
        (
            "<frame src=a.html><iframe src='b.html'></iframe><frame src=a.html>",
            ["a.html", "b.html"],
        ),
        ("<frame src='javascript:x'><frame src='data:text/html,x'><frame src='http://['>", []),
        ("<frame src=''><frame>", []),
        ("<!-- <frame src=a.html> --><script>'<frame src=b.html>'</script>", []),
    ],
)
def test_case_27_where_a_page_leads_on_to_is_read_from_its_markup(
    markup: str, targets: list[str]
) -> None:
    page = PageTextRenderer().render(markup)
    assert forward_urls(MIRROR, page) == [MIRROR + target for target in targets]
