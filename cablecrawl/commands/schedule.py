"""`scrapy schedule`: crawls that begin by themselves when they are due."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from scrapy.commands import ScrapyCommand
from scrapy.settings import BaseSettings

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.table import table_lines
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.recrawl_policy import RecrawlPolicy, interval_text
from cablecrawl.schedule.due import LONG_AGO, Due, due_times, shown_time
from cablecrawl.schedule.schedule import Schedule
from cablecrawl.selection import known_sources
from cablecrawl.store.database import storage_errors
from cablecrawl.store.queries import unregistered

HEADINGS = ("source", "due", "last run", "which", "policy", "why")


class Command(ScrapyCommand):
    """Crawls each source when its policy says so."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--once | --list [--json]]"

    def short_desc(self) -> str:
        return "Crawl each source when it is due, in the foreground, until stopped"

    def long_desc(self) -> str:
        return (
            "Starts `scrapy crawl` for each enabled source when its policy (recrawl = { index ="
            ' "1d" … } in sources.toml) says that it is due: one after the other, with the same'
            " settings (-s), each one's output in a file under DATA_DIR/logs. What was missed is"
            " caught up once. SIGTERM or Ctrl-C ends the crawl that is running in good order,"
            " then the schedule. Exit status: 0 stopped, or nothing failed; 1 bad usage; 2 with"
            " --once, a source failed; 3 no space or permission; 4 another schedule is at work;"
            " 130 with --once, interrupted."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "schedule")
        add_examples(
            parser,
            "scrapy schedule -s CONTACT=you@example.org",
            "scrapy schedule --list --json",
        )
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--once", action="store_true", help="crawl what is due now, then end")
        ways.add_argument("--list", action="store_true", help="say what is due when, then end")
        add_json(parser, "; with --list")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        with ends_in_one_line(self):
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy schedule --help")
            if opts.json and not opts.list:
                raise CableCrawlError("--json: goes with --list")
            if opts.list:
                with quiet_when_cut_off():
                    show(self.settings, as_json=opts.json)
                return
            schedule = Schedule(self.settings, opts.set)
            self.exitcode = schedule.run_once() if opts.once else schedule.run_until_stopped()


def show(settings: BaseSettings, *, as_json: bool) -> None:
    """Print what is due when. Raises CableCrawlError."""
    data_dir = Path(settings["DATA_DIR"])
    now = datetime.now(UTC)
    sources = known_sources(settings)
    with storage_errors(data_dir):
        dues = due_times(sources, settings, data_dir, now)
        others = unregistered(data_dir, sources)
    if as_json:
        found = {
            "now": shown_time(now),
            "sources": [due.as_dict(now) for due in dues],
            "not_scheduled": {
                "disabled": [source.name for source in sources.values() if not source.enabled],
                "in_no_registry": others,
            },
        }
        print_json(found)
        return
    rows = [HEADINGS, *(_cells(due, now) for due in dues)]
    print("\n".join(table_lines(rows)))
    for what, names in (
        ("disabled", [source.name for source in sources.values() if not source.enabled]),
        ("in no registry, once given with -a url=", others),
    ):
        if names:
            print(f"not scheduled, {what}: {', '.join(names)}")


def _cells(due: Due, now: datetime) -> tuple[str, ...]:
    when = "now" if due.is_due(now) else shown_time(due.at)
    last = due.last
    which = "-" if last is None else f"{last.outcome}{'' if last.is_scheduled else ', by hand'}"
    return (
        due.source.name,
        when,
        shown_time(last.began) if last is not None else "-",
        which,
        policy_text(due.source.recrawl),
        "; ".join(_why(due)),
    )


def _why(due: Due) -> Iterator[str]:
    yield due.why
    if due.last is not None and due.last.why and due.at != LONG_AGO:
        yield due.last.why


def policy_text(policy: RecrawlPolicy) -> str:
    """On a line: `index 1d, pages 30d, full 180d`."""
    return (
        f"index {interval_text(policy.index)}, pages {interval_text(policy.pages)},"
        f" full {interval_text(policy.full)}"
    )
