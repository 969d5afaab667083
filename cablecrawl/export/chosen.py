"""One record a cable: which reading stands for it, and what all its witnesses add."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from cablecrawl.collation.collation import Collation
from cablecrawl.export.read import StoredCable, StoredReading, StoredWitness
from cablecrawl.export.release_claims import namings, release_claims_of
from cablecrawl.layouts.wikileaks import NAME as WIKILEAKS
from cablecrawl.records import (
    CableRecord,
    ReadingOrigin,
    ReadingRecord,
    ReleaseClaim,
    WitnessRecord,
    earliest_release,
    evidence_of,
    fullness,
    reading_record,
    release_order,
)
from cablecrawl.releases import load_releases, named_release
from cablecrawl.typography import fold

ONLY_READING = "only_reading"

IDENTITY_CONFLICT = "identity_conflict"
"""The flag of a cable of which some copy has a text that is not the chosen one's at all."""


# Flags of a text that has another cable's words besides its own: they are no greater fullness.
MORE_THAN_ITS_OWN = {"appended_cable", "mixed_body", "foreign_record"}


def _own_id_agrees(witness: StoredWitness) -> int:
    """0 where the text names another cable, 1 where it has some of another, 2 where neither."""
    flags = {claim.value for claim in witness.latest.current() if claim.field == "flag"}
    if "wrong_body" in flags:
        return 0
    return 2 if flags.isdisjoint(MORE_THAN_ITS_OWN) else 1


def _fullness(reading: StoredReading) -> int:
    return fullness(reading.header) + fullness(reading.body)


def _latest_release(witness: StoredWitness) -> str:
    stamps = [claim.value for claim in witness.latest.current() if claim.field == "released"]
    return max(stamps, default="")


class Criterion(NamedTuple):
    """Of two witnesses, the one whose value is greater is preferred."""

    name: str
    value: Callable[[StoredWitness], Any]
    is_of_text: bool
    """Equal texts have equal values, so it need not be asked of them."""


CRITERIA = (
    Criterion("own_id_agrees", _own_id_agrees, True),
    # Header and body, since a record of the dump has both in one.
    Criterion("fullest_text", lambda witness: _fullness(witness.latest), True),
    # Others set the text in their own typography and drop blanks and blank lines.
    Criterion("not_reposted", lambda witness: int(witness.latest.layout == WIKILEAKS), False),
    Criterion("latest_release", _latest_release, False),
    Criterion("source_rank", lambda witness: -witness.rank, False),
)

# What a cable has as its chosen reading has it.
OF_THE_READING = [
    field.name
    for field in fields(CableRecord)
    if field.name not in ("aliases", "released", "releases", "witnesses", "chosen_by")
]


def choose(witnesses: Sequence[StoredWitness]) -> tuple[StoredWitness, str]:
    """The witness whose latest reading stands for the cable, and the criterion that decided.

    Criteria are asked until one text is left. Which of the witnesses of that text is taken
    follows from the remaining ones, then from source and locator.
    """
    left = list(witnesses)
    chosen_by = ONLY_READING
    for criterion in CRITERIA:
        if len({witness.latest.sha256 for witness in left}) > 1:
            chosen_by = criterion.name
        elif criterion.is_of_text:
            continue
        values = [criterion.value(witness) for witness in left]
        best = max(values)
        left = [witness for witness, value in zip(left, values, strict=True) if value == best]
    return min(left, key=lambda witness: (witness.source, witness.locator)), chosen_by


def records_of(
    cable: StoredCable, collation: Collation | None = None
) -> tuple[CableRecord, list[ReadingRecord]]:
    """The record of a cable, and those of every reading that its witnesses ever had.

    Readings are sorted by source, locator, when they were first seen, and digest. `collation` is
    the cable's, where there is one already.
    """
    claimed = release_claims_of(cable, load_releases())
    records = {
        reading: _reading_record(cable.reference_id, witness, reading, claimed[reading])
        for witness in cable.witnesses
        for reading in witness.readings
    }
    readings = list(records.values())
    chosen, chosen_by = choose(cable.witnesses)
    releases = sorted(
        {release for reading in readings for release in reading.releases}, key=release_order
    )
    witnesses = [witness_record(witness, chosen) for witness in cable.witnesses]
    witnesses.sort(key=lambda witness: (witness.source, witness.url))
    record = CableRecord(
        **{name: getattr(records[chosen.latest], name) for name in OF_THE_READING},
        aliases=sorted({alias for reading in readings for alias in _aliases(reading)}),
        released=earliest_release(releases),
        releases=releases,
        witnesses=witnesses,
        chosen_by=chosen_by,
    )
    if (collation or Collation(cable)).has_conflict(chosen.latest.sha256):
        record.flags = sorted({*record.flags, IDENTITY_CONFLICT})
    return record, readings


def _aliases(reading: ReadingRecord) -> list[str]:
    return [claim.value for claim in reading.claims if claim.field == "alias"]


def _reading_record(
    reference_id: str,
    witness: StoredWitness,
    reading: StoredReading,
    releases: list[ReleaseClaim],
) -> ReadingRecord:
    origin = ReadingOrigin(
        reference_id,
        witness.stated_id,
        witness.source,
        witness.url,
        reading.layout,
        reading.sha256,
        reading.first_seen,
        reading.payload_sha256,
        reading.encoding,
        reading.decoding,
        reading.header,
        reading.body,
    )
    evidence = [
        evidence_of(stored.claim, stored.payload_sha256, current=stored.current)
        for stored in reading.claims
    ]
    return reading_record(origin, reading.current(), evidence, releases)


def _relation(reading: StoredReading, chosen: StoredReading) -> str:
    if reading.sha256 == chosen.sha256:
        return "same"
    texts = [fold(f"{one.header}\n{one.body}") for one in (reading, chosen)]
    return "reformats" if texts[0] == texts[1] else "differs"


def witness_record(witness: StoredWitness, chosen: StoredWitness) -> WitnessRecord:
    """What the cable's record says of a copy of it."""
    status = "unlisted" if witness.is_unlisted else "present"
    named = namings(witness.latest.current())
    return WitnessRecord(
        witness.source,
        witness.url,
        witness.latest.layout,
        witness.latest.sha256,
        "chosen" if witness is chosen else _relation(witness.latest, chosen.latest),
        witness.first_seen,
        witness.last_seen,
        "gone" if witness.is_gone else status,
        named_release(named),
        load_releases().is_older(named, witness.newest_release),
    )
