"""`scrapy changes`: what became of the cables since a run or a date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from scrapy.commands import ScrapyCommand
from sqlalchemy import Connection, select

from cablecrawl.changed.changes import KINDS, REBUILT, Changes
from cablecrawl.changed.display import Alarm, GroupedLines, alarm_lines, subject_of
from cablecrawl.changed.moments import Moment, read_date, since_latest_crawl, since_run
from cablecrawl.code_version import steps_sha256
from cablecrawl.collation.hidden import Hidden
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, json_text
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.opened import opened
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.records import ChangeRecord
from cablecrawl.store import tables as t
from cablecrawl.store.database import storage_errors
from cablecrawl.store.queries import steps_that_read
from cablecrawl.trace.display import visible

LISTED = frozenset(KINDS) - {REBUILT}
"""Kinds that are listed unless others are asked for: a build is another on all pages at once."""


class Command(ScrapyCommand):
    """Shows what changed; changes nothing."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--since RUN|DATE] [--source NAME,…] [--kind KIND,…] [--json]"

    def short_desc(self) -> str:
        return "List the cables that are new, changed, gone or back"

    def long_desc(self) -> str:
        return (
            "List the copies of cables that are new, changed, gone or back, and those whose"
            " Released moved, since a run or a date; by default, what the latest crawl that came"
            " to its end has found. What changed and changed back is `reverted`; what other"
            " code reads from the same captures is no change. What one reading hides and another"
            " shows is written [hidden], unless -s SHOW_REDACTED_SPANS=1 is given."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "changes")
        add_examples(
            parser,
            "scrapy changes --since 2026-11-01",
            "scrapy changes --kind gone,changed --json",
        )
        parser.add_argument(
            "--since",
            metavar="RUN|DATE",
            help="a run's ID or the beginning of one: what it and later ones found; or a date,"
            " 2026-11-22, or a time, 2026-11-22T18:30 (UTC); default: since the latest crawl began",
        )
        parser.add_argument(
            "--source", metavar="NAME,…", help="copies of these sources only; default: of all"
        )
        parser.add_argument(
            "--kind",
            metavar="KIND,…",
            help=f"list changes of these kinds only: {', '.join(KINDS)}; default: all but"
            f" {REBUILT}, of which there are as many as pages when a site is built again",
        )
        add_json(parser, ", with a line for each change as in changes.jsonl")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with ends_in_one_line(self):
            if args:
                raise CableCrawlError(f"{visible(args[0])}: unknown argument")
            kinds = _read_kinds(opts.kind)
            with quiet_when_cut_off():
                self._show(opts.since, opts.source, kinds, as_json=opts.json)

    def _show(
        self, since: str | None, sources: str | None, kinds: frozenset[str], *, as_json: bool
    ) -> None:
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        show = self.settings.getbool("SHOW_REDACTED_SPANS")
        with storage_errors(data_dir), opened(data_dir) as store:
            moment = read_since(store.connection, since)
            named = _read_sources(store.connection, sources)
            found = _changes_of(store, moment, named, show=show)
            alarms = list(_alarms(store.connection, moment, named))
            with Progress() as progress:
                if not as_json or not sys.stdout.isatty():  # else its lines show how far it is
                    found = progress.through(found, "looking", "changed copies")
                if as_json:
                    _write_json(found, moment, kinds, alarms)
                else:
                    _write_lines(found, moment, kinds, alarms)
            is_read_by_other_code = not steps_that_read(store.connection) <= {steps_sha256()}
        if is_read_by_other_code:
            print(
                "the store was read by other code than today's, whose claims may differ for that:"
                " `scrapy reparse` brings it up to date",
                file=sys.stderr,
            )


Found = Iterator[tuple[StoredCable, Hidden, ChangeRecord]]


def read_since(db: Connection, given: str | None) -> Moment:
    """Since when changes are asked for; None: since the latest crawl began.

    Raises CableCrawlError.
    """
    if given is None:
        return since_latest_crawl(db)
    return read_date(given) or since_run(db, given)


def _changes_of(store: Snapshot, moment: Moment, sources: frozenset[str], *, show: bool) -> Found:
    for cable, hidden, records in Changes(store, moment, show=show):
        for record in records:
            if not sources or record.source in sources:
                yield cable, hidden, record


def _write_lines(
    found: Found, moment: Moment, kinds: frozenset[str], alarms: Iterable[Alarm]
) -> None:
    print(f"since {moment.at}")
    print()
    with GroupedLines(kinds or LISTED) as lines:
        for cable, hidden, record in found:
            if not kinds or not kinds.isdisjoint(record.kinds):
                lines.add(record, subject_of(cable, record, hidden))
        for line in lines.lines():
            print(line)
    for line in alarm_lines(list(alarms)):
        print(line)


def _write_json(
    found: Found, moment: Moment, kinds: frozenset[str], alarms: Iterable[Alarm]
) -> None:
    """One object, a line for each change, so that it need not be in memory."""
    opening = json_text({"since": moment, "alarms": list(alarms), "changes": []})
    print(opening.removesuffix("]}"), end="")
    parting = "\n"
    for _, _, record in found:
        if not kinds or not kinds.isdisjoint(record.kinds):
            print(parting + json_text(record), end="")
            parting = ",\n"
    print("]}")


def _alarms(db: Connection, moment: Moment, sources: frozenset[str]) -> Iterator[Alarm]:
    """Those of crawls that went on after a moment and stand, by source, crawl and reason."""
    crawls = (
        select(t.run.c.crawl)
        .join(t.capture, t.capture.c.run == t.run.c.id)
        .where(t.capture.c.fetched_at > moment.at)
    )
    query = (
        select(t.source.c.name, t.alarm.c.crawl, t.alarm.c.reason, t.alarm.c.detail)
        .join(t.source, t.source.c.id == t.alarm.c.source)
        .where(t.alarm.c.crawl.in_(crawls), t.alarm.c.lifted.is_(None))
        .order_by(t.source.c.name, t.alarm.c.crawl, t.alarm.c.reason)
    )
    for row in db.execute(query):
        if not sources or row.name in sources:
            yield Alarm(row.name, row.crawl, row.reason, row.detail)


def _read_kinds(names: str | None) -> frozenset[str]:
    """Kinds asked for; none: all."""
    found = _listed("--kind", names)
    for name in found:
        if name not in KINDS:
            raise CableCrawlError(
                f"--kind {visible(name)}: unknown kind (one of {', '.join(KINDS)})"
            )
    return found


def _read_sources(db: Connection, names: str | None) -> frozenset[str]:
    """Sources asked for; none: all."""
    found = _listed("--source", names)
    known = set(db.execute(select(t.source.c.name)).scalars())
    for name in sorted(found):
        if name not in known:
            raise CableCrawlError(
                f"--source {visible(name)}: the store has no such source; `scrapy sources` lists"
                " them"
            )
    return found


def _listed(option: str, names: str | None) -> frozenset[str]:
    if names is None:
        return frozenset()
    found = frozenset(name.strip() for name in names.split(",") if name.strip())
    if not found:
        raise CableCrawlError(f"{option}: names none")
    return found
