"""Reference IDs counted by post and year, with the numbers that are known of each.

A post numbers its cables from 1 each year. The highest number that is known tells that there
were so many, if the post left none out; how many more there were, nothing in a store tells.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cablecrawl.posts import posts
from cablecrawl.reference_id import parse, year_in_full, year_of
from cablecrawl.report.numbers import PostYear, YearOfNumbers

NUMBERED = re.compile(r"(?P<year>\d\d)(?P<post>[A-Z]+)(?P<number>\d+)", re.ASCII)

NO_POST = "(no post)"
"""Where a malformed ID is the piece of no other and names none."""


@dataclass(slots=True)
class _Numbers:
    cables: int = 0
    numbers: int = 0
    highest: int | None = None
    cited: int = 0
    highest_cited: int | None = None


class Numbering:
    """Counts cables as they come; memory is that of the posts and years, not of the cables."""

    def __init__(self) -> None:
        self._found: defaultdict[tuple[str, int], _Numbers] = defaultdict(_Numbers)

    def add(self, reference_id: str) -> None:
        """A cable of the store; each once."""
        post, year, number = place_of(reference_id)
        found = self._found[post, year]
        found.cables += 1
        if number is not None:
            found.numbers += 1
            found.highest = max(found.highest or 0, number)

    def add_cited(self, reference_id: str) -> None:
        """A cable that is referred to and not in the store; each once."""
        post, year, number = place_of(reference_id)
        found = self._found[post, year]
        found.cited += 1
        if number is not None:
            found.highest_cited = max(found.highest_cited or 0, number)

    def rows(self) -> Iterator[PostYear]:
        """By post and year."""
        for post, year in sorted(self._found):
            found = self._found[post, year]
            known = posts().spelt(post)
            published = known.highest.get(year) if known is not None else None
            highest = max(found.highest or 0, found.highest_cited or 0, published or 0)
            yield PostYear(
                post,
                year,
                found.cables,
                found.cited,
                found.highest,
                found.highest_cited,
                published,
                highest - found.numbers,
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
    held: defaultdict[int, int] = defaultdict(int)
    missing: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        held[row.year] += row.cables
        missing[row.year] += row.numbers_not_in_store
    years = range(min(held), max(held) + 1) if held else range(0)
    return [YearOfNumbers(year, held[year], missing[year]) for year in years]
