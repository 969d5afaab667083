"""What an export consists of: its files, their schemas, and the manifest that lists them.

The manifest is a Data Package (https://datapackage.org/standard/data-package/, version 2).
Each file has a Table Schema there, and lines of JSON their JSON Schema as well. The schemas in
exports/schema/ are where both come from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
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
READ_BY = "read_by"
"""In the manifest: digests of the code and rules that read the captures."""

SCHEMA_FOLDER = Path(__file__).parents[2] / "exports" / "schema"

SCHEMA_VERSION = "1"
"""Of the records. It changes when a field goes, or means something else."""

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
    format: str
    mediatype: str
    record: type | None = None
    """What a line of it holds; None: it is not made of such lines."""
    schema: str | None = None
    """Its file in exports/schema/, of one that is."""
    key: str | None = None
    """The field in which no two lines are equal."""
    file: str | None = None
    """Its path in the export, where the name does not tell."""
    about: str | None = None
    """What it holds, where no schema says so."""
    is_text: bool = True
    """Whether it is UTF-8."""

    @property
    def path(self) -> str:
        """Where it is in the export."""
        return self.file or f"{self.name.removesuffix('-csv')}.{self.format}"

    @property
    def description(self) -> str:
        """What it holds."""
        return self.about or str(read_schema(self.schema or "")["description"])


def _lines(name: str, record: type, key: str | None = None) -> Resource:
    # application/jsonl is not registered; it is what jsonlines.org asks for.
    schema = f"{name.removesuffix('s')}.schema.json"
    return Resource(name, "jsonl", "application/jsonl", record, schema, key)


CABLES = _lines("cables", CableRecord, key="reference_id")
READINGS = _lines("readings", ReadingRecord)
RELATIONS = _lines("relations", RelationRecord)
REFERENCES = _lines("references", ReferenceRecord)
CHANGES = _lines("changes", ChangeRecord)
CAPTURES = _lines("captures", CaptureRecord, key="capture_id")
PROBLEMS = _lines("problems", ProblemRecord)
CABLES_CSV = Resource(
    "cables-csv", "csv", "text/csv", CableRecord, "cable.schema.json", key="reference_id"
)
RESOURCES = (CABLES, READINGS, RELATIONS, REFERENCES, CHANGES, CAPTURES, PROBLEMS, CABLES_CSV)
"""Files whose lines are records."""


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A file of an export that is on the disk."""

    resource: Resource
    records: int | None
    """None: it is not made of records that could be counted."""
    bytes: int
    sha256: str


@cache
def read_schema(name: str) -> dict[str, Any]:
    """A JSON Schema of exports/schema/."""
    schema: dict[str, Any] = json.loads((SCHEMA_FOLDER / name).read_text(encoding="utf-8"))
    return schema


def table_schema(resource: Resource) -> dict[str, Any]:
    """A file's Table Schema: the outermost fields of its JSON Schema."""
    assert resource.schema is not None
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
    selection: dict[str, Any] | None,
    show_redacted_spans: bool,
    through: Moment | None,
    changes_since: Moment | None,
    read_by: Collection[str],
) -> dict[str, Any]:
    """datapackage.json.

    `unlocated` are claims without a place, by field; `through` is up to where the store's captures
    have been read, `read_by` the digests of the code that read them, `changes_since` since when the
    changes are told (None: of all time), and `selection` says which cables it has (None: all of
    them).
    """
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "cablecrawl-export",
        "title": "US embassy cables, with the evidence for every field",
        "schema_version": SCHEMA_VERSION,
        "selection": selection,
        "record_counts": {
            file.resource.name: file.records for file in files if file.records is not None
        },
        "unlocated_claims": {
            "total": unlocated.total(),
            "by_field": dict(sorted(unlocated.items())),
        },
        THROUGH: _moment(through),
        CHANGES_SINCE: _moment(changes_since),
        READ_BY: sorted(read_by),
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
    listed: dict[str, Any] = {
        "name": resource.name,
        "path": resource.path,
        **({"type": "table"} if resource.schema else {}),
        "description": resource.description,
        "format": resource.format,
        "mediatype": resource.mediatype,
        **({"encoding": "utf-8"} if resource.is_text else {}),
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    if resource.schema is not None:
        listed["schema"] = table_schema(resource)
        if resource.format == "jsonl":
            listed["json_schema"] = read_schema(resource.schema)
    return listed
