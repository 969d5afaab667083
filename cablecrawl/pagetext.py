"""The page text: what a reader sees of a document, with a map back to its characters.

One pass over the document, without a tree: nesting costs nothing, and no character is lost
to a parser's repair. Text outside `<pre>` has its white space collapsed as a browser does;
block elements begin new lines and cells are parted by tabs. Tags are kept in a flat list
with their positions, for layouts to find their way by.

WikiLeaks never escaped what it put into its `<code><pre>`: there `&#x000A;` is a line break,
the links and paragraph anchors are tags, and everything else is text (`<<Israel>`, `&note`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

# A tag as the HTML standard tokenises it. Possessive, so that a failed match costs one scan.
TAG = re.compile(
    r"""<(?P<closing>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?:[^>"']++|"[^"]*+"|'[^']*+')*+>"""
)
# The same without regard to quotes: for a document in which one is never closed.
PLAIN_TAG = re.compile(r"<(?P<closing>/?)(?P<name>[a-zA-Z][^\s/>]*+)[^>]*+>")
TEXT_THEN_TAG = re.compile(rf"([^<]*+){TAG.pattern}")
COMMENT = re.compile(r"<!--(?:>|->|.*?(?:-->|\Z))|<[!?][^>]*+>?", re.S)
# Where markup may begin; any other "<" is text.
MARKUP = re.compile(r"<(?:[a-zA-Z!?]|/(?=[a-zA-Z]))")
ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);?")
# Longer ones are no character, and int() refuses those of 4,300 digits.
LONGEST_NUMBER = 64
# Line breaks of plain text that are not a single "\n".
PLAIN_LINE_BREAK = re.compile(r"\r\n?")
PRE_TOKEN = re.compile(rf"\r\n?|{ENTITY.pattern}")
WHITE_SPACE = " \t\n\r\f"
# White space that shows as one space; a single space is text like any other.
COLLAPSED = re.compile(r" *+[\t\n\r\f][ \t\n\r\f]*+|  ++")
# What is markup inside WikiLeaks' own <pre>: the line break, tag links, paragraph anchors.
RAW_LINE_BREAK = "&#x000A;"
# No link goes over a line break.
RAW_LINK = re.compile(
    r"(<(?:a\s+(?:id|name|href|class)\s*=[^<>&]*+(?:&(?!#x000A;)[^<>&]*+)*+|/a)>)"
)
END_OF_RAW = re.compile(r"</pre>\s*</code>", re.I)

# Elements whose content is not shown; it ends at the first closing tag, whatever stands between.
UNSEEN = {
    name: re.compile(rf"</{name}[\s/>]", re.I)
    for name in ("script", "style", "title", "template", "iframe", "noembed", "noframes")
}
# Elements whose content is read in another way than what stands around them.
READ_OTHERWISE = frozenset(("pre", *UNSEEN))
# How elements part the text: by a blank line (2), a new line (1), or as <br> and cells do (0).
LINE_BREAKS = {
    **dict.fromkeys(
        "p blockquote h1 h2 h3 h4 h5 h6 ul ol dl pre table figure hr fieldset address".split(), 2
    ),
    **dict.fromkeys(
        "div li tr dt dd article section header footer nav aside main form body center caption"
        " thead tbody tfoot option legend details summary".split(),
        1,
    ),
    **dict.fromkeys(("br", "td", "th"), 0),
}

# Tags and stretches of text that a page may have. Real ones have 6,000 at the most; the time
# for a page grows with them (4 to 13 microseconds each), and one page may take a second.
MAX_PARTS = 75_000

# A shared beginning shorter than this is not worth keeping.
MIN_PREFIX = 4096
# Builds seen at once in a torn or mixed mirror: a handful.
MAX_PREFIXES = 12
# A longer document is no page of a build, and would only take up memory.
LONGEST_KEPT = 1_000_000
# A passage of fewer lines saves nothing; it is looked up by its first characters.
MIN_PASSAGE_LINES = 4
PASSAGE_KEY = 24
# Lines behind the beginning, where passages are looked for: the most on a real cable page are 150.
MAX_LINES_COMPARED = 500
# The second to fourth page of a build are looked through for passages, and every 64th: each kind
# of its pages comes to its turn.
LOOKED_THROUGH = frozenset((1, 2, 3))
LOOKED_THROUGH_AGAIN = 64
# Of a build; a cable page has five, the longest of 1,712 characters, each in one situation. The
# bounds are for pages that are made to fill the memory.
LONGEST_PASSAGE = 5_000
MAX_PASSAGES = 32
MAX_ALIKE = 4
MAX_SITUATIONS = 4


class TooComplexError(ValueError):
    """The document has more parts than MAX_PARTS: nothing of it is read."""


class Tag(NamedTuple):
    """A tag in the document, and where in the page text it stands."""

    name: str
    """Lower case."""
    closing: bool
    start: int
    end: int
    """Position in the document, in characters; end is exclusive."""
    text_pos: int
    """Characters of page text before it."""


@dataclass(slots=True)
class PageText:
    """A document's page text with its source map."""

    document: str
    text: str
    tags: list[Tag]
    _run_text: list[int] = field(repr=False)
    _run_start: list[int] = field(repr=False)
    _run_end: list[int] = field(repr=False)
    shared: str = field(default="", repr=False, compare=False)
    """The beginning of the document that other pages of its build have too: one string for all
    of them, so that what depends on it alone need be computed but once."""

    def to_document(self, start: int, end: int) -> tuple[int, int]:
        """The span of the document that shows as the page text's [start, end).

        Raises IndexError where the span is empty or outside the page text.
        """
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"[{start}, {end}) is no span of a page text of {len(self.text)}")
        run_text = self._run_text
        first = bisect_right(run_text, start) - 1
        document_start = self._run_start[first]
        begin = run_text[first]
        behind = run_text[first + 1] if first + 1 < len(run_text) else len(self.text)
        if behind - begin == self._run_end[first] - document_start:  # verbatim
            offset = document_start - begin
            if end <= behind:
                return start + offset, end + offset  # all in one stretch: most values are
            document_start = start + offset
        last = bisect_right(run_text, end - 1, first) - 1
        if self._is_verbatim(last):
            return document_start, self._run_start[last] + end - run_text[last]
        return document_start, self._run_end[last]

    def from_document(self, start: int, end: int) -> tuple[int, int]:
        """The span of the page text that the document's [start, end) shows as; may be empty.

        What shows as something else, such as an entity, is in it whole.
        """
        first = bisect_right(self._run_end, start)
        last = bisect_left(self._run_start, end) - 1
        if first > last:
            place = self._run_text[first] if first < len(self._run_text) else len(self.text)
            return place, place
        begin = self._run_text[first]
        if self._is_verbatim(first):
            begin += max(start - self._run_start[first], 0)
        stop = self._run_text[last + 1] if last + 1 < len(self._run_text) else len(self.text)
        if self._is_verbatim(last):
            stop = self._run_text[last] + min(end, self._run_end[last]) - self._run_start[last]
        return begin, stop

    def _is_verbatim(self, run: int) -> bool:
        begin = self._run_text[run]
        after = self._run_text[run + 1] if run + 1 < len(self._run_text) else len(self.text)
        return after - begin == self._run_end[run] - self._run_start[run]


_Situation = tuple[object, ...]
"""What the reading of what follows depends on, with positions counted from here."""


class _Mark(NamedTuple):
    """How far a pass has come: positions in document and page text, and what it has made so far."""

    position: int
    length: int
    pieces: int
    tags: int
    runs: int
    references: int


_START = _Mark(0, 0, 0, 0, 0, 0)


class _Stretch(NamedTuple):
    """What the pass made of a stretch of a document.

    Where the same stretch is met again, in the same situation, it makes the same of it, all
    positions moved.
    """

    position: int
    length: int
    """Where it began in the document and in the page text."""
    end: int
    end_length: int
    """Where it ended."""
    text: str
    tags: list[Tag]
    run_text: list[int]
    run_start: list[int]
    run_end: list[int]
    references: int
    after: tuple[int, int, tuple[int, int], bool, bool, int]
    """Space, breaks, their span, cell, line_start, pre_depth."""


@dataclass(slots=True)
class _Passage:
    """Lines that pages of a build share, and what the pass made of them."""

    document: str
    """As they stand in the document."""
    stretches: dict[_Situation, _Stretch] = field(default_factory=dict)


@dataclass(slots=True)
class _Pass:
    """The state of the one pass: everything that a later character can depend on."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    tags: list[Tag] = field(default_factory=list)
    run_text: list[int] = field(default_factory=list)
    run_start: list[int] = field(default_factory=list)
    run_end: list[int] = field(default_factory=list)
    position: int = 0
    """Characters of the document read."""
    space: int = -1
    """Where white space was seen that will show if text follows on the line."""
    breaks: int = 0
    """Line breaks due before the next text."""
    break_span: tuple[int, int] = (0, 0)
    cell: bool = False
    """A tab is due before the next text: it begins another cell of the row."""
    line_start: bool = True
    pre_depth: int = 0
    ignores_quotes: bool = False
    references: int = 0
    next_end_of_raw: int = -1
    next_newline: int = -1

    def situation(self) -> _Situation:
        """All that what is made of the following depends on, wherever it stands."""
        at = self.position
        return (
            self.space - at if self.space >= 0 else None,
            self.breaks,
            (self.break_span[0] - at, self.break_span[1] - at)
            if self.breaks or self.cell
            else None,
            self.cell,
            self.line_start,
            self.pre_depth,
            self.length > 0,
        )

    def mark(self) -> _Mark:
        return _Mark(
            self.position,
            self.length,
            len(self.pieces),
            len(self.tags),
            len(self.run_text),
            self.references,
        )

    def stretch_since(self, mark: _Mark) -> _Stretch:
        """What was made of the document since then."""
        return _Stretch(
            mark.position,
            mark.length,
            self.position,
            self.length,
            "".join(self.pieces[mark.pieces :]),
            self.tags[mark.tags :],
            self.run_text[mark.runs :],
            self.run_start[mark.runs :],
            self.run_end[mark.runs :],
            self.references - mark.references,
            (
                self.space,
                self.breaks,
                self.break_span,
                self.cell,
                self.line_start,
                self.pre_depth,
            ),
        )

    def take(self, stretch: _Stretch) -> None:
        """Go on to the end of a stretch that the document has here, as if it had been read."""
        self.pieces.append(stretch.text)
        self.references += stretch.references
        self.space, self.breaks, self.break_span, self.cell, self.line_start, self.pre_depth = (
            stretch.after
        )
        on = self.position - stretch.position
        on_text = self.length - stretch.length
        self.position = stretch.end + on
        self.length = stretch.end_length + on_text
        if not on and not on_text:
            self.tags += stretch.tags
            self.run_text += stretch.run_text
            self.run_start += stretch.run_start
            self.run_end += stretch.run_end
            return
        new_tag = tuple.__new__
        self.tags += [
            new_tag(Tag, (name, closing, start + on, end + on, text_pos + on_text))
            for name, closing, start, end, text_pos in stretch.tags
        ]
        self.run_text += [position + on_text for position in stretch.run_text]
        self.run_start += [position + on for position in stretch.run_start]
        self.run_end += [position + on for position in stretch.run_end]
        if self.space >= 0:
            self.space += on
        self.break_span = (self.break_span[0] + on, self.break_span[1] + on)

    def has_room_for(self, stretch: _Stretch) -> bool:
        """Whether it stays within what a page may have."""
        return (
            len(self.tags) + len(stretch.tags) <= MAX_PARTS
            and len(self.run_text) + len(stretch.run_text) <= MAX_PARTS
            and self.references + stretch.references <= MAX_PARTS
        )

    def take_passage(self, document: str, passages: Sequence[_Passage]) -> bool:
        """Go on to the end of the first of the passages that stands here; whether one does."""
        for passage in passages:
            if document.startswith(passage.document, self.position):
                situation = self.situation()
                stretch = passage.stretches.get(situation)
                if stretch is None:
                    return self._read_passage(document, passage, situation)
                if self.has_room_for(stretch):
                    self.take(stretch)
                    return True
        return False

    def _read_passage(self, document: str, passage: _Passage, situation: _Situation) -> bool:
        """Read a passage, and keep what it makes in this situation; whether it has any tags."""
        mark = self.mark()
        end = self.position + len(passage.document)
        self.run(document, stop=min(end, len(document) - 1))
        if self.position == mark.position:
            return False
        # That a quote is never closed is known from the document's end only.
        if not self.ignores_quotes and len(passage.stretches) < MAX_SITUATIONS:
            passage.stretches[situation] = self.stretch_since(mark)
        return True

    def emit(self, piece: str, start: int, end: int) -> None:
        """Add text that the document has at [start, end)."""
        if len(self.run_text) > MAX_PARTS:
            raise TooComplexError(f"more than {MAX_PARTS:,} stretches of text")
        self.pieces.append(piece)
        self.run_text.append(self.length)
        self.run_start.append(start)
        self.run_end.append(end)
        self.length += len(piece)

    def flush_breaks(self, before_text: int) -> None:
        """Emit what is due before text that begins at `before_text`."""
        if self.breaks:
            if self.length:
                self.emit("\n" * self.breaks, *self.break_span)
            self.breaks = 0
            self.cell = False
            self.line_start = True
        if self.cell:
            self.emit("\t", *self.break_span)
            self.cell = False
            self.line_start = True
        if self.space >= 0:
            if not self.line_start:
                self.emit(" ", self.space, before_text)
            self.space = -1
        self.line_start = False

    def run(
        self,
        document: str,
        *,
        stop: int | None = None,
        passages: Mapping[str, Sequence[_Passage]] | None = None,
    ) -> None:
        """Read on to the end of the document, or to the last tag that ends by `stop`.

        With `stop`, nothing is read whose meaning depends on what stands behind it.
        `passages`: those that may come, by their first PASSAGE_KEY characters.
        """
        limit = len(document) if stop is None else stop
        last_end_of_tag = document.rfind(">")
        tags = self.tags
        new_tag = tuple.__new__
        while self.position < limit:
            start = self.position
            if (
                passages
                and not self.ignores_quotes
                and (here := passages.get(document[start : start + PASSAGE_KEY]))
                and self.take_passage(document, here)
            ):
                continue
            token = None if self.ignores_quotes else TEXT_THEN_TAG.match(document, start)
            if token is not None:
                begin, end = token.end(1), token.end()
            else:
                token = self._next_markup(document, start, last_end_of_tag)
                begin, end = token.span() if token is not None else (len(document),) * 2
            if stop is not None and (end > stop or _looks_ahead(document, token, end, stop)):
                return
            if begin > start:
                if begin == start + 1 and document[start] in WHITE_SPACE and not self.pre_depth:
                    # A line break between two tags: the most frequent text of all.
                    if self.space < 0:
                        self.space = start
                else:
                    self.characters(document, start, begin)
            self.position = end
            if token is not None and token.re is not COMMENT:
                closing, name = token.group("closing", "name")
                name = name.lower()
                if name in LINE_BREAKS:
                    self.part_lines(name, closing == "/", begin, end)
                # Half the time of Tag(…), which a page does some hundred times.
                tags.append(new_tag(Tag, (name, closing == "/", begin, end, self.length)))
                if name in READ_OTHERWISE:
                    self.read_otherwise(document, name, closing == "/", end)
            if len(tags) > MAX_PARTS:
                raise TooComplexError(f"more than {MAX_PARTS:,} tags")

    def _next_markup(
        self, document: str, position: int, last_end_of_tag: int
    ) -> re.Match[str] | None:
        """The next tag, comment or declaration; any other "<" is text."""
        while (opening := MARKUP.search(document, position)) is not None:
            token = self._markup_at(document, opening, last_end_of_tag)
            if token is not None:
                return token
            position = opening.end()
        return None

    def _markup_at(
        self, document: str, opening: re.Match[str], last_end_of_tag: int
    ) -> re.Match[str] | None:
        """The tag, comment or declaration that begins there; None where `<` is text."""
        position = opening.start()
        if opening[0] in ("<!", "<?"):
            return COMMENT.match(document, position)
        if position > last_end_of_tag:
            return None
        if not self.ignores_quotes:
            match = TAG.match(document, position)
            if match is not None:
                return match
            self.ignores_quotes = True
        return PLAIN_TAG.match(document, position)

    def characters(self, document: str, start: int, end: int) -> None:
        """Text between tags."""
        if self.pre_depth:
            self.preformatted(document, start, end)
        elif document.find("&", start, end) == -1:
            self.words(document, start, end)
        else:
            position = start
            for match in ENTITY.finditer(document, start, end):
                shown = self.character(match[0])
                if shown == match[0]:
                    continue
                if match.start() > position:
                    self.words(document, position, match.start())
                position = match.end()
                if shown in WHITE_SPACE:
                    if self.space < 0:
                        self.space = match.start()
                else:
                    self.flush_breaks(match.start())
                    self.emit(shown, match.start(), position)
            if position < end:
                self.words(document, position, end)

    def character(self, reference: str) -> str:
        """What a character reference shows as."""
        self.references += 1
        if self.references > MAX_PARTS:
            raise TooComplexError(f"more than {MAX_PARTS:,} character references")
        return character(reference)

    def words(self, document: str, start: int, end: int) -> None:
        """Text without entities, its white space collapsed."""
        chunk = document[start:end]
        shown = chunk.lstrip(WHITE_SPACE)
        if self.space < 0 and len(shown) < len(chunk):
            self.space = start
        if not shown:
            return
        start = end - len(shown)
        shown = shown.rstrip(WHITE_SPACE)
        stop = start + len(shown)
        self.flush_breaks(start)
        if "\n" in shown or "  " in shown or "\t" in shown or "\r" in shown or "\f" in shown:
            for match in COLLAPSED.finditer(document, start, stop):
                self.emit(document[start : match.start()], start, match.start())
                self.emit(" ", *match.span())
                start = match.end()
            shown = document[start:stop]
        self.emit(shown, start, stop)
        if stop < end:
            self.space = stop

    def preformatted(self, document: str, start: int, end: int) -> None:
        """Text in an escaped `<pre>`: white space as it stands, entities decoded."""
        position = start
        self.flush_breaks(start)
        for match in PRE_TOKEN.finditer(document, start, end):
            shown = "\n" if match[0][0] == "\r" else self.character(match[0])
            if shown == match[0]:
                continue
            if match.start() > position:
                self.emit(document[position : match.start()], position, match.start())
            position = match.end()
            self.emit(shown, match.start(), position)
        if position < end:
            self.emit(document[position:end], position, end)

    def part_lines(self, name: str, closing: bool, start: int, end: int) -> None:
        """What a tag of LINE_BREAKS does to the lines and cells of the text."""
        lines = LINE_BREAKS[name]
        if lines:
            self.space = -1
            if self.breaks < lines:
                self.breaks = lines
                self.break_span = (start, end)
        elif name == "br":
            self.flush_breaks_before_br(start, end)
        elif not closing:  # a cell
            self.cell = not self.line_start and not self.breaks
            self.space = -1
            if self.cell:
                self.break_span = (start, end)

    def read_otherwise(self, document: str, name: str, closing: bool, end: int) -> None:
        """Behind a tag of READ_OTHERWISE."""
        if name == "pre":
            self.open_or_close_pre(document, closing, end)
        elif not closing:
            found = UNSEEN[name].search(document, end)
            self.position = found.start() if found else len(document)

    def flush_breaks_before_br(self, start: int, end: int) -> None:
        if self.breaks:
            if self.length:
                self.emit("\n" * self.breaks, *self.break_span)
            self.breaks = 0
        self.space = -1
        self.cell = False
        if self.length:
            self.emit("\n", start, end)
        self.line_start = True

    def open_or_close_pre(self, document: str, closing: bool, end: int) -> None:
        if closing:
            self.pre_depth = max(0, self.pre_depth - 1)
            return
        before = self.tags[-2] if len(self.tags) > 1 else None
        if before is not None and before.name == "code" and not before.closing:
            closed = self._end_of_raw(document, end)
            if closed is not None:
                self.raw(document, end, closed)
                return
        self.pre_depth += 1
        if document.startswith("\n", end):
            self.position = end + 1

    def _end_of_raw(self, document: str, start: int) -> int | None:
        """Where the unescaped `<pre>` from `start` ends; None where it holds a literal newline."""
        # Both are looked for once and kept: a page of <code><pre> would be read over and over.
        if self.next_end_of_raw < start:
            found = END_OF_RAW.search(document, start)
            self.next_end_of_raw = found.start() if found else len(document)
        if self.next_newline < start:
            newline = document.find("\n", start)
            self.next_newline = newline if newline != -1 else len(document)
        if self.next_end_of_raw == len(document) or self.next_newline < self.next_end_of_raw:
            return None
        return self.next_end_of_raw

    def raw(self, document: str, start: int, end: int) -> None:
        """WikiLeaks' own unescaped `<pre>`, from behind its opening tag to its closing one."""
        if start == end:
            self.pre_depth += 1
            return
        self.flush_breaks(start)
        self.space = -1
        # Text and markup by turns. Most pages spend most of their time here, hence the columns.
        parts: list[str] = []
        links: list[int] = []
        for number, piece in enumerate(RAW_LINK.split(document[start:end])):
            if number % 2:
                links.append(len(parts))
                parts.append(piece)
            elif RAW_LINE_BREAK in piece:
                lines = piece.split(RAW_LINE_BREAK)
                by_turns = [RAW_LINE_BREAK] * (2 * len(lines) - 1)
                by_turns[::2] = lines
                parts += by_turns
            else:
                parts.append(piece)
        if len(self.run_text) + len(parts) > MAX_PARTS:
            raise TooComplexError(f"more than {MAX_PARTS:,} stretches of text")
        shown = parts.copy()
        shown[1::2] = ["\n"] * (len(parts) // 2)
        for index in links:
            shown[index] = ""
        positions = list(accumulate(map(len, parts), initial=start))
        offsets = list(accumulate(map(len, shown), initial=self.length))
        for index in links:
            closing = parts[index][1] == "/"
            span = positions[index], positions[index + 1]
            self.tags.append(tuple.__new__(Tag, ("a", closing, *span, offsets[index])))
        self.pieces.append("".join(shown))
        self.run_text += offsets[:-1]
        self.run_start += positions[:-1]
        self.run_end += positions[1:]
        self.length = offsets[-1]
        self.pre_depth += 1
        self.position = end


def _looks_ahead(document: str, token: re.Match[str] | None, end: int, stop: int) -> bool:
    """Whether the tag's meaning depends on text behind `stop`."""
    if token is None or token.re is COMMENT or token["closing"]:
        return False
    name = token["name"].lower()
    return name == "pre" or (name in UNSEEN and UNSEEN[name].search(document, end, stop) is None)


@dataclass(slots=True)
class _Beginning:
    """How the pages of a build begin, and what they share behind that."""

    document: str
    stretch: _Stretch | None = None
    passages: dict[str, list[_Passage]] = field(default_factory=dict)
    pages: int = 0
    last_used: int = 0
    last: str = ""
    """The last document that began so."""


class PageTextRenderer:
    """Renders documents; what the pages of one build share is read once.

    The navigation of a WikiLeaks page is the same on every page of its build and up to 190 KB
    long, and so are the help and the headings behind it. Where a document has what an earlier
    one had, the pass goes on from the state that it had there: the result is the same (a
    property the tests check), the time is that of the rest.
    """

    def __init__(self) -> None:
        self._beginnings: list[_Beginning] = []
        self._unknown = _Beginning("")
        self._recent: deque[str] = deque(maxlen=MAX_PREFIXES)
        self._pages = 0

    def render(self, document: str) -> PageText:
        """The page text of `document`. Raises TooComplexError, and nothing else."""
        state = _Pass()
        beginning = self._begin(document, state)
        state.run(document, passages=beginning.passages)
        if len(document) <= LONGEST_KEPT:
            self._recent.append(document)
            self._look_through(document, beginning)
        text = "".join(state.pieces)
        runs = state.run_text, state.run_start, state.run_end
        return PageText(document, text, state.tags, *runs, beginning.document)

    def _begin(self, document: str, state: _Pass) -> _Beginning:
        """Read the longest beginning that is known of this document, or can be told now."""
        known = self._unknown
        for beginning in self._beginnings:
            if document.startswith(beginning.document):
                known = beginning
                break
        self._pages += 1
        known.last_used = self._pages
        if known.stretch is not None:
            state.take(known.stretch)
        # Pages of several builds come by turns where several sources are crawled at once.
        start = state.position
        following = document[start : start + MIN_PREFIX]
        for other in self._recent if len(following) == MIN_PREFIX else ():
            if other.startswith(following, start) and other.startswith(known.document):
                return self._longer_beginning(document, other, state) or known
        return known

    def _longer_beginning(self, document: str, other: str, state: _Pass) -> _Beginning | None:
        """Read on as far as two documents are the same; None if it is not worth keeping."""
        start = state.position
        shared = _common_prefix_length(document, other)
        state.run(document, stop=min(shared, len(document) - 1))
        # That a quote is never closed is known from the document's end only.
        if state.position < start + MIN_PREFIX or state.ignores_quotes:
            return None
        stretch = state.stretch_since(_START)
        beginning = _Beginning(document[: state.position], stretch, last_used=self._pages)
        if len(self._beginnings) == MAX_PREFIXES:
            self._beginnings.remove(min(self._beginnings, key=attrgetter("last_used")))
        self._beginnings.append(beginning)
        self._beginnings.sort(key=lambda known: len(known.document), reverse=True)
        return beginning

    def _look_through(self, document: str, beginning: _Beginning) -> None:
        """Note what a document and the one before it have in common behind their beginning."""
        before, beginning.last = beginning.last, document
        pages, beginning.pages = beginning.pages, beginning.pages + 1
        if beginning.stretch is None:
            return
        if pages not in LOOKED_THROUGH and pages % LOOKED_THROUGH_AGAIN:
            return
        passages = beginning.passages
        start = len(beginning.document)
        for passage in _shared_passages(document[start:], before[start:]):
            others = passages.setdefault(passage[:PASSAGE_KEY], [])
            if len(others) < MAX_ALIKE and all(passage != other.document for other in others):
                others.append(_Passage(passage))
                others.sort(key=lambda known: len(known.document), reverse=True)
                if len(passages) > MAX_PASSAGES:
                    del passages[next(iter(passages))]


def _shared_passages(one: str, other: str) -> Iterator[str]:
    """The runs of lines that two texts share, in the order of both, with what is before them."""
    lines, others = one.split("\n"), other.split("\n")
    if max(len(lines), len(others)) > MAX_LINES_COMPARED:
        return
    number = place = 1
    while number < len(lines):
        try:
            found = others.index(lines[number], place)
        except ValueError:
            number += 1
            continue
        most = min(len(lines) - number, len(others) - found)
        size = next((n for n in range(most) if lines[number + n] != others[found + n]), most)
        # From behind the last tag before them, where the pass can tell that it is there.
        behind = lines[number - 1].rpartition(">")[2]
        if behind != others[found - 1].rpartition(">")[2]:
            behind = ""
        passage = f"{behind}\n" + "\n".join(lines[number : number + size])
        if size >= MIN_PASSAGE_LINES and PASSAGE_KEY < len(passage) <= LONGEST_PASSAGE:
            yield passage
            place = found + size
        number += size


def character(reference: str) -> str:
    """What a character reference shows as, the ones without a semicolon too; it may be none.

    Numbers of any length are read: one that is no character shows as U+FFFD.
    """
    if len(reference) > LONGEST_NUMBER and reference[1] == "#":
        return "\ufffd"
    return unescape(reference)


def without_references(text: str) -> str:
    """The text, of an attribute's value for one, with its character references decoded."""
    return ENTITY.sub(lambda reference: character(reference[0]), text)


def render(document: str) -> PageText:
    """The page text of one document."""
    return PageTextRenderer().render(document)


def render_plain(document: str) -> PageText:
    """The page text of a plain-text document: its characters, line breaks as `\\n`, no tags.

    Raises TooComplexError.
    """
    state = _Pass()
    position = 0
    for line_break in PLAIN_LINE_BREAK.finditer(document):
        if line_break.start() > position:
            state.emit(document[position : line_break.start()], position, line_break.start())
        state.emit("\n", *line_break.span())
        position = line_break.end()
    if position < len(document):
        state.emit(document[position:], position, len(document))
    text = "".join(state.pieces)
    return PageText(document, text, [], state.run_text, state.run_start, state.run_end)


def _common_prefix_length(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def closing_tag(tags: list[Tag], opening: int) -> int:
    """The index of the tag that closes `tags[opening]`, counting same-named ones; or len(tags)."""
    wanted = tags[opening].name
    depth = 0
    for index in range(opening, len(tags)):
        name, closing, _, _, _ = tags[index]
        if name == wanted:
            depth += -1 if closing else 1
            if depth == 0:
                return index
    return len(tags)


def closing_tags(tags: list[Tag]) -> list[int]:
    """For each tag what `closing_tag` gives, in one pass; len(tags) for a closing tag too."""
    found = [len(tags)] * len(tags)
    open_tags: dict[str, list[int]] = {}
    for index, tag in enumerate(tags):
        of_name = open_tags.setdefault(tag.name, [])
        if not tag.closing:
            of_name.append(index)
        elif of_name:
            found[of_name.pop()] = index
    return found


def tag_before(tags: list[Tag], name: str, position: int, reach: int) -> int | None:
    """The index of the last opening tag of that name before a position in the page text.

    None when it is not among the last `reach` tags there.
    """
    last = bisect_right(tags, position, key=_text_pos) - 1
    for index in range(last, max(last - reach, -1), -1):
        if tags[index].name == name and not tags[index].closing:
            return index
    return None


_text_pos = attrgetter("text_pos")
