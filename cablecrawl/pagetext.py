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
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import accumulate
from typing import NamedTuple, Self

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
ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?"""
)
ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);?")
PRE_TOKEN = re.compile(rf"\r\n?|{ENTITY.pattern}")
# White space that a browser shows as it stands: single spaces inside a line.
COLLAPSIBLE = re.compile(r"[\t\n\r\f]|  ")
WORD_OR_SPACE = re.compile(r"[ \t\n\r\f]+|[^ \t\n\r\f]+")
NOT_SPACE = re.compile(r"[^ \t\n\r\f]")
# What is markup inside WikiLeaks' own <pre>: the line break, tag links, paragraph anchors.
RAW_MARKUP = re.compile(r"(&#x000A;|<a\s+(?:id|name|href|class)\s*=[^<>]*>|</a>)")
END_OF_RAW = re.compile(r"</pre>\s*</code>", re.I)

# Elements whose content is not shown; it ends at the first closing tag, whatever stands between.
UNSEEN = {
    name: re.compile(rf"</{name}[\s/>]", re.I)
    for name in ("script", "style", "title", "template", "iframe", "noembed", "noframes")
}
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
# for a page grows with them (4 microseconds each), and one page may take a second.
MAX_PARTS = 150_000

# A shared beginning shorter than this is not worth keeping.
MIN_PREFIX = 4096
# Builds seen at once in a torn or mixed mirror: a handful.
MAX_PREFIXES = 6


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

    def to_document(self, start: int, end: int) -> tuple[int, int]:
        """The span of the document that shows as the page text's [start, end).

        Raises IndexError where the span is empty or outside the page text.
        """
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"[{start}, {end}) is no span of a page text of {len(self.text)}")
        first = bisect_right(self._run_text, start) - 1
        last = bisect_right(self._run_text, end - 1, first) - 1
        document_start = self._run_start[first]
        if self._is_verbatim(first):
            document_start += start - self._run_text[first]
        if self._is_verbatim(last):
            return document_start, self._run_start[last] + end - self._run_text[last]
        return document_start, self._run_end[last]

    def _is_verbatim(self, run: int) -> bool:
        begin = self._run_text[run]
        after = self._run_text[run + 1] if run + 1 < len(self._run_text) else len(self.text)
        return after - begin == self._run_end[run] - self._run_start[run]

    def attributes(self, tag: Tag) -> dict[str, str]:
        """A tag's attributes: lower-case names, values with entities decoded; the first of a name."""
        source = self.document[tag.start + 1 + len(tag.name) : tag.end - 1]
        found: dict[str, str] = {}
        for match in ATTRIBUTE.finditer(source):
            value = match[2] or match[3] or match[4] or ""
            found.setdefault(match[1].lower(), unescape(value) if "&" in value else value)
        return found


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
    next_end_of_raw: int = -1
    next_newline: int = -1

    def copy(self) -> Self:
        return type(self)(
            ["".join(self.pieces)],
            self.length,
            self.tags.copy(),
            self.run_text.copy(),
            self.run_start.copy(),
            self.run_end.copy(),
            self.position,
            self.space,
            self.breaks,
            self.break_span,
            self.cell,
            self.line_start,
            self.pre_depth,
            self.ignores_quotes,
        )

    def emit(self, piece: str, start: int, end: int) -> None:
        """Add text that the document has at [start, end)."""
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

    def break_line(self, count: int, start: int, end: int) -> None:
        self.space = -1
        if self.breaks < count:
            self.breaks = count
            self.break_span = (start, end)

    def run(self, document: str, stop: int | None = None) -> None:
        """Read on to the end of the document, or to the last tag that ends by `stop`."""
        limit = len(document) if stop is None else stop
        last_end_of_tag = document.rfind(">")
        while self.position < limit:
            start = self.position
            token = None if self.ignores_quotes else TEXT_THEN_TAG.match(document, start)
            if token is not None:
                begin = token.end(1)
            else:
                token = self._next_markup(document, start, last_end_of_tag)
                begin = len(document) if token is None else token.start()
            end = len(document) if token is None else token.end()
            if stop is not None and end > stop:
                return
            if begin > start:
                self.characters(document, start, begin)
            self.position = end
            if token is not None and token.re is not COMMENT:
                self.tag(document, begin, end, bool(token["closing"]), token["name"].lower())
            if len(self.tags) + len(self.run_text) > MAX_PARTS:
                raise TooComplexError(f"more than {MAX_PARTS:,} tags and stretches of text")

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
            return
        chunk = document[start:end]
        if chunk.isspace() and NOT_SPACE.search(chunk) is None:
            if self.space < 0:
                self.space = start
            return
        if "&" not in chunk:
            self.words(document, start, end)
            return
        position = start
        for match in ENTITY.finditer(document, start, end):
            shown = unescape(match[0])
            if shown == match[0]:
                continue
            if match.start() > position:
                self.words(document, position, match.start())
            position = match.end()
            if shown in " \t\n\r\f":
                if self.space < 0:
                    self.space = match.start()
            else:
                self.flush_breaks(match.start())
                self.emit(shown, match.start(), position)
        if position < end:
            self.words(document, position, end)

    def words(self, document: str, start: int, end: int) -> None:
        """Text without entities, its white space collapsed."""
        first = NOT_SPACE.search(document, start, end)
        if first is None:
            if self.space < 0:
                self.space = start
            return
        if first.start() > start and self.space < 0:
            self.space = start
        start = first.start()
        trimmed = document[start:end].rstrip(" \t\n\r\f")
        if COLLAPSIBLE.search(trimmed) is None:
            self.flush_breaks(start)
            self.emit(trimmed, start, start + len(trimmed))
        else:
            for match in WORD_OR_SPACE.finditer(document, start, start + len(trimmed)):
                if match[0][0] in " \t\n\r\f":
                    self.space = match.start()
                else:
                    self.flush_breaks(match.start())
                    self.emit(match[0], match.start(), match.end())
        if start + len(trimmed) < end:
            self.space = start + len(trimmed)

    def preformatted(self, document: str, start: int, end: int) -> None:
        """Text in an escaped `<pre>`: white space as it stands, entities decoded."""
        position = start
        self.flush_breaks(start)
        for match in PRE_TOKEN.finditer(document, start, end):
            shown = "\n" if match[0][0] in "\r\n" else unescape(match[0])
            if shown == match[0]:
                continue
            if match.start() > position:
                self.emit(document[position : match.start()], position, match.start())
            position = match.end()
            self.emit(shown, match.start(), position)
        if position < end:
            self.emit(document[position:end], position, end)

    def tag(self, document: str, start: int, end: int, closing: bool, name: str) -> None:
        lines = LINE_BREAKS.get(name)
        if lines is not None:
            if lines:
                self.break_line(lines, start, end)
            elif name == "br":
                self.flush_breaks_before_br(start, end)
            elif not closing:  # a cell
                self.cell = not self.line_start and not self.breaks
                self.space = -1
                if self.cell:
                    self.break_span = (start, end)
        self.tags.append(Tag(name, closing, start, end, self.length))
        if name == "pre":
            self.open_or_close_pre(document, closing, end)
        elif not closing and name in UNSEEN:
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
        parts = RAW_MARKUP.split(document[start:end])
        shown = parts.copy()
        shown[1::2] = ["\n" if markup[0] == "&" else "" for markup in parts[1::2]]
        positions = list(accumulate(map(len, parts), initial=start))
        offsets = list(accumulate(map(len, shown), initial=self.length))
        for index in range(1, len(parts), 2):
            if parts[index][0] == "<":
                closing = parts[index][1] == "/"
                span = positions[index], positions[index + 1]
                self.tags.append(Tag("a", closing, *span, offsets[index]))
        self.pieces.append("".join(shown))
        self.run_text += offsets[:-1]
        self.run_start += positions[:-1]
        self.run_end += positions[1:]
        self.length = offsets[-1]
        self.pre_depth += 1
        self.position = end


class PageTextRenderer:
    """Renders documents; remembers the beginning that the pages of one build share.

    The navigation of a WikiLeaks page is the same on every page of its build and up to 190 KB
    long. Where a document begins as an earlier one did, the pass starts from the state it had
    there: the result is the same (a property the tests check), the time is that of the rest.
    """

    def __init__(self) -> None:
        self._prefixes: list[tuple[str, _Pass]] = []
        self._previous = ""

    def render(self, document: str) -> PageText:
        """The page text of `document`. Raises TooComplexError, and nothing else."""
        state = self._begin(document)
        state.run(document)
        self._previous = document
        text = "".join(state.pieces)
        return PageText(
            document, text, state.tags, state.run_text, state.run_start, state.run_end
        )

    def _begin(self, document: str) -> _Pass:
        for prefix, state in self._prefixes:
            if document.startswith(prefix):
                return state.copy()
        shared = _common_prefix_length(document, self._previous)
        if shared < MIN_PREFIX:
            return _Pass()
        state = _Pass()
        state.run(document, stop=shared)
        if state.position < MIN_PREFIX:
            return _Pass()
        self._prefixes.insert(0, (document[: state.position], state.copy()))
        del self._prefixes[MAX_PREFIXES:]
        return state


def render(document: str) -> PageText:
    """The page text of one document."""
    return PageTextRenderer().render(document)


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
    name = tags[opening].name
    depth = 0
    for index in range(opening, len(tags)):
        if tags[index].name == name:
            depth += -1 if tags[index].closing else 1
            if depth == 0:
                return index
    return len(tags)


def opening_tags(tags: list[Tag], name: str) -> Iterator[int]:
    """The indexes of the opening tags of that name."""
    return (i for i, tag in enumerate(tags) if tag.name == name and not tag.closing)
