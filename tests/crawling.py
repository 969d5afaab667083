"""Runs the project's commands as a user does, and reads what they leave.

`python -m tests.crawling MODULE:NAME WHEN COUNT crawl mirrors …` runs a command that is killed
at a given place in the code: see `kill_at`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.opened import opened
from cablecrawl.export.write import write_export

PROJECT = Path(__file__).parents[1]

FAST = {"DOWNLOAD_DELAY": "0", "CONCURRENT_REQUESTS_PER_DOMAIN": "16"}
"""What a site on loopback can bear."""

IN_FLIGHT = 16
"""Scrapy's CONCURRENT_REQUESTS: how many requests are under way at once at most."""

# Long enough for a slow machine; a test that waits longer has hung.
PATIENCE = 120

JSON_FILES = ("cables", "readings", "captures", "problems")

Lines = list[dict[str, Any]]


@dataclass(frozen=True)
class Counts:
    """A source's row of the summary."""

    cables: int
    new: int
    changed: int
    unchanged: int
    unlisted: int
    problems: int


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    """Exit status; negative: the signal that killed it."""
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Counts]:
        """The table that a crawl prints, by source."""
        _, _, table = self.stderr.partition("\n  source ")
        rows = {}
        for line in table.splitlines()[1:]:
            name, *numbers = line.split()
            if len(numbers) != 6 or not all(number[0].isdigit() for number in numbers):
                break
            rows[name] = Counts(*(int(number.replace(",", "")) for number in numbers))
        return rows

    @property
    def errors(self) -> list[str]:
        """What it says on stderr."""
        return self.stderr.splitlines()


@dataclass
class Project:
    """A data folder in `folder`, and the commands run on it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    code: Path = PROJECT
    """The checkout that the commands are run from."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that the commands have besides those of the tests."""

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def warcs(self) -> list[Path]:
        """The WARC files, open ones too; torn ends that were cut off are none."""
        found = (self.data_dir / "warc").glob("*.warc.gz*")
        return sorted(path for path in found if ".tail.bad" not in path.name)

    def command(self, *arguments: str, **settings: str) -> list[str]:
        """A command's arguments behind `scrapy`."""
        given = {**FAST, "DATA_DIR": str(self.data_dir), **self.settings, **settings}
        return [*arguments, *(part for key in given for part in ("-s", f"{key}={given[key]}"))]

    def run(self, *arguments: str, **settings: str) -> Ended:
        command = ["-m", "scrapy", *self.command(*arguments, **settings)]
        return run_python(command, self.code, self.environment)

    def crawl(self, *arguments: str, **settings: str) -> Ended:
        return self.run("crawl", "mirrors", *arguments, **settings)

    def start_crawl(self, *arguments: str, **settings: str) -> Crawl:
        """A crawl that goes on while the test does."""
        return Crawl(self.command("crawl", "mirrors", *arguments, **settings))

    def killed_at(self, place: str, when: str, count: int, *arguments: str) -> None:
        """A command that is killed on the way: see `kill_at`."""
        command = self.command(*arguments)
        ended = run_python(["-m", "tests.crawling", place, when, str(count), *command])
        assert ended.status == -signal.SIGKILL, f"never at {place}: {ended.stderr}"

    def crawl_killed_at(self, place: str, when: str, count: int, *arguments: str) -> None:
        self.killed_at(place, when, count, "crawl", "mirrors", *arguments)

    def reparse(self, *arguments: str) -> Ended:
        return self.run("reparse", *arguments)

    def export(self, name: str = "export", formats: Collection[str] = DEFAULT_FORMATS) -> Export:
        """A new export; an earlier one of that name is replaced.

        Written in this process: tests export often, and starting `scrapy` takes a second.
        """
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with opened(self.data_dir) as store:
            write_export(store, folder, formats)
        return Export(folder)

    def export_by_command(self, name: str) -> Export:
        """As a user makes it."""
        folder = self.folder / name
        ended = self.run("export", "--output", str(folder))
        assert ended.status == 0, ended.stderr
        return Export(folder)

    def copy(self, folder: Path) -> Project:
        """The same store in another folder."""
        shutil.copytree(self.data_dir, folder / "data")
        return Project(folder, dict(self.settings), environment=self.environment)

    def lose_database(self) -> None:
        """Database, write-ahead log and its index are gone."""
        for path in self.data_dir.glob("cablecrawl.sqlite*"):
            path.unlink()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database as it is on the disk.

        A copy is read: opening the original would tidy up what a killed run left.
        """
        folder = self.folder / "look"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in self.data_dir.glob("cablecrawl.sqlite*"):
            shutil.copy(path, folder)
        connection = sqlite3.connect(folder / "cablecrawl.sqlite")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


@dataclass(frozen=True)
class Export:
    """An export's folder."""

    folder: Path

    def lines(self, name: str) -> Lines:
        """Records of `NAME.jsonl`."""
        return read_lines(self.folder / f"{name}.jsonl")

    def files(self) -> dict[str, bytes]:
        """All files, by their path in the export."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def cables(self) -> dict[str, dict[str, Any]]:
        """Cables by reference ID."""
        return {cable["reference_id"]: cable for cable in self.lines("cables")}

    def readings(self, source: str | None = None) -> dict[str, Lines]:
        """Readings by reference ID, all or those of one source."""
        found: dict[str, Lines] = {}
        for line in self.lines("readings"):
            if source in (None, line["source"]):
                found.setdefault(line["reference_id"], []).append(line)
        return found

    def captures(self) -> dict[str, Lines]:
        """Captures by URL, in the order in which they were made."""
        found: dict[str, Lines] = {}
        for line in self.lines("captures"):
            found.setdefault(line["url"], []).append(line)
        return found

    def pages(self, source: str) -> set[str]:
        """Paths of the pages on which a source has its cables."""
        return {
            urlsplit(witness["url"]).path
            for cable in self.lines("cables")
            for witness in cable["witnesses"]
            if witness["source"] == source
        }

    def timeless(self) -> dict[str, str]:
        """Cables and readings with their times of capture taken out."""
        return {
            name: SEEN.sub(r'\1"…"', (self.folder / f"{name}.jsonl").read_text(encoding="utf-8"))
            for name in ("cables", "readings")
        }


# Behind no backslash: a key of the record's own, and not a quotation inside a text.
SEEN = re.compile(r'((?<!\\)"(?:first|last)_seen": )"[^"]*"')


class Crawl:
    """A crawl under way; on leaving the `with` it is killed if it is still there."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", *command],
            cwd=PROJECT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Whether it came true before the crawl ended."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            if self._process.poll() is not None:
                return condition()
            time.sleep(0.002)
        return True

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self) -> Ended:
        """How it ended; waits for that."""
        stdout, stderr = self._process.communicate(timeout=PATIENCE)
        return Ended(self._process.returncode, stdout, stderr)

    def kill(self) -> bool:
        """SIGKILL; whether it was still at work."""
        self._process.kill()
        return self.ended().status == -signal.SIGKILL


def run_scrapy(arguments: Sequence[str]) -> Ended:
    return run_python(["-m", "scrapy", *arguments])


def run_python(
    arguments: Sequence[str], code: Path = PROJECT, more: Mapping[str, str] | None = None
) -> Ended:
    """A Python program run to its end from the root of a checkout."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=code,
        env={**environment(), **(more or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE * 5,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def other_code(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of this checkout with one passage of one file written otherwise."""
    for name in ("cablecrawl", "pipelines", "exports/schema"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "scrapy.cfg", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def environment() -> dict[str, str]:
    """Without what would lead requests for loopback, or Scrapy, elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("SCRAPY_")
    }


def read_lines(path: Path) -> Lines:
    """Records of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cable_pages(folder: Path) -> dict[str, Path]:
    """The cable pages of a mirror's folder by their path on the server."""
    return {
        f"/{path.relative_to(folder).as_posix()}": path
        for path in sorted((folder / "cable").rglob("*.html"))
    }


def repeats(paths: Sequence[str]) -> Counter[str]:
    """How many times too often each page was asked for; robots.txt is asked for by each run."""
    counts = Counter(path for path in paths if path != "/robots.txt")
    return Counter({path: count - 1 for path, count in counts.items() if count > 1})


def write_sources(path: Path, sources: dict[str, str], **keys: str) -> Path:
    """A sources.toml of mirrors by name and start URLs; `keys` are TOML values for each.

    Start URLs are parted by blanks.
    """
    lines = []
    for name, urls in sources.items():
        lines += [f'["{name}"]', 'kind = "mirrors"', f"start_urls = {json.dumps(urls.split())}"]
        lines += ['publisher = "a test"', 'known_by = "a test"']
        lines += [f"{key} = {value}" for key, value in keys.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def source_name(url: str) -> str:
    """What a site given by its address is called."""
    return url.removeprefix("http://").partition("/")[0]


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections: taken, and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def free_port() -> int:
    """A port for a site that is to be served at the same address more than once."""
    with closed_port() as port:
        return port


FASTWARC_CHECK = """
import sys
from fastwarc.cli import main
for path in sys.argv[1:]:
    try:
        main(["check", path])
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"{path}: fastwarc check: {ended.code}")
"""


def fastwarc_check(paths: Sequence[Path]) -> Ended:
    """Another project's judgement of WARC files; it takes one at a time."""
    return run_python(["-c", FASTWARC_CHECK, *map(str, paths)])


# ------------------------------------------------------------------- killed at a place


def kill_at(place: str, when: str, count: int) -> None:
    """This process kills itself at the `count`th call of a function, `MODULE:NAME`.

    `before` the call, `after` it, or `torn`: the function writes data to a file, as `write_at`
    does, and half of it is there.
    """
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    function: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < count:
            return function(*arguments, **named)
        if when == "after":
            function(*arguments, **named)
        elif when == "torn":
            _write_half(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("killed")

    setattr(owner, name, wrapped)


def _write_half(file: FileIO, end: int, data: bytes) -> None:
    file.seek(end)
    file.write(data[: len(data) // 2])


def main(arguments: Sequence[str]) -> None:
    place, when, count, *command = arguments
    kill_at(place, when, int(count))
    from scrapy.cmdline import execute

    execute(["scrapy", *command])


if __name__ == "__main__":
    main(sys.argv[1:])
