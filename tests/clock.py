"""A wall clock that a test sets, for processes that it starts: libfaketime, told by a file.

Waits stay real: only what the clock on the wall shows is simulated, as when a clock is set or a
machine sleeps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

# Debian's package faketime; the variant for programs with threads.
LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


def libfaketime() -> Path | None:
    """The library, where it is installed."""
    root = Path("/")
    found = [path for pattern in LIBRARIES for path in root.glob(pattern.lstrip("/"))]
    return found[0] if found else None


class SimulatedClock:
    """Runs as the real one does, from the moment that it was set to."""

    def __init__(self, folder: Path, moment: datetime) -> None:
        library = libfaketime()
        assert library is not None, "install faketime"
        self._file = folder / "clock"
        self._ahead = timedelta()
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Read at every look at the clock, the file makes a crawl five times as slow.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self.set(moment)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def set(self, moment: datetime) -> None:
        """In one step: nobody reads half of it."""
        self._ahead = moment - datetime.now(UTC)
        written = self._file.with_suffix(".new")
        written.write_text(f"{self._ahead.total_seconds():+.6f}\n", encoding="ascii")
        written.replace(self._file)
