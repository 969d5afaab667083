"""The lines in which a body names its cable, such as `UNCLAS SECTION 01 OF 02 RIGA 000028`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cablecrawl.cabletext.finding import Finding
from cablecrawl.cabletext.heading import Heading
from cablecrawl.cabletext.routing import DTG, LONGEST_ROUTING, MESSAGE_NUMBER
from cablecrawl.posts import posts
from cablecrawl.reference_id import PUNCTUATION, from_body_line, parse

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

# Below the heading a line of this kind is looked for only where a classification is spelt out as
# those lines have it: by what they end with, since finding that is cheap.
ENDS_OF_CLASSIFICATION = ("T I A L", "C R E T", "UNCLAS")
LONGEST_CLASSIFICATION = len("C O N F I D E N T I A L")
LONGEST_LINE = 200

# A cable may pass another one on: "FOLLOWING RIGA 000028 IS REPEATED FOR YOUR ACTION. QUOTE".
# A line announced so is part of the message, and tells of no other cable.
ANNOUNCED = re.compile(
    r"\b(?:QUOTE|FOLLOWING|REPEAT|RETRANSMI|FORWARD|READDRESS|TEXT OF"
    r"|BEGIN (?:TEXT|CABLE|MESSAGE))",
    re.I,
)
LONGEST_ANNOUNCEMENT = 400

# "ASTANA 00001033  002 OF 003": printed where a transmission was cut into sections. It cuts
# the post to ten letters.
SECTION_MARK = re.compile(
    r"[ \t]{0,12}(?P<post>[A-Z][A-Z .]{1,15}?) {1,8}(?P<serial>\d{8})"
    r" {1,3}\d{3}(?:\.\d)? OF \d{3}\b"
)
IN_SECTION_MARK = " OF 0"
SECTION_MARK_RULE = "section_mark/1"
LONGEST_SECTION_MARK = 60

# What stands above a cable's ID line and has its year: the record that a dump begins it with,
# "50133  2006-01-19  06RIGA131", or the routing lines, with "DE RUEHRA #0131" and a date.
RECORD = re.compile(
    r"(?<!\d)\d{1,6}[\s,]{1,4}"
    r"(?:\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4})(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?[\s,]{1,4}"
    r"(?P<id>\d\d[A-Z]{3,21}\d{1,6})\b"
)


def read_own_id(heading: Heading) -> Iterator[Finding]:
    """Each different ID the body gives itself, as "POST 28".

    The ID line comes first. A further Finding has another number than those before it, and
    tells of a second cable in the same body, or of sections of one. A line that announces a
    cable passed on is none.
    """
    serials: set[int] = set()
    matches = _classification_lines(heading)
    for match in _not_announced(matches, serials):
        yield from _own_id(match, serials, "classification_line/2")
    first_end = matches[0].end() if matches else 0
    for match in _not_announced(_lines_below(heading.text, first_end), serials):
        yield from _own_id(match, serials, "classification_line_below/1")
    for match in _section_marks(heading.text):
        yield from _own_id(match, serials, SECTION_MARK_RULE)


def reference_id_above(body: str, line: Finding) -> tuple[str, int, int, str] | None:
    """The full ID of a line of read_own_id, its place in the body, and the rule that found it.

    The line has no year. A record above it has, and so has a date-time group under a sender's
    line of the same number. None where nothing of the kind stands there.
    """
    start = max(0, line.start - LONGEST_ROUTING)
    for record in reversed(list(RECORD.finditer(body, start, line.start))):
        named = parse(record["id"])
        own = from_body_line(line.value, record["id"][:2])
        if named is not None and own is not None and named.canonical == own.canonical:
            return named.canonical, *record.span("id"), "record_above/1"
    for sender in reversed(list(MESSAGE_NUMBER.finditer(body, start, line.start))):
        if int(sender["number"]) % 10_000 != int(line.value.rpartition(" ")[2]) % 10_000:
            continue
        dtg = DTG.search(body, sender.end(), line.start)
        own = from_body_line(line.value, dtg["dtg"][-2:]) if dtg else None
        if dtg is not None and own is not None:
            return own.canonical, *dtg.span("dtg"), "date_time_group_above/1"
    return None


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
    return [m for m in searched if _is_padded(m) or LINE_END.match(text, m.end())]


def _lines_below(body: str, start: int) -> Iterator[re.Match[str]]:
    """Classification lines of known posts from `start` on, in order."""
    places = []
    for end_of_classification in ENDS_OF_CLASSIFICATION:
        found = body.find(end_of_classification, start)
        while found >= 0:
            places.append(found)
            found = body.find(end_of_classification, found + 1)
    for place in sorted(places):
        earliest = max(start, place - LONGEST_CLASSIFICATION)
        match = CLASSIFICATION_LINE.search(body, earliest, place + LONGEST_LINE)
        if match and match.start() <= place < match.start("post") and _is_padded(match):
            if posts().spelt(PUNCTUATION.sub("", match["post"].upper())):
                yield match


def _is_padded(match: re.Match[str]) -> bool:
    return len(match["serial"]) >= PADDED


def _not_announced(matches: Iterable[re.Match[str]], serials: set[int]) -> Iterator[re.Match[str]]:
    """All but those of cables passed on, whose numbers are added to `serials`."""
    for number, match in enumerate(matches):
        start = match.start()
        if (number or serials) and ANNOUNCED.search(
            match.string, max(0, start - LONGEST_ANNOUNCEMENT), start
        ):
            serials.add(int(match["serial"]))
        else:
            yield match


def _section_marks(body: str) -> Iterator[re.Match[str]]:
    found = body.find(IN_SECTION_MARK)
    while found >= 0:
        line = body.rfind("\n", max(0, found - LONGEST_SECTION_MARK), found) + 1
        if line and (match := SECTION_MARK.match(body, line)):
            yield match
        found = body.find(IN_SECTION_MARK, found + 1)
