"""Cables for Elasticsearch or OpenSearch: files for `_bulk`, and the index they go into.

A document is the line of cables.jsonl, with the year of the ID and the cables that its references
mean. The mapping is strict: a property that is not declared in it would be refused.

    curl --fail -X PUT localhost:9200/cables -H 'Content-Type: application/json' \\
        --data-binary @elasticsearch/mapping.json
    for part in elasticsearch/bulk-*.ndjson; do
        curl --fail -X POST 'localhost:9200/cables/_bulk?filter_path=errors,items.*.error' \\
            -H 'Content-Type: application/x-ndjson' --data-binary "@$part"
    done

Each answer is `{"errors":false}`. Loaded again, a cable takes the place of the earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from inspect import cleandoc
from typing import Any

from cablecrawl.export.characters import without_surrogates
from cablecrawl.export.described import Part, Property, field_descriptions
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.lines import JSON
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.written import WrittenFile
from cablecrawl.records import CableRecord
from cablecrawl.reference_id import year_of

FOLDER = "elasticsearch"

MOST_BYTES = 50_000_000
"""Of a part. A request of 100 MB is refused (http.max_content_length)."""

# A longer keyword is kept and not indexed. Lucene refuses the document at 32,766 bytes, and UTF-8
# has up to four a character.
KEYWORD: dict[str, Any] = {"type": "keyword", "ignore_above": 8191}
TEXT: dict[str, Any] = {"type": "text"}

# Names, and words that came to mean something, are searched as they are, or by their stems.
PROSE: dict[str, Any] = {**TEXT, "fields": {"english": {"type": "text", "analyzer": "english"}}}

# It takes days, hours and minutes as they are stated, with no zone. A stamp that is no date
# (`2007-02-31`) is kept and not indexed.
DATE: dict[str, Any] = {
    "type": "date",
    "format": "strict_date_optional_time",
    "ignore_malformed": True,
}

# Found by its own words or as a whole, for lists of the most frequent.
NAME: dict[str, Any] = {**KEYWORD, "fields": {"text": TEXT}}

RELEASES = {
    "value": KEYWORD,
    "asserted_by": KEYWORD,
    "basis": KEYWORD,
    "confidence": KEYWORD,
    "source": KEYWORD,
    "relation": KEYWORD,
    "contradicted_by": KEYWORD,
}
WITNESSES = {
    "source": KEYWORD,
    "url": KEYWORD,
    "layout": KEYWORD,
    "reading_sha256": KEYWORD,
    "relation": KEYWORD,
    "first_seen": DATE,
    "last_seen": DATE,
    "status": KEYWORD,
    "release": KEYWORD,
    "left_over": {"type": "boolean"},
}
PROPERTIES: dict[str, dict[str, Any]] = {
    "reference_id": KEYWORD,
    "aliases": KEYWORD,
    "created": DATE,
    "created_precision": KEYWORD,
    "classification": KEYWORD,
    "origin": NAME,
    "subject": {**PROSE, "fields": {**PROSE["fields"], "keyword": KEYWORD}},
    "tags": KEYWORD,
    "references": KEYWORD,
    "header": TEXT,
    "body": PROSE,
    "body_sha256": KEYWORD,
    "partial_extract": {"type": "boolean"},
    "redaction_marks": {"type": "integer"},
    "released": DATE,
    "releases": {"type": "nested", "dynamic": "strict", "properties": RELEASES},
    "witnesses": {"type": "nested", "dynamic": "strict", "properties": WITNESSES},
    "chosen_by": KEYWORD,
    "flags": KEYWORD,
    "year": {"type": "short"},
    "cites": KEYWORD,
}
"""How each property of a document is indexed."""

ADDED = {
    "year": "Of the reference ID, in four digits.",
    "cites": "Canonical IDs of the cables that its references mean, as far as that is certain.",
}
"""What properties mean that a line of cables.jsonl has not."""

MAPPING = Resource(
    "elasticsearch-mapping",
    "json",
    "application/json",
    file=f"{FOLDER}/mapping.json",
    about="Settings and mapping of an index for the documents of elasticsearch/bulk-*.ndjson.",
)


def index() -> dict[str, Any]:
    """What an index is made with: PUT it to its address."""
    return {
        # All cables are some gigabytes: one shard, as Elasticsearch advises up to 50.
        "settings": {"index": {"number_of_shards": 1}},
        "mappings": {"dynamic": "strict", "properties": PROPERTIES},
    }


class ElasticsearchWriter(FormatWriter):
    """The parts for `_bulk`, numbered from 1, and the mapping."""

    def __init__(self, target: Target) -> None:
        self._folder = target.folder
        self._finished: list[FinishedFile] = []
        self._part = self._next_part()
        self._cables = 0

    @staticmethod
    def describe() -> Sequence[Part]:
        loading = cleandoc(__doc__ or "").partition("\n\n")[2]
        of_cable = {**field_descriptions("cable.schema.json"), **ADDED}
        parts = [Part(part(1).path, f"{part(1).description}\n\n{loading}", _described(of_cable))]
        for name, record in (("releases", "release"), ("witnesses", "witness")):
            about = field_descriptions("cable.schema.json", record)
            inner = _described(about, PROPERTIES[name]["properties"])
            parts.append(Part(f"{part(1).path}: {name}", "Nested documents.", inner))
        return [*parts, Part(MAPPING.path, MAPPING.description)]

    def add_cable(self, cable: ExportedCable) -> None:
        lines = _line({"index": {"_id": cable.record.reference_id}}) + _line(document(cable))
        if self._part.bytes and self._part.bytes + len(lines) > MOST_BYTES:
            self._finished.append(self._part.finish(self._cables))
            self._part = self._next_part()
            self._cables = 0
        self._part.write(lines)
        self._cables += 1

    def finish(self) -> list[FinishedFile]:
        self._finished.append(self._part.finish(self._cables))
        mapping = WrittenFile(self._folder, MAPPING)
        mapping.write(f"{json.dumps(index(), indent=2)}\n".encode())
        return [*self._finished, mapping.finish()]

    def close(self) -> None:
        self._part.close()

    def _next_part(self) -> WrittenFile:
        return WrittenFile(self._folder, part(len(self._finished) + 1))


def _described(
    about: dict[str, str], properties: dict[str, dict[str, Any]] = PROPERTIES
) -> tuple[Property, ...]:
    return tuple(
        Property(name, mapping["type"], about[name]) for name, mapping in properties.items()
    )


def part(number: int) -> Resource:
    """A file for `_bulk`; its records are cables."""
    return Resource(
        f"elasticsearch-bulk-{number:05}",
        "ndjson",
        "application/x-ndjson",
        file=f"{FOLDER}/bulk-{number:05}.ndjson",
        about="Cables for `_bulk` of Elasticsearch: of each a line that names it and a document.",
    )


def document(cable: ExportedCable) -> dict[str, Any]:
    """What is indexed of a cable."""
    record = cable.record
    document = {field.name: getattr(record, field.name) for field in fields(CableRecord)}
    document["year"] = year_of(record.reference_id)
    cited = (reference.resolved for reference in cable.references)
    document["cites"] = list(dict.fromkeys(filter(None, cited)))
    return document


def _line(content: dict[str, Any]) -> bytes:
    return f"{without_surrogates(JSON.encode(content))}\n".encode()
