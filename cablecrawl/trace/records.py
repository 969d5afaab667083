"""What `scrapy trace --json` prints: one CableTrace, its fields as keys, in this order.

What one reading of the cable hides and another shows is hidden in all of it, unless the setting
SHOW_REDACTED_SPANS is on. Places count characters of the decoded document and are not changed
by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class ClaimTrace:
    """A claim that a value rests on."""

    field: str
    """Its own: `redaction_mark` is what `redaction_marks` counts."""
    ordinal: int
    """Among the claims of that field in its reading."""
    value: str
    """Normalised; of `header` and `body`, the SHA-256 of the text."""
    asserted_by: str
    """Whose statement it is: `wikileaks_page`, `cable_header`, `cable_body`, `crawler`, …"""
    rule: str
    """The step that read it, `name/version`."""
    basis: str | None
    """Of release claims: `page_timestamp`, `counter`, …"""
    confidence: str | None
    """Of release claims: `asserted`, `inferred_strong`, …"""
    current: bool
    """False: a later capture of the reading does not make it."""
    source: str
    """Whose copy makes it."""
    url: str
    """Where the source has the copy."""
    locator: str
    """The same as the source's own place, whatever host serves it."""
    reading_sha256: str
    capture_id: str
    """The capture that first made it, a key of `captures`; its place is one in that document."""
    start: int | None
    """Where the quote begins in the decoded document; null: not located, no evidence but the
    rule."""
    end: int | None
    """Where it ends, exclusive."""
    before: str | None
    """Some 40 characters of the document before the quote; null where it cannot be read."""
    quote: str | None
    """The characters it was read from; null for whole texts, see `begins` and `ends`."""
    after: str | None
    """Some 40 characters behind it."""
    begins: str | None
    """Of a stretch that is not quoted: its first characters in the document; all of a short one."""
    ends: str | None
    """And its last ones; empty for a short one."""


@dataclass(slots=True)
class RivalTrace:
    """What another reading has, or what this one had, for the same field."""

    value: Any
    """As the record of that reading has it; of `header` and `body`, the SHA-256."""
    agrees: bool
    """Whether it is the same, or, of a single claim, among what the value is made from."""
    source: str
    url: str
    locator: str
    reading_sha256: str
    standing: str
    """`latest` reading of its copy; `earlier` one; `withdrawn` by a later capture of the same
    reading; `further` claim of the same reading; `former`: a reparse no longer gave it."""
    until: str | None
    """When that reparse was."""
    asserted_by: list[str]
    """Who says so: nobody where the value is that there is none."""
    rules: list[str]


@dataclass(slots=True)
class FindingTrace:
    """Something that does not verify."""

    stage: str
    """`warc_record`, `payload_digest`, `decode`, `step`, `text`, `quote`, `value`, `place`: the
    first at which it breaks."""
    where: str
    """File, byte, copy and claim."""
    detail: str
    capture_id: str | None
    """Null: it is the record that does not follow from its claims."""


@dataclass(slots=True)
class FieldTrace:
    """Where the value of an exported field comes from."""

    value: Any
    """As cables.jsonl has it."""
    how: str
    """`read`: the value of one claim; `joined`: those of several; `computed`."""
    from_what: str
    """The same in words, and from which claims."""
    evidence: str
    """`located`, `not_located` (some claim has no place), `none`, or `sightings`: it rests on
    which captures there are, and quotes nothing."""
    note: str | None
    """What is to be known of the evidence, in words."""
    why: str
    """Why this value and not a rival."""
    claims: list[ClaimTrace]
    rivals: list[RivalTrace]
    taken_out: dict[str, int] | None
    """Of header and body: characters of page text between its ends that are not in it, by what
    they are: `boilerplate:RULE`, `field:NAME`. Null without --verify, and for other fields."""
    findings: list[FindingTrace] | None
    """What does not verify; [] where all does; null without --verify."""


@dataclass(slots=True)
class CaptureTrace:
    """A capture that claims come from."""

    source: str
    url: str
    via: str | None
    fetched_at: str
    outcome: str
    status: int | None
    warc: str
    offset: int
    """Of the record's gzip member in the file, in bytes."""
    length: int
    """Of the member, in bytes."""
    payload_sha256: str
    payload_length: int
    revisit_of: str | None
    """The capture that holds the body: this one brought nothing new."""
    events: list[str]
    """What it was for this cable: `first`, `unchanged`, `changed`, `gone`, `back`, with the place
    on the source."""
    content_codings: list[str]
    """That were undone."""
    encoding: str | None
    """Of the document: Python's name of the codec; null where the record was not read for this
    trace, or cannot be."""
    decoding: str | None
    """And why: `bom`, `header`, `meta`, `utf8_valid`, …"""
    replaced: int | None
    """Byte sequences that became U+FFFD."""
    characters: int | None
    """Of the document."""
    unreadable: str | None
    """Why the record could not be read."""
    run: str
    """A key of `runs`."""
    reparsed_at: str | None
    """When its claims were last read again; null: its run has read them."""
    code_version: str | None
    """Of the code that read its claims."""


@dataclass(slots=True)
class RunTrace:
    """A run that made captures."""

    spider: str
    started: str
    state: str
    arguments: dict[str, str]
    code_version: str | None
    steps_sha256: str | None
    """Of the code and rules that read its pages."""
    settings_sha256: str | None


@dataclass(slots=True)
class ChosenTrace:
    """The reading that stands for the cable."""

    source: str
    url: str
    locator: str
    layout: str
    reading_sha256: str
    chosen_by: str
    why: str
    """What decided, in words."""


@dataclass(slots=True)
class CableTrace:
    """Where the values of a cable come from."""

    reference_id: str
    stated: str
    """As asked for."""
    spelling: str | None
    """Why the two differ: `leading_zero`, `case`, …"""
    redacted_spans: str
    """`none`; `hidden`: what one reading hides is hidden here; `shown`: a setting shows it."""
    chosen: ChosenTrace
    fields: dict[str, FieldTrace]
    """By the keys of cables.jsonl, in their order; one of them where one was asked for."""
    captures: dict[str, CaptureTrace]
    """By capture ID, in the order of time: those that the claims come from."""
    runs: dict[str, RunTrace]
    verified: bool | None
    """Whether everything asked for verifies; null without --verify."""
    read_by_this_code: bool | None
    """Whether the code and rules that read what the store has are those of today; where they are
    not, that may be why something does not verify. Null without --verify."""
