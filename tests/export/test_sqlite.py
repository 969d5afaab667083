"""cables.sqlite: what the lines have, whole, and as Datasette takes it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from cablecrawl.changed.changes import Changes
from cablecrawl.export.columns import Kind
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FORMATS, Target
from cablecrawl.export.lines import csv_line
from cablecrawl.export.read import Snapshot, snapshot
from cablecrawl.export.references import known_cables
from cablecrawl.export.selection import Selection
from cablecrawl.export.tables import TABLES, TABLES_VERSION, Table
from cablecrawl.export.write import write_export
from cablecrawl.rebuild import rebuild
from cablecrawl.stats import CountingStats
from tests.crawling import Project, source_name
from tests.export.conftest import contents, export, read_lines
from tests.export.tabled import (
    Read,
    Row,
    assert_crawled_adds_up,
    assert_same_records,
    assert_same_spots,
    assert_stays_tell_the_history,
)
from tests.export.test_write import read_odd_page
from tests.sites.server import Site, SiteServer
from tests.stores import SampleStore

BY_NAME = {table.name: table for table in TABLES}
TABLE_FORMATS = ("sqlite", "parquet")
JSON_KINDS = (Kind.TEXTS, Kind.RECORD, Kind.RECORDS, Kind.COUNTS, Kind.NAMED)


def rows_of(db: sqlite3.Connection, name: str) -> list[Row]:
    """A table, with JSON parsed and truth as truth."""
    table = BY_NAME[name]
    found = []
    for cells in db.execute(f"SELECT * FROM {name} ORDER BY rowid"):
        row = {}
        for column, cell in zip(table.columns, cells, strict=True):
            if cell is not None and column.kind in JSON_KINDS:
                cell = json.loads(cell)
            if column.kind is Kind.BOOLEAN:
                assert cell in (0, 1)
                cell = bool(cell)
            row[column.name] = cell
        found.append(row)
    return found


def opened(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / 'cables.sqlite'}?mode=ro", uri=True)


@pytest.fixture(scope="module")
def db(tabled_export: Path) -> Iterator[sqlite3.Connection]:
    with closing(opened(tabled_export)) as connection:
        yield connection


@pytest.fixture(scope="module")
def read(db: sqlite3.Connection) -> Read:
    return lambda name: rows_of(db, name)


def test_every_row_is_as_its_line(read: Read, tabled_export: Path) -> None:
    assert_same_records(read, tabled_export)


def test_stays_are_the_history_of_each_copy(read: Read) -> None:
    assert_stays_tell_the_history(read)


def test_sources_and_runs_are_those_of_the_captures(read: Read) -> None:
    assert_crawled_adds_up(read)


def test_foreign_keys_hold_and_the_file_is_sound(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.execute("SELECT * FROM cables_fts WHERE cables_fts MATCH 'embassy'")
    assert db.execute("PRAGMA user_version").fetchone() == (TABLES_VERSION,)
    assert db.execute("PRAGMA application_id").fetchone() == (0x4361626C,)
    assert db.execute("PRAGMA auto_vacuum").fetchone() == (0,)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_keys_are_in_the_file_and_lead_by_an_index(table: Table, db: sqlite3.Connection) -> None:
    declared = {
        (row[3], row[2], row[4]) for row in db.execute(f"PRAGMA foreign_key_list({table.name})")
    }
    assert declared == {(key.column, key.table, key.to) for key in table.foreign_keys}
    for column in {key.column for key in table.foreign_keys}:
        plan = db.execute(
            f"EXPLAIN QUERY PLAN SELECT * FROM {table.name} WHERE {column} = 'x'"
        ).fetchall()
        assert all("SEARCH" in step[3] for step in plan), f"{table.name}.{column}: {plan}"
    (keyed,) = db.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(table.key)} FROM {table.name})"
    ).fetchone()
    assert db.execute(f"SELECT count(*) FROM {table.name}").fetchone() == (keyed,)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_name_has_to_be_quoted(table: Table, db: sqlite3.Connection) -> None:
    names = ", ".join(column.name for column in table.columns)
    db.execute(f"SELECT {names} FROM {table.name} GROUP BY {names}")


def test_another_process_writes_the_same_bytes(tabled_store: SampleStore, tmp_path: Path) -> None:
    ended = Project(tmp_path, {"DATA_DIR": str(tabled_store.data_dir)}).run(
        "export", "--format", "sqlite,parquet", "--output", str(tmp_path / "other")
    )
    assert ended.status == 0, ended.stderr
    (tmp_path / "own").mkdir()
    own = contents(export(tabled_store, tmp_path / "own", TABLE_FORMATS))
    assert len([path for path in own if path.endswith((".sqlite", ".parquet"))]) == 17
    assert own == contents(tmp_path / "other")


def test_a_store_made_again_from_its_warc_files_gives_the_same_bytes(
    tmp_path: Path, sites: dict[str, Path]
) -> None:
    project = Project(tmp_path)
    with SiteServer(Site(sites["old-httrack"])) as server:
        ended = project.crawl("-a", f"url={server.url}/")
    assert ended.status == 0, ended.stderr
    before = project.export("before", TABLE_FORMATS)
    project.lose_database()
    rebuild(project.data_dir, CountingStats())
    assert project.export("after", TABLE_FORMATS).files() == before.files()
    with closing(opened(before.folder)) as db:
        (run,) = rows_of(db, "runs")
        assert run["state"] == "finished"
        assert run["seconds"] > 0 and run["bytes_received"] > 0
        (counts,) = rows_of(db, "run_sources")
        assert (counts["run"], counts["source"]) == (run["id"], source_name(server.url))
        cables = db.execute("SELECT count(*) FROM cables").fetchone()
        assert (counts["new"],) == (counts["cables"],) == cables


ODD = "1. (U) caf\u00e9 \x00moth \x1b[31m\x85\u2028\ufeff\U0001f600 =1+1 <script>alert(1)</script>"


@pytest.fixture
def odd_store(store: SampleStore) -> SampleStore:
    store.crawl("mirror", {"cable/2009/01/09OSLO9001.html": read_odd_page(ODD)})
    return store


def test_odd_texts_come_through_and_are_found(odd_store: SampleStore, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    folder = export(odd_store, tmp_path / "odd", ("jsonl", "sqlite"))
    (line,) = read_lines(folder / "cables.jsonl")
    with closing(opened(folder)) as db:
        (cable,) = rows_of(db, "cables")
        assert cable["body"] == line["body"] == ODD
        measured = db.execute("SELECT length(body), length(CAST(body AS BLOB)) FROM cables")
        assert measured.fetchone() == (ODD.index("\x00"), len(ODD.encode()))
        for word in ("cafe", "CAF\u00c9", "moth", "09oslo9001"):
            found = db.execute(
                "SELECT reference_id FROM cables WHERE rowid IN"
                " (SELECT rowid FROM cables_fts WHERE cables_fts MATCH ?)",
                (word,),
            ).fetchall()
            assert found == [("09OSLO9001",)], word


LONE = "caf\u00e9 \ud800 \x00 '; DROP TABLE cables; --"


def test_lone_surrogates_are_written_as_in_csv(tabled_store: SampleStore, tmp_path: Path) -> None:
    with snapshot(tabled_store.engine) as stored:
        write_with(stored, tmp_path, "sqlite", LONE)
    with closing(opened(tmp_path)) as db:
        (cable,) = rows_of(db, "cables")
        written = LONE.replace("\ud800", "\\ud800")
        assert (cable["subject"], cable["tags"]) == (written, [written])
        assert csv_line([LONE]).decode().rstrip() == written
        assert rows_of(db, "cable_tags")[0]["tag"] == written
        assert rows_of(db, "changes")[0]["after"]["status"] == written
        assert {claim["quote"] for claim in rows_of(db, "claims")} == {written}


def write_with(store: Snapshot, folder: Path, name: str, text: str) -> None:
    """One cable of the store with another text in each kind of cell."""
    with FORMATS[name].open(Target(folder, store, False)) as writer:
        first = next(store.cables())
        cable = ExportedCable(
            first, store, known_cables(store.connection), lambda: Changes(store, None, show=False)
        )
        cable.record.subject, cable.record.tags = text, [text]
        cable.changes[0] = replace(
            cable.changes[0], after=replace(cable.changes[0].after, status=text)
        )
        for claim in cable.readings[0].claims:
            claim.quote = text
        writer.add_cable(cable)
        writer.finish()


def test_keys_hold_in_an_export_of_some_cables(tabled_store: SampleStore, tmp_path: Path) -> None:
    chosen = Selection(years=frozenset((2006,)))
    with snapshot(tabled_store.engine) as stored:
        write_export(stored, tmp_path, ("jsonl", "sqlite"), selection=chosen)
    with closing(opened(tmp_path)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert {row["year"] for row in rows_of(db, "cables")} == {2006}
        lines = read_lines(tmp_path / "captures.jsonl")
        assert db.execute("SELECT count(*) FROM captures").fetchone() == (len(lines),)
        assert [row["name"] for row in rows_of(db, "sources")] == ["mirror", "other"]


# ------------------------------------------------------------------------- Datasette


def get(folder: Path, *paths: str) -> list[dict[str, Any]]:
    """What Datasette answers."""

    async def ask() -> list[dict[str, Any]]:
        datasette = Datasette([folder / "cables.sqlite"], immutables=[])
        answers = []
        for path in paths:
            response = await datasette.client.get(path)
            assert response.status_code == 200, response.text
            answers.append(response.json())
        return answers

    return asyncio.run(ask())


def test_datasette_searches_the_cables(tabled_export: Path) -> None:
    database, found, all_texts, all_tags = get(
        tabled_export,
        "/cables.json",
        "/cables/cables.json?_search=beekeepers&_shape=objects&_size=max",
        "/cables/readings.json?_search=beekeepers&_shape=objects&_size=max",
        "/cables/cables.json?_facet_array=tags&_facet=origin&_facet_size=max&_size=0",
    )
    tables = {table["name"]: table for table in database["tables"]}
    assert tables["cables"]["fts_table"] == "cables_fts"
    assert tables["readings"]["fts_table"] == "readings_fts"
    assert {name for name, table in tables.items() if not table["hidden"]} == set(BY_NAME)
    lines = read_lines(tabled_export / "cables.jsonl")
    for answer, of in ((found, lines), (all_texts, read_lines(tabled_export / "readings.jsonl"))):
        named = [
            line["reference_id"]
            for line in of
            if "beekeepers" in f"{line['subject']} {line['header']} {line['body']}".lower()
        ]
        assert [row["reference_id"] for row in answer["rows"]] == named
        assert 0 < len(named) < len(of)

    facets = all_tags["facet_results"]
    by_tag = {result["value"]: result["count"] for result in facets["tags"]["results"]}
    assert by_tag
    for tag, count in by_tag.items():
        assert count == sum(tag in line["tags"] for line in lines), tag


def test_datasette_follows_the_keys(tabled_export: Path) -> None:
    line = read_lines(tabled_export / "cables.jsonl")[0]
    reference_id = line["reference_id"]
    cable, claims = get(
        tabled_export,
        f"/cables/cables/{reference_id}.json?_extras=foreign_key_tables&_shape=objects",
        "/cables/claims.json?reading=1&_shape=objects&_size=max",
    )
    counts = {of["other_table"]: of["count"] for of in cable["foreign_key_tables"]}
    assert counts["witnesses"] == len(line["witnesses"])
    assert counts["cable_tags"] == len(line["tags"])
    first = read_lines(tabled_export / "readings.jsonl")[0]
    assert [claim["value"] for claim in claims["rows"]] == [
        claim["value"] for claim in first["claims"]
    ]


@pytest.mark.corpus
def test_a_real_corpus_is_the_same_in_datasette(corpus_export: Path) -> None:
    with closing(opened(corpus_export)) as db:
        assert_same_spots(lambda name: rows_of(db, name), corpus_export)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    lines = read_lines(corpus_export / "cables.jsonl")
    (database,) = get(corpus_export, "/cables.json")
    counts = {table["name"]: table["count"] for table in database["tables"]}
    assert counts["cables"] == len(lines)
    for place in range(10):
        line = lines[len(lines) * place // 10]
        (answer,) = get(corpus_export, f"/cables/cables/{line['reference_id']}.json?_shape=objects")
        (row,) = answer["rows"]
        assert (row["body"], row["subject"], json.loads(row["tags"])) == (
            line["body"],
            line["subject"],
            line["tags"],
        )
