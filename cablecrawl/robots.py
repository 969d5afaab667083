"""robots.txt as RFC 9309 has it: a site whose rules cannot be had is not crawled.

Scrapy takes any answer for rules, an error page of the server too, and none for leave; and asks
once, however long the crawl goes on.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Self
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from w3lib.url import safe_url_string

from cablecrawl.addresses import is_given, is_public_host
from cablecrawl.capture.http import content_type
from cablecrawl.decoding import decode_document
from cablecrawl.errors import StorageError
from cablecrawl.frontier import CAPTURE
from cablecrawl.items import REDIRECTS, Capture
from cablecrawl.pausing import HeldBackError
from cablecrawl.scope import DEFAULT_PORTS, FOR_ROBOTS, SOURCE, hosts_of
from cablecrawl.throttling import slow_down

logger = logging.getLogger(__name__)

ROBOTS = "cablecrawl_robots"
"""Key of Request.meta: the capture_id of the robots.txt by which it was allowed, or refused."""

# What a crawler must read at least (RFC 9309, 2.5).
MAX_BYTES = 500 * 1024
# That many it must follow (2.3.1.2). A site that leads on further, or in a circle, may be taken
# for one without rules; it is taken for one whose rules cannot be had.
MAX_REDIRECTS = 5
# The longest that rules may be kept for, in seconds (2.4).
MAX_AGE = 24 * 3600.0
# Before the pages that wait for it.
PRIORITY = 1000
# Of the 4xx answers, all of which mean "no rules" by the letter, this one asks to go slow.
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Rules:
    """What a host's robots.txt says."""

    protego: Protego | None
    """None: nothing may be asked for."""
    capture_id: str | None
    """Of the answer, or of the failure."""
    refusal: str | None = None
    """Why nothing may be: `outcome: detail`."""


class UnreachableError(Exception):
    """A robots.txt that cannot be had, with the reason in one line."""


@dataclass(frozen=True, slots=True)
class _Kept:
    rules: asyncio.Task[Rules]
    until: float


class RobotsMiddleware:
    """Asks each host for its robots.txt once a day, and refuses what it forbids."""

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = monotonic) -> None:
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self.crawler = crawler
        self.clock = clock
        self.user_agent: str = settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"]
        self.max_age = min(settings.getfloat("ROBOTS_MAX_AGE"), MAX_AGE)
        self.max_delay = settings.getfloat("CRAWL_DELAY_MAX")
        self._kept: dict[str, _Kept] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises IgnoreRequest for what may not be asked for."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        rules = await self._rules(request)
        request.meta[ROBOTS] = rules.capture_id
        if rules.protego is None:
            raise IgnoreRequest(rules.refusal)
        if not rules.protego.can_fetch(request.url, self.user_agent):
            raise IgnoreRequest("robots_denied: robots.txt forbids it")

    async def _rules(self, request: Request) -> Rules:
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        kept = self._kept.get(site)
        if kept is None or self.clock() >= kept.until:
            task = asyncio.ensure_future(self._ask(site, request.meta.get(SOURCE)))
            kept = self._kept[site] = _Kept(task, self.clock() + self.max_age)
        # Several pages wait for it: one that is cancelled takes it from no other.
        return await asyncio.shield(kept.rules)

    async def _ask(self, site: str, source: str | None) -> Rules:
        asked: list[Request] = []
        try:
            response = await self._fetch(f"{site}/robots.txt", source, asked)
        except (StorageError, HeldBackError):
            raise
        except Exception as error:
            why = " ".join((str(error) or type(error).__name__).split())
            logger.warning("%s/robots.txt cannot be had (%s): the site is not crawled", site, why)
            self.crawler.stats.inc_value("cablecrawl/robots_unreachable")
            return Rules(None, _capture_id(asked[-1]), f"robots_unreachable: {why}")
        capture_id = _capture_id(response.request or asked[-1])
        text = rules_of(response) if 200 <= response.status < 300 else ""
        protego = Protego.parse(text)
        host = urlsplit(site).hostname or ""
        delay = stated_delay(protego, self.user_agent)
        if delay > self.max_delay:
            logger.warning(
                "%s/robots.txt asks for %.10g s between requests, more than CRAWL_DELAY_MAX ="
                " %.10g: the site is not crawled",
                *(site, delay, self.max_delay),
            )
            refusal = f"robots_denied: a Crawl-delay of {delay:.10g} s is a refusal"
            return Rules(None, capture_id, refusal)
        slow_down(self.crawler.engine.downloader, host, delay)
        return Rules(protego, capture_id)

    async def _fetch(self, url: str, source: str | None, asked: list[Request]) -> Response:
        """The answer behind all redirects. Raises UnreachableError, and what Scrapy raises."""
        seen: set[str] = set()
        while True:
            seen.add(url)
            request = self._request(url, source)
            asked.append(request)
            response: Response = await self.crawler.engine.download_async(request)
            if response.status >= 500 or response.status == TOO_MANY_REQUESTS:
                raise UnreachableError(f"HTTP status {response.status}")
            location = response.headers.get("Location")
            if response.status not in REDIRECTS or location is None:
                return response
            url = urljoin(url, safe_url_string(location.decode("latin-1"))).partition("#")[0]
            parts = urlsplit(url)
            if parts.scheme not in DEFAULT_PORTS:
                raise UnreachableError(f"unsupported_scheme: it leads to {url}")
            if not self._may_be_reached(parts.hostname or "", source):
                raise UnreachableError(f"address_refused: it leads to {url}, no public address")
            if url in seen:
                raise UnreachableError("it leads in a circle")
            if len(seen) > MAX_REDIRECTS:
                raise UnreachableError(f"more than {MAX_REDIRECTS} redirects")

    def _request(self, url: str, source: str | None) -> Request:
        meta = {"dont_obey_robotstxt": True, "dont_redirect": True, FOR_ROBOTS: True}
        return Request(
            url,
            callback=NO_CALLBACK,
            priority=PRIORITY,
            meta=meta if source is None else {**meta, SOURCE: source},
        )

    def _may_be_reached(self, host: str, source: str | None) -> bool:
        sources = getattr(self.crawler.spider, "sources", {})
        return is_public_host(host) or (
            source in sources and is_given(host, hosts_of(sources[source]))
        )


def rules_of(response: Response) -> str:
    """The text of a robots.txt, as far as it is read: to the last whole line of MAX_BYTES."""
    body = response.body
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return decode_document(body, content_type(response.headers)).text


def stated_delay(rules: Protego, user_agent: str) -> float:
    """Seconds between two requests by Crawl-delay and Request-rate, the larger; 0 for none."""
    delay = rules.crawl_delay(user_agent) or 0.0
    rate = rules.request_rate(user_agent)
    if rate is not None and rate.requests > 0:
        delay = max(delay, rate.seconds / rate.requests)
    return 0.0 if math.isnan(delay) else max(delay, 0.0)


def _capture_id(request: Request) -> str | None:
    capture: Capture | None = request.meta.get(CAPTURE)
    return capture.capture_id if capture is not None else None
