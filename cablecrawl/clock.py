"""The time of day as a store counts it: never earlier than what it holds already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

STEP = timedelta(microseconds=1)
"""The least by which two times in a store differ."""


class Moment(NamedTuple):
    """A time, and whether the machine's clock says so."""

    time: datetime
    """UTC."""
    is_true: bool
    """False: the clock stands behind times that the store has, and this is the next one after."""


class Clock:
    """Tells the time. Where the machine's clock was set back, time goes on from the latest known.

    Sightings, claims and readings are put in order by time, and what comes later must have a
    later one: with a clock that jumps back, today's text would be older than yesterday's.
    """

    def __init__(self, latest: datetime | None = None) -> None:
        """`latest`: the latest time that the store has; None: it has none."""
        self._latest = latest

    def now(self) -> Moment:
        """The time: later than every one before."""
        time = datetime.now(UTC)
        is_true = self._latest is None or time > self._latest
        if not is_true:
            assert self._latest is not None
            time = self._latest + STEP
        self._latest = time
        return Moment(time, is_true)
