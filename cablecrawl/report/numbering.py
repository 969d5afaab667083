"""Reference IDs counted by post and year, with the numbers that are known of each.

A post numbers its cables from 1 each year. The highest number tells that there were so many, if it
is right and the post left none out; how many more there were, nothing in a store tells. A number
that is written wrong tells nothing, and may be higher than all: 08STATE943817 is 08STATE43817 with
a digit too many, where WikiLeaks has 135,557 as the highest. So one that nothing bears out is left
out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

from cablecrawl.citations import UNPUBLISHED
from cablecrawl.posts import posts
from cablecrawl.reference_id import parse, year_in_full, year_of
from cablecrawl.report.numbers import PostYear, YearOfNumbers

NUMBERED = re.compile(r"(?P<year>\d\d)(?P<post>[A-Z]+)(?P<number>\d+)", re.ASCII)

NO_POST = "(no post)"
"""Where a malformed ID is the piece of no other and names none."""


OTHER_YEARS = 2
"""Times the highest number published of a post in any year: how far it may have counted in a year
of which too few were published. The State Department, 203,861 in 2006, had 221,655 in 2005."""

FAR_ABOVE, CHANCE = 2, 0.01
"""A highest number that is more than so many times the next one needs more to bear it out; chance
may, unless it has it so as rarely as that. Where numbers are few they are far apart."""

HIGHEST_KEPT = 50
"""Of a post and year: as many are looked at one by one."""


@dataclass(slots=True)
class _Numbers:
    cables: int = 0
    numbers: int = 0
    beyond: int = 0
    cited: int = 0
    cited_numbers: int = 0
    highest: int | None = None
    highest_cited: int | None = None
    published: int | None = None
    published_of_others: int | None = None
    """In any other year."""
    kept: list[tuple[int, bool]] = field(default_factory=list)
    """The highest, as a heap, and whether the store has its cable."""

    def add(self, number: int, *, in_store: bool) -> None:
        if self.published is not None and number > self.published * UNPUBLISHED:
            self.beyond += 1
            return
        if in_store:
            self.numbers += 1
        else:
            self.cited_numbers += 1
        change = heappush if len(self.kept) < HIGHEST_KEPT else heappushpop
        change(self.kept, (number, in_store))

    def leave_out(self) -> int:
        """Leave out the highest while nothing bears it out; the highest that is left, or 0.

        That is: the highest that was published, of that year or of others, or the next one. Were n
        numbers strewn over 1 to the highest, the next one would be below a share s of it in
        s ** (n - 1) of all cases.
        """
        ranked = sorted(self.kept, reverse=True)
        while ranked:
            (highest, in_store), following = ranked[0], ranked[1][0] if ranked[1:] else 0
            if self.published is not None or self._is_borne_out(highest, following):
                return highest
            del ranked[0]
            self.beyond += 1
            if in_store:
                self.numbers -= 1
            else:
                self.cited_numbers -= 1
        return 0

    def _is_borne_out(self, highest: int, following: int) -> bool:
        if following * FAR_ABOVE >= highest:
            return True
        reached = self.published_of_others
        if reached is not None and highest > reached * OTHER_YEARS:
            return False
        if not following:
            return reached is not None
        return (following / highest) ** (self.numbers + self.cited_numbers - 1) >= CHANCE


class Numbering:
    """Counts cables as they come; memory is that of the posts and years, not of the cables."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], _Numbers] = {}

    def add(self, reference_id: str) -> None:
        """A cable of the store; each once."""
        found, number = self._place(reference_id)
        found.cables += 1
        if number is not None:
            found.highest = max(found.highest or 0, number)
            found.add(number, in_store=True)

    def add_cited(self, reference_id: str) -> None:
        """A cable that is referred to and not in the store; each once."""
        found, number = self._place(reference_id)
        found.cited += 1
        if number is not None:
            found.highest_cited = max(found.highest_cited or 0, number)
            found.add(number, in_store=False)

    def _place(self, reference_id: str) -> tuple[_Numbers, int | None]:
        post, year, number = place_of(reference_id)
        found = self._found.get((post, year))
        if found is None:
            known = posts().spelt(post)
            published = known.highest if known is not None else {}
            found = self._found[post, year] = _Numbers(
                published=published.get(year),
                published_of_others=max(published.values(), default=None),
            )
        return found, number

    def rows(self) -> Iterator[PostYear]:
        """By post and year; once, when all have been added."""
        for post, year in sorted(self._found):
            found = self._found[post, year]
            counted = max(found.leave_out(), found.published or 0)
            yield PostYear(
                post,
                year,
                found.cables,
                found.cited,
                found.highest,
                found.highest_cited,
                found.published,
                counted or None,
                found.numbers,
                counted - found.numbers,
                found.beyond,
            )


def place_of(reference_id: str) -> tuple[str, int, int | None]:
    """Post, year and number of a canonical ID.

    A piece of another ID is counted where that one is, and has no number of its own.
    """
    spelt = parse(reference_id)
    whole = spelt.fragment_of if spelt is not None else None
    match = NUMBERED.fullmatch(whole or reference_id)
    if match is None:
        return NO_POST, year_of(reference_id), None
    number = None if whole else int(match["number"])
    return match["post"], year_in_full(match["year"]), number


def numbers_by_year(rows: list[PostYear]) -> list[YearOfNumbers]:
    """The numbers of all posts, of every year from the first to the last."""
    held: Counter[int] = Counter()
    missing: Counter[int] = Counter()
    left_out: Counter[int] = Counter()
    for row in rows:
        held[row.year] += row.numbers_in_store
        missing[row.year] += row.numbers_not_in_store
        left_out[row.year] += row.numbers_left_out
    years = range(min(held), max(held) + 1) if held else range(0)
    return [YearOfNumbers(year, held[year], missing[year], left_out[year]) for year in years]
