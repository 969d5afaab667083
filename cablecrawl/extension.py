"""The run inside Scrapy: opened with the crawler, shown while it goes on, closed with it."""

from __future__ import annotations

import asyncio
import logging
import sys
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from twisted.python.failure import Failure

from cablecrawl.commands.progress import Progress
from cablecrawl.errors import CableCrawlError, StorageError
from cablecrawl.items import PageItem, Problem
from cablecrawl.logs import printable
from cablecrawl.reading import circular_redirects, problem_of_error
from cablecrawl.runs import DONE, LEASED, PENDING, Run, describe_run
from cablecrawl.sources import Source
from cablecrawl.stats import count_problem
from cablecrawl.store.evidence import add_problem
from cablecrawl.summary import Summary, progress_notes

logger = logging.getLogger(__name__)

# Beside 130, which a shell has for a program that was interrupted: this one ended at once.
CUT_OFF = 131

# Seconds between two looks at how far a crawl is: it counts the rows of the frontier.
PROGRESS_INTERVAL = 1.0


class RunExtension:
    """Opens the run, watches over its writer, prints progress and summary."""

    def __init__(self, crawler: Crawler) -> None:
        """Raises CableCrawlError when the store cannot be opened, recovered or locked."""
        self.crawler = crawler
        spider = crawler.spider
        assert spider is not None
        self.sources: dict[str, Source] = getattr(spider, "sources", {})
        self.skipped: dict[str, str] = getattr(spider, "skipped", {})
        arguments: dict[str, str] = getattr(spider, "arguments", {})
        description = describe_run(spider.name, arguments, crawler.settings, self.sources.values())
        self.run = Run(Path(crawler.settings["DATA_DIR"]), description)
        self.error: BaseException | None = None
        self.summary: Summary | None = None
        self._is_closed = False
        self._closing: asyncio.Task[None] | None = None
        self.progress = Progress()
        self._looking: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not hasattr(crawler.spider, "sources"):
            raise NotConfigured  # `scrapy shell` and the like: nothing is crawled, nothing kept
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signals.spider_closed)
        crawler.signals.connect(extension.item_error, signals.item_error)
        return extension

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The crawler's run. Raises NotConfigured where there is none, as in `scrapy shell`."""
        extension = crawler.get_extension(cls)
        if extension is None:
            raise NotConfigured
        return extension

    @property
    def has_failed(self) -> bool:
        """Whether nothing can be written any more."""
        return self.error is not None

    @property
    def exit_status(self) -> int:
        """What `scrapy crawl` ends with."""
        if isinstance(self.error, CableCrawlError):
            return self.error.exit_status
        if self.is_cut_off:
            return CUT_OFF
        if self.error is not None or self.summary is None:
            return 1
        return self.summary.exit_status

    @property
    def is_cut_off(self) -> bool:
        """Whether the crawl ended without its end: a second signal came before it had drained."""
        return self.error is None and not self._is_closed

    def watch(self, future: Future[Any]) -> None:
        """End the crawl if a job of the writer fails."""
        loop = asyncio.get_running_loop()

        def check(done: Future[Any]) -> None:
            error = done.exception()
            if error is not None:
                loop.call_soon_threadsafe(self.fail, error)

        future.add_done_callback(check)

    def fail(self, error: BaseException) -> None:
        """Nothing can be written any more: end the crawl; what is committed stays."""
        if self.error is not None:
            return
        self.error = error
        reason = "no_space" if isinstance(error, StorageError) else "store_failed"
        logger.error(
            "%s: the crawl ends; run it again to go on", error, exc_info=_unforeseen(error)
        )
        self._closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason=reason))

    def item_error(self, item: PageItem, failure: Failure) -> None:
        """A pipeline failed: the page is a problem, and not lost without a trace."""
        if isinstance(failure.value, StorageError):
            self.fail(failure.value)
            return
        assert failure.value is not None
        self._add_problem(problem_of_error(item.capture, failure.value))

    def _add_problem(self, problem: Problem) -> None:
        """Record a problem that comes by no pipeline."""
        line = f"{problem.capture.url}: {problem.reason}: {problem.detail}"
        logger.warning("%s", printable(line))
        self.watch(self.run.writer.submit(partial(add_problem, problem=problem)))
        count_problem(self.crawler.stats, problem)

    def spider_opened(self, spider: Spider) -> None:
        for name, reason in self.skipped.items():
            logger.warning("%s is skipped: %s", name, reason)
        if self.run.resumes:
            counts = self.run.frontier_counts()
            logger.warning(
                "going on with the crawl of run %s: %d requests done, %d to make",
                self.run.crawl,
                counts.get(DONE, 0),
                counts.get(PENDING, 0),
            )
        if self.run.recovered:
            logger.warning("%d captures of a killed run were recovered", self.run.recovered)
        if sys.stderr.isatty():
            self._looking = asyncio.ensure_future(self._show_progress())

    def spider_closed(self, spider: Spider, reason: str) -> None:
        self._is_closed = True
        if self._looking is not None:
            self._looking.cancel()
        self.progress.clear()
        try:
            if not self.has_failed:
                for problem in circular_redirects(self.run.redirects()):
                    self._add_problem(problem)
            self.run.writer.close()
            state = "failed" if self.has_failed else "finished"
            if state == "finished" and (reason != "finished" or self.run.requests_left()):
                state = "stopped"
            settled = self.run.settle() if state == "finished" else {}
            stats = self.crawler.stats.get_stats()
            self.summary = Summary.of_run(self.run, stats, state, reason, settled)
            self.summary.add_skipped(self.skipped)
            self.run.finish(state, reason, self.summary.as_dict())
        except CableCrawlError as error:
            self.error = self.error or error
            logger.error("%s", error)
        if self.summary is not None:
            sys.stderr.write(self.summary.text())
            sys.stderr.flush()

    async def _show_progress(self) -> None:
        before = self.run.frontier_counts().get(DONE, 0)
        self.progress.begin(self.run.description.spider, "known", done=before)
        while True:
            counts = self.run.frontier_counts()
            done = counts.get(DONE, 0)
            known = done + counts.get(PENDING, 0) + counts.get(LEASED, 0)
            self.progress.reach(done, known, progress_notes(self.crawler.stats.get_stats()))
            await asyncio.sleep(PROGRESS_INTERVAL)


def _unforeseen(error: BaseException) -> BaseException | None:
    """The error itself, for a traceback, where it is no fault of the storage."""
    return None if isinstance(error, CableCrawlError) else error
