"""What the spiders share: the way from sources to requests, and from responses to items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from cablecrawl.browser import use_browser
from cablecrawl.capture.http import content_type
from cablecrawl.extension import RunExtension
from cablecrawl.frontier import CAPTURE, MAX_OUTBOX, FrontierScheduler
from cablecrawl.items import Capture, PageItem
from cablecrawl.layouts import is_cable_url
from cablecrawl.reading import (
    PageReader,
    ReadPage,
    items_of_answer,
    items_of_failure,
    read_items,
)
from cablecrawl.recrawl import Recrawl
from cablecrawl.scope import SOURCE, VIA
from cablecrawl.selection import FULL, choose_sources, download_slots, name_contact
from cablecrawl.sources import Source
from cablecrawl.traps import is_trap

# Indexes first: they are few, and what they list makes the rest of the way known.
INDEX_PRIORITY, PAGE_PRIORITY = 10, 0

# 20,000 links are 4 MB; an index page that repeats them comes soon after.
MAX_FOLLOWED = 20_000


class CableSpider(Spider):
    """A spider over the sources of one kind, chosen with `-a source=` or `-a url=`."""

    # Here and not in settings.py: `scrapy shell` and `fetch` have no run and no frontier.
    custom_settings = {"SCHEDULER": "cablecrawl.frontier.FrontierScheduler"}

    sources: dict[str, Source]
    """Those that are crawled, by name."""
    skipped: dict[str, str]
    """Those that cannot be, with the reason."""
    arguments: dict[str, str]
    """As given with -a."""
    reader: PageReader
    followed: dict[tuple[str, str], None]
    """Links followed of late: index pages repeat each other's. The frontier knows them all."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Raises CableCrawlError for arguments that cannot be used."""
        spider = super().from_crawler(crawler, *args)
        spider.arguments = dict(kwargs)
        chosen = choose_sources(crawler.settings, cls.name, spider.arguments)
        spider.skipped = use_browser(crawler.settings, chosen)
        spider.sources = {
            source.name: source for source in chosen if source.name not in spider.skipped
        }
        name_contact(crawler.settings, spider.sources.values())
        crawler.settings.set(
            "DOWNLOAD_SLOTS",
            {**download_slots(spider.sources), **crawler.settings.getdict("DOWNLOAD_SLOTS")},
            priority="spider",
        )
        spider.reader = PageReader()
        spider.followed = {}
        return spider

    async def start(self) -> AsyncIterator[Request]:
        for source in self.sources.values():
            for url in source.start_urls:
                yield self.request(url, source.name, via=None, priority=INDEX_PRIORITY)
            async for request in self.in_rotation(source.name):
                yield request

    @cached_property
    def recrawl(self) -> Recrawl:
        """Which pages of known sources are asked for; made when the run is open."""
        run = RunExtension.of(self.crawler).run
        recrawl = Recrawl(run, self.sources.values(), is_full=FULL in self.arguments)
        self.crawler.signals.connect(recrawl.close, signals.spider_closed)
        return recrawl

    async def in_rotation(self, source: str) -> AsyncIterator[Request]:
        """Requests for the known pages of a source whose turn it is; none where some were named.

        Scrapy takes what `start` gives all at once when its downloader is busy, and does nothing
        else meanwhile: half a minute for 100,000 pages. So each batch waits until it is written.
        """
        if "range" in self.arguments or all(map(self.is_single, self.sources[source].start_urls)):
            return
        for number, url in enumerate(self.recrawl.due(source, self.takes_turns), start=1):
            self.crawler.stats.inc_value(f"cablecrawl/in_rotation/{source}")
            yield self.again(url, source)
            if number % MAX_OUTBOX == 0 and not await self.scheduler.written():
                return
        self.crawler.stats.set_value(f"cablecrawl/left/{source}", self.recrawl.left.get(source, 0))

    @property
    def scheduler(self) -> FrontierScheduler:
        """The frontier, once the crawl is open."""
        assert self.crawler.engine is not None
        scheduler = self.crawler.engine.scheduler
        assert isinstance(scheduler, FrontierScheduler)
        return scheduler

    def is_single(self, url: str) -> bool:
        """Whether an address is of one page, which is read alone, and not of a site."""
        return is_cable_url(url)

    def takes_turns(self, url: str) -> bool:
        """Whether a known page is asked for in rotation, and not because an index leads to it.

        An index that nothing leads to any more may still be there, and tells of the past.
        """
        return self.is_single(url)

    def again(self, url: str, source: str) -> Request:
        """A request for a page that an earlier crawl asked for."""
        return self.request(url, source, via=None, priority=PAGE_PRIORITY)

    def request(self, url: str, source: str, *, via: str | None, priority: int) -> Request:
        """A request of a source; the fragment of its URL is no part of it."""
        meta = {SOURCE: source}
        if via is not None:
            meta[VIA] = via
        return Request(url, callback=self.parse, errback=self.failed, meta=meta, priority=priority)

    def follow_once(
        self, urls: list[str], source: str, via: str, priority: int, *, seen_too: bool = False
    ) -> Iterator[Request]:
        """Requests for those of the URLs that nobody has seen yet, or for all, each once.

        None for those that lead on for ever.
        """
        for url in urls if seen_too else self.recrawl.unseen(source, urls):
            link = (source, url)
            if link not in self.followed:
                if is_trap(url):
                    self.crawler.stats.inc_value("cablecrawl/traps")
                    continue
                if len(self.followed) >= MAX_FOLLOWED:
                    self.followed.clear()
                self.followed[link] = None
                yield self.request(url, source, via=via, priority=priority)

    def parse(self, response: Response) -> Iterator[PageItem | Request]:
        """Items of a page, and requests for what its index lists."""
        assert response.request is not None
        capture: Capture = response.request.meta[CAPTURE]
        if capture.outcome != "ok":  # a 203 or 206, which Scrapy takes for a success
            yield from self.items_of(capture, response)
            return
        items, read = read_items(
            self.reader,
            capture,
            response.body,
            content_type(response.headers),
        )
        yield from items
        if read is not None:
            yield from self.follow(read, capture)

    def follow(self, read: ReadPage, capture: Capture) -> Iterator[Request]:
        """Requests for what a page links to. Nothing, unless the spider says otherwise."""
        return iter(())

    def failed(self, failure: Failure) -> Iterator[PageItem]:
        """A page that could not be got at."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        capture: Capture | None = request.meta.get(CAPTURE)
        if capture is not None:
            yield from self.items_of(capture, getattr(failure.value, "response", None))

    def items_of(self, capture: Capture, response: Response | None) -> list[PageItem]:
        """What a failed capture gives; no response: none came."""
        if response is None:
            return list(items_of_failure(capture))
        headers = response.headers
        return items_of_answer(self.reader, capture, response.body, content_type(headers))
