"""The cables in a post: where each begins and ends in its text, and what it states of them.

Bloggers paste cables in every form: WikiLeaks' own block (link, notices, five columns) as a
table, as cells or as two lines of text; the text in `<pre>`, in paragraphs, or both. So a cable
is found by marks that cables have, and ends where the page's structure says so: at the next
cable, at the end of its `<pre>`, at a heading or a rule, at the end of the post.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from cablecrawl.boilerplate import Rule, load_rules, rules_of_kind
from cablecrawl.cabletext import read_cable
from cablecrawl.cabletext.extent import (
    CLASSIFICATION_LINE,
    PARTIAL_NOTICE,
    ROUTING_LINE,
    split_header,
)
from cablecrawl.layouts.page import Excerpt, Found, Region, Span, trim
from cablecrawl.pagetext import PageText, Tag, closing_tag
from cablecrawl.reference_id import from_body_line, parse

REPOST = "repost"
"""The blog's own statement."""
REPOSTED_PAGE = "repost_of_wikileaks_page"
"""A statement of a WikiLeaks page that the repost passes on."""

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
    r"|[ \t]*(?:[A-Z] ?){5}|ACTION |(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
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
# Lines of a cable's heading that are looked through for one of those.
HEADING_REACH = 900
# A dump's record opens with its number, bare or in brackets, a quotation mark, or a label.
RECORD_OPENING = re.compile(r"^(?=[ \t]*(?:[<>\"]|\d{1,6}[\t,\n]|[Ii][Dd]:|[Cc]able dated))", re.M)
# Behind it a body has text of its own, and a second header is that of another cable.
PARAGRAPH = re.compile(r"^[ \t]*¶?\d{1,2}\. ", re.M)
OWN_SERIAL = re.compile(r"^DE R[A-Z]+ #0*(\d+)", re.M)
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
    r"""\b(?:class|id)\s*=\s*["'][^"']*\b(?:sharedaddy|sd-\w+|jp-\w+|wpcnt|wpa|likes?|share|sharing"""
    r"""|related(?:posts?)?|post-navigation|page-?links|addtoany\w*|author-box|entry-meta"""
    r"""|post-meta|entry-footer|postmetadata)\b""",
    re.I,
)


class Cut(NamedTuple):
    """A place at which running text ends, since the page has something else there."""

    position: int
    end: int
    """Where that ends; text may go on behind it, but not the text of the same cable."""


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
        first = bisect_right(page.tags, span.start - 1, key=_text_pos)
        last = bisect_right(page.tags, span.end, key=_text_pos)
        self.tags = page.tags[first:last]
        self.pres = list(_elements(self.tags, "pre", span.end))
        self.content = Content()
        self.cuts = self._cuts()

    def read(self, title: Found | None, named: Found | None) -> Content:
        starts = self._starts()
        for index, start in enumerate(starts):
            limit = starts[index + 1].lead if index + 1 < len(starts) else self.span.end
            posted = self._cable(start, limit, named if index == 0 else None)
            if posted is None:
                continue
            if title is not None and index == 0:
                posted.fields.append(title)
            self.content.cables.append(posted)
        return self.content

    def _cuts(self) -> list[Cut]:
        found = []
        position = 0
        for index, tag in enumerate(self.tags):
            if tag.closing or tag.text_pos < position:
                continue
            if tag.name == "hr":
                found.append(Cut(tag.text_pos, tag.text_pos))
            elif tag.name in HEADINGS or tag.name in NOT_TEXT or self._is_widget(tag):
                position = _end_of_element(self.tags, index, self.span.end)
                found.append(Cut(tag.text_pos, position))
                if tag.name not in HEADINGS:
                    self._region(tag.text_pos, position, "post_end")
            elif tag.name == "blockquote":
                end = _end_of_element(self.tags, index, self.span.end)
                found += [Cut(tag.text_pos, tag.text_pos), Cut(end, end)]
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
        blocks = list(self._matches(BLOCK))
        records = dict(self._records())
        id_lines = {line.start(): line for line in self._matches(ID_LINE)}
        openings = [o.start() for o in self._matches(OPENING) if self._opens_a_text(o.start())]
        for position in sorted({b.start() for b in blocks} | {*records, *id_lines, *openings}):
            current = starts[-1] if starts else None
            if current is not None and position < current.text:
                continue  # part of the announcement
            block = next((b for b in blocks if b.start() == position), None)
            if block is not None:
                starts.append(self._start_of_block(block, current))
                continue
            if current is not None and not self._has_ended(current, position):
                is_named = position in id_lines or position in records
                if not self._begins_another(current, position, is_named=is_named):
                    continue
            if position in id_lines:
                text = self._announces(id_lines[position], openings, records)
                if text and not self._is_in_pre(position):
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
        pre = next((p for p in self.pres if p.start <= position < p.end), None)
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
        return pattern.finditer(self.text, *self.span)

    def _records(self) -> Iterator[tuple[int, Found]]:
        """Raw records of a dump, and the IDs that they state."""
        rules = rules_of_kind("dump_record", load_rules())
        for opening in self._matches(RECORD_OPENING):
            record = _record_at(self.text, opening.start(), self.span.end, rules)
            if record is not None and record.groupdict().get("record_id"):
                span = Span(*record.span("record_id"))
                yield (
                    opening.start(),
                    Found(
                        "reference_id", record["record_id"], span, "dump_record", "dump_record/1"
                    ),
                )

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
        lines = text[position : min(position + HEADING_REACH, self.span.end)].split("\n", 4)[:4]
        return sum(ROUTING_LINE.match(line) is not None for line in lines) > 1

    def _announces(
        self, line: re.Match[str], openings: list[int], records: dict[int, Found]
    ) -> int | None:
        """Where the text begins that an ID line stands directly above, if it does."""
        position = self._behind_notices(line.end())
        return position if position in records or position in openings else None

    def _has_ended(self, start: _Start, position: int) -> bool:
        return self._end(start, self.span.end) <= position

    def _begins_another(self, current: _Start, position: int, *, is_named: bool) -> bool:
        """Whether a header, ID or record within a text is that of another cable or copy.

        Before the body's first paragraph it is the same cable's: dumps repeat the header there.
        """
        so_far = self.text[current.text : position]
        body = so_far[split_header(so_far) :]
        if is_named:
            return PARAGRAPH.search(body) is not None or len(body.split()) > HEADING_REACH // 10
        if not PARAGRAPH.search(body) or not self.text.startswith("VZCZC", position):
            return False
        serial = OWN_SERIAL.search(self.text, position, min(position + 300, self.span.end))
        known = OWN_SERIAL.search(so_far)
        return serial is not None and known is not None and serial[1] != known[1]

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
        for line in re.finditer(r"[^\n]*\n?", self.text[end : self.span.end]):
            span = trim(self.text, end + line.start(), end + line.end())
            is_blank = span.start == span.end
            if (is_blank and articles) or (not is_blank and self._opens_a_text(span.start)):
                return end + line.start(), articles
            if not is_blank:
                value = self.text[span.start : span.end]
                articles.append(Found("article", value, span, REPOSTED_PAGE, "reposted_media/1"))
        return self.span.end, articles

    def _links(self, start: int, end: int, reference_id: str) -> list[Found]:
        """The links to WikiLeaks' page of the cable that stand in its announcement."""
        found = []
        for tag in self.tags:
            if tag.name == "a" and not tag.closing and start <= tag.text_pos <= end:
                link = WIKILEAKS_LINK.match(self.page.document, tag.start, tag.end)
                if link is not None and link["reference_id"].upper() == reference_id:
                    place = Span(*link.span("url"))
                    here = Span(tag.text_pos, tag.text_pos)
                    found.append(
                        Found("release", link["url"], here, REPOST, "wikileaks_link/1", place)
                    )
        return found[:1]

    def _lead_of(self, position: int, floor: int) -> int:
        """Where the lines begin that announce a block: notices, an ID line, a link."""
        lead = position
        while True:
            line_end = len(self.text[:lead].rstrip())
            line_start = max(self.text.rfind("\n", 0, line_end) + 1, floor)
            if line_end <= floor or not self._is_notice(line_start, line_end):
                return max(lead, floor)
            lead = line_start

    def _is_notice(self, start: int, end: int) -> bool:
        if ID_LINE.match(self.text, start, end) is not None:
            return True
        return any(
            rule.pattern is not None and rule.pattern.match(self.text, start, end)
            for rule in load_rules()
            if rule.region == "notices" and "wordpress" in rule.layouts
        )

    def _behind_notices(self, position: int) -> int:
        position = self._behind_blanks(position)
        while position < self.span.end:
            end = self._line_end(position)
            if not self._is_notice(position, end):
                break
            position = self._behind_blanks(end)
        return position

    def _behind_blanks(self, position: int) -> int:
        """The start of the next line that is not blank, or of what is left of this one."""
        stop = self.span.end
        shown = stop - len(self.text[position:stop].lstrip())
        return max(self.text.rfind("\n", 0, shown) + 1, position)

    def _line_end(self, position: int) -> int:
        end = self.text.find("\n", position, self.span.end)
        return self.span.end if end == -1 else end

    def _text_behind(self, position: int) -> int:
        """Where the text begins that a block announces: at once, or in the next `<pre>`."""
        position = self._behind_blanks(position)
        if self._is_in_pre(position) or self._opens_a_text(position):
            return position
        pre = next((p for p in self.pres if p.start >= position), None)
        if pre is not None and self._opens_a_text(self._behind_blanks(pre.start)):
            self._region(position, pre.start, "commentary")
            return pre.start
        return position

    # Where they end

    def _is_in_pre(self, position: int) -> bool:
        return any(pre.start <= position < pre.end for pre in self.pres)

    def _end(self, start: _Start, limit: int) -> int:
        """Where a cable's text ends, at the latest at `limit`."""
        position = start.text
        pre = next((p for p in self.pres if p.start <= position < p.end), None)
        while pre is not None:
            end = min(pre.end, limit)
            behind = next((p for p in self.pres if p.start >= pre.end), None)
            is_next = behind is not None and not self.text[pre.end : behind.start].strip()
            if is_next and behind is not None and behind.start < limit:
                pre = behind
                continue
            if not _is_header(self.text[start.text : end]):
                return end
            position, pre = end, None  # the body stands behind its header, in paragraphs
        cut = next((c.position for c in self.cuts if c.position > position), limit)
        return min(cut, limit)

    def _cable(self, start: _Start, limit: int, named: Found | None) -> Posted | None:
        end = self._end(start, limit)
        header, body = self._parts(start, Span(start.text, end))
        if not body.text:
            if start.has_block:
                self.content.problem = "no_body: WikiLeaks' table is there, and no text behind it"
            return None
        stated_id = start.stated_id or named or self._own_id(header, body)
        if stated_id is None:
            self.content.problem = "no_reference_id: a cable's text, and nothing says which"
            return None
        return Posted(stated_id, start.fields, header, body, Span(start.text, end))

    def _parts(self, start: _Start, span: Span) -> tuple[Excerpt, Excerpt]:
        """Header and body: in two `<pre>`, or parted by what a header may have."""
        anchors = [
            Span(tag.text_pos, tag.text_pos + 1)
            for tag in self.tags
            if tag.name == "a"
            and not tag.closing
            and span.start <= tag.text_pos < span.end
            and self.text.startswith("¶", tag.text_pos)
            and PARAGRAPH_ANCHOR.match(self.page.document, tag.start, tag.end)
        ]
        self.content.regions += [Region(*anchor, "paragraph_anchor") for anchor in anchors]
        pres = [p for p in self.pres if span.start <= p.start and p.end <= span.end]
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
        stamp = next((f.value for f in findings if f.field == "date_time_group"), "")
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


def _is_header(text: str) -> bool:
    """Whether a text is a header and nothing else."""
    return bool(text.strip()) and not text[split_header(text) :].strip()


def _record_at(text: str, position: int, end: int, rules: Iterable[Rule]) -> re.Match[str] | None:
    for rule in rules:
        match = rule.pattern.match(text, position, end) if rule.pattern is not None else None
        if match is not None:
            return match
    return None


def _elements(tags: list[Tag], name: str, end: int) -> Iterator[Span]:
    """The spans of page text of the elements of that name, outermost ones."""
    position = -1
    for index, tag in enumerate(tags):
        if tag.name == name and not tag.closing and tag.text_pos >= position:
            position = _end_of_element(tags, index, end)
            yield Span(tag.text_pos, position)


def _end_of_element(tags: list[Tag], opening: int, end: int) -> int:
    closing = closing_tag(tags, opening)
    return min(tags[closing].text_pos, end) if closing < len(tags) else end


def _text_pos(tag: Tag) -> int:
    return tag.text_pos
