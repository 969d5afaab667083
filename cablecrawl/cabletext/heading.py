"""The heading of a cable's body: its labelled lines, from the top to paragraph 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# Addressee lists and raw dump rows can push TAGS and SUBJECT far down, but the furthest seen
# on the mirrors began 6,000 characters in. The bound keeps a body without a heading cheap.
LONGEST_HEADING = 20_000

# A label at the start of a line, perhaps after a quote, a bracket or a mark. Every pattern
# begins with the line break, so that the search skips from line to line.
LABEL = re.compile(
    r"""
    \n[ \t\xa0>"'.*]*
    (?:
        # "E.O. 12958", "EO 12958", "E. O. 13526", "E.0. 12958" (a zero)
        (?P<order> E[.,]?\ ?[O0][.,:]?\ {0,2}:?\ {0,2}\d{5}\b )
      | (?P<tags> TAGS?\b )
      | (?P<subject> (?:TIP\ )?SUBJ(?:ECT)?\b )
        # A line of prose may begin with "ref B" or "references": small letters need a colon.
      | (?P<references> REF(?:ERENCE)?S?(?:TELS?)?(?:\(S\)|\b)(?:(?=[ \t]*[:;])|(?-i:(?<=[SFL]))) )
      | (?P<classified>
            (?:\([A-Z/]{1,6}\)\ ?)?
            (?: CLASSIFIED\b | DERIVED\ FROM\b | DECLASSIFY\b | REASONS?[ :] )
        )
      # The line with the cable's own ID. Written out in one word, "SECRET" is a dump's column.
      | (?P<classification> S\ E\ C\ R\ E\ T\b | C\ O\ N\ F\ I\ D\ E\ N\ T | UNCLAS\b )
      # "Friday, 18 December 2009, 11:04": a newspaper's date, before a copy of the whole cable.
      | (?P<newspaper> [A-Z]{3,6}DAY,\ \d{1,2}\ [A-Z]{3,9}\ \d{4},\ \d )
      # Captions may follow anywhere; SIPDIS is printed again where a section begins.
      | (?P<caption> SIPDIS | NOFORN\b | SENSITIVE\b | CORRECTED\b )
      | (?P<notice> THIS\ (?:IS\ AN\ ACTION|CABLE\ (?:IS|WAS)|MESSAGE\ (?:IS|WAS|HAS))\b )
      | (?P<summary> (?:BEGIN\ )?SUMMARY(?=\ *(?:[-:.\n]|$|AND\ (?:COMMENT|ACTION))) )
      | (?P<paragraph> (?:¶[ \t]*)?1[ \t]*[.)][ \t]*(?=[("“A-Z]) )
      | (?P<portion> \((?:SBU|[SCU])(?:[/-]{1,2}[A-Z]{2,4})?\) )
      # "ASTANA 00001033  002 OF 003": where the transmission was cut into sections.
      | (?P<page> [A-Z][A-Z .]{2,30}\ \d{8}\ {1,3}\d{3}(?:\.\d)?\ OF\ \d{3}\b )
      | (?P<rule> [-=_*]{4} | -\ -\ - )
    )
    """,
    re.X | re.I,
)

# The same labels in the middle of a line, where line breaks were lost. Here the spelling must
# be the full one, since the words stand in prose as well.
GLUED_LABEL = re.compile(
    r"""
    (?P<order> E\.O\.\ ?\d{5}\b )
  | (?P<tags> T(?:AGS|ags):|(?<=\d\ )TAGS?(?=\ [A-Z]{4}\b) )
  | (?P<subject> S(?:UBJECT|ubject): )
  | (?P<references> R(?:EFS?|efs?)(?:\([Ss]\))?: )
  | (?P<classified> C(?:lassified|LASSIFIED)\ (?:[Bb]y|BY)\b )
    """,
    re.X,
)

# What each of them begins with: looking for these first is six times faster.
GLUED_BEGINNINGS = ("E.O.", "TAG", "Tags:", "SUBJECT:", "Subject:", "REF", "Ref", "Cl", "CL")

# What stands between a label and its value: "TAGS:", "SUBJECT -", "REF. ".
AFTER_LABEL = re.compile(r"[ \t\xa0]*[:;.,-]?\s*")

# The kinds that only the heading of a cable has; the first paragraph after one ends it.
TELLING = frozenset(("order", "tags", "subject"))
PARAGRAPHS = frozenset(("paragraph", "portion"))

# An empty line, perhaps with blanks in it.
EMPTY_LINE = re.compile(r"\n[ \t\r\xa0]*\n")


class Block(NamedTuple):
    """A label and the text up to the next one."""

    kind: str
    """A group name of LABEL."""
    start: int
    """Where the label's first character stands."""
    value: int
    """Where the text after the label and its colon begins."""
    end: int
    """Where the next label's line begins, or the heading ends."""


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    """The whole body; the positions count in it."""
    end: int
    blocks: tuple[Block, ...]

    def of(self, kind: str) -> list[Block]:
        """The blocks of `kind` below the cable's own ID line, or all when there are none there.

        Dump rows have TAGS, SUBJECT and REF columns of their own above it, cut to one line.
        """
        blocks = [block for block in self.blocks if block.kind == kind]
        if len(blocks) > 1:
            own = next((b.start for b in self.blocks if b.kind == "classification"), 0)
            return [block for block in blocks if block.start > own] or blocks
        return blocks


def read_heading(body: str) -> Heading:
    """Split the top of `body` into labelled blocks, in order. Never raises."""
    labels: list[tuple[int, int, int, str]] = []  # line start, label start, label end, kind
    limit = min(len(body), LONGEST_HEADING)
    # The first line has no line break before it; one is lent to it.
    top = LABEL.match("\n" + body[:200])
    if top and top.lastgroup:
        kind = top.lastgroup
        labels.append((0, top.start(kind) - 1, top.end() - 1, kind))
    telling = False
    for match in LABEL.finditer(body, 0, limit):
        kind = match.lastgroup or ""
        if kind in PARAGRAPHS and telling:
            limit = match.start()
            break
        telling = telling or kind in TELLING
        labels.append((match.start(), match.start(kind), match.end(), kind))
    known = {start for _, start, _, _ in labels}
    for beginning in GLUED_BEGINNINGS:
        start = body.find(beginning, 0, limit)
        while start >= 0:
            if start not in known and (glued := GLUED_LABEL.match(body, start, limit)):
                labels.append((start, start, glued.end(), glued.lastgroup or ""))
            start = body.find(beginning, start + 1, limit)
    labels.sort()
    blocks = []
    for index, (_, start, end, kind) in enumerate(labels):
        stop = labels[index + 1][0] if index + 1 < len(labels) else limit
        after = AFTER_LABEL.match(body, end, max(end, stop))
        blocks.append(Block(kind, start, after.end() if after else end, stop))
    return Heading(body, limit, tuple(blocks))


def end_of_paragraph(text: str, start: int, end: int) -> int:
    """The first empty line in text[start:end], or `end`."""
    empty = EMPTY_LINE.search(text, start, end)
    return empty.start() if empty else end
