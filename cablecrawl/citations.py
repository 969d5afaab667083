"""Which cable a reference means: in a cable of 2008, `STATE 81854` is 08STATE81854.

Cables write the year of a reference only where it is another one than their own. In January,
and where the number tells against it, that is not kept to, and the reading says on what it rests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cablecrawl.cabletext.references import NOT_A_POST, WORD
from cablecrawl.posts import Post, posts
from cablecrawl.reference_id import MISSION, PUNCTUATION, parse, year_in_full, year_of

Basis = Literal[
    "year_written",
    "year_of_created",
    "number_above_own",
    "number_above_year",
    "known_cable",
    "unresolved",
    "unknown_post",
    "no_cable",
]
"""What a reading of a reference rests on.

`year_written`: the reference has its year. `year_of_created`: it has none, and nothing tells
against that of the citing cable. `number_above_own`: of the same post and above the cable's own
number, so of the year before. `number_above_year`: above every number the post is known to have
reached that year, so of the year before. `known_cable`: of two candidates one is known, and not
dated after the citing cable. `unresolved`: neither year is certain. `unknown_post`: no known post
is named so. `no_cable`: it names none.
"""

Known = Callable[[str], str | None]
"""When a known cable was created, `2007-04-20T11:13`, or "" where that is not stated; None for
a reference ID that is not known."""

WRITTEN = re.compile(
    r"(?:\(?'?(?P<year>(?:19|20)?\d\d)\)?[\s-]*)?"
    r"(?P<post>[A-Z][A-Z\s.'-]{0,120}?)[\s#:-]*0*(?P<serial>[1-9]\d{0,5})"
    r"(?:\s?\('?(?P<year_behind>(?:19|20)?\d\d)\))?",
    re.ASCII,
)

OWN = re.compile(r"\d\d(?P<post>[A-Z]+)(?P<serial>\d+)", re.ASCII)
DAY = len("2007-04-20")

# A cable may be dated a little after one that cites it, when they are sent together.
DAYS_APART = 7

# Of 1,869 cables 13 have a lower number than one sent before, 12 of them by 133 and less. So a
# number above the own may be of the same year: it is for 3 of 13 references (those without a year
# to the own post, whose cable is published), but for none of 43 in January.
OUT_OF_ORDER = 150

# How far a post's numbers may have gone beyond the highest published one. Of 100 numbers drawn from
# a year, none is among its last 5 % in 6 of 1,000 cases.
UNPUBLISHED = 1.05

# Of 15 references of 1 to 24 January to another post, whose cable is published, 6 are of the year
# before; of 17 in the three weeks after, one at most.
JANUARY = "01"


@dataclass(frozen=True, slots=True)
class Citing:
    """The cable that makes a reference."""

    reference_id: str
    created: str | None
    """As stated, `2007-04-20T11:13`."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference, and the cable it means."""

    as_written: str
    resolved: str | None
    """The reference ID; None where that is not certain."""
    candidates: tuple[str, ...]
    """All that it may be, likeliest first."""
    basis: Basis


def resolve(as_written: str, citing: Citing | None, known: Known) -> Citation:
    """Read a reference, `STATE 81854`, `06 USUN 12` or `DOHA 152 (08)`.

    `citing` is None where the text that has the reference is not that of the page's cable: its
    year is then not known. `known` is asked only where the year is in doubt. Never raises.
    """
    match = WRITTEN.fullmatch(as_written.strip().upper())
    if match is None or _last_word(match["post"]) in NOT_A_POST:
        return Citation(as_written, None, (), "no_cable")
    post = posts().spelt(PUNCTUATION.sub("", MISSION.sub("", match["post"], count=1)))
    if post is None:
        return Citation(as_written, None, (), "unknown_post")
    year = match["year"] or match["year_behind"]
    own_year = _year_of(citing) if citing is not None else None
    serial = int(match["serial"])
    if year is not None:
        written = _id(post, year_in_full(year), serial)
        if own_year is not None and year_in_full(year) > own_year:
            return Citation(as_written, None, (written,), "unresolved")
        return Citation(as_written, written, (written,), "year_written")
    if citing is None or own_year is None:
        return Citation(as_written, None, (), "unresolved")
    candidates, basis = _without_year(post, serial, own_year, citing, known)
    resolved = None if basis == "unresolved" else candidates[0]
    return Citation(as_written, resolved, candidates, basis)


def _without_year(
    post: Post, serial: int, year: int, citing: Citing, known: Known
) -> tuple[tuple[str, ...], Basis]:
    this, before = _id(post, year, serial), _id(post, year - 1, serial)
    own_post, own_serial = _own(citing.reference_id)
    if post.id == own_post and serial == own_serial:
        return (before,), "unresolved"  # no cable cites itself
    if post.id == own_post and serial < own_serial:
        return (this,), "year_of_created"
    month = (citing.created or "")[5:7]
    if post.id == own_post and serial > own_serial + (0 if month == JANUARY else OUT_OF_ORDER):
        if known(before) is None and _is_possible(known(this), citing):
            return (this,), "known_cable"
        return (before,), "number_above_own"
    reached, reached_before = post.highest.get(year), post.highest.get(year - 1)
    if reached and reached_before and reached * UNPUBLISHED < serial <= reached_before:
        return (before,), "number_above_year"
    in_doubt = post.id == own_post or month in ("", JANUARY)
    if not in_doubt and not _is_later(known(this), citing):
        return (this,), "year_of_created"
    possible = [one for one in (this, before) if not _is_later(known(one), citing)]
    if len(possible) > 1:
        possible = [one for one in possible if known(one) is not None] or possible
    if len(possible) == 1:
        return (possible[0],), "known_cable"
    return (this, before), "unresolved"


def _is_possible(created: str | None, citing: Citing) -> bool:
    """Whether a cable is known and not dated after the one that is to cite it."""
    return created is not None and not _is_later(created, citing)


def _is_later(created: str | None, citing: Citing) -> bool:
    """Whether a known cable is dated after the one that is to cite it, by more than days."""
    if not created or not citing.created:
        return False
    try:
        days = date.fromisoformat(created[:DAY]) - date.fromisoformat(citing.created[:DAY])
    except ValueError:
        return False
    return days.days > DAYS_APART


def _own(reference_id: str) -> tuple[str, int]:
    """Post and number of a reference ID; of the whole cable's where it is a fragment's."""
    found = parse(reference_id)
    match = OWN.fullmatch(found.fragment_of or found.canonical) if found is not None else None
    return (match["post"], int(match["serial"])) if match else ("", 0)


def _year_of(citing: Citing) -> int:
    """Of Created, or of the ID where that is not stated."""
    year = (citing.created or "")[:4]
    return int(year) if year.isdecimal() else year_of(citing.reference_id)


def _id(post: Post, year: int, serial: int) -> str:
    return f"{year % 100:02d}{post.id}{serial}"


def _last_word(post: str) -> str:
    words = WORD.findall(post)
    return words[-1] if words else ""
