"""`scrapy reparse`: readings and claims again, from the captures."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from scrapy.commands import ScrapyCommand

from cablecrawl.changes import DIFFERENT, GAINED, LOST, MOVED, Changes
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import INTERRUPTED, kept_interruption
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import add_processes, read_processes, refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.rebuild import Rebuilt, rebuild
from cablecrawl.runs import StoreLock
from cablecrawl.stats import CountingStats
from cablecrawl.store.database import DATABASE

# Of longer lists, so much is shown; `--json` has all.
SHOWN = 20

KINDS = (GAINED, LOST, DIFFERENT, MOVED)

DAMAGED = 2
"""Exit status: not all WARC files could be read."""


class Command(ScrapyCommand):
    """Reads all captures again, without the network, and says what changed."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--dry-run] [--json] [--processes N]"

    def short_desc(self) -> str:
        return "Read all captures again with the rules of today; rebuild a lost database"

    def long_desc(self) -> str:
        return (
            "Reads every capture again, with the layouts, rules and pipelines of today, on all"
            " cores, and says which values are gained, lost, different, or moved: the same from"
            " another place or by another rule. What is no longer read is kept as history. A"
            " database that is lost is made again from the WARC files. The network is not used."
            " Exit status: 0 done, 1 bad usage, 2 a WARC file is damaged, 3 no space or"
            " permission, 4 a run is at work."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "reparse")
        add_examples(parser, "scrapy reparse", "scrapy reparse --dry-run --json")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )
        add_json(parser, " of what changed, every cable named")
        add_processes(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        before = _file_number(data_dir / DATABASE)
        try:
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy reparse --help")
            processes = read_processes(opts.processes)
            with kept_interruption():
                rebuilt, stats, seconds = reparse(
                    data_dir, processes=processes, dry_run=opts.dry_run
                )
        except CableCrawlError as error:
            print(f"scrapy reparse: {error}", file=sys.stderr)
            self.exitcode = error.exit_status
            return
        except KeyboardInterrupt:
            is_same = _file_number(data_dir / DATABASE) == before
            state = "the store is as it was" if is_same else "run it again to end its work"
            print(f"scrapy reparse: interrupted; {state}", file=sys.stderr)
            self.exitcode = INTERRUPTED
            return
        self.exitcode = DAMAGED if rebuilt.damaged else 0
        with quiet_when_cut_off():
            if opts.json:
                print_json(as_json(rebuilt, seconds))
            else:
                print_summary(rebuilt, stats, seconds, dry_run=opts.dry_run)
        with quiet_when_cut_off():
            report_damage(rebuilt)


def reparse(
    data_dir: Path, *, processes: int | None = None, dry_run: bool = False
) -> tuple[Rebuilt, CountingStats, float]:
    """Rebuild a store under its lock; what came of it, what was counted, and the seconds.

    Raises CableCrawlError.
    """
    if not data_dir.is_dir():
        raise CableCrawlError(f"{data_dir}: no such folder")
    stats = CountingStats()
    began = time.monotonic()
    lock = StoreLock(data_dir)
    lock.describe("scrapy reparse")
    try:
        with Progress() as progress:
            rebuilt = rebuild(
                data_dir, stats, stages=progress, processes=processes, dry_run=dry_run
            )
    finally:
        lock.release()
    return rebuilt, stats, time.monotonic() - began


def print_summary(rebuilt: Rebuilt, stats: CountingStats, seconds: float, *, dry_run: bool) -> None:
    """What was read, and what changed."""
    pages = sum(stats[f"cablecrawl/sightings/{e}"] for e in ("first", "changed", "unchanged"))
    print(
        f"{rebuilt.captures:,} captures read in {seconds:.1f} s: {pages:,} cable"
        f" pages, {stats['cablecrawl/sightings/first']:,} copies of cables,"
        f" {stats['cablecrawl/sightings/changed']:,} changes,"
        f" {stats['cablecrawl/problems']:,} problems"
    )
    if rebuilt.changes is not None:
        print_changes(rebuilt.changes)
    if dry_run:
        print("a dry run: the store is as it was")


def print_changes(changes: Changes, file: TextIO | None = None) -> None:
    """A table by field, and the cables touched; on stdout, unless a file is given."""
    print("\n".join(_lines(changes)), file=file)


def _lines(changes: Changes) -> Iterator[str]:
    if not changes:
        yield "nothing is read differently"
        return
    if changes.fields:
        heading = "copies whose values are"
        width = max(len(heading), *map(len, changes.fields))
        yield heading.ljust(width) + "".join(f"{kind:>11}" for kind in KINDS)
        for name, kinds in sorted(changes.fields.items()):
            yield name.ljust(width) + "".join(f"{kinds[kind]:11,}" for kind in KINDS)
    for what, counts in (("copies of cables", changes.copies), ("problems", changes.problems)):
        if counts:
            yield f"{what}: {counts[GAINED]:,} gained, {counts[LOST]:,} lost"
    yield f"cables with other values: {_listed(sorted(changes.cables))}"
    yield f"with the same values from other places or rules: {_listed(sorted(changes.moved))}"


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - SHOWN:,} more (--json names all)" if len(names) > SHOWN else ""
    return f"{len(names):,}: {', '.join(names[:SHOWN])}{more}"


def as_json(rebuilt: Rebuilt, seconds: float) -> dict[str, object]:
    """For programs. No value of a page is in it: `scrapy trace` shows those."""
    changes = rebuilt.changes
    return {
        "captures": rebuilt.captures,
        "seconds": round(seconds, 3),
        "kept": rebuilt.is_kept,
        "damaged": rebuilt.damaged,
        "changes": None if changes is None else changes.summary(),
        "cables": {}
        if changes is None
        else {i: sorted(f) for i, f in sorted(changes.cables.items())},
        "moved_only": [] if changes is None else sorted(changes.moved),
    }


def report_damage(rebuilt: Rebuilt) -> int:
    """Say what could not be read, on stderr; the exit status."""
    for line in rebuilt.left_out:
        print(f"scrapy reparse: {line}", file=sys.stderr)
    if not rebuilt.damaged:
        return 0
    for line in rebuilt.damaged[:SHOWN]:
        print(f"scrapy reparse: {line}", file=sys.stderr)
    kept = (
        "what could be read is kept"
        if rebuilt.is_kept
        else "the database stays as it is. Bring the files back from a copy; or move it away to"
        " rebuild what can be read, without what only it knows: what the damaged records gave,"
        " former readings and claims, and requests still to make"
    )
    print(
        f"scrapy reparse: {len(rebuilt.damaged):,} places in WARC files are damaged (`scrapy"
        f" verify` names all): {kept}",
        file=sys.stderr,
    )
    return DAMAGED


def _file_number(path: Path) -> int | None:
    """Of the file that has a name now; another one in its place has another number."""
    return path.stat().st_ino if path.exists() else None
