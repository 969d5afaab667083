"""The store as those see it that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cablecrawl.export.read import Snapshot, snapshot
from cablecrawl.store.looking import open_for_looking


@contextmanager
def opened(data_dir: Path) -> Iterator[Snapshot]:
    """The store of a data folder as it is now. Raises CableCrawlError."""
    engine = open_for_looking(data_dir)
    try:
        with snapshot(engine) as store:
            yield store
    finally:
        engine.dispose()
