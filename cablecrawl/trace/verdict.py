"""Whether the exported fields of a cable follow from the bytes: each capture is read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from cablecrawl.export.chosen import records_of
from cablecrawl.export.read import (
    StoredCable,
    StoredClaim,
    StoredReading,
    StoredWitness,
    claim_order,
)
from cablecrawl.items import CablePage
from cablecrawl.trace.explanation import ALL, ExplainedCable, Explanation
from cablecrawl.trace.held import HeldCapture, held_of_cable
from cablecrawl.trace.recheck import Finding, Rechecked, Rechecker

PARTS = ("header", "body")


@dataclass(slots=True)
class FieldVerdict:
    """What came of one exported field."""

    findings: list[Finding] = field(default_factory=list)
    """Of the captures that it rests on."""
    differs: str | None = None
    """How the record that the bytes give differs, where no finding says why."""
    taken_out: Counter[str] = field(default_factory=Counter)
    """Of header and body: characters of page text between its ends that are not in it, by
    label of the ledger."""

    @property
    def holds(self) -> bool:
        return not self.findings and self.differs is None


def verify_cable(
    explained: ExplainedCable, connection: Connection, rechecker: Rechecker
) -> dict[str, FieldVerdict]:
    """Read every capture of a cable again; the verdict on each field that is explained."""
    rechecked = [
        rechecker.read_again(held)
        for held in held_of_cable(connection, explained.cable.reference_id)
    ]
    verdicts = {
        explanation.field: FieldVerdict(list(_findings(explained, explanation, rechecked)))
        for explanation in explained.explanations
    }
    if not any(finding.field is None for each in rechecked for finding in each.findings):
        _compare_records(explained, rechecked, verdicts)
    for part in PARTS:
        if part in verdicts:
            verdicts[part].taken_out = _taken_out(explained, rechecked, part)
    return verdicts


def _findings(
    explained: ExplainedCable, explanation: Explanation, rechecked: Sequence[Rechecked]
) -> Iterator[Finding]:
    """Those that a field rests on."""
    for each in rechecked:
        rests = explanation.making.scope == ALL or _shows_chosen(explained, each.held)
        for finding in each.findings if rests else ():
            if finding.field is None or finding.field in explanation.fields:
                yield finding


def _shows_chosen(explained: ExplainedCable, held: HeldCapture) -> bool:
    """Whether a capture showed the chosen reading."""
    chosen = explained.chosen
    return held.capture.source == chosen.source and any(
        reading.locator == chosen.locator and reading.sha256 == chosen.latest.sha256
        for reading in held.readings
    )


def _compare_records(
    explained: ExplainedCable,
    rechecked: Sequence[Rechecked],
    verdicts: dict[str, FieldVerdict],
) -> None:
    """The record again, from what the bytes gave just now."""
    record, _ = records_of(cable_from_bytes(explained.cable, rechecked))
    for explanation in explained.explanations:
        verdict = verdicts[explanation.field]
        if verdict.holds and getattr(record, explanation.field) != explanation.value:
            verdict.differs = "the claims that the bytes give make another value"


def cable_from_bytes(cable: StoredCable, rechecked: Sequence[Rechecked]) -> StoredCable:
    """A stored cable with the readings and claims that its captures give when read again.

    What sightings say, such as that a copy is gone, stays.
    """
    in_time = sorted(
        rechecked, key=lambda each: (each.held.capture.fetched_at, each.held.capture.capture_id)
    )
    return StoredCable(
        cable.reference_id,
        [_from_bytes(cable.reference_id, witness, in_time) for witness in cable.witnesses],
    )


def _from_bytes(
    reference_id: str, witness: StoredWitness, in_time: Sequence[Rechecked]
) -> StoredWitness:
    readings: dict[str, StoredReading] = {}
    latest = witness.latest
    for each in in_time:
        if each.held.capture.source != witness.source:
            continue
        for page in each.pages:
            assert page.reference_id is not None
            if (page.reference_id.canonical, page.locator) == (reference_id, witness.locator):
                latest = readings.setdefault(page.reading_sha256, _new_reading(page))
                _add_claims(latest, page)
    for reading in readings.values():
        reading.claims.sort(key=claim_order)
    ordered = sorted(readings.values(), key=lambda reading: (reading.first_seen, reading.sha256))
    return replace(witness, readings=ordered or witness.readings, latest=latest)


def _new_reading(page: CablePage) -> StoredReading:
    return StoredReading(
        page.reading_sha256,
        page.reading.layout,
        page.encoding,
        page.decoding,
        page.cable.header.text,
        page.cable.body.text,
        page.capture.fetched_at,
        page.capture.payload_sha256,
    )


def _add_claims(reading: StoredReading, page: CablePage) -> None:
    """What a capture says of a reading that earlier ones may have shown."""
    known = {claim_order(stored): stored for stored in reading.claims}
    for stored in reading.claims:
        stored.current = False
    for claim in page.claims:
        new = StoredClaim(claim, page.capture.payload_sha256, True, page.capture.id)
        stored = known.setdefault(claim_order(new), new)
        stored.current = True
        if stored is new:
            reading.claims.append(new)


def _taken_out(
    explained: ExplainedCable, rechecked: Sequence[Rechecked], part: str
) -> Counter[str]:
    """What stands in the page text between the ends of the chosen header or body."""
    taken: Counter[str] = Counter()
    chosen = explained.chosen
    for each in reversed(rechecked):
        for page in each.pages:
            if page.capture.source != chosen.source or page.locator != chosen.locator:
                continue
            spans = page.excerpt(part).spans()
            if page.reading_sha256 != chosen.latest.sha256 or not spans:
                continue
            for start, end, label in page.ledger.entries():
                inside = min(end, spans[-1].end) - max(start, spans[0].start)
                if inside > 0 and label != f"cable:{part}":
                    taken[label] += inside
            return taken
    return taken
