"""The WARC files of a store: every byte, every record, and every capture's row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from cablecrawl.capture.exchange import record_ids, record_order
from cablecrawl.capture.members import OPEN, final_name
from cablecrawl.capture.warc import MANIFEST
from cablecrawl.fixity.digests import DigestList, read_digests
from cablecrawl.fixity.findings import DATABASE, REBUILD, WARC, Finding, Report, looks_alike
from cablecrawl.fixity.hashed import HashedFile
from cablecrawl.fixity.recompressed import recompress
from cablecrawl.fixity.rows import CaptureRow, Rows
from cablecrawl.fixity.warc_file import (
    EXCHANGES,
    RECORDS,
    RESTORE,
    ROWS,
    Damage,
    FileCheck,
    Progress,
    Rowless,
)
from cablecrawl.store.database import DATABASE as DATABASE_NAME

FILES, LINES = "WARC files", "lines of manifests"
"""What is counted."""

CUT = "the file ends inside a gzip member"
"""As cablecrawl.capture.members says it."""

# What ISA-L puts before what it has to say.
ERROR_NUMBER = re.compile(r"^Error -?\d+ ")

RESTORE_FILE = "restore the file from a copy"
REWRITE_LINE = "put the digest of a copy of the file into the line, or of the file as it is"


def warc_files(folder: Path) -> list[Path]:
    """The WARC files of a folder, sealed and open."""
    return sorted(folder.glob("*.warc.gz")) + sorted(folder.glob(f"*.warc.gz{OPEN}"))


class WarcCheck:
    """Checks the WARC files of a folder."""

    def __init__(self, folder: Path, rows: Rows | None, report: Report) -> None:
        """`rows` is None where there is no database that can be read."""
        self.folder = folder
        self.rows = rows
        self.report = report
        self._rowless: list[Rowless] = []
        self._unplaced: dict[str, CaptureRow] = {}

    def run(self, files: Iterable[Path], progress: Progress = lambda _: None) -> None:
        """Check these files, which were looked for before the database was opened.

        A run may be at work. It commits what is in a file, then lists it, and then gives it its
        final name: each file that had that name then has its line and its rows now.
        """
        manifest = read_digests(self.folder / MANIFEST)
        self._check_manifest_lines(manifest)
        seen = set()
        for path in files:
            name = final_name(path)
            seen.add(name)
            self.report.count(FILES)
            try:
                self._check_file(path, manifest, progress)
            except OSError as error:
                self._unreadable(path, error)
        self._check_missing(seen, manifest)
        self._check_places()

    # ------------------------------------------------------------------- the manifest

    def _check_manifest_lines(self, manifest: DigestList) -> None:
        self.report.count(LINES, manifest.lines)
        for number, why in manifest.bad_lines:
            self.report.add(
                Finding(
                    WARC,
                    "manifest",
                    self._shown(MANIFEST),
                    f"{why}: the digest of a file is lost with it",
                    REWRITE_LINE,
                    line=number,
                ),
                LINES,
            )

    def _check_digest(self, check: FileCheck, digest: str, manifest: DigestList) -> None:
        """A sealed file is the one whose digest was listed; if not, which byte it is."""
        name = check.path.name
        listed = manifest.digests.get(name)
        if listed == digest:
            return
        if listed is None:
            self._report_unlisted(name, digest, manifest)
            return
        again = recompress(check.path, check.good)
        for member, byte in again.differences:
            why = (
                f"not as it was written, in the {member.kind} record at byte {member.offset} to"
                f" {member.end - 1}: a byte of gzip's own that its checksum does not cover; the"
                " record is whole"
            )
            self.report.add(
                Finding(
                    WARC,
                    "gzip",
                    self._shown(name),
                    why,
                    RESTORE_FILE,
                    start=byte,
                    end=byte + 1,
                    records=[member.headers.get("warc-record-id", "")[1:-1]],
                ),
                FILES,
            )
        if check.damages or again.differences:
            return  # that is why
        if looks_alike(digest, listed):
            self.report.add(
                Finding(
                    WARC,
                    "manifest",
                    self._shown(MANIFEST),
                    f"says {listed} of {name}, which has {digest}: nearly the same, so the line is"
                    " damaged, not the file",
                    REWRITE_LINE,
                    line=manifest.line_of[name],
                ),
                LINES,
            )
            return
        what = "each of its records is whole"
        if again.is_telling:
            what += " and as it was written, so records were added or taken away, or it is another"
        why = f"has SHA-256 {digest}, {MANIFEST} lists {listed}; {what}"
        self.report.add(Finding(WARC, "digest", self._shown(name), why, RESTORE_FILE), FILES)

    def _report_unlisted(self, name: str, digest: str, manifest: DigestList) -> None:
        other = next((key for key, value in manifest.digests.items() if value == digest), None)
        if other is not None and not (self.folder / other).exists():
            line = manifest.line_of[other]
            del manifest.digests[other]
            why = f"names {other}, with the digest of {name}: the name is damaged"
            finding = Finding(WARC, "manifest", self._shown(MANIFEST), why, REWRITE_LINE, line=line)
            self.report.add(finding, LINES)
        elif not manifest.bad_lines:
            why = f"the file is sealed, and {MANIFEST} does not list it"
            advice = "look where it comes from: a run lists each file that it seals"
            self.report.add(Finding(WARC, "unlisted", self._shown(name), why, advice), FILES)

    def _check_missing(self, seen: set[str], manifest: DigestList) -> None:
        """Files that the manifest or captures name and that are not there."""
        named = set(manifest.digests)
        if self.rows is not None:
            named.update(self.rows.files())
        for name in sorted(named - seen):
            if any((self.folder / (name + ending)).exists() for ending in ("", OPEN)):
                continue  # made since the folder was looked at
            captures = list(self.rows.of_file(name)) if self.rows is not None else []
            self.report.count(ROWS, len(captures))
            said = "captures rest on it" if name not in manifest.digests else f"{MANIFEST} lists it"
            finding = Finding(
                WARC,
                "missing",
                self._shown(name),
                f"the file is not there, and {said}",
                "restore it from a copy; the database keeps what was read from it",
            )
            self._hit(finding, captures)
            self.report.add(finding, FILES)
            self.report.counts[FILES].checked += 1
            self.report.counts[ROWS].failed += len(captures)

    def _unreadable(self, path: Path, error: OSError) -> None:
        why = f"cannot be read: {error.strerror}"
        advice = "look at the disk and the permissions; restore the file from a copy"
        self.report.add(Finding(WARC, "unreadable", self._shown(path.name), why, advice), FILES)

    # ------------------------------------------------------------------- one file

    def _check_file(self, path: Path, manifest: DigestList, progress: Progress) -> None:
        name = final_name(path)
        is_open = path.name.endswith(OPEN)
        try:
            file = HashedFile(path)
        except FileNotFoundError:
            if not is_open:
                raise
            path = path.with_name(name)  # sealed since; it has not grown
            file = HashedFile(path)
        with file:
            end = file.size
            if is_open and self.rows is not None:
                end = min(end, self.rows.committed_end(name))
            captures = self.rows.of_file(name) if self.rows is not None else iter(())
            check = FileCheck(path, file, captures, self.rows is not None, self.report)
            check.walk(end, progress)
            for damage in check.damages:
                self._report_damage(check, damage, file.size)
            self._rowless += check.rowless
            self._unplaced.update((row.capture_id, row) for row in check.unplaced)
            if is_open:
                self._note_open(check, end)
            else:
                self._check_digest(check, file.digest(), manifest)

    def _note_open(self, check: FileCheck, end: int) -> None:
        """What stands behind the last commit: a run is at work, or was killed."""
        size = check.file.size
        if end < size:
            self.report.notes.append(
                f"{self._shown(check.path.name)}: {size - end:,} bytes behind byte {end} are not"
                " committed and were not looked at: a run is writing, or the next one takes in"
                " what is whole"
            )

    def _report_damage(self, check: FileCheck, damage: Damage, size: int) -> None:
        if damage.start >= size:
            what, why = "truncated", f"the file ends at byte {size}"
        elif damage.end >= size and damage.why == CUT:
            what, why = "truncated", f"the file ends at byte {size}, inside this record"
        else:
            what, why = "damaged", ERROR_NUMBER.sub("", damage.why)
        records = _lost_records(damage)
        if records:
            kinds = ", ".join(f"{kind} record <{record}>" for kind, record in records)
            why += f"; hits the {kinds}"
        elif damage.torn:
            kind, record = damage.torn.get("warc-type"), damage.torn.get("warc-record-id")
            why += f"; hits what says it is the {kind} record {record}"
        if damage.kinds:
            why += f"; the {' and '.join(sorted(damage.kinds))} of the same exchange can be read"
        finding = Finding(
            WARC,
            what,
            self._shown(check.path.name),
            why,
            RESTORE,
            start=damage.start,
            end=damage.end,
            records=[record for _, record in records],
        )
        if damage.capture_id is not None:
            finding.captures = [damage.capture_id]
        if not damage.rows and "warc-target-uri" in damage.torn:
            finding.urls = [damage.torn["warc-target-uri"]]
        self._hit(finding, damage.rows)
        self.report.add(finding, RECORDS)
        self.report.counts[RECORDS].checked += 1
        self.report.counts[ROWS].failed += len(damage.rows)

    # ------------------------------------------------------------------- rows

    def _check_places(self) -> None:
        """Rows and exchanges that did not meet: a place is wrong, or one of the two is missing."""
        missing: dict[str, list[Rowless]] = {}
        for exchange in self._rowless:
            row = self._unplaced.pop(exchange.capture_id, None)
            if row is None and self.rows is not None:
                row = self.rows.capture(exchange.capture_id)
            if row is None:
                missing.setdefault(exchange.file, []).append(exchange)
                continue
            finding = Finding(
                DATABASE,
                "row",
                self._shown_database(),
                f"says that {row.capture_id} is in {row.warc} at byte {row.offset}; it is in"
                f" {exchange.file} at byte {exchange.offset}",
                REBUILD,
                table="capture",
                row=row.id,
            )
            self._hit(finding, [row])
            self.report.add(finding, ROWS)
        for name, exchanges in missing.items():
            first = exchanges[0]
            finding = Finding(
                DATABASE,
                "no row",
                self._shown(name),
                f"{len(exchanges):,} exchanges that are whole have no row in the database, the"
                f" first of them {first.capture_id}",
                REBUILD,
                start=first.offset,
                captures=[exchange.capture_id for exchange in exchanges],
            )
            self.report.add(finding, EXCHANGES, len(exchanges))
        for row in self._unplaced.values():
            finding = Finding(
                DATABASE,
                "row",
                self._shown_database(),
                f"says that {row.capture_id} stands in {row.warc} at byte {row.offset}, where no"
                " record of an exchange stands",
                REBUILD,
                table="capture",
                row=row.id,
            )
            self._hit(finding, [row])
            self.report.add(finding, ROWS)

    def _hit(self, finding: Finding, rows: list[CaptureRow]) -> None:
        """Name the captures that a finding hits, and the cables that rest on them."""
        finding.captures = list(
            dict.fromkeys([*finding.captures, *(row.capture_id for row in rows)])
        )
        finding.urls += [row.url for row in rows]
        finding.sources = sorted({row.source for row in rows})
        if self.rows is None or not rows:
            return
        finding.cables = self.rows.cables_on([row.id for row in rows])
        if len(rows) == 1 and finding.part == WARC:
            twin = self.rows.same_payload(rows[0])
            if twin is not None:
                finding.advice += f"; the same body stands in {twin.warc} at byte {twin.offset} too"

    def _shown(self, name: str) -> str:
        return str(self.folder / name)

    def _shown_database(self) -> str:
        return str(self.folder.parent / DATABASE_NAME)


def _lost_records(damage: Damage) -> list[tuple[str, str]]:
    """Kinds and IDs of the records of one exchange that damage has hit, as far as can be told."""
    if len(damage.rows) > 1:
        return []
    capture_id, order = damage.capture_id, damage.order
    if damage.rows:
        row = damage.rows[0]
        capture_id = row.capture_id
        order = order or record_order(
            has_request=True,
            has_response=row.status is not None,
            is_rendered="rendered" in row.flags.split(),
            is_revisit=row.revisit_of is not None,
        )
    if capture_id is None or not order:
        return []
    try:
        ids = record_ids(capture_id, order)
    except ValueError:
        return []
    return [(kind, ids[kind]) for kind in order if kind not in damage.kinds]
