"""The schedule of a store: begins what is due, one crawl at a time, until it is stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from scrapy.settings import BaseSettings
from sqlalchemy import delete, insert, update
from sqlalchemy.pool import NullPool

from cablecrawl.errors import CableCrawlError, StorageError
from cablecrawl.schedule.agenda import Agenda
from cablecrawl.schedule.due import LONG_AGO, Due, due_times, shown_time
from cablecrawl.schedule.holder import holder, only_schedule
from cablecrawl.schedule.logs import new_log, prune_logs, tail
from cablecrawl.schedule.process import CrawlProcess, crawl_arguments
from cablecrawl.schedule.signals import Signals
from cablecrawl.selection import known_sources
from cablecrawl.sources import Source
from cablecrawl.store import tables as t
from cablecrawl.store.database import create_folders, open_database, storage_errors
from cablecrawl.store.evidence import iso

# Exit statuses of `scrapy crawl` that the schedule does something about.
NO_SPACE, LOCKED = 3, 4
SOURCE_FAILED, INTERRUPTED = 2, 130


class Schedule:
    """Crawls what is due. One for a store: a second one is refused."""

    def __init__(self, settings: BaseSettings, given: Sequence[str]) -> None:
        """`given`: settings as on the command line, for the crawls. Raises CableCrawlError."""
        self._settings = settings
        self._data_dir = Path(settings["DATA_DIR"])
        self._process = CrawlProcess(self._data_dir, given)
        self._stopping = Event()
        self._signals = Signals()
        self._sources: dict[str, Source] = known_sources(settings)
        self._complaint: str | None = None
        self._statuses: list[int] = []
        self._last_end: float | None = None
        self._error: BaseException | None = None

    def run_until_stopped(self) -> int:
        """The exit status: 0 when a signal ended it, 3 when there is no space.

        Raises CableCrawlError.
        """
        create_folders(self._data_dir)
        with only_schedule(self._data_dir), self._signals:
            agenda = Agenda(self._data_dir, self._crawl)
            self._say_what_is_ahead(self._dues())
            agenda.start()
            try:
                while not self._stopping.is_set():
                    agenda.put_right(self._dues())
                    self._take_signals(self._settings.getfloat("SCHEDULE_TURN"))
            finally:
                self._stopping.set()
                # Waits for the crawl that is running, and takes signals for it meanwhile.
                self._take_signals_until(agenda.stop)
        if self._error is not None:
            raise self._error
        say("stopped")
        return 0

    def run_once(self) -> int:
        """Crawl what is due now, one after the other; the exit status.

        2 where some failed, 3 where there is no space, 130 where a signal ended it. Raises
        CableCrawlError, also where no source can be crawled before a setting is put right.
        """
        create_folders(self._data_dir)
        with only_schedule(self._data_dir), self._signals:
            dues = self._dues()
            if dues and all(due.at is None for due in dues):
                waiting = ", ".join(due.source.name for due in dues)
                raise CableCrawlError(f"nothing can be crawled: {waiting}: {dues[0].why}")
            self._say_what_is_ahead(dues)
            now = datetime.now(UTC)  # not before: some are due as of that moment
            names = [due.source.name for due in dues if due.is_due(now)]
            open_database(self._data_dir, create=True).dispose()
            self._take_signals_until(lambda: self._crawl_all(names))
        if self._error is not None:
            raise self._error
        if self._stopping.is_set():
            return INTERRUPTED
        return SOURCE_FAILED if any(self._statuses) else 0

    # --------------------------------------------------------------- in the main thread

    def _say_what_is_ahead(self, dues: Sequence[Due]) -> None:
        """One line, and one for the sources that wait for a setting."""
        now = datetime.now(UTC)
        due = [each.source.name for each in dues if each.is_due(now)]
        later = [each for each in dues if each.at is not None and not each.is_due(now)]
        text = f"{len(dues):,} sources; due now: {', '.join(due) or 'none'}"
        if later:
            text += f"; then {later[0].source.name} at {shown_time(later[0].at)}"
        say(text)
        waiting = [each for each in dues if each.at is None]
        if waiting:
            names = ", ".join(each.source.name for each in waiting)
            say(f"not crawled: {names}: {waiting[0].why}")

    def _dues(self) -> list[Due]:
        """What is due when, by the registry as it is now; where it is broken, as it was."""
        try:
            self._sources = known_sources(self._settings)
            self._complaint = None
        except CableCrawlError as broken:
            if str(broken) != self._complaint:
                say(f"{broken}; going on with the sources as they were", error=True)
            self._complaint = str(broken)
        return due_times(self._sources, self._settings, self._data_dir, datetime.now(UTC))

    def _take_signals(self, seconds: float | None) -> None:
        for number in self._signals.wait(seconds):
            if not self._stopping.is_set():
                say("stopping; a crawl that is running ends first")
            self._stopping.set()
            self._process.send(number)

    def _take_signals_until(self, work: Callable[[], None]) -> None:
        """Call something in a thread of its own, and pass signals on until it returns."""
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(work)
            working.add_done_callback(lambda _: self._signals.wake())
            while not working.done():
                self._take_signals(None)
            working.result()

    # --------------------------------------------------------------- in the thread that crawls

    def _crawl_all(self, names: Sequence[str]) -> None:
        for name in names:
            self._crawl(name, crawl_arguments(self._sources[name].kind, name))

    def _crawl(self, name: str, arguments: Sequence[str]) -> None:
        """Crawl a source that is still due, when the store is free."""
        try:
            with storage_errors(self._data_dir):
                self._crawl_when_free(name, arguments)
        except StorageError as error:
            self._end_with(error)
        except CableCrawlError as error:
            say(f"{name}: {error}", error=True)
        finally:
            self._signals.wake()

    def _crawl_when_free(self, name: str, arguments: Sequence[str]) -> None:
        while True:
            self._stopping.wait(self._rest_of_pause())
            if not self._wait_for_store(name) or not self._is_due(name):
                return
            status = self._run(name, arguments)
            self._last_end = time.monotonic()
            if status == LOCKED:
                continue  # a crawl by hand was faster
            self._statuses.append(status)
            if status == NO_SPACE:
                self._end_with(StorageError(f"{self._data_dir}: {name} could not be stored"))
            return

    def _rest_of_pause(self) -> float:
        """Seconds until the next crawl may begin."""
        if self._last_end is None:
            return 0.0
        passed = time.monotonic() - self._last_end
        return max(0.0, self._settings.getfloat("SCHEDULE_PAUSE") - passed)

    def _wait_for_store(self, name: str) -> bool:
        """Whether it is free before the schedule is stopped."""
        said = False
        while (held := holder(self._data_dir)) is not None:
            if not said:
                say(f"{name}: waits: {held} is at work on the store")
                said = True
            if self._stopping.wait(min(self._settings.getfloat("SCHEDULE_TURN"), 1.0)):
                return False
        return not self._stopping.is_set()

    def _is_due(self, name: str) -> bool:
        """Somebody may have crawled it by hand meanwhile, or taken it off the registry."""
        now = datetime.now(UTC)
        dues = due_times(self._sources, self._settings, self._data_dir, now)
        return any(due.source.name == name and due.is_due(now) for due in dues)

    def _run(self, name: str, arguments: Sequence[str]) -> int:
        """Run a crawl and keep what came of it."""
        prune_logs(
            self._data_dir,
            most_files=self._settings.getint("SCHEDULE_LOG_FILES"),
            most_bytes=self._settings.getint("SCHEDULE_LOG_BYTES"),
        )
        began = datetime.now(UTC)
        log = new_log(self._data_dir, name, began)
        in_store = log.relative_to(self._data_dir).as_posix()
        row = self._note_beginning(name, began, in_store)
        say(f"{name}: begins; {in_store}")
        status = self._process.run(arguments, log)
        if status == LOCKED:
            self._forget(row)
            log.unlink()
            return status
        self._note_end(row, status)
        seconds = (datetime.now(UTC) - began).total_seconds()
        say(f"{name}: {_how_it_ended(status, seconds)}{self._what_next(name, status, log)}")
        return status

    def _what_next(self, name: str, status: int, log: Path) -> str:
        for due in self._dues_of(name):
            why = ""
            if status:
                last = due.last
                lines = tail(log, 1)
                why = last.why if last is not None and last.run and last.why else "".join(lines)
            next_ = f"; next {shown_time(due.at)} ({due.why})" if due.at != LONG_AGO else ""
            return f"{f': {why.strip()}' if why else ''}{next_}"
        return ""

    def _dues_of(self, name: str) -> list[Due]:
        dues = due_times(self._sources, self._settings, self._data_dir, datetime.now(UTC))
        return [due for due in dues if due.source.name == name]

    def _end_with(self, error: CableCrawlError) -> None:
        self._error = error
        self._stopping.set()

    # --------------------------------------------------------------- rows

    # A connection for each: `scrapy reparse` puts another file in place.

    def _note_beginning(self, name: str, began: datetime, log: str) -> str:
        values = {"source": name, "began": iso(began), "log": log, "is_stopped": 0}
        self._execute(insert(t.scheduled).values(values))
        return log

    def _note_end(self, log: str, status: int) -> None:
        values = {
            "ended": iso(datetime.now(UTC)),
            "status": status,
            "is_stopped": int(self._stopping.is_set()),
        }
        self._execute(update(t.scheduled).where(t.scheduled.c.log == log).values(values))

    def _forget(self, log: str) -> None:
        self._execute(delete(t.scheduled).where(t.scheduled.c.log == log))

    def _execute(self, statement: object) -> None:
        engine = open_database(self._data_dir, poolclass=NullPool)
        with engine.begin() as db:
            db.execute(statement)  # type: ignore[call-overload]  # one of the three above
        engine.dispose()


def say(text: str, *, error: bool = False) -> None:
    """A line for a terminal or a journal, with the time."""
    where = sys.stderr if error else sys.stdout
    line = f"{shown_time(datetime.now(UTC))}  {text}"
    try:
        print(line, file=where, flush=True)
    except BrokenPipeError:
        pass  # nobody reads it; the runs go on, and are kept in the store


def _how_it_ended(status: int, seconds: float) -> str:
    words = {0: "ended well", 2: "failed", 3: "no space", INTERRUPTED: "interrupted"}
    return f"{words.get(status, 'failed')} after {seconds:,.0f} s (status {status})"
