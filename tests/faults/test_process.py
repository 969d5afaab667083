"""Storage and process, cases 42, 43 and 46: signals, a clock that jumps, a store of old."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crawling import Project
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Site, SiteServer

CABLES = 24
DRAINED, CUT_OFF = 130, 131


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(folder, invented_cables(CABLES), Build(CABLES, "v4"))
    return folder


@dataclass
class Slow:
    """A crawl's project, and its site, which answers late while it is interrupted."""

    project: Project
    server: SiteServer


@pytest.fixture
def slow(tmp_path: Path, mirror: Path) -> Iterator[Slow]:
    with SiteServer(Site(mirror, latency=0.1)) as server:
        yield Slow(Project(tmp_path), server)


def assert_goes_on(slow: Slow) -> None:
    """Run again, the crawl comes to what it would have come to."""
    slow.server.site.latency = 0.0
    last = slow.project.crawl("-a", f"url={slow.server.url}")
    assert last.status == 0, last.stderr
    assert "going on with the crawl of run " in last.stderr
    assert len(slow.project.export().cables()) == CABLES


def test_case_42_a_crawl_that_is_asked_to_end_drains(slow: Slow) -> None:
    """By SIGINT too: tests/test_crash.py."""
    with slow.project.start_crawl("-a", f"url={slow.server.url}") as crawl:
        assert crawl.wait_for(lambda: len(slow.server.requests) > 5)
        crawl.send(signal.SIGTERM)
        ended = crawl.ended()
    assert ended.status == DRAINED, ended.stderr
    assert "stopped (shutdown)" in ended.stderr and "Traceback" not in ended.stderr
    assert not [path for path in slow.project.warcs if path.suffix == ".open"]
    assert_goes_on(slow)


def test_case_42_a_crawl_that_is_asked_twice_ends_at_once_and_says_so(slow: Slow) -> None:
    log = slow.project.folder / "log"
    url = f"url={slow.server.url}"
    with slow.project.start_crawl("-a", url, LOG_FILE=str(log), LOG_LEVEL="INFO") as crawl:
        assert crawl.wait_for(lambda: len(slow.server.requests) > 5)
        slow.server.site.latency = 5.0
        asked = len(slow.server.requests)
        assert crawl.wait_for(lambda: len(slow.server.requests) > asked)
        crawl.send(signal.SIGTERM)
        # Two at a time would be one.
        assert crawl.wait_for(lambda: "shutting down gracefully" in log.read_text())
        crawl.send(signal.SIGTERM)
        ended = crawl.ended()
    assert ended.status == CUT_OFF, ended.stderr
    (line,) = ended.errors
    assert line.startswith("scrapy crawl: cut off by a second signal; ")
    assert_goes_on(slow)


# ------------------------------------------------------------------- time, and versions


def change(project: Project, statement: str) -> None:
    connection = sqlite3.connect(project.data_dir / "cablecrawl.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_case_43_a_clock_that_was_set_back_puts_nothing_before_what_was(
    tmp_path: Path, mirror: Path
) -> None:
    """Here it is the store that is ahead: what it holds was captured in 2099."""
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        url = f"url={server.url}"
        assert project.crawl("-a", url).status == 0
        change(project, "UPDATE capture SET fetched_at = '2099' || substr(fetched_at, 5)")
        again = project.crawl("-a", url, "-a", "full=1", REPARSE_BEFORE_CRAWL="0")
    assert again.status == 0, again.stderr
    assert "times are counted on from there" in again.stderr
    times = [time for (time,) in project.query("SELECT fetched_at FROM capture ORDER BY id")]
    assert times == sorted(times) and len(set(times)) == len(times)
    later = project.query("SELECT flags, run FROM capture ORDER BY id")
    assert {flags for flags, run in later if run == later[-1][1]} == {"clock_behind"}
    assert project.query("SELECT event, count(*) FROM sighting GROUP BY event") == [
        ("first", CABLES),
        ("unchanged", CABLES),
    ]


def test_case_46_a_store_of_an_earlier_version_is_brought_up_by_a_reparse(
    tmp_path: Path, mirror: Path
) -> None:
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        url = f"url={server.url}"
        assert project.crawl("-a", url).status == 0
        before = project.export("before").files()
        change(project, "PRAGMA user_version = 1")
        change(project, "DROP TABLE missing")
        refused = project.crawl("-a", url)
        assert refused.status == 1 and "scrapy reparse" in refused.stderr
        assert project.reparse().status == 0
        assert project.export("after").files() == before
        assert project.crawl("-a", url).status == 0
