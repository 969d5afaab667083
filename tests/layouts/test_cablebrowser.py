"""Pages of cable browsers, in every markup that such a site may have."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cablecrawl.items import CablePage, Missing, Problem
from cablecrawl.layouts import cablebrowser, is_cable_url, read_page
from cablecrawl.layouts.page import CableOnPage, PageReading
from cablecrawl.pagetext import PageText, render, render_plain
from tests.corpus import SMALL_SNAPSHOT, SNAPSHOTS, cable_pages, read_plainly, unpack_snapshot
from tests.pipelines import PageLine, assert_claims_are_quoted, assert_ledger_is_complete
from tests.sites.cablebrowser import (
    DISCLAIMER,
    DRESSES,
    LABELS,
    MARKUPS,
    Dress,
    Markup,
    NumberedSite,
    cable_page,
    listed_site,
    page_of,
    value_of,
)
from tests.sites.cables import InventedCable, cable_by_id, invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Answer

CABLES = invented_cables(30)
CABLE = cable_by_id("07ASTANA9033")
PARTIAL = cable_by_id("05ALMATY9281")

SEED = Path(__file__).resolve().parents[3] / "shared" / "seeds" / "001_4ee2ecc8c1aeadff.txt"


def page_text(answer: Answer) -> PageText:
    text = answer.content.decode()
    return render_plain(text) if answer.media_type.startswith("text/plain") else render(text)


def read(answer: Answer) -> tuple[PageText, PageReading]:
    page = page_text(answer)
    reading = read_page(page)
    assert reading is not None
    assert reading.layout == "cablebrowser"
    return page, reading


def read_cable(answer: Answer) -> tuple[PageText, CableOnPage]:
    page, reading = read(answer)
    assert reading.problem is None
    (cable,) = reading.cables
    return page, cable


def values(page: PageText, cable: CableOnPage) -> dict[str, str]:
    """The value of each field, checked against the words it was read from."""
    found = {}
    for field in (cable.stated_id, *cable.fields):
        stated = page.text[slice(*field.span)]
        assert field.asserted_by == "cablebrowser_page"
        assert field.field not in found
        match field.field:
            case "created":
                assert stated.replace(" ", "T") == field.value
            case "redacted_by_wikileaks":
                assert ("not" in stated) == (field.value == "no")
            case _:
                assert words(stated) == words(field.value)
        found[field.field] = field.value
    return found


def expected_values(cable: InventedCable, dress: Dress) -> dict[str, str]:
    of_label = {
        "Identifier": ("reference_id", cable.reference_id),
        "Origin": ("origin", cable.origin),
        "Created": ("created", cable.created.replace(" ", "T") + ":00"),
        "Classification": ("classification", cable.classification),
        "Tags": ("page_tags", " ".join(cable.tags)),
        "Redacted": ("redacted_by_wikileaks", "yes" if dress.is_redacted else "no"),
    }
    expected = dict(of_label[label] for label in dress.labels if label in of_label)
    if dress.title and cable.title:
        expected["title"] = " ".join(cable.title.split())
    if dress.source_line is not None:
        expected |= {"latest_source": "cablebrowser-2", "released": "2011-10-04"}
    return expected


def words(text: str) -> list[str]:
    return text.split()


def assert_cable_is_whole(found: CableOnPage, cable: InventedCable, markup: Markup) -> None:
    if markup == "paragraphs":  # without <pre>, spacing does not show
        assert words(found.header.text) == words(cable.header)
        assert words(found.body.text) == words(cable.body)
    else:
        assert found.header.text == cable.header
        assert found.body.text == cable.body


# ------------------------------------------------------------------------- every markup


@pytest.mark.parametrize("markup", MARKUPS)
def test_every_field_is_read(markup: Markup) -> None:
    dress = DRESSES[markup]
    for cable in CABLES:
        page, found = read_cable(cable_page(cable, dress))
        assert values(page, found) == expected_values(cable, dress)


@pytest.mark.parametrize("markup", MARKUPS)
def test_header_and_body_are_the_cables(markup: Markup) -> None:
    for cable in CABLES:
        _, found = read_cable(cable_page(cable, DRESSES[markup]))
        assert_cable_is_whole(found, cable, markup)


@pytest.mark.parametrize("markup", MARKUPS)
def test_every_character_of_a_page_is_accounted_for(markup: Markup) -> None:
    for cable in CABLES:
        if cable.reference_id != "08SECTIN02OF02PORTOFSPAIN546":
            assert_is_accounted_for(cable_page(cable, DRESSES[markup]))


def assert_is_accounted_for(answer: Answer) -> CablePage:
    (item,) = PageLine().items("cable.php?id=1", answer.content, answer.media_type)
    assert isinstance(item, CablePage), item
    assert item.reading.layout == "cablebrowser"
    assert_ledger_is_complete(item)
    assert_claims_are_quoted(item)
    return item


@pytest.mark.parametrize("pres", [0, 1, 2])
@pytest.mark.parametrize("markup", ["table", "definitions", "paragraphs", "list"])
def test_the_cable_may_stand_in_any_element(markup: Markup, pres: int) -> None:
    for cable in (CABLE, PARTIAL, cable_by_id("06TALLINN9117")):
        _, found = read_cable(cable_page(cable, Dress(markup, pres=pres)))
        assert_cable_is_whole(found, cable, "paragraphs" if pres == 0 else markup)


@settings(max_examples=150, deadline=None)
@given(
    markup=st.sampled_from(MARKUPS),
    order=st.permutations(LABELS),
    kept=st.sets(st.sampled_from(LABELS), min_size=1),
    cable=st.sampled_from(CABLES),
    has=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)
def test_labels_may_stand_in_any_order_and_be_missing(
    markup: Markup,
    order: Sequence[str],
    kept: set[str],
    cable: InventedCable,
    has: tuple[bool, bool, bool, bool, bool],
) -> None:
    labels = tuple(label for label in order if label in kept or label == "Identifier")
    heading, disclaimer, title, source_line, is_redacted = has
    dress = replace(
        DRESSES[markup],
        labels=labels,
        heading=heading or len(labels) == 1,
        disclaimer=disclaimer,
        # Without a heading above it, a line of plain text is not known for a title.
        title=title and (heading or markup != "text"),
        source_line=DRESSES[markup].source_line if source_line else None,
        is_redacted=is_redacted,
    )
    page, found = read_cable(cable_page(cable, dress))
    assert values(page, found) == expected_values(cable, dress)
    assert_cable_is_whole(found, cable, markup)


WRITTEN = [
    {"Identifier": "Cable identifier", "Created": "Created on (UTC)", "Tags": "Tags (TAGS)"},
    {
        "Identifier": "Identifier of the cable",
        "Origin": "Cable origin",
        "Wikileaks": "At Wikileaks",
    },
    {label: label.upper() for label in LABELS},
    {label: label.lower() for label in LABELS},
    {label: f"{label}:" for label in LABELS},
    {label: f"{label} " for label in LABELS},
]


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written["Identifier"])
def test_labels_may_have_other_words_around(markup: Markup, written: dict[str, str]) -> None:
    dress = replace(DRESSES[markup], written=written)
    for cable in CABLES:
        page, found = read_cable(cable_page(cable, dress))
        assert values(page, found) == expected_values(cable, dress)
        assert_cable_is_whole(found, cable, markup)
    item = assert_is_accounted_for(cable_page(CABLE, dress))
    assert item.cable.body.text


@pytest.mark.parametrize("line", [
    "<p>{}</p>",
    "<div><span>{}</span></div>",
    "<table><tr><td>{}</td></tr></table>",
])  # fmt: skip
def test_labels_may_stand_on_one_line(line: str) -> None:
    stated = " | ".join(f"<b>{label}:</b> {value_of(label, CABLE, Dress())}" for label in LABELS)
    document = cable_page(CABLE, Dress(pres=2)).content.decode()
    table = re.compile(r"<table.*?</table>", re.S)
    answer = Answer(table.sub(lambda _: line.format(stated), document).encode())
    page, found = read_cable(answer)
    assert values(page, found) == expected_values(CABLE, Dress())
    assert_is_accounted_for(answer)


def test_a_menu_and_a_footer_are_the_sites() -> None:
    dress = Dress(
        menu='<ul><li><a href="/">Home</a><li><a href="/tags">Tags</a><li>Origin</ul>',
        footer="<p>Kept by nobody. Origin of the idea: Tags: none</p>",
        pres=2,
    )
    page, found = read_cable(cable_page(CABLE, dress))
    assert values(page, found) == expected_values(CABLE, dress)
    assert_is_accounted_for(cable_page(CABLE, dress))


def test_a_page_without_a_title_has_none() -> None:
    menu = '<p><a href="/">Home</a></p>'
    for heading in (True, False):
        dress = Dress(title=False, heading=heading, disclaimer=False, menu=menu)
        page, found = read_cable(cable_page(CABLE, dress))
        assert "title" not in values(page, found)


# ------------------------------------------------------------- what is the cable's own

OWN = [
    "TAGS: PGOV, PREL",
    "Tags: PGOV",
    "ORIGIN: the ministry",
    "Classified By: DCM Mark Aurell",
    "Classification: as above",
    "Created: a committee",
    "Redacted versions were handed out.",
    "Comment",
    "Title: the longest one",
    "Identifier: 07LAPAZ9901",
    "Source: a newspaper",
]


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize("labels", [LABELS, ("Identifier", "Origin")], ids=["all", "two"])
@pytest.mark.parametrize(
    "header", ["", PARTIAL.header, CABLE.header], ids=["none", "notice", "full"]
)
def test_lines_of_the_cable_that_look_like_labels_are_cable(
    markup: Markup, labels: Sequence[str], header: str
) -> None:
    body = "\n".join(["C O N F I D E N T I A L ASTANA 009033", "", *OWN, "", "1. (U) Text.", *OWN])
    cable = replace(CABLE, header=header, body=body)
    dress = replace(DRESSES[markup], labels=labels)
    page, found = read_cable(cable_page(cable, dress))
    assert_cable_is_whole(found, cable, markup)
    assert values(page, found) == expected_values(cable, dress)


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize("first", ["C O N F I D E N T I A L ASTANA 009033", "Origin: the ministry"])
def test_a_label_that_the_page_lacks_is_not_taken_from_the_cable(
    markup: Markup, first: str
) -> None:
    cable = replace(
        CABLE, header="", body=f"{first}\nTags: PGOV\n\n1. (U) Text.\nCreated: 2004-01-01"
    )
    dress = replace(DRESSES[markup], labels=("Identifier", "Origin"))
    page, found = read_cable(cable_page(cable, dress))
    assert values(page, found) == expected_values(cable, dress)
    assert_cable_is_whole(found, cable, markup)


def test_the_lines_that_look_like_a_web_page_are_kept() -> None:
    cable = cable_by_id("09VALLETTA9101")
    for markup in MARKUPS:
        _, found = read_cable(cable_page(cable, DRESSES[markup]))
        assert_cable_is_whole(found, cable, markup)


# ------------------------------------------------------------------- what a page may lack


def test_without_its_last_line_a_cable_ends_with_its_element() -> None:
    dress = replace(DRESSES["paragraphs"], source_line=None, footer="<p>Kept by nobody.</p>")
    answer = cable_page(CABLE, dress)
    _, found = read_cable(answer)
    assert_cable_is_whole(found, CABLE, "paragraphs")
    assert_is_accounted_for(answer)


def test_a_body_in_two_elements_is_one_body_and_no_header() -> None:
    document = (
        "<h1>US embassy cable - 07RIGA9001</h1><p>Identifier: 07RIGA9001<br>Origin: Embassy Riga"
        "</p><pre>UNCLAS RIGA 009001\n\n1. (U) It left.</pre><pre>2. (U) It sank.</pre>"
    )
    reading = cablebrowser.read(render(document))
    assert reading is not None
    (cable,) = reading.cables
    assert (cable.header.text, cable.body.text.split("\n")[-1]) == ("", "2. (U) It sank.")


def test_a_paragraph_behind_the_cable_is_told_and_not_lost_in_silence() -> None:
    document = (
        "<h1>US embassy cable - 07RIGA9001</h1><p>Identifier: 07RIGA9001<br>Origin: Embassy Riga"
        "</p><pre>UNCLAS RIGA 009001\n\n1. (U) It left.</pre><p>2. (U) It sank.</p>"
    )
    reading = cablebrowser.read(render(document))
    assert reading is not None
    assert reading.problem is not None and reading.problem.startswith("parts: ")


def test_each_line_of_a_cable_may_be_an_element() -> None:
    lines = f"{CABLE.header}\n{CABLE.body}".split("\n")
    cable = "".join(f"<div>{html.escape(line)}</div>" for line in lines if line.strip())
    dress = Dress("list", source_line=None)
    document = cable_page(CABLE, dress).content.decode()
    answer = Answer(re.sub(r"(?s)<pre>.*</pre>", lambda _: cable, document).encode())
    _, found = read_cable(answer)
    assert words(found.header.text) == words(CABLE.header)
    assert words(found.body.text) == words(CABLE.body)


def test_a_statement_on_redaction_may_stand_below_the_cable() -> None:
    labels = tuple(label for label in LABELS if label != "Redacted")
    for markup in MARKUPS:
        dress = replace(DRESSES[markup], labels=labels)
        text = cable_page(CABLE, dress).content.decode()
        before, line, after = text.rpartition(
            "Latest source" if markup == "text" else "<p>Latest source"
        )
        below = "Redacted: This cable was redacted by Wikileaks."
        shown = f"{below}\n\n" if markup == "text" else f"<p>{below}</p>"
        answer = Answer(
            f"{before}{shown}{line}{after}".encode(), cable_page(CABLE, dress).media_type
        )
        page, found = read_cable(answer)
        assert values(page, found)["redacted_by_wikileaks"] == "yes"
        assert_cable_is_whole(found, CABLE, markup)
        assert_is_accounted_for(answer)


def test_a_date_that_is_none_is_no_field_and_a_gap() -> None:
    answer = cable_page(CABLE, Dress())
    undated = answer.content.replace(f"{CABLE.created}:00".encode(), b"unknown")
    assert undated != answer.content
    page, found = read_cable(Answer(undated))
    assert "created" not in values(page, found)
    line = PageLine()
    line.items("cable.php?id=1", undated)
    assert line.stats["cablecrawl/boilerplate/unlabelled"] == 1


@pytest.mark.parametrize("markup", MARKUPS)
def test_labels_without_values_are_no_cable_and_no_problem(markup: Markup) -> None:
    values = [(label, "") for label in LABELS]
    answer = page_of("", "", values, "", "", DRESSES[markup])
    _, reading = read(answer)
    assert reading.has_no_cable
    assert (reading.cables, reading.problem) == ([], None)
    (item,) = PageLine().items("cable.php?id=7", answer.content, answer.media_type)
    assert isinstance(item, Missing)


@pytest.mark.parametrize("text", [
    "There is no cable with the number 251288.",
    "No such cable.",
    "Sorry, cable 99 was not found",
    "This cable does not exist!",
    "No record with id=12",
    "Error: record not found",
])  # fmt: skip
def test_a_page_that_says_so_is_no_cable_and_no_problem(text: str) -> None:
    body = f"<html><body><h1>US embassy cable</h1><p>{text}</p></body></html>".encode()
    (item,) = PageLine().items("cable.php?id=7", body)
    assert isinstance(item, Missing)


DEFECTS = {
    "no body": (re.compile(r"<pre>.*</pre>", re.S), "<pre></pre>", "no_body"),
    "nothing behind the labels": (re.compile(r"<pre>.*</pre>", re.S), "", "no_body"),
    "three <pre>": (re.compile(r"(<pre>.*</pre>)", re.S), r"\1<pre>more</pre>", "parts"),
    "a <pre> that does not end": (re.compile(r"</pre>(?!.*</pre>).*", re.S), "", "cut_short"),
    "another thing for an ID": (re.compile(CABLE.reference_id), "unknown", "no_reference_id"),
}


@pytest.mark.parametrize(("pattern", "instead", "reason"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_a_problem_and_no_half_filled_cable(
    pattern: re.Pattern[str], instead: str, reason: str
) -> None:
    document = cable_page(CABLE, replace(DRESSES["table"])).content.decode()
    broken, count = pattern.subn(instead, document)
    assert count
    (item,) = PageLine().items("cable.php?id=7", broken.encode())
    assert isinstance(item, Problem)
    assert item.reason == reason
    assert item.detail


@pytest.mark.parametrize("markup", ["table", "definitions", "paragraphs", "list"])
def test_a_page_cut_anywhere_gives_the_whole_cable_or_none(markup: Markup) -> None:
    cable = cable_by_id("08TALLINN9012")
    document = cable_page(cable, DRESSES[markup]).content.decode()
    for cut in range(0, len(document), 7):
        reading = read_page(render(document[:cut]))
        if reading is not None and reading.cables:
            assert_cable_is_whole(reading.cables[0], cable, markup)


# --------------------------------------------------------------------- other page families


def test_pages_of_other_families_are_left_to_them(tmp_path: Path) -> None:
    write_mirror(tmp_path, CABLES, Build(30))
    for path in tmp_path.rglob("*.html"):
        assert cablebrowser.read(render(path.read_text("utf-8"))) is None, path


OTHERS = {
    "an identifier alone": "<p>Identifier: 07ASTANA9033</p><p>Text.</p>",
    "another identifier": "<p>Identifier: 12-B</p><p>Origin: Peru</p><p>Tags: wool</p>",
    "prose": "<p>The identifier: 07ASTANA9033 stands for a cable. Tags: cables</p>",
    "a blog": '<link href="/wp-content/style.css"><p>Identifier: 07ASTANA9033<br>Origin: Embassy'
    " Astana</p><p>Text.</p>",
    "a post that says no": "<p>I looked, but no such cable is there. "
    + "It was a long day in the archive. " * 100
    + "</p>",
    "a page about such a site": '<p>See <a href="http://cables.example/cable.php?id=3">this</a></p>',
    "nothing": "",
}


@pytest.mark.parametrize("document", OTHERS.values(), ids=OTHERS)
def test_what_has_no_second_mark_is_not_of_this_layout(document: str) -> None:
    assert cablebrowser.read(render(document)) is None


# -------------------------------------------------------------------------------- addresses

CABLE_URLS = {
    "http://x/cable.php?id=46599": True,
    "http://x/browser/cable.php?lang=en&id=1": True,
    "http://x/cable.php?id=05ALMATY4281": True,
    "http://x/cable/05ALMATY4281": True,
    "http://x/cable/05ALMATY4281.html": True,
    "http://x/cable.php": False,
    "http://x/cable.php?id=": False,
    "http://x/cable.php?page=all": False,
    "http://x/index.php?id=3": False,
    "http://x/": False,
}


@pytest.mark.parametrize(("url", "expected"), CABLE_URLS.items())
def test_an_address_says_whether_a_cable_is_expected(url: str, expected: bool) -> None:
    assert cablebrowser.is_cable_url(urlsplit(url)) is expected
    assert is_cable_url(url) or not expected


def test_wikileaks_own_addresses_are_left_to_it() -> None:
    assert not cablebrowser.is_cable_url(urlsplit("http://x/cable/2005/12/05ALMATY4281.html"))


def test_a_numbered_page_that_is_not_there_is_a_gap_unless_a_list_leads_to_it() -> None:
    page = "http://x/cable.php?id=46599"
    assert cablebrowser.is_gap(page, None)
    assert cablebrowser.is_gap(page.replace("http:", "https:"), page)
    assert not cablebrowser.is_gap(page, "http://x/list.php?page=2")
    assert not cablebrowser.is_gap("http://x/cable.php?id=05ALMATY4281", None)
    assert not cablebrowser.is_gap("http://x/cable/2005/12/05ALMATY4281.html", None)


# ------------------------------------------------------------------------------ index pages


def test_a_list_leads_to_its_cables_and_to_the_next_page() -> None:
    site = listed_site(invented_cables(60))
    answer = site("/index.php?page=2")
    assert answer is not None
    _, reading = read(answer)
    assert reading.is_index
    assert reading.cable_links == [f"/cable/{c.reference_id}" for c in invented_cables(60)[25:50]]
    assert reading.index_links == ["/index.php?page=1", "/index.php?page=3"]


def test_a_front_page_leads_to_numbered_pages_and_does_not_list_all() -> None:
    _, reading = read(NumberedSite().front_page())
    assert reading.is_index and reading.is_folder_listing
    assert reading.cable_links == [f"cable.php?id={number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("link", [
    '<a href="cable/{0}.html">{0}</a>',
    '<a href="cable.php?id={0}">read</a>',
    '<a href="show.php?cable={0}">read</a> <a href="/cables/9">{0}</a>',
    '<a href="files/{0}.txt">{0}</a>',
])  # fmt: skip
def test_a_link_names_its_cable_in_its_address_or_in_its_words(link: str) -> None:
    document = "".join(f"<p>{link.format(cable.reference_id)}</p>" for cable in CABLES[:5])
    reading = read_page(render(document))
    assert reading is not None and reading.layout == "cablebrowser"
    assert reading.is_index
    assert len(reading.cable_links) == (1 if "/cables/9" in link else 5)


# --------------------------------------------------------------------------------- the seed

SEED_FIELDS = {
    "reference_id": "05ALMATY4281",
    "origin": "US Office Almaty",
    "created": "2005-12-02T09:08:00",
    "classification": "CONFIDENTIAL",
    "page_tags": "PGOV PREL KZ 2005 Election",
    "redacted_by_wikileaks": "no",
    "title": "KAZAKHSTAN: RUMORS OF ELECTION-RELATED VIOLENCE SPARK PUBLIC ANXIETY",
    "latest_source": "cablebrowser-2",
    "released": "2011-10-04",
}


@pytest.fixture(scope="module")
def seed() -> str:
    if not SEED.exists():
        pytest.skip(f"no {SEED.name} in ../shared/seeds")
    return SEED.read_text("utf-8")


def seed_body(seed: str) -> str:
    start = seed.index("C O N F I D E N T I A L  ALMATY")
    return seed[start : seed.index("ORDWAY \n") + len("ORDWAY ")]


def test_the_seed_gives_every_field_and_its_body_to_the_character(seed: str) -> None:
    answer = Answer(seed.encode(), "text/plain")
    page, found = read_cable(answer)
    assert values(page, found) == SEED_FIELDS
    assert found.header.text.startswith("This record is a partial extract of the original cable.")
    assert "\n" not in found.header.text
    assert found.body.text == seed_body(seed)


@pytest.mark.parametrize("markup", ["table", "definitions", "paragraphs", "list"])
@pytest.mark.parametrize("pres", [0, 1, 2])
def test_the_seed_in_the_html_of_its_site_gives_the_same(
    seed: str, markup: Markup, pres: int
) -> None:
    lines = seed.split("\n")
    first = next(n for n, line in enumerate(lines) if line.startswith("Identifier"))
    stated = [(label, value) for label, _, value in (
        line.partition(": ") for line in lines[first : first + 7]
    )]  # fmt: skip
    title, notice, last = lines[first - 2], lines[first + 7], lines[-2] or lines[-1]
    dress = Dress(markup, pres=pres, source_line=next(x for x in lines if x.startswith("Latest")))
    answer = page_of("05ALMATY4281", title, stated, notice, seed_body(seed), dress)
    own = next(line for line in lines if line.startswith("Disclaimer"))
    answer = Answer(
        answer.content.decode().replace(html.escape(DISCLAIMER), html.escape(own)).encode()
    )
    page, found = read_cable(answer)
    assert last is not None
    assert values(page, found) == SEED_FIELDS
    assert found.header.text == notice
    if pres:
        assert found.body.text == seed_body(seed)
    assert words(found.body.text) == words(seed_body(seed))
    assert_is_accounted_for(answer)


def test_the_claims_of_the_seed_say_who_makes_them(seed: str) -> None:
    item = assert_is_accounted_for(Answer(seed.encode(), "text/plain"))
    claims = {claim.field: claim for claim in item.claims}
    assert item.reference_id is not None
    assert item.reference_id.canonical == "05ALMATY4281"
    released = claims["released"]
    assert (released.value, released.asserted_by) == ("2011-10-04", "cablebrowser_page")
    assert (released.basis, released.confidence) == ("page_statement", "asserted")
    assert claims["latest_source"].quote == "cablebrowser-2"
    assert claims["redacted_by_wikileaks"].value == "no"
    assert claims["partial_extract"].asserted_by == "cable_header"
    assert item.values("tags") == ["PGOV", "PREL", "KZ", "2005 ELECTION"]
    assert item.values("created_precision") == ["minute"]
    assert item.flags == []


# ------------------------------------------------------------------------------- the corpus


@pytest.fixture(
    params=[
        name if name == SMALL_SNAPSHOT else pytest.param(name, marks=pytest.mark.corpus)
        for name in SNAPSHOTS
    ]
)
def snapshot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot's folder; the large ones with `-m corpus` only."""
    return unpack_snapshot(request.param, tmp_path_factory.getbasetemp())


def test_no_real_cable_loses_or_gains_a_character_as_a_cable_browsers_page(snapshot: Path) -> None:
    wrong = []
    for path, document in cable_pages(snapshot):
        real = read_plainly(document.decode())
        cable = InventedCable(
            real.reference_id, real.created, real.classification, real.origin,
            " ".join(real.title.split()), real.header, real.body, tags=("PGOV", "KZ"),
        )  # fmt: skip
        for markup in MARKUPS:
            page, found = read_cable(cable_page(cable, DRESSES[markup]))
            header, body = found.header.text, found.body.text
            if DRESSES[markup].pres == 2:
                is_same = (header, body) == (cable.header, cable.body)
            elif markup == "paragraphs":
                is_same = words(header) + words(body) == words(cable.header) + words(cable.body)
            else:  # what parts header and body is for cablecrawl.cabletext.extent to tell
                is_same = "".join(f"{header}\n{body}".split("\n")) == "".join(
                    f"{cable.header}\n{cable.body}".split("\n")
                )
            if not is_same or values(page, found) != expected_values(cable, DRESSES[markup]):
                wrong.append(f"{path}: {markup}")
    assert wrong == []
