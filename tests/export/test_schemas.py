"""exports/schema/: what it says of each line is so, and is what the code says."""

from __future__ import annotations

import ast
import inspect
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cablecrawl import records
from cablecrawl.export.resources import RESOURCES, SCHEMA_FOLDER, Resource, read_schema
from tests.export.conftest import read_lines

LINES = [resource for resource in RESOURCES if resource.format == "jsonl"]
PARTS = {
    "release": records.ReleaseClaim,
    "witness": records.WitnessRecord,
    "evidence": records.Evidence,
    "state": records.CopyState,
    "turn": records.CopyTurn,
    "field": records.ChangedField,
    "claim": records.ChangedClaim,
}


def docstrings() -> dict[tuple[str, str | None], str]:
    """What records.py says under each class and each of its fields, on one line."""
    found: dict[tuple[str, str | None], str] = {}
    for node in ast.parse(inspect.getsource(records)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        name = None
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                found[node.name, name] = " ".join(str(statement.value.value).split())
    return found


def described() -> list[tuple[str, dict[str, Any], type]]:
    """Every object that the schemas describe, with its record."""
    objects = []
    for resource in LINES:
        assert resource.schema is not None and resource.record is not None
        schema = read_schema(resource.schema)
        objects.append((resource.schema, schema, resource.record))
        for name, part in schema.get("$defs", {}).items():
            objects.append((f"{resource.schema} {name}", part, PARTS[name]))
    return objects


@pytest.mark.parametrize(
    "schema, record", [o[1:] for o in described()], ids=[o[0] for o in described()]
)
def test_a_schema_has_the_fields_of_its_record(schema: dict[str, Any], record: type) -> None:
    said = docstrings()
    names = [field.name for field in fields(record)]
    assert list(schema["properties"]) == schema["required"] == names
    assert schema["additionalProperties"] is False
    assert schema["description"] == said[record.__name__, None]
    descriptions = {name: about["description"] for name, about in schema["properties"].items()}
    assert descriptions == {name: said[record.__name__, name] for name in names}


def test_every_schema_belongs_to_a_file() -> None:
    assert {path.name for path in SCHEMA_FOLDER.iterdir()} == {r.schema for r in LINES}


@pytest.mark.parametrize("resource", LINES, ids=lambda resource: resource.name)
def test_every_exported_line_is_as_its_schema_says(resource: Resource, mixed_export: Path) -> None:
    assert resource.schema is not None and resource.record is not None
    Draft202012Validator.check_schema(read_schema(resource.schema))
    validator = Draft202012Validator(read_schema(resource.schema))
    lines = read_lines(mixed_export / resource.path)
    assert lines
    names = [field.name for field in fields(resource.record)]
    for line in lines:
        validator.validate(line)
        assert list(line) == names


def test_the_schema_refuses_what_is_no_cable(mixed_export: Path) -> None:
    validator = Draft202012Validator(read_schema("cable.schema.json"))
    cable = read_lines(mixed_export / "cables.jsonl")[0]
    assert validator.is_valid(cable)
    for name, value in (
        ("reference_id", None),
        ("created", "20 April 2007"),
        ("created_precision", "second"),
        ("chosen_by", "chance"),
        ("witnesses", []),
        ("flags", ["wrong_body", "wrong_body"]),
        ("more", 1),
    ):
        assert not validator.is_valid({**deepcopy(cable), name: value}), name
    cable["witnesses"][0]["status"] = "lost"
    assert not validator.is_valid(cable)
