"""FollowTheMoney: entities and statements as the followthemoney package reads them."""

from __future__ import annotations

import json
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.ftm import Entity, cable_id, dataset_of, entity_of, values_of
from cablecrawl.export.read import Snapshot, StoredCable, StoredClaim, StoredWitness
from tests.collation.readings import REFERENCE_ID, claim, reading, witness
from tests.environments import NotInstalledError, environment
from tests.export.conftest import contents, export, read_lines
from tests.stores import SampleStore

FORMATS = ("jsonl", "ftm")
REQUIREMENTS = Path(__file__).with_name("ftm-requirements.txt")
SCRIPT = Path(__file__).with_name("read_ftm.py")

Entities = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Path:
    return export(demo_store, tmp_path_factory.mktemp("ftm"), FORMATS)


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return environment("ftm", REQUIREMENTS)
    except NotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def read(python: Path, folder: Path) -> dict[str, Any]:
    """What the package makes of the export."""
    answer: dict[str, Any] = run(python, folder / "ftm")
    return answer


def run(python: Path, *args: Path, values: Any = None) -> Any:
    done = subprocess.run(
        [python, SCRIPT, *args],
        input=None if values is None else json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def own_entities(folder: Path) -> Entities:
    lines = read_lines(folder / "ftm" / "entities.ftm.json")
    return {entity["id"]: entity for entity in lines}


def test_every_entity_is_valid_and_clean(read: dict[str, Any], folder: Path) -> None:
    assert read["faults"] == []
    assert list(read["entities"]) == list(own_entities(folder))
    assert len(read["statements"]) > 10 * len(read["entities"])


def test_the_statements_give_the_same_entities(read: dict[str, Any]) -> None:
    assert list(read["aggregated"]) == sorted(read["entities"])
    for entity_id, entity in read["entities"].items():
        again = read["aggregated"][entity_id]
        assert again["schema"] == entity["schema"]
        assert {name: sorted(values) for name, values in again["properties"].items()} == {
            name: sorted(values) for name, values in entity["properties"].items()
        }


def test_a_cable_is_a_message_with_its_values(folder: Path) -> None:
    entities = own_entities(folder)
    cables = read_lines(folder / "cables.jsonl")
    references = read_lines(folder / "references.jsonl")
    messages = [entity for entity in entities.values() if entity["schema"] == "Message"]
    assert [one["id"] for one in messages] == [cable_id(one["reference_id"]) for one in cables]
    posts = {
        entity["id"]: entity["properties"]["name"]
        for entity in entities.values()
        if entity["schema"] == "PublicBody"
    }
    assert {name for names in posts.values() for name in names} == {
        cable["origin"] for cable in cables if cable["origin"]
    }
    for message, cable in zip(messages, cables, strict=True):
        said = message["properties"]
        for name, field in (
            ("subject", "subject"),
            ("date", "created"),
            ("publishedAt", "released"),
            ("summary", "classification"),
            ("messageId", "reference_id"),
        ):
            assert said.get(name, []) == ([cable[field]] if cable[field] else [])
        assert said.get("keywords", []) == list(dict.fromkeys(cable["tags"]))
        assert cable["body"].strip() in said["bodyText"][0]
        assert cable["header"].strip() in said["bodyText"][0]
        assert said["sourceUrl"] == list(dict.fromkeys(one["url"] for one in cable["witnesses"]))
        assert [posts[post] for post in said.get("sender", [])] == (
            [[cable["origin"]]] if cable["origin"] else []
        )
        cited = [one for one in references if one["reference_id"] == cable["reference_id"]]
        resolved = dict.fromkeys(one["resolved"] for one in cited if one["resolved"])
        assert said.get("inReplyTo", []) == list(resolved)
        there = {cable_id(one["resolved"]) for one in cited if one["in_store"]}
        assert set(said.get("inReplyToMessage", [])) == there
        assert there <= set(entities)
        assert "recipients" not in said


def test_a_statement_is_of_a_source_that_states_the_value(
    read: dict[str, Any], folder: Path
) -> None:
    readings = read_lines(folder / "readings.jsonl")
    for cable in read_lines(folder / "cables.jsonl"):
        latest = {(one["source"], one["url"], one["reading_sha256"]) for one in cable["witnesses"]}
        stating = {
            dataset_of(one["source"])
            for one in readings
            if one["reference_id"] == cable["reference_id"]
            and (one["source"], one["url"], one["reading_sha256"]) in latest
            and one["subject"] == cable["subject"]
        }
        found = [
            statement
            for statement in read["statements"]
            if statement["entity_id"] == cable_id(cable["reference_id"])
        ]
        subjects = [one for one in found if one["prop"] == "subject"]
        if cable["subject"]:
            assert {one["dataset"] for one in subjects} == stating
        urls = {one["url"] for one in cable["witnesses"]}
        assert {one["origin"] for one in found} <= urls
        assert {one["external"] for one in found} == {"f"}
        for one in found:
            assert one["first_seen"] <= one["last_seen"]
        assert len({one["id"] for one in found}) == len(found)


def entity(*copies: StoredWitness) -> Entity:
    stored = StoredCable(REFERENCE_ID, list(copies))
    return entity_of(ExportedCable(stored, cast(Snapshot, None), lambda _: None, cast(Any, None)))


def test_who_states_a_value_is_one_a_dataset() -> None:
    long = "A line of a long cable.\n" * 5_000
    tags = [claim("tags", "KDEM"), claim("tags", "KDEM\x01"), claim("tags", "PREL")]
    copies = [
        replace(witness("a", reading(long, *tags)), url="http://a/1"),
        replace(witness("a", reading(long, tags[0])), url="http://a/2", last_seen="2026-12-01"),
        witness("b", reading(long, tags[1])),
        witness("c", reading("Another text.")),
    ]
    its = entity(*copies)
    said = {key: sorted(stated.sayings) for key, stated in its.stated.items()}
    one, other, third = map(dataset_of, "abc")
    assert said["keywords", "KDEM"] == [one, other]
    assert said["keywords", "PREL"] == [one]
    bodies = [stated for (prop, _), stated in its.stated.items() if prop == "bodyText"]
    assert len(bodies) == 2
    assert [sorted(body.sayings) for body in bodies] == [[one, other]] * 2
    assert said["id", its.id] == [one, other, third]
    of_two = its.stated["keywords", "KDEM"].sayings[one]
    assert (of_two.url, of_two.last_seen) == ("http://a/1", "2026-12-01")
    assert its.stated["keywords", "PREL"].sayings[one].last_seen < of_two.last_seen


def test_a_release_is_stated_by_the_readings_that_claimed_it() -> None:
    def released(value: str, created: str = "2007-04-20T11:13") -> list[StoredClaim]:
        basis = {"basis": "page_timestamp", "confidence": "asserted"}
        return [claim("created", created), claim("released", value, **basis)]

    first, later = "2010-11-28T18:06", "2011-08-30T01:44"
    replaced = witness("a", reading("One.", *released(first)), reading("Two.", *released(later)))
    its = entity(
        replaced,
        # The same stamp, and the cable is said to have been made after it.
        witness("b", reading("Two.", *released(first, created="2010-12-24T11:13"))),
        witness("c", reading("Two.", *released(later))),
    )
    said = {value: stated for (prop, value), stated in its.stated.items() if prop == "publishedAt"}
    assert list(said) == [first]
    (saying,) = said[first].sayings.values()
    assert saying.url == replaced.url
    # The day on which the copy was last met with that text.
    assert saying.last_seen == "2026-11-01T18:00:00"
    assert its.itself[saying.dataset].last_seen == "2026-11-02T18:00:00"


def test_a_cable_whose_page_was_replaced_keeps_when_it_was_released(
    store: SampleStore, sites: dict[str, Path], tmp_path: Path
) -> None:
    path = "cable/2007/04/07ASTANA9033.html"
    page = (sites["relative-copy"] / path).read_bytes()
    (released,) = set(re.findall(rb"2010-1[12]-\d\d \d\d:\d\d", page))
    later = page.replace(b"no stops", b"one stop").replace(released, b"2011-08-30 01:44")
    store.crawl("mirror", {path: page})
    store.crawl("mirror", {path: later})
    folder = tmp_path / "export"
    folder.mkdir()
    export(store, folder, FORMATS)
    (cable,) = read_lines(folder / "cables.jsonl")
    assert cable["released"] == released.decode().replace(" ", "T")
    (message,) = (one for one in own_entities(folder).values() if one["schema"] == "Message")
    assert message["properties"]["publishedAt"] == [cable["released"]]
    assert "one stop" in message["properties"]["bodyText"][0]


def test_no_two_sources_are_one_dataset(python: Path) -> None:
    sources = ["a_b", "a-b", "a.b", "A_b", "a__b", "_a_b", "a_b_", "é", "", "-", "\ud800", "\u212a"]
    sources += [dataset_of(source).removeprefix("cablecrawl_") for source in sources]
    sources += ["127.0.0.1:8000", "127-0-0-1:8000"]
    names = {source: dataset_of(source) for source in sources}
    assert names["a_b"] == "cablecrawl_a_b"
    assert len(set(names.values())) == len(names) == len(set(sources))
    assert run(python, values=[["dataset", name] for name in names.values()]) == []


def test_hostile_values_are_what_the_package_would_make_of_them(python: Path) -> None:
    chosen = random.Random(6)
    pieces = ["\0", "\x1b", "\ud800", "e\u0301", "\u2028", "\xa0", "\xad", "\ufeff", " ", "\n", "="]
    pieces += [
        "'",
        '"',
        "a",
        "\u212b",
        "\U0001f600",
        "\u0344",
        "\r",
        "<b>",
        "\u3000",
        "\x85",
        "x" * 700,
    ]
    texts = ["".join(chosen.choices(pieces, k=chosen.randint(0, 9))) for _ in range(400)]
    texts += ["x" * 200_000, "line\n" * 40_000, "\u0344" * 40_000, "x " * 32_500 + "\n"]
    stamps = ["2007-02-31", "2007-04-20T11:13", "2007-04-20T11", "2007-04-20", "2007", "0000-01-01"]
    stamps += [
        "2007-04-20T24:00",
        "2007-04-20T11:13:14",
        "2007-04-20 11:13",
        "Friday",
        "２００７-04-20",
    ]
    urls = [
        "http://a b/",
        "http://mirror.example",
        "HTTP://Mirror.Example/A?b=%zz#é",
        "ftp://x.org/",
    ]
    urls += [
        "javascript:alert(1)",
        "http://x.y/",
        "http://127.0.0.1:8000/x",
        "http://[::1]/",
        "//x",
    ]
    urls += ["http://mirror.example:99999/", "http://mirror.example/" + "x" * 5000, "http://-.org/"]
    urls += ["http://user@mirror.example/ x y", "https://sub_domain.mirror.example/\x01é"]
    values = [
        [prop, value]
        for prop, given in (
            ("subject", texts), ("bodyText", texts), ("name", texts), ("date", stamps),
            ("sourceUrl", urls), ("sourceUrl", texts), ("date", texts),
        )
        for one in given
        for value in values_of(prop, one)
    ]  # fmt: skip
    assert len(values) > 500
    assert [value for prop, value in values if prop == "date"][:4] == [
        "2007-04-20T11:13",
        "2007-04-20T11",
        "2007-04-20",
        "2007-04-20T11:13:14",
    ]
    kept = {value for prop, value in values if prop == "sourceUrl"}
    assert {"http://mirror.example/", "http://127.0.0.1:8000/x"} <= kept
    assert not [url for url in kept if url.startswith("javascript")]
    assert run(python, values=values) == []


def test_a_long_text_is_cut_at_a_line_and_nothing_of_it_is_lost() -> None:
    text = "\n".join(f"{number}. A paragraph of a long cable." for number in range(5_000))
    parts = values_of("bodyText", text)
    assert len(parts) == 3
    assert max(map(len, parts)) <= 65_000
    assert "\n".join(parts) == text


def test_the_same_store_gives_the_same_entities(
    folder: Path, demo_store: SampleStore, tmp_path: Path
) -> None:
    assert contents(export(demo_store, tmp_path, FORMATS)) == contents(folder)
