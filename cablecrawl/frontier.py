"""The frontier: a scheduler whose requests are rows, so that kill -9 loses none of them.

Scrapy's JOBDIR loses them: killed and started again it ends at once with 610 of 1,000 pages
never asked for. Here a request is pending, leased, or done, and it is done only when the
engine has let go of it: downloaded, read, and its items committed. All rows are written by
the store's writer, in order: what a page gave is always committed before the page is done.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.utils.request import request_from_dict
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from cablecrawl.extension import RunExtension
from cablecrawl.items import Capture
from cablecrawl.runs import DONE, LEASED, PENDING, WITHHELD
from cablecrawl.scope import SOURCE
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import mark_read

# Requests of one source held in memory ahead of their turn, and when to fetch more.
AHEAD = 64
LOW = 32
# Requests that one page gave are written together.
MAX_OUTBOX = 500

# Keys of Request.meta: the row of a leased request, and the capture its download made.
ROW = "cablecrawl_row"
CAPTURE = "cablecrawl_capture"
# Set by a spider that asks for one page more than once: what for, such as the post that is
# gone from its own address and is to be read from an archive.
PURPOSE = "cablecrawl_for"

_NEW = insert(t.frontier)
_INSERT = _NEW.on_conflict_do_update(
    index_elements=["source", "fingerprint"],
    # Known already, unless it was only withheld so far.
    set_={"state": PENDING, "priority": _NEW.excluded.priority},
    where=(t.frontier.c.state == WITHHELD) & (_NEW.excluded.state == PENDING),
)
# A retry takes its own row again.
_RETRY = insert(t.frontier).on_conflict_do_update(
    index_elements=["source", "fingerprint"],
    set_={"state": PENDING, "request": insert(t.frontier).excluded.request},
)
_IS_PENDING = (t.frontier.c.source == bindparam("source")) & (t.frontier.c.state == PENDING)
# Of the highest priority alone: ordered by priority and ID, all rows that are pending would be
# sorted each time (0.15 s where there are 90,000), since the index has the one the other way.
_NEXT = (
    select(t.frontier.c.id, t.frontier.c.request)
    .where(
        _IS_PENDING,
        t.frontier.c.priority
        == select(func.max(t.frontier.c.priority)).where(_IS_PENDING).scalar_subquery(),
    )
    .order_by(t.frontier.c.id)
    .limit(bindparam("count"))
)
_SET_STATE = (
    update(t.frontier).where(t.frontier.c.id == bindparam("row")).values(state=bindparam("new"))
)

# Set on a request that is only to be made if the crawl finds that the source has changed.
HOLD = "cablecrawl_hold"

_RELEASE = (
    update(t.frontier)
    .where(t.frontier.c.source == bindparam("name"), t.frontier.c.state == WITHHELD)
    .values(state=PENDING)
)

Leases = dict[str, list[tuple[int, str]]]


class FrontierScheduler(BaseScheduler):
    """Hands out the requests of all sources by turns, fewest under way first."""

    def __init__(self, crawler: Crawler, extension: RunExtension) -> None:
        self.crawler = crawler
        self.extension = extension
        self.writer = extension.run.writer
        self.sources = [source.name for source in extension.run.description.sources]
        self.ahead: dict[str, deque[Request]] = {name: deque() for name in self.sources}
        self.leased: dict[int, Request] = {}
        self.under_way: dict[str, int] = dict.fromkeys(self.sources, 0)
        self._outbox: list[dict[str, Any]] = []
        self._retries: list[dict[str, Any]] = []
        self._refilling = False
        # Sources that may have rows not asked for yet: at first, those of an earlier run.
        self._more = set(self.sources)
        # Sources whose requests stay where they are until the next run.
        self._given_up: set[str] = set()
        self._is_closed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, RunExtension.of(crawler))

    def open(self, spider: Spider) -> None:
        self.spider = spider
        self._loop = asyncio.get_running_loop()

    def close(self, reason: str) -> None:
        self._flush()
        self._finish(in_progress=set())
        self._is_closed = True

    def has_pending_requests(self) -> bool:
        return bool(
            self._outbox
            or self._retries
            or self._refilling
            or self._more
            or any(self.ahead.values())
        )

    def give_up(self, source: str) -> None:
        """Hand out no more of a source: what is left is for the next run."""
        self._given_up.add(source)
        self.ahead[source].clear()
        self._more.discard(source)

    def enqueue_request(self, request: Request) -> bool:
        if self._is_closed:  # from `start`, which Scrapy goes on to take from for a moment
            return False
        source = request.meta[SOURCE]
        row = request.meta.get(ROW)
        held = self.leased.get(row) if row is not None else None
        fingerprint = self._fingerprint(request)
        values = {
            "source": source,
            "crawl": self.extension.run.crawl,
            "fingerprint": fingerprint,
            "state": WITHHELD if request.meta.get(HOLD) else PENDING,
            "priority": request.priority,
            "request": self._to_json(request),
        }
        if held is not None and self._fingerprint(held) == fingerprint:
            self._let_go(held)
            self._retries.append(values)
        else:
            self._outbox.append(values)
        if len(self._outbox) >= MAX_OUTBOX:
            self._flush()
        return True

    def release(self, source: str) -> None:
        """Make what was withheld of a source pending: it has changed."""
        self._flush()
        self._more.add(source)

        def job(db: Connection) -> None:
            db.execute(_RELEASE, {"name": source})

        self.extension.watch(self.writer.submit(job))

    async def written(self) -> bool:
        """Wait until the requests handed over so far are rows; False: the crawl ends, no more."""
        if self._is_closed or self.extension.has_failed:
            return False
        self._flush()
        future = self.writer.submit(_no_job)
        self.extension.watch(future)
        await asyncio.wait([asyncio.wrap_future(future)])
        return not self._is_closed and not self.extension.has_failed

    def next_request(self) -> Request | None:
        engine = self.crawler.engine
        # Private, and the one place that holds a request from its download to its last item.
        assert engine._slot is not None
        # In this order: a page is done when what it gave is on its way to the database.
        self._flush()
        self._finish(engine._slot.inprogress)
        self._refill()
        waiting = [name for name in self.sources if self.ahead[name]]
        if not waiting:
            return None
        source = min(waiting, key=lambda name: self.under_way[name])
        request = self.ahead[source].popleft()
        self.leased[request.meta[ROW]] = request
        self.under_way[source] += 1
        return request

    def _fingerprint(self, request: Request) -> bytes:
        """What is asked for, and what for where the spider says that.

        With a purpose, each redirect counts as another request: one that leads in a circle is
        to end with an error, as in Scrapy, and not as a page that is known already.
        """
        plain: bytes = self.crawler.request_fingerprinter.fingerprint(request)
        purpose = request.meta.get(PURPOSE)
        if purpose is None:
            return plain
        redirects = request.meta.get("redirect_times", 0)
        return hashlib.sha1(plain + f"{redirects} {purpose}".encode()).digest()

    def _finish(self, in_progress: set[Request]) -> None:
        """Mark as done what the engine has let go of."""
        finished = [request for request in self.leased.values() if request not in in_progress]
        for request in finished:
            self._let_go(request)
        if finished and not self.extension.has_failed:
            rows = [request.meta[ROW] for request in finished]
            captures: list[Capture] = [
                request.meta[CAPTURE] for request in finished if CAPTURE in request.meta
            ]

            def job(db: Connection) -> None:
                mark_read(db, [capture.id for capture in captures])
                db.execute(_SET_STATE, [{"row": row, "new": DONE} for row in rows])

            self.extension.watch(self.writer.submit(job))

    def _let_go(self, request: Request) -> None:
        del self.leased[request.meta[ROW]]
        self.under_way[request.meta[SOURCE]] -= 1

    def _flush(self) -> None:
        """Hand new requests to the writer."""
        if not self._outbox and not self._retries:
            return
        new, retries = self._outbox, self._retries
        self._outbox, self._retries = [], []
        self._more.update(values["source"] for values in (*new, *retries))
        self._more -= self._given_up

        def job(db: Connection) -> None:
            if new:
                db.execute(_INSERT, new)
            if retries:
                db.execute(_RETRY, retries)

        self.extension.watch(self.writer.submit(job))

    def _refill(self) -> None:
        """Ask the writer for more requests; they come when what was handed to it is written."""
        if self.extension.has_failed:
            self._more.clear()
        wanted = {
            name: AHEAD - len(self.ahead[name])
            for name in self._more
            if len(self.ahead[name]) < LOW
        }
        if self._refilling or not wanted:
            return
        self._refilling = True
        self._more.difference_update(wanted)

        def job(db: Connection) -> Leases:
            return {source: _lease(db, source, count) for source, count in wanted.items()}

        future = self.writer.submit(job)
        self.extension.watch(future)
        future.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._deliver, done, wanted)
        )

    def _deliver(self, done: Future[Leases], wanted: dict[str, int]) -> None:
        self._refilling = False
        if done.exception() is None:
            for source, leases in done.result().items():
                if source in self._given_up:
                    continue
                for row, request in leases:
                    self.ahead[source].append(self._from_json(row, request))
                # A full answer means that there may be more.
                if len(leases) == wanted[source]:
                    self._more.add(source)
        slot = self.crawler.engine._slot
        if slot is not None:
            slot.nextcall.schedule()

    def _to_json(self, request: Request) -> str:
        """A request as a row keeps it; what its download left in `meta` stays behind."""
        if request.method != "GET" or request.body:
            raise ValueError(f"{request}: the frontier keeps GET requests without a body")
        meta = {
            key: value
            for key, value in request.meta.items()
            if key != ROW and isinstance(value, str | int | float | bool | list)
        }
        # Request.to_dict looks through all members of the spider for each callback (0.15 ms).
        return json.dumps(
            {
                "url": request.url,
                "priority": request.priority,
                "callback": _name_of(request.callback),
                "errback": _name_of(request.errback),
                "cb_kwargs": request.cb_kwargs,
                "meta": meta,
            }
        )

    def _from_json(self, row: int, text: str) -> Request:
        request = request_from_dict(json.loads(text), spider=self.spider)
        request.meta[ROW] = row
        return request


def _lease(db: Connection, source: str, count: int) -> list[tuple[int, str]]:
    """The next requests of a source, leased from now on: fewer than `count` if no more are left."""
    leased: list[tuple[int, str]] = []
    while len(leased) < count:
        rows = db.execute(_NEXT, {"source": source, "count": count - len(leased)}).all()
        if not rows:
            break
        db.execute(_SET_STATE, [{"row": row.id, "new": LEASED} for row in rows])
        leased += [(row.id, row.request) for row in rows]
    return leased


def _no_job(_: Connection) -> None:
    """Done when what was handed over before it is."""


def _name_of(method: Callable[..., Any] | None) -> str | None:
    """The name of a spider's method, which is what `request_from_dict` looks it up by."""
    return None if method is None else method.__name__
