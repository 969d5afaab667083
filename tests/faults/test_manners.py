"""Manners over the wire, cases 16, 19, 20 and 21: when a site is asked again, and when never."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.crawling import Ended, Export, Project, source_name
from tests.faults.server import NOT_FOUND, Answer, Connection, FaultServer, redirect, response
from tests.faults.sites import PATIENT, Page, crawl, sample_pages, whole

FORBIDS = b"User-agent: *\nDisallow: /cable/\n"
ALLOWS = b"User-agent: *\nDisallow: /private/\n"
LONG = b"# " + b"x" * 98 + b"\n"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return sample_pages(tmp_path_factory.mktemp("mirror"), 24)[5]


# ------------------------------------------------------------------- robots.txt


def silent(connection: Connection) -> None:
    connection.pause(60)


def text(body: bytes) -> bytes:
    return response(body, media_type="text/plain")


def status(line: str) -> bytes:
    return response(FORBIDS, status=line)


# Answers to robots.txt, and whether the page behind it is asked for.
ROBOTS: dict[str, tuple[Answer, bool]] = {
    "allows": (text(ALLOWS), True),
    "forbids": (text(FORBIDS), False),
    "not there": (NOT_FOUND, True),
    "401": (status("401 Unauthorized"), True),
    "403": (status("403 Forbidden"), True),
    "410": (status("410 Gone"), True),
    "429": (status("429 Too Many Requests"), False),
    "500": (status("500 Internal Server Error"), False),
    "503": (status("503 Service Unavailable"), False),
    "silent": (silent, False),
    "no HTTP": (b"SSH-2.0\r\n", False),
    "cut short": (response(ALLOWS, length=10_000), False),
    "moved": (redirect("/moved/4"), False),
    "moved too often": (redirect("/moved/1"), False),
    "moved in a circle": (redirect("/robots.txt"), False),
    "an HTML page": (response(b"<html><h1>Welcome</h1>\n" + FORBIDS), False),
    "an HTML page of nothing": (response(b"<html><h1>Welcome</h1>"), True),
    "with a BOM": (text(b"\xef\xbb\xbf" + FORBIDS), False),
    "empty": (text(b""), True),
    "forbids within 500 KiB": (text(LONG * 5_000 + b"\n" + FORBIDS), False),
    "forbids behind 500 KiB": (text(LONG * 10_000 + b"\n" + FORBIDS), True),
    "of another spelling": (text(b"USER-AGENT : *\r\n  disallow:/cable\r\n"), False),
    "binary": (text(bytes(range(256)) * 4), True),
}
HOPS: dict[str, Answer] = {
    **{f"/moved/{n}": redirect(f"/moved/{n + 1}") for n in range(1, 8)},
    "/moved/8": text(FORBIDS),
}


@dataclass
class Asked:
    """A crawl of a site for each kind of robots.txt."""

    servers: dict[str, FaultServer]
    ended: Ended
    export: Export
    project: Project


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, page: Page) -> Asked:
    project = Project(tmp_path_factory.mktemp("robots"), PATIENT)
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                FaultServer({"/robots.txt": answer, page.path: whole(page), **HOPS})
            )
            for name, (answer, _) in ROBOTS.items()
        }
        urls = ",".join(server.url + page.path[1:] for server in servers.values())
        ended = project.crawl("-a", f"url={urls}")
    return Asked(servers, ended, project.export(), project)


@pytest.mark.parametrize("name", ROBOTS)
def test_case_20_a_site_is_crawled_as_its_robots_txt_has_it(
    asked: Asked, page: Page, name: str
) -> None:
    server, is_crawled = asked.servers[name], ROBOTS[name][1]
    assert bool(server.count(page.path)) is is_crawled
    assert server.count("/robots.txt") >= 1
    source = source_name(server.url)
    assert (f"  {source} failed: " in asked.ended.stderr) is not is_crawled


def test_case_20_every_answer_for_a_robots_txt_is_captured(asked: Asked) -> None:
    captured = asked.export.captures()
    for name, server in asked.servers.items():
        assert f"{server.url}robots.txt" in captured, name


def test_case_20_why_a_site_is_not_crawled_is_its_outcome(asked: Asked, page: Page) -> None:
    captured = asked.export.captures()
    for name in ("500", "503", "429", "silent", "no HTTP"):
        (line,) = captured[asked.servers[name].url + page.path[1:]]
        assert line["outcome"] == "robots_unreachable", name
    (line,) = captured[asked.servers["forbids"].url + page.path[1:]]
    assert line["outcome"] == "robots_denied"


# ------------------------------------------------------------------- asked to wait


def test_case_16_a_host_that_asks_to_wait_is_asked_again(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path, PATIENT)
    busy = [
        response(b"", "Retry-After: 1", status="429 Too Many Requests"),
        response(b"", "Retry-After: 1", status="503 Service Unavailable"),
    ]
    for answer in busy:
        with FaultServer({page.path: [answer, whole(page)]}) as server:
            ended = project.crawl("-a", f"url={server.url}{page.path[1:]}")
        assert ended.status == 0, ended.stderr
        assert server.count(page.path) == 2
    assert list(project.export().cables()) == [page.reference_id]


# ------------------------------------------------------------------- addresses


ADDRESSES = (
    "http://127.0.0.2:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fc00::1]/",
)


def test_case_19_a_redirect_to_an_address_that_was_not_given_is_refused(tmp_path: Path) -> None:
    """Names that lead there, and addresses that change: tests/test_addresses.py."""
    pages = sample_pages(tmp_path / "mirror", len(ADDRESSES) + 3)
    with FaultServer(otherwise=lambda path: whole(pages[0])) as private:
        targets = [address.format(port=private.port) for address in ADDRESSES]
        answers: dict[str, Answer] = {target: redirect(f"{target}private") for target in targets}
        led = crawl(tmp_path, dict(zip(targets, pages, strict=False)), answers)
    assert led.ended.status == 2, led.ended.stderr
    assert private.asked == []
    for target in targets:
        (refused,) = led.export.captures()[f"{target}private"]
        assert refused["outcome"] in ("address_refused", "out_of_scope"), target
        assert (refused["status"], refused["payload_length"]) == (None, 0)
    assert led.export.cables() == {}


# ------------------------------------------------------------------- certificates


def certificate_for(address: str, days: int) -> bytes:
    """A certificate that signs itself, for so many days from now, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(pem) + private


class _Page(BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@contextmanager
def served_with(certificate: Path, body: bytes) -> Iterator[str]:
    """A site over TLS; the file has certificate and key."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Page", (_Page,), {"body": body}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("days", [30, -1], ids=["self-signed", "expired"])
def test_case_21_a_certificate_that_does_not_fit_is_an_outcome_and_no_page(
    tmp_path: Path, page: Page, days: int
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(certificate_for("127.0.0.1", days))
    project = Project(tmp_path, {**PATIENT, "ROBOTSTXT_OBEY": "0"})
    with served_with(certificate, page.body) as url:
        ended = project.crawl("-a", f"url={url}{page.path[1:]}")
    assert ended.status == 2, ended.stderr
    export = project.export()
    assert {line["outcome"] for line in export.lines("captures")} == {"tls"}
    assert [line["reason"] for line in export.lines("problems")] == ["tls"]
    assert export.cables() == {}
    assert "Traceback" not in ended.stderr
