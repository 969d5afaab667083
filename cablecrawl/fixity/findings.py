"""What a fixity check finds, and what it has checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as with_default

WARC, DATABASE, EXPORT, CLAIMS = "warc", "database", "export", "claims"
"""The parts of a check."""

REBUILD = (
    "restore the file from a copy, or move the database away and run `scrapy reparse`: it"
    " rebuilds it from the WARC files, but for what is in the database only: former readings and"
    " claims, which a reparse no longer gave, and the requests still to make"
)
"""What to do about a damaged database whose WARC files are whole."""


@dataclass(slots=True, eq=False)
class Finding:
    """Something that is not as it was written."""

    part: str
    """`warc`, `database`, `export` or `claims`."""
    what: str
    """One word: `damaged`, `missing`, `truncated`, `digest`, `header`, `row`, `text`, …"""
    file: str
    """The file it was found in."""
    detail: str
    """One line: what was found, and what was to be expected."""
    advice: str
    """One line: what to do."""
    start: int | None = None
    """The first byte that may be another one."""
    end: int | None = None
    """Where the damage ends at the latest, exclusive."""
    line: int | None = None
    """Of a text file, from 1."""
    table: str | None = None
    row: int | str | None = None
    """Of a database: where it stands there."""
    field: str | None = None
    """Of a claim: which value it is evidence for."""
    records: list[str] = with_default(default_factory=list)
    """The WARC-Record-IDs of the records that are hit."""
    captures: list[str] = with_default(default_factory=list)
    """The captures that are hit, by their IDs."""
    urls: list[str] = with_default(default_factory=list)
    sources: list[str] = with_default(default_factory=list)
    """Of these captures."""
    readings: list[str] = with_default(default_factory=list)
    """The readings that are hit, by their digests."""
    cables: list[str] = with_default(default_factory=list)
    """The reference IDs of the cables that rest on it."""
    exports: list[str] = with_default(default_factory=list)
    """The exports that name what is hit, or are hit themselves."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        place = self.file
        if self.line is not None:
            place += f", line {self.line}"
        if self.start is not None:
            place += f", byte {self.start}"
            if self.end is not None and self.end > self.start + 1:
                place += f" to {self.end - 1}"
        if self.table is not None:
            place += f", {self.table}" + (f" {self.row}" if self.row is not None else "")
        return place


@dataclass(slots=True)
class Count:
    """How many things of a kind were checked, and how many of them are not well."""

    checked: int = 0
    failed: int = 0


class Report:
    """Collects what a check finds and counts."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        """What is no damage and yet to be known."""
        self.counts: defaultdict[str, Count] = defaultdict(Count)
        """By what was counted, in the order in which it was."""

    def count(self, kind: str, number: int = 1) -> None:
        """Count what was checked."""
        self.counts[kind].checked += number

    def add(self, finding: Finding, kind: str, number: int = 1) -> Finding:
        """Take a finding, with which so many things of a kind have failed."""
        self.findings.append(finding)
        self.counts[kind].failed += number
        return finding

    def merge(self, other: Report) -> None:
        """Take over what another has collected."""
        self.findings += other.findings
        self.notes += other.notes
        for kind, count in other.counts.items():
            self.counts[kind].checked += count.checked
            self.counts[kind].failed += count.failed

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def shortened(names: Iterable[str], most: int = 5) -> str:
    """The first names of a list, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def looks_alike(one: str, other: str) -> bool:
    """Whether two different digests are one that was damaged: another text has another digest.

    Two digests of different texts agree in 4 of 64 hexadecimal digits on average.
    """
    if len(one) != len(other):
        return False
    differing = sum(a != b for a, b in zip(one, other, strict=True))
    return 0 < differing <= len(one) // 4
