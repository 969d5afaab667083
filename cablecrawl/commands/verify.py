"""`scrapy verify`: whether what was written is still as it was written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from cablecrawl.errors import CableCrawlError
from cablecrawl.export.folder import LATEST
from cablecrawl.export.lines import json_line
from cablecrawl.export.resources import CABLES, CAPTURES, MANIFEST, read_schema
from cablecrawl.fixity.claims import ClaimsCheck, ExportedLines, Verified, count_captures, sample
from cablecrawl.fixity.database import DatabaseCheck
from cablecrawl.fixity.exports import ExportCheck, Touched, check_latest, export_bytes, find_exports
from cablecrawl.fixity.findings import DATABASE, REBUILD, Finding, Report, shortened
from cablecrawl.fixity.opening import reading_only
from cablecrawl.fixity.progress import Progress
from cablecrawl.fixity.rows import Rows
from cablecrawl.fixity.warcs import WarcCheck, warc_files
from cablecrawl.store.database import DATABASE as DATABASE_NAME
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.workers import available_cores

# Captures chosen to be read again when nothing else is asked for: some seconds.
SAMPLE = 200

DAMAGED = 2
"""Exit status: something is not as it was written."""

ALL, NONE = "all", "none"


class Command(ScrapyCommand):
    """Checks the fixity of a store and of its exports; reads only."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--claims N|all|none] [--export DIR] [--json] [--processes N]"

    def short_desc(self) -> str:
        return "Check every WARC record, the database, the exports and claims; repair nothing"

    def long_desc(self) -> str:
        return (
            "Checks every byte of the WARC files, every record and its row, every digest in the"
            " database, every file and line of the exports, and reads captures again to see"
            " whether the claims that rest on them still come of their bytes. Damage is named with"
            " its file, byte or line and record, and with the cables and exports that it touches."
            " Reads only: nothing is repaired, no lock is taken, and a crawl may go on. Exit"
            " status: 0 all is well, 1 bad usage, 2 something is damaged. Example:"
            " scrapy verify --claims all"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--claims",
            metavar="N|all|none",
            default=str(SAMPLE),
            help="read so many captures again, evenly spaced, the same share of each source, and"
            f" all others that show the same cables; default: {SAMPLE}",
        )
        parser.add_argument(
            "--export",
            metavar="DIR",
            action="append",
            default=[],
            help="check this export too; those under EXPORTS_DIR always are",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--processes",
            type=int,
            metavar="N",
            help=f"read in so many processes; default: one a core ({available_cores()} here)",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        progress = Progress()
        try:
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy verify --help")
            if opts.processes is not None and opts.processes < 1:
                raise CableCrawlError(f"--processes {opts.processes}: must be 1 or more")
            check = Check(
                Path(self.settings["DATA_DIR"]),
                Path(self.settings["EXPORTS_DIR"]),
                _named_exports(opts.export),
                _read_claims(opts.claims),
                opts.processes or available_cores(),
                progress,
            )
            check.run()
        except CableCrawlError as error:
            progress.clear()
            print(f"scrapy verify: {error}", file=sys.stderr)
            self.exitcode = error.exit_status
            return
        except KeyboardInterrupt:
            progress.clear()
            print(
                "scrapy verify: interrupted; what was not looked at is not known", file=sys.stderr
            )
            self.exitcode = 130  # as a shell reports it
            return
        progress.clear()
        if opts.json:
            print(json.dumps(as_dict(check), ensure_ascii=True, indent=2))
        else:
            for line in lines_of(check):
                print(printable(line))
        if not check.report.is_well:
            self.exitcode = DAMAGED


class Check:
    """A check of a store and of its exports, part by part."""

    def __init__(
        self,
        data_dir: Path,
        exports_dir: Path,
        more_exports: list[Path],
        claims: int | None,
        processes: int,
        progress: Progress,
    ) -> None:
        """`claims`: captures to read again; None: all of them.

        Raises CableCrawlError where there is no store.
        """
        if not (data_dir / DATABASE_NAME).exists() and not (data_dir / WARC_FOLDER).is_dir():
            raise CableCrawlError(
                f"{data_dir}: there is no store; `scrapy crawl mirrors` makes one, and"
                " -s DATA_DIR=… names another"
            )
        self.report = Report()
        self.verified: Verified | None = None
        self._data_dir = data_dir
        self._exports_dir = exports_dir
        self._more_exports = more_exports
        self.claims = claims
        self._processes = processes
        self._progress = progress
        self._exported: ExportedLines | None = None

    def run(self) -> None:
        """Check all. What is damaged is reported; nothing is raised for it."""
        # First: what is sealed by now has its rows in the database that is opened next.
        files = warc_files(self._data_dir / WARC_FOLDER)
        path = self._data_dir / DATABASE_NAME
        is_checked = False
        if path.exists():
            try:
                with reading_only(self._data_dir) as db:
                    if DatabaseCheck(path, db, self.report).check_version():
                        self._check_warcs(files, Rows(db))
                        is_checked = True
                        self._check_rows(path, db)
            except DBAPIError as error:
                self._add_unreadable(f"cannot be read: {error.orig}")
        elif files:
            self._add_unreadable("is not there")
        if not is_checked:
            self._check_warcs(files, None)
        self._check_exports()
        if self._exported is not None:
            self._exported.report(self.report, str(path))

    def _check_warcs(self, files: list[Path], rows: Rows | None) -> None:
        total = sum(path.stat().st_size for path in files if path.exists())
        self._progress.begin("WARC files", total, "bytes")
        # Apart: where the database breaks off, the files are checked again without it.
        report = Report()
        WarcCheck(self._data_dir / WARC_FOLDER, rows, report).run(files, self._progress.advance)
        self.report.merge(report)

    def _check_rows(self, path: Path, db: Connection) -> None:
        check = DatabaseCheck(path, db, self.report)
        self._progress.begin("database", check.count_rows(), "rows")
        check.run(self._progress.advance)
        if self.claims != 0:
            self._check_claims(db)

    def _check_claims(self, db: Connection) -> None:
        rows = None if self.claims is None else sample(db, self.claims)
        check = ClaimsCheck(self._data_dir, db, self.report)
        total = count_captures(db) if rows is None else len(rows)
        self._progress.begin("captures read again", total, "captures")
        check.read_again(rows, self._processes, self._progress.advance)
        self._progress.begin("records made again", total, "cables")
        self._exported = self._same_state(db)
        check.count_verified(rows is None, self._exported, self._progress.advance)
        self.verified = check.verified

    def _same_state(self, db: Connection) -> ExportedLines | None:
        """The lines of the latest export, if it is of the state that the store is in."""
        folder = self._exports_dir / LATEST
        try:
            package = json.loads((folder / MANIFEST).read_bytes())
            resources = {resource["name"]: resource for resource in package["resources"]}
            schema = resources[CABLES.name]["json_schema"]
            captures = package["record_counts"][CAPTURES.name]
            if captures == count_captures(db) and schema == read_schema(CABLES.schema):
                return ExportedLines(folder / CABLES.path, json_line)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is none, or what is wrong with it is for the check of exports to say
        return None

    def _check_exports(self) -> None:
        try:
            found = find_exports(self._exports_dir)
            check_latest(self._exports_dir, self.report)
            known = {path.resolve() for path in found}
            found += [path for path in self._more_exports if path.resolve() not in known]
            total = sum(map(export_bytes, found))
        except OSError as error:
            raise CableCrawlError(f"{error.filename}: {error.strerror}") from error
        touched = Touched(self.report.findings)
        self._progress.begin("exports", total, "bytes")
        for folder in found:
            ExportCheck(folder, self.report, touched).run(self._progress.advance)

    def _add_unreadable(self, why: str) -> None:
        path = self._data_dir / DATABASE_NAME
        self.report.count("database")
        self.report.add(Finding(DATABASE, "unreadable", str(path), why, REBUILD), "database")


# ------------------------------------------------------------------- what is said


def lines_of(check: Check) -> Iterator[str]:
    """The outcome for people: a table, a line for each finding, and a last line."""
    report = check.report
    width = max(map(len, report.counts), default=0)
    yield f"{'checked':{width}}  {'number':>12}  {'failed':>7}"
    for kind, count in report.counts.items():
        yield f"{kind:{width}}  {count.checked:12,}  {count.failed:7,}"
    if check.verified is not None:
        yield from _verified_lines(check.verified, check.claims or 0)
    yield from report.notes
    yield from map(line_of, report.findings)
    if report.is_well:
        yield "all is well; nothing was changed"
    else:
        yield f"{len(report.findings):,} findings; nothing was changed or repaired"


def _verified_lines(verified: Verified, chosen: int) -> Iterator[str]:
    if verified.captures < verified.of_captures:
        yield (
            f"{verified.captures:,} of {verified.of_captures:,} captures were read again:"
            f" {chosen:,} evenly spaced over {verified.sources} sources, and all others that show"
            " the same cables; --claims all reads all"
        )
    yield (
        f"{verified.fields:,} exported fields of {verified.cables:,} cables verified"
        + (f", {verified.unlocated:,} of them without a place" if verified.unlocated else "")
        + (f"; {verified.failed:,} do not hold" if verified.failed else "")
    )


def line_of(finding: Finding) -> str:
    """A finding in one line: what, where, what it touches, what to do."""
    parts = [f"{finding.what}: {finding.place}: {finding.detail}"]
    for name, values in (
        ("captures", finding.captures),
        ("pages", finding.urls),
        ("sources", finding.sources),
        ("cables", finding.cables),
        ("exports", finding.exports),
    ):
        if values:
            parts.append(f"{name}: {shortened(values)}")
    return "; ".join([*parts, f"what to do: {finding.advice}"])


def printable(line: str) -> str:
    """A line without what a terminal would take for commands."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def as_dict(check: Check) -> dict[str, Any]:
    """The outcome for programs."""
    report = check.report
    return {
        "is_well": report.is_well,
        "checked": {kind: asdict(count) for kind, count in report.counts.items()},
        "claims": None if check.verified is None else asdict(check.verified),
        "notes": report.notes,
        "findings": [{**asdict(finding), "place": finding.place} for finding in report.findings],
    }


def _read_claims(value: str) -> int | None:
    if value == ALL:
        return None
    if value == NONE:
        return 0
    if not (value.isascii() and value.isdigit()):
        raise CableCrawlError(f"--claims {value}: expected a number of captures, all or none")
    return int(value)


def _named_exports(names: list[str]) -> list[Path]:
    for name in names:
        if not (Path(name) / MANIFEST).exists() and not (Path(name) / CABLES.path).exists():
            raise CableCrawlError(f"--export {name}: is no export: it has no {MANIFEST}")
    return [Path(name) for name in names]
