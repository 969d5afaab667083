"""`scrapy sources`: the registry, with what the store knows of each source."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand
from sqlalchemy import Connection, func, select

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.table import table_lines
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.recrawl_policy import RecrawlPolicy, interval_text
from cablecrawl.schedule.due import Due, due_times, shown_time
from cablecrawl.selection import known_sources
from cablecrawl.sources import KINDS, Source
from cablecrawl.store import tables as t
from cablecrawl.store.database import DATABASE, storage_errors
from cablecrawl.store.looking import open_for_looking

HEADINGS = ("source", "kind", "enabled", "checked", "last run", "cables", "new", "changed")
NONE = "-"
DAY = timedelta(days=1)


@dataclass(slots=True)
class Row:
    """What is said of a source. None: not known, or there is none."""

    source: str
    kind: str
    enabled: bool | None = None
    """None: it is in no registry."""
    checked: str | None = None
    last_run: str | None = None
    last_began: str | None = None
    last_state: str | None = None
    cables: int | None = None
    new: int | None = None
    """In the last run, as `changed`."""
    changed: int | None = None
    pages: int = 0
    """Pages with cables that the store knows."""
    index_pages: int = 0

    def cells(self) -> tuple[str, ...]:
        last = f"{(self.last_began or '')[:10]} {self.last_state}" if self.last_run else NONE
        enabled = {True: "yes", False: "no", None: NONE}[self.enabled]
        checked = NONE if self.enabled is None else self.checked or "not yet"
        counts = (
            NONE if count is None else f"{count:,}"
            for count in (self.cables, self.new, self.changed)
        )
        return (self.source, self.kind, enabled, checked, last, *counts)


class Command(ScrapyCommand):
    """Prints the sources known, by kind; changes nothing."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[-v | --json]"

    def short_desc(self) -> str:
        return "List the sources with their last runs, cables and changes"

    def long_desc(self) -> str:
        return (
            "Lists the packaged registry, your own sources.toml, and sites that were crawled with"
            " -a url=, with what the store has of each: the day of the last run, cables held,"
            " and what was new or changed in that run. With -v, addresses and notes too, how often"
            " each is crawled again, what that costs in requests a day, and when it is due."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "sources")
        add_examples(parser, "scrapy sources -v", "scrapy sources --json")
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument(
            "-v", "--verbose", action="store_true", help="addresses, notes and policies too"
        )
        add_json(ways, ", with all of it")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        with ends_in_one_line(self):
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy sources --help")
            known = known_sources(self.settings)
            with storage_errors(data_dir), quiet_when_cut_off():
                rows = list_sources(known, data_dir)
                now = datetime.now(UTC)
                dues = {
                    due.source.name: due
                    for due in due_times(known, self.settings, data_dir, now)
                    if opts.verbose or opts.json
                }
                if opts.json:
                    found = [_as_dict(row, known.get(row.source), dues, now) for row in rows]
                    print_json({"sources": found})
                    return
                lines = table_lines([HEADINGS, *(row.cells() for row in rows)])
                print(next(lines))
                for row, line in zip(rows, lines, strict=True):
                    print(line)
                    if opts.verbose and row.source in known:
                        _describe(known[row.source], row, dues.get(row.source), now)


def list_sources(known: dict[str, Source], data_dir: Path) -> list[Row]:
    """A row for each source of the registry or the store, by kind and name.

    Raises CableCrawlError.
    """
    rows = {
        source.name: Row(
            source.name,
            source.kind,
            source.enabled,
            source.checked.isoformat() if source.checked else None,
        )
        for source in known.values()
    }
    if (data_dir / DATABASE).exists():
        engine = open_for_looking(data_dir)
        try:
            with engine.connect() as db:
                _add_what_is_stored(db, rows)
        finally:
            engine.dispose()
    return sorted(rows.values(), key=lambda row: (KINDS.index(row.kind), row.source))


def _add_what_is_stored(db: Connection, rows: dict[str, Row]) -> None:
    held = (
        select(
            t.source.c.name,
            t.source.c.kind,
            func.count(func.distinct(t.witness.c.reference_id)),
            func.count(func.distinct(t.witness.c.url)),
        )
        .join(t.witness, t.witness.c.source == t.source.c.id, isouter=True)
        .group_by(t.source.c.id)
    )
    for name, kind, cables, pages in db.execute(held):
        row = rows.setdefault(name, Row(name, kind))
        row.cables, row.pages = cables, pages
    indexes = (
        select(t.source.c.name, func.count(func.distinct(t.capture.c.url)))
        .join(t.capture, t.capture.c.source == t.source.c.id)
        .join(t.index_page, t.index_page.c.capture == t.capture.c.id)
        .group_by(t.source.c.id)
    )
    for name, count in db.execute(indexes):
        rows[name].index_pages = count
    runs = select(t.run.c.id, t.run.c.started, t.run.c.state, t.run.c.details, t.run.c.summary)
    for run, started, state, details, summary in db.execute(runs.order_by(t.run.c.id)):
        counts: dict[str, Any] = {
            source["name"]: source for source in json.loads(summary or "{}").get("sources", ())
        }
        for name in json.loads(details).get("sources", ()):
            if name in rows:
                row, of_run = rows[name], counts.get(name)
                row.last_run, row.last_began, row.last_state = run, started, state
                row.new = of_run["new"] if of_run else None
                row.changed = of_run["changed"] + of_run["back"] if of_run else None


def requests_a_day(policy: RecrawlPolicy, pages: int, index_pages: int) -> int:
    """What it costs to crawl a source again by its policy, in requests a day.

    Every crawl asks for the index pages; the rotation through the others has a budget for each.
    """
    crawls = DAY / policy.index
    return math.ceil(index_pages * crawls + min(policy.pages_a_day(pages), policy.budget * crawls))


def _as_dict(
    row: Row, source: Source | None, dues: dict[str, Due], now: datetime
) -> dict[str, Any]:
    found: dict[str, Any] = asdict(row)
    if source is not None:
        found |= {
            "start_urls": list(source.start_urls),
            "publisher": source.publisher,
            "known_by": source.known_by,
            "note": source.note,
            "requests_a_day": requests_a_day(source.recrawl, row.pages, row.index_pages),
        }
    due = dues.get(row.source)
    found["schedule"] = due.as_dict(now) if due is not None else None
    return found


def _describe(source: Source, row: Row, due: Due | None, now: datetime) -> None:
    for label, text in (
        ("address", ", ".join(source.start_urls)),
        ("publisher", source.publisher),
        ("known by", source.known_by),
        ("note", source.note),
        ("recrawl", "; ".join(_policy_lines(source.recrawl, row))),
        ("due", _due_text(due, now)),
    ):
        if text:
            print(f"    {label:9} {text}")


def _policy_lines(policy: RecrawlPolicy, row: Row) -> Iterator[str]:
    yield (
        f"a crawl every {interval_text(policy.index)}, each page within"
        f" {interval_text(policy.pages)} and whole within {interval_text(policy.full)}, at most"
        f" {policy.budget:,} of them in a crawl"
    )
    if row.pages:
        cost = requests_a_day(policy, row.pages, row.index_pages)
        indexes = f" and {row.index_pages:,} index pages" if row.index_pages else ""
        yield f"requests a day: {cost:,}, for the {row.pages:,} pages{indexes} known"


def _due_text(due: Due | None, now: datetime) -> str:
    if due is None:
        return "never: it is disabled"
    if due.at is None:
        return due.why
    when = "now" if due.is_due(now) else shown_time(due.at)
    return f"{when} ({due.why})"
