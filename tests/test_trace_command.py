"""`scrapy trace` as a user types it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from prov.model import ProvDocument
from scrapy.utils.project import get_project_settings

from cablecrawl.commands.trace import Command
from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.read import snapshot
from cablecrawl.export.write import write_export
from cablecrawl.store.database import WARC_FOLDER, open_database
from tests.crawling import PROJECT, Ended, Project
from tests.export.conftest import read_lines
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import SiteServer

ID = "07ASTANA9033"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A crawl of a mirror. For reading only."""
    folder = tmp_path_factory.mktemp("traced")
    write_mirror(folder / "site", invented_cables(7), Build(7, "v3"))
    project = Project(folder)
    with SiteServer(folder / "site") as server:
        crawled = project.crawl("-a", f"url={server.url}")
    assert crawled.status == 0, crawled.stderr
    return project


def copy_of(project: Project, folder: Path) -> Project:
    """The same store elsewhere, to be damaged."""
    copy = Project(folder)
    copy.data_dir.mkdir()
    for path in project.data_dir.rglob("*"):
        target = copy.data_dir / path.relative_to(project.data_dir)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
    return copy


def in_process(project: Project, *arguments: str) -> int:
    """The exit status of the command, run here: a process of its own takes seconds."""
    command = Command()
    command.settings = get_project_settings()
    command.settings.set("DATA_DIR", str(project.data_dir), priority="cmdline")
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    options, given = parser.parse_known_args(arguments)
    command.run(given, options)
    return command.exitcode


def export_lines(project: Project, folder: Path) -> dict[str, dict[str, object]]:
    engine = open_database(project.data_dir)
    with snapshot(engine) as store:
        write_export(store, folder, DEFAULT_FORMATS)
    engine.dispose()
    return {line["reference_id"]: line for line in read_lines(folder / "cables.jsonl")}


def test_json_is_one_object_with_the_values_of_the_export(project: Project, tmp_path: Path) -> None:
    traced = project.run("trace", ID, "--json")
    assert (traced.status, traced.stderr) == (0, "")
    assert traced.stdout.count("\n") == 1
    found = json.loads(traced.stdout)
    (run,) = found["runs"].values()
    assert (run["spider"], run["state"]) == ("mirrors", "finished")
    assert len(run["settings_sha256"]) == len(run["steps_sha256"]) == 64
    lines = export_lines(project, tmp_path)
    assert {name: field["value"] for name, field in found["fields"].items()} == lines[ID]


def test_a_field_is_traced_to_its_quote_and_verified(project: Project) -> None:
    traced = project.run("trace", ID, "created", "--verify")
    assert (traced.status, traced.stderr) == (0, "")
    assert "created  ok\n    2007-04-20T11:11\n" in traced.stdout
    assert "[[2007-04-20 11:11]]" in " ".join(traced.stdout.split())
    assert traced.stdout.endswith("ok: the field follows from the bytes\n")
    assert "\x1b" not in traced.stdout


@pytest.mark.parametrize("spelling", ["2007astana9033", "07 ASTANA 009033", "07ASTANA9033_a"])
def test_other_spellings_of_an_id_are_understood(
    project: Project, spelling: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert in_process(project, spelling, "origin", "--json") == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["reference_id"], found["stated"]) == (ID, spelling)
    assert found["spelling"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a reference ID"),
        ([ID, "created", "origin"], "give a reference ID"),
        (["07ASTANA"], "07ASTANA: spells no reference ID"),
        (["\x1b[2J"], r"\x1b[2J: spells no reference ID"),
        (["09OSLO1"], "09OSLO1: not in the store"),
        (["2009oslo0001"], "09OSLO1, as 2009oslo0001 is spelt: not in the store"),
        ([ID, "date"], "date: no such field (one of reference_id, aliases, created, "),
    ],
)
def test_what_cannot_be_traced_gets_one_line_and_exit_status_1(
    project: Project, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_process(project, *arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"scrapy trace: {message}")
    assert printed.err.count("\n") == 1


def test_without_a_store_it_says_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_process(Project(tmp_path), ID) == 1
    assert "there is no store" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_does_not_verify_has_exit_status_2(
    project: Project, tmp_path: Path, form: list[str]
) -> None:
    damaged = copy_of(project, tmp_path)
    capture = json.loads(damaged.run("trace", ID, "--json").stdout)["captures"]
    (place,) = capture.values()
    path = damaged.data_dir / WARC_FOLDER / place["warc"]
    content = bytearray(path.read_bytes())
    content[place["offset"] + place["length"] // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    assert damaged.run("trace", ID, *form).status == 0
    ended = damaged.run("trace", ID, "created", "--verify", *form)
    assert (ended.status, ended.stderr) == (2, "")
    where = f"{place['warc']} at byte {place['offset']:,}"
    assert where in " ".join(ended.stdout.split())
    assert "warc_record" in ended.stdout


def test_a_pipe_that_is_closed_early_is_no_fault(project: Project) -> None:
    command = [sys.executable, "-m", "scrapy", *project.command("trace", ID, "--json")]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait() == 0


def test_a_terminal_of_another_encoding_gets_escapes(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *project.command("trace", ID, "body")],
        cwd=PROJECT,
        capture_output=True,
        env={"PATH": "/usr/bin", "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u2026" in done.stdout


def test_prov_is_a_document_of_the_cable(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_process(project, ID, "--prov") == 0
    document = ProvDocument.deserialize(content=capsys.readouterr().out, format="json")
    assert any(ID in str(record.identifier) for record in document.get_records())


@pytest.mark.parametrize("more", [["created"], ["--verify"]])
def test_prov_is_of_the_whole_cable(
    project: Project, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_process(project, ID, "--prov", *more) == 1
    assert "of the whole cable" in capsys.readouterr().err


def test_json_and_prov_exclude_each_other(project: Project) -> None:
    ended: Ended = project.run("trace", ID, "--json", "--prov")
    assert ended.status == 1
    assert "not allowed with" in ended.stderr and len(ended.errors) == 1
