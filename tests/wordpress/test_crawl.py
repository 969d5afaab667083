"""`scrapy crawl wordpress` over a real WordPress whose posts are made from real cables.

Every path of discovery, two themes, pretty and plain permalinks. The same cables are crawled
from their WikiLeaks pages into the same store: a repost may set a text otherwise, and no more.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cablecrawl.typography import fold
from tests.corpus import (
    SMALL_SNAPSHOT,
    cable_pages,
    has_matter,
    read_plainly,
    unpack_snapshot,
)
from tests.crawling import Project
from tests.sites.server import SiteServer
from tests.wordpress.displayed import displayed, lines_of
from tests.wordpress.posts import (
    FORMS,
    SEVERAL,
    PostedCable,
    has_broken_lines,
    post_of,
    posted,
    quoting_comments,
)
from tests.wordpress.server import (
    BLOCK_THEME,
    CLASSIC_THEME,
    PLAIN,
    PRETTY,
    Offer,
    Post,
    WordPress,
)
from tests.wordpress.test_server import fetch

pytestmark = pytest.mark.skipif(
    WordPress.why_absent() is not None, reason=WordPress.why_absent() or ""
)

POSTS = 150
EACH_HOLDS = 3
"""Cables of a post of several."""


class Blog(NamedTuple):
    running: WordPress
    mirror: Path
    """The folder with the WikiLeaks pages of the cables."""
    holds: dict[int, tuple[str, list[PostedCable]]]
    """By number of the post: its form, and the cables that it holds, in order."""


class Crawl(NamedTuple):
    """How a crawl goes about it, and what is left to it."""

    theme: str
    permalinks: str
    without: tuple[Offer, ...]
    asked: str
    """What stands in the address of the list that the posts are found by."""
    full_posts: int = 0


CRAWLS = {
    "rest": Crawl(CLASSIC_THEME, PRETTY, (), "/wp-json/wp/v2/posts"),
    "rest, plain permalinks": Crawl(BLOCK_THEME, PLAIN, (), "rest_route="),
    "sitemaps": Crawl(BLOCK_THEME, PRETTY, ("rest",), "sitemap"),
    "feeds": Crawl(CLASSIC_THEME, PLAIN, ("rest", "sitemaps"), "feed"),
    "archives": Crawl(CLASSIC_THEME, PRETTY, ("rest", "sitemaps", "feeds"), "/page/2/"),
    "archives of whole posts": Crawl(
        BLOCK_THEME, PRETTY, ("rest", "sitemaps", "feeds"), "/page/2/", full_posts=1
    ),
}


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    folder = unpack_snapshot(SMALL_SNAPSHOT, tmp_path_factory.getbasetemp())
    mirror = tmp_path_factory.mktemp("wikileaks")
    cables: list[PostedCable] = []
    for path, page in islice(cable_pages(folder), 2 * POSTS):
        cables.append(posted(read_plainly(page.decode())))
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path).write_bytes(page)
    with WordPress() as running:
        posts, holds = made_posts(cables)
        numbers = running.create(posts)
        running.configure(plugins=1, posts_per_page=20)
        yield Blog(running, mirror, dict(zip(numbers, holds, strict=False)))


def made_posts(
    cables: list[PostedCable],
) -> tuple[list[Post], list[tuple[str, list[PostedCable]]]]:
    """The posts, and what each of the first ones holds; behind them some that must give none."""
    unused = iter(cables)
    # A record of the dump holds what the Department sent, and nobody's heading.
    bare = iter([cable for cable in reversed(cables) if not has_matter(cable)])
    # Own words directly behind a text can be told from it where its lines are broken.
    broken = iter([cable for cable in cables[1::2] if has_broken_lines(cable)])
    posts, holds = [], []
    for number, form in enumerate(islice(cycle(FORMS), POSTS)):
        fit = unused
        if form.startswith("twice") or form == "block_and_record":
            fit = bare
        elif form in ("commentary_in_paragraphs", "commentary_around_plain_text"):
            fit = broken
        which = list(islice(fit, EACH_HOLDS if form in SEVERAL else 1))
        comments = quoting_comments(cables[(number * 7 + 3) % len(cables)])
        post = post_of(form, *which, divider=": " if number % 2 else ", ", comments=comments)
        posts.append(post)
        holds.append((form, [] if form == "mentions" else which))
    hidden = next(unused)
    page = post_of("block_as_table", hidden)
    posts += [
        Post("About", "Who keeps this and why.", kind="page"),
        Post(page.title, page.content, status="draft", date="2010-02-01 10:00"),
        Post(page.title, page.content, password="tram", date="2010-02-02 10:00"),
    ]
    return posts, holds


# Each takes most of a minute; these two go ways that the others go too.
LONG = ("rest, plain permalinks", "archives")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in CRAWLS],
)
def test_every_cable_of_every_post_is_found_and_none_is_invented(
    name: str, blog: Blog, tmp_path: Path
) -> None:
    way = CRAWLS[name]
    blog.running.configure(
        theme=way.theme,
        permalinks=way.permalinks,
        without=way.without,
        full_posts=way.full_posts,
    )
    before = len(blog.running.requests)
    project = Project(tmp_path)
    ended = project.run("crawl", "wordpress", "-a", f"url={blog.running.url}")
    assert ended.status == 0, ended.stderr
    asked = [request.path for request in blog.running.requests[before:]]
    assert any(way.asked in path for path in asked)
    assert_nothing_needless(asked)
    assert not project.export().lines("problems")
    assert " neither cable nor known boilerplate" not in ended.stderr

    addresses = blog.running.addresses(list(blog.holds))
    expected: Counter[tuple[str, str]] = Counter()
    for address, (form, cables) in zip(addresses, blog.holds.values(), strict=True):
        for cable in cables:
            expected[address, cable.reference_id] += 2 if form.startswith("twice") else 1
    found = Counter(
        (witness["url"], cable["reference_id"])
        for cable in project.export().lines("cables")
        for witness in cable["witnesses"]
    )
    assert found == expected


def assert_nothing_needless(paths: list[str]) -> None:
    """No trap was entered, and no page asked for twice.

    WordPress sends one who asks for /sitemap.xml on to its own, which was asked for before.
    """
    traps = ("replytocom", "share=", "like_comment", "amp", "print", "wp-login", "trackback")
    assert not [path for path in paths if any(trap in path for trap in traps)]
    assert max(Counter(path for path in paths if path != "/wp-sitemap.xml").values()) == 1


def test_a_repost_differs_from_wikileaks_page_in_typography_only(
    blog: Blog, tmp_path: Path
) -> None:
    blog.running.configure(theme=CLASSIC_THEME, permalinks=PRETTY, without=(), full_posts=0)
    project = Project(tmp_path)
    with SiteServer(blog.mirror) as wikileaks:
        assert project.crawl("-a", f"url={wikileaks.url}").status == 0
    assert project.run("crawl", "wordpress", "-a", f"url={blog.running.url}").status == 0
    reposted = {cable.reference_id for _, cables in blog.holds.values() for cable in cables}
    relations: Counter[str] = Counter()
    for cable in project.export().lines("cables"):
        if cable["reference_id"] not in reposted:
            continue
        assert len(cable["witnesses"]) > 1
        relations.update(witness["relation"] for witness in cable["witnesses"])
        chosen = next(w for w in cable["witnesses"] if w["relation"] == "chosen")
        assert chosen["layout"] == "wikileaks", cable["chosen_by"]
    assert set(relations) == {"chosen", "same", "reformats"}, relations


def test_a_body_is_what_the_page_displays(blog: Blog, tmp_path: Path) -> None:
    blog.running.configure(theme=CLASSIC_THEME, permalinks=PRETTY, without=(), full_posts=0)
    project = Project(tmp_path)
    assert project.run("crawl", "wordpress", "-a", f"url={blog.running.url}").status == 0
    readings: dict[str, list[dict[str, Any]]] = {}
    for reading in project.export().lines("readings"):
        readings.setdefault(reading["url"], []).append(reading)
    addresses = blog.running.addresses(list(blog.holds))
    for address, (_, cables) in zip(addresses, blog.holds.values(), strict=True):
        _, _, content = fetch(address).text.partition('<div class="entry-content">')
        shown = displayed(content.partition("<!-- .entry-content -->")[0])
        for reading in readings.get(address, []):
            for part in ("header", "body"):
                assert_stands_in(lines_of(reading[part]), shown)
        texts = [(fold(r["header"]), fold(r["body"])) for r in readings.get(address, [])]
        for cable in cables:
            whole = fold(cable.text)
            if has_matter(cable):  # less what stands around the cable
                assert any(header in whole and body in whole for header, body in texts)
            else:
                assert any(fold(f"{header} {body}") == whole for header, body in texts)


def assert_stands_in(lines: list[str], shown: list[str]) -> None:
    """The lines stand on the page one after the other.

    What a rule takes may stand in their first and last line too; a dump's backslashes in each.
    """
    if not lines:
        return
    bare = [line.rstrip("\\").strip() for line in shown]
    bare = [line for line in bare if line]
    first, last, between = lines[0], lines[-1], lines[1:-1]
    assert any(
        bare[start].endswith(first)
        and bare[start + 1 : start + 1 + len(between)] == between
        and bare[start + len(lines) - 1].startswith(last)
        for start in range(len(bare) - len(lines) + 1)
    ), first


@pytest.fixture(autouse=True)
def no_folder_left(tmp_path: Path) -> Iterator[None]:
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)
