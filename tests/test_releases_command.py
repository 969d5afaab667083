"""`scrapy releases`: the registry in order, with what the store has of each release."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scrapy.settings import Settings
from sqlalchemy import update

from cablecrawl.commands.releases import Command
from cablecrawl.releases import load_releases
from cablecrawl.store import tables as t
from tests.sites.cables import cable_by_id, invented_cables
from tests.sites.mirror import LEFTOVER, Build, write_mirror
from tests.stores import SampleStore

Run = Callable[..., int]

OLDER, NEWER = Build(842, "v3"), Build(837, "v3", withdrawn=frozenset({LEFTOVER}))
CABLES = invented_cables(12)


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    """Two mirrors: one with a page left over from an older build, one of an unknown build."""
    store = SampleStore(tmp_path / "data")
    for build, overlay in ((OLDER, False), (NEWER, True)):
        write_mirror(tmp_path / "overlaid", CABLES, build, overlay=overlay)
    store.crawl("overlaid", tmp_path / "overlaid")
    write_mirror(tmp_path / "unknown", CABLES[:3], Build(8, "v3"))
    store.crawl("unknown", tmp_path / "unknown")
    return store


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command; gives its exit status."""

    def run(*arguments: str) -> int:
        command = Command()
        command.settings = Settings({"DATA_DIR": str(tmp_path / "data")})
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(list(arguments))
        command.process_options(rest, options)
        command.run(rest, options)
        return command.exitcode

    return run


def test_the_registry_is_listed_in_order_without_a_store(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    captured = capsys.readouterr()
    assert [line.split()[0] for line in captured.out.splitlines()] == [
        "release",
        *(release.id for release in load_releases()),
    ]
    assert captured.err == (
        f"scrapy releases: {tmp_path / 'data'}: there is no store; only the registry is shown\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", [["--json"], ["web-842", "--json"]])
def test_programs_are_told_that_there_is_no_store(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(*arguments) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["store"] is None
    assert len(captured.err.splitlines()) == 1


def test_a_release_has_its_copies_and_what_that_rests_on(
    run: Run, store: SampleStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    rows = {line.split("  ")[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert rows["web-837"][-6:] == ["yes", "11", "11", "counter", "11", "overlaid"]
    assert rows["web-842"][-6:] == ["yes", "1", "1", "counter", "1", "overlaid"]
    assert rows["web-960"][-5:] == ["yes", "0", "0", "-", "-"]


def test_a_release_that_the_registry_does_not_know_is_named(
    run: Run, store: SampleStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    out = capsys.readouterr().out
    assert out.endswith("\nnamed on pages, and not in the registry\n    counter 8: unknown 3\n")


def test_each_source_has_its_builds_and_what_was_left_over(
    run: Run, store: SampleStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    out = capsys.readouterr().out
    of_sources = out[out.index("\nsource ") :].splitlines()
    assert [line.split() for line in of_sources[2:5]] == [
        ["overlaid", "web-837", "(newest)", "11", "-"],
        ["web-842", "1", "1"],
        ["unknown", "unknown", "3", "-"],
    ]


@pytest.mark.parametrize("name", ["web-842", "cablegate-201012041409.7z"])
def test_of_one_release_all_is_told(
    run: Run, store: SampleStore, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run(name) == 0
    out = capsys.readouterr().out
    release = load_releases().by_id("web-842")
    assert release is not None
    assert out.startswith("web-842\n")
    assert release.authority in out and release.note in out
    assert out.endswith(f"    left over on overlaid:\n        {LEFTOVER}\n")


def test_counts_that_disagree_are_both_told(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("web-2011-08")
    assert "Deutsche Welle 133,877, Scoop 133,887" in capsys.readouterr().out


def test_json_has_the_same_for_programs(
    run: Run, store: SampleStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["store"] == str(store.data_dir)
    assert [release["release"] for release in told["releases"]] == [r.id for r in load_releases()]
    assert told["not_in_registry"] == [{"name": "counter 8", "sources": {"unknown": 3}}]
    assert told["sources"] == [
        {
            "source": "overlaid",
            "newest": "web-837",
            "witnesses": {"web-837": 11, "web-842": 1},
            "left_over": {"web-842": 1},
        },
        {"source": "unknown", "newest": None, "witnesses": {"unknown": 3}, "left_over": {}},
    ]
    assert run("web-842", "--json") == 0
    one = json.loads(capsys.readouterr().out)
    assert one.pop("store") == told["store"]
    assert one in told["releases"]
    assert one["left_over"] == {"overlaid": [LEFTOVER]}
    assert (one["witnesses"], one["cables"], one["by"]) == (1, 1, {"counter": 1})


def test_a_cable_that_two_sources_have_counts_once(
    run: Run, store: SampleStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mirror(tmp_path / "second", CABLES, Build(837, "v3"))
    store.crawl("second", tmp_path / "second")
    run("web-837", "--json")
    one = json.loads(capsys.readouterr().out)
    assert (one["witnesses"], one["cables"]) == (23, 12)
    assert one["sources"] == {"overlaid": 11, "second": 12}


def test_older_pages_of_a_torn_copy_are_not_left_over(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = Build(837, "v3", kept=("cable/2009/*",))
    for build, overlay in ((OLDER, False), (torn, True)):
        write_mirror(tmp_path / "torn", CABLES, build, overlay=overlay)
    SampleStore(tmp_path / "data").crawl("torn", tmp_path / "torn")
    run("--json")
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert set(source["witnesses"]) == {"web-837", "web-842"}
    assert source["left_over"] == {}


def test_what_a_page_said_before_does_not_count(
    run: Run, store: SampleStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The same texts in a newer build: the same readings, with claims of another capture.
    write_mirror(tmp_path / "overlaid", CABLES, Build(1862, "v4"))
    store.crawl("overlaid", tmp_path / "overlaid")
    run("--json")
    overlaid = json.loads(capsys.readouterr().out)["sources"][0]
    assert overlaid["witnesses"] == {"web-1862": 12}
    assert overlaid["left_over"] == {}


def test_one_of_two_builds_is_named_as_one_of_two(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cable = cable_by_id("07ASTANA9033")
    write_mirror(tmp_path / "site", [cable], Build(926, "v3"))
    SampleStore(tmp_path / "data").crawl("site", tmp_path / "site")
    run("--json")
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert source["witnesses"] == {"web-926-a or web-926-b": 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["web-8"], "web-8: no such release; `scrapy releases` lists them"),
        (["web-842", "web-837"], "web-837: unknown argument; see scrapy releases --help"),
        (["--jsno"], "--jsno: unknown argument; see scrapy releases --help"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(*arguments) == 1
    assert capsys.readouterr().err == f"scrapy releases: {said}\n"


def test_a_file_that_is_no_database_is_said_in_one_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cablecrawl.sqlite").write_bytes(b"no database at all" * 100)
    assert run() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("scrapy releases: ") and "not a database" in line


def test_a_link_to_wikileaks_names_no_release(
    run: Run, store: SampleStore, capsys: pytest.CaptureFixture[str]
) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            update(t.step).where(t.step.c.rule == "release_match/1").values(basis="source_link")
        )
    run("--json")
    told = json.loads(capsys.readouterr().out)
    assert [source["witnesses"] for source in told["sources"]] == [{"unknown": 12}, {"unknown": 3}]
