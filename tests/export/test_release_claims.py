"""What the release claims of a cable make of each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from cablecrawl.export.read import StoredCable, StoredClaim, StoredReading, StoredWitness
from cablecrawl.export.release_claims import Origin, are_independent, release_claims_of
from cablecrawl.items import Claim
from cablecrawl.records import ReleaseClaim
from cablecrawl.releases import load_releases
from cablecrawl.store import tables as t
from tests.export.conftest import Lines
from tests.sites.cables import cable_by_id, invented_cables
from tests.sites.mirror import LEFTOVER, Build, write_mirror
from tests.stores import SampleStore, read_mirror

Records = Callable[[str], Lines]

SEEN = "2026-11-21T18:01:02.345678Z"
STAMP = "2010-12-05T05:05"
CABLE = cable_by_id("07ASTANA9033")


def stored(
    value: str, field: str = "release", basis: str = "counter", confidence: str = "asserted"
) -> StoredClaim:
    page = "wikileaks_page" if confidence == "asserted" else "crawler"
    return StoredClaim(
        Claim(field, value, page, "a_rule/1", basis=basis, confidence=confidence), "0" * 64, True
    )


def stamp(value: str = STAMP) -> StoredClaim:
    return stored(value, "released", "page_timestamp")


def reading(*claims: StoredClaim, body: str = "1. (U) The trams ran.") -> StoredReading:
    digest = sha256(body.encode()).hexdigest()
    return StoredReading(
        digest, "wikileaks", "utf-8", "header", "", body, SEEN, "0" * 64, list(claims)
    )


def witness(
    source: str, *readings: StoredReading, derived_from: tuple[str, ...] | None = ()
) -> StoredWitness:
    return StoredWitness(
        source, 10, "/1", "07ASTANA9033", f"http://{source}/1", SEEN, SEEN, False, False,
        list(readings), readings[-1], derived_from,
    )  # fmt: skip


def claims_of(*witnesses: StoredWitness) -> dict[str, list[ReleaseClaim]]:
    """By source, of its latest reading."""
    found = release_claims_of(StoredCable("07ASTANA9033", list(witnesses)), load_releases())
    return {copy.source: found[copy.latest] for copy in witnesses}


def confidences(claims: list[ReleaseClaim]) -> dict[str, str]:
    return {claim.value: claim.confidence for claim in claims}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((), (), True),
        (("x",), ("y",), True),
        (None, (), False),
        (None, None, False),
        ((), ("a",), False),
        # Both have it from x: that they agree says what x has, and no more.
        (("x",), ("x",), False),
        (("x",), ("x", "y"), False),
    ],
)
def test_sources_are_independent_where_it_is_known(
    one: tuple[str, ...] | None, other: tuple[str, ...] | None, expected: bool
) -> None:
    pair = Origin("a", one), Origin("b", other)
    assert are_independent(*pair) is are_independent(*reversed(pair)) is expected


def test_a_source_does_not_bear_itself_out() -> None:
    assert not are_independent(Origin("a", ()), Origin("a", ()))


def test_two_independent_sources_bear_out_a_stamp_whatever_their_texts() -> None:
    found = claims_of(
        witness("a", reading(stamp())), witness("b", reading(stamp(), body="another text"))
    )
    for claims in found.values():
        assert confidences(claims)[STAMP] == "corroborated"


@pytest.mark.parametrize("derived_from", [None, ("a",), ("x",)])
def test_a_source_that_may_have_it_from_the_other_bears_out_nothing(
    derived_from: tuple[str, ...] | None,
) -> None:
    others = ("x",) if derived_from == ("x",) else ()
    found = claims_of(
        witness("a", reading(stamp(), stored("web-837")), derived_from=others),
        witness("b", reading(stamp(), stored("web-837")), derived_from=derived_from),
    )
    for claims in found.values():
        assert confidences(claims) == {STAMP: "asserted", "web-837": "asserted"}


def test_another_stamp_bears_out_nothing() -> None:
    found = claims_of(
        witness("a", reading(stamp())), witness("b", reading(stamp("2010-11-28T18:06")))
    )
    assert confidences(found["a"])[STAMP] == "asserted"


def test_a_build_is_borne_out_by_a_copy_of_it_with_the_same_text() -> None:
    def of_build(body: str) -> StoredReading:
        return reading(stored("web-837"), body=body)

    text, set_otherwise, other = '"one" -- two', "“one” — two", '"one" -- three'
    same = claims_of(witness("a", of_build(text)), witness("b", of_build(set_otherwise)))
    assert confidences(same["a"]) == confidences(same["b"]) == {"web-837": "corroborated"}
    differs = claims_of(witness("a", of_build(text)), witness("b", of_build(other)))
    assert confidences(differs["a"]) == confidences(differs["b"]) == {"web-837": "asserted"}


def test_what_is_inferred_is_not_borne_out() -> None:
    pane = stored("web-837", basis="template_fingerprint", confidence="inferred_strong")
    found = claims_of(witness("a", reading(pane)), witness("b", reading(pane)))
    assert confidences(found["a"]) == {"web-837": "inferred_strong"}


def test_a_text_agrees_with_that_of_an_independent_copy_of_a_known_release() -> None:
    found = claims_of(
        witness("a", reading(stored("web-837"), body='"one" -- two')),
        witness("blog", reading(body="“one” — two")),
    )
    assert ReleaseClaim(
        "web-837", "crawler", "text_identity", "inferred_weak", "blog", "text_agrees_with", None
    ) in found["blog"]  # fmt: skip
    assert confidences(found["blog"]) == {"web-837": "inferred_weak", "unknown": "unknown"}
    assert confidences(found["a"]) == {"web-837": "asserted"}


@pytest.mark.parametrize(
    "a",
    [
        witness("a", reading(stored("web-837")), derived_from=None),
        witness("a", reading(stored("web-837"), body="another text")),
        witness("a", reading(stored("web-837", confidence="inferred_weak"))),
        witness("a", reading(stored("web-837"), stamp("2011-01-01T01:01"))),
        witness("a", reading(stored("cablebrowser-9", basis="page_statement"))),
        witness("a", reading(stored("http://w/", basis="source_link"))),
    ],
    ids=[
        "not known to be independent", "another text", "a weak inference", "contradicted",
        "a release not in the registry", "a link",
    ],
)  # fmt: skip
def test_a_text_agrees_with_nothing_that_is_not_known(a: StoredWitness) -> None:
    found = claims_of(a, witness("blog", reading()))
    assert confidences(found["blog"]) == {"unknown": "unknown"}


def test_texts_that_are_empty_do_not_agree() -> None:
    found = claims_of(
        witness("a", reading(stored("web-837"), body="")), witness("b", reading(body=" \n"))
    )
    assert confidences(found["b"]) == {"unknown": "unknown"}


def test_that_nothing_says_what_a_copy_is_of_is_said() -> None:
    (claim,) = claims_of(witness("a", reading()))["a"]
    assert claim == ReleaseClaim(
        "unknown", "crawler", "none", "unknown", "a", "source_release_of_page", None
    )


def test_a_contradicted_claim_is_kept_with_the_name_of_the_check() -> None:
    found = claims_of(witness("a", reading(stored("web-837"), stamp("2011-01-01T01:01"))))["a"]
    assert [(c.value, c.confidence, c.contradicted_by) for c in found] == [
        ("2011-01-01T01:01", "contradicted", "after_its_build"),
        ("web-837", "contradicted", "after_its_build"),
    ]


def test_a_contradicted_stamp_bears_nothing_out() -> None:
    found = claims_of(
        witness("a", reading(stored("web-837"), stamp("2011-01-01T01:01"))),
        witness("b", reading(stamp("2011-01-01T01:01"))),
    )
    assert confidences(found["a"])["2011-01-01T01:01"] == "contradicted"
    assert confidences(found["b"])["2011-01-01T01:01"] == "asserted"


def test_claims_of_different_captures_do_not_contradict_each_other() -> None:
    old_build, new_stamp = stored("web-837"), stamp("2011-01-01T01:01")
    old_build.current, old_build.capture, new_stamp.capture = False, 1, 2
    found = claims_of(witness("a", reading(old_build, new_stamp)))["a"]
    assert [claim.contradicted_by for claim in found] == [None, None]
    old_stamp = stamp("2010-12-20T05:05")
    old_stamp.current, old_stamp.capture = False, 1
    found = claims_of(witness("a", reading(old_build, old_stamp, new_stamp)))["a"]
    assert {claim.value: claim.contradicted_by for claim in found} == {
        "2010-12-20T05:05": "after_its_build",
        "2011-01-01T01:01": None,
        "web-837": "after_its_build",
    }


def test_a_claim_that_holds_now_is_judged_by_what_holds_now() -> None:
    build, old_stamp, new_stamp = stored("web-837"), stamp("2011-01-01T01:01"), stamp()
    build.capture, old_stamp.capture, new_stamp.capture = 1, 1, 2
    old_stamp.current = False
    found = claims_of(witness("a", reading(build, old_stamp, new_stamp)))["a"]
    assert [(claim.value, claim.contradicted_by) for claim in found] == [
        (STAMP, None),
        ("2011-01-01T01:01", "after_its_build"),
        ("web-837", None),
    ]


@pytest.mark.parametrize(
    ("field", "basis", "relation"),
    [
        ("released", "page_timestamp", "first_published_in"),
        ("released", "page_statement", "source_release_of_page"),
        ("release", "page_statement", "source_release_of_page"),
        ("release", "counter", "source_release_of_page"),
        ("release", "source_link", "postdates"),
        ("redacted_by_wikileaks", "page_statement", "states_redaction_relative_to"),
    ],
)
def test_what_is_said_follows_from_field_and_basis(field: str, basis: str, relation: str) -> None:
    found = claims_of(witness("a", reading(stored("no", field, basis))))["a"]
    assert relation in [claim.relation for claim in found if claim.value != "unknown"]


# ------------------------------------------------------------------ through store and export


def mirror(folder: Path, *builds: Build) -> Path:
    """A mirror on which each build was laid over the one before."""
    for number, build in enumerate(builds):
        write_mirror(folder, invented_cables(12), build, overlay=number > 0)
    return folder


def of_witnesses(cables: Lines) -> dict[str, tuple[Any, ...]]:
    return {
        cable["reference_id"]: (w["release"], w["status"], w["left_over"])
        for cable in cables
        for w in cable["witnesses"]
    }


OLDER, NEWER = Build(842, "v3"), Build(837, "v3", withdrawn=frozenset({LEFTOVER}))


def test_a_page_of_an_older_build_that_no_index_lists_is_left_over(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    store.crawl("mirror", mirror(tmp_path / "site", OLDER, NEWER))
    found = of_witnesses(records("cables"))
    # 837 is the newer: cables were withdrawn.
    assert found.pop(LEFTOVER) == ("web-842", "unlisted", True)
    assert set(found.values()) == {("web-837", "present", False)}


def test_a_torn_copy_has_older_pages_that_are_not_left_over(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    torn = Build(837, "v3", kept=("cable/2009/*",))
    store.crawl("mirror", mirror(tmp_path / "site", OLDER, torn))
    found = set(of_witnesses(records("cables")).values())
    assert found == {("web-837", "present", False), ("web-842", "present", False)}


def test_a_page_of_the_newest_build_that_no_index_lists_is_not_left_over(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    same = Build(842, "v3", withdrawn=frozenset({LEFTOVER}))
    store.crawl("mirror", mirror(tmp_path / "site", OLDER, same))
    assert of_witnesses(records("cables"))[LEFTOVER] == ("web-842", "unlisted", False)


def test_a_page_that_is_gone_is_not_left_over(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    store.crawl("mirror", mirror(tmp_path / "older", OLDER))
    store.crawl("mirror", mirror(tmp_path / "newer", NEWER))
    assert of_witnesses(records("cables"))[LEFTOVER] == ("web-842", "gone", False)


def test_a_page_of_an_unknown_build_is_of_no_release(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    store.crawl("mirror", mirror(tmp_path / "site", Build(8)))
    assert set(of_witnesses(records("cables")).values()) == {(None, "present", False)}


def test_what_the_store_knows_of_a_source_lets_it_bear_out_another(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    for source in ("one", "other"):
        store.crawl(source, mirror(tmp_path / source, Build(837, "v3")))
    cable = next(c for c in records("cables") if c["reference_id"] == CABLE.reference_id)
    # The pane of a sample page is not that of the real build.
    assert [r["confidence"] for r in cable["releases"]] == ["asserted"] * 2 + ["inferred_weak"] * 2
    with store.engine.begin() as connection:
        connection.execute(update(t.source).values(derived_from=json.dumps([])))
    cable = next(c for c in records("cables") if c["reference_id"] == CABLE.reference_id)
    assert [r["confidence"] for r in cable["releases"][:2]] == ["corroborated"] * 2
    assert list(cable["releases"][0]) == [
        "value", "asserted_by", "basis", "confidence", "source", "relation", "contradicted_by",
    ]  # fmt: skip


def test_a_stamp_that_cannot_be_is_not_when_a_cable_was_released(
    store: SampleStore, records: Records, tmp_path: Path
) -> None:
    early = Build(837, "v3", released={CABLE.reference_id: "2001-01-01 01:01"})
    pages = read_mirror(mirror(tmp_path / "site", early))
    store.crawl("mirror", {CABLE.page: pages[CABLE.page]})
    (cable,) = records("cables")
    assert cable["released"] is None
    (stamped,) = (r for r in cable["releases"] if r["basis"] == "page_timestamp")
    assert stamped["contradicted_by"] == "before_first_release"
    (read,) = records("readings")
    assert read["releases"] == cable["releases"]
