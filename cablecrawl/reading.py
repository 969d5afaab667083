"""From a stored body to items: the one path that live pages and stored captures both take."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from w3lib.url import canonicalize_url

from cablecrawl.blocked_pages import SOFT_404, load_blocked_pages, name_blocked_page
from cablecrawl.decoding import Document, UndecodableError, decode_document, unpacked
from cablecrawl.items import (
    LEADS_TO,
    NOT_RENDERED,
    NOT_THERE,
    CablePage,
    Capture,
    Listing,
    Missing,
    PageItem,
    Problem,
    is_robots_txt,
)
from cablecrawl.layouts import cablebrowser, is_cable_url, read_page
from cablecrawl.layouts.bloglists import is_absent_list, is_list
from cablecrawl.layouts.cablebrowser import is_gap
from cablecrawl.layouts.page import PageReading
from cablecrawl.ledger import Ledger
from cablecrawl.pagetext import PageText, PageTextRenderer, TooComplexError, render_plain

logger = logging.getLogger(__name__)

# A path from the root that needs neither joining nor canonicalising: most links of an index.
PLAIN_PATH = re.compile(r"/(?!/)(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*/?)*")


# Of an address that a redirect leads to, in a problem's detail: a data: URL can be a whole page.
LONGEST_TARGET = 200

# What a document begins with that is no plain text, whatever its media type says.
MARKUP = re.compile(r"\s*<(?:!doctype|\?xml|html|head|body|rss|feed|urlset|sitemapindex)\b", re.I)

# Objects made, less those gone, between two looks for garbage; a page makes some thousands.
GC_THRESHOLD = 20_000


@dataclass(slots=True)
class ReadPage:
    """A page as it was read."""

    url: str
    document: Document
    page: PageText | None
    """None when the page is too complex to be read."""
    reading: PageReading | None
    """None when no layout recognises it."""
    problem: str | None = None
    """`reason: detail`, when it could not be read at all."""

    def cable_urls(self) -> list[str]:
        """Absolute URLs of the cable pages that an index page links to."""
        return self._absolute(self.reading.cable_links) if self.reading else []

    def index_urls(self) -> list[str]:
        """Absolute URLs of the index pages that an index page links to."""
        return self._absolute(self.reading.index_links) if self.reading else []

    def _absolute(self, links: list[str]) -> list[str]:
        found: dict[str, None] = {}
        root = urljoin(self.url, "/").removesuffix("/")
        for link in links:
            if PLAIN_PATH.fullmatch(link):
                found[root + link] = None  # as urljoin has it, at a tenth of the time
                continue
            try:
                found[urljoin(self.url, link)] = None
            except ValueError:
                continue  # no URL at all, such as "http://[": nothing to follow
        return list(found)


class PageReader:
    """Reads pages one after the other; what the pages of a build share is rendered once."""

    def __init__(self) -> None:
        # A page's parts live until it is stored and are in no cycle. Python's collector would
        # go through them again and again: 4 % of the time of a page.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        self._renderer = PageTextRenderer()

    def read(self, url: str, body: bytes, content_type: str | None) -> ReadPage:
        """Decode, render and read a body whose content coding is undone.

        A file that is itself packed, as sitemaps are, is unpacked. Raises UndecodableError.
        """
        document = decode_document(unpacked(body), content_type)
        try:
            if is_list(document.text) or is_plain_text(document.text, content_type):
                page = render_plain(document.text)
            else:
                page = self._renderer.render(document.text)
            return ReadPage(url, document, page, read_page(page))
        except TooComplexError as error:
            return ReadPage(url, document, None, None, f"too_complex: {error}")


def gives_items(capture: Capture) -> bool:
    """Whether a capture is of a page that is read: it came whole, and is no robots.txt.

    Of a page that a browser showed, what the server sent is none: what it made of it is read.
    """
    return capture.outcome == "ok" and not is_robots_txt(capture.url)


def read_items(
    reader: PageReader, capture: Capture, body: bytes, content_type: str | None
) -> tuple[list[PageItem], ReadPage | None]:
    """The items of a captured page and the page itself.

    A fault of the reading itself is a problem of the page too: it is logged, and no page is
    lost without a trace.
    """
    try:
        read = reader.read(capture.url, body, content_type)
        return list(items_of(capture, read)), read
    except UndecodableError as error:
        return [Problem(capture, "undecodable", str(error))], None
    except Exception as error:
        logger.exception("%s: cannot be read", capture.url)
        return [problem_of_error(capture, error)], None


def items_of(capture: Capture, read: ReadPage) -> Iterator[PageItem]:
    """The items of a page: its cables, what it lists, or why it gives no cable."""
    expects_cable = is_cable_url(read.url)
    reading = read.reading
    blocked = _blocked(capture, read, expects_cable)
    if blocked is not None:
        yield blocked
        return
    if read.page is not None and reading is not None:
        ledger = Ledger(len(read.page.text))
        for cable in reading.cables:
            url = read.url
            if cable.post is not None:
                # One of many posts: it is read here only where its own page led here, gone.
                if capture.via is None or not is_same_page(urljoin(url, cable.post), capture.via):
                    continue
                url = capture.via
            yield CablePage(
                capture,
                url,
                locator_of(url, cable.ordinal),
                read.page,
                reading,
                cable,
                ledger,
                encoding=read.document.encoding,
                decoding=_decoding(read.document),
            )
        # A cable browser says so of a number; a post without a cable may be one behind a password.
        if reading.has_no_cable and reading.layout == cablebrowser.NAME:
            yield Missing(capture)
        if reading.cable_links and not reading.is_folder_listing:
            yield Listing(capture, [locator_of(url) for url in read.cable_urls()])
        if reading.problem is not None:
            yield _problem(capture, reading.problem)
            return
        if reading.cables or not expects_cable:
            return
        if reading.has_no_cable:
            if reading.layout == cablebrowser.NAME and not is_gap(read.url, capture.via):
                yield _problem(capture, "not_found: the page says that there is no such cable")
            return
        yield _problem(capture, f"not_a_cable: a page of the {reading.layout} layout, no cable")
    elif read.problem is not None:
        yield _problem(capture, read.problem)
    elif expects_cable:
        yield _problem(capture, "unknown_layout: no layout recognises the page")


def _blocked(capture: Capture, read: ReadPage, expects_cable: bool) -> Problem | None:
    """The problem that a page is which is none of the site's; None: it may be the site's own.

    A page with a cable is never asked, nor one on which a layout finds what it looks for. What
    says by its status, or in the words of its layout, that there is no page is no soft 404.
    """
    reading = read.reading
    if read.page is None:
        return None
    says_so = capture.status in NOT_THERE
    if reading is not None:
        if reading.cables or reading.is_index or reading.cable_links:
            return None
        says_so = says_so or reading.has_no_cable
        if reading.problem is None and not says_so and not expects_cable:
            return None
    rule = name_blocked_page(read.page, load_blocked_pages())
    if rule is None or (rule.reason == SOFT_404 and says_so):
        return None
    status = f", HTTP status {capture.status}" if capture.status != 200 else ""
    return Problem(capture, rule.reason, f"recognised by its {rule.name}{status}")


def is_same_page(one: str, other: str) -> bool:
    """Whether two addresses are spellings of one; the scheme and a final slash do not count."""
    parts = [urlsplit(canonicalize_url(url)) for url in (one, other)]
    return (
        parts[0].query == parts[1].query
        and len({(part.netloc, part.path.rstrip("/")) for part in parts}) == 1
    )


def is_plain_text(document: str, content_type: str | None) -> bool:
    """Whether a document is text without markup: its media type says so, and it looks so."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return media_type == "text/plain" and MARKUP.match(document) is None


def problem_of_error(capture: Capture, error: BaseException) -> Problem:
    """The problem that a fault of our own makes of a page."""
    return Problem(capture, "reader_error", f"{type(error).__name__}: {error}")


def items_of_failure(capture: Capture) -> Iterator[PageItem]:
    """What a failed capture gives, after the last retry: a problem, or that the page is missing."""
    if capture.outcome == "http_error" and capture.status in NOT_THERE:
        if not is_robots_txt(capture.url):
            yield Missing(capture)
    problem = problem_of_failure(capture)
    if problem is not None:
        yield problem


def problem_of_failure(capture: Capture) -> Problem | None:
    """The problem that a failed capture is, after the last retry; None where it is none.

    A server without a listing of its files has no fault, nor a blog that has no list of the
    kind or no further page of it, and a redirect leads on; where it leads in a circle is seen
    when the crawl is over.
    """
    status = capture.status or 0
    if capture.outcome in ("ok", NOT_RENDERED) or is_robots_txt(capture.url):
        return None
    if (capture.detail or "").startswith(LEADS_TO):
        return _problem_of_target(capture)
    if is_absent_list(capture.url, capture.outcome, status):
        return None
    if capture.outcome != "http_error":
        return Problem(capture, capture.outcome, capture.detail or capture.outcome)
    if capture.url.endswith("/cable/") and status in (401, 403, *NOT_THERE):
        return None
    if status in NOT_THERE and is_gap(capture.url, capture.via):
        return None
    reason = "not_found" if status in NOT_THERE else "http_error"
    return Problem(capture, reason, f"HTTP status {status}")


def items_of_answer(
    reader: PageReader, capture: Capture, body: bytes, content_type: str | None
) -> list[PageItem]:
    """What a failed capture gives whose body came whole, its content coding undone.

    What the body says tells more than the status: a domain that is parked answers 404 too, and
    no page is missing then.
    """
    items = list(items_of_failure(capture))
    if not items or capture.outcome != "http_error" or not body:
        return items
    try:
        read = reader.read(capture.url, body, content_type)
        blocked = _blocked(capture, read, expects_cable=True)
    except UndecodableError:
        return items
    except Exception:
        logger.exception("%s: what comes with its status cannot be read", capture.url)
        return items
    return items if blocked is None else [blocked]


def _problem_of_target(capture: Capture) -> Problem | None:
    target = (capture.detail or "").removeprefix(LEADS_TO)
    scheme = target.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return None
    return Problem(capture, "unsupported_scheme", f"leads to {target[:LONGEST_TARGET]}")


def circular_redirects(redirects: Iterable[Capture]) -> Iterator[Problem]:
    """The problems among a crawl's redirects: those that lead back to one on their own way."""
    ways = {
        canonicalize_url(capture.url): (capture, canonicalize_url(capture.detail[len(LEADS_TO) :]))
        for capture in redirects
        if capture.detail is not None
    }
    for start, (capture, position) in ways.items():
        passed = {start}
        while position in ways and position not in passed:
            passed.add(position)
            position = ways[position][1]
        if position in passed:
            yield Problem(capture, "redirect_loop", f"leads back to {ways[position][0].url}")


def locator_of(url: str, ordinal: int = 0) -> str:
    """Where a source has a page, whatever host serves it: path and query, canonicalised."""
    path = urlsplit(url).path if not ordinal and "?" not in url else ""
    if PLAIN_PATH.fullmatch(path):
        return path  # canonical as it is
    parts = urlsplit(canonicalize_url(url))
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.path or '/'}{query}{f'#{ordinal}' if ordinal else ''}"


def _decoding(document: Document) -> str:
    if document.replaced:
        return f"{document.rule}, {document.replaced} replaced"
    return document.rule


def _problem(capture: Capture, text: str) -> Problem:
    reason, _, detail = text.partition(": ")
    return Problem(capture, reason, detail)
