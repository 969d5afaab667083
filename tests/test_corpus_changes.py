"""Real snapshots of one site, served one after the other at the same address.

After each crawl what is new, changed, moved, gone and left over agrees with the files, by number
and by name. Two of them, and all four, with `-m corpus`. The numbers are printed: `-rP` or `-s`
shows them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.corpus import (
    SNAPSHOTS,
    PlainReading,
    cable_pages,
    has_matter,
    read_plainly,
    unpack_snapshot,
)
from tests.crawling import Ended, Project, fastwarc_check, write_sources
from tests.sites.server import Site, SiteServer
from tests.test_corpus_crawl import START_PAGES, listed_cables

SOURCE = "site"
# In how many crawls a page must be missing before it counts as gone.
CRAWLS = 3
TENTH = 0.1


@dataclass
class Crawled:
    """One crawl of one snapshot."""

    ended: Ended
    requests: int
    bytes: int
    seconds: float
    events: dict[str, set[str]]
    """Paths of cable pages by the event of the sighting that this crawl added."""


@dataclass
class Step:
    """A snapshot, and what three crawls of it found."""

    name: str
    pages: dict[str, PlainReading]
    """By path."""
    listed: set[str] = field(default_factory=set)
    crawls: list[Crawled] = field(default_factory=list)
    told: dict[str, set[str]] = field(default_factory=dict)
    """Paths by what `scrapy changes` says of them after the first crawl."""
    witnesses: dict[str, dict[str, Any]] = field(default_factory=dict)
    """As exported after the last crawl, by path."""
    readings: int = 0


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SNAPSHOTS[:2], marks=pytest.mark.corpus),
        pytest.param(SNAPSHOTS, marks=pytest.mark.corpus),
    ],
    ids=["two snapshots", "all snapshots"],
)
def steps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    folder = tmp_path_factory.mktemp("changing-site")
    session = tmp_path_factory.getbasetemp()
    snapshots = {name: unpack_snapshot(name, session) for name in request.param}
    steps = []
    first = next(iter(snapshots.values()))
    with SiteServer(Site(first)) as server:
        starts = " ".join(server.url + page for page in START_PAGES)
        sources = write_sources(folder / "sources.toml", {SOURCE: starts})
        project = Project(folder, {"SOURCES_FILE": str(sources)})
        for name, snapshot in snapshots.items():
            server.site.folder = snapshot
            pages = {
                f"/{path}": read_plainly(body.decode()) for path, body in cable_pages(snapshot)
            }
            step = Step(name, pages)
            # Every page; then what a crawl asks for that has nothing due; then every page again.
            for arguments in (("-a", "full=1"), (), ("-a", "full=1")):
                server.site.requests.clear()
                ended = project.crawl("-a", f"source={SOURCE}", *arguments)
                asked = [request.path for request in server.site.requests]
                step.crawls.append(_crawled(project, ended, len(asked)))
                if len(step.crawls) == 1:
                    step.listed = listed_cables(snapshot, asked)
                    step.told = _told(project)
            _look_at_export(step, project)
            steps.append(step)
    report(steps)
    assert fastwarc_check(project.warcs).status == 0
    return steps


def _crawled(project: Project, ended: Ended, requests: int) -> Crawled:
    (run, summary), *_ = project.query(
        "SELECT id, summary FROM run WHERE state = 'finished' ORDER BY id DESC LIMIT 1"
    )
    events: dict[str, set[str]] = {}
    for event, url in project.query(
        "SELECT event, witness.url FROM sighting JOIN witness ON witness.id = sighting.witness"
        f" JOIN capture ON capture.id = sighting.capture WHERE capture.run = '{run}'"
    ):
        events.setdefault(event, set()).add(urlsplit(url).path)
    found = json.loads(summary)
    return Crawled(ended, requests, found["bytes_received"], found["seconds"], events)


def _told(project: Project) -> dict[str, set[str]]:
    ended = project.run("changes", "--json")
    assert ended.status == 0, ended.stderr
    told: dict[str, set[str]] = {}
    for change in json.loads(ended.stdout)["changes"]:
        for kind in change["kinds"]:
            told.setdefault(kind, set()).add(urlsplit(change["url"]).path)
    return told


def _look_at_export(step: Step, project: Project) -> None:
    export = project.export()
    step.witnesses = {
        urlsplit(witness["url"]).path: witness
        for cable in export.lines("cables")
        for witness in cable["witnesses"]
    }
    step.readings = len(export.lines("readings"))


def pairs(steps: list[Step]) -> list[tuple[Step, Step]]:
    return list(zip(steps, steps[1:], strict=False))


def test_new_cables_are_those_whose_pages_are_new(steps: list[Step]) -> None:
    known: set[str] = set()
    for step in steps:
        assert step.crawls[0].events.get("first", set()) == set(step.pages) - known
        known |= set(step.pages)


def test_changed_cables_are_those_whose_texts_differ(steps: list[Step]) -> None:
    for before, now in pairs(steps):
        differ = {
            path
            for path in set(before.pages) & set(now.pages)
            if texts(before.pages[path]) != texts(now.pages[path])
        }
        found = now.crawls[0].events.get("changed", set())
        assert found <= differ
        # What is no cable and stands in a text is taken off: where only that changed, nothing did.
        for path in differ - found:
            assert has_matter(before.pages[path]) or has_matter(now.pages[path]), path


def test_moved_cables_are_those_whose_date_of_release_differs(steps: list[Step]) -> None:
    """From when they were there last: some are gone between two snapshots."""
    known: dict[str, PlainReading] = {}
    for step in steps:
        moved = {
            path
            for path, page in step.pages.items()
            if path in known and known[path].released != page.released
        }
        assert step.told.get("moved", set()) == moved
        known |= step.pages


def test_changes_are_told_as_the_crawl_met_them(steps: list[Step]) -> None:
    known: set[str] = set()
    for step in steps:
        assert step.told.get("new", set()) == set(step.pages) - known
        # A cable that came back with another text than it went with is changed too.
        assert step.told.get("changed", set()) >= step.crawls[0].events.get("changed", set())
        known |= set(step.pages)


def test_what_is_the_same_is_unchanged(steps: list[Step]) -> None:
    for before, now in pairs(steps):
        same = {
            path
            for path in set(before.pages) & set(now.pages)
            if texts(before.pages[path]) == texts(now.pages[path])
        }
        assert same <= now.crawls[0].events.get("unchanged", set())


def test_gone_cables_are_those_whose_pages_are_not_there_any_more(steps: list[Step]) -> None:
    gone: set[str] = set()
    for before, now in pairs(steps):
        lost = set(before.pages) - set(now.pages)
        assert [crawl.events.get("gone", set()) - gone for crawl in now.crawls] == [
            set(),
            set(),
            lost - gone,
        ]
        gone = (gone | lost) - set(now.pages)
        status = {path for path, it in now.witnesses.items() if it["status"] == "gone"}
        assert status == gone


def test_pages_that_come_back_are_back(steps: list[Step]) -> None:
    gone: set[str] = set()
    for before, now in pairs(steps):
        assert now.crawls[0].events.get("back", set()) == gone & set(now.pages)
        gone = (gone | (set(before.pages) - set(now.pages))) - set(now.pages)


def test_left_over_cables_are_those_that_no_index_lists(steps: list[Step]) -> None:
    for step in steps:
        unlisted = {path for path, it in step.witnesses.items() if it["status"] == "unlisted"}
        assert unlisted == set(step.pages) - step.listed


def test_crawled_again_the_same_snapshot_gives_no_reading(steps: list[Step]) -> None:
    for step in steps:
        for crawl in step.crawls[1:]:
            assert not crawl.events.get("changed") and not crawl.events.get("first")


def test_with_nothing_due_a_crawl_costs_a_tenth(steps: list[Step]) -> None:
    for step in steps:
        first, nothing_due, _ = step.crawls
        assert nothing_due.bytes <= TENTH * first.bytes
        assert nothing_due.requests <= TENTH * first.requests


def test_with_every_page_due_a_crawl_costs_a_tenth_of_the_bytes(steps: list[Step]) -> None:
    for step in steps:
        first, _, every_page = step.crawls
        assert every_page.bytes <= TENTH * first.bytes
        assert every_page.events["unchanged"] >= set(step.pages)


def texts(page: PlainReading) -> tuple[str, str]:
    return page.header, page.body


def report(steps: list[Step]) -> None:
    """The numbers, for people."""
    print("snapshot               crawl        requests       bytes   seconds  events")
    for step in steps:
        for kind, crawl in zip(("every page", "as due", "every page"), step.crawls, strict=True):
            events = ", ".join(f"{event} {len(them):,}" for event, them in crawl.events.items())
            if crawl is step.crawls[0]:
                events += f", moved {len(step.told.get('moved', ())):,}"
            print(
                f"{step.name:22} {kind:11} {crawl.requests:9,} {crawl.bytes:11,}"
                f" {crawl.seconds:9.1f}  {events}"
            )
