"""Files for `_bulk`: as Elasticsearch's client reads them, and each document as the mapping says.

No Elasticsearch is there to load them into: none comes with a package of Python or Debian. The
client's own classes are made from the mapping, which know every type and its settings; the strict
check of documents is ours.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import NdjsonSerializer
from elasticsearch.dsl import Document, Mapping

from cablecrawl.export import elasticsearch
from cablecrawl.export.elasticsearch import PROPERTIES, index
from cablecrawl.records import CableRecord
from tests.export.conftest import Lines, contents, export, read_lines
from tests.stores import SampleStore

FORMATS = ("jsonl", "elasticsearch")

# strict_date_optional_time, less zones: no stamp but ours has one.
DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?Z?)?)?)?", re.ASCII)
TYPES = {"keyword": str, "text": str, "boolean": bool, "integer": int, "short": int}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Path:
    return export(demo_store, tmp_path_factory.mktemp("elasticsearch"), FORMATS)


def bulk(folder: Path) -> Lines:
    parts = sorted((folder / "elasticsearch").glob("bulk-*.ndjson"))
    return [line for part in parts for line in NdjsonSerializer().loads(part.read_bytes())]


def faults(value: Any, about: dict[str, Any], where: str) -> list[str]:
    """What an index that is strict would refuse, or keep without indexing it."""
    if value is None:
        return []
    if isinstance(value, list):
        return [fault for one in value for fault in faults(one, about, where)]
    if about["type"] == "nested":
        return [
            fault
            for name, inner in value.items()
            for fault in (
                faults(inner, about["properties"][name], f"{where}.{name}")
                if name in about["properties"]
                else [f"{where}.{name}: not declared"]
            )
        ]
    if about["type"] == "date":
        return [] if DATE.fullmatch(value) else [f"{where}: {value} is no date"]
    kind = TYPES[about["type"]]
    return [] if type(value) is kind else [f"{where}: {value!r} is no {kind.__name__}"]


def test_every_cable_is_an_action_and_a_document(folder: Path) -> None:
    lines = bulk(folder)
    actions, documents = lines[::2], lines[1::2]
    cables = read_lines(folder / "cables.jsonl")
    assert [action["index"] for action in actions] == [
        {"_id": cable["reference_id"]} for cable in cables
    ]
    cited = {cable["reference_id"]: list[str]() for cable in cables}
    for reference in read_lines(folder / "references.jsonl"):
        known = cited[reference["reference_id"]]
        if reference["resolved"] and reference["resolved"] not in known:
            known.append(reference["resolved"])
    for document, cable in zip(documents, cables, strict=True):
        added = {name: document.pop(name) for name in ("year", "cites")}
        assert document == cable
        assert added["year"] % 100 == int(cable["reference_id"][:2])
        assert added["cites"] == cited[cable["reference_id"]]
    assert any(cited.values())


def test_every_document_is_as_the_mapping_says(folder: Path) -> None:
    mapping = json.loads((folder / "elasticsearch" / "mapping.json").read_bytes())
    assert mapping["mappings"]["dynamic"] == "strict"
    about = {"type": "nested", "properties": mapping["mappings"]["properties"]}
    documents = bulk(folder)[1::2]
    assert len(documents) > 5
    assert [fault for one in documents for fault in faults(one, about, "")] == []
    one = {**documents[0], "more": 1, "created": "Friday", "redaction_marks": "1"}
    assert len(faults(one, about, "")) == 3


def test_the_mapping_has_all_that_a_record_has() -> None:
    about = {name: value for name, value in PROPERTIES.items() if name not in ("year", "cites")}
    assert list(about) == list(CableRecord.__dataclass_fields__)


def test_the_client_knows_every_type_of_the_mapping(folder: Path) -> None:
    raw = json.loads((folder / "elasticsearch" / "mapping.json").read_bytes())
    properties = raw["mappings"]["properties"]
    mapping = Mapping()
    for name, about in properties.items():
        mapping.field(name, about)
    assert mapping.to_dict()["properties"] == properties
    made: Any = type("Cable", (Document,), {name: mapping[name] for name in properties})
    for source in bulk(folder)[1::2]:
        document = made.from_es({"_source": source})
        document.full_clean()
        assert document.created.isoformat()[:16] == source["created"][:16]


def test_parts_are_cut_between_cables(
    folder: Path,
    demo_store: SampleStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(elasticsearch, "MOST_BYTES", 8_000)
    cut = export(demo_store, tmp_path, FORMATS)
    parts = sorted((cut / "elasticsearch").glob("bulk-*.ndjson"))
    assert [part.name for part in parts[:2]] == ["bulk-00001.ndjson", "bulk-00002.ndjson"]
    assert (
        b"".join(part.read_bytes() for part in parts)
        == (folder / "elasticsearch" / "bulk-00001.ndjson").read_bytes()
    )
    for part in parts:
        lines = part.read_bytes().splitlines()
        assert len(lines) % 2 == 0
        assert b'"_id"' in lines[0]
        assert part.stat().st_size <= 8_000 or len(lines) == 2
    described = json.loads((cut / "datapackage.json").read_bytes())
    counts = [
        count for name, count in described["record_counts"].items() if name.startswith("elastic")
    ]
    assert sum(counts) == len(read_lines(cut / "cables.jsonl"))


def test_the_same_store_gives_the_same_files(
    folder: Path, demo_store: SampleStore, tmp_path: Path
) -> None:
    assert contents(export(demo_store, tmp_path, FORMATS)) == contents(folder)


def test_a_lone_surrogate_is_replaced_and_other_characters_stay() -> None:
    line = elasticsearch._line({"subject": "a\ud800\0<script>\u2028\U0001f600"})
    assert json.loads(line) == {"subject": "a\ufffd\0<script>\u2028\U0001f600"}


def test_an_index_is_declared_at_every_level() -> None:
    properties = index()["mappings"]["properties"]
    assert {about["dynamic"] for about in properties.values() if about["type"] == "nested"} == {
        "strict"
    }
