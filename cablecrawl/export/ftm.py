"""Cables as FollowTheMoney entities and statements, for Aleph and OpenAleph.

A cable is a Message; the post that its pages name is a PublicBody that sent it. Recipients stand
in routing lines that are not read as such, so there are none. A statement has one value as the
copies of one source state it: a value of the cable's record is stated by those whose latest
reading has it too, and a release by those that ever claimed it.

Values are as the followthemoney package cleans them: composed (NFC), without control characters,
without blanks at both ends; a text of more than 65,000 characters has several values. What a
statement's value was before that is its original_value, but for texts, which readings.jsonl has.

The package itself needs ICU's libraries and a compiler. It reads in the tests what is written here.
Formats: https://followthemoney.tech/docs/, https://followthemoney.tech/docs/statements/
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha1
from inspect import cleandoc
from typing import NamedTuple
from urllib.parse import urlsplit

from cablecrawl.export.described import Part, Property
from cablecrawl.export.exported import ExportedCable, plain_text
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.lines import JSON
from cablecrawl.export.read import StoredReading, StoredWitness
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.written import WrittenFile
from cablecrawl.records import CableRecord, ReadingRecord

FOLDER = "ftm"
MESSAGE, PUBLIC_BODY = "Message", "PublicBody"

ENTITIES = Resource(
    "ftm-entities",
    "json",
    "application/x-ndjson",
    file=f"{FOLDER}/entities.ftm.json",
    about="Cables and posts as FollowTheMoney entities, one a line.",
)
STATEMENTS = Resource(
    "ftm-statements",
    "csv",
    "text/csv",
    file=f"{FOLDER}/statements.csv",
    about="Who states each value of ftm/entities.ftm.json, as FollowTheMoney statements.",
)

COLUMNS = {
    "canonical_id": "Of the entity: the same as `entity_id`.",
    "entity_id": "Of the entity that the value is of.",
    "prop": "The property; `id` where the statement is that there is such an entity.",
    "prop_type": "Of the property, as the model has it.",
    "schema": "Of the entity: `Message` or `PublicBody`.",
    "value": "As ftm/entities.ftm.json has it.",
    "dataset": "The source: `cablecrawl_` and its name. It has small letters, digits and `_` alone;"
    " a name that has others is changed, and has digits of its SHA-1 behind it.",
    "origin": "The address of the copy that states it; of several in one source, the first.",
    "lang": "Nothing: no source states its language.",
    "original_value": "What was stated, where the value is another; of texts, nothing.",
    "external": "`f` always.",
    "first_seen": "When the copy was first captured with the reading that states it (UTC).",
    "last_seen": "When the copy was last captured with that reading, or found gone (UTC).",
    "id": "Of the statement, as the followthemoney package computes it.",
}
"""Of statements.csv, in the order that the package has, and what each means."""

PROPERTIES = (
    Property("subject", "string", "Of the cable's SUBJECT line."),
    Property("title", "string", "The reference ID, canonical."),
    Property("messageId", "string", "The same."),
    Property("fileName", "string", "Of the file that the format `text` has."),
    Property("date", "date", "Created as stated, if it is a date; no time zone is stated."),
    Property("publishedAt", "date", "The earliest stamp of a release that is not contradicted."),
    Property("summary", "text", "The classification, as the page states it."),
    Property("keywords", "string", "As the TAGS line has them."),
    Property("bodyText", "text", "The header, an empty line and the body."),
    Property("sender", "entity", "The post, as the page names it: a PublicBody."),
    Property("inReplyTo", "string", "The cables that its references mean, by `messageId`."),
    Property("inReplyToMessage", "entity", "Those of them that the store has."),
    Property("sourceUrl", "url", "Where the copies are."),
    Property("publisher", "string", "The sources that have one."),
)
"""Of a Message."""

NAME = Property("name", "name", "The post, as pages name it.")
"""Of a PublicBody."""

TYPES = {"id": "id", **{one.name: one.type for one in (*PROPERTIES, NAME)}}
"""What the model says that values of each property are."""

CAPTIONS = ("subject", "title", "name")
"""The properties that the model names an entity by, the first that it has."""

# What a value of the type may have, in characters.
LONGEST = {"string": 1024, "text": 65_000, "url": 4096, "name": 384, "date": 32}

# As normality's remove_unsafe_chars has them, which cleans whatever the package reads.
BLANKS = re.compile("[\u0a00\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
DELETED = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2060-\u2064\ufeff\ud800-\udfff]"
)
QUOTED = re.compile(r"""["'].*["']""")

STAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}(?::\d{2}(?::\d{2})?)?)?", re.ASCII)
HOST_LABEL = re.compile(r"(?=[\w-]*[^\W_])[\w-]{1,63}")

# What FollowTheMoney takes for a dataset's name. One that ends like ours is not taken as it is, or
# it could be the one that another source is given.
DATASET = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
NOT_IN_A_DATASET = re.compile(r"[^a-z0-9]+")
DIGEST_CHARACTERS = 8
WITH_DIGEST = re.compile(rf"(?:.*_)?[0-9a-f]{{{DIGEST_CHARACTERS}}}")

# `2026-11-21T18:01:02`: FollowTheMoney's moments are UTC, to the second, and do not say so.
SECOND = len("2026-11-21T18:01:02")


class Saying(NamedTuple):
    """A copy of a cable that states a value, and since when."""

    dataset: str
    """Of its source, as FollowTheMoney names datasets."""
    url: str
    first_seen: str
    last_seen: str


class Stated(NamedTuple):
    """Who states a value."""

    original: str | None
    """What they state; None: it is not another than the value."""
    sayings: dict[str, Saying]
    """By dataset. Of several copies in one it is the first, from the first time to the last."""


class Entity:
    """A cable or a post: its values, and who states each."""

    def __init__(self, entity_id: str, schema: str) -> None:
        self.id = entity_id
        self.schema = schema
        self.stated: dict[tuple[str, str], Stated] = {}
        """By property and value. Who states any states that there is the entity: its `id`."""

    @property
    def itself(self) -> dict[str, Saying]:
        """Who states that there is such an entity, by dataset."""
        return self.stated["id", self.id].sayings

    def add(
        self, prop: str, value: str, sayings: Collection[Saying], original: str | None = None
    ) -> None:
        """Add a value as it is, if anybody states it."""
        if sayings:
            self._add(("id", self.id), sayings, None)
            self._add((prop, value), sayings, original)

    def _add(self, value: tuple[str, str], sayings: Iterable[Saying], original: str | None) -> None:
        known = self.stated.setdefault(value, Stated(original, {})).sayings
        for saying in sayings:
            first = known.get(saying.dataset, saying)
            known[saying.dataset] = first._replace(
                first_seen=min(first.first_seen, saying.first_seen),
                last_seen=max(first.last_seen, saying.last_seen),
            )


class FtmWriter(FormatWriter):
    """Entities and statements: cables as they come, posts behind them."""

    def __init__(self, target: Target) -> None:
        self._entities = WrittenFile(target.folder, ENTITIES)
        self._statements = WrittenFile(target.folder, STATEMENTS)
        self._statements.write(_csv_line(list(COLUMNS)))
        self._posts: dict[str, Entity] = {}
        """By ID."""
        self._counts = {ENTITIES: 0, STATEMENTS: 0}

    @staticmethod
    def describe() -> Sequence[Part]:
        _, *about = cleandoc(__doc__ or "").split("\n\n")
        return [
            Part(f"{ENTITIES.path}: {MESSAGE}", "\n\n".join(about[:2]), PROPERTIES),
            Part(f"{ENTITIES.path}: {PUBLIC_BODY}", "A post that sent cables.", (NAME,)),
            Part(
                STATEMENTS.path,
                STATEMENTS.description,
                tuple(Property(name, "text", about) for name, about in COLUMNS.items()),
            ),
        ]

    def add_cable(self, cable: ExportedCable) -> None:
        entity = entity_of(cable)
        if name := _post_name(cable.record):
            post = self._posts.setdefault(post_id(name), Entity(post_id(name), PUBLIC_BODY))
            post.add("name", name, entity.stated["sender", post.id].sayings.values())
        self._write(entity)

    def finish(self) -> list[FinishedFile]:
        # By ID, as programs that put statements together want them: c stands before p.
        for _, post in sorted(self._posts.items()):
            self._write(post)
        return [
            self._entities.finish(self._counts[ENTITIES]),
            self._statements.finish(self._counts[STATEMENTS]),
        ]

    def close(self) -> None:
        self._entities.close()
        self._statements.close()

    def _write(self, entity: Entity) -> None:
        properties: dict[str, list[str]] = {}
        for prop, value in entity.stated:
            if prop != "id":
                properties.setdefault(prop, []).append(value)
        sayings = entity.itself.values()
        line = {
            "id": entity.id,
            "caption": next(properties[prop][0] for prop in CAPTIONS if prop in properties),
            "schema": entity.schema,
            "properties": properties,
            "referents": [],
            "datasets": sorted(entity.itself),
            "first_seen": min(saying.first_seen for saying in sayings),
            "last_seen": max(saying.last_seen for saying in sayings),
        }
        self._entities.write(f"{JSON.encode(line)}\n".encode())
        self._counts[ENTITIES] += 1
        for statement in _statements(entity):
            self._statements.write(_csv_line(statement))
            self._counts[STATEMENTS] += 1


def entity_of(cable: ExportedCable) -> Entity:
    """A cable's entity; values that cannot be had in the model are not in it."""
    record = cable.record
    entity = Entity(cable_id(record.reference_id), MESSAGE)
    readings = _readings(cable)
    copies = [read for read in readings if read.is_latest]

    def say(prop: str, value: str | None, says: Iterable[_Read] = copies) -> None:
        if value is not None:
            sayings = [read.saying for read in says]
            for part in values_of(prop, value):
                is_other = part != value and TYPES[prop] != "text"
                entity.add(prop, part, sayings, value if is_other else None)

    def like(name: str) -> list[_Read]:
        """The copies that have a field as the record has it."""
        value = getattr(record, name)
        return [copy for copy in copies if getattr(copy.reading, name) == value]

    say("subject", record.subject, like("subject"))
    say("title", record.reference_id)
    say("messageId", record.reference_id)
    say("fileName", f"{record.reference_id}.txt")
    say("date", record.created, like("created"))
    say("publishedAt", record.released, _releasing(record, readings))
    say("summary", record.classification, like("classification"))
    for tag in record.tags:
        say("keywords", tag, (copy for copy in copies if tag in copy.reading.tags))
    text = cable.text
    say("bodyText", text, (copy for copy in copies if plain_text(copy.reading) == text))
    if name := _post_name(record):
        say("sender", post_id(name), like("origin"))
    for reference in cable.references:
        if reference.resolved is not None:
            says = [copy for copy in copies if reference.as_written in copy.reading.references]
            say("inReplyTo", reference.resolved, says)
            if reference.in_store:
                say("inReplyToMessage", cable_id(reference.resolved), says)
    for copy in copies:
        say("sourceUrl", copy.saying.url, [copy])
        say("publisher", copy.reading.source, [copy])
    return entity


def values_of(prop: str, value: str) -> list[str]:
    """A value as the package would clean it; none where it would not take it."""
    kind = TYPES[prop]
    if kind == "date":
        return [value] if is_date(value) else []
    cleaned = clean_name(value) if kind == "name" else clean(value)
    if kind == "text":
        return list(_parts(cleaned, LONGEST[kind]))
    if kind == "url":
        cleaned = clean_url(cleaned)
    elif kind in LONGEST:
        cleaned = cleaned[: LONGEST[kind]].strip()
    return [cleaned] if cleaned and len(cleaned) <= LONGEST.get(kind, len(cleaned)) else []


def clean(text: str) -> str:
    """The text without what FollowTheMoney takes out of any."""
    composed = unicodedata.normalize("NFC", text)
    # What stood before and behind something deleted may compose.
    left = DELETED.sub("", BLANKS.sub(" ", composed))
    return unicodedata.normalize("NFC", left).strip()


def clean_name(name: str) -> str:
    """The name on one line, and without quotes around all of it."""
    cleaned = " ".join(clean(name).split())
    while QUOTED.fullmatch(cleaned):
        cleaned = cleaned[1:-1].strip()
    return cleaned


def clean_url(url: str) -> str:
    """The address; empty where it is none of a web page."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    labels = host.rstrip(".").split(".")
    is_address = all(label.isdigit() for label in labels) and len(labels) == 4
    is_name = all(map(HOST_LABEL.fullmatch, labels)) and (
        len(labels) == 1 or (len(labels[-1]) > 1 and not labels[-1].isdigit())
    )
    if parts.scheme not in ("http", "https") or not (is_address or is_name):
        return ""
    return parts._replace(path=parts.path or "/").geturl()


def is_date(stamp: str) -> bool:
    """Whether a stamp is a day that there is, with an hour of it, a minute, or a second."""
    if not STAMP.fullmatch(stamp):
        return False
    try:
        datetime.fromisoformat(stamp)
    except ValueError:
        return False
    return True


def cable_id(reference_id: str) -> str:
    """The ID of a cable's entity."""
    return f"cable-{reference_id}"


def post_id(name: str) -> str:
    """The ID of a post's entity; its name is whatever a page states."""
    return f"post-{sha1(name.encode()).hexdigest()}"


def dataset_of(source: str) -> str:
    """A source as FollowTheMoney names datasets: small letters, digits and `_`.

    A name that cannot stay as it is has some digits of its SHA-1 behind it: of two sources,
    `a-b` and `a.b`, each has a dataset of its own.
    """
    if DATASET.fullmatch(source) and not WITH_DIGEST.fullmatch(source):
        return f"cablecrawl_{source}"
    digest = sha1(source.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARACTERS]
    parts = ("cablecrawl", *NOT_IN_A_DATASET.split(source.lower()), digest)
    return "_".join(filter(None, parts))


def statement_id(dataset: str, entity_id: str, prop: str, value: str) -> str:
    """As the followthemoney package computes it."""
    return sha1(f"{dataset}.{entity_id}.{prop}.{value}".encode()).hexdigest()


class _Read(NamedTuple):
    """A reading of a copy."""

    reading: ReadingRecord
    saying: Saying
    is_latest: bool
    """Of the copy."""


def _readings(cable: ExportedCable) -> list[_Read]:
    """All that its copies ever had, by source and address."""
    copies = [(copy, reading) for copy in cable.stored.witnesses for reading in copy.readings]
    found = [
        _read(copy, stored, reading)
        for (copy, stored), reading in zip(copies, cable.readings, strict=True)
    ]
    return sorted(found, key=lambda read: (read.reading.source, read.reading.url))


def _read(copy: StoredWitness, stored: StoredReading, reading: ReadingRecord) -> _Read:
    is_latest = stored is copy.latest
    stays = (stay.last_seen for stay in copy.course if stay.reading is stored)
    saying = Saying(
        dataset_of(copy.source),
        copy.url,
        stored.first_seen[:SECOND],
        (copy.last_seen if is_latest else max(stays))[:SECOND],
    )
    return _Read(reading, saying, is_latest)


def _releasing(record: CableRecord, readings: Iterable[_Read]) -> Iterator[_Read]:
    """The readings with which the release claim was made that is the cable's.

    It is the earliest of all, and a copy whose page was replaced may claim a later one now.
    """
    for read in readings:
        if any(
            claim.value == record.released and claim.contradicted_by is None
            for claim in read.reading.releases
        ):
            yield read


def _post_name(record: CableRecord) -> str:
    """The post that sent a cable; empty where none is stated."""
    return "".join(values_of("name", record.origin or ""))


def _parts(text: str, longest: int) -> Iterator[str]:
    """A text in pieces of some length at most, cut at ends of lines where there are any."""
    while len(text) > longest:
        end = text.rfind("\n", 1, longest)
        end = end if end > 0 else longest
        if part := text[:end].strip():
            yield part
        text = text[end:].strip()
    if text:
        yield text


def _statements(entity: Entity) -> Iterator[list[str]]:
    """Rows of COLUMNS."""
    for (prop, value), stated in entity.stated.items():
        for dataset, saying in sorted(stated.sayings.items()):
            yield [
                entity.id,
                entity.id,
                prop,
                TYPES[prop],
                entity.schema,
                value,
                dataset,
                DELETED.sub("", saying.url),
                "",
                DELETED.sub("", stated.original or ""),
                "f",
                saying.first_seen,
                saying.last_seen,
                statement_id(dataset, entity.id, prop, value),
            ]


def _csv_line(cells: Sequence[str]) -> bytes:
    """As the package reads it. No cell is defused: that would be another value."""
    line = io.StringIO()
    csv.writer(line, dialect=csv.unix_dialect).writerow(cells)
    return line.getvalue().encode()
