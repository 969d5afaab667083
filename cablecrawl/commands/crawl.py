"""`scrapy crawl`, with exit statuses that say how the run ended."""

from __future__ import annotations

import argparse
import logging
import sys
from asyncio import Task
from pathlib import Path
from typing import cast

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.reparse import print_changes, reparse, report_damage
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.extension import RunExtension
from cablecrawl.logs import is_worth_a_line
from cablecrawl.rebuild import is_read_by_other_code


class Command(ScrapyCrawl):
    """Runs a spider; bad arguments and a store that cannot be used get one line."""

    def long_desc(self) -> str:
        return (
            "Crawl all enabled sources of a kind: mirrors, wordpress or cablebrowser. On a terminal"
            " a line says how far it is. With -O, each new or changed reading is a line of a file"
            " that other programs read. A crawl that was cut short is gone on with. Exit status:"
            " 0 finished, 1 bad usage, 2 a source failed, 3 no space or permission, 4 another run"
            " is at work, 130 interrupted, 131 interrupted twice and cut off."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "crawl")
        add_examples(
            parser,
            "scrapy crawl mirrors -s CONTACT=you@example.org -a source=zilog -O new.jsonl",
            "scrapy crawl wordpress -a url=http://127.0.0.1:8000/",
        )
        parser.add_argument(
            "-a",
            dest="spargs",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="source=NAME,… some of the sources; url=URL,… a site that is in no registry, or"
            " single pages of it; full=1 every page, due or not; accept=1 what an alarm called a"
            " loss is real; range=1- or 100-500 the numbers of a cablebrowser; may be repeated;"
            " default: all enabled sources, what is due",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("give one spider: scrapy crawl mirrors")
        with ends_in_one_line(self, "run it again to go on"):
            self._crawl(args[0], opts)

    def _crawl(self, spider: str, opts: argparse.Namespace) -> None:
        assert self.crawler_process is not None
        known = self.crawler_process.spider_loader.list()
        if spider not in known:
            raise CableCrawlError(f"{spider}: unknown spider (one of {', '.join(known)})")
        self._read_again_by_other_code()
        logging.getLogger("twisted").addFilter(is_worth_a_line)
        crawler = self._create_crawler(spider)
        crawling = cast("Task[None]", self.crawler_process.crawl(crawler, **opts.spargs))
        errors: list[BaseException | None] = []
        crawling.add_done_callback(lambda done: errors.append(done.exception()))
        self.crawler_process.start()
        error = next(filter(None, errors), None)
        if error is not None:
            raise error
        extension = RunExtension.of(crawler)
        extension.progress.clear()
        self.exitcode = extension.exit_status
        if extension.is_cut_off:
            print(
                "scrapy crawl: cut off by a second signal; what is stored is kept, what was"
                " under way is asked for again: run it again to go on",
                file=sys.stderr,
            )

    def _read_again_by_other_code(self) -> None:
        """Bring a store up to the code of today, so that no change of it looks like one of a site.

        Raises CableCrawlError.
        """
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        if not self.settings.getbool("REPARSE_BEFORE_CRAWL") or not is_read_by_other_code(data_dir):
            return
        print(
            "the store was read by other code than today's: reading its captures again first, as"
            " `scrapy reparse` does",
            file=sys.stderr,
        )
        rebuilt, _, seconds = reparse(data_dir)
        print(f"{rebuilt.captures:,} captures read again in {seconds:.1f} s", file=sys.stderr)
        if rebuilt.changes is not None:
            print_changes(rebuilt.changes, sys.stderr)
        if report_damage(rebuilt) and not rebuilt.is_kept:
            raise CableCrawlError(
                "the store cannot be read by today's code while WARC files are damaged: bring them"
                " back from a copy; or go on with -s REPARSE_BEFORE_CRAWL=0, and what other rules"
                " read otherwise looks like a change of the site"
            )
