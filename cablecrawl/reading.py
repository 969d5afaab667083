"""From a stored body to items: the one path that live pages and stored captures both take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from w3lib.url import canonicalize_url

from cablecrawl.decoding import Document, decode_document
from cablecrawl.items import CablePage, Capture, Listing, PageItem, Problem
from cablecrawl.layouts import read_page
from cablecrawl.layouts.page import PageReading
from cablecrawl.layouts.wikileaks import CABLE_PAGE
from cablecrawl.ledger import Ledger
from cablecrawl.pagetext import PageText, PageTextRenderer, TooComplexError


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
        found = {}
        for link in links:
            try:
                found[urljoin(self.url, link)] = None
            except ValueError:
                continue  # no URL at all, such as "http://[": nothing to follow
        return list(found)


class PageReader:
    """Reads pages one after the other; what the pages of a build share is rendered once."""

    def __init__(self) -> None:
        self._renderer = PageTextRenderer()

    def read(self, url: str, body: bytes, content_type: str | None) -> ReadPage:
        """Decode, render and read a body whose content coding is undone."""
        document = decode_document(body, content_type)
        try:
            page = self._renderer.render(document.text)
        except TooComplexError as error:
            return ReadPage(url, document, None, None, f"too_complex: {error}")
        return ReadPage(url, document, page, read_page(page))


def items_of(capture: Capture, read: ReadPage) -> Iterator[PageItem]:
    """The items of a page: its cables, what it lists, or why it gives no cable."""
    expects_cable = is_cable_url(read.url)
    reading = read.reading
    if read.page is not None and reading is not None:
        ledger = Ledger(len(read.page.text))
        for cable in reading.cables:
            yield CablePage(
                capture,
                locator_of(read.url, cable.ordinal),
                read.page,
                reading,
                cable,
                ledger,
                encoding=read.document.encoding,
                decoding=_decoding(read.document),
            )
        if reading.cable_links and not reading.is_folder_listing:
            yield Listing(capture, [locator_of(url) for url in read.cable_urls()])
        if reading.problem is not None:
            yield _problem(capture, reading.problem)
            return
        if reading.cables or not expects_cable:
            return
        yield _problem(capture, f"not_a_cable: a page of the {reading.layout} layout, no cable")
    elif read.problem is not None:
        yield _problem(capture, read.problem)
    elif expects_cable:
        yield _problem(capture, "unknown_layout: no layout recognises the page")


def is_cable_url(url: str) -> bool:
    """Whether the address is that of a cable page, whatever is found there."""
    return CABLE_PAGE.search(urlsplit(url).path) is not None


def locator_of(url: str, ordinal: int = 0) -> str:
    """Where a source has a page, whatever host serves it: path and query, canonicalised."""
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
