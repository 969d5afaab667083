"""A capture read again from its bytes, and what it gives held against what the store says.

It goes both ways: what the store holds must come of the bytes, and what comes of them must be
in the store. `held_captures` (cablecrawl.trace.held) gives the captures of a store with what
rests on them; a `Rechecker` says of one after the other what does not hold:

    rechecker = Rechecker(data_dir / WARC_FOLDER)
    for held in held_captures(connection, 1, 5000):
        for finding in rechecker.recheck(held):
            print(finding)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cablecrawl.capture import DamagedWarc, payload_sha256
from cablecrawl.capture.http import content_codings, content_type, parse_head
from cablecrawl.capture.members import OPEN, Member, head_and_payload, read_member
from cablecrawl.decoding import UndecodableError, decode_content
from cablecrawl.items import CablePage, PageItem, Problem
from cablecrawl.reading import PageReader, gives_items, problem_of_error, read_items
from cablecrawl.rereading import steps_before_the_store
from cablecrawl.stats import CountingStats
from cablecrawl.store.evidence import Shown, ShownClaim, shown_on
from cablecrawl.trace.held import OF_THE_COPY, HeldCapture, HeldReading
from pipelines.dedupe import reading_sha256

# The way from the bytes to a value, in its order: what breaks at one stage is not followed on.
WARC_RECORD = "warc_record"
"""The record cannot be read, or is not that of the capture: CRC, lengths, block digest, IDs."""
PAYLOAD_DIGEST = "payload_digest"
"""The body is not the one whose digest and length the store has."""
DECODE = "decode"
"""The body cannot be decoded, or is decoded in another way."""
STEP = "step"
"""Layouts and pipelines do not give what the store holds, or give what it lacks."""
TEXT = "text"
"""Header or body differ, or a stored text does not have its digest."""
QUOTE = "quote"
"""The document does not have the quote at its place."""
VALUE = "value"
"""Another value is given."""
PLACE = "place"
"""The value is given, with another place or quote."""
STAGES = (WARC_RECORD, PAYLOAD_DIGEST, DECODE, STEP, TEXT, QUOTE, VALUE, PLACE)

UNDECODABLE = "undecodable"
"""The problem of a body that cannot be decoded."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not verify, and where."""

    stage: str
    """One of STAGES: the first at which it breaks."""
    detail: str
    """One line: what was found, and what the store has. It quotes no text of a page."""
    capture_id: str
    warc: str
    offset: int
    """Of the capture's record, in bytes."""
    reference_id: str | None = None
    """The cable; None: the whole capture, and with it all that rests on it."""
    locator: str | None = None
    """Where the source has the copy."""
    field: str | None = None
    """Of the claim, or one of OF_THE_COPY; None: the whole reading."""
    ordinal: int | None = None
    """None for what is no claim."""

    @property
    def where(self) -> str:
        """File, byte, copy and claim."""
        what = f"{self.warc} at byte {self.offset:,}"
        if self.reference_id is not None:
            what += f": {self.reference_id} ({self.locator})"
        if self.field is not None:
            what += f": {self.field}"
        if self.ordinal is not None:
            what += f"[{self.ordinal}]"
        return what

    def __str__(self) -> str:
        return f"{self.stage}: {self.where}: {self.detail}"


@dataclass(slots=True)
class Rechecked:
    """What became of a capture that was read again."""

    held: HeldCapture
    findings: list[Finding] = field(default_factory=list)
    pages: list[CablePage] = field(default_factory=list)
    """The cables that its bytes give, as the pipelines hand them to the store."""


class Rechecker:
    """Reads captures of a folder of WARC files again, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader = PageReader()
        self._steps = steps_before_the_store(CountingStats())

    def recheck(self, held: HeldCapture) -> list[Finding]:
        """What does not verify of a capture and of what rests on it; [] when all holds.

        Follows from the bytes, the code and `held` alone. Raises nothing for what is damaged:
        that is a finding.
        """
        return self.read_again(held).findings

    def read_again(self, held: HeldCapture) -> Rechecked:
        """As `recheck`, with what the bytes give."""
        rechecked = Rechecked(held)
        try:
            items = self._items(held)
        except _Broken as broken:
            rechecked.findings.append(_finding(held, broken.stage, broken.detail))
            return rechecked
        rechecked.pages = [item for item in items if isinstance(item, CablePage)]
        problems = [item for item in items if isinstance(item, Problem)]
        if held.is_read:
            rechecked.findings += _compare(held, rechecked.pages, problems)
        return rechecked

    def _items(self, held: HeldCapture) -> list[PageItem]:
        """What the bytes of a capture give. Raises _Broken."""
        capture = held.capture
        member = self._member(held)
        head, payload = _head_and_payload(member)
        _check_record(held, member, head)
        _check_payload(held, payload)
        if not gives_items(capture):
            return []
        _, headers = parse_head(head)
        try:
            body = decode_content(payload, content_codings(headers)).body
        except UndecodableError as error:
            return [Problem(capture, UNDECODABLE, str(error))]
        items, _ = read_items(self._reader, capture, body, content_type(headers))
        return [self._take_steps(item) for item in items]

    def _member(self, held: HeldCapture) -> Member:
        location = held.location
        path = self._folder / location.warc
        try:
            if not path.exists():
                path = path.with_name(path.name + OPEN)
            with path.open("rb") as file:
                member = read_member(file, path, location.offset, expected=location.length)
        except FileNotFoundError:
            raise _Broken(WARC_RECORD, "there is no such file") from None
        except OSError as error:
            raise _Broken(WARC_RECORD, f"cannot be read: {error.strerror}") from None
        except DamagedWarc as damage:
            raise _Broken(WARC_RECORD, damage.why) from None
        if member.length != location.length:
            why = f"is {member.length} bytes long, the store has {location.length}"
            raise _Broken(WARC_RECORD, why)
        return member

    def _take_steps(self, item: PageItem) -> PageItem:
        try:
            for step in self._steps:
                item = step.process_item(item)
        except Exception as error:
            # Whatever goes wrong in a step is what is looked for here.
            return problem_of_error(item.capture, error)
        return item


class _Broken(Exception):
    """A capture that cannot be followed further than a stage."""

    def __init__(self, stage: str, detail: str) -> None:
        super().__init__(detail)
        self.stage = stage
        self.detail = detail


def _head_and_payload(member: Member) -> tuple[bytes, bytes]:
    """As ResponseReader.read gives them. Raises _Broken."""
    try:
        return head_and_payload(member)
    except ValueError as error:
        raise _Broken(WARC_RECORD, str(error)) from None


def _check_record(held: HeldCapture, member: Member, head: bytes) -> None:
    """That a sound record is that of the capture. Raises _Broken."""
    record = held.record
    expected = {"warc-record-id": f"<{record.capture_id}>", "warc-date": record.fetched_at}
    for name, stored in expected.items():
        found = member.headers.get(name)
        if found != stored:
            raise _Broken(WARC_RECORD, f"its {name} is {found}, the store has {stored}")
    if member.kind == "response" and record.status is not None:
        try:
            status, _ = parse_head(head)
        except (ValueError, IndexError):
            raise _Broken(WARC_RECORD, "its HTTP head has no status") from None
        if status != record.status:
            raise _Broken(WARC_RECORD, f"its status is {status}, the store has {record.status}")


def _check_payload(held: HeldCapture, payload: bytes) -> None:
    """That a body is the one that the store names. Raises _Broken."""
    digest, stored = payload_sha256(payload), held.capture.payload_sha256
    if digest != stored:
        raise _Broken(PAYLOAD_DIGEST, f"the body has SHA-256 {digest}, the store {stored}")
    if len(payload) != held.payload_length:
        why = f"the body has {len(payload)} bytes, the store {held.payload_length}"
        raise _Broken(PAYLOAD_DIGEST, why)


def _compare(
    held: HeldCapture, pages: Sequence[CablePage], problems: Sequence[Problem]
) -> Iterator[Finding]:
    """Both ways: what the store holds against what the bytes give."""
    given: dict[tuple[str, str], tuple[Shown, str]] = {}
    for page in pages:
        shown = shown_on(page)
        given[shown.reference_id, shown.locator] = shown, page.page.document
    for reading in held.readings:
        found = given.pop((reading.reference_id, reading.locator), None)
        if found is None:
            reasons = [problem.reason for problem in problems]
            why = ", ".join(["the page gives no such cable", *reasons])
            yield _finding(held, DECODE if UNDECODABLE in reasons else STEP, why, reading)
        else:
            yield from _compare_readings(held, reading, *found)
    for shown, _ in given.values():
        if held.only in (None, shown.reference_id):
            yield _finding(held, STEP, "the page gives a cable that the store lacks", shown)
    if held.only is None and held.capture.outcome == "ok":
        yield from _compare_problems(held, problems)


def _compare_problems(held: HeldCapture, problems: Sequence[Problem]) -> Iterator[Finding]:
    given = {(problem.reason, problem.detail) for problem in problems}
    stored = set(held.problems)
    for reason, _ in sorted(stored - given):
        yield _finding(held, STEP, f"the page no longer gives the problem {reason}")
    for reason, _ in sorted(given - stored):
        yield _finding(held, STEP, f"the page gives a problem that the store lacks: {reason}")


def _compare_readings(
    held: HeldCapture, reading: HeldReading, shown: Shown, document: str
) -> Iterator[Finding]:
    digest = reading_sha256(reading.header, reading.body)
    if digest != reading.sha256:
        why = f"the stored text has SHA-256 {digest}, its row {reading.sha256}"
        yield _finding(held, TEXT, why, reading)
    if shown.reading_sha256 != reading.sha256:
        why = f"the page gives a text of SHA-256 {shown.reading_sha256}, the store {reading.sha256}"
        yield _finding(held, TEXT, why, reading)
    if reading.capture == held.capture.id:
        for stage, name in ((DECODE, "encoding"), (DECODE, "decoding"), (STEP, "layout")):
            now, stored = getattr(shown, name), getattr(reading, name)
            if now != stored:
                why = f"its {name} is {now!r}, the store has {stored!r}"
                yield _finding(held, stage, why, reading)
    for name in OF_THE_COPY if reading.is_first_sighting else OF_THE_COPY[:1]:
        if getattr(shown, name) != getattr(reading, name):
            yield _finding(held, VALUE, f"another {name} is given", reading, name)
    yield from _compare_claims(held, reading, shown.claims, document)


def _compare_claims(
    held: HeldCapture, reading: HeldReading, shown: Sequence[ShownClaim], document: str
) -> Iterator[Finding]:
    row = held.capture.id
    given = {_key(claim): claim for claim in shown}
    missed: list[ShownClaim] = []
    for stored in reading.claims:
        claim = stored.claim
        if row not in (stored.first, stored.last):
            # Between the two it may have been made or not.
            if row < stored.last:
                given.pop(_key(claim), None)
            continue
        now = given.pop(_key(claim), None)
        # Of later captures the store has no places: their documents may have others.
        if row == stored.first:
            if not _is_at_its_place(document, claim):
                why = f"the quote does not stand at {_place(claim)}"
                yield _finding(held, QUOTE, why, reading, claim)
                continue
            if now is not None and _evidence(now) != _evidence(claim):
                why = f"it is read at {_place(now)}, the store has {_place(claim)}"
                yield _finding(held, PLACE, why, reading, claim)
        if now is None:
            missed.append(claim)
    yield from _compare_values(held, reading, missed, list(given.values()))


def _compare_values(
    held: HeldCapture,
    reading: HeldReading,
    missed: Sequence[ShownClaim],
    unknown: list[ShownClaim],
) -> Iterator[Finding]:
    """Claims of the store that are not given, and given ones that the store lacks."""
    for claim in missed:
        instead = [other for other in unknown if _slot(other) == _slot(claim)]
        if not instead:
            yield _finding(held, STEP, f"{claim.step.rule} no longer gives it", reading, claim)
            continue
        unknown.remove(instead[0])
        if instead[0].value != claim.value:
            yield _finding(held, VALUE, "another value is given", reading, claim)
        else:
            why = f"it is now given by {_by(instead[0])}, the store has {_by(claim)}"
            yield _finding(held, STEP, why, reading, claim)
    for claim in unknown:
        why = f"{claim.step.rule} gives a claim that the store lacks"
        yield _finding(held, STEP, why, reading, claim)


def _key(claim: ShownClaim) -> tuple[object, ...]:
    """What makes a claim one of its reading."""
    return claim.field, claim.ordinal, claim.value, claim.step


def _slot(claim: ShownClaim) -> tuple[str, int]:
    return claim.field, claim.ordinal


def _evidence(claim: ShownClaim) -> tuple[int | None, int | None, str | None]:
    return claim.start, claim.end, claim.quote


def _by(claim: ShownClaim) -> str:
    return " ".join(part for part in claim.step if part)


def _place(claim: ShownClaim) -> str:
    if claim.start is None or claim.end is None:
        return "no place"
    return f"characters {claim.start} to {claim.end}"


def _is_at_its_place(document: str, claim: ShownClaim) -> bool:
    if claim.start is None or claim.end is None:
        return claim.quote is None
    if claim.quote is None:
        return 0 <= claim.start <= claim.end <= len(document)
    return document[claim.start : claim.end] == claim.quote


def _finding(
    held: HeldCapture,
    stage: str,
    detail: str,
    of: HeldReading | Shown | None = None,
    claim: ShownClaim | str | None = None,
) -> Finding:
    """Of a capture, a reading, a claim, or a value of OF_THE_COPY."""
    return Finding(
        stage,
        detail,
        held.capture.capture_id,
        held.location.warc,
        held.location.offset,
        of.reference_id if of is not None else None,
        of.locator if of is not None else None,
        claim.field if isinstance(claim, ShownClaim) else claim,
        claim.ordinal if isinstance(claim, ShownClaim) else None,
    )
