"""A record as a line: of JSON Lines, or of CSV.

CSV as RFC 4180 has it. A cell that a spreadsheet would run as a formula gets an apostrophe in
front (https://owasp.org/www-community/attacks/CSV_Injection). One that has apostrophes there
already gets one more, so that taking one away always gives the text back.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import fields
from functools import cache
from typing import Any

FORMULA = re.compile(r"'*[=+\-@\t\r]")


def json_line(record: object) -> bytes:
    """A dataclass as a line of JSON, keys in the order of its fields.

    UTF-8 has no lone surrogates: they are written as JSON escapes.
    """
    return f"{JSON.encode(record)}\n".encode("utf-8", "backslashreplace")


def csv_line(cells: list[str]) -> bytes:
    """A row of CSV; a lone surrogate is written as `\\ud800`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def encodable(text: str) -> str:
    """The text as UTF-8 can have it: a lone surrogate is written as `\\ud800`."""
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def csv_cells(record: object) -> list[str]:
    """A record's cells: lists as JSON, yes and no as `true` and `false`, null as nothing."""
    return [_cell(value) for value in _as_dict(record).values()]


def field_names(record_type: type) -> list[str]:
    """The keys, or columns, of a record."""
    return list(_field_names(record_type))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if FORMULA.match(value) else value
    return JSON.encode(value)


@cache
def _field_names(record_type: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record_type))


def _as_dict(record: object) -> dict[str, Any]:
    record_type: type = type(record)
    return {name: getattr(record, name) for name in _field_names(record_type)}


JSON = json.JSONEncoder(ensure_ascii=False, default=_as_dict)
