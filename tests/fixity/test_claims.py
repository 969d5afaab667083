"""Claims: which captures are read again, what does not hold, and what is counted as verified."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from cablecrawl.export.bag import make_bag
from cablecrawl.fixity.check import Check
from cablecrawl.fixity.claims import Verified, sample
from cablecrawl.fixity.opening import reading_only
from cablecrawl.fixity.outcome import lines_of
from cablecrawl.stages import Unwatched
from tests.fixity.conftest import Kept


def verified(kept: Kept, claims: int | None, processes: int = 1) -> Verified:
    check = Check(kept.data_dir, kept.folder / "exports", [], claims, processes, Unwatched())
    check.run()
    assert check.verified is not None
    return check.verified


def rows(kept: Kept, number: int) -> list[int]:
    with reading_only(kept.data_dir) as db:
        return sample(db, number)


def test_all_claims_of_a_whole_store_hold(whole: Kept) -> None:
    assert whole.check(claims=None).findings == []
    ((captures, cables),) = whole.query(
        "SELECT (SELECT count(*) FROM capture), count(DISTINCT reference_id) FROM witness"
    )
    found = verified(whole, None)
    assert (found.captures, found.of_captures, found.cables) == (captures, captures, cables)
    assert found.fields > 10 * cables and found.failed == 0


def test_several_processes_find_the_same(whole: Kept) -> None:
    assert verified(whole, None, processes=2) == verified(whole, None)


def test_a_sample_is_the_same_each_time_and_of_every_source(whole: Kept) -> None:
    chosen = rows(whole, 4)
    assert chosen == rows(whole, 4) == sorted(set(chosen))
    sources = Counter(
        source
        for row in chosen
        for (source,) in whole.query("SELECT source FROM capture WHERE id = ?", row)
    )
    assert len(sources) == 2


@pytest.mark.parametrize("number", [1, 2, 3, 7, 20, 10_000])
def test_a_sample_has_every_capture_that_shows_the_same_cables(whole: Kept, number: int) -> None:
    chosen = set(rows(whole, number))
    shown: dict[str, set[int]] = {}
    for cable, capture in whole.query(
        "SELECT reference_id, capture FROM sighting JOIN witness ON witness.id = witness"
        " WHERE reading IS NOT NULL"
    ):
        shown.setdefault(cable, set()).add(capture)
    of_cables = [captures for captures in shown.values() if captures & chosen]
    assert set().union(*of_cables) == chosen
    assert len(chosen) >= min(number, len(set().union(*shown.values())))
    found = verified(whole, number)
    assert (found.captures, found.cables) == (len(chosen), len(of_cables))


@pytest.mark.parametrize(
    "change, stage, field",
    [
        ('start = start - 1, "end" = "end" - 1', "quote", "created"),
        ("value = '2001-01-01T00:00'", "value", "created"),
        ("value = 'UNCLASSIFIED//X'", "value", "classification"),
        ("start = start + 1", "place", "body"),
    ],
)
def test_a_changed_claim_is_found_with_its_cable_and_field(
    kept: Kept, change: str, stage: str, field: str
) -> None:
    ((row, reference_id, capture_id),) = kept.query(
        "SELECT claim.id, reference_id, capture_id FROM claim"
        " JOIN reading ON reading.id = claim.reading JOIN witness ON witness.id = reading.witness"
        " JOIN capture ON capture.id = claim.capture WHERE field = ? ORDER BY claim.id LIMIT 1",
        field,
    )
    kept.query(f"UPDATE claim SET {change} WHERE id = ?", row)
    findings = [f for f in kept.check(claims=None).findings if f.part == "claims"]
    assert {(f.what, f.field) for f in findings} == {(stage, field)}
    assert findings[0].cables == [reference_id]
    assert findings[0].captures == [capture_id]
    assert findings[0].exports == [str(kept.export.resolve())]
    found = verified(kept, None)
    assert found.failed >= 1


def test_a_claim_that_is_gone_and_one_too_many_are_found(kept: Kept) -> None:
    kept.query(
        "DELETE FROM claim WHERE id = (SELECT min(id) FROM claim WHERE field = 'classification')"
    )
    assert {f.field for f in kept.check(claims=None).findings} == {"classification"}


def test_a_damaged_record_is_reported_once_and_its_cable_counts_as_failed(kept: Kept) -> None:
    ((warc, offset, length),) = kept.query(
        "SELECT warc, offset, length FROM capture JOIN sighting ON capture = capture.id LIMIT 1"
    )
    path = kept.data_dir / "warc" / warc
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[offset + length // 2] ^= 4
    path.write_bytes(content)
    assert kept.finding(claims=None).part == "warc"
    found = verified(kept, None)
    assert found.failed > 10


def test_a_record_that_is_not_what_was_exported_is_found(kept: Kept) -> None:
    """Nothing but the export tells what the rank of a source was."""
    kept.query("UPDATE capture SET fetched_at = fetched_at")  # nothing changes
    assert kept.check(claims=None).is_well
    path = kept.folder / "exports" / "20261121T190000Z"
    lines = (path / "cables.jsonl").read_bytes().splitlines()
    assert kept.check(claims=None).counts["lines compared"].checked == len(lines)
    kept.query("UPDATE source SET rank = -rank")
    report = kept.check(claims=None)
    assert report.findings or report.notes


def test_an_export_in_a_bag_is_compared_too(kept: Kept) -> None:
    lines = (kept.export / "cables.jsonl").read_bytes().splitlines()
    make_bag(kept.export.resolve(), None)
    report = kept.check(claims=None)
    assert report.is_well
    assert report.counts["lines compared"].checked == len(lines)


@pytest.mark.parametrize("has_lines", [True, False])
def test_fields_are_called_exported_where_lines_were_compared(kept: Kept, has_lines: bool) -> None:
    if not has_lines:
        shutil.rmtree(kept.export.resolve())
        kept.export.unlink()
    check = Check(kept.data_dir, kept.folder / "exports", [], None, 1, Unwatched())
    check.run()
    said = "\n".join(lines_of(check))
    assert ("exported fields of" in said, "fields of" in said) == (has_lines, True)


def test_an_export_of_another_state_is_not_compared(kept: Kept) -> None:
    kept.query("DELETE FROM listing")
    kept.query("DELETE FROM index_page")
    kept.query(
        "DELETE FROM capture WHERE id = (SELECT max(id) FROM capture WHERE url LIKE '%date/%')"
    )
    report = kept.check(claims=None)
    assert "lines compared" not in report.counts
    assert {finding.what for finding in report.findings} == {"no row"}


def test_no_claims_are_read_where_none_are_asked_for(whole: Kept, tmp_path: Path) -> None:
    assert "captures read again" not in whole.check(claims=0).counts
