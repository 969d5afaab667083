"""What ends a command before its end: an error of the user's, or Ctrl-C, whatever comes of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scrapy.commands import ScrapyCommand

from cablecrawl.errors import CableCrawlError

INTERRUPTED = 130
"""Exit status, as a shell has it for a program that was interrupted."""


@contextmanager
def ends_in_one_line(command: ScrapyCommand, when_interrupted: str = "") -> Iterator[None]:
    """Say on stderr in a line what ended a command, and set its exit status.

    `when_interrupted`: what Ctrl-C leaves behind.
    """
    name = type(command).__module__.rpartition(".")[2]
    try:
        with kept_interruption():
            yield
    except CableCrawlError as error:
        print(f"scrapy {name}: {error}", file=sys.stderr)
        command.exitcode = error.exit_status
    except KeyboardInterrupt:
        left = f"; {when_interrupted}" if when_interrupted else ""
        print(f"scrapy {name}: interrupted{left}", file=sys.stderr)
        command.exitcode = INTERRUPTED


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
