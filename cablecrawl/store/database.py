"""Opening the database: durable, checked, and of this version."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import Pool

from cablecrawl.errors import (
    CableCrawlError,
    DamagedDatabaseError,
    OtherVersionError,
    StorageError,
)
from cablecrawl.store.tables import SCHEMA_VERSION, metadata

DATABASE = "cablecrawl.sqlite"
WARC_FOLDER = "warc"
STEPS = "cablecrawl_steps"
"""Under which a connection remembers rows of the step table."""

# Storage that is full or not writable; anything else is a fault of ours.
STORAGE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}
SQLITE_STORAGE_CODES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
}


def create_folders(data_dir: Path) -> None:
    """Make the data folder and what stands in it. Raises StorageError."""
    try:
        (data_dir / WARC_FOLDER).mkdir(parents=True, exist_ok=True)
        probe = data_dir / ".writable"
        probe.write_bytes(b"1")
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"{data_dir}: cannot be written: {error.strerror}; give another folder with"
            " -s DATA_DIR=…"
        ) from error


def open_database(
    data_dir: Path, *, create: bool = False, poolclass: type[Pool] | None = None
) -> Engine:
    """The database of a data folder.

    WAL with synchronous FULL: a committed row outlives a power cut. `poolclass`: NullPool where
    no connection may stay open, since `scrapy reparse` puts another file in place.

    Raises CableCrawlError when there is none (and `create` is not set) or when it is of another
    version, and StorageError when it cannot be written.
    """
    path = data_dir / DATABASE
    if not create and not path.exists():
        raise no_store(path)
    # One connection per thread, each kept open; the writer's waits for no one.
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, poolclass=poolclass)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "rollback")
    def forget_steps(connection: Connection) -> None:
        connection.info.pop(STEPS, None)  # some may have been rolled back

    with storage_errors(path), engine.connect() as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if version == 0 and tables == 0:
            # All or nothing: without it each table is committed by itself, and a crash between
            # two leaves what is no store.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
            connection.commit()
        else:
            check_version(path, connection)
    return engine


def no_store(path: Path) -> CableCrawlError:
    """What to say where there is no database, or an empty file."""
    return CableCrawlError(f"{path}: there is no store; `scrapy crawl mirrors` makes one")


def check_version(path: Path, connection: Connection) -> None:
    """Raise CableCrawlError unless a database is of this version."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version == SCHEMA_VERSION:
        return
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if version == 0 and tables == 0:
        raise no_store(path)
    raise OtherVersionError(
        f"{path}: a store of version {version}, and this is CableCrawl's version"
        f" {SCHEMA_VERSION}; `scrapy reparse` puts it aside and rebuilds it from the WARC files"
    )


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into a StorageError that says where."""
    try:
        yield
    except OSError as error:
        if error.errno not in STORAGE_ERRNOS:
            raise
        raise StorageError(f"{error.filename or path}: {error.strerror}") from error
    except (DBAPIError, sqlite3.Error) as error:
        raise_storage_error(path, error)
        raise


def raise_storage_error(path: Path, error: DBAPIError | sqlite3.Error) -> None:
    """Raise StorageError or DamagedDatabaseError if that is what the database's error means."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in SQLITE_STORAGE_CODES:
        raise StorageError(f"{path}: {cause}") from error
    if code is not None and code & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        raise DamagedDatabaseError(
            f"{path}: {cause}; `scrapy reparse` puts it aside and rebuilds it"
        ) from error
