"""WARC files: one changed byte anywhere is found, and said to be where it is."""

from __future__ import annotations

import os
import stat
import tracemalloc
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from cablecrawl.capture import Location, read_members, read_response
from cablecrawl.capture.exchange import encode_record
from cablecrawl.capture.members import Member
from cablecrawl.fixity.findings import Report
from cablecrawl.fixity.headers import headers_of
from cablecrawl.fixity.warcs import WarcCheck, warc_files
from tests.capture.exchanges import failure, page, write
from tests.fixity.conftest import Kept, flip, rewrite

RUN = "20101222T083000Z"
BODY = b"<pre>" + b" 1. (C) The tram without doors. " * 20 + b"</pre>"


def check(folder: Path) -> Report:
    """The files alone, without a database."""
    report = Report()
    WarcCheck(folder, None, report).run(warc_files(folder))
    return report


def write_file(folder: Path) -> Path:
    """Four exchanges: with a response, without, rendered from one, and another."""
    rendered = replace(
        page(5, b"<p>As shown</p>"),
        request_block=b"",
        response_head=b"",
        status=None,
        rendered_from=page(1).capture_id,
        flags=("rendered",),
    )
    exchanges = (page(1, BODY), failure(2), rendered, page(3))
    return write(folder, *exchanges, run_id=RUN)


def test_a_whole_file_has_no_findings(tmp_path: Path) -> None:
    write_file(tmp_path)
    report = check(tmp_path)
    assert report.findings == [] and report.notes == []
    counts = {kind: (count.checked, count.failed) for kind, count in report.counts.items()}
    assert counts == {
        "lines of manifests": (1, 0),
        "WARC files": (1, 0),
        "WARC records": (11, 0),
        "exchanges": (4, 0),
    }


def test_every_changed_byte_of_a_file_is_found_in_the_member_that_has_it(tmp_path: Path) -> None:
    """Time, flags and system of a gzip header too, and the bits that fill up a member's end."""
    path = write(tmp_path, page(1, BODY), failure(2), run_id=RUN)
    content = path.read_bytes()
    members = list(read_members(path))
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    for member in members:
        for at in range(member.offset, member.end):
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            path.write_bytes(changed)
            (finding,) = check(tmp_path).findings
            assert finding.file == str(path)
            assert finding.start is not None and finding.end is not None
            assert member.offset <= finding.start <= at < finding.end <= member.end, at
            assert finding.what in ("damaged", "truncated", "gzip")


def test_without_a_digest_only_bytes_of_gzips_own_can_change_unnoticed(tmp_path: Path) -> None:
    """A file that is still being written is in no list: its records are checked, and no more."""
    path = write(tmp_path, page(1, BODY), failure(2), run_id=RUN, seal=False)
    content = path.read_bytes()
    unnoticed = set()
    for member in read_members(path):
        for at in range(member.offset, member.end):
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            path.write_bytes(changed)
            if not check(tmp_path).findings:
                unnoticed.add(at - member.offset if at < member.offset + 10 else at - member.end)
    header = {*range(3, 10)}  # flags, time, what it was compressed with, and on
    last_of_deflate = {-9}
    assert unnoticed <= header | last_of_deflate
    assert {4, 5, 6, 7, 8, 9} <= unnoticed


@pytest.mark.parametrize("kind", ["metadata", "request", "response"])
def test_a_damaged_record_is_named_with_its_capture_and_the_others_stay_readable(
    kept: Kept, kind: str
) -> None:
    path = kept.warcs[0]
    members = list(read_members(path))
    at = next(i for i, m in enumerate(members[30:], 30) if m.kind == kind)
    hit = members[at]
    response = next(member for member in members[at:] if member.kind == "response")
    capture_id = response.headers["warc-record-id"][1:-1]
    flip(path, hit.offset + hit.length // 2)

    finding = kept.finding()
    assert (finding.part, finding.what) == ("warc", "damaged")
    assert (finding.start, finding.end) == (hit.offset, hit.end)
    assert finding.captures == [capture_id]
    assert finding.records == [hit.headers["warc-record-id"][1:-1]]
    assert finding.urls == [response.headers["warc-target-uri"]]
    assert finding.sources == ["mirror"]
    assert finding.exports == [str(kept.export.resolve())]
    assert finding.cables == sorted(
        row[0]
        for row in kept.query(
            "SELECT DISTINCT reference_id FROM witness JOIN sighting ON sighting.witness ="
            " witness.id JOIN capture ON capture.id = sighting.capture WHERE capture_id = ?",
            capture_id,
        )
    )

    others = [member for member in members if member.kind == "response" and member is not hit]
    for member in others:
        location = Location(path.name, member.offset, member.length)
        head, payload = read_response(path.parent, location, verify=True)
        assert head + payload == member.block


def test_the_cables_that_rest_on_a_damaged_page_are_named(kept: Kept) -> None:
    ((warc, offset, length, reference_id),) = kept.query(
        "SELECT warc, offset, length, reference_id FROM capture"
        " JOIN sighting ON sighting.capture = capture.id"
        " JOIN witness ON witness.id = sighting.witness ORDER BY capture.id LIMIT 1 OFFSET 3"
    )
    flip(kept.data_dir / "warc" / warc, offset + length // 2)
    finding = kept.finding(claims=None)
    assert finding.cables == [reference_id]
    assert finding.exports == [str(kept.export.resolve())]


def test_a_copy_of_the_same_body_is_pointed_to(kept: Kept) -> None:
    """The same build was crawled from two sources."""
    ((warc, offset, length, sha),) = kept.query(
        "SELECT warc, offset, length, payload_sha256 FROM capture WHERE url LIKE '%/cable/%'"
        " ORDER BY id LIMIT 1"
    )
    flip(kept.data_dir / "warc" / warc, offset + length // 2)
    others = kept.query(
        "SELECT warc, offset FROM capture WHERE payload_sha256 = ? AND (warc, offset) != (?, ?)",
        *(sha, warc, offset),
    )
    advice = kept.finding().advice
    assert any(f"stands in {name} at byte {place} too" in advice for name, place in others)


def test_damage_over_several_exchanges_names_each(kept: Kept) -> None:
    path = kept.warcs[1]
    rows = kept.query(
        "SELECT capture_id, offset, length FROM capture WHERE warc = ? ORDER BY offset LIMIT 3"
        " OFFSET 4",
        path.name,
    )
    content = bytearray(path.read_bytes())
    start, end = rows[0][1] + 20, rows[2][1] + 20
    content[start:end] = b"\xff" * (end - start)
    rewrite(path, bytes(content))
    finding = kept.finding()
    assert finding.captures == [row[0] for row in rows]
    assert (finding.start, finding.end) == (rows[0][1], rows[2][1] + rows[2][2])


def test_reading_goes_on_behind_damage_without_a_database(kept: Kept) -> None:
    path = kept.warcs[0]
    members = list(read_members(path))
    for at in (7, 20, 21, 60):
        flip(path, members[at].offset + members[at].length // 2)
    report = check(path.parent)
    assert [(f.start, f.end) for f in report.findings] == [
        (members[7].offset, members[7].end),
        (members[20].offset, members[21].end),
        (members[60].offset, members[60].end),
    ]
    assert [f.records for f in report.findings if f.start == members[60].offset] == [
        [members[60].headers["warc-record-id"][1:-1]]
    ]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_a_truncated_file_names_what_was_behind(kept: Kept, share: float) -> None:
    path = kept.warcs[0]
    size = int(path.stat().st_size * share)
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    os.truncate(path, size)
    behind = kept.query(
        "SELECT capture_id FROM capture WHERE warc = ? AND offset + length > ? ORDER BY offset",
        *(path.name, size),
    )
    finding = kept.finding()
    assert finding.what == "truncated"
    assert f"the file ends at byte {size}" in finding.detail
    assert finding.captures == [row[0] for row in behind]


def test_a_file_cut_between_two_exchanges_names_what_was_behind(kept: Kept) -> None:
    path = kept.warcs[0]
    ((end,),) = kept.query(
        "SELECT offset + length FROM capture WHERE warc = ? ORDER BY offset LIMIT 1 OFFSET 9",
        path.name,
    )
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    os.truncate(path, end)
    finding = kept.finding()
    assert (finding.what, finding.start) == ("truncated", end)
    behind = kept.query(
        "SELECT capture_id FROM capture WHERE warc = ? AND offset > ?", path.name, end
    )
    assert sorted(finding.captures) == sorted(row[0] for row in behind)


def test_a_missing_file_names_its_captures_and_cables(kept: Kept) -> None:
    path = kept.warcs[-1]
    path.unlink()
    finding = kept.finding()
    assert (finding.what, finding.file) == ("missing", str(path))
    captures = kept.query("SELECT capture_id FROM capture WHERE warc = ?", path.name)
    assert sorted(finding.captures) == sorted(row[0] for row in captures)
    assert len(finding.cables) == 7 and finding.sources == ["other"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = {}
    for exchanges in (20, 100, 1000):  # a first one to load what is loaded once
        folder = tmp_path / f"{exchanges}"
        write(folder, *(page(number, BODY) for number in range(exchanges)), run_id=RUN)
        tracemalloc.start()
        try:
            assert check(folder).is_well
            peaks[exchanges] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peaks[1000] < 1.2 * peaks[100], peaks


# ------------------------------------------------------------------- the manifest


def test_every_changed_byte_of_the_manifest_is_found_on_its_line(kept: Kept) -> None:
    path = kept.data_dir / "warc" / "MANIFEST-sha256.txt"
    content = path.read_bytes()
    # Every byte of the middle line, and the line ends: 300 checks of the store would take long.
    for at in (*range(70, 96), 163, 164, len(content) - 1):
        flip(path, at)
        findings = kept.check().findings
        flip(path, at)
        line = content[:at].count(b"\n") + 1
        assert findings, at
        assert any(f.file == str(path) and f.line in (line, line + 1) for f in findings), at


def test_a_file_that_is_not_listed_is_named(kept: Kept) -> None:
    manifest = kept.data_dir / "warc" / "MANIFEST-sha256.txt"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(lines[1:]))
    finding = kept.finding()
    assert (finding.what, finding.file) == ("unlisted", str(kept.warcs[0]))


def test_another_file_under_a_files_name_is_not_taken_for_a_damaged_line(kept: Kept) -> None:
    first, second, _ = kept.warcs
    records = list(read_members(first))
    rewrite(first, first.read_bytes()[: records[-1].offset])  # a whole record less
    report = kept.check()
    assert {f.what for f in report.findings} == {"truncated"}
    rewrite(second, second.read_bytes() + encode_like(list(read_members(second))[0], {}))
    assert "digest" in {f.what for f in kept.check().findings}


# ------------------------------------------------------------------- records that are whole


def encode_like(member: Member, changed: dict[str, str]) -> bytes:
    """A record with other headers and right checksums, as somebody with tools could write it."""
    headers = [(name, changed.get(name, value)) for name, value in headers_of(member)]
    values = dict(headers)
    return encode_record(
        values["WARC-Type"],
        values["WARC-Record-ID"][1:-1],
        values["WARC-Date"],
        headers[3:-2],
        [member.block],
    )


@pytest.mark.parametrize(
    "header, value",
    [
        ("WARC-Target-URI", "http://mirror.example/another.html"),
        ("WARC-Payload-Digest", f"sha256:{sha256(b'').hexdigest()}"),
        ("WARC-Concurrent-To", "<urn:uuid:00000000-0000-4000-8000-000000000000>"),
        ("WARC-IP-Address", "192.0.2.8"),
        ("WARC-Date", "2010-12-22T08:30:02.000000Z"),
        ("Content-Type", "text/html"),
    ],
)
def test_a_header_rewritten_with_its_checksum_is_found(
    tmp_path: Path, header: str, value: str
) -> None:
    path = write(tmp_path, page(1), page(2), run_id=RUN, seal=False)
    content = path.read_bytes()
    member = [member for member in read_members(path) if member.kind == "response"][0]
    new = encode_like(member, {header: value})
    path.write_bytes(content[: member.offset] + new + content[member.end :])
    (finding,) = check(tmp_path).findings
    assert (finding.what, finding.start) == ("header", member.offset)
    assert header in finding.detail and value in finding.detail
    assert finding.records == [member.headers["warc-record-id"][1:-1]]


def test_a_record_that_was_taken_out_is_missed(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2), page(3), run_id=RUN, seal=False)
    content = path.read_bytes()
    for member in list(read_members(path)):
        path.write_bytes(content[: member.offset] + content[member.end :])
        whats = {finding.what for finding in check(tmp_path).findings}
        is_last = member.end == len(content)
        assert whats == ({"truncated"} if is_last else {"header"}), member.offset
    path.write_bytes(content)
    assert check(tmp_path).is_well


def test_records_of_another_run_are_named(tmp_path: Path) -> None:
    write(tmp_path, page(1), run_id="20101223T000000Z", seal=False)
    details = [finding.detail for finding in check(tmp_path).findings]
    assert any("it is of run 20101222T083000Z" in detail for detail in details)


# ------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    "column, value",
    [
        ("status", 404),
        ("url", "http://mirror/elsewhere.html"),
        ("outcome", "timeout"),
        ("fetched_at", "2026-11-21T18:01:03.000000Z"),
        ("payload_sha256", "0" * 64),
        ("payload_length", 1),
        ("length", 17),
        ("via", None),
        ("flags", "rendered"),
    ],
)
def test_a_row_that_does_not_say_what_its_record_says_is_named(
    kept: Kept, column: str, value: object
) -> None:
    kept.query(f"UPDATE capture SET {column} = ? WHERE id = 5", value)
    findings = [f for f in kept.check().findings if f.table == "capture"]
    assert [(f.part, f.row) for f in findings] == [("database", 5)]
    assert findings[0].detail.startswith(f"{column} is {value!r}, and ")


def test_a_row_that_points_elsewhere_is_told_where_its_record_is(kept: Kept) -> None:
    ((offset,),) = kept.query("SELECT offset FROM capture WHERE id = 5")
    kept.query("UPDATE capture SET offset = offset + 1 WHERE id = 5")
    finding = kept.finding()
    assert (finding.part, finding.table, finding.row) == ("database", "capture", 5)
    assert f"at byte {offset + 1}; it is in {kept.warcs[0].name} at byte {offset}" in finding.detail
    kept.query("UPDATE capture SET offset = ?, warc = ? WHERE id = 5", offset, kept.warcs[1].name)
    assert "it is in" in kept.finding().detail


def test_exchanges_without_a_row_are_counted(kept: Kept) -> None:
    """Those of index pages: nothing else in the database rests on them."""
    kept.query("DELETE FROM listing")
    kept.query("DELETE FROM index_page")
    ((deleted,),) = kept.query("SELECT count(*) FROM capture WHERE url LIKE '%/reldate/%'")
    kept.query("DELETE FROM capture WHERE url LIKE '%/reldate/%'")
    findings = kept.check().findings
    assert {f.what for f in findings} == {"no row"}
    assert sum(len(f.captures) for f in findings) == deleted


# ------------------------------------------------------------------- a run under way


def test_what_a_run_has_not_committed_is_not_called_damaged(kept: Kept) -> None:
    sealed = kept.warcs[0]
    name = sealed.name
    manifest = sealed.parent / "MANIFEST-sha256.txt"
    kept_lines = [line for line in manifest.read_text().splitlines() if not line.endswith(name)]
    manifest.write_text("".join(f"{line}\n" for line in kept_lines))
    size = sealed.stat().st_size
    path = sealed.rename(sealed.with_name(f"{name}.open"))
    rewrite(path, path.read_bytes() + b"\x1f\x8b\x08 half a record")
    report = kept.check()
    assert report.findings == []
    assert len(report.notes) == 1 and f"behind byte {size} are not committed" in report.notes[0]


def test_damage_in_the_committed_part_of_an_open_file_is_found(kept: Kept) -> None:
    sealed = kept.warcs[0]
    members = list(read_members(sealed))
    path = sealed.rename(sealed.with_name(f"{sealed.name}.open"))
    flip(path, members[12].offset + 30)
    finding = kept.finding()
    assert (finding.start, finding.end) == (members[12].offset, members[12].end)


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    write_file(tmp_path)
    (tmp_path / "20101222T083000Z-00002.warc.gz").mkdir()
    whats = {finding.what for finding in check(tmp_path).findings}
    assert "unreadable" in whats
