"""Texts one after the other, within a copy and from release to release."""

from __future__ import annotations

import pytest

from cablecrawl.collation.changes import count_changes
from cablecrawl.collation.collation import Collation
from cablecrawl.collation.history import history_of
from cablecrawl.collation.sequence import Transition, across, places_of, within
from cablecrawl.export.read import StoredCable, StoredReading
from cablecrawl.releases import load_releases
from tests.collation.readings import MARKED, OTHER, SHOWN, cable, claim, reading, witness

RELEASES = load_releases()


def release(name: str, basis: str = "counter", confidence: str = "asserted") -> StoredReading:
    """The text that shows all, of a page that says of which build it is."""
    return build(name, SHOWN, basis, confidence)


def build(
    name: str, body: str, basis: str = "counter", confidence: str = "asserted"
) -> StoredReading:
    return reading(body, claim("release", name, basis=basis, confidence=confidence))


def across_releases(found: StoredCable) -> list[Transition]:
    return across(places_of(found, RELEASES), Collation(found))


def kinds(transitions: list[Transition]) -> list[tuple[str, ...]]:
    return [transition.kinds for transition in transitions]


def test_a_copy_that_never_changed_has_no_transition() -> None:
    found = witness("a", reading(SHOWN), reading(SHOWN))
    assert within(found, Collation(cable(found))) == []


def test_a_copy_is_followed_in_the_order_of_its_captures() -> None:
    found = witness("a", reading(SHOWN), reading(MARKED), reading(SHOWN + " Bye."))
    transitions = within(found, Collation(cable(found)))
    assert kinds(transitions) == [("redaction_added",), ("redaction_removed", "wording")]
    assert [t.later.at[:10] for t in transitions] == ["2026-11-02", "2026-11-03"]


def test_a_text_that_returns_is_back_to_an_earlier_one() -> None:
    found = witness("a", reading(SHOWN), reading(MARKED), reading(SHOWN))
    assert kinds(within(found, Collation(cable(found)))) == [
        ("redaction_added",),
        ("redaction_removed", "back_to_earlier"),
    ]


def test_a_text_that_returns_set_otherwise_is_back_too() -> None:
    found = witness("a", reading(SHOWN), reading(MARKED), reading(SHOWN.replace("\n", " \n")))
    assert "back_to_earlier" in kinds(within(found, Collation(cable(found))))[1]


def test_a_text_that_is_only_set_otherwise_was_never_left() -> None:
    bodies = (SHOWN, SHOWN.replace("\n", " \n"), SHOWN.replace("\n", "\n "))
    found = witness("a", *map(reading, bodies))
    assert kinds(within(found, Collation(cable(found)))) == [("white_space",), ("white_space",)]


def test_a_copy_that_was_gone_in_between_did_not_change() -> None:
    found = witness("a", reading(SHOWN), None, reading(SHOWN))
    assert within(found, Collation(cable(found))) == []


def test_a_copy_with_the_text_of_another_cable_in_its_place_was_replaced() -> None:
    found = witness("a", reading(SHOWN), reading(OTHER))
    assert kinds(within(found, Collation(cable(found)))) == [("replaced",)]


def test_releases_follow_their_registry_and_not_their_numbers() -> None:
    """607 cables, then 593: some were withdrawn."""
    found = cable(witness("a", build("web-593", MARKED)), witness("b", build("web-607", SHOWN)))
    (transition,) = across_releases(found)
    assert (transition.earlier.at, transition.later.at) == ("web-607", "web-593")
    assert transition.kinds == ("redaction_added",)


def test_the_order_of_releases_joins_the_sources() -> None:
    found = cable(
        witness("a", build("web-471", SHOWN), build("web-1862", SHOWN)),
        witness("b", build("web-837", MARKED)),
        witness("c", build("web-837", MARKED)),
    )
    places = places_of(found, RELEASES)
    assert [place.release for place in places] == ["web-471", "web-837", "web-1862"]
    assert places[1].sources == ("b", "c")
    assert places[1].bases == ("counter",)


def test_a_text_met_in_two_releases_has_two_places() -> None:
    both = reading(
        SHOWN,
        claim("release", "web-471", basis="counter", confidence="asserted"),
        claim("release", "web-1862", basis="counter", confidence="asserted"),
    )
    found = cable(witness("a", both), witness("b", build("web-837", MARKED)))
    assert kinds(across_releases(found)) == [
        ("redaction_added",),
        ("redaction_removed", "back_to_earlier"),
    ]


def test_two_texts_of_one_release_have_no_order() -> None:
    found = cable(witness("a", build("web-837", SHOWN)), witness("b", build("web-837", MARKED)))
    assert places_of(found, RELEASES) == []


@pytest.mark.parametrize(
    "claims",
    [
        (),
        (claim("release", "web-471", basis="counter", confidence="contradicted"),),
        (claim("release", "http://wikileaks.example/cable/1.html", confidence="asserted"),),
        # 926 is two builds.
        (
            claim("release", "web-926-a", basis="counter", confidence="inferred_weak"),
            claim("release", "web-926-b", basis="counter", confidence="inferred_weak"),
        ),
    ],
)
def test_a_page_that_names_no_release_or_more_than_one_has_no_place(
    claims: tuple[object, ...],
) -> None:
    found = cable(witness("a", reading(SHOWN, *claims)))  # type: ignore[arg-type]
    assert places_of(found, RELEASES) == []


def test_what_a_page_says_comes_before_what_its_pane_is_like() -> None:
    stated = reading(
        SHOWN,
        claim("release", "web-471", basis="counter", confidence="asserted"),
        claim("release", "web-471", basis="template_fingerprint", confidence="inferred_strong"),
        claim("release", "web-837", basis="template_fingerprint", confidence="inferred_strong"),
    )
    (place,) = places_of(cable(witness("a", stated)), RELEASES)
    assert (place.release, place.bases) == ("web-471", ("counter", "template_fingerprint"))


def test_changes_are_counted_by_kind_with_examples() -> None:
    stamp = claim("released", "2010-12-05T05:05")
    found = cable(
        witness("a", reading(SHOWN, stamp), reading(MARKED, stamp), reading(SHOWN, stamp)),
        witness("b", build("web-471", SHOWN)),
        witness("c", build("web-837", MARKED)),
    )
    changes = count_changes([found, cable(witness("a", reading(OTHER)))], RELEASES)
    assert (changes.cables, changes.several_texts, changes.changed) == (2, 1, 1)
    assert (changes.within, changes.across) == (2, 1)
    by_kind = {count.kind: count for count in changes.kinds}
    added = by_kind["redaction_added"]
    assert (added.within, added.across) == (1, 1)
    # The stamp is stated in a; b and c state none of their own, but have the same texts.
    assert added.same_stamp == 2
    assert added.examples == ["07ASTANA9033 in a", "07ASTANA9033 web-471 web-837"]
    assert by_kind["back_to_earlier"].within == 1


def test_a_history_of_one_text_is_short() -> None:
    history = history_of(cable(witness("a", release("web-471"))), RELEASES, [])
    assert len(history.texts) == 1
    assert history.texts[0].releases == ("web-471",)
    assert not history.relations
    assert not history.witnesses[0].transitions
    assert history.redacted_spans == "none"
