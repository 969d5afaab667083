"""`scrapy schedule` and `scrapy runs` as a user runs them, on sites on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from sqlalchemy import Table

from cablecrawl.store import tables as t
from tests.crawling import (
    PATIENCE,
    PROJECT,
    Ended,
    Project,
    closed_port,
    environment,
    write_sources,
)
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import SiteServer

QUICK = {"SCHEDULE_TURN": "0.3", "SCHEDULE_PAUSE": "0.05", "RETRY_TIMES": "0"}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(folder, invented_cables(5), Build(5, "v3"))
    return folder


def project_of(folder: Path, sources: dict[str, str], **settings: str) -> Project:
    registry = write_sources(folder / "sources.toml", sources)
    return Project(folder, {**QUICK, "SOURCES_FILE": str(registry), **settings})


class Scheduling:
    """`scrapy schedule` while the test goes on."""

    def __init__(self, project: Project, *arguments: str) -> None:
        self._said = project.folder / "said.txt"
        self._project = project
        with self._said.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scrapy", *project.command("schedule", *arguments)],
                cwd=PROJECT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.05)

    def wait_for_words(self, words: str) -> None:
        self.wait_for(lambda: words in self.said)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def scheduling(project: Project, *arguments: str) -> Iterator[Scheduling]:
    schedule = Scheduling(project, *arguments)
    try:
        yield schedule
    finally:
        if schedule.process.poll() is None:
            schedule.process.kill()
            schedule.process.wait()


def listed(project: Project) -> dict[str, dict[str, Any]]:
    ended = project.run("schedule", "--list", "--json")
    assert ended.status == 0, ended.stderr
    return {each["source"]: each for each in json.loads(ended.stdout)["sources"]}


# ------------------------------------------------------------------- one after the other


Once = tuple[Project, Ended]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Iterator[Once]:
    """Two sites that are there and one that is not, crawled by --once. For looking only."""
    folder = tmp_path_factory.mktemp("once")
    with SiteServer({"one": mirror, "two": mirror}) as server, closed_port() as port:
        project = project_of(folder, {**server.urls, "down": f"http://127.0.0.1:{port}/"})
        yield project, project.run("schedule", "--once")


def test_once_crawls_all_that_is_due_and_says_that_one_failed(once: Once) -> None:
    project, ended = once
    assert ended.status == 2, ended.stderr
    rows = project.query("SELECT source, status, is_stopped FROM scheduled ORDER BY id")
    assert rows == [("one", 0, 0), ("two", 0, 0), ("down", 2, 0)]
    assert "down: failed" in ended.stdout
    assert "robots_unreachable" in ended.stdout


def test_scheduled_crawls_do_not_overlap(once: Once) -> None:
    times = once[0].query("SELECT began, ended FROM scheduled ORDER BY id")
    assert all(one[1] <= other[0] for one, other in zip(times, times[1:], strict=False))


def test_a_run_and_its_log_are_found_from_each_other(once: Once) -> None:
    project, _ = once
    for source, log in project.query("SELECT source, log FROM scheduled"):
        ((run, details),) = project.query(
            f"SELECT id, details FROM run WHERE json_extract(details, '$.log') = '{log}'"
        )
        assert json.loads(details)["sources"] == [source]
        assert f"run {run}: finished" in (project.data_dir / log).read_text(encoding="utf-8")


def test_the_crawls_are_given_the_same_settings(once: Once) -> None:
    project, _ = once
    command = (next((project.data_dir / "logs").glob("*one.log"))).read_text(encoding="utf-8")
    assert "-s RETRY_TIMES=0" in command.splitlines()[0]


def test_the_list_says_what_is_due_when(once: Once) -> None:
    project, _ = once
    dues = listed(project)
    assert not any(dues[name]["is_due"] for name in ("one", "two", "down"))
    assert dues["one"]["last_outcome"] == "ok"
    assert dues["down"]["failures"] == 1
    assert dues["down"]["due_at"] < dues["one"]["due_at"]
    text = project.run("schedule", "--list").stdout
    assert "failed: again after 15m, at most 1d" in text


def test_sources_that_lack_a_contact_are_named_once_and_not_tried(once: Once) -> None:
    project, ended = once
    (line,) = [line for line in ended.stdout.splitlines() if "CONTACT" in line]
    assert "not crawled: wikileaks, " in line
    assert "mrkva" in line
    assert listed(project)["mrkva"]["due_at"] is None


@pytest.mark.parametrize("contact", ["", "somebody"])
def test_once_with_a_setting_that_keeps_all_sources_from_being_crawled_ends_with_1(
    tmp_path: Path, contact: str
) -> None:
    project = project_of(tmp_path, {"far": "http://mirror.example/"}, CONTACT=contact)
    ended = project.run("schedule", "--once")
    assert (ended.status, ended.stdout) == (1, "")
    (line,) = ended.errors
    assert line.startswith("scrapy schedule: nothing can be crawled: ")
    assert "far" in line and "CONTACT=" in line
    assert not (project.data_dir / "cablecrawl.sqlite").exists()


def test_nothing_is_due_right_after(once: Once) -> None:
    project, _ = once
    ended = project.run("schedule", "--once")
    assert ended.status == 0, ended.stderr
    assert "due now: none" in ended.stdout
    assert len(project.query("SELECT id FROM scheduled")) == 3


def test_runs_lists_the_newest_first_with_what_came_of_each(once: Once) -> None:
    project, _ = once
    ended = project.run("runs", "--json")
    runs = json.loads(ended.stdout)["runs"]
    assert [run["sources"] for run in runs] == [["down"], ["two"], ["one"]]
    assert [run["exit_status"] for run in runs] == [2, 0, 0]
    assert [run["new"] for run in runs] == [0, 5, 5]
    assert runs[1]["bytes_received"] > 10_000
    assert runs[0]["why"].startswith("down: pages that could not be fetched: robots_unreachable")


def test_runs_of_one_source_and_so_many(once: Once) -> None:
    project, _ = once
    lines = project.run("runs", "--source", "two").stdout.splitlines()
    assert len(lines) == 2
    lines = project.run("runs", "-n", "1").stdout.splitlines()
    assert lines[2].strip().startswith("down: pages that could not be fetched")


def test_one_run_is_shown_in_full_with_the_end_of_its_log(once: Once) -> None:
    project, _ = once
    ((run,),) = project.query("SELECT id FROM run WHERE details LIKE '%two%'")
    shown = project.run("runs", str(run)).stdout
    assert "finished, exit status 0" in shown
    assert "5 new, 0 changed, 0 gone, 0 back" in shown
    assert f"run {run}: finished in" in shown


def test_a_reparse_keeps_what_the_schedule_did(once: Once, tmp_path: Path) -> None:
    project = once[0].copy(tmp_path)
    project.settings["SOURCES_FILE"] = once[0].settings["SOURCES_FILE"]
    with closing(sqlite3.connect(project.data_dir / "cablecrawl.sqlite")) as db:
        db.execute("INSERT INTO apscheduler_jobs VALUES ('one', 1.5, x'00')")
        db.commit()
    before = [project.query(f"SELECT * FROM {name}") for name in ("scheduled", "apscheduler_jobs")]
    assert project.reparse().status == 0
    after = [project.query(f"SELECT * FROM {name}") for name in ("scheduled", "apscheduler_jobs")]
    assert after == before
    assert len(after[0]) == 3
    verified = project.run("verify")
    assert verified.status == 0, verified.stdout


def test_a_rebuilt_store_still_knows_the_logs_of_its_runs(once: Once, tmp_path: Path) -> None:
    project = once[0].copy(tmp_path)
    project.lose_database()
    assert project.reparse().status == 0
    runs = json.loads(project.run("runs", "--json").stdout)["runs"]
    # The source that was down gave no page, and so no WARC file tells of its run.
    logs = [run["log"] for run in runs if run["sources"] != ["down"]]
    assert [(project.data_dir / log).exists() for log in logs] == [True, True]


def test_the_job_table_is_the_one_that_apscheduler_makes() -> None:
    made: Table = SQLAlchemyJobStore(url="sqlite://").jobs_t
    assert [(c.name, c.primary_key, c.nullable, c.index) for c in made.c] == [
        (c.name, c.primary_key, c.nullable, c.index) for c in t.apscheduler_jobs.c
    ]


# ------------------------------------------------------------------- in the foreground


@pytest.mark.long
def test_a_source_that_is_added_while_it_runs_is_crawled_and_a_broken_registry_is_one_line(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer({"one": mirror, "two": mirror}) as server:
        project = project_of(tmp_path, {"one": server.urls["one"]})
        registry = tmp_path / "sources.toml"
        with scheduling(project) as schedule:
            schedule.wait_for_words("one: ended well")
            registry.write_text("[one\n", encoding="utf-8")
            schedule.wait_for_words("going on with the sources as they were")
            write_sources(registry, server.urls)
            schedule.wait_for_words("two: ended well")
            assert schedule.stop() == 0
        assert schedule.said.count("going on with the sources as they were") == 1
        assert schedule.said.endswith("stopped\n")
        rows = project.query("SELECT source FROM scheduled ORDER BY id")
        assert rows == [("one",), ("two",)]
        jobs = project.query("SELECT id FROM apscheduler_jobs ORDER BY id")
        assert jobs == [("one",), ("two",)]


def test_a_schedule_that_is_stopped_lets_its_crawl_end_in_order_and_goes_on_with_it(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer({"one": mirror, "two": mirror}, latency=0.2) as server:
        project = project_of(tmp_path, server.urls, CONCURRENT_REQUESTS_PER_DOMAIN="1")
        with scheduling(project) as schedule:
            schedule.wait_for(lambda: len(server.site.requests) > 5)
            assert schedule.stop() == 0
        rows = project.query("SELECT source, status, is_stopped FROM scheduled")
        assert rows == [("one", 130, 1)]  # and the other one did not begin
        assert project.query("SELECT state, reason FROM run") == [("stopped", "shutdown")]
        assert listed(project)["one"]["is_due"]
        server.site.latency = 0.0
        asked = {request.path for request in server.site.requests}
        ended = project.run("schedule", "--once", CONCURRENT_REQUESTS_PER_DOMAIN="8")
        assert ended.status == 0, ended.stdout
        again = [request.path for request in server.site.requests[len(asked) + 1 :]]
        pages = {path for path in asked if path.startswith("/cable/2")}
        assert pages.isdisjoint(again)
        assert len(project.export().lines("cables")) == 5


def test_once_that_is_interrupted_ends_with_130(tmp_path: Path, mirror: Path) -> None:
    with SiteServer({"one": mirror, "two": mirror}, latency=0.2) as server:
        project = project_of(tmp_path, server.urls, CONCURRENT_REQUESTS_PER_DOMAIN="1")
        with scheduling(project, "--once") as schedule:
            schedule.wait_for(lambda: len(server.site.requests) > 5)
            assert schedule.stop() == 130
    assert len(project.query("SELECT id FROM scheduled")) == 1


def test_a_second_schedule_on_a_store_is_refused(tmp_path: Path, mirror: Path) -> None:
    with SiteServer({"one": mirror}) as server:
        project = project_of(tmp_path, server.urls)
        with scheduling(project) as schedule:
            schedule.wait_for_words("due now: one")
            ended = project.run("schedule", "--once")
            assert ended.status == 4
            (line,) = ended.errors
            assert "another `scrapy schedule` is at work on this store" in line
            schedule.wait_for_words("one: ended well")
            schedule.stop()


@pytest.mark.long
def test_a_crawl_by_hand_is_waited_for_and_counts(tmp_path: Path, mirror: Path) -> None:
    with SiteServer({"one": mirror}, latency=0.2) as server:
        project = project_of(tmp_path, server.urls)
        with project.start_crawl("-a", "source=one", CONCURRENT_REQUESTS_PER_DOMAIN="1") as crawl:
            assert crawl.wait_for(lambda: len(server.site.requests) > 3)
            with scheduling(project, "--once") as schedule:
                assert schedule.process.wait(PATIENCE) == 0
            assert crawl.ended().status == 0
    assert project.query("SELECT id FROM scheduled") == []
    assert listed(project)["one"]["last_outcome"] == "ok"


@pytest.mark.long
def test_no_space_ends_the_schedule_with_3(tmp_path: Path, mirror: Path) -> None:
    """A full disk as the crawl meets it: its WARC folder cannot be written."""
    if os.geteuid() == 0 and not shutil.which("mount"):
        pytest.skip("needs a tmpfs of its own")
    with SiteServer({"one": mirror, "two": mirror}) as server, full_disk(tmp_path) as data_dir:
        project = project_of(tmp_path, server.urls, DATA_DIR=str(data_dir))
        ended = project.run("schedule")
    assert ended.status == 3, ended.stdout + ended.stderr
    assert ended.errors[-1].startswith("scrapy schedule: ")


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A data folder with room for the database and no page."""
    data_dir = folder / "small"
    data_dir.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(data_dir)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}")
    try:
        yield data_dir
    finally:
        subprocess.run(["umount", "-l", str(data_dir)], check=True)


# ------------------------------------------------------------------- what failed


@pytest.mark.long
def test_a_killed_run_says_who_recovered_its_captures(tmp_path: Path, mirror: Path) -> None:
    with SiteServer({"one": mirror}) as server:
        project = project_of(tmp_path, server.urls)
        place = "cablecrawl.capture.warc:WarcWriter.append"
        project.crawl_killed_at(place, "after", 8, "-a", "source=one")
        (run,) = json.loads(project.run("runs", "--json").stdout)["runs"]
        assert (run["state"], run["why"]) == (
            "killed",
            "killed; the next run recovers its captures",
        )
        assert listed(project)["one"]["last_why"] == "killed before its end"
        assert project.crawl("-a", "source=one").status == 0
    later, killed = json.loads(project.run("runs", "--json").stdout)["runs"]
    assert killed["why"] == f"killed; its captures were recovered by run {later['run']}"
    assert later["goes_on_with"] == killed["run"]


@pytest.mark.long
def test_a_crawl_that_ended_before_its_run_began_is_listed_with_the_reason(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer({"one": mirror}) as server:
        project = project_of(tmp_path, server.urls, TWISTED_REACTOR="no.such.Reactor")
        ended = project.run("schedule", "--once")
    assert ended.status == 2
    (run,) = json.loads(project.run("runs", "--json").stdout)["runs"]
    assert (run["state"], run["exit_status"]) == ("not begun", 1)
    assert "ended before its run began: " in run["why"]
    assert listed(project)["one"]["failures"] == 1


@pytest.mark.long
def test_a_site_given_by_its_address_is_named_as_not_scheduled(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer({"one": mirror}) as server:
        project = Project(tmp_path)
        assert project.crawl("-a", f"url={server.url}").status == 0
        host = server.url.removeprefix("http://").rstrip("/")
    text = project.run("schedule", "--list").stdout
    assert f"not scheduled, in no registry, once given with -a url=: {host}" in text


@pytest.mark.long
@pytest.mark.parametrize("command", ["runs", "schedule --list", "sources -v"])
def test_commands_that_list_leave_the_store_as_it_is(once: Once, command: str) -> None:
    project, _ = once
    before = changed_when(project)
    ended = project.run(*command.split())
    assert ended.status == 0, ended.stderr
    assert changed_when(project) == before


def changed_when(project: Project) -> dict[Path, int]:
    """SQLite's index of the log aside, which readers share."""
    files = (path for path in project.data_dir.rglob("*") if path.suffix != ".sqlite-shm")
    return {path: path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["schedule", "x"], "x: unknown argument"),
        (["schedule", "--json"], "--json: goes with --list"),
        (["schedule", "--once", "--list"], "--list: not allowed with argument --once"),
        (["runs", "-n", "x"], "-n x: must be a whole number"),
        (["runs", "nothing"], "nothing: the store has no such run"),
        (["sources", "x"], "x: unknown argument"),
        (["crawl"], "give one spider"),
        (["crawl", "mirrors", "-a", "x"], "Invalid -a value"),
        (["demo", "x"], "scrapy demo takes no arguments"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_one_line_with_status_1(once: Once, arguments: list[str], said: str) -> None:
    ended = once[0].run(*arguments)
    assert ended.status == 1
    (line,) = ended.errors
    assert line.startswith(f"scrapy {arguments[0]}: {said}")
