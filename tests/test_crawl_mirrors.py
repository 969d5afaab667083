"""`scrapy crawl mirrors` on sites that are served, from the command line to the export."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastwarc.warc import ArchiveIterator

from cablecrawl.export.lines import field_names
from cablecrawl.records import ReadingRecord
from tests.crawling import (
    Counts,
    Ended,
    Export,
    Lines,
    Project,
    cable_pages,
    closed_port,
    fastwarc_check,
    read_lines,
    source_name,
    write_sources,
)
from tests.sites.cables import invented_cables
from tests.sites.mirror import LEFTOVER, Build, demo_sites, write_mirror
from tests.sites.server import Fault, Site, SiteServer

DEMO = ("first-build", "later-build", "relative-copy", "old-httrack")

# What a mirror's crawl may ask for: robots.txt, where it begins, the server's listings of
# cable/, cable pages, and three of the five families of index pages.
WALKED = re.compile(
    r"/|/robots\.txt|/cable/(?:\d{4}/(?:\d{2}/)?)?|/cable/\d{4}/\d{2}/\w+\.html"
    r"|/(?:reldate|date|classification)/[\w-]+\.html"
)


@dataclass
class DemoCrawl:
    """The four demo sites, crawled in one run."""

    folders: dict[str, Path]
    sites: dict[str, Site]
    project: Project
    ended: Ended
    feed: Lines
    export: Export


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCrawl]:
    folder = tmp_path_factory.mktemp("demo")
    folders = demo_sites(folder / "sites")
    with SiteServer(folders) as server:
        sources = write_sources(folder / "sources.toml", server.urls)
        project = Project(folder, {"SOURCES_FILE": str(sources)})
        feed = folder / "new.jsonl"
        names = "-a", f"source={','.join(DEMO)}"
        ended = project.crawl(*names, "-O", str(feed))
    yield DemoCrawl(folders, server.sites, project, ended, read_lines(feed), project.export())


# ------------------------------------------------------------------- the demo sites


def test_several_sources_are_crawled_in_one_run(demo: DemoCrawl) -> None:
    assert demo.ended.status == 0, demo.ended.stderr
    assert list(demo.ended.summary) == list(DEMO)


@pytest.mark.parametrize("name", DEMO)
def test_every_cable_of_a_site_is_found(demo: DemoCrawl, name: str) -> None:
    assert demo.export.pages(name) == set(cable_pages(demo.folders[name]))


@pytest.mark.parametrize("name", DEMO)
def test_every_page_is_asked_for_once(demo: DemoCrawl, name: str) -> None:
    counts = Counter(request.path for request in demo.sites[name].requests)
    assert {path for path, count in counts.items() if count > 1} == set()


@pytest.mark.parametrize("name", DEMO)
def test_only_index_and_cable_pages_are_asked_for(demo: DemoCrawl, name: str) -> None:
    """Origin and tag pages list the same cables over again; articles and images hold none."""
    asked = [request.path for request in demo.sites[name].requests]
    assert [path for path in asked if not WALKED.fullmatch(path)] == []
    assert "/robots.txt" in asked


@pytest.mark.parametrize("name", DEMO)
def test_no_link_of_a_copy_leads_nowhere(demo: DemoCrawl, name: str) -> None:
    """Relative links and HTTrack's are resolved as a browser does it."""
    assert {request.status for request in demo.sites[name].requests} == {200}


def test_empty_index_pages_are_no_problem(demo: DemoCrawl) -> None:
    """A family with a multiple of a page's rows ends in a page without any."""
    site = demo.sites["later-build"]
    pages = [demo.folders["later-build"] / request.path[1:] for request in site.requests]
    indexes = [page for page in pages if page.parent.name in ("reldate", "date", "classification")]
    empty = [page for page in indexes if b"/cable/" not in page.read_bytes()]
    assert empty
    assert demo.export.lines("problems") == []


def test_a_page_that_no_index_lists_is_found_and_reported(demo: DemoCrawl) -> None:
    statuses = {
        reference_id
        for reference_id, cable in demo.export.cables().items()
        for witness in cable["witnesses"]
        if witness["source"] == "later-build" and witness["status"] == "unlisted"
    }
    assert statuses == {LEFTOVER}
    assert {name: counts.unlisted for name, counts in demo.ended.summary.items()} == {
        name: int(name == "later-build") for name in DEMO
    }


def test_the_summary_has_the_numbers(demo: DemoCrawl) -> None:
    for name in DEMO:
        found = len(cable_pages(demo.folders[name]))
        unlisted = int(name == "later-build")
        assert demo.ended.summary[name] == Counts(found, found, 0, 0, unlisted, 0)
    responses = sum(len(site.requests) for site in demo.sites.values())
    assert f"  {responses:,} responses, " in demo.ended.stderr


def test_nothing_but_the_summary_is_printed(demo: DemoCrawl) -> None:
    assert demo.ended.stdout == ""
    assert re.fullmatch(r"run \S+: finished in [\d.]+ s", demo.ended.errors[0])
    assert len(demo.ended.errors) == 1 + 1 + len(DEMO) + 1


def test_a_feed_has_a_line_for_each_reading_as_the_export_writes_it(demo: DemoCrawl) -> None:
    def by_witness(lines: Lines) -> Lines:
        return sorted(lines, key=lambda line: (line["source"], line["reference_id"]))

    assert list(demo.feed[0]) == field_names(ReadingRecord)
    assert by_witness(demo.feed) == by_witness(demo.export.lines("readings"))


def test_a_torn_copy_keeps_the_pages_of_both_builds(demo: DemoCrawl) -> None:
    readings = demo.export.readings("relative-copy")
    counters = {
        claim["value"]
        for lines in readings.values()
        for claim in lines[0]["claims"]
        if claim["field"] == "released_so_far"
    }
    assert counters == {"36", "40"}


def test_every_run_leaves_sealed_warc_files_that_others_can_read(demo: DemoCrawl) -> None:
    assert [path.suffix for path in demo.project.warcs] == [".gz"]
    checked = fastwarc_check(demo.project.warcs)
    assert checked.status == 0, checked.stderr


# ------------------------------------------------------------------- what is followed


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror of 12 cables."""
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(12), Build(12, "v4"))
    return folder


def replace_in(page: Path, old: str, new: str) -> None:
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")


def test_the_navigation_of_cable_pages_is_not_followed(tmp_path: Path, mirror: Path) -> None:
    for page in cable_pages(mirror).values():
        replace_in(page, "<h3>Viewing", "<a href='/reldate/2010-12-31_0.html'>more</a><h3>Viewing")
    with SiteServer(mirror) as server:
        ended = Project(tmp_path).crawl("-a", f"url={server.url}")
    assert ended.summary[source_name(server.url)].cables == 12
    assert server.site.asked("/reldate/2010-12-31*") == []


def test_links_to_other_hosts_are_not_followed(tmp_path: Path, mirror: Path) -> None:
    index = next((mirror / "date").iterdir())
    with SiteServer({"mirror": mirror, "other": mirror}) as server:
        away = server.urls["other"]
        replace_in(index, "href='/cable/", f"href='{away}cable/")
        ended = Project(tmp_path).crawl("-a", f"url={server.url}")
    assert server.sites["other"].requests == []
    assert "left the sources' hosts: not followed" in ended.stderr
    assert ended.summary[source_name(server.url)].cables == 12


def test_a_redirect_to_another_host_is_not_followed(tmp_path: Path, mirror: Path) -> None:
    path = next(iter(cable_pages(mirror)))
    with SiteServer({"mirror": mirror, "other": mirror}) as server:
        away = server.urls["other"] + path[1:]
        server.site.faults[path] = Fault("redirect", None, 302, location=away)
        project = Project(tmp_path)
        project.crawl("-a", f"url={server.url}")
    assert server.sites["other"].requests == []
    (problem,) = project.export().lines("problems")
    assert problem["reason"] == "out_of_scope"


def test_a_page_given_by_its_url_is_fetched_alone(tmp_path: Path, mirror: Path) -> None:
    path = next(iter(cable_pages(mirror)))
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        ended = project.crawl("-a", f"url={server.url}{path[1:]}#par3")
    assert ended.status == 0, ended.stderr
    assert [request.path for request in server.requests] == ["/robots.txt", path]
    assert list(project.export().cables()) == [Path(path).stem]


def test_a_url_with_a_comma_is_one_url(tmp_path: Path, mirror: Path) -> None:
    """And a comma before a scheme parts two."""
    with SiteServer({"one": mirror, "two": mirror}) as server:
        one, two = server.urls.values()
        Project(tmp_path).crawl("-a", f"url={one}a,b.html,{two}c.html")
    assert "/a,b.html" in [request.path for request in server.sites["one"].requests]
    assert "/c.html" in [request.path for request in server.sites["two"].requests]


def test_pages_without_a_content_type_are_read(tmp_path: Path, mirror: Path) -> None:
    with SiteServer(mirror, untyped=("*",)) as server:
        ended = Project(tmp_path).crawl("-a", f"url={server.url}")
    assert ended.summary[source_name(server.url)].cables == 12


def test_a_compressed_site_is_read_as_it_was_written(tmp_path: Path, mirror: Path) -> None:
    project = Project(tmp_path)
    with SiteServer(mirror, gzip=True) as server:
        project.crawl("-a", f"url={server.url}")
    bodies = {line["stated_id"]: line["body"] for line in project.export().lines("readings")}
    assert {key: body.strip() for key, body in bodies.items()} == {
        cable.reference_id: cable.bare_body.strip() for cable in invented_cables(12)
    }


def test_a_source_of_another_name_keeps_to_its_own_settings(tmp_path: Path, mirror: Path) -> None:
    """`hosts` widens the scope: a site whose pages lie at another address."""
    path = next(iter(cable_pages(mirror)))
    with SiteServer({"mirror": mirror, "pages": mirror}) as server:
        moved = server.urls["pages"] + path[1:]
        server.site.faults[path] = Fault("redirect", None, 301, location=moved)
        hosts = f'["{source_name(server.urls["pages"])}"]'
        sources = write_sources(tmp_path / "own.toml", {"mine": server.url}, hosts=hosts)
        project = Project(tmp_path, {"SOURCES_FILE": str(sources)})
        ended = project.crawl("-a", "source=mine")
    assert ended.status == 0, ended.stderr
    assert ended.summary["mine"].cables == 12
    assert [request.path for request in server.sites["pages"].requests] == ["/robots.txt", path]


# ------------------------------------------------------------------- robots.txt


def test_what_robots_txt_disallows_is_not_asked_for(tmp_path: Path, mirror: Path) -> None:
    denied = {path for path in cable_pages(mirror) if "/2009/" in path}
    assert 0 < len(denied) < 12
    (mirror / "robots.txt").write_text("User-agent: *\nDisallow: /cable/2009/\n")
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        ended = project.crawl("-a", f"url={server.url}")
    assert server.site.asked("/cable/2009/*") == []
    assert ended.summary[source_name(server.url)].cables == 12 - len(denied)
    problems = project.export().lines("problems")
    assert {problem["reason"] for problem in problems} == {"robots_denied"}
    urls = {problem["url"] for problem in problems if problem["url"].endswith(".html")}
    assert urls == {server.url + path[1:] for path in denied}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", None, 503),
        Fault("reset", None),
        Fault("redirect", None, 302, location="/robots.txt"),
        Fault("half_gzip", None),
    ],
    ids=["503", "reset", "redirect loop", "half gzip"],
)
def test_a_site_whose_robots_txt_cannot_be_had_is_not_crawled(
    tmp_path: Path, mirror: Path, fault: Fault
) -> None:
    """RFC 9309, 2.3.1.4: unreachable is as good as disallowed."""
    with SiteServer(mirror, faults={"/robots.txt": fault}) as server:
        ended = Project(tmp_path).crawl("-a", f"url={server.url}", RETRY_TIMES="1")
    assert {request.path for request in server.requests} == {"/robots.txt"}
    assert ended.status == 2
    assert f"{source_name(server.url)} failed: " in ended.stderr


@pytest.mark.parametrize("status", [403, 404])
def test_a_site_without_robots_txt_is_crawled(tmp_path: Path, mirror: Path, status: int) -> None:
    """RFC 9309, 2.3.1.3: what is not there denies nothing."""
    with SiteServer(mirror, faults={"/robots.txt": Fault("status", None, status)}) as server:
        ended = Project(tmp_path).crawl("-a", f"url={server.url}")
    assert ended.status == 0, ended.stderr
    assert ended.summary[source_name(server.url)].cables == 12


def test_a_robots_txt_that_moved_is_obeyed(tmp_path: Path, mirror: Path) -> None:
    """RFC 9309, 2.3.1.2: to another host too."""
    (mirror / "rules.txt").write_text("User-agent: *\nDisallow: /cable/\n")
    with SiteServer({"mirror": mirror, "other": mirror}) as server:
        moved = server.urls["other"] + "rules.txt"
        server.site.faults["/robots.txt"] = Fault("redirect", None, 301, location=moved)
        ended = Project(tmp_path).crawl("-a", f"url={server.url}")
    assert server.site.asked("/cable/*") == []
    assert ended.status == 2


# ------------------------------------------------------------------- how it ends


def test_a_source_that_failed_is_named_and_the_others_are_crawled(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer(mirror) as server, closed_port() as port:
        urls = {"there": server.url, "away": f"http://127.0.0.1:{port}/"}
        sources = write_sources(tmp_path / "own.toml", urls)
        project = Project(tmp_path, {"SOURCES_FILE": str(sources), "RETRY_TIMES": "1"})
        ended = project.crawl("-a", "source=there,away")
    assert ended.status == 2
    assert ended.summary["there"].cables == 12
    assert [line for line in ended.errors if "failed:" in line] == [
        "  away failed: pages that could not be fetched: robots_unreachable 2"
    ]
    assert "Traceback" not in ended.stderr


def test_every_attempt_at_a_robots_txt_is_a_capture(tmp_path: Path) -> None:
    """Scrapy asks for it besides the frontier, and repeats the request with its old meta."""
    project = Project(tmp_path, {"RETRY_TIMES": "2"})
    with closed_port() as port:
        project.crawl("-a", f"url=http://127.0.0.1:{port}/")
    outcomes = [
        line["outcome"]
        for line in project.export().lines("captures")
        if line["url"].endswith("/robots.txt")
    ]
    assert outcomes == ["refused"] * 3


def test_a_source_with_too_few_cables_has_failed(tmp_path: Path, mirror: Path) -> None:
    with SiteServer(mirror) as server:
        sources = write_sources(
            tmp_path / "own.toml", {"mine": server.url}, expected_cables="{ min = 13 }"
        )
        project = Project(tmp_path, {"SOURCES_FILE": str(sources)})
        ended = project.crawl("-a", "source=mine")
    assert ended.status == 2
    assert ended.errors[-1] == "  mine failed: 12 cables, at least 13 expected"


def test_a_site_without_a_cable_has_failed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with SiteServer(tmp_path / "empty") as server:
        ended = Project(tmp_path).crawl("-a", f"url={server.url}")
    assert ended.status == 2
    assert ended.errors[-1] == f"  {source_name(server.url)} failed: no cable found"


# ------------------------------------------------------------------- captures


@dataclass
class FaultyCrawl:
    """A site on which nearly everything goes wrong, crawled."""

    folder: Path
    pages: dict[str, str]
    """Paths of cable pages by what happens to them."""
    site: Site
    project: Project
    ended: Ended
    export: Export

    def captures(self, fault: str) -> Lines:
        return self.export.captures().get(self.site.url + self.pages[fault][1:], [])

    def problems(self, fault: str) -> list[str]:
        url = self.site.url + self.pages[fault][1:]
        return [line["reason"] for line in self.export.lines("problems") if line["url"] == url]


ATTEMPTS = 2
"""With RETRY_TIMES=1."""

FAULTS = {
    "gone": Fault("status", None, 404),
    "busy once": Fault("status", 1, 503, retry_after="0"),
    "busy": Fault("status", None, 503),
    "teapot": Fault("status", None, 418),
    "hung up once": Fault("reset", 1),
    "hung up": Fault("reset", None),
    "late once": Fault("slow", 1, seconds=6),
    "half gzip once": Fault("half_gzip", 1),
    "half gzip": Fault("half_gzip", None),
    "cut short once": Fault("truncated", 1),
    "cut short": Fault("truncated", None),
    "in pieces": Fault("drip", None, seconds=0.2),
    "soft 404": Fault("body", None, body=b"<h1>Not Found</h1>"),
    "moved": Fault("redirect", None, 301, location="/moved.html"),
    "moved in a circle": Fault("redirect", None, 302, location="/circle.html"),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> FaultyCrawl:
    folder = tmp_path_factory.mktemp("faulty")
    mirror = folder / "mirror"
    write_mirror(mirror, invented_cables(24), Build(24, "v4"))
    pages = dict(zip(FAULTS, cable_pages(mirror), strict=False))
    faults = {pages[name]: fault for name, fault in FAULTS.items()}
    (mirror / "moved.html").write_bytes(b"")
    moved_to = f"/cable/{Path(pages['moved']).name}"
    faults["/moved.html"] = Fault("redirect", None, 302, location=moved_to)
    (mirror / moved_to[1:]).write_bytes((mirror / pages["moved"][1:]).read_bytes())
    faults["/circle.html"] = Fault("redirect", None, 302, location=pages["moved in a circle"])
    project = Project(folder, {"DOWNLOAD_TIMEOUT": "3", "RETRY_TIMES": str(ATTEMPTS - 1)})
    with SiteServer(mirror, faults=faults) as server:
        ended = project.crawl("-a", f"url={server.url}")
    return FaultyCrawl(mirror, pages, server.site, project, ended, project.export())


# What the captures of a page say, in their order, and what problem there is with it.
CAPTURED = {
    "gone": ([("http_error", 404)], ["not_found"]),
    "busy once": ([("http_error", 503), ("ok", 200)], []),
    "busy": ([("http_error", 503)] * ATTEMPTS, ["http_error"]),
    "teapot": ([("http_error", 418)], ["http_error"]),
    "hung up": ([("reset", None)] * ATTEMPTS, ["reset"]),
    "late once": ([("timeout", None), ("ok", 200)], []),
    "half gzip once": ([("undecodable", 200), ("ok", 200)], []),
    "half gzip": ([("undecodable", 200)] * ATTEMPTS, ["undecodable"]),
    "cut short once": ([("dataloss", 200), ("ok", 200)], []),
    "cut short": ([("dataloss", 200)] * ATTEMPTS, ["dataloss"]),
    "in pieces": ([("ok", 200)], []),
    "soft 404": ([("ok", 200)], ["soft_404"]),
    "moved": ([("http_error", 301)], []),
}


@pytest.mark.parametrize("fault", CAPTURED)
def test_every_exchange_is_a_capture(faulty: FaultyCrawl, fault: str) -> None:
    captures, problems = CAPTURED[fault]
    found = [(line["outcome"], line["status"]) for line in faulty.captures(fault)]
    assert found == captures
    assert faulty.problems(fault) == problems


def test_a_redirect_is_captured_hop_by_hop(faulty: FaultyCrawl) -> None:
    first, last = faulty.pages["moved"], f"/cable/{Path(faulty.pages['moved']).name}"
    captures = faulty.export.captures()
    hops = [captures[faulty.site.url + path[1:]] for path in (first, "/moved.html", last)]
    assert [[line["status"] for line in lines] for lines in hops] == [[301], [302], [200]]
    (reading,) = faulty.export.readings()[Path(last).stem]
    assert reading["url"] == faulty.site.url + last[1:]


def test_a_redirect_that_goes_in_a_circle_is_a_problem(faulty: FaultyCrawl) -> None:
    """A cable page that gives no cable, and nothing else would say so."""
    urls = {line["url"] for line in faulty.export.lines("problems")}
    circle = {
        faulty.site.url + faulty.pages["moved in a circle"][1:],
        f"{faulty.site.url}circle.html",
    }
    assert urls & circle


def test_no_request_is_without_its_capture(faulty: FaultyCrawl) -> None:
    # Twisted asks once more of its own where a connection that was kept open is closed, and
    # the server has not answered in time where the client did not wait.
    unsure = {faulty.pages[name] for name in ("hung up once", "hung up", "late once")}
    asked = Counter(request.path for request in faulty.site.requests)
    captured = {urlsplit(url).path: lines for url, lines in faulty.export.captures().items()}
    assert set(captured) == set(asked) | unsure
    for path in set(asked) - unsure:
        assert len(captured[path]) == asked[path], path


def test_every_whole_page_is_read_and_no_other(faulty: FaultyCrawl) -> None:
    broken = {
        faulty.pages[name]
        for name in FAULTS
        if name == "moved in a circle" or CAPTURED.get(name, ([], []))[1]
    }
    moved = faulty.pages["moved"]
    pages = set(cable_pages(faulty.folder)) - broken - {moved}
    assert faulty.export.pages(source_name(faulty.site.url)) == pages


def test_a_body_that_is_not_whole_is_read_by_nobody(faulty: FaultyCrawl) -> None:
    bad = {
        line["payload_sha256"]
        for line in faulty.export.lines("captures")
        if line["outcome"] in ("undecodable", "dataloss")
    }
    assert len(bad) == 4  # two broken bodies of two pages each
    read = {line["payload_sha256"] for lines in faulty.export.readings().values() for line in lines}
    assert bad & read == set()


def test_what_came_is_in_the_warc_file_byte_by_byte(faulty: FaultyCrawl) -> None:
    """Read by another library, at the offset that the export names."""
    (warc,) = faulty.project.warcs
    lines = faulty.export.lines("captures")
    with warc.open("rb") as stream:
        for line in lines:
            assert line["warc"] == warc.name
            stream.seek(line["offset"])
            record = next(iter(ArchiveIterator(stream, parse_http=True)))
            assert record.record_id == f"<{line['capture_id']}>"
            if line["status"] is None:
                continue
            assert record.http_headers is not None
            assert record.http_headers.status_code == line["status"]
            payload = record.reader.read()
            assert hashlib.sha256(payload).hexdigest() == line["payload_sha256"]
            assert len(payload) == line["payload_length"]
            if line["outcome"] == "ok" and line["url"].endswith("html"):
                sent = faulty.folder / line["url"].removeprefix(faulty.site.url)
                soft = line["url"].endswith(faulty.pages["soft 404"])
                assert payload == (b"<h1>Not Found</h1>" if soft else sent.read_bytes())


def test_a_body_that_ended_early_is_kept_as_far_as_it_came(faulty: FaultyCrawl) -> None:
    page = (faulty.folder / faulty.pages["cut short"][1:]).read_bytes()
    lengths = {line["payload_length"] for line in faulty.captures("cut short")}
    assert lengths == {len(page) // 2}


def test_warc_files_of_a_faulty_site_are_sound(faulty: FaultyCrawl) -> None:
    checked = fastwarc_check(faulty.project.warcs)
    assert checked.status == 0, checked.stderr


def test_pages_that_could_not_be_fetched_fail_the_source(faulty: FaultyCrawl) -> None:
    assert faulty.ended.status == 2
    failed = faulty.ended.errors[-1]
    assert failed.startswith(f"  {source_name(faulty.site.url)} failed: pages that could not be")
    assert "reset 1" in failed and "undecodable 1" in failed and "dataloss 1" in failed


def test_each_problem_is_one_line_on_stderr(faulty: FaultyCrawl) -> None:
    for problem in faulty.export.lines("problems"):
        said = [line for line in faulty.ended.errors if f"{problem['url']}: " in line]
        assert len(said) == 1, said
        assert problem["reason"] in said[0]
    assert "Traceback" not in faulty.ended.stderr


def test_a_page_of_a_rare_status_is_a_problem(tmp_path: Path, mirror: Path) -> None:
    """206 is a part of a page, 304 none at all. A re-parse makes the same of them."""
    statuses = zip(cable_pages(mirror), (203, 206, 304), strict=False)
    faults = {path: Fault("status", None, status) for path, status in statuses}
    project = Project(tmp_path)
    with SiteServer(mirror, faults=faults) as server:
        urls = [server.url + path[1:] for path in faults]
        project.crawl("-a", f"url={','.join(urls)}")
    before = project.export("before")
    assert {line["url"] for line in before.lines("problems")} == set(urls)
    assert project.reparse().status == 0
    assert project.export("after").files() == before.files()


def test_lines_of_the_feed_are_json_of_plain_values(demo: DemoCrawl) -> None:
    assert all(json.loads(json.dumps(line)) == line for line in demo.feed)
