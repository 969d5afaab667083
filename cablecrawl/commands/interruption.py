"""Ctrl-C, whatever comes of it on the way out of what it cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_interruption() -> Iterator[None]:
    """Raise KeyboardInterrupt for an error that only came while one was being handled.

    A transaction or a pool of processes that is cut short in the middle of a step fails with
    errors of its own when it is closed.
    """
    try:
        yield
    except Exception as error:
        if _follows_interruption(error):
            raise KeyboardInterrupt from error
        raise


def _follows_interruption(error: BaseException) -> bool:
    earlier: BaseException | None = error
    while earlier is not None and not isinstance(earlier, KeyboardInterrupt):
        earlier = earlier.__context__
    return earlier is not None
