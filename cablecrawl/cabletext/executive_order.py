"""The E.O. line, and the declassification date where it is a plain date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from cablecrawl.cabletext.finding import Finding, one_line
from cablecrawl.cabletext.heading import Heading, end_of_paragraph

# A longer line has swallowed what stands after it; then only its first line is kept.
LONGEST_ORDER = 160

# "DECL: 12/02/2024", "DECL 2020/02/09", "DECL: 2019-10-30". Two-digit years are left alone,
# and so are events ("DECL: UPON CLOSURE OF POST").
DECLASSIFY_ON = re.compile(
    r"\bDECL(?:ASSIFY)?(?: ON)?[:\s]{0,6}"
    r"(?P<date>(?P<a>\d{1,4})[-/. ]{1,2}(?P<b>\d{1,2})[-/. ]{1,2}(?P<c>\d{1,4}))(?![\d/])",
    re.I,
)


def read_executive_order(heading: Heading) -> Iterator[Finding]:
    """The first E.O. line; dates come out as ISO, and are read month first."""
    text = heading.text
    for block in heading.of("order")[:1]:
        end = end_of_paragraph(text, block.start, block.end)
        if end - block.start > LONGEST_ORDER:
            line_end = text.find("\n", block.start, end)
            end = line_end if 0 <= line_end - block.start <= LONGEST_ORDER else block.value
        verbatim = text[block.start : end].rstrip()
        end = block.start + len(verbatim)
        yield Finding(
            "executive_order", one_line(verbatim), "body", block.start, end, "order_line/1"
        )
        match = DECLASSIFY_ON.search(text, block.start, end)
        if match and (day := _iso_date(match)):
            start, stop = match.span("date")
            yield Finding("declassify_on", day, "body", start, stop, "decl_date/1")


def _iso_date(match: re.Match[str]) -> str | None:
    a, b, c = match["a"], match["b"], match["c"]
    if len(a) == 4 and len(c) <= 2:
        year, month, day = int(a), int(b), int(c)
    elif len(c) == 4 and len(a) <= 2:
        year, month, day = int(c), int(a), int(b)
    else:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
