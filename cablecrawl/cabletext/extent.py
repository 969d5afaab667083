"""Where a cable's parts begin in running text: its header, its body, its paragraphs."""

from __future__ import annotations

import re

PARTIAL_NOTICE = (
    "This record is a partial extract of the original cable. "
    "The full text of the original cable is not available."
)


def _spaced(word: str) -> str:
    """A word with blanks between its letters, no-break ones too."""
    return "[ \xa0]".join(word)


# The first line of a body: its classification, the first letter at times doubled or lost.
CLASSIFICATION_LINE = re.compile(
    rf"""[ \t]*(?:
        U?UNCLAS(?:SIFIED)? | {_spaced("UNCLAS")}(?:[ \xa0]{_spaced("SIFIED")})?
      | C?CONFIDENTIAL | C?{_spaced("CONFIDENTIAL")}
      | S?SECRET | S?S?[ \xa0]?{_spaced("ECRET")} | {_spaced("TOP")}[ \xa0]+{_spaced("SECRET")}
      | LIMITED[ ]OFFICIAL[ ]USE
    )\b""",
    re.X,
)

# Lines that only a header has, by the message format of ACP 127 and as the Department of State
# prints its distribution.
ROUTING_LINE = re.compile(
    r"""[ \t]*(?:
        VZCZC\w*                                     # transmission identifier
      | (?:[OPRZ]{2}[ ]+)?R[A-Z]{4,7}\b(?![ ]?[a-z])   # precedence and routing indicators
      | [OPRZ]{2}[ ]+\#?[A-Z0-9]{4,}                  # precedence, then other indicators
      | DE[ ]R[A-Z]{3,7}\b                           # the sender's indicator and serial
      | ZN[RY]\b | Z[A-Z]{2}\d*\b                    # prosigns: ZNR UUUUU ZZH
      | (?:[OPRZ][ ]+){0,2}\d{6}Z[ ]+[A-Za-z]{3}[ ]+\d\d  # date-time group
      | (?:FM|TO|INFO|XMT|AIG)[ ]
      | R[A-Z]{3,7}/                                 # a recipient with its indicator
      | (?:AM|US)[A-Z]{3,}[ ] | (?:SEC|WHITE)[A-Z]*[ ]  # one without
      | (?:Distribution|Cable[ ]?Text):\s*$
      | (?:ORIGIN|ACTION)[ ] | PAGE[ ]\d\d[ ]          # offices, and the head of a printed page
      | (?:[A-Z]{1,5}-\d\d[ ]+)*(?:[A-Z]{1,5}-\d\d|/\d{3}[A-Z]{0,2})\s*$
      | -{9,}[A-Z0-9]*[ ]+\d{6}Z | [A-Z]{3}\d{4}\s*$
    )""",
    re.X,
)
# "1. (C) …": behind the first a body has text of its own.
PARAGRAPH = re.compile(r"^[ \t]*¶?(?P<number>\d{1,2})\.[ \t(]", re.M)
# A classification above the head of a printed page opens no body.
PRINTED_HEAD = re.compile(r"[^\n]*\n\s*PAGE \d\d ")
RECIPIENTS = re.compile(r"[ \t]*(?:TO|INFO|XMT|R[A-Z]{3,7}/)")
CAPITALS = re.compile(r"[^a-z]*$")


def split_header(text: str) -> int:
    """Where the body begins in a cable's text that opens with its header; 0 where none does.

    The header is the notice of a partial extract, or routing lines, or both. What is no line of
    a header begins the body, so that a header is rather too short than a body.
    """
    position = 0
    body = 0
    in_recipients = False
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        shown = line.strip()
        if not shown:
            in_recipients = False
        elif shown == PARTIAL_NOTICE:
            body = position
        elif CLASSIFICATION_LINE.match(line):
            if not PRINTED_HEAD.match(text, start):
                break
            body = position
        elif ROUTING_LINE.match(line):
            body = position
            in_recipients = in_recipients or RECIPIENTS.match(line) is not None
        elif in_recipients and CAPITALS.match(shown):
            body = position
        else:
            break
    return _behind_blank_lines(text, body) if body else 0


def _behind_blank_lines(text: str, position: int) -> int:
    behind = len(text) - len(text[position:].lstrip())
    return max(text.rfind("\n", 0, behind) + 1, position)
