"""Finds whose cable it is: canonical reference ID, digest of the text, doubts about either."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.cabletext.heading import read_heading
from cablecrawl.cabletext.own_id import SECTION_MARK_RULE, read_own_id, reference_id_above
from cablecrawl.items import CablePage, Claim, PageItem, Problem
from cablecrawl.reference_id import from_body_line, parse
from cablecrawl.stats import Stats

MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()

# The sender's serial in a header has four digits: 7892 for STATE 127892.
HEADER_NUMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to look twice before taking a text for the cable of its ID."""

    flag: str
    rule: str
    other: str | None = None
    """The cable that the text names, as it names it."""
    evidence: Claim | None = None
    """What it was seen by; None: by the stated ID itself."""


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
            item.add_claim("alias", stated.value, stated.span, stated.asserted_by, "alias_table/2")
        for doubt in doubts_of(item):
            self._flag(item, doubt)
        return item

    def _flag(self, page: CablePage, doubt: Doubt) -> None:
        page.flags.append(doubt.flag)
        values = [("flag", doubt.flag)]
        if doubt.other is not None:
            values.append((f"{doubt.flag}_of", doubt.other))
        for field, value in values:
            span = None if doubt.evidence else page.cable.stated_id.span
            claim = page.add_claim(field, value, span, "crawler", doubt.rule)
            if doubt.evidence is not None:
                _stand_where(claim, doubt.evidence)
        claim_named_id(page, doubt)
        self.stats.inc_value(f"cablecrawl/dedupe/{doubt.flag}")


def reading_sha256(header: str, body: str) -> str:
    """What makes two readings one: the SHA-256 of header and body, parted by a NUL, as UTF-8."""
    return hashlib.sha256(f"{header}\0{body}".encode("utf-8", "surrogatepass")).hexdigest()


def doubts_of(page: CablePage) -> list[Doubt]:
    """What speaks against taking the text for the cable of its ID."""
    assert page.reference_id is not None
    doubts = []
    if page.reference_id.fragment_of:
        doubts.append(Doubt("fragment", "identity/1", page.reference_id.fragment_of))
    doubts += doubts_of_body(page)
    doubts += doubts_of_header(page)
    return doubts


def doubts_of_body(page: CablePage) -> Iterator[Doubt]:
    """Whether the body names another cable: in its place, behind it, or in the middle of it.

    A line says no more than a post and a number; the year, and so the ID, stays open.
    """
    lines = [claim for claim in page.claims if claim.field == "own_id"]
    others = [line for line in lines if not names_the_page(page, line.value)]
    record = _first(page, "record_of")
    if others and len(others) == len(lines):
        yield Doubt("wrong_body", "identity/2", others[0].value, others[0])
        return
    if record is not None:
        flag = "foreign_record" if lines else "wrong_body"
        yield Doubt(flag, "record_of_another/1", record.value, record)
    marks = [line for line in others if line.rule == SECTION_MARK_RULE]
    begun = [line for line in others if line.rule != SECTION_MARK_RULE]
    if begun:
        yield Doubt("appended_cable", "second_id_line/1", begun[0].value, begun[0])
    if marks:
        yield Doubt("mixed_body", "section_marks/1", marks[0].value, marks[0])


def names_the_page(page: CablePage, line: str) -> bool:
    """Whether an ID line may be that of the page's cable: its number is; posts are misspelt."""
    assert page.reference_id is not None
    named = from_body_line(line, page.reference_id.canonical[:2])
    return named is None or int(_digits_at_end(named.canonical)) in _serials(page)


def doubts_of_header(page: CablePage) -> Iterator[Doubt]:
    """Whether the header's number or time is not that of the ID and of Created."""
    number = _first(page, "message_number", "cable_header")
    serials = {serial % HEADER_NUMBERS for serial in _serials(page)}
    if number is not None and serials and int(number.value) % HEADER_NUMBERS not in serials:
        yield Doubt("header_number_differs", "message_number/1", evidence=number)
    stamp = _first(page, "dtg", "cable_header")
    created = _first(page, "created")
    if stamp is not None and created is not None:
        sent, stated = hour_of(stamp.value), created.value[2 : len("2007-04-20T11")]
        if not sent.startswith(stated):
            yield Doubt("date_differs", "date_time_group/1", evidence=stamp)


def hour_of(date_time_group: str) -> str:
    """`07-04-20T11` of "201113Z APR 07"; the century is open."""
    time, month, year = date_time_group.split()
    return f"{year}-{MONTHS.index(month[:3]) + 1:02d}-{time[:2]}T{time[2:4]}"


def claim_named_id(page: CablePage, doubt: Doubt) -> None:
    """The full ID of the other cable, where the text itself says of which year it is."""
    if doubt.evidence is None or doubt.other is None:
        return
    record = _first(page, "record_of")
    if record is not None:
        named = from_body_line(doubt.other, record.value[:2])
        if record.value in (doubt.other, named.canonical if named else None):
            claim = page.add_claim(f"{doubt.flag}_id", record.value, None, "crawler", record.rule)
            _stand_where(claim, record)
            return
    body = page.cable.body
    for line in read_own_id(read_heading(body.text)):
        if line.value == doubt.other and (found := reference_id_above(body.text, line)):
            reference_id, start, end, rule = found
            span = body.locate(start, end)
            page.add_claim(f"{doubt.flag}_id", reference_id, span, "crawler", rule)


def _first(page: CablePage, field: str, asserted_by: str | None = None) -> Claim | None:
    """The first claim of a field, by whom it is asked for."""
    return next(
        (
            claim
            for claim in page.claims
            if claim.field == field and asserted_by in (None, claim.asserted_by)
        ),
        None,
    )


def _stand_where(claim: Claim, other: Claim) -> None:
    """Give a claim the evidence of another."""
    claim.start, claim.end, claim.quote = other.start, other.end, other.quote


def _serials(page: CablePage) -> set[int]:
    """The numbers that the cable may go by: a fragment's too."""
    assert page.reference_id is not None
    ids = (page.reference_id.canonical, page.reference_id.fragment_of or "")
    return {int(digits) for digits in map(_digits_at_end, ids) if digits}


def _digits_at_end(text: str) -> str:
    return text[len(text.rstrip("0123456789")) :]
