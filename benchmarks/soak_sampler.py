"""An extension that writes every few seconds what its crawl holds: the samples of the soak."""

from __future__ import annotations

import asyncio
import csv
import os
import threading
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler

from cablecrawl.extension import RunExtension
from cablecrawl.runs import DONE, LEASED, PENDING, WITHHELD
from cablecrawl.store.database import DATABASE, WARC_FOLDER

# Counting the frontier of 100,000 pages takes some 20 ms.
INTERVAL = 5.0

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
MB = 1e6


@dataclass(frozen=True, slots=True)
class Sample:
    """What a crawl holds at a moment."""

    seconds: float
    """Since the spider was opened."""
    cpu_seconds: float
    """Of the whole process: what tells a busy machine from a crawl that becomes slow."""
    requests: int
    rss_mb: float
    pss_mb: float
    descriptors: int
    threads: int
    tasks: int
    """Of asyncio, without the sampler's own."""
    under_way: int
    """Requests that the engine holds, from their download to their last item."""
    queued: int
    """Jobs that wait for the store's writer."""
    pending: int
    leased: int
    done: int
    withheld: int
    database_mb: float
    wal_mb: float
    warc_mb: float
    is_closed: int
    """1: the crawl has ended, and its run is closed."""


class Sampler:
    """Writes samples to the CSV file that the setting SAMPLES names; the last one when closed."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.path = Path(crawler.settings["SAMPLES"])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        sampler = cls(crawler)
        crawler.signals.connect(sampler.spider_opened, signals.spider_opened)
        crawler.signals.connect(sampler.spider_closed, signals.spider_closed)
        return sampler

    def spider_opened(self, spider: Spider) -> None:
        self.began = time.monotonic()
        self.task = asyncio.ensure_future(self.go_on())

    async def go_on(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            self.write(self.sample(RunExtension.of(self.crawler).run.frontier_counts()))

    def spider_closed(self, spider: Spider) -> None:
        self.task.cancel()
        self.write(self.sample({}, is_closed=True))

    def sample(self, frontier: dict[int, int], *, is_closed: bool = False) -> Sample:
        run = RunExtension.of(self.crawler).run
        engine = self.crawler.engine
        assert engine is not None
        slot = engine._slot
        database = run.data_dir / DATABASE
        return Sample(
            seconds=round(time.monotonic() - self.began, 1),
            cpu_seconds=round(time.process_time(), 1),
            requests=self.crawler.stats.get_value("downloader/request_count", 0),
            rss_mb=round(rss() / MB, 1),
            pss_mb=round(pss() / MB, 1),
            descriptors=len(os.listdir("/proc/self/fd")),
            threads=threading.active_count(),
            tasks=len(asyncio.all_tasks() - {self.task}),
            under_way=len(slot.inprogress) if slot is not None else 0,
            queued=run.writer._queue.qsize(),
            pending=frontier.get(PENDING, 0),
            leased=frontier.get(LEASED, 0),
            done=frontier.get(DONE, 0),
            withheld=frontier.get(WITHHELD, 0),
            database_mb=size_mb(database),
            wal_mb=size_mb(database.with_name(f"{DATABASE}-wal")),
            warc_mb=round(sum(map(size_mb, (run.data_dir / WARC_FOLDER).iterdir())), 2),
            is_closed=int(is_closed),
        )

    def write(self, sample: Sample) -> None:
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Sample)])
            if is_new:
                writer.writeheader()
            writer.writerow(asdict(sample))


def rss() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_SIZE


def pss() -> int:
    """The same, where what it shares with others counts in part."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def size_mb(path: Path) -> float:
    """Megabytes of a file; 0 if it is not there."""
    try:
        return round(path.stat().st_size / MB, 2)
    except FileNotFoundError:
        return 0.0
