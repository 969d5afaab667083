"""A figure of the page: what it is called, says and shows, and the data behind it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from cablecrawl.export.lines import csv_cells, csv_line, field_names
from cablecrawl.report.charts import Chart
from cablecrawl.report.drawing import Drawn, drawn


@dataclass(frozen=True)
class Table:
    """Records of one type, as CSV and to be read."""

    name: str
    """Of the file, less its ending."""
    record: type
    rows: Sequence[object]

    @property
    def columns(self) -> list[str]:
        """What they are called in the CSV."""
        return field_names(self.record)

    def csv(self) -> bytes:
        """UTF-8 as RFC 4180 has it, formulas defused."""
        lines = [csv_line(self.columns)]
        lines += [csv_line(csv_cells(row)) for row in self.rows]
        return b"".join(lines)

    def data_uri(self) -> str:
        """The CSV as an address that holds it."""
        return f"data:text/csv;charset=utf-8;base64,{b64encode(self.csv()).decode('ascii')}"


@dataclass(frozen=True)
class Key:
    """An entry of a legend."""

    colour: str
    text: str
    shape: Literal["area", "outline", "stroke"] = "area"


@dataclass(frozen=True)
class Figure:
    """One thing that is shown."""

    name: str
    """Its ID in the page."""
    heading: str
    sentence: str
    """What it shows, with its numbers."""
    table: Table
    chart: Chart | None = None
    """None: there is nothing to draw."""
    alternative: str = ""
    """What is seen in the drawing, for those who do not see it."""
    legend: list[Key] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is to be known when reading it."""

    def draw(self) -> Drawn | None:
        """Inside `drawing.settings`."""
        if self.chart is None:
            return None
        described = f"{self.sentence} {self.alternative}".strip()
        return drawn(self.chart.canvas, self.name, self.heading, described, self.chart.tips)


@dataclass(frozen=True)
class Section:
    """Figures on one subject."""

    name: str
    """Its ID in the page."""
    heading: str
    figures: list[Figure]
