"""What formats made of tables have in common: from a record to rows of its tables."""

from __future__ import annotations

from abc import abstractmethod

from cablecrawl.export.crawled import Crawled
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.resources import FinishedFile
from cablecrawl.export.rows import Row, TableRows
from cablecrawl.export.tables import CAPTURES, PROBLEMS, Table
from cablecrawl.records import CaptureRecord, ProblemRecord


class TableWriter(FormatWriter):
    """The tables of an export while they are being written; a format says how rows are."""

    def __init__(self, target: Target) -> None:
        self._rows = TableRows()
        self._crawled = Crawled(target.store.connection)

    @abstractmethod
    def add(self, table: Table, rows: list[Row]) -> None:
        """Write rows of a table. Raises OSError."""

    @abstractmethod
    def finish_files(self) -> list[FinishedFile]:
        """As `finish`, behind the last row."""

    def add_cable(self, cable: ExportedCable) -> None:
        self._crawled.add_cable(cable)
        for table, rows in self._rows.of_cable(cable):
            self.add(table, rows)

    def add_capture(self, capture: CaptureRecord) -> None:
        self._crawled.add_capture(capture)
        self.add(CAPTURES, [self._rows.of_capture(capture)])

    def add_problem(self, problem: ProblemRecord) -> None:
        self.add(PROBLEMS, [self._rows.of_problem(problem)])

    def finish(self) -> list[FinishedFile]:
        for table, rows in self._crawled.rows():
            self.add(table, rows)
        return self.finish_files()
