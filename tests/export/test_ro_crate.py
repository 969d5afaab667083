"""What an export says of itself as an RO-Crate, against the specification's requirements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from cablecrawl.errors import CableCrawlError
from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.read import snapshot
from cablecrawl.export.ro_crate import MOST_RUNS, NO_DATE, NO_END, RO_CRATE
from cablecrawl.export.write import write_export
from cablecrawl.store import tables as t
from cablecrawl.store.database import create_folders, open_database
from tests.export.conftest import export, read_lines
from tests.stores import SampleStore, add_synthetic_cables

Graph = dict[str, dict[str, Any]]

# RFC 3986, less the absent scheme of a relative reference.
URI = re.compile(r"(?:[a-z]+:)?[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


def read_graph(folder: Path) -> Graph:
    crate = json.loads((folder / RO_CRATE).read_bytes())
    assert crate["@context"] == "https://w3id.org/ro/crate/1.3/context"
    graph = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(graph) == len(crate["@graph"])
    return graph


@pytest.fixture(scope="module")
def graph(demo_export: Path) -> Graph:
    return read_graph(demo_export)


def references(entity: dict[str, Any]) -> Iterator[str]:
    for value in entity.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                assert list(one) == ["@id"], "a nested entity"
                yield one["@id"]


def actions(graph: Graph) -> list[dict[str, Any]]:
    return [entity for entity in graph.values() if entity["@type"] == "CreateAction"]


UNDIGESTED = ["MANIFEST-sha256.txt", "fixity/"]
"""What has the digest of the crate itself."""


def files(folder: Path) -> list[str]:
    names = [f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir()]
    return sorted(name for name in names if name != RO_CRATE)


def test_the_descriptor_names_the_specification_and_the_root(graph: Graph) -> None:
    assert graph[RO_CRATE] == {
        "@id": RO_CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.3"},
        "about": {"@id": "./"},
    }


def test_the_root_has_what_a_root_must_have(graph: Graph) -> None:
    root = graph["./"]
    assert root["@type"] == "Dataset"
    assert root["name"] == "61 US embassy cables from 4 sources, captured until 2026-11-21"
    assert root["description"]
    assert graph[root["license"]["@id"]]["description"]
    profile = graph[root["conformsTo"]["@id"]]
    assert profile["@id"] == "https://w3id.org/ro/wfrun/process/0.6"
    assert "CreativeWork" in profile["@type"]


def test_every_file_of_the_export_is_a_part_with_size_digest_and_schema(
    graph: Graph, demo_export: Path
) -> None:
    parts = [part["@id"] for part in graph["./"]["hasPart"]]
    assert sorted(parts) == files(demo_export)
    for name in parts:
        if name in UNDIGESTED:
            assert "sha256" not in graph[name]
            continue
        content = (demo_export / name).read_bytes()
        entity = graph[name]
        assert entity["@type"] == "File"
        assert entity["contentSize"] == str(len(content))
        assert entity["sha256"] == sha256(content).hexdigest()
        assert entity["encodingFormat"]
        if name != "datapackage.json":
            assert "Profile" in graph[entity["conformsTo"]["@id"]]["@type"]


def test_every_entity_has_a_type_and_a_name(graph: Graph) -> None:
    for id, entity in graph.items():
        assert URI.fullmatch(id), id
        assert entity["@type"]
        if id != RO_CRATE:
            assert entity["name"], id


def test_every_reference_leads_to_an_entity(graph: Graph) -> None:
    outside = {
        id for entity in graph.values() for id in references(entity) if id not in graph
    }  # ids that are addresses of what others define
    assert outside == {
        "https://w3id.org/ro/crate/1.3",
        "http://schema.org/CompletedActionStatus",
    }


def test_every_entity_is_reached_from_the_root(graph: Graph) -> None:
    reached = {RO_CRATE}
    ahead = ["./"]
    while ahead:
        id = ahead.pop()
        if id in graph and id not in reached:
            reached.add(id)
            ahead += references(graph[id])
    assert reached == set(graph)


def test_every_run_is_an_action_with_software_sources_and_warc_files(
    graph: Graph, demo_store: SampleStore
) -> None:
    runs = [action for action in actions(graph) if action["@id"].startswith("#run-")]
    assert len(runs) == 4
    assert {action["@id"] for action in actions(graph)} == {
        mentioned["@id"] for mentioned in graph["./"]["mentions"]
    }
    for run in runs:
        assert graph[run["instrument"]["@id"]]["@type"] == "SoftwareApplication"
        assert datetime.fromisoformat(run["startTime"])
        (made,) = run["result"]
        warc = graph[made["@id"]]
        content = (demo_store.data_dir / "warc" / warc["name"]).read_bytes()
        assert warc["sha256"] == sha256(content).hexdigest()


def test_the_export_is_made_of_the_warc_files(graph: Graph) -> None:
    of_runs = [made for action in actions(graph)[:-1] for made in action["result"]]
    made = graph["#export"]
    assert made["object"] == of_runs
    assert made["result"] == graph["./"]["hasPart"]
    assert graph[made["instrument"]["@id"]]["softwareVersion"]


def test_the_date_is_that_of_the_last_capture(graph: Graph, demo_export: Path) -> None:
    last = max(capture["fetched_at"] for capture in read_lines(demo_export / "captures.jsonl"))
    date = graph["./"]["datePublished"]
    assert datetime.fromisoformat(date) == datetime.fromisoformat(last).replace(
        microsecond=datetime.fromisoformat(last).microsecond // 1000 * 1000
    )


def test_an_empty_store_is_a_crate_too(store: SampleStore, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    graph = read_graph(export(store, tmp_path / "export"))
    assert graph["./"]["datePublished"] == NO_DATE
    assert graph["./"]["name"] == "0 US embassy cables from 0 sources"
    assert [action["@id"] for action in actions(graph)] == ["#export"]


def test_one_format_is_described_as_it_is(demo_store: SampleStore, tmp_path: Path) -> None:
    with snapshot(demo_store.engine) as stored:
        write_export(stored, tmp_path, ["csv"])
    graph = read_graph(tmp_path)
    parts = [part["@id"] for part in graph["./"]["hasPart"]]
    assert parts == ["cables.csv", "datapackage.json", *UNDIGESTED]
    assert graph["./"]["name"].startswith("61 US embassy cables")


PAGE = {"cable/2009/01/09OSLO9001.html": b"<p>Under construction</p>"}


@pytest.mark.parametrize(
    ("state", "reason", "status", "error"),
    [
        ("finished", "finished", "Completed", None),
        ("stopped", "shutdown", "Failed", "shutdown"),
        ("crashed", None, "Failed", NO_END),
        ("running", None, "Failed", NO_END),
    ],
)
def test_a_run_that_did_not_come_to_its_end_says_so(
    store: SampleStore, tmp_path: Path, state: str, reason: str | None, status: str, error: str
) -> None:
    store.crawl("mirror", PAGE)
    details = {
        "arguments": {"source": "mirror", "url": "http://m\udcff/"},
        "code_version": "0.1.0+0123456789ab",
        "settings_sha256": "0" * 64,
        "sources": ["mirror"],
    }
    finished = "2026-11-21T18:02:00.000001Z" if reason else None
    with store.engine.begin() as db:
        row = {"state": state, "reason": reason, "finished": finished}
        db.execute(update(t.run).values(details=json.dumps(details), **row))
    (tmp_path / "export").mkdir()
    graph = read_graph(export(store, tmp_path / "export"))
    run = actions(graph)[0]
    assert run["actionStatus"] == {"@id": f"http://schema.org/{status}ActionStatus"}
    assert run.get("error") == error
    assert run.get("endTime") == finished
    assert run["description"].startswith(
        "scrapy crawl mirrors -a source=mirror -a url=http://m\udcff/; "
    )
    assert run["object"] == [{"@id": "#source-mirror"}]
    assert graph[run["instrument"]["@id"]]["softwareVersion"] == "0.1.0+0123456789ab"


def test_a_source_names_its_publisher_and_those_it_copied(
    store: SampleStore, tmp_path: Path
) -> None:
    store.crawl("original", PAGE)
    store.crawl("copy:8080", PAGE)
    with store.engine.begin() as db:
        of_original = t.source.c.name == "original"
        db.execute(update(t.source).where(of_original).values(publisher="Kabel & Co."))
        copied = json.dumps(["original", "not in this store"])
        db.execute(update(t.source).where(~of_original).values(derived_from=copied))
    (tmp_path / "export").mkdir()
    graph = read_graph(export(store, tmp_path / "export"))
    copy, original = (graph[source["@id"]] for source in graph["./"]["isBasedOn"])
    assert copy["@id"] == "#source-copy:8080"
    assert copy["isBasedOn"] == [{"@id": original["@id"]}]
    assert "publisher" not in copy  # nobody knows it
    assert graph[original["publisher"]["@id"]]["name"] == "Kabel & Co."
    assert original["url"] == "http://original/"


def add_runs(store: SampleStore, count: int) -> None:
    """Runs a day apart, each with a capture, by two versions of the code."""
    with store.engine.begin() as db:
        capture = db.execute(t.capture.select()).mappings().first()
        assert capture is not None
        ids = [f"{20000101 + number:08}T000000Z-{number:06x}" for number in range(count)]
        runs = [
            {"id": id, "crawl": id, "spider": "mirrors", "state": "finished"}
            | {"started": f"2000-01-01T00:00:00.{number:06}Z", "finished": "2000-01-01T00:00:01Z"}
            | {"details": json.dumps({"code_version": f"0.{number % 2}.0", "sources": ["mirror"]})}
            for number, id in enumerate(ids)
        ]
        db.execute(insert(t.run), runs)
        captures = [
            {**capture, "id": None, "capture_id": f"urn:{id}", "run": id, "warc": f"{id}-00001"}
            for id in ids
        ]
        db.execute(insert(t.capture), captures)


def test_ten_thousand_runs_are_told_in_a_file_that_can_be_read(
    store: SampleStore, tmp_path: Path
) -> None:
    store.crawl("mirror", PAGE)
    add_runs(store, 10_000)
    (tmp_path / "export").mkdir()
    graph = read_graph(export(store, tmp_path / "export"))
    told = actions(graph)
    assert len(told) == MOST_RUNS + 2 + 1
    assert (tmp_path / "export" / RO_CRATE).stat().st_size < 1_000_000
    older = told[:2]
    assert [action["name"].partition(",")[0] for action in older] == ["4", "4"]
    folded = [graph[action["result"][0]["@id"]] for action in older]
    assert [files["@type"] for files in folded] == ["Collection", "Collection"]
    # 10,001 in all, half of them by each version, but for the latest.
    counts = [int(files["name"].split()[0].replace(",", "")) for files in folded]
    assert sum(counts) == 10_001 - MOST_RUNS
    assert {graph[action["instrument"]["@id"]]["softwareVersion"] for action in older} == {
        "0.0.0",
        "0.1.0",
    }


def test_a_run_that_captured_nothing_is_none_of_those_behind_it(
    store: SampleStore, tmp_path: Path
) -> None:
    """A database that is made again from the WARC files does not know of it."""
    store.crawl("mirror", PAGE)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = read_graph(export(store, tmp_path / "before"))
    with store.engine.begin() as db:
        run = db.execute(t.run.select()).mappings().one()
        db.execute(insert(t.run).values({**run, "id": "29991231T000000Z-000000"}))
    assert read_graph(export(store, tmp_path / "after")) == before


def test_a_manifest_of_warc_files_that_is_none_is_named(store: SampleStore, tmp_path: Path) -> None:
    store.crawl("mirror", PAGE)
    (store.data_dir / "warc" / "MANIFEST-sha256.txt").write_text("spoilt\n")
    (tmp_path / "export").mkdir()
    with pytest.raises(CableCrawlError, match=r"MANIFEST-sha256\.txt: line 1"):
        export(store, tmp_path / "export")


def test_a_store_without_its_warc_files_is_described_without_their_digests(
    tmp_path: Path,
) -> None:
    create_folders(tmp_path / "data")
    engine = open_database(tmp_path / "data", create=True)
    add_synthetic_cables(engine, 3, claims=1)
    (tmp_path / "export").mkdir()
    with snapshot(engine) as stored:
        write_export(stored, tmp_path / "export", DEFAULT_FORMATS)
    graph = read_graph(tmp_path / "export")
    (made,) = graph["#run-run"]["result"]
    assert "sha256" not in graph[made["@id"]]
    engine.dispose()


def test_the_package_of_the_ro_crate_community_reads_it(demo_export: Path) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate")
    crate = rocrate.ROCrate(demo_export)
    assert crate.version == "1.3"
    assert crate.name.startswith("61 US embassy cables")
    parts = [part.id for part in crate.root_dataset["hasPart"]]
    assert sorted(parts) == files(demo_export)
    assert crate.license["name"] == "Rights, as far as known"
    runs = [action for action in crate.get_by_type("CreateAction") if action.id != "#export"]
    assert len(runs) == 4
    for run in runs:
        assert run["instrument"]["name"] == "CableCrawl"
        assert run["result"][0]["encodingFormat"] == "application/warc"
    # What it writes of it is what it read.
    written = {entity["@id"]: entity for entity in crate.metadata.generate()["@graph"]}
    assert written == read_graph(demo_export)
