"""The tables of an export as one SQLite database, with full-text search over cables and readings.

The same rows give the same bytes: the database is new, written in one transaction by one
connection, in the order in which rows come.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from cablecrawl.export.columns import Column, Kind, with_parts
from cablecrawl.export.described import Part, Property
from cablecrawl.export.formats import Target, finished_file
from cablecrawl.export.lines import JSON
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.rows import Row
from cablecrawl.export.table_writer import TableWriter
from cablecrawl.export.tables import CABLES, READINGS, TABLES, TABLES_VERSION, Table
from cablecrawl.store.database import storage_errors

RESOURCE = Resource(
    "cables-sqlite",
    "sqlite",
    "application/vnd.sqlite3",
    file="cables.sqlite",
    about="All records as tables of an SQLite database, with full-text search over their texts.",
    is_text=False,
)

APPLICATION_ID = int.from_bytes(b"Cabl")
"""In the file's header, where `file` and others look for what a database is."""

# A file that is not there yet needs no journal: if it does not come to its end it is thrown away.
PRAGMAS = (
    "page_size = 8192",
    "encoding = 'UTF-8'",
    "auto_vacuum = NONE",
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -32000",
    "cache_spill = ON",
    f"application_id = {APPLICATION_ID}",
    f"user_version = {TABLES_VERSION}",
)

SEARCHED = {
    CABLES: ("reference_id", "subject", "origin", "classification", "tags", "header", "body"),
    READINGS: ("reference_id", "source", "subject", "header", "body"),
}
"""Columns that a table's full-text index is over."""

# No stemming: texts are full of names.
TOKENIZER = "unicode61 remove_diacritics 2"

TYPES = {
    Kind.INTEGER: "INTEGER",
    Kind.REAL: "REAL",
    Kind.BOOLEAN: "INTEGER",
}
"""TEXT: all others."""

JSON_KINDS = frozenset((Kind.TEXTS, Kind.RECORD, Kind.RECORDS, Kind.COUNTS, Kind.NAMED))


class SqliteWriter(TableWriter):
    """The database while it is being written."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._folder = target.folder
        self._path = target.folder / RESOURCE.path
        self._path.touch(exist_ok=False)
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._inserts = {table: _insert(table) for table in TABLES}
        self._json = {table: _json_cells(table) for table in TABLES}
        with storage_errors(self._path):
            for pragma in PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute("BEGIN")
            for table in TABLES:
                self._db.execute(_create(table))
            for table, columns in SEARCHED.items():
                self._db.execute(_create_search(table, columns))

    @staticmethod
    def describe() -> Sequence[Part]:
        indexes = " and ".join(
            f"`{table.name}_fts` over {', '.join(f'`{name}`' for name in columns)}"
            for table, columns in SEARCHED.items()
        )
        about = (
            f"{RESOURCE.about} Lists and records are JSON, yes and no are 1 and 0, moments are text"
            " as in the lines; a lone surrogate is written as `\\ud800`. A text with a NUL is whole"
            " in its cell, but to `length()` and some other functions of SQL it ends there;"
            " `length(CAST(body AS BLOB))` are all its bytes. FTS5 indexes, without regard to"
            f" accents and case: {indexes}. `PRAGMA user_version` is the version of the tables,"
            f" {TABLES_VERSION}; `PRAGMA application_id` is {APPLICATION_ID}."
        )
        return [
            Part(RESOURCE.path, about),
            *(
                Part(f"{RESOURCE.path}: {table.name}", _about(table), _properties(table))
                for table in TABLES
            ),
        ]

    def add(self, table: Table, rows: list[Row]) -> None:
        as_json = self._json[table]
        if as_json:
            rows = [_with_json(row, as_json) for row in rows]
        with storage_errors(self._path):
            self._db.executemany(self._inserts[table], rows)

    def finish_files(self) -> list[FinishedFile]:
        with storage_errors(self._path):
            for table in TABLES:
                for columns in table.indexes:
                    self._db.execute(_create_index(table, columns))
            for table in SEARCHED:
                index = f"{table.name}_fts"
                self._db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
            self._db.execute("COMMIT")
            self._db.close()
        return [finished_file(self._folder, RESOURCE)]

    def close(self) -> None:
        self._db.close()


def _about(table: Table) -> str:
    keys = [f"Primary key: {', '.join(f'`{name}`' for name in table.key)}."]
    keys += [f"`{key.column}` is `{key.table}.{key.to}`." for key in table.foreign_keys]
    return " ".join((table.about, *keys))


def _properties(table: Table) -> tuple[Property, ...]:
    return tuple(
        Property(path, _json_type(column) if "." in path else _type(column), column.about)
        for path, column in with_parts(table.columns)
    )


def _type(column: Column) -> str:
    of = f", JSON: {column.kind.value}" if column.kind in JSON_KINDS else ""
    return f"{_sql_type(column)}{of}"


def _json_type(column: Column) -> str:
    """Of a part of a record: all of those are of text."""
    kind = Kind.TEXT if column.kind is Kind.TIME else column.kind
    return f"{kind.value}{' or null' if column.nullable else ''}"


def _sql_type(column: Column) -> str:
    return f"{TYPES.get(column.kind, 'TEXT')}{'' if column.nullable else ' NOT NULL'}"


def _create(table: Table) -> str:
    # Only so is a number the row's own; any other key has an index of its own.
    is_numbered = table.key == ("id",) and table.columns[0].kind is Kind.INTEGER
    lines = [
        "id INTEGER PRIMARY KEY"
        if is_numbered and column.name == "id"
        else f"{column.name} {_sql_type(column)}"
        for column in table.columns
    ]
    if not is_numbered:
        lines.append(f"PRIMARY KEY ({', '.join(table.key)})")
    lines += [
        f"FOREIGN KEY ({key.column}) REFERENCES {key.table} ({key.to})"
        for key in table.foreign_keys
    ]
    columns = ",\n    ".join(lines)
    return f"CREATE TABLE {table.name} (\n    {columns}\n)"


def _create_index(table: Table, columns: tuple[str, ...]) -> str:
    name = f"{table.name}_by_{'_'.join(columns)}"
    return f"CREATE INDEX {name} ON {table.name} ({', '.join(columns)})"


def _create_search(table: Table, columns: Sequence[str]) -> str:
    # Datasette finds an index by these words, quoted so.
    content = f'content="{table.name}"'
    return (
        f"CREATE VIRTUAL TABLE {table.name}_fts USING fts5({', '.join(columns)}, {content},"
        f" tokenize='{TOKENIZER}')"
    )


def _insert(table: Table) -> str:
    return f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"


def _json_cells(table: Table) -> list[int]:
    return [place for place, column in enumerate(table.columns) if column.kind in JSON_KINDS]


def _with_json(row: Row, places: list[int]) -> Row:
    cells = list(row)
    for place in places:
        if cells[place] is not None:
            cells[place] = JSON.encode(cells[place])
    return tuple(cells)
