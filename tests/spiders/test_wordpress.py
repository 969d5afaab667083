"""`scrapy crawl wordpress` on sample blogs, by each way that posts can be found.

All blogs of CASES are crawled in one run, each on a host of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.layouts.bloglinks import is_single_post
from tests.crawling import IN_FLIGHT, Ended, Export, Lines, Project, repeats, source_name
from tests.sites.blog import Blog, BlogPost, blog_posts, demo_blog
from tests.sites.cables import invented_cables
from tests.sites.server import Answer, Fault, Site, SiteServer

COUNT = 14
DRAFT = 3
GONE = 2
QUOTED = invented_cables(COUNT + 2)[COUNT:]
POSTS = blog_posts(COUNT, drafts=[DRAFT], quoted=QUOTED)
WITH_GONE = blog_posts(COUNT, gone=[GONE])
# Small pages, so that each list has several.
SMALL = Blog(POSTS, per_list=5, offers=())


def posts_of_a_month(count: int, *gone: int) -> list[BlogPost]:
    """Posts of one minute: the one with the lowest number is on the last page."""
    posts = blog_posts(count, gone=gone)
    return [replace(p, cable=replace(p.cable, created="2009-06-14 10:00")) for p in posts]


class Breaking(Blog):
    """The second page of its REST API fails."""

    def __call__(self, address: str) -> Answer | None:
        answer = super().__call__(address)
        if answer is not None and "wp-json" in address and "&page=2&" in address:
            return answer._replace(status=500)
        return answer


class Linked(Blog):
    """Its pages link another blog on the same host."""

    def __call__(self, address: str) -> Answer | None:
        answer = super().__call__(address)
        links = b'<a href="/2009/06/">June</a><a href="/">Sister</a></main>'
        if answer is None:
            return None
        return answer._replace(content=answer.content.replace(b"</main>", links))


@dataclass
class Case:
    """A blog, where its crawl begins, and what goes wrong on which path."""

    blog: Blog
    start: str = "/"
    faults: Mapping[str, Fault] = field(default_factory=dict)


WAYS = {
    "rest": replace(SMALL, offers=("rest",)),
    "rest, pages not counted": replace(SMALL, offers=("rest",), counts_pages=False),
    "rest, plain": replace(SMALL, offers=("rest",), permalinks="plain"),
    "rest, in a folder": replace(SMALL, offers=("rest",), home="/cables/blog/"),
    "sitemaps": replace(SMALL, offers=("sitemaps",)),
    "sitemaps, plain": replace(SMALL, offers=("sitemaps",), permalinks="plain"),
    "sitemaps, one": replace(SMALL, offers=("sitemaps",), sitemaps="mixed"),
    "sitemaps, nested": replace(SMALL, offers=("sitemaps",), sitemaps="nested"),
    "sitemaps, packed": replace(SMALL, offers=("sitemaps",), sitemaps="packed"),
    "sitemaps, in a folder": replace(SMALL, offers=("sitemaps",), home="/b/", sitemaps="mixed"),
    "feeds": replace(SMALL, offers=("feeds",)),
    "feeds, plain": replace(SMALL, offers=("feeds",), permalinks="plain"),
    "archives": replace(SMALL, offers=("archives",)),
    "archives, block theme": replace(SMALL, offers=("archives",), theme="block"),
    "archives, plain": replace(SMALL, offers=("archives",), permalinks="plain"),
    "archives, in a folder": replace(SMALL, offers=("archives",), home="/cables/blog/"),
}

BROKEN_SITEMAP = "/wp-sitemap-posts-post-2.xml"
OWN_INDEX = b"<sitemapindex><sitemap><loc>/gone.xml</loc></sitemap></sitemapindex>"
TO_SITEMAP = Fault("redirect", None, 301, location="/wp-sitemap.xml")
BREAKING = {
    "a sitemap fails": Case(
        replace(SMALL, offers=("sitemaps", "feeds")),
        faults={BROKEN_SITEMAP: Fault("status", None, 500)},
    ),
    "a sitemap is none": Case(
        replace(SMALL, offers=("sitemaps", "feeds")),
        faults={BROKEN_SITEMAP: Fault("body", None, body=b"<p>Sorry</p>")},
    ),
    "the REST API fails": Case(Breaking(POSTS, per_list=5, offers=("rest", "sitemaps"))),
    "a feed has one page": Case(
        replace(SMALL, offers=("feeds", "archives"), pages_feeds=False),
    ),
    "lists lead in a circle": Case(
        replace(SMALL, offers=("feeds",)),
        faults={
            "/wp-sitemap.xml": Fault("redirect", None, 301, location="/sitemap.xml"),
            "/sitemap.xml": TO_SITEMAP,
        },
    ),
    # WordPress leads from /sitemap.xml to its own, which was read already and led to nothing.
    "two ways lead to one list": Case(
        replace(SMALL, offers=("archives",)),
        faults={"/wp-sitemap.xml": Fault("body", None, body=OWN_INDEX), "/sitemap.xml": TO_SITEMAP},
    ),
}

ENOUGH = {
    "from rest on": Case(Blog(POSTS)),
    "from sitemaps on": Case(Blog(POSTS, offers=("sitemaps", "feeds", "archives"))),
    "from feeds on": Case(Blog(POSTS, offers=("feeds", "archives"))),
}

STARTS = {
    f"begun at {start}": Case(replace(SMALL, offers=("rest",)), start)
    for start in ("/index.php", "/category/secret/page/2/", "/2009/11/", "/?m=200911")
}

SINGLE = {
    "one post": Blog(POSTS),
    "one post, plain": Blog(POSTS, permalinks="plain"),
}

GONE_CASES = {
    "gone, rest": Case(Blog(WITH_GONE, offers=("rest", "archives"))),
    "gone, sitemaps": Case(Blog(WITH_GONE, offers=("sitemaps", "archives"))),
    "gone, feeds": Case(Blog(WITH_GONE, offers=("feeds", "archives"))),
    "gone, rest, plain": Case(Blog(WITH_GONE, offers=("rest", "archives"), permalinks="plain")),
    "gone, feeds, plain": Case(Blog(WITH_GONE, offers=("feeds", "archives"), permalinks="plain")),
    "gone, archives": Case(Blog(WITH_GONE, offers=("archives",))),
    "gone, archives, plain": Case(Blog(WITH_GONE, offers=("archives",), permalinks="plain")),
    "gone, and led home": Case(
        Blog(blog_posts(COUNT), offers=("rest", "archives")),
        faults={
            Blog(blog_posts(COUNT)).address(WITH_GONE[GONE]): Fault(
                "redirect", None, 302, location="/"
            )
        },
    ),
    "gone, on a later page": Case(
        Blog(posts_of_a_month(7, 0), per_page=2, offers=("rest", "archives"))
    ),
    "two gone": Case(Blog(posts_of_a_month(4, 1, 2), offers=("rest", "archives"))),
}

CASES = {
    **{name: Case(blog, blog.home) for name, blog in WAYS.items()},
    **BREAKING,
    **ENOUGH,
    **STARTS,
    **{name: Case(blog, blog.addresses[4]) for name, blog in SINGLE.items()},
    **GONE_CASES,
    "gone for good": Case(Blog(WITH_GONE, offers=("rest",))),
    "beside another": Case(Linked(POSTS, offers=("archives",), home="/mine/"), "/mine/"),
    "demo": Case(demo_blog()),
}

TRAP = re.compile(
    r"replytocom|share=|like_comment|print|amp$|/trackback|tb=|attachment|wp-login|[?&]s="
    r"|/comments/feed|\d\d/[^/]+/feed|feed=rss2&p=|/tag/|/author/|[?&]tag=|author=|page_id"
    r"|\d{4}/\d{2}/\d{2}/$|m=\d{8}|/files/|wp-content"
)


@dataclass
class Crawled:
    """What the run over all cases came to."""

    cases: dict[str, Case]
    sites: dict[str, Site]
    project: Project
    ended: Ended
    export: Export

    def asked(self, name: str) -> list[str]:
        return asked(self.sites[name])

    def source(self, name: str) -> str:
        return source_name(self.sites[name].url)

    def cables(self, name: str) -> set[str]:
        return set(self.export.readings(self.source(name)))

    def missing(self, name: str) -> set[str]:
        """Cables of posts that are published, and were not found."""
        return expected(self.cases[name].blog) - self.cables(name)

    def lines(self, file: str, name: str) -> Lines:
        url = self.sites[name].url
        return [line for line in self.export.lines(file) if line["url"].startswith(url)]

    def via(self, name: str, address: str) -> list[str | None]:
        """What led to the captures of an address."""
        url = self.full(name, address)
        return [line["via"] for line in self.lines("captures", name) if line["url"] == url]

    def full(self, name: str, address: str) -> str:
        return self.sites[name].url.removesuffix("/") + address

    def gone(self, name: str) -> tuple[BlogPost, str]:
        """The post that is gone, and its URL."""
        blog = self.cases[name].blog
        post = next((post for post in blog.posts if post.is_gone), blog.posts[GONE])
        return post, self.full(name, blog.address(post))


def serve(folder: Path, cases: Mapping[str, Case]) -> SiteServer:
    """The blogs, to be entered; `folder` is empty."""
    with suppress(FileExistsError):
        folder.mkdir()
    return SiteServer(
        {name: Site(folder, dict(case.faults), script=case.blog) for name, case in cases.items()}
    )


def crawl(project: Project, cases: Mapping[str, Case], server: SiteServer) -> Ended:
    return project.run(*crawl_command(cases, server), RETRY_TIMES="0", REDIRECT_MAX_TIMES="4")


def crawl_command(cases: Mapping[str, Case], server: SiteServer) -> list[str]:
    urls = []
    for name, case in cases.items():
        case.blog.host = server.urls[name].removesuffix("/")
        urls.append(case.blog.host + case.start)
    return ["crawl", "wordpress", "-a", f"url={','.join(urls)}"]


def asked(site: Site) -> list[str]:
    return [request.path for request in site.requests if request.path != "/robots.txt"]


def expected(blog: Blog) -> set[str]:
    return {post.cable.reference_id for post in blog.posts if post.status == "publish"}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    folder = tmp_path_factory.mktemp("blogs")
    project = Project(folder)
    cases = {name: replace(case, blog=replace(case.blog)) for name, case in CASES.items()}
    with serve(folder / "empty", cases) as server:
        ended = crawl(project, cases, server)
    return Crawled(cases, server.sites, project, ended, project.export())


# ------------------------------------------------------------------- one way at a time


@pytest.mark.parametrize("name", WAYS)
def test_each_way_alone_leads_to_every_post_once(crawled: Crawled, name: str) -> None:
    counts = Counter(crawled.asked(name))
    posts = crawled.cases[name].blog.addresses
    assert {path: counts[path] for path in posts} == dict.fromkeys(posts, 1)
    assert {path for path, count in counts.items() if count > 1} == set()
    assert crawled.cables(name) == expected(crawled.cases[name].blog)


@pytest.mark.parametrize("name", WAYS)
def test_no_trap_is_followed(crawled: Crawled, name: str) -> None:
    assert [path for path in crawled.asked(name) if TRAP.search(path)] == []


@pytest.mark.parametrize("name", WAYS)
def test_lists_that_a_blog_does_not_have_are_no_problem(crawled: Crawled, name: str) -> None:
    assert crawled.lines("problems", name) == []
    assert f"{crawled.source(name)} failed" not in crawled.ended.stderr


@pytest.mark.parametrize("name", WAYS)
def test_every_post_that_is_found_is_listed(crawled: Crawled, name: str) -> None:
    assert crawled.ended.summary[crawled.source(name)].unlisted == 0


@pytest.mark.parametrize(
    ("name", "first", "later"),
    [
        ("from rest on", "/wp-json/", "sitemap|feed"),
        ("from sitemaps on", "/wp-sitemap", "feed"),
        ("from feeds on", "/feed/", "^$"),
    ],
)
def test_what_names_posts_is_enough(crawled: Crawled, name: str, first: str, later: str) -> None:
    """No list that comes behind is asked for, and no archive."""
    lists = set(crawled.asked(name)) - set(crawled.cases[name].blog.addresses)
    assert crawled.missing(name) == set()
    assert any(path.startswith(first) for path in lists)
    archive = r"^/$|/page/|category|\d{4}/\d{2}/$"
    assert [path for path in lists if re.search(f"{later}|{archive}", path)] == []


def test_a_plain_blog_is_asked_by_plain_addresses(crawled: Crawled) -> None:
    pages = [path for path in crawled.asked("rest, plain") if "rest_route=/wp/v2/posts&" in path]
    assert len(pages) == 3


@pytest.mark.parametrize("name", BREAKING)
def test_a_list_that_breaks_off_is_made_up_for(crawled: Crawled, name: str) -> None:
    assert crawled.missing(name) == set()


def test_a_kind_of_list_that_broke_off_is_not_begun_anew(crawled: Crawled) -> None:
    paths = crawled.asked("a sitemap is none")
    assert max(Counter(paths).values()) == 1
    assert [path for path in paths if path.startswith("/sitemap") or "?sitemap" in path] == []


def test_a_list_that_fails_is_a_problem_all_the_same(crawled: Crawled) -> None:
    problems = crawled.lines("problems", "the REST API fails")
    assert [line["reason"] for line in problems] == ["http_error"]
    assert f"{crawled.source('the REST API fails')} failed" in crawled.ended.stderr


# ------------------------------------------------------------------- where a crawl begins


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_post_is_read_and_nothing_else_asked_for(crawled: Crawled, name: str) -> None:
    assert crawled.asked(name) == [crawled.cases[name].start]
    assert len(crawled.cables(name)) == 1


@pytest.mark.parametrize("name", STARTS)
def test_the_address_of_an_archive_stands_for_its_blog(crawled: Crawled, name: str) -> None:
    assert crawled.missing(name) == set()


def test_a_draft_and_a_comments_quotation_are_no_cable_of_the_blog(crawled: Crawled) -> None:
    cables = crawled.cables("from rest on")
    assert POSTS[DRAFT].cable.reference_id not in cables
    assert cables.isdisjoint(cable.reference_id for cable in QUOTED)


def test_another_blog_on_the_host_is_left_alone(crawled: Crawled) -> None:
    assert crawled.missing("beside another") == set()
    paths = crawled.asked("beside another")
    assert [path for path in paths if not path.startswith("/mine/")] == []


# ------------------------------------------------------------------- posts that are gone


def test_a_post_that_is_gone_is_read_from_its_archive_by_later_crawls_too(tmp_path: Path) -> None:
    """No list that they ask for says which archive that is: the store does."""
    case = CASES["gone, rest, plain"]
    cases = {"gone": replace(case, blog=replace(case.blog))}
    project = Project(tmp_path)
    with serve(tmp_path / "empty", cases) as server:
        command = crawl_command(cases, server)
        for _ in range(4):
            assert project.run(*command, "-a", "full=1").status == 0
    witnesses = [w for cable in project.export().lines("cables") for w in cable["witnesses"]]
    assert {witness["status"] for witness in witnesses} == {"present"}


@pytest.mark.parametrize("name", GONE_CASES)
def test_the_cable_of_a_post_that_is_gone_is_read_from_an_archive(
    crawled: Crawled, name: str
) -> None:
    assert crawled.missing(name) == set()


@pytest.mark.parametrize(
    "name", ["gone, rest", "gone, sitemaps", "gone, feeds", "gone, and led home"]
)
def test_the_month_in_a_permalink_says_which_archive(crawled: Crawled, name: str) -> None:
    post, url = crawled.gone(name)
    assert url in crawled.via(name, f"/{post.time:%Y/%m}/")


@pytest.mark.parametrize("name", ["gone, rest, plain", "gone, feeds, plain"])
def test_of_a_plain_permalink_the_list_says_the_month(crawled: Crawled, name: str) -> None:
    post, url = crawled.gone(name)
    assert crawled.via(name, f"/?m={post.time:%Y%m}") == [url]


@pytest.mark.parametrize("name", ["gone, archives", "gone, archives, plain"])
def test_the_archive_that_led_to_a_post_is_asked_first(crawled: Crawled, name: str) -> None:
    _, url = crawled.gone(name)
    (capture,) = [line for line in crawled.lines("captures", name) if line["url"] == url]
    led = capture["via"].removeprefix(crawled.full(name, ""))
    assert url in crawled.via(name, led)


def test_an_archive_is_looked_through_until_the_post_is_there(crawled: Crawled) -> None:
    paths = crawled.asked("gone, on a later page")
    months = [path for path in paths if re.fullmatch(r"/2009/06/(?:page/\d/)?", path)]
    assert months == ["/2009/06/", *(f"/2009/06/page/{page}/" for page in (2, 3, 4))]


def test_each_gone_post_of_a_month_is_read_from_it(crawled: Crawled) -> None:
    blog = crawled.cases["two gone"].blog
    gone = {crawled.full("two gone", blog.address(post)) for post in blog.posts if post.is_gone}
    assert len(gone) == 2
    assert set(crawled.via("two gone", "/2009/06/")) == gone


@pytest.mark.parametrize("name", ["gone, rest", "gone for good"])
def test_that_a_post_is_gone_is_reported_and_fails_nothing(crawled: Crawled, name: str) -> None:
    _, url = crawled.gone(name)
    problems = crawled.lines("problems", name)
    assert [(line["reason"], line["url"]) for line in problems] == [("not_found", url)]
    assert f"{crawled.source(name)} failed" not in crawled.ended.stderr


# ------------------------------------------------------------------- killed on the way

BEFORE_DONE = ("cablecrawl.frontier:mark_read", "before")
CAPTURED = ("cablecrawl.capture.warc:WarcWriter.append", "after")


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("name", ["rest", "sitemaps", "feeds", "archives"])
def test_a_killed_crawl_goes_on_to_every_post(tmp_path: Path, name: str, count: int) -> None:
    """Among lists whose step is known to their request alone."""
    case = {name: replace(CASES[name], blog=replace(WAYS[name]))}
    place, when = BEFORE_DONE if count == 2 else CAPTURED
    project = Project(tmp_path)
    with serve(tmp_path / "empty", case) as server:
        project.killed_at(place, when, count, *crawl_command(case, server))
        ended = crawl(project, case, server)
    assert ended.status == 0, ended.stderr
    assert set(project.export().cables()) == expected(WAYS[name])
    assert repeats(asked(server.site)).total() <= IN_FLIGHT


def test_a_crawl_killed_among_archives_for_gone_posts_goes_on(tmp_path: Path) -> None:
    """Captures of one address, each for another post, are not taken for one another."""
    case = {"gone": Case(Blog(posts_of_a_month(6, 1, 2, 4), offers=("rest", "archives")))}
    project = Project(tmp_path)
    with serve(tmp_path / "empty", case) as server:
        command = crawl_command(case, server)
        # An archive is in the WARC file, and nothing of it in the database.
        project.killed_at("cablecrawl.spiders.wordpress:is_same_page", "before", 1, *command)
        ended = crawl(project, case, server)
    assert ended.status == 0, ended.stderr
    assert set(project.export().cables()) == expected(case["gone"].blog)


# ------------------------------------------------------------------- from the store alone


def test_a_reparse_gives_what_the_crawl_gave(crawled: Crawled, tmp_path: Path) -> None:
    copy = crawled.project.copy(tmp_path)
    before: dict[str, Any] = copy.export("before").files()
    assert copy.reparse().status == 0
    assert copy.export("after").files() == before


@pytest.mark.parametrize("way", ["rest", "sitemaps", "archives"])
def test_a_blog_crawled_again_is_asked_for_its_lists_and_new_posts(
    tmp_path: Path, way: str
) -> None:
    blog = replace(WAYS[way], posts=POSTS[:-1])
    with SiteServer(Site(tmp_path, script=blog)) as server:
        project = Project(tmp_path)
        arguments = ("crawl", "wordpress", "-a", f"url={server.url}")
        project.run(*arguments)
        first = {request.path for request in server.requests}
        server.site.script = WAYS[way]
        server.requests.clear()
        ended = project.run(*arguments)
        again = {request.path for request in server.requests}
    assert ended.status in (0, 2), ended.stderr
    (counts,) = ended.summary.values()
    assert (counts.new, counts.changed) == (1, 0)
    new_posts = [path for path in again if is_single_post(f"{server.url}{path[1:]}")]
    assert len(new_posts) == 1 and new_posts[0] not in first
