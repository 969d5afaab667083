"""The spider for WordPress blogs that repost cables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from cablecrawl.blogsearch import Next, Step, after_failure, after_list, begin
from cablecrawl.capture.http import content_type
from cablecrawl.frontier import CAPTURE, PURPOSE
from cablecrawl.items import Capture, PageItem
from cablecrawl.layouts.bloglinks import (
    has_plain_permalink,
    home_of,
    is_single_post,
    is_trap,
    kind_of_link,
    month_archive,
    month_of_link,
    next_archive_page,
)
from cablecrawl.layouts.bloglists import GONE, read_list
from cablecrawl.reading import ReadPage, is_same_page, read_items
from cablecrawl.scope import SOURCE, host_of
from cablecrawl.spider import CableSpider

# Lists first: they are few, and what they list makes the rest of the way known.
LIST_PRIORITY, POST_PRIORITY = 10, 0

# In which the REST API says how many pages there are.
TOTAL_PAGES = "X-WP-TotalPages"

# Pages of an archive that are looked through for one post: enough for a month of 9,000 cables,
# more than any has, at ten a page.
MAX_ARCHIVE_PAGES = 900


class WordpressSpider(CableSpider):
    """Crawls blogs that repost cables, by whatever list of their posts they offer.

    Arguments
        source  names of sources, parted by commas; without it, all enabled blogs
        url     URLs of blogs that are in no registry, or of single posts; the address of an
                archive (a month, a category) stands for its blog
        full    `1`: ask for every post, due or not
        accept  `1`: what an alarm called a loss is real

    Caveats
        The REST API is asked first, then sitemaps, feeds, and at last the archive pages, each
        only where the one before names no post or breaks off. What a sitemap names can be a
        page that is no post. Tags, authors, years and days are not walked: they list over
        again what months and categories do. Where a post's page is gone its cables are read
        from the archive that led to it, or from its month's; where neither is known, they are
        lost.
    """

    name = "wordpress"

    async def start(self) -> AsyncIterator[Request]:
        for source in self.sources.values():
            for url in source.start_urls:
                if is_single_post(url):
                    request = self.request(url, source.name, via=None, priority=POST_PRIORITY)
                    yield self.post_request(request, home_of(url))
            blogs = [home_of(url) for url in source.start_urls if not is_single_post(url)]
            for home in dict.fromkeys(blogs):
                for request in self.search_on(begin(home), source.name, via=None):
                    yield request
            async for request in self.in_rotation(source.name):
                yield request

    def is_single(self, url: str) -> bool:
        return is_single_post(url)

    def again(self, url: str, source: str) -> Request:
        homes = [home_of(start) for start in self.sources[source].start_urls]
        home = next((home for home in homes if url.startswith(home)), homes[0])
        request = self.request(url, source, via=None, priority=POST_PRIORITY)
        # Of a post that was gone, what had led to it said where: no list is asked for that now.
        archive = self.recrawl.seen_elsewhere(source, url) or ""
        return self.post_request(request, home, archive=archive)

    def read(self, response: Response) -> tuple[list[PageItem], ReadPage | None]:
        """The items of a response, and the page where it could be read."""
        capture: Capture = _request_of(response).meta[CAPTURE]
        if capture.outcome != "ok":  # a 203 or 206, which Scrapy takes for a success
            return self.items_of(capture, response), None
        return read_items(self.reader, capture, response.body, content_type(response.headers))

    # ------------------------------------------------------------------- lists of posts

    def search_on(self, to_ask: Next, source: str, via: str | None) -> Iterator[Request]:
        """The request for the next list, or for the blog's home when no list is left."""
        if to_ask is None:
            return
        url, step = to_ask
        request = self.request(url, source, via=via, priority=LIST_PRIORITY)
        if step.is_over:
            yield _archive(request, self, step.home)
            return
        # Two ways may lead to one list.
        request.meta[PURPOSE] = f"{step.home} {step.way} {step.page}"
        yield request.replace(
            callback=self.parse_list, errback=self.list_failed, cb_kwargs=asdict(step)
        )

    def parse_list(self, response: Response, **carried: Any) -> Iterator[PageItem | Request]:
        """Requests for the posts that a list names, and for the next list."""
        step = Step(**carried)
        source: str = _request_of(response).meta[SOURCE]
        items, page = self.read(response)
        yield from items
        listed = read_list(page.document.text) if page is not None else None
        if page is None or listed is None or listed.kind != step.kind:
            yield from self.search_on(after_failure(step, None), source, response.url)
            return
        posts = {_absolute(page.url, post.link): post.month for post in listed.posts}
        for url in [url for url in posts if is_trap(url) or url == step.home]:
            del posts[url]
        self.count_named(source, listed.kind, len(posts))
        for url, month in posts.items():
            for request in self.follow_once([url], source, page.url, POST_PRIORITY):
                yield self.post_request(request, step.home, month=month)
        lists = [_absolute(page.url, link) for link in listed.lists]
        total = (response.headers.get(TOTAL_PAGES) or b"").decode("latin-1")
        to_ask = after_list(
            step,
            replace(listed, lists=[url for url in lists if url]),
            list(posts),
            int(total[:9]) if total.isdecimal() else None,
        )
        yield from self.search_on(to_ask, source, page.url)

    def list_failed(self, failure: Failure) -> Iterator[PageItem | Request]:
        """A list that is not there or cannot be had: the next one is asked for."""
        yield from self.failed(failure)
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        capture: Capture | None = request.meta.get(CAPTURE)
        to_ask = after_failure(
            Step(**request.cb_kwargs), capture.status if capture is not None else None
        )
        yield from self.search_on(to_ask, request.meta[SOURCE], request.url)

    # ------------------------------------------------------------------- archives

    def parse_archive(self, response: Response, home: str) -> Iterator[PageItem | Request]:
        """Requests for the posts that an archive shows, and for further archives."""
        source: str = _request_of(response).meta[SOURCE]
        items, page = self.read(response)
        yield from items
        if page is None or page.reading is None or not page.reading.is_index:
            return
        archives = [url for url in page.index_urls() if _is_archive_of(home, url)]
        for request in self.follow_once(archives, source, page.url, LIST_PRIORITY, seen_too=True):
            yield _archive(request, self, home)
        # A title may lead to what the post is about, on another site.
        urls = [url for url in page.cable_urls() if host_of(url) == host_of(home)]
        posts = [url for url in urls if not is_trap(url)]
        for request in self.follow_once(posts, source, page.url, POST_PRIORITY):
            self.count_named(source, "archive", 1)
            yield self.post_request(request, home, archive=page.url)

    def count_named(self, source: str, by: str, posts: int) -> None:
        """Count the posts that a kind of list names, for the run's summary."""
        self.crawler.stats.inc_value(f"cablecrawl/posts_named/{source}/{by}", posts)

    # ------------------------------------------------------------------- posts

    def post_request(
        self, request: Request, home: str, *, month: str = "", archive: str = ""
    ) -> Request:
        """A request for a post, with what is known of where else it can be read."""
        return request.replace(
            callback=self.parse_post,
            errback=self.post_failed,
            cb_kwargs={"home": home, "month": month, "archive": archive},
        )

    def parse_post(self, response: Response, **known: str) -> Iterator[PageItem | Request]:
        items, page = self.read(response)
        yield from items
        # Some blogs lead on to their home where a post is gone.
        if page is not None and page.reading is not None and page.reading.is_index:
            yield from self.look_in_archive(_request_of(response))

    def post_failed(self, failure: Failure) -> Iterator[PageItem | Request]:
        yield from self.failed(failure)
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        capture: Capture | None = request.meta.get(CAPTURE)
        if capture is not None and capture.status in GONE:
            yield from self.look_in_archive(request)

    def look_in_archive(self, request: Request) -> Iterator[Request]:
        """A request for the archive page that should hold a post whose own page is gone."""
        known: dict[str, str] = request.cb_kwargs
        post: str = request.meta.get("redirect_urls", [request.url])[0]
        is_plain = has_plain_permalink(post)
        month = month_of_link(post) or known["month"]
        archive = known["archive"]
        if not archive and month:
            archive = month_archive(known["home"], month, plain=is_plain)
        if archive:
            yield self.archive_for(post, archive, request.meta[SOURCE], {"plain": is_plain})

    def archive_for(self, post: str, url: str, source: str, carried: dict[str, Any]) -> Request:
        """A request for an archive page of which the cables of one post are read."""
        request = self.request(url, source, via=post, priority=POST_PRIORITY)
        request.meta[PURPOSE] = post
        return request.replace(callback=self.parse_gone, cb_kwargs={"post": post, **carried})

    def parse_gone(
        self, response: Response, post: str, plain: bool, page: int = 1, seen: Iterable[str] = ()
    ) -> Iterator[PageItem | Request]:
        """The cables of a post on an archive page, or the archive's next page."""
        items, read = self.read(response)
        yield from items
        if read is None or read.reading is None or not read.reading.is_index:
            return
        shown = read.cable_urls()
        if any(is_same_page(url, post) for url in shown):
            return
        if page < MAX_ARCHIVE_PAGES and not set(shown) <= set(seen):
            url = next_archive_page(read.url, plain=plain)
            carried = {"plain": plain, "page": page + 1, "seen": shown}
            yield self.archive_for(post, url, _request_of(response).meta[SOURCE], carried)


def _archive(request: Request, spider: WordpressSpider, home: str) -> Request:
    # A post that is gone may have led to it already, and nothing was followed then.
    meta = {**request.meta, PURPOSE: "archive"}
    return request.replace(callback=spider.parse_archive, cb_kwargs={"home": home}, meta=meta)


def _request_of(response: Response) -> Request:
    assert response.request is not None
    return response.request


def _absolute(base: str, link: str) -> str:
    """An absolute URL without fragment; empty for what is no URL, which leads nowhere."""
    try:
        return urldefrag(urljoin(base, link)).url
    except ValueError:
        return ""


def _is_archive_of(home: str, url: str) -> bool:
    """Whether an archive is the blog's own, and not of another blog on its host."""
    return (
        kind_of_link(url) == "archive"
        and host_of(url) == host_of(home)
        and urlsplit(url).path.startswith(urlsplit(home).path)
    )
