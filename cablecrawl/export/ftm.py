"""Cables as FollowTheMoney entities and statements, for Aleph and OpenAleph.

A cable is a Message; the post that its pages name is a PublicBody that sent it. Recipients stand
in routing lines that are not read as such, so there are none. A statement has one value as the
copies of one source state it: a value of the cable's record is stated by those whose latest
reading has it too.

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
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha1
from inspect import cleandoc
from typing import NamedTuple
from urllib.parse import urlsplit

from cablecrawl.export.described import Part, Property
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.lines import JSON
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.written import WrittenFile
from cablecrawl.records import CableRecord, ReadingRecord, WitnessRecord

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
    "last_seen": "When the copy was last captured, or found gone (UTC).",
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
    """A value of a property, and who states it."""

    prop: str
    value: str
    original: str | None
    """None: it is not another than the value."""
    sayings: list[Saying]


class FtmWriter(FormatWriter):
    """Entities and statements: cables as they come, posts behind them."""

    def __init__(self, target: Target) -> None:
        self._entities = WrittenFile(target.folder, ENTITIES)
        self._statements = WrittenFile(target.folder, STATEMENTS)
        self._statements.write(_csv_line(list(COLUMNS)))
        self._posts: dict[str, dict[str, Saying]] = {}
        """By name, who names it; of each dataset the times from the first to the last."""
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
        stated = list(stated_of(cable))
        for value in stated:
            if value.prop == "sender":
                name = _post_name(cable.record)
                _merge(self._posts.setdefault(name, {}), value.sayings)
        self._add(cable_id(cable.record.reference_id), MESSAGE, stated)

    def finish(self) -> list[FinishedFile]:
        # By ID, as programs that put statements together want them: c stands before p.
        for entity_id, name in sorted((post_id(name), name) for name in self._posts):
            sayings = list(self._posts[name].values())
            self._add(entity_id, PUBLIC_BODY, [Stated("name", name, None, sayings)])
        return [
            self._entities.finish(self._counts[ENTITIES]),
            self._statements.finish(self._counts[STATEMENTS]),
        ]

    def close(self) -> None:
        self._entities.close()
        self._statements.close()

    def _add(self, entity_id: str, schema: str, stated: Sequence[Stated]) -> None:
        properties: dict[str, list[str]] = {}
        everybody: dict[str, Saying] = {}
        for value in stated:
            properties.setdefault(value.prop, []).append(value.value)
            _merge(everybody, value.sayings)
        itself = Stated("id", entity_id, None, list(everybody.values()))
        entity = {
            "id": entity_id,
            "caption": (properties.get("subject") or properties.get("title") or [stated[0].value])[
                0
            ],
            "schema": schema,
            "properties": properties,
            "referents": [],
            "datasets": sorted(everybody),
            "first_seen": min(saying.first_seen for saying in everybody.values()),
            "last_seen": max(saying.last_seen for saying in everybody.values()),
        }
        self._entities.write(f"{JSON.encode(entity)}\n".encode())
        self._counts[ENTITIES] += 1
        for value in (itself, *stated):
            for saying in _each_dataset(value.sayings):
                self._statements.write(_csv_line(_statement(entity_id, schema, value, saying)))
                self._counts[STATEMENTS] += 1


def stated_of(cable: ExportedCable) -> Iterator[Stated]:
    """The values of a cable's entity, each once; those that cannot be had in the model are not."""
    record = cable.record
    copies = _copies(cable)

    def said(prop: str, value: str | None, says: Iterable[_Copy] = copies) -> Iterator[Stated]:
        if value is not None:
            sayings = [copy.saying for copy in says]
            for part in values_of(prop, value):
                is_other = part != value and TYPES[prop] != "text"
                yield Stated(prop, part, value if is_other else None, sayings)

    def like(name: str) -> list[_Copy]:
        """The copies that have a field as the record has it."""
        value = getattr(record, name)
        return [copy for copy in copies if getattr(copy.reading, name) == value]

    found = [
        *said("subject", record.subject, like("subject")),
        *said("title", record.reference_id),
        *said("messageId", record.reference_id),
        *said("fileName", f"{record.reference_id}.txt"),
        *said("date", record.created, like("created")),
        *said("publishedAt", record.released, _releasing(record, copies)),
        *said("summary", record.classification, like("classification")),
        *(
            one
            for tag in record.tags
            for one in said("keywords", tag, (c for c in copies if tag in c.reading.tags))
        ),
        *said("bodyText", _text(record), (c for c in copies if _text(c.reading) == _text(record))),
    ]
    if name := _post_name(record):
        found += said("sender", post_id(name), like("origin"))
    for reference in cable.references:
        if reference.resolved is not None:
            says = [c for c in copies if reference.as_written in c.reading.references]
            found += said("inReplyTo", reference.resolved, says)
            if reference.in_store:
                found += said("inReplyToMessage", cable_id(reference.resolved), says)
    for copy in copies:
        found += said("sourceUrl", copy.saying.url, [copy])
        found += said("publisher", copy.source, [copy])
    return _each_value(found)


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


class _Copy(NamedTuple):
    """A copy with its latest reading."""

    source: str
    reading: ReadingRecord
    saying: Saying


def _copies(cable: ExportedCable) -> list[_Copy]:
    """The cable's copies, by source and address."""
    readings = {(one.source, one.url, one.reading_sha256): one for one in cable.readings}
    return [
        _copy(copy, readings[copy.source, copy.url, copy.reading_sha256])
        for copy in cable.record.witnesses
    ]


def _copy(copy: WitnessRecord, reading: ReadingRecord) -> _Copy:
    saying = Saying(
        dataset_of(copy.source), copy.url, reading.first_seen[:SECOND], copy.last_seen[:SECOND]
    )
    return _Copy(copy.source, reading, saying)


def _releasing(record: CableRecord, copies: Iterable[_Copy]) -> Iterator[_Copy]:
    """The copies that make the release claim which is the cable's."""
    for copy in copies:
        if any(claim.value == record.released for claim in copy.reading.releases):
            yield copy


def _post_name(record: CableRecord) -> str:
    """The post that sent a cable; empty where none is stated."""
    return "".join(values_of("name", record.origin or ""))


def _text(of: CableRecord | ReadingRecord) -> str:
    return f"{of.header}\n\n{of.body}" if of.header else of.body


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


def _each_value(found: Iterable[Stated]) -> Iterator[Stated]:
    """Values that nobody states left out, and equal ones made one."""
    merged: dict[tuple[str, str], Stated] = {}
    for value in found:
        first = merged.setdefault((value.prop, value.value), value)
        if first is not value:
            first.sayings.extend(value.sayings)
    return (value for value in merged.values() if value.sayings)


def _each_dataset(sayings: Iterable[Saying]) -> Iterable[Saying]:
    merged: dict[str, Saying] = {}
    _merge(merged, sayings)
    return [merged[dataset] for dataset in sorted(merged)]


def _merge(merged: dict[str, Saying], sayings: Iterable[Saying]) -> None:
    """Sayings of one dataset as one: the first copy, from the first time to the last."""
    for saying in sayings:
        known = merged.get(saying.dataset, saying)
        merged[saying.dataset] = known._replace(
            first_seen=min(known.first_seen, saying.first_seen),
            last_seen=max(known.last_seen, saying.last_seen),
        )


def _statement(entity_id: str, schema: str, stated: Stated, saying: Saying) -> list[str]:
    key = statement_id(saying.dataset, entity_id, stated.prop, stated.value)
    return [
        entity_id,
        entity_id,
        stated.prop,
        TYPES[stated.prop],
        schema,
        stated.value,
        saying.dataset,
        DELETED.sub("", saying.url),
        "",
        DELETED.sub("", stated.original or ""),
        "f",
        saying.first_seen,
        saying.last_seen,
        key,
    ]


def _csv_line(cells: Sequence[str]) -> bytes:
    """As the package reads it. No cell is defused: that would be another value."""
    line = io.StringIO()
    csv.writer(line, dialect=csv.unix_dialect).writerow(cells)
    return line.getvalue().encode()
