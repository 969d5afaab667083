"""What pipelines count in."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from cablecrawl.items import Problem


class Stats(Protocol):
    """Scrapy's stats collector, or a counter of our own."""

    def inc_value(self, key: str, count: int = 1) -> None:
        """Add to a counter."""


class CountingStats(Counter[str]):
    """Counts what the pipelines count, where there is no crawl."""

    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] += count


def count_problem(stats: Stats, problem: Problem) -> None:
    """Count a problem for the summary: in all, by reason, and by reason and source."""
    for below in ("", f"/{problem.reason}", f"/{problem.reason}/{problem.capture.source}"):
        stats.inc_value(f"cablecrawl/problems{below}")
