"""Finds whose cable it is: canonical reference ID, digest of the text, doubts about either."""

from __future__ import annotations

import hashlib
from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.items import CablePage, Claim, PageItem, Problem
from cablecrawl.reference_id import from_body_line, parse
from cablecrawl.stats import Stats


class DedupePipeline:
    """Sets the reference ID, the reading's digest and the identity flags; counts what it flags.

    Nothing is merged by content and nothing is dropped: two copies are of one cable when
    their reference IDs are, and a text that names another cable is flagged.
    """

    def __init__(self, stats: Stats) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        if not isinstance(item, CablePage):
            return item
        stated = item.cable.stated_id
        item.reference_id = parse(stated.value)
        if item.reference_id is None:
            self.stats.inc_value("cablecrawl/dedupe/unresolved_id")
            return Problem(
                item.capture, "unresolved_id", f"{stated.value!r} spells no reference ID"
            )
        item.reading_sha256 = reading_sha256(item.cable.header.text, item.cable.body.text)
        if item.reference_id.reason:
            self.stats.inc_value(f"cablecrawl/dedupe/alias/{item.reference_id.reason}")
            item.add_claim("alias", stated.value, stated.span, stated.asserted_by, "alias_table/1")
        if item.reference_id.fragment_of:
            self._flag(item, "fragment", item.reference_id.fragment_of, None)
        line = names_another_cable(item)
        if line is not None:
            self._flag(item, "wrong_body", line.value, line)
        return item

    def _flag(self, page: CablePage, flag: str, other: str, evidence: Claim | None) -> None:
        page.flags.append(flag)
        for field, value in (("flag", flag), (f"{flag}_of", other)):
            span = None if evidence else page.cable.stated_id.span
            claim = page.add_claim(field, value, span, "crawler", "identity/1")
            if evidence is not None:
                claim.start, claim.end, claim.quote = evidence.start, evidence.end, evidence.quote
        self.stats.inc_value(f"cablecrawl/dedupe/{flag}")


def reading_sha256(header: str, body: str) -> str:
    """What makes two readings one: the SHA-256 of header and body, parted by a NUL, as UTF-8."""
    return hashlib.sha256(f"{header}\0{body}".encode("utf-8", "surrogatepass")).hexdigest()


def names_another_cable(page: CablePage) -> Claim | None:
    """The body's own ID line, where there are such lines and none of them is the page's.

    A line says no more than a post and a number; the year, and so the ID, stays open.
    """
    assert page.reference_id is not None
    reference_id = page.reference_id
    lines = [claim for claim in page.claims if claim.field == "own_id"]
    for line in lines:
        other = from_body_line(line.value, reference_id.canonical[:2])
        if other is None or other.canonical in (reference_id.canonical, reference_id.fragment_of):
            return None
        if _same_number(other.canonical, reference_id.canonical):
            return None  # the post is spelt in another way
    return lines[0] if lines else None


def _same_number(reference_id: str, post_and_serial: str) -> bool:
    return _digits_at_end(reference_id) == _digits_at_end(post_and_serial)


def _digits_at_end(text: str) -> str:
    return text[len(text.rstrip("0123456789")) :]
