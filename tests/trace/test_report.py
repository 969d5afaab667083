"""The trace as an object: its values, its evidence, its verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.capture import Location, ResponseReader
from cablecrawl.decoding import decode_document
from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.lines import json_line
from cablecrawl.export.read import snapshot
from cablecrawl.export.write import write_export
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.explanation import FIELD_NAMES
from cablecrawl.trace.records import CableTrace
from tests.export.conftest import read_lines
from tests.sites.cables import cable_by_id
from tests.sites.mirror import Build, demo_sites
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, as_json, change, crawl, flip, held, trace


def test_the_values_are_those_of_cables_jsonl(tmp_path: Path, store: SampleStore) -> None:
    for name, folder in demo_sites(tmp_path / "sites").items():
        store.crawl(name, folder)
    export = tmp_path / "export"
    export.mkdir()
    with snapshot(store.engine) as stored:
        write_export(stored, export, DEFAULT_FORMATS)
    traced = hidden = 0
    for line in read_lines(export / "cables.jsonl"):
        found = as_json(trace(store, line["reference_id"]))
        values = {name: field["value"] for name, field in found["fields"].items()}
        if found["redacted_spans"] == "hidden":
            hidden += 1
            found = as_json(trace(store, line["reference_id"], show=True))
            values = {name: field["value"] for name, field in found["fields"].items()}
        assert values == line
        assert list(values) == list(line)
        traced += 1
    assert traced > 50 > hidden


def test_the_keys_are_those_of_the_record_and_the_same_for_every_cable(
    two_copies: SampleStore,
) -> None:
    found = as_json(trace(two_copies))
    assert list(found) == list(CableTrace.__slots__)
    assert list(found["fields"]) == list(FIELD_NAMES)
    one = as_json(trace(two_copies, field="origin"))
    assert list(one) == list(found)
    assert one["fields"] == {"origin": found["fields"]["origin"]}


def test_a_quote_stands_in_its_document_between_its_surroundings(two_copies: SampleStore) -> None:
    found = trace(two_copies)
    responses = ResponseReader(two_copies.data_dir / WARC_FOLDER)
    claims = [claim for field in found.fields.values() for claim in field.claims]
    assert len(claims) > 20
    for claim in claims:
        capture = found.captures[claim.capture_id]
        _, body = responses.read(Location(capture.warc, capture.offset, capture.length))
        document = decode_document(body, "text/html").text
        assert claim.start is not None
        assert claim.before == document[max(claim.start - 40, 0) : claim.start]
        assert claim.after == document[claim.end :][:40]
        stretch = document[claim.start : claim.end]
        assert claim.quote in (stretch, None)
        assert stretch.startswith(claim.begins or "")
        assert stretch.endswith(claim.ends or "")
    responses.close()


def test_captures_and_runs_are_named_once_and_all(two_copies: SampleStore) -> None:
    found = trace(two_copies)
    claims = [claim for field in found.fields.values() for claim in field.claims]
    assert {claim.capture_id for claim in claims} == set(found.captures)
    assert {capture.run for capture in found.captures.values()} == set(found.runs)
    for capture in found.captures.values():
        assert (capture.encoding, capture.decoding) == ("utf-8", "meta")
        assert capture.events == [f"first /{CABLE.page}"]
    times = [capture.fetched_at for capture in found.captures.values()]
    assert times == sorted(times)


def test_a_value_without_evidence_says_so(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    fields = trace(store).fields
    assert (fields["partial_extract"].value, fields["partial_extract"].evidence) == (False, "none")
    assert "nothing of the kind was found" in (fields["partial_extract"].note or "")
    assert fields["created"].evidence == "located"
    change(
        store,
        "UPDATE claim SET start = NULL, \"end\" = NULL, quote = NULL WHERE field = 'created'",
    )
    created = trace(store).fields["created"]
    assert created.evidence == "not_located"
    assert "have no place" in (created.note or "")
    assert created.claims[0].before is None


def test_a_text_that_is_shorter_than_its_stretch_says_so(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    body = trace(store, verify=True).fields["body"]
    assert "markup, entities and what was taken out" in (body.note or "")
    assert body.taken_out
    assert all(what.startswith(("boilerplate:", "field:")) for what in body.taken_out)
    assert trace(store).fields["body"].taken_out is None


def test_a_flag_comes_with_the_cable_that_it_names(tmp_path: Path, store: SampleStore) -> None:
    wrong = (
        "C O N F I D E N T I A L ALMATY 009281 \n\nSIPDIS \n\n1. (C) The harbour clocks stopped."
    )
    edits = {CABLE.reference_id: wrong}
    crawl(store, "mirror", tmp_path / "site", Build(1, edits=edits))
    flags = trace(store, verify=True).fields["flags"]
    assert flags.value == ["wrong_body"]
    claims = {claim.field: claim.quote for claim in flags.claims}
    assert "9281" in (claims["flag"] or "")
    assert "wrong_body_of" in claims
    assert flags.findings == []


def test_a_flag_that_no_claim_makes_says_what_it_is_from(
    tmp_path: Path, store: SampleStore
) -> None:
    other = cable_by_id("08WINDHOEK9046").body
    crawl(store, "one", tmp_path / "one", Build(1))
    crawl(store, "two", tmp_path / "two", Build(1, edits={CABLE.reference_id: other}))
    flags = trace(store, field="flags").fields["flags"]
    assert "identity_conflict" in flags.value
    assert flags.note == "identity_conflict: no claim, but from the texts of all copies"


def test_another_spelling_of_the_id_is_explained(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, "UPDATE claim SET value = '2007Astana9033' WHERE field = 'reference_id'")
    note = trace(store, field="reference_id").fields["reference_id"].note
    assert note == "it is stated as 2007Astana9033: four_digit_year+case"


def test_a_capture_that_cannot_be_read_leaves_the_rest_of_the_trace(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    (of_cable,) = (each for each in held(store) if each.readings)
    flip(store, of_cable.location, 400)
    found = trace(store)
    (capture,) = found.captures.values()
    assert "damaged at byte" in (capture.unreadable or "")
    (claim,) = found.fields["origin"].claims
    assert (claim.quote, claim.before, claim.after) == (CABLE.origin, None, None)


@pytest.mark.parametrize("field", [None, *FIELD_NAMES])
def test_every_field_verifies(two_copies: SampleStore, field: str | None) -> None:
    found = trace(two_copies, field=field, verify=True)
    assert found.verified is True
    assert all(each.findings == [] for each in found.fields.values())
    assert trace(two_copies, field=field).verified is None


def broken(found: CableTrace) -> dict[str, list[str]]:
    return {
        name: [finding.stage for finding in field.findings]
        for name, field in found.fields.items()
        if field.findings
    }


def test_a_changed_claim_breaks_the_fields_that_rest_on_it(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, "UPDATE claim SET start = start - 1 WHERE field = 'created'")
    found = trace(store, verify=True)
    assert found.verified is False
    assert broken(found) == {"created": ["quote"], "created_precision": ["quote"]}
    assert trace(store, field="origin", verify=True).verified is True


def test_a_damaged_record_breaks_all_that_rests_on_it_and_nothing_else(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "full", tmp_path / "full", Build(1))
    crawl(store, "short", tmp_path / "short", Build(1, edits={CABLE.reference_id: "1. (C) A."}))
    short = next(e for e in held(store) if e.readings and e.capture.source == "short")
    flip(store, short.location, 400)
    stages = broken(trace(store, verify=True))
    assert set(stages) == {"aliases", "released", "releases", "witnesses", "chosen_by"}
    assert {stage for each in stages.values() for stage in each} == {"warc_record"}
    full = next(e for e in held(store) if e.readings and e.capture.source == "full")
    flip(store, full.location, 400)
    assert set(broken(trace(store, verify=True))) == set(FIELD_NAMES)


def test_a_copy_whose_address_is_another_breaks_the_witnesses(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(store, "UPDATE witness SET url = 'http://mirror/elsewhere.html'")
    assert broken(trace(store, verify=True)) == {"witnesses": ["value"]}


def test_a_record_that_other_readings_made_is_found(tmp_path: Path, store: SampleStore) -> None:
    edits = {CABLE.reference_id: "1. (C) A shorter text."}
    crawl(store, "mirror", tmp_path / "site", Build(1))
    crawl(store, "mirror", tmp_path / "site", Build(1, edits=edits))
    # Both readings and all their claims stay; but the first one is said to be the latest.
    change(store, "UPDATE sighting SET reading = 1")
    assert "body" in broken(trace(store, verify=True))


def test_what_a_reparse_no_longer_gave_stands_beside(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    change(
        store,
        "INSERT INTO reparse (id, at, code_version, steps_sha256, last_capture, summary)"
        " VALUES (1, '2026-11-22T00:00:00.000000Z', '0.2', '', 1000, '{}')",
    )
    change(
        store,
        "INSERT INTO former_claim (reparse, reference_id, source, locator, capture_id, field,"
        " ordinal, value, rule, asserted_by, basis, confidence) SELECT 1, reference_id, 'mirror',"
        " locator, '', 'origin', 0, 'Embassy Nowhere', 'wikileaks_table/0', 'wikileaks_page', '',"
        " '' FROM witness",
    )
    found = trace(store, field="origin")
    (rival,) = found.fields["origin"].rivals
    assert (rival.value, rival.standing) == ("Embassy Nowhere", "former")
    assert rival.until == "2026-11-22T00:00:00.000000Z"
    (capture,) = found.captures.values()
    assert (capture.reparsed_at, capture.code_version) == (rival.until, "0.2")


def test_lone_surrogates_of_a_page_are_escaped_in_json(tmp_path: Path, store: SampleStore) -> None:
    odd = replace(CABLE, origin="Embassy&#xD800;Astana")
    crawl(store, "mirror", tmp_path / "site", Build(1), odd)
    change(store, "UPDATE claim SET quote = value WHERE field = 'origin'")
    assert json_line(trace(store)).decode("utf-8")
