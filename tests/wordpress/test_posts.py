"""Every form of a post shows the whole cable, as far as WordPress's typography leaves it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.sites.cables import cable_by_id
from tests.wordpress.posts import FORMS, SEVERAL, mentions, post_of, posted, quoting_comments
from tests.wordpress.server import CLASSIC_THEME, WordPress

pytestmark = pytest.mark.skipif(
    WordPress.why_absent() is not None, reason=WordPress.why_absent() or ""
)

# Articles; `<`, `&` and markup in the text; a partial extract.
CABLES = [
    posted(cable_by_id(reference_id))
    for reference_id in ("09OSLO9071", "08WINDHOEK9046", "09MUSCAT9112", "06TALLINN9117")
]
IN_PRE = (
    "block_as_table",
    "block_as_cells",
    "block_as_paragraphs",
    "blocks_preformatted",
    "blocks_code",
    "blocks_verse",
    "plain_pre",
    "twice_by_lines",
    "twice_by_tabs",
    "block_and_record",
    "several",
    "several_telegrams_under_headings",
)


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[tuple[str, str], str]]:
    """Content of a post for each form and cable (of several: this one and the next)."""
    keys = [(form, number) for form in FORMS for number in range(len(CABLES))]
    with WordPress() as blog:
        blog.configure(theme=CLASSIC_THEME)
        around = [*CABLES, *CABLES]
        posts = [
            post_of(form, *around[number : number + (2 if form in SEVERAL else 1)])
            for form, number in keys
        ]
        fetch = build_opener(ProxyHandler({})).open
        pages = {}
        for (form, number), address in zip(keys, blog.addresses(blog.create(posts)), strict=True):
            with fetch(address) as answer:
                pages[form, CABLES[number].reference_id] = _content(answer.read().decode())
        yield pages


def _content(page: str) -> str:
    found = re.search(r'<div class="entry-content">(.*?)</div><!-- .entry-content -->', page, re.S)
    assert found is not None
    return found[1]


# Typography aside: no quotes, dashes and dots, and a times sign is an x.
def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("\u00d7", "x"))


def _shown(content: str) -> str:
    """The text of a page, less markup; a second reader, and a rough one."""
    return html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", " ", content, flags=re.S))


@pytest.mark.parametrize("form", [form for form in FORMS if form != "mentions"])
def test_a_form_shows_every_word_of_the_cable(pages: dict[tuple[str, str], str], form: str) -> None:
    for cable in CABLES:
        shown = " ".join(_words(_shown(pages[form, cable.reference_id])))
        assert " ".join(_words(cable.header)) in shown, cable.reference_id
        assert " ".join(_words(cable.body)) in shown, cable.reference_id


@pytest.mark.parametrize("form", IN_PRE)
def test_wordpress_changes_nothing_in_pre(pages: dict[tuple[str, str], str], form: str) -> None:
    for cable in CABLES:
        pres = re.findall(r"<pre[^>]*>(.*?)</pre>", pages[form, cable.reference_id], re.S)
        text = "\0".join(html.unescape(re.sub(r"</?code>", "", pre)) for pre in pres)
        assert cable.body in text, cable.reference_id


def test_the_raw_record_has_tabs_and_its_lines_end_in_backslashes(
    pages: dict[tuple[str, str], str],
) -> None:
    cable = CABLES[0]
    content = pages["twice_by_tabs", cable.reference_id]
    assert f"9001\t{cable.created}:00\t{cable.reference_id}\t{cable.origin}\t" in content
    assert cable.body.replace("\n", "\\\n") in html.unescape(content)


def test_an_article_that_mentions_cables_holds_none(pages: dict[tuple[str, str], str]) -> None:
    for cable in CABLES:
        shown = _shown(pages["mentions", cable.reference_id])
        assert cable.reference_id in shown
        assert cable.body[:80] not in shown
        assert len(shown) < 1500


def test_a_post_of_one_cable_is_named_for_it() -> None:
    cable = posted(cable_by_id("08WINDHOEK9046"))
    assert post_of("plain_text", cable).title == (
        "08WINDHOEK9046, NAMIBIA: SEED BANK R&amp;D AND THE MISSING CATALOG"
    )
    assert post_of("plain_text", cable, divider=": ").title.startswith("08WINDHOEK9046: NAMIBIA")
    assert cable.reference_id not in post_of("several", cable, cable).title


def test_what_is_quoted_stands_in_the_cable() -> None:
    for cable in CABLES:
        quoted = re.search(r"<blockquote>(.*?)</blockquote>", mentions(cable), re.S)
        assert quoted is not None
        assert html.unescape(quoted[1]) in " ".join(cable.body.split())
        kinds = [comment.kind for comment in quoting_comments(cable)]
        assert kinds == ["comment", "comment", "pingback", "trackback"]
