"""APScheduler's part: a job for each source, in the store, and one crawl at a time.

Relied on of APScheduler 3.11: a job is handed to its executor once its time has come and never
before; a job with a date is handed over once, however late (`misfire_grace_time=None`), and
several missed times are one (`coalesce`); a job that is being run is not run a second time
(`max_instances`). Not relied on: that the table outlives a restart, or that its content is right.
What is due follows from the runs in the store; each turn puts the table right by that. So runs by
hand count, nothing is lost with the table, and no pickle is read that this process did not write:
the table is emptied before the scheduler sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import delete, select
from sqlalchemy.pool import NullPool

from cablecrawl.schedule.due import Due
from cablecrawl.schedule.process import crawl_arguments
from cablecrawl.store import tables as t
from cablecrawl.store.database import open_database

Crawl = Callable[[str, Sequence[str]], None]
"""Crawls a source, given its name and the arguments behind `scrapy`."""


class Agenda:
    """When which source is to be crawled. For one process at a time."""

    def __init__(self, data_dir: Path, crawl: Crawl) -> None:
        """`crawl` is called in a thread of its own. Raises CableCrawlError."""
        self._engine = open_database(data_dir, create=True, poolclass=NullPool)
        self._executor = _CrawlExecutor(crawl)
        self._set: dict[str, tuple[datetime, str]] = {}
        self._scheduler = BackgroundScheduler(
            jobstores={"default": _Jobs(engine=self._engine)},
            executors={"default": self._executor},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

    def start(self) -> None:
        with self._engine.begin() as db:
            db.execute(delete(t.apscheduler_jobs))
        self._scheduler.start()

    def stop(self) -> None:
        """Hand over no more; waits for the crawl that is running."""
        self._scheduler.shutdown(wait=True)
        self._engine.dispose()

    def put_right(self, dues: Sequence[Due]) -> None:
        """Have a job for each source that will be due, and no other; then look at the clock."""
        with self._engine.connect() as db:
            held = set(db.execute(select(t.apscheduler_jobs.c.id)).scalars())
        handed_over = self._executor.names()
        wanted = {
            due.source.name: (due.at, due.source.kind)
            for due in dues
            if due.at is not None and due.source.name not in handed_over
        }
        for name in held - wanted.keys():
            try:
                self._scheduler.remove_job(name)
            except JobLookupError:
                pass  # handed over meanwhile
        for name, (at, kind) in wanted.items():
            if name not in held or self._set.get(name) != (at, kind):
                self._add(name, at, kind)
                self._set[name] = (at, kind)
        # Its own waits do not see a clock that was set, nor a machine that slept.
        self._scheduler.wakeup()

    def _add(self, name: str, at: datetime, kind: str) -> None:
        self._scheduler.add_job(
            crawl_arguments,
            DateTrigger(at, timezone=UTC),
            args=(kind, name),
            id=name,
            name=name,
            replace_existing=True,
        )


class _Jobs(SQLAlchemyJobStore):  # type: ignore[misc]  # published without types
    """The job table; a row that is not there is not missed.

    `scrapy reparse` may put another database in place between a look and a change.
    """

    def update_job(self, job: Any) -> None:
        try:
            super().update_job(job)
        except JobLookupError:
            pass

    def remove_job(self, job_id: str) -> None:
        try:
            super().remove_job(job_id)
        except JobLookupError:
            pass


class _CrawlExecutor(ThreadPoolExecutor):  # type: ignore[misc]  # published without types
    """Runs one job at a time, in the order in which they come."""

    def __init__(self, crawl: Crawl) -> None:
        super().__init__(max_workers=1)
        self._crawl = crawl

    def names(self) -> set[str]:
        """Of the jobs that were handed over and have not ended."""
        with self._lock:
            return set(self._instances)

    def _do_submit_job(self, job: Any, run_times: Sequence[datetime]) -> None:
        crawling = partial(self._crawl, job.id, job.func(*job.args))
        self._pool.submit(crawling).add_done_callback(partial(self._ended, job.id))

    def _ended(self, name: str, done: Any) -> None:
        error = done.exception()
        if error is None:
            self._run_job_success(name, [])
        else:
            self._run_job_error(name, error, error.__traceback__)
