"""What there is most of: ranked, cut to what can be taken in, and said, with its equals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cablecrawl.report.wording import listed

Row = TypeVar("Row")

MOST_NAMED = 3
"""Of those that have most, equally; of more it is only said how many they are."""


@dataclass(frozen=True)
class Ranking(Generic[Row]):
    """Rows by how much they have, those with most first, and of equals by name."""

    rows: list[Row]
    shown: list[Row]
    """As many of them as are drawn."""
    most: int
    """What the first has; 0: there is none."""
    leaders: list[str]
    """The names of all that have so much."""
    parts_equals: bool
    """Whether the first that is not drawn has as much as the last that is."""

    @property
    def stands_out(self) -> bool:
        """Whether there is a most: not where there is one of each, nor where all are equal."""
        return self.most > 1 and (len(self.leaders) < len(self.rows) or len(self.rows) == 1)

    @property
    def each(self) -> str:
        """` each`, behind what several have most of."""
        return " each" if len(self.leaders) > 1 else ""

    def leading(self, unit: str) -> str:
        """Those that have most: `MADRID`, `MADRID and ROME`, `17 posts`. `unit`: in the plural."""
        if len(self.leaders) > MOST_NAMED:
            return f"{len(self.leaders):,} {unit}"
        return listed(self.leaders)

    def agree(self, one: str, several: str) -> str:
        """A word for one that has most, or for several."""
        return one if len(self.leaders) == 1 else several

    def left_out(self, unit: str, *, whole: bool = True) -> list[str]:
        """A note of what is not drawn; none where all is. `unit`: in the plural.

        `whole`: the rows are all there are, and so is the CSV.
        """
        if len(self.shown) == len(self.rows):
            return []
        equals = ", of equals the first by name" if self.parts_equals else ""
        rest = f"; the CSV has all {len(self.rows):,}" if whole else ""
        return [f"The {len(self.shown)} {unit} with most are shown{equals}{rest}."]


def ranking(
    rows: Iterable[Row],
    count: Callable[[Row], int],
    name: Callable[[Row], str],
    most_shown: int,
) -> Ranking[Row]:
    """Those that have any, ranked. `name`: as it is to be read."""
    ranked = sorted((row for row in rows if count(row)), key=lambda row: (-count(row), name(row)))
    most = count(ranked[0]) if ranked else 0
    leaders = [name(row) for row in ranked if count(row) == most]
    edge = [count(row) for row in ranked[most_shown - 1 : most_shown + 1]]
    parts_equals = len(edge) == 2 and edge[0] == edge[1]
    return Ranking(ranked, ranked[:most_shown], most, leaders, parts_equals)
