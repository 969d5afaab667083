"""A walk through pages that a site numbers, to an end that is found and not assumed.

All numbers are asked for up to the highest one at which a cable was found and a run beyond it.
Requests are made a window at a time, as answers come: 251,287 of them at once would be
100 MB of rows that nobody needs yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from cablecrawl.errors import CableCrawlError
from cablecrawl.numbered import NumberedPages

Answer = Literal["found", "missing", "failed"]
"""A cable; no cable, and the site says so; or nobody knows."""

# Numbers asked for ahead of the last answer: more than are ever under way at once.
WINDOW = 1_000

RANGE = re.compile(r"(?P<first>[1-9]\d{0,6})-(?P<last>[1-9]\d{0,6})?")

PREFIX = "cablecrawl/range/"


class NumberRange(NamedTuple):
    """Numbers to ask for; without a last one, up to the end that is found."""

    first: int = 1
    last: int | None = None


def read_range(text: str) -> NumberRange:
    """`1-` or `100-500`. Raises CableCrawlError."""
    match = RANGE.fullmatch(text.strip())
    if match is None:
        raise CableCrawlError(
            f"-a range={text}: give the first number, or the first and the last: range=1- or"
            " range=100-500"
        )
    first, last = int(match["first"]), int(match["last"]) if match["last"] else None
    if last is not None and last < first:
        raise CableCrawlError(f"-a range={text}: {last} is below {first}")
    return NumberRange(first, last)


@dataclass(slots=True)
class Walk:
    """How far the walk through one source's pages is."""

    pages: NumberedPages
    numbers: NumberRange
    end_after: int
    """How many numbers in a row without a cable are an end."""
    next: int = 0
    """The first that was not asked for yet."""
    last_found: int | None = None
    """The highest with a cable, in this crawl or in the store."""
    last_cable: str | None = None
    """The reference ID of that cable, as stated."""
    missing: set[int] = field(default_factory=set)
    """Numbers behind `last_found` that have no cable."""
    failed: set[int] = field(default_factory=set)
    """Numbers behind `last_found` of which nobody knows."""

    def __post_init__(self) -> None:
        self.next = max(self.next, self.numbers.first)

    @property
    def horizon(self) -> int:
        """The last number to ask for, as far as is known now."""
        if self.numbers.last is not None:
            return self.numbers.last
        return max(self.last_found or 0, self.numbers.first - 1) + self.end_after

    def ask(self, answered: int | None = None) -> Iterator[int]:
        """The numbers whose turn it is, now that `answered` is; each is given once."""
        ahead = (self.next - 1 if answered is None else answered) + WINDOW
        while self.next <= min(self.horizon, ahead):
            self.next += 1
            yield self.next - 1

    def note(self, number: int, answer: Answer, reference_id: str | None = None) -> None:
        """Take note of an answer.

        The last cable over again is none: sites show it for every number behind their end.
        """
        last = self.last_found
        is_known = reference_id is not None and reference_id == self.last_cable
        if last is not None and number <= last:
            if is_known and number < last:  # answers come in another order than they are asked for
                self.last_found = number
                self.missing.add(last)
        elif answer == "found" and not is_known:
            self.last_found = number
            self.last_cable = reference_id
            self.missing = {other for other in self.missing if other > number}
            self.failed = {other for other in self.failed if other > number}
        elif answer == "failed":
            self.failed.add(number)
        else:
            self.failed.discard(number)
            self.missing.add(number)

    def stats(self, source: str) -> dict[str, int]:
        """What a run's stats and its summary say of it."""
        return {
            f"{PREFIX}{source}/{name}": value
            for name, value in (
                ("first", self.numbers.first),
                ("last", self.numbers.last),
                ("end_after", self.end_after),
                ("last_found", self.last_found),
                ("missing", len(self.missing)),
                ("failed", len(self.failed)),
            )
            if value is not None
        }


@dataclass(frozen=True, slots=True)
class WalkEnd:
    """What a walk came to, from a run's stats."""

    first: int
    last: int | None
    end_after: int
    last_found: int | None
    missing: int
    failed: int

    @classmethod
    def of(cls, source: str, stats: Mapping[str, Any]) -> WalkEnd | None:
        """None for a source whose pages were not walked through."""
        start = f"{PREFIX}{source}/"
        if f"{start}first" not in stats:
            return None
        return cls(
            stats[f"{start}first"],
            stats.get(f"{start}last"),
            stats[f"{start}end_after"],
            stats.get(f"{start}last_found"),
            stats.get(f"{start}missing", 0),
            stats.get(f"{start}failed", 0),
        )

    @property
    def line(self) -> str:
        """One line for people."""
        if self.last is not None:
            return f"ids {self.first:,} to {self.last:,}"
        if self.last_found is None:
            return f"ids from {self.first:,} on, {self.missing:,} asked for give no cable"
        return (
            f"ids {self.first:,} to {self.last_found:,}, {self.missing:,} behind them give no cable"
        )

    @property
    def failure(self) -> str | None:
        """Why the end was not found; None where it was, or where the user gave it."""
        if self.last is not None or self.missing >= self.end_after:
            return None
        if self.missing == 0 and self.failed:
            return f"the end was not found: the last {self.failed:,} ids failed"
        behind = f"behind {self.last_found:,}" if self.last_found is not None else "asked for"
        unknown = self.end_after - self.missing
        return f"the end was not found: {unknown:,} of the {self.end_after:,} ids {behind} failed"
