"""The records that leave CableCrawl: lines of Scrapy's feeds and of the export's files.

The order of a record's fields is the order of its keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cablecrawl.items import CablePage, Claim
from cablecrawl.release_checks import failed_checks
from cablecrawl.releases import load_releases

REDACTION_RUN = re.compile(r"[Xx]{4,}")
STAMP = re.compile(r"\d{4}-\d{2}-\d{2}")
LETTER_OR_DIGIT = re.compile(r"[^\W_]+")

# Claims that say when, or with which release, a copy came out, and what was hidden in it.
RELEASE_FIELDS = frozenset(("released", "release", "redacted_by_wikileaks"))
REDACTION_STATED = {"no": "not_redacted", "yes": "redacted"}
OF_PAGE = "source_release_of_page"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReleaseClaim:
    """Somebody's statement on when, or with which release, a copy came out."""

    value: str
    """A stamp (`2010-12-05T05:05`, no time zone stated), the ID of a release, the address of the
    WikiLeaks page that a repost links to, `not_redacted` or `redacted`, or `unknown`: nothing
    says which release the copy comes from."""
    asserted_by: str
    """Whose statement it is: `wikileaks_page`, `crawler`, …"""
    basis: str
    """What it rests on: `page_timestamp`, `page_statement`, `source_link`, `counter`,
    `template_fingerprint`, `text_identity`; `none` where the value is `unknown`."""
    confidence: str
    """`asserted` (one source says so), `corroborated` (so does another that is known not to
    have it from there), `inferred_strong`, `inferred_weak`, `contradicted`; `unknown` as the
    value."""
    source: str
    """The source whose copy says so, or leads to it."""
    relation: str
    """What is said of the value: the copy is of it (`source_release_of_page`), the cable came
    out then (`first_published_in`), its text is that of a copy of it (`text_agrees_with`), the
    copy is younger (`postdates`) or older (`predates`); or what WikiLeaks' releases hide of the
    cable (`states_redaction_relative_to`)."""
    contradicted_by: str | None
    """The hard check that the claim fails: `counter_and_pane`, `before_first_release`,
    `before_created`, `after_its_build`, `has_redaction_marks`, `page_has_later`,
    `registry_has_other_date`; null: none."""


@dataclass(slots=True)
class Evidence:
    """A claim as it is exported."""

    field: str
    """Which value it is evidence for."""
    value: str
    """Normalised; of `header` and `body`, the SHA-256 of the text."""
    start: int | None
    """Where the quote begins in the decoded document, in characters; null: not located."""
    end: int | None
    """Where it ends, exclusive."""
    quote: str | None
    """The characters it was read from; null for header and body, whose text stands beside."""
    asserted_by: str
    """Whose statement it is: `wikileaks_page`, `cable_header`, `cable_body`, `crawler`, …"""
    rule: str
    """The step that read it, `name/version`."""
    payload_sha256: str
    """Of the body, as sent, of the capture it was first read from."""
    current: bool
    """False: an earlier capture of this reading said so, and the latest does not."""


@dataclass(slots=True)
class ReadingRecord:
    """One reading of one witness: a line of readings.jsonl, and of a feed for a new reading."""

    reference_id: str
    """Canonical, `07ASTANA9033`."""
    stated_id: str
    """As the page writes it."""
    source: str
    """The source's name in the registry, or `host:port`."""
    url: str
    """Where the source has it."""
    layout: str
    """The page family it was read as."""
    reading_sha256: str
    """Of header, NUL and body, as UTF-8."""
    first_seen: str
    """When the capture was made that it was first read from (UTC)."""
    payload_sha256: str
    """Of that capture's body as sent."""
    encoding: str
    """How that body was decoded: Python's name of the codec. Positions count its characters."""
    decoding: str
    """And why: `bom`, `header`, `meta`, `utf8_valid`, …, and how much had to be replaced."""
    created: str | None
    """As stated, `2007-04-20T11:13`, with seconds where they are; no time zone is stated."""
    created_precision: str | None
    """`minute`, `hour` (the builds up to April 2011 print no true minute) or `day`."""
    classification: str | None
    """As the page states it."""
    origin: str | None
    """The post that sent it, as the page names it."""
    title: str | None
    """As the page has it; WikiLeaks' own, often cut."""
    subject: str | None
    """As the cable's SUBJECT line has it."""
    tags: list[str]
    """As the TAGS line has them, in its order."""
    references: list[str]
    """As the REF lines write them; a year that is not written is not added."""
    header: str
    """The routing lines, verbatim; empty where the page has none."""
    body: str
    """The text, verbatim less what the source put into it; blank lines at both ends are cut."""
    body_sha256: str
    """Of the body, as UTF-8."""
    partial_extract: bool
    """Whether the body says of itself that it is a partial extract."""
    redaction_marks: int
    """How many runs of X or like marks the text has."""
    date_time_group: str | None
    """`201113Z APR 07`, the military stamp of the header."""
    own_ids: list[str]
    """The body's own ID lines: post and serial, no year."""
    executive_order: str | None
    """The E.O. 12958 line: when, or why not, it is to be declassified."""
    sipdis: bool
    """Whether the text carries the caption SIPDIS."""
    articles: list[str]
    """Where the page says the cable was reported on."""
    released: str | None
    """The earliest stamp among `releases` that no check contradicts; no time zone is stated."""
    releases: list[ReleaseClaim]
    """Every release claim made with this reading, those since withdrawn included."""
    flags: list[str]
    """What to know before using it: `wrong_body`, `fragment`, …; sorted."""
    claims: list[Evidence]
    """The evidence for every value above, sorted by field."""


@dataclass(slots=True)
class WitnessRecord:
    """A source's copy of a cable."""

    source: str
    """The source's name in the registry, or `host:port`."""
    url: str
    """Where the source has it."""
    layout: str
    """The page family its latest reading was read as."""
    reading_sha256: str
    """Of its latest reading."""
    relation: str
    """To the chosen reading: `chosen`, `same` (its text is the same), `reformats` (it is but for
    typography and white space), `differs`."""
    first_seen: str
    """When it was first captured (UTC)."""
    last_seen: str
    """When it was last captured, or found gone (UTC)."""
    status: str
    """`present`, `unlisted` (the page is there, the source's index no longer lists it), `gone`."""
    release: str | None
    """The release that its latest reading is said to come from; null: nothing says so, or what
    says so does not agree."""
    left_over: bool
    """Whether its page stayed when a newer release replaced the others: it is of an older one
    than the newest of its source, and the source's index no longer lists it."""


@dataclass(slots=True)
class CableRecord:
    """One cable: a line of cables.jsonl, a row of cables.csv."""

    reference_id: str
    """Canonical, `07ASTANA9033`; no two lines have the same."""
    aliases: list[str]
    """Malformed IDs under which sources have it, as stated; sorted."""
    created: str | None
    """As stated, `2007-04-20T11:13`, with seconds where they are; no time zone is stated."""
    created_precision: str | None
    """`minute`, `hour` (the builds up to April 2011 print no true minute) or `day`."""
    classification: str | None
    """As the page states it."""
    origin: str | None
    """The post that sent it, as the page names it."""
    subject: str | None
    """As the cable's SUBJECT line has it."""
    tags: list[str]
    """As the TAGS line has them, in its order."""
    references: list[str]
    """As the REF lines write them; a year that is not written is not added."""
    header: str
    """The routing lines, verbatim; empty where the page has none."""
    body: str
    """The text, verbatim less what the source put into it; blank lines at both ends are cut."""
    body_sha256: str
    """Of the body, as UTF-8."""
    partial_extract: bool
    """Whether the body says of itself that it is a partial extract."""
    redaction_marks: int
    """How many runs of X or like marks the text has."""
    released: str | None
    """The earliest stamp among `releases` that no check contradicts; no time zone is stated."""
    releases: list[ReleaseClaim]
    """Every release claim of every reading of every witness; sorted, each once."""
    witnesses: list[WitnessRecord]
    """The copies it is known from, sorted by source and URL; one of them is the chosen one."""
    chosen_by: str
    """What decided between their latest readings: `only_reading` (there is one text),
    `own_id_agrees`, `fullest_text`, `not_reposted`, `latest_release`, `source_rank`."""
    flags: list[str] = field(default_factory=list)
    """What to know of the chosen reading before using it: `wrong_body`, `fragment`, …; sorted."""


@dataclass(slots=True)
class CaptureRecord:
    """One HTTP exchange as it is kept, failures included: a line of captures.jsonl."""

    source: str
    """The source's name in the registry, or `host:port`."""
    capture_id: str
    """`urn:uuid:…`, the WARC-Record-ID."""
    run_id: str
    """The run that made it."""
    url: str
    """As requested."""
    via: str | None
    """The page that led there."""
    fetched_at: str
    """When it was made (UTC)."""
    outcome: str
    """`ok`, `not_rendered` (whole; a browser made a document of it, the next capture, and that one
    is read), `http_error`, `undecodable`, `timeout`, `browser_failed`, `robots_denied`, …"""
    status: int | None
    """The HTTP status; null: there was no response, or it is what a browser made of one."""
    flags: list[str]
    """What is special about it, in words: `rendered`, `incomplete`, …"""
    detail: str | None
    """Why it failed."""
    warc: str
    """The WARC file that holds it."""
    offset: int
    """Where its gzip member begins in that file, in bytes."""
    length: int
    """Of the member, in bytes."""
    payload_sha256: str
    """Of the body as sent."""
    payload_length: int
    """Of the body as sent, in bytes."""
    revisit_of: str | None
    """The capture that holds the body, since this one brought nothing new: the server said so
    (status 304) or sent the same again. Digest and length are that body's."""
    robots: str | None
    """The capture of the robots.txt by which it was allowed, or refused."""


@dataclass(slots=True)
class ProblemRecord:
    """A page that should have given a cable and did not: a line of problems.jsonl."""

    source: str
    """The source's name in the registry, or `host:port`."""
    url: str
    """As requested."""
    reason: str
    """One word: `http_error`, `undecodable`, `no_body`, `unknown_layout`, …"""
    detail: str
    """One line: what was found."""
    fetched_at: str
    """When the capture was made (UTC)."""
    payload_sha256: str
    """Of its body as sent."""


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """How one text relates to another: a line of relations.jsonl."""

    reference_id: str
    """The cable of the first text."""
    reading_sha256: str
    """The first text: that of the readings with this digest, whichever copies have it."""
    relation: str
    """Of the first text to the other. `same`: their characters are; `reformats`: but for white
    space, punctuation and case; `extract_of`: it stands in the other; `redaction_of`: it has marks
    that the other has not; `variant_of`: they differ otherwise; `unrelated`: next to nothing is
    common to them, though the ID is. As the store states, of another cable: `fragment_of` (the ID
    is a piece of the other's), `wrong_body_of` (it names itself as the other), `appended_cable_of`
    (the other stands behind it), `mixed_body_of` (some of the other is in it), `foreign_record_of`
    (it stands in the record of the other). Which was there first is not told by any."""
    other_reference_id: str | None
    """The cable of the other text; null: the text names it without a year, and no cable in the
    store that it may mean has its text."""
    other_as_stated: str | None
    """Of another cable, how it is named: `08PORTOFSPAIN546`, or `LISBON 9539` on a text's own ID
    line."""
    other_reading_sha256: str | None
    """The other text; of another cable, the one that has most of the first; null: that cable is not
    in the store."""
    directed: bool
    """False: the relation holds either way."""
    basis: str
    """What it rests on: `exact_text`, `white_space`, `typography`, `containment`,
    `redaction_marks`, `token_alignment`; of links `alias_table`, `own_id_line`, `section_mark`,
    `dump_record`."""
    score: float | None
    """The share of the first text's rows of four words that the other has too, from 0 to 1; where
    the relation holds either way, or is to another cable, of the text with fewer of them; null:
    there is no other text."""


@dataclass(slots=True)
class ReferenceRecord:
    """A reference of a cable and the cable it means: a line of references.jsonl."""

    reference_id: str
    """The cable that makes the reference."""
    ordinal: int
    """Its place among the `references` of that cable, from 0."""
    as_written: str
    """As it stands there."""
    resolved: str | None
    """The canonical ID of the cable it means; null: that is not certain."""
    candidates: list[str]
    """All the IDs that it may be, the likeliest first."""
    basis: str
    """What that rests on. `year_written`: the year stands there; `year_of_created`: it does not,
    and so is the cable's own; `number_above_own` and `number_above_year`: the number is too high
    for that year, so it is the year before; `known_cable`: of two years one has such a cable in
    the store, and not a later one; `unresolved`: the year is not certain; `unknown_post`: no known
    post is named so; `no_cable`: it names none."""
    in_store: bool
    """Whether the store has the resolved cable. That it has not proves nothing."""


@dataclass(frozen=True, slots=True)
class CopyState:
    """A source's copy of a cable, as it was at a moment."""

    status: str
    """`present`, `unlisted` (the page is there, the source's index no longer lists it), `gone`."""
    reading_sha256: str
    """Of the reading that was met last."""


@dataclass(frozen=True, slots=True)
class CopyTurn:
    """A capture that met something else than the one before it."""

    reading_sha256: str | None
    """The text it met; null: the copy was gone."""
    at: str
    """When it was made (UTC)."""
    capture_id: str
    """Which it is."""


@dataclass(frozen=True, slots=True)
class ChangedClaim:
    """A claim that held before, or holds after."""

    value: str
    """Normalised; what other readings of the cable hide is `[hidden]` in it."""
    asserted_by: str
    """Whose statement it is: `wikileaks_page`, `cable_header`, `cable_body`, `crawler`, …"""
    rule: str
    """The step that read it, `name/version`."""
    capture_id: str
    """Of the capture that first made it with this reading."""


@dataclass(frozen=True, slots=True)
class ChangedField:
    """A field whose values are others than they were, or others' statements."""

    field: str
    """Its name, as in `claims` of readings.jsonl."""
    before: list[ChangedClaim]
    """The claims that held, in the order of the page; empty: there was none."""
    after: list[ChangedClaim]
    """Those that hold now."""


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """What became of a copy of a cable since the previous export: a line of changes.jsonl."""

    reference_id: str
    """Canonical, `07ASTANA9033`."""
    source: str
    """The source's name in the registry, or `host:port`."""
    url: str
    """Where the source has it."""
    kinds: list[str]
    """What changed in sum: `new` (the copy was not known), `changed` (its text is another),
    `moved` (its Released is), `gone`, `back`, `unlisted` (its page is there, and no index lists it
    any more), `restated` (its text is the same, and what the page says beside it is not),
    `rebuilt` (the page names another build of its site), `reverted` (nothing in sum: it changed or
    was gone, and is as it was)."""
    new_cable: bool
    """Whether no copy of the cable was known before, from any source."""
    before: CopyState | None
    """As it was; null: it was not known."""
    after: CopyState
    """As it is."""
    text_changes: list[str]
    """From the text before to the one after: `redaction_added`, `redaction_removed`,
    `dialect_switch`, `white_space`, `typography`, `block_added`, `block_removed`, `wording`,
    `replaced` (by the text of another cable)."""
    course: list[CopyTurn]
    """What its captures met since, in order; each differs from the one before."""
    fields: list[ChangedField]
    """The fields whose claims differ, by name; none of a new copy, whose claims are in
    readings.jsonl. The texts themselves are not among them."""


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
    encoding: str
    decoding: str
    header: str
    body: str


def reading_record(
    origin: ReadingOrigin,
    current: Sequence[Claim],
    evidence: list[Evidence],
    releases: list[ReleaseClaim],
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
        encoding=origin.encoding,
        decoding=origin.decoding,
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
        page.url,
        page.reading.layout,
        page.reading_sha256,
        page.capture.fetched_at,
        page.capture.payload_sha256,
        page.encoding,
        page.decoding,
        page.cable.header.text,
        page.cable.body.text,
    )
    claims = sorted(page.claims, key=lambda claim: (claim.field, claim.ordinal))
    evidence = [evidence_of(claim, page.capture.payload_sha256) for claim in claims]
    releases = release_claims(claims, page.capture.source, origin.reference_id)
    return reading_record(origin, claims, evidence, releases)


def evidence_of(claim: Claim, payload_sha256: str, *, current: bool = True) -> Evidence:
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
        current,
    )


def release_claims(claims: Iterable[Claim], source: str, reference_id: str) -> list[ReleaseClaim]:
    """The release claims among those of one capture, each once, in a fixed order."""
    made = list(claims)
    failed = failed_checks(made, reference_id, load_releases())
    found = [
        release_claim(claim, source, failed.get(place))
        for place, claim in enumerate(made)
        if claim.field in RELEASE_FIELDS
    ]
    return with_unknown(found, source)


def release_claim(claim: Claim, source: str, contradicted_by: str | None) -> ReleaseClaim:
    """One of the RELEASE_FIELDS as it is exported."""
    confidence = claim.confidence or ""
    return ReleaseClaim(
        REDACTION_STATED[claim.value] if claim.field == "redacted_by_wikileaks" else claim.value,
        claim.asserted_by,
        claim.basis or "",
        "contradicted" if contradicted_by is not None else confidence,
        source,
        relation_of(claim.field, claim.basis),
        contradicted_by,
    )


def with_unknown(claims: Iterable[ReleaseClaim], source: str) -> list[ReleaseClaim]:
    """The claims, sorted, each once; where none says what release the copy is of, one more."""
    found = set(claims)
    if not any(claim.relation == OF_PAGE for claim in found):
        found.add(ReleaseClaim(UNKNOWN, "crawler", "none", UNKNOWN, source, OF_PAGE, None))
    return sorted(found, key=release_order)


def release_order(claim: ReleaseClaim) -> tuple[str, ...]:
    """By value, then by whose it is; a claim that no check contradicts before one that is."""
    return (
        claim.value,
        claim.asserted_by,
        claim.basis,
        claim.confidence,
        claim.source,
        claim.relation,
        claim.contradicted_by or "",
    )


def relation_of(field: str, basis: str | None) -> str:
    """What a claim of this field and basis says of its value."""
    if field == "redacted_by_wikileaks":
        return "states_redaction_relative_to"
    if field == "released":
        return OF_PAGE if basis == "page_statement" else "first_published_in"
    # A link shows that the page it leads to was there, not that it was copied.
    return "postdates" if basis == "source_link" else OF_PAGE


def earliest_release(releases: Iterable[ReleaseClaim]) -> str | None:
    """The earliest stamp that a page states and no check contradicts; None where there is none."""
    stamps = [
        claim.value
        for claim in releases
        if STAMP.match(claim.value) and claim.contradicted_by is None
    ]
    return min(stamps, default=None)


def fullness(text: str) -> int:
    """How much a text has: its letters and digits, runs of redaction marks not counted."""
    return sum(map(len, LETTER_OR_DIGIT.findall(REDACTION_RUN.sub("", text))))
