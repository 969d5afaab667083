"""`scrapy sources`: the registry, with what the store knows of each source."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from sqlalchemy import Connection, func, select

from cablecrawl.errors import CableCrawlError
from cablecrawl.selection import known_sources
from cablecrawl.sources import KINDS, Source
from cablecrawl.store import tables as t
from cablecrawl.store.database import DATABASE, open_database

HEADINGS = ("source", "kind", "enabled", "checked", "last run", "cables", "new", "changed")
NONE = "-"


@dataclass(slots=True)
class Row:
    """What is said of a source."""

    name: str
    kind: str
    enabled: str = NONE
    checked: str = NONE
    last_run: str = NONE
    cables: str = NONE
    new: str = NONE
    changed: str = NONE

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            self.kind,
            self.enabled,
            self.checked,
            self.last_run,
            self.cables,
            self.new,
            self.changed,
        )


class Command(ScrapyCommand):
    """Prints the sources known, by kind."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[-v]"

    def short_desc(self) -> str:
        return "List the sources with their last runs, cables and changes"

    def long_desc(self) -> str:
        return (
            "Lists the packaged registry, your own sources.toml, and sites that were crawled with"
            " -a url=, with what the store has of each: the day of the last run, cables held,"
            " and what was new or changed in that run. With -v, addresses and notes too."
            " Example: scrapy sources -v"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "-v", "--verbose", action="store_true", help="addresses, publishers and notes too"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError("scrapy sources takes no arguments")
        assert self.settings is not None
        try:
            known = known_sources(self.settings)
            rows = list_sources(known, Path(self.settings["DATA_DIR"]))
        except CableCrawlError as error:
            print(f"scrapy sources: {error}", file=sys.stderr)
            self.exitcode = error.exit_status
            return
        lines = [HEADINGS, *(row.cells() for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for cells in lines:
            line = "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
            print(line.rstrip())
            if opts.verbose and cells[0] in known:
                _describe(known[cells[0]])


def list_sources(known: dict[str, Source], data_dir: Path) -> list[Row]:
    """A row for each source of the registry or the store, by kind and name."""
    rows = {
        source.name: Row(
            source.name,
            source.kind,
            "yes" if source.enabled else "no",
            source.checked.isoformat() if source.checked else "not yet",
        )
        for source in known.values()
    }
    if (data_dir / DATABASE).exists():
        engine = open_database(data_dir)
        try:
            with engine.connect() as db:
                _add_what_is_stored(db, rows)
        finally:
            engine.dispose()
    return sorted(rows.values(), key=lambda row: (KINDS.index(row.kind), row.name))


def _add_what_is_stored(db: Connection, rows: dict[str, Row]) -> None:
    held = (
        select(
            t.source.c.name, t.source.c.kind, func.count(func.distinct(t.witness.c.reference_id))
        )
        .join(t.witness, t.witness.c.source == t.source.c.id, isouter=True)
        .group_by(t.source.c.id)
    )
    for name, kind, cables in db.execute(held):
        rows.setdefault(name, Row(name, kind)).cables = f"{cables:,}"
    runs = select(t.run.c.started, t.run.c.state, t.run.c.details, t.run.c.summary)
    for started, state, details, summary in db.execute(runs.order_by(t.run.c.id)):
        counts: dict[str, Any] = {
            source["name"]: source for source in json.loads(summary or "{}").get("sources", ())
        }
        for name in json.loads(details).get("sources", ()):
            if name in rows:
                rows[name].last_run = f"{started[:10]} {state}"
                of_run = counts.get(name, {})
                rows[name].new = f"{of_run['new']:,}" if of_run else NONE
                rows[name].changed = f"{of_run['changed'] + of_run['back']:,}" if of_run else NONE


def _describe(source: Source) -> None:
    for label, text in (
        ("address", ", ".join(source.start_urls)),
        ("publisher", source.publisher),
        ("known by", source.known_by),
        ("note", source.note),
    ):
        if text:
            print(f"    {label:9} {text}")
