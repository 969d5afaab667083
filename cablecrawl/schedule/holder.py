"""Who has the store, seen without taking its lock."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cablecrawl.errors import LockedError
from cablecrawl.store.database import storage_errors


def holder(data_dir: Path) -> str | None:
    """What the process that has the store's lock says of itself; None: nobody has it.

    The probe is a shared lock, so that two of them do not meet; it is let go of at once.
    """
    try:
        with (data_dir / "lock").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().decode("utf-8", "replace").strip() or "another process"
    except FileNotFoundError:
        pass
    return None


def run_at_work(data_dir: Path) -> str | None:
    """The ID of the run that has the store now."""
    held = holder(data_dir)
    return held.removeprefix("run ") if held is not None and held.startswith("run ") else None


@contextmanager
def only_schedule(data_dir: Path) -> Iterator[None]:
    """Hold the lock of the store's schedule. Raises LockedError where another one has it.

    It is another one than the store's, which each crawl takes for itself.
    """
    path = data_dir / "schedule.lock"
    with storage_errors(path), path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"{data_dir}: another `scrapy schedule` is at work on this store"
            ) from None
        yield
