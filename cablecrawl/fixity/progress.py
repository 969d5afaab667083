"""How far a check is: a line on the terminal, with its rate and the time that is left."""

from __future__ import annotations

import sys
import time

# Between two updates.
PAUSE_SECONDS = 0.2


class Progress:
    """One stage after the other; nothing where there is no terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._stage, self._unit = "", ""
        self._total = self._done = 0
        self._began = self._shown = 0.0

    def begin(self, stage: str, total: int, unit: str) -> None:
        """The next stage, which has so many units: `bytes` are shown as MB."""
        self._stage, self._unit = stage, unit
        self._total, self._done = total, 0
        self._began, self._shown = time.monotonic(), 0.0
        self.advance(0)

    def advance(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        now = time.monotonic()
        if self._is_shown and now - self._shown >= PAUSE_SECONDS:
            self._shown = now
            sys.stderr.write(f"\r\x1b[K{self.line(now - self._began)}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def line(self, seconds: float) -> str:
        """What is shown after so many seconds of a stage."""
        scale, unit = (1e6, "MB") if self._unit == "bytes" else (1, self._unit)
        rate = self._done / scale / seconds if seconds else 0.0
        line = f"{self._stage}: {self._done / scale:,.0f} of {self._total / scale:,.0f} {unit}"
        if rate:
            left = max(self._total - self._done, 0) / scale / rate
            line += f", {rate:,.0f}/s, {int(left) // 60}:{int(left) % 60:02} left"
        return line
