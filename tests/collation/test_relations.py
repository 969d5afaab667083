"""Relations between texts, and links to other cables."""

from __future__ import annotations

import pytest

from cablecrawl.collation.collation import Collation
from cablecrawl.collation.hidden import MOST_TEXTS
from cablecrawl.collation.links import links_of
from cablecrawl.collation.relations import cable_relations
from cablecrawl.export.chosen import IDENTITY_CONFLICT, records_of
from cablecrawl.export.read import StoredCable
from cablecrawl.records import RelationRecord
from tests.collation.readings import (
    MARKED,
    OTHER,
    SHOWN,
    cable,
    cable_of,
    claim,
    reading,
    witness,
)


def nothing(reference_id: str) -> StoredCable | None:
    """A store without other cables."""
    return None


def relations(found: StoredCable) -> list[RelationRecord]:
    return cable_relations(Collation(found), nothing)


def test_a_directed_relation_names_the_derived_text_first() -> None:
    for bodies in ((SHOWN, MARKED), (MARKED, SHOWN)):
        (relation,) = relations(cable_of(*bodies))
        assert relation.relation == "redaction_of"
        assert relation.directed
        assert relation.reading_sha256 == reading(MARKED).sha256
        assert relation.other_reading_sha256 == reading(SHOWN).sha256
        assert relation.basis == "redaction_marks"


def test_an_extract_is_scored_by_how_much_of_it_the_other_has() -> None:
    (relation,) = relations(cable_of(SHOWN, SHOWN[: len(SHOWN) // 2]))
    assert (relation.relation, relation.basis) == ("extract_of", "containment")
    assert relation.score is not None and relation.score >= 0.95


def test_copies_with_one_text_have_no_relation() -> None:
    assert relations(cable_of(SHOWN, SHOWN)) == []


def test_every_two_texts_have_one_line_and_lines_are_sorted() -> None:
    bodies = [SHOWN, MARKED, SHOWN.replace("\n", " \n"), OTHER]
    found = relations(cable_of(*bodies))
    pairs = {frozenset((r.reading_sha256, r.other_reading_sha256)) for r in found}
    assert len(found) == len(pairs) == 6
    assert found == relations(cable_of(*bodies[::-1]))
    keys = [(r.reading_sha256, r.other_reading_sha256 or "") for r in found]
    assert keys == sorted(keys)


def test_more_texts_than_can_be_compared_are_compared_with_the_first_ones() -> None:
    bodies = [f"Note {n}" for n in range(2 * MOST_TEXTS + 10)]
    assert len(relations(cable_of(*bodies))) == MOST_TEXTS * len(bodies)


def test_a_malformed_id_is_linked_to_its_twin_and_measured_against_it() -> None:
    twin = cable(witness("a", reading(SHOWN)), reference_id="08PORTOFSPAIN546")
    piece = reading(SHOWN[len(SHOWN) // 2 :], claim("fragment_of", "08PORTOFSPAIN546"))
    found = cable(witness("a", piece), reference_id="08SECTIN02OF02PORTOFSPAIN546")
    (link,) = links_of(found, {"08PORTOFSPAIN546": twin}.get)
    assert (link.relation, link.reference_id) == ("fragment_of", "08PORTOFSPAIN546")
    assert link.basis == "alias_table"
    assert link.other_sha256 == reading(SHOWN).sha256
    assert link.score is not None and link.score > 0.9


def test_a_link_to_a_cable_that_is_not_there_has_no_score() -> None:
    piece = reading(SHOWN, claim("fragment_of", "08PORTOFSPAIN546"))
    (relation,) = relations(cable(witness("a", piece)))
    assert relation.other_reference_id == "08PORTOFSPAIN546"
    assert (relation.other_reading_sha256, relation.score) == (None, None)


def test_a_wrong_body_is_looked_for_in_the_neighbouring_years() -> None:
    """Its own ID line, `LISBON 9539`, has no year."""
    wrong = reading(OTHER, claim("wrong_body_of", "LISBON 9539"))
    found = cable(witness("a", wrong), reference_id="05MUSCAT9679")
    there = {"05LISBON9539": cable_of(SHOWN), "06LISBON9539": cable_of(OTHER)}
    (link,) = links_of(found, there.get)
    assert (link.stated, link.reference_id) == ("LISBON 9539", "06LISBON9539")
    assert (link.basis, link.score) == ("own_id_line", 1.0)


def test_a_year_that_nothing_tells_is_not_guessed() -> None:
    """Neither where the store has no such cable, nor where it has one with another text."""
    wrong = reading(OTHER, claim("wrong_body_of", "LISBON 9539"))
    found = cable(witness("a", wrong), reference_id="05MUSCAT9679")
    for cables in (nothing, {"05LISBON9539": cable_of(SHOWN)}.get):
        (link,) = links_of(found, cables)
        assert (link.stated, link.reference_id) == ("LISBON 9539", None)
        assert (link.other_sha256, link.score) == (None, None)


def test_a_year_that_the_text_states_is_not_guessed_at() -> None:
    claims = (claim("wrong_body_of", "LISBON 9539"), claim("wrong_body_id", "03LISBON9539"))
    found = cable(witness("a", reading(OTHER, *claims)), reference_id="05MUSCAT9679")
    there = {"03LISBON9539": cable_of(SHOWN), "05LISBON9539": cable_of(OTHER)}
    named = {key: cable(*there[key].witnesses, reference_id=key) for key in there}
    assert [link.reference_id for link in links_of(found, named.get)] == ["03LISBON9539"]


def test_a_cable_that_stands_behind_another_is_measured_by_how_much_of_it_does() -> None:
    both = reading(f"{SHOWN}\n\n{OTHER}", claim("appended_cable_of", "OSLO 9071"))
    found = cable(witness("a", both), reference_id="09ASTANA9033")
    other = cable(witness("a", reading(OTHER)), reference_id="09OSLO9071")
    (link,) = links_of(found, {"09OSLO9071": other}.get)
    assert (link.relation, link.reference_id) == ("appended_cable_of", "09OSLO9071")
    assert link.score is not None and link.score > 0.95


@pytest.mark.parametrize(
    "rule, basis",
    [
        ("identity/2", "own_id_line"),
        ("section_marks/1", "section_mark"),
        ("record_of_another/1", "dump_record"),
    ],
)
def test_a_link_says_what_it_rests_on(rule: str, basis: str) -> None:
    stated = claim("mixed_body_of", "09OSLO9071", rule=rule)
    (link,) = links_of(cable(witness("a", reading(SHOWN, stated))), nothing)
    assert (link.reference_id, link.basis) == ("09OSLO9071", basis)


def test_a_text_that_is_another_cables_altogether_is_flagged() -> None:
    """Two copies under one ID, and next to nothing in common."""
    record, _ = records_of(cable_of(SHOWN, OTHER))
    assert IDENTITY_CONFLICT in record.flags
    record, readings = records_of(cable_of(SHOWN, MARKED))
    assert record.flags == []
    assert all(found.flags == [] for found in readings)
