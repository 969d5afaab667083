"""The wordpress layout, on posts in every form that bloggers paste cables in."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.items import CablePage, PageItem
from cablecrawl.layouts.page import PageReading
from cablecrawl.layouts.posted import DUMP, REPOST, REPOSTED_PAGE
from cablecrawl.reading import PageReader, items_of
from cablecrawl.stats import CountingStats
from cablecrawl.typography import fold
from tests.pipelines import all_pipelines, capture_of
from tests.sites.cables import invented_cables
from tests.wordpress.posts import FORMS, SEVERAL, PostedCable, post_of, posted
from tests.wordpress.shown import post_page

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "000_6b19a4f90ed8682c.txt"
ADDRESS = "http://blog.example/2007/04/20/a-post/"

# Two open with a newspaper's heading and a dump's record, which are stripped from a body.
WITH_MATTER = ("09OSLO9071", "04QUITO9311")
CABLES = [posted(c) for c in invented_cables(12) if c.reference_id not in WITH_MATTER]
SINGLE = sorted(set(FORMS) - SEVERAL)


def items(
    page: str, url: str = ADDRESS, via: str | None = None, media_type: str = "text/html"
) -> list[PageItem]:
    """The items of a page behind all pipelines but the last."""
    read = PageReader().read(url, page.encode(), f"{media_type}; charset=utf-8")
    found = []
    for item in items_of(replace(capture_of(url), via=via), read):
        for pipeline in all_pipelines(CountingStats()):
            item = pipeline.process_item(item)
        found.append(item)
    return found


def cables(page: str, **more: str) -> list[CablePage]:
    found = items(page, **more)
    assert all(isinstance(item, CablePage) for item in found), found
    return [item for item in found if isinstance(item, CablePage)]


def reading(page: str) -> PageReading:
    read = PageReader().read(ADDRESS, page.encode(), "text/html; charset=utf-8").reading
    assert read is not None
    return read


def text_of(cable: CablePage) -> str:
    return fold(f"{cable.cable.header.text}\n{cable.cable.body.text}")


def page_of(form: str, *which: PostedCable, comment: str = "<p>First!</p>") -> str:
    post = post_of(form, *which)
    return post_page(post.title, post.content, comment=comment)


@pytest.mark.parametrize("form", SINGLE)
@pytest.mark.parametrize("cable", CABLES, ids=[cable.reference_id for cable in CABLES])
def test_a_cable_is_read_from_every_form(form: str, cable: PostedCable) -> None:
    found = cables(page_of(form, cable))
    assert {page.cable.stated_id.value for page in found} == {cable.reference_id}
    assert len(found) == (2 if form.startswith("twice") else 1)
    for page in found:
        assert text_of(page) == fold(cable.text)
        assert not page.ledger.gaps()


@pytest.mark.parametrize("form", sorted(SEVERAL - {"mentions"}))
def test_several_cables_in_a_post_are_told_apart(form: str) -> None:
    found = cables(page_of(form, *CABLES[:3]))
    assert [page.cable.stated_id.value for page in found] == [c.reference_id for c in CABLES[:3]]
    assert [text_of(page) for page in found] == [fold(cable.text) for cable in CABLES[:3]]
    assert [page.locator for page in found] == [
        "/2007/04/20/a-post/",
        "/2007/04/20/a-post/#1",
        "/2007/04/20/a-post/#2",
    ]


def test_a_post_that_mentions_cables_has_none_and_is_no_problem() -> None:
    assert items(page_of("mentions", *CABLES[:2])) == []


@pytest.mark.parametrize("form", SINGLE)
def test_what_comments_quote_is_no_cable(form: str) -> None:
    other = CABLES[5]
    quoted = f"<p>Compare this:</p><pre>{other.text}</pre><p>VZCZCXRO1<br />PP RUEHC</p>"
    found = cables(page_of(form, CABLES[0], comment=quoted))
    assert {page.cable.stated_id.value for page in found} == {CABLES[0].reference_id}
    assert {text_of(page) for page in found} == {fold(CABLES[0].text)}


def test_the_block_is_the_pages_statement_that_the_repost_passes_on() -> None:
    cable = CABLES[0]
    (page,) = cables(page_of("block_as_table", cable))
    claims = {claim.field: claim for claim in page.claims}
    for name, value in (
        ("reference_id", cable.reference_id),
        ("created", cable.created.replace(" ", "T")),
        ("released", cable.released.replace(" ", "T")),
        ("classification", cable.classification),
        ("origin", cable.origin),
    ):
        assert (claims[name].value, claims[name].asserted_by) == (value, REPOSTED_PAGE)
        assert claims[name].quote
    assert claims["released"].basis == "page_timestamp"
    assert (claims["title"].value, claims["title"].asserted_by) == (cable.title, REPOST)


def test_the_link_to_wikileaks_is_the_blogs_own_claim() -> None:
    cable = CABLES[0]
    (page,) = cables(page_of("block_as_table", cable))
    (claim,) = (claim for claim in page.claims if claim.field == "release")
    assert (claim.value, claim.asserted_by) == (cable.address, REPOST)
    assert (claim.basis, claim.confidence) == ("source_link", "asserted")
    assert claim.start is not None
    assert page.page.document[claim.start : claim.end] == claim.quote == cable.address


def test_the_date_of_the_post_is_kept() -> None:
    (page,) = cables(page_of("plain_pre", CABLES[0]))
    (claim,) = (claim for claim in page.claims if claim.field == "posted")
    assert (claim.value, claim.asserted_by) == ("2007-04-20T11:13:00+00:00", REPOST)


def test_a_second_copy_is_known_by_the_dumps_record() -> None:
    first, second = cables(page_of("twice_by_lines", CABLES[0]))
    assert first.cable.stated_id.asserted_by == REPOSTED_PAGE
    assert second.cable.stated_id.asserted_by == DUMP


@pytest.mark.parametrize(
    ("form", "is_inferred"),
    [
        ("commentary_in_paragraphs", True),
        ("commentary_around_plain_text", True),
        ("commentary_divided_by_rules", False),
        ("commentary_under_headings", False),
        ("commentary_around_pre", False),
        ("plain_text", False),
    ],
)
def test_an_end_that_no_markup_shows_is_flagged(form: str, is_inferred: bool) -> None:
    (page,) = cables(page_of(form, CABLES[0]))
    assert ("end_inferred" in page.values("flag")) is is_inferred


def test_last_words_in_broken_lines_stay_the_cables() -> None:
    cable = CABLES[0]
    last = "This message was drafted by the consulate in the usual way and was\ncleared by nobody."
    page = post_page(cable.reference_id, f"{cable.text}\n\n{last}".replace("<", "&lt;"))
    (found,) = cables(page)
    assert text_of(found).endswith(fold(last))


@pytest.mark.parametrize(
    ("title", "address", "asserted_by"),
    [
        ("{id}: {title}", ADDRESS, REPOST),
        ("{id}, {title}", ADDRESS, REPOST),
        ("{id}", ADDRESS, REPOST),
        ("News from Riga ({id})", ADDRESS, REPOST),
        ("News from Riga", "http://blog.example/2007/04/20/{slug}-news-from-riga/", REPOST),
        ("News from Riga", ADDRESS, "cable_body"),
    ],
)
def test_title_address_and_own_line_say_which_cable_it_is(
    title: str, address: str, asserted_by: str
) -> None:
    cable = next(c for c in CABLES if re.search(r"\d{6}Z [A-Z]{3} \d\d", c.header))
    names = {"id": cable.reference_id, "title": cable.title, "slug": cable.reference_id.lower()}
    page = post_page(
        title.format(**names),
        f"<pre>{cable.text.replace('<', '&lt;')}</pre>",
        address=address.format(**names),
    )
    (found,) = cables(page)
    assert found.cable.stated_id.value == cable.reference_id
    assert found.cable.stated_id.asserted_by == asserted_by
    assert found.reference_id is not None and found.reference_id.canonical == cable.reference_id


def test_a_block_without_a_text_is_a_problem() -> None:
    post = post_of("block_as_table", CABLES[0])
    (problem,) = items(post_page(post.title, re.sub(r"<pre>.*", "", post.content, flags=re.S)))
    assert getattr(problem, "reason", None) == "no_body"


def test_a_password_protected_post_shows_no_cable() -> None:
    form = "<form><p>This content is password protected. To view it please enter your password"
    assert items(post_page("Protected: 07RIGA9001", f"{form} below:</p></form>")) == []


def archive_page(*entries: tuple[str, str, str]) -> str:
    """A month's archive: addresses, titles and contents of its posts."""
    posts = "".join(
        f'<article id="post-{number}" class="post-{number} post hentry"><h2 class="entry-title">'
        f'<a href="{address}" rel="bookmark">{title}</a></h2><div class="entry-content">'
        f"{content}</div></article>"
        for number, (address, title, content) in enumerate(entries, 1)
    )
    return (
        '<html><head><link href="/wp-content/x.css" /></head><body class="archive date">'
        f'<main>{posts}<nav><a href="/2007/04/page/2/">Older posts</a></nav></main>'
        '<aside><a href="/category/secret/">Secret</a><a href="/about/">About</a></aside>'
        "</body></html>"
    )


MONTH = "http://blog.example/2007/04/"
ENTRIES = [
    (f"/2007/04/{day}/a-post/", cable.reference_id, f"<pre>{cable.text}</pre>")
    for day, cable in enumerate(CABLES[:3], 1)
]


def test_an_archive_lists_posts_and_further_archives() -> None:
    found = reading(archive_page(*ENTRIES))
    assert found.is_index
    assert found.cable_links == [address for address, *_ in ENTRIES]
    assert found.index_links == ["/2007/04/page/2/", "/category/secret/"]


def test_an_archive_that_shows_excerpts_lists_posts_all_the_same() -> None:
    page = archive_page(*ENTRIES).replace("entry-content", "entry-summary")
    found = reading(page)
    assert (found.cable_links, found.cables) == ([address for address, *_ in ENTRIES], [])


def test_the_cables_of_an_archive_are_left_to_the_posts_own_pages() -> None:
    assert not [i for i in items(archive_page(*ENTRIES), MONTH) if isinstance(i, CablePage)]


def test_a_post_that_is_gone_is_read_from_the_archive_that_holds_it() -> None:
    gone = "http://blog.example/2007/04/2/a-post/"
    found = [i for i in items(archive_page(*ENTRIES), MONTH, gone) if isinstance(i, CablePage)]
    assert [page.cable.stated_id.value for page in found] == [CABLES[1].reference_id]
    assert (found[0].url, found[0].capture.url) == (gone, MONTH)
    assert found[0].locator == "/2007/04/2/a-post/"


def test_an_excerpt_of_a_post_is_not_taken_for_its_text() -> None:
    address, title, content = ENTRIES[0]
    cut = content[: len(content) // 2] + '</pre><p><a class="more-link">Continue reading</a></p>'
    page = archive_page((address, title, cut))
    gone = "http://blog.example/2007/04/1/a-post/"
    assert not [i for i in items(page, MONTH, gone) if isinstance(i, CablePage)]


LINES = st.lists(
    st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=70),
    min_size=1,
    max_size=30,
)


@given(LINES)
def test_a_text_in_pre_is_neither_longer_nor_shorter_on_the_page(lines: list[str]) -> None:
    body = "\n".join(["UNCLAS RIGA 009001", "", "SIPDIS", "", *lines, "1. (U) It sank.", "SMITH"])
    escaped = body.replace("&", "&amp;").replace("<", "&lt;")
    found = reading(post_page("07RIGA9001: THE FERRY", f"<pre>{escaped}</pre>"))
    (cable,) = found.cables
    assert cable.body.text == body


@pytest.mark.skipif(not SEED.exists(), reason="the seeds are not here")
@pytest.mark.parametrize("as_html", [False, True], ids=["text", "html"])
def test_the_seed_is_read_whole(as_html: bool) -> None:
    seed = SEED.read_text(encoding="utf-8")
    block, _, rest = seed.partition("Embassy Astana\n\n")
    header, _, rest = rest.partition("\n\n")
    body, _, _ = rest.partition("\n\n\nPost a comment")
    if as_html:
        shown = f"{block}Embassy Astana\n\n{header}\n\n<pre>{body.replace('&', '&amp;')}</pre>"
        (page,) = cables(post_page("07ASTANA1033, KAZAKHSTAN: ALMATY NOTES", shown))
    else:
        (page,) = cables(seed, media_type="text/plain")
    assert (page.cable.header.text, page.cable.body.text) == (header, body)
    passed_on = {c.field: c.value for c in page.claims if c.asserted_by == REPOSTED_PAGE}
    assert (
        passed_on.items()
        >= {
            "reference_id": "07ASTANA1033",
            "created": "2007-04-20T11:13",
            "released": "2011-08-30T01:44",
            "classification": "UNCLASSIFIED",
            "origin": "Embassy Astana",
        }.items()
    )
    assert not page.ledger.gaps()


def test_an_empty_pre_behind_a_cable_ends_nothing_and_is_nothing() -> None:
    post = post_of("plain_pre", CABLES[0])
    (page,) = cables(post_page(post.title, f"{post.content}<pre></pre>\n<pre>\n</pre>\nMore."))
    assert text_of(page) == fold(CABLES[0].text)


INTERRUPTIONS = ("<hr />", "<h3>A heading</h3>", "<aside>An advertisement</aside>")


@pytest.mark.parametrize(
    ("between", "is_pre"),
    [
        *((between, False) for between in INTERRUPTIONS),
        *((between, True) for between in (*INTERRUPTIONS, "<p>(page 2)</p>")),
    ],
)
def test_a_cable_goes_on_behind_what_stands_in_its_middle(between: str, is_pre: bool) -> None:
    first, second = (
        "UNCLAS RIGA 009001\n\nSIPDIS\n\nSUBJECT: THE FERRY\n\n1. (U) It left.",
        "2. (U) It sank.\n\nSMITH",
    )
    if is_pre:
        first, second = f"<pre>{first}</pre>", f"<pre>{second}</pre>"
    (page,) = cables(post_page("07RIGA9001", f"{first}\n{between}\n{second}"))
    assert "It left." in page.cable.body.text and page.cable.body.text.endswith("SMITH")
    assert "advertisement" not in page.cable.body.text
    assert not page.ledger.gaps()


def test_comments_that_a_theme_puts_into_the_content_are_no_part_of_it() -> None:
    cable, other = CABLES[0], CABLES[5]
    post = post_of("plain_text", cable)
    comments = f'<div id="comments"><p>I like this.</p><pre>{other.text}</pre></div>'
    page = post_page(post.title, post.content).replace('<div class="sharedaddy', f"{comments}<div ")
    (found,) = cables(page)
    assert text_of(found) == fold(cable.text)


@pytest.mark.parametrize("title", ["07RIGA9001: THE FERRY", "News"])
def test_a_post_named_after_a_cable_that_is_not_found_is_a_problem(title: str) -> None:
    text = "Here it is, glued to my words. SUBJECT: THE FERRY\n\n1. (U) It sank.\n\n2. (U) It rose."
    found = items(post_page(title, text))
    assert [getattr(item, "reason", None) for item in found] == (
        ["not_a_cable"] if title != "News" else []
    )


def test_a_header_without_a_text_is_a_problem_and_no_cable() -> None:
    header = (
        "VZCZCXRO4711\nPP RUEHDBU\nDE RUEHRA #9001/01 1101113\nR 201113Z APR 07\nFM AMEMBASSY RIGA"
    )
    (problem,) = items(post_page("07RIGA9001", f"<pre>{header}</pre>"))
    assert getattr(problem, "reason", None) == "no_body"


def test_a_title_is_that_of_the_text_that_calls_itself_so() -> None:
    """A half cable quoted above the real one is not taken for it."""
    quoted = "<pre>UNCLAS RIGA 009044\n\nSIPDIS\n\n1. (U) Another thing.</pre><p>And in full:</p>"
    real = "<pre>UNCLAS RIGA 009001\n\nSIPDIS\n\n1. (U) It sank.</pre>"
    found = items(post_page("07RIGA9001: THE FERRY", quoted + real))
    named = [i for i in found if isinstance(i, CablePage)]
    assert [page.cable.body.text.splitlines()[0] for page in named] == ["UNCLAS RIGA 009001"]


def test_a_second_cable_that_nothing_announces_is_no_part_of_the_first() -> None:
    first = "UNCLAS RIGA 009001\n\nSIPDIS\n\n1. (U) It sank.\n\nSMITH"
    second = "UNCLAS SECTION 01 OF 02 RIGA 009044\n\nSIPDIS\n\n1. (U) It left.\n\nJONES"
    page, problem = items(post_page("07RIGA9001", f"{first}\n\n{second}"))
    assert isinstance(page, CablePage) and page.cable.body.text.endswith("SMITH")
    assert getattr(problem, "reason", None) == "no_reference_id"


def test_a_section_mark_within_a_cable_begins_no_other() -> None:
    text = (
        "UNCLAS SECTION 01 OF 02 RIGA 009001\n\nSIPDIS\n\n1. (U) It\n\n"
        "UNCLAS SECTION 02 OF 02 RIGA 009001\n\nSIPDIS\n\nsank.\n\nSMITH"
    )
    (page,) = cables(post_page("07RIGA9001", text))
    assert page.cable.body.text.endswith("SMITH")


def test_a_classification_of_no_break_spaces_is_one() -> None:
    text = (
        "C\u00a0O\u00a0N\u00a0F\u00a0I\u00a0D\u00a0E\u00a0N\u00a0T\u00a0I\u00a0A\u00a0L RIGA 009001"
    )
    (page,) = cables(post_page("07RIGA9001", f"{text}\n\nSIPDIS\n\n1. (C) It sank.\n\nSMITH"))
    assert page.cable.body.text.endswith("SMITH")


def test_a_post_of_too_many_cables_is_refused_and_not_half_read() -> None:
    one = "<h2>07RIGA9001</h2><pre>UNCLAS RIGA 009001\n\nSIPDIS\n\n1. (U) It sank.</pre>"
    (problem,) = items(post_page("07RIGA9001", one * 600), ADDRESS.replace("a-post", "07riga9001"))
    assert getattr(problem, "reason", None) == "too_complex"
