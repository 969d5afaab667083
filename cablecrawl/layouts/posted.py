"""The cables in a post: where each begins and ends in its text, and what it states of them.

Bloggers paste cables in every form: WikiLeaks' own block (link, notices, five columns) as a
table, as cells or as two lines of text; the text in `<pre>`, in paragraphs, or both. So a cable
is found by marks that cables have, and ends where the page's structure says so: at the next
cable, at the end of its `<pre>`, at a heading or a rule, at the end of the post.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from operator import attrgetter

from cablecrawl.boilerplate import Rule, load_rules, rules_of, rules_of_kind
from cablecrawl.cabletext import read_cable
from cablecrawl.cabletext.extent import (
    CLASSIFICATION_LINE,
    PARAGRAPH,
    PARTIAL_NOTICE,
    ROUTING_LINE,
    split_header,
)
from cablecrawl.layouts.page import Excerpt, Found, Region, Span, trim
from cablecrawl.pagetext import PageText, Tag, TooComplexError, closing_tags
from cablecrawl.reference_id import from_body_line, parse

REPOST = "repost"
"""The blog's own statement."""
REPOSTED_PAGE = "repost_of_wikileaks_page"
"""A statement of a WikiLeaks page that the repost passes on."""
DUMP = "dump_record"
"""That of a record of the dump, as it was copied."""

STATED_ID = r"\d\d[A-Z]{3,21}\d{1,6}"
STAMP = r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?"
CLASSIFICATION = (
    r"(?:UNCLASSIFIED|CONFIDENTIAL|SECRET|TOP SECRET|LIMITED OFFICIAL USE)"
    r"(?://?[A-Z][A-Z ]*[A-Z])?"
)
# The five columns of a WikiLeaks page, or the four of its first build, headings and one row:
# in cells, a line each, or flattened to two lines. The origin goes on to the end of its line.
BLOCK = re.compile(
    rf"""(?P<headings>Reference[ ]ID\s+(?:Created|Date)\s+(?P<with_release>Released\s+)?
    Classification\s+Origin)\s+
    (?P<reference_id>{STATED_ID})\s+
    (?P<created>{STAMP})\s+
    (?(with_release)(?P<released>{STAMP})\s+)
    (?P<classification>{CLASSIFICATION})\s+
    (?P<origin>[^\n\t]+)""",
    re.X,
)
COLUMN_HEADING = re.compile(r"Reference ID|\w+")
MEDIA_HEADING = "Appears in these articles:"
# A line on its own that names the cable that follows: "07ASTANA1033", "Viewing cable
# 07ASTANA1033, TITLE", "07ASTANA1033: TITLE".
ID_LINE = re.compile(
    rf"^[ \t]*(?P<lead>(?:Viewing cable |US embassy cable [-–] |Cable(?: ID)?:? |Reference ID:? )?"
    rf"(?P<reference_id>{STATED_ID})(?![\w/]))(?:[ \t]*[,:;.|–—-][ \t]*(?P<title>\S.*))?[ \t]*$",
    re.M,
)
# Where a text may begin that no block or record announces; what follows decides.
OPENING = re.compile(
    rf"^(?={re.escape(PARTIAL_NOTICE[:34])}|VZCZC|[OPRZ]{{2}} R|DE R[A-Z]|[OPRZ ]{{1,4}}\d{{6}}Z"
    r"|[ \t]*(?:[A-Z][ \xa0]?){5}|ACTION |(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
    r"|null\n|[^\n]{1,60} DB/Inbox:)",
    re.M,
)
# The head of a printout from the Department's own archive, above a header at times.
PRINTOUT = re.compile(r"(?:null\s+)?[^\n]{1,60} DB/Inbox:")
NEWSPAPER_DATE = re.compile(r"\w+day, \d{1,2} \w+ \d{4}, \d\d:\d\d[ \t]*\n\s*")
# Beneath a classification line: what only a cable has there.
HEADING_MARK = re.compile(
    r"^[ \t]*(?:SIPDIS|NOFORN|E\.? ?O\.? ?1\d{4}|TAGS?[ :]|SUBJ(?:ECT)?:|REF(?:S|TEL)?[ :(])", re.M
)
# How far they are looked for, in characters: a heading's lines.
HEADING_REACH = 900
# And a header, and a body's first paragraph.
REACH = 20_000
# In one post, of each kind. Bodies have some, such as a line with a number only.
MAX_MARKS = 20_000
MAX_CABLES = 500
# Lines between what names a cable and its text.
MOST_NOTICES = 20
SHOWN = re.compile(r"\S")
LINE = re.compile(r"[^\n]*\n?")
# A dump's record opens with its number, bare or in brackets, a quotation mark, or a label.
RECORD_OPENING = re.compile(r"^(?=[ \t]*(?:[<>\"]|\d{1,6}[\t,\n]|[Ii][Dd]:|[Cc]able dated))", re.M)
# What is left of brackets whose content a browser took for a tag.
BRACKETS_ABOVE = re.compile(r"^[ \t]*[<>]{1,4}\s*\Z", re.M)
# How the paragraphs of a cable open that have no number.
CABLE_PARAGRAPH = re.compile(r"¶|\d{1,2}\.|\(\w{1,4}\)|[A-Z]{2,}|(?:Classified|Summary|Comment)\b")
OWN_SERIAL = re.compile(r"^DE R[A-Z]+ #0*(\d+)", re.M)
# What ends a cable, where a paragraph ends: a name on a line of its own, a name in capitals
# behind the last sentence, or "End comment."
SIGNATURE = re.compile(
    r"(?:^[ \t]*[A-Z][\w'’.-]{2,20}(?:[ \t][A-Z][\w'’.-]{0,20}){0,2}|\b[A-Z][A-Z'’-]{2,20}"
    r"|\b(?i:end (?:comment|note|summary|text))\.?\)?)[ \t]*(?=\n[ \t]*\n)",
    re.M,
)
# Of a cable whose lines are broken, in characters; and so many that one can tell.
LONGEST_LINE = 90
FEWEST_LINES = 6
# "UNCLAS SECTION 01 OF 02 RIGA 000042": on the line of a classification.
OWN_NUMBER = re.compile(
    rf"^(?:{CLASSIFICATION_LINE.pattern})[^\n]*?[A-Z][ ]0*(\d{{2,6}})[ \t]*$", re.M | re.X
)
WIKILEAKS_LINK = re.compile(
    rf"""<a\s[^>]*\bhref\s*=\s*["']?(?P<url>https?://[^\s"'>]*/cable/(?:\d{{4}}/\d\d/)?"""
    rf"""(?P<reference_id>{STATED_ID})[^\s"'>]*)""",
    re.I,
)
PARAGRAPH_ANCHOR = re.compile(r"""<a\s[^>]*?\bid\s*=\s*["']?par""")

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# Elements inside a post that hold no cable text: what stands in them is the theme's.
NOT_TEXT = frozenset(("nav", "aside", "footer", "form"))
WIDGET = re.compile(
    r"""(?<![\w-])(?:class|id)\s*=\s*["'][^"']*(?<![\w-])(?:sharedaddy|sd-\w+|jp-\w+|wpcnt|wpa|likes?|share|sharing"""
    r"""|related(?:posts?)?|post-navigation|page-?links|addtoany\w*|author-box|entry-meta"""
    r"""|post-meta|entry-footer|postmetadata)(?![\w-])""",
    re.I,
)


@dataclass(slots=True)
class Posted:
    """A cable in a post."""

    stated_id: Found
    fields: list[Found]
    header: Excerpt
    body: Excerpt
    span: Span
    """From the first to the last character of its text."""


@dataclass(slots=True)
class Content:
    """What a post holds."""

    cables: list[Posted] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    problem: str | None = None


@dataclass(slots=True)
class _Start:
    """Where a cable's text begins, and what announces it."""

    lead: int
    """Where the announcement begins."""
    text: int
    stated_id: Found | None
    fields: list[Found]
    has_block: bool = False
    body: int | None = None
    """Where the body begins, once it was looked for."""
    paragraph: int | None = None
    """Where the body's first paragraph begins to be text of its own; likewise."""
    heading: int | None = None
    numbers: tuple[str | None, str | None] | None = None
    """What it calls itself, in its header and beside its classification; likewise."""
    end: int | None = None
    """Where the page's structure ends the text, once it was looked for."""


def read_content(page: PageText, span: Span, title: Found | None, named: Found | None) -> Content:
    """The cables that a post's content holds, in their order.

    `title` is the post's title less an ID that leads it; `named` is the ID that title or address
    give the post, which is that of its first cable where nothing nearer says so.
    """
    return _Reader(page, span).read(title, named)


class _Reader:
    def __init__(self, page: PageText, span: Span) -> None:
        self.page = page
        self.text = page.text
        self.span = span
        self.tags = _tags_within(page.tags, span)
        self.closings = closing_tags(self.tags)
        self.pres = self._pres()
        self.content = Content()
        self.widgets: list[Span] = []
        self.between: list[Span] = []
        self.cuts = self._cuts()

    def read(self, title: Found | None, named: Found | None) -> Content:
        starts = self._starts()
        if not starts:
            return self.content
        limits = [*(start.lead for start in starts[1:]), self.span.end]
        heir = self._heir(starts, limits, named) if named is not None else None
        for start, limit in zip(starts, limits, strict=True):
            posted = self._cable(start, limit, named if start is heir else None)
            if posted is None:
                continue
            if title is not None and start is (heir or starts[0]):
                posted.fields.append(title)
            self.content.cables.append(posted)
        return self.content

    def _heir(self, starts: list[_Start], limits: list[int], named: Found) -> _Start | None:
        """The text that the post is named after: one that calls itself so, or the first."""
        unnamed = [
            (start, self._parts(start, Span(start.text, self._end(start, limit))))
            for start, limit in zip(starts, limits, strict=True)
            if start.stated_id is None
        ]
        for start, (header, body) in unnamed:
            for finding in read_cable(header.text, body.text):
                if finding.field == "own_id":
                    own = from_body_line(finding.value, named.value[:2])
                    if own is not None and own.canonical == named.value:
                        return start
        return unnamed[0][0] if unnamed else None

    def _pres(self) -> list[Span]:
        """The spans of the `<pre>`, outermost ones."""
        found: list[Span] = []
        last = -1
        for index, tag in enumerate(self.tags):
            if tag.name == "pre" and not tag.closing and index > last:
                last = self.closings[index]
                span = Span(tag.text_pos, self._end_of_element(index))
                if span.end > span.start:  # an empty one would be its own neighbour
                    found.append(span)
        return found

    def _end_of_element(self, opening: int) -> int:
        closing = self.closings[opening]
        end = self.tags[closing].text_pos if closing < len(self.tags) else self.span.end
        return min(end, self.span.end)

    def _cuts(self) -> list[int]:
        """Where running text ends, since the page has something else there."""
        found: list[int] = []
        last = -1
        for index, tag in enumerate(self.tags):
            if tag.closing or index < last:
                continue
            if tag.name == "hr" or tag.name in HEADINGS:
                found.append(tag.text_pos)
            elif tag.name in NOT_TEXT or self._is_widget(tag):
                last = self.closings[index]
                widget = Span(tag.text_pos, self._end_of_element(index))
                found.append(widget.start)
                self.widgets.append(widget)
                self._region(*widget, "post_end")
            elif tag.name == "blockquote":
                found += [tag.text_pos, self._end_of_element(index)]
        return sorted(found)

    def _is_widget(self, tag: Tag) -> bool:
        return (
            tag.name in ("div", "ul", "section", "p")
            and WIDGET.search(self.page.document, tag.start, tag.end) is not None
        )

    def _region(self, start: int, end: int, name: str) -> None:
        if end > start:
            self.content.regions.append(Region(start, end, name))

    # Where cables begin

    def _starts(self) -> list[_Start]:
        """The beginnings of the cables' texts, in their order."""
        starts: list[_Start] = []
        blocks = {block.start(): block for block in self._matches(BLOCK)}
        records = dict(self._records())
        id_lines = {line.start(): line for line in self._matches(ID_LINE)}
        openings = {o.start() for o in self._matches(OPENING) if self._opens_a_text(o.start())}
        for position in sorted({*blocks, *records, *id_lines, *openings}):
            if len(starts) > MAX_CABLES:
                raise TooComplexError(f"more than {MAX_CABLES} cables in a post")
            current = starts[-1] if starts else None
            if current is not None and position < current.text:
                continue  # part of the announcement
            if position in blocks:
                starts.append(self._start_of_block(blocks[position], current))
                continue
            if current is not None and not self._has_ended(current, position):
                is_named = position in id_lines or position in records
                if not self._begins_another(current, position, is_named=is_named):
                    continue
            if position in id_lines:
                text = self._announces(id_lines[position], openings, records)
                if text and not self._pre_at(position):
                    starts.append(self._start_of_id_line(id_lines[position], text))
            else:
                text = position if current is not None else self._first_line(position)
                starts.append(_Start(text, text, records.get(position), []))
        return starts

    def _first_line(self, position: int) -> int:
        """Where a text begins whose first mark stands there.

        What a `<pre>` has above it is that text's, odd as it looks; in paragraphs, the lines of
        a header directly above.
        """
        pre = self._pre_at(position)
        if pre is not None:
            return pre.start
        while position > self.span.start:
            start = max(self.text.rfind("\n", 0, position - 1) + 1, self.span.start)
            line = self.text[start:position]
            if not (ROUTING_LINE.match(line) or CLASSIFICATION_LINE.match(line)):
                break
            position = start
        return position

    def _matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        for count, match in enumerate(pattern.finditer(self.text, *self.span)):
            if count == MAX_MARKS:
                raise TooComplexError(f"more than {MAX_MARKS:,} marks of cables in a post")
            yield match

    def _records(self) -> Iterator[tuple[int, Found]]:
        """Raw records of a dump, and the IDs that they state."""
        rules = [
            rule
            for kind in ("dump_record", "key_block")
            for rule in rules_of_kind(kind, load_rules())
            if rule.place == "start"
        ]
        for opening in self._matches(RECORD_OPENING):
            record = _record_at(self.text, opening.start(), self.span.end, rules)
            if record is not None and record.groupdict().get("record_id"):
                span = Span(*record.span("record_id"))
                found = Found("reference_id", record["record_id"], span, DUMP, "dump_record/1")
                start = max(opening.start() - len("<<>>") - 2, self.span.start)
                above = BRACKETS_ABOVE.search(self.text, start, opening.start())
                yield above.start() if above else opening.start(), found

    def _opens_a_text(self, position: int) -> bool:
        """Whether a header or a body begins there, by what stands in its first lines."""
        text = self.text
        if text.startswith((PARTIAL_NOTICE, "VZCZC"), position) or PRINTOUT.match(text, position):
            return True
        newspaper = NEWSPAPER_DATE.match(text, position, self.span.end)
        if newspaper is not None:
            position = newspaper.end()
        if CLASSIFICATION_LINE.match(text, position, self.span.end):
            end = min(position + HEADING_REACH, self.span.end)
            return HEADING_MARK.search(text, position, end) is not None
        if ROUTING_LINE.match(text, position, self.span.end) is None:
            return False
        lines = text[position : min(position + HEADING_REACH, self.span.end)].split("\n", 4)[1:4]
        return any(ROUTING_LINE.match(line) for line in lines)

    def _announces(
        self, line: re.Match[str], openings: set[int], records: dict[int, Found]
    ) -> int | None:
        """Where the text begins that an ID line stands directly above, if it does."""
        position = self._behind_notices(line.end())
        return position if position in records or position in openings else None

    def _has_ended(self, start: _Start, position: int) -> bool:
        if start.end is None:
            start.end = self._end(start, self.span.end)
        return start.end <= position

    def _begins_another(self, current: _Start, position: int, *, is_named: bool) -> bool:
        """Whether a header, ID or record within a text is that of another cable or copy.

        Before the body's first paragraph it is the same cable's: dumps repeat the header there.
        """
        body = self._body_of(current)
        if current.paragraph is None or current.heading is None:
            current.paragraph = self._first(PARAGRAPH, body)
            current.heading = self._first(HEADING_MARK, body)
        if is_named:
            marked = min(current.paragraph, current.heading)
            return marked <= position or position - body > HEADING_REACH
        if current.paragraph > position:
            return False
        # Sections and repeated headers have the cable's own number.
        if current.numbers is None:
            reach = min(current.text + REACH, current.paragraph, self.span.end)
            current.numbers = self._numbers(current.text, reach)
        by_header = self.text.startswith("VZCZC", position)
        end = min(position + HEADING_REACH, self.span.end)
        known = current.numbers[0 if by_header else 1]
        number = self._numbers(position, end)[0 if by_header else 1]
        return number is not None and known is not None and number != known

    def _numbers(self, start: int, end: int) -> tuple[str | None, str | None]:
        """The number that a text gives itself in its header, and beside its classification."""
        found = [pattern.search(self.text, start, end) for pattern in (OWN_SERIAL, OWN_NUMBER)]
        return found[0] and found[0][1], found[1] and found[1][1]

    def _first(self, pattern: re.Pattern[str], body: int) -> int:
        """Where the first match within a body's reach ends; behind all text where there is none."""
        found = pattern.search(self.text, body, min(body + REACH, self.span.end))
        return found.end() if found is not None else self.span.end + 1

    def _body_of(self, start: _Start) -> int:
        """Where the body begins of a text that may open with a header."""
        if start.body is None:
            reach = min(start.text + REACH, self.span.end)
            start.body = start.text + split_header(self.text[start.text : reach])
        return start.body

    def _start_of_block(self, block: re.Match[str], current: _Start | None) -> _Start:
        floor = self.span.start if current is None else current.text
        lead = self._lead_of(block.start(), floor)
        fields = []
        for name in ("created", "released", "classification", "origin"):
            span = trim(self.text, *block.span(name)) if block[name] else None
            if span is not None:
                value = self.text[span.start : span.end]
                if name in ("created", "released"):
                    value = value.replace(" ", "T")
                fields.append(Found(name, value, span, REPOSTED_PAGE, "reposted_table/1"))
        stated_id = Found(
            "reference_id",
            block["reference_id"],
            Span(*block.span("reference_id")),
            REPOSTED_PAGE,
            "reposted_table/1",
        )
        self._region(lead, block.start("headings"), "notices")
        for heading in COLUMN_HEADING.finditer(self.text, *block.span("headings")):
            self._region(*heading.span(), "column_heading")
        position = self._behind_blanks(block.end())
        if self.text.startswith(MEDIA_HEADING, position):
            position, articles = self._media(position)
            fields += articles
        fields += self._links(lead, position, block["reference_id"])
        return _Start(lead, self._text_behind(position), stated_id, fields, has_block=True)

    def _start_of_id_line(self, line: re.Match[str], text: int) -> _Start:
        span = Span(*line.span("reference_id"))
        stated_id = Found("reference_id", line["reference_id"], span, REPOST, "id_line/1")
        fields = []
        if line["title"]:
            title = trim(self.text, *line.span("title"))
            value = self.text[title.start : title.end]
            fields.append(Found("title", value, title, REPOST, "id_line/1"))
        self._region(*line.span("lead"), "post_title_lead")
        self._region(line.end(), text, "notices")
        fields += self._links(line.start(), text, line["reference_id"])
        return _Start(line.start(), text, stated_id, fields)

    def _media(self, position: int) -> tuple[int, list[Found]]:
        """The articles that the block names, and where their lines end."""
        end = position + len(MEDIA_HEADING)
        self._region(position, end, "media_heading")
        articles: list[Found] = []
        for line in LINE.finditer(self.text, end, self.span.end):
            span = trim(self.text, *line.span())
            is_blank = span.start == span.end
            ends = HEADING_MARK.match(self.text, *span) or PARAGRAPH.match(self.text, *span)
            if (is_blank and articles) or ends or (not is_blank and self._opens_a_text(span.start)):
                return line.start(), articles
            if not is_blank:
                value = self.text[span.start : span.end]
                articles.append(Found("article", value, span, REPOSTED_PAGE, "reposted_media/1"))
        return self.span.end, articles

    def _links(self, start: int, end: int, reference_id: str) -> list[Found]:
        """The links to WikiLeaks' page of the cable that stand in its announcement."""
        for tag in _tags_within(self.tags, Span(start, end)):
            if tag.name != "a" or tag.closing:
                continue
            link = WIKILEAKS_LINK.match(self.page.document, tag.start, tag.end)
            if link is not None and link["reference_id"].upper() == reference_id:
                here = Span(tag.text_pos, tag.text_pos)
                place = Span(*link.span("url"))
                return [Found("release", link["url"], here, REPOST, "wikileaks_link/1", place)]
        return []

    def _lead_of(self, position: int, floor: int) -> int:
        """Where the lines begin that announce a block: notices, an ID line, a link."""
        lead = position
        while position > floor:
            start = max(self.text.rfind("\n", floor, position - 1) + 1, floor)
            if self._is_notice(start, position):
                lead = start
            elif self.text[start:position].strip():
                break
            position = start
        return lead

    def _is_notice(self, start: int, end: int) -> bool:
        if ID_LINE.match(self.text, start, end) is not None:
            return True
        return any(pattern.match(self.text, start, end) for pattern in _notices())

    def _behind_notices(self, position: int) -> int:
        position = self._behind_blanks(position)
        for _ in range(MOST_NOTICES):
            end = self._line_end(position)
            if position == end or not self._is_notice(position, end):
                break
            position = self._behind_blanks(end)
        return position

    def _behind_blanks(self, position: int) -> int:
        """The start of the next line that is not blank, or of what is left of this one."""
        shown = SHOWN.search(self.text, position, self.span.end)
        end = shown.start() if shown is not None else self.span.end
        return max(self.text.rfind("\n", position, end) + 1, position)

    def _line_end(self, position: int) -> int:
        end = self.text.find("\n", position, self.span.end)
        return self.span.end if end == -1 else end

    def _text_behind(self, position: int) -> int:
        """Where the text begins that a block announces: at once, or in the next `<pre>`."""
        position = self._behind_blanks(position)
        widget = self._widget_at(position)
        while widget is not None:
            position = self._behind_blanks(widget.end)
            widget = self._widget_at(position)
        if self._pre_at(position) or self._opens_a_text(position):
            return position
        pre = self._next_pre(position)
        if pre is not None and self._opens_a_text(self._behind_blanks(pre.start)):
            self._region(position, pre.start, "commentary")
            return pre.start
        return position

    # Where they end

    def _pre_at(self, position: int) -> Span | None:
        index = bisect_right(self.pres, position, key=_start) - 1
        return self.pres[index] if index >= 0 and position < self.pres[index].end else None

    def _widget_at(self, position: int) -> Span | None:
        index = bisect_right(self.widgets, position, key=_start) - 1
        found = self.widgets[index] if index >= 0 else None
        return found if found is not None and position < found.end else None

    def _next_pre(self, position: int) -> Span | None:
        index = bisect_left(self.pres, position, key=_start)
        return self.pres[index] if index < len(self.pres) else None

    def _end(self, start: _Start, limit: int) -> int:
        """Where a cable's text ends, at the latest at `limit`."""
        position = start.text
        pre = self._pre_at(position)
        while pre is not None:
            end = min(pre.end, limit)
            behind = self._next_pre(pre.end)
            if behind is not None and behind.start < limit:
                between = Span(pre.end, behind.start)
                if not self.text[between.start : between.end].strip():
                    pre = behind
                    continue
                if self._goes_on(start.text, pre.end, min(behind.end, limit)):
                    self.between.append(between)
                    pre = behind
                    continue
            if end - start.text > REACH or not _is_header(self.text[start.text : end]):
                return end
            position, pre = end, None  # the body stands behind its header, in paragraphs
            if self._widget_at(self._behind_blanks(end)) is not None:
                return end
        for cut in islice(self.cuts, bisect_right(self.cuts, position), None):
            if cut >= limit:
                break
            if not self._goes_on(position, cut, limit):
                return cut
        return limit

    def _goes_on(self, start: int, cut: int, limit: int) -> bool:
        """Whether the paragraph next in number stands behind a cut: then it cuts nothing off."""
        before = PARAGRAPH.findall(self.text, max(start, cut - REACH), cut)
        behind = PARAGRAPH.findall(self.text, cut, min(cut + REACH, limit))
        return bool(before) and int(before[-1]) + 1 in map(int, behind)

    def _commentary(self, start: int, end: int) -> Span | None:
        """The blogger's paragraphs behind a text in paragraphs that has its signature.

        A cable's lines are broken at 70 characters or so, a blogger's paragraph is one line.
        Where a cable's are not broken either, nothing tells them apart, and all stays.
        """
        text = self.text[start:end]
        if max(map(len, text.split("\n"))) <= LONGEST_LINE:
            return None
        signature = None
        for found in SIGNATURE.finditer(text):
            signature = found
        if signature is None or PARAGRAPH.search(text, 0, signature.start()) is None:
            return None
        paragraphs = text[signature.end() :].strip().split("\n\n")
        lines = text[: signature.end()].split("\n")
        before = [line for line in lines if line.strip() and line.strip() != PARTIAL_NOTICE]
        is_prose = max(map(len, paragraphs)) > LONGEST_LINE and not any(
            "\n" in paragraph or CABLE_PARAGRAPH.match(paragraph) for paragraph in paragraphs
        )
        if len(before) < FEWEST_LINES or max(map(len, before)) > LONGEST_LINE or not is_prose:
            return None
        return Span(start + signature.end(), end)

    def _cable(self, start: _Start, limit: int, named: Found | None) -> Posted | None:
        end = self._end(start, limit)
        commentary = None if self._pre_at(end - 1) else self._commentary(start.text, end)
        if commentary is not None:
            end = commentary.start
            doubt = trim(self.text, *commentary)
            start.fields.append(Found("flag", "end_inferred", doubt, "crawler", "commentary/1"))
        header, body = self._parts(start, Span(start.text, end))
        if start.has_block and not (self._pre_at(start.text) or self._is_cable(header, body)):
            self.content.problem = "no_body: WikiLeaks' table is there, and no cable behind it"
            return None
        if not body.text:
            self.content.problem = "no_body: a cable's header, and no text behind it"
            return None
        stated_id = start.stated_id or named or self._own_id(header, body)
        if stated_id is None:
            self.content.problem = "no_reference_id: a cable's text, and nothing says which"
            return None
        return Posted(stated_id, start.fields, header, body, Span(start.text, end))

    def _is_cable(self, header: Excerpt, body: Excerpt) -> bool:
        """Whether a text in paragraphs is a cable's, and not what a blogger says of one."""
        first = body.text[:REACH]
        return bool(first) and (
            bool(header.text)
            or CLASSIFICATION_LINE.match(first) is not None
            or HEADING_MARK.search(first) is not None
            or PARAGRAPH.search(first) is not None
        )

    def _parts(self, start: _Start, span: Span) -> tuple[Excerpt, Excerpt]:
        """Header and body: in two `<pre>`, or parted by what a header may have."""
        anchors = [
            Span(tag.text_pos, tag.text_pos + 1)
            for tag in _tags_within(self.tags, Span(span.start, span.end - 1))
            if tag.name == "a"
            and not tag.closing
            and self.text.startswith("¶", tag.text_pos)
            and PARAGRAPH_ANCHOR.match(self.page.document, tag.start, tag.end)
        ]
        self.content.regions += [Region(*anchor, "paragraph_anchor") for anchor in anchors]
        # What the page puts between the pieces of a text: shares, a note between two <pre>.
        anchors += [w for w in self.widgets if span.start <= w.start and w.end <= span.end]
        anchors += [b for b in self.between if span.start <= b.start and b.end <= span.end]
        anchors.sort()
        first = bisect_left(self.pres, span.start, key=_start)
        pres = [p for p in self.pres[first : first + 3] if p.end <= span.end]
        if len(pres) == 2 and pres[0].start <= self._behind_blanks(span.start):
            split = pres[0].end
            if not start.has_block and not _is_header(self.text[span.start : split]):
                split = span.start
        else:
            split = span.start + split_header(self.text[span.start : span.end])
        return (
            Excerpt(self.text, Span(span.start, split), [a for a in anchors if a.end <= split]),
            Excerpt(self.text, Span(split, span.end), [a for a in anchors if a.start >= split]),
        )

    def _own_id(self, header: Excerpt, body: Excerpt) -> Found | None:
        """The ID by the text's own line, with the year of its date-time group."""
        findings = read_cable(header.text, body.text)
        stamp = next((f.value for f in findings if f.field == "dtg"), "")
        year = stamp[-2:]
        line = next((f for f in findings if f.field == "own_id"), None)
        if line is None or not year.isdigit():
            return None
        reference_id = from_body_line(line.value, year)
        if reference_id is None:
            return None
        span = body.locate(line.start, line.end)
        return Found("reference_id", reference_id.canonical, span, "cable_body", "own_id_line/1")


def named_by_slug(slug: str, in_document: Span) -> Found | None:
    """The ID that leads the last part of a post's address, as `07astana1033-a-title` does."""
    match = re.match(STATED_ID, slug, re.I)
    found = parse(match[0].upper()) if match else None
    if match is None or found is None:
        return None
    place = Span(in_document.start, in_document.start + match.end())
    return Found("reference_id", match[0].upper(), Span(0, 0), REPOST, "address/1", place)


@cache
def _notices() -> tuple[re.Pattern[str], ...]:
    """What the lines look like that announce a cable, by the boilerplate rules."""
    patterns = [
        rule.pattern
        for rule in rules_of("wordpress", load_rules())
        if rule.region == "notices" and rule.pattern is not None
    ]
    # One that takes any text, for what is left of the region, tells nothing.
    return tuple(pattern for pattern in patterns if not pattern.match("any"))


def _is_header(text: str) -> bool:
    """Whether a text, of a header's length, is a header and nothing else."""
    return bool(text.strip()) and not text[split_header(text) :].strip()


def _record_at(text: str, position: int, end: int, rules: Iterable[Rule]) -> re.Match[str] | None:
    for rule in rules:
        match = rule.pattern.match(text, position, end) if rule.pattern is not None else None
        if match is not None:
            return match
    return None


def _tags_within(tags: list[Tag], span: Span) -> list[Tag]:
    """The tags from the first to the last character of a span, those at its end too."""
    first = bisect_left(tags, span.start, key=_text_pos)
    return tags[first : bisect_right(tags, span.end, key=_text_pos)]


_text_pos = attrgetter("text_pos")
_start = attrgetter("start")
