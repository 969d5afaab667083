"""Turns what a page and a cable's own text say into claims with their evidence."""

from __future__ import annotations

import hashlib
from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.cabletext import read_cable
from cablecrawl.items import CablePage, Claim, PageItem
from cablecrawl.layouts.page import Excerpt, Span
from cablecrawl.stats import Stats

# Builds up to April 2011 print the hour on a 12-hour clock in place of the minute
# (`%H:%I`: 14:02, 21:09, 00:12); it was so on all of 49,404 pages.
LAST_BUILD_WITH_FALSE_MINUTES = 6693


class FieldsPipeline:
    """Makes a claim of every field; counts claims by field, and those without a place."""

    def __init__(self, stats: Stats) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        if isinstance(item, CablePage):
            claim_page_fields(item)
            claim_precision(item)
            claim_cable_fields(item)
            for part in ("header", "body"):
                claim_text(item, part)
            for field, count in item.claims_of.items():
                self.stats.inc_value(f"cablecrawl/fields/{field}", count)
            for claim in item.claims:
                if claim.start is None:
                    self.stats.inc_value(f"cablecrawl/fields_unlocated/{claim.field}")
        return item


def claim_page_fields(page: CablePage) -> None:
    """Claims of what the page states around the cable, and of itself."""
    stated = page.cable.stated_id
    for found in (stated, *page.cable.fields, *page.reading.page_fields):
        span = found.span if found.in_document is None else None
        claim = page.add_claim(found.field, found.value, span, found.asserted_by, found.rule)
        if found.in_document is not None:
            claim.start, claim.end = found.in_document
            claim.quote = page.page.document[claim.start : claim.end]


def claim_precision(page: CablePage) -> None:
    """How exact `created` is: its minute is no minute in the builds that misprinted it."""
    created = next((found for found in page.cable.fields if found.field == "created"), None)
    if created is None:
        return
    counter = next(iter(page.values("released_so_far")), None)
    precision = created_precision(created.value, int(counter) if counter else None)
    page.add_claim("created_precision", precision, created.span, "crawler", "created_precision/1")


def created_precision(created: str, counter: int | None) -> str:
    """`minute`, `hour` or `day`; `counter` is that of the page's build, None where unknown."""
    if len(created) < len("2007-04-20T11:13"):
        return "day"
    if len(created) > len("2007-04-20T11:13"):
        return "minute"  # with seconds: those builds print none
    hour, minute = int(created[11:13]), int(created[14:16])
    looks_false = minute == (hour - 1) % 12 + 1
    if looks_false and (counter is None or counter <= LAST_BUILD_WITH_FALSE_MINUTES):
        return "hour"
    return "minute"


def claim_cable_fields(page: CablePage) -> None:
    """Claims of what the cable says of itself."""
    for finding in read_cable(page.cable.header.text, page.cable.body.text):
        span = page.excerpt(finding.part).locate(finding.start, finding.end)
        page.add_claim(finding.field, finding.value, span, f"cable_{finding.part}", finding.rule)


def claim_text(page: CablePage, part: str) -> None:
    """A claim of the verbatim text itself: its value is the digest, its quote the document's."""
    excerpt = page.excerpt(part)
    if not excerpt.text:
        return
    start, end = page.page.to_document(*_outer_span(excerpt))
    digest = hashlib.sha256(excerpt.text.encode("utf-8", "surrogatepass")).hexdigest()
    rule = f"{page.reading.layout}_{part}/1"
    page.claims.append(Claim(part, digest, page.cable.stated_id.asserted_by, rule, start, end))
    page.claims_of[part] += 1


def _outer_span(excerpt: Excerpt) -> Span:
    return excerpt.locate(0, len(excerpt.text))
