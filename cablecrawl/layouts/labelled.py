"""A block of labels and values, in any markup: `Origin: US Office Almaty`.

In page text the cells of a table are parted by tabs, and terms, list items and paragraphs by
line breaks. So every block is a row of cells: a label with its value behind a colon, or a label
alone and its value in the next cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cablecrawl.cabletext.extent import CLASSIFICATION_LINE, PARTIAL_NOTICE, split_header
from cablecrawl.layouts.page import Span, trim
from cablecrawl.reference_id import parse

KEYS = "identifier|wikileaks|origin|created|classification|tags|redacted|title"

# "Created:", "Cable identifier:", "Created on (UTC):"; without the colon where the value stands
# in the next cell.
LABEL = re.compile(
    rf"(?:[a-z]{{1,15}}[ ]){{0,3}}?(?P<key>{KEYS})(?:[ ](?:[a-z]{{1,15}}|\([^()]{{1,20}}\))){{0,3}}"
    r"[ ]{0,20}(?P<colon>:{1,2}|$)",
    re.I,
)
# Another label on the same line: inline elements leave no mark in the page text.
NEXT_LABEL = re.compile(
    r"(?<=[ |;,])(?:Identifier|Wikileaks|Origin|Created|Classification|Tags|Redacted)"
    r"(?: on)?(?: \([^()]{1,20}\))?:"
)
BETWEEN = " \t|;,·•"
# Values that say by themselves what they are.
REDACTED = re.compile(r"This cable was (?P<no>not )?redacted by Wikileaks\b\.?(?![^\n\t]*\w)", re.I)
WIKILEAKS_LINK = re.compile(r"View\b.{0,100}\bat Wikileaks\b[\w.]*$", re.I)
BARE = {"redacted": REDACTED, "wikileaks": WIKILEAKS_LINK}

# "05ALMATY4281 (permanent link)"
REFERENCE_ID = re.compile(r"(?P<id>[\w-]+)(?: ?[(\[|·,;–-].{0,80})?")
CELL = re.compile(r"[^\n\t]+")

# A block has seven labels; some lines more stand in it that are not known.
LONGEST_BLOCK = 3_000
LINES_ABOVE = 30
UNKNOWN_CELLS = 4
LONGEST_UNKNOWN = 200
# Times that the word is looked at: a body may say it, and the block stands above the body.
IDENTIFIERS = 20


class Pair(NamedTuple):
    """A label and its value; either may be an empty span."""

    key: str
    """One of KEYS."""
    label: Span
    value: Span


@dataclass(frozen=True, slots=True)
class Block:
    """The labels of one page, in their order."""

    pairs: tuple[Pair, ...]
    stated_id: Span | None
    """The reference ID in the identifier's value; None where that is empty or another thing."""

    @property
    def start(self) -> int:
        return self.pairs[0].label.start

    @property
    def end(self) -> int:
        return max(self.pairs[-1].label.end, self.pairs[-1].value.end)

    def weight(self) -> tuple[int, int]:
        """How many labels have values, and how many there are."""
        values = sum(pair.value.end > pair.value.start for pair in self.pairs)
        return values, len(self.pairs)

    def of(self, key: str) -> Pair | None:
        """The pair of a label, where the page has it."""
        return next((pair for pair in self.pairs if pair.key == key), None)


class _Form(NamedTuple):
    """How a page writes its labels, as told by the one of the identifier."""

    case: str
    value_gap: int
    """Line breaks between a label and its value."""


def find_block(text: str, ends: list[int]) -> Block | None:
    """The labels around the first identifier that is a reference ID, or around the first.

    `ends`: positions that no block goes beyond, in order; the first behind the identifier counts.
    """
    without_id = None
    position = -1
    for _ in range(IDENTIFIERS):
        position = _find_word(text, position + 1)
        if position < 0:
            break
        block = _block_at(text, position, ends)
        if block is not None and block.stated_id is not None:
            return block
        without_id = without_id or block
    return without_id


def _find_word(text: str, start: int) -> int:
    found = (text.find(word, start) for word in ("dentifier", "DENTIFIER"))
    return min((position for position in found if position >= 0), default=-1)


def _block_at(text: str, position: int, ends: list[int]) -> Block | None:
    line_start = text.rfind("\n", 0, position) + 1
    limit = min([end for end in ends if end > position] + [line_start + LONGEST_BLOCK, len(text)])
    cells = _cells(text, line_start, limit)
    label = None
    for cell in cells:
        if cell.start > position:
            return None
        if cell.end > position:
            label = _label_in(text, cell)
            break
    if label is None or label[0] != "identifier":
        return None
    gap = 0
    if label[2].start == label[2].end and (following := next(cells, None)) is not None:
        gap = text.count("\n", cell.end, following.start)
    form = _Form(_case(text[label[1].start : label[1].end]), min(gap, 2))
    blocks = []
    for start in _lines_above(text, line_start):
        pairs = tuple(_pairs(text, start, limit, form))
        own = next((pair for pair in pairs if pair.label == label[1]), None)
        if own is not None:
            blocks.append(Block(pairs, _reference_id(text, own.value)))
    # A menu above the block has the same words and no values.
    return max(blocks, key=Block.weight, default=None)


def _lines_above(text: str, line_start: int) -> list[int]:
    """Where the block may begin: starts of lines, the highest first, the identifier's own last."""
    starts = [line_start]
    while len(starts) <= LINES_ABOVE and starts[-1] > 0:
        starts.append(text.rfind("\n", 0, starts[-1] - 1) + 1)
        if line_start - starts[-1] > LONGEST_BLOCK:
            break
    return [start for start in reversed(starts) if _begins_with_label(text, start)]


def _begins_with_label(text: str, start: int) -> bool:
    cell = next(_cells(text, start, _end_of_line(text, start)), None)
    return cell is not None and (_label_in(text, cell) or _bare_key(text, cell)) is not None


def _pairs(text: str, start: int, end: int, form: _Form) -> Iterator[Pair]:
    """Labels and values from `start` on, to the first thing that is none, or is the cable."""
    seen: set[str] = set()
    waiting: tuple[str, Span] | None = None
    unknown = 0
    previous = start
    for cell in _cells(text, start, end):
        label = _label_in(text, cell)
        bare = _bare_key(text, cell)
        gap = text.count("\n", previous, cell.start)
        previous = cell.end
        if waiting is not None:
            key, name = waiting
            waiting = None
            is_value = gap <= form.value_gap and (label is None or bare is not None)
            if is_value and not _is_cable_for(text, cell, key):
                yield Pair(key, name, cell)
                continue
            yield Pair(key, name, Span(name.end, name.end))
        if bare is not None and bare not in seen:
            seen.add(bare)
            unknown = 0
            yield Pair(bare, Span(cell.start, cell.start), cell)
        elif (
            label is not None
            and label[0] not in seen
            and form.case == _case(text[label[1].start : label[1].end])
        ):
            seen.add(label[0])
            unknown = 0
            if label[2].end > label[2].start:
                yield Pair(*label)
            else:
                waiting = label[0], label[1]
        else:
            unknown += 1
            is_long = cell.end - cell.start > LONGEST_UNKNOWN
            if unknown > UNKNOWN_CELLS or is_long or _begins_cable(text, cell):
                return
            if label is not None:  # one that was there, or is written otherwise: the cable's own
                return
    if waiting is not None:
        yield Pair(*waiting, Span(waiting[1].end, waiting[1].end))


def _cells(text: str, start: int, end: int) -> Iterator[Span]:
    for match in CELL.finditer(text, start, end):
        position = match.start()
        for label in NEXT_LABEL.finditer(text, *match.span()):
            if (
                text.find(":", position, label.start()) >= 0
            ):  # else it is one label: "At Wikileaks:"
                yield from _nonempty(text, position, label.start())
                position = label.start()
        yield from _nonempty(text, position, match.end())


def _nonempty(text: str, start: int, end: int) -> Iterator[Span]:
    span = trim(text, start, end)
    if span.end > span.start:
        yield span


def _label_in(text: str, cell: Span) -> Pair | None:
    """The label at the start of a cell, and the value behind it."""
    match = LABEL.match(text, *cell)
    if match is None:
        return None
    key = match["key"].lower()
    if key == "wikileaks" and (other := LABEL.match(text, match.end("key") + 1, cell.end)):
        key = other["key"].lower()  # "Wikileaks identifier"
    end = match.end() if match["colon"] else len(text[: match.end()].rstrip())
    value = trim(text, match.end(), cell.end)
    stop = value.start + len(text[value.start : value.end].rstrip(BETWEEN))
    return Pair(key, Span(cell.start, end), Span(value.start, stop))


def _bare_key(text: str, cell: Span) -> str | None:
    for key, pattern in BARE.items():
        if pattern.match(text, *cell):
            return key
    return None


def _begins_cable(text: str, cell: Span) -> bool:
    """Whether a cell is the first line of a header or of a body."""
    if CLASSIFICATION_LINE.match(text, *cell):
        return True
    return split_header(text[cell.start : min(cell.end, cell.start + 200)]) > 0


def _is_cable_for(text: str, cell: Span, key: str) -> bool:
    """Whether what stands where a label has its value is the cable, the label having none.

    Tags can read as a routing line does (`RP PREL`), a classification as a body's first line.
    """
    if key != "classification" and CLASSIFICATION_LINE.match(text, *cell):
        return True
    return text.startswith(("VZCZC", PARTIAL_NOTICE), cell.start, cell.end)


def _reference_id(text: str, value: Span) -> Span | None:
    """The reference ID that a value is, or begins with."""
    if parse(text[value.start : value.end]) is not None:
        return value
    match = REFERENCE_ID.fullmatch(text, *value)
    if match is not None and parse(match["id"]) is not None:
        return Span(*match.span("id"))
    return None


def _case(label: str) -> str:
    word = label.partition(" ")[0].rstrip(":")
    if word.isupper():
        return "upper"
    return "title" if word[:1].isupper() else "lower"


def _end_of_line(text: str, start: int) -> int:
    limit = min(start + LONGEST_BLOCK, len(text))
    end = text.find("\n", start, limit)
    return end if end >= 0 else limit
