"""The writer: one thread through which everything becomes durable, in order, many at a time.

A capture is compressed, written to the WARC file and fsynced, then its row is committed, then
the page goes on. What waits while one batch is written makes up the next, so a batch of
pages costs two fsyncs, and the reactor waits for none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from cablecrawl.capture import Exchange, Location, WarcWriter, encode_exchange
from cablecrawl.store.database import storage_errors

T = TypeVar("T")

# A batch is held in memory; 64 pages are a few megabytes.
MAX_BATCH = 64


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """An exchange that is safely in a WARC file."""

    exchange: Exchange
    location: Location
    payload_sha256: str
    payload_length: int


@dataclass(slots=True)
class _Job:
    run: Callable[[Connection], Any]
    future: Future[Any]
    exchange: Exchange | None = None
    insert: Callable[[Connection, StoredExchange], Any] | None = None


class Writer:
    """Writes captures and rows, in the order in which they were handed over.

    After an error of storage every later call fails with the same StorageError: nothing is
    written behind a gap.
    """

    def __init__(self, engine: Engine, data_dir: Path, warc: WarcWriter | None = None) -> None:
        """`warc` is where captures go; without it only rows are written."""
        self._engine = engine
        self._data_dir = data_dir
        self._warc = warc
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._error: Exception | None = None
        self._closed = False
        self._thread.start()

    def submit(self, job: Callable[[Connection], T]) -> Future[T]:
        """Run `job` in a transaction; the future has its result once that is committed.

        A job may run twice: when another job of its batch fails, each is run on its own.
        """
        future: Future[T] = Future()
        self._put(_Job(job, future))
        return future

    def submit_capture(
        self, exchange: Exchange, insert: Callable[[Connection, StoredExchange], T]
    ) -> Future[T]:
        """Write an exchange to the WARC file, then run `insert` in a transaction."""
        future: Future[T] = Future()
        self._put(_Job(_no_job, future, exchange, insert))
        return future

    def close(self) -> None:
        """Write what is waiting, and stop. The WARC files stay open."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise RuntimeError("the writer is closed")
        self._queue.put(job)

    def _work(self) -> None:
        with self._engine.connect() as connection:
            open_ = True
            while open_:
                batch = [self._queue.get()]
                while len(batch) < MAX_BATCH and not self._queue.empty():
                    batch.append(self._queue.get())
                open_ = batch[-1] is not None
                self._write(connection, [job for job in batch if job is not None])

    def _write(self, connection: Connection, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            if self._error is not None:
                raise self._error
            with storage_errors(self._data_dir):
                self._write_captures([job for job in jobs if job.exchange is not None])
                self._commit(connection, jobs)
        except Exception as error:
            connection.rollback()
            self._error = error
            for job in jobs:
                if not job.future.done():
                    job.future.set_exception(error)

    def _write_captures(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        assert self._warc is not None, "a writer without WARC files was given a capture"
        encoded = [encode_exchange(job.exchange) for job in jobs if job.exchange is not None]
        for job, written, location in zip(jobs, encoded, self._warc.append(encoded), strict=True):
            assert job.exchange is not None and job.insert is not None
            stored = StoredExchange(
                job.exchange, location, written.payload_sha256, written.payload_length
            )
            job.run = _bind(job.insert, stored)

    def _commit(self, connection: Connection, jobs: list[_Job]) -> None:
        results: list[tuple[_Job, Any]] = []
        try:
            for job in jobs:
                results.append((job, job.run(connection)))
        except Exception:
            connection.rollback()
            if len(jobs) == 1:
                raise
            for job in jobs:
                self._commit_alone(connection, job)
            return
        connection.commit()
        for job, result in results:
            job.future.set_result(result)

    def _commit_alone(self, connection: Connection, job: _Job) -> None:
        try:
            with storage_errors(self._data_dir):
                result = job.run(connection)
                connection.commit()
        except Exception as error:
            connection.rollback()
            job.future.set_exception(error)
        else:
            job.future.set_result(result)


def _no_job(_: Connection) -> None:
    raise AssertionError("a capture's job is bound when the capture is written")


def _bind(
    insert: Callable[[Connection, StoredExchange], Any], stored: StoredExchange
) -> Callable[[Connection], Any]:
    return lambda connection: insert(connection, stored)
