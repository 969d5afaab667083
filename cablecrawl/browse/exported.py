"""The database of an export, for reading."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@contextmanager
def opened_export(path: Path) -> Iterator[sqlite3.Connection]:
    """`cables.sqlite`, whose rows come as dicts by column. It never changes."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    try:
        yield db
    finally:
        db.close()


def rows(db: sqlite3.Connection, query: str, *given: object) -> list[Row]:
    """What a query gives."""
    return [dict(row) for row in db.execute(query, given)]
