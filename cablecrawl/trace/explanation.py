"""Which claims make each exported value, how, and what other copies and readings say instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from cablecrawl.export.chosen import choose, records_of
from cablecrawl.export.read import StoredCable, StoredClaim, StoredReading, StoredWitness
from cablecrawl.records import RELEASE_FIELDS, CableRecord, ReadingRecord
from cablecrawl.trace.held import OF_THE_COPY

How = Literal["read", "joined", "computed"]
"""`read`: the value of one claim; `joined`: those of several; `computed`: made from claims, or
from what the store knows of the copies."""
Scope = Literal["chosen_reading", "all_copies"]


@dataclass(frozen=True, slots=True)
class Making:
    """How the values of an exported field come about."""

    how: How
    scope: Scope
    """Whose claims they are made from."""
    fields: tuple[str, ...]
    """Of the claims."""
    words: str
    """The same for people."""


CHOSEN: Scope = "chosen_reading"
ALL: Scope = "all_copies"
_STATED = "as the copy states it"
_OF_RELEASES = tuple(sorted(RELEASE_FIELDS, reverse=True))
MAKINGS: Mapping[str, Making] = {
    "reference_id": Making(
        "computed",
        CHOSEN,
        ("reference_id",),
        "the canonical spelling of the ID that the copy states",
    ),
    "aliases": Making("joined", ALL, ("alias",), "the malformed IDs that copies state, sorted"),
    "created": Making("read", CHOSEN, ("created",), _STATED),
    "created_precision": Making(
        "computed",
        CHOSEN,
        ("created_precision", "created", "released_so_far"),
        "from the form of `created` and the page's build: some builds print no true minute",
    ),
    "classification": Making("read", CHOSEN, ("classification",), _STATED),
    "origin": Making("read", CHOSEN, ("origin",), _STATED),
    "subject": Making("read", CHOSEN, ("subject",), "the SUBJECT line, its line breaks as blanks"),
    "tags": Making("joined", CHOSEN, ("tags",), "one claim each, in the order of the TAGS line"),
    "references": Making(
        "joined", CHOSEN, ("references",), "one claim each, in the order of the REF lines"
    ),
    "header": Making(
        "read", CHOSEN, ("header",), "verbatim, less markup and what the source put into it"
    ),
    "body": Making(
        "read", CHOSEN, ("body",), "verbatim, less markup and what the source put into it"
    ),
    "body_sha256": Making("computed", CHOSEN, ("body",), "the SHA-256 of the body as UTF-8"),
    "partial_extract": Making(
        "computed",
        CHOSEN,
        ("partial_extract",),
        "true where the text says of itself that it is a partial extract",
    ),
    "redaction_marks": Making(
        "computed", CHOSEN, ("redaction_mark",), "how many marks of redaction the text has"
    ),
    "released": Making(
        "computed", ALL, _OF_RELEASES, "the earliest stamp of any copy that no check contradicts"
    ),
    "releases": Making(
        "joined",
        ALL,
        _OF_RELEASES,
        "every release claim of every reading, each once; its confidence also from checks and from"
        " other copies",
    ),
    "witnesses": Making(
        "computed",
        ALL,
        OF_THE_COPY,
        "from the sightings of each copy, and its text against the chosen one",
    ),
    "chosen_by": Making(
        "computed",
        ALL,
        ("flag", "released", "header", "body"),
        "the criterion that left one text of the copies' latest readings",
    ),
    "flags": Making(
        "joined",
        CHOSEN,
        ("flag",),
        "one claim each, sorted; identity_conflict from the texts of all copies",
    ),
}
"""By field of a cable's record. One that is not here is traced by the claims of its own name."""

# What claims a criterion of choice looks at.
DECIDED_ON = {
    "own_id_agrees": ("flag",),
    "fullest_text": ("header", "body"),
    "latest_release": ("released",),
}
# Which cable a flag is about: `wrong_body_of` as its line has it, `wrong_body_id` in full.
OF_A_FLAG = ("_of", "_id")


@dataclass(slots=True, eq=False)
class Ground:
    """A claim that a value rests on, and whose copy makes it."""

    stored: StoredClaim
    reading: StoredReading
    witness: StoredWitness


@dataclass(slots=True)
class Rival:
    """What another reading has for the same field, or what this one had."""

    value: Any
    """As the record of that reading has it; of header and body, the SHA-256."""
    witness: StoredWitness
    reading: StoredReading
    standing: str
    """`latest`, `earlier` (a reading since replaced), `withdrawn` (by a later capture of the
    reading), `further` (a second claim of the same reading, of which the first is taken)."""
    grounds: list[Ground] = field(default_factory=list)


@dataclass(slots=True)
class Explanation:
    """Where the value of one exported field comes from."""

    field: str
    value: Any
    """As cables.jsonl has it."""
    making: Making
    fields: tuple[str, ...]
    """Of the claims that it rests on."""
    grounds: list[Ground]
    """The claims that it is made from, in the order of the value's parts."""
    rivals: list[Rival]
    """By source and place there; those that say the same are among them."""


@dataclass(slots=True)
class ExplainedCable:
    """A cable's record and where each of its values comes from."""

    cable: StoredCable
    record: CableRecord
    chosen: StoredWitness
    explanations: list[Explanation]
    """In the order of the record's fields."""


FIELD_NAMES = tuple(each.name for each in fields(CableRecord))


def explain(cable: StoredCable, only: str | None = None) -> ExplainedCable:
    """Explain a cable's record, or one field of it."""
    record, readings = records_of(cable)
    chosen, _ = choose(cable.witnesses)
    of_readings = [(w, reading) for w in cable.witnesses for reading in w.readings]
    records = {
        reading: of_reading for (_, reading), of_reading in zip(of_readings, readings, strict=True)
    }
    return ExplainedCable(
        cable,
        record,
        chosen,
        [
            _explain(cable, record, chosen, records, name)
            for name in FIELD_NAMES
            if only in (None, name)
        ],
    )


def making_of(name: str) -> Making:
    """How a field of the record is made."""
    return MAKINGS.get(name) or Making("computed", ALL, (name,), "from what is known of all copies")


def _explain(
    cable: StoredCable,
    record: CableRecord,
    chosen: StoredWitness,
    records: Mapping[StoredReading, ReadingRecord],
    name: str,
) -> Explanation:
    making = making_of(name)
    value = getattr(record, name)
    if making.scope == ALL:
        grounds = [
            ground
            for witness in cable.witnesses
            for reading in witness.readings
            for ground in _grounds(witness, reading, making.fields)
        ]
        if name == "released":
            grounds = [ground for ground in grounds if ground.stored.claim.value == value]
        elif name == "chosen_by":
            decided_on = DECIDED_ON.get(record.chosen_by, ())
            grounds = [
                ground
                for ground in grounds
                if ground.stored.claim.field in decided_on
                and ground.stored.current
                and ground.reading is ground.witness.latest
            ]
        rivals = list(_other_stamps(cable, value)) if name == "released" else []
        return Explanation(name, value, making, making.fields, grounds, rivals)
    names = making.fields
    if name == "flags":
        names += tuple(f"{flag}{end}" for flag in record.flags for end in OF_A_FLAG)
    grounds = [ground for ground in _grounds(chosen, chosen.latest, names) if ground.stored.current]
    if making.how == "read":
        grounds = grounds[:1]
    rivals = [
        *_own_rivals(chosen, making, grounds),
        *_rivals(cable, chosen, records, making, name),
    ]
    return Explanation(name, value, making, names, grounds, rivals)


def _grounds(witness: StoredWitness, reading: StoredReading, names: Sequence[str]) -> list[Ground]:
    """Claims of a reading by the order of `names`, then by their own."""
    found = [stored for stored in reading.claims if stored.claim.field in names]
    found.sort(key=lambda stored: names.index(stored.claim.field))
    return [Ground(stored, reading, witness) for stored in found]


def _own_rivals(
    chosen: StoredWitness, making: Making, grounds: Sequence[Ground]
) -> Iterator[Rival]:
    """What the chosen reading itself had, or has besides."""
    taken = [ground.stored for ground in grounds]
    for ground in _grounds(chosen, chosen.latest, making.fields[:1]):
        if any(ground.stored is stored for stored in taken):
            continue
        standing = "further" if ground.stored.current else "withdrawn"
        yield Rival(ground.stored.claim.value, chosen, chosen.latest, standing, [ground])


def _rivals(
    cable: StoredCable,
    chosen: StoredWitness,
    records: Mapping[StoredReading, ReadingRecord],
    making: Making,
    name: str,
) -> Iterator[Rival]:
    for witness in cable.witnesses:
        for reading in witness.readings:
            if reading is chosen.latest:
                continue
            grounds = [
                ground
                for ground in _grounds(witness, reading, making.fields[:1])
                if ground.stored.current
            ]
            if name in ("header", "body"):
                # Its claim's value: a text beside a text is for `scrapy history`.
                value = grounds[0].stored.claim.value if grounds else None
            else:
                value = getattr(records[reading], name)
            standing = "latest" if reading is witness.latest else "earlier"
            yield Rival(value, witness, reading, standing, grounds)


def _other_stamps(cable: StoredCable, earliest: str | None) -> Iterator[Rival]:
    """Stamps that are not the earliest."""
    for witness in cable.witnesses:
        for reading in witness.readings:
            for ground in _grounds(witness, reading, ("released",)):
                claim = ground.stored.claim
                if claim.value == earliest:
                    continue
                standing = "latest" if reading is witness.latest else "earlier"
                if not ground.stored.current:
                    standing = "withdrawn"
                yield Rival(claim.value, witness, reading, standing, [ground])
