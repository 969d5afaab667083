"""Pages of cable browsers: labels and values, then the cable, in any markup.

The parts are told by what they say and by where they stand: a block of labels, of which one is
`Identifier` with a reference ID, and at least one thing more that such pages have; above it the
site's heading, its disclaimer and the title; behind it header and body, in two `<pre>`, in one,
or as plain paragraphs; last the line on the page's source. What stands behind the block is
cable whatever it says, `TAGS:` and `Classified By:` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urlsplit

from cablecrawl.cabletext.extent import PARAGRAPH, split_header
from cablecrawl.layouts.labelled import BARE, Block, find_block
from cablecrawl.layouts.page import CableOnPage, Excerpt, Found, PageReading, Region, Span, trim
from cablecrawl.layouts.wikileaks import HREF, LONGEST_LINK
from cablecrawl.numbered import number_of
from cablecrawl.pagetext import PageText, closing_tag, without_references
from cablecrawl.reference_id import parse

NAME = "cablebrowser"
PAGE = "cablebrowser_page"

SITE_HEADING = re.compile(
    r"^[ \t]*US embassy cables?\b(?:[ ]?[-–—:|][ ]?[\w-]{1,40})?[ \t]*$", re.M | re.I
)
DISCLAIMER = re.compile(r"^[ \t]*Disclaimer\b[:.]?[ \t]*", re.M | re.I)
# "Latest source of this page is cablebrowser-2, released 2011-10-04"
SOURCE_LINE = re.compile(
    r"^[ \t]*Latest source\b(?=[^\n]{0,60}\b(?:this (?:page|cable)|released)\b)"
    r"(?: (?:of|for) this (?:page|cable))?(?: is| was)? ?:?[ \t\n]"
    r"(?P<source>[\w.-]*\w)(?:[ ,;(]{1,3}released(?: on)?:? (?P<released>\d{4}-\d\d-\d\d)\)?)?"
    r"[^\n]{0,80}$",
    re.M | re.I,
)
# The same statement as in the block, on a line below the cable.
REDACTED_BELOW = re.compile(
    rf"^[ \t]*(?:redacted:?\s{{1,3}})?{BARE['redacted'].pattern}\s*\Z", re.M | re.I
)
DATE_AND_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]{1,2}(\d{2}:\d{2}(?::\d{2})?))?(?!\d)")
# How databases write that there is no date.
NO_DATE = re.compile(r"(?:0000-00-00|1970-01-01)\b")
IS_REDACTED = re.compile(r"(?P<no>no\b|not\b|unredacted\b)|yes\b|redacted\b", re.I)
FIELDS = {
    "origin": "origin",
    "classification": "classification",
    "tags": "page_tags",
    "title": "title",
}
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))

# "Redacted: This cable was not redacted by Wikileaks." and blank lines around it.
LONGEST_STATEMENT = 120

# Elements that a cable stands in, and those that end it where nothing else does.
CONTAINERS = frozenset("body div td article section main blockquote center form code".split())
# Of a page's headings and of the elements around a cable: as many are looked at.
DEEPEST = 20
END_OF_CONTENT = frozenset(("footer", "nav", "hr", "address"))

# The front page of a site that does not know a number, or a page that says so.
NOT_FOUND = re.compile(
    r"^[^\n]{0,40}\b(?:no (?:such )?(?:cable|record)\b|(?:cable|record)\b[^\n]{0,40}?\b"
    r"(?:(?:was |is |could )?not (?:be )?(?:found|known|available)|does(?: not|n't) exist)\b"
    r"|not found[^\n]{0,20}\b(?:cable|record)\b)[^\n]{0,60}$",
    re.M | re.I,
)
LONGEST_NOT_FOUND = 2_500

NAMED_PAGE = re.compile(r"(?:^|/)cable/(?P<name>\d\d[A-Za-z]{3,21}\d{1,6})(?:\.\w{1,5})?$")
NAMED_FILE = re.compile(r"(?:^|/)(?P<name>\d\d[A-Z]{3,21}\d{1,6})(?:\.\w{1,5})?$")
CABLE_SCRIPT = re.compile(r"(?:^|/)cable(?:\.\w{1,5})?$")
# WikiLeaks' own tree of folders.
MONTH_FOLDER = re.compile(r"(?:^|/)\d{4}/\d{2}/")
# Links from one page of a list to the others.
PAGING = re.compile(
    r"(?:(?:next|previous|prev|older|newer|first|last|more)(?: (?:page|cables|\d{1,4}))?"
    r"|page \d{1,5}|\d{1,5}|[<>«»‹›←→]{1,2})(?: ?[<>«»‹›←→]{1,2})?"
    r"|[<>«»‹›←→]{1,2} ?(?:next|previous|prev|older|newer|first|last)",
    re.I,
)
LIST_PAGE = re.compile(r"(?:^|/)(?:index|list|cables|browse|archive|all)(?:\.\w{1,5})?/?$", re.I)

# A WordPress blog may quote such a page, comments and all around it.
WORDPRESS = re.compile(r"/wp-(?:content|includes)/|content=[\"']WordPress")


def read(page: PageText) -> PageReading | None:
    """What the page holds; None when it is not of this layout."""
    openings = [
        index for index, tag in enumerate(page.tags) if tag.name == "pre" and not tag.closing
    ]
    block = find_block(page.text, [page.tags[index].text_pos for index in openings])
    reading = None
    if block is not None:
        reading = _Cable(page, block, openings).read()
    if reading is None:
        reading = _read_not_found(page) or _read_index(page)
    if reading is not None and WORDPRESS.search(page.document):
        return None
    return reading


def is_cable_url(url: SplitResult) -> bool:
    """Whether the address is that of a cable page: by number, or by name outside any month."""
    if NAMED_PAGE.search(url.path):
        return True
    if not CABLE_SCRIPT.search(url.path) or not url.query:
        return False
    return number_of(f"{url.path}?{url.query}") is not None or _named_in_query(url.query)


def is_gap(url: str, via: str | None) -> bool:
    """Whether a page that is not there is a gap among numbers and no fault.

    Nothing leads to the pages of a walk but a redirect from a number; what a list leads to
    should be there.
    """
    return number_of(url) is not None and (via is None or number_of(via) is not None)


class _Cable:
    """A page with a block of labels: what stands above it, in it and behind it."""

    def __init__(self, page: PageText, block: Block, openings: list[int]) -> None:
        self.page = page
        self.text = page.text
        self.block = block
        self.pres = [index for index in openings if page.tags[index].text_pos >= block.end]
        self.heading = SITE_HEADING.search(self.text, 0, block.start)
        self.source = _last(SOURCE_LINE, self.text, block.end)
        self.reading = PageReading(NAME)
        self.fields: list[Found] = []

    def read(self) -> PageReading | None:
        stated_id = self.block.stated_id
        if stated_id is None:
            return self._read_without_id()
        if len(self.block.pairs) == 1 and self.heading is None and self.source is None:
            return None
        cable = self._cable_span()
        if cable is None:
            return self.reading
        header, body, end = cable
        if not body.text:
            self.reading.problem = "no_body: there is no text behind the labels"
            return self.reading
        self._read_pairs()
        self._read_above()
        self._read_below(end)
        start = self.block.end
        if spans := [*header.spans(), *body.spans()]:
            self._region(start, min(span.start for span in spans), "notices")
        value = self.text[slice(*stated_id)]
        found = Found("reference_id", value, stated_id, PAGE, "cablebrowser_label/1")
        self.reading.cables.append(CableOnPage(found, self.fields, header, body))
        return self.reading

    def _read_without_id(self) -> PageReading | None:
        """A page with the labels of no cable, or with an identifier that is no reference ID."""
        stated = self.block.of("identifier")
        assert stated is not None
        value = self.text[slice(*stated.value)]
        filled = [
            pair
            for pair in self.block.pairs
            if pair.key in FIELDS and pair.key != "title" and pair.value.end > pair.value.start
        ]
        is_of_site = self.heading is not None or self.source is not None
        if value or filled:
            if not is_of_site:
                return None
            self.reading.problem = f"no_reference_id: the identifier is {value[:80]!r}"
        elif is_of_site or len(self.block.pairs) > 2:
            self.reading.has_no_cable = True
        else:
            return None
        return self.reading

    # ------------------------------------------------------------------ header and body

    def _cable_span(self) -> tuple[Excerpt, Excerpt, int] | None:
        """Header, body, and where the cable ends; None, and a problem, where that is not told."""
        tags, text = self.page.tags, self.text
        end_of_text = self._end_without_pre() if not self.pres else None
        if not self.pres:
            if end_of_text is None:
                self.reading.problem = "cut_short: the element with the cable does not end"
                return None
            return (*self._split(Span(self.block.end, end_of_text)), end_of_text)
        if len(self.pres) > 2:
            self.reading.problem = (
                f"parts: {len(self.pres)} <pre> behind the labels, not header and body"
            )
            return None
        pres = []
        for opening in self.pres:
            closing = closing_tag(tags, opening)
            if closing == len(tags):
                self.reading.problem = "cut_short: a <pre> does not end on the page"
                return None
            pres.append(Span(tags[opening].text_pos, tags[closing].text_pos))
        if len(pres) == 2 and PARAGRAPH.search(text, *pres[0]):
            whole = Span(pres[0].start, pres[1].end)  # a body in two pieces
            return (*self._split(whole), whole.end)
        if len(pres) == 2:
            return Excerpt(text, pres[0]), Excerpt(text, pres[1]), pres[1].end
        between = trim(text, self.block.end, pres[0].start)
        # A header, such as the notice of a partial extract, may stand before the only <pre>.
        if between.end > between.start and split_header(text[slice(*between)] + "\n"):
            return Excerpt(text, between), Excerpt(text, pres[0]), pres[0].end
        return (*self._split(pres[0]), pres[0].end)

    def _split(self, span: Span) -> tuple[Excerpt, Excerpt]:
        """Header and body where no element parts them."""
        text = self.text[slice(*span)]
        # The line break that ends the block is none of the cable's.
        lead = len(text) - len(text.lstrip("\n"))
        middle = span.start + lead + split_header(text[lead:])
        return Excerpt(self.text, Span(span.start, middle)), Excerpt(
            self.text, Span(middle, span.end)
        )

    def _end_without_pre(self) -> int | None:
        end: int | None
        if self.source is not None:
            end = self.source.start()
        elif not self.page.tags:
            end = len(self.text)
        else:
            end = self._end_of_element()
        if end is None or self.block.of("redacted") is not None:
            return end
        near = max(self.block.end, end - LONGEST_STATEMENT)
        redacted = REDACTED_BELOW.search(self.text, near, end)
        return end if redacted is None else redacted.start()

    def _end_of_element(self) -> int | None:
        """The end of the element that the cable stands in; None where it has none."""
        tags, text = self.page.tags, self.text
        start = trim(text, self.block.end, len(text)).start
        around: list[int] = []
        for index, tag in enumerate(tags):
            if tag.text_pos >= start:
                break
            if tag.name not in CONTAINERS:
                continue
            if not tag.closing:
                around.append(index)
            elif around and tags[around[-1]].name == tag.name:
                around.pop()
        for opening in around[: -DEEPEST - 1 : -1]:
            closing = closing_tag(tags, opening)
            if closing == len(tags):
                return None
            end = tags[closing].text_pos
            shown = text[start:end].strip()
            # One line alone is a line of the cable, and a header alone a part of it.
            if "\n" in shown and split_header(shown + "\n") < len(shown):
                stops = (
                    tag.text_pos
                    for tag in tags[opening:closing]
                    if tag.name in END_OF_CONTENT and tag.text_pos >= start and not tag.closing
                )
                return min([*stops, end])
        return None if around else len(text)

    # ------------------------------------------------------------- what stands around them

    def _region(self, start: int, end: int, name: str) -> None:
        if end > start:
            self.reading.regions.append(Region(start, end, name))

    def _found(self, field: str, value: str, span: Span, rule: str) -> None:
        self.fields.append(Found(field, value, span, PAGE, f"cablebrowser_{rule}/1"))

    def _read_pairs(self) -> None:
        for key, label, value in self.block.pairs:
            self._region(*label, "label")
            stated = self.text[slice(*value)]
            if not stated:
                continue
            if key == "wikileaks":
                self._region(*value, "wikileaks_link")
            elif key == "identifier":
                self._region(*value, "value_words")
            elif key == "created":
                self._read_created(value)
            elif key == "redacted":
                self._read_redacted(value)
            else:
                self._found(FIELDS[key], " ".join(stated.split()), value, "label")

    def _read_created(self, value: Span) -> None:
        stated = DATE_AND_TIME.match(self.text, *value)
        if stated is None:
            return  # a gap in the account of the page, and reported as such
        moment = f"{stated[1]}T{stated[2]}" if stated[2] else stated[1]
        if not NO_DATE.match(moment):
            self._found("created", moment, Span(*stated.span()), "label")
        self._region(*value, "value_words")

    def _read_redacted(self, value: Span) -> None:
        stated = BARE["redacted"].match(self.text, *value) or IS_REDACTED.match(self.text, *value)
        if stated is not None:
            self._found("redacted_by_wikileaks", "no" if stated["no"] else "yes", value, "label")

    def _read_above(self) -> None:
        """Heading, disclaimer and title; the rest is the site's own."""
        top = self.block.start
        taken = []
        if self.heading is not None:
            taken.append(trim(self.text, *self.heading.span()))
            self._region(*taken[-1], "site_heading")
        disclaimer = DISCLAIMER.search(self.text, 0, top)
        if disclaimer is not None:
            taken.append(Span(disclaimer.start(), self._end_of_disclaimer(disclaimer)))
            self._region(*taken[-1], "disclaimer")
        if self.block.of("title") is None:
            title = self._title(taken)
            if title is not None:
                self._found("title", " ".join(self.text[slice(*title)].split()), title, "title")
        self._region(0, top, "page_top")

    def _end_of_disclaimer(self, match: re.Match[str]) -> int:
        """The end of its line, or of the next where it is the heading of a paragraph."""
        text, top = self.text, self.block.start
        start = match.end()
        if start == len(text) or text[start] == "\n":
            start = trim(text, start, top).start
        stop = "\n" if self.page.tags else "\n\n"
        end = text.find(stop, start, top)
        return end if end >= 0 else top

    def _title(self, taken: list[Span]) -> Span | None:
        """The last heading above the labels that is not the site's, or the line above them."""
        text, top = self.text, self.block.start
        openings = [
            index
            for index, tag in enumerate(self.page.tags)
            if tag.name in HEADINGS and not tag.closing and tag.text_pos < top
        ]
        headings = [
            span
            for index in openings[-DEEPEST:]
            for tag in (self.page.tags[index],)
            for closing in (closing_tag(self.page.tags, index),)
            if closing < len(self.page.tags)
            for span in (trim(text, tag.text_pos, min(self.page.tags[closing].text_pos, top)),)
        ]
        for span in reversed(headings):
            if span.end > span.start and not _overlaps(span, taken):
                return span
        end = len(text[:top].rstrip())
        start = text.rfind("\n" if self.page.tags else "\n\n", 0, end) + 1
        span = trim(text, start, end)
        if span.end == span.start or _overlaps(span, taken) or self._is_link(span):
            return None
        # Without a heading above it, a line may be anything: a menu, for one.
        return span if self.heading is not None or taken else None

    def _is_link(self, span: Span) -> bool:
        return any(
            tag.name == "a" and not tag.closing and span.start <= tag.text_pos < span.end
            for tag in self.page.tags
        )

    def _read_below(self, end: int) -> None:
        if self.block.of("redacted") is None:
            redacted = BARE["redacted"].search(self.text, end)
            if redacted is not None:
                self._read_redacted(Span(*redacted.span()))
        if self.source is not None:
            self._region(*trim(self.text, *self.source.span()), "provenance_line")
            self._found(
                "latest_source", self.source["source"], Span(*self.source.span("source")), "source"
            )
            if self.source["released"] is not None:
                released = Span(*self.source.span("released"))
                self._found("released", self.source["released"], released, "source")
        self._region(end, len(self.text), "footer")
        if PARAGRAPH.search(self.text, end) is not None:
            self.reading.problem = "parts: a numbered paragraph stands behind the cable"


def _read_not_found(page: PageText) -> PageReading | None:
    """A page that says, in a few words, that there is no such cable."""
    if len(page.text) > LONGEST_NOT_FOUND or NOT_FOUND.search(page.text) is None:
        return None
    return PageReading(NAME, has_no_cable=True)


def _read_index(page: PageText) -> PageReading | None:
    """A page that links to cable pages, by number or by name, or the front page of such a site."""
    cables: dict[str, None] = {}
    lists: dict[str, None] = {}
    is_of_site = SITE_HEADING.search(page.text, 0, LONGEST_NOT_FOUND) is not None
    by_number = False
    named = 0
    for address, words in _links(page):
        try:
            url = urlsplit(address)
        except ValueError:
            continue
        if url.netloc and not is_of_site:
            continue  # a page about such a site links to it; the site's own links are relative
        if number_of(address) is not None:
            by_number = True
            cables[address] = None
        elif _is_named_cable(url, words):
            named += 1
            cables[address] = None
        elif PAGING.fullmatch(words) or LIST_PAGE.search(url.path):
            lists[address] = None
    if not by_number and named < 2 and not (named and is_of_site) and not (is_of_site and lists):
        return None
    return PageReading(
        NAME,
        is_index=True,
        # Numbers say what is there; the page need not list all that the site has.
        is_folder_listing=by_number,
        cable_links=list(cables),
        index_links=list(lists),
        has_no_cable=True,
    )


def _is_named_cable(url: SplitResult, words: str) -> bool:
    """Whether a link leads to the page of a cable that its address or its words name."""
    if MONTH_FOLDER.search(url.path):
        return False
    if NAMED_PAGE.search(url.path):
        return True
    if CABLE_SCRIPT.search(url.path) and _named_in_query(url.query):
        return True
    if parse(words) is None or not words[:2].isdigit():
        return False
    return NAMED_FILE.search(url.path) is not None or "cable" in url.path.lower()


def _named_in_query(query: str) -> bool:
    return any(
        NAMED_FILE.fullmatch(value) is not None
        for _, value in parse_qsl(query[:LONGEST_LINK], max_num_fields=None)
    )


def _links(page: PageText) -> Iterator[tuple[str, str]]:
    """Addresses of links without fragments, and the words that they stand on."""
    tags = page.tags
    for index, tag in enumerate(tags):
        if tag.name != "a" or tag.closing or tag.end - tag.start > LONGEST_LINK:
            continue
        match = HREF.search(page.document, tag.start, tag.end)
        if match is None:
            continue
        address = without_references(match[1] or match[2] or match[3] or "").partition("#")[0]
        following = next((t for t in tags[index + 1 : index + 8] if t.name == "a"), None)
        end = following.text_pos if following is not None else tag.text_pos
        if address:
            yield address, " ".join(page.text[tag.text_pos : end][:200].split())


def _last(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    """The last match from `start` on."""
    return max(pattern.finditer(text, start), key=re.Match.start, default=None)


def _overlaps(span: Span, others: list[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)
