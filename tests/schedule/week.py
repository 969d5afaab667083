"""Days of `scrapy schedule` on loopback, with a clock that is put on from one due time to the next.

The commands, the processes, the store and the network are real; only the wall clock of the
schedule and its crawls is simulated.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from tests.clock import SimulatedClock
from tests.crawling import PATIENCE, PROJECT, Project, environment, free_port
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Fault, Site, SiteServer

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CABLES = 5

# Real seconds: of what the clock says in between, nothing depends on them.
FAST = {"SCHEDULE_TURN": "0.5", "SCHEDULE_PAUSE": "0.05", "RETRY_TIMES": "0"}

TOO_MANY = Fault("status", times=None, status=429, retry_after="1")


@dataclass(frozen=True)
class Begun:
    """A crawl that the schedule began."""

    source: str
    began: datetime
    ended: datetime
    status: int
    run: str | None
    why: str | None


@dataclass
class Week:
    """Sites by name, the events that befall them, and the schedule that crawls them.

    `policies`: how often each source is due, as TOML has it. `events`: what happens when, in
    time since the beginning.
    """

    folder: Path
    policies: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    events: dict[timedelta, Callable[[Week], None]] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        mirror = self.folder / "mirror"
        write_mirror(mirror, invented_cables(CABLES), Build(CABLES, "v3"))
        self.sites = {
            name: Site(mirror, latency=0.1 if name in self.slow else 0.0) for name in self.policies
        }
        self.ports = {name: free_port() for name in self.policies}
        self._servers: dict[str, SiteServer] = {}
        for name in self.policies:
            self.bring_up(name)
        self.registry = self.folder / "sources.toml"
        self.write_registry(self.policies)
        given = {**FAST, "SOURCES_FILE": str(self.registry), **self.settings}
        self.project = Project(self.folder, given)
        self.clock = SimulatedClock(self.folder, MONDAY)
        self.said = self.folder / "said.txt"
        self._process: subprocess.Popen[bytes] | None = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for name in list(self._servers):
            self.take_down(name)

    # --------------------------------------------------------------- events

    def write_registry(self, policies: dict[str, str]) -> None:
        self.policies = policies
        tables = [
            f'[{name}]\nkind = "mirrors"\nstart_urls = ["http://127.0.0.1:{self.ports[name]}/"]\n'
            f'publisher = "a test"\nknown_by = "a test"\nrecrawl = {{ index = "{index}" }}\n'
            for name, index in policies.items()
        ]
        self.registry.write_text("\n".join(tables), encoding="utf-8")

    def take_down(self, name: str) -> None:
        """Its port refuses connections."""
        self._servers.pop(name).close()

    def bring_up(self, name: str) -> None:
        server = SiteServer({name: self.sites[name]}, port=self.ports[name])
        server.__enter__()
        self._servers[name] = server

    def answer_429(self, name: str) -> None:
        self.sites[name].faults = {"/*": TOO_MANY}

    def answer_well(self, name: str) -> None:
        self.sites[name].faults = {}

    def start(self) -> None:
        with self.said.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scrapy", *self.project.command("schedule")],
                cwd=PROJECT,
                env={**environment(), **self.clock.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(PATIENCE)

    # --------------------------------------------------------------- the days

    def pass_days(self, length: timedelta) -> None:
        """Let the schedule do all that is due until so long after the beginning."""
        ahead = sorted(moment for moment in self.events if moment <= length)
        while True:
            self.wait_until_idle()
            now = self.clock.now() - MONDAY
            step = min(self._next_job(), *(ahead[:1] or [length]), length)
            if step > now:
                self.clock.set(MONDAY + step)
            if ahead and step >= ahead[0]:
                self.events[ahead.pop(0)](self)
            elif step >= length:
                return

    def wait_until_idle(self) -> None:
        """No crawl is running, and each source has a time ahead of it."""
        self.wait_for(self._is_idle)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said.read_text(encoding="utf-8")
            assert self._process is not None
            assert self._process.poll() is None, self.said.read_text(encoding="utf-8")
            time.sleep(0.05)

    def is_crawling(self) -> bool:
        return bool(self._rows("SELECT id FROM scheduled WHERE ended IS NULL"))

    def _is_idle(self) -> bool:
        jobs = dict(self._rows("SELECT id, next_run_time FROM apscheduler_jobs"))
        now = self.clock.now().timestamp()
        return (
            jobs.keys() == self.policies.keys()
            and all(at > now for at in jobs.values())
            and not self.is_crawling()
        )

    def _next_job(self) -> timedelta:
        ((first,),) = self._rows("SELECT min(next_run_time) FROM apscheduler_jobs")
        return datetime.fromtimestamp(first, UTC) - MONDAY

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of the database as it is being written; none before it is there."""
        path = self.project.data_dir / "cablecrawl.sqlite"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    # --------------------------------------------------------------- what came of it

    def begun(self) -> list[Begun]:
        """The crawls that the schedule began, in order."""
        ended = self.project.run("runs", "-n", "0", "--json")
        assert ended.status == 0, ended.stderr
        runs = {run["log"]: run for run in json.loads(ended.stdout)["runs"]}
        rows = self.project.query(
            "SELECT source, began, ended, status, log FROM scheduled ORDER BY id"
        )
        return [
            Begun(
                source,
                datetime.fromisoformat(began),
                datetime.fromisoformat(ended_at),
                status,
                runs[log]["run"],
                runs[log]["why"],
            )
            for source, began, ended_at, status, log in rows
        ]

    def log(self, begun: Begun) -> str:
        (stored,) = (
            log
            for run, log in self.project.query("SELECT id, json_extract(details, '$.log') FROM run")
            if run == begun.run
        )
        return (self.project.data_dir / str(stored)).read_text(encoding="utf-8")


def overlaps(begun: list[Begun]) -> list[tuple[Begun, Begun]]:
    """Crawls that began before the one before them had ended."""
    return [
        (one, other)
        for one, other in zip(begun, begun[1:], strict=False)
        if other.began < one.ended
    ]


def table(begun: list[Begun]) -> str:
    """What ran when."""
    return "\n".join(
        f"{each.began:%a %d %b %H:%M:%S}  {each.source:8}"
        f"  {(each.ended - each.began).total_seconds():5.1f} s  status {each.status}"
        f"  {each.why or ''}".rstrip()
        for each in begun
    )
