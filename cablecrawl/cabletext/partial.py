"""The notice that stands where WikiLeaks gave only part of a cable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding, Part

# Mirrors print it on one line; reposts may wrap it.
PARTIAL_NOTICE = re.compile(
    r"This\s+record\s+is\s+a\s+partial\s+extract\s+of\s+the\s+original\s+cable\."
    r"(?:\s+The\s+full\s+text\s+of\s+the\s+original\s+cable\s+is\s+not\s+available\.)?"
)


def read_partial_extract(text: str, part: Part) -> Iterator[Finding]:
    """The first notice in `text`; the value is "true"."""
    match = PARTIAL_NOTICE.search(text)
    if match:
        yield Finding("partial_extract", "true", part, *match.span(), "partial_notice/1")
