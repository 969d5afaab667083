"""Exports: what is damaged is told from what says so, by three lists that hold each other."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cablecrawl.fixity.findings import Finding, Report
from tests.fixity.conftest import Kept, flip, rewrite

DATA = ("cables.jsonl", "readings.jsonl", "captures.jsonl", "cables.csv")
Flipped = Callable[[Path, int], Report]


def without_line_digests(export: Path) -> None:
    """As exports were before there were digests of lines."""
    shutil.rmtree(export / "fixity")
    (export / "MANIFEST-sha256.txt").unlink()


def line_at(content: bytes, offset: int) -> int:
    return content[:offset].count(b"\n") + 1


def test_a_whole_export_has_no_findings(whole: Kept) -> None:
    report = whole.check()
    assert report.findings == [] and report.notes == []
    assert report.counts["exports"].checked == 1
    lines = sum(len(path.read_bytes().splitlines()) for path in whole.export.glob("*.jsonl"))
    cables = len((whole.export / "cables.jsonl").read_bytes().splitlines())
    assert report.counts["lines of exports"].checked >= lines + cables + 1 - 5


def test_sha256sum_reads_the_list_of_digests(whole: Kept) -> None:
    listed = (whole.export / "MANIFEST-sha256.txt").read_text(encoding="utf-8").splitlines()
    found = {name: digest for digest, name in (line.split("  ") for line in listed)}
    there = {
        path.relative_to(whole.export.resolve()).as_posix(): path
        for path in whole.export.resolve().rglob("*")
        if path.is_file() and path.name != "MANIFEST-sha256.txt"
    }
    assert list(found) == sorted(there, key=lambda name: Path(name))
    assert {"datapackage.json", "fixity/cables.jsonl.txt"} <= set(found)
    for name, path in there.items():
        assert found[name] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_changed_byte_of_a_line_is_named_with_its_record(
    kept: Kept, name: str, share: float
) -> None:
    path = kept.export / name
    content = path.read_bytes()
    offset = int(len(content) * share)
    flip(path, offset)
    finding = kept.finding()
    assert (finding.part, finding.what) == ("export", "line")
    assert finding.file == str(kept.export.resolve() / name)
    assert finding.start is not None and finding.end is not None and finding.line is not None
    assert finding.start <= offset < finding.end
    assert finding.line == line_at(content, finding.start)
    if name.endswith(".jsonl"):
        assert finding.line == line_at(content, offset)
        record = json.loads(content.splitlines()[finding.line - 1])
        if name != "captures.jsonl" and share:
            assert finding.cables == [record["reference_id"]]
    assert finding.exports == [str(kept.export.resolve())]


def test_a_changed_line_end_costs_one_line(kept: Kept) -> None:
    path = kept.export / "cables.jsonl"
    flip(path, path.read_bytes().index(b"\n"))
    assert kept.finding().line == 1


def test_a_changed_quote_of_a_csv_costs_one_record(kept: Kept) -> None:
    path = kept.export / "cables.csv"
    content = path.read_bytes()
    offset = content.index(b'"', len(content) // 2)
    flip(path, offset)
    finding = kept.finding()
    assert finding.start is not None and finding.end is not None
    assert finding.start <= offset < finding.end and finding.end - finding.start < 20_000


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
def test_a_changed_byte_of_the_description_is_found_on_its_line(kept: Kept, share: float) -> None:
    path = kept.export / "datapackage.json"
    content = path.read_bytes()
    offset = int(len(content) * share)
    flip(path, offset)
    finding = kept.finding()
    assert (finding.what, finding.line) == ("line", line_at(content, offset))
    assert finding.file.endswith("datapackage.json")


@pytest.mark.parametrize("about", ["cables.jsonl", "cables.csv", "readings.jsonl"])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.99])
def test_a_changed_digest_of_a_line_is_not_taken_for_a_changed_line(
    kept: Kept, about: str, share: float
) -> None:
    path = kept.export / "fixity" / f"{about}.txt"
    content = path.read_bytes()
    offset = int(len(content) * share)
    flip(path, offset)
    finding = kept.finding()
    assert finding.file.endswith(f"fixity/{about}.txt")
    assert (finding.what, finding.line) == ("line", line_at(content, offset))


def test_every_changed_byte_of_the_list_of_digests_is_found_on_its_line(
    kept: Kept, flipped: Flipped
) -> None:
    path = kept.export / "MANIFEST-sha256.txt"
    content = path.read_bytes()
    for offset in range(0, len(content), 23):
        findings = flipped(path, offset).findings
        line = line_at(content, offset)
        assert any(f.file.endswith(path.name) and f.line in (line, line + 1) for f in findings), (
            offset,
            findings,
        )


def test_a_flip_in_a_digest_is_the_lists_fault_alone(kept: Kept) -> None:
    for name in ("cables.jsonl", "datapackage.json", "fixity/cables.csv.txt"):
        path = kept.export / "MANIFEST-sha256.txt"
        content = path.read_bytes()
        offset = content.index(f"  {name}\n".encode()) - 5
        path.write_bytes(
            content[:offset] + b"0f"[content[offset] == 48 :][:1] + content[offset + 1 :]
        )
        finding = kept.finding()
        assert (finding.what, finding.line) == ("list", line_at(content, offset))
        path.write_bytes(content)


@pytest.mark.parametrize("name", [*DATA, "datapackage.json", "fixity/captures.jsonl.txt"])
def test_a_missing_file_is_named(kept: Kept, name: str) -> None:
    (kept.export / name).unlink()
    finding = kept.finding()
    assert (finding.what, finding.file) == ("missing", str(kept.export.resolve() / name))


def test_a_missing_list_is_named(kept: Kept) -> None:
    (kept.export / "MANIFEST-sha256.txt").unlink()
    assert kept.finding().what == "missing"


def test_a_cut_file_is_named_with_what_it_lacks(kept: Kept) -> None:
    path = kept.export / "readings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))
    assert "3 records are missing at its end" in kept.finding().detail


def test_an_older_export_is_checked_by_its_description(kept: Kept) -> None:
    export = kept.export
    without_line_digests(export)
    assert kept.check().is_well
    path = export / "cables.jsonl"
    content = path.read_bytes()
    flip(path, content.index(b'"body": "') + 20)
    finding = kept.finding()
    assert (finding.what, finding.line) == ("line", 1)
    assert "body_sha256" in finding.detail
    path.write_bytes(content)
    flip(path, content.index(b'"origin": "') + 12)
    finding = kept.finding()
    assert (finding.what, finding.line) == ("digest", None)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda text: text[:-30], "is no JSON"),
        (lambda text: text.replace('"resources": [', '"resourcez": ['), "no list of resources"),
        (
            lambda text: text.replace('"path": "cables.jsonl"', '"path": "cablez.jsonl"'),
            "is not there",
        ),
        (lambda text: text.replace('"bytes": ', '"byteZ": ', 1), "its bytes"),
        (lambda text: text.replace('"record_counts"', '"record_countz"'), "record_counts"),
    ],
)
def test_a_description_that_is_none_is_said_to_be_none(
    kept: Kept, change: Callable[[str], str], said: str
) -> None:
    without_line_digests(kept.export)
    path = kept.export / "datapackage.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    details = [finding.detail for finding in kept.check().findings]
    assert any(said in detail for detail in details), details


def test_a_number_that_the_files_do_not_have_is_found_in_an_older_export(kept: Kept) -> None:
    without_line_digests(kept.export)
    path = kept.export / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    package["record_counts"]["cables"] += 1
    path.write_text(json.dumps(package), encoding="utf-8")
    assert all("records; it has" in finding.detail for finding in kept.check().findings)
    assert not kept.check().is_well


def test_latest_that_leads_nowhere_is_named(kept: Kept) -> None:
    kept.export.unlink()
    kept.export.symlink_to("20261231T000000Z")
    assert kept.finding().file.endswith("exports/latest")


def test_what_is_no_export_and_what_is_being_written_is_left_alone(kept: Kept) -> None:
    exports = kept.folder / "exports"
    (exports / ".export-1.unfinished").mkdir()
    (exports / ".export-1.unfinished" / "cables.jsonl").write_bytes(b"{")
    (exports / "notes").mkdir()
    (exports / "notes" / "todo.txt").touch()
    assert kept.check().is_well


def test_a_file_beside_the_others_is_noted(kept: Kept) -> None:
    (kept.export / "README.txt").touch()
    report = kept.check()
    assert report.is_well
    assert len(report.notes) == 1 and "README.txt" in report.notes[0]


def test_an_export_that_cannot_be_read_is_a_finding(kept: Kept) -> None:
    (kept.export / "cables.jsonl").unlink()
    (kept.export / "cables.jsonl").mkdir()
    findings: list[Finding] = kept.check().findings
    assert any(finding.part == "export" for finding in findings)


def test_damage_of_a_capture_names_every_export_that_has_it(kept: Kept) -> None:
    exports = kept.folder / "exports"
    shutil.copytree(kept.export, exports / "20261122T000000Z")
    ((warc, offset),) = kept.query("SELECT warc, offset FROM capture WHERE id = 9")
    flip(kept.data_dir / "warc" / warc, offset + 30)
    assert sorted(kept.finding().exports) == [
        str(exports / "20261121T190000Z"),
        str(exports / "20261122T000000Z"),
    ]
    rewrite(exports / "20261122T000000Z" / "captures.jsonl", b"")
