"""The records that leave CableCrawl: lines of Scrapy's feeds and of the export's files.

The order of a record's fields is the order of its keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cablecrawl.items import CablePage, Claim

REDACTION_RUN = re.compile(r"[Xx]{4,}")
LETTER_OR_DIGIT = re.compile(r"[^\W_]+")


@dataclass(slots=True)
class ReleaseClaim:
    """Somebody's statement on when, or with which release, a copy came out."""

    value: str
    """A stamp (`2010-12-05T05:05`, no time zone stated), or the ID of a release."""
    asserted_by: str
    basis: str
    confidence: str
    source: str
    """The source whose copy says so, or leads to it."""


@dataclass(slots=True)
class Evidence:
    """A claim as it is exported."""

    field: str
    value: str
    start: int | None
    """In the decoded document, in characters; null: not located."""
    end: int | None
    quote: str | None
    """Null for header and body, whose text stands beside; their value is its SHA-256."""
    asserted_by: str
    rule: str
    payload_sha256: str
    """Of the capture it was first read from."""


@dataclass(slots=True)
class ReadingRecord:
    """One reading of one witness: a line of readings.jsonl, and of a feed for a new reading."""

    reference_id: str
    stated_id: str
    """As the page writes it."""
    source: str
    url: str
    layout: str
    reading_sha256: str
    """Of header, NUL and body, as UTF-8."""
    first_seen: str
    """When the capture was made that it was first read from (UTC)."""
    payload_sha256: str
    """Of that capture's body as sent."""
    created: str | None
    """As stated, `2007-04-20T11:13`; no time zone is stated."""
    created_precision: str | None
    """`minute`, `hour` (the builds up to April 2011 print no true minute) or `day`."""
    classification: str | None
    origin: str | None
    title: str | None
    """As the page has it; WikiLeaks' own, often cut."""
    subject: str | None
    """As the cable's SUBJECT line has it."""
    tags: list[str]
    references: list[str]
    """As the REF lines write them; a year that is not written is not added."""
    header: str
    body: str
    body_sha256: str
    partial_extract: bool
    redaction_marks: int
    """How many runs of X or like marks the text has."""
    date_time_group: str | None
    """`201113Z APR 07`, the military stamp of the header."""
    own_ids: list[str]
    """The body's own ID lines: post and serial, no year."""
    executive_order: str | None
    sipdis: bool
    articles: list[str]
    """Where the page says the cable was reported on."""
    released: str | None
    releases: list[ReleaseClaim]
    flags: list[str]
    claims: list[Evidence]


@dataclass(slots=True)
class WitnessRecord:
    """A source's copy of a cable."""

    source: str
    url: str
    layout: str
    reading_sha256: str
    """Of its latest reading."""
    relation: str
    """To the chosen reading: `chosen`, `same`, `differs`."""
    first_seen: str
    last_seen: str
    status: str
    """`present`, `unlisted` (the page is there, the source's index no longer lists it), `gone`."""


@dataclass(slots=True)
class CableRecord:
    """One cable: a line of cables.jsonl."""

    reference_id: str
    aliases: list[str]
    created: str | None
    created_precision: str | None
    classification: str | None
    origin: str | None
    subject: str | None
    tags: list[str]
    references: list[str]
    header: str
    body: str
    body_sha256: str
    partial_extract: bool
    redaction_marks: int
    released: str | None
    releases: list[ReleaseClaim]
    witnesses: list[WitnessRecord]
    chosen_by: str
    flags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ReadingOrigin:
    """What a reading record says besides its claims."""

    reference_id: str
    stated_id: str
    source: str
    url: str
    layout: str
    reading_sha256: str
    first_seen: str
    payload_sha256: str
    header: str
    body: str


def reading_record(
    origin: ReadingOrigin, current: Sequence[Claim], evidence: list[Evidence], releases: list[ReleaseClaim]
) -> ReadingRecord:
    """The record of a reading from the claims that hold for it now."""

    def one(name: str) -> str | None:
        return next((claim.value for claim in current if claim.field == name), None)

    def many(name: str) -> list[str]:
        return [claim.value for claim in current if claim.field == name]

    return ReadingRecord(
        reference_id=origin.reference_id,
        stated_id=origin.stated_id,
        source=origin.source,
        url=origin.url,
        layout=origin.layout,
        reading_sha256=origin.reading_sha256,
        first_seen=origin.first_seen,
        payload_sha256=origin.payload_sha256,
        created=one("created"),
        created_precision=one("created_precision"),
        classification=one("classification"),
        origin=one("origin"),
        title=one("title"),
        subject=one("subject"),
        tags=many("tags"),
        references=many("references"),
        header=origin.header,
        body=origin.body,
        body_sha256=sha256(origin.body.encode("utf-8", "surrogatepass")).hexdigest(),
        partial_extract=one("partial_extract") is not None,
        redaction_marks=len(many("redaction_mark")),
        date_time_group=one("dtg"),
        own_ids=many("own_id"),
        executive_order=one("executive_order"),
        sipdis=one("sipdis") is not None,
        articles=many("article"),
        released=earliest_release(releases),
        releases=releases,
        flags=sorted(set(many("flag"))),
        claims=evidence,
    )


def record_of_page(page: CablePage) -> ReadingRecord:
    """The record of the reading that a page has just given."""
    assert page.reference_id is not None
    origin = ReadingOrigin(
        page.reference_id.canonical,
        page.reference_id.stated,
        page.capture.source,
        page.capture.url,
        page.reading.layout,
        page.reading_sha256,
        page.capture.fetched_at,
        page.capture.payload_sha256,
        page.cable.header.text,
        page.cable.body.text,
    )
    claims = sorted(page.claims, key=lambda claim: (claim.field, claim.ordinal))
    evidence = [evidence_of(claim, page.capture.payload_sha256) for claim in claims]
    return reading_record(origin, claims, evidence, release_claims(claims, page.capture.source))


def evidence_of(claim: Claim, payload_sha256: str) -> Evidence:
    """A claim as it is exported, with the capture it was first read from."""
    return Evidence(
        claim.field,
        claim.value,
        claim.start,
        claim.end,
        claim.quote,
        claim.asserted_by,
        claim.rule,
        payload_sha256,
    )


def release_claims(claims: Iterable[Claim], source: str) -> list[ReleaseClaim]:
    """The release claims among `claims`, each once, in a fixed order."""
    found = {
        (claim.value, claim.asserted_by, claim.basis or "", claim.confidence or "", source)
        for claim in claims
        if claim.field in ("released", "release")
    }
    return [ReleaseClaim(*parts) for parts in sorted(found)]


def earliest_release(releases: Iterable[ReleaseClaim]) -> str | None:
    """The earliest stamp that a page states; None where none does."""
    stamps = [claim.value for claim in releases if claim.basis == "page_timestamp"]
    return min(stamps, default=None)


def fullness(body: str) -> int:
    """How much text a body has: its letters and digits, runs of redaction marks not counted."""
    return sum(map(len, LETTER_OR_DIGIT.findall(REDACTION_RUN.sub("", body))))
