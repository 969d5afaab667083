"""The lines a communications centre put on top: transmission, number, date and time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding, Part

# "VZCZCXRO3998": one transmission; two of one cable differ in it.
TRANSMISSION = re.compile(r"VZCZC[A-Z]{3}\d{4}")

# "DE RUEHTA #1033/01 1101113": the sender's serial, its last four digits, before the section
# and the day of the year. Dumps that lost their line breaks have lost the "DE" as well.
MESSAGE_NUMBER = re.compile(r"\bR[A-Z]{3,8} ?#(?P<number>\d{3,5})(?:/\d{1,2})? {1,2}\d{7}")

# "081355Z JAN 09", the date-time group; the month may be in lower case on extracts.
DTG = re.compile(
    r"(?<!\d)(?P<dtg>(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])[0-5]\dZ[ ]{1,3}"
    r"(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6}[ ]{1,3}\d\d)(?!\d)",
    re.I,
)

# A routing header in a body, with the longest list of addressees seen.
LONGEST_ROUTING = 6_000


def read_routing(
    text: str, part: Part, start: int = 0, end: int | None = None
) -> Iterator[Finding]:
    """The first transmission ID, message number and date-time group in text[start:end]."""
    end = len(text) if end is None else end
    if match := TRANSMISSION.search(text, start, end):
        yield Finding("transmission_id", match[0], part, *match.span(), "vzczc/1")
    if match := MESSAGE_NUMBER.search(text, start, end):
        number = match["number"].lstrip("0") or "0"
        yield Finding("message_number", number, part, *match.span("number"), "de_line/1")
    if match := DTG.search(text, start, end):
        value = " ".join(match["dtg"].upper().split())
        yield Finding("dtg", value, part, *match.span("dtg"), "dtg_line/1")


def read_inner_routing(body: str) -> Iterator[Finding]:
    """The same for each routing header that stands inside a body, as raw dump rows have it."""
    start = body.find("VZCZC")
    while start >= 0:
        following = body.find("VZCZC", start + 1)
        end = min(start + LONGEST_ROUTING, len(body))
        yield from read_routing(body, "body", start, min(end, following) if following > 0 else end)
        start = following
