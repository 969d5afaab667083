"""Hosts that ask to wait, that are slow, and that do not know when to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from scrapy.http import Headers

from cablecrawl.pausing import retry_after
from tests.crawling import Lines, Project, write_sources
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.raw import NOT_FOUND, RawServer, response
from tests.sites.server import Fault, SiteServer

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(12), Build(12, "v4"))
    return folder


def busy(*headers: str, status: str = "429 Too Many Requests") -> bytes:
    return response(b"<h1>Later</h1>", *headers, status=status)


# ------------------------------------------------------------------- Retry-After


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT"}, 120.0),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT",
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            30.0,
        ),
        ({"Retry-After": "Sunday, 22-Nov-26 12:00:10 GMT"}, 10.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 12:02:00 +99999999999999999999"}, None),
        ({"Retry-After": "\u0661"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(Headers(headers), NOW) == seconds


def test_a_host_that_asks_to_wait_is_not_asked_until_then(tmp_path: Path) -> None:
    """With another page of it ready to be asked for all the while; and others go on."""
    answers = {"/cable/2009/01/09A1.html": [busy("Retry-After: 1"), NOT_FOUND]}

    def answer(path: str) -> bytes:
        turns = answers.get(path)
        return turns.pop(0) if turns else NOT_FOUND

    with RawServer(answer) as asks, RawServer(lambda path: NOT_FOUND, "127.0.0.2") as other:
        urls = [f"{asks.url}cable/2009/01/09A{number}.html" for number in range(1, 5)]
        urls += [f"{other.url}cable/2009/01/09B{number}.html" for number in range(1, 5)]
        ended = Project(tmp_path).crawl(
            *("-a", "url=" + ",".join(urls)),
            CONCURRENT_REQUESTS_PER_DOMAIN="1",
            DOWNLOAD_DELAY="0.1",  # without one, Scrapy begins with all that it has
            RETRY_TIMES="0",
        )
    index = asks.asked.index("/cable/2009/01/09A1.html")
    assert asks.asked.count("/cable/2009/01/09A1.html") == 2
    assert asks.times[index + 1] - asks.times[index] > 0.8
    assert len(other.asked) == 5
    assert sum(asks.times[index] < time < asks.times[index + 1] for time in other.times) > 0
    assert "127.0.0.1 answers 429: nothing is asked of it for 1 s" in ended.stderr
    assert "  127.0.0.1 asked to wait once: 1 s" in ended.errors


def test_a_wait_that_was_asked_for_is_no_failed_try(tmp_path: Path, mirror: Path) -> None:
    faults = {"/cable/*": Fault("status", 5, 503, retry_after="0")}
    with SiteServer(mirror, faults=faults) as server:
        ended = Project(tmp_path).crawl("-a", f"url={server.url}", RETRY_TIMES="0")
    assert ended.status == 0, ended.stderr


def test_a_source_that_asks_for_too_long_is_left_to_the_next_run(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer({"busy": mirror, "there": mirror}) as server:
        server.site.faults["/cable/2*"] = Fault("status", None, 503, retry_after="86400")
        sources = write_sources(tmp_path / "own.toml", server.urls)
        project = Project(tmp_path, {"SOURCES_FILE": str(sources)})
        ended = project.crawl("-a", "source=busy,there")
        assert ended.status == 2
        (line,) = (line for line in ended.errors if "busy failed: " in line)
        assert "127.0.0.1 answers 503 and asks to wait for 86,400 s: given up" in line
        assert ended.summary["there"].cables == 12
        asked = len(server.site.asked("/cable/2*"))
        assert asked <= 16  # what was under way already
        ((left,),) = project.query("SELECT count(*) FROM frontier WHERE state != 'done'")
        assert left > 0
        server.site.faults.clear()
        again = project.crawl("-a", "source=busy,there")
    assert "going on with the crawl" in again.stderr
    assert again.summary["busy"].new >= 11  # but the one that was told to wait
    ((left,),) = project.query("SELECT count(*) FROM frontier WHERE state != 'done'")
    assert left == 0


def test_a_host_that_answers_nothing_else_is_given_up(tmp_path: Path, mirror: Path) -> None:
    with SiteServer(mirror, faults={"/cable/2*": Fault("status", None, 503)}) as server:
        project = Project(tmp_path)
        ended = project.crawl(
            *("-a", f"url={server.url}"), RETRY_TIMES="1", CONCURRENT_REQUESTS="1"
        )
    assert ended.status == 2
    assert "127.0.0.1 answers 503 and nothing else: given up" in ended.stderr
    ((left,),) = project.query("SELECT count(*) FROM frontier WHERE state != 'done'")
    assert left > 0


@pytest.mark.parametrize("page", ["/cable/2009/01/09A1.html", "/robots.txt"])
def test_a_crawl_that_waits_can_be_interrupted_and_gone_on_with(tmp_path: Path, page: str) -> None:
    answers = [busy("Retry-After: 500")]
    path = "/cable/2009/01/09A1.html"

    def answer(asked: str) -> bytes:
        return answers.pop() if asked == page and answers else NOT_FOUND

    with RawServer(answer) as server:
        project = Project(tmp_path)
        url = f"url={server.url}{path[1:]}"
        with project.start_crawl("-a", url) as crawl:
            crawl.wait_for(lambda: page in server.asked)
            crawl.send(signal.SIGINT)
            ended = crawl.ended()
        assert ended.status == 130, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "run it again to go on" in ended.stderr
        before = len(server.asked)
        again = project.crawl("-a", url)
    assert "going on with the crawl" in again.stderr
    assert server.asked[before:] == ["/robots.txt", path]


# ------------------------------------------------------------------- AutoThrottle


def throttled(folder: Path, **settings: str) -> list[str]:
    """What AutoThrottle says it did to a host on loopback."""
    with RawServer(lambda path: NOT_FOUND) as server:
        ended = Project(folder).crawl(
            *("-a", f"url={server.url}"), AUTOTHROTTLE_DEBUG="1", LOG_LEVEL="INFO", **settings
        )
    return [line for line in ended.errors if "slot: 127.0.0.1" in line]


def test_loopback_is_not_throttled_unless_the_user_says_so(tmp_path: Path) -> None:
    assert throttled(tmp_path / "plain") == []
    assert throttled(tmp_path / "asked", AUTOTHROTTLE_ENABLED="1") != []


def test_throttling_never_goes_below_what_was_said_of_a_host(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from scrapy import Request, Spider
    from scrapy.core.downloader import Slot
    from scrapy.http import Response
    from scrapy.utils.test import get_crawler

    from cablecrawl.throttling import HostThrottle

    settings = {
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_MAX_DELAY": 4.0,
        "DOWNLOAD_DELAY": 1.0,
    }
    crawler = get_crawler(settings_dict=settings)
    slots = {"slow.test": Slot(1, 8.0, 0.0), "other.test": Slot(1, 1.0, 0.0)}
    crawler.engine = SimpleNamespace(  # type: ignore[assignment]
        downloader=SimpleNamespace(
            settings=crawler.settings, slots=slots, per_slot_settings={"slow.test": {"delay": 8.0}}
        )
    )
    throttle = HostThrottle.from_crawler(crawler)
    for latency in (0.1, 2.0, 100.0):
        for host in slots:
            request = Request(f"http://{host}/")
            request.meta.update(download_slot=host, download_latency=latency)
            throttle._response_downloaded(Response(request.url), request, Spider("x"))
    assert slots["slow.test"].delay == 8.0
    assert slots["other.test"].delay == 4.0


# ------------------------------------------------------------------- limits

SETTINGS = {"DOWNLOAD_TIMEOUT": "3", "DOWNLOAD_MAXSIZE": "1000000", "RETRY_TIMES": "0"}

ENDLESS = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.fixture(scope="module")
def unending(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A site whose answers have no end."""

    def stream(server: RawServer, head: str, piece: bytes, seconds: float) -> Iterator[bytes]:
        yield head.encode()
        while not server.closed.wait(seconds):
            yield piece

    def answer(path: str) -> bytes | Iterator[bytes]:
        head = ENDLESS + "Connection: close\r\n\r\n"
        if "drip" in path:
            return stream(server, head, b"drop\n", 0.02)
        if "flood" in path:
            return stream(server, head, b"flood\n" * 10_000, 0)
        if "lines" in path:
            return stream(server, ENDLESS, b"X-A: " + b"b" * 1000 + b"\r\n", 0)
        if "line" in path:
            return stream(server, ENDLESS + "X-A: ", b"b" * 10_000, 0)
        if "interim" in path:
            return stream(server, "", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, 0)
        return NOT_FOUND

    project = Project(tmp_path_factory.mktemp("unending"), SETTINGS)
    server = RawServer(answer)
    with server:
        names = ("drip", "flood", "lines", "line", "interim")
        ended = project.crawl("-a", "url=" + ",".join(f"{server.url}{name}" for name in names))
    assert "Traceback" not in ended.stderr
    return project


@pytest.mark.parametrize(
    "name, outcome, truncated",
    [
        ("drip", "timeout", "time"),
        ("flood", "too_large", "length"),
        ("lines", "too_large", None),
        ("interim", "too_large", None),
    ],
)
def test_an_answer_without_an_end_is_cut(
    unending: Project, name: str, outcome: str, truncated: str | None
) -> None:
    (capture,) = captures_of(unending, name)
    assert capture["outcome"] == outcome
    assert truncation_of(unending, capture) == truncated
    assert (capture["payload_length"] > 0) == (truncated is not None)
    assert capture["payload_length"] < 2_000_000


def captures_of(project: Project, name: str) -> Lines:
    captures = project.export().captures()
    return [line for url in captures if url.endswith(f"/{name}") for line in captures[url]]


def truncation_of(project: Project, capture: dict[str, Any]) -> str | None:
    """WARC-Truncated of a capture's record."""
    with (project.data_dir / "warc" / capture["warc"]).open("rb") as stream:
        stream.seek(capture["offset"])
        record = next(iter(ArchiveIterator(stream)))
        assert record.record_id == f"<{capture['capture_id']}>"
        return record.headers.get("WARC-Truncated")


def test_a_header_line_without_an_end_is_no_answer(unending: Project) -> None:
    outcomes = {line["outcome"] for line in captures_of(unending, "line")}
    assert outcomes <= {"too_large", "reset", "failed"} and outcomes


def test_what_was_cut_is_valid_evidence(unending: Project) -> None:
    ended = unending.run("verify")
    assert ended.status == 0, ended.stdout + ended.stderr
