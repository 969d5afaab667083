"""The frontier without a crawl: the test plays the engine, and the crash."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.statscollectors import StatsCollector
from scrapy.utils.request import RequestFingerprinter
from sqlalchemy import insert

from cablecrawl.extension import RunExtension
from cablecrawl.frontier import AHEAD, LOW, MAX_OUTBOX, PURPOSE, ROW, FrontierScheduler, _lease
from cablecrawl.recrawl import Recrawl
from cablecrawl.runs import PENDING, Run, describe_run
from cablecrawl.scope import SOURCE
from cablecrawl.sources import source_for_url
from cablecrawl.spider import CableSpider
from cablecrawl.store import tables as t
from cablecrawl.store.database import create_folders, open_database

HOST = "http://{}.example/"


@dataclass
class Slot:
    """What the scheduler looks at of the engine."""

    inprogress: set[Request] = field(default_factory=set)
    is_called: bool = False

    @property
    def nextcall(self) -> Slot:
        return self

    def schedule(self) -> None:
        self.is_called = True


class Due:
    """A re-crawl of which these pages are due."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.left: dict[str, int] = {}

    def due(self, source: str, takes_turns: Callable[[str], bool]) -> Iterator[str]:
        return iter(self.urls)


class Engine:
    """Takes requests from a scheduler and lets go of them, as Scrapy's engine does."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._slot = Slot()
        self.engine = self
        self.has_failed = False
        self.request_fingerprinter = RequestFingerprinter()
        self.errors: list[BaseException] = []
        self.settings = Settings()
        self.stats = StatsCollector(cast(Crawler, self))
        self.scheduler = FrontierScheduler(cast(Crawler, self), cast(RunExtension, self))
        spider = CableSpider("frontier")
        self.scheduler.open(spider)
        self.spider = spider

    def watch(self, future: Future[Any]) -> None:
        def check(done: Future[Any]) -> None:
            error = done.exception()
            if error is not None:
                self.errors.append(error)

        future.add_done_callback(check)

    def request(self, page: str, source: str = "a", priority: int = 0) -> Request:
        return Request(
            HOST.format(source) + page,
            callback=self.spider.parse,
            errback=self.spider.failed,
            meta={SOURCE: source},
            priority=priority,
        )

    def add(self, page: str, source: str = "a", priority: int = 0) -> None:
        self.scheduler.enqueue_request(self.request(page, source, priority))

    async def next(self) -> Request | None:
        """The next request, under way from now on; None when there is none left to make."""
        while True:
            request = self.scheduler.next_request()
            if request is not None:
                self._slot.inprogress.add(request)
                return request
            if not self.scheduler.has_pending_requests():
                return None
            await self.written()

    def rotation(self, pages: int) -> AsyncIterator[Request]:
        """What the spider's `start` gives for so many known pages, all due."""
        spider = self.spider
        spider.crawler = cast(Crawler, self)
        spider.arguments, spider.sources = {}, {"a": self.run.description.sources[0]}
        spider.recrawl = cast(Recrawl, Due([f"{HOST.format('a')}{n}" for n in range(pages)]))
        return spider.in_rotation("a")

    def let_go(self, request: Request) -> None:
        self._slot.inprogress.discard(request)

    async def written(self) -> None:
        """Wait until the writer has done what was handed to it, and the answers are here."""
        await asyncio.wrap_future(self.run.writer.submit(lambda _: None))
        await asyncio.sleep(0)

    async def all(self) -> list[str]:
        """The pages of all requests to make, each let go of when the next is asked for."""
        pages = []
        while (request := await self.next()) is not None:
            pages.append(page_of(request))
            self.let_go(request)
        assert self.errors == []
        return pages


def page_of(request: Request) -> str:
    return request.url.rpartition("/")[2]


@contextmanager
def opened_run(folder: Path, *sources: str, ends: bool = False) -> Iterator[Run]:
    """A run that ends as a killed one does: nothing more is written, the lock is free.

    With `ends` it comes to its end.
    """
    named = [
        replace(source_for_url(HOST.format(name), "mirrors"), name=name)
        for name in sources or ("a",)
    ]
    run = Run(folder, describe_run("mirrors", {}, Settings(), named))
    try:
        yield run
    finally:
        if ends:
            run.finish("finished", "finished", {})
        else:
            run.writer.close()
            run.warc.close()
            run.engine.dispose()
            run.lock.release()


Play = Callable[[Engine], Awaitable[Any]]


def play(folder: Path, scene: Play, *sources: str, ends: bool = False) -> Any:
    """Play a scene with the frontier of a new run on a store."""

    async def on_stage(run: Run) -> Any:
        return await scene(Engine(run))

    with opened_run(folder, *sources, ends=ends) as run:
        return asyncio.run(on_stage(run))


# ------------------------------------------------------------------- within one run


def test_requests_come_out_by_priority_and_then_in_order(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[str]:
        for page, priority in (("low", 0), ("high", 10), ("second", 0), ("next", 10)):
            engine.add(page, priority=priority)
        return await engine.all()

    assert play(tmp_path, scene) == ["high", "next", "low", "second"]


def test_a_page_is_asked_for_once_however_often_it_is_linked(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[str]:
        engine.add("one")
        engine.add("one")
        first = await engine.next()
        assert first is not None
        engine.add("one#fragment")
        engine.let_go(first)
        engine.add("one")
        engine.add("two")
        return [page_of(first), *await engine.all()]

    assert play(tmp_path, scene) == ["one", "two"]


def test_the_same_url_of_two_sources_is_two_requests(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[str]:
        for source in ("a", "b"):
            engine.scheduler.enqueue_request(
                engine.request("same", "a").replace(meta={SOURCE: source})
            )
        return await engine.all()

    assert play(tmp_path, scene, "a", "b") == ["same", "same"]


def test_more_requests_than_are_held_in_memory_all_come_out(tmp_path: Path) -> None:
    pages = [f"{number:04}" for number in range(AHEAD * 3 + 1)]

    async def scene(engine: Engine) -> list[str]:
        for page in pages:
            engine.add(page)
        return await engine.all()

    assert play(tmp_path, scene) == pages


def test_requests_are_made_while_known_pages_are_still_being_handed_over(tmp_path: Path) -> None:
    """Scrapy takes them in a loop that waits for nothing while its downloader is busy."""

    async def scene(engine: Engine) -> tuple[int, bool]:
        first = asyncio.ensure_future(engine.next())
        # How many had been handed over when the first of them came out.
        handed_over: list[int] = []
        first.add_done_callback(lambda _: handed_over.append(taken))
        taken = 0
        async for request in engine.rotation(10 * MAX_OUTBOX):
            taken += 1
            engine.scheduler.enqueue_request(request)
        return taken, bool(handed_over) and handed_over[0] < taken

    assert play(tmp_path, scene) == (10 * MAX_OUTBOX, True)


def test_no_more_pages_are_handed_over_once_the_crawl_has_closed(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> tuple[int, bool]:
        taken = 0
        async for _ in engine.rotation(10 * MAX_OUTBOX):
            taken += 1
            if taken == 1:
                engine.scheduler.close("shutdown")
                engine.run.writer.close()
        return taken, engine.scheduler.enqueue_request(engine.request("late"))

    assert play(tmp_path, scene) == (MAX_OUTBOX, False)


def steps_of_a_lease(folder: Path, pending: int) -> int:
    """What SQLite's machine does to hand out some requests of so many that are pending."""
    create_folders(folder)
    rows = [
        {"source": "a", "crawl": "1", "fingerprint": str(number).encode(), "state": PENDING}
        | {"priority": 0, "request": "{}"}
        for number in range(pending)
    ]
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with open_database(folder, create=True).begin() as db:
        db.execute(insert(t.frontier), rows)
        connection = db.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.set_progress_handler(step, 1)
        assert len(_lease(db, "a", LOW)) == LOW
        connection.set_progress_handler(None, 1)
    return steps


def test_requests_of_a_long_frontier_come_out_as_fast_as_those_of_a_short_one(
    tmp_path: Path,
) -> None:
    short, long = (steps_of_a_lease(tmp_path / str(n), n) for n in (2 * LOW, 200 * LOW))
    assert long < 1.5 * short


def test_the_same_url_for_two_purposes_is_two_requests(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[str]:
        for purpose in ("one post", "another", "one post"):
            request = engine.request("archive")
            request.meta[PURPOSE] = purpose
            engine.scheduler.enqueue_request(request)
        engine.add("archive")
        return await engine.all()

    assert play(tmp_path, scene) == ["archive"] * 3


def test_a_request_with_a_purpose_that_is_retried_takes_its_own_row(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[str]:
        request = engine.request("archive")
        request.meta[PURPOSE] = "a post"
        engine.scheduler.enqueue_request(request)
        first = await engine.next()
        assert first is not None and first.meta[PURPOSE] == "a post"
        engine.scheduler.enqueue_request(first.replace(meta={**first.meta, "retry_times": 1}))
        engine.let_go(first)
        return await engine.all()

    assert play(tmp_path, scene) == ["archive"]


def test_with_a_purpose_a_redirect_back_to_a_page_is_made(tmp_path: Path) -> None:
    """A circle has to come to Scrapy's limit for the spider to hear of it."""

    async def scene(engine: Engine) -> list[str]:
        request = engine.request("a")
        request.meta[PURPOSE] = "posts"
        engine.scheduler.enqueue_request(request)
        asked = []
        for times, target in enumerate(("b", "a", "b"), start=1):
            found = await engine.next()
            assert found is not None
            asked.append(page_of(found))
            meta = {**found.meta, "redirect_times": times}
            url = HOST.format("a") + target
            engine.scheduler.enqueue_request(found.replace(url=url, meta=meta))
            engine.let_go(found)
        return asked + await engine.all()

    assert play(tmp_path, scene) == ["a", "b", "a", "b"]


def test_sources_take_turns(tmp_path: Path) -> None:
    """The first to be listed does not keep the others waiting."""

    async def scene(engine: Engine) -> list[str]:
        for source in ("a", "b"):
            for number in range(10):
                engine.add(f"{source}{number}", source)
        under_way = [await engine.next() for _ in range(8)]
        return [page_of(request) for request in under_way if request is not None]

    pages = play(tmp_path, scene, "a", "b")
    assert Counter(page[0] for page in pages) == {"a": 4, "b": 4}


def test_a_request_that_is_retried_comes_out_again(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[tuple[str, Any]]:
        engine.add("one")
        engine.add("two")
        first = await engine.next()
        assert first is not None
        retry = first.replace(meta={**first.meta, "retry_times": 1}, dont_filter=True)
        engine.scheduler.enqueue_request(retry)
        engine.let_go(first)
        seen = []
        while (request := await engine.next()) is not None:
            seen.append((page_of(request), request.meta.get("retry_times")))
            engine.let_go(request)
        return seen

    assert sorted(play(tmp_path, scene), key=str) == [("one", 1), ("two", None)]


def test_a_redirect_is_a_request_of_its_own(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> list[str]:
        engine.add("old")
        engine.add("new")
        old = await engine.next()
        assert old is not None
        target = HOST.format("a")
        for page in ("new", "newer"):
            engine.scheduler.enqueue_request(old.replace(url=target + page))
        engine.let_go(old)
        return await engine.all()

    assert play(tmp_path, scene) == ["new", "newer"]


def test_a_request_comes_back_as_it_was(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> Request | None:
        request = engine.request("page?b=2&a=1", priority=7)
        request.meta.update({"depth": 3, "cablecrawl_via": "http://a.example/", "object": object()})
        request.cb_kwargs["number"] = 5
        engine.scheduler.enqueue_request(request)
        found = await engine.next()
        assert found is not None
        assert found.callback == engine.spider.parse and found.errback == engine.spider.failed
        return found

    found = play(tmp_path, scene)
    assert found.url == "http://a.example/page?b=2&a=1"
    assert found.priority == 7
    assert found.cb_kwargs == {"number": 5}
    kept = {key: value for key, value in found.meta.items() if key != ROW}
    assert kept == {SOURCE: "a", "depth": 3, "cablecrawl_via": "http://a.example/"}


def test_a_request_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> None:
        form = engine.request("form").replace(method="POST", body=b"a=1")
        with pytest.raises(ValueError, match="GET"):
            engine.scheduler.enqueue_request(form)

    play(tmp_path, scene)


def test_there_is_something_to_wait_for_until_the_last_page_is_let_go(tmp_path: Path) -> None:
    async def scene(engine: Engine) -> None:
        engine.add("one")
        assert engine.scheduler.has_pending_requests()
        first = await engine.next()
        assert first is not None
        assert await engine.next() is None
        engine.add("two")
        assert engine.scheduler.has_pending_requests()
        second = await engine.next()
        assert second is not None and page_of(second) == "two"

    play(tmp_path, scene)


# ------------------------------------------------------------------- from run to run


def test_what_was_under_way_when_a_run_was_killed_comes_out_again(tmp_path: Path) -> None:
    async def first(engine: Engine) -> None:
        for page in ("done", "under way", "waiting"):
            engine.add(page.replace(" ", "-"))
        done = await engine.next()
        assert done is not None
        engine.let_go(done)
        await engine.next()
        await engine.written()

    play(tmp_path, first)
    assert sorted(play(tmp_path, Engine.all)) == ["under-way", "waiting"]


class DyingWriter:
    """A writer of a process that dies behind so many jobs: later ones are never written."""

    def __init__(self, run: Run, jobs: int) -> None:
        self.run = run
        self.jobs = jobs

    def submit(self, job: Callable[..., Any]) -> Future[Any]:
        if self.jobs == 0:
            return Future()
        self.jobs -= 1
        return self.run.writer.submit(job)


@pytest.mark.parametrize("jobs", range(1, 5))
def test_what_a_page_gave_is_written_before_the_page_is_done(tmp_path: Path, jobs: int) -> None:
    """Whichever the last write is, the page that it gave or the page itself is still to do."""

    async def killed(engine: Engine) -> None:
        engine.add("list")
        page = await engine.next()
        assert page is not None
        engine.scheduler.writer = cast(Any, DyingWriter(engine.run, jobs))
        engine.add("post")
        engine.let_go(page)
        engine.scheduler.next_request()
        await engine.written()

    play(tmp_path, killed)
    again = play(tmp_path, Engine.all)
    assert "post" in again or "list" in again


def test_a_run_of_other_sources_leaves_the_requests_of_a_killed_one(tmp_path: Path) -> None:
    async def first(engine: Engine) -> None:
        engine.add("page")
        await engine.next()

    play(tmp_path, first)
    assert play(tmp_path, Engine.all, "b", ends=True) == []
    assert play(tmp_path, Engine.all) == ["page"]


def test_a_crawl_that_ended_is_forgotten(tmp_path: Path) -> None:
    """The next one asks for everything again."""

    async def crawl(engine: Engine) -> list[str]:
        engine.add("page")
        return await engine.all()

    for _ in range(2):
        assert play(tmp_path, crawl, ends=True) == ["page"]


PAGES = 8


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_page_that_links_lead_to_is_read_whenever_the_crawl_is_killed(
    data: st.DataObject,
) -> None:
    """A page's links count once it is read to its end; a kill forgets what was under way."""
    pages = st.integers(0, PAGES - 1)
    links = data.draw(st.lists(st.lists(pages, max_size=4), min_size=PAGES, max_size=PAGES))
    lifetimes = data.draw(st.lists(st.integers(0, PAGES), max_size=3))
    read: Counter[int] = Counter()

    async def crawl(engine: Engine, steps: int | None) -> None:
        engine.add("0")
        under_way: list[Request] = []
        while steps is None or steps > 0:
            while len(under_way) < 3 and (request := await engine.next()) is not None:
                under_way.append(request)
            if not under_way:
                break
            request = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            page = int(page_of(request))
            for link in links[page]:
                engine.add(str(link))
            engine.let_go(request)
            read[page] += 1
            if steps is not None:
                steps -= 1
        assert engine.errors == []

    with TemporaryDirectory() as folder:
        for steps in (*lifetimes, None):

            async def scene(engine: Engine, steps: int | None = steps) -> None:
                await crawl(engine, steps)

            play(Path(folder), scene)
    assert set(read) == reachable(links)
    # Of each run it is the last page at most whose end was not written yet.
    assert read.total() - len(read) <= len(lifetimes)


def reachable(links: list[list[int]]) -> set[int]:
    found = {0}
    to_go = [0]
    while to_go:
        for link in links[to_go.pop()]:
            if link not in found:
                found.add(link)
                to_go.append(link)
    return found
