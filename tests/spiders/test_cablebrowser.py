"""`scrapy crawl cablebrowser` on sites that number their pages, and on sites with lists."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.crawling import (
    IN_FLIGHT,
    Crawl,
    Ended,
    Export,
    Project,
    free_port,
    repeats,
    source_name,
)
from tests.sites.cablebrowser import GAPS, HIGHEST, NumberedSite, listed_site, numbered_cables
from tests.sites.cables import invented_cables
from tests.sites.server import Answer, Fault, Script, Site, SiteServer

# Short, so that a crawl of a sample site is one of some hundred pages.
END_AFTER = 40
LATENCY = 0.005


def serve(script: Script, folder: Path, *, port: int = 0, latency: float = 0.0) -> SiteServer:
    return SiteServer(Site(folder, script=script, latency=latency), port=port)


def crawl(project: Project, *arguments: str, end_after: int = END_AFTER) -> Ended:
    return project.run("crawl", "cablebrowser", *arguments, RANGE_END_AFTER=str(end_after))


def numbers_asked(server: SiteServer) -> Counter[int]:
    """How often each number was asked for."""
    asked = (parse_qs(urlsplit(request.path).query) for request in server.requests)
    return Counter(int(query["id"][0]) for query in asked if "id" in query)


@dataclass
class Walked:
    """The sample site, crawled from its front page."""

    site: NumberedSite
    server: SiteServer
    ended: Ended
    export: Export
    project: Project


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    folder = tmp_path_factory.mktemp("walked")
    site = NumberedSite()
    project = Project(folder)
    with serve(site, folder) as server:
        ended = crawl(project, "-a", f"url={server.url}")
        yield Walked(site, server, ended, project.export(), project)


# --------------------------------------------------------------------------------- a walk


def test_every_cable_of_a_numbered_site_is_found(walked: Walked) -> None:
    assert walked.ended.status == 0, walked.ended.stderr
    expected = Counter(
        (f"/cable.php?id={number}", cable.reference_id)
        for number, cable in walked.site.cables.items()
        if cable.reference_id != "06EFTOPORTMORESBY350"
    )
    found = Counter(
        (f"/cable.php?{urlsplit(witness['url']).query}", witness_of["reference_id"])
        for witness_of in walked.export.lines("cables")
        for witness in witness_of["witnesses"]
        if "06PORTMORESBY350" != witness_of["reference_id"]
    )
    assert found == expected


def test_each_number_is_asked_for_once_up_to_the_end(walked: Walked) -> None:
    assert numbers_asked(walked.server) == Counter(range(1, HIGHEST + END_AFTER + 1))


def test_a_number_without_a_cable_is_a_gap_and_no_problem(walked: Walked) -> None:
    gaps = [number for number in range(1, HIGHEST) if number not in walked.site.cables]
    assert {walked.site.kind_of_gap(number) for number in gaps} == set(GAPS)
    assert walked.export.lines("problems") == []


def test_the_summary_says_where_the_end_was_found(walked: Walked) -> None:
    name = source_name(walked.server.url)
    expected = f"  {name}: ids 1 to {HIGHEST}, {END_AFTER} behind them give no cable"
    assert expected in walked.ended.errors


def test_cables_that_the_front_page_does_not_link_to_are_not_unlisted(walked: Walked) -> None:
    (counts,) = walked.ended.summary.values()
    assert counts.unlisted == 0
    assert counts.cables == len(walked.site.cables)


def test_what_the_site_says_of_a_cable_is_exported(walked: Walked) -> None:
    cables = walked.export.cables()
    for cable in walked.site.cables.values():
        record = cables.get(cable.reference_id)
        if record is None:
            continue  # a malformed ID, exported under the one it stands for
        assert record["created"].startswith(cable.created.replace(" ", "T"))
        assert record["origin"] == cable.origin
        assert record["classification"] == cable.classification
        assert record["released"] == "2011-10-04"
        assert {claim["asserted_by"] for claim in record["releases"]} == {"cablebrowser_page"}


def test_a_site_crawled_again_is_asked_for_what_may_be_new(walked: Walked, tmp_path: Path) -> None:
    """Behind its last cable, that is; what is known waits for its turn."""
    site = NumberedSite(dict(walked.site.cables))
    site.cables[HIGHEST + 3] = invented_cables(90)[-1]
    walked.server.site.script = site
    walked.server.requests.clear()
    ended = crawl(walked.project.copy(tmp_path), "-a", f"url={walked.server.url}")
    assert ended.status == 0, ended.stderr
    asked = Counter(range(HIGHEST + 1, HIGHEST + 3 + END_AFTER + 1))
    assert numbers_asked(walked.server) == asked
    (counts,) = ended.summary.values()
    assert (counts.cables, counts.new) == (len(site.cables), 1)
    walked.server.site.script = walked.site


def test_a_site_crawled_again_is_asked_up_to_the_end_it_was_known_to_have(walked: Walked) -> None:
    """Though its last cables are gone, and more of them than the run that is an end."""
    shrunk = NumberedSite({n: c for n, c in walked.site.cables.items() if n < HIGHEST // 2})
    walked.server.site.script = shrunk
    walked.server.requests.clear()
    ended = crawl(walked.project, "-a", f"url={walked.server.url}", "-a", "full=1")
    assert ended.status == 2, ended.stderr
    assert "alarm: " in ended.stderr
    assert numbers_asked(walked.server) == Counter(range(1, HIGHEST + END_AFTER + 1))


# ------------------------------------------------------------------- killed and gone on


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_killed_walk_goes_on_to_the_same_end(tmp_path: Path, share: float) -> None:
    site = NumberedSite(numbered_cables(200))
    project = Project(tmp_path)
    with serve(site, tmp_path, port=free_port(), latency=LATENCY) as server:
        url = f"url={server.url}"
        arguments = ("crawl", "cablebrowser", "-a", url)
        moment = int((200 + END_AFTER) * share)
        with Crawl(project.command(*arguments, RANGE_END_AFTER=str(END_AFTER))) as first:
            assert first.wait_for(lambda: len(server.requests) >= moment)
            assert first.kill()
        last = crawl(project, "-a", url)
        asked = numbers_asked(server)
    assert last.status == 0, last.stderr
    assert "going on with the crawl of run " in last.stderr
    assert set(asked) == set(range(1, 200 + END_AFTER + 1))
    # Those under way, and as many that were captured as missing and not yet done with.
    assert asked.total() - len(asked) <= 2 * IN_FLIGHT
    witnesses = [cable["witnesses"] for cable in project.export().lines("cables")]
    assert sum(map(len, witnesses)) == len(site.cables)
    name = source_name(server.url)
    expected = f"  {name}: ids 1 to 200, {END_AFTER} behind them give no cable"
    assert expected in last.errors


def test_an_interrupted_walk_goes_on(tmp_path: Path) -> None:
    site = NumberedSite(numbered_cables(100))
    project = Project(tmp_path)
    with serve(site, tmp_path, port=free_port(), latency=LATENCY) as server:
        url = f"url={server.url}"
        arguments = ("crawl", "cablebrowser", "-a", url)
        with Crawl(project.command(*arguments, RANGE_END_AFTER=str(END_AFTER))) as first:
            assert first.wait_for(lambda: len(server.requests) >= 50)
            first.send(signal.SIGINT)
            assert first.ended().status == 130
        last = crawl(project, "-a", url)
        asked = numbers_asked(server)
    assert last.status == 0, last.stderr
    assert asked == Counter(range(1, 100 + END_AFTER + 1))


# ------------------------------------------------------------------------------- failures


def test_an_end_that_fails_is_not_an_end(tmp_path: Path) -> None:
    site = NumberedSite(numbered_cables(60))

    def failing(path: str) -> Answer | None:
        number = int(parse_qs(urlsplit(path).query).get("id", ["0"])[0])
        return Answer(b"", status=503) if number > 60 else site(path)

    with serve(failing, tmp_path) as server:
        ended = crawl(Project(tmp_path, {"RETRY_TIMES": "0"}), "-a", f"url={server.url}")
        name = source_name(server.url)
    assert ended.status == 2
    assert numbers_asked(server) == Counter(range(1, 60 + END_AFTER + 1))
    (failure,) = (line for line in ended.errors if line.startswith(f"  {name} failed: "))
    assert f"the end was not found: the last {END_AFTER} ids failed" in failure


def test_a_failure_among_the_last_numbers_leaves_the_end_open(tmp_path: Path) -> None:
    site = NumberedSite(numbered_cables(60))

    def failing(path: str) -> Answer | None:
        return Answer(b"", status=500) if path.endswith(("=70", "=71", "=72")) else site(path)

    with serve(failing, tmp_path) as server:
        ended = crawl(Project(tmp_path, {"RETRY_TIMES": "0"}), "-a", f"url={server.url}")
    assert ended.status == 2
    assert f"the end was not found: 3 of the {END_AFTER} ids behind 60 failed" in ended.stderr


def test_a_failure_on_the_way_is_a_problem_and_no_end(tmp_path: Path) -> None:
    site = NumberedSite(numbered_cables(60))
    with serve(site, tmp_path) as server:
        server.site.script = lambda path: (
            Answer(b"", status=500) if path.endswith("=10") else site(path)
        )
        project = Project(tmp_path, {"RETRY_TIMES": "0"})
        ended = crawl(project, "-a", f"url={server.url}")
    assert ended.status == 2
    assert "the end was not found" not in ended.stderr
    assert [line["reason"] for line in project.export().lines("problems")] == ["http_error"]


def test_a_site_that_shows_its_last_cable_for_every_number_has_an_end(tmp_path: Path) -> None:
    cables = numbered_cables(30)
    site = NumberedSite(cables)

    def clamped(path: str) -> Answer | None:
        number = int(parse_qs(urlsplit(path).query).get("id", ["0"])[0])
        return site(f"/cable.php?id={min(number, 30)}") if number else site(path)

    project = Project(tmp_path)
    with serve(clamped, tmp_path) as server:
        for _ in range(2):  # what the first crawl stores does not move the end of the second
            server.requests.clear()
            ended = crawl(project, "-a", f"url={server.url}")
            assert ended.status == 0, ended.stderr
            assert max(numbers_asked(server)) <= 30 + END_AFTER + IN_FLIGHT
            assert ": ids 1 to 30, " in ended.stderr


# -------------------------------------------------------------------------------- a range


def test_a_range_without_an_end_begins_where_it_says(tmp_path: Path) -> None:
    with serve(NumberedSite(numbered_cables(60)), tmp_path) as server:
        url = f"url={server.url}cable.php?id=1"
        ended = crawl(Project(tmp_path), "-a", url, "-a", "range=50-")
    assert ended.status == 0, ended.stderr
    assert numbers_asked(server) == Counter(range(50, 60 + END_AFTER + 1))
    assert f"ids 50 to 60, {END_AFTER} behind them give no cable" in ended.stderr


def test_a_range_with_an_end_asks_for_no_more(tmp_path: Path) -> None:
    with serve(NumberedSite(numbered_cables(60)), tmp_path) as server:
        url = f"url={server.url}cable.php?id=1"
        ended = crawl(Project(tmp_path), "-a", url, "-a", "range=10-30")
    assert ended.status == 0, ended.stderr
    assert numbers_asked(server) == Counter(range(10, 31))


def test_a_range_may_be_given_with_the_front_page(tmp_path: Path) -> None:
    with serve(NumberedSite(numbered_cables(60), linked=(60,)), tmp_path) as server:
        ended = crawl(Project(tmp_path), "-a", f"url={server.url}", "-a", "range=10-20")
    assert ended.status == 0, ended.stderr
    assert numbers_asked(server) == Counter([*range(10, 21), 60])


def test_a_range_without_a_numbered_page_is_a_failure(tmp_path: Path) -> None:
    with serve(listed_site(invented_cables(5)), tmp_path) as server:
        ended = crawl(Project(tmp_path), "-a", f"url={server.url}", "-a", "range=1-")
    assert ended.status == 2
    assert "no numbered page to begin with: give one with -a url=" in ended.stderr


def test_one_numbered_page_is_read_alone(tmp_path: Path) -> None:
    with serve(NumberedSite(numbered_cables(20)), tmp_path) as server:
        ended = crawl(Project(tmp_path), "-a", f"url={server.url}cable.php?id=7")
    assert ended.status == 0, ended.stderr
    assert numbers_asked(server) == Counter([7])


@pytest.mark.parametrize("given", ["abc", "5", "0-10", "100-50", "-3", "1-2-3", ""])
def test_a_range_that_is_none_is_refused_in_one_line(tmp_path: Path, given: str) -> None:
    ended = crawl(Project(tmp_path), "-a", "url=http://127.0.0.1:1/", "-a", f"range={given}")
    assert ended.status == 1
    assert ended.stderr.count("\n") == 1
    assert f"-a range={given}: " in ended.stderr


def test_mirrors_have_no_range(tmp_path: Path) -> None:
    ended = Project(tmp_path).crawl("-a", "url=http://127.0.0.1:1/", "-a", "range=1-")
    assert ended.status == 1
    assert "-a range=: unknown argument (source=NAME,… or url=URL,…, full=1" in ended.stderr


# ------------------------------------------------------------------------ a site with lists


def test_a_site_with_lists_is_crawled_by_its_links(tmp_path: Path) -> None:
    cables = [c for c in invented_cables(60) if c.reference_id != "06EFTOPORTMORESBY350"]
    project = Project(tmp_path)
    with serve(listed_site(cables), tmp_path) as server:
        ended = crawl(project, "-a", f"url={server.url}")
    assert ended.status == 0, ended.stderr
    export = project.export()
    assert set(export.cables()) == {cable.reference_id for cable in cables}
    assert export.lines("problems") == []
    assert "ids " not in ended.stderr
    (counts,) = ended.summary.values()
    assert (counts.cables, counts.unlisted) == (len(cables), 0)
    assert repeats([request.path for request in server.requests]) == {}


def test_a_listed_page_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    cables = invented_cables(10)
    project = Project(tmp_path)
    with serve(listed_site(cables), tmp_path) as server:
        server.site.faults[f"/cable/{cables[3].reference_id}"] = Fault("status", None, 404)
        crawl(project, "-a", f"url={server.url}")
    assert [line["reason"] for line in project.export().lines("problems")] == ["not_found"]


def test_a_rebuilt_store_gives_the_same_export(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with serve(NumberedSite(numbered_cables(40)), tmp_path) as server:
        crawl(project, "-a", f"url={server.url}")
    before = project.export().files()
    project.lose_database()
    assert project.reparse().status == 0
    assert project.export().files() == before
