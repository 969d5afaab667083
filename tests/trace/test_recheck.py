"""A capture read again: what holds, and at which stage what does not breaks."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.recheck import STAGES, Rechecker
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, demo_sites
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, change, crawl, flip, held, recheck

STEP_OF_BODY = "SELECT step FROM claim WHERE field = 'body' LIMIT 1"
OTHER_SOURCE = "SELECT id FROM source WHERE name = 'other'"
# The claim that the statements below change.
CREATED = "field = 'created' AND reading = 1"


def test_everything_that_a_crawl_stores_follows_from_its_captures(
    tmp_path: Path, store: SampleStore
) -> None:
    for name, folder in demo_sites(tmp_path / "sites").items():
        store.crawl(name, folder)
    assert recheck(store) == []
    assert sum(len(reading.claims) for each in held(store) for reading in each.readings) > 1000


def test_a_page_that_was_crawled_again_and_again_holds_at_each_capture(
    tmp_path: Path, store: SampleStore
) -> None:
    edits = {CABLE.reference_id: "1. (C) A shorter text."}
    for stamp in ("2010-12-05 05:05", "2010-11-27 06:06", "2010-12-05 05:05"):
        build = Build(1, "v4", released={CABLE.reference_id: stamp})
        crawl(store, "mirror", tmp_path / "site", build)
    crawl(store, "mirror", tmp_path / "site", Build(1, "v6", edits=edits))
    crawl(store, "mirror", tmp_path / "site", Build(1, "v4"))
    assert recheck(store) == []


def test_the_captures_of_a_range_of_rows_are_those_and_in_order(two_copies: SampleStore) -> None:
    rows = [each.capture.id for each in held(two_copies)]
    assert rows == sorted(rows)
    assert sum(bool(each.readings) for each in held(two_copies)) == 2


@pytest.mark.parametrize(
    ("statement", "stage", "field"),
    [
        ("UPDATE capture SET payload_sha256 = ''", "payload_digest", None),
        ("UPDATE capture SET payload_length = payload_length + 1", "payload_digest", None),
        ("UPDATE capture SET offset = offset + 1", "warc_record", None),
        ("UPDATE capture SET length = length + 1", "warc_record", None),
        ("UPDATE capture SET warc = 'none.warc.gz'", "warc_record", None),
        ("UPDATE capture SET capture_id = 'urn:uuid:' || id", "warc_record", None),
        ("UPDATE capture SET fetched_at = '2026-11-21'", "warc_record", None),
        ("UPDATE capture SET status = 203", "warc_record", None),
        ("UPDATE reading SET encoding = 'cp1252'", "decode", None),
        ("UPDATE reading SET decoding = 'bom'", "decode", None),
        ("UPDATE reading SET layout = 'wordpress'", "step", None),
        ("UPDATE reading SET body = body || '!'", "text", None),
        ("UPDATE reading SET sha256 = 'f' || substr(sha256, 2)", "text", None),
        ("UPDATE witness SET locator = '/elsewhere'", "step", None),
        ("UPDATE witness SET reference_id = '07ASTANA9034'", "step", None),
        ("DELETE FROM sighting", "step", None),
        ("UPDATE witness SET url = 'http://mirror/'", "value", "url"),
        (f"UPDATE witness SET source = ({OTHER_SOURCE})", "value", "source"),
        ("UPDATE witness SET stated_id = '07 ASTANA 9033'", "value", "stated_id"),
        (f"UPDATE claim SET value = '2007-04-20T11:14' WHERE {CREATED}", "value", "created"),
        (f"UPDATE claim SET start = start + 1 WHERE {CREATED}", "quote", "created"),
        (f'UPDATE claim SET "end" = "end" - 1 WHERE {CREATED}', "quote", "created"),
        (f"UPDATE claim SET quote = '2007' WHERE {CREATED}", "quote", "created"),
        (f'UPDATE claim SET "end" = start + 4, quote = substr(quote, 1, 4) WHERE {CREATED}',)
        + ("place", "created"),
        (f"UPDATE claim SET start = NULL WHERE {CREATED}", "quote", "created"),
        (f'UPDATE claim SET start = NULL, "end" = NULL, quote = NULL WHERE {CREATED}',)
        + ("place", "created"),
        (f"UPDATE claim SET ordinal = 7 WHERE {CREATED}", "step", "created"),
        (f"UPDATE claim SET step = ({STEP_OF_BODY}) WHERE {CREATED}", "step", "created"),
        (f"DELETE FROM claim WHERE {CREATED}", "step", "created"),
        ('UPDATE claim SET "end" = "end" - 1 WHERE field = \'body\'', "place", "body"),
        ("UPDATE claim SET value = '0' WHERE field = 'header'", "value", "header"),
    ],
)
def test_what_is_changed_in_the_store_is_found_at_its_stage(
    tmp_path: Path, store: SampleStore, statement: str, stage: str, field: str | None
) -> None:
    store.crawl("other", {})
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, statement)
    findings = recheck(store)
    assert stage in {finding.stage for finding in findings}, findings
    assert field in {finding.field for finding in findings if finding.stage == stage}
    assert {finding.stage for finding in findings} <= set(STAGES)


def test_a_claim_that_the_store_has_and_the_steps_do_not_give_is_found(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(
        store,
        "INSERT INTO claim (reading, field, ordinal, value, step, capture, last_capture)"
        " SELECT reading, 'tags', 99, 'XXXX', step, capture, last_capture FROM claim LIMIT 1",
    )
    (finding,) = recheck(store)
    assert (finding.stage, finding.field, finding.ordinal) == ("step", "tags", 99)
    assert "no longer gives it" in finding.detail
    assert finding.reference_id == CABLE.reference_id


def test_a_claim_that_is_said_to_have_ended_and_has_not_is_found(
    tmp_path: Path, store: SampleStore
) -> None:
    for _ in range(2):
        crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, f"UPDATE claim SET last_capture = capture WHERE {CREATED}")
    (finding,) = recheck(store)
    assert (finding.stage, finding.field) == ("step", "created")
    assert "the store lacks" in finding.detail


def test_a_cable_that_a_page_gives_and_the_store_lacks_is_found(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(2), *invented_cables(2))
    change(store, "DELETE FROM sighting WHERE witness = 2")
    (finding,) = recheck(store)
    assert finding.stage == "step"
    assert "a cable that the store lacks" in finding.detail


def test_a_problem_is_checked_both_ways(store: SampleStore) -> None:
    store.crawl("mirror", {CABLE.page: b"<p>Under construction</p>"})
    assert recheck(store) == []
    change(store, "UPDATE problem SET detail = 'another'")
    details = [finding.detail for finding in recheck(store)]
    assert len(details) == 2
    assert "no longer gives" in details[0]
    assert "the store lacks" in details[1]


def test_a_capture_that_a_crash_left_unread_owes_nothing(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, "DELETE FROM sighting")
    change(store, "UPDATE capture SET is_read = 0")
    assert recheck(store) == []


def test_a_damaged_capture_does_not_hide_what_is_found_in_others(two_copies: SampleStore) -> None:
    first, second = (each for each in held(two_copies) if each.readings)
    flip(two_copies, first.location, 400)
    change(two_copies, "DELETE FROM claim WHERE field = 'created' AND reading = 2")
    findings = {finding.capture_id: finding.stage for finding in recheck(two_copies)}
    assert findings == {first.capture.capture_id: "warc_record", second.capture.capture_id: "step"}


def test_every_byte_of_a_record_counts(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    (of_cable,) = (each for each in held(store) if each.readings)
    rechecker = Rechecker(store.data_dir / WARC_FOLDER)
    # The flags of a gzip header and its time say nothing about the content: bytes 3 to 9.
    places = [0, 1, 2, of_cable.location.length - 1]
    places += random.Random(7).sample(range(10, of_cable.location.length), 60)
    for byte in places:
        flip(store, of_cable.location, byte)
        (finding,) = rechecker.recheck(of_cable)
        assert finding.stage == "warc_record"
        assert (finding.warc, finding.offset) == (of_cable.location.warc, of_cable.location.offset)
        flip(store, of_cable.location, byte)
    assert rechecker.recheck(of_cable) == []


def test_a_warc_file_that_is_still_being_written_is_read(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    for path in (store.data_dir / WARC_FOLDER).glob("*.warc.gz"):
        path.rename(path.with_name(f"{path.name}.open"))
    assert recheck(store) == []


def test_a_finding_quotes_nothing_of_a_page(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, "UPDATE claim SET value = 'Madina', quote = 'Madina' WHERE field = 'subject'")
    change(store, "UPDATE claim SET value = 'Madina' WHERE field = 'origin'")
    findings = recheck(store)
    assert {finding.field for finding in findings} == {"subject", "origin"}
    assert not any("Madina" in str(finding) for finding in findings)
