"""WikiLeaks' cable site, November 2010 to today, and copies of it.

All its variants have the same parts, and the parts are told by what they say: a table whose
first heading is "Reference ID" (four columns in the first build, five on later cable pages,
six on index pages), behind it two `<pre>`, header and body, on a cable page and none on an
index page; "Currently released so far... N / 251,287" in the left-hand pane. Links are not
trusted for values: a classification's title attribute is wrong on every page, a media link's
address has its scheme doubled, and copies rewrite them all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult

from cablecrawl.layouts.page import CableOnPage, Excerpt, Found, PageReading, Region, Span, trim
from cablecrawl.pagetext import PageText, closing_tag, tag_before, without_references
from cablecrawl.releases import chrome_fingerprint

NAME = "wikileaks"
PAGE = "wikileaks_page"

COUNTER = re.compile(r"Currently released so far\.{3}\s*([\d,]{1,12})\s*/\s*[\d,]{1,12}")
TITLE_LEAD = "Viewing cable "
TITLE = re.compile(r"Viewing cable[ ]+([^,\n]*),?[ ]*(.*)")
DATE_AND_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::\d{2})?)?")
MEDIA_HEADING = "Appears in these articles:"

# Headings of the table's columns. "Date" is Created in the four columns of the first build.
COLUMNS = {
    "Reference ID": "reference_id",
    "Date": "created",
    "Created": "created",
    "Released": "released",
    "Classification": "classification",
    "Origin": "origin",
    "Subject": "title",
}
# Tags between a heading's text and its <th>, and its <table>; the real ones have 0 and 2.
HEADING_REACH = 4
TABLE_REACH = 16
DATES = frozenset(("created", "released"))

# Paragraph anchors are put before "1." and before the letters of references alike.
PARAGRAPH_ANCHOR = re.compile(r"""<a\s[^>]*?\bid\s*=\s*["']?par""")
HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
# In characters of the tag; browsers and servers stop far below this.
LONGEST_LINK = 4096
# Index families that are walked: together they reach every cable that any index page lists.
# Origin and tag pages list the same cables over again (407 and 1,353 pages for 6,693).
# A copy with relative links names the other pages of a folder without the folder.
INDEX_PAGE = re.compile(r"(?:^|/)(?:reldate|date|classification)/[\w-]+\.html$|^[\w-]+_\d+\.html$")
CABLE_INDEX = re.compile(r"(?:^|/)cablegate\.html$")
CABLE_PAGE = re.compile(r"(?:^|/)cable/(?:\d{4}/\d{2}/)?[^/?#]+?(?:\.html)?$")
# A server's own listing of a folder: how pages are found that no index page lists.
LISTING_TITLE = re.compile(r"^(?:Index of|Directory listing for) +/", re.M)
LISTED_FOLDER = re.compile(r"^(?:cable|reldate|date|classification|\d{4}|\d{2})/$")
LISTED_INDEX = re.compile(r"^(?:[\w-]+_\d+|cablegate)\.html$")
LISTED_PAGE = re.compile(r"(?:^|/)\d{2}[A-Z][A-Z0-9]*\.html$")


def read(page: PageText) -> PageReading | None:
    """What the page holds; None when it is not of this layout."""
    text = page.text
    counter = COUNTER.search(text)
    table = _cable_table(page)
    if counter is None and table is None:
        return _read_listing(page) or _read_front_page(page)
    reading = PageReading(NAME, chrome_sha256=chrome_fingerprint(page.document, page.shared))
    if counter is not None:
        span = Span(*counter.span(1))
        value = counter[1].replace(",", "")
        reading.page_fields.append(
            Found("released_so_far", value, span, PAGE, "wikileaks_counter/1")
        )
    if table is None:
        if _title(text, len(text)):
            reading.problem = "no_table: the page names a cable and has no table with its data"
        else:
            _read_links(page, reading)
        return reading
    pres = [
        index
        for index, (name, closing, *_) in enumerate(page.tags[table.opening :], table.opening)
        if name == "pre" and not closing
    ]
    if not pres and not _title(text, table.span.start):
        _read_links(page, reading)
        return reading
    _read_cable(page, reading, table, pres, counter.start() if counter else None)
    return reading


def is_cable_url(url: SplitResult) -> bool:
    """Whether the address is that of a cable page, whatever is found there."""
    return CABLE_PAGE.search(url.path) is not None


class _CableTable:
    """The table headed "Reference ID": its headings and its rows of cells."""

    def __init__(self, page: PageText, opening: int) -> None:
        tags = page.tags
        self.opening = opening
        closing = closing_tag(tags, opening)
        end = tags[closing].text_pos if closing < len(tags) else len(page.text)
        self.span = Span(tags[opening].text_pos, end)
        self.headings: list[tuple[str, Span]] = []
        self.rows: list[list[Span]] = []
        cells: list[tuple[str, int]] = []
        for tag in tags[opening:closing]:
            if tag.name == "tr":
                self._add_row(page.text, cells, tag.text_pos)
                cells = []
            elif tag.name in ("td", "th") and not tag.closing:
                cells.append((tag.name, tag.text_pos))
        self._add_row(page.text, cells, end)

    def _add_row(self, text: str, cells: list[tuple[str, int]], end: int) -> None:
        if not cells:
            return
        ends = [start for _, start in cells[1:]] + [end]
        spans = [trim(text, start, stop) for (_, start), stop in zip(cells, ends, strict=True)]
        if cells[0][0] == "th":
            self.headings = [(text[span.start : span.end], span) for span in spans]
        else:
            self.rows.append(spans)


def _cable_table(page: PageText) -> _CableTable | None:
    """The table with the heading; the words alone, as in a notice, make none."""
    position = -1
    while (position := page.text.find("Reference ID", position + 1)) != -1:
        heading = tag_before(page.tags, "th", position, HEADING_REACH)
        if heading is None or page.text[page.tags[heading].text_pos : position].strip():
            continue
        opening = tag_before(page.tags, "table", position, TABLE_REACH)
        if opening is not None:
            return _CableTable(page, opening)
    return None


def _read_cable(
    page: PageText,
    reading: PageReading,
    table: _CableTable,
    pres: list[int],
    counter_start: int | None,
) -> None:
    text = page.text
    columns = [COLUMNS.get(heading) for heading, _ in table.headings]
    data = [row for row in table.rows if len(row) == len(columns)]
    if len(data) != 1:
        reading.problem = f"rows: {len(data)} rows of data in the cable's table, not one"
        return
    if len(pres) != 2:
        reading.problem = f"parts: {len(pres)} <pre> behind the table, not header and body"
        return
    closings = [closing_tag(page.tags, opening) for opening in pres]
    if len(page.tags) in closings:
        reading.problem = "cut_short: a <pre> does not end on the page"
        return
    found: dict[str, Found] = {}
    for column, span in zip(columns, data[0], strict=True):
        if column is None or span.start == span.end:
            continue
        value = _cell_value(column, text[span.start : span.end])
        if value is not None:
            found[column] = Found(column, value, span, PAGE, "wikileaks_table/1")
    stated_id = found.pop("reference_id", None)
    if stated_id is None:
        reading.problem = "no_reference_id: the cell for the reference ID is empty"
        return
    fields = list(found.values())
    title = _title(text, table.span.start)
    if title is not None and title[2].strip():
        span = trim(text, *title.span(2))
        fields.append(Found("title", text[span.start : span.end], span, PAGE, "wikileaks_title/1"))
    for row in table.rows:
        if len(row) == 1:
            fields += _read_media(text, row[0], reading)
    header, body = (
        _read_pre(page, opening, closing, reading)
        for opening, closing in zip(pres, closings, strict=True)
    )
    if not body.text:
        reading.problem = "no_body: the second <pre> is empty"
        return
    reading.cables.append(CableOnPage(stated_id, fields, header, body))
    end_of_last = page.tags[closings[-1]].text_pos
    title_start = title.start() if title else table.span.start
    navigation_start = min(counter_start or 0, title_start)
    notices_start = title.end(1) if title else table.span.start
    reading.regions += [
        Region(0, navigation_start, "banner"),
        Region(navigation_start, title_start, "navigation"),
        Region(title_start, notices_start, "title_lead"),
        Region(notices_start, table.span.start, "notices"),
        *(Region(*span, "column_heading") for _, span in table.headings),
        Region(end_of_last, len(text), "footer"),
    ]


def _title(text: str, end: int) -> re.Match[str] | None:
    """The line "Viewing cable 07ASTANA1033, TITLE" before `end`."""
    start = text.find(TITLE_LEAD, 0, end)
    while start > 0 and text[start - 1] != "\n":
        start = text.find(TITLE_LEAD, start + 1, end)
    return TITLE.match(text, start, end) if start >= 0 else None


def _cell_value(column: str, cell: str) -> str | None:
    if column not in DATES:
        return " ".join(cell.split())
    stated = DATE_AND_TIME.fullmatch(cell)
    if stated is None:
        return None
    return f"{stated[1]}T{stated[2]}" if stated[2] else stated[1]


def _read_media(text: str, cell: Span, reading: PageReading) -> list[Found]:
    """The articles that a cable appears in: the text of the links, or prose."""
    if not text.startswith(MEDIA_HEADING, cell.start):
        return []
    reading.regions.append(Region(cell.start, cell.start + len(MEDIA_HEADING), "media_heading"))
    articles = []
    position = cell.start + len(MEDIA_HEADING)
    for line in text[position : cell.end].split("\n"):
        span = trim(text, position, position + len(line))
        if span.end > span.start:
            value = text[span.start : span.end]
            articles.append(Found("article", value, span, PAGE, "wikileaks_articles/1"))
        position += len(line) + 1
    return articles


def _read_pre(page: PageText, opening: int, closing: int, reading: PageReading) -> Excerpt:
    tags = page.tags
    anchors = [
        Span(text_pos, text_pos + 1)
        for name, is_closing, start, end, text_pos in tags[opening + 1 : closing]
        if name == "a"
        and not is_closing
        and page.text.startswith("¶", text_pos)
        and PARAGRAPH_ANCHOR.match(page.document, start, end)
    ]
    reading.regions += [Region(start, end, "paragraph_anchor") for start, end in anchors]
    return Excerpt(page.text, Span(tags[opening].text_pos, tags[closing].text_pos), anchors)


def _read_links(page: PageText, reading: PageReading) -> None:
    """An index page's links; on cable pages none are read."""
    reading.is_index = True
    for path in _links(page):
        kind = _kind_of_link(path)
        if kind == "index":
            reading.index_links.append(path)
        elif kind == "cable":
            reading.cable_links.append(path)


def _read_listing(page: PageText) -> PageReading | None:
    if not LISTING_TITLE.search(page.text, 0, 500):
        return None
    reading = PageReading(NAME, is_index=True, is_folder_listing=True)
    for link in _links(page):
        if link.startswith((".", "/", "?")):
            continue  # up, or another order of the same listing
        if LISTED_FOLDER.match(link) or LISTED_INDEX.match(link):
            reading.index_links.append(link)
        elif LISTED_PAGE.search(link):
            reading.cable_links.append(link)
    return reading


def _read_front_page(page: PageText) -> PageReading | None:
    """WikiLeaks' general front page, and the like: no cable, and a link to the cable index."""
    links = [path for path in _links(page) if CABLE_INDEX.search(path)]
    return PageReading(NAME, is_index=True, index_links=links) if links else None


def _links(page: PageText) -> list[str]:
    """What the page's links refer to, each once, without fragments."""
    found: dict[str, None] = {}
    for tag in page.tags:
        if tag.name == "a" and not tag.closing and tag.end - tag.start <= LONGEST_LINK:
            path = _path_of_link(page.document[tag.start : tag.end])
            if path:
                found[path] = None
    return list(found)


# The navigation's links come again on every page of a build.
@lru_cache(maxsize=4096)
def _path_of_link(tag: str) -> str:
    match = HREF.search(tag)
    if match is None:
        return ""
    link = match[1] or match[2] or match[3] or ""
    return without_references(link).partition("#")[0]


@lru_cache(maxsize=4096)
def _kind_of_link(path: str) -> str | None:
    if INDEX_PAGE.search(path):
        return "index"
    return "cable" if CABLE_PAGE.search(path) else None
