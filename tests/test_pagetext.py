"""The page text: what a reader sees, and where in the document it stands."""

from __future__ import annotations

import html

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cablecrawl import pagetext
from cablecrawl.pagetext import (
    MIN_PREFIX,
    PageText,
    PageTextRenderer,
    TooComplexError,
    closing_tag,
    render,
    tag_before,
    without_references,
)

# What the soup is made of: all that the pass treats in a way of its own, whole and cut.
FRAGMENTS = (
    *"<>&\"'/!?;=#-",
    *("\n", "\r", "\r\n", "\t", "\f", " ", "  ", "\0", "\xa0", "¶", "é"),
    *("word", "1.", "<<Israel>", "&note", "&amp;", "&amp;lt;", "&nbsp;", "&#65;", "&#x000A;"),
    *("&#0;", "&#x80;", "&#xD800;", "&#1;", "&lt", "&bogus;", "&am", "p;", "&NotEqualTilde;"),
    *("<p>", "</p>", "<div class='x'>", "</div>", "<br>", "<br />", "</br>", "<hr/>"),
    *("<b>", "</b>", "<i title='a>b'>", '<a href="x', '">', "<a href='/tag/PREL_0.html'>", "</a>"),
    *("<table>", "<tr>", "<td>", "</td>", "<th>", "</th>", "</tr>", "</table>"),
    *("<pre>", "</pre>", "<code>", "</code>", "<code><pre>", "</pre></code>", "<CODE>\n<PRE>"),
    *("<a id='par1' href='#par1'>¶</a>", "</pre", "</pre >", "<pre\n>"),
    *("<script>", "</script>", "<style>", "</style", "<title>", "</title>", "</scripts>"),
    *("<!--", "-->", "<!-->", "<!-- a > b -->", "<!doctype html>", "<?xml ?>", "<![CDATA[", "]]>"),
    *("</", "<a", "<a b='", "</ x>", "<1>", "<é>", "<a/b>", "<p/>"),
)
soups = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=30).map("".join)


# ---------------------------------------------------------------------- the source map


def assert_every_character_has_its_place(page: PageText) -> None:
    previous = 0
    for position, character in enumerate(page.text):
        start, end = page.to_document(position, position + 1)
        assert 0 <= start < end <= len(page.document)
        assert start >= previous, "the map goes back"
        previous = start
        source = page.document[start:end]
        if len(source) == 1:
            assert character == source or (source in "\r\n\t\f " and character in " \n")
        elif source[0] == "&" and character not in "\n\t ":
            assert character in html.unescape(source)
        else:
            assert character in "\n\t " and source[0] in "<& \r\n\t\f"
    if page.text:
        first, _ = page.to_document(0, 1)
        _, last = page.to_document(len(page.text) - 1, len(page.text))
        assert page.to_document(0, len(page.text)) == (first, last)


@given(soups)
@example("a&NotEqualTilde;b")
@example("<code><pre>&#x000A;<a id='par1' href='#par1'>¶</a>1. &note</pre></code>x")
def test_every_character_has_its_place_in_the_document(document: str) -> None:
    assert_every_character_has_its_place(render(document))


@given(soups)
def test_tags_stand_in_order_where_they_are_written(document: str) -> None:
    page = render(document)
    position = text_position = 0
    for tag in page.tags:
        assert position <= tag.start < tag.end <= len(document)
        assert text_position <= tag.text_pos <= len(page.text)
        assert page.document.startswith("</" if tag.closing else "<", tag.start)
        named = tag.start + (2 if tag.closing else 1)
        assert document[named : named + len(tag.name)].lower() == tag.name
        assert page.document[tag.end - 1] == ">"
        position, text_position = tag.end, tag.text_pos


@given(st.text())
def test_text_without_markup_loses_nothing_but_white_space(text: str) -> None:
    document = text.replace("<", "").replace("&", "")
    assert render(document).text.replace(" ", "") == "".join(
        character for character in document if character not in " \t\n\r\f"
    )


well_formed = st.recursive(
    st.text().map(lambda text: (text, html.escape(text))),
    lambda inner: st.tuples(
        st.sampled_from("p div b i a td th li h3 br span table".split()),
        st.lists(inner, max_size=4),
    ).map(
        lambda element: (
            "".join(text for text, _ in element[1]),
            f"<{element[0]} title='x>y'>{''.join(markup for _, markup in element[1])}"
            f"</{element[0]}>",
        )
    ),
)


@given(well_formed)
def test_all_text_of_a_well_formed_document_is_seen(element: tuple[str, str]) -> None:
    text, document = element
    assert "".join(render(document).text.split()) == "".join(text.split())


@pytest.mark.parametrize("span", [(0, 0), (1, 1), (2, 1), (-1, 1), (0, 4), (3, 4)])
def test_a_span_outside_the_page_text_has_no_place(span: tuple[int, int]) -> None:
    with pytest.raises(IndexError):
        render("<p>abc</p>").to_document(*span)


def test_a_span_that_ends_in_an_entity_takes_all_of_it() -> None:
    page = render("<b>R&amp;D</b> &amp; more")
    start = page.text.index("R&")
    begin, end = page.to_document(start, start + 2)
    assert page.document[begin:end] == "R&amp;"
    begin, end = page.to_document(0, len("R&D &"))
    assert page.document[begin:end] == "R&amp;D</b> &amp;"


# ------------------------------------------------------------------ what a reader sees

SHOWN = {
    "white space collapses": ("  a \n\t b\r\nc  ", "a b c"),
    "white space around a tag is one space": ("a <b> b</b> c", "a b c"),
    "a tag alone parts nothing": ("a<b>b</b>c", "abc"),
    "a no-break space is no white space": ("a&nbsp; \xa0b", "a\xa0 \xa0b"),
    "a vertical tab is no white space": ("a\x0bb", "a\x0bb"),
    "a br is a line break": ("a<br>b<br />c", "a\nb\nc"),
    "two br leave a blank line": ("a <br> <br> b", "a\n\nb"),
    "a br at the start is nothing": ("<br>a", "a"),
    "paragraphs are parted by a blank line": ("<p>a</p><p>b</p>\n<p>c", "a\n\nb\n\nc"),
    "divisions are parted by a line break": ("<div>a</div><div><div>b</div></div>", "a\nb"),
    "the larger break counts": ("a<div><p>b</p></div>c", "a\n\nb\n\nc"),
    "white space at a block's edges is nothing": ("<p> a </p> <p> b </p> ", "a\n\nb"),
    "cells are parted by tabs": (
        "<table><tr><th>a</th><th>b</th></tr><tr><td> c </td>\n<td>d e</td></tr></table>",
        "a\tb\nc\td e",
    ),
    "an empty cell is a tab no more": ("<tr><td>a</td><td></td><td>c</td></tr>", "a\tc"),
    "a cell that begins a line has no tab": ("<td>a</td>b<br><td>c</td><td>d", "ab\nc\td"),
    "scripts are not seen": ("a<script>if (1 < 2) '<p>'</script>b", "ab"),
    "nor what only begins like their end": ("a<script></scripts>x</script>b", "ab"),
    "titles and styles are not seen": ("<title>t</title><style>p > a</style>b", "b"),
    "nor is a script without end": ("a<script>b<p>c", "a"),
    "comments are not seen": ("a<!-- b > c -->d<!-->e<!---->f", "adef"),
    "nor is a comment without end": ("a<!-- b --c", "a"),
    "declarations are not seen": ("<?xml version='1.0' ?><!DOCTYPE html>a<![CDATA[b", "a"),
    "a lone < is text": ("1 < 2 <3> a<1>b </ p> <", "1 < 2 <3> a<1>b </ p> <"),
    "a quoted > is no end of a tag": ("<a title='x>y' alt=\"p>q\">z</a>", "z"),
    "a quote without end does not swallow the page": ('<a title="x>y<b>z</b>', "yz"),
    "an unfinished tag is text": ("a <b class='x'", "a <b class='x'"),
    "entities are decoded": ("&lt;b&gt; &amp; &quot;&#65;&#x42;&eacute;&copy;", '<b> & "ABé©'),
    "and decoded once": ("&amp;lt; &amp;amp;amp;", "&lt; &amp;amp;"),
    "with or without a semicolon": ("&lt &copy2 &notit; &bogus; &", "< ©2 ¬it; &bogus; &"),
    "a NUL is kept, its entity is not": ("a\0b&#0;c", "a\0b\ufffdc"),
    "an entity for a line break is white space": ("a&#x000A;b&#10;&#9;c", "a b c"),
    "a pre keeps its lines": ("<pre>  a\n\n   b  c \r\nd\re</pre>f", "  a\n\n   b  c \nd\ne\n\nf"),
    "less the line break behind its tag": ("x<pre>\n\na</pre>", "x\n\n\na"),
    "a pre has markup and entities": ("<pre>a <b>b</b> &lt;c&gt;&#10;d</pre>", "a b <c>\nd"),
    "a pre without end lasts": ("<pre>a\n  b<i>c\n</i>d", "a\n  bc\nd"),
    "nested divisions end where they end": ("<div><div>a</div>b</div>c", "a\nb\nc"),
    "an empty document shows nothing": ("", ""),
    "nor do tags alone": ("<p><br><table><tr><td> </td></tr></table>", ""),
    "plain text is a document": ("WikiLeaks Link\n07OSLO1", "WikiLeaks Link 07OSLO1"),
}


@pytest.mark.parametrize(("document", "text"), SHOWN.values(), ids=SHOWN)
def test_a_document_shows_what_a_browser_shows(document: str, text: str) -> None:
    page = render(document)
    assert page.text == text
    assert_every_character_has_its_place(page)


RAW = {
    "what looks like an entity is text": "they &note the &regulations8 &pounding AT&T &amp; &lt;",
    "what looks like a tag is text": "under <<Israel>, <in case>, <strong>vacant</strong> <b",
    "line breaks of HTML are text": "Station<br>Lamp<br />Keeper",
    "the end of a table is text": "</td></tr></table>",
    "comments and scripts are text": "<!-- a <script> b",
    "spaces are kept": "  a   b \t c ",
    "an attribute that no link of the site has is text": "<a title='x'>b <abbr>",
}


@pytest.mark.parametrize("line", RAW.values(), ids=RAW)
def test_wikileaks_own_pre_was_never_escaped(line: str) -> None:
    page = render(f"<p>x</p><code><pre>A&#x000A;{line}&#x000A;B</pre></code><p>y</p>")
    assert page.text == f"x\n\nA\n{line}\nB\n\ny"
    assert_every_character_has_its_place(page)
    start = page.text.index(line)
    begin, end = page.to_document(start, start + len(line))
    assert page.document[begin:end] == line


def test_the_sites_own_links_in_a_raw_pre_are_markup() -> None:
    page = render(
        "<code><pre>TAGS: <a href='/tag/PREL_0.html'>PREL</a>&#x000A;"
        "<a id='par1' href='#par1'>¶</a>1. text</pre></code>"
    )
    assert page.text == "TAGS: PREL\n¶1. text"
    links = [tag for tag in page.tags if tag.name == "a"]
    assert [(tag.closing, page.text[tag.text_pos :][:4]) for tag in links] == [
        (False, "PREL"),
        (True, "\n¶1."),
        (False, "¶1. "),
        (True, "1. t"),
    ]
    assert_every_character_has_its_place(page)


def test_only_the_sites_own_spelling_of_a_line_break_is_one() -> None:
    assert render("<code><pre>a&#x000A;b&#x000a;c&#10;d</pre></code>").text == (
        "a\nb&#x000a;c&#10;d"
    )


def test_a_code_pre_with_literal_line_breaks_is_html() -> None:
    page = render("<code><pre>a &lt;b&gt; &amp; c\n<i>d</i>&#x000A;e</pre></code>")
    assert page.text == "a <b> & c\nd\ne"


def test_each_code_pre_is_judged_by_itself() -> None:
    one, two = "<code><pre>a&note\nb</pre></code>", "<code><pre>a&note&#x000A;b</pre></code>"
    assert render(one + two).text == "a¬e\nb\n\na&note\nb"
    assert render(two + one).text == "a&note\nb\n\na¬e\nb"


def test_a_raw_pre_may_be_empty_or_without_end() -> None:
    assert render("a<code><pre></pre></code>b").text == "a\n\nb"
    assert render("a<code><pre>b &amp; c").text == "a\n\nb & c"


# ------------------------------------------------------------------------------- tags


def test_a_closing_tag_is_found_behind_nested_ones() -> None:
    tags = render("<div><p><div></div></p></div><div>").tags
    assert closing_tag(tags, 0) == 5
    assert closing_tag(tags, 2) == 3
    assert closing_tag(tags, 6) == len(tags)


def test_the_tag_around_a_position_is_the_last_opened_before_it() -> None:
    page = render("a<td>b</td><td>c<i>d</i></td>")
    assert tag_before(page.tags, "td", page.text.index("b"), reach=9) == 0
    assert tag_before(page.tags, "td", page.text.index("c"), reach=9) == 2
    assert tag_before(page.tags, "td", page.text.index("d"), reach=9) == 2
    assert tag_before(page.tags, "td", 0, reach=9) is None
    assert tag_before(page.tags, "th", len(page.text), reach=9) is None
    assert tag_before(page.tags, "td", page.text.index("d"), reach=2) == 2
    assert tag_before(page.tags, "td", page.text.index("d"), reach=1) is None


# --------------------------------------------------------------------- shared prefixes


@st.composite
def documents_of_a_build(draw: st.DrawFn) -> list[str]:
    """Documents that begin alike, for more than MIN_PREFIX characters, and part anywhere."""
    pattern = draw(soups.filter(bool))
    documents = [pattern * (MIN_PREFIX // len(pattern) + 2) + draw(soups)]
    for _ in range(draw(st.integers(2, 5))):
        earlier = draw(st.sampled_from(documents))
        kept = len(earlier) - draw(st.just(0) | st.integers(0, 60))
        documents.append(earlier[:kept] + draw(st.just("") | soups))
    return documents


@settings(max_examples=300, deadline=None)
@given(documents_of_a_build())
def test_a_remembered_beginning_changes_nothing(documents: list[str]) -> None:
    renderer = PageTextRenderer()
    for document in documents:
        assert_same(renderer.render(document), render(document))


def assert_same(page: PageText, fresh: PageText) -> None:
    """Text, tags and source map are alike."""
    assert page.text == fresh.text
    assert page.tags == fresh.tags
    # Verbatim text may be mapped in one piece or in several.
    if page != fresh:
        for position in range(len(page.text)):
            span = position, position + 1
            assert page.to_document(*span) == fresh.to_document(*span)


TAG_LINK = "<a href='/tag/PREL_0.html'>PREL</a> "
PANE = f"<div class='pane small'>{TAG_LINK * 200}</div>"
BEGUN_ALIKE = {
    "text": ("a", "a", "ab"),
    "white space": ("a ", "a \n", "a  b"),
    "a space before a tag": ("a <b>c", "a <b>d", "a <b>e"),
    "a tag": ("a<b", "a<b", "a<b>c"),
    "a quoted attribute": ("<a title='x>", "<a title='x>y", "<a title='x>y'>z</a>"),
    "a quote that no other document closes": (
        "<a title='x>y<b>",
        "<a title='x>y<b>z",
        "<a title='x>y<b>q'>r</a>",
    ),
    "an entity": ("a&am", "a&am", "a&amp;b"),
    "a comment": ("<!-- a", "<!-- a", "<!-- a --> b"),
    "a declaration": ("<!doc", "<!doc", "<!doctype html>b"),
    "a script": ("<script>a", "<script>a", "<script>a</script>b"),
    "the end of a script": ("<script>a</scr", "<script>a</scr", "<script>a</script>b"),
    "a pre": ("<pre>a\n b", "<pre>a\n c", "<pre>a\n  d</pre>"),
    "the line break behind a pre": ("<pre>", "<pre>", "<pre>\na"),
    "half of a line break in a pre": ("<pre>a\r", "<pre>a\r", "<pre>a\r\nb"),
    "a raw pre": ("<code><pre>a</pre></code>", "<code><pre>ab", "<code><pre>a&note</pre></code>"),
    "a pre that is raw in one document only": (
        "<code><pre>a\nb</pre></code>",
        "<code><pre>c\nd</pre></code>",
        "<code><pre>&note</pre></code>",
    ),
    "a cell": ("<tr><td>a</td><td>", "<tr><td>a</td><td>", "<tr><td>a</td><td>b"),
    "a paragraph": ("<p>a</p>", "<p>a</p>", "<p>a</p>b"),
}


@pytest.mark.parametrize("endings", BEGUN_ALIKE.values(), ids=BEGUN_ALIKE)
def test_documents_may_part_in_the_middle_of_anything(endings: tuple[str, ...]) -> None:
    renderer = PageTextRenderer()
    for ending in (*endings, *endings):
        assert_same(renderer.render(PANE + ending), render(PANE + ending))


def test_pages_of_many_builds_by_turns_are_rendered_as_ever() -> None:
    renderer = PageTextRenderer()
    panes = [PANE.replace("PREL", f"TAG{number}") for number in range(20)]
    for number in range(100):
        document = f"{panes[number * 7 % 20]}<p>{number}</p>"
        assert_same(renderer.render(document), render(document))


# Lines that all pages of a build have, and what may stand before them: the same lines make
# something else of what is due when they begin.
PASSAGE = "\n<b>\nThe same words\n</b> \n<a title='a>b'>\nEverywhere.\n</a>"
ENDINGS = ("\nand more\n</b>", "\n</div>", "\n<td>and more</td>\n<td>")
SITUATIONS = (
    *("", "a<b>", "a <b>", "a  <b>", "a<b>\n</b>", " <p>a <i>"),
    *("a<dl>", "a<li>", "a<td>", "a<br>", "a<td>b<td>", "a<td>b<br>"),
    *("a<p> <i>", "a<td> <i>", "<pre>a<i>", "<pre>a</pre>", 'a<a title=">'),
)


def learned(passage: str) -> PageTextRenderer:
    """One that knows the passage of a build."""
    renderer = PageTextRenderer()
    for number in range(6):
        renderer.render(f"{PANE}\n<h3>{number}</h3>{passage}\n{number}")
    return renderer


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_passage_may_stand_behind_anything(ending: str) -> None:
    renderer = learned(PASSAGE + ending)
    for heading in ("a", "b", "much longer"):
        for before in SITUATIONS:
            document = f"{PANE}\n<h3>{heading}</h3>{before}{PASSAGE}{ending}\n{heading}"
            assert_same(renderer.render(document), render(document))


def test_a_passage_counts_for_what_a_page_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = learned(PASSAGE)
    document = f"{PANE}\n<h3>a</h3>{PASSAGE}"
    parts = len(render(document).tags)
    renderer.render(document)
    monkeypatch.setattr(pagetext, "MAX_PARTS", parts)
    assert_same(renderer.render(document), render(document))
    monkeypatch.setattr(pagetext, "MAX_PARTS", parts - 1)
    with pytest.raises(TooComplexError):
        renderer.render(document)


def test_a_quote_in_a_passage_is_closed_in_it_or_not_at_all() -> None:
    renderer = PageTextRenderer()
    lines = "\n<b>\nThe same words\n</b>\n<a title='a>b>\n<b>\nand\n</b>"
    for number in range(6):
        document = f"{PANE}\n<h3>{number}</h3>{lines}{number}"
        assert_same(renderer.render(document), render(document))
    document = f"{PANE}\n<h3>a</h3>{lines}<i title='b>c'>d"
    assert_same(renderer.render(document), render(document))


@st.composite
def pages_with_shared_lines(draw: st.DrawFn) -> list[str]:
    """Documents of two builds by turns, whose lines behind their panes are shared in part."""
    shared = draw(st.lists(soups, min_size=6, max_size=12))
    own = st.sampled_from(SITUATIONS) | soups
    documents = []
    for number in range(draw(st.integers(6, 14))):
        lines = [f"<b>{line}" for line in shared]
        for place in draw(st.lists(st.integers(0, len(shared)), max_size=3)):
            lines.insert(place, draw(own))
        documents.append(PANE.replace("PREL", "AB"[number % 2]) + "\n".join(lines))
    return documents


@settings(max_examples=300, deadline=None)
@given(pages_with_shared_lines())
def test_remembered_passages_change_nothing(documents: list[str]) -> None:
    renderer = PageTextRenderer()
    for document in documents:
        assert_same(renderer.render(document), render(document))


def test_what_was_rendered_stays_as_it_is() -> None:
    renderer = PageTextRenderer()
    first = renderer.render(f"{PANE}<p>a</p>")
    text, tags = first.text, list(first.tags)
    for ending in ("<p>b</p>", "<p>c</p><p>d</p>", "<div>e"):
        renderer.render(PANE + ending)
    assert (first.text, first.tags) == (text, tags)
    assert_every_character_has_its_place(first)


# ------------------------------------------------------------------------------ hostile

MILLION = 1_000_000
TOO_COMPLEX = {
    "unknown entities": "&a" * MILLION,
    "nested divisions": "<div>" * 200_000,
    "line breaks": "<br>" * 400_000,
    "lines with white space": "a\t b\n" * 2 * MILLION,
    "entities": "&amp;" * 2 * MILLION,
    "empty scripts": "<script></script>" * 100_000,
    "preformatted parts": "<code><pre>\n</pre></code>" * 100_000,
    "unfinished preformatted parts": "<code><pre>" * 100_000,
    "closing tags": "<code><pre>" + "</pre >" * MILLION,
    "raw lines": f"<code><pre>{'&#x000A;' * MILLION}</pre></code>",
}


@pytest.mark.parametrize("document", TOO_COMPLEX.values(), ids=TOO_COMPLEX)
def test_a_document_of_too_many_parts_is_refused(document: str) -> None:
    with pytest.raises(TooComplexError):
        render(document)


LARGE = {
    "one word": ("x" * 10 * MILLION, "x" * 10 * MILLION),
    "white space": (" \n" * 5 * MILLION, ""),
    "less-than signs": ("<" * 5 * MILLION, "<" * 5 * MILLION),
    "ampersands": ("&" * 5 * MILLION, "&" * 5 * MILLION),
    "unfinished tags": ("<a\0" * MILLION, "<a\0" * MILLION),
    "unfinished quotes": ('<a="' * MILLION, '<a="' * MILLION),
    "unfinished comments": ("<!--" * MILLION, ""),
    "unfinished declarations": ("<!" * MILLION, ""),
    "unfinished scripts": ("<script>" * MILLION, ""),
    "ends of a title that are none": (f"<title>{'</title' * MILLION}", ""),
    "one tag of a million attributes": (f"<a {'b=c ' * MILLION}>d</a>", "d"),
    "one long tag": (f"<a{' ' * 5 * MILLION}>d", "d"),
    "raw lines": (f"<code><pre>{'&#x000A;' * 37_000}</pre></code>", "\n" * 37_000),
    "raw unfinished links": (f"<code><pre>{'<a ' * MILLION}</pre></code>", "<a " * MILLION),
    "ends of a raw pre that are none": ("<code><pre>" + ("</pre>" + " " * 1000) * 5_000, ""),
}


@pytest.mark.parametrize(("document", "text"), LARGE.values(), ids=LARGE)
def test_a_large_document_is_rendered_whole(document: str, text: str) -> None:
    assert render(document).text == text


@pytest.mark.parametrize("digits", [20, 5_000, MILLION])
@pytest.mark.parametrize("around", ["a&#{};b", "<pre>a&#{};b</pre>", "a&#x{};b"])
def test_a_character_reference_may_have_any_number_of_digits(digits: int, around: str) -> None:
    assert render(around.format("9" * digits)).text == "a\ufffdb"


def test_a_value_may_hold_references_of_any_length() -> None:
    assert without_references(f"a&amp;b&#{'9' * 5_000};") == "a&b\ufffd"
