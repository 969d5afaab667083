"""The real WordPress comes up, shows what it was given, and can hold back what it offers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.wordpress import server
from tests.wordpress.server import (
    BLOCK_THEME,
    CLASSIC_THEME,
    PLAIN,
    PRETTY,
    Comment,
    Post,
    WordPress,
)

pytestmark = pytest.mark.skipif(
    WordPress.why_absent() is not None, reason=WordPress.why_absent() or ""
)

LETTER = Post(
    "A letter & its answer",
    "Dear <b>reader</b>,\n\nwrite \\soon\\.",
    date="2009-03-02 08:15",
    slug="letter",
    categories=("Letters",),
    comments=(
        Comment("I wrote.", author="Ottoline", replies=(Comment("It came."),)),
        Comment("Seen there.", author="Another blog", kind="pingback", url="http://b.example/"),
        Comment("And here.", author="A third blog", kind="trackback", url="http://c.example/"),
    ),
)


class Answer(NamedTuple):
    status: int
    text: str
    url: str


OPENER = build_opener(ProxyHandler({}))


def fetch(url: str) -> Answer:
    try:
        with OPENER.open(url) as answer:
            return Answer(answer.status, answer.read().decode(), answer.url)
    except HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), error.url or url)


@pytest.fixture(scope="module")
def running() -> Iterator[WordPress]:
    with WordPress() as blog:
        yield blog


@pytest.fixture
def blog(running: WordPress) -> WordPress:
    """Without posts, as at first."""
    running.empty()
    running.configure(
        theme=BLOCK_THEME,
        permalinks=PRETTY,
        without=(),
        posts_per_page=10,
        rss_use_excerpt=0,
        full_posts=0,
        plugins=0,
    )
    return running


@pytest.mark.parametrize("theme", [CLASSIC_THEME, BLOCK_THEME])
def test_a_theme_shows_a_post_and_its_comments(blog: WordPress, theme: str) -> None:
    blog.configure(theme=theme)
    (address,) = blog.addresses(blog.create([LETTER]))
    page = fetch(address)
    assert page.status == 200
    assert f"/themes/{theme}/" in page.text
    assert "A letter &#038; its answer</h1>" in page.text
    assert "<p>Dear <b>reader</b>,</p>\n<p>write \\soon\\.</p>" in page.text
    for said in ("I wrote.", "It came.", "http://b.example/", "http://c.example/"):
        assert said in page.text
    assert "Warning" not in page.text


def test_pretty_permalinks_lead_to_posts_months_and_categories(blog: WordPress) -> None:
    (post,) = blog.create([LETTER])
    assert blog.addresses([post]) == [f"{blog.url}2009/03/02/letter/"]
    for path in ("2009/03/02/letter/", "2009/03/", "category/letters/", "", f"?p={post}"):
        page = fetch(blog.url + path)
        assert (page.status, "A letter" in page.text) == (200, True), path
    assert page.url == f"{blog.url}2009/03/02/letter/"
    assert fetch(f"{blog.url}2009/04/").status == 404


def test_plain_permalinks_lead_to_posts_and_no_path_does(blog: WordPress) -> None:
    blog.configure(permalinks=PLAIN)
    (post,) = blog.create([LETTER])
    assert blog.addresses([post]) == [f"{blog.url}?p={post}"]
    for query in (f"?p={post}", "?m=200903", "?rest_route=/wp/v2/posts", "?feed=rss2"):
        page = fetch(blog.url + query)
        assert (page.status, "A letter" in page.text) == (200, True), query
    assert f"?p={post}</loc>" in fetch(f"{blog.url}?sitemap=posts&sitemap-subtype=post").text
    for path in ("2009/03/02/letter/", "wp-sitemap.xml", "feed/", "wp-json/"):
        assert fetch(blog.url + path).status == 404, path


def test_rest_sitemaps_and_feeds_list_the_posts(blog: WordPress) -> None:
    blog.create([Post(f"Post {n}", "Text", date=f"2010-05-{n + 1:02} 07:08") for n in range(12)])
    posts = json.loads(fetch(f"{blog.url}wp-json/wp/v2/posts?per_page=5&page=3").text)
    assert [post["title"]["rendered"] for post in posts] == ["Post 1", "Post 0"]
    index = fetch(f"{blog.url}wp-sitemap.xml").text
    assert f"{blog.url}wp-sitemap-posts-post-1.xml" in index
    assert fetch(f"{blog.url}wp-sitemap-posts-post-1.xml").text.count("<url>") == 12
    assert [fetch(f"{blog.url}feed/?paged={n}").text.count("<item>") for n in (1, 2)] == [10, 2]


@pytest.mark.parametrize(
    ("offer", "path", "status"),
    [
        ("rest", "wp-json/wp/v2/posts", 401),
        ("sitemaps", "wp-sitemap.xml", 404),
        ("feeds", "feed/", 404),
    ],
)
def test_what_a_blog_does_not_offer_is_refused_and_not_named(
    blog: WordPress, offer: server.Offer, path: str, status: int
) -> None:
    blog.create([LETTER])
    paths = {"wp-json/wp/v2/posts": 200, "wp-sitemap.xml": 200, "feed/": 200}
    assert {path: fetch(blog.url + path).status for path in paths} == paths
    blog.configure(without=[offer])
    assert {path: fetch(blog.url + path).status for path in paths} == {**paths, path: status}
    home = fetch(blog.url).text
    assert ("application/rss+xml" in home) == (offer != "feeds")
    assert ("https://api.w.org/" in home) == (offer != "rest")
    assert ("Sitemap:" in fetch(f"{blog.url}robots.txt").text) == (offer != "sitemaps")


def test_an_emptied_blog_is_as_a_new_one(blog: WordPress) -> None:
    (address,) = blog.addresses(blog.create([LETTER]))
    blog.empty()
    assert fetch(address).status == 404
    home = fetch(f"{blog.url}?author=1").text + fetch(f"{blog.url}comments/feed/").text
    assert not any(said in home for said in ("A letter", "Letters", "I wrote."))
    assert blog.create([LETTER]) == [1]


def test_a_draft_is_not_to_be_had(blog: WordPress) -> None:
    (post,) = blog.create([Post("Half a thought", "Not yet", slug="half", status="draft")])
    assert fetch(f"{blog.url}?p={post}").status == 404
    assert fetch(f"{blog.url}wp-json/wp/v2/posts/{post}").status == 401
    for path in ("", "feed/", "wp-json/wp/v2/posts"):
        assert "Half a thought" not in fetch(blog.url + path).text


def test_a_post_with_a_password_shows_its_form(blog: WordPress) -> None:
    (address,) = blog.addresses(blog.create([Post("Closed", "The secret", password="sesame")]))
    page = fetch(address)
    assert 'name="post_password"' in page.text
    assert "Protected: Closed" in page.text
    assert "The secret" not in page.text


def test_archives_show_excerpts_or_whole_posts(blog: WordPress) -> None:
    blog.create([Post("Long", "word " * 400 + "end-of-it", date="2010-05-06 07:08")])
    for theme in (CLASSIC_THEME, BLOCK_THEME):
        for full in (0, 1):
            blog.configure(theme=theme, full_posts=full)
            for path in ("", "2010/05/"):
                assert ("end-of-it" in fetch(blog.url + path).text) == full, (theme, path)


def test_archives_have_as_many_posts_to_a_page_as_asked_for(blog: WordPress) -> None:
    blog.configure(posts_per_page=4)
    blog.create([Post(f"Post {number}", "Text", date="2010-05-06 07:08") for number in range(6)])
    first, second = fetch(f"{blog.url}2010/05/").text, fetch(f"{blog.url}2010/05/page/2/").text
    assert [page.count('class="wp-block-post ') for page in (first, second)] == [4, 2]


def test_plugins_print_share_rows_in_the_content_and_rows_for_logging_in(blog: WordPress) -> None:
    (address,) = blog.addresses(blog.create([LETTER]))
    marks = ("Share this:", "?like_comment=", "Connecting to %s", "%d bloggers like this:")
    for plugins in (0, 1):
        blog.configure(plugins=plugins)
        page = fetch(address)
        assert [mark in page.text for mark in marks] == [bool(plugins)] * len(marks)


def test_requests_are_told_with_their_status(blog: WordPress) -> None:
    known = len(blog.requests)
    fetch(f"{blog.url}?s=one+two")
    fetch(f"{blog.url}nothing/")
    fetch(f"{blog.url}wp-includes/css/buttons.css")
    assert blog.requests[known:] == [("GET", "/?s=one+two", 200), ("GET", "/nothing/", 404)]


def test_what_it_cannot_do_is_an_error_that_says_why(blog: WordPress) -> None:
    with pytest.raises(RuntimeError, match="no theme twentythirtyone"):
        blog.configure(theme="twentythirtyone")


def test_nothing_is_left_of_it_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), WordPress() as blog:
        assert fetch(blog.url).status == 200
        assert _processes_of(blog.folder)
        raise ZeroDivisionError
    assert not blog.folder.exists()
    assert not _processes_of(blog.folder)


def test_nothing_is_left_of_one_that_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(server, "UNSAFE", ("--no-such-option",))
    with pytest.raises(RuntimeError, match="no database"):
        WordPress().__enter__()
    assert list(tmp_path.iterdir()) == []
    assert not _processes_of(tmp_path)


def _processes_of(folder: Path) -> list[str]:
    """Command lines that name the folder."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_text())
        except OSError:
            continue  # it ended meanwhile
    return [line for line in lines if str(folder) in line]
