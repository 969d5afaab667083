"""Addresses that lead a crawler on for ever: a site that answers to any path has no last page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# A link without its slash, on a site that answers every path, puts a folder into itself. No
# source repeats one; Heritrix allows two (PathologicalPathDecideRule).
MOST_ALIKE = 2
# The deepest page of any source has five; Heritrix allows 20.
MOST_SEGMENTS = 20
# What browsers and servers take; the longest address of a cable page has 60.
LONGEST = 2_000
# All 251,287 cables in lists of ten are 25,129 pages, as for blogs (cablecrawl/blogsearch.py).
MOST_PAGES = 30_000
NUMBERED = re.compile(
    r"(?:/(?:reldate|date|classification|origin|tag)/[\w-]{1,100}_|/page/|[?&]paged=)"
    r"(\d{1,20})(?:\.html|/)?$"
)


def is_trap(url: str) -> bool:
    """Whether an address is too long, too deep, repeats a folder or counts beyond all cables."""
    if len(url) > LONGEST:
        return True
    numbered = NUMBERED.search(url)
    if numbered is not None and int(numbered[1]) > MOST_PAGES:
        return True
    segments = urlsplit(url).path.strip("/").split("/")
    if len(segments) > MOST_SEGMENTS:
        return True
    # Days and months may be alike: /2011/11/11/11/.
    words = [segment for segment in segments if segment and not segment.isdigit()]
    return any(words.count(word) > MOST_ALIKE for word in words)
