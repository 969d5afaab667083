"""The SIPDIS caption."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding

# What may stand before SIPDIS in its line: other captions, or the cable's own ID line. In
# prose ("please include SIPDIS in all replies") it is no marking.
CAPTIONS = re.compile(
    r"""(?:.*\d\ {1,2})? [ \t\xa0"'(]*
    (?:(?:NOFORN|SENSITI?VE|EXDIS|NODIS|STADIS|LIMDIS|SIPDIS|SBU|ORCON)[ \t,;/]*)*\Z""",
    re.X | re.I,
)

# Copies in sentence case have the other two.
SPELLINGS = ("SIPDIS", "sipdis", "Sipdis")
RARE = "ipdis"

# Longer than any row of captions; the bound keeps a body of nothing but SIPDIS linear.
LONGEST_CAPTIONS = 60


def read_sipdis(body: str) -> Iterator[Finding]:
    """Each SIPDIS that stands as a caption: at the top, and where a section begins."""
    # The two rare ones end alike: one look through the body instead of two.
    for word in SPELLINGS if RARE in body else SPELLINGS[:1]:
        start = body.find(word)
        while start >= 0:
            end = start + len(word)
            earliest = max(0, start - LONGEST_CAPTIONS)
            line = body.rfind("\n", earliest, start) + 1
            if (line or not earliest) and CAPTIONS.match(body, line, start):
                yield Finding("sipdis", "SIPDIS", "body", start, end, "sipdis_caption/1")
            start = body.find(word, end)
