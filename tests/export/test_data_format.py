"""DATA_FORMAT.md is what the code says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cablecrawl.export.bag import BAG, make_bag
from cablecrawl.export.data_format import data_format
from cablecrawl.export.formats import FORMATS
from cablecrawl.fixity.digests import write_digests
from tests.crawling import PROJECT, run_python

DOCUMENT = PROJECT / "DATA_FORMAT.md"


def test_it_is_up_to_date() -> None:
    said = DOCUMENT.read_text(encoding="utf-8")
    assert said == data_format(), "`make docs` writes it again"


def test_the_module_prints_it() -> None:
    printed = run_python(["-m", "cablecrawl.export.data_format"])
    assert (printed.status, printed.stdout) == (0, data_format())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_section(name: str) -> None:
    section = sections()[name]
    about = FORMATS[name].about
    assert about[1:] in section
    for part in FORMATS[name].describe():
        assert f"### {part.name}\n\n{part.about}\n" in section
        assert len({each.name for each in part.properties}) == len(part.properties)
        for each in part.properties:
            assert f"| `{each.name}` |" in section
            assert each.type and each.about


def test_every_property_of_the_files_has_a_row(tabled_export: Path) -> None:
    lines = rows("jsonl")
    for path in tabled_export.glob("*.jsonl"):
        (line, *_) = path.read_text(encoding="utf-8").splitlines()
        assert lines[path.name] == list(json.loads(line))
    of_tables = rows("sqlite")
    with closing(sqlite3.connect(tabled_export / "cables.sqlite")) as db:
        for (table,) in db.execute("SELECT name FROM pragma_table_list WHERE type = 'table'"):
            if not table.startswith("sqlite_"):
                columns = [column for _, column, *_ in db.execute(f"PRAGMA table_info({table})")]
                assert of_tables[f"cables.sqlite: {table}"] == columns
    of_files = rows("parquet")
    for path in (tabled_export / "parquet").iterdir():
        assert of_files[f"parquet/{path.name}"] == pq.read_schema(path).names


def test_every_file_of_a_bag_is_told_and_every_label_in_it(tmp_path: Path) -> None:
    write_digests(tmp_path, {})
    make_bag(tmp_path, None)
    of_bag = rows(BAG)
    there = [f"{path.name}/" if path.is_dir() else path.name for path in tmp_path.iterdir()]
    assert sorted(of_bag) == sorted(there)
    for name in ("bagit.txt", "bag-info.txt"):
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        assert of_bag[name] == [line.partition(":")[0] for line in lines]


def sections() -> dict[str, str]:
    """The document's sections, by heading."""
    _, *parts = DOCUMENT.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0]: f"{part}\n" for part in parts}


def rows(name: str) -> dict[str, list[str]]:
    """The properties listed in a format's section, by the heading above them."""
    _, *parts = sections()[name].split("\n### ")
    return {
        part.partition("\n")[0]: [
            name
            for name in (line.split("`")[1] for line in part.splitlines() if line[:3] == "| `")
            if "." not in name  # a part of a record in a cell
        ]
        for part in parts
    }
