"""The posts that sent cables, and how their names are written: posts.csv as data.

Names, years and numbers are drawn from the 251,287 reference IDs that WikiLeaks published, less
the malformed ones of aliases.csv and one misspelt post (06DAMASCCUS). `also_in` says for each
further spelling where it stands.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

COLUMNS = ["post", "name", "first_year", "last_year", "highest", "also", "also_in"]

POST = re.compile(r"[A-Z]{3,21}", re.ASCII)
SPELLING = re.compile(r"[A-Z]+(?: [A-Z]+)*", re.ASCII)
YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
HIGHEST = re.compile(r"(?P<year>(?:19|20)\d\d):(?P<serial>[1-9]\d{0,5})", re.ASCII)

# The State Department's archive gives a post six characters, blanks among them: "NEW DE".
ARCHIVE_WIDTH = 6


@dataclass(frozen=True, slots=True)
class Post:
    """A row of posts.csv."""

    id: str
    """As reference IDs have it: `NEWDELHI`."""
    name: str
    """With its blanks: `NEW DELHI`."""
    first_year: int
    """Of the published cables; those of other archives may be older."""
    last_year: int
    highest: Mapping[int, int]
    """By year, the highest number among its published cables; only of years with 100 and more
    of them, so that few cables have a higher one."""
    also: tuple[str, ...]
    """Other spellings in cables: `USUN` for USUNNEWYORK."""

    @property
    def cut(self) -> str:
        """As the archive's IDs have it, cut to six characters, less the blanks: `NEWDE`."""
        return self.name[:ARCHIVE_WIDTH].replace(" ", "")


class Posts:
    """The posts, by what they are called."""

    def __init__(self, posts: Iterable[Post]) -> None:
        """Raises ValueError when one spelling names two posts."""
        self._by_id: dict[str, Post] = {}
        self._by_spelling: dict[str, Post] = {}
        self._by_cut: dict[str, list[Post]] = {}
        for post in posts:
            if post.id in self._by_id:
                raise ValueError(f"posts.csv: {post.id}: stands twice")
            self._by_id[post.id] = self._by_spelling[post.id] = post
            self._by_cut.setdefault(post.cut, []).append(post)
        for post in self:
            for spelling in post.also:
                other = self._by_spelling.setdefault(spelling.replace(" ", ""), post)
                if other is not post:
                    raise ValueError(f"posts.csv: {post.id}: {spelling!r} is {other.id}'s")

    def __iter__(self) -> Iterator[Post]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, post: str) -> bool:
        return post in self._by_id

    def spelt(self, spelling: str) -> Post | None:
        """The post of a spelling in capitals without blanks: `USUN`, `USUNNEWYORK`."""
        return self._by_spelling.get(spelling)

    def cut_as(self, cut: str) -> list[Post]:
        """The posts whose first six characters, less the blanks, are these."""
        return self._by_cut.get(cut, [])


@cache
def posts() -> Posts:
    """The posts known. Raises ValueError, naming the line, if the table is damaged."""
    file = resources.files("cablecrawl") / "posts.csv"
    return read_posts(file.read_text(encoding="utf-8"))


def read_posts(text: str) -> Posts:
    """Read and check a table with the columns of posts.csv."""
    rows = csv.DictReader(io.StringIO(text))
    if rows.fieldnames != COLUMNS:
        raise ValueError(f"posts.csv: columns are {rows.fieldnames}, not {COLUMNS}")
    return Posts(_post(row, f"posts.csv:{rows.line_num}: {row['post']}") for row in rows)


def _post(row: dict[str, str | None], where: str) -> Post:
    cells = {name: row[name] or "" for name in COLUMNS}
    if not POST.fullmatch(cells["post"]):
        raise ValueError(f"{where}: is not a post as reference IDs have it")
    if not SPELLING.fullmatch(cells["name"]) or cells["name"].replace(" ", "") != cells["post"]:
        raise ValueError(f"{where}: name {cells['name']!r} is not the post with blanks")
    for column in ("first_year", "last_year"):
        if not YEAR.fullmatch(cells[column]):
            raise ValueError(f"{where}: {column} is {cells[column]!r}, not a year")
    first, last = int(cells["first_year"]), int(cells["last_year"])
    highest: dict[int, int] = {}
    for pair in cells["highest"].split():
        found = HIGHEST.fullmatch(pair)
        if found is None or not first <= int(found["year"]) <= last:
            raise ValueError(f"{where}: highest has {pair!r}, not YEAR:NUMBER of one of its years")
        highest[int(found["year"])] = int(found["serial"])
    if first > last:
        raise ValueError(f"{where}: first_year is after last_year")
    also = tuple(filter(None, cells["also"].split("|")))
    for spelling in also:
        if not SPELLING.fullmatch(spelling):
            raise ValueError(f"{where}: also has {spelling!r}, not capitals parted by blanks")
    if bool(also) != bool(cells["also_in"]):
        raise ValueError(f"{where}: also and also_in go together")
    return Post(cells["post"], cells["name"], first, last, MappingProxyType(highest), also)
