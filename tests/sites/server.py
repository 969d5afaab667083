"""A real HTTP server on 127.0.0.1 for sample sites, with faults on request.

Each site has a port of its own, since most mirrors link from the root (`/cable/2007/04/…`) and
could not be told apart under one host.
"""

from __future__ import annotations

import gzip
import html
import mimetypes
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, socket
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import quote, unquote, urlsplit

FaultKind = Literal["status", "half_gzip", "truncated", "slow", "drip", "reset", "redirect", "body"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong on a path.

    - status: the answer is `status`, with `retry_after` as its Retry-After header.
    - half_gzip: a whole answer whose gzip stream stops in the middle.
    - truncated: Content-Length promises the page, half of it comes, the connection closes.
    - slow: the right answer, `seconds` late.
    - drip: the right answer in ten pieces, `seconds` in all.
    - reset: the connection closes without an answer.
    - redirect: `status` (301, 302, …) to `location`.
    - body: `body` instead of the page, as 200: the error page that does not say so.
    """

    kind: FaultKind
    times: int | None = 1
    """How many requests it meets; None is every one."""
    status: int = 503
    retry_after: str | None = None
    seconds: float = 1.0
    location: str = "/"
    body: bytes = b""


class Request(NamedTuple):
    method: str
    path: str
    """As asked for, with the query."""
    status: int
    """0 if the connection was closed without an answer."""


class Answer(NamedTuple):
    """What a site's own program answers."""

    content: bytes
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = {}


# Seconds that a request is held: a test that forgot it ends all the same.
LONGEST_HELD = 50


def _is_open() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


Script = Callable[[str], Answer | None]
"""From path and query, as asked for, to an answer."""


@dataclass
class Site:
    """One folder on one port. Its fields may be changed while it is served."""

    folder: Path
    faults: dict[str, Fault] = field(default_factory=dict)
    """By path or pattern (`/cable/2009/*`); the first that fits and is not used up counts."""
    latency: float = 0.0
    """Seconds that each answer waits."""
    gzip: bool = False
    """Compress text for clients that accept it."""
    untyped: tuple[str, ...] = ()
    """Patterns of paths that are sent without a Content-Type."""
    charset: str | None = "utf-8"
    """The parameter of text/html; None sends the bare type."""
    validators: bool = True
    """Send Last-Modified and ETag, and answer conditional requests with 304."""
    script: Script | None = None
    """Answers first, as a site's own program does; what it leaves (None) is looked for as a file.
    Faults on a path hold for it too."""
    may_answer: threading.Event = field(default_factory=_is_open)
    """While it is cleared, requests are held."""
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    """`http://127.0.0.1:PORT/`, once it is served."""

    def __post_init__(self) -> None:
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def asked(self, pattern: str) -> list[Request]:
        """The requests so far whose path fits the pattern."""
        return [request for request in self.requests if fnmatchcase(request.path, pattern)]

    def take_fault(self, path: str) -> Fault | None:
        for pattern, fault in list(self.faults.items()):
            if not fnmatchcase(path, pattern):
                continue
            with self._lock:
                used = self._used.get(pattern, 0)
                if fault.times is None or used < fault.times:
                    self._used[pattern] = used + 1
                    return fault
        return None

    def page(self, path: str) -> _Page | None:
        """What stands at a path: a file, a folder's index.html, or its listing."""
        root = self.folder.resolve()
        target = (root / unquote(path).lstrip("/")).resolve()
        if not target.is_relative_to(root):
            return None
        if target.is_dir():
            if not path.endswith("/"):
                return _Page(b"", "", redirect=f"{path}/")
            if not (target / "index.html").is_file():
                return _listing(target, path)
            target = target / "index.html"
        try:
            content, stat = target.read_bytes(), target.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
        etag = f'"{stat.st_size:x}-{stat.st_mtime_ns:x}"'
        return _Page(content, kind, int(stat.st_mtime), etag)


@dataclass(frozen=True)
class _Page:
    content: bytes
    media_type: str
    modified: int = 0
    """Seconds since 1970; 0 if nobody knows."""
    etag: str = ""
    redirect: str | None = None


def _listing(folder: Path, path: str) -> _Page:
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    title = f"Index of {html.escape(unquote(path))}"
    lines = [
        "<!DOCTYPE html>",
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1><ul>",
        "<li><a href='../'>Parent Directory</a></li>",
        *(f"<li><a href='{quote(name)}'>{html.escape(name)}</a></li>" for name in names),
        "</ul></body></html>",
    ]
    return _Page("\n".join(lines).encode(), "text/html")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A burst of connections must not meet a full queue: the default of 5 drops SYNs.
    request_queue_size = 128

    def __init__(self, port: int, site: Site) -> None:
        self.site = site
        self.connections: set[socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # Without HTTPServer's getfqdn(), which asks the name server.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Stops listening and ends the connections that are kept alive."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests, not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one piece, at once.
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        if site.latency:
            time.sleep(site.latency)
        site.may_answer.wait(LONGEST_HELD)
        path = urlsplit(self.path).path
        fault = site.take_fault(path)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
            fault = None
        if fault is None:
            self._answer(site, path)
        else:
            self._fail(site, path, fault)

    do_HEAD = do_GET

    def _answer(self, site: Site, path: str, drip: float = 0.0) -> None:
        answer = site.script(self.path) if site.script is not None else None
        if answer is not None:
            headers = {"Content-Type": answer.media_type, **answer.headers}
            self._send(answer.status, headers, answer.content, drip=drip)
            return
        page = site.page(path)
        if page is None:
            self._send(HTTPStatus.NOT_FOUND, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>\n")
            return
        if page.redirect is not None:
            self._send(HTTPStatus.MOVED_PERMANENTLY, {"Location": page.redirect}, b"")
            return
        headers = self._page_headers(site, path, page)
        if site.validators and self._is_current(page):
            del headers["Content-Type"]
            self._send(HTTPStatus.NOT_MODIFIED, headers, None)
            return
        content = page.content
        if site.gzip and page.media_type.startswith("text/"):
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                headers["Content-Encoding"] = "gzip"
                content = gzip.compress(content, 1, mtime=0)
        self._send(HTTPStatus.OK, headers, content, drip=drip)

    def _page_headers(self, site: Site, path: str, page: _Page) -> dict[str, str]:
        media_type = page.media_type
        if site.charset is not None and media_type == "text/html":
            media_type = f"text/html; charset={site.charset}"
        if any(fnmatchcase(path, pattern) for pattern in site.untyped):
            media_type = ""
        headers = {"Content-Type": media_type}
        if site.validators and page.modified:
            headers["Last-Modified"] = formatdate(page.modified, usegmt=True)
            headers["ETag"] = page.etag
        return headers

    def _is_current(self, page: _Page) -> bool:
        """RFC 9110, 13.2.2: If-None-Match decides where it is given."""
        if not page.modified:
            return False
        known = self.headers.get("If-None-Match")
        if known is not None:
            return page.etag in known or known.strip() == "*"
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return page.modified <= parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False

    def _fail(self, site: Site, path: str, fault: Fault) -> None:
        html_type = {"Content-Type": "text/html"}
        if fault.kind == "status":
            retry = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            text = f"<h1>{fault.status}</h1>\n".encode()
            self._send(fault.status, {**html_type, **retry}, text)
        elif fault.kind == "redirect":
            status = fault.status if 300 <= fault.status < 400 else HTTPStatus.FOUND
            self._send(status, {"Location": fault.location}, b"")
        elif fault.kind == "body":
            self._send(HTTPStatus.OK, html_type, fault.body)
        elif fault.kind == "drip":
            self._answer(site, path, drip=fault.seconds)
        elif fault.kind == "reset":
            self._log(0)
            self.close_connection = True
        else:
            page = site.page(path)
            content = b"" if page is None else page.content
            if fault.kind == "half_gzip":
                packed = gzip.compress(content, mtime=0)
                headers = {**html_type, "Content-Encoding": "gzip"}
                self._send(HTTPStatus.OK, headers, packed[: len(packed) // 2])
            else:
                half = content[: len(content) // 2]
                self._send(HTTPStatus.OK, html_type, half, promised=len(content))
                self.close_connection = True

    def _send(
        self,
        status: int,
        headers: Mapping[str, str],
        content: bytes | None,
        *,
        promised: int | None = None,
        drip: float = 0.0,
    ) -> None:
        self._log(status)
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        if content is not None:
            length = len(content) if promised is None else promised
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if content is None or self.command == "HEAD":
            return
        if not drip:
            self.wfile.write(content)
            return
        piece = len(content) // 10 + 1
        for start in range(0, len(content), piece):
            self.wfile.write(content[start : start + piece])
            self.wfile.flush()
            time.sleep(drip / 10)

    def _log(self, status: int) -> None:
        self.server.site.requests.append(Request(self.command, self.path, int(status)))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing on stderr: at a thousand requests a second that is what costs most."""

    def log_message(self, format: str, *args: object) -> None:
        """See log_request."""


class SiteServer:
    """Serves sites while it is entered.

        with SiteServer({"mirror": folder}) as server:
            fetch(server.url)
            assert server.requests == [("GET", "/", 200)]

    `sites` is a folder, a Site with its options, or several of either by name. `port` 0 takes
    free ports; another number is the first site's, and the others follow it. The remaining
    arguments are the options of a site given as a folder.
    """

    def __init__(
        self,
        sites: Path | Site | Mapping[str, Path | Site],
        *,
        port: int = 0,
        faults: Mapping[str, Fault] | None = None,
        latency: float = 0.0,
        gzip: bool = False,
        untyped: tuple[str, ...] = (),
    ) -> None:
        named = sites if isinstance(sites, Mapping) else {"site": sites}
        self.sites: dict[str, Site] = {
            name: site
            if isinstance(site, Site)
            else Site(site, dict(faults or {}), latency, gzip, untyped)
            for name, site in named.items()
        }
        self.port = port
        self._servers: list[_Server] = []
        self._threads: list[threading.Thread] = []

    @property
    def site(self) -> Site:
        """The first site."""
        return next(iter(self.sites.values()))

    @property
    def url(self) -> str:
        """The first site's address."""
        return self.site.url

    @property
    def urls(self) -> dict[str, str]:
        return {name: site.url for name, site in self.sites.items()}

    @property
    def requests(self) -> list[Request]:
        """The first site's requests, in the order of their answers."""
        return self.site.requests

    def __enter__(self) -> Self:
        try:
            for number, site in enumerate(self.sites.values()):
                self._serve(site, self.port + number if self.port else 0)
        except OSError:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self, site: Site, port: int) -> None:
        server = _Server(port, site)
        site.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self._servers.append(server)
        self._threads.append(thread)

    def close(self) -> None:
        """Stops serving and hangs up. Does nothing the second time."""
        for server in self._servers:
            server.hang_up()
        for thread in self._threads:
            thread.join()
        self._servers.clear()
        self._threads.clear()
