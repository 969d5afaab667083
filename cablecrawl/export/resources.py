"""What an export consists of: its files, their schemas, and the manifest that lists them.

The manifest is a Data Package (https://datapackage.org/standard/data-package/, version 2).
Each file has a Table Schema there, and lines of JSON their JSON Schema as well. The schemas in
exports/schema/ are where both come from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cablecrawl.changed.moments import Moment
from cablecrawl.records import (
    CableRecord,
    CaptureRecord,
    ChangeRecord,
    ProblemRecord,
    ReadingRecord,
    ReferenceRecord,
    RelationRecord,
)

MANIFEST = "datapackage.json"
THROUGH, CHANGES_SINCE = "through", "changes_since"
"""In the manifest: moments, with `at` and `capture_id`."""

SCHEMA_FOLDER = Path(__file__).parents[2] / "exports" / "schema"

SCHEMA_VERSION = "1"
"""Of the records. It changes when a field goes, or means something else."""

FORMATS = ("jsonl", "csv")

REDACTION_POLICIES = {
    False: (
        "Every reading is given as its source publishes it. Where one reading hides what another"
        " shows, diffs, reports and trace output keep the span hidden."
    ),
    True: (
        "Every reading is given as its source publishes it. Diffs, reports and trace output show"
        " what one reading hides and another shows."
    ),
}
"""By the setting SHOW_REDACTED_SPANS."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of an export."""

    name: str
    record: type
    """What a line of it holds."""
    schema: str
    """Its file in exports/schema/."""
    format: str
    mediatype: str
    key: str | None = None
    """The field in which no two lines are equal."""

    @property
    def path(self) -> str:
        """The file's name."""
        return f"{self.name.removesuffix('-csv')}.{self.format}"


# application/jsonl is not registered; it is what jsonlines.org asks for.
_JSONL = ("jsonl", "application/jsonl")
CABLES = Resource("cables", CableRecord, "cable.schema.json", *_JSONL, key="reference_id")
READINGS = Resource("readings", ReadingRecord, "reading.schema.json", *_JSONL)
RELATIONS = Resource("relations", RelationRecord, "relation.schema.json", *_JSONL)
REFERENCES = Resource("references", ReferenceRecord, "reference.schema.json", *_JSONL)
CHANGES = Resource("changes", ChangeRecord, "change.schema.json", *_JSONL)
CAPTURES = Resource("captures", CaptureRecord, "capture.schema.json", *_JSONL, key="capture_id")
PROBLEMS = Resource("problems", ProblemRecord, "problem.schema.json", *_JSONL)
CABLES_CSV = Resource(
    "cables-csv", CableRecord, "cable.schema.json", "csv", "text/csv", key="reference_id"
)
RESOURCES = (CABLES, READINGS, RELATIONS, REFERENCES, CHANGES, CAPTURES, PROBLEMS, CABLES_CSV)


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A file of an export that is on the disk."""

    resource: Resource
    records: int
    bytes: int
    sha256: str


@cache
def read_schema(name: str) -> dict[str, Any]:
    """A JSON Schema of exports/schema/."""
    schema: dict[str, Any] = json.loads((SCHEMA_FOLDER / name).read_text(encoding="utf-8"))
    return schema


def table_schema(resource: Resource) -> dict[str, Any]:
    """A file's Table Schema: the outermost fields of its JSON Schema."""
    properties = read_schema(resource.schema)["properties"]
    schema: dict[str, Any] = {
        "fields": [_table_field(name, about) for name, about in properties.items()],
        "missingValues": [""] if resource.format == "csv" else [],
    }
    if resource.key:
        schema["primaryKey"] = [resource.key]
    return schema


def _table_field(name: str, about: dict[str, Any]) -> dict[str, Any]:
    types = [about["type"]] if isinstance(about["type"], str) else about["type"]
    return {"name": name, "type": types[0], "description": about["description"]}


def manifest(
    files: Sequence[FinishedFile],
    unlocated: Counter[str],
    *,
    show_redacted_spans: bool,
    through: Moment | None,
    changes_since: Moment | None,
) -> dict[str, Any]:
    """datapackage.json.

    `unlocated` are claims without a place, by field; `through` is up to where the store's captures
    have been read, `changes_since` since when the changes are told (None: of all time).
    """
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "cablecrawl-export",
        "title": "US embassy cables, with the evidence for every field",
        "schema_version": SCHEMA_VERSION,
        "record_counts": {file.resource.name: file.records for file in files},
        "unlocated_claims": {
            "total": unlocated.total(),
            "by_field": dict(sorted(unlocated.items())),
        },
        THROUGH: _moment(through),
        CHANGES_SINCE: _moment(changes_since),
        "redacted_spans": {
            "shown": show_redacted_spans,
            "policy": REDACTION_POLICIES[show_redacted_spans],
        },
        "resources": [_listed(file) for file in files],
    }


def _moment(moment: Moment | None) -> dict[str, Any] | None:
    return None if moment is None else asdict(moment)


def _listed(file: FinishedFile) -> dict[str, Any]:
    resource = file.resource
    json_schema = read_schema(resource.schema)
    listed = {
        "name": resource.name,
        "path": resource.path,
        "type": "table",
        "description": json_schema["description"],
        "format": resource.format,
        "mediatype": resource.mediatype,
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": table_schema(resource),
    }
    if resource.format == "jsonl":
        listed["json_schema"] = json_schema
    return listed
