"""A whole check: WARC files, database, claims, exports, and what each damage touches."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from cablecrawl.errors import CableCrawlError
from cablecrawl.export.folder import LATEST, export_within
from cablecrawl.export.lines import json_line
from cablecrawl.export.resources import CABLES, CAPTURES, MANIFEST, read_schema
from cablecrawl.fixity.claims import ClaimsCheck, Verified, count_captures, sample
from cablecrawl.fixity.database import DatabaseCheck
from cablecrawl.fixity.exported import ExportedLines
from cablecrawl.fixity.exports import ExportCheck, Touched, check_latest, export_bytes, find_exports
from cablecrawl.fixity.findings import DATABASE, REBUILD, Finding, Report
from cablecrawl.fixity.opening import reading_only
from cablecrawl.fixity.rows import Rows
from cablecrawl.fixity.warcs import WarcCheck, warc_files
from cablecrawl.stages import Stages
from cablecrawl.store.database import DATABASE as DATABASE_NAME
from cablecrawl.store.database import WARC_FOLDER


class Check:
    """A check of a store and of its exports, part by part."""

    def __init__(
        self,
        data_dir: Path,
        exports_dir: Path,
        more_exports: list[Path],
        claims: int | None,
        processes: int,
        progress: Stages,
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
        self._progress.begin("WARC files", "bytes", total)
        # Apart: where the database breaks off, the files are checked again without it.
        report = Report()
        WarcCheck(self._data_dir / WARC_FOLDER, rows, report).run(files, self._progress.advance)
        self.report.merge(report)

    def _check_rows(self, path: Path, db: Connection) -> None:
        check = DatabaseCheck(path, db, self.report)
        self._progress.begin("database", "rows", check.count_rows())
        check.run(self._progress.advance)
        if self.claims != 0:
            self._check_claims(db)

    def _check_claims(self, db: Connection) -> None:
        rows = None if self.claims is None else sample(db, self.claims)
        check = ClaimsCheck(self._data_dir, db, self.report)
        total = count_captures(db) if rows is None else len(rows)
        self._progress.begin("captures read again", "captures", total)
        check.read_again(rows, self._processes, self._progress.advance)
        self._progress.begin("records made again", "cables", check.count_cables(rows is None))
        self._exported = self._same_state(db)
        check.count_verified(rows is None, self._exported, self._progress.advance)
        self.verified = check.verified

    def _same_state(self, db: Connection) -> ExportedLines | None:
        """The lines of the latest export, if it is of the state that the store is in."""
        folder = export_within(self._exports_dir / LATEST)
        if folder is None:
            return None
        try:
            package = json.loads((folder / MANIFEST).read_bytes())
            resources = {resource["name"]: resource for resource in package["resources"]}
            schema = resources[CABLES.name]["json_schema"]
            captures = package["record_counts"][CAPTURES.name]
            if captures == count_captures(db) and schema == read_schema(CABLES.schema):
                return ExportedLines(folder / CABLES.path, json_line)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # what is wrong with it is for the check of exports to say
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
        self._progress.begin("exports", "bytes", total)
        for folder in found:
            ExportCheck(folder, self.report, touched).run(self._progress.advance)

    def _add_unreadable(self, why: str) -> None:
        path = self._data_dir / DATABASE_NAME
        self.report.count("database")
        self.report.add(Finding(DATABASE, "unreadable", str(path), why, REBUILD), "database")
