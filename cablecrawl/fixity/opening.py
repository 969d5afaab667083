"""A database opened for checking: one moment of it, and texts that are damaged too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from cablecrawl.store.looking import looking_engine

# A damaged text may be no UTF-8; it is to be read all the same, and found by its digest.
_damaged_too = partial(str, encoding="utf-8", errors="surrogateescape")


@contextmanager
def reading_only(data_dir: Path) -> Iterator[Connection]:
    """The database of a data folder as it is at this moment, whatever is written meanwhile.

    Raises DBAPIError, now or later, when it is none or is damaged.
    """
    engine = looking_engine(data_dir, _damaged_too)
    try:
        with engine.connect() as connection:
            # The driver begins no transaction before a SELECT, and each would see another moment.
            connection.exec_driver_sql("BEGIN")
            yield connection
    finally:
        engine.dispose()
