"""What a layout finds on a page: cables, index entries, links, and what each stretch is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

BLANKS = " \t\r\f\v\n"


class Span(NamedTuple):
    """A stretch of page text; end is exclusive."""

    start: int
    end: int


class Region(NamedTuple):
    """A stretch of page text that is no cable, named for the boilerplate rules."""

    start: int
    end: int
    name: str


class Found(NamedTuple):
    """A value that a page states, and where in its page text."""

    field: str
    value: str
    """Normalised."""
    span: Span
    asserted_by: str
    """Whose statement it is: `wikileaks_page`, …"""
    rule: str
    """The step that read it, `name/version`."""
    in_document: Span | None = None
    """Where in the document it stands, for what no reader sees, such as a link's address; the
    span is then empty."""


class Excerpt:
    """A stretch of page text less what the source put into it, with a map back."""

    def __init__(self, page_text: str, span: Span, removed: Iterable[Span] = ()) -> None:
        """Leading and trailing blank lines are cut; `removed` are spans inside, in order."""
        pieces: list[tuple[int, str]] = []
        position = span.start
        for gap in (*removed, Span(span.end, span.end)):
            if gap.start > position:
                pieces.append((position, page_text[position : gap.start]))
            position = gap.end
        self._join(pieces)

    def _join(self, pieces: list[tuple[int, str]]) -> None:
        """Make the text of pieces of page text and their positions there."""
        self._offsets: list[int] = []
        self._positions: list[int] = []
        length = 0
        for position, piece in pieces:
            self._offsets.append(length)
            self._positions.append(position)
            length += len(piece)
        text = "".join([piece for _, piece in pieces])
        # Blank lines are cut; the indentation of the first line and the blanks that end the
        # last one are the cable's.
        begin = len(text) - len(text.lstrip(BLANKS))
        self._cut = text.rfind("\n", 0, begin) + 1
        end = text.find("\n", len(text.rstrip(BLANKS)))
        self.text = "" if begin == len(text) else text[self._cut : end if end != -1 else None]

    def without(self, spans: Iterable[Span]) -> Excerpt:
        """The excerpt less stretches of its text, given in order and apart; it stays as it is."""
        removed = iter((*spans, Span(len(self.text), len(self.text))))
        gap = next(removed)
        pieces: list[tuple[int, str]] = []
        start = 0
        for span in self.spans():
            end = start + span.end - span.start
            position = start
            while True:
                if gap.start > position:
                    stop = min(gap.start, end)
                    pieces.append((span.start + position - start, self.text[position:stop]))
                position = max(position, gap.end)
                if gap.end >= end:
                    break
                gap = next(removed)
            start = end
        shorter = Excerpt.__new__(Excerpt)
        shorter._join(pieces)
        return shorter

    def locate(self, start: int, end: int) -> Span:
        """Where [start, end) of the excerpt's text stands in the page text.

        The span covers what was taken out between its ends. Raises IndexError for an empty
        span or one outside the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"[{start}, {end}) is no span of an excerpt of {len(self.text)}")
        start, end = start + self._cut, end + self._cut
        piece = bisect_right(self._offsets, start) - 1
        on = self._positions[piece] - self._offsets[piece]
        following = piece + 1
        if following < len(self._offsets) and self._offsets[following] < end:
            return Span(start + on, self._position(end - 1) + 1)
        return Span(start + on, end + on)  # all in one piece: most values are

    def spans(self) -> list[Span]:
        """The stretches of page text that the excerpt is made of, in order."""
        if not self.text:
            return []
        first, last = self._cut, self._cut + len(self.text)
        ends = [*self._offsets[1:], last]
        return [
            Span(position + max(first - offset, 0), position + min(end, last) - offset)
            for offset, position, end in zip(self._offsets, self._positions, ends, strict=True)
            if end > first and offset < last
        ]

    def _position(self, offset: int) -> int:
        piece = bisect_right(self._offsets, offset) - 1
        return self._positions[piece] + offset - self._offsets[piece]


@dataclass(slots=True)
class CableOnPage:
    """One cable as a page shows it."""

    stated_id: Found
    """The reference ID as the page states it."""
    fields: list[Found]
    header: Excerpt
    body: Excerpt
    ordinal: int = 0
    """Which cable of the page it is, from 0."""
    post: str | None = None
    """On a page that holds many posts: the reference to the post that the cable is of, as
    written. It is read from here where the post's own page is gone. None: it is the page's."""


@dataclass(slots=True)
class PageReading:
    """What a layout reads from one page."""

    layout: str
    cables: list[CableOnPage] = field(default_factory=list)
    page_fields: list[Found] = field(default_factory=list)
    """What the page states of itself: its build counter, …"""
    chrome_sha256: str | None = None
    """The fingerprint of the build's chrome, where the layout has one."""
    regions: list[Region] = field(default_factory=list)
    is_index: bool = False
    is_folder_listing: bool = False
    """It says that there are pages, not all that the site publishes: a server's own list of
    files, a front page with links to some numbers."""
    cable_links: list[str] = field(default_factory=list)
    """References to cable pages on an index page, as written."""
    index_links: list[str] = field(default_factory=list)
    """References to further index pages, as written."""
    has_no_cable: bool = False
    """It need not give one, whatever its address: a post that only speaks of cables, or a page
    that says, with status 200, that there is nothing here."""
    problem: str | None = None
    """Why a page that should give a cable does not: `reason: what was found`."""


def trim(text: str, start: int, end: int) -> Span:
    """The span less white space at both ends; empty spans stay where they start."""
    stripped = text[start:end].lstrip()
    start = end - len(stripped)
    return Span(start, start + len(stripped.rstrip()))
