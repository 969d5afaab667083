"""Redirects as Scrapy follows them, for a project whose requests send no Referer."""

from __future__ import annotations

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Response


class RedirectWithoutReferer(RedirectMiddleware):
    """Scrapy's own, which warns at each start where there is no RefererMiddleware."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """No request says where it comes from, a redirected one neither."""
        request.headers.pop("Referer", None)
