"""Scrapy's download handler for HTTP, with bounds on what a server can make it hold.

Scrapy bounds the body and the time of an exchange as a whole. A head that never ends, of any
number of lines, is held in memory all the while; and what had come of a body is thrown away.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request, signals
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadFailedError,
    IgnoreRequest,
    StopDownload,
)
from scrapy.http import Headers, Response
from twisted.python.failure import Failure
from twisted.web._newclient import BODY, DONE

from cablecrawl.connecting import AddressGuard

# Status line and header lines; browsers stop at 256 kB, servers at 8 to 64.
MAX_HEAD = 256 * 1024

# Of DOWNLOAD_TIMEOUT, at which Scrapy ends an exchange and drops what came: a body that is still
# coming by then is cut before, and kept.
CUT_AFTER = 0.9

CUT = "download_stopped"
"""Scrapy's flag of a response whose body was cut here, by its size or its time."""


class HeadTooLargeError(Exception):
    """A response whose head does not end."""


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Gives up on a response whose head has more than MAX_HEAD bytes."""

    _head = 0

    def request(self, request: Any) -> Any:
        self._head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:
        if self._parser is not None and self._parser.state not in (BODY, DONE):
            self._head += len(data)
            if self._head > MAX_HEAD:
                reason = f"the head of the response has more than {MAX_HEAD:,} bytes"
                self._giveUp(Failure(HeadTooLargeError(reason)))  # type: ignore[no-untyped-call]  # Twisted's
                self.transport.abortConnection()  # type: ignore[union-attr]  # connected here
                return
        super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted's


class _BoundedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: Any) -> _BoundedProtocol:
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]  # Twisted's


class BoundedHandler(HTTP11DownloadHandler):
    """Says of a host that is not to be reached that it was refused, and bounds heads."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Private; Scrapy sets its own in the same way.
        self._pool._factory = _BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """Raises IgnoreRequest for an address that is refused."""
        try:
            return await super().download_request(request)
        except CannotResolveHostError as error:
            guard = self._crawler.get_extension(AddressGuard)
            host = urlsplit(request.url).hostname or ""
            refusal = guard.refusal_of(host) if guard is not None else None
            if refusal is None:
                raise
            raise IgnoreRequest(f"address_refused: {refusal}") from error
        except DownloadFailedError as error:
            for reason in getattr(error.__cause__, "reasons", ()):
                if reason.check(HeadTooLargeError):
                    raise DownloadCancelledError(str(reason.value)) from error
            raise


class BodyCutter:
    """Ends the body of a response that is too long, or takes too long; what came is kept."""

    def __init__(self, crawler: Crawler) -> None:
        self.limit = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self.timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._bodies: WeakKeyDictionary[Request, _Body] = WeakKeyDictionary()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        cutter = cls(crawler)
        crawler.signals.connect(cutter.headers_received, signals.headers_received)
        crawler.signals.connect(cutter.bytes_received, signals.bytes_received)
        return cutter

    def headers_received(self, headers: Headers, body_length: int, request: Request) -> None:
        begun = monotonic() - request.meta.get("download_latency", 0.0)
        seconds = request.meta.get("download_timeout", self.timeout)
        self._bodies[request] = _Body(begun + CUT_AFTER * seconds)

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Raises StopDownload."""
        body = self._bodies.get(request)
        if body is None:
            return
        body.received += len(data)
        if monotonic() > body.until or 0 < self.limit < body.received:
            del self._bodies[request]
            raise StopDownload(fail=False)


class _Body:
    __slots__ = ("received", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.received = 0
