"""What a user gets wrong, and what a disk does: one line that says it, and the exit status."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawling import Ended, Project, repeats, source_name, write_sources
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Site, SiteServer

USAGE, STORAGE, LOCKED = 1, 3, 4


def assert_one_line(ended: Ended, status: int, *said: str) -> None:
    """It failed with this status, and says these words in the one line that it prints."""
    assert "Traceback" not in ended.stderr, ended.stderr
    assert len(ended.errors) == 1, ended.stderr
    assert all(word in ended.errors[0] for word in said), ended.stderr
    assert ended.status == status


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(24), Build(24, "v4"))
    return folder


# ------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["source=nowhere"], ["source=nowhere", "unknown source", "zilog"]),
        (["source=mrkva"], ["source=mrkva", "cablebrowser", "scrapy crawl cablebrowser"]),
        (["souce=zilog"], ["souce", "unknown argument", "source=NAME"]),
        (["source=zilog", "url=http://a.example/"], ["source=", "url=", "one of them"]),
        (["url="], ["url=", "names no URL"]),
        (["url=a.example/cable"], ["a.example/cable", "http://a.example/cable"]),
        (["url=file:///etc/passwd"], ["file:///etc/passwd", "only http and https"]),
        (["url=http://a.example:99999/"], ["http://a.example:99999/"]),
        (["url=http://me:secret@a.example/"], ["user name"]),
        (["url=http://münchen.example/"], ["xn--"]),
        (["url=http://a.example/,http:///cable"], ["http:///cable", "no host"]),
        (["url=http://a.example/a b"], ["b"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_arguments_that_cannot_be_used_are_named(
    project: Project, arguments: list[str], said: list[str]
) -> None:
    ended = project.crawl(*(part for argument in arguments for part in ("-a", argument)))
    assert_one_line(ended, USAGE, *said)
    assert not project.data_dir.exists()


def test_a_spider_that_there_is_not_is_named(project: Project) -> None:
    ended = project.run("crawl", "mirors")
    assert_one_line(ended, USAGE, "mirors", "unknown spider", "mirrors")


# ------------------------------------------------------------------- sources.toml

TABLE = """\
[mine]
kind = "mirrors"
start_urls = ["http://a.example/"]
publisher = "me"
known_by = "a test"
"""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f'{TABLE}note = "open\n', ["line 6"]),
        (f'{TABLE}layuot = "wikileaks"\n', ["[mine]", 'layuot = "wikileaks"', "unknown key"]),
        (f'{TABLE}rank = "first"\n', ["[mine]", 'rank = "first"', "whole number"]),
        (TABLE.replace("http:", "gopher:"), ["[mine]", "start_urls", "gopher://a.example/"]),
        ('mine = "http://a.example/"\n', ["mine", "[name]"]),
    ],
    ids=["syntax", "unknown key", "wrong type", "scheme", "no table"],
)
def test_a_broken_sources_toml_is_named_with_the_place(
    project: Project, content: str, said: list[str]
) -> None:
    path = project.folder / "sources.toml"
    path.write_text(content, encoding="utf-8")
    ended = project.crawl("-a", "source=mine", SOURCES_FILE=str(path))
    assert_one_line(ended, USAGE, str(path), *said)


def test_a_sources_file_that_is_not_there_is_named(project: Project) -> None:
    ended = project.crawl("-a", "source=mine", SOURCES_FILE=str(project.folder / "none.toml"))
    assert_one_line(ended, USAGE, f"{project.folder}/none.toml", "No such file")


def test_no_enabled_source_is_said(project: Project) -> None:
    path = write_sources(project.folder / "sources.toml", {"mine": "http://a.example/"})
    off = "".join(
        f'[{name}]\nkind = "mirrors"\nstart_urls = ["http://{name}.example/"]\n'
        'publisher = "p"\nknown_by = "k"\nenabled = false\n'
        for name in ("wikileaks", "wikileaks-ch", "zilog", "fayatux", "mine")
    )
    path.write_text(off, encoding="utf-8")
    ended = project.crawl(SOURCES_FILE=str(path))
    assert_one_line(ended, USAGE, "no mirrors source is enabled", "-a url=")


# ------------------------------------------------------------------- the store

# Nothing listens on port 9 of the loopback: it would be a fault to come so far.
SOMEWHERE = ("-a", "url=http://127.0.0.1:9/")
COMMANDS = (("crawl", "mirrors", *SOMEWHERE), ("export",), ("reparse",))


@pytest.mark.parametrize("command", COMMANDS[:2], ids=lambda command: command[0])
def test_a_store_of_another_version_is_refused(project: Project, command: tuple[str, ...]) -> None:
    project.data_dir.mkdir()
    database = project.data_dir / "cablecrawl.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("CREATE TABLE something (id)")
    connection.close()
    before = database.read_bytes()
    assert_one_line(project.run(*command), USAGE, str(database), "version 99", "scrapy reparse")
    assert database.read_bytes()[100:] == before[100:]


@pytest.mark.parametrize("command", COMMANDS[:2], ids=lambda command: command[0])
def test_a_file_that_is_no_database_is_named(project: Project, command: tuple[str, ...]) -> None:
    project.data_dir.mkdir()
    database = project.data_dir / "cablecrawl.sqlite"
    database.write_bytes(b"this is a letter to the editor, and no database\n" * 100)
    assert_one_line(project.run(*command), USAGE, str(database), "not a database")
    assert database.read_bytes().startswith(b"this is a letter")


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda command: command[0])
def test_a_store_that_is_not_there_is_not_made(project: Project, command: tuple[str, ...]) -> None:
    assert_one_line(project.run(*command), USAGE, str(project.data_dir))
    assert not project.data_dir.exists()


def test_a_data_folder_below_a_file_is_no_folder(project: Project) -> None:
    (project.folder / "data").write_text("a file")
    for data_dir in (project.data_dir, project.data_dir / "below"):
        ended = project.crawl(*SOMEWHERE, DATA_DIR=str(data_dir))
        assert_one_line(ended, STORAGE, str(data_dir), "DATA_DIR")


# ------------------------------------------------------------------- disks


def mount(folder: Path, *options: str) -> None:
    """Mount, or skip the test where that is not allowed."""
    if shutil.which("mount") is None:
        pytest.skip("there is no mount command")
    done = subprocess.run(
        ["mount", *options, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1.5 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount(folder, "-t", "tmpfs", "-o", "size=1500k", "tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_cannot_be_written_is_named(small_disk: Path) -> None:
    (small_disk / "data").mkdir()
    mount(small_disk, "-o", "remount,ro")
    project = Project(small_disk)
    assert_one_line(project.crawl(*SOMEWHERE), STORAGE, str(project.data_dir), "Read-only")


def test_a_crawl_on_a_disk_that_is_full_goes_on_when_there_is_space(
    small_disk: Path, mirror: Path, tmp_path: Path
) -> None:
    whole, project = Project(tmp_path), Project(small_disk)
    write_mirror(mirror, invented_cables(60), Build(60, "v4", rows_per_page=10))
    with SiteServer(mirror) as server:
        url = f"url={server.url}"
        assert whole.crawl("-a", url).status == 0
        server.requests.clear()

        full = project.crawl("-a", url)
        assert full.status == STORAGE, full.stderr
        kept = set(Project(copied(project, tmp_path / "kept")).query(CAPTURE_IDS))
        assert kept

        still_full = project.crawl("-a", url)
        assert still_full.status == STORAGE, still_full.stderr
        for ended in (full, still_full):
            assert "No space left" in ended.stderr or "is full" in ended.stderr
            assert "Traceback" not in ended.stderr, ended.stderr[:2000]

        mount(small_disk, "-o", "remount,size=50m")
        last = project.crawl("-a", url)
    assert last.status == 0, last.stderr
    export = project.export()
    assert kept <= {(line["capture_id"],) for line in export.lines("captures")}
    assert export.timeless() == whole.export().timeless()
    asked_again = repeats([request.path for request in server.requests]).total()
    assert asked_again <= 2 * 16 + len(export.lines("captures")) - len(kept)


CAPTURE_IDS = "SELECT capture_id FROM capture"


def copied(project: Project, folder: Path) -> Path:
    return project.copy(folder).folder


# ------------------------------------------------------------------- two at once


def test_a_second_run_on_a_store_is_refused_and_the_first_is_unharmed(
    project: Project, mirror: Path
) -> None:
    with SiteServer(Site(mirror, latency=0.05)) as server:
        url = f"url={server.url}"
        with project.start_crawl("-a", url) as crawl:
            assert crawl.wait_for(lambda: len(server.requests) > 2)
            server.site.may_answer.clear()  # the first does not end before the others have tried
            refused = [project.crawl("-a", url), project.reparse()]
            server.site.may_answer.set()
            first = crawl.ended()
    for ended in refused:
        assert_one_line(ended, LOCKED, str(project.data_dir), "at work", "-s DATA_DIR=")
    assert re.search(r"run \d{8}T\d{6}Z-\w+ is at work", refused[0].stderr)
    assert first.status == 0, first.stderr
    assert first.summary[source_name(server.url)].cables == 24
    assert repeats([request.path for request in server.requests]).total() == 0
    assert len(project.export().cables()) == 24
