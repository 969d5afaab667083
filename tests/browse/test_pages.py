"""The pages as they are answered, without a browser."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from cablecrawl.browse.captured import capture_page
from cablecrawl.browse.compared import comparison_page
from cablecrawl.browse.home import AS_PUBLISHED
from cablecrawl.capture import ResponseReader
from cablecrawl.capture.http import content_codings, parse_head
from cablecrawl.collation.hidden import text_of
from cablecrawl.decoding import decode_content
from cablecrawl.export.read import snapshot
from cablecrawl.store.database import WARC_FOLDER
from tests.browse.conftest import Get, export_of, getter
from tests.export.conftest import read_lines
from tests.sites.mirror import Build
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, crawl
from tests.trace.test_hidden import PARTS

CATS = "06NICOSIA9204"


class Links(HTMLParser):
    """The addresses that a page names, by tag and attribute."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src", "action") and value:
                self.found.append((tag, name, value))

    def of(self, prefix: str) -> list[str]:
        """Those of links that begin so."""
        return [value for tag, _, value in self.found if tag == "a" and value.startswith(prefix)]


def test_every_link_of_our_pages_leads_to_a_page_and_nothing_leads_out(demo_pages: Get) -> None:
    seen: set[str] = set()
    waiting = ["/", f"/cable/{CATS}", f"/compare/{CATS}"]
    while waiting and len(seen) < 60:
        path = waiting.pop(0)
        status, content = demo_pages(path)
        assert status == 200, path
        seen.add(path)
        links = Links(content)
        for tag, name, value in links.found:
            assert not urlsplit(value).netloc or (tag, name) == ("a", "href"), value
        if path.startswith(("/cables", "/-", "/search")):
            continue  # Datasette's own pages lead on for ever
        for _, _, value in links.found:
            target = unescape(value).partition("#")[0]
            if target.startswith("/") and target not in seen and target not in waiting:
                waiting.append(target)
    assert {path.split("/")[1] for path in seen} >= {"cable", "compare", "capture", "source"}


def test_a_cables_page_has_its_text_its_copies_and_what_its_values_rest_on(
    demo_pages: Get, demo_export: Path
) -> None:
    (record,) = [
        line for line in read_lines(demo_export / "cables.jsonl") if line["reference_id"] == CATS
    ]
    _, content = demo_pages(f"/cable/{CATS}")
    text = unescape(content)
    assert record["body"] in text and record["header"] in text
    for copy in record["witnesses"]:
        assert copy["url"] in text and f"/source/{copy['source']}" in text
    for name in ("created", "classification", "subject"):
        part = text[text.index(f'id="field-{name}"') :]
        assert record[name] in part[: part.index("</details>")]
        assert "<mark>" in part[: part.index("</details>")]


def test_a_page_of_another_spelling_is_that_of_the_cable(demo_pages: Get) -> None:
    status, content = demo_pages("/cable/06%20NICOSIA%2009204")
    assert status == 200 and "is another spelling of" in content
    assert demo_pages("/search?q=06nicosia9204")[1].count(CATS) > 5


def test_words_are_searched_and_facets_shown(demo_pages: Get) -> None:
    status, content = demo_pages("/search?q=buffer+zone")
    assert status == 200 and f"/cables/cables/{CATS}" in content
    assert "THE CATS OF THE BUFFER ZONE" in demo_pages(f"/cables/cables/{CATS}")[1]
    assert "facet-classification" in content and "facet-tags" in content


def test_what_a_search_found_is_headed_by_its_words_and_their_count(
    demo_pages: Get, demo_export: Path
) -> None:
    lines = read_lines(demo_export / "cables.jsonl")
    everywhere = f"{len(lines):,} cables with “the”"
    assert f"<h1>{everywhere}</h1>" in demo_pages("/search?q=the")[1]
    for path, heading in {
        "/search?q=buffer+zone": "1 cable with “buffer zone”",
        "/search?q=none+of+them": "0 cables with “none of them”",
        "/search?q=zebra+<b>": "0 cables with “zebra &lt;b&gt;”",
        "/cables/cables?_search=buffer&origin=Embassy+Nicosia": "Cables with “buffer”",
        "/cables/cables?origin=Embassy+Nicosia": "Cables",
        "/search": "All cables",
    }.items():
        _, content = demo_pages(path)
        assert f"<h1>{heading}</h1>" in content and f"<title>{heading}</title>" in content, path
        assert AS_PUBLISHED in content


def test_a_search_without_a_word_shows_all_cables(demo_pages: Get) -> None:
    for asked in ('"', '""', "( ", "*", "- -"):
        status, content = demo_pages(f"/search?{urlencode({'q': asked})}")
        assert status == 200 and "All cables" in content, asked


def test_a_search_goes_through_an_index_and_sorts_nothing(demo_pages: Get) -> None:
    _, content = demo_pages("/cables/cables.json?_search=zone&_extra=query")
    query = json.loads(content)["query"]
    asked = urlencode({"sql": f"explain query plan {query['sql']}", **query["params"]})
    _, content = demo_pages(f"/cables.json?{asked}&_shape=objects")
    plan = [step["detail"] for step in json.loads(content)["rows"]]
    assert plan[0].startswith("SCAN cables USING INDEX"), plan
    assert not any("ORDER BY" in step for step in plan), plan


@pytest.mark.parametrize(
    "path",
    [
        *("/cable/07NOWHERE1", "/cable/x", "/compare/07NOWHERE1", "/capture/none", "/source/none"),
        f"/compare/{CATS}?left=00000",
    ],
)
def test_what_is_not_there_is_not_found_and_says_what(demo_pages: Get, path: str) -> None:
    status, content = demo_pages(path)
    named = path.rpartition("=")[2].rpartition("/")[2]
    assert status == 404 and named in content


def test_a_name_that_another_site_gave_this_machine_is_not_served(demo_pages: Get) -> None:
    assert demo_pages("/", host="cables.example")[0] == 421
    assert demo_pages("/", host="127.0.0.1:8061")[0] == 200


def test_the_ledger_shows_each_character_once_and_a_quote_in_its_bytes(
    demo_pages: Get, demo_store: SampleStore
) -> None:
    _, content = demo_pages(f"/cable/{CATS}")
    places = [
        match
        for link in Links(content).of("/capture/")
        if (match := re.match(r"/capture/([^?]+)\?at=((\d+)-(\d+))#quote", link))
    ]
    assert len(places) > 10
    reader = ResponseReader(demo_store.data_dir / WARC_FOLDER)
    for place in places[:12]:
        with snapshot(demo_store.engine) as store:
            found = capture_page(store, place[1], place[2], demo_store.data_dir, show=False)
        page = found["page"]
        assert "".join(entry.text for entry in found["entries"]) == page.page.text
        assert sum(row["characters"] for row in found["legend"]) == len(page.page.text)
        head, payload = reader.read(found["held"].location)
        body = decode_content(payload, content_codings(parse_head(head)[1])).body
        where = found["bytes"]
        start, end = int(place[3]), int(place[4])
        assert body[where.start : where.end].decode(page.encoding) == page.page.document[start:end]
        if where.quote:
            assert bytes.fromhex(where.quote) == body[where.start : where.end]
        assert any(entry.is_quoted for entry in found["entries"])
    reader.close()


def test_of_a_lost_record_nobody_says_that_it_has_no_cable(
    tmp_path: Path, demo_pages: Get, demo_store: SampleStore
) -> None:
    path = Links(demo_pages(f"/cable/{CATS}")[1]).of("/capture/")[0].partition("#")[0]
    data_dir = tmp_path / "data"
    shutil.copytree(demo_store.data_dir, data_dir)
    for warc in (data_dir / WARC_FOLDER).iterdir():
        warc.unlink()
    lost = SampleStore(data_dir)
    status, content = getter(lost, export_of(lost, tmp_path / "export"))(path)
    assert status == 200 and "there is no such file" in content
    assert "There is no cable on this page" not in content


def test_two_texts_stand_side_by_side_whole(two_copies: SampleStore) -> None:
    edited = replace(CABLE, body=CABLE.body.replace("1. (", "1. (SBU) New words here. (", 1))
    crawl(two_copies, "edited", two_copies.data_dir / "edited", Build(300, "v3"), edited)
    with snapshot(two_copies.engine) as store:
        cable = store.cable(CABLE.reference_id)
        assert cable is not None
        found = comparison_page(store, CABLE.reference_id, None, None, show=False)
    texts = {
        reading.sha256: text_of(reading)
        for witness in cable.witnesses
        for reading in witness.readings
    }
    rows = found["rows"]
    assert found["left"] != found["right"] and len(rows) > 3
    for side in ("left", "right"):
        shown = "".join(piece.text for row in rows for piece in getattr(row, side))
        assert shown == texts[found[side]]
    changed = {piece.text for row in rows for side in row for piece in side if piece.kind != "same"}
    assert any("New words here" in text for text in changed)
    # A paragraph that both have stands in one row of both.
    last = rows[-1]
    assert [p.text.split() for p in last.left] == [p.text.split() for p in last.right]


def test_what_one_copy_hides_no_page_shows(hiding: SampleStore, tmp_path: Path) -> None:
    get = getter(hiding, export_of(hiding, tmp_path / "export"))
    paths = [f"/cable/{CABLE.reference_id}", f"/compare/{CABLE.reference_id}"]
    for path in paths:
        content = get(path)[1]
        assert PARTS.search(content) is None, path
        paths += [link for link in Links(content).of("/capture/") if link not in paths]
        paths += [link for link in Links(content).of("/compare/") if link not in paths]
    assert len(paths) > 10
    assert "[hidden]" in get(paths[0])[1]


def test_what_is_hidden_is_shown_where_setting_and_export_say_so(
    hiding: SampleStore, tmp_path: Path
) -> None:
    path = f"/compare/{CABLE.reference_id}"
    shown = getter(hiding, export_of(hiding, tmp_path / "shown", show=True), show=True)
    assert PARTS.search(shown(path)[1]) is not None
    # An export that hides is shown hiding.
    hidden = getter(hiding, export_of(hiding, tmp_path / "hidden"), show=True)
    assert PARTS.search(hidden(path)[1]) is None


def test_markup_in_what_sources_say_is_text(store: SampleStore, tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    cable = replace(CABLE, title=script, body=f"SUBJECT: {script}\n\n1. (U) {script}")
    name = 'a"><script>alert(2)</script>'
    crawl(store, "hostile", tmp_path / "site", Build(30, "v2"), cable)
    get = getter(store, export_of(store, tmp_path / "export"))
    for path in (f"/cable/{CABLE.reference_id}", f"/compare/{CABLE.reference_id}?left={name}"):
        assert "<script>alert" not in get(path)[1]
    link = next(iter(Links(get(f"/cable/{CABLE.reference_id}")[1]).of("/capture/")))
    assert "<script>alert" not in get(link)[1]


NOT_THERE, ITS_CITER = "04APIA9199", "04APIA9200"


@pytest.mark.parametrize("words", [NOT_THERE, "10 million 5", "2003 invasion 1", "07 iran 10"])
def test_words_that_spell_the_id_of_no_cable_are_searched(demo_pages: Get, words: str) -> None:
    status, content = demo_pages(f"/search?{urlencode({'q': words})}")
    assert status == 200 and f'value="{words}"' in content and "facet-classification" in content


def test_a_cable_that_is_only_referred_to_names_those_that_do(demo_pages: Get) -> None:
    status, content = demo_pages(f"/cable/{NOT_THERE}")
    assert status == 404 and "not in the store" in content and "1 cable refers to it" in content
    assert Links(content).of("/cable/") == [f"/cable/{ITS_CITER}#references"]
    status, content = demo_pages("/cable/07NOWHERE1")
    assert status == 404 and "to it" not in content


def test_a_reference_leads_to_a_cable_only_where_there_is_one(demo_pages: Get) -> None:
    table = "/cables/cable_references?_size=200"
    _, content = demo_pages(f"{table}&in_store=1")
    assert 'class="col-resolved type-str"><a href="/cable/' in content
    for columns in ("", "&_col=resolved"):
        _, content = demo_pages(f"{table}&resolved={NOT_THERE}{columns}")
        cell = re.search(r'<td class="col-resolved[^>]*>(.*?)</td>', content, re.S)
        assert cell is not None and cell[1].strip() == NOT_THERE


def test_a_form_that_was_emptied_asks_for_nothing(demo_pages: Get) -> None:
    assert demo_pages(f"/compare/{CATS}?left=&right=") == demo_pages(f"/compare/{CATS}")
    link = Links(demo_pages(f"/cable/{CATS}")[1]).of("/capture/")[0].partition("?")[0]
    assert demo_pages(f"{link}?at=") == demo_pages(link)


@pytest.mark.parametrize("at", ["99999999-5", "5-4", "0-99999999", "-5-7", "x", "5"])
def test_a_place_that_no_document_has_is_not_found(demo_pages: Get, at: str) -> None:
    link = Links(demo_pages(f"/cable/{CATS}")[1]).of("/capture/")[0].partition("?")[0]
    status, content = demo_pages(f"{link}?at={at}")
    assert status == 404 and f"at={at}: " in content
    assert ("the document has " in content) == (at in ("99999999-5", "5-4", "0-99999999"))
