"""Which sources have how many cables, alone and together."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from cablecrawl.report.numbers import SharedCables, SourceCables


class Overlap:
    """Counts by source and by pair of sources as cables come."""

    def __init__(self) -> None:
        self._cables: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._shared: Counter[tuple[str, str]] = Counter()

    def add(self, sources: frozenset[str]) -> None:
        """The sources of one cable."""
        ordered = sorted(sources)
        self._cables.update(ordered)
        if len(ordered) == 1:
            self._alone.update(ordered)
        self._shared.update(combinations(ordered, 2))

    def sources(self, names: list[str]) -> list[SourceCables]:
        """The source with most cables first; `names`: all there are, with those that have none."""
        return [
            SourceCables(name, count, self._alone[name], count - self._alone[name])
            for name in sorted(names, key=lambda name: (-self._cables[name], name))
            for count in [self._cables[name]]
        ]

    def shared(self, names: list[str]) -> list[SharedCables]:
        """Every two of these sources, both ways: a share is that of the first one's cables."""
        return [
            SharedCables(one, other, count, round(count / self._cables[one], 3))
            if self._cables[one]
            else SharedCables(one, other, count, None)
            for one in names
            for other in names
            if one != other
            for count in [self._shared[min(one, other), max(one, other)]]
        ]
