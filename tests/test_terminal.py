"""The commands as a terminal shows them: progress while they work, and nothing left of it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scrapy.cmdline import execute
from sqlalchemy import Engine, event

from cablecrawl.commands.json_form import json_text, print_json
from cablecrawl.commands.progress import Progress
from tests.crawling import PROJECT, Ended, Project, environment
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import SiteServer
from tests.stores import SampleStore

COLUMNS = 80
INTERRUPTED = 130
ID = "07ASTANA9033"

COLOUR = re.compile(r"\x1b\[[\d;]*m")
# How much is done since when: every line of progress has it.
PROGRESS = re.compile(r"\d(?: of [\d,]+)? [\w ]+ in \d\d:\d\d")

LONG = [
    ["export"],
    ["verify", "--processes", "1"],
    ["reparse", "--processes", "1"],
    ["changes", "--kind", "new"],
    ["history", "--changes"],
    ["releases"],
    ["report"],
]


@dataclass(frozen=True)
class Shown:
    """What a terminal was sent, and how the command ended."""

    status: int
    sent: str

    def screen(self) -> list[str]:
        """The lines that stand there at the end."""
        rows: list[list[str]] = [[]]
        column = 0
        for character in COLOUR.sub("", self.sent):
            if character == "\r":
                column = 0
            elif character == "\n":
                rows.append([])
            else:
                if column == COLUMNS:
                    rows.append([])
                    column = 0
                row = rows[-1]
                row += " " * (column + 1 - len(row))
                row[column] = character
                column += 1
        return ["".join(row).rstrip() for row in rows]


def on_terminal(arguments: list[str], *, interrupt_at: re.Pattern[str] | None = None) -> Shown:
    """`scrapy` in a terminal of its own; Ctrl-C is typed when that has been shown."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(PROJECT)
        command = [sys.executable, "-m", "scrapy", *arguments]
        # Where the size is not set yet, a terminal of 0 columns would be drawn on.
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        os.execve(sys.executable, command, {**environment(), "TERM": "xterm"})
    sent = b""
    is_interrupted = interrupt_at is None
    while piece := _read(master):
        sent += piece
        if (
            not is_interrupted
            and interrupt_at
            and interrupt_at.search(sent.decode("utf-8", "ignore"))
        ):
            os.write(master, b"\x03")
            is_interrupted = True
    _, status = os.waitpid(child, 0)
    os.close(master)
    return Shown(os.waitstatus_to_exitcode(status), sent.decode())


def _read(master: int) -> bytes:
    try:
        return os.read(master, 1 << 16)
    except OSError:  # what Linux says when the other end is closed
        return b""


def run_here(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> Ended:
    """`scrapy` in this process, without a terminal."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(PROJECT)
        with pytest.raises(SystemExit) as exited:
            execute(["scrapy", *arguments])
    sys.stdout.flush()
    return Ended(int(exited.value.code or 0), *capfd.readouterr())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A mirror in a store. For looking, exporting and reading again."""
    folder = tmp_path_factory.mktemp("stored")
    write_mirror(folder / "mirror", invented_cables(12), Build(842, "v3"))
    store = SampleStore(folder / "data")
    store.crawl("mirror", folder / "mirror")
    store.engine.dispose()
    return Project(folder, {"EXPORTS_DIR": str(folder / "exports")})


@pytest.mark.parametrize("arguments", LONG, ids=lambda arguments: arguments[0])
def test_a_long_command_shows_progress_and_leaves_none_of_it(
    project: Project, arguments: list[str]
) -> None:
    shown = on_terminal(project.command(*arguments))
    assert shown.status == 0, shown.sent
    assert PROGRESS.search(shown.sent), shown.sent
    assert [line for line in shown.screen() if PROGRESS.search(line)] == []
    assert len(list(filter(None, shown.screen()))) >= 1


@pytest.mark.parametrize("arguments", LONG, ids=lambda arguments: arguments[0])
def test_a_long_command_without_a_terminal_shows_no_progress(
    project: Project, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    ended = run_here(project.command(*arguments), capfd)
    assert ended.status == 0, ended.stderr
    assert not PROGRESS.search(ended.stdout + ended.stderr)
    assert "\r" not in ended.stdout + ended.stderr


def test_a_crawl_shows_what_is_done_and_what_is_known_and_then_only_its_summary(
    tmp_path: Path,
) -> None:
    write_mirror(tmp_path / "mirror", invented_cables(5), Build(5, "v3"))
    crawl = Project(tmp_path)
    with SiteServer(tmp_path / "mirror") as server:
        shown = on_terminal(crawl.command("crawl", "mirrors", "-a", f"url={server.url}"))
    assert shown.status == 0, shown.sent
    assert re.search(r"mirrors .*\d known in 00:0", shown.sent), shown.sent
    screen = shown.screen()
    assert screen[0].startswith("run "), screen
    assert [line for line in screen if PROGRESS.search(line)] == []


def test_ctrl_c_takes_the_progress_away_and_leaves_one_line(project: Project) -> None:
    # With processes of its own it takes a second at least from its first line on.
    command = project.command("reparse", "--dry-run", "--processes", "2")
    shown = on_terminal(command, interrupt_at=PROGRESS)
    assert shown.status == INTERRUPTED, shown.sent
    said = "scrapy reparse: interrupted; the store is as it was"
    assert list(filter(None, shown.screen())) == [said]


@pytest.mark.parametrize(
    "arguments",
    [
        ["changes"],
        ["history", ID],
        ["history", "--changes"],
        ["releases"],
        ["report"],
        ["runs"],
        ["schedule", "--list"],
        ["sources"],
        ["trace", ID, "--verify"],
        ["verify", "--processes", "1"],
        ["export"],
    ],
    ids=" ".join,
)
def test_ctrl_c_is_one_line_and_status_130(
    project: Project, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    def interrupt(*_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    event.listen(Engine, "before_cursor_execute", interrupt)
    try:
        ended = run_here(project.command(*arguments), capfd)
    finally:
        event.remove(Engine, "before_cursor_execute", interrupt)
    assert ended.status == INTERRUPTED, ended.stderr
    (line,) = ended.errors
    assert line.startswith(f"scrapy {arguments[0]}: interrupted")


# ------------------------------------------------------------------- for programs


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["changes", "--since", "2026-11-01"], "changes"),
        (["export"], "files"),
        (["history", ID], "reference_id"),
        (["history", "--changes"], "cables"),
        (["releases"], "releases"),
        (["reparse", "--dry-run", "--processes", "1"], "captures"),
        (["report"], "figures"),
        (["runs"], "runs"),
        (["schedule", "--list"], "sources"),
        (["sources"], "sources"),
        (["trace", ID], "reference_id"),
        (["verify", "--processes", "1"], "findings"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_json_is_one_document_of_ascii(
    project: Project, capfd: pytest.CaptureFixture[str], arguments: list[str], key: str
) -> None:
    ended = run_here(project.command(*arguments, "--json"), capfd)
    assert ended.status == 0, ended.stderr
    assert ended.stdout.isascii()
    assert arguments[0] == "changes" or ended.stdout.count("\n") == 1
    assert key in json.loads(ended.stdout)


def test_the_summary_of_an_export_names_its_files_as_the_manifest_does(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = project.command("export", "--output", str(tmp_path / "out"), "--json")
    said = json.loads(run_here(command, capfd).stdout)
    assert said["output"] == str(tmp_path / "out")
    assert said["cables"] == 12
    package = json.loads((tmp_path / "out" / "datapackage.json").read_bytes())
    written = {resource["path"]: resource["bytes"] for resource in package["resources"]}
    assert {file["path"]: file["bytes"] for file in said["files"]} == written


def test_json_has_hostile_text_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b]0;x\x07\x9b2J\u202e\ud800\x00"
    print_json({"text": hostile})
    shown = capsys.readouterr().out
    assert shown.isascii() and shown.replace("\n", "").isprintable()
    assert json.loads(shown) == json.loads(json_text({"text": hostile})) == {"text": hostile}


# ------------------------------------------------------------------- the line itself


@contextmanager
def terminal(columns: int) -> Iterator[Callable[[], Shown]]:
    """stderr of this process is a terminal; what it was sent."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def shown() -> Shown:
        sys.stderr.flush()
        os.set_blocking(master, False)
        sent = b""
        while piece := _read(master):
            sent += piece
        return Shown(0, sent.decode())

    with pytest.MonkeyPatch.context() as patched, open(slave, "w", encoding="utf-8") as stderr:
        patched.setattr(sys, "stderr", stderr)
        yield shown
    os.close(master)


def test_a_line_of_a_log_stands_alone() -> None:
    with terminal(COLUMNS) as shown, Progress() as progress:
        handler = logging.StreamHandler(sys.stderr)
        logging.root.addHandler(handler)
        try:
            progress.begin("reading", "captures", 10)
            progress.advance(3)
            logging.warning("something happened")
            screen = shown().screen()
        finally:
            logging.root.removeHandler(handler)
    assert list(filter(None, screen)) == ["something happened"]


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_a_line_leaves_room_for_the_mark_of_ctrl_c(columns: int) -> None:
    with terminal(columns) as shown, Progress() as progress:
        progress.begin("WARC files", "bytes", 250_000_000)
        progress.begin("reading", "captures")
        progress.begin("crawl", "known", 100, done=5)
        progress.reach(7, 120, ["80 cables", "12 new", "3 changed", "2 problems"])
        sent = shown().sent
    lines = [line for line in re.split(r"[\r\n]+", sent) if line.strip()]
    assert len(lines) >= 3
    assert max(map(len, lines)) <= columns - 2


def test_a_narrow_terminal_shows_what_matters_most_and_no_half_of_a_word() -> None:
    with terminal(48) as shown, Progress() as progress:
        progress.begin("mirrors", "known", 120, done=7)
        progress.reach(7, 120, ["80 cables", "12 new"])
        progress.clear()
        assert "mirrors 7 of 120 known in 00:00, 80 cables\r" in re.sub(r" *\r", "\r", shown().sent)


def test_more_than_was_foreseen_is_no_fault() -> None:
    with terminal(COLUMNS) as shown, Progress() as progress:
        progress.begin("verify", "bytes", 10)
        progress.reach(20_000_000, notes=["more"])
        progress.begin("empty", "bytes", 0)
        assert "empty 0 MB in 00:00" in shown().sent


def test_items_pass_through_a_stage_that_ends_with_them() -> None:
    with terminal(COLUMNS) as shown, Progress() as progress:
        assert list(progress.through(iter("abc"), "counting", "letters", 3)) == ["a", "b", "c"]
        assert list(filter(None, shown().screen())) == []
