"""Addresses that nothing may lead a crawl to: as literals, in redirects, by name."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from cablecrawl.addresses import is_loopback_host, is_public, literal_address
from tests.crawling import Project, write_sources
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.names import NameServer
from tests.sites.raw import NOT_FOUND, RawServer, redirect, response
from tests.sites.server import SiteServer

REFUSED = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 172.31.255.1
    192.0.0.8 192.168.1.1 198.18.0.1 224.0.0.1 239.1.2.3 240.0.0.1 255.255.255.255
    :: ::1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1
    64:ff9b::7f00:1 64:ff9b:1::1 2002:a00:1::1 2002:7f00:1::1 2001::1 fc00::1 fd12::1 fe80::1
    fe80::1%eth0 fec0::1 ff02::1
""".split()
PUBLIC = """
    1.1.1.1 9.9.9.9 172.32.0.1 192.169.0.1 100.128.0.1 2606:4700::1111 ::ffff:1.1.1.1
    64:ff9b::1.1.1.1 2002:101:101::1
""".split()


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_of_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "0x7f.1", "[::ffff:7f00:1]"],
)
def test_every_spelling_of_an_address_is_that_address(host: str) -> None:
    address = literal_address(host)
    assert address is not None and not is_public(address)
    assert is_loopback_host(host)


@pytest.mark.parametrize("host", ["example.org", "1e.net", "0x7f000001.com", "localhost.org", "1"])
def test_a_name_is_no_loopback_host(host: str) -> None:
    assert not is_loopback_host(host)


# ------------------------------------------------------------------- redirects

LEADS_TO = {
    "private": "http://10.0.0.1/",
    "another-loopback": "http://127.0.0.2/",
    "hexadecimal": "http://0x7f000002/",
    "integer": "http://2130706434/",
    "mapped": "http://[::ffff:10.0.0.1]/",
    "metadata": "http://169.254.169.254/latest/",
    "by-name": "http://localhost/",
}
SCHEMES = {
    "file": "file:///etc/passwd",
    "data": "data:text/html,<h1>A</h1>",
    "javascript": "javascript:alert(1)",
    "ftp": "ftp://127.0.0.1/x",
}


@pytest.fixture(scope="module")
def redirected(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A crawl of pages that lead where nothing may lead."""
    places = {f"/cable/2009/01/{name}.html": url for name, url in {**LEADS_TO, **SCHEMES}.items()}

    def answer(path: str) -> bytes:
        return redirect(places[path]) if path in places else NOT_FOUND

    project = Project(tmp_path_factory.mktemp("redirected"))
    with RawServer(answer) as server:
        ended = project.crawl("-a", "url=" + ",".join(server.url + path[1:] for path in places))
    assert "Traceback" not in ended.stderr
    return project


@pytest.mark.parametrize("name", LEADS_TO)
def test_a_redirect_to_an_address_that_is_not_public_is_refused(
    redirected: Project, name: str
) -> None:
    export = redirected.export()
    (capture,) = export.captures()[LEADS_TO[name]]
    assert capture["outcome"] == "address_refused"
    assert capture["status"] is None
    assert LEADS_TO[name] in {
        problem["url"]
        for problem in export.lines("problems")
        if problem["reason"] == "address_refused"
    }


def test_of_what_is_refused_nothing_is_written_but_the_refusal(redirected: Project) -> None:
    rows = redirected.query(
        "SELECT payload_length, status FROM capture WHERE outcome = 'address_refused'"
    )
    assert set(rows) == {(0, None)}


@pytest.mark.parametrize("name", SCHEMES)
def test_a_redirect_to_another_scheme_is_a_problem_that_names_it(
    redirected: Project, name: str
) -> None:
    (problem,) = (
        line
        for line in redirected.export().lines("problems")
        if line["url"].endswith(f"/{name}.html")
    )
    assert problem["reason"] == "unsupported_scheme"
    assert f"leads to {name}:" in problem["detail"]


# ------------------------------------------------------------------- names


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(12), Build(12, "v4"))
    return folder


def crawl_by_name(
    folder: Path, names: NameServer, url: str, hosts: tuple[str, ...] = (), **settings: str
) -> tuple[int, Project]:
    listed = "[" + ", ".join(f'"{host}"' for host in hosts) + "]"
    sources = write_sources(folder / "own.toml", {"named": url}, hosts=listed)
    project = Project(folder, {"SOURCES_FILE": str(sources), **names.settings(), **settings})
    ended = project.crawl("-a", "source=named", CONTACT="you@example.org", RETRY_TIMES="1")
    assert "Traceback" not in ended.stderr
    return ended.status, project


def outcomes(project: Project) -> dict[str, list[str]]:
    return {
        url: [line["outcome"] for line in lines]
        for url, lines in project.export().captures().items()
    }


def test_a_name_that_leads_to_loopback_is_not_connected_to(tmp_path: Path, mirror: Path) -> None:
    with SiteServer(mirror) as server, NameServer({"mirror.test": [["127.0.0.1"]]}) as names:
        url = server.url.replace("127.0.0.1", "mirror.test")
        status, project = crawl_by_name(tmp_path, names, url)
        assert "mirror.test" in names.asked
    assert server.requests == []
    assert status == 2
    # Asked for once: no other try can help.
    assert outcomes(project)[url + "robots.txt"] == ["address_refused"]


def test_a_name_that_leads_to_one_of_the_sources_own_addresses_is_crawled(
    tmp_path: Path, mirror: Path
) -> None:
    with SiteServer(mirror) as server, NameServer({"mirror.test": [["127.0.0.1"]]}) as names:
        url = server.url.replace("127.0.0.1", "mirror.test")
        status, project = crawl_by_name(tmp_path, names, url, hosts=("127.0.0.1",))
    assert status == 0
    assert len(project.export().cables()) == 12


def test_a_name_that_leads_elsewhere_the_next_time_is_refused_then(tmp_path: Path) -> None:
    """DNS rebinding: each connection is checked, and not the name."""
    turns = [["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]]
    pages = {"/": b"<a href='/cable/2009/01/09A1.html'>09A1</a>"}

    def answer(path: str) -> bytes:
        return response(pages[path]) if path in pages else NOT_FOUND

    with NameServer({"mirror.test": turns}) as names, RawServer(answer) as server:
        url = f"http://mirror.test:{server.port}/"
        with RawServer(answer, "127.0.0.2") as other:
            _, project = crawl_by_name(tmp_path, names, url, ("127.0.0.1",), DNSCACHE_ENABLED="0")
        assert server.asked == ["/robots.txt", "/"]
        assert other.asked == []
    refused = [outcome for found in outcomes(project).values() for outcome in found]
    assert "address_refused" in refused


def test_of_an_answer_with_two_addresses_only_the_permitted_one_is_connected_to() -> None:
    from cablecrawl.connecting import CheckedResolver, GivenAddresses
    from cablecrawl.sources import source_for_url

    class Answers:
        def resolveHostName(self, receiver: object, host: str, *_: object) -> None:
            from twisted.internet.address import IPv4Address

            for address in ("10.0.0.1", "1.1.1.1", "127.0.0.1"):
                receiver.addressResolved(IPv4Address("TCP", address, 80))  # type: ignore[attr-defined]

    class Receiver:
        def __init__(self) -> None:
            self.found: list[str] = []

        def addressResolved(self, address: object) -> None:
            self.found.append(address.host)  # type: ignore[attr-defined]

    given = GivenAddresses([source_for_url("http://mirror.test/", "mirrors")])
    receiver = Receiver()
    CheckedResolver(Answers(), given).resolveHostName(receiver, "mirror.test")
    assert receiver.found == ["1.1.1.1"]


def test_a_robots_txt_that_leads_to_another_address_is_not_followed(tmp_path: Path) -> None:
    with RawServer(lambda path: NOT_FOUND, "127.0.0.2") as other:

        def answer(path: str) -> bytes:
            return redirect(other.url) if path == "/robots.txt" else NOT_FOUND

        with RawServer(answer) as server:
            ended = Project(tmp_path).crawl("-a", f"url={server.url}")
        assert other.asked == []
        assert set(server.asked) == {"/robots.txt"}
    assert ended.status == 2
    assert "no public address" in ended.stderr


def test_no_proxy_is_taken_from_the_environment(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_proxy(settings: dict[str, str]) -> int:
        with RawServer(lambda path: NOT_FOUND, "127.0.0.2") as proxy, SiteServer(mirror) as server:
            monkeypatch.setattr(
                "tests.crawling.environment",
                _environment_with(proxy.url),
            )
            Project(tmp_path / "p", settings).crawl("-a", f"url={server.url}")
            return len(proxy.asked)

    (tmp_path / "p").mkdir()
    assert with_proxy({}) == 0
    assert with_proxy({"HTTPPROXY_ENABLED": "1"}) > 0


def _environment_with(proxy: str) -> Callable[[], dict[str, str]]:
    from tests.crawling import environment

    plain = environment()
    return lambda: {**plain, "http_proxy": proxy}


# ------------------------------------------------------------------- a contact


@pytest.mark.parametrize(
    "contact", ["me", "me@home", "you@example.org\r\nX: y", "ftp://a.org", " "]
)
def test_a_contact_that_nobody_can_write_to_is_refused_in_one_line(
    tmp_path: Path, contact: str
) -> None:
    ended = Project(tmp_path).crawl("-a", "url=http://mirror.test/", CONTACT=contact)
    assert ended.status == 1
    (line,) = ended.errors
    assert "CONTACT=" in line


def test_a_contact_is_asked_for_where_any_host_of_a_source_is_a_real_one(tmp_path: Path) -> None:
    sources = write_sources(
        tmp_path / "own.toml", {"mine": "http://127.0.0.1:9/"}, hosts='["pages.test"]'
    )
    ended = Project(tmp_path, {"SOURCES_FILE": str(sources)}).crawl("-a", "source=mine")
    assert ended.status == 1
    (line,) = ended.errors
    assert line.startswith("scrapy crawl: mine: say where its owner can write to")
