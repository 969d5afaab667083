"""WikiLeaks' pages in all the forms that mirrors keep them in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex

import pytest

from cablecrawl.layouts import read_page
from cablecrawl.layouts.page import CableOnPage, PageReading
from cablecrawl.pagetext import PageText, Tag, render
from cablecrawl.spiders.mirrors import cable_folder
from tests.pipelines import sample_page
from tests.sites.cables import CLASSIFICATIONS, InventedCable, cable_by_id, invented_cables
from tests.sites.mirror import LAYOUTS, Build, Layout, LinkStyle, shown_created, write_mirror
from tests.stores import read_mirror

# Every layout as published, and as wget and HTTrack rewrite the first, a middle and a late one.
VARIANTS: list[tuple[Layout, LinkStyle]] = [
    *((layout, "absolute") for layout in LAYOUTS),
    *((layout, "relative") for layout in ("v0", "v4", "v6")),
    *((layout, "httrack") for layout in ("v0", "v4", "v6")),
]
COUNTER = 4321

CABLES = invented_cables(30)


@dataclass(frozen=True)
class SampleMirror:
    build: Build
    pages: dict[str, tuple[PageText, PageReading]]


@pytest.fixture(scope="module", params=VARIANTS, ids="-".join)
def mirror(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SampleMirror:
    layout, links = request.param
    build = Build(
        COUNTER,
        layout,
        links=links,
        released={"07ASTANA9033": "2010-12-18 21:09"},
        rows_per_page=10,
    )
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(folder, CABLES, build)
    pages = {}
    for path, body in read_mirror(folder).items():
        page = render(body.decode())
        reading = read_page(page)
        assert reading is not None
        pages[path] = page, reading
    return SampleMirror(build, pages)


def values(page: PageText, cable: CableOnPage) -> dict[str, list[str]]:
    """The values of each field, checked against the words they were read from."""
    found: dict[str, list[str]] = {}
    for field in (cable.stated_id, *cable.fields):
        stated = page.text[slice(*field.span)]
        if field.field in ("created", "released"):
            stated = stated.replace(" ", "T")
        assert stated == field.value
        assert field.asserted_by == "wikileaks_page"
        found.setdefault(field.field, []).append(field.value)
    return found


def expected_values(cable: InventedCable, build: Build) -> dict[str, list[str]]:
    released = build.released.get(cable.reference_id, cable.released)
    is_first_layout = build.layout == "v0"
    expected = {
        "reference_id": [cable.reference_id],
        "created": [shown_created(cable, build.layout).replace(" ", "T")],
        "released": [] if is_first_layout else [released.replace(" ", "T")],
        "classification": [cable.classification],
        "origin": [cable.origin],
        "title": [cable.title] if cable.title else [],
        "article": [] if is_first_layout else list(cable.articles),
    }
    return {field: found for field, found in expected.items() if found}


# ------------------------------------------------------------------------ cable pages


def test_every_field_is_the_cables_own(mirror: SampleMirror) -> None:
    for cable in CABLES:
        page, reading = mirror.pages[cable.page]
        (found,) = reading.cables
        assert reading.problem is None
        assert values(page, found) == expected_values(cable, mirror.build)


def test_header_and_body_are_verbatim(mirror: SampleMirror) -> None:
    for cable in CABLES:
        _, reading = mirror.pages[cable.page]
        assert reading.cables[0].header.text == cable.header
        assert reading.cables[0].body.text == cable.body


def test_a_page_states_how_many_cables_are_released(mirror: SampleMirror) -> None:
    for page, reading in mirror.pages.values():
        (counter,) = reading.page_fields
        assert (counter.field, counter.value) == ("released_so_far", str(COUNTER))
        assert page.text[slice(*counter.span)] == str(COUNTER)


def test_a_cable_page_is_no_index_and_gives_no_links(mirror: SampleMirror) -> None:
    for cable in CABLES:
        _, reading = mirror.pages[cable.page]
        assert not reading.is_index
        assert (reading.cable_links, reading.index_links) == ([], [])


def test_the_regions_of_a_page_hold_no_cable_text(mirror: SampleMirror) -> None:
    for cable in CABLES:
        page, reading = mirror.pages[cable.page]
        taken = [*reading.cables[0].header.spans(), *reading.cables[0].body.spans()]
        for region in reading.regions:
            assert 0 <= region.start <= region.end <= len(page.text)
            for start, end in taken:
                assert region.end <= start or end <= region.start, region


def test_the_paragraph_marks_that_the_site_added_are_regions(mirror: SampleMirror) -> None:
    page, reading = mirror.pages[cable_by_id("06NICOSIA9204").page]
    marks = [region for region in reading.regions if region.name == "paragraph_anchor"]
    shown = [page.text[region.start : region.end + 2] for region in marks]
    # Before references as before paragraphs, and twice before the third.
    assert shown == ["¶B.", "¶C.", "¶1.", "¶2.", "¶3.", "¶3.", "¶4."]


def test_a_pilcrow_of_the_cable_is_kept(tmp_path: Path) -> None:
    cable = cable_by_id("08TALLINN9012")
    body = cable.body.replace("1. (C)", "¶1. (C) See ¶ 4 of the sheet.")
    page = sample_page(tmp_path, cable, Build(1, edits={cable.reference_id: body}))
    assert read_cable(page).body.text == body


def test_an_anchor_without_its_mark_takes_nothing_from_the_cable(tmp_path: Path) -> None:
    cable = cable_by_id("08TALLINN9012")
    document = sample_page(tmp_path, cable).replace("¶</a>".encode(), b"</a>")
    assert read_cable(document).body.text == cable.body


def test_a_classification_is_its_text_and_never_its_title_attribute(tmp_path: Path) -> None:
    document = sample_page(tmp_path, cable_by_id("07ASTANA9033"))
    assert b"title='unclassified'>CONFIDENTIAL</a>\n</td>" in document
    (found,) = (f for f in read_cable(document).fields if f.field == "classification")
    assert found.value == "CONFIDENTIAL"


def test_every_classification_is_tried() -> None:
    assert {cable.classification for cable in CABLES} == set(CLASSIFICATIONS)


def test_an_article_is_what_the_link_says_and_not_its_doubled_address(tmp_path: Path) -> None:
    cable = cable_by_id("10BERN9008")
    document = sample_page(tmp_path, cable)
    assert b"href='http://http://www.nachtblatt.example'" in document
    assert [found.value for found in read_cable(document).fields if found.field == "article"] == [
        "http://www.courrier-du-lac.example/2010/cafe",
        "http://www.nachtblatt.example",
        "The Ledger and Lamp carried it on paper only",
    ]


def test_articles_may_be_prose_without_a_link(tmp_path: Path) -> None:
    document = sample_page(tmp_path, cable_by_id("10BERN9008"))
    prose = re.sub(rb"<a [^>]*>(The Ledger[^<]*)</a>", rb"\1", document)
    assert prose != document
    assert [found.value for found in read_cable(prose).fields if found.field == "article"][2] == (
        "The Ledger and Lamp carried it on paper only"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_page_is_read_the_same_with_line_ends_of_another_system(
    layout: Layout, tmp_path: Path
) -> None:
    cable = cable_by_id("07ASTANA9033")
    document = sample_page(tmp_path, cable, Build(1, layout))
    found = read_cable(document.replace(b"\n", b"\r\n"))
    assert (found.header.text, found.body.text) == (cable.header, cable.body)


def test_a_header_may_be_empty(tmp_path: Path) -> None:
    document = sample_page(tmp_path, cable_by_id("07ASTANA9033"))
    found = read_cable(re.sub(rb"<pre>.*?</pre>", b"<pre></pre>", document, count=1))
    assert found.header.text == ""
    assert found.body.text == cable_by_id("07ASTANA9033").body


def test_a_title_without_a_comma_is_none(tmp_path: Path) -> None:
    cable = cable_by_id("08REYKJAVIK9019")
    document = sample_page(tmp_path, cable)
    for heading in (b"Viewing cable 08REYKJAVIK9019", b"Viewing cable 08REYKJAVIK9019, "):
        found = read_cable(re.sub(rb"Viewing cable [^<]*", heading, document))
        assert [field.field for field in found.fields if field.field == "title"] == []


def test_a_date_that_is_none_is_no_field(tmp_path: Path) -> None:
    document = sample_page(tmp_path, cable_by_id("07ASTANA9033"))
    undated = re.sub(rb">2007-04-20 \d\d:\d\d</a>", b">spring 2007</a>", document)
    assert undated != document
    assert "created" not in {field.field for field in read_cable(undated).fields}


def read_cable(document: bytes) -> CableOnPage:
    reading = read_page(render(document.decode()))
    assert reading is not None and reading.problem is None
    (cable,) = reading.cables
    return cable


# --------------------------------------------------------------------------- problems

TABLE = re.compile(rb"<table class='cable'>.*?</table>", re.S)
DATA = re.compile(rb"</th>\n</tr>\n(<tr>.*?</tr>)", re.S)
BODY = re.compile(rb"(<code><pre>.*?</pre></code>\n)<code><pre>.*?</pre></code>", re.S)
DEFECTS = {
    "no table": (TABLE, rb"", "no_table"),
    "a table without its headings": (re.compile(rb"<th>[^<]*</th>\n"), rb"", "no_table"),
    "a table without data": (DATA, rb"</th></tr>", "rows"),
    "two rows of data": (DATA, rb"</th></tr>\1\1", "rows"),
    "a row with a cell too few": (re.compile(rb"</td>\n<td>\n<a href='/orig"), rb"", "rows"),
    "no <pre>": (re.compile(rb"<code><pre>.*?</pre></code>", re.S), rb"", "parts"),
    "one <pre>": (BODY, rb"\1", "parts"),
    "three <pre>": (BODY, rb"\g<0><pre>more</pre>", "parts"),
    "an empty body": (BODY, rb"\1<code><pre></pre></code>", "no_body"),
    "a body of blanks": (BODY, rb"\1<code><pre> &#x000A; </pre></code>", "no_body"),
    "a body of one mark": (
        BODY,
        rb"\1<code><pre><a id='par1' href='#par1'>" + "¶".encode() + rb"</a></pre></code>",
        "no_body",
    ),
    "an empty reference ID": (re.compile(rb">07ASTANA9033</a>"), rb"></a>", "no_reference_id"),
}


@pytest.mark.parametrize(("pattern", "instead", "reason"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_a_problem_and_no_half_filled_cable(
    pattern: re.Pattern[bytes], instead: bytes, reason: str, tmp_path: Path
) -> None:
    document = sample_page(tmp_path, cable_by_id("07ASTANA9033"))
    broken, count = pattern.subn(instead, document)
    assert count
    reading = read_page(render(broken.decode()))
    assert reading is not None
    assert reading.cables == []
    assert reading.problem is not None
    assert reading.problem.partition(": ")[0] == reason
    assert reading.problem.partition(": ")[2]


def test_a_page_cut_anywhere_gives_the_whole_cable_or_none(tmp_path: Path) -> None:
    cable = cable_by_id("08TALLINN9012")
    document = sample_page(tmp_path, cable)
    end_of_body = document.rindex(b"</pre>")
    for cut in range(0, len(document), 7):
        reading = read_page(render(document[:cut].decode(errors="replace")))
        if reading is not None and reading.cables:
            assert cut > end_of_body, f"a cable from a page cut at {cut} of {len(document)}"
            assert reading.cables[0].body.text == cable.body


# ------------------------------------------------------------------------ index pages


def linked(links: list[str]) -> set[str]:
    """The pages that links lead to, from the root."""
    return {re.sub(r"^(?:\.\./|/)*", "", link) for link in links}


def test_index_pages_list_their_cables_and_further_index_pages(mirror: SampleMirror) -> None:
    listed: dict[str, set[str]] = {}
    index_pages = [path for path in mirror.pages if not path.startswith("cable/")]
    for path in index_pages:
        _, reading = mirror.pages[path]
        assert reading.is_index
        assert (reading.cables, reading.problem) == ([], None)
        family = path.partition("/")[0]
        listed.setdefault(family, set()).update(linked(reading.cable_links))
        known = {
            link if "/" in link else f"{family}/{link}" for link in linked(reading.index_links)
        }
        assert known <= set(index_pages)
        # The pane leads to the first page of each chain, on every page.
        assert {page for page in index_pages if page.endswith("_0.html")} <= known
    assert listed == {
        family: {cable.page for cable in CABLES} for family in ("reldate", "date", "classification")
    }


def test_an_index_page_leads_to_the_next_of_its_chain(mirror: SampleMirror) -> None:
    confidential = [cable for cable in CABLES if cable.classification == "CONFIDENTIAL"]
    assert len(confidential) > mirror.build.rows_per_page
    _, reading = mirror.pages["classification/1_0.html"]
    assert any(link.endswith("1_1.html") for link in reading.index_links)


def test_an_empty_index_page_is_no_problem(tmp_path: Path) -> None:
    cables = [cable for cable in CABLES if cable.classification == "SECRET"][:2]
    write_mirror(tmp_path, cables, Build(2, rows_per_page=2))
    reading = read_page(render((tmp_path / "classification/3_1.html").read_text("utf-8")))
    assert reading is not None and reading.is_index
    assert (reading.cables, reading.cable_links, reading.problem) == ([], [], None)
    assert linked(reading.index_links) >= {"classification/3_0.html", "classification/3_1.html"}


def test_the_front_page_leads_to_the_index_pages(tmp_path: Path) -> None:
    write_mirror(tmp_path, CABLES, Build(30))
    reading = read_page(render((tmp_path / "index.html").read_text("utf-8")))
    assert reading is not None and reading.is_index
    assert (reading.cables, reading.problem) == ([], None)
    assert "/classification/1_0.html" in reading.index_links


def test_links_are_listed_once_and_without_the_place_on_the_page() -> None:
    reading = read_page(
        render(
            "<p>Currently released so far... 7 / 251,287</p>"
            "<a href='/cable/2009/01/09OSLO9001.html#par1'>1</a>"
            '<a class=x HREF="/cable/2009/01/09OSLO9001.html">2</a>'
            "<a href=date/2009-01_0.html>3</a><a name='top'>4</a><a href='/articles/x.html'>5</a>"
            "<a href='/tag/PREL_0.html'>6</a><a href='/origin/1_0.html'>7</a>"
        )
    )
    assert reading is not None
    assert set(reading.cable_links) == {"/cable/2009/01/09OSLO9001.html"}
    assert reading.index_links == ["date/2009-01_0.html"]


LISTINGS = {
    "Apache": (
        "<html><head><title>Index of /cable/2009</title></head><body><h1>Index of /cable/2009</h1>"
        '<pre><a href="?C=N;O=D">Name</a> <a href="/cable/">Parent Directory</a>\n'
        '<a href="01/">01/</a> 2010-12-01\n<a href="09OSLO9001.html">09OSLO9001.html</a> 2K\n'
        '<a href="notes.txt">notes.txt</a>\n</pre></body></html>'
    ),
    "Python": (
        "<html><head><title>Directory listing for /cable/2009/</title></head><body>\n"
        '<h1>Directory listing for /cable/2009/</h1>\n<hr>\n<ul>\n<li><a href="../">../</a></li>'
        '<li><a href="01/">01/</a></li>\n<li><a href="09OSLO9001.html">09OSLO9001.html</a></li>'
        '\n<li><a href="notes.txt">notes.txt</a></li></ul>\n<hr>\n</body>\n</html>\n'
    ),
}


@pytest.mark.parametrize("document", LISTINGS.values(), ids=LISTINGS)
def test_a_servers_listing_of_a_folder_says_what_is_there(document: str) -> None:
    reading = read_page(render(document))
    assert reading is not None
    assert reading.is_folder_listing and reading.is_index
    assert (reading.index_links, reading.cable_links) == (["01/"], ["09OSLO9001.html"])
    assert reading.chrome_sha256 is None
    assert (reading.cables, reading.problem) == ([], None)


# ----------------------------------------------------------------------- other layouts

OTHER_PAGES = {
    "nothing": "",
    "plain text": "07ASTANA9033\nReference ID\nViewing cable 07ASTANA9033, TRAMS",
    "a blog": "<html><body><h1>A blog</h1><p>Reference ID 07ASTANA9033 is Currently released.</p>"
    "<table><tr><th>Name</th></tr><tr><td>Reference ID</td></tr></table><pre>x</pre><pre>y</pre>",
    "words in a heading": "<table><tr><th>The Reference ID</th></tr><tr><td>1</td></tr></table>",
    "a heading without a table": "<th>Reference ID</th><pre>x</pre><pre>y</pre>",
    "a page on listings": f"<p>{'x' * 600}</p><p>Index of /cable/</p><a href='01/'>01/</a>",
}


@pytest.mark.parametrize("document", OTHER_PAGES.values(), ids=OTHER_PAGES)
def test_a_page_of_another_layout_is_not_read(document: str) -> None:
    assert read_page(render(document)) is None


# ---------------------------------------------------------------------------- hostile


class CountedTags(list[Tag]):
    """Tags that count how often one of them is looked at."""

    looked_at = 0

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        self.looked_at += 1
        return super().__getitem__(index)


@pytest.mark.parametrize(
    "heading", ["<b>Reference ID</b>", "<td>Reference ID", "<th>x</th>Reference ID"]
)
def test_the_search_for_the_table_is_linear_in_the_page(heading: str) -> None:
    page = render(heading * 2_000)
    page.tags = CountedTags(page.tags)
    assert read_page(page) is None
    looked_at = page.tags.looked_at
    assert looked_at < 50 * len(page.tags)


def test_a_page_of_many_anchors_is_read_to_its_last(tmp_path: Path) -> None:
    cable = cable_by_id("08TALLINN9012")
    lines = "\n".join(f"{number}. (C) And another." for number in range(10_000))
    found = read_cable(sample_page(tmp_path, cable, Build(1, edits={cable.reference_id: lines})))
    assert found.body.text == lines


def test_a_front_page_without_cables_leads_to_the_cable_index() -> None:
    page = render(
        "<h1>A front page</h1><a href='/cablegate.html'>Cables</a><a href='/x.html'>x</a>"
    )
    reading = read_page(page)
    assert reading is not None
    assert (reading.is_index, reading.index_links) == (True, ["/cablegate.html"])


@pytest.mark.parametrize(
    ("start", "folder"),
    [
        ("http://a.example/", "http://a.example/cable/"),
        ("http://a.example/cablegate.html", "http://a.example/cable/"),
        ("http://a.example/copy/index.html?x=1", "http://a.example/copy/cable/"),
        ("http://a.example/copy/reldate/2010-12-05_0.html", "http://a.example/copy/cable/"),
        ("http://a.example/cable/2009/01/", "http://a.example/cable/"),
    ],
)
def test_the_folder_of_the_cables_is_known_from_any_index_page(start: str, folder: str) -> None:
    assert cable_folder(start) == folder
