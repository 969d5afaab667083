"""How far a long command is: a line on the terminal, with its rate and the time that is left."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

from tqdm import tqdm

Counted = TypeVar("Counted")

# Between two updates.
PAUSE_SECONDS = 0.2

# Columns that stay free: for the cursor, and for the ^C that a terminal shows where it is, which
# would begin a line of its own behind a full one.
MARGIN = 3

WITH_BAR = "{desc} {percentage:3.0f}% |{bar}| {so_far}"
WITHOUT_BAR = "{desc} {so_far}"
# Columns of the percentage and of a bar that is worth looking at.
BAR = len("100% ||") + 8


class Progress:
    """One stage after the other on one line, which is taken away at the end.

        with Progress() as progress:
            progress.begin("WARC files", "bytes", total)
            progress.advance(4096)

    Nothing is written where stderr is no terminal. What is logged meanwhile gets lines of its own.
    """

    def __init__(self) -> None:
        self._line: _Line | None = None
        self._room = _Room(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def begin(self, stage: str, unit: str, total: int | None = None, *, done: int = 0) -> None:
        """The next stage, and how many units it has; None: that is not known.

        `bytes` are shown as MB. `done`: what was done before, and is not counted for the rate.
        """
        self.clear()
        if not sys.stderr.isatty():
            return
        self._room.make()
        self._line = _Line(stage, unit, total, done)

    def advance(self, count: int = 1) -> None:
        """So many more units are done."""
        if self._line is not None:
            self._line.update(count)

    def reach(self, done: int, total: int | None = None, notes: Sequence[str] = ()) -> None:
        """So many units of the stage are done.

        `total`: how many there are, where that has changed. `notes` stand at the end of the line,
        as many as have room.
        """
        line = self._line
        if line is None:
            return
        line.update(done - line.n)
        if (total or line.total, notes) != (line.total, line.notes):
            line.total, line.notes = total or line.total, notes
            line.refresh()

    def through(
        self, counted: Iterable[Counted], stage: str, unit: str, total: int | None = None
    ) -> Iterator[Counted]:
        """The same, one unit each, as a stage that begins with the first and ends with the last."""
        self.begin(stage, unit, total)
        for each in counted:
            yield each
            self.advance()
        self.clear()

    def clear(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._line.close()
            self._line.blank()
            self._line = None
            self._room.give_back()

    def step_aside(self) -> None:
        """Have the next line of somebody else stand alone; this one is there again behind it."""
        if self._line is not None:
            self._line.blank()


class _Line(tqdm):  # type: ignore[misc]  # its base has no types
    """What stands on the line."""

    # Neither a thread that watches nor a semaphore of the system: one thread draws at a time.
    monitor_interval = 0
    _lock = threading.RLock()

    def __init__(self, stage: str, unit: str, total: int | None, done: int) -> None:
        self.notes: Sequence[str] = ()
        super().__init__(
            desc=stage,
            unit=unit,
            total=total,
            initial=done,
            file=sys.stderr,
            leave=False,
            mininterval=PAUSE_SECONDS,
            miniters=0,
            dynamic_ncols=True,
            smoothing=0,  # the mean of the whole stage: the time left does not jump
        )

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the line is made of."""
        known: dict[str, Any] = super().format_dict
        total = known["total"] and max(known["total"], known["n"])
        # Where the width is not known, that of a terminal that does not tell.
        columns = max((known["ncols"] or 80) - MARGIN, 1)
        room = columns - len(known["prefix"].removesuffix(": ")) - 1
        counts = _so_far(known["n"], known["initial"], total, self.unit, known["elapsed"])
        so_far = _fitting([*counts, *self.notes], room)
        return {
            **known,
            "total": total,
            "ncols": columns,
            "bar_format": WITH_BAR if total and len(so_far) + 1 + BAR <= room else WITHOUT_BAR,
            "so_far": so_far,
        }

    def blank(self) -> None:
        """Nothing on the line, nor of a ^C behind it, and no escape sequence for that."""
        columns: int = self.format_dict["ncols"] + MARGIN - 1
        with self._lock:
            self.fp.write(f"\r{' ' * columns}\r")
            self.fp.flush()


def _so_far(
    done: int, began_with: int, total: int | None, unit: str, seconds: float
) -> Iterator[str]:
    """How much is done since when, how fast, and how long the rest takes."""
    scale, unit = (1e6, "MB") if unit == "bytes" else (1, unit)
    whole = f" of {total / scale:,.0f}" if total else ""
    yield f"{done / scale:,.0f}{whole} {unit} in {tqdm.format_interval(seconds)}"
    rate = (done - began_with) / seconds if seconds else 0.0
    if rate:
        shown = rate / scale
        yield f"{shown:,.0f}/s" if shown >= 10 else f"{shown:.1f}/s"
    if rate and total:
        yield f"{tqdm.format_interval((total - done) / rate)} left"


def _fitting(parts: Sequence[str], columns: int) -> str:
    """As many of them as have room, the first ones first."""
    while parts and len(", ".join(parts)) > columns:
        parts = parts[:-1]
    return ", ".join(parts)


class _Room(logging.Filter):
    """Lets every line of a log through to the terminal, where it makes room for it first."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._handlers: list[logging.Handler] = []

    def make(self) -> None:
        """From now on."""
        handlers = (*logging.root.handlers, logging.lastResort)
        self._handlers = [
            handler
            for handler in handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        ]
        for handler in self._handlers:
            handler.addFilter(self)

    def give_back(self) -> None:
        """No more."""
        for handler in self._handlers:
            handler.removeFilter(self)
        self._handlers = []

    def filter(self, record: logging.LogRecord) -> bool:
        self._progress.step_aside()
        return True
