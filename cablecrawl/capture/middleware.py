"""Captures every exchange, failures too, before anything else sees it.

It sits below HttpCompression, so it has the body as it came. The exchange is in the WARC file
and its row committed before the response goes on; then its content coding is undone, strictly,
and a body that is not whole is asked for again and read by nobody.

A page that a browser was shown makes two captures: the response, as it came, and the document
that the browser made of it. The second is read.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Self
from urllib.parse import urljoin

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Headers, Response
from w3lib.url import safe_url_string

from cablecrawl.browser import RENDERING, Rendering
from cablecrawl.capture import Exchange, read_response
from cablecrawl.capture.download import CUT
from cablecrawl.capture.earlier import (
    NOT_MODIFIED_STATUS,
    UNCONDITIONAL,
    EarlierResponses,
)
from cablecrawl.capture.exchange import RENDERED_MEDIA_TYPE, Revisit
from cablecrawl.capture.http import content_codings, parse_head, request_block, response_head
from cablecrawl.decoding import Content, TooLargeError, UndecodableError, decode_content
from cablecrawl.errors import StorageError
from cablecrawl.extension import RunExtension
from cablecrawl.frontier import CAPTURE, ROW
from cablecrawl.items import LEADS_TO, NOT_RENDERED, REDIRECTS, Capture
from cablecrawl.pausing import HeldBackError
from cablecrawl.robots import ROBOTS
from cablecrawl.scope import SOURCE, VIA
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.store.evidence import add_capture

logger = logging.getLogger(__name__)

OUTCOME_OF_ERROR: dict[type[BaseException], str] = {
    CannotResolveHostError: "dns",
    DownloadTimeoutError: "timeout",
    DownloadConnectionRefusedError: "refused",
    DownloadCancelledError: "too_large",
    ResponseDataLossError: "dataloss",
    UnsupportedURLSchemeError: "unsupported_scheme",
}
TLS_ERROR = re.compile(r"\b(?:ssl|tls|certificate|verify)\b|OpenSSL|VerificationError", re.I)
RESET = re.compile(r"reset|ConnectionLost|ConnectionDone|closed", re.I)

# What Scrapy's flags call a body that ended early.
DATALOSS = "dataloss"
# What Scrapy calls a body that neither a length nor a last chunk ended, and what captures do.
WITHOUT_LENGTH = "partial"
FLAG_NAMES = {WITHOUT_LENGTH: "no_length"}
# The outcome of such a body that brings something new, until a second one bears it out; and the
# key of Request.meta for how it ended. Nothing else tells a page from the half of one.
UNCONFIRMED = "unconfirmed"
_ENDED = "cablecrawl_ended"
# Two answers cut short in two places do not end alike; two whole ones do, whatever time or
# count of visits a page shows.
ENDING_BYTES = 32
# Refused before anything was sent.
NOT_SENT = frozenset(("robots_denied", "robots_unreachable", "out_of_scope", "address_refused"))

# What another try can mend of a rendered page.
TO_RENDER_AGAIN = frozenset(("browser_failed", "timeout", "incomplete"))

# The flag of a response that comes from a WARC file.
CAPTURED = "captured"
# The flag of a capture whose time is not the clock's: see cablecrawl/clock.py.
CLOCK_BEHIND = "clock_behind"


class UnreadableError(IgnoreRequest):
    """A body that is not whole, still after the last retry: `outcome: detail`."""


class CaptureMiddleware:
    """Writes exchanges through the store's writer; counts outcomes and bytes."""

    def __init__(self, crawler: Crawler, extension: RunExtension) -> None:
        self.crawler = crawler
        self.extension = extension
        self.run = extension.run
        self.warcs = extension.run.data_dir / WARC_FOLDER
        self.limit = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self.unread = extension.run.unread_captures()
        self.earlier = EarlierResponses(extension.run, crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler, RunExtension.of(crawler))
        crawler.signals.connect(middleware.earlier.close, signals.spider_closed)
        return middleware

    def process_request(self, request: Request) -> Response | None:
        """Answer from the store what a killed run had captured and not yet read."""
        unread = None
        if ROW in request.meta:
            page = (request.meta[SOURCE], request.url, request.meta.get(VIA))
            unread = self.unread.pop(page, None)
        if unread is None:
            self.earlier.set_condition(request)
            return None
        capture, location = unread
        head, body = read_response(self.warcs, location, verify=True)
        request.meta[CAPTURE] = capture
        status, headers = parse_head(head)
        self.crawler.stats.inc_value("cablecrawl/captures_read_again")
        return Response(request.url, status, headers, body, flags=[CAPTURED])

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        if response.status == NOT_MODIFIED_STATUS:
            return await self._not_modified(request, response)
        content, outcome, detail = self._assess(response)
        rendering: Rendering | None = request.meta.pop(RENDERING, None)
        if rendering is not None:
            outcome = NOT_RENDERED
        if CAPTURED not in response.flags:
            revisit = self.earlier.identical(request, response) if outcome == "ok" else None
            if (
                outcome == "ok"
                and revisit is None
                and self._is_doubtful(request, response, content)
            ):
                outcome, detail = UNCONFIRMED, "without a length, and other than before"
            await self._capture(request, response, outcome, detail, revisit, content.flags)
        if outcome in ("undecodable", "too_large", "timeout", DATALOSS, UNCONFIRMED):
            retry = None
            if outcome != "too_large":
                retry = get_retry_request(
                    request, spider=self._spider, reason=f"cablecrawl_{outcome}"
                )
            if retry is not None:
                return retry
            raise UnreadableError(f"{outcome}: {detail}")
        if rendering is not None:
            return await self._read_rendering(request, rendering)
        return _decoded(response, response.status, response.headers, content.body)

    async def _not_modified(self, request: Request, response: Response) -> Request | Response:
        """The page as it came the last time, which the server says is the same; or another try.

        Where nobody had asked for it under a condition, or what it stands for is damaged, the
        page is asked for whole.
        """
        said = self.earlier.not_modified(request)
        if isinstance(said, str):
            await self._capture(request, response, "not_modified", said)
            reason = "cablecrawl_not_modified"
            retry = get_retry_request(request, spider=self._spider, reason=reason)
            if retry is None:
                raise UnreadableError(f"not_modified: {said}")
            return retry.replace(meta={**retry.meta, UNCONDITIONAL: True})
        revisit, headers, content = said
        await self._capture(request, response, "ok", None, revisit)
        return _decoded(response, 200, headers, content)

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """A failure is a capture too: that nothing came is evidence."""
        if isinstance(exception, StorageError | HeldBackError):
            return
        await self._capture(request, None, outcome_of(exception), _one_line(exception))

    @property
    def _spider(self) -> Spider:
        assert self.crawler.spider is not None
        return self.crawler.spider

    def _assess(self, response: Response) -> tuple[Content, str, str | None]:
        """The body with its content coding undone, the outcome, and what is wrong."""
        if DATALOSS in response.flags:
            return Content(b""), DATALOSS, "the body is shorter than its Content-Length"
        if CUT in response.flags and len(response.body) > self.limit:
            return Content(b""), "too_large", f"cut: the body has more than {self.limit:,} bytes"
        if CUT in response.flags:
            return Content(b""), "timeout", "cut: the body was still coming when the time was up"
        codings = content_codings(response.headers)
        try:
            content = decode_content(response.body, codings, limit=self.limit)
        except TooLargeError as error:
            return Content(b""), "too_large", str(error)
        except UndecodableError as error:
            return Content(b""), "undecodable", str(error)
        if response.status == 200:
            return content, "ok", None
        return content, "http_error", redirect_target(response)

    def _is_doubtful(self, request: Request, response: Response, content: Content) -> bool:
        """Whether a body may be cut short: none tells its end, and none before ended like it."""
        if WITHOUT_LENGTH not in response.flags or not self.earlier.is_known(request):
            return False
        ended, request.meta[_ENDED] = request.meta.get(_ENDED), content.body[-ENDING_BYTES:].hex()
        return bool(ended != request.meta[_ENDED])

    async def _capture(
        self,
        request: Request,
        response: Response | None,
        outcome: str,
        detail: str | None,
        revisit: Revisit | None = None,
        found_odd: Sequence[str] = (),
    ) -> None:
        fetched_at, is_true = self.run.clock.now()
        scrapys = response.flags if response is not None else ()
        flags = (*(FLAG_NAMES.get(flag, flag) for flag in scrapys), *found_odd)
        payload = response.body if response is not None else b""
        exchange = Exchange(
            capture_id=uuid.uuid4().urn,
            run_id=self.run.id,
            source=request.meta[SOURCE],
            url=request.url,
            via=request.meta.get(VIA),
            fetched_at=fetched_at,
            outcome=outcome,
            status=response.status if response is not None else None,
            request_block=b"" if outcome in NOT_SENT else request_block(request),
            response_head=response_head(response) if response is not None else b"",
            payload=payload if revisit is None else b"",
            ip_address=str(response.ip_address) if response and response.ip_address else None,
            flags=flags if is_true else (*flags, CLOCK_BEHIND),
            truncated=_truncation(response, outcome),
            detail=detail,
            revisit=revisit,
            robots=request.meta.get(ROBOTS),
        )
        await self._store(request, exchange)
        stats = self.crawler.stats
        stats.inc_value("cablecrawl/captures")
        stats.inc_value(f"cablecrawl/captures/{outcome}")
        stats.inc_value("cablecrawl/bytes", len(payload))
        if revisit is not None:
            stats.inc_value(f"cablecrawl/revisits/{exchange.source}")

    async def _read_rendering(self, request: Request, rendering: Rendering) -> Request | Response:
        """Captures the document that a browser made of a response, or that it made none.

        Returns it to be read, or another try.
        """
        response: Capture = request.meta[CAPTURE]
        outcome, flags, retry = rendering.outcome, rendering.flags, None
        if outcome in TO_RENDER_AGAIN:
            retry = get_retry_request(request, spider=self._spider, reason=f"cablecrawl_{outcome}")
        if outcome == "incomplete" and retry is None:
            # What it lacks is lasting, and perhaps a counter of visits: what there is is read.
            outcome, flags = "ok", (*flags, "incomplete")
        exchange = Exchange(
            capture_id=uuid.uuid4().urn,
            run_id=self.run.id,
            source=request.meta[SOURCE],
            url=request.url,
            via=request.meta.get(VIA),
            fetched_at=self.run.clock.now().time,
            outcome=outcome,
            status=None,
            request_block=b"",
            response_head=b"",
            payload=rendering.document,
            flags=flags,
            detail=rendering.detail,
            rendered_from=response.capture_id if rendering.document else None,
        )
        await self._store(request, exchange)
        self.crawler.stats.inc_value(f"cablecrawl/captures/{outcome}")
        if retry is not None:
            return retry
        if outcome != "ok":
            raise UnreadableError(f"{outcome}: {rendering.detail}")
        headers = {"Content-Type": RENDERED_MEDIA_TYPE}
        return Response(request.url, headers=headers, body=rendering.document, flags=list(flags))

    async def _store(self, request: Request, exchange: Exchange) -> None:
        """Have an exchange written; its capture is in the request's meta then."""
        is_read = exchange.outcome != "ok" or ROW not in request.meta
        insert = partial(add_capture, is_read=is_read)
        try:
            capture: Capture = await asyncio.wrap_future(
                self.run.writer.submit_capture(exchange, insert)
            )
        except Exception as error:
            self.extension.fail(error)
            raise IgnoreRequest("the store cannot be written") from error
        request.meta[CAPTURE] = capture


def _decoded(response: Response, status: int, headers: Headers, content: bytes) -> Response:
    """A response whose content coding is undone."""
    headers = headers.copy()
    headers.pop("Content-Encoding", None)
    # A plain Response: a text one would have Scrapy guess at its encoding.
    return Response(
        response.url,
        status=status,
        headers=headers,
        body=content,
        flags=response.flags,
        certificate=response.certificate,
        ip_address=response.ip_address,
        protocol=response.protocol,
    )


def _truncation(response: Response | None, outcome: str) -> str | None:
    """WARC-Truncated, for a body that did not come whole."""
    if outcome == DATALOSS:
        return "disconnect"
    if response is None or CUT not in response.flags:
        return None
    return "time" if outcome == "timeout" else "length"


def redirect_target(response: Response) -> str | None:
    """Where a redirect leads, as a capture's detail has it; None for any other response."""
    location = response.headers.get("Location")
    if response.status not in REDIRECTS or location is None:
        return None
    try:
        return LEADS_TO + urljoin(response.url, safe_url_string(location.decode("latin-1")))
    except ValueError:
        return None


def outcome_of(error: BaseException) -> str:
    """One word for why there was no response."""
    if isinstance(error, IgnoreRequest):
        text = str(error)
        return text.partition(":")[0] if ": " in text else "not_requested"
    for kind, outcome in OUTCOME_OF_ERROR.items():
        if isinstance(error, kind):
            return outcome
    text = f"{error!r} {error.__cause__!r}"
    if TLS_ERROR.search(text):
        return "tls"
    return "reset" if RESET.search(text) else "failed"


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]
