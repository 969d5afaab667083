"""`scrapy reparse`: readings and claims again, from the captures."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from cablecrawl.errors import CableCrawlError
from cablecrawl.rebuild import rebuild
from cablecrawl.runs import StoreLock


class CountingStats(Counter[str]):
    """Counts what the pipelines count, where there is no crawl."""

    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] += count


class Command(ScrapyCommand):
    """Makes the database again from the WARC files, without the network."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Read all captures again and rebuild the database from the WARC files"

    def long_desc(self) -> str:
        return (
            "Reads every capture in the WARC files again, with the layouts, rules and pipelines"
            " of today, and puts the database that comes of it in the place of the old one, or of"
            " one that is lost. The network is not used. Example: scrapy reparse -s DATA_DIR=data"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError("scrapy reparse takes no arguments")
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        stats = CountingStats()
        progress = Progress()
        try:
            if not data_dir.is_dir():
                raise CableCrawlError(f"{data_dir}: no such folder")
            lock = StoreLock(data_dir)
            lock.describe("scrapy reparse")
            try:
                rebuilt = rebuild(data_dir, stats, progress.advance)
            finally:
                lock.release()
        except CableCrawlError as error:
            progress.clear()
            print(f"scrapy reparse: {error}", file=sys.stderr)
            self.exitcode = error.exit_status
            return
        progress.clear()
        if rebuilt.is_kept:
            print(
                f"scrapy reparse: {rebuilt.damaged} WARC files are damaged (see above): the"
                " database stays as it is; move it away to rebuild what can be read",
                file=sys.stderr,
            )
            self.exitcode = 2
            return
        pages = sum(stats[f"cablecrawl/sightings/{e}"] for e in ("first", "changed", "unchanged"))
        print(
            f"{rebuilt.captures:,} captures read in {progress.seconds:.1f} s: {pages:,} cable"
            f" pages, {stats['cablecrawl/sightings/first']:,} copies of cables,"
            f" {stats['cablecrawl/sightings/changed']:,} changes,"
            f" {stats['cablecrawl/problems']:,} problems"
        )
        if rebuilt.damaged:
            print(f"{rebuilt.damaged} WARC files are damaged: see above", file=sys.stderr)
            self.exitcode = 2


class Progress:
    """A line on a terminal: how many captures have been read, and how fast."""

    def __init__(self) -> None:
        self._began = self._shown = time.monotonic()
        self._count = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def advance(self, count: int) -> None:
        self._count += count
        now = time.monotonic()
        if now - self._shown >= 0.5 and sys.stderr.isatty():
            self._shown = now
            rate = self._count / max(self.seconds, 0.001)
            print(f"\r\x1b[K{self._count:,} captures, {rate:.0f}/s", end="", file=sys.stderr)

    def clear(self) -> None:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)
