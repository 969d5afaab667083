"""Scope: a source's requests stay on the source's hosts."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from cablecrawl.addresses import is_given, is_public_host
from cablecrawl.sources import Source

SOURCE = "cablecrawl_source"
"""Key of Request.meta: the name of the source that a request belongs to."""
VIA = "cablecrawl_via"
"""Key of Request.meta: the URL of the page that led to it."""
FOR_ROBOTS = "cablecrawl_for_robots"
"""Key of Request.meta: set where it is for a robots.txt, which may have moved to any host."""

DEFAULT_PORTS = {"http": 80, "https": 443}


def host_of(url: str) -> str | None:
    """`host` or `host:port` of an http(s) URL; the scheme's own port is left out. None: no such."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    if port is None or port == DEFAULT_PORTS[parts.scheme]:
        return parts.hostname
    return f"{parts.hostname}:{port}"


def hosts_of(source: Source) -> set[str]:
    """The hosts in a source's scope."""
    found = {host_of(url) for url in source.start_urls}
    return {host for host in found if host is not None} | set(source.hosts)


class ScopeMiddleware:
    """Refuses requests, redirected ones too, that leave their source's hosts."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._hosts: dict[str, set[str]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        name = request.meta.get(SOURCE)
        if name is None or FOR_ROBOTS in request.meta:
            return
        hosts = self._hosts.get(name)
        if hosts is None:
            sources: dict[str, Source] = getattr(self.crawler.spider, "sources", {})
            hosts = self._hosts[name] = hosts_of(sources[name])
        if host_of(request.url) not in hosts:
            host = urlsplit(request.url).hostname or ""
            is_refused = not is_public_host(host) and not is_given(host, hosts)
            if is_refused and "redirect_times" in request.meta:
                raise IgnoreRequest(f"address_refused: a redirect to {host}, no public address")
            self.crawler.stats.inc_value("cablecrawl/out_of_scope")
            raise IgnoreRequest(f"out_of_scope: {request.url} is on no host of {name}")
