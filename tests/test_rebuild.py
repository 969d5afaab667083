"""`scrapy reparse`: from the WARC files alone comes the store that was there, to the byte."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crawling import Export, Project, cable_pages, closed_port, write_sources
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, demo_sites, write_mirror
from tests.sites.server import Fault, Site, SiteServer
from tests.test_recrawl import EARLIER, LATER


def several_sites(folder: Path) -> Project:
    """Four mirrors in one run, one of which is not there."""
    with SiteServer(demo_sites(folder / "sites")) as server, closed_port() as port:
        urls = {**server.urls, "away": f"http://127.0.0.1:{port}/"}
        sources = write_sources(folder / "sources.toml", urls)
        project = Project(folder, {"SOURCES_FILE": str(sources), "RETRY_TIMES": "1"})
        assert project.crawl("-a", f"source={','.join(urls)}").status == 2
    return project


def killed_and_gone_on_with(folder: Path) -> Project:
    """A crawl killed between WARC file and database, inside a record, and inside a transaction.

    Batches hold 16 captures at most, so of the 107 some cables are left for the third kill.
    """
    mirror = folder / "mirror"
    write_mirror(mirror, invented_cables(40), Build(40, "v4", rows_per_page=10))
    project = Project(folder)
    with SiteServer(Site(mirror, latency=0.02)) as server:
        url = f"url={server.url}"
        project.crawl_killed_at("cablecrawl.capture.warc:WarcWriter.append", "after", 3, "-a", url)
        project.crawl_killed_at("cablecrawl.capture.warc:write_at", "torn", 3, "-a", url)
        project.crawl_killed_at("pipelines.store:add_page", "after", 3, "-a", url)
        assert project.crawl("-a", url).status == 0
    return project


def changed_and_faulty(folder: Path) -> Project:
    """A site crawled in two builds; then with pages gone wrong, some for good; then once more."""
    mirror = folder / "mirror"
    write_mirror(mirror, invented_cables(30), EARLIER)
    project = Project(folder, {"RETRY_TIMES": "1"})
    with SiteServer(mirror) as server:
        url = ("-a", f"url={server.url}", "-a", "full=1")
        assert project.crawl(*url).status == 0
        write_mirror(mirror, invented_cables(61), LATER, overlay=True)
        paths = list(cable_pages(mirror))
        moved = f"/cable/{Path(paths[7]).name}"
        faults = [
            Fault("status", None, 404),
            Fault("status", None, 500),
            Fault("status", 1, 503),
            Fault("half_gzip", None),
            Fault("half_gzip", 1),
            Fault("truncated", None),
            Fault("body", None, body=b"<h1>Please log in</h1>"),
            Fault("redirect", None, 302, location=moved),
            Fault("redirect", None, 302, location="http://mirror.example/elsewhere.html"),
            Fault("reset", None),
        ]
        server.site.faults = dict(zip(paths, faults, strict=False))
        (mirror / moved[1:]).write_bytes((mirror / paths[7][1:]).read_bytes())
        (mirror / "robots.txt").write_text("User-agent: *\nDisallow: /cable/2006/\n")
        project.crawl_killed_at("pipelines.store:add_page", "after", 20, *url)
        assert project.crawl(*url).status == 2
        server.site.faults = {paths[0]: Fault("status", None, 410)}
        assert project.crawl(*url).status == 2
    return project


HISTORIES = (several_sites, killed_and_gone_on_with, changed_and_faulty)


@pytest.fixture(scope="module", params=HISTORIES, ids=lambda history: history.__name__)
def history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, Export]:
    """A store that has seen something, and its export."""
    make: Callable[[Path], Project] = request.param
    project = make(tmp_path_factory.mktemp(make.__name__))
    return project, project.export()


History = tuple[Project, Export]


def assert_same_export(project: Project, before: Export) -> None:
    after = project.export("after").files()
    assert set(after) == set(before.files())
    for name, content in before.files().items():
        if after[name] != content:
            # Shown line by line: files are large.
            assert after[name].splitlines() == content.splitlines(), name
    assert after == before.files()


def test_a_lost_database_is_rebuilt_to_the_same_export(history: History, tmp_path: Path) -> None:
    project, before = history
    copy = project.copy(tmp_path)
    copy.lose_database()
    ended = copy.reparse()
    assert ended.status == 0, ended.stderr
    assert_same_export(copy, before)


def test_a_store_that_is_read_again_gives_the_same_export(history: History, tmp_path: Path) -> None:
    project, before = history
    copy = project.copy(tmp_path)
    files = {path.name: path.read_bytes() for path in copy.warcs}
    ended = copy.reparse()
    assert ended.status == 0, ended.stderr
    assert {path.name: path.read_bytes() for path in copy.warcs} == files
    assert f"{len(before.lines('captures')):,} captures read" in ended.stdout
    assert f"{len(before.lines('problems')):,} problems" in ended.stdout
    assert_same_export(copy, before)


# ------------------------------------------------------------------- half-way and damaged


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(24), Build(24, "v4"))
    return folder


@pytest.mark.parametrize("lost", [False, True], ids=["database there", "database lost"])
def test_a_killed_crawl_that_is_read_again_can_be_gone_on_with(
    tmp_path: Path, mirror: Path, lost: bool
) -> None:
    """With its database it goes on where it was; without, the crawl begins anew."""
    project, whole = Project(tmp_path / "killed"), Project(tmp_path / "whole")
    with SiteServer(Site(mirror, latency=0.02)) as server:
        url = f"url={server.url}"
        whole.crawl("-a", url)
        project.crawl_killed_at("cablecrawl.capture.warc:WarcWriter.append", "after", 3, "-a", url)
        if lost:
            project.lose_database()
        assert project.reparse().status == 0
        last = project.crawl("-a", url)
    assert last.status == 0, last.stderr
    assert ("going on with the crawl" in last.stderr) is not lost
    assert project.export().timeless()["readings"] == whole.export().timeless()["readings"]
    assert set(project.export().cables()) == set(whole.export().cables())


@pytest.mark.parametrize("status", [200, 404])
def test_a_page_that_was_read_just_before_a_kill_is_rebuilt_as_it_was(
    tmp_path: Path, mirror: Path, status: int
) -> None:
    """What it gave is committed, and that it is done is not."""
    path = next(iter(cable_pages(mirror)))
    faults = {path: Fault("status", None, status)} if status != 200 else {}
    project = Project(tmp_path)
    with SiteServer(mirror, faults=faults) as server:
        url = f"url={server.url}{path[1:]}"
        project.crawl_killed_at("cablecrawl.frontier:mark_read", "before", 1, "-a", url)
        project.crawl("-a", url)
    before = project.export()
    assert len(before.lines("readings")) == int(status == 200)
    assert project.reparse().status == 0
    assert_same_export(project, before)


@pytest.mark.long
def test_a_crawl_that_was_killed_behind_its_last_capture_is_settled_again(
    tmp_path: Path, mirror: Path
) -> None:
    """The run that ends it has nothing to fetch, and yet the WARC files tell that it ended."""
    path = next(iter(cable_pages(mirror)))
    project = Project(tmp_path, {"RETRY_TIMES": "0"})
    with SiteServer(mirror) as server:
        url = ("-a", f"url={server.url}", "-a", "full=1")
        project.crawl(*url)
        (mirror / path[1:]).unlink()
        project.crawl(*url)
        project.crawl(*url)
        project.crawl_killed_at("cablecrawl.runs:Run.settle", "after", 1, *url)
        asked = len(server.requests)
        project.crawl(*url)
        assert len(server.requests) == asked
    before = project.export("before")
    (witness,) = before.cables()[Path(path).stem]["witnesses"]
    assert witness["status"] == "gone"
    assert project.reparse().status == 0
    assert_same_export(project, before)
    project.lose_database()
    assert project.reparse().status == 0
    assert_same_export(project, before)


def test_a_rebuild_that_is_killed_leaves_the_store_as_it_was(tmp_path: Path, mirror: Path) -> None:
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        project.crawl("-a", f"url={server.url}")
    before = project.export()
    for place in ("cablecrawl.rebuild:add_page", "cablecrawl.rebuild:_put_in_place"):
        project.killed_at(place, "before", 1, "reparse")
        assert_same_export(project, before)
    assert project.reparse().status == 0
    assert_same_export(project, before)
    assert sorted(path.name for path in project.data_dir.iterdir() if path.is_dir()) == ["warc"]


def test_a_damaged_warc_file_is_named_and_the_rest_is_rebuilt(tmp_path: Path, mirror: Path) -> None:
    project = Project(tmp_path)
    with SiteServer({"one": mirror, "two": mirror}) as server:
        for url in server.urls.values():
            project.crawl("-a", f"url={url}")
    before = project.export("before").lines("captures")
    damaged, sound = project.warcs
    of_damaged = sorted(
        (line for line in before if line["warc"] == damaged.name), key=lambda line: line["offset"]
    )
    hit = of_damaged[len(of_damaged) // 2]
    damaged.chmod(damaged.stat().st_mode | stat.S_IWUSR)
    with damaged.open("rb+") as file:
        file.seek(hit["offset"] + hit["length"] // 2)
        file.write(b"\0" * 64)
    project.lose_database()

    ended = project.reparse()
    assert ended.status == 2
    assert damaged.name in ended.stderr and sound.name not in ended.stderr
    assert "Traceback" not in ended.stderr
    after = {line["capture_id"] for line in project.export("after").lines("captures")}
    kept = of_damaged[: of_damaged.index(hit)] + [
        line for line in before if line["warc"] == sound.name
    ]
    assert {line["capture_id"] for line in kept} <= after
    assert hit["capture_id"] not in after
    assert len(project.export("after").cables()) == 24


def test_a_damaged_warc_file_does_not_cost_a_sound_database_its_readings(
    tmp_path: Path, mirror: Path
) -> None:
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        project.crawl("-a", f"url={server.url}")
    before = project.export("before").files()
    (damaged,) = project.warcs
    damaged.chmod(damaged.stat().st_mode | stat.S_IWUSR)
    with damaged.open("rb+") as file:
        ((offset, length),) = project.query(
            "SELECT \"offset\", length FROM capture WHERE url LIKE '%/cable/%.html' LIMIT 1"
        )
        file.seek(offset + length // 2)
        file.write(b"\0" * 64)
    ended = project.reparse()
    assert ended.status == 2
    assert "the database stays as it is" in ended.stderr
    assert project.export("after").files() == before
    assert not (project.data_dir / "rebuild").exists()


def test_a_file_that_is_no_database_is_put_aside_and_the_database_rebuilt(
    tmp_path: Path, mirror: Path
) -> None:
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        project.crawl("-a", f"url={server.url}")
    before = project.export("before").files()
    project.lose_database()
    (project.data_dir / "cablecrawl.sqlite").write_bytes(b"a letter, and no database\n" * 100)
    ended = project.reparse()
    assert ended.status == 0, ended.stderr
    assert "kept as cablecrawl.sqlite.damaged" in ended.stderr
    assert (project.data_dir / "cablecrawl.sqlite.damaged").read_bytes().startswith(b"a letter")
    assert project.export("after").files() == before


def test_a_folder_without_captures_cannot_be_read_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    missing = project.reparse()
    assert (missing.status, missing.errors) == (
        1,
        [f"scrapy reparse: {project.data_dir}: no such folder"],
    )
    (project.data_dir / "warc").mkdir(parents=True)
    empty = project.reparse()
    assert empty.status == 1
    assert empty.errors == [
        f"scrapy reparse: {project.data_dir}/warc: there are no WARC files to read"
    ]
