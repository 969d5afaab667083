"""robots.txt as RFC 9309 has it: a site whose rules cannot be had is not crawled.

Scrapy takes any answer for rules, an error page of the server too, and none for leave.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import ProtegoRobotParser

from cablecrawl.errors import StorageError
from cablecrawl.scope import SOURCE

logger = logging.getLogger(__name__)

# What a crawler must read at least (RFC 9309, 2.5).
MAX_BYTES = 500 * 1024
# Before the pages that wait for it.
PRIORITY = 1000
# Of the 4xx answers, all of which mean "no rules" by the letter, this one asks to go slow.
TOO_MANY_REQUESTS = 429

Rules = ProtegoRobotParser | str
"""A host's rules, or why there are none to be had."""


class RobotsMiddleware:
    """Asks each host for its robots.txt once, and refuses what it forbids."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self.crawler = crawler
        self.user_agent: str = (
            crawler.settings["ROBOTSTXT_USER_AGENT"] or crawler.settings["USER_AGENT"]
        )
        self._rules: dict[str, asyncio.Task[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if request.meta.get("dont_obey_robotstxt"):
            return
        parts = urlsplit(request.url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._rules:
            self._rules[host] = asyncio.ensure_future(self._fetch(host, request))
        rules = await self._rules[host]
        if isinstance(rules, str):
            raise IgnoreRequest(f"robots_unreachable: {rules}")
        if not rules.allowed(request.url, self.user_agent):
            raise IgnoreRequest("robots_denied: robots.txt forbids it")

    async def _fetch(self, host: str, page: Request) -> Rules:
        source = {SOURCE: page.meta[SOURCE]} if SOURCE in page.meta else {}
        request = Request(
            f"{host}/robots.txt",
            callback=NO_CALLBACK,
            priority=PRIORITY,
            meta={"dont_obey_robotstxt": True, **source},
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            if isinstance(error, StorageError):
                raise
            return self._unreachable(host, str(error) or type(error).__name__)
        if response.status >= 500 or response.status == TOO_MANY_REQUESTS:
            return self._unreachable(host, f"HTTP status {response.status}")
        body = response.body[:MAX_BYTES] if 200 <= response.status < 300 else b""
        return ProtegoRobotParser.from_crawler(self.crawler, body)

    def _unreachable(self, host: str, why: str) -> str:
        why = " ".join(why.split())
        logger.warning("%s/robots.txt cannot be had (%s): the site is not crawled", host, why)
        self.crawler.stats.inc_value("cablecrawl/robots_unreachable")
        return why
