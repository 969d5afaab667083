"""Exports: every file by its digest, the changed line in it, and what it says of damage elsewhere.

Three lists hold against each other, so that what is damaged is told from what says so: the
digests of MANIFEST-sha256.txt, those of datapackage.json, and those of each line in fixity/. An
export that was written before there were the first and the last is checked by its manifest.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from cablecrawl.capture.warc import MANIFEST as DIGESTS
from cablecrawl.export.folder import BAG_DECLARATION, LATEST, export_within, payload_folder
from cablecrawl.export.resources import MANIFEST, RESOURCES, Resource
from cablecrawl.fixity.bag import fault_of_bag
from cablecrawl.fixity.digests import DigestList, names_within, read_digests
from cablecrawl.fixity.findings import EXPORT, Finding, Report, looks_alike
from cablecrawl.fixity.hashed import HashedFile
from cablecrawl.fixity.lines import (
    FOLDER,
    Mismatch,
    Record,
    differing_lines,
    digests_path,
    records_by_content,
    records_by_digest,
)

EXPORTS, FILES, LINES = "exports", "files of exports", "lines of exports"
"""What is counted."""

AGAIN = "make the export again with `scrapy export`, or restore it from a copy"
REWRITE = "the file that it is about is whole: write the list again, or restore it from a copy"

# Where the records of each file name what they are of.
NAMED = re.compile(rb'"(?:capture_id|reading_sha256)": "([^"]+)"')

Progress = Callable[[int], None]
"""Called with how many bytes were read since the last call."""


class Touched:
    """Captures and readings that are damaged, and the findings that say so."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings: defaultdict[bytes, list[Finding]] = defaultdict(list)
        for finding in findings:
            for name in (*finding.captures, *finding.readings):
                self._findings[name.encode()].append(finding)

    def look_for(self, content: bytes, export: str) -> None:
        """Note the export with the findings whose captures or readings a record names."""
        if not self._findings:
            return
        for name in NAMED.findall(content):
            for finding in self._findings.get(name, ()):
                if export not in finding.exports:
                    finding.exports.append(export)


def find_exports(folder: Path) -> list[Path]:
    """The exports in a folder, by name; what is hidden is being written. Raises OSError."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.is_symlink() and path.name[0] != "." and export_within(path)
    ]


def check_latest(folder: Path, report: Report) -> None:
    """The link `latest` leads to an export."""
    link = folder / LATEST
    if link.is_symlink() and not link.exists():
        why = f"points to {link.readlink()}, which is not there"
        report.add(
            Finding(EXPORT, "missing", str(link), why, "restore it, or export again"), EXPORTS
        )


def export_bytes(folder: Path) -> int:
    """How many bytes there are to read. Raises OSError."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class ExportCheck:
    """Checks one export."""

    def __init__(self, folder: Path, report: Report, touched: Touched) -> None:
        self.folder = payload_folder(folder)
        self._bag = folder if self.folder != folder else None
        self._report = report
        self._touched = touched
        self._digests = DigestList()

    def run(self, progress: Progress = lambda _: None) -> None:
        """Check all there is. Raises nothing for what cannot be read: that is a finding."""
        self._report.count(EXPORTS)
        before = len(self._report.findings)
        try:
            if self._bag is not None:
                self._check_bag(self._bag)
            self._digests = read_digests(self.folder / DIGESTS)
            self._check_list()
            resources = self._check_manifest()
            for path in self._data_files(resources):
                progress(self._check_file(path, resources.get(path)))
            self._check_other_files(resources, progress)
        except OSError as error:
            where = Path(error.filename) if error.filename else self.folder
            why = f"cannot be read: {error.strerror}"
            self._add("unreadable", where, why, "look at the disk and the permissions")
        if len(self._report.findings) > before:
            self._report.counts[EXPORTS].failed += 1

    # ------------------------------------------------------------------- the lists

    def _check_bag(self, bag: Path) -> None:
        """The bag's own lists hold; its payload is an export like any other."""
        fault = fault_of_bag(bag)
        if fault is not None:
            self._add("bag", bag / BAG_DECLARATION, f"the bag is not valid: {fault}", AGAIN)

    def _check_list(self) -> None:
        """The list of digests can be read, and is there where there are digests of lines."""
        path = self.folder / DIGESTS
        for number, why in self._digests.bad_lines:
            self._add("list", path, why, REWRITE, line=number)
        if not path.exists() and (self.folder / FOLDER).exists():
            self._add("missing", path, "the list of the export's digests is not there", AGAIN)

    def _check_manifest(self) -> dict[str, dict[str, Any]]:
        """What datapackage.json says of each file, by its path."""
        path = self.folder / MANIFEST
        if not path.exists():
            self._report.count(FILES)
            self._add("missing", path, "the export's description is not there", AGAIN)
            return {}
        is_whole = self._check_small_file(MANIFEST)
        try:
            package = json.loads(path.read_bytes())
            fault = _fault_of_package(package)
        except ValueError as error:
            fault = f"is no JSON: {error}"
        if fault is not None:
            if is_whole:
                self._add("manifest", path, fault, AGAIN)
            return {}
        return {resource["path"]: resource for resource in package["resources"]}

    def _check_small_file(self, name: str) -> bool:
        """A file without records, and the digests of its lines; whether it is as listed."""
        self._report.count(FILES)
        given = _digest(self.folder / name)
        listed = self._digests.digests.get(name, given)
        is_whole = given == listed or looks_alike(given, listed)
        if given != listed and (is_whole or not self._differing_lines(name, None)):
            self._report_digest(name, given, listed)
        self._compare_digest_file(name, is_whole)
        return is_whole

    def _data_files(self, resources: dict[str, dict[str, Any]]) -> list[str]:
        """Files with records: those that are described, or else those that are there."""
        known = [resource.path for resource in RESOURCES]
        return sorted(
            path
            for path in known
            if path in resources or path in self._digests.digests or (self.folder / path).exists()
        )

    def _check_other_files(self, resources: dict[str, dict[str, Any]], progress: Progress) -> None:
        """What is listed besides, and what is there and not listed."""
        done = {*self._data_files(resources), MANIFEST}
        for name in sorted(resources.keys() - done - self._digests.digests.keys()):
            if not (self.folder / name).exists():
                self._report.count(FILES)
                why = f"{MANIFEST} lists it, and it is not there"
                self._add("missing", self.folder / name, why, AGAIN)
        unlisted = self._unlisted()
        digest_files = {digests_path(name) for name in (*self._digests.digests, *done)}
        for name, listed in self._digests.digests.items():
            if name in done:
                continue
            if not (self.folder / name).exists():
                self._report.count(FILES)
                self._report_missing(name, listed, unlisted)
            elif name in digest_files:
                self._report.count(FILES)  # with the file that it is about
            elif self._check_small_file(name):
                self._compare_described(name, listed, resources.get(name))
                progress((self.folder / name).stat().st_size)
        if not self._digests.bad_lines:
            for name in unlisted:
                self._report.notes.append(f"{self.folder / name}: {DIGESTS} does not list it")

    def _compare_described(self, name: str, digest: str, described: dict[str, Any] | None) -> None:
        """What datapackage.json says of a file that is as the list of digests has it."""
        if described is not None and described["hash"] != f"sha256:{digest}":
            why = f"says that {name} has {described['hash']}; it has SHA-256 {digest}"
            self._add("manifest", self.folder / MANIFEST, f"{why}, as {DIGESTS} says", REWRITE)

    def _unlisted(self) -> list[str]:
        """The files that are there and that the list, if there is one, does not name."""
        if not self._digests.lines:
            return []
        return [
            name
            for name in names_within(self.folder)
            if name not in self._digests.digests and name != DIGESTS
        ]

    def _report_missing(self, name: str, listed: str, unlisted: list[str]) -> None:
        """A file is not there, or the list has its name wrong."""
        other = next((other for other in unlisted if _digest(self.folder / other) == listed), None)
        if other is None:
            path = self.folder / name
            self._add("missing", path, f"{DIGESTS} lists it, and it is not there", AGAIN)
            return
        unlisted.remove(other)
        why = f"names {name}, with the digest of {other}: the name is damaged"
        line = self._digests.line_of[name]
        self._add("list", self.folder / DIGESTS, why, REWRITE, line=line)

    # ------------------------------------------------------------------- a file of records

    def _check_file(self, name: str, described: dict[str, Any] | None) -> int:
        """Returns how many bytes it has."""
        path = self.folder / name
        self._report.count(FILES)
        if not path.exists():
            who = MANIFEST if described is not None else DIGESTS
            self._add("missing", path, f"{who} lists it, and it is not there", AGAIN)
            return 0
        records = 0
        mismatch = Mismatch()
        digests = self.folder / digests_path(name)
        with HashedFile(path) as file:
            for record in (
                records_by_digest(file, digests, mismatch)
                if digests.exists()
                else records_by_content(path, path.suffix == ".csv")
            ):
                records += 1
                self._touched.look_for(record.content, str(self.folder))
            given = file.digest()
            size = file.size
        self._report.count(LINES, records)
        in_list = self._digests.digests.get(name)
        in_package = (described or {}).get("hash", "").removeprefix("sha256:") or None
        self._compare_digest_file(name, in_list == given or in_package == given)
        if given in (in_list, in_package):
            if in_list not in (None, given):
                self._report_list(name, given, in_list)
            elif in_package not in (None, given):
                why = (
                    f"says that {name} has SHA-256 {in_package}; it has {given}, as {DIGESTS} says"
                )
                self._add("manifest", self.folder / MANIFEST, why, REWRITE)
            elif described is not None:
                if not mismatch.is_none:  # the digests are damaged, and the records were not met
                    records = sum(1 for _ in records_by_content(path, path.suffix == ".csv"))
                self._compare_counts(name, described, size, records)
            return size
        if in_list is None and in_package is None:
            if not mismatch.count:
                self._add("unlisted", path, "neither list says what its digest should be", AGAIN)
        self._report_records(name, mismatch, given, in_list or in_package)
        return size

    def _compare_counts(
        self, name: str, described: dict[str, Any], size: int, records: int
    ) -> None:
        of_records = records - 1 if name.endswith(".csv") else records
        for what, said, is_so in (
            ("bytes", described["bytes"], size),
            ("records", described["record_count"], of_records),
        ):
            if said is not None and said != is_so:
                why = f"says that {name} has {said:,} {what}; it has {is_so:,}"
                self._add("manifest", self.folder / MANIFEST, why, AGAIN)

    def _compare_digest_file(self, name: str, is_as_written: bool) -> None:
        """The file with the digests of lines: by its digest, and if that fails line by line."""
        own = digests_path(name)
        path = self.folder / own
        listed = self._digests.digests.get(own)
        if not path.exists():
            return
        given = _digest(path)
        if listed == given or (listed is None and not is_as_written):
            return
        if not is_as_written:
            why = f"has SHA-256 {given}, {DIGESTS} lists {listed}"
            self._add("digest", path, f"{why}; so does the file that it is about", AGAIN)
        elif not self._differing_lines(own, name) and listed is not None:
            self._report_list(own, given, listed)

    def _differing_lines(self, name: str, about: str | None) -> bool:
        """Name the lines of a small file that are others than were written; whether there are.

        `about`: it holds the digests of that file's lines, which are as they were.
        """
        path = self.folder / name
        found = []
        if about is not None:
            records = records_by_content(self.folder / about, about.endswith(".csv"))
            for number, expected in differing_lines(path, records):
                found.append(
                    (number, f"is not the digest of its line, {expected.decode().strip()}")
                )
                if len(found) == 20:
                    break
        elif (self.folder / digests_path(name)).exists():
            mismatch = Mismatch()
            with HashedFile(path) as file:
                for _ in records_by_digest(file, self.folder / digests_path(name), mismatch):
                    pass
            found = [
                (r.line, f"is another one than was written: {_shown(r)}") for r in mismatch.records
            ]
        for number, why in found:
            self._add("line", path, why, REWRITE if about else AGAIN, line=number)
        return bool(found)

    # ------------------------------------------------------------------- findings

    def _report_records(
        self, name: str, mismatch: Mismatch, given: str, listed: str | None
    ) -> None:
        path = self.folder / name
        for record in mismatch.records:
            identity = _identity(record, name)
            what = f"record {record.number - 1}" if name.endswith(".csv") else "the record"
            why = f"{what} of {identity or 'a heading'} is another one than was written"
            more = mismatch.count - len(mismatch.records)
            if more and record is mismatch.records[-1]:
                why += f", and {more:,} more behind it"
            finding = self._add("line", path, why, AGAIN, line=record.line)
            finding.start, finding.end = record.offset, record.offset + len(record.content)
            finding.cables = [identity] if identity and "reference_id" in _key(name) else []
            finding.captures = [identity] if identity and "capture_id" in _key(name) else []
        if mismatch.missing:
            why = f"the file is cut: {mismatch.missing:,} records are missing at its end"
            self._add("truncated", path, why, AGAIN)
        if mismatch.surplus is not None:
            surplus = mismatch.surplus
            why = f"{len(surplus.content):,} bytes stand behind the last record that was written"
            finding = self._add("surplus", path, why, AGAIN, line=surplus.line)
            finding.start, finding.end = surplus.offset, surplus.offset + len(surplus.content)
        if mismatch.count or mismatch.missing or mismatch.surplus or listed is None:
            return
        faults = list(_faults_of_records(path))
        for record, fault in faults:
            why = f"the record of {_identity(record, name)}: {fault}"
            self._add("line", path, why, AGAIN, line=record.line)
        if not faults:
            self._add("digest", path, f"has SHA-256 {given}, expected {listed}", AGAIN)

    def _report_digest(self, name: str, given: str, listed: str) -> None:
        """A file, or what the list says of it: one of the two is not as it was written."""
        if looks_alike(given, listed):
            self._report_list(name, given, listed)
        else:
            why = f"has SHA-256 {given}, {DIGESTS} lists {listed}"
            self._add("digest", self.folder / name, why, AGAIN)

    def _report_list(self, name: str, given: str, listed: str) -> None:
        why = f"says that {name} has SHA-256 {listed}; it has {given} and is whole"
        line = self._digests.line_of[name]
        self._add("list", self.folder / DIGESTS, why, REWRITE, line=line)

    def _add(
        self, what: str, path: Path, why: str, advice: str, *, line: int | None = None
    ) -> Finding:
        finding = Finding(EXPORT, what, str(path), why, advice, line=line)
        finding.exports = [str(self.folder)]
        return self._report.add(finding, LINES if what == "line" else FILES)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _fault_of_package(package: Any) -> str | None:
    """What datapackage.json lacks that every export's has had; None where nothing is."""
    if not isinstance(package, dict) or not isinstance(package.get("resources"), list):
        return "has no list of resources"
    if not isinstance(package.get("schema_version"), str):
        return "has no schema_version"
    counts = package.get("record_counts")
    if not isinstance(counts, dict):
        return "has no record_counts"
    for resource in package["resources"]:
        fault = _fault_of_resource(resource, counts)
        if fault is not None:
            return fault
    return None


def _fault_of_resource(resource: Any, counts: dict[str, Any]) -> str | None:
    if not isinstance(resource, dict) or not isinstance(resource.get("path"), str):
        return "has a resource without a path"
    path = resource["path"]
    known: dict[str, Resource] = {known.path: known for known in RESOURCES}
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", str(resource.get("hash"))):
        return f"{path}: its hash is no sha256:"
    if not isinstance(resource.get("bytes"), int):
        return f"{path}: its bytes are no number"
    if path not in known:
        return None
    for name, expected in (
        ("name", known[path].name),
        ("format", known[path].format),
        ("mediatype", known[path].mediatype),
        ("encoding", "utf-8"),
        ("type", "table"),
    ):
        if resource.get(name) != expected:
            return f"{path}: its {name} is {resource.get(name)!r}, expected {expected!r}"
    resource["record_count"] = counts.get(known[path].name)
    if not isinstance(resource["record_count"], int):
        return f"record_counts has no number for {known[path].name}"
    try:
        fields = [field["name"] for field in resource["schema"]["fields"]]
        if known[path].format == "jsonl" and list(resource["json_schema"]["properties"]) != fields:
            return f"{path}: its two schemas have other fields"
    except (KeyError, TypeError):
        return f"{path}: it has no schema"
    return None


def _faults_of_records(path: Path) -> Iterator[tuple[Record, str]]:
    """Records of a file without digests of lines that show in themselves that they changed."""
    if path.suffix != ".jsonl":
        return
    for record in records_by_content(path, is_csv=False):
        try:
            value = json.loads(record.content)
            if not isinstance(value, dict):
                raise ValueError("is no object")
            body = value.get("body")
            if isinstance(body, str):
                given = sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
                if given != value.get("body_sha256"):
                    yield record, "its body does not have the digest body_sha256"
        except ValueError as error:
            yield record, f"is no record: {error}"


def _key(name: str) -> str:
    """Which value tells the records of a file apart, or comes next to it."""
    return {"captures.jsonl": "capture_id", "problems.jsonl": "url"}.get(name, "reference_id")


def _identity(record: Record, name: str) -> str | None:
    """What a record is of: a reference ID, a capture, an address. It may be what is damaged."""
    if name.endswith(".csv"):
        return (
            record.content.partition(b",")[0].decode("utf-8", "replace")
            if record.number > 1
            else None
        )
    for found in re.finditer(rb'"([a-z_]+)": "([^"]+)"', record.content):
        if found[1].decode() == _key(name):
            return found[2].decode("utf-8", "replace")
    return None


def _shown(record: Record) -> str:
    return record.content.decode("utf-8", "replace").strip()[:80]
