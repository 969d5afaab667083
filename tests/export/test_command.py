"""`scrapy export`: where it writes, what it says, and that nothing half-done is left."""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scrapy.settings import Settings

import cablecrawl.export.record_files
from cablecrawl.commands.export import Command
from cablecrawl.export.folder import publish_under_time, unfinished_folder
from tests.export.conftest import contents
from tests.stores import SampleStore

PROJECT = Path(__file__).parents[2]
CSV_FILES = [
    "MANIFEST-sha256.txt",
    "cables.csv",
    "datapackage.json",
    "fixity",
    "ro-crate-metadata.json",
]
FOLDER_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")

RunExport = Callable[..., int]


@pytest.fixture
def run_export(
    demo_store: SampleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunExport:
    """Runs the command in a folder of its own, over the demo store; gives the exit status."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, data_dir: Path | str = demo_store.data_dir, **settings: object) -> int:
        command = Command()
        command.settings = Settings(
            {"DATA_DIR": str(data_dir), "EXPORTS_DIR": "exports", **settings}
        )
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(list(arguments))
        command.process_options(rest, options)
        command.run(rest, options)
        return command.exitcode

    return run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_export_goes_into_a_new_folder_and_latest_points_to_it(
    run_export: RunExport, tmp_path: Path, demo_export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_export() == 0
    exports = tmp_path / "exports"
    name, latest = names(exports)
    assert FOLDER_NAME.fullmatch(name) and latest == "latest"
    assert os.readlink(exports / "latest") == name
    assert contents(exports / "latest") == contents(demo_export)
    said = capsys.readouterr()
    assert said.out == (
        "61 cables, 133 readings, 5 relations, 55 references, 133 changes, 277 captures,"
        " 0 problems\n"
        f"written to exports/{name}\n"
    )
    assert said.err == ""


def test_the_next_export_leaves_the_last_one_and_moves_latest(
    run_export: RunExport, tmp_path: Path, demo_export: Path
) -> None:
    assert run_export() == run_export() == run_export() == 0
    first, second, third, latest = names(tmp_path / "exports")
    assert os.readlink(tmp_path / "exports" / latest) == third
    assert contents(tmp_path / "exports" / first) == contents(demo_export)
    assert contents(tmp_path / "exports" / second) == contents(tmp_path / "exports" / third)


def test_the_next_export_differs_in_what_it_says_of_changes_only(
    run_export: RunExport, tmp_path: Path
) -> None:
    assert run_export() == run_export() == 0
    first, second = (contents(tmp_path / "exports" / n) for n in names(tmp_path / "exports")[:2])
    assert second["changes.jsonl"] == b""
    about = {"changes.jsonl", "datapackage.json", "ro-crate-metadata.json"}
    about |= {f"fixity/{name}.txt" for name in about} | {"MANIFEST-sha256.txt"}
    assert {name for name in first if first[name] != second[name]} == about
    manifests = [json.loads(each["datapackage.json"]) for each in (first, second)]
    assert manifests[0]["changes_since"] is None
    assert manifests[1]["changes_since"] == manifests[0]["through"] == manifests[1]["through"]


def test_exports_of_one_second_are_numbered(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 21, 18, 1, 2, tzinfo=UTC)
    for _ in range(3):
        with unfinished_folder(tmp_path) as folder:
            (folder / "file").touch()
            publish_under_time(folder, tmp_path, moment, is_latest=True)
    assert names(tmp_path) == [
        "20261121T180102Z",
        "20261121T180102Z-2",
        "20261121T180102Z-3",
        "latest",
    ]
    assert os.readlink(tmp_path / "latest") == "20261121T180102Z-3"


@pytest.mark.parametrize("is_there", [False, True])
def test_output_may_be_new_or_empty_and_latest_stays(
    run_export: RunExport, tmp_path: Path, demo_export: Path, is_there: bool
) -> None:
    if is_there:
        (tmp_path / "desk").mkdir()
    assert run_export("--output", "desk") == 0
    assert contents(tmp_path / "desk") == contents(demo_export)
    assert names(tmp_path) == ["desk"]


def test_output_is_made_with_its_parents(run_export: RunExport, tmp_path: Path) -> None:
    assert run_export("--output", "a/b/desk", "--format", "csv") == 0
    assert names(tmp_path / "a" / "b") == ["desk"]
    assert names(tmp_path / "a" / "b" / "desk") == CSV_FILES


def test_output_may_be_a_link_to_an_empty_folder(run_export: RunExport, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert run_export("--output", "link", "--format", "csv") == 0
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "there") == CSV_FILES


def test_output_that_is_not_empty_is_left_alone(
    run_export: RunExport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "mine").touch()
    assert run_export("--output", "desk") == 1
    said = "scrapy export: --output desk: is not empty; name a new folder\n"
    assert capsys.readouterr().err == said
    assert names(tmp_path / "desk") == ["mine"]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--output", "file"], "--output file: is not a folder; name a new one"),
        (["--output", "file/desk"], "file: File exists"),
        (["--output", "n" * 300], "File name too long"),
        (["--format", "xml"], "--format xml: unknown format "),
        (["--format", ","], "--format: is empty; name something"),
        (["cables"], "cables: unknown argument; see scrapy export --help"),
        (["--outptu", "x"], "--outptu: unknown argument; see scrapy export --help"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run_export: RunExport,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "file").touch()
    assert run_export(*arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("scrapy export: ") and said in error and error.endswith("\n")
    assert error.count("\n") == 1
    assert names(tmp_path) == ["file"]


def test_without_a_store_there_is_one_line(
    run_export: RunExport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_export(data_dir="nowhere") == 1
    assert re.fullmatch(
        r"scrapy export: nowhere/.*: there is no store; .*\n", capsys.readouterr().err
    )
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_no_more_leaves_nothing(
    run_export: RunExport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    assert run_export("--format", "csv") == 0
    before = names(tmp_path / "exports")
    calls = []

    def fail(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    capsys.readouterr()
    assert run_export() == 3
    said = capsys.readouterr()
    assert said.err == f"scrapy export: exports: {os.strerror(number)}\n"
    assert said.out == ""
    assert names(tmp_path / "exports") == before
    calls.clear()
    assert run_export("--output", "desk") == 3
    assert names(tmp_path) == ["exports"]


def test_an_interrupted_export_leaves_nothing(
    run_export: RunExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(cablecrawl.export.record_files, "json_line", interrupt)
    assert run_export("--output", "desk") == 130
    assert names(tmp_path) == []


def test_a_latest_that_is_no_link_is_left_alone(
    run_export: RunExport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "exports" / "latest").mkdir(parents=True)
    assert run_export("--format", "csv") == 1
    name, latest = names(tmp_path / "exports")
    assert f"exports/latest: is no link, so it does not point to exports/{name}" in (
        capsys.readouterr().err
    )
    assert names(tmp_path / "exports" / name) == CSV_FILES
    assert names(tmp_path / "exports" / latest) == []


def test_the_redaction_policy_follows_the_setting(run_export: RunExport, tmp_path: Path) -> None:
    assert run_export("--output", "desk", SHOW_REDACTED_SPANS="1") == 0
    assert '"shown": true' in (tmp_path / "desk" / "datapackage.json").read_text()


# Stops after some lines and waits to be killed.
STALLED = """
import sys, time
import cablecrawl.export.record_files as write

json_line, lines = write.json_line, []

def stall(record):
    lines.append(record)
    if len(lines) == 20:
        print("writing", flush=True)
        time.sleep(600)
    return json_line(record)

write.json_line = stall
import cablecrawl.export.written as written
written.BUFFER_BYTES = 1
from scrapy.cmdline import execute
execute(["scrapy", "export", *sys.argv[1:]])
"""


def test_a_killed_export_leaves_nothing_that_stays(
    run_export: RunExport, tmp_path: Path, demo_store: SampleStore
) -> None:
    settings = ["-s", f"DATA_DIR={demo_store.data_dir}", "-s", f"EXPORTS_DIR={tmp_path}/exports"]
    with subprocess.Popen(
        [sys.executable, "-c", STALLED, *settings], cwd=PROJECT, stdout=subprocess.PIPE
    ) as stalled:
        assert stalled.stdout is not None
        assert stalled.stdout.readline() == b"writing\n"
        (unfinished,) = names(tmp_path / "exports")
        assert unfinished.startswith(".")
        # Another export beside it leaves what is still being written alone.
        assert run_export("--format", "csv") == 0
        assert unfinished in names(tmp_path / "exports")
        stalled.send_signal(signal.SIGKILL)
    assert unfinished in names(tmp_path / "exports")
    assert run_export("--format", "csv") == 0
    first, second, latest = names(tmp_path / "exports")
    assert FOLDER_NAME.fullmatch(first) and FOLDER_NAME.fullmatch(second)
    assert latest == "latest"


def run_scrapy(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrapy", "export", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)


def test_scrapy_runs_the_command(
    tmp_path: Path, demo_store: SampleStore, demo_export: Path
) -> None:
    target = tmp_path / "desk"
    done = run_scrapy("-s", f"DATA_DIR={demo_store.data_dir}", "--output", str(target))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"written to {target}\n")
    assert contents(target) == contents(demo_export)


def test_scrapy_reports_its_exit_status(tmp_path: Path) -> None:
    done = run_scrapy("-s", f"DATA_DIR={tmp_path}")
    assert done.returncode == 1
    assert done.stderr.startswith("scrapy export: ") and done.stderr.count("\n") == 1
    assert names(tmp_path) == []


def test_help_has_an_example() -> None:
    done = run_scrapy("--help")
    assert done.returncode == 0
    assert "\n  scrapy export --output" in done.stdout
