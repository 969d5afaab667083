"""What came from an address before: conditions to ask for it under, and revisits.

A page that was captured whole is asked for under the validators that came with it. Where the
server says that nothing changed (304), or sends the same bytes again, the capture is a revisit:
it names the one that holds the body, and that one is read.
"""

from __future__ import annotations

from datetime import UTC, datetime

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from cablecrawl.capture import DamagedWarc, Location, ResponseReader, payload_sha256
from cablecrawl.capture.exchange import IDENTICAL_PAYLOAD, NOT_MODIFIED, Revisit
from cablecrawl.capture.http import content_codings, content_type, parse_head
from cablecrawl.decoding import UndecodableError, decode_content
from cablecrawl.runs import Run
from cablecrawl.scope import SOURCE
from cablecrawl.sources import Source
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.store.known import LastResponse, last_response, sources_with_captures

NOT_MODIFIED_STATUS = 304

# Keys of Request.meta: that no condition is to be set, and the response that the one set names.
UNCONDITIONAL = "cablecrawl_unconditional"
_NAMED = "cablecrawl_named"


class EarlierResponses:
    """Sets conditions on requests, and finds out what answers are revisits of."""

    def __init__(self, run: Run, crawler: Crawler) -> None:
        sources: dict[str, Source] = getattr(crawler.spider, "sources", {})
        self._full = {name: source.recrawl.full for name, source in sources.items()}
        # A browser is shown the whole answer; one without a body would be shown nothing.
        self._rendered = {name for name, source in sources.items() if source.render}
        self._limit = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._responses = ResponseReader(run.data_dir / WARC_FOLDER)
        self._db = run.engine.connect()
        # A source that is new has nothing that could be asked for again.
        self._known = sources_with_captures(self._db, list(sources)) - self._rendered

    def set_condition(self, request: Request) -> None:
        """Ask for a page under the validators it last came with, if it came whole of late."""
        # Of the request that a redirect or a retry was made of: they name another response.
        if request.meta.pop(_NAMED, None) is not None:
            for name in ("If-None-Match", "If-Modified-Since"):
                request.headers.pop(name, None)
        source = request.meta.get(SOURCE)
        if source not in self._known or UNCONDITIONAL in request.meta:
            return
        last = last_response(self._db, source, request.url)
        if last is None or self._is_old(last, source):
            return
        conditions = {"If-None-Match": last.etag, "If-Modified-Since": last.last_modified}
        for name, value in conditions.items():
            if value is not None:
                request.headers[name] = value.encode("latin-1", "replace")
                request.meta[_NAMED] = last

    def not_modified(self, request: Request) -> tuple[Revisit, Headers, bytes] | str:
        """What a 304 stands for, its headers and decoded body; or why it stands for nothing."""
        last: LastResponse | None = request.meta.get(_NAMED)
        if last is None:
            return "status 304 without a condition"
        try:
            head, payload = self._responses.read(_location(last), verify=True)
            _, headers = parse_head(head)
            content = decode_content(payload, content_codings(headers), limit=self._limit)
        except (DamagedWarc, FileNotFoundError, UndecodableError) as error:
            return f"what it stands for cannot be read: {error}"
        return _revisit(last, NOT_MODIFIED), headers, content.body

    def identical(self, request: Request, response: Response) -> Revisit | None:
        """The response of which this one is a repetition; None: it brings something new.

        What the same bytes mean hangs on their type, so that must be the same too. A response
        whose record cannot be read is nothing to refer to.
        """
        source = request.meta.get(SOURCE)
        if source not in self._known:
            return None
        # Of the last one only: a page that goes back to what it was before has changed.
        same = last_response(self._db, source, request.url)
        if same is None or same.payload_sha256 != payload_sha256(response.body):
            return None
        try:
            head, _ = self._responses.read(_location(same), verify=True)
        except (DamagedWarc, FileNotFoundError):
            return None
        _, headers = parse_head(head)
        meaning = (content_type(headers), content_codings(headers))
        if meaning != (content_type(response.headers), content_codings(response.headers)):
            return None
        return _revisit(same, IDENTICAL_PAYLOAD)

    def is_known(self, request: Request) -> bool:
        """Whether the page of the request's address has come whole before."""
        source = request.meta.get(SOURCE)
        return source in self._known and last_response(self._db, source, request.url) is not None

    def close(self) -> None:
        """Let go of database and files."""
        self._db.close()
        self._responses.close()

    def _is_old(self, last: LastResponse, source: str) -> bool:
        """Whether it is time to see the page whole, whatever its server says of changes."""
        return datetime.now(UTC) - datetime.fromisoformat(last.came_whole) >= self._full[source]


def _location(last: LastResponse) -> Location:
    return Location(last.warc, last.offset, last.length)


def _revisit(last: LastResponse, profile: str) -> Revisit:
    return Revisit(
        last.capture_id,
        last.url,
        last.fetched_at,
        last.warc,
        last.payload_sha256,
        last.payload_length,
        profile,
    )
