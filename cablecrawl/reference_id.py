"""Reference IDs: one canonical form for every spelling of the same cable.

A canonical ID is two digits of the year, the post in capitals without blanks, and the serial
without leading zeros: `07ASTANA1033`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from cablecrawl.posts import posts


@dataclass(frozen=True, slots=True)
class ReferenceID:
    canonical: str
    stated: str
    """As written where it was read."""
    reason: str | None
    """Why `canonical` differs from `stated`, or is not to be trusted: names of REASONS and
    ALIAS_KINDS, joined with "+", or "body_line"; None if it does not differ."""
    fragment_of: str | None
    """The well-formed ID that this malformed one is probably a piece of. They are linked, not
    merged: all three that the mirrors hold are shorter texts of another transmission."""
    collection: str | None
    """The letter PlusD adds: "a" Cablegate, "b" the State Department's archive of the 1970s."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A row of aliases.csv."""

    malformed_id: str
    reference_id: str
    twin_exists: bool
    kind: str


# Changes of spelling, in the order that `reason` names them in. "plusd_post_unresolved" is none:
# the post may be cut to six characters, and no known post, or more than one, begins so.
REASONS = (
    "plusd_suffix",
    "four_digit_year",
    "leading_zero",
    "plusd_post_cut",
    "plusd_post_unresolved",
    "punctuation",
    "case",
)

ALIAS_KINDS = frozenset(
    "efto_prefix amembassy_prefix misspelt_post section_heading infix no_serial".split()
)

ALIAS_COLUMNS = ["malformed_id", "reference_id", "well_formed_twin_exists", "kind", "note"]

# Of the 251,287 IDs that WikiLeaks published, 251,084 are this, the others are in aliases.csv.
# The longest post is BANDARSERIBEGAWAN, the longest serial has six digits.
CANONICAL = re.compile(r"\d\d[A-Z]{3,21}[1-9]\d{0,5}", re.ASCII)

# PlusD writes `1975BEIRUT04749_b`; a year of four digits is only one if a post follows.
STATED = re.compile(
    r"(?P<year>(?:19|20)?\d\d)(?P<post>[A-Z]{3,21})(?P<zeros>0{0,5})(?P<serial>[1-9]\d{0,5})",
    re.ASCII,
)
PLUSD_SUFFIX = re.compile(r"_([a-z])\Z", re.ASCII | re.I)

# The State Department's archive pads the serial to five digits or six and cuts the post to six
# characters, of which blanks are left out: `1975NEWDE14031_b`.
PADDED = 5
CUT_POST = range(5, 7)

# Blanks and marks that stand in a post's name or around its number: "06 TEL-AVIV 001234",
# "01 ST. PETERSBURG 22".
PUNCTUATION = re.compile(r"[\s.,'’()\-/]+")

# The longest text worth looking at: 21 letters of post and as many marks.
LONGEST = 80

# Two-digit years are read as 1911 to 2010: the cables run from 1966 to February 2010.
FIRST_YEAR, LAST_YEAR = 1911, 2010

# What a date, a heading or a paragraph number has where an ID has its post.
NOT_POSTS = frozenset(
    "JAN FEB MAR APR MAY JUN JUL AUG SEP SEPT OCT NOV DEC JANUARY FEBRUARY MARCH APRIL JUNE JULY"
    " AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER SECTION PAGE PARA".split()
)

# How a mission is named before its city; no part of the post in an ID.
MISSION = re.compile(r"(?:AM)?(?:EMBASSY|CONSUL(?:ATE)?)[\s.]+|US(?:MISSION|INT|LO)[\s.]+", re.I)

# A body's own ID line: "ALMATY 004281".
BODY_LINE = re.compile(r"(?P<post>[A-Z][A-Z\s.,'’/-]{1,60}?)[\s.#-]*0*(?P<serial>[1-9]\d{0,5})")


def parse(stated: str) -> ReferenceID | None:
    """The reference ID that `stated` spells, or None if it spells none. Never raises.

    Takes any case, blanks and punctuation, zeros before the serial, years of two or four
    digits, and the forms of PlusD: its suffix, and a post cut to six characters where exactly
    one known post begins so. A canonical ID gives itself.
    """
    if CANONICAL.fullmatch(stated):
        alias = aliases().get(stated)
        if alias is None:
            if stated[2:].rstrip("0123456789") in NOT_POSTS:
                return None
            return ReferenceID(stated, stated, None, None, None)
        return _of_alias(alias, stated, [], None)
    return _parse_spelling(stated)


def year_of(canonical: str) -> int:
    """The year of a canonical ID: 2007 of `07ASTANA1033`, 1966 of `66STATE106206`."""
    return year_in_full(canonical[:2])


def year_in_full(year: str) -> int:
    """1966 of "66", 2010 of "10"; a year of four digits is itself."""
    number = int(year)
    if len(year) == 4:
        return number
    return number + (2000 if number <= LAST_YEAR % 100 else 1900)


def from_body_line(line: str, year: str) -> ReferenceID | None:
    """The ID of a body that calls itself `line`, e.g. "ALMATY 004281" or "AMEMBASSY HANOI 12".

    `year` is that of the ID it is compared with, in two or four digits: the line has none.
    """
    text = MISSION.sub("", line.strip().upper(), count=1)
    match = BODY_LINE.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    post = PUNCTUATION.sub("", match["post"])
    known = posts().spelt(post)
    found = parse(f"{year}{known.id if known else post}{match['serial']}")
    if found is None:
        return None
    return ReferenceID(found.canonical, line, "body_line", found.fragment_of, None)


@cache
def aliases() -> Mapping[str, Alias]:
    """The malformed IDs among the published ones, by their spelling.

    Raises ValueError, naming the line, if the table is damaged.
    """
    file = resources.files("cablecrawl") / "aliases.csv"
    return MappingProxyType(read_aliases(file.read_text(encoding="utf-8")))


def read_aliases(text: str) -> dict[str, Alias]:
    """Read and check a table with the columns of aliases.csv."""
    rows = csv.DictReader(io.StringIO(text))
    if rows.fieldnames != ALIAS_COLUMNS:
        raise ValueError(f"aliases.csv: columns are {rows.fieldnames}, not {ALIAS_COLUMNS}")
    table: dict[str, Alias] = {}
    for row in rows:
        where = f"aliases.csv:{rows.line_num}: {row['malformed_id']}"
        twin = row["well_formed_twin_exists"]
        if twin not in ("yes", "no"):
            raise ValueError(f"{where}: well_formed_twin_exists is {twin!r}, not yes or no")
        if row["kind"] not in ALIAS_KINDS:
            raise ValueError(f"{where}: unknown kind {row['kind']!r}")
        if not CANONICAL.fullmatch(row["reference_id"] or ""):
            raise ValueError(f"{where}: {row['reference_id']!r} is not a reference ID")
        if row["malformed_id"] in table:
            raise ValueError(f"{where}: stands twice")
        table[row["malformed_id"]] = Alias(
            row["malformed_id"], row["reference_id"], twin == "yes", row["kind"]
        )
    for alias in table.values():
        if alias.reference_id in table:
            raise ValueError(f"aliases.csv: {alias.malformed_id}: stands for another alias")
    return table


def _parse_spelling(stated: str) -> ReferenceID | None:
    if len(stated) > LONGEST:
        return None
    text, changes, collection = stated, [], None
    if suffix := PLUSD_SUFFIX.search(text):
        collection = suffix[1].lower()
        text = text[: suffix.start()]
        changes.append("plusd_suffix")
    unmarked = PUNCTUATION.sub("", text)
    if not unmarked.isascii():  # "ß" would become two letters
        return None
    capitals = unmarked.upper()
    spelling = (["punctuation"] if unmarked != text else []) + (
        ["case"] if capitals != unmarked else []
    )
    if alias := aliases().get(capitals):
        return _of_alias(alias, stated, changes + spelling, collection)
    match = STATED.fullmatch(capitals)
    if match is None or match["post"] in NOT_POSTS:
        return None
    year = match["year"]
    if len(year) == 4:
        if not FIRST_YEAR <= int(year) <= LAST_YEAR:
            return None
        changes.append("four_digit_year")
    if match["zeros"]:
        changes.append("leading_zero")
    post = match["post"]
    if len(year) == 4 and len(match["zeros"] + match["serial"]) >= PADDED:
        post, change = _uncut(post)
        changes += change
    changes += spelling
    canonical = f"{year[-2:]}{post}{match['serial']}"
    if alias := aliases().get(canonical):
        return _of_alias(alias, stated, changes, collection)
    return ReferenceID(canonical, stated, "+".join(changes) or None, None, collection)


def _uncut(post: str) -> tuple[str, list[str]]:
    """A post as the archive has it, in full where that is certain; and what was done, if any."""
    if post in posts() or len(post) not in CUT_POST:
        return post, []
    found = posts().cut_as(post)
    if len(found) == 1:
        return found[0].id, ["plusd_post_cut"]
    return post, ["plusd_post_unresolved"]


def _of_alias(alias: Alias, stated: str, changes: list[str], collection: str | None) -> ReferenceID:
    if alias.twin_exists:
        reason = "+".join(changes) or None
        return ReferenceID(alias.malformed_id, stated, reason, alias.reference_id, collection)
    reason = "+".join([*changes, alias.kind])
    return ReferenceID(alias.reference_id, stated, reason, None, collection)
