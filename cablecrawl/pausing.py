"""Hosts that ask to be left alone for a while (429, 503) are, and all others go on.

A host that says for how long (Retry-After) is asked again then, and none of that counts as a
failed try. One that does not say is asked again after pauses that double. A source whose host
asks for too long, or answers nothing else, is given up for this run: what is still to be asked of
it stays in the frontier, for the next.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Self

from scrapy import Request, signals
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Headers, Response
from scrapy.utils.asyncio import call_later
from scrapy.utils.response import response_status_message

from cablecrawl.frontier import FrontierScheduler
from cablecrawl.scope import FOR_ROBOTS, SOURCE

logger = logging.getLogger(__name__)

ASKS_TO_WAIT = frozenset((429, 503))

# Keys of Request.meta: how often, and how many seconds in all, its host has asked it to wait.
WAITS = "cablecrawl_waits"
WAITED = "cablecrawl_waited"

# A host that says "0 seconds" again and again is asked for one page so many times.
MAX_WAITS = 10
# A host that does not say how long: ten times what lies between two requests anyway, then twice
# that, and so on. With DOWNLOAD_DELAY=0, of this many seconds.
BACKOFF = 10.0
LEAST_DELAY = 0.01
# So many pages in a row whose tries are used up, and no other answer: the host is down.
PAGES_IN_A_ROW = 3
# Seconds between two looks at whether the crawl is to end, while a host is waited for.
LOOK = 0.5


class HeldBackError(Exception):
    """A request that was not made, and stays in the frontier."""


@dataclass(slots=True)
class _Host:
    until: float = 0.0
    """Not before, by the monotonic clock."""
    exhausted: int = 0
    """Pages in a row whose tries are used up."""


class PausingMiddleware:
    """Counts `cablecrawl/pauses` and `cablecrawl/paused_seconds`, by host too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("RETRY_AFTER_MAX")
        self.retry_times = crawler.settings.getint("RETRY_TIMES")
        self.hosts: dict[str, _Host] = {}
        self.given_up: dict[str, str] = {}
        """Sources that are not asked any more, with the reason."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.reached_downloader, signals.request_reached_downloader)
        crawler.signals.connect(middleware.response_downloaded, signals.response_downloaded)
        return middleware

    def response_downloaded(self, request: Request, response: Response) -> None:
        """Pause the host at once: its slot sends the next request before any middleware acts."""
        name: str = request.meta.get("download_slot", "")
        if response.status not in ASKS_TO_WAIT or not name:
            return
        seconds = retry_after(response.headers, datetime.now(UTC))
        if seconds is None:
            tries = request.meta.get("retry_times", 0)
            if tries >= self.retry_times:
                return
            slot = self.crawler.engine.downloader.slots.get(name)
            delay = max(slot.delay if slot is not None else 0.0, LEAST_DELAY)
            seconds = min(BACKOFF * delay * 2**tries, self.longest)
        host = self.hosts.setdefault(name, _Host())
        if seconds > self.longest:  # the source is about to be given up: see process_response
            host.until = max(host.until, monotonic() + LOOK)
            self._hold(name, host)
        else:
            self._pause(name, host, seconds, response.status)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        name: str = request.meta.get("download_slot", "")
        if response.status not in ASKS_TO_WAIT:
            if name in self.hosts:
                self.hosts[name].exhausted = 0
            return response
        if not name or request.meta.get("dont_retry"):
            return response
        if request.meta.get(SOURCE) in self.given_up and FOR_ROBOTS not in request.meta:
            return _again(request)  # was under way by then
        asked_for = retry_after(response.headers, datetime.now(UTC))
        if asked_for is None:
            return self._try_again(name, request, response)
        waits = request.meta.get(WAITS, 0) + 1
        waited = request.meta.get(WAITED, 0.0) + asked_for
        if waits > MAX_WAITS or waited > self.longest:
            in_all = f", {waited:,.0f} s in all" if waits > 1 else ""
            self._give_up(
                request,
                f"{name} answers {response.status} and asks to wait for {asked_for:,.0f} s{in_all}",
            )
            return response
        again = _again(request)
        again.meta.update({WAITS: waits, WAITED: waited})
        return again

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Hand a request that was held back to the frontier again."""
        if not isinstance(exception, HeldBackError) or FOR_ROBOTS in request.meta:
            return None
        return _again(request)

    def reached_downloader(self, request: Request) -> None:
        """Scrapy forgets slots that are not used for a minute, and their pauses with them."""
        name: str = request.meta.get("download_slot", "")
        host = self.hosts.get(name)
        if host is not None and host.until > monotonic():
            self._hold(name, host)

    def _try_again(self, name: str, request: Request, response: Response) -> Request | Response:
        assert self.crawler.spider is not None
        again = get_retry_request(
            request, spider=self.crawler.spider, reason=response_status_message(response.status)
        )
        if again is not None:
            return again
        host = self.hosts.get(name)
        if host is not None:
            host.exhausted += 1
            if host.exhausted >= PAGES_IN_A_ROW:
                self._give_up(request, f"{name} answers {response.status} and nothing else")
        return response

    def _pause(self, name: str, host: _Host, seconds: float, status: int) -> None:
        now = monotonic()
        until = now + seconds
        if until <= host.until:
            return  # an answer to what was asked before the pause
        stats = self.crawler.stats
        if host.until <= now:
            stats.inc_value(f"cablecrawl/pauses/{name}")
            logger.warning(
                "%s answers %d: nothing is asked of it for %.10g s", name, status, round(seconds, 1)
            )
        added = until - max(now, host.until)
        stats.inc_value(f"cablecrawl/paused_seconds/{name}", added)  # type: ignore[arg-type]  # seconds are no whole number
        host.until = until
        self._hold(name, host)

    def _hold(self, name: str, host: _Host) -> None:
        """Keep a slot's requests in its queue: it sends none while it has a call to wait for."""
        slot = self.crawler.engine.downloader.slots.get(name)
        if slot is None:
            return
        if slot.latercall is not None:
            slot.latercall.cancel()
        seconds = min(max(host.until - monotonic(), 0.0), LOOK)
        slot.latercall = call_later(seconds, self._look, name, host, slot)

    def _look(self, name: str, host: _Host, slot: Slot) -> None:
        slot.latercall = None
        engine = self.crawler.engine
        # Private, both; Scrapy gives no sign when it begins to end, and waits for its queues then.
        if engine._slot is None or engine._slot.closing is not None:
            hold_back(slot)
        if host.until > monotonic() and slot.queue:
            self._hold(name, host)
        else:
            engine.downloader._process_queue(slot)

    def _give_up(self, request: Request, why: str) -> None:
        source = request.meta.get(SOURCE)
        scheduler = self.crawler.engine._slot.scheduler if self.crawler.engine._slot else None
        if source is None or source in self.given_up:
            return
        if not isinstance(scheduler, FrontierScheduler):
            return
        logger.warning("%s: %s: given up for this run", source, why)
        self.given_up[source] = why
        self.crawler.stats.set_value(f"cablecrawl/given_up/{source}", why)
        scheduler.give_up(source)
        for slot in self.crawler.engine.downloader.slots.values():
            hold_back(slot, source)


def _again(request: Request) -> Request:
    again = request.copy()
    again.dont_filter = True
    return again


def hold_back(slot: Slot, source: str | None = None) -> None:
    """Take the requests, of all sources or of one, out of a slot's queue."""
    waiting = list(slot.queue)
    slot.queue.clear()
    for request, download in waiting:
        if source is None or request.meta.get(SOURCE) == source:
            download.errback(HeldBackError())
        else:
            slot.queue.append((request, download))


def retry_after(headers: Headers, now: datetime) -> float | None:
    """Seconds that a response asks to wait for, by RFC 9110, 10.2.3; None where it does not say.

    A date counts from the server's own, if it sends that: clocks differ.
    """
    value = (headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    until = _date(value)
    if until is None:
        return None
    since = _date((headers.get("Date") or b"").decode("latin-1")) or now
    return max((until - since).total_seconds(), 0.0)


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
