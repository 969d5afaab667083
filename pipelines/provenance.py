"""Claims which WikiLeaks release a copy comes from, by whom, and on what basis."""

from __future__ import annotations

from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.items import CablePage, PageItem
from cablecrawl.layouts.page import Found
from cablecrawl.releases import Releases, chrome_span, load_releases
from cablecrawl.runs import Stats


class ProvenancePipeline:
    """Adds release claims: the Released column, the build's counter and its page chrome."""

    def __init__(self, releases: Releases, stats: Stats) -> None:
        self.releases = releases
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(load_releases(), crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        if isinstance(item, CablePage):
            self.claim_releases(item)
        return item

    def claim_releases(self, page: CablePage) -> None:
        """The claims differ in who makes them: the page states its counter, we know its pane."""
        for claim in page.claims:
            if claim.field == "released":
                claim.basis, claim.confidence = "page_timestamp", "asserted"
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


def _page_field(page: CablePage, name: str) -> Found | None:
    return next((found for found in page.reading.page_fields if found.field == name), None)
