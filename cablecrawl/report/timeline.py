"""The columns of a figure over time: as many as can be taken in, whatever dates pages state.

One date of the year 9999 would otherwise make a figure of 96,000 columns. What lies outside the
columns is put together before the first and behind the last; the CSV has it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cablecrawl.report.wording import sentence_case

FEW_OF_ALL = 0.02
"""What may be put together before the first column although there would be room for it.

Cables of four decades are a hundredth of WikiLeaks' and would be nine tenths of the figure.
"""

MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Timeline:
    """Years or months as columns; both are whole numbers that follow one another."""

    columns: range
    before: int
    """How much there is before the first column."""
    after: int
    label: Callable[[int], str]

    @property
    def labels(self) -> list[str]:
        """Of all columns: `<1995`, `1995`, … `2010`, `>2010`."""
        first, last = self.label(self.columns[0]), self.label(self.columns[-1])
        return [
            *([f"<{first}"] if self.before else []),
            *map(self.label, self.columns),
            *([f">{last}"] if self.after else []),
        ]

    def place(self, date: int) -> int:
        """In which of them a year or month stands."""
        shift = 1 if self.before else 0
        if date < self.columns[0]:
            return 0
        return min(date - self.columns[0], len(self.columns)) + shift

    def values(self, counts: Mapping[int, int]) -> list[int]:
        """The counts by column."""
        values = [0] * len(self.labels)
        for date, count in counts.items():
            if count:
                values[self.place(date)] += count
        return values

    def note(self, what: Callable[[int], str], counts: Mapping[int, int]) -> str | None:
        """What is put together, in a sentence; None: nothing is."""
        dates, labels = [date for date, count in counts.items() if count], self.labels
        parts = []
        if self.before:
            since = self.label(min(dates))
            parts.append(f"the column {labels[0]} has {what(self.before)}, from {since} on")
        if self.after:
            until = self.label(max(dates))
            parts.append(f"the column {labels[-1]} has {what(self.after)}, up to {until}")
        return f"{sentence_case('; '.join(parts))}." if parts else None


def timeline(
    counts: Mapping[int, int],
    label: Callable[[int], str],
    *,
    whole: int,
    most: int,
    plausible: range | None = None,
) -> Timeline:
    """The columns for counts by year or month, of which there is one at least.

    All from the first to the last if that are not more than `whole`. Else the first ones with next
    to nothing are put together, and of those that are left there are the `most` columns in which
    there is most; of equals, the latest. Dates outside of what is `plausible` make no column,
    unless there are no others.
    """
    dated = {date: count for date, count in counts.items() if count}
    likely = {date: n for date, n in dated.items() if plausible is None or date in plausible}
    columns = _columns(likely or dated, whole, most)
    return Timeline(
        columns,
        sum(count for date, count in dated.items() if date < columns[0]),
        sum(count for date, count in dated.items() if date > columns[-1]),
        label,
    )


def _columns(counts: Mapping[int, int], whole: int, most: int) -> range:
    dates = sorted(counts)
    if dates[-1] - dates[0] < whole:
        return range(dates[0], dates[-1] + 1)
    held, few = 0, FEW_OF_ALL * sum(counts.values())
    for first in dates:
        held += counts[first]
        if held > few:
            break
    dates, last = [date for date in dates if date >= first], dates[-1]
    if last - first < most:
        return range(first, last + 1)
    best = (0, first)
    held, begin = 0, 0
    for date in dates:
        held += counts[date]
        while dates[begin] <= date - most:
            held -= counts[dates[begin]]
            begin += 1
        best = max(best, (held, date))
    end = best[1]
    begin_at = min(date for date in dates if date > end - most)
    return range(begin_at, end + 1)


def month_number(month: str) -> int | None:
    """Months since the year 0 of `2010-12`; None: there is no such month."""
    match = MONTH.fullmatch(month)
    return 12 * int(match["year"]) + int(match["month"]) - 1 if match is not None else None


def month_name(number: int) -> str:
    """`2010-12`."""
    return f"{number // 12:04}-{number % 12 + 1:02}"
