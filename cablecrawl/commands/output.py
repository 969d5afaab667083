"""What a command prints, when nobody reads it to its end."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def quiet_when_cut_off() -> Iterator[None]:
    """`scrapy trace … | head` closes the pipe before all is written, and that is no fault.

    What comes behind is written to nowhere. The exit status is to be set before anything is
    printed, so that it still says how the work ended.
    """
    try:
        yield
        print(end="", flush=True)
    except BrokenPipeError:
        cut_off = [stream for stream in (sys.stdout, sys.stderr) if _is_cut_off(stream)]
        if not cut_off:
            raise  # another pipe than those
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in cut_off:
            os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _is_cut_off(stream: TextIO) -> bool:
    """Asked of the system: Python may have dropped what could not be written, or may not."""
    ready = select.poll()
    ready.register(stream, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in ready.poll(0))
