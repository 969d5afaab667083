"""Cables as plain text: what is in the files, and that what reads such folders reads them."""

from __future__ import annotations

import csv
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, cast

import pytest

from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import Target
from cablecrawl.export.read import Snapshot
from cablecrawl.export.text import TextWriter
from cablecrawl.export.tree import Tree
from cablecrawl.fixity.exports import ExportCheck, Touched
from cablecrawl.fixity.findings import Report
from tests.collation.readings import cable_of
from tests.export.conftest import contents, export, read_lines
from tests.export.test_lines import undo
from tests.stores import SampleStore

FORMATS = ("jsonl", "text")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Path:
    return export(demo_store, tmp_path_factory.mktemp("text"), FORMATS)


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "text" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [{name: undo(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_every_cable_has_a_file_with_its_header_and_body(folder: Path) -> None:
    cables = read_lines(folder / "cables.jsonl")
    rows = manifest(folder)
    assert [row["reference_id"] for row in rows] == [cable["reference_id"] for cable in cables]
    assert len(list((folder / "text").rglob("*.txt"))) == len(cables) > 5
    for row, cable in zip(rows, cables, strict=True):
        content = (folder / row["path"]).read_bytes()
        assert sha256(content).hexdigest() == row["sha256"]
        parts = [part for part in (cable["header"], cable["body"]) if part]
        assert content.decode("utf-8") == "\n\n".join(parts) + "\n"
        assert {name: row[name] or None for name in ("created", "subject", "origin")} == {
            name: cable[name] for name in ("created", "subject", "origin")
        }
        chosen = [copy for copy in cable["witnesses"] if copy["relation"] == "chosen"]
        assert [(row["source"], row["url"])] == [(copy["source"], copy["url"]) for copy in chosen]


def test_grep_finds_what_a_cable_says(folder: Path) -> None:
    cable = read_lines(folder / "cables.jsonl")[0]
    line = max(cable["body"].splitlines(), key=len)
    found = subprocess.run(
        ["grep", "--recursive", "--files-with-matches", "--fixed-strings", line, "text"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    (row,) = [row for row in manifest(folder) if row["reference_id"] == cable["reference_id"]]
    assert row["path"] in found.stdout.splitlines()


def test_the_files_lie_in_a_folder_a_year(folder: Path) -> None:
    for row in manifest(folder):
        path = PurePosixPath(row["path"])
        assert path.parts[0] == "text"
        assert path.parts[1][2:] == row["reference_id"][:2]
        assert path.name == f"{row['reference_id']}.txt"


def test_the_same_store_gives_the_same_files(
    folder: Path, demo_store: SampleStore, tmp_path: Path
) -> None:
    assert contents(export(demo_store, tmp_path, FORMATS)) == contents(folder)


def test_a_name_is_one_on_every_system_and_no_two_differ_only_by_case(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "text", ".txt")
    odd = ["07A/../B1", "07a/../b1", "07A\\B:1", "07A\ud800", "07CON", "07ST. P1"]
    paths = [tree.add(name, b"").path for name in odd]
    tree.finish()
    assert len({path.casefold() for path in paths}) == len(odd)
    for path in paths:
        assert len(PureWindowsPath(path).parts) == 3
        assert not PureWindowsPath(path).is_reserved()
        assert not set(path) & set('<>:"\\|?*')
        assert (tmp_path / path).is_file()


def test_a_lone_surrogate_is_written_as_an_escape(tmp_path: Path) -> None:
    stored = cable_of("a\ud800\r\nb\0")
    exported = ExportedCable(stored, cast(Snapshot, None), lambda _: None, cast(Any, None))
    with TextWriter(Target(tmp_path, cast(Snapshot, None), False)) as writer:
        writer.add_cable(exported)
        writer.finish()
    (row,) = manifest(tmp_path)
    assert (tmp_path / row["path"]).read_bytes() == b"a\\ud800\r\nb\0\n"


def test_a_changed_file_of_the_tree_is_found(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "export"))
    row = manifest(copy)[0]
    with (copy / row["path"]).open("ab") as file:
        file.write(b"more\n")
    (copy / "text" / "2007").mkdir(exist_ok=True)
    (copy / "text" / "2007" / "stray.txt").touch()
    report = Report()
    ExportCheck(copy, report, Touched([])).run()
    assert [(finding.what, finding.file) for finding in report.findings] == [
        ("digest", str(copy / row["path"]))
    ]
    assert [note for note in report.notes if "stray.txt" in note]
