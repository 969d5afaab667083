"""Claims which WikiLeaks release a copy comes from, by whom, and on what basis."""

from __future__ import annotations

from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.items import CablePage, PageItem
from cablecrawl.layouts import cablebrowser, wikileaks
from cablecrawl.layouts.page import Found
from cablecrawl.releases import Releases, chrome_span, load_releases
from cablecrawl.stats import Stats


class ProvenancePipeline:
    """Adds release claims: stamps, links, named releases, a build's counter and its chrome."""

    def __init__(self, releases: Releases, stats: Stats) -> None:
        self.releases = releases
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(load_releases(), crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        if isinstance(item, CablePage):
            claim_statements(item)
            self.claim_named_release(item)
            if item.reading.layout == wikileaks.NAME:
                self.claim_build(item)
            self.claim_release_of_stamp(item)
        return item

    def claim_named_release(self, page: CablePage) -> None:
        """The release that a page calls the latest it was made from."""
        for found in page.cable.fields:
            if found.field == "latest_source":
                release = self.releases.by_label(found.value)
                page.add_claim(
                    "release",
                    release.id if release is not None else found.value,
                    found.span,
                    found.asserted_by,
                    "release_label/1",
                    basis="page_statement",
                    confidence="asserted",
                )
                known = release.id if release is not None else "unknown"
                self.stats.inc_value(f"cablecrawl/releases/{known}/page_statement")

    def claim_build(self, page: CablePage) -> None:
        """The claims differ in who makes them: the page states its counter, we know its pane."""
        counter = _page_field(page, "released_so_far")
        chrome = page.reading.chrome_sha256
        pane = chrome_span(page.page.document) if chrome else None
        if chrome is not None:
            fingerprint = page.add_claim(
                "chrome_sha256", chrome, None, "crawler", "chrome_fingerprint/1"
            )
            fingerprint.start, fingerprint.end = pane or (None, None)
        matches = self.releases.match(int(counter.value) if counter else None, chrome)
        for match in matches:
            stated = counter is not None and match.basis == "counter"
            claim = page.add_claim(
                "release",
                match.release.id,
                counter.span if counter is not None and stated else None,
                "wikileaks_page" if stated else "crawler",
                "release_match/1",
                basis=match.basis,
                confidence=match.confidence,
            )
            if not stated:
                claim.start, claim.end = pane or (None, None)
            self.stats.inc_value(f"cablecrawl/releases/{match.release.id}/{match.basis}")
        if not matches:
            self.stats.inc_value("cablecrawl/releases/unknown")

    def claim_release_of_stamp(self, page: CablePage) -> None:
        """The release whose pages all have the stamp of this one, which names none itself."""
        if page.values("released_so_far") or any(
            claim.field == "release" and claim.basis != "source_link" for claim in page.claims
        ):
            return
        for stamp in [claim for claim in page.claims if claim.field == "released"]:
            release = self.releases.by_stamp(stamp.value)
            if release is not None:
                claim = page.add_claim(
                    "release",
                    release.id,
                    None,
                    "crawler",
                    "release_of_stamp/1",
                    basis="page_timestamp",
                    confidence="inferred_strong",
                )
                claim.start, claim.end, claim.quote = stamp.start, stamp.end, stamp.quote
                self.stats.inc_value(f"cablecrawl/releases/{release.id}/page_timestamp")


def claim_statements(page: CablePage) -> None:
    """Give the claims that a page makes in so many words their basis."""
    for claim in page.claims:
        if claim.field == "released":
            # A cable browser's "released 2011-10-04" is the date of the release that it names.
            of_release = claim.asserted_by == cablebrowser.PAGE
            claim.basis = "page_statement" if of_release else "page_timestamp"
            claim.confidence = "asserted"
        elif claim.field == "redacted_by_wikileaks":
            claim.basis, claim.confidence = "page_statement", "asserted"
        elif claim.field == "release":
            claim.basis, claim.confidence = "source_link", "asserted"


def _page_field(page: CablePage, name: str) -> Found | None:
    return next((found for found in page.reading.page_fields if found.field == name), None)
