"""What a re-crawl asks for: news at once, every page in its turn, and nothing for ever."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clock import SimulatedClock, libfaketime
from tests.crawling import Ended, Project, cable_pages, run_python, write_sources
from tests.sites.cables import InventedCable, invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Fault, Request, Site, SiteServer

pytestmark = pytest.mark.skipif(libfaketime() is None, reason="faketime is not installed")

NAME = "mirror"
BEGIN = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ADDED = "10. (U) The band was out of tune. NINIO"
# Every page within four days, so that a few crawls show it.
POLICY = '{ index = "1d", pages = "4d", full = "180d" }'


class Mirror:
    """A mirror on loopback that is crawled on simulated days."""

    def __init__(self, folder: Path, server: SiteServer, cables: list[InventedCable]) -> None:
        self.folder = folder / "site"
        self.cables = cables
        self.server = server
        sources = write_sources(
            folder / "sources.toml", {NAME: f"{server.url}cablegate.html"}, recrawl=POLICY
        )
        self.clock = SimulatedClock(folder, BEGIN)
        self.project = Project(
            folder,
            {"SOURCES_FILE": str(sources), "RETRY_TIMES": "0"},
            environment=self.clock.environment,
        )

    def crawl(self, day: float, *arguments: str) -> Ended:
        """A crawl so many days after the first."""
        self.clock.set(BEGIN + day * DAY)
        self.server.site.requests.clear()
        return self.project.crawl("-a", f"source={NAME}", *arguments)

    def asked(self) -> set[str]:
        """Paths of the cable pages that the last crawl asked for."""
        return {
            request.path
            for request in self.server.site.requests
            if request.path.startswith("/cable/") and request.path.endswith(".html")
        }

    def events(self, event: str) -> list[str]:
        """Paths of the copies of which an event is known, in its order."""
        rows = self.project.query(
            "SELECT witness.url FROM sighting JOIN witness ON witness.id = sighting.witness"
            f" WHERE event = '{event}' ORDER BY sighting.id"
        )
        return [urlsplit(url).path for (url,) in rows]

    def statuses(self) -> dict[str, str]:
        """Of the copies, as exported, by path."""
        return {
            urlsplit(witness["url"]).path: witness["status"]
            for cable in self.project.export().lines("cables")
            for witness in cable["witnesses"]
        }


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    cables = invented_cables(24)
    write_mirror(tmp_path / "site", cables, Build(24, "v4"))
    with SiteServer(Site(tmp_path / "site")) as server:
        yield Mirror(tmp_path, server, cables)


def edit_in_place(page: Path) -> None:
    """Another text, and no index says so."""
    text = page.read_text(encoding="utf-8")
    before, end, behind = text.rpartition("</pre>")
    changed = f"{before}{ADDED}{end}{behind}"
    stat = page.stat()
    page.write_text(changed, encoding="utf-8")
    os.utime(page, (stat.st_mtime + 60, stat.st_mtime + 60))


def test_a_text_changed_without_a_trace_is_found_in_the_policys_time(mirror: Mirror) -> None:
    assert mirror.crawl(0).status == 0
    paths = list(cable_pages(mirror.folder))
    edit_in_place(mirror.folder / paths[-1][1:])
    asked = []
    for day in (1, 2, 3, 4):
        ended = mirror.crawl(day)
        assert ended.status == 0, ended.stderr
        asked.append(mirror.asked())
    # A quarter a day, none twice, and all of them in the end.
    assert sum(map(len, asked)) == len(set().union(*asked)) == len(paths)
    assert max(map(len, asked)) <= len(paths) / 4 * 1.5
    assert mirror.events("changed") == [paths[-1]]


def test_nothing_is_due_when_a_crawl_follows_another(mirror: Mirror) -> None:
    mirror.crawl(0)
    ended = mirror.crawl(0.01)
    assert ended.status == 0, ended.stderr
    assert mirror.asked() == set()
    kinds = {request.path.split("/")[1] for request in mirror.server.site.requests}
    assert kinds == {"robots.txt", "cablegate.html", "reldate"}


@pytest.mark.long
def test_a_page_that_no_crawl_asked_for_in_time_is_overdue_whatever_its_share(
    mirror: Mirror,
) -> None:
    mirror.crawl(0)
    mirror.crawl(9)
    assert mirror.asked() == set(cable_pages(mirror.folder))


@pytest.mark.long
def test_the_budget_bounds_a_crawl_and_the_rest_is_named(mirror: Mirror) -> None:
    sources = Path(mirror.project.settings["SOURCES_FILE"])
    limited = sources.read_text().replace("4d", "4d").replace(" }", ", budget = 5 }")
    sources.write_text(limited)
    mirror.crawl(0)
    ended = mirror.crawl(9)
    assert len(mirror.asked()) == 5
    assert "overdue left for the next crawl" in ended.stderr
    first = mirror.asked()
    mirror.crawl(9.01)
    assert len(mirror.asked()) == 5 and not first & mirror.asked()


@pytest.mark.long
def test_a_page_is_fetched_whole_in_time_whatever_its_server_says(mirror: Mirror) -> None:
    """It answers 304 to every condition, as a copy does that keeps the times of its files."""
    mirror.crawl(0)
    page = mirror.folder / list(cable_pages(mirror.folder))[0][1:]
    stat = page.stat()
    edit_in_place(page)
    # An ETag is of size and time here.
    page.write_bytes(page.read_bytes().replace(ADDED.encode(), ADDED[1:].encode())[: stat.st_size])
    os.utime(page, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    mirror.crawl(30, "-a", "full=1")
    assert mirror.events("changed") == []
    mirror.crawl(181, "-a", "full=1")
    assert mirror.events("changed") == [list(cable_pages(mirror.folder))[0]]
    # What was the same then was seen whole too, and is not asked for whole ever after.
    mirror.crawl(182, "-a", "full=1")
    statuses = {request.status for request in pages_asked(mirror)}
    assert statuses == {304}


def pages_asked(mirror: Mirror) -> list[Request]:
    return [r for r in mirror.server.site.requests if r.path.endswith(".html")]


@pytest.mark.long
def test_a_page_behind_a_redirect_is_known_as_any_other_is(mirror: Mirror) -> None:
    paths = list(cable_pages(mirror.folder))
    site = mirror.server.site
    site.faults = {path: Fault("redirect", None, 301, location=f"/new{path}") for path in paths}
    (mirror.folder / "new").symlink_to(mirror.folder, target_is_directory=True)
    assert mirror.crawl(0).status == 0
    mirror.crawl(0.01)
    assert mirror.asked() == set() and not site.asked("/new/*")
    asked: set[str] = set()
    for day in (1, 2, 3, 4):
        mirror.crawl(day)
        asked |= {request.path.removeprefix("/new") for request in site.asked("/new/*")}
    assert asked == set(paths)


CHALLENGE = b"<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"


@pytest.mark.long
def test_a_page_that_a_challenge_stood_in_for_is_asked_for_by_the_next_crawl(
    mirror: Mirror,
) -> None:
    kept_back = set(list(cable_pages(mirror.folder))[:3])
    mirror.server.site.faults = {p: Fault("body", 1, body=CHALLENGE) for p in kept_back}
    assert mirror.crawl(0).status == 2
    mirror.crawl(0.01)
    assert mirror.asked() == kept_back
    mirror.crawl(0.02)
    assert mirror.asked() == set()


def test_a_cable_that_moves_to_another_day_of_release_is_asked_for_at_once(
    mirror: Mirror,
) -> None:
    mirror.crawl(0)
    moved = mirror.cables[3]
    later = Build(24, "v4", released={moved.reference_id: "2010-12-19 09:09"})
    write_mirror(mirror.folder, mirror.cables, later)
    mirror.crawl(0.01)
    assert {Path(path).stem for path in mirror.asked()} == {moved.reference_id}
    (line,) = [
        cable
        for cable in mirror.project.export().lines("cables")
        if cable["reference_id"] == moved.reference_id
    ]
    assert {claim["value"] for claim in line["releases"] if claim["basis"] == "page_timestamp"} == {
        "2010-12-19T09:09",
    } | {moved.released.replace(" ", "T")}


def test_a_page_is_gone_when_it_was_missing_in_three_crawls(mirror: Mirror) -> None:
    mirror.crawl(0)
    lost = list(cable_pages(mirror.folder))[0]
    content = (mirror.folder / lost[1:]).read_bytes()
    (mirror.folder / lost[1:]).unlink()
    mirror.crawl(4)
    assert mirror.statuses()[lost] != "gone"
    # It is asked for in each crawl now, until that is settled.
    mirror.crawl(4.1)
    assert mirror.asked() == {lost} and mirror.events("gone") == []
    ended = mirror.crawl(4.2)
    assert mirror.events("gone") == [lost] and mirror.statuses()[lost] == "gone"
    assert "1 gone: missing in several crawls" in ended.stderr
    mirror.crawl(4.3)
    assert mirror.asked() == set()
    (mirror.folder / lost[1:]).write_bytes(content)
    mirror.crawl(9)
    assert mirror.events("back") == [lost] and mirror.statuses()[lost] == "present"


PARKED = b"<title>Buy this domain</title><h1>This domain is for sale</h1>"


def test_what_cannot_be_fetched_is_not_gone(mirror: Mirror) -> None:
    mirror.crawl(0)
    before = mirror.statuses()
    faults = (
        Fault("status", None, 500),
        Fault("status", None, 403),
        Fault("reset", None),
        Fault("body", None, body=PARKED),
        Fault("status", None, 404),
    )
    paths = list(cable_pages(mirror.folder))[: len(faults)]
    mirror.server.site.faults = dict(zip(paths, faults, strict=True))
    for day in (4, 8, 12):
        assert mirror.crawl(day).status == 2
    after = mirror.statuses()
    # The last one's server says so, and is believed.
    assert mirror.events("gone") == [paths[-1]] and after.pop(paths[-1]) == "gone"
    del before[paths[-1]]
    assert after == before


def test_far_fewer_cables_than_before_are_an_alarm_and_no_fact(mirror: Mirror) -> None:
    mirror.crawl(0)
    before = mirror.statuses()
    few = [cable.reference_id for cable in mirror.cables[8:]]
    write_mirror(mirror.folder, mirror.cables, Build(8, "v4", withdrawn=frozenset(few)))
    for day in (1, 2, 3):
        ended = mirror.crawl(day)
    assert ended.status == 2
    assert "alarm: " in ended.stderr
    assert mirror.statuses() == before
    # Its user knows better: the loss is real.
    ended = mirror.crawl(5, "-a", "accept=1")
    assert "alarm" not in ended.stderr
    gone = {Path(path).stem for path, status in mirror.statuses().items() if status == "gone"}
    assert gone == set(few)


@pytest.mark.long
def test_a_loss_that_is_accepted_is_no_alarm_the_day_after(mirror: Mirror) -> None:
    mirror.crawl(0)
    few = [cable.reference_id for cable in mirror.cables[8:]]
    write_mirror(mirror.folder, mirror.cables, Build(8, "v4", withdrawn=frozenset(few)))
    assert "(if it is real: -a accept=1)" in mirror.crawl(4).stderr
    mirror.crawl(4.1, "-a", "accept=1")
    assert "alarm" not in mirror.crawl(4.2).stderr
    assert len(mirror.events("gone")) == len(few)


@pytest.mark.long
def test_a_crawl_that_had_only_to_end_decides_the_same_when_it_is_read_again(
    mirror: Mirror,
) -> None:
    mirror.crawl(0)
    lost = list(cable_pages(mirror.folder))[0]
    (mirror.folder / lost[1:]).unlink()
    for day in (1, 2):
        mirror.crawl(day, "-a", "full=1")
    mirror.clock.set(BEGIN + 3 * DAY)
    arguments = ("-a", f"source={NAME}", "-a", "full=1")
    command = mirror.project.command("crawl", "mirrors", *arguments)
    place = ("cablecrawl.runs:Run.settle", "before", "1")
    run_python(["-m", "tests.crawling", *place, *command], more=mirror.clock.environment)
    assert mirror.events("gone") == []
    mirror.crawl(3.01, "-a", "full=1")
    assert mirror.server.site.requests == [] and mirror.events("gone") == [lost]
    before = mirror.project.export("before").files()
    mirror.project.lose_database()
    assert mirror.project.reparse().status == 0
    assert mirror.project.export("after").files() == before


def test_a_rebuilt_database_says_the_same_of_what_is_gone(mirror: Mirror) -> None:
    mirror.crawl(0)
    lost = list(cable_pages(mirror.folder))[:2]
    for path in lost:
        (mirror.folder / path[1:]).unlink()
    for day in (4, 8, 12):
        mirror.crawl(day)
    before = mirror.project.export("before").files()
    mirror.project.lose_database()
    assert mirror.project.reparse().status == 0
    assert mirror.project.export("after").files() == before
    assert sorted(mirror.events("gone")) == sorted(lost)


@pytest.mark.long
def test_a_clock_that_was_set_back_changes_no_order(mirror: Mirror) -> None:
    mirror.crawl(0)
    page = mirror.folder / list(cable_pages(mirror.folder))[0][1:]
    edit_in_place(page)
    ended = mirror.crawl(-20, "-a", "full=1")
    assert "the clock says 2026-02-09" in ended.stderr
    assert "finished in -" not in ended.stderr
    captures = mirror.project.export().lines("captures")
    later = [capture for capture in captures if "clock_behind" in capture["flags"]]
    assert later and min(c["fetched_at"] for c in later) > max(
        c["fetched_at"] for c in captures if c not in later
    )
    (cable,) = [
        cable
        for cable in mirror.project.export().lines("cables")
        if cable["reference_id"] == page.stem
    ]
    assert ADDED in cable["body"]


@pytest.mark.long
def test_a_clock_that_was_ahead_has_the_schedule_crawl_once_and_not_on_and_on(
    mirror: Mirror,
) -> None:
    mirror.crawl(400)
    mirror.clock.set(BEGIN)
    assert mirror.project.run("schedule", "--once").status == 0
    listed = json.loads(mirror.project.run("schedule", "--list", "--json").stdout)
    (due,) = [source for source in listed["sources"] if source["source"] == NAME]
    assert due["last_outcome"] == "ok" and not due["is_due"]
