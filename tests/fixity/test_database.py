"""The database: every digest in it, and what must hold between its rows."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.fixity.conftest import Kept, flip

DATABASE = "cablecrawl.sqlite"


def test_a_changed_byte_of_a_readings_text_is_found(kept: Kept) -> None:
    path = kept.data_dir / DATABASE
    ((row, witness, body, sha256),) = kept.query(
        "SELECT id, witness, body, sha256 FROM reading ORDER BY id LIMIT 1 OFFSET 4"
    )
    kept.query("VACUUM")
    content = path.read_bytes()
    # A page of the file holds 4 KB of a text at most.
    offset = content.index(body.encode()[200:260])
    flip(path, offset + 20)
    ((reference_id,),) = kept.query("SELECT reference_id FROM witness WHERE id = ?", witness)
    finding = kept.finding()
    assert (finding.part, finding.what) == ("database", "text")
    assert (finding.table, finding.row) == ("reading", row)
    assert finding.cables == [reference_id]
    assert finding.readings == [sha256]
    assert finding.exports == [str(kept.export.resolve())]
    assert "the text is damaged" in finding.detail and "the body is damaged" in finding.detail


def test_a_text_that_is_no_utf_8_any_more_is_found(kept: Kept) -> None:
    path = kept.data_dir / DATABASE
    ((body,),) = kept.query("SELECT body FROM reading ORDER BY id LIMIT 1 OFFSET 4")
    kept.query("VACUUM")
    flip(path, path.read_bytes().index(body.encode()[200:260]) + 20, bit=7)
    finding = kept.finding(claims=None)
    assert (finding.table, finding.what) == ("reading", "text")


def test_a_changed_digest_is_told_from_a_changed_text(kept: Kept) -> None:
    ((row, digest),) = kept.query("SELECT id, sha256 FROM reading ORDER BY id LIMIT 1")
    changed = ("1" if digest[0] == "0" else "0") + digest[1:]
    kept.query("UPDATE reading SET sha256 = ? WHERE id = ?", changed, row)
    assert "the stored digest is damaged" in kept.finding().detail


@pytest.mark.parametrize("part", ["header", "body"])
def test_a_changed_claim_of_a_text_is_found(kept: Kept, part: str) -> None:
    kept.query(
        "UPDATE claim SET value = ? WHERE id = (SELECT min(id) FROM claim WHERE field = ?)",
        *("0" * 64, part),
    )
    finding = kept.finding()
    assert finding.what == "text" and f"its {part} has SHA-256" in finding.detail


@pytest.mark.parametrize("column", ["start", "end"])
def test_a_changed_place_of_a_claim_is_found_by_the_length_of_its_quote(
    kept: Kept, column: str
) -> None:
    ((row, reference_id, field),) = kept.query(
        "SELECT claim.id, reference_id, field FROM claim JOIN reading ON reading.id = reading"
        " JOIN witness ON witness.id = witness WHERE field = 'created' LIMIT 1"
    )
    kept.query(f'UPDATE claim SET "{column}" = "{column}" + 64 WHERE id = ?', row)
    finding = kept.finding()
    assert (finding.what, finding.table, finding.row) == ("place", "claim", row)
    assert (finding.cables, finding.field) == ([reference_id], field)
    assert finding.exports == [str(kept.export.resolve())]


@pytest.mark.parametrize(
    "sql, table",
    [
        ("UPDATE reading SET witness = 10000 WHERE id = 3", "reading"),
        ("UPDATE sighting SET reading = 1 WHERE id = 5", "sighting"),
        ("UPDATE sighting SET event = 'back' WHERE id = 5", "sighting"),
        ("UPDATE witness SET url = 'http://mirror/elsewhere' WHERE id = 2", "witness"),
        ("UPDATE witness SET locator = '/elsewhere' WHERE id = 2", "witness"),
        ("UPDATE witness SET stated_id = '09OSLO1' WHERE id = 2", "witness"),
        ("DELETE FROM claim WHERE reading = 2", "reading"),
        ("DELETE FROM sighting WHERE witness = 2", "witness"),
        ("UPDATE claim SET capture = (SELECT max(id) FROM capture) WHERE id = 7", "claim"),
        ("UPDATE claim SET quote = NULL, start = NULL WHERE id = 7", "claim"),
        ("DELETE FROM step WHERE id = 1", "claim"),
    ],
)
def test_rows_that_do_not_fit_together_are_named(kept: Kept, sql: str, table: str) -> None:
    kept.query(sql)
    findings = kept.check().findings
    assert findings and all(finding.part == "database" for finding in findings)
    assert table in {finding.table for finding in findings}


def test_a_database_of_another_version_is_not_read(kept: Kept) -> None:
    kept.query("PRAGMA user_version = 7")
    finding = kept.finding()
    assert (finding.part, finding.what) == ("database", "version")
    assert "version 7" in finding.detail


def test_a_damaged_page_of_the_database_is_found_and_the_files_are_checked(kept: Kept) -> None:
    path = kept.data_dir / DATABASE
    kept.query("VACUUM")
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 5 * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(content)
    report = kept.check()
    assert {finding.part for finding in report.findings} == {"database"}
    assert report.counts["WARC files"].checked == 3


@pytest.mark.parametrize("content", [b"", b"a letter, and no database\n" * 100])
def test_a_file_that_is_no_database_is_a_finding(kept: Kept, content: bytes) -> None:
    for path in kept.data_dir.glob(f"{DATABASE}*"):
        path.unlink()
    (kept.data_dir / DATABASE).write_bytes(content)
    report = kept.check()
    assert [finding.part for finding in report.findings] == ["database"]
    assert report.counts["exchanges"].checked > 0


def test_a_lost_database_is_a_finding(kept: Kept) -> None:
    for path in kept.data_dir.glob(f"{DATABASE}*"):
        path.unlink()
    finding = kept.finding()
    assert (finding.what, finding.detail) == ("unreadable", "is not there")
    assert "scrapy reparse" in finding.advice


def test_what_a_killed_run_left_in_the_log_is_read_and_stays_there(kept: Kept) -> None:
    """Rows that are committed in the write-ahead log alone."""
    path = kept.data_dir / DATABASE
    db = sqlite3.connect(path)
    db.execute("UPDATE capture SET status = 410 WHERE id = 5")
    db.commit()
    for name in (DATABASE, f"{DATABASE}-wal"):
        shutil.copy(kept.data_dir / name, kept.folder / name)
    db.close()
    for name in (DATABASE, f"{DATABASE}-wal"):
        shutil.copy(kept.folder / name, kept.data_dir / name)
    before = {p: p.read_bytes() for p in (path, Path(f"{path}-wal"))}
    assert len(before[Path(f"{path}-wal")]) > 0
    assert "status is 410" in kept.finding().detail
    assert {p: p.read_bytes() for p in before} == before
