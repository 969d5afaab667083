"""Pages that need a browser, read through a real one."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from scrapy.settings import BaseSettings, Settings
from warcio.archiveiterator import ArchiveIterator

from cablecrawl import browser
from cablecrawl.capture import read_members
from tests.crawling import (
    Crawl,
    Ended,
    Export,
    Lines,
    Project,
    cable_pages,
    fastwarc_check,
    free_port,
    run_python,
    write_sources,
)
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.scripted import CONTENT, Oddity, scripted_site
from tests.sites.server import Fault, Site, SiteServer

MISSING = browser.why_no_browser(
    Settings({"BROWSER": ""}), browser.find_browser(Settings({"BROWSER": ""}))
)
needs_browser = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

# As quick as a loaded machine bears; what a site needs that is not a test is in the settings.
QUICK = {"RENDER_QUIET": "0.4", "RENDER_WAIT": "4"}

CABLES = 8


@pytest.fixture(scope="module", autouse=True)
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A place for what a browser that is killed leaves behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("profiles")))
        yield


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small mirror's folder."""
    folder = tmp_path_factory.mktemp("pages")
    # WikiLeaks' pages have bodies that were never escaped, and a browser takes a "<" for a tag.
    cables = [cable for cable in invented_cables(40) if not {"<", "&"} & set(cable.body)]
    write_mirror(folder, cables[:CABLES], Build(CABLES, "v4"))
    return folder


def project_of(folder: Path, rendered: str, plain: str | None = None, **settings: str) -> Project:
    """Sources `rendered`, with a browser, and `plain`, without one."""
    table = write_sources(folder / "rendered.toml", {"rendered": rendered}, render="true")
    text = table.read_text(encoding="utf-8")
    if plain is not None:
        text += write_sources(folder / "plain.toml", {"plain": plain}).read_text(encoding="utf-8")
    (folder / "sources.toml").write_text(text, encoding="utf-8")
    return Project(folder, {"SOURCES_FILE": str(folder / "sources.toml"), **QUICK, **settings})


def cable_urls(url: str, folder: Path) -> str:
    """The addresses of the cable pages, so that only these are crawled."""
    return " ".join(url + path[1:] for path in cable_pages(folder))


def both(captures: Lines) -> tuple[Lines, Lines]:
    """The responses that a browser was shown, and what it made of them."""
    return (
        [line for line in captures if line["outcome"] == "not_rendered"],
        [line for line in captures if "rendered" in line["flags"]],
    )


# ------------------------------------------------------------------- a crawl with a browser


@dataclass
class Crawled:
    """A scripted site and a plain one with the same pages, after a crawl of both."""

    project: Project
    ended: Ended
    export: Export
    server: SiteServer
    left: list[Any]
    """What came to another host."""
    clock: str
    elsewhere: str
    text: str

    @property
    def scripted(self) -> Site:
        return self.server.sites["scripted"]

    def captures(self, path: str) -> Lines:
        return self.export.captures()[self.scripted.url + path.lstrip("/")]


@contextmanager
def datagrams(url: str) -> Iterator[Callable[[], list[bytes]]]:
    """What comes by UDP to the port of a URL."""
    with socket(AF_INET, SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", urlsplit(url).port or 0))
        listening.setblocking(False)

        def received() -> list[bytes]:
            found = []
            with suppress(BlockingIOError):
                while True:
                    found.append(listening.recv(2048))
            return found

        yield received


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("crawled")
    clock, elsewhere, *_ = cable_pages(pages)
    with SiteServer({"other": folder}) as other, datagrams(other.url) as received:
        oddities: dict[str, Oddity] = {clock: "clock", elsewhere: "elsewhere"}
        scripted = scripted_site(pages, oddities=oddities, other=other.url.rstrip("/"))
        scripted.faults["/robots.txt"] = Fault("body", body=b"User-agent: *\nDisallow: /tag/\n")
        with SiteServer({"scripted": scripted, "plain": pages}) as server:
            text = f"{server.url}notes.txt"
            (pages / "notes.txt").write_text("Notes on this mirror.\n")
            project = project_of(folder, f"{server.url} {text}", server.urls["plain"])
            ended = project.crawl("-a", "source=rendered,plain", LOG_LEVEL="INFO", CONTACT="a@b.c")
        left = [*other.site.requests, *received()]
    export = project.export()
    yield Crawled(project, ended, export, server, left, clock, elsewhere, "/notes.txt")


@needs_browser
def test_pages_built_by_a_script_are_read_as_if_they_were_plain(crawled: Crawled) -> None:
    assert crawled.ended.status == 0, crawled.ended.stderr
    assert crawled.ended.summary["rendered"].cables == CABLES
    rendered, plain = (crawled.export.readings(source) for source in ("rendered", "plain"))
    assert rendered.keys() == plain.keys()
    for reference_id, (reading,) in rendered.items():
        assert reading["body"] == plain[reference_id][0]["body"]
        assert reading["header"] == plain[reference_id][0]["header"]


@needs_browser
def test_only_the_source_marked_for_it_goes_through_the_browser(crawled: Crawled) -> None:
    by_source = Counter(
        (line["source"], line["outcome"], *line["flags"][:1])
        for line in crawled.export.lines("captures")
        if not line["url"].endswith("/robots.txt")
    )
    shown = by_source["rendered", "ok", "rendered"]
    assert shown == by_source["rendered", "not_rendered"] > CABLES
    # Its text file, which is no page to be shown.
    assert by_source["rendered", "ok"] == 1
    assert {key for key in by_source if key[0] == "plain"} == {("plain", "ok")}
    plain = crawled.server.sites["plain"]
    assert plain.asked("*.css") == plain.asked("*.js") == []


@needs_browser
def test_the_response_and_the_rendered_document_are_captures_of_their_own(crawled: Crawled) -> None:
    response, rendered = crawled.captures(crawled.clock)
    assert (response["outcome"], response["status"]) == ("not_rendered", 200)
    assert (rendered["outcome"], rendered["status"]) == ("ok", None)
    assert rendered["flags"][0] == "rendered"
    assert rendered["flags"][-1].startswith("chromium/")
    records = {
        member.headers["warc-record-id"].strip("<>"): member
        for path in crawled.project.warcs
        for member in read_members(path)
    }
    came = records[response["capture_id"]]
    assert came.kind == "response"
    assert came.block.endswith(crawled.scripted.script(crawled.clock).content)  # type: ignore[misc,union-attr]
    shown = records[rendered["capture_id"]]
    assert shown.kind == "resource"
    assert shown.headers["warc-target-uri"] == f"urn:dom:{response['url']}"
    assert shown.headers["warc-concurrent-to"] == f"<{response['capture_id']}>"
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert b"Reference ID" in shown.block and b"Reference ID" not in came.block


@needs_browser
def test_every_reading_comes_from_a_rendered_document(crawled: Crawled) -> None:
    _, rendered = both(crawled.export.lines("captures"))
    digests = {line["payload_sha256"] for line in rendered}
    for readings in crawled.export.readings("rendered").values():
        claims = {claim["payload_sha256"] for claim in readings[0]["claims"]}
        assert claims and claims <= digests


@needs_browser
def test_the_browser_leaves_the_hosts_of_its_source_by_no_way(crawled: Crawled) -> None:
    """Not by a script, a fetch, a redirect, a socket, WebRTC, a link or a pop-up."""
    assert crawled.left == []


@needs_browser
def test_the_browser_is_given_scripts_styles_and_data_only(crawled: Crawled) -> None:
    asked = Counter(request.path for request in crawled.scripted.requests)
    for path in ("/icon.ico", "/picture.png", "/like", "/seen", "/news", "/worker.js"):
        assert asked[path] == 0, path
    assert asked["/frame.html"] == asked["/popup.html"] == 0
    assert {request.method for request in crawled.scripted.requests} == {"GET"}
    # The same for every page, and asked for once.
    assert asked["/page.js"] == asked["/page.css"] == 1
    assert max(asked.values()) == 1, asked
    for refusal in ("image", "out_of_scope", "navigation", "method"):
        assert f"'cablecrawl/browser/refused/{refusal}'" in crawled.ended.stderr


@needs_browser
def test_robots_txt_is_obeyed_for_pages_that_are_shown(crawled: Crawled) -> None:
    assert crawled.scripted.asked("/tag/*") == []


@needs_browser
def test_a_page_that_never_comes_to_rest_is_taken_as_it_is(crawled: Crawled) -> None:
    _, rendered = crawled.captures(crawled.clock)
    assert "still_changing" in rendered["flags"]
    _, calm = crawled.captures(crawled.elsewhere)
    assert "still_changing" not in calm["flags"]


@needs_browser
def test_what_is_no_page_is_captured_as_elsewhere(crawled: Crawled) -> None:
    (text,) = crawled.captures(crawled.text)
    assert (text["outcome"], text["status"], text["flags"]) == ("ok", 200, [])


@needs_browser
def test_other_tools_find_nothing_wrong_with_the_files(crawled: Crawled) -> None:
    checked = fastwarc_check(crawled.project.warcs)
    assert checked.status == 0, checked.stderr
    kinds: Counter[str] = Counter()
    for path in crawled.project.warcs:
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                record.content_stream().read()
                kinds[record.rec_type] += 1
    assert kinds["resource"] > CABLES


@needs_browser
@pytest.mark.parametrize("has_database", [True, False])
def test_reparse_gives_the_same_export(
    crawled: Crawled, tmp_path: Path, has_database: bool
) -> None:
    copy = crawled.project.copy(tmp_path)
    if not has_database:
        copy.lose_database()
    reparsed = copy.reparse()
    assert reparsed.status == 0, reparsed.stderr
    assert copy.export().files() == crawled.export.files()


# ------------------------------------------------------------------------ pages gone wrong


@dataclass
class Faulty:
    """A scripted site after a crawl with pages gone wrong."""

    project: Project
    ended: Ended
    export: Export
    url: str
    paths: dict[str, str]

    def outcomes(self, name: str) -> list[str]:
        lines = self.export.captures()[self.url + self.paths[name][1:]]
        return [line["outcome"] for line in lines]

    def problems(self, name: str) -> list[str]:
        url = self.url + self.paths[name][1:]
        return [line["reason"] for line in self.export.lines("problems") if line["url"] == url]


FAULTS = ("busy", "late data", "no data", "gone", "moved", "left", "cut", "torn data")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Faulty:
    folder = tmp_path_factory.mktemp("faulty")
    mirror = shutil.copytree(pages, folder / "mirror")
    paths = dict(zip(FAULTS, cable_pages(mirror), strict=True))
    site = scripted_site(mirror, oddities={paths["busy"]: "busy"})
    moved = f"/cable/{Path(paths['moved']).name}"
    (mirror / moved[1:]).write_bytes((mirror / paths["moved"][1:]).read_bytes())
    torn = mirror / CONTENT[1:] / paths["torn data"][1:]
    torn.parent.mkdir(parents=True)
    torn.write_bytes((mirror / paths["torn data"][1:]).read_bytes())
    site.faults = {
        CONTENT + paths["late data"]: Fault("status", 1, 503),
        CONTENT + paths["no data"]: Fault("status", None, 500),
        paths["gone"]: Fault("status", None, 404),
        paths["moved"]: Fault("redirect", None, 302, location=moved),
        paths["left"]: Fault("redirect", None, 302, location="http://mirror.example/"),
        paths["cut"]: Fault("half_gzip", 1),
        CONTENT + paths["torn data"]: Fault("truncated", 1),
    }
    with SiteServer(site) as server:
        urls = cable_urls(server.url, mirror)
        # One at a time: a page that is busy keeps a small machine from the others.
        project = project_of(
            folder,
            urls,
            RETRY_TIMES="1",
            DOWNLOAD_TIMEOUT="15",
            CONCURRENT_REQUESTS_PER_DOMAIN="1",
        )
        ended = project.crawl("-a", "source=rendered")
    return Faulty(project, ended, project.export(), server.url, paths)


@needs_browser
def test_a_page_that_hangs_the_browser_ends_in_time_and_as_a_problem(faulty: Faulty) -> None:
    assert faulty.outcomes("busy") == ["not_rendered", "timeout"] * 2
    assert faulty.problems("busy") == ["timeout"]
    assert faulty.ended.status == 2
    assert "rendered failed: pages that could not be fetched: timeout 1" in faulty.ended.stderr


@needs_browser
@pytest.mark.parametrize("name", ["late data", "torn data"])
def test_a_page_whose_data_did_not_come_is_asked_for_again(faulty: Faulty, name: str) -> None:
    assert faulty.outcomes(name) == ["not_rendered", "incomplete", "not_rendered", "ok"]
    assert faulty.problems(name) == []


@needs_browser
def test_a_page_whose_data_never_comes_is_read_as_it_is(faulty: Faulty) -> None:
    assert faulty.outcomes("no data") == ["not_rendered", "incomplete", "not_rendered", "ok"]
    assert faulty.problems("no data") == ["unknown_layout"]
    last = faulty.export.captures()[faulty.url + faulty.paths["no data"][1:]][-1]
    assert "incomplete" in last["flags"]
    assert last["detail"].endswith("HTTP status 500")


@needs_browser
def test_statuses_redirects_and_damage_are_as_without_a_browser(faulty: Faulty) -> None:
    assert faulty.outcomes("gone") == ["http_error"]
    assert faulty.problems("gone") == ["not_found"]
    assert faulty.outcomes("moved") == ["http_error"]
    assert faulty.problems("moved") == []
    assert faulty.outcomes("left") == ["http_error"]
    assert faulty.outcomes("cut") == ["undecodable", "not_rendered", "ok"]


@needs_browser
def test_all_other_pages_are_read(faulty: Faulty) -> None:
    found = {Path(path).name for path in faulty.export.pages("rendered")}
    lost = {Path(faulty.paths[name]).name for name in ("busy", "no data", "gone", "left")}
    assert found == {Path(path).name for path in faulty.paths.values()} - lost


@pytest.mark.long
@needs_browser
def test_reparse_of_pages_gone_wrong_gives_the_same_export(faulty: Faulty, tmp_path: Path) -> None:
    copy = faulty.project.copy(tmp_path)
    copy.lose_database()
    reparsed = copy.reparse()
    assert reparsed.status == 0, reparsed.stderr
    assert copy.export().files() == faulty.export.files()


# ------------------------------------------------------------------------------ kill -9


def descendants(pid: int) -> list[int]:
    """The processes below one, from /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def programs(*marks: str) -> list[int]:
    """Those below this one whose command line has each of the marks, and none with a `!`."""
    found = []
    for pid in descendants(os.getpid()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if all((mark.lstrip("!") in command) != mark.startswith("!") for mark in marks):
            found.append(pid)
    return found


BROWSER_ITSELF = ("--remote-debugging", "!--type=", "!/driver/")
A_PAGE = ("--type=renderer",)
THE_DRIVER = ("/driver/", "run-driver")


def kill_each_time(crawl: Crawl, server: SiteServer, marks: tuple[str, ...], times: int) -> int:
    """Kill what fits the marks, again and again as the crawl goes on; how often it was there."""
    kills = 0
    for number in range(1, times + 1):
        goal = number * 2
        crawl.wait_for(lambda: len(server.site.asked(f"{CONTENT}/*")) >= goal)  # noqa: B023  (called at once)
        for pid in programs(*marks):
            try:
                os.kill(pid, signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                continue
    return kills


@pytest.mark.long
@needs_browser
@pytest.mark.parametrize(
    ("marks", "times"),
    [(BROWSER_ITSELF, 3), (A_PAGE, 3), (THE_DRIVER, 1)],
    ids=["the browser", "its pages", "its driver"],
)
def test_what_is_killed_under_a_crawl_is_started_again(
    tmp_path: Path, pages: Path, marks: tuple[str, ...], times: int
) -> None:
    with SiteServer(scripted_site(pages)) as server:
        project = project_of(tmp_path, cable_urls(server.url, pages))
        command = project.command("crawl", "mirrors", "-a", "source=rendered")
        with Crawl(command) as crawl:
            assert kill_each_time(crawl, server, marks, times)
            ended = crawl.ended()
    assert ended.status == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.summary["rendered"].new == CABLES
    export = project.export()
    assert export.lines("problems") == []
    outcomes = Counter(line["outcome"] for line in export.lines("captures"))
    assert outcomes["browser_failed"] > 0
    assert project.query("SELECT count(*) FROM sighting") == [(CABLES,)]
    assert project.query("SELECT count(DISTINCT witness) FROM sighting") == [(CABLES,)]
    assert fastwarc_check(project.warcs).status == 0


PLACES = [
    ("cablecrawl.capture.middleware:CaptureMiddleware._read_rendering", "before", 5),
    ("pipelines.store:add_page", "before", 2),
]


@pytest.mark.long
@needs_browser
@pytest.mark.parametrize(("place", "when", "count"), PLACES, ids=lambda value: str(value))
def test_a_crawl_that_is_killed_goes_on_with_what_was_rendered(
    tmp_path: Path, pages: Path, place: str, when: str, count: int
) -> None:
    with SiteServer(scripted_site(pages), port=free_port()) as server:
        project = project_of(tmp_path, cable_urls(server.url, pages))
        project.crawl_killed_at(place, when, count, "-a", "source=rendered")
        kept = project.export("killed").lines("captures")
        asked = len(server.requests)
        last = project.crawl("-a", "source=rendered")
        later = Counter(request.path for request in server.requests[asked:])
    assert last.status == 0, last.stderr
    assert last.summary["rendered"].problems == 0
    export = project.export()
    assert len(export.cables()) == CABLES
    _, rendered = both(kept)
    for line in rendered:
        assert later[line["url"].removeprefix(server.url.rstrip("/"))] == 0
    assert {line["capture_id"] for line in kept} <= {
        line["capture_id"] for line in export.lines("captures")
    }
    project.lose_database()
    assert project.reparse().status == 0
    assert project.export("again").files() == export.files()


# -------------------------------------------------------------------------- without one


def test_without_a_browser_a_page_built_by_a_script_is_a_problem(
    tmp_path: Path, pages: Path
) -> None:
    path = next(iter(cable_pages(pages)))
    with SiteServer(scripted_site(pages)) as server:
        project = Project(tmp_path)
        ended = project.crawl("-a", f"url={server.url}{path[1:]}")
    assert ended.status == 2
    export = project.export()
    assert export.cables() == {}
    assert [line["reason"] for line in export.lines("problems")] == ["unknown_layout"]


def test_where_there_is_no_browser_its_sources_are_skipped_and_named(
    tmp_path: Path, pages: Path
) -> None:
    with SiteServer({"scripted": scripted_site(pages), "plain": pages}) as server:
        project = project_of(tmp_path, server.url, server.urls["plain"], BROWSER="/no/such/program")
        ended = project.crawl("-a", "source=rendered,plain")
        requests = list(server.requests)
    assert ended.status == 2
    assert requests == []
    assert ended.summary["plain"].cables == CABLES
    said = [
        line for line in ended.errors if "rendered is skipped: its pages need a browser" in line
    ]
    assert len(said) == 1
    assert "  rendered failed: skipped: its pages need a browser" in ended.stderr
    assert "  plain failed" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_every_source_is_skipped_the_run_says_so(tmp_path: Path, pages: Path) -> None:
    with SiteServer(scripted_site(pages)) as server:
        project = project_of(tmp_path, server.url, BROWSER="/no/such/program")
        ended = project.crawl("-a", "source=rendered")
    assert ended.status == 2
    assert "  rendered failed: skipped: its pages need a browser" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("module", "program", "setting", "advice"),
    [
        (None, "/usr/bin/chromium", "", "pip install scrapy-playwright"),
        ("there", None, "", "apt-get install chromium"),
        ("there", None, "/opt/chrome", "BROWSER=/opt/chrome is no program"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    module: str | None,
    program: str | None,
    setting: str,
    advice: str,
) -> None:
    monkeypatch.setattr(browser, "find_spec", lambda name: module)
    reason = browser.why_no_browser(BaseSettings({"BROWSER": setting}), program)
    assert reason is not None and advice in reason and "\n" not in reason


def test_the_browser_is_the_first_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = BaseSettings({"BROWSER": ""})
    assert browser.find_browser(settings) is None
    for name in ("google-chrome", "chromium-browser"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert browser.find_browser(settings) == str(program)
    settings.set("BROWSER", "google-chrome")
    assert browser.find_browser(settings) == str(tmp_path / "google-chrome")


WITHOUT_PLAYWRIGHT = """
import sys
from scrapy.cmdline import execute
try:
    execute(["scrapy", *sys.argv[1:]])
finally:
    print("playwright" in sys.modules, "scrapy_playwright" in sys.modules)
"""


def test_a_crawl_that_needs_no_browser_loads_nothing_of_it(tmp_path: Path, pages: Path) -> None:
    with SiteServer(pages) as server:
        project = Project(tmp_path)
        command = project.command("crawl", "mirrors", "-a", f"url={server.url}")
        ended = run_python(["-c", WITHOUT_PLAYWRIGHT, *command])
    assert ended.status == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "False False"
