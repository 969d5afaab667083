"""The tables of an export as Parquet files, one each, with typed columns.

The same rows give the same bytes by the same version of Arrow, whose name is in each file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cablecrawl.capture.warc import fsync_folder
from cablecrawl.export.columns import Column, Kind, with_parts
from cablecrawl.export.described import Part, Property
from cablecrawl.export.formats import Target, finished_file
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.rows import Row
from cablecrawl.export.table_writer import TableWriter
from cablecrawl.export.tables import TABLES, TABLES_VERSION, Table

FOLDER = "parquet"

# Rows wait until they are a row group. That of the table with the most is written when all of them
# together come to this, so that many small tables take no more memory than a large one.
WAITING_BYTES = 32 << 20

# What a cell takes besides its text: measured as 40 to 60.
CELL_BYTES = 50

COMPRESSION = "zstd"

PLAIN_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.REAL: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TIME: pa.timestamp("us", "UTC"),
    Kind.TEXTS: pa.list_(pa.field("element", pa.string(), nullable=False)),
    Kind.COUNTS: pa.map_(pa.string(), pa.int64()),
    Kind.NAMED: pa.map_(pa.string(), pa.string()),
}


def resource_of(table: Table) -> Resource:
    """A table's file."""
    return Resource(
        f"{table.name}-parquet",
        "parquet",
        "application/vnd.apache.parquet",
        file=f"{FOLDER}/{table.name}.parquet",
        about=table.about,
        is_text=False,
    )


class ParquetWriter(TableWriter):
    """The files while they are being written."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._folder = target.folder
        (self._folder / FOLDER).mkdir()
        self._files: dict[Table, _TableFile] = {}
        for table in TABLES:
            self._files[table] = _TableFile(target, table)

    @staticmethod
    def describe() -> Sequence[Part]:
        about = (
            f"A file for each table in `{FOLDER}/`, compressed with {COMPRESSION}, with the"
            " descriptions of its columns in their metadata (`description`), and the version of the"
            f" tables, {TABLES_VERSION}, as `tables_version`. Moments are timestamps in UTC; what a"
            " cable or page states has no time zone and may have no time, and is text. A lone"
            " surrogate is written as `\\ud800`."
        )
        return [Part(f"{FOLDER}/", about), *map(_part, TABLES)]

    def add(self, table: Table, rows: list[Row]) -> None:
        self._files[table].add(rows)
        while sum(file.waiting_bytes for file in self._files.values()) > WAITING_BYTES:
            max(self._files.values(), key=lambda file: file.waiting_bytes).write()

    def finish_files(self) -> list[FinishedFile]:
        for file in self._files.values():
            file.write()
            file.close()
        fsync_folder(self._folder / FOLDER)
        return [
            finished_file(self._folder, resource_of(table), file.records)
            for table, file in self._files.items()
        ]

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class _TableFile:
    """A file that is being written, and the rows that wait."""

    def __init__(self, target: Target, table: Table) -> None:
        self.records = 0
        self.waiting_bytes = 0
        self._rows: list[Row] = []
        self._arrays = [partial(_array, column) for column in table.columns]
        self._schema = pa.schema(
            [_field(column) for column in table.columns],
            metadata={"description": table.about, "tables_version": f"{TABLES_VERSION}"},
        )
        path = target.folder / resource_of(table).path
        self._writer = pq.ParquetWriter(path, self._schema, compression=COMPRESSION)

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows.append(row)
            texts = sum(len(cell) for cell in row if isinstance(cell, str))
            self.waiting_bytes += texts + CELL_BYTES * len(row)

    def write(self) -> None:
        """What waits, as a row group. Raises OSError."""
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [make(cells) for make, cells in zip(self._arrays, columns, strict=True)]
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self.records += len(self._rows)
        self._rows = []
        self.waiting_bytes = 0

    def close(self) -> None:
        self._writer.close()


def _part(table: Table) -> Part:
    properties = [
        Property(path, _stated_type(column), column.about)
        for path, column in with_parts(table.columns)
    ]
    return Part(resource_of(table).path, table.about, tuple(properties))


STATED_TYPES = {
    Kind.TEXTS: "list of string",
    Kind.RECORD: "struct",
    Kind.RECORDS: "list of struct",
    Kind.COUNTS: "map of string to int64",
    Kind.NAMED: "map of string to string",
}
"""Where Arrow's own name for a type says it less well."""


def _stated_type(column: Column) -> str:
    name = STATED_TYPES.get(column.kind) or str(PLAIN_TYPES[column.kind])
    return f"{name}{' or null' if column.nullable else ''}"


def _type(column: Column) -> pa.DataType:
    if not column.parts:
        return PLAIN_TYPES[column.kind]
    record = pa.struct([_field(part) for part in column.parts])
    if column.kind is Kind.RECORDS:
        return pa.list_(pa.field("element", record, nullable=False))
    return record


def _field(column: Column) -> pa.Field:
    about = {"description": column.about}
    return pa.field(column.name, _type(column), column.nullable, about)


def _array(column: Column, cells: Sequence[Any]) -> pa.Array:
    convert = _conversion(column)
    if convert is not None:
        cells = [None if cell is None else convert(cell) for cell in cells]
    return pa.array(cells, _type(column))


def _conversion(column: Column) -> Callable[[Any], Any] | None:
    """What makes of a cell what Arrow takes; None: it takes it as it is."""
    if column.kind is Kind.TIME:
        return datetime.fromisoformat
    if column.kind in (Kind.COUNTS, Kind.NAMED):
        return lambda named: list(named.items())
    if column.kind is Kind.RECORD:
        return partial(_record, column.parts)
    if column.kind is Kind.RECORDS:
        return lambda records: [_record(column.parts, record) for record in records]
    return None


def _record(parts: tuple[Column, ...], record: dict[str, Any]) -> dict[str, Any]:
    converted = {}
    for part in parts:
        value = record[part.name]
        convert = _conversion(part)
        converted[part.name] = value if value is None or convert is None else convert(value)
    return converted
