"""Crawls that are killed and run again: nothing is lost, and next to nothing asked for twice.

The same site is crawled without a break and with breaks, at the same address: what is exported
is the same but for the times at which pages were captured.
"""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crawling import (
    IN_FLIGHT,
    Ended,
    Export,
    Project,
    cable_pages,
    fastwarc_check,
    free_port,
    repeats,
    source_name,
)
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Fault, Site, SiteServer

# With it requests of all kinds are under way whenever a kill comes.
LATENCY = 0.02


@dataclass
class Unbroken:
    """A mirror, and what a crawl of it without a break comes to."""

    folder: Path
    port: int
    faults: dict[str, Fault]
    requests: int
    export: Export

    def serve(self) -> SiteServer:
        """The mirror at the address that it had, as if never asked for anything."""
        site = Site(self.folder, dict(self.faults), latency=LATENCY)
        return SiteServer(site, port=self.port)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbroken]:
    folder = tmp_path_factory.mktemp("unbroken")
    mirror = folder / "mirror"
    write_mirror(mirror, invented_cables(60), Build(60, "v4", rows_per_page=10))
    paths = list(cable_pages(mirror))
    faults = {
        paths[7]: Fault("status", None, 404),
        paths[20]: Fault("half_gzip", 1),
        paths[33]: Fault("redirect", None, 302, location=f"/cable/{Path(paths[33]).name}"),
    }
    (mirror / "cable" / Path(paths[33]).name).write_bytes((mirror / paths[33][1:]).read_bytes())
    with SiteServer(Site(mirror, dict(faults)), port=free_port()) as server:
        project = Project(folder)
        ended = project.crawl("-a", f"url={server.url}")
    assert ended.status == 0, ended.stderr
    port = int(source_name(server.url).partition(":")[2])
    yield Unbroken(mirror, port, faults, len(server.requests), project.export())


def committed(project: Project) -> set[str]:
    """IDs of the captures whose rows are committed."""
    if not (project.data_dir / "cablecrawl.sqlite").exists():
        return set()
    if not project.query("SELECT 1 FROM sqlite_master WHERE name = 'capture'"):
        return set()
    return {capture_id for (capture_id,) in project.query("SELECT capture_id FROM capture")}


def assert_whole(
    project: Project, unbroken: Unbroken, server: SiteServer, kept: set[str], kills: int
) -> None:
    """After the last run the store is what an unbroken crawl gives."""
    export = project.export()
    assert export.timeless() == unbroken.export.timeless()
    captures = export.lines("captures")
    ids = [line["capture_id"] for line in captures]
    assert kept <= set(ids)
    assert len(ids) == len(set(ids))
    # What a kill loses is what was under way. Error pages and redirects that are stored and not
    # yet done are asked for again as well, and captured again; a whole page never.
    asked = Counter(request.path for request in server.requests)
    stored = Counter("/" + line["url"].split("/", 3)[3] for line in captures)
    whole = Counter(line["url"] for line in captures if line["outcome"] == "ok")
    del asked["/robots.txt"], stored["/robots.txt"], whole[f"{server.url}robots.txt"]
    assert (asked - stored).total() <= IN_FLIGHT * kills, asked - stored
    assert set(whole.values()) == {1}, whole
    assert [path.name for path in project.warcs if path.name.endswith(".open")] == []
    checked = fastwarc_check([path for path in project.warcs if path.suffix == ".gz"])
    assert checked.status == 0, checked.stderr


@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)]
)
def test_a_crawl_killed_twice_at_random_goes_on_to_the_same_end(
    tmp_path: Path, unbroken: Unbroken, seed: int
) -> None:
    moments = sorted(random.Random(seed).sample(range(1, unbroken.requests), 2))
    project = Project(tmp_path)
    kept: set[str] = set()
    with unbroken.serve() as server:
        for moment in moments:
            with project.start_crawl("-a", f"url={server.url}") as crawl:
                assert crawl.wait_for(lambda: len(server.requests) >= moment)  # noqa: B023  (called at once)
                assert crawl.kill()
            kept |= committed(project)
        last = project.crawl("-a", f"url={server.url}")
    assert last.status == 0, last.stderr
    assert "going on with the crawl of run " in last.stderr or moments[1] < 3
    assert_whole(project, unbroken, server, kept, kills=2)


def test_a_store_whose_making_was_cut_short_is_made_again(
    tmp_path: Path, unbroken: Unbroken
) -> None:
    project = Project(tmp_path)
    with unbroken.serve() as server:
        url = f"url={server.url}"
        place = "cablecrawl.store.database:metadata.create_all"
        project.crawl_killed_at(place, "after", 1, "-a", url)
        last = project.crawl("-a", url)
    assert last.status == 0, last.stderr
    assert_whole(project, unbroken, server, set(), kills=0)


# Where a kill leaves something half done, and at which time of passing: captures are written in
# batches of 16 at most, so that 6 batches are never all of them.
PLACES = [
    ("cablecrawl.capture.warc:WarcWriter._open_next", "after", 1),
    ("cablecrawl.capture.warc:write_at", "torn", 6),
    ("cablecrawl.capture.warc:WarcWriter.append", "after", 6),
    ("pipelines.store:add_page", "after", 20),
    ("cablecrawl.frontier:mark_read", "before", 5),
]


@pytest.mark.parametrize(("place", "when", "count"), PLACES, ids=lambda value: str(value))
def test_a_crawl_killed_between_two_steps_of_writing_goes_on(
    tmp_path: Path, unbroken: Unbroken, place: str, when: str, count: int
) -> None:
    project = Project(tmp_path)
    with unbroken.serve() as server:
        project.crawl_killed_at(place, when, count, "-a", f"url={server.url}")
        kept = committed(project)
        last = project.crawl("-a", f"url={server.url}")
    assert last.status == 0, last.stderr
    assert_whole(project, unbroken, server, kept, kills=1)


RECOVERY = [
    ("cablecrawl.capture.recovery:_keep_tail", "after", 1),
    ("cablecrawl.runs:add_capture", "after", 1),
    ("cablecrawl.capture.recovery:write_at", "torn", 1),
    ("cablecrawl.capture.recovery:seal_file", "before", 1),
    ("cablecrawl.capture.recovery:seal_file", "after", 1),
]


def test_recovery_that_is_killed_at_every_step_is_done_again(
    tmp_path: Path, unbroken: Unbroken
) -> None:
    """Captures that are in the WARC file and in no row, and half of one more."""
    project = Project(tmp_path)
    with unbroken.serve() as server:
        url = f"url={server.url}"
        appended = ("cablecrawl.capture.warc:WarcWriter.append", "after", 6)
        project.crawl_killed_at(*appended, "-a", url)
        kept = committed(project)
        (warc,) = project.warcs
        with warc.open("ab") as file:
            file.write(warc.read_bytes()[:1000])
        for place in RECOVERY:
            project.crawl_killed_at(*place, "-a", url)
            assert committed(project) >= kept
        last = project.crawl("-a", url)
    assert last.status == 0, last.stderr
    assert len(list(warc.parent.glob("*.tail.bad*"))) >= 1
    assert_whole(project, unbroken, server, kept, kills=2)


@pytest.mark.parametrize("step", ["WarcWriter.note", "_list_in_manifest", "WarcWriter.seal"])
def test_a_crawl_killed_between_the_note_of_its_end_and_its_last_row_has_ended(
    tmp_path: Path, unbroken: Unbroken, step: str
) -> None:
    """A database that is made from the WARC files would say so; the one that is there does too."""
    project = Project(tmp_path)
    with unbroken.serve() as server:
        url = f"url={server.url}"
        project.crawl_killed_at(f"cablecrawl.capture.warc:{step}", "after", 1, "-a", url)
        kept = committed(project)
        assert project.query("SELECT state FROM run") == [("running",)]
        assert project.reparse().status == 0
    assert project.query("SELECT state FROM run") == [("finished",)]
    assert project.query("SELECT * FROM frontier") == []
    assert_whole(project, unbroken, server, kept, kills=0)


def test_captures_that_were_written_and_not_committed_are_not_fetched_again(
    tmp_path: Path, unbroken: Unbroken
) -> None:
    project = Project(tmp_path)
    with unbroken.serve() as server:
        url = f"url={server.url}"
        appended = ("cablecrawl.capture.warc:WarcWriter.append", "after", 6)
        project.crawl_killed_at(*appended, "-a", url)
        asked = [request.path for request in server.requests]
        last = project.crawl("-a", url)
    assert " captures of a killed run were recovered" in last.stderr
    written = {
        line["url"]
        for line in project.export().lines("captures")
        if line["warc"] == project.warcs[0].name and line["outcome"] == "ok"
    }
    later = [request.path for request in server.requests[len(asked) :]]
    twice = {path for path in later if f"{server.url}{path[1:]}" in written}
    assert twice == {"/robots.txt"}


def test_a_robots_txt_that_was_written_and_not_committed_keeps_no_export_waiting(
    tmp_path: Path, unbroken: Unbroken
) -> None:
    project = Project(tmp_path)
    with unbroken.serve() as server:
        url = f"url={server.url}"
        appended = ("cablecrawl.capture.warc:WarcWriter.append", "after", 1)
        project.crawl_killed_at(*appended, "-a", url)
        project.crawl("-a", url)
    package = json.loads((project.export().folder / "datapackage.json").read_bytes())
    last = project.query("SELECT capture_id FROM capture ORDER BY fetched_at DESC LIMIT 1")
    assert [(package["through"]["capture_id"],)] == last


# ------------------------------------------------------------------- an end that is asked for


@pytest.fixture(scope="module")
def interrupted(
    tmp_path_factory: pytest.TempPathFactory, unbroken: Unbroken
) -> tuple[Ended, Ended, Project, SiteServer]:
    project = Project(tmp_path_factory.mktemp("interrupted"))
    with unbroken.serve() as server:
        with project.start_crawl("-a", f"url={server.url}") as crawl:
            assert crawl.wait_for(lambda: len(server.requests) >= unbroken.requests // 2)
            crawl.send(signal.SIGINT)
            first = crawl.ended()
        last = project.crawl("-a", f"url={server.url}")
    return first, last, project, server


Interrupted = tuple[Ended, Ended, Project, SiteServer]


def test_an_interrupted_crawl_says_so(interrupted: Interrupted) -> None:
    first, _, _, _ = interrupted
    assert first.status == 130, first.stderr
    assert "stopped (shutdown)" in first.stderr and "run it again to go on" in first.stderr
    assert "Traceback" not in first.stderr


def test_an_interrupted_crawl_drains(interrupted: Interrupted, unbroken: Unbroken) -> None:
    """What was under way is read and committed: not one page is asked for again."""
    _, last, project, server = interrupted
    assert last.status == 0, last.stderr
    asked = repeats([request.path for request in server.requests])
    assert asked == repeats(
        ["/" + line["url"].split("/", 3)[3] for line in unbroken.export.lines("captures")]
    )
    assert_whole(project, unbroken, server, set(), kills=0)


def test_a_crawl_that_went_on_counts_the_whole_of_it(
    interrupted: Interrupted, unbroken: Unbroken
) -> None:
    """No source fails for what an earlier run of the same crawl has found."""
    first, last, _, server = interrupted
    name = source_name(server.url)
    found = first.summary[name].new + last.summary[name].new
    assert found == last.summary[name].cables == len(unbroken.export.lines("cables"))
    assert last.summary[name].unlisted == 1  # the page that a redirect leads to


def test_a_finished_crawl_is_begun_anew(interrupted: Interrupted, unbroken: Unbroken) -> None:
    _, _, project, _ = interrupted
    with unbroken.serve() as server:
        again = project.crawl("-a", f"url={server.url}", "-a", "full=1")
    assert "going on" not in again.stderr
    (counts,) = again.summary.values()
    assert counts.unchanged == len(unbroken.export.lines("cables"))


# Where nothing has changed a re-crawl asks for robots.txt, the home page and one index of releases.
IN_A_RE_CRAWL = ("cablecrawl.frontier:mark_read", "after", 2)


@pytest.mark.parametrize("cables", [12, 14], ids=["nothing has changed", "two cables more"])
def test_a_re_crawl_that_is_gone_on_with_asks_for_what_an_unbroken_one_does(
    tmp_path: Path, cables: int
) -> None:
    """Indexes that tell no news are withheld where the run that was cut short met none."""
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(12), Build(12, "v4"))
    project = Project(tmp_path)
    with SiteServer(folder) as server:
        url = f"url={server.url}"
        project.crawl("-a", url)
        twin = project.copy(tmp_path / "unbroken")
        write_mirror(folder, invented_cables(cables), Build(cables, "v4"), overlay=True)
        server.site.requests.clear()
        twin.crawl("-a", url)
        unbroken = {request.path for request in server.site.requests}
        server.site.requests.clear()
        project.crawl_killed_at(*IN_A_RE_CRAWL, "-a", url)
        project.crawl("-a", url)
        asked = {request.path for request in server.site.requests}
    assert asked == unbroken
