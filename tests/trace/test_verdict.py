"""Whether exported fields follow from the bytes, claims and choice and all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cablecrawl.export.chosen import records_of
from cablecrawl.export.read import StoredCable, snapshot
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.explanation import ExplainedCable, explain
from cablecrawl.trace.held import held_of_cable
from cablecrawl.trace.recheck import Rechecker
from cablecrawl.trace.verdict import FieldVerdict, cable_from_bytes, verify_cable
from tests.sites.mirror import Build
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, crawl, stored_cable


def verdicts(store: SampleStore, explained: ExplainedCable) -> dict[str, FieldVerdict]:
    with snapshot(store.engine) as stored:
        rechecker = Rechecker(store.data_dir / WARC_FOLDER)
        return verify_cable(explained, stored.connection, rechecker)


def from_bytes(store: SampleStore) -> StoredCable:
    rechecker = Rechecker(store.data_dir / WARC_FOLDER)
    cable = stored_cable(store)
    with store.engine.connect() as connection:
        held = held_of_cable(connection, cable.reference_id)
    return cable_from_bytes(cable, [rechecker.read_again(each) for each in held])


def test_the_bytes_give_the_cable_again_with_all_its_history(
    tmp_path: Path, store: SampleStore
) -> None:
    edits = {CABLE.reference_id: "1. (C) A shorter text."}
    for stamp in ("2010-12-05 05:05", "2010-11-27 06:06"):
        build = Build(1, "v4", released={CABLE.reference_id: stamp})
        crawl(store, "mirror", tmp_path / "site", build)
    crawl(store, "mirror", tmp_path / "site", Build(1, "v6", edits=edits))
    crawl(store, "other", tmp_path / "other", Build(1, "v6"))
    cable, again = stored_cable(store), from_bytes(store)
    assert records_of(again) == records_of(cable)
    assert [len(witness.readings) for witness in again.witnesses] == [2, 1]


def test_a_value_that_the_claims_do_not_make_differs(two_copies: SampleStore) -> None:
    explained = explain(stored_cable(two_copies))
    assert all(verdict.holds for verdict in verdicts(two_copies, explained).values())
    for explanation in explained.explanations:
        if explanation.field in ("released", "tags"):
            explanation.value = "1999"
    differing = {
        name: verdict
        for name, verdict in verdicts(two_copies, explained).items()
        if verdict.differs
    }
    assert list(differing) == ["tags", "released"]
    assert not any(verdict.findings for verdict in differing.values())


def test_another_choice_differs(tmp_path: Path, store: SampleStore) -> None:
    edits = {CABLE.reference_id: "1. (C) A shorter text."}
    crawl(store, "full", tmp_path / "full", Build(1))
    crawl(store, "short", tmp_path / "short", Build(1, edits=edits))
    cable = stored_cable(store)
    full, short = cable.witnesses
    # As if the short text were the fuller one: its claims are all there, its text is not.
    longer = replace(short.latest, body=f"{CABLE.body} {CABLE.body}")
    forged = replace(short, latest=longer, readings=[longer])
    explained = explain(replace(cable, witnesses=[full, forged]))
    assert explained.chosen.source == "short"
    differing = {name for name, v in verdicts(store, explained).items() if v.differs}
    assert {"body", "subject", "tags", "witnesses"} <= differing


def test_what_was_taken_out_of_a_body_is_counted_by_rule(
    tmp_path: Path, store: SampleStore
) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    found = verdicts(store, explain(stored_cable(store)))
    assert found["body"].taken_out["boilerplate:paragraph_anchor"] > 0
    assert not found["origin"].taken_out
