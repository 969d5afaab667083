"""Records as lines: JSON Lines of every kind, and CSV of the cables.

The digests of its lines are written beside each file while it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cablecrawl.export.described import Part, described_lines
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.lines import csv_cells, csv_line, field_names, json_line
from cablecrawl.export.resources import (
    CABLES,
    CABLES_CSV,
    CAPTURES,
    CHANGES,
    PROBLEMS,
    READINGS,
    REFERENCES,
    RELATIONS,
    FinishedFile,
    Resource,
)
from cablecrawl.export.written import WrittenFile
from cablecrawl.fixity.lines import LineDigests
from cablecrawl.records import CaptureRecord, ProblemRecord

KINDS = (CABLES, READINGS, RELATIONS, REFERENCES, CHANGES, CAPTURES, PROBLEMS)


class JsonLinesWriter(FormatWriter):
    """Every kind of record, a file each."""

    def __init__(self, target: Target) -> None:
        self._files = {kind: _RecordFile(target, kind) for kind in KINDS}

    @staticmethod
    def describe() -> Sequence[Part]:
        return [part for kind in KINDS for part in described_lines(kind)]

    def add_cable(self, cable: ExportedCable) -> None:
        self._files[CABLES].add([cable.record])
        self._files[READINGS].add(cable.readings)
        self._files[RELATIONS].add(cable.relations)
        self._files[REFERENCES].add(cable.references)
        self._files[CHANGES].add(cable.changes)

    def add_capture(self, capture: CaptureRecord) -> None:
        self._files[CAPTURES].add([capture])

    def add_problem(self, problem: ProblemRecord) -> None:
        self._files[PROBLEMS].add([problem])

    def finish(self) -> list[FinishedFile]:
        return [file.finish() for file in self._files.values()]

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class CsvWriter(FormatWriter):
    """The cables, for spreadsheets."""

    def __init__(self, target: Target) -> None:
        self._file = _RecordFile(target, CABLES_CSV)

    @staticmethod
    def describe() -> Sequence[Part]:
        return described_lines(CABLES_CSV)[:1]

    def add_cable(self, cable: ExportedCable) -> None:
        self._file.add([cable.record])

    def finish(self) -> list[FinishedFile]:
        return [self._file.finish()]

    def close(self) -> None:
        self._file.close()


class _RecordFile:
    """A file of records that is being written, and beside it the digests of its lines."""

    def __init__(self, target: Target, resource: Resource) -> None:
        self._is_csv = resource.format == "csv"
        self._file = WrittenFile(target.folder, resource)
        self._lines = LineDigests(target.folder, resource.path)
        self._records = 0
        if self._is_csv:
            assert resource.record is not None
            self._append(csv_line(field_names(resource.record)))

    def add(self, records: Iterable[object]) -> None:
        for record in records:
            self._append(csv_line(csv_cells(record)) if self._is_csv else json_line(record))
            self._records += 1

    def finish(self) -> FinishedFile:
        """Wait until it is on the disk."""
        self._lines.finish()
        return self._file.finish(self._records)

    def close(self) -> None:
        self._file.close()
        self._lines.close()

    def _append(self, line: bytes) -> None:
        self._file.write(line)
        self._lines.add(line)
