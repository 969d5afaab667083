"""Work spread over processes: results in order, and no more of them in memory than needed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from cablecrawl.errors import CableCrawlError

Batch = TypeVar("Batch")
Result = TypeVar("Result")

# Batches handed over or done per process: one being worked on, one waiting, one done.
AHEAD = 3


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def in_processes(
    start: Callable[[], Callable[[Batch], Result]], batches: Iterable[Batch], processes: int
) -> Iterator[Result]:
    """The results of all batches, in their order.

    `start` is called once in each process and gives what is called with each batch; it must
    be a function of a module, or a partial of one. With one process all is done in this one.
    An error of a batch is raised when its turn comes, and the rest is given up. Raises
    CableCrawlError when a process is killed.
    """
    if processes == 1:
        yield from map(start(), batches)
        return
    # Not forked: this process may have threads, and a lock held by one would stay held for ever.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (start,)) as pool:
        under_way: deque[Future[Result]] = deque()
        try:
            for batch in batches:
                under_way.append(_submit(pool, batch))
                if len(under_way) >= AHEAD * processes:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool:
            raise CableCrawlError(
                "a process that reads was ended from outside, for want of memory perhaps; try with"
                " --processes 1"
            ) from None
        finally:
            for future in under_way:
                future.cancel()


def _submit(pool: ProcessPoolExecutor, batch: Any) -> Future[Any]:
    # It may start a process, which begins with what is blocked here: Ctrl-C, until it ignores it.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_work, batch)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


# In a process of a pool, what `start` gave there.
_at_work: list[Callable[[Any], Any]] = []


def _begin(start: Callable[[], Callable[[Any], Any]]) -> None:
    # Ctrl-C reaches every process of a terminal; the one that waits for us sees to it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _at_work[:] = [start()]


def _end_with_parent() -> None:
    """A pool whose owner was killed would wait for its next batch for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(batch: Any) -> Any:
    return _at_work[0](batch)
