"""parquet/: what the lines have, as DuckDB and pandas read it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cablecrawl.export import parquet
from cablecrawl.export.columns import Column, Kind
from cablecrawl.export.read import snapshot
from cablecrawl.export.tables import TABLES, TABLES_VERSION, Table
from tests.export.conftest import export, read_lines
from tests.export.tabled import (
    Read,
    Row,
    assert_crawled_adds_up,
    assert_same_records,
    assert_same_spots,
    assert_stays_tell_the_history,
)
from tests.export.test_sqlite import LONE, ODD, odd_store, write_with
from tests.stores import SampleStore

__all__ = ["odd_store"]

BY_NAME = {table.name: table for table in TABLES}


def rows_of(folder: Path, name: str) -> list[Row]:
    """A table as DuckDB has it, with moments written as in lines."""
    columns = BY_NAME[name].columns
    return [
        {column.name: _plain(column, row[column.name]) for column in columns}
        for row in select(f"SELECT * FROM '{folder / 'parquet' / name}.parquet'")
    ]


def select(sql: str) -> list[Row]:
    """What DuckDB answers."""
    # Extensions are downloaded: what needs one does not work for everybody.
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as db:
        answer: Any = db.sql(sql)
        rows: list[Row] = answer.to_arrow_table().to_pylist()
        return rows


def _plain(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind is Kind.TIME:
        assert isinstance(value, datetime) and value.tzinfo is not None
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if column.kind is Kind.RECORD:
        return {part.name: _plain(part, value[part.name]) for part in column.parts}
    if column.kind is Kind.RECORDS:
        return [{part.name: _plain(part, of[part.name]) for part in column.parts} for of in value]
    return value


@pytest.fixture(scope="module")
def read(tabled_export: Path) -> Read:
    return lambda name: rows_of(tabled_export, name)


def test_every_row_is_as_its_line(read: Read, tabled_export: Path) -> None:
    assert_same_records(read, tabled_export)


def test_stays_are_the_history_of_each_copy(read: Read) -> None:
    assert_stays_tell_the_history(read)


def test_sources_and_runs_are_those_of_the_captures(read: Read) -> None:
    assert_crawled_adds_up(read)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_typed_and_described(table: Table, tabled_export: Path) -> None:
    file = pq.ParquetFile(tabled_export / "parquet" / f"{table.name}.parquet")
    schema = file.schema_arrow
    assert schema.metadata[b"description"].decode() == table.about
    assert schema.metadata[b"tables_version"].decode() == f"{TABLES_VERSION}"
    for column in table.columns:
        field = schema.field(column.name)
        assert field.metadata[b"description"].decode() == column.about
        assert field.nullable == column.nullable
        assert str(field.type).startswith(
            {
                Kind.TEXT: "string",
                Kind.INTEGER: "int64",
                Kind.REAL: "double",
                Kind.BOOLEAN: "bool",
                Kind.TIME: "timestamp[us, tz=UTC]",
                Kind.TEXTS: "list<element: string",
                Kind.RECORD: "struct<",
                Kind.RECORDS: "list<element: struct<",
                Kind.COUNTS: "map<string, int64",
                Kind.NAMED: "map<string, string",
            }[column.kind]
        ), column.name
    for group in range(file.num_row_groups):
        for place in range(file.metadata.num_columns):
            assert file.metadata.row_group(group).column(place).compression == "ZSTD"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_name_has_to_be_quoted(table: Table, tabled_export: Path) -> None:
    names = ", ".join(column.name for column in table.columns)
    path = tabled_export / "parquet" / f"{table.name}.parquet"
    for row in select(f"SELECT {names} FROM '{path}'"):
        assert list(row) == [column.name for column in table.columns]


def test_duckdb_joins_the_tables(tabled_export: Path) -> None:
    folder = tabled_export / "parquet"
    found = select(
        f"SELECT reference_id, count(*) AS claims FROM '{folder}/claims.parquet' AS claims"
        f" JOIN '{folder}/readings.parquet' AS readings ON readings.id = claims.reading"
        " GROUP BY reference_id"
    )
    expected: Counter[str] = Counter()
    for line in read_lines(tabled_export / "readings.jsonl"):
        expected[line["reference_id"]] += len(line["claims"])
    assert {row["reference_id"]: row["claims"] for row in found} == expected
    by_tag = select(
        "SELECT tag, count(*) AS cables FROM"
        f" (SELECT unnest(tags) AS tag FROM '{folder}/cables.parquet') GROUP BY tag"
    )
    tags = [tag for line in read_lines(tabled_export / "cables.jsonl") for tag in line["tags"]]
    assert {row["tag"]: row["cables"] for row in by_tag} == Counter(tags)


def test_pandas_reads_every_table(tabled_export: Path) -> None:
    for table in TABLES:
        frame = pd.read_parquet(tabled_export / "parquet" / f"{table.name}.parquet")
        assert list(frame.columns) == [column.name for column in table.columns]
    cables = pd.read_parquet(tabled_export / "parquet" / "cables.parquet").set_index("reference_id")
    for line in read_lines(tabled_export / "cables.jsonl"):
        cable = cables.loc[line["reference_id"]]
        assert (cable.body, list(cable.tags)) == (line["body"], line["tags"])
        assert bool(cable.partial_extract) is line["partial_extract"]
    captures = pd.read_parquet(tabled_export / "parquet" / "captures.parquet")
    assert captures.fetched_at.dt.tz is not None
    lines = read_lines(tabled_export / "captures.jsonl")
    assert list(captures.fetched_at) == [pd.Timestamp(line["fetched_at"]) for line in lines]


def test_odd_texts_come_through(odd_store: SampleStore, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    export(odd_store, tmp_path / "odd", ["parquet"])
    (cable,) = rows_of(tmp_path / "odd", "cables")
    assert cable["body"] == ODD
    frame = pd.read_parquet(tmp_path / "odd" / "parquet" / "cables.parquet")
    assert list(frame.body) == [ODD]


def test_lone_surrogates_are_written_as_in_csv(tabled_store: SampleStore, tmp_path: Path) -> None:
    with snapshot(tabled_store.engine) as stored:
        write_with(stored, tmp_path, "parquet", LONE)
    (cable,) = rows_of(tmp_path, "cables")
    written = LONE.replace("\ud800", "\\ud800")
    assert (cable["subject"], cable["tags"]) == (written, [written])
    assert rows_of(tmp_path, "changes")[0]["after"]["status"] == written


def test_row_groups_are_bounded_and_lose_nothing(
    tabled_store: SampleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, waiting in (("one", 1 << 30), ("many", 100_000)):
        monkeypatch.setattr(parquet, "WAITING_BYTES", waiting)
        (tmp_path / name).mkdir()
        export(tabled_store, tmp_path / name, ["parquet"])
    for table in TABLES:
        one, many = (
            pq.ParquetFile(tmp_path / name / "parquet" / f"{table.name}.parquet")
            for name in ("one", "many")
        )
        assert one.num_row_groups <= 1
        assert one.read().equals(many.read()), table.name
        if table.name in ("cables", "readings", "claims"):
            assert many.num_row_groups > 1


@pytest.mark.corpus
def test_a_real_corpus_is_the_same_in_duckdb_and_pandas(corpus_export: Path) -> None:
    assert_same_spots(lambda name: rows_of(corpus_export, name), corpus_export)
    lines = read_lines(corpus_export / "cables.jsonl")
    cables = pd.read_parquet(corpus_export / "parquet" / "cables.parquet")
    assert len(cables) == len(lines)
    for place in range(10):
        row, line = (of[len(lines) * place // 10] for of in (cables.to_dict("records"), lines))
        assert (row["reference_id"], row["body"], list(row["tags"])) == (
            line["reference_id"],
            line["body"],
            line["tags"],
        )
