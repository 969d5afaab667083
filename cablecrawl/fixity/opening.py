"""A database opened for looking only: no writer waits, and nothing in it changes.

SQLite needs its log and the log's index beside a database that is in WAL mode: where they are
not there it makes empty ones, and leaves them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from cablecrawl.store.database import DATABASE

# A writer commits in milliseconds; a checkpoint of a large log takes seconds.
PATIENCE_SECONDS = 30


@contextmanager
def reading_only(data_dir: Path) -> Iterator[Connection]:
    """The database of a data folder as it is at this moment, whatever is written meanwhile.

    Raises DBAPIError, now or later, when it is none or is damaged.
    """
    engine = create_engine("sqlite://", creator=lambda: _connect(data_dir), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            # The driver begins no transaction before a SELECT, and each would see another moment.
            connection.exec_driver_sql("BEGIN")
            yield connection
    finally:
        engine.dispose()


def _connect(data_dir: Path) -> sqlite3.Connection:
    path = data_dir / DATABASE
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        return _opened(address)
    except sqlite3.OperationalError as error:
        log = data_dir / f"{DATABASE}-wal"
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN or _has_content(log):
            raise
        # A folder in which no index of the log can be made: nobody writes there either.
        return _opened(f"{address}&immutable=1")


def _opened(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS)
    # A damaged text may be no UTF-8; it is to be read all the same, and found by its digest.
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
