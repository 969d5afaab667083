"""Every cable of a real mirror, wrapped as a repost or a cable browser's page, and read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cablecrawl.boilerplate import load_rules
from cablecrawl.items import CablePage
from cablecrawl.reading import PageReader, items_of
from cablecrawl.stats import CountingStats
from cablecrawl.typography import fold
from pipelines.boilerplate import BoilerplatePipeline
from tests.corpus import cable_pages, read_plainly, unpack_snapshot
from tests.pipelines import capture_of
from tests.sites.cablebrowser import LABELS, MARKUPS, Dress, Markup, page_of
from tests.wordpress.posts import (
    FORMS,
    SEVERAL,
    PostedCable,
    has_broken_lines,
    post_of,
    posted,
)
from tests.wordpress.shown import post_page

SNAPSHOT = "release-2010-12-22"
CABLES = 1_869

# Header and body in one element, and a header that opens as none does elsewhere: all of it is
# taken for the body. Nothing of either is lost.
ODD_HEADERS = frozenset(
    "90CAPETOWN97 00HARARE5461 00HARARE6677 03ABUDHABI2641 08LONDON2673 09DOHA214 09STATE63860"
    " 09STATE100153 09STATE119085 08STATE116943 07LONDON4045".split()
)
# Its header opens with three lines of addressees that nothing tells from a blogger's capitals:
# typed as bare text they are taken for commentary, 66 characters of 10,098.
HEADLESS = "08LONDON2673"
# Words of a blogger's directly behind a text: they are told from it where its lines are broken.
NEEDS_BROKEN_LINES = frozenset(("commentary_in_paragraphs", "commentary_around_plain_text"))
# What the dump has is what was sent: a newspaper's heading never stands in a record.
RECORDS = frozenset(("twice_by_lines", "twice_by_tabs", "twice_as_text", "block_and_record"))
IN_PARAGRAPHS = frozenset(
    "block_as_lines blocks_paragraphs plain_text twice_as_text commentary_under_headings"
    " commentary_in_paragraphs commentary_around_plain_text".split()
)
QUICK = ("block_as_table", "block_as_lines", "plain_pre")


class Parts(NamedTuple):
    header: str
    body: str


class Wrapped(NamedTuple):
    cable: PostedCable
    """As the page has it."""
    parts: Parts
    """As it is read from WikiLeaks' own page: less what newspapers and dumps put around it."""


class Reader:
    """Reads pages as a crawl does, up to their text."""

    def __init__(self) -> None:
        self._reader = PageReader()
        self._boilerplate = BoilerplatePipeline(load_rules(), CountingStats())

    def read(self, url: str, page: str, media_type: str = "text/html") -> list[CablePage]:
        read = self._reader.read(url, page.encode(), f"{media_type}; charset=utf-8")
        found = []
        for item in items_of(capture_of(url), read):
            assert isinstance(item, CablePage), item
            self._boilerplate.process_item(item)
            found.append(item)
        return found


def parts_of(page: CablePage) -> Parts:
    return Parts(page.cable.header.text, page.cable.body.text)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def cables(tmp_path_factory: pytest.TempPathFactory, reader: Reader) -> list[Wrapped]:
    folder: Path = unpack_snapshot(SNAPSHOT, tmp_path_factory.getbasetemp())
    found = []
    for path, page in cable_pages(folder):
        (read,) = reader.read(f"http://mirror.example/{path}", page.decode())
        found.append(Wrapped(posted(read_plainly(page.decode())), parts_of(read)))
    assert len(found) == CABLES
    return found


def forms() -> Iterator[object]:
    for form in sorted(set(FORMS) - SEVERAL):
        yield pytest.param(form, marks=() if form in QUICK else pytest.mark.corpus)


@pytest.mark.parametrize("form", list(forms()))
def test_no_cable_loses_or_gains_a_character_in_a_post(
    form: str, cables: list[Wrapped], reader: Reader
) -> None:
    count = 0
    for cable, parts in cables:
        if form in NEEDS_BROKEN_LINES and not has_broken_lines(cable):
            continue
        if form in RECORDS and (cable.header, cable.body) != parts:
            continue
        if form == "plain_text" and cable.reference_id == HEADLESS:
            continue
        post = post_of(form, cable)
        pages = reader.read("http://blog.example/a-post/", post_page(post.title, post.content))
        assert {page.cable.stated_id.value for page in pages} == {cable.reference_id}
        assert len(pages) == (2 if form.startswith("twice") else 1), cable.reference_id
        for page in pages:
            read = parts_of(page)
            if form in RECORDS:  # the dump's last two columns, header and body, are one text
                assert "\n".join(read).split() == cable.text.split() or form in IN_PARAGRAPHS
            if form not in RECORDS or form in IN_PARAGRAPHS:
                assert_same(read, parts, cable, is_set=form in IN_PARAGRAPHS)
        count += 1
    assert count > CABLES / 3


def browser_pages() -> Iterator[object]:
    for markup in MARKUPS:
        for pres in (0, 1, 2):
            is_quick = (markup, pres) in (("table", 2), ("text", 0))
            if markup != "text" or not pres:
                marks = () if is_quick else pytest.mark.corpus
                yield pytest.param(markup, pres, marks=marks)


@pytest.mark.parametrize(("markup", "pres"), list(browser_pages()))
def test_no_cable_loses_or_gains_a_character_on_a_cable_browsers_page(
    markup: Markup, pres: int, cables: list[Wrapped], reader: Reader
) -> None:
    for cable, parts in cables:
        values = (
            "{id}",
            "View {id} at Wikileaks.org",
            "{origin}",
            "{created}:00",
            "{class}",
            "",
            "",
        )
        names = {
            "id": cable.reference_id,
            "origin": cable.origin,
            "created": cable.created,
            "class": cable.classification,
        }
        answer = page_of(
            cable.reference_id,
            cable.title,
            [(label, value.format(**names)) for label, value in zip(LABELS, values, strict=True)],
            cable.header,
            cable.body,
            Dress(markup, pres=pres),
        )
        media_type = answer.media_type.partition(";")[0]
        url = "http://browser.example/cable.php?id=7"
        (page,) = reader.read(url, answer.content.decode(), media_type)
        assert page.cable.stated_id.value == cable.reference_id
        assert_same(parts_of(page), parts, cable, is_set=not pres and markup != "text")


def assert_same(read: Parts, known: Parts, cable: PostedCable, *, is_set: bool) -> None:
    """The same text: to the character, or but for typography and blanks where HTML sets it."""
    if is_set:
        assert fold("\n".join(read)) == fold("\n".join(known)), cable.reference_id
    elif cable.reference_id in ODD_HEADERS:
        assert "\n".join(read).split() == "\n".join(known).split(), cable.reference_id
    else:
        assert read == known, cable.reference_id
