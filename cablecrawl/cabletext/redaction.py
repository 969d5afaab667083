"""The marks that stand where a name was taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding, Part, one_line

# "XXXXXXXXXXXX", "xxxxx", and where a hand slipped, "XXXXXXXXXXXxx". Searching for four of
# either case and widening what is found is six times faster than searching for this.
X_RUN = re.compile(r"[Xx]*")
FOUR_X = ("XXXX", "xxxx")

# A shorter run counts only where it stands alone: "571-XXXX" and "XXXXth" hide no name.
LONG_RUN = 6

# "[NAME REMOVED]", "[Source removed]", "[name redacted]".
BRACKETED = re.compile(
    r"\[[^\[\]]{0,60}\b(?:removed|redacted|withheld|deleted|omitted)\b[^\[\]]{0,20}\]", re.I
)


def read_redaction_marks(text: str, part: Part) -> Iterator[Finding]:
    """One Finding a mark, runs first, then brackets; the value is the mark."""
    for start, end in _x_runs(text):
        alone = not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
        if alone or end - start >= LONG_RUN:
            yield Finding("redaction_mark", text[start:end], part, start, end, "x_run/1")
    for match in BRACKETED.finditer(text) if "[" in text else ():
        mark = one_line(match[0])
        yield Finding("redaction_mark", mark, part, *match.span(), "bracketed_mark/1")


def _x_runs(text: str) -> list[tuple[int, int]]:
    ends: dict[int, int] = {}
    for four in FOUR_X:
        found = text.find(four)
        while found >= 0:
            start = found
            while start and text[start - 1] in "Xx":
                start -= 1
            match = X_RUN.match(text, found)
            end = match.end() if match else found + 4
            ends[start] = end
            found = text.find(four, end)
    return sorted(ends.items())
