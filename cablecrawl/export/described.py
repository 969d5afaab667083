"""What the files of a format have in them, as DATA_FORMAT.md tells it.

A writer tells it by its static method `describe` (see FormatWriter), in parts that are made here.
After it has changed, `make docs` writes DATA_FORMAT.md again; a test says when that is due.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from cablecrawl.export.resources import Resource, read_schema

CSV_TYPES = {
    "str": "text",
    "str | None": "text or nothing",
    "int": "number",
    "bool": "`true` or `false`",
    "list[str]": "JSON list of texts",
}
"""How a dataclass's fields are written in CSV."""


@dataclass(frozen=True, slots=True)
class Property:
    """A key, a column, an attribute: whatever has a name and a value."""

    name: str
    type: str
    """In words of the format: `string or null`, `list<string>`, `TEXT NOT NULL`."""
    about: str


@dataclass(frozen=True, slots=True)
class Part:
    """A file, a table, a kind of element."""

    name: str
    """Its heading."""
    about: str
    """What it holds; Markdown, and may have several paragraphs."""
    properties: tuple[Property, ...] = ()


@cache
def field_descriptions(schema: str, part: str | None = None) -> dict[str, str]:
    """What each field of a record means, by name, from its schema in exports/schema/.

    `part` is a record within the record, by its name there. They are the docstrings of
    cablecrawl/records.py: a test compares them.
    """
    described = read_schema(schema)
    if part is not None:
        described = described["$defs"][part]
    return {name: about["description"] for name, about in described["properties"].items()}


def part_of(about: dict[str, Any]) -> str | None:
    """Of which of the schema's parts a property's values are; None: of none."""
    for place in (about, about.get("items", {}), *about.get("anyOf", ())):
        if "$ref" in place:
            return str(place["$ref"]).rpartition("/")[2]
    return None


def described_lines(resource: Resource) -> list[Part]:
    """A file of records, and the records within them."""
    assert resource.schema is not None
    schema = read_schema(resource.schema)
    parts = [
        Part(resource.path, _sentence(schema["description"]), _properties(schema["properties"]))
    ]
    for name, part in schema.get("$defs", {}).items():
        about = _sentence(part["description"])
        parts.append(Part(f"{resource.path}: {name}", about, _properties(part["properties"])))
    return parts


def documented(record: type) -> tuple[Property, ...]:
    """The fields of a dataclass that is a row of CSV, with the docstrings under them."""
    (body,) = ast.parse(inspect.getsource(record)).body
    assert isinstance(body, ast.ClassDef)
    found = []
    for field, said in pairwise(body.body):
        if isinstance(field, ast.AnnAssign):
            about = ast.literal_eval(said.value) if isinstance(said, ast.Expr) else ""
            assert isinstance(field.target, ast.Name)
            kind = CSV_TYPES[ast.unparse(field.annotation)]
            found.append(Property(field.target.id, kind, " ".join(about.split())))
    return tuple(found)


def _properties(properties: dict[str, Any]) -> tuple[Property, ...]:
    return tuple(
        Property(name, _json_type(about), about["description"])
        for name, about in properties.items()
    )


def _json_type(about: dict[str, Any]) -> str:
    types = [about["type"]] if isinstance(about["type"], str) else about["type"]
    part = part_of(about)
    names = []
    for name in types:
        if name == "array":
            name = f"array of {part or about['items']['type']}"
        elif name == "object" and part is not None:
            name = part
        names.append(name)
    return " or ".join(names)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
