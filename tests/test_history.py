"""`scrapy history`: what it shows of a cable's texts, and what it never shows."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scrapy.settings import Settings

from cablecrawl.collation.history import history_of
from cablecrawl.collation.words import Words
from cablecrawl.commands.history import Command
from cablecrawl.releases import load_releases
from tests.collation.readings import cable, reading, witness
from tests.export.conftest import export
from tests.sites.cables import cable_by_id, invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore

ROOT = Path(__file__).parents[1]
ID = "07ASTANA9033"
SHOWN = cable_by_id(ID).body
NAME = "Madina Orlovskaya"
MARKED = SHOWN.replace(NAME, "XXXXXXXXXXXX")
RESET = SHOWN.replace(" \n", "\n")

RunHistory = Callable[..., int]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SampleStore:
    """Three builds of a mirror, each a source, and a copy that was crawled three times."""
    folder = tmp_path_factory.mktemp("history")
    store = SampleStore(folder / "data")
    bodies = {471: SHOWN, 837: MARKED, 1862: SHOWN}
    for counter, body in bodies.items():
        site = folder / f"{counter}"
        write_mirror(site, invented_cables(24), Build(counter, edits={ID: body}))
        store.crawl(f"build-{counter}", site)
    page = cable_by_id(ID).page
    for counter in (471, 837, 1862):
        store.crawl("copy", {page: (folder / f"{counter}" / page).read_bytes()})
    return store


@pytest.fixture
def run(store: SampleStore) -> RunHistory:
    """Runs the command; gives its exit status."""

    def run(*arguments: str, data_dir: Path = store.data_dir, **settings: object) -> int:
        command = Command()
        command.settings = Settings({"DATA_DIR": str(data_dir), **settings})
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(list(arguments))
        command.run(rest, options)
        return command.exitcode

    return run


def test_a_history_has_copies_texts_changes_and_relations(
    run: RunHistory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ID) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{ID}: 4 copies, 2 texts; what one reading hides and another shows")
    assert "web-471  text 1  by counter, in build-471, copy" in shown
    assert "text 1 (web-471) to text 2 (web-837): redaction_added" in shown
    assert "text 2 (web-837) to text 1 (web-1862): redaction_removed, back_to_earlier" in shown
    assert "web-1862  text 1  by counter, in build-1862, copy" in shown
    assert "- 3. (SBU) Zhuldyz Rail's director, [hidden], showed us the timetable:" in shown
    assert "+ 3. (SBU) Zhuldyz Rail's director, XXXXXXXXXXXX, showed us the timetable:" in shown
    assert "text 2  redaction_of  text 1  (redaction_marks, " in shown


def test_the_json_form_has_the_same(
    run: RunHistory, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(ID, "--json") == 0
    history = json.loads(capfdbinary.readouterr().out)
    assert history["redacted_spans"] == "hidden"
    assert [text["redaction_marks"] for text in history["texts"]] == [0, 1]
    copy = next(witness for witness in history["witnesses"] if witness["source"] == "copy")
    assert [change["kinds"] for change in copy["transitions"]] == [
        ["redaction_added"],
        ["redaction_removed", "back_to_earlier"],
    ]
    assert [place["release"] for place in history["by_release"]["places"]] == [
        "web-471", "web-837", "web-1862",
    ]  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_form_shows_what_one_reading_hides(
    run: RunHistory, capfdbinary: pytest.CaptureFixture[bytes], form: tuple[str, ...]
) -> None:
    assert run(ID, *form) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert not {"madina", "orlovskaya"} & Words(shown).known


def test_no_place_in_the_text_that_shows_a_name_is_told(
    run: RunHistory, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """`readings.jsonl` has the text, and a place in it would be the name."""
    run(ID, "--json")
    history = json.loads(capfdbinary.readouterr().out)
    (variant,) = history["by_release"]["transitions"][0]["variants"]
    assert variant["earlier"] is None
    start, end = variant["later"]
    header = cable_by_id(ID).header
    assert f"{header}\n{MARKED}"[start:end] == "XXXXXXXXXXXX"


def test_no_place_tells_the_length_of_a_name() -> None:
    """Of what both texts have behind the name, the place in the one that shows it would."""
    later = MARKED.replace("returning to the depot", "returning to the depot at night")
    found = cable(witness("a", reading(SHOWN), reading(later)))
    (transition,) = history_of(found, load_releases(), []).witnesses[0].transitions
    added = transition.variants[-1]
    assert "at night" in added.later_text
    assert "at night" not in added.earlier_text
    assert added.earlier is None
    assert added.later is not None


def test_the_setting_shows_it(run: RunHistory, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(ID, "--json", SHOW_REDACTED_SPANS=True) == 0
    history = json.loads(capfdbinary.readouterr().out)
    assert history["redacted_spans"] == "shown"
    (variant,) = history["by_release"]["transitions"][0]["variants"]
    assert NAME in variant["earlier_text"]
    start, end = variant["earlier"]
    assert f"{cable_by_id(ID).header}\n{SHOWN}"[start:end] == NAME


@pytest.mark.parametrize("spelt", ["07 Astana 9033", "2007ASTANA09033", "07astana9033"])
def test_an_id_may_be_spelt_otherwise(
    run: RunHistory, capsys: pytest.CaptureFixture[str], spelt: str
) -> None:
    assert run(spelt) == 0
    assert capsys.readouterr().out.startswith(ID)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["09OSLO99999"], "scrapy history: 09OSLO99999: not in the store"),
        (["tram"], "scrapy history: tram: spells no reference ID, such as 07ASTANA1033"),
        (["\x1b[2J"], "spells no reference ID"),
        ([], "scrapy history: give a reference ID, or --changes for the whole store"),
        ([ID, ID], "scrapy history: give a reference ID, or --changes"),
        ([ID, "--changes"], "scrapy history: --changes counts all cables: give no reference ID"),
    ],
)
def test_bad_usage_is_one_line_and_status_1(
    run: RunHistory, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "\x1b" not in captured.err


def test_without_a_store_it_says_so(
    run: RunHistory, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(ID, data_dir=tmp_path / "none") == 1
    assert capsys.readouterr().err.startswith("scrapy history: ")
    assert not (tmp_path / "none").exists()


def test_changes_are_a_table_over_the_whole_store(
    run: RunHistory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--changes") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "24 cables, 1 of them with different texts; 2 changes within a copy,"
        " 2 from release to release"
    )
    table = {line.split()[0]: line.split()[1:] for line in lines[3:13]}
    assert table["redaction_added"][:2] == ["1", "1"]
    assert table["back_to_earlier"][:2] == ["1", "1"]
    assert table["wording"][:2] == ["0", "0"]
    assert "  07ASTANA9033 web-471 web-837" in lines


def test_a_malformed_id_is_linked_to_its_twin(
    run: RunHistory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("08SECTIN02OF02PORTOFSPAIN546") == 0
    assert "fragment_of  08PORTOFSPAIN546  (alias_table, " in capsys.readouterr().out


def test_relations_are_exported_without_texts(store: SampleStore, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written.append((export(store, tmp_path / name) / "relations.jsonl").read_bytes())
    assert written[0] == written[1]
    relations = [json.loads(line) for line in written[0].splitlines()]
    keys = [(r["reference_id"], r["reading_sha256"], r["other_reference_id"]) for r in relations]
    assert keys == sorted(keys)
    found = {(r["reference_id"], r["relation"], r["other_reference_id"]) for r in relations}
    assert found == {
        (ID, "redaction_of", ID),
        ("05MUSCAT9679", "wrong_body_of", "05LISBON9539"),
        ("08SECTIN02OF02PORTOFSPAIN546", "fragment_of", "08PORTOFSPAIN546"),
    }
    assert not {"madina", "orlovskaya"} & Words(written[0].decode()).known


def test_scrapy_runs_the_command(store: SampleStore) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "history", ID, "-s", f"DATA_DIR={store.data_dir}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert NAME not in done.stdout
    assert "redaction_added" in done.stdout
