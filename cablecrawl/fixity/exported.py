"""The lines of an export, held against the records that the store gives now.

What a record says of witnesses and runs rests on no claim. Where all claims of a cable hold and
its line is another one, that is what was changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cablecrawl.fixity.findings import DATABASE, EXPORT, REBUILD, Finding, Report

COMPARED = "lines compared"
"""What is counted."""


class ExportedLines:
    """The lines of an export's cables.jsonl, held against records in the order of their IDs."""

    def __init__(self, path: Path, as_line: Callable[[Any], bytes]) -> None:
        """Raises OSError."""
        self.path = path
        self.compared = 0
        self._as_line = as_line
        self._file = path.open("rb")
        self._number = 0
        self._line = b""
        self._differing: list[tuple[int, str]] = []
        self._count = 0

    def compare(self, reference_id: str, record: object) -> None:
        """Hold a record against its line."""
        start = b'{"reference_id": "' + reference_id.encode() + b'"'
        while self._id() < reference_id and self._next():
            pass
        self.compared += 1
        if not self._line.startswith(start):
            self._differs(self._number, reference_id)
        elif self._line != self._as_line(record):
            self._differs(self._number, reference_id)

    def report(self, report: Report, database: str) -> None:
        """Report what differs, unless so much does that it can only be another state.

        After the export itself was checked: a line of it that is damaged says nothing.
        """
        self._file.close()
        report.count(COMPARED, self.compared)
        damaged = {
            finding.line
            for finding in report.findings
            if finding.part == EXPORT and Path(finding.file).resolve() == self.path.resolve()
        }
        if damaged:
            self._differing = [each for each in self._differing if each[0] not in damaged]
            self._count = 0 if None in damaged else len(self._differing)
        if self._count * 10 > self.compared and self._count > 1:
            report.notes.append(
                f"{self.path}: {self._count:,} of {self.compared:,} lines are not what the store"
                " gives now: it was made by other code, or of another state"
            )
            return
        for number, reference_id in self._differing[: self._count]:
            report.add(
                Finding(
                    DATABASE,
                    "record",
                    database,
                    f"does not give line {number} of {self.path}, though the claims of the cable"
                    " hold: its witnesses, sightings or runs were changed",
                    f"where the code has changed since, export again; else {REBUILD}",
                    table="witness",
                    row=reference_id,
                    cables=[reference_id],
                    exports=[str(self.path.parent)],
                ),
                COMPARED,
            )

    def _differs(self, number: int, reference_id: str) -> None:
        self._count += 1
        if len(self._differing) < 20:
            self._differing.append((number, reference_id))

    def _id(self) -> str:
        return (
            self._line[len(b'{"reference_id": "') :].partition(b'"')[0].decode("utf-8", "replace")
        )

    def _next(self) -> bool:
        self._line = self._file.readline()
        self._number += 1
        return bool(self._line)
