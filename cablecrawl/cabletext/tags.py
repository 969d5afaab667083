"""The TAGS line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding, one_line
from cablecrawl.cabletext.heading import Heading, end_of_paragraph

# "PREL, PGOV", "PREL;PGOV", "KDEM/PGOV": what separates where there is more than blanks. A
# visitor's name stands in brackets with a comma of its own: "OVIP (SMITH, JANE)".
SEPARATORS = ",;/|"
BETWEEN_SEPARATORS = re.compile(r"\((?P<inner>[^()\n]{1,60})\)|[^,;/|()]+")

# A word of a tag: "PREL", "2005", "KAL", "U.S.".
WORD = re.compile(r"[^\W_][\w.&'’-]*")

# TAGS codes have 2 to 5 capitals; words of which all do are codes that miss their comma.
CODE = re.compile(r"[A-Z]{2,5}\Z", re.I)

# "Operation Iraqi Freedom": more words than these are tags that miss their commas.
LONGEST_TAG = 3

# A longer line is not TAGS any more but what stands after it.
LONGEST_TAGS = 1_000


def read_tags(heading: Heading) -> Iterator[Finding]:
    """One Finding a tag, in order, from the first TAGS line that has any."""
    text = heading.text
    for block in heading.of("tags"):
        end = end_of_paragraph(text, block.value, block.end)
        if end - block.value > LONGEST_TAGS:
            continue
        tags = list(_tags(text, block.value, end))
        if tags:
            yield from tags
            return


def _tags(text: str, start: int, end: int) -> Iterator[Finding]:
    separated = any(sign in text[start:end] for sign in SEPARATORS)
    for piece in BETWEEN_SEPARATORS.finditer(text, start, end):
        inner = piece["inner"] is not None
        words = [match.span() for match in WORD.finditer(text, *piece.span(piece.lastgroup or 0))]
        if not words:
            continue
        phrase = len(words) <= LONGEST_TAG and not all(CODE.match(text, a, b) for a, b in words)
        if inner or (separated and phrase):
            words = [(words[0][0], words[-1][1])]
        for a, b in words:
            while text[b - 1] in ".-'’&":
                b -= 1
            yield Finding("tags", one_line(text[a:b]).upper(), "body", a, b, "tags_line/1")
