"""The SUBJECT line, which may be cut over several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding, one_line
from cablecrawl.cabletext.heading import Block, Heading, end_of_paragraph

# The longest on the mirrors has 230 characters; more means that its end was missed.
LONGEST_SUBJECT = 600

# "PAGE 02        HARARE  06677  01 OF 03  291400Z", with the classification above it: paper
# printouts were cut into pages, in the middle of a subject too.
PAGE_BREAK = re.compile(
    r"\n(?:[ \t]*(?:CONFIDENTIAL|SECRET|UNCLASSIFIED)?[ \t\r]*\n)?"
    r"[ \t]*PAGE \d\d[ \t]+[A-Z ]{1,30}\d+[ \t]+\d\d OF \d\d[ \t]+\d{6}Z\b"
)

# The rest of a subject after an empty line: one line, in capitals.
REST_IN_CAPITALS = re.compile(r"[^\na-z]*[A-Z][^\na-z]*")


def read_subject(heading: Heading) -> Iterator[Finding]:
    """The first subject with a text; the span covers all its lines."""
    text = heading.text
    for block in heading.of("subject"):
        start = block.value
        end = end_of_paragraph(text, start, block.end)
        rule = "subject_line/1"
        if _goes_on(heading, block, end):
            end, rule = block.end, "subject_over_empty_line/1"
        verbatim = text[start:end].rstrip()
        if verbatim and len(verbatim) <= LONGEST_SUBJECT:
            subject = one_line(PAGE_BREAK.sub("", verbatim))
            yield Finding("subject", subject, "body", start, start + len(verbatim), rule)
            return


def _goes_on(heading: Heading, block: Block, end: int) -> bool:
    """Whether the line after an empty one is the subject's rest, as where lines were doubled.

    It is when it is the only one, in capitals like those before it, and REF or Classified By
    comes next.
    """
    following = next((b.kind for b in heading.blocks if b.start > block.start), None)
    rest = heading.text[end : block.end].strip()
    return (
        following in ("references", "classified")
        and REST_IN_CAPITALS.fullmatch(rest) is not None
        and REST_IN_CAPITALS.fullmatch(one_line(heading.text[block.value : end])) is not None
    )
