"""What flows through the pipelines, and what comes out of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cablecrawl.layouts.page import CableOnPage, Excerpt, PageReading, Span
from cablecrawl.ledger import Ledger
from cablecrawl.pagetext import PageText
from cablecrawl.reference_id import ReferenceID

# Statuses of a page that is not there. Any other failure tells nothing of what is.
NOT_THERE = frozenset((404, 410))
# Statuses of a response that leads on to another page.
REDIRECTS = frozenset((301, 302, 303, 307, 308))
NOT_RENDERED = "not_rendered"
"""The outcome of a response that a browser was shown: it came whole, and is read by nobody. What
the browser made of it is a capture of its own."""
LEADS_TO = "leads to "
"""What stands before the address in the detail of a redirect's capture."""


def is_robots_txt(url: str) -> bool:
    """Whether an address is that of a robots.txt, which is captured and gives no items."""
    return urlsplit(url).path == "/robots.txt"


@dataclass(frozen=True, slots=True)
class Capture:
    """A stored capture that an item was read from."""

    id: int
    """Row of the capture table; 0 for no capture."""
    capture_id: str
    """`urn:uuid:…`, the WARC-Record-ID."""
    run_id: str
    source: str
    url: str
    fetched_at: str
    """UTC, ISO 8601 with microseconds and Z."""
    payload_sha256: str
    outcome: str
    """`ok`, or what kept it from being read: see `cablecrawl.capture.Exchange`."""
    status: int | None
    detail: str | None
    """One line on why it failed, or where a redirect leads to."""
    via: str | None = None
    """The page that led there."""
    revisit_of: str | None = None
    """The capture that holds the body, where this one brought nothing new."""


@dataclass(slots=True)
class Claim:
    """One field value with its evidence."""

    field: str
    value: str
    """Normalised value, as exported; of `header` and `body`, the SHA-256 of the text."""
    asserted_by: str
    """Whose statement it is: `wikileaks_page`, `cable_header`, `cable_body`, `crawler`, …"""
    rule: str
    """The step that read it, `name/version`."""
    start: int | None = None
    end: int | None = None
    """Where the quote stands in the decoded document, in characters; end is exclusive. None:
    the value could not be located."""
    quote: str | None = None
    """The characters it was read from, verbatim; None for `header` and `body`, which are long."""
    ordinal: int = 0
    """Position among the values of a field that has several."""
    basis: str | None = None
    """Of release claims: `page_timestamp`, `counter`, `template_fingerprint`, …"""
    confidence: str | None = None
    """Of release claims: `asserted`, `inferred_strong`, `inferred_weak`, `contradicted`."""


@dataclass(slots=True, repr=False)
class CablePage:
    """One cable on one captured page, on its way through the pipelines."""

    capture: Capture
    url: str
    """The address the source has it at; that of a capture is another where the page that was
    there is gone, and the cable was read from one that lists it."""
    locator: str
    """Where the source has it: path and query of the URL, `#N` for the Nth further cable."""
    page: PageText
    reading: PageReading
    cable: CableOnPage
    ledger: Ledger
    """Shared by the cables of one page."""
    claims: list[Claim] = field(default_factory=list)
    claims_of: Counter[str] = field(default_factory=Counter)
    """How many claims each field has."""
    flags: list[str] = field(default_factory=list)
    """`wrong_body`, `fragment`, …: what a reader of the record must know."""
    reference_id: ReferenceID | None = None
    """Set by the dedupe pipeline."""
    reading_sha256: str = ""
    """Set by the dedupe pipeline: the digest of header and body."""
    encoding: str = ""
    """How the document was decoded: Python's name of the codec."""
    decoding: str = ""
    """And why: the rule of cablecrawl.decoding, and how much had to be replaced."""

    def __repr__(self) -> str:
        """Short: a page in full fills a log."""
        return f"CablePage({self.cable.stated_id.value!r}, {self.url!r})"

    def add_claim(
        self, field: str, value: str, span: Span | None, asserted_by: str, rule: str, **more: Any
    ) -> Claim:
        """Record a claim whose evidence is a span of page text; None where there is none."""
        start = end = quote = None
        if span is not None:
            start, end = self.page.to_document(*span)
            quote = self.page.document[start:end]
        ordinal = self.claims_of.get(field, 0)
        self.claims_of[field] = ordinal + 1
        claim = Claim(field, value, asserted_by, rule, start, end, quote, ordinal, **more)
        self.claims.append(claim)
        return claim

    def values(self, field: str) -> list[str]:
        """The values claimed for a field so far, in order."""
        return [claim.value for claim in self.claims if claim.field == field]

    def excerpt(self, part: str) -> Excerpt:
        """The cable's `header` or `body`."""
        return self.cable.header if part == "header" else self.cable.body


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that should have given a cable and did not."""

    capture: Capture
    reason: str
    """One word: `http_error`, `undecodable`, `no_body`, `unknown_layout`, …"""
    detail: str
    """One line."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The cable pages that an index page lists."""

    capture: Capture
    locators: list[str]


@dataclass(frozen=True, slots=True)
class Missing:
    """The page is not there: the server or the page itself says so."""

    capture: Capture


PageItem = CablePage | Listing | Missing | Problem
"""What a page gives, and what every pipeline is handed."""
