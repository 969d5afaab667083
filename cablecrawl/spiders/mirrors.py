"""The spider for WikiLeaks mirrors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urljoin

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider

from cablecrawl.extension import RunExtension
from cablecrawl.forwarding import forward_urls
from cablecrawl.frontier import HOLD
from cablecrawl.items import Capture
from cablecrawl.layouts import is_cable_url
from cablecrawl.reading import ReadPage
from cablecrawl.scope import SOURCE
from cablecrawl.spider import INDEX_PRIORITY, PAGE_PRIORITY, CableSpider
from cablecrawl.spiders.moved import ListedBefore
from cablecrawl.store.known import has_new_index_page, last_index_page
from cablecrawl.store.listings import unlisted_pages

# The folders of a mirror, behind which its pages stand.
IN_A_FOLDER = re.compile(r"(?:cable|reldate|date|classification|origin|tag)/(?:[^?#]*/)?[^/?#]*$")

# Indexes by the day of release: of the five kinds the one that tells of news. A cable that is
# released, or released anew, stands on another page of them.
NEWS = re.compile(r"(?:^|/)reldate/[^/]*$")
NEWS_PATTERN = "*/reldate/*"


def cable_folder(url: str) -> str:
    """Where the mirror of an index page has its cable pages."""
    return urljoin(IN_A_FOLDER.sub("", url.partition("?")[0]), "cable/")


class MirrorsSpider(CableSpider):
    """Crawls copies of WikiLeaks' cable site by their index pages.

    Arguments
        source  names of sources, parted by commas; without it, all enabled mirrors
        url     URLs of a site that is in no registry, or of single pages of it
        full    `1`: ask for every page, due or not
        accept  `1`: what an alarm called a loss is real

    Caveats
        The server's own listing of cable/ is asked for once: where there is one, it leads to
        pages that no index lists any more (12 of 6,712 in one mirror). Origin and tag pages
        are not walked: they list the same cables again. Of a mirror that is known, indexes by
        day of release are asked for first, and the others if one of those has changed, or in
        their turn. A page of no layout is followed where it leads on by a frame or a refresh.
    """

    name = "mirrors"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.look_for_unlisted, signals.spider_idle)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        run = RunExtension.of(self.crawler).run
        self.before = ListedBefore(run, self.reader)
        self.crawler.signals.connect(self.before.close, signals.spider_closed)
        self.waiting = {
            name
            for name in self.sources
            if self.recrawl.is_partial(name) and self._may_wait(name, run.crawl)
        }
        self.looked_for_unlisted: set[str] = set()
        if run.resumes:
            # The run that was cut short may have withheld what has changed since.
            for name in self.sources.keys() - self.waiting:
                self.scheduler.release(name)
        async for request in super().start():
            yield request
        for source in self.sources.values():
            pages = [url for url in source.start_urls if not is_cable_url(url)]
            for folder in {cable_folder(url): None for url in pages}:
                request = self.request(folder, source.name, via=None, priority=INDEX_PRIORITY)
                yield self._held(request)

    waiting: set[str]
    """Known sources of which nothing has changed so far: indexes that tell no news are withheld."""
    before: ListedBefore
    looked_for_unlisted: set[str]

    def follow(self, read: ReadPage, capture: Capture) -> Iterator[Request]:
        if read.reading is None and read.page is not None:
            targets = forward_urls(read.url, read.page)
            yield from self.follow_once(
                targets, capture.source, read.url, INDEX_PRIORITY, seen_too=True
            )
        if read.reading is None or not read.reading.is_index:
            return
        source = capture.source
        is_new = capture.revisit_of is None
        if is_new and source in self.waiting:
            self.waiting.discard(source)
            self.scheduler.release(source)
        for request in self.follow_once(
            read.index_urls(), source, read.url, INDEX_PRIORITY, seen_too=True
        ):
            yield request if NEWS.search(request.url) else self._held(request)
        cables = read.cable_urls()
        yield from self.follow_once(cables, source, read.url, PAGE_PRIORITY)
        if is_new and self.recrawl.is_partial(source) and NEWS.search(read.url):
            moved = self.before.not_listed(source, read.url, cables)
            yield from self.follow_once(moved, source, read.url, PAGE_PRIORITY, seen_too=True)

    def look_for_unlisted(self) -> None:
        """Ask for the pages that indexes, having changed, list no more: are they still there?"""
        run = RunExtension.of(self.crawler).run
        is_done = True
        for source in self.sources:
            if source in self.waiting or source in self.looked_for_unlisted:
                continue
            self.looked_for_unlisted.add(source)
            starts = self.sources[source].start_urls
            if not self.recrawl.is_partial(source) or all(map(self.is_single, starts)):
                continue
            with run.engine.connect() as db:
                pages = unlisted_pages(db, source, ending=run.crawl)
            for url in pages[: self.sources[source].recrawl.budget]:
                is_done = False
                self.crawler.engine.crawl(
                    self.request(url, source, via=None, priority=PAGE_PRIORITY)
                )
        if not is_done:
            raise DontCloseSpider

    def _may_wait(self, source: str, crawl: str) -> bool:
        """Whether a source has indexes that tell of news, and the others were all seen of late.

        Not if a run of this crawl, which was cut short, has met a change already.
        """
        policy = self.sources[source].recrawl
        with RunExtension.of(self.crawler).run.engine.connect() as db:
            of_news = last_index_page(db, source, NEWS_PATTERN, is_like=True, before=crawl)
            others = last_index_page(db, source, NEWS_PATTERN, is_like=False, before=crawl)
            has_changed = has_new_index_page(db, source, crawl)
        if of_news is None or others is None or has_changed:
            return False
        return datetime.now(UTC) - others < policy.pages

    def _held(self, request: Request) -> Request:
        """A request that is made at once, or withheld until its source is seen to have changed."""
        if request.meta[SOURCE] in self.waiting:
            request.meta[HOLD] = True
        return request
