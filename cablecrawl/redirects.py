"""Redirects as Scrapy follows them, for a project whose requests send no Referer."""

from __future__ import annotations

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Response


class RedirectWithoutReferer(RedirectMiddleware):
    """Scrapy's own, without its warning at each start that no RefererMiddleware is there."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware

    def handle_referer(self, request: Request, response: Response) -> None:
        """No request says where it comes from, a redirected one neither."""
        request.headers.pop("Referer", None)
