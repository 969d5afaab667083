"""One WARC file: a walk through its records, with its captures' rows at its side.

It is read once, from its beginning, with one record in memory. Behind damage reading goes on at
the next record that reads whole, or at the next one that the database knows of.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cablecrawl.capture.exchange import Exchange, decode_fields
from cablecrawl.capture.members import (
    EXCHANGE_RECORDS,
    DamagedWarc,
    Member,
    assemble,
    final_name,
    find_member,
    read_member,
    read_torn_header,
)
from cablecrawl.fixity.findings import DATABASE, REBUILD, WARC, Finding, Report
from cablecrawl.fixity.hashed import HashedFile
from cablecrawl.fixity.headers import fault_of_note, faults_of_exchange
from cablecrawl.fixity.rows import CaptureRow
from cablecrawl.store.database import DATABASE as DATABASE_NAME
from cablecrawl.store.evidence import capture_links, iso

RECORDS, EXCHANGES, ROWS = "WARC records", "exchanges", "rows of captures"
"""What is counted."""

# Most records are smaller; a larger one is read in several pieces.
READ_BYTES = 16 * 1024

RESTORE = "restore the file from a copy; the other records of it can be read by their offsets"

# What a capture's row points to is the record of one of these kinds, if its exchange has one.
ANSWERS = ("response", "revisit", "resource")

Progress = Callable[[int], None]
"""Called with how many bytes were read since the last call."""


@dataclass(slots=True)
class Damage:
    """A stretch of a file that cannot be read."""

    start: int
    end: int
    why: str
    torn: dict[str, str]
    """What is left of the header of its first record."""
    capture_id: str | None = None
    """Of the exchange that it is part of, where records before or behind it tell."""
    kinds: set[str] = field(default_factory=set)
    """The records of that exchange which are whole."""
    order: tuple[str, ...] = ()
    """The records of that exchange, where its metadata tells."""
    rows: list[CaptureRow] = field(default_factory=list)
    """The captures that it hits."""


@dataclass(frozen=True, slots=True)
class Rowless:
    """An exchange that is whole, and has no row at its place."""

    file: str
    capture_id: str
    offset: int
    length: int


class FileCheck:
    """A walk through one file, with its captures' rows at its side."""

    def __init__(
        self,
        path: Path,
        file: HashedFile,
        rows: Iterator[CaptureRow],
        has_rows: bool,
        report: Report,
    ) -> None:
        self.path = path
        self.file = file
        self.name = final_name(path)
        self.run = self.name.rpartition("-")[0]
        self.damages: list[Damage] = []
        self.rowless: list[Rowless] = []
        self.unplaced: list[CaptureRow] = []
        self.good = array("Q")
        """Where the members begin that are whole."""
        self._rows = rows
        self._has_rows = has_rows
        self._row = next(rows, None)
        self._report = report
        self._group: list[Member] = []
        self._torn: Damage | None = None
        """The damage of which the rest of the exchange may follow."""

    def walk(self, end: int, progress: Progress) -> None:
        """Read the file up to a byte. Raises OSError."""
        position = 0
        while position < end:
            start = position
            try:
                member = read_member(self.file, self.path, position, expected=READ_BYTES)
            except DamagedWarc as damage:
                position = self._skip(damage, end)
            else:
                position = member.end
                self.good.append(member.offset)
                self._report.count(RECORDS)
                self._pass_rows(member.offset)
                self._meet(member)
            progress(position - start)
        is_cut = bool(self._group) or self._row is not None
        if is_cut and not (self.damages and self.damages[-1].end >= end):
            self.damages.append(Damage(end, end, "an exchange has no end", {}))
            for member in self._group:
                self._belongs(member, self.damages[-1])
        self._pass_rows(None)

    def _skip(self, damage: DamagedWarc, end: int) -> int:
        """Go on behind damage: at the next good member, or where the database has one begin."""
        start = damage.offset
        stop = end
        if self._row is not None:
            known = self._row.offset if self._row.offset > start else self._row.end
            if start < known < end:
                stop = known
        found = find_member(self.file, self.path, start + 1, stop)
        resume = found.offset if found is not None else stop
        last = self.damages[-1] if self.damages else None
        if last is not None and last.end == start:
            last.end = resume
            return resume
        torn = read_torn_header(self.file, self.path, start)
        self._torn = Damage(start, resume, damage.why, torn)
        self.damages.append(self._torn)
        for member in self._group:
            self._belongs(member, self._torn)
        self._group = []
        return resume

    def _belongs(self, member: Member, damage: Damage) -> None:
        """A whole record of an exchange that is damaged elsewhere."""
        damage.kinds.add(member.kind)
        if member.kind == "metadata":
            try:
                fields = dict(decode_fields(member.block))
                damage.capture_id = fields["capture"]
                damage.order = tuple(fields["records"].split(" "))
            except (KeyError, ValueError):
                pass  # a record of somebody else's, which names no capture

    def _pass_rows(self, offset: int | None) -> None:
        """Take the rows of what should stand before a byte and was not met."""
        while self._row is not None and (offset is None or self._row.offset < offset):
            self._report.count(ROWS)
            damage = next((d for d in reversed(self.damages) if d.start <= self._row.offset), None)
            last = self.damages[-1] if self.damages else None
            if damage is not None and self._row.offset < damage.end:
                damage.rows.append(self._row)
            elif last is not None and offset is None and self._row.offset >= last.end:
                last.rows.append(self._row)
            else:
                self.unplaced.append(self._row)
            self._row = next(self._rows, None)

    def _meet(self, member: Member) -> None:
        if member.offset == 0 and member.kind != "warcinfo":
            self._misplaced(member, f"the file begins with a {member.kind} record, not warcinfo")
        if member.kind not in EXCHANGE_RECORDS or member.is_note:
            if self._group and self._torn is None:
                self._misplaced(member, "an exchange before it lacks its last record")
            self._group, self._torn = [], None
            fault = fault_of_note(member, self.name, self.run)
            if fault is not None:
                self._misplaced(member, fault)
            return
        self._group.append(member)
        try:
            exchange = assemble(self._group)
        except ValueError as error:
            self._regroup(member, str(error))
            return
        if exchange is not None:
            self._complete(exchange)
            self._group, self._torn = [], None

    def _regroup(self, member: Member, why: str) -> None:
        """A record does not go with those before it: it begins an exchange, or is left over."""
        before, self._group = self._group[:-1], []
        if self._torn is not None:
            for other in before:
                self._belongs(other, self._torn)
        elif before:
            self._misplaced(before[0], f"its exchange lacks records: behind it comes {why}")
        try:
            assemble([member])
            self._group = [member]
            if before and self._torn is not None:
                self._torn = None
        except ValueError:
            if self._torn is None:
                if not before:
                    self._misplaced(member, why)
                return
            self._belongs(member, self._torn)
            self._left_over(member, self._torn)

    def _left_over(self, member: Member, damage: Damage) -> None:
        """A whole record behind damage; the last of its exchange is what a row points to."""
        row = self._row
        is_last = member.kind in ANSWERS or damage.order[-1:] == ("metadata",)
        if is_last and damage.capture_id is None:
            damage.capture_id = member.headers.get("warc-record-id", "")[1:-1]
        if row is not None and row.offset == member.offset:
            self._report.count(ROWS)
            damage.rows.append(row)
            self._row = next(self._rows, None)
            if f"<{row.capture_id}>" != member.headers.get("warc-record-id"):
                self._differs(row, "capture_id", row.capture_id, member.headers["warc-record-id"])
        if is_last:
            self._torn = None

    def _complete(self, exchange: Exchange) -> None:
        last = self._group[-1]
        self._report.count(EXCHANGES)
        digest, length = exchange.payload_digest()
        for member, fault in faults_of_exchange(self._group, exchange, digest):
            self._misplaced(member, fault)
        if exchange.run_id != self.run:
            self._misplaced(last, f"it is of run {exchange.run_id}")
        row = self._row
        if row is None or row.offset != last.offset:
            if self._has_rows:
                self.rowless.append(
                    Rowless(self.name, exchange.capture_id, last.offset, last.length)
                )
            return
        self._row = next(self._rows, None)
        self._report.count(ROWS)
        for name, value in {
            "capture_id": exchange.capture_id,
            "run": exchange.run_id,
            "source": exchange.source,
            "url": exchange.url,
            "via": exchange.via,
            "fetched_at": iso(exchange.fetched_at),
            "outcome": exchange.outcome,
            "status": exchange.status,
            "flags": " ".join(exchange.flags),
            "detail": exchange.detail,
            "length": last.length,
            "payload_sha256": digest,
            "payload_length": length,
            **capture_links(exchange),
        }.items():
            if getattr(row, name) != value:
                self._differs(row, name, getattr(row, name), value)

    def _misplaced(self, member: Member, why: str) -> None:
        self._report.add(
            Finding(
                WARC,
                "header",
                str(self.path),
                f"the {member.kind} record {member.headers.get('warc-record-id')}: {why}",
                RESTORE,
                start=member.offset,
                end=member.end,
                records=[member.headers.get("warc-record-id", "")[1:-1]],
                urls=[member.headers["warc-target-uri"]]
                if "warc-target-uri" in member.headers
                else [],
            ),
            RECORDS,
        )

    def _differs(self, row: CaptureRow, name: str, stored: object, found: object) -> None:
        self._report.add(
            Finding(
                DATABASE,
                "row",
                str(self.path.parent.parent / DATABASE_NAME),
                f"{name} is {stored!r}, and {found!r} in its WARC record",
                REBUILD,
                table="capture",
                row=row.id,
                captures=[row.capture_id],
                urls=[row.url],
                sources=[row.source],
            ),
            ROWS,
        )
