"""Commands that are used wrongly, cut short or given a store that is not written: what they say."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scrapy.cmdline import execute
from sqlalchemy import create_engine

from cablecrawl.commands.interruption import kept_interruption
from cablecrawl.fixity.findings import REBUILD
from tests.crawling import PATIENCE, PROJECT, Ended, Export, Project, environment
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore

USAGE, DAMAGED, STORAGE, INTERRUPTED = 1, 2, 3, 130
ID = "07ASTANA9033"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A mirror in a store that nobody has open. For reading only."""
    folder = tmp_path_factory.mktemp("stored")
    write_mirror(folder / "mirror", invented_cables(12), Build(842, "v3"))
    store = SampleStore(folder / "data")
    store.crawl("mirror", folder / "mirror")
    store.engine.dispose()
    assert not (folder / "data" / "cablecrawl.sqlite-wal").exists()
    return in_folder(folder)


def in_folder(folder: Path) -> Project:
    return Project(folder, {"EXPORTS_DIR": str(folder / "exports")})


def copy_of(stored: Project, folder: Path) -> Project:
    shutil.copytree(stored.data_dir, folder / "data")
    return in_folder(folder)


def run_here(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> Ended:
    """`scrapy` with these arguments in this process: one of its own takes seconds to start."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(PROJECT)
        with pytest.raises(SystemExit) as exited:
            execute(["scrapy", *arguments])
    sys.stdout.flush()
    return Ended(int(exited.value.code or 0), *capfd.readouterr())


# ------------------------------------------------------------------- bad usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reparse", "x"], "x: unknown argument"),
        (["reparse", "--processes", "-3"], "--processes -3: must be 1 or more"),
        (["reparse", "--processes", "abc"], "--processes abc: must be 1 or more"),
        (["reparse", "--processes"], "--processes: expected one argument"),
        (["reparse", "-s", "DATA_DIR"], "Invalid -s value, use -s NAME=VALUE"),
        (["verify", "--processes", "abc"], "--processes abc: must be 1 or more"),
        (["verify", "--json=yes"], "--json: ignored explicit argument 'yes'"),
        (["trace", ID, "--prov", "--json"], "--json: not allowed with argument --prov"),
        (["history", "--json=yes"], "--json: ignored explicit argument 'yes'"),
        (["changes", "--json=yes"], "--json: ignored explicit argument 'yes'"),
        (["changes", "--since"], "--since: expected one argument"),
        (["releases", "--json=yes"], "--json: ignored explicit argument 'yes'"),
        (["export", "--output"], "--output: expected one argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_said_in_one_line_with_status_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    # Settings first: argparse would take what follows a last option for its value.
    command, *rest = arguments
    ended = run_here([command, *Project(tmp_path).command(), *rest], capfd)
    assert ended.status == USAGE, ended.stderr
    assert ended.stdout == ""
    assert len(ended.errors) == 1, ended.stderr
    assert ended.errors[0].startswith(f"scrapy {command}: {said}")
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("arguments", [[], ["--dry-run"]], ids=["", "--dry-run"])
def test_a_reparse_that_is_interrupted_says_so_and_leaves_the_store(
    stored: Project, tmp_path: Path, arguments: list[str]
) -> None:
    project = copy_of(stored, tmp_path)
    before = project.export().files()
    # With processes of its own a reparse takes a second at least: it is met at work.
    ended = interrupted_reparse(project, "--processes", "2", *arguments)
    assert ended.status == INTERRUPTED, ended.stderr
    assert ended.stderr.splitlines()[-1:] == ["scrapy reparse: interrupted; the store is as it was"]
    assert ended.stdout == ""
    assert not (project.data_dir / "rebuild").exists()
    assert project.export().files() == before


def test_an_interrupted_reparse_that_has_put_the_database_aside_says_to_run_it_again(
    stored: Project, tmp_path: Path
) -> None:
    project = copy_of(stored, tmp_path)
    with closing(sqlite3.connect(project.data_dir / "cablecrawl.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    ended = interrupted_reparse(project, "--processes", "2")
    assert ended.status == INTERRUPTED, ended.stderr
    said = "scrapy reparse: interrupted; run it again to end its work"
    assert ended.stderr.splitlines()[-1:] == [said]
    assert not (project.data_dir / "cablecrawl.sqlite").exists()


def test_an_error_that_an_interruption_leads_to_is_the_interruption() -> None:
    engine = create_engine("sqlite://")
    with pytest.raises(KeyboardInterrupt), kept_interruption(), engine.begin() as db:
        try:
            raise KeyboardInterrupt
        finally:
            db.exec_driver_sql("SELECT * FROM nothing")


def test_an_error_without_an_interruption_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), kept_interruption():
        try:
            dict[str, int]()["nothing"]
        except KeyError:
            _ = 1 / 0


def interrupted_reparse(project: Project, *arguments: str) -> Ended:
    """Ctrl-C once it has begun to read."""
    command = project.command("reparse", *arguments)
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", *command],
        cwd=PROJECT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + PATIENCE
        while not (project.data_dir / "rebuild" / "cablecrawl.sqlite").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        return Ended(process.returncode, stdout, stderr)


# ------------------------------------------------------------------- closed pipes


@pytest.mark.parametrize(
    "arguments",
    [
        ["releases"],
        ["releases", "--json"],
        ["verify", "--claims", "none", "--json"],
        ["reparse", "--processes", "1"],
        ["reparse", "--processes", "1", "--json"],
        ["history", ID],
        ["changes", "--kind", "new"],
        ["export"],
    ],
    ids=" ".join,
)
def test_a_pipe_that_is_closed_is_no_fault(
    stored: Project, tmp_path: Path, arguments: list[str]
) -> None:
    ended = cut_off(copy_of(stored, tmp_path), *arguments)
    assert (ended.status, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--json"],
        ["reparse", "--processes", "1"],
        ["reparse", "--processes", "1", "--json"],
        ["trace", ID, "--verify", "--json"],
    ],
    ids=" ".join,
)
def test_the_exit_status_of_what_was_cut_off_still_tells_of_damage(
    stored: Project, tmp_path: Path, arguments: list[str]
) -> None:
    project = copy_of(stored, tmp_path)
    for path in project.warcs:
        content = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(content[: len(content) // 10])
    ended = cut_off(project, *arguments)
    assert ended.status == DAMAGED, ended.stderr
    assert "Traceback" not in ended.stderr and "BrokenPipe" not in ended.stderr
    # What is said on stderr is not cut off with it.
    assert bool(ended.stderr) == (arguments[0] == "reparse")


def test_errors_that_are_cut_off_leave_the_exit_status(stored: Project, tmp_path: Path) -> None:
    project = copy_of(stored, tmp_path)
    for path in project.warcs:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:2000])
    ended = cut_off(project, "reparse", "--processes", "1", errors_too=True)
    assert ended.status == DAMAGED


def cut_off(project: Project, *arguments: str, errors_too: bool = False) -> Ended:
    """A command whose reader has gone before it prints."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", *project.command(*arguments)],
            cwd=PROJECT,
            env=environment(),
            stdout=write,
            stderr=write if errors_too else subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(write)
    return Ended(done.returncode, "", done.stderr or "")


# ------------------------------------------------------------------- read-only media


@pytest.fixture
def medium(stored: Project, tmp_path: Path) -> Iterator[Path]:
    """A folder with the store that nobody can write, root neither where mounting is allowed."""
    folder = tmp_path / "medium"
    folder.mkdir()
    is_mounted = mount("-t", "tmpfs", "tmpfs", str(folder))
    if not is_mounted and os.geteuid() == 0:
        pytest.skip("root may write everywhere, and mounting is not allowed here")
    copy_of(stored, folder)
    yield folder
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    else:
        (folder / "data").chmod(0o755)


def mount(*arguments: str) -> bool:
    """Whether that is allowed."""
    if shutil.which("mount") is None:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def write_protect(folder: Path) -> None:
    if not mount("-o", "remount,ro", str(folder)):
        (folder / "data").chmod(0o555)
    with pytest.raises(OSError):
        (folder / "data" / "probe").touch()


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", ID, "--verify"],
        ["history", ID, "--json"],
        ["history", "--changes"],
        ["changes"],
        ["releases", "--json"],
        ["verify", "--claims", "5"],
    ],
    ids=" ".join,
)
def test_a_store_on_a_read_only_medium_can_be_looked_at(
    stored: Project, medium: Path, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    write_protect(medium)
    there = set((medium / "data").rglob("*"))
    ended = run_here(in_folder(medium).command(*arguments), capfd)
    assert (ended.status, ended.stderr) == (0, "")
    elsewhere = run_here(stored.command(*arguments), capfd).stdout
    assert ended.stdout == elsewhere.replace(str(stored.data_dir), str(medium / "data"))
    assert set((medium / "data").rglob("*")) == there


def test_a_store_on_a_read_only_medium_can_be_exported(
    stored: Project, medium: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_protect(medium)
    for project, name in ((in_folder(medium), "read-only"), (stored, "other")):
        ended = run_here(project.command("export", "--output", str(tmp_path / name)), capfd)
        assert (ended.status, ended.stderr) == (0, "")
    read_only, other = (Export(tmp_path / name).files() for name in ("read-only", "other"))
    assert read_only == other


def test_a_log_that_cannot_be_read_on_a_read_only_medium_is_named(
    medium: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data_dir = medium / "data"
    leave_log(data_dir / "cablecrawl.sqlite")
    (data_dir / "cablecrawl.sqlite-shm").unlink()
    write_protect(medium)
    ended = run_here(in_folder(medium).command("releases"), capfd)
    assert ended.status == STORAGE
    assert len(ended.errors) == 1, ended.stderr
    assert "cablecrawl.sqlite-wal can be read only where the folder can be written" in ended.stderr


LEAVE_LOG = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE run SET reason = 'in the log'")
db.commit()
os._exit(0)
"""


def leave_log(database: Path) -> None:
    """A row in the write-ahead log, as a program leaves it that is killed."""
    subprocess.run([sys.executable, "-c", LEAVE_LOG, str(database)], check=True)
    assert database.with_name(f"{database.name}-wal").stat().st_size


@pytest.mark.parametrize("command", ["changes", "export", "history", "releases", "trace"])
def test_a_store_that_is_written_meanwhile_can_be_looked_at(
    stored: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    project = copy_of(stored, tmp_path)
    arguments = [command, *([ID] if command in ("history", "trace") else [])]
    with closing(sqlite3.connect(project.data_dir / "cablecrawl.sqlite")) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM sighting")
        ended = run_here(project.command(*arguments), capfd)
        db.rollback()
    assert (ended.status, ended.stderr) == (0, "")


@pytest.mark.parametrize("command", ["changes", "export", "history", "releases", "trace"])
def test_an_empty_file_is_no_store_and_stays_empty(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    database = tmp_path / "data" / "cablecrawl.sqlite"
    database.parent.mkdir()
    database.touch()
    arguments = [command, *([ID] if command in ("history", "trace") else [])]
    ended = run_here(in_folder(tmp_path).command(*arguments), capfd)
    assert (ended.status, len(ended.errors)) == (USAGE, 1), ended.stderr
    assert f"{database}: there is no store" in ended.stderr
    assert database.stat().st_size == 0


# ------------------------------------------------------------------- advice


def test_the_advice_on_a_damaged_database_says_what_a_rebuild_does_not_bring_back(
    stored: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = copy_of(stored, tmp_path)
    (project.data_dir / "cablecrawl.sqlite").write_bytes(b"no database\n" * 500)
    ended = run_here(project.command("verify"), capfd)
    assert ended.status == DAMAGED
    assert REBUILD in ended.stdout
    for lost in ("in the database only", "former readings and claims", "requests still to make"):
        assert lost in REBUILD
