"""Every page of the real mirrors is read as an independent reader reads it."""

from __future__ import annotations

import html
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cablecrawl.items import CablePage, Listing
from tests.corpus import (
    PRE,
    SMALL_SNAPSHOT,
    SNAPSHOTS,
    PlainReading,
    cable_pages,
    has_matter,
    read_plainly,
    seen_characters,
    unpack_snapshot,
)
from tests.pipelines import PageLine, assert_claims_are_quoted, assert_ledger_is_complete

# Cable pages and the builds they carry the counter of.
BUILDS = {
    "release-201012011021": {"web-471": 471, "web-291": 2},
    "release-201012051016": {"web-837": 837, "web-842": 32, "web-821": 3, "web-633": 1},
    "mirror-2010-12-07": {"web-960": 960, "web-926-b": 13, "web-913": 3},
    "release-2010-12-22": {"web-1862": 1862, "web-1532": 4, "web-926-a": 3},
}


@pytest.fixture(
    params=[
        name if name == SMALL_SNAPSHOT else pytest.param(name, marks=pytest.mark.corpus)
        for name in SNAPSHOTS
    ]
)
def snapshot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot's folder; the large ones with `-m corpus` only."""
    return unpack_snapshot(request.param, tmp_path_factory.getbasetemp())


def test_every_page_is_read_as_an_independent_reader_reads_it(snapshot: Path) -> None:
    line = PageLine()
    wrong = Counter[str]()
    pages = []
    releases = Counter[str]()
    damaged = []
    for path, body in cable_pages(snapshot):
        document = body.decode("utf-8")
        plain = read_plainly(document)
        page = line.cable(path, body)
        faults = [*differences(page, plain), *incomplete_accounts(page, document)]
        wrong.update(fault.partition(":")[0] for fault in faults)
        if faults:
            pages.append(f"{path}: {', '.join(faults)}")
        releases.update(recognised_builds(page))
        if is_damaged_by_an_html_parser(document, plain.body):
            damaged.append(plain.reference_id)
    assert not wrong, f"{dict(wrong)} on {len(pages)} pages: {pages[:20]}"
    assert releases == BUILDS[snapshot.name]
    assert damaged, "no page of the snapshot tries what an HTML parser would do to a body"


def test_the_index_pages_give_all_their_links(snapshot: Path) -> None:
    line = PageLine()
    for path in sorted(snapshot.glob("*/*_*.html")):
        name = path.relative_to(snapshot).as_posix()
        content = path.read_bytes()
        rows = re.findall(r"<a href='(/cable/[^']*)'>", content.decode("utf-8"))
        listed = [item.locators for item in line.items(name, content) if isinstance(item, Listing)]
        assert listed == ([list(dict.fromkeys(rows))] if rows else []), name


def differences(page: CablePage, plain: PlainReading) -> list[str]:
    """The fields in which the two readings of a page are not one."""
    stated: dict[str, list[str]] = {}
    for claim in page.claims:
        if claim.asserted_by == "wikileaks_page":
            stated.setdefault(claim.field, []).append(claim.value)
    expected = {
        "reference_id": [plain.reference_id],
        "created": [plain.created.replace(" ", "T")],
        "released": [plain.released.replace(" ", "T")],
        "classification": [plain.classification],
        "origin": [plain.origin],
        "title": [plain.title] if plain.title else [],
        "article": plain.articles,
        "released_so_far": [plain.counter],
    }
    differing = [field for field, values in expected.items() if stated.get(field, []) != values]
    for part, text in (("header", plain.header), ("body", plain.body)):
        read = page.excerpt(part).text
        if read != text and not (has_matter(plain) and read in text):
            differing.append(part)
    return differing


def incomplete_accounts(page: CablePage, document: str) -> list[str]:
    """What of the page is not accounted for, or not quoted as it stands."""
    faults = []
    for check in (assert_ledger_is_complete, assert_claims_are_quoted):
        try:
            check(page)
        except AssertionError as fault:
            faults.append(f"{check.__name__}: {fault}")
    if "".join(page.page.text.split()) != seen_characters(document):
        faults.append("page text: not all that a reader sees, or more")
    return faults


def recognised_builds(page: CablePage) -> list[str]:
    """The build that counter and chrome agree on; what is contradicted or weak is named so."""
    claims = [claim for claim in page.claims if claim.field == "release"]
    grounds = [(claim.basis, claim.confidence) for claim in claims]
    if grounds != [("counter", "asserted"), ("template_fingerprint", "inferred_strong")]:
        return [f"{page.capture.url}: {grounds}"]
    return list({claim.value for claim in claims})


class TextOfBody(HTMLParser):
    """What an HTML parser makes of the second <pre>."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def is_damaged_by_an_html_parser(document: str, body: str) -> bool:
    """Whether tags or entities would be seen in a body that has none."""
    parser = TextOfBody()
    parser.feed(PRE.findall(document)[1])
    parser.close()
    parsed = re.sub(r"¶(?=\w+\.)", "", html.unescape("".join(parser.pieces)))
    return "".join(parsed.split()) != "".join(body.split())
