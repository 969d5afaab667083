"""From a stored body to items: the one path of live pages and of stored captures."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.items import LEADS_TO, CablePage, Capture, Listing, PageItem, Problem
from cablecrawl.layouts import is_cable_url
from cablecrawl.reading import (
    PageReader,
    ReadPage,
    circular_redirects,
    items_of,
    locator_of,
    problem_of_failure,
    read_items,
)
from tests.pipelines import MIRROR, capture_of, sample_page
from tests.sites.cables import HAND_WRITTEN, cable_by_id
from tests.sites.mirror import Build, demo_sites, write_mirror
from tests.stores import read_mirror

ASTANA = cable_by_id("07ASTANA9033")
BERN = cable_by_id("10BERN9008")


def read(path: str, body: bytes, content_type: str | None = "text/html") -> ReadPage:
    return PageReader().read(MIRROR + path, body, content_type)


def items(path: str, body: bytes, content_type: str | None = "text/html") -> list[PageItem]:
    return list(items_of(capture_of(MIRROR + path), read(path, body, content_type)))


def cable(path: str, body: bytes, content_type: str | None = "text/html") -> CablePage:
    (item,) = items(path, body, content_type)
    assert isinstance(item, CablePage), item
    return item


def problem(path: str, body: bytes) -> str:
    (item,) = items(path, body)
    assert isinstance(item, Problem), item
    return item.reason


# ------------------------------------------------------------------------------ items


def test_a_cable_page_gives_its_cable(tmp_path: Path) -> None:
    page = cable(ASTANA.page, sample_page(tmp_path, ASTANA))
    assert page.cable.stated_id.value == ASTANA.reference_id
    assert page.locator == f"/{ASTANA.page}"
    assert page.ledger.length == len(page.page.text)
    assert (page.encoding, page.decoding) == ("utf-8", "meta")


@pytest.mark.parametrize("content_type", [None, "", "application/xhtml+xml", "text/plain"])
@pytest.mark.parametrize("path", [ASTANA.page, "cable/07ASTANA9033"])
def test_an_xhtml_page_is_read_whatever_its_address_and_content_type(
    path: str, content_type: str | None, tmp_path: Path
) -> None:
    body = sample_page(tmp_path, ASTANA)
    assert body.startswith(b"<?xml")
    assert cable(path, body, content_type).cable.body.text == ASTANA.body


@pytest.mark.parametrize(
    ("encoding", "charset", "decoding"),
    [
        ("utf-8", "utf-8", "header"),
        ("utf-8", "iso-8859-1", "utf8_over_header"),
        ("utf-8-sig", "iso-8859-1", "bom"),
        ("utf-16", "iso-8859-1", "bom"),
    ],
)
def test_a_cable_is_read_in_the_encoding_it_is_in(
    encoding: str, charset: str, decoding: str, tmp_path: Path
) -> None:
    body = sample_page(tmp_path, BERN).decode().encode(encoding)
    page = cable(BERN.page, body, f"text/html; charset={charset}")
    assert (page.cable.body.text, page.decoding) == (BERN.body, decoding)


def test_an_undeclared_western_page_is_read_as_such(tmp_path: Path) -> None:
    # The page's own declaration, of UTF-8, is contradicted by its bytes.
    body = sample_page(tmp_path, BERN).decode().encode("cp1252")
    page = cable(BERN.page, body, None)
    assert (page.cable.body.text, page.encoding) == (BERN.body, "cp1252")
    assert page.decoding == "cp1252_fallback"


def test_what_had_to_be_replaced_is_told(tmp_path: Path) -> None:
    body = sample_page(tmp_path, BERN)
    damaged = body.replace("Zähringer".encode(), b"Z\xffhringer")
    assert cable(BERN.page, damaged).decoding == "utf8_damaged, 1 replaced"


def test_an_index_page_gives_a_listing(tmp_path: Path) -> None:
    write_mirror(tmp_path, HAND_WRITTEN, Build(23))
    path = "classification/3_0.html"
    (item,) = items(path, (tmp_path / path).read_bytes())
    assert isinstance(item, Listing)
    secret = {f"/{cable.page}" for cable in HAND_WRITTEN if cable.classification == "SECRET"}
    assert set(item.locators) == secret


def test_an_empty_index_page_gives_nothing(tmp_path: Path) -> None:
    write_mirror(tmp_path, [ASTANA], Build(1, rows_per_page=1))
    path = "classification/1_1.html"
    assert items(path, (tmp_path / path).read_bytes()) == []


def test_a_folder_listing_is_walked_and_gives_no_listing() -> None:
    body = b"<h1>Index of /cable/2007/04/</h1><a href='07ASTANA9033.html'>x</a><a href='05/'>y</a>"
    page = read("cable/2007/04/", body)
    assert list(items_of(capture_of(page.url), page)) == []
    assert page.cable_urls() == [f"{MIRROR}cable/2007/04/07ASTANA9033.html"]
    assert page.index_urls() == [f"{MIRROR}cable/2007/04/05/"]


def test_what_gives_no_cable_at_a_cables_address_is_a_problem(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA)
    assert problem(ASTANA.page, b"<p>Nothing to see here</p>") == "unknown_layout"
    assert problem(ASTANA.page, b"") == "unknown_layout"
    assert problem(ASTANA.page, b"<div>" * 200_000) == "too_complex"
    assert problem(ASTANA.page, body.replace(b"<pre>", b"<p>")) == "parts"
    front = (tmp_path / "index.html").read_bytes()
    assert problem(ASTANA.page, front) == "not_a_cable"


def test_what_gives_no_cable_elsewhere_is_none(tmp_path: Path) -> None:
    sample_page(tmp_path, ASTANA)
    assert items("about.html", b"<p>Nothing to see here</p>") == []
    assert items("index.html", (tmp_path / "index.html").read_bytes()) == []


def test_a_broken_cable_page_is_a_problem_at_any_address(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA).replace(b"<pre>", b"<p>")
    assert problem("?p=77", body) == "parts"
    assert problem("about.html", b"<div>" * 200_000) == "too_complex"


def test_a_fault_of_the_reading_is_a_problem_of_the_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty(PageReader):
        def read(self, url: str, body: bytes, content_type: str | None) -> ReadPage:
            raise ZeroDivisionError("by nothing")

    capture = capture_of(MIRROR + ASTANA.page)
    with caplog.at_level(logging.ERROR):
        found, page = read_items(Faulty(), capture, b"", None)
    assert found == [Problem(capture, "reader_error", "ZeroDivisionError: by nothing")]
    assert page is None
    assert capture.url in caplog.text


def test_a_page_that_can_be_read_is_read_with_its_items(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA)
    found, page = read_items(PageReader(), capture_of(MIRROR + ASTANA.page), body, None)
    assert isinstance(found[0], CablePage)
    assert page is not None and page.problem is None


def test_pages_read_in_turn_are_read_as_each_alone(tmp_path: Path) -> None:
    sites = demo_sites(tmp_path)
    bodies = [page for site in sites.values() for page in read_mirror(site).items()]
    reader = PageReader()
    for path, body in sorted(bodies, key=lambda page: page[0]):
        one, other = reader.read(path, body, None), PageReader().read(path, body, None)
        assert one.page == other.page, path
        assert (one.cable_urls(), one.index_urls()) == (other.cable_urls(), other.index_urls())


# ------------------------------------------------------------------------------ links


def test_links_become_addresses_once_each_and_in_order() -> None:
    page = read(
        "reldate/2010-12-01_0.html",
        b"<p>Currently released so far... 7 / 251,287</p>"
        b"<a href='../cable/2009/01/09OSLO9001.html'>1</a><a href='/cable/2009/01/09OSLO9002.html'>"
        b"<a href='//other.example/cable/2009/01/09OSLO9003.html'>3</a>"
        b"<a href='http://[/cable/2009/01/09OSLO9004.html'>4</a>"
        b"<a href='http://mirror.example/cable/2009/01/09OSLO9001.html#par2'>5</a>"
        b"<a href='../date/2009-01_0.html'>6</a>",
    )
    assert page.cable_urls() == [
        f"{MIRROR}cable/2009/01/09OSLO9001.html",
        f"{MIRROR}cable/2009/01/09OSLO9002.html",
        "http://other.example/cable/2009/01/09OSLO9003.html",
    ]
    assert page.index_urls() == [f"{MIRROR}date/2009-01_0.html"]


def test_a_page_of_no_layout_has_no_links() -> None:
    page = read("blog.html", b"<a href='/cable/2009/01/09OSLO9001.html'>1</a>")
    assert (page.cable_urls(), page.index_urls()) == ([], [])


@pytest.mark.parametrize(
    ("path", "is_cable"),
    [
        ("cable/2007/04/07ASTANA9033.html", True),
        ("cable/07ASTANA9033", True),
        ("mirror/cable/07ASTANA9033.html", True),
        ("cable/2007/04/07ASTANA9033.html?x=/#par1", True),
        ("cable/", False),
        ("cable/2007/04/", False),
        ("reldate/2010-12-01_0.html", False),
        ("?page=/cable/07ASTANA9033.html", False),
        ("cablegate.html", False),
        ("", False),
    ],
)
def test_a_cables_address_is_known_by_its_path(path: str, is_cable: bool) -> None:
    assert is_cable_url(MIRROR + path) is is_cable


@pytest.mark.parametrize(
    ("url", "locator"),
    [
        ("http://a.example/cable/2007/04/07ASTANA9033.html", "/cable/2007/04/07ASTANA9033.html"),
        ("https://b.example:8080/cable/07ASTANA9033#par3", "/cable/07ASTANA9033"),
        ("http://a.example", "/"),
        ("http://a.example/?p=77&a=1", "/?a=1&p=77"),
        ("http://a.example/caf%c3%a9/", "/caf%C3%A9/"),
        ("http://a.example/a b", "/a%20b"),
    ],
)
def test_a_locator_is_path_and_query_whatever_host_serves_them(url: str, locator: str) -> None:
    assert locator_of(url) == locator


def test_a_further_cable_of_a_page_has_a_locator_of_its_own() -> None:
    url = "http://a.example/2009/06/"
    assert [locator_of(url, ordinal) for ordinal in range(3)] == [
        "/2009/06/",
        "/2009/06/#1",
        "/2009/06/#2",
    ]


# --------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("path", "outcome", "status", "reason"),
    [
        ("cable/x.html", "ok", 200, None),
        ("cable/x.html", "http_error", 404, "not_found"),
        ("cable/x.html", "http_error", 410, "not_found"),
        ("cable/x.html", "http_error", 403, "http_error"),
        ("cable/x.html", "http_error", 500, "http_error"),
        ("cable/x.html", "http_error", 301, "http_error"),
        ("cable/", "http_error", 404, None),
        ("cable/", "http_error", 403, None),
        ("cable/", "http_error", 500, "http_error"),
        ("cable/x.html", "undecodable", 200, "undecodable"),
        ("cable/x.html", "timeout", None, "timeout"),
    ],
)
def test_a_failed_capture_is_a_problem_where_it_is_a_fault(
    path: str, outcome: str, status: int | None, reason: str | None
) -> None:
    capture = replace(capture_of(MIRROR + path, outcome=outcome, status=status), detail="why")
    found = problem_of_failure(capture)
    assert (found and found.reason) == reason
    if found is not None:
        assert found.capture is capture
        assert found.detail


def redirect(path: str, target: str) -> Capture:
    capture = capture_of(MIRROR + path, outcome="http_error", status=301)
    return replace(capture, detail=f"{LEADS_TO}{MIRROR}{target}")


def test_a_redirect_leads_on_and_is_no_problem() -> None:
    assert problem_of_failure(redirect("cable/x.html", "cable/y.html")) is None


def test_redirects_in_a_circle_are_problems_and_what_leads_out_is_none() -> None:
    ways = [("a", "b"), ("b", "c"), ("c", "a"), ("into", "b"), ("self", "self"), ("on", "out")]
    found = list(circular_redirects(redirect(*way) for way in ways))
    assert {problem.reason for problem in found} == {"redirect_loop"}
    paths = [problem.capture.url.removeprefix(MIRROR) for problem in found]
    assert paths == ["a", "b", "c", "into", "self"]


def test_what_leads_nowhere_closes_no_circle() -> None:
    assert list(circular_redirects([capture_of(MIRROR)])) == []
