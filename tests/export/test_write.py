"""What an export holds: the same for the same store, whole, and in little memory."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, insert, text

from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.read import CLAIMS, READINGS, SIGHTINGS, WITNESSES, snapshot
from cablecrawl.export.write import write_export
from cablecrawl.store import tables as t
from cablecrawl.store.database import create_folders, open_database
from tests.export.conftest import Lines, contents, export, read_lines
from tests.export.test_lines import undo
from tests.stores import START, SampleStore, add_synthetic_cables, read_mirror

Records = Callable[[str], Lines]

FILES = [
    "cables.csv",
    "cables.jsonl",
    "captures.jsonl",
    "changes.jsonl",
    "datapackage.json",
    "problems.jsonl",
    "readings.jsonl",
    "references.jsonl",
    "relations.jsonl",
    "ro-crate-metadata.json",
]
TIME = re.compile(rb'"(first_seen|last_seen)": "[^"]*"')


def test_an_export_has_its_files(demo_export: Path) -> None:
    assert sorted(path.name for path in demo_export.iterdir()) == [
        "MANIFEST-sha256.txt",
        *FILES[:5],
        "fixity",
        *FILES[5:],
    ]
    digests = sorted(path.name for path in (demo_export / "fixity").iterdir())
    assert digests == [f"{name}.txt" for name in FILES]


def test_the_same_store_gives_the_same_bytes(
    demo_store: SampleStore, demo_export: Path, tmp_path: Path
) -> None:
    assert contents(export(demo_store, tmp_path)) == contents(demo_export)


def test_a_store_of_other_times_and_ids_gives_the_same_records(
    sites: dict[str, Path], demo_export: Path, tmp_path: Path
) -> None:
    other = SampleStore(tmp_path / "data", start=START + timedelta(days=400, seconds=0.1))
    for rank, (name, folder) in enumerate(sites.items()):
        # Pages come in another order, as they do when many are under way at once.
        pages = list(read_mirror(folder).items())[::-1]
        other.crawl(name, dict(pages), rank=rank)
    (tmp_path / "export").mkdir()
    exported = contents(export(other, tmp_path / "export"))
    for name in ("cables.jsonl", "readings.jsonl"):
        expected = TIME.sub(b"", (demo_export / name).read_bytes())
        assert exported[name] != (demo_export / name).read_bytes()
        assert TIME.sub(b"", exported[name]) == expected


def test_lines_are_sorted(demo_export: Path) -> None:
    cables = [cable["reference_id"] for cable in read_lines(demo_export / "cables.jsonl")]
    assert cables == sorted(set(cables))
    readings = [
        (r["reference_id"], r["source"]) for r in read_lines(demo_export / "readings.jsonl")
    ]
    assert readings == sorted(readings)
    captures = [
        (c["source"], c["fetched_at"], c["capture_id"])
        for c in read_lines(demo_export / "captures.jsonl")
    ]
    assert captures == sorted(captures)


def test_every_copy_of_every_page_is_a_reading(demo_export: Path, sites: dict[str, Path]) -> None:
    pages = {
        (name, f"http://{name}/{path}")
        for name, folder in sites.items()
        for path in read_mirror(folder)
        if path.startswith("cable/")
    }
    readings = read_lines(demo_export / "readings.jsonl")
    assert {(reading["source"], reading["url"]) for reading in readings} == pages


def test_evidence_quotes_what_stands_in_the_page(demo_export: Path, sites: dict[str, Path]) -> None:
    for reading in read_lines(demo_export / "readings.jsonl"):
        path = reading["url"].removeprefix(f"http://{reading['source']}/")
        body = (sites[reading["source"]] / path).read_bytes()
        document = body.decode(reading["encoding"])
        assert reading["payload_sha256"] == sha256(body).hexdigest()
        order = [(claim["field"], claim["value"]) for claim in reading["claims"]]
        assert [field for field, _ in order] == sorted(field for field, _ in order)
        for claim in reading["claims"]:
            assert claim["payload_sha256"] == reading["payload_sha256"]
            if claim["quote"] is not None:
                assert document[claim["start"] : claim["end"]] == claim["quote"]


def test_claims_of_one_value_are_sorted_by_who_makes_them(
    store: SampleStore, records: Records
) -> None:
    store.crawl("mirror", {"cable/2009/01/09OSLO9001.html": read_odd_page("1. (U) Text.")})
    steps = [(900, "second/1"), (901, "first/1")]
    with store.engine.begin() as connection:
        for step, rule in steps:
            made = {"asserted_by": "crawler", "basis": "", "confidence": ""}
            connection.execute(insert(t.step).values(id=step, rule=rule, **made))
            claim = {"reading": 1, "field": "added", "ordinal": 0, "value": "x", "step": step}
            connection.execute(insert(t.claim).values(capture=1, last_capture=1, **claim))
    (reading,) = records("readings")
    added = [claim["rule"] for claim in reading["claims"] if claim["field"] == "added"]
    assert added == ["first/1", "second/1"]


def test_csv_has_the_columns_and_cells_of_the_lines(demo_export: Path) -> None:
    raw = (demo_export / "cables.csv").read_bytes()
    assert raw.endswith(b"\r\n")
    rows = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
    cables = read_lines(demo_export / "cables.jsonl")
    assert len(rows) == len(cables)
    for row, cable in zip(rows, cables, strict=True):
        assert list(row) == list(cable)
        for name, cell in row.items():
            value = cable[name]
            if isinstance(value, str):
                assert undo(cell) == value
            else:
                assert (json.loads(cell) if cell else None) == value


def test_the_manifest_lists_every_file_with_its_digest(demo_export: Path) -> None:
    manifest = json.loads((demo_export / "datapackage.json").read_bytes())
    resources = {resource["path"]: resource for resource in manifest["resources"]}
    assert sorted([*resources, "datapackage.json", "ro-crate-metadata.json"]) == FILES
    for path, resource in resources.items():
        content = (demo_export / path).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{sha256(content).hexdigest()}"
        assert resource["encoding"] == "utf-8"
        assert resource["format"] == path.partition(".")[2]
        assert resource["mediatype"]
        if path.endswith(".jsonl"):
            lines = read_lines(demo_export / path)
            assert manifest["record_counts"][resource["name"]] == len(lines)
            columns = list(resource["json_schema"]["properties"])
        else:
            columns = content.decode().partition("\r\n")[0].split(",")
        assert [field["name"] for field in resource["schema"]["fields"]] == columns
    assert manifest["schema_version"] == "1"


def test_the_manifest_has_no_place_and_no_time_but_that_of_the_last_capture(
    demo_export: Path, demo_store: SampleStore
) -> None:
    manifest = (demo_export / "datapackage.json").read_text()
    assert str(demo_export.parent) not in manifest
    assert str(demo_store.data_dir) not in manifest
    without_schemas = json.loads(manifest)
    last = max(
        (line["fetched_at"], line["capture_id"])
        for line in read_lines(demo_export / "captures.jsonl")
    )
    through = without_schemas.pop("through")
    assert (through["at"], through["capture_id"]) == last
    for resource in without_schemas["resources"]:
        del resource["schema"]
        resource.pop("json_schema", None)
    assert not re.search(r"\d{4}-\d{2}-\d{2}", json.dumps(without_schemas))


def test_claims_without_a_place_are_counted(
    store: SampleStore, sites: dict[str, Path], tmp_path: Path
) -> None:
    store.crawl("mirror", sites["old-httrack"])
    with store.engine.begin() as connection:
        connection.execute(
            text("UPDATE claim SET start = NULL, \"end\" = NULL WHERE field = 'title'")
        )
    (tmp_path / "export").mkdir()
    with snapshot(store.engine) as stored:
        summary = write_export(stored, tmp_path / "export", ["csv"])
    titles = sum(1 for path in read_mirror(sites["old-httrack"]) if path.startswith("cable/"))
    manifest = json.loads((tmp_path / "export" / "datapackage.json").read_bytes())
    assert summary.unlocated == {"title": titles}
    assert manifest["unlocated_claims"] == {
        "total": titles,
        "by_field": {"title": titles},
    }


@pytest.mark.parametrize("shown", [False, True])
def test_the_manifest_names_the_policy_on_redacted_spans(
    store: SampleStore, tmp_path: Path, shown: bool
) -> None:
    (tmp_path / "export").mkdir()
    with snapshot(store.engine) as stored:
        write_export(stored, tmp_path / "export", DEFAULT_FORMATS, show_redacted_spans=shown)
    manifest = json.loads((tmp_path / "export" / "datapackage.json").read_bytes())
    assert manifest["redacted_spans"]["shown"] is shown
    assert ("hidden" in manifest["redacted_spans"]["policy"]) is not shown


def test_an_empty_store_gives_empty_files(store: SampleStore, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    exported = contents(export(store, tmp_path / "export"))
    assert [name for name in sorted(exported) if name in FILES] == FILES
    assert [name for name, content in exported.items() if content == b"" and "/" not in name] == [
        "cables.jsonl",
        "captures.jsonl",
        "changes.jsonl",
        "problems.jsonl",
        "readings.jsonl",
        "references.jsonl",
        "relations.jsonl",
    ]
    assert exported["cables.csv"].count(b"\r\n") == 1


def test_one_format_writes_its_files_only(demo_store: SampleStore, tmp_path: Path) -> None:
    with snapshot(demo_store.engine) as stored:
        summary = write_export(stored, tmp_path, ["csv"])
    written = [path.name for path in sorted(tmp_path.iterdir())]
    assert written == [
        "MANIFEST-sha256.txt",
        "cables.csv",
        "datapackage.json",
        "fixity",
        "ro-crate-metadata.json",
    ]
    assert [file.records for file in summary.files] == [summary.cables] == [61]


def test_a_problem_has_its_line(store: SampleStore, records: Records) -> None:
    store.crawl("mirror", {"cable/2009/01/09OSLO9001.html": b"<p>Under construction</p>"})
    (problem,) = records("problems")
    assert problem["reason"] == "unknown_layout"
    assert problem["url"] == "http://mirror/cable/2009/01/09OSLO9001.html"
    assert problem["payload_sha256"] == sha256(b"<p>Under construction</p>").hexdigest()
    assert records("cables") == []


def test_control_characters_come_through(store: SampleStore, records: Records) -> None:
    odd = "1. (U) \x00\x07\x1b[31m\x85\u2028\u2029\ufeff\U0001f600 end."
    page = read_odd_page(odd)
    store.crawl("mirror", {"cable/2009/01/09OSLO9001.html": page})
    (cable,) = records("cables")
    assert cable["body"] == odd


def read_odd_page(body: str) -> bytes:
    return (
        "<table class='cable'><tr><th>Reference ID</th><th>Created</th></tr>"
        "<tr><td>09OSLO9001</td><td>2009-01-09 10:11</td></tr></table>"
        f"<code><pre>header</pre></code><code><pre>{body}</pre></code>"
    ).encode()


def test_a_crawl_that_goes_on_does_not_show_in_an_export(
    store: SampleStore, sites: dict[str, Path], tmp_path: Path
) -> None:
    store.crawl("mirror", sites["first-build"])
    for name in ("before", "during"):
        (tmp_path / name).mkdir()
    export(store, tmp_path / "before")

    def crawl_more(cables: int) -> None:
        if cables == 1:
            store.crawl("mirror", sites["later-build"])
            store.crawl("other", sites["old-httrack"])

    with snapshot(store.engine) as stored:
        write_export(stored, tmp_path / "during", DEFAULT_FORMATS, progress=crawl_more)
    assert contents(tmp_path / "during") == contents(tmp_path / "before")
    (tmp_path / "after").mkdir()
    assert contents(export(store, tmp_path / "after")) != contents(tmp_path / "before")


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize("query", [WITNESSES, SIGHTINGS, READINGS, CLAIMS])
def test_no_query_sorts_its_table(
    demo_store: SampleStore, query: Select[Any], analyzed: bool
) -> None:
    statement = query.compile(demo_store.engine, compile_kwargs={"literal_binds": True})
    with demo_store.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")  # which takes back what ANALYZE writes
        if analyzed:
            connection.exec_driver_sql("ANALYZE")
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    steps = [row.detail for row in plan]
    assert steps[0].startswith("SCAN witness USING")
    assert not [step for step in steps if "TEMP B-TREE" in step]


@pytest.mark.long
def test_memory_does_not_grow_with_the_store(tmp_path: Path) -> None:
    # A first export to load what is loaded once.
    peaks = {cables: peak_of_export(tmp_path, cables) for cables in (10, 400, 2000)}
    assert peaks[2000] < 1.2 * peaks[400], peaks


def peak_of_export(folder: Path, cables: int) -> int:
    """Bytes that Python held at most while it exported so many cables."""
    create_folders(folder / f"{cables}")
    engine = open_database(folder / f"{cables}", create=True)
    add_synthetic_cables(engine, cables, claims=5)
    output = folder / f"export-{cables}"
    output.mkdir()
    tracemalloc.start()
    try:
        with snapshot(engine) as stored:
            assert write_export(stored, output, DEFAULT_FORMATS).cables == cables
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        engine.dispose()
