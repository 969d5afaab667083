"""How far apart requests to a host are: never less than its robots.txt, source or user says.

Scrapy's AutoThrottle goes down to DOWNLOAD_DELAY, whatever is said of one host.
"""

from __future__ import annotations

from scrapy import Request, Spider
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.settings import SETTINGS_PRIORITIES

from cablecrawl.addresses import is_loopback_host


def least_delay(downloader: Downloader, host: str) -> float:
    """Seconds that must lie between two requests to a host: what was said of it, or of all."""
    of_host = downloader.per_slot_settings.get(host, {})
    return float(of_host.get("delay", downloader.settings.getfloat("DOWNLOAD_DELAY")))


def slow_down(downloader: Downloader, host: str, delay: float) -> None:
    """Have at least `delay` seconds between two requests to a host from now on.

    They are a lower bound, so that Scrapy's jitter, which goes below, does not apply.
    """
    if delay <= least_delay(downloader, host):
        return
    of_host = downloader.per_slot_settings.get(host, {})
    # Also for the slots to come: Scrapy forgets one that is not used for a minute.
    downloader.per_slot_settings[host] = {**of_host, "delay": delay, "jitter": 0.0}
    slot = downloader.slots.get(host)
    if slot is not None:
        slot.delay = max(slot.delay, delay)
        slot.jitter = 0.0


class HostThrottle(AutoThrottle):
    """AutoThrottle with each host's own least delay.

    Loopback bears what it is asked: it is left alone, unless the user switches AutoThrottle on.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        priority = crawler.settings.getpriority("AUTOTHROTTLE_ENABLED") or 0
        self.with_loopback = priority > SETTINGS_PRIORITIES["project"]

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        host: str = request.meta.get("download_slot", "")
        if not self.with_loopback and is_loopback_host(host):
            return
        self.mindelay = least_delay(self.crawler.engine.downloader, host)
        self.maxdelay = max(self._max_delay(), self.mindelay)
        super()._response_downloaded(response, request, spider)
