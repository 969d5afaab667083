"""Columns of the tables that an export's databases and data frames have, made from records.

A record's fields become columns: their types from the dataclass, what they mean from its schema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from cablecrawl.export.described import part_of
from cablecrawl.export.resources import read_schema


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    TIME = "time"
    """A moment of ours: UTC, `2026-11-21T18:01:02.345678Z`."""
    TEXTS = "list of text"
    RECORD = "record"
    RECORDS = "list of records"
    COUNTS = "counts by name"
    NAMED = "texts by name"


PLAIN = {str: Kind.TEXT, int: Kind.INTEGER, float: Kind.REAL, bool: Kind.BOOLEAN}

# What stamps of a cable say is no moment: no source states a time zone.
TIMES = frozenset(("first_seen", "last_seen", "fetched_at", "at"))

# Words of SQL, that one would have to quote, and what the columns are called.
RENAMED = {
    "references": "refs",
    "start": "quote_start",
    "end": "quote_end",
    "offset": "warc_offset",
    "length": "warc_length",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a field of a record in one."""

    name: str
    kind: Kind
    about: str
    nullable: bool = False
    parts: tuple[Column, ...] = ()
    """Of records: what they consist of."""
    field: str = ""
    """The record's field that it is; empty: it is not one of a record's."""


def columns_of(record: type, schema: str, *, without: Collection[str] = ()) -> tuple[Column, ...]:
    """Columns for the fields of a record described in this file of exports/schema/.

    Of a record within the records of that file the schema is `FILE#NAME`.
    """
    file, _, part = schema.partition("#")
    described = read_schema(file)
    properties = (described["$defs"][part] if part else described)["properties"]
    hints = get_type_hints(record)
    return tuple(
        _column(field.name, hints[field.name], properties[field.name], file)
        for field in fields(record)
        if field.name not in without
    )


def with_parts(columns: Iterable[Column], within: str = "") -> Iterator[tuple[str, Column]]:
    """Columns by path; behind one of records what they consist of: `course`, `course[].at`."""
    for column in columns:
        path = f"{within}{column.name}"
        yield path, column
        lists = "[]" if column.kind is Kind.RECORDS else ""
        yield from with_parts(column.parts, f"{path}{lists}.")


def texts_last(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Header and body behind all else: SQLite reads a row from its beginning.

    With texts of some 20 KB in front of it, a column is behind a chain of pages.
    """
    return tuple(sorted(columns, key=lambda column: column.name in ("header", "body")))


def _column(name: str, hint: Any, about: Mapping[str, Any], file: str) -> Column:
    options = [option for option in get_args(hint) or (hint,) if option is not NoneType]
    nullable = NoneType in get_args(hint)
    parts: tuple[Column, ...] = ()
    if get_origin(hint) is list:
        (of,) = get_args(hint)
        kind = Kind.RECORDS if is_dataclass(of) else Kind.TEXTS
    else:
        (of,) = options
        kind = Kind.RECORD if is_dataclass(of) else PLAIN[of]
    if kind in (Kind.RECORD, Kind.RECORDS):
        parts = columns_of(of, f"{file}#{part_of(dict(about))}")
    if name in TIMES:
        kind = Kind.TIME
    return Column(RENAMED.get(name, name), kind, about["description"], nullable, parts, name)
