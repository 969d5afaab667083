"""Which reading stands for a cable, and what its record says of all the others."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from cablecrawl.export.chosen import choose, witness_record
from cablecrawl.export.read import StoredClaim, StoredReading, StoredWitness
from cablecrawl.items import Claim
from cablecrawl.store import tables as t
from tests.export.conftest import Lines
from tests.sites.cables import cable_by_id
from tests.sites.mirror import LEFTOVER, Build, write_mirror
from tests.stores import START, SampleStore, read_mirror

Records = Callable[[str], Lines]

CABLE = cable_by_id("07ASTANA9033")


def witness(
    source: str,
    body: str = "the text",
    *,
    rank: int = 10,
    released: str | None = None,
    flag: str | None = None,
    locator: str = "/cable/1.html",
    layout: str = "wikileaks",
) -> StoredWitness:
    """A witness with one reading."""
    claims = []
    if released is not None:
        claims.append(Claim("released", released, "wikileaks_page", "wikileaks_table/1"))
    if flag is not None:
        claims.append(Claim("flag", flag, "crawler", "identity/1"))
    reading = StoredReading(
        sha256(body.encode()).hexdigest(),
        layout,
        "utf-8",
        "header",
        "",
        body,
        "2026-11-21T18:01:02.345678Z",
        "0" * 64,
        [StoredClaim(claim, "0" * 64, True) for claim in claims],
    )
    seen = "2026-11-21T18:01:02.345678Z"
    url = f"http://{source}{locator}"
    return StoredWitness(
        source, rank, locator, "09OSLO9001", url, seen, seen, False, False, [reading], reading
    )


def test_a_single_witness_is_chosen() -> None:
    only = witness("a", flag="wrong_body")
    assert choose([only]) == (only, "only_reading")


def test_one_text_is_chosen_for_being_the_only_one_from_the_best_copy() -> None:
    copies = [
        witness("a", rank=1),
        witness("c", rank=9, released="2010-12-05T05:05"),
        witness("b", rank=9, released="2010-12-05T05:05", locator="/cable/2.html"),
        witness("b", rank=9, released="2010-12-05T05:05", locator="/cable/1.html"),
    ]
    assert choose(copies) == (copies[3], "only_reading")


def test_a_body_that_names_another_cable_gives_way_however_full_it_is() -> None:
    copies = [
        witness("a", "a long text of another cable", flag="wrong_body"),
        witness("b", "short"),
    ]
    assert choose(copies) == (copies[1], "own_id_agrees")


@pytest.mark.parametrize("flag", ["appended_cable", "mixed_body", "foreign_record"])
def test_another_cable_s_words_make_no_text_fuller(flag: str) -> None:
    copies = [
        witness("a", "its own text, and that of another", flag=flag),
        witness("b", "its own text"),
        witness("c", "the text of another, which is the longest of all", flag="wrong_body"),
    ]
    assert choose(copies) == (copies[1], "own_id_agrees")
    assert choose([copies[0], copies[2]]) == (copies[0], "own_id_agrees")


def test_between_two_wrong_bodies_the_fuller_is_chosen() -> None:
    copies = [
        witness("a", "short", flag="wrong_body"),
        witness("b", "a longer text", flag="wrong_body"),
    ]
    assert choose(copies) == (copies[1], "fullest_text")


def test_redaction_marks_do_not_make_a_text_fuller() -> None:
    copies = [witness("a", "met XXXXXXXXXXXXXXXXXX today"), witness("b", "met Madina today")]
    assert choose(copies) == (copies[1], "fullest_text")


def test_of_equally_full_texts_the_one_released_last_is_chosen() -> None:
    copies = [
        witness("a", "one, two", rank=1, released="2010-12-05T05:05"),
        witness("b", "one; two", rank=2, released="2010-12-18T21:09"),
        witness("c", "one. two", rank=0),
    ]
    assert choose(copies) == (copies[1], "latest_release")


@pytest.mark.parametrize("layout", ["wordpress", "cablebrowser"])
def test_of_equally_full_texts_a_repost_gives_way_whenever_it_was_released(layout: str) -> None:
    copies = [
        witness("a", "“one” — two", layout=layout, rank=0, released="2011-08-30T01:44"),
        witness("b", '"one" -- two', rank=9, released="2010-12-05T05:05"),
    ]
    assert choose(copies) == (copies[1], "not_reposted")


def test_a_repost_that_is_fuller_is_chosen() -> None:
    copies = [witness("a", "one, two and three", layout="wordpress"), witness("b", "one, two")]
    assert choose(copies) == (copies[0], "fullest_text")


def test_a_copy_set_in_other_type_reformats_the_chosen_one() -> None:
    chosen = witness("b", '"one" -- two\n \nthree')
    relations = {
        text: witness_record(witness("a", text, layout="wordpress"), chosen).relation
        for text in ("“one” — two three", "“one” — two four", '"one" -- two\n \nthree')
    }
    assert list(relations.values()) == ["reformats", "differs", "same"]


def test_a_release_claim_that_no_longer_holds_does_not_count() -> None:
    copies = [
        witness("a", "one, two", released="2010-12-20T05:05"),
        witness("b", "one; two", released="2010-12-18T21:09"),
    ]
    copies[0].latest.claims[0].current = False
    assert choose(copies)[0] is copies[1]


def test_a_copy_that_names_two_releases_counts_as_the_later() -> None:
    copies = [
        witness("a", "one, two", released="2010-12-05T05:05"),
        witness("b", "one; two", released="2010-12-18T21:09"),
    ]
    later = witness("a", released="2010-12-20T05:05").latest.claims
    copies[0].latest.claims += later
    assert choose(copies) == (copies[0], "latest_release")


def test_at_last_the_rank_of_the_source_decides() -> None:
    copies = [witness("a", "one, two", rank=20), witness("b", "one; two", rank=10)]
    assert choose(copies) == (copies[1], "source_rank")


def test_sources_of_one_rank_are_taken_by_name_whatever_their_order() -> None:
    copies = [witness("b", "one, two"), witness("a", "one; two")]
    assert choose(copies) == choose(copies[::-1]) == (copies[1], "source_rank")


def test_the_criterion_named_is_the_one_that_left_one_text() -> None:
    copies = [
        witness("a", "the text of another cable, and long", flag="wrong_body"),
        witness("b", "one, two", released="2010-12-05T05:05"),
        witness("c", "one; two", released="2010-12-18T21:09"),
        witness("d", "one"),
    ]
    assert choose(copies) == (copies[2], "latest_release")


def mirror(folder: Path, build: Build, *, overlay: bool = False) -> Path:
    write_mirror(folder, [CABLE], build, overlay=overlay)
    return folder


def test_a_moved_release_date_keeps_its_history(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    for stamp in ("2010-12-05 05:05", "2010-11-27 06:06", "2010-12-18 21:09"):
        build = Build(1, "v4", released={CABLE.reference_id: stamp})
        store.crawl("mirror", mirror(tmp_path / "site", build))
    (cable,) = records("cables")
    stamps = ["2010-11-27T06:06", "2010-12-05T05:05", "2010-12-18T21:09"]
    stated = [r["value"] for r in cable["releases"] if r["basis"] == "page_timestamp"]
    assert stated == stamps
    assert cable["released"] == stamps[0]
    (reading,) = records("readings")
    claims = {c["value"]: c["current"] for c in reading["claims"] if c["field"] == "released"}
    assert claims == dict(zip(stamps, (False, False, True), strict=True))


def test_a_changed_text_adds_a_reading_and_the_latest_stands_for_the_witness(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    first, second = Build(1), Build(1, edits={CABLE.reference_id: "1. (C) A shorter text."})
    for build in (first, second):
        store.crawl("mirror", mirror(tmp_path / "site", build))
    assert [r["body"] == CABLE.body for r in records("readings")] == [True, False]
    (cable,) = records("cables")
    assert cable["body"] == "1. (C) A shorter text."
    assert cable["chosen_by"] == "only_reading"

    store.crawl("mirror", mirror(tmp_path / "site", first))
    (cable,) = records("cables")
    assert cable["body"] == CABLE.body
    assert len(records("readings")) == 2


def test_a_withdrawn_cable_is_gone_and_keeps_its_text(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    store.crawl("mirror", mirror(tmp_path / "site", Build(1)))
    store.crawl(
        "mirror", mirror(tmp_path / "site", Build(1, withdrawn=frozenset({CABLE.reference_id})))
    )
    (cable,) = records("cables")
    (only,) = cable["witnesses"]
    assert only["status"] == "gone"
    assert only["last_seen"] > only["first_seen"]
    assert cable["body"] == CABLE.body


def statuses(cables: Lines) -> dict[str, str]:
    return {cable["reference_id"]: cable["witnesses"][0]["status"] for cable in cables}


def test_a_page_that_no_index_lists_is_unlisted(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    store.crawl("mirror", sites["later-build"])
    found = statuses(records("cables"))
    assert [reference_id for reference_id in found if found[reference_id] != "present"] == [
        LEFTOVER
    ]
    assert found[LEFTOVER] == "unlisted"


def test_a_page_that_only_an_earlier_crawl_saw_listed_is_unlisted(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    pages = read_mirror(sites["later-build"])
    listed = {path: body for path, body in pages.items() if not path.startswith("cable/")}
    old_index = (
        "<p>Currently released so far... 30 / 251,287</p>"
        f"<a href='/{cable_by_id(LEFTOVER).page}'>{LEFTOVER}</a>"
    ).encode()
    store.crawl("mirror", {**pages, "date/2005-01_9.html": old_index})
    assert statuses(records("cables"))[LEFTOVER] == "present"
    store.crawl("mirror", listed)
    assert statuses(records("cables"))[LEFTOVER] == "unlisted"


def test_a_crawl_that_was_cut_short_unlists_nothing(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    pages = read_mirror(sites["first-build"])
    store.crawl("mirror", pages)
    index = "classification/1_0.html"  # lists some of the cables
    store.crawl("mirror", {index: pages[index]}, state="stopped")
    assert set(statuses(records("cables")).values()) == {"present"}
    store.crawl("mirror", {index: pages[index]})
    assert "unlisted" in statuses(records("cables")).values()


def test_a_crawl_that_another_run_ended_is_one_crawl(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    pages = read_mirror(sites["first-build"])
    indexes = [path for path in pages if not path.startswith("cable/")]
    first, second = indexes[: len(indexes) // 2], indexes[len(indexes) // 2 :]
    cables = {path: body for path, body in pages.items() if path.startswith("cable/")}
    store.crawl("mirror", {**cables, **{p: pages[p] for p in first}}, state="crashed")
    store.crawl("mirror", {path: pages[path] for path in second})
    with store.engine.begin() as connection:
        crawl = connection.execute(select(t.run.c.id).order_by(t.run.c.id)).scalars().first()
        connection.execute(update(t.run).values(crawl=crawl))
    assert set(statuses(records("cables")).values()) == {"present"}


def test_a_source_without_indexes_has_no_unlisted_pages(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    pages = read_mirror(sites["first-build"])
    store.crawl("mirror", {p: body for p, body in pages.items() if p.startswith("cable/")})
    assert set(statuses(records("cables")).values()) == {"present"}


def test_the_second_cable_of_a_listed_page_is_listed(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    store.crawl("mirror", sites["first-build"])
    with store.engine.begin() as connection:
        connection.execute(update(t.witness).values(locator=t.witness.c.locator.concat("#1")))
    assert set(statuses(records("cables")).values()) == {"present"}


def test_witnesses_say_how_they_relate_to_the_chosen_reading(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    edits = {CABLE.reference_id: "1. (C) A shorter text."}
    store.crawl("b", mirror(tmp_path / "b", Build(1)), rank=1)
    store.crawl("a", mirror(tmp_path / "a", Build(1)), rank=2)
    store.crawl("c", mirror(tmp_path / "c", Build(1, edits=edits)), rank=0)
    (cable,) = records("cables")
    relations = [(w["source"], w["relation"]) for w in cable["witnesses"]]
    assert relations == [("a", "same"), ("b", "chosen"), ("c", "differs")]
    assert cable["chosen_by"] == "fullest_text"
    sources = {r["source"] for r in cable["releases"]}
    assert sources == {"a", "b", "c"}


def test_two_copies_on_one_page_have_one_chosen(
    tmp_path: Path, store: SampleStore, records: Records
) -> None:
    store.crawl("mirror", mirror(tmp_path / "site", Build(1)))
    with store.engine.begin() as connection:
        copy = (
            "INSERT INTO witness SELECT 99, source, reference_id, locator || '#1', stated_id, url"
        )
        connection.execute(text(f"{copy} FROM witness"))
        columns = "witness, sha256, capture, layout, encoding, decoding, header, body"
        values = "99, 'f' || substr(sha256, 2), capture, layout, encoding, decoding, header, 'x'"
        connection.execute(
            text(f"INSERT INTO reading (id, {columns}) SELECT 99, {values} FROM reading")
        )
        row = {"reading": 99, "field": "reference_id", "ordinal": 0, "value": "x", "step": 1}
        connection.execute(insert(t.claim).values(capture=1, last_capture=1, **row))
        connection.execute(
            insert(t.sighting).values(witness=99, capture=1, reading=99, event="first")
        )
    (cable,) = records("cables")
    assert [w["relation"] for w in cable["witnesses"]] == ["chosen", "differs"]
    assert cable["body"] == CABLE.body


def test_a_cable_has_the_ids_its_sources_misspell(
    store: SampleStore, records: Records, sites: dict[str, Path]
) -> None:
    store.crawl("mirror", sites["first-build"])
    aliases = {c["reference_id"]: c["aliases"] for c in records("cables") if c["aliases"]}
    stated = {r["reference_id"]: [r["stated_id"]] for r in records("readings")}
    assert aliases
    assert all(stated[reference_id] == ids for reference_id, ids in aliases.items())


@pytest.mark.parametrize("order", [1, -1])
def test_the_latest_sighting_is_the_latest_capture_whatever_its_row(
    tmp_path: Path, records: Records, store: SampleStore, order: int
) -> None:
    builds = [Build(1), Build(1, edits={CABLE.reference_id: "1. (C) A later text."})][::order]
    for number, build in enumerate(builds):
        store.now = START.replace(year=2026 + order * number)
        store.crawl("mirror", mirror(tmp_path / "site", build))
    (cable,) = records("cables")
    assert cable["body"] == "1. (C) A later text."
