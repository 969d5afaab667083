"""The line in which a cable names itself, such as `UNCLAS SECTION 01 OF 02 RIGA 000028`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding
from cablecrawl.cabletext.heading import Heading

# "C O N F I D E N T I A L", "S E C R E T", "UNCLAS", in any case, with or without blanks. Some
# cables have lost the first letter.
CLASSIFICATION = (
    r"(?:(?:C ?)?O ?N ?F ?I ?D ?E ?N ?T ?I ?A ?L"
    r"|(?:S ?)?E ?C ?R ?E ?T"
    r"|U ?N ?C ?L ?A ?S(?:SIFIED)?)(?![A-Z])"
)

# Captions that stand on the line of the classification.
CAPTIONS = r"(?:[ \t/]{0,4}(?:FOR OFFICIAL USE ONLY|FOUO|NOFORN|SENSITIVE|E ?F ?T ?O|SIPDIS)){0,3}"

# "SECTION 01 OF 02" of a long cable; "PAGE 01" of a paper printout.
SECTION = r"(?:(?:FINAL )?SECTION \d{1,2} OF \d{1,2})?"
PAGE = r"(?:PAGE \d{1,2})?"

# Blanks between them, perhaps with the end of the line.
GAP = r"[ \t\r]{0,12}\n?[ \t]{0,12}"

# A post of up to five words and a number: "RIGA 000028", "PORT AU PRINCE 000943".
POST = r"(?P<post>(?!PAGE\b)[A-Z][A-Z']{1,20}(?:[ .-]{1,2}[A-Z']{2,20}){0,4})"
# Not the "02" of "SECTIN 02 OF 02", whose misspelling makes it look like a post.
SERIAL = r"(?P<serial>\d{2,8})(?![\w/]| {1,2}OF {1,2}\d)"

# "05461" in 2000, "005461" later; numbers from before 1973 are not padded.
PADDED = 5
LINE_END = re.compile(r"[ \t\r]*(?:\n|\Z)")

# The classification line with all of these, over one to three lines.
CLASSIFICATION_LINE = re.compile(
    CLASSIFICATION
    + CAPTIONS
    + GAP
    + SECTION
    + GAP
    + PAGE
    + r"[ \t]{0,12}"
    + POST
    + r"[ \t]{1,12}"
    + SERIAL,
    re.I,
)

# "ASTANA 00001033  002 OF 003": printed where a transmission was cut into sections. It cuts
# the post to ten letters.
SECTION_MARK = re.compile(
    r"[ \t]{0,12}(?P<post>[A-Z][A-Z .]{1,15}?) {1,8}(?P<serial>\d{8})"
    r" {1,3}\d{3}(?:\.\d)? OF \d{3}\b"
)
IN_SECTION_MARK = " OF 0"
LONGEST_SECTION_MARK = 60


def read_own_id(heading: Heading) -> Iterator[Finding]:
    """Each different ID the body gives itself, as "POST 28".

    The ID line comes first. A further Finding has another number than those before it, and
    tells of a second cable in the same body.
    """
    serials: set[int] = set()
    for match in _classification_lines(heading):
        yield from _own_id(match, serials, "classification_line/1")
    for match in _section_marks(heading.text):
        yield from _own_id(match, serials, "section_mark/1")


def _own_id(match: re.Match[str], serials: set[int], rule: str) -> Iterator[Finding]:
    post, serial = " ".join(match["post"].upper().split()), int(match["serial"])
    # Where the post itself was taken out, or the number is garbled, there is no ID to read.
    if serial and serial not in serials and "XXX" not in post:
        serials.add(serial)
        start, end = match.start("post"), match.end("serial")
        yield Finding("own_id", f"{post} {serial}", "body", start, end, rule)


def _classification_lines(heading: Heading) -> list[re.Match[str]]:
    text, end = heading.text, heading.end
    at_labels = (
        CLASSIFICATION_LINE.match(text, block.start, end)
        for block in heading.blocks
        if block.kind == "classification"
    )
    if found := [match for match in at_labels if match]:
        return found
    # The search over all of the heading takes four times as long as all else here. It meets
    # prose as well ("secret police 40"), so the number must be padded or end its line.
    searched = CLASSIFICATION_LINE.finditer(text, 0, end)
    return [m for m in searched if len(m["serial"]) >= PADDED or LINE_END.match(text, m.end())]


def _section_marks(body: str) -> Iterator[re.Match[str]]:
    found = body.find(IN_SECTION_MARK)
    while found >= 0:
        line = body.rfind("\n", max(0, found - LONGEST_SECTION_MARK), found) + 1
        if line and (match := SECTION_MARK.match(body, line)):
            yield match
        found = body.find(IN_SECTION_MARK, found + 1)
