"""Commits what the other pipelines found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from sqlalchemy import Connection

from cablecrawl.extension import RunExtension
from cablecrawl.items import CablePage, Listing, Missing, PageItem, Problem
from cablecrawl.logs import printable
from cablecrawl.records import ReadingRecord, record_of_page
from cablecrawl.stats import Stats, count_problem
from cablecrawl.store.evidence import (
    UNCHANGED,
    add_listing,
    add_missing,
    add_page,
    add_problem,
    shown_on,
)
from cablecrawl.store.writer import Writer

logger = logging.getLogger(__name__)

T = TypeVar("T")


class StorePipeline:
    """Commits readings, sightings, claims and problems; counts what became of each cable.

    Hands on a record for each new or changed reading, for Scrapy's feeds; the rest is dropped
    once it is committed.
    """

    def __init__(self, writer: Writer, stats: Stats) -> None:
        self.writer = writer
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(RunExtension.of(crawler).run.writer, crawler.stats)

    async def process_item(self, item: PageItem) -> ReadingRecord:
        match item:
            case CablePage():
                event = await self.commit(partial(add_page, page=shown_on(item)))
                self.stats.inc_value(f"cablecrawl/sightings/{event}")
                self.stats.inc_value(f"cablecrawl/sightings/{event}/{item.capture.source}")
                if event == UNCHANGED:
                    raise DropItem(f"{item.capture.url}: unchanged", log_level="DEBUG")
                return record_of_page(item)
            case Listing():
                await self.commit(
                    partial(add_listing, capture=item.capture, locators=item.locators)
                )
                raise DropItem(f"{item.capture.url}: an index page", log_level="DEBUG")
            case Missing():
                await self.commit(partial(add_missing, capture=item.capture))
                raise DropItem(f"{item.capture.url}: not there", log_level="DEBUG")
            case Problem():
                await self.commit(partial(add_problem, problem=item))
                count_problem(self.stats, item)
                line = f"{item.capture.url}: {item.reason}: {item.detail}"
                logger.warning("%s", printable(line))
                raise DropItem(f"{item.capture.url}: {item.reason}", log_level="DEBUG")

    async def commit(self, job: Callable[[Connection], T]) -> T:
        """Wait until a job of the writer is committed."""
        return await asyncio.wrap_future(self.writer.submit(job))
