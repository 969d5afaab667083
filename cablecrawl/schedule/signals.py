"""SIGTERM and SIGINT as something to wait for, beside what a thread has to say.

Python runs a signal's handler between any two steps of the main thread, where it may meet a
lock that this thread holds. Here it does nothing: the number comes by a pipe.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from types import FrameType
from typing import Self

NUMBERS = (signal.SIGTERM, signal.SIGINT)
WAKE = 0
"""What a thread writes that has no signal to tell of."""


class Signals:
    """Takes both signals while it is entered. For the main thread."""

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._before = [(number, signal.signal(number, _do_nothing)) for number in NUMBERS]
        self._fd_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before:
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float | None) -> list[int]:
        """The signals that came; none when the time is over, or `wake` was called."""
        if not select.select([self._read], [], [], seconds)[0]:
            return []
        return [number for number in os.read(self._read, 64) if number in NUMBERS]

    def wake(self) -> None:
        """End a `wait`; from any thread."""
        with suppress(BlockingIOError):  # full of others
            os.write(self._write, bytes([WAKE]))


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """`wait` tells of it."""
