"""Formats made of documents, of every real page that is there, by the tools that they are for."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from cablecrawl.export.ftm import cable_id, values_of
from tests.export import test_elasticsearch, test_ftm, test_gexf, test_tei, test_text
from tests.export.conftest import Lines, read_lines
from tests.export.test_ftm import python as python
from tests.export.test_tei import tei_all as tei_all

pytestmark = pytest.mark.corpus

FIELDS = ("created", "origin", "subject", "classification", "released")


@pytest.fixture(scope="module")
def cables(corpus_export: Path) -> Lines:
    return read_lines(corpus_export / "cables.jsonl")


@pytest.fixture(scope="module")
def some(cables: Lines) -> Lines:
    """Ten of them, drawn."""
    return random.Random(6).sample(cables, 10)


def test_every_text_is_in_its_file(corpus_export: Path, cables: Lines) -> None:
    rows = {row["reference_id"]: row for row in test_text.manifest(corpus_export)}
    assert list(rows) == [cable["reference_id"] for cable in cables]
    for cable in cables:
        row = rows[cable["reference_id"]]
        assert all(row[name] == (cable[name] or "") for name in FIELDS)
        parts = [part for part in (cable["header"], cable["body"]) if part]
        content = (corpus_export / row["path"]).read_bytes().decode("utf-8")
        assert content == "\n\n".join(parts) + "\n"


def test_elasticsearch_takes_every_document(corpus_export: Path, cables: Lines) -> None:
    mapping = json.loads((corpus_export / "elasticsearch" / "mapping.json").read_bytes())
    about = {"type": "nested", "properties": mapping["mappings"]["properties"]}
    documents = test_elasticsearch.bulk(corpus_export)[1::2]
    assert [{**one, "year": 0, "cites": 0} for one in documents] == [
        {**cable, "year": 0, "cites": 0} for cable in cables
    ]
    found = [fault for one in documents for fault in test_elasticsearch.faults(one, about, "")]
    assert found == []


def test_networkx_reads_the_networks(corpus_export: Path, cables: Lines, some: Lines) -> None:
    graph = test_gexf.read(corpus_export, "references")
    resolved = {(one["reference_id"], one["resolved"]) for one in test_gexf.resolved(corpus_export)}
    assert set(graph.edges()) == resolved
    exported = [name for name, node in graph.nodes.items() if node["state"] == "exported"]
    assert sorted(exported) == [cable["reference_id"] for cable in cables]
    for cable in some:
        node = graph.nodes[cable["reference_id"]]
        assert all(node.get(name) == (cable[name] or None) for name in FIELDS)
    sources = test_gexf.read(corpus_export, "witnesses")
    holding = {
        name: sum(name in {copy["source"] for copy in cable["witnesses"]} for cable in cables)
        for name in sources
    }
    assert {name: node["cables"] for name, node in sources.nodes.items()} == holding


def test_followthemoney_reads_the_entities(
    corpus_export: Path, cables: Lines, some: Lines, python: Path
) -> None:
    read: dict[str, Any] = test_ftm.run(python, corpus_export / "ftm")
    assert read["faults"] == []
    messages = [name for name, one in read["entities"].items() if one["schema"] == "Message"]
    assert messages == [cable_id(cable["reference_id"]) for cable in cables]
    for name, entity in read["entities"].items():
        again = read["aggregated"][name]["properties"]
        assert {prop: sorted(values) for prop, values in again.items()} == {
            prop: sorted(values) for prop, values in entity["properties"].items()
        }
    for cable in some:
        said = read["entities"][cable_id(cable["reference_id"])]["properties"]
        assert said.get("subject", []) == values_of("subject", cable["subject"] or "")
        assert said["date"] == [cable["created"]]
        assert said.get("keywords", []) == list(dict.fromkeys(cable["tags"]))


def test_every_text_can_be_read_out_of_tei(corpus_export: Path, tei_all: Path) -> None:
    readings = {one["reading_sha256"]: one for one in read_lines(corpus_export / "readings.jsonl")}
    rows = test_tei.manifest(corpus_export)
    assert len(rows) > 50
    documents = [etree.parse(corpus_export / row["path"]).getroot() for row in rows]
    schema = test_tei.schema_of(tei_all, documents)
    exact = 0
    for row, document in zip(rows, documents, strict=True):
        schema.assertValid(document)
        for one in document.findall(".//t:witness", test_tei.TEI):
            reading = readings[one.findtext("t:idno", namespaces=test_tei.TEI)]
            found = test_tei.read_out(document, one.get(test_tei.XML_ID))
            if row["hidden"] == "0":
                assert found == (reading["header"], reading["body"])
                exact += 1
    assert exact > 50
