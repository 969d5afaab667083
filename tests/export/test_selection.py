"""Exports of some of the cables, and bags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from bagit import Bag

from cablecrawl.fixity.exports import ExportCheck, Touched, find_exports
from cablecrawl.fixity.findings import Report
from cablecrawl.reference_id import year_of
from tests.export.conftest import read_lines
from tests.export.test_command import RunExport, run_export
from tests.export.test_write import read_odd_page
from tests.stores import SampleStore

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
        captured = {(line["source"], line["url"]) for line in read_lines(output / "captures.jsonl")}
        assert copies <= captured
        assert_rests_on_its_captures(output)


def assert_rests_on_its_captures(folder: Path) -> None:
    """Whatever digest of a document or ID of a capture a record names, there is its capture."""
    captures = read_lines(folder / "captures.jsonl")
    ids = {line["capture_id"] for line in captures}
    for line in captures:
        assert {line["revisit_of"], line["robots"]} - {None} <= ids, line["url"]
    named = set()
    for reading in read_lines(folder / "readings.jsonl"):
        named.add(reading["payload_sha256"])
        named.update(claim["payload_sha256"] for claim in reading["claims"])
    assert named <= {line["payload_sha256"] for line in captures}


def test_a_copy_that_another_host_serves_now_has_its_captures_there(
    store: SampleStore, run_export: RunExport
) -> None:
    path = "cable/2009/01/09OSLO9001.html"
    for host, body in (("www.example", "1. (U) Herring."), ("new.example", "1. (U) No herring.")):
        store.crawl("mirror", {path: read_odd_page(body)}, host=host)
    chosen = ("--reference-id", "09OSLO9001")
    assert run_export("--output", "some", *chosen, data_dir=store.data_dir) == 0
    captures = read_lines(Path("some") / "captures.jsonl")
    assert [urlsplit(line["url"]).netloc for line in captures] == ["www.example", "new.example"]
    assert_rests_on_its_captures(Path("some"))


def test_names_may_be_given_one_by_one_or_by_commas(run_export: RunExport, tmp_path: Path) -> None:
    for number, arguments in enumerate(
        (
            ("--year", "2006", "--year", "2007", "--format", "csv", "--format", "jsonl"),
            ("--year", "2006,2007", "--format", "csv,jsonl,"),
        )
    ):
        assert run_export("--output", f"{number}", *arguments) == 0
        assert (tmp_path / f"{number}" / "cables.csv").exists()
    years = {year_of(reference_id) for reference_id in cables(tmp_path / "0")}
    assert years == {2006, 2007}
    assert cables(tmp_path / "0") == cables(tmp_path / "1")


def test_a_tag_with_a_comma_is_one_tag(
    store: SampleStore, run_export: RunExport, tmp_path: Path
) -> None:
    head = "E.O. 12958: N/A\nTAGS: PREL, OVIP (HERRING, OLAF), NO\nSUBJECT: FISH\n\n"
    page = read_odd_page(f"{head}1. (U) Herring.")
    store.crawl("mirror", {"cable/2009/01/09OSLO9001.html": page})
    assert run_export("--output", "all", data_dir=store.data_dir) == 0
    (cable,) = cables(tmp_path / "all").values()
    (tag,) = (tag for tag in cable["tags"] if "," in tag)
    assert run_export("--output", "some", "--tag", tag, data_dir=store.data_dir) == 0
    assert cables(tmp_path / "some") == cables(tmp_path / "all")


def test_names_that_no_cable_has_are_said(
    run_export: RunExport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = ("--reference-id", "06NICOSIA9204,07ASTANA99999", "--tag", "PREL", "--tag", "Nonsense")
    assert run_export("--output", "some", *some) == 0
    assert "no cable has --tag NONSENSE; --reference-id 07ASTANA99999" in capsys.readouterr().err
    selection = json.loads((tmp_path / "some" / "datapackage.json").read_text())["selection"]
    assert selection["unmet"] == {"tag": ["NONSENSE"], "reference_id": ["07ASTANA99999"]}
    assert selection["reference_id"] == ["06NICOSIA9204", "07ASTANA99999"]


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
        (
            ["--origin", "Embassy Atlantis", "--tag", "PREL"],
            "no cable is selected: nothing was written (no cable has --origin embassy atlantis",
        ),
        *(
            ([option, value], f"{option}: is empty; name something, or leave it out")
            for option in ("--origin", "--year", "--tag", "--reference-id", "--since", "--output")
            for value in ("", " ")
        ),
        (["--year", ","], "--year: is empty"),
        (["--format", ""], "--format: is empty"),
        (["--changes-since", "blah"], "--changes-since blah: no run begins so"),
        (["--format", "csv,word"], "--format word: unknown format (one of jsonl, csv"),
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
    (info.parent / "bagit.txt").unlink()
    assert findings() == ["bag bagit.txt"]
