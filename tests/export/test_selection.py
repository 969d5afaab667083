"""Exports of some of the cables, and bags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bagit import Bag

from cablecrawl.fixity.exports import ExportCheck, Touched, find_exports
from cablecrawl.fixity.findings import Report
from cablecrawl.reference_id import year_of
from tests.export.conftest import read_lines
from tests.export.test_command import RunExport, run_export

__all__ = ["run_export"]


def cables(folder: Path) -> dict[str, dict[str, Any]]:
    return {line["reference_id"]: line for line in read_lines(folder / "cables.jsonl")}


@pytest.fixture
def whole(demo_export: Path) -> dict[str, dict[str, Any]]:
    return cables(demo_export)


def test_cables_are_selected_by_year_origin_tag_and_id(
    run_export: RunExport, tmp_path: Path, whole: dict[str, dict[str, Any]]
) -> None:
    some = next(iter(whole.values()))
    tag = some["tags"][0]
    year = year_of(some["reference_id"])
    for number, (arguments, expected) in enumerate(
        (
            (("--year", f"{year}"), {i for i in whole if year_of(i) == year}),
            (("--year", "1966-2010"), set(whole)),
            (
                ("--origin", some["origin"].lower()),
                {i for i, cable in whole.items() if cable["origin"] == some["origin"]},
            ),
            (("--tag", tag.lower()), {i for i, cable in whole.items() if tag in cable["tags"]}),
            (("--reference-id", f"{some['reference_id'].lower()},"), {some["reference_id"]}),
            (
                ("--tag", tag, "--year", f"{year}"),
                {i for i, c in whole.items() if tag in c["tags"] and year_of(i) == year},
            ),
        )
    ):
        output = tmp_path / f"desk-{number}"
        assert run_export("--output", str(output), *arguments) == 0
        assert {i: whole[i] for i in expected} == cables(output)
        copies = {(copy["source"], copy["url"]) for i in expected for copy in whole[i]["witnesses"]}
        captures = read_lines(output / "captures.jsonl")
        assert {(capture["source"], capture["url"]) for capture in captures} == copies


def test_an_export_of_some_cables_says_so_and_is_not_the_latest(
    run_export: RunExport, tmp_path: Path
) -> None:
    assert run_export() == 0
    latest = (tmp_path / "exports" / "latest").resolve()
    assert run_export("--year", "2006") == 0
    assert (tmp_path / "exports" / "latest").resolve() == latest
    (other,) = set((tmp_path / "exports").glob("2*")) - {latest}
    assert json.loads((other / "datapackage.json").read_text())["selection"]["year"] == [2006]
    assert json.loads((latest / "datapackage.json").read_text())["selection"] is None


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--year", "07"], "--year 07: is no year, nor two (2007 or 2005-2007)"),
        (["--year", "2007-2005"], "--year 2007-2005: ends before it begins"),
        (["--reference-id", "x"], "--reference-id x: is no reference ID, such as 07ASTANA1033"),
        (["--origin", "Embassy Atlantis"], "no cable is selected: nothing was written"),
        (["--since", "2026", "--changes-since", "2026"], "--since and --changes-since: give one"),
        (["--format", "bag"], "--format bag: names no format to put into the bag"),
    ],
)
def test_a_selection_that_cannot_be_made_is_said_in_one_line(
    run_export: RunExport,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    assert run_export(*arguments) == 1
    assert capsys.readouterr().err.startswith(f"scrapy export: {said}")
    assert list(tmp_path.glob("exports/*")) == []


def test_a_bag_is_valid_and_has_the_export_in_it(
    run_export: RunExport, tmp_path: Path, demo_export: Path
) -> None:
    for name in ("one", "other"):
        assert run_export("--output", name, "--format", "jsonl,csv,bag") == 0
    bag = Bag(str(tmp_path / "one"))
    assert bag.validate()
    inside = {path.relative_to(demo_export) for path in demo_export.rglob("*") if path.is_file()}
    assert {Path(path).relative_to("data") for path in bag.payload_files()} == inside
    for path in (tmp_path / "one").rglob("*.txt"):
        twin = tmp_path / "other" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == twin.read_bytes()


def test_a_bag_is_checked_as_other_exports_are_and_its_own_lists_too(
    run_export: RunExport, tmp_path: Path
) -> None:
    def findings() -> list[str]:
        report = Report()
        (folder,) = find_exports(tmp_path / "exports")
        ExportCheck(folder, report, Touched([])).run()
        return [f"{finding.what} {Path(finding.file).name}" for finding in report.findings]

    assert run_export("--format", "csv,bag") == 0
    assert findings() == []
    info = tmp_path / "exports" / "latest" / "bag-info.txt"
    info.write_bytes(info.read_bytes().replace(b"cables", b"fables"))
    assert findings() == ["bag bagit.txt"]
