"""Commits what the other pipelines found."""

from __future__ import annotations

import asyncio
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from cablecrawl.items import CablePage, Problem
from cablecrawl.records import ReadingRecord, record_of_page
from cablecrawl.runs import RunExtension, Stats
from cablecrawl.store.evidence import UNCHANGED, add_page, add_problem
from cablecrawl.store.writer import Writer


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
        return cls(RunExtension.of(crawler).writer, crawler.stats)

    async def process_item(self, item: CablePage | Problem) -> ReadingRecord:
        if isinstance(item, Problem):
            problem = item
            await asyncio.wrap_future(self.writer.submit(lambda db: add_problem(db, problem)))
            self.stats.inc_value("cablecrawl/problems")
            self.stats.inc_value(f"cablecrawl/problems/{item.reason}")
            raise DropItem(f"{item.capture.url}: {item.reason}: {item.detail}")
        page = item
        event = await asyncio.wrap_future(self.writer.submit(lambda db: add_page(db, page)))
        self.stats.inc_value(f"cablecrawl/sightings/{event}")
        self.stats.inc_value(f"cablecrawl/source/{item.capture.source}/{event}")
        if event == UNCHANGED:
            raise DropItem(f"{item.capture.url}: unchanged", log_level="DEBUG")
        return record_of_page(item)
