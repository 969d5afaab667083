"""How often the pages of a source are asked for again: `recrawl = { … }` in sources.toml."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

from cablecrawl.registry import Table

INTERVAL = re.compile(r"(?P<number>[1-9]\d{0,4})(?P<unit>[mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class RecrawlPolicy:
    """What a re-crawl of a source asks for, and when the next one is due."""

    index: timedelta = timedelta(days=1)
    """A crawl of the source is due so long after the last one began. Each asks for its indexes."""
    pages: timedelta = timedelta(days=30)
    """No page is to be unseen for longer: 41 % of text changes leave no trace in an index."""
    full: timedelta = timedelta(days=180)
    """A page that was not sent whole for longer is asked for without conditions: a server that
    says of a changed page that it is the same is found out so."""
    budget: int = 10_000
    """Most pages that one crawl asks for in rotation; enough for 300,000 in 30 days."""

    def pages_a_day(self, pages: int) -> int:
        """How many requests a day the rotation through so many pages costs."""
        return math.ceil(pages / (self.pages / timedelta(days=1)))


def read_policy(table: Table | None) -> RecrawlPolicy:
    """The policy of a source's table; what it leaves out is as in the default.

    Raises the registry's error for a key or an interval that cannot be read.
    """
    default = RecrawlPolicy()
    if table is None:
        return default
    policy = RecrawlPolicy(
        index=_interval(table, "index", default.index),
        pages=_interval(table, "pages", default.pages),
        full=_interval(table, "full", default.full),
        budget=table.whole("budget", default.budget),
    )
    table.finish(("index", "pages", "full", "budget"))
    return policy


def _interval(table: Table, key: str, default: timedelta) -> timedelta:
    text = table.optional_text(key)
    if text is None:
        return default
    match = INTERVAL.fullmatch(text)
    if match is None:
        table.fail(key, 'must be a number of minutes, hours, days or weeks: "90m", "12h", "30d"')
    return timedelta(**{UNITS[match["unit"]]: int(match["number"])})


def interval_text(interval: timedelta) -> str:
    """As a source's table has it: `30d`, `12h`."""
    for unit, name in reversed(UNITS.items()):
        count, rest = divmod(interval, timedelta(**{name: 1}))
        if not rest:
            return f"{count}{unit}"
    return f"{math.ceil(interval / timedelta(minutes=1))}m"
