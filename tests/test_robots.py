"""robots.txt by RFC 9309: one crawl of many sites, each with a robots.txt of another kind."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from cablecrawl.robots import MAX_BYTES
from tests.crawling import Ended, Export, Project
from tests.sites.raw import NOT_FOUND, RawServer, redirect, response

TEXT = "Content-Type: text/plain"
PAGE = "/cable/2009/01/09A1.html"
GROUP = b"User-agent: *\n"
DENIAL = b"Disallow: /cable/\n"
DENIES = GROUP + DENIAL

Robots = Callable[[str], bytes]
"""From a path to an answer; b"": there is nothing."""


def only(answer: bytes) -> Robots:
    return lambda path: answer if path == "/robots.txt" else b""


def rules(text: bytes) -> Robots:
    return only(response(text, TEXT))


def chain(length: int) -> Robots:
    """Redirects, so many in a row, to rules that deny everything."""
    places = {f"/{number}": redirect(f"/{number + 1}") for number in range(1, length)}
    places |= {"/robots.txt": redirect("/1"), f"/{length}": response(DENIES, TEXT)}
    return lambda path: places.get(path, b"")


def padded(size: int) -> bytes:
    """Rules of which the denial begins at that position."""
    comments = (b"#" * 79 + b"\n") * (size // 80 + 1)
    return comments[: size - len(GROUP) - 1] + b"\n" + GROUP + DENIAL


def packed(text: bytes) -> Robots:
    return only(response(gzip.compress(text), TEXT, "Content-Encoding: gzip"))


def cut_in_a_rule() -> bytes:
    """`Allow: /cable/`, cut from `Allow: /cable/none/`, would allow more than the site does."""
    rest = b"Allow: /cable/"
    filling = b"#" * (MAX_BYTES - len(DENIES) - len(rest) - 1) + b"\n"
    text = DENIES + filling + rest + b"none/\n"
    assert text[:MAX_BYTES].endswith(rest)
    return text


WHOLE = padded(MAX_BYTES - len(DENIAL))
BEYOND = padded(MAX_BYTES + 1)
moved_and_long = {"/robots.txt": redirect("/rules"), "/rules": response(BEYOND, TEXT)}
busy = [response(b"", "Retry-After: 0", status="429 Too Many Requests"), response(DENIES, TEXT)]

DENIED: dict[str, Robots] = {
    "behind five redirects": chain(5),
    "500 KiB": rules(WHOLE),
    "500 KiB, packed": packed(WHOLE),
    "a rule that the limit cuts": rules(cut_in_a_rule()),
    "BOM": rules(b"\xef\xbb\xbf" + DENIES),
    "UTF-16": rules(DENIES.decode().encode("utf-16")),
    "Latin-1 for UTF-8": only(
        response(b"# caf\xe9\n" + DENIES, "Content-Type: text/plain; charset=utf-8")
    ),
    "CRLF": rules(DENIES.replace(b"\n", b"\r\n")),
    "CR": rules(DENIES.replace(b"\n", b"\r")),
    "NUL, and words in other cases": rules(b"# \0\nUSER-AGENT: *\ndIsAlLoW :/cable/\n"),
    "its name": rules(b"User-agent: cablecrawl\nDisallow: /\n\nUser-agent: *\nDisallow:\n"),
    "a pattern": rules(b"User-agent: *\nDisallow: /*.html$\n"),
    "busy at first": lambda path: busy.pop(0) if path == "/robots.txt" else b"",
    "a Crawl-delay of a day": rules(b"User-agent: *\nCrawl-delay: 86400\n"),
}
UNREACHABLE: dict[str, Robots] = {
    "behind six redirects": chain(6),
    "behind a hundred redirects": chain(100),
    "leads to a file": only(redirect("file:///etc/passwd")),
    "a server's error": only(response(b"", TEXT, status="500 Internal Server Error")),
}
ALLOWED: dict[str, Robots] = {
    "denied beyond 500 KiB": rules(BEYOND),
    "denied beyond 500 KiB, packed": packed(BEYOND),
    "denied beyond 500 KiB, moved": lambda path: moved_and_long.get(path, b""),
    "a page in its place": only(response(b"<html><body><p>Disallow: none</p></body></html>")),
    "nothing": lambda path: b"",
    "allowed by its name": rules(
        b"User-agent: CableCrawl\nAllow: /cable/\n\nUser-agent: *\nDisallow: /\n"
    ),
    "another's name, as in the contact": rules(b"User-agent: example\nDisallow: /\n"),
    "the longest match": rules(b"User-agent: *\nDisallow: /\nAllow: /cable/2009/\n"),
}


@dataclass
class Crawled:
    """The crawl of all of them."""

    servers: dict[str, RawServer]
    other: RawServer
    """Where the robots.txt of "moved to another host" is."""
    ended: Ended
    export: Export

    def asked_for_page(self, name: str) -> bool:
        return PAGE in self.servers[name].asked

    def reasons(self, name: str) -> list[str]:
        url = self.servers[name].url + PAGE[1:]
        return [line["reason"] for line in self.export.lines("problems") if line["url"] == url]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    project = Project(tmp_path_factory.mktemp("robots"), {"RETRY_TIMES": "1"})
    with ExitStack() as entered:
        other = entered.enter_context(RawServer(DENIED["BOM"]))
        robots = DENIED | UNREACHABLE | ALLOWED
        robots["moved to another host"] = only(redirect(other.url + "robots.txt"))
        servers = {
            name: entered.enter_context(
                RawServer(lambda path, answer=answer: answer(path) or NOT_FOUND)  # type: ignore[misc]
            )
            for name, answer in robots.items()
        }
        urls = ",".join(server.url + PAGE[1:] for server in servers.values())
        ended = project.crawl("-a", f"url={urls}", CONTACT="example@example.org")
        assert "Traceback" not in ended.stderr
        yield Crawled(servers, other, ended, project.export())


@pytest.mark.parametrize("name", DENIED)
def test_what_robots_txt_denies_is_not_asked_for(crawled: Crawled, name: str) -> None:
    assert not crawled.asked_for_page(name)
    assert crawled.reasons(name) == ["robots_denied"]


@pytest.mark.parametrize("name", UNREACHABLE)
def test_a_site_whose_rules_cannot_be_had_is_not_crawled(crawled: Crawled, name: str) -> None:
    assert not crawled.asked_for_page(name)
    assert crawled.reasons(name) == ["robots_unreachable"]


@pytest.mark.parametrize("name", ALLOWED)
def test_what_robots_txt_does_not_deny_is_asked_for(crawled: Crawled, name: str) -> None:
    assert crawled.asked_for_page(name)


@pytest.mark.parametrize("name", ["behind five redirects", "behind a hundred redirects"])
def test_five_redirects_are_followed_and_no_more(crawled: Crawled, name: str) -> None:
    assert crawled.servers[name].asked == ["/robots.txt", "/1", "/2", "/3", "/4", "/5"]


def test_rules_behind_a_redirect_are_those_of_the_host_that_was_asked(crawled: Crawled) -> None:
    assert crawled.other.asked == ["/robots.txt"]
    assert not crawled.asked_for_page("moved to another host")


def test_why_a_site_is_not_crawled_is_said_in_one_line(crawled: Crawled) -> None:
    for words in (
        "asks for 86400 s between requests, more than CRAWL_DELAY_MAX = 120: the site is not",
        "cannot be had (more than 5 redirects): the site is not crawled",
        "leads to file:///etc/passwd): the site is not crawled",
        "cannot be had (HTTP status 500): the site is not crawled",
    ):
        assert any(words in line for line in crawled.ended.errors), words


@pytest.mark.parametrize("name", ["BOM", "nothing", "a server's error", "behind five redirects"])
def test_a_capture_names_the_robots_txt_by_which_it_was_made(crawled: Crawled, name: str) -> None:
    captures, url = crawled.export.captures(), crawled.servers[name].url
    (page,) = captures[url + PAGE[1:]]
    robots = captures.get(f"{url}5") or captures[f"{url}robots.txt"]
    assert page["robots"] in {line["capture_id"] for line in robots}
    assert {line["robots"] for line in robots} == {None}


# ------------------------------------------------------------------- how long, how fast


@pytest.mark.parametrize("age, times", [("86400", 1), ("0", 3)])
def test_rules_are_asked_for_anew_when_they_are_too_old(
    tmp_path: Path, age: str, times: int
) -> None:
    with RawServer(lambda path: NOT_FOUND) as server:
        urls = ",".join(f"{server.url}cable/2009/01/09A{number}.html" for number in range(3))
        Project(tmp_path).crawl(*("-a", f"url={urls}"), ROBOTS_MAX_AGE=age, CONCURRENT_REQUESTS="1")
    assert server.asked.count("/robots.txt") == times


def test_no_setting_keeps_rules_for_more_than_a_day() -> None:
    from scrapy.utils.test import get_crawler

    from cablecrawl.robots import RobotsMiddleware

    settings = {"ROBOTSTXT_OBEY": True, "ROBOTS_MAX_AGE": 10**9, "CRAWL_DELAY_MAX": 1}
    middleware = RobotsMiddleware.from_crawler(get_crawler(settings_dict=settings))
    assert middleware.max_age == 86_400


def test_requests_are_as_far_apart_as_the_rules_say(tmp_path: Path) -> None:
    said = {"127.0.0.2": b"Crawl-delay: 0.5", "127.0.0.3": b"Request-rate: 2/1s"}
    with ExitStack() as entered:
        servers = []
        for host, rule in said.items():
            robots = response(GROUP + rule + b"\n", TEXT)
            servers.append(entered.enter_context(RawServer(lambda _, robots=robots: robots, host)))  # type: ignore[misc]
        urls = [
            f"{server.url}cable/2009/01/09A{number}.html"
            for server in servers
            for number in range(4)
        ]
        Project(tmp_path).crawl("-a", "url=" + ",".join(urls))
    for server in servers:
        times = server.times
        assert len(times) == 5
        # A lower bound, with room for how long a request is on its way.
        assert min(later - sooner for sooner, later in zip(times, times[1:], strict=False)) > 0.3


def test_a_source_that_is_slower_than_the_rules_stays_so() -> None:
    from types import SimpleNamespace

    from scrapy.core.downloader import Slot
    from scrapy.settings import Settings

    from cablecrawl.throttling import least_delay, slow_down

    downloader = SimpleNamespace(
        settings=Settings({"DOWNLOAD_DELAY": 1.0}),
        per_slot_settings={"slow.test": {"delay": 9.0, "concurrency": 1}},
        slots={"fast.test": Slot(1, 1.0, 0.5)},
    )
    slow_down(downloader, "slow.test", 5.0)  # type: ignore[arg-type]
    slow_down(downloader, "fast.test", 5.0)  # type: ignore[arg-type]
    slow_down(downloader, "fast.test", 3.0)  # type: ignore[arg-type]
    assert least_delay(downloader, "slow.test") == 9.0  # type: ignore[arg-type]
    assert least_delay(downloader, "fast.test") == 5.0  # type: ignore[arg-type]
    assert downloader.slots["fast.test"].download_delay() == 5.0
