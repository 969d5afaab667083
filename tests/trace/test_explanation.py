"""Every exported field is explained, by the claims that it is made from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from cablecrawl.export.chosen import records_of
from cablecrawl.export.read import snapshot
from cablecrawl.records import CableRecord
from cablecrawl.trace.explanation import FIELD_NAMES, MAKINGS, Explanation, explain
from tests.sites.mirror import Build, demo_sites
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, change, crawl, stored_cable


def explained(store: SampleStore, field: str) -> Explanation:
    (explanation,) = explain(stored_cable(store), field).explanations
    return explanation


def test_it_is_said_of_every_field_how_it_is_made() -> None:
    assert set(MAKINGS) == {field.name for field in fields(CableRecord)}


def test_every_value_is_that_of_the_export_and_rests_on_claims_or_says_so(
    tmp_path: Path, store: SampleStore
) -> None:
    for name, folder in demo_sites(tmp_path / "sites").items():
        store.crawl(name, folder)
    with snapshot(store.engine) as stored:
        for cable in stored.cables():
            record, _ = records_of(cable)
            for explanation in explain(cable).explanations:
                name = explanation.field
                assert explanation.value == getattr(record, name)
                values = [ground.stored.claim.value for ground in explanation.grounds]
                match explanation.making.how, explanation.value:
                    case "read", None | "":
                        assert values == []
                    case "read", str() if name not in ("header", "body"):
                        assert values == [explanation.value]
                    case "joined", list() if name in ("tags", "references"):
                        assert values == explanation.value
    assert [explanation.field for explanation in explain(cable).explanations] == list(FIELD_NAMES)


def test_one_field_can_be_asked_for(two_copies: SampleStore) -> None:
    assert explained(two_copies, "origin").value == CABLE.origin


def test_marks_that_are_counted_are_claims(tmp_path: Path, store: SampleStore) -> None:
    edits = {CABLE.reference_id: "1. (C) XXXXXXXXXXXX met XXXXXXXXXXXX."}
    crawl(store, "mirror", tmp_path / "site", Build(1, edits=edits))
    explanation = explained(store, "redaction_marks")
    assert explanation.value == len(explanation.grounds) == 2


def test_what_other_copies_say_stands_beside(tmp_path: Path, store: SampleStore) -> None:
    edits = {CABLE.reference_id: "SUBJECT: TRAMS WITHOUT DOORS\n\n1. (C) A shorter text."}
    crawl(store, "full", tmp_path / "full", Build(1))
    crawl(store, "short", tmp_path / "short", Build(1, edits=edits))
    (rival,) = explained(store, "subject").rivals
    assert (rival.witness.source, rival.value) == ("short", "TRAMS WITHOUT DOORS")
    assert (rival.standing, rival.grounds[0].stored.claim.rule) == ("latest", "subject_line/1")
    (rival,) = explained(store, "created").rivals
    assert rival.value == explained(store, "created").value


def test_earlier_readings_and_withdrawn_claims_stand_beside(
    tmp_path: Path, store: SampleStore
) -> None:
    edits = {CABLE.reference_id: "1. (C) A shorter text."}
    crawl(store, "mirror", tmp_path / "site", Build(1, edits=edits))
    for stamp in ("2010-12-05 05:05", "2010-11-27 06:06"):
        build = Build(1, released={CABLE.reference_id: stamp})
        crawl(store, "mirror", tmp_path / "site", build)
    (rival,) = explained(store, "subject").rivals
    assert (rival.value, rival.standing) == (None, "earlier")
    standings = {r.value: r.standing for r in explained(store, "released").rivals}
    assert standings["2010-12-05T05:05"] == "withdrawn"


def test_a_second_claim_of_a_reading_is_a_rival(two_copies: SampleStore) -> None:
    change(
        two_copies,
        "INSERT INTO claim (reading, field, ordinal, value, step, capture, last_capture)"
        " SELECT reading, field, 1, 'Embassy Nowhere', step, capture, last_capture FROM claim"
        " WHERE field = 'origin'",
    )
    further = [r for r in explained(two_copies, "origin").rivals if r.standing == "further"]
    assert [rival.value for rival in further] == ["Embassy Nowhere"]
    assert explained(two_copies, "origin").value == CABLE.origin


@pytest.mark.parametrize(
    ("field", "kinds"),
    [
        ("released", {"released"}),
        ("releases", {"released", "release"}),
        ("created_precision", {"created_precision", "created", "released_so_far"}),
        ("body_sha256", {"body"}),
        ("reference_id", {"reference_id"}),
        ("witnesses", set()),
    ],
)
def test_computed_fields_name_what_they_are_computed_from(
    two_copies: SampleStore, field: str, kinds: set[str]
) -> None:
    grounds = explained(two_copies, field).grounds
    assert {ground.stored.claim.field for ground in grounds} == kinds


def test_a_choice_rests_on_what_decided_it(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "one", tmp_path / "one", Build(1))
    assert explained(store, "chosen_by").grounds == []
    edits = {CABLE.reference_id: CABLE.body[:-200]}
    crawl(store, "two", tmp_path / "two", Build(1, edits=edits))
    explanation = explained(store, "chosen_by")
    assert explanation.value == "fullest_text"
    assert {ground.stored.claim.field for ground in explanation.grounds} == {"header", "body"}
    assert {ground.witness.source for ground in explanation.grounds} == {"one", "two"}
