"""Networks as networkx reads them: the cables and references of the export, and no others."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any, cast

import networkx
import pytest

from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import Target
from cablecrawl.export.gexf import CABLE, CITING, REFERENCES, Edge, GexfWriter, Network, Node
from cablecrawl.export.read import Snapshot, snapshot
from cablecrawl.export.selection import Selection
from cablecrawl.export.write import write_export
from cablecrawl.records import ReferenceRecord
from tests.collation.readings import cable_of
from tests.export.conftest import Lines, contents, export, read_lines
from tests.stores import SampleStore

FORMATS = ("jsonl", "gexf")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Path:
    return export(demo_store, tmp_path_factory.mktemp("gexf"), FORMATS)


def read(folder: Path, name: str) -> Any:
    return networkx.read_gexf(folder / "gexf" / f"{name}.gexf", version="1.3")


def resolved(folder: Path) -> Lines:
    found = read_lines(folder / "references.jsonl")
    return [reference for reference in found if reference["resolved"]]


def test_the_nodes_are_the_cables_and_what_they_cite(folder: Path) -> None:
    graph = read(folder, "references")
    cables = {cable["reference_id"]: cable for cable in read_lines(folder / "cables.jsonl")}
    cited = {reference["resolved"] for reference in resolved(folder)}
    assert set(graph) == set(cables) | cited
    assert cited - set(cables), "the demo has references to cables that it has not"
    for name, node in graph.nodes.items():
        assert node["label"] == name
        assert node["year"] % 100 == int(name[:2])
        cable = cables.get(name)
        if cable is None:
            assert node["state"] == "not_in_store"
            continue
        assert node["state"] == "exported"
        assert node["witnesses"] == len(cable["witnesses"])
        assert node["redaction_marks"] == cable["redaction_marks"]
        assert node.get("tags", "").split("|") == (cable["tags"] or [""])
        for field in ("created", "origin", "classification", "subject", "released"):
            assert node.get(field) == cable[field]


def test_the_edges_are_the_resolved_references(folder: Path) -> None:
    graph = read(folder, "references")
    assert graph.is_directed()
    expected: dict[tuple[str, str], Lines] = {}
    for one in resolved(folder):
        expected.setdefault((one["reference_id"], one["resolved"]), []).append(one)
    assert set(graph.edges()) == set(expected)
    for ends, edge in graph.edges.items():
        for name in ("as_written", "basis"):
            assert edge[name] == "|".join(dict.fromkeys(one[name] for one in expected[ends]))
    weights = sum(edge["weight"] for edge in graph.edges.values())
    assert weights == len(resolved(folder)) > 3


def test_sources_are_tied_by_the_cables_that_both_have(folder: Path) -> None:
    graph = read(folder, "witnesses")
    assert not graph.is_directed()
    cables = read_lines(folder / "cables.jsonl")
    sources = [{copy["source"] for copy in cable["witnesses"]} for cable in cables]
    assert set(graph) == set[str]().union(*sources)
    for name, node in graph.nodes.items():
        assert node["cables"] == sum(name in of for of in sources)
        assert node["only_here"] == sum({name} == of for of in sources)
    for one, other in combinations(graph, 2):
        both = sum({one, other} <= of for of in sources)
        assert graph.has_edge(one, other) == (both > 0)
        if both:
            edge = graph.edges[one, other]
            assert edge["weight"] == both
            smaller = min(graph.nodes[one]["cables"], graph.nodes[other]["cables"])
            assert edge["share"] == pytest.approx(both / smaller, abs=1e-6)
            assert 0 <= edge["same_text"] <= both
    assert graph.number_of_edges() > 2


def test_a_cable_that_is_cited_and_not_chosen_is_in_the_store(
    folder: Path, demo_store: SampleStore, tmp_path: Path
) -> None:
    one = next(reference for reference in resolved(folder) if reference["in_store"])
    with snapshot(demo_store.engine) as stored:
        chosen = Selection(reference_ids=frozenset({one["reference_id"]}))
        write_export(stored, tmp_path, ["gexf"], selection=chosen)
    graph = read(tmp_path, "references")
    assert graph.nodes[one["reference_id"]]["state"] == "exported"
    assert graph.nodes[one["resolved"]]["state"] == "in_store"


def test_the_same_store_gives_the_same_networks(
    folder: Path, demo_store: SampleStore, tmp_path: Path
) -> None:
    again = contents(export(demo_store, tmp_path, FORMATS))
    assert again == contents(folder)
    assert sorted(name for name in again if name.startswith("gexf/")) == [
        "gexf/references.gexf",
        "gexf/witnesses.gexf",
    ]


def test_what_xml_cannot_have_is_replaced(tmp_path: Path) -> None:
    hostile = "<a b='\"'>&amp;\0\x1b\ud800\uffff]]>\r\n\t=1"
    nodes = [Node("07OSLO1", {"subject": hostile}), Node("07OSLO2", {"subject": None})]
    network = Network(REFERENCES, "A sample.", "directed", CABLE, CITING)
    edge = Edge("07OSLO1", "07OSLO2", 2, {"as_written": hostile})
    assert network.write(tmp_path, nodes, [edge]).records == 2
    graph = read(tmp_path, "references")
    clean = "<a b='\"'>&amp;\ufffd\ufffd\ufffd\ufffd]]>\r\n\t=1"
    assert graph.nodes["07OSLO1"]["subject"] == clean
    assert graph.edges["07OSLO1", "07OSLO2"]["as_written"] == clean
    assert "subject" not in graph.nodes["07OSLO2"]


def test_a_cable_that_is_cited_again_is_one_edge_with_all_that_is_written(tmp_path: Path) -> None:
    stored = cable_of("One text.")
    exported = ExportedCable(stored, cast(Snapshot, None), lambda _: None, cast(Any, None))
    exported.references = [
        ReferenceRecord(stored.reference_id, place, written, "07OSLO1", [], basis, False)
        for place, (written, basis) in enumerate(
            (
                ("07 OSLO 1", "year_written"),
                ("OSLO 1", "year_of_created"),
                ("07 OSLO 1", "year_written"),
                ("07 OSLO 001", "year_written"),
            )
        )
    ]
    with GexfWriter(Target(tmp_path, cast(Snapshot, None), False)) as writer:
        writer.add_cable(exported)
        writer.finish()
    graph = read(tmp_path, "references")
    assert dict(graph.edges) == {
        (stored.reference_id, "07OSLO1"): {
            "id": "0",
            "weight": 4,
            "as_written": "07 OSLO 1|OSLO 1|07 OSLO 001",
            "basis": "year_written|year_of_created",
        }
    }
