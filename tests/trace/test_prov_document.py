"""A cable's provenance as PROV: whole, read back by PROV's own reader, always the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prov.identifier import QualifiedName
from prov.model import (
    ProvActivity,
    ProvAgent,
    ProvAssociation,
    ProvAttribution,
    ProvDerivation,
    ProvDocument,
    ProvElement,
    ProvEntity,
    ProvGeneration,
    ProvMembership,
    ProvRecord,
    ProvUsage,
)

from cablecrawl.collation.hidden import Hidden
from cablecrawl.export.read import snapshot
from cablecrawl.export.release_claims import release_claims_of
from cablecrawl.releases import load_releases
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.explanation import FIELD_NAMES, explain
from cablecrawl.trace.origin import Origins
from cablecrawl.trace.prov_document import TERMS, Excerpt, Mask, cable_provenance, prov_json
from tests.crawling import PROJECT
from tests.sites.mirror import Build
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, change, crawl, stored_cable
from tests.trace.test_hidden import MARK, NAME, PARTS, body


def nothing_hidden(text: str) -> str:
    return text


def provenance(
    store: SampleStore, mask: Mask = nothing_hidden, excerpt: Excerpt | None = None
) -> ProvDocument:
    with snapshot(store.engine) as stored:
        cable = stored.cable(CABLE.reference_id)
        assert cable is not None
        origins = Origins(stored.connection, cable.reference_id, store.data_dir / WARC_FOLDER)
        with closing(origins):
            return cable_provenance(explain(cable), origins, stored.connection, mask, excerpt)


def of_type(document: ProvDocument, name: str) -> list[ProvElement]:
    return [
        record
        for record in document.get_records(ProvElement)
        if isinstance(record, ProvElement) and TERMS[name] in record.get_asserted_types()
    ]


def one(record: ProvRecord, attribute: str) -> Any:
    """The value of an attribute that has one at most."""
    (value, *more) = record.get_attribute(attribute) or [None]
    assert not more
    return value


def related(document: ProvDocument, kind: type[ProvRecord], name: QualifiedName) -> list[Any]:
    """What relations of a kind lead to from an element."""
    return [relation.args[1] for relation in document.get_records(kind) if relation.args[0] == name]


@pytest.mark.filterwarnings("error")
def test_what_prov_reads_back_is_what_was_written(two_copies: SampleStore) -> None:
    document = provenance(two_copies)
    assert ProvDocument.deserialize(content=prov_json(document), format="json") == document


def test_every_name_that_is_used_is_that_of_an_element(two_copies: SampleStore) -> None:
    document = provenance(two_copies)
    elements = [record.identifier for record in document.get_records(ProvElement)]
    assert len(set(elements)) == len(elements)
    for record in document.records:
        if not isinstance(record, ProvElement):
            for argument in record.args:
                assert not isinstance(argument, QualifiedName) or argument in elements, record


def test_every_claim_of_every_reading_is_there_with_its_place(two_copies: SampleStore) -> None:
    cable = stored_cable(two_copies)
    expected = Counter(
        (stored.claim.field, stored.claim.value, stored.claim.start, stored.claim.quote)
        for witness in cable.witnesses
        for reading in witness.readings
        for stored in reading.claims
    )
    found = Counter(
        (one(claim, "cc:field"), one(claim, "prov:value"), one(claim, "cc:start"))
        + (one(claim, "cc:quote"),)
        for claim in of_type(provenance(two_copies), "Claim")
    )
    assert found == expected


def test_a_claim_leads_to_its_bytes_its_rule_its_run_and_who_says_so(
    two_copies: SampleStore,
) -> None:
    document = provenance(two_copies)
    for claim in of_type(document, "Claim"):
        assert isinstance(claim.identifier, QualifiedName)
        (payload,) = related(document, ProvDerivation, claim.identifier)
        (step,) = related(document, ProvGeneration, claim.identifier)
        (party,) = related(document, ProvAttribution, claim.identifier)
        assert payload in related(document, ProvUsage, step)
        assert party.namespace.prefix == "party"
        (association,) = [
            each for each in document.get_records(ProvAssociation) if each.args[0] == step
        ]
        assert association.args[1].namespace.prefix == "software"
        assert association.args[2].namespace.prefix == "rule"
        (capture,) = related(document, ProvDerivation, payload)
        (run,) = related(document, ProvGeneration, capture)
        (page,) = related(document, ProvDerivation, capture)
        assert run.namespace.prefix == "run"
        assert related(document, ProvAttribution, page)[0].namespace.prefix == "source"


def test_a_capture_says_where_its_record_stands(two_copies: SampleStore) -> None:
    for capture in of_type(provenance(two_copies), "Capture"):
        assert one(capture, "cc:warc").endswith(".warc.gz")
        assert one(capture, "cc:offset") > 0
        assert one(capture, "cc:status") == 200
        assert one(capture, "cc:sighting") == "first"


def test_every_value_of_the_record_is_derived_from_its_claims(two_copies: SampleStore) -> None:
    document = provenance(two_copies)
    explained = explain(stored_cable(two_copies))
    (record,) = of_type(document, "CableRecord")
    assert isinstance(record.identifier, QualifiedName)
    values = {one(value, "cc:field"): value for value in of_type(document, "Value")}
    assert set(values) == set(FIELD_NAMES)
    members = related(document, ProvMembership, record.identifier)
    assert set(members) == {value.identifier for value in values.values()}
    for explanation in explained.explanations:
        name = values[explanation.field].identifier
        assert isinstance(name, QualifiedName)
        assert len(related(document, ProvDerivation, name)) == len(explanation.grounds)
    assert one(values["created"], "prov:value") == explained.record.created
    assert json.loads(one(values["tags"], "prov:value")) == explained.record.tags


def test_the_record_is_derived_from_the_chosen_reading(two_copies: SampleStore) -> None:
    document = provenance(two_copies)
    explained = explain(stored_cable(two_copies))
    (choice,) = of_type(document, "Choice")
    assert isinstance(choice.identifier, QualifiedName)
    assert one(choice, "cc:chosenBy") == explained.record.chosen_by
    assert len(related(document, ProvUsage, choice.identifier)) == 2
    (record,) = of_type(document, "CableRecord")
    assert isinstance(record.identifier, QualifiedName)
    (chosen,) = related(document, ProvDerivation, record.identifier)
    (reading,) = document.get_record(chosen)
    assert one(reading, "cc:sha256") == explained.chosen.latest.sha256


def test_releases_are_claimed_and_never_stated(two_copies: SampleStore) -> None:
    document = provenance(two_copies)
    releases = {release.identifier for release in of_type(document, "Release")}
    assert {release.localpart for release in releases if release is not None} == {"web-1824"}
    claimed = release_claims_of(stored_cable(two_copies), load_releases())
    told = of_type(document, "ReleaseClaim")
    assert len(told) == len({claim for claims in claimed.values() for claim in claims})
    for claim in told:
        assert one(claim, "cc:confidence")
    assert releases == {
        one(claim, "cc:about")
        for claim in [*told, *of_type(document, "Claim")]
        if one(claim, "cc:about") is not None
    }
    for record in document.records:
        if not isinstance(record, ProvElement):
            assert not releases & set(record.args), "a fact about a release"


def test_a_text_that_changed_is_two_readings(tmp_path: Path, two_copies: SampleStore) -> None:
    edited = replace(CABLE, body=CABLE.body + "\n\n99. (U) One more paragraph.")
    crawl(two_copies, "later", tmp_path / "edited", Build(1824, "v6"), edited)
    document = provenance(two_copies)
    readings = of_type(document, "Reading")
    assert sorted(
        (reading.identifier.localpart, one(reading, "cc:isLatest"))
        for reading in readings
        if isinstance(reading.identifier, QualifiedName)
    ) == [
        ("07ASTANA9033/early/1", True),
        ("07ASTANA9033/later/1", False),
        ("07ASTANA9033/later/2", True),
    ]
    for reading in readings:
        assert isinstance(reading.identifier, QualifiedName)
        payload, capture = related(document, ProvDerivation, reading.identifier)
        assert (payload.namespace.prefix, capture.namespace.prefix) == ("payload", "capture")


def test_sources_act_for_their_publishers(two_copies: SampleStore) -> None:
    change(two_copies, "UPDATE source SET publisher = 'Kabel & Söhne, 1900' WHERE name = 'early'")
    document = provenance(two_copies)
    (publisher,) = of_type(document, "Publisher")
    assert isinstance(publisher, ProvAgent)
    assert publisher.label == "Kabel & Söhne, 1900"
    assert len(of_type(document, "Source")) == 2


def test_odd_texts_come_through(two_copies: SampleStore) -> None:
    odd = "a\x00b\x1b\ud800 \u2028 “c” 08:15 <x> \\ \" '"
    with two_copies.engine.begin() as db:
        for column in ("value", "quote"):
            statement = f"UPDATE claim SET {column} = '+' || {column} WHERE field = 'title'"
            db.exec_driver_sql(statement)

    def mask(text: str) -> str:
        return odd if text.startswith("+") else text

    document = provenance(two_copies, mask)
    text = prov_json(document)
    assert text.isascii()
    back = ProvDocument.deserialize(content=text, format="json")
    titles = [claim for claim in of_type(back, "Claim") if one(claim, "cc:field") == "title"]
    assert {one(title, "cc:quote") for title in titles} == {odd}


def test_the_same_store_gives_the_same_text_whatever_the_order_of_sets(
    two_copies: SampleStore,
) -> None:
    """Attributes of several values are sets, and sets of strings have another order each time."""
    program = (
        "import sys; from pathlib import Path\n"
        "from cablecrawl.store.database import open_database\n"
        "from tests.trace.test_prov_document import provenance, prov_json\n"
        "class Store: data_dir = Path(sys.argv[1]); engine = open_database(data_dir)\n"
        "print(prov_json(provenance(Store)))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program, str(two_copies.data_dir)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
    assert found == {f"{prov_json(provenance(two_copies))}\n"}


def test_kinds_of_elements_are_what_prov_calls_them(two_copies: SampleStore) -> None:
    document = provenance(two_copies)
    kinds = {
        ProvEntity: ("Page", "Capture", "Payload", "Reading", "Claim", "Value", "Release"),
        ProvActivity: ("Run", "Step", "Choice"),
        ProvAgent: ("Source", "Party"),
    }
    for kind, names in kinds.items():
        for name in names:
            elements = of_type(document, name)
            assert elements and all(isinstance(element, kind) for element in elements), name


# --------------------------------------------------------------------- what is hidden


@pytest.fixture
def hiding(tmp_path: Path, store: SampleStore) -> SampleStore:
    """Two mirrors, one of which shows a name that the other hides."""
    for source, who, build in (
        ("shows", NAME, Build(220, "v2")),
        ("hides", MARK, Build(1824, "v6")),
    ):
        first, _, last = who.partition(" ")
        told = replace(
            CABLE, body=body(who, first, last or who), title=f"{who.upper()} AND THE TRAM"
        )
        crawl(store, source, tmp_path / source, build, told)
    return store


def test_without_a_mask_the_name_is_there(hiding: SampleStore) -> None:
    assert PARTS.search(prov_json(provenance(hiding)))


def test_a_quote_is_masked_as_a_part_of_its_page(hiding: SampleStore) -> None:
    """One that ends in the middle of a name is not known for it by itself."""
    title = "quote = 'MADIN', \"end\" = start + 5"
    change(hiding, f"UPDATE claim SET {title} WHERE field = 'title' AND quote LIKE 'MADINA%'")
    hidden = Hidden.of(stored_cable(hiding))
    assert hidden.mask("MADIN") == "MADIN"
    assert "MADIN" in prov_json(provenance(hiding, hidden.mask))
    assert "MADIN" not in prov_json(provenance(hiding, hidden.mask, hidden.excerpt))


def test_what_one_copy_hides_does_not_come_out(hiding: SampleStore) -> None:
    for statement in (
        "UPDATE witness SET url = url || '?who=Madina+Zharkova', locator = locator || '?Zharkova'",
        "UPDATE capture SET url = url || '?who=mad%69na-zharkova', via = 'http://shows/Zharkova'",
        'UPDATE run SET details = \'{"arguments": {"url": "http://shows/Madina%20Zharkova"}}\'',
    ):
        change(hiding, statement)
    hidden = Hidden.of(stored_cable(hiding))
    text = prov_json(provenance(hiding, hidden.mask, hidden.excerpt))
    assert not PARTS.search(text)
    assert "[hidden]" in text
    assert ProvDocument.deserialize(content=text, format="json")
