"""A database opened for looking only: no writer waits, and nothing in it changes.

SQLite needs its log and the log's index beside a database that is in WAL mode: where they are
not there it makes empty ones, and leaves them. Where none can be made, on a medium that is not
written, it is told that nobody writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool

from cablecrawl.errors import StorageError
from cablecrawl.store.database import DATABASE, check_version, no_store, storage_errors

# A writer commits in milliseconds; a checkpoint of a large log takes seconds.
PATIENCE_SECONDS = 30


def open_for_looking(data_dir: Path) -> Engine:
    """The database of a data folder, which may be written meanwhile, or on a read-only medium.

    Raises CableCrawlError when there is none or when it is of another version, and StorageError
    when it cannot be opened.
    """
    path = data_dir / DATABASE
    if not path.exists():
        raise no_store(path)
    engine = looking_engine(data_dir)
    try:
        with storage_errors(path), engine.connect() as connection:
            check_version(path, connection)
    except StorageError as error:
        if _has_content(_log_of(path)):
            raise StorageError(
                f"{error}; rows in {_log_of(path).name} can be read only where the folder can be"
                " written: copy it to such a place"
            ) from error
        raise
    return engine


def looking_engine(data_dir: Path, text_factory: Callable[[bytes], str] | None = None) -> Engine:
    """The same, of whatever version and state. `text_factory` decodes texts; None: as UTF-8."""
    path = data_dir / DATABASE
    connect = partial(_connect, path, text_factory)
    address = URL.create("sqlite", database=str(path))
    return create_engine(address, creator=connect, poolclass=NullPool)


def _connect(path: Path, text_factory: Callable[[bytes], str] | None) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        connection = _opened(address)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN or _has_content(_log_of(path)):
            raise
        # A folder in which no index of the log can be made: nobody writes there either.
        connection = _opened(f"{address}&immutable=1")
    if text_factory is not None:
        connection.text_factory = text_factory
    return connection


def _opened(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
