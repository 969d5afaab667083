"""The spider for cable browsers: sites that number their pages, and sites with lists of them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from cablecrawl.extension import RunExtension
from cablecrawl.frontier import CAPTURE
from cablecrawl.items import (
    LEADS_TO,
    NOT_THERE,
    REDIRECTS,
    CablePage,
    Capture,
    Missing,
    PageItem,
    Problem,
)
from cablecrawl.layouts import is_cable_url
from cablecrawl.numbered import NumberedPages, number_of
from cablecrawl.reading import ReadPage, locator_of, problem_of_failure
from cablecrawl.scope import SOURCE
from cablecrawl.spider import INDEX_PRIORITY, PAGE_PRIORITY, CableSpider
from cablecrawl.store.numbered import NUMBER, highest_cable, numbers_asked, numbers_seen
from cablecrawl.walk import Answer, NumberRange, Walk, read_range

logger = logging.getLogger(__name__)


class CablebrowserSpider(CableSpider):
    """Crawls cable browsers: by number where they number their pages, else by their lists.

    Arguments
        source  names of sources, parted by commas; without it, all enabled cable browsers
        url     URLs of a site that is in no registry, or of single pages of it
        full    `1`: ask for every page, due or not
        accept  `1`: what an alarm called a loss is real
        range   numbers to ask for: `1-` to the end that is found, `100-500` for a part

    Caveats
        Links to numbered pages on a start page, or a range, begin a walk: all numbers are asked
        for, up to the setting RANGE_END_AFTER behind the highest one at which a cable was found,
        now or in an earlier crawl. A page of one number (`-a url=…cable.php?id=7`) is read alone.
        Where the last numbers fail, the end was not found, and the summary says so.
    """

    name = "cablebrowser"

    walks: dict[str, Walk]
    """By source."""
    numbers: NumberRange | None
    """As given with -a range=."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        given = spider.arguments.get("range")
        spider.numbers = None if given is None else read_range(given)
        spider.end_after = crawler.settings.getint("RANGE_END_AFTER")
        spider.walks = {}
        crawler.signals.connect(spider.go_on, signals.spider_idle)
        return spider

    end_after: int
    """The setting RANGE_END_AFTER."""

    async def start(self) -> AsyncIterator[Request]:
        for source in self.sources.values():
            self._go_on_with(source.name)
            for url in source.start_urls:
                pages = NumberedPages.like(url)
                if self.numbers is None or pages is None:
                    yield self.request(url, source.name, via=None, priority=INDEX_PRIORITY)
                else:
                    for request in self._begin(source.name, pages):
                        yield request
            async for request in self.in_rotation(source.name):
                yield request

    def parse(self, response: Response) -> Iterator[PageItem | Request]:
        assert response.request is not None
        request = response.request
        capture: Capture = request.meta[CAPTURE]
        if capture.status in REDIRECTS and NUMBER in request.meta:
            yield from self._redirected(request, capture)
            return
        answer: Answer = "missing"
        reference_id = None
        for item in super().parse(response):
            if isinstance(item, CablePage):
                answer, reference_id = "found", item.cable.stated_id.value
            elif isinstance(item, Problem):
                answer = "failed"
            yield item
        yield from self._answered(request, answer, reference_id)

    def failed(self, failure: Failure) -> Iterator[PageItem | Request]:  # type: ignore[override]  # requests too
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        items = list(super().failed(failure))
        yield from items
        is_missing = any(isinstance(item, Missing) for item in items)
        yield from self._answered(request, "missing" if is_missing else "failed")

    def follow(self, read: ReadPage, capture: Capture) -> Iterator[Request]:
        # A front page that stands at a number without a cable leads nowhere new.
        if read.reading is None or not read.reading.is_index or number_of(read.url) is not None:
            return
        source = capture.source
        indexes = read.index_urls()
        yield from self.follow_once(indexes, source, read.url, INDEX_PRIORITY, seen_too=True)
        cables = read.cable_urls()
        yield from self.follow_once(cables, source, read.url, PAGE_PRIORITY)
        numbered = [pages for url in cables if (pages := NumberedPages.like(url)) is not None]
        if numbered:
            # The plainest: a link to a copy for printing has keys of its own.
            plainest = min(numbered, key=lambda pages: len(pages.before + pages.after))
            yield from self._begin(source, plainest)

    def go_on(self) -> None:
        """Ask for what is left when all that was asked for is answered.

        Answers lead on by themselves, unless none came for a whole window: numbers that a list
        had led to before are not asked for twice.
        """
        is_done = True
        for source, walk in self.walks.items():
            while is_done and walk.next <= walk.horizon:  # all of a window may be known
                for request in self._requests(source, walk, walk.ask()):
                    is_done = False
                    self.crawler.engine.crawl(request)
        if not is_done:
            raise DontCloseSpider

    # ------------------------------------------------------------------------ the walk

    def _begin(self, source: str, pages: NumberedPages) -> Iterator[Request]:
        """Begin to walk through a source's pages, unless that is under way."""
        if source in self.walks:
            return
        walk = self._walk(source, pages, asked=0)
        yield from self._requests(source, walk, walk.ask())

    def _go_on_with(self, source: str) -> None:
        """Take up a walk that a killed run had begun: its requests are in the frontier."""
        run = RunExtension.of(self.crawler).run
        if not run.resumes:
            return
        with run.engine.connect() as db:
            asked = numbers_asked(db, source)
            pages = NumberedPages.like(asked.url) if asked is not None else None
            if asked is None or pages is None:
                return
            walk = self._walk(source, pages, asked=asked.highest)
            for seen in numbers_seen(db, source, run.crawl, pages.before, walk.last_found or 0):
                is_whole = seen.outcome == "ok" and not seen.has_problem
                is_missing = is_whole or seen.status in NOT_THERE or seen.status in REDIRECTS
                walk.note(seen.number, "missing" if is_missing else "failed")
        self._count(source, walk)

    def _walk(self, source: str, pages: NumberedPages, asked: int) -> Walk:
        run = RunExtension.of(self.crawler).run
        numbers = self.numbers or NumberRange()
        known_as = NumberedPages.like(locator_of(pages.url(0))) or pages
        with run.engine.connect() as db:
            highest = highest_cable(db, source, known_as.before)
        walk = Walk(pages, numbers, self.end_after, next=asked + 1)
        if highest is not None:
            walk.last_found, walk.last_cable = highest
        self.walks[source] = walk
        self._count(source, walk)
        return walk

    def _requests(self, source: str, walk: Walk, numbers: Iterable[int]) -> Iterator[Request]:
        urls = {walk.pages.url(number): number for number in numbers}
        wanted = set(self.recrawl.unseen(source, list(urls)) if self.numbers is None else urls)
        for url, number in urls.items():
            # Behind the last cable something may have come, whatever was there before.
            if url in wanted or number > (walk.last_found or 0):
                yield self._numbered(url, source, number, via=None)

    def _numbered(self, url: str, source: str, number: int, via: str | None) -> Request:
        request = self.request(url, source, via=via, priority=PAGE_PRIORITY)
        request.meta[NUMBER] = number
        # Where a redirect leads to is what tells a gap from a page that has moved.
        request.meta["dont_redirect"] = True
        request.meta["handle_httpstatus_list"] = sorted(REDIRECTS)
        return request

    def _redirected(self, request: Request, capture: Capture) -> Iterator[Problem | Request]:
        """Follow a redirect to a cable's page; any other leads away from a number without one.

        One that leads nowhere at all is a failure.
        """
        source, number = request.meta[SOURCE], request.meta[NUMBER]
        detail = capture.detail or ""
        target = detail.removeprefix(LEADS_TO) if detail.startswith(LEADS_TO) else ""
        if target and (number_of(target) == number or number_of(target) is None):
            if is_cable_url(target) and target != request.url:
                yield self._numbered(target, source, number, via=request.url)
                return
        problem = problem_of_failure(capture)
        if problem is not None:
            yield problem
        yield from self._answered(request, "missing" if problem is None else "failed")

    def _answered(
        self, request: Request, answer: Answer, reference_id: str | None = None
    ) -> Iterator[Request]:
        """Note what came of a numbered page, and ask for those whose turn it is now."""
        source = request.meta[SOURCE]
        walk = self.walks.get(source)
        number = request.meta.get(NUMBER, number_of(request.url))
        if walk is None or number is None:
            return
        walk.note(number, answer, reference_id)
        self._count(source, walk)
        if NUMBER in request.meta:
            yield from self._requests(source, walk, walk.ask(number))

    def _count(self, source: str, walk: Walk) -> None:
        for key, value in walk.stats(source).items():
            self.crawler.stats.set_value(key, value)
