"""An export as the pages read it: its manifest, and its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cablecrawl.changed.moments import Moment
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.folder import payload_folder
from cablecrawl.export.previous import read_manifest, stated_moment
from cablecrawl.export.resources import MANIFEST, READ_BY, SCHEMA_VERSION, THROUGH
from cablecrawl.export.tables import TABLES_VERSION

TABLES = "cables.sqlite"
AGAIN = "export again: scrapy export --format jsonl,csv,sqlite"

Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """An export that can be shown."""

    folder: Path
    """As it was named."""
    database: Path
    """Not by way of `latest`, which may come to point elsewhere."""
    through: Moment | None
    """Up to where the store's captures had been read; None: there were none."""
    counts: dict[str, int]
    """Records by kind."""
    read_by: frozenset[str]
    """Digests of the code that had read them; none: it does not say, or nothing was read."""
    selection: dict[str, Any] | None
    """Which of the store's cables it has; None: all of them."""
    shows_redacted_spans: bool


def find_export(folder: Path) -> Export:
    """The export in a folder. Raises CableCrawlError where it cannot be shown, and says why."""
    payload = payload_folder(folder)
    if not (payload / MANIFEST).exists():
        raise CableCrawlError(
            f"{folder}: is no export; make one: scrapy export --format jsonl,csv,sqlite"
        )
    if not (payload / TABLES).exists():
        raise CableCrawlError(f"{folder}: has no {TABLES}; {AGAIN}")
    package = read_manifest(folder)
    version = package.get("schema_version")
    if version != SCHEMA_VERSION:
        raise CableCrawlError(
            f"{folder}: has records of version {version}, and this is CableCrawl's version"
            f" {SCHEMA_VERSION}; {AGAIN}"
        )
    match package:
        case {
            "record_counts": dict(counts),
            "selection": dict() | None as selection,
            "redacted_spans": {"shown": bool(shown)},
            "resources": list(resources),
        } if all(isinstance(count, int) for count in counts.values()):
            pass
        case _:
            raise CableCrawlError(
                f"{payload / MANIFEST}: lacks what the exports of this version have; {AGAIN}"
            )
    _check_tables(payload / TABLES, resources)
    through = stated_moment(payload, THROUGH, package)
    read_by = package.get(READ_BY)
    return Export(
        folder,
        (payload / TABLES).resolve(),
        through,
        counts,
        frozenset(map(str, read_by)) if isinstance(read_by, list) else frozenset(),
        selection,
        shown,
    )


def _check_tables(path: Path, resources: list[Any]) -> None:
    """Raise CableCrawlError unless a database is of this version, and as long as it was."""
    with opened_export(path) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != TABLES_VERSION:
            raise CableCrawlError(
                f"{path}: has tables of version {version}, and this is CableCrawl's version"
                f" {TABLES_VERSION}; {AGAIN}"
            )
    for listed in resources:
        match listed:
            case {"path": str(name), "bytes": int(size)} if name == TABLES:
                found = path.stat().st_size
                if found != size:
                    raise CableCrawlError(
                        f"{path}: has {found} bytes, and {size} when the export was made; {AGAIN}"
                    )


@contextmanager
def opened_export(path: Path) -> Iterator[sqlite3.Connection]:
    """`cables.sqlite`, whose rows come as dicts by column. It never changes.

    Raises CableCrawlError where it is none, or is damaged.
    """
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    try:
        yield db
    except sqlite3.DatabaseError as error:
        raise CableCrawlError(f"{path}: {error}; {AGAIN}") from error
    finally:
        db.close()


def rows(db: sqlite3.Connection, query: str, *given: object) -> list[Row]:
    """What a query gives."""
    return [dict(row) for row in db.execute(query, given)]
