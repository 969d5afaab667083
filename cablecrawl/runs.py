"""A run: the lock, the run's row, recovery of what a crash left, and its end.

Opening order: lock, database, WARC files of earlier runs, then this run's row. Whatever a
killed run had committed is there, and what it had not is asked for again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from cablecrawl.capture import DamagedWarc, Location, WarcWriter, read_members, recover
from cablecrawl.capture.exchange import decode_fields
from cablecrawl.clock import Clock
from cablecrawl.code_version import code_version, steps_sha256
from cablecrawl.errors import LockedError
from cablecrawl.items import Capture, is_robots_txt
from cablecrawl.sources import Source
from cablecrawl.store import tables as t
from cablecrawl.store.database import (
    WARC_FOLDER,
    create_folders,
    open_database,
    storage_errors,
)
from cablecrawl.store.evidence import add_capture, add_sources, iso, source_values
from cablecrawl.store.queries import captures, redirects_of_crawl
from cablecrawl.store.settling import Settled, settle
from cablecrawl.store.writer import StoredExchange, Writer

logger = logging.getLogger(__name__)

END_OF_RUN = "end-of-run"
"""The note in a run's last WARC file on how it ended."""
END_FIELDS = ("state", "reason", "finished", "summary")
"""What the note says: columns of the run's row."""

PENDING, LEASED, DONE, WITHHELD = 0, 1, 2, 3
"""States of a row of the frontier. What is withheld is asked for if an index page has changed."""

SECOND = timedelta(seconds=1)

LOG_VARIABLE = "CABLECRAWL_LOG"
"""In the environment of a crawl whose output goes to a file: its path in the data folder."""


class StoreLock:
    """The lock on a data folder; the system lets go of it when the process ends."""

    def __init__(self, data_dir: Path) -> None:
        """Raises LockedError when another process has it, StorageError when it cannot be made."""
        path = data_dir / "lock"
        with storage_errors(path):
            self._file = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise LockedError(
                f"{data_dir}: {holder} is at work on this store; wait for it to end, or give"
                " another folder with -s DATA_DIR=…"
            ) from None

    def describe(self, holder: str) -> None:
        """Say who holds it, for whoever is refused."""
        self._file.truncate(0)
        self._file.write(holder)
        self._file.flush()

    def release(self) -> None:
        self._file.truncate(0)
        self._file.close()


@dataclass(frozen=True, slots=True)
class RunDescription:
    """What a run's row and its WARC files say of it, so that either can tell of it."""

    spider: str
    arguments: dict[str, str]
    settings_sha256: str
    code_version: str
    steps_sha256: str
    """Of the code and rules that read its pages."""
    sources: tuple[Source, ...]
    log: str | None = None
    """The file that its output goes to, in the data folder; None: nobody keeps it."""

    def details(self) -> str:
        """As JSON."""
        log = {} if self.log is None else {"log": self.log}
        return json.dumps(
            {
                "arguments": self.arguments,
                "settings_sha256": self.settings_sha256,
                "code_version": self.code_version,
                "steps_sha256": self.steps_sha256,
                "sources": [source.name for source in self.sources],
                **log,
            },
            sort_keys=True,
        )

    def warcinfo(self) -> Mapping[str, str]:
        """Fields for the first record of the run's WARC files: a lost database needs them."""
        sources = [{"name": source.name, **source_values(source)} for source in self.sources]
        return {
            "cablecrawl-spider": self.spider,
            "cablecrawl-details": self.details(),
            "cablecrawl-sources": json.dumps(sources),
        }


class Run:
    """One run on a store, from its lock to its last row."""

    def __init__(self, data_dir: Path, description: RunDescription) -> None:
        """Open the store, recover it, and begin. Raises CableCrawlError."""
        create_folders(data_dir)
        self.data_dir = data_dir
        self.description = description
        self.lock = StoreLock(data_dir)
        self.lock.describe(f"run {description.spider}")
        try:
            self.engine = open_database(data_dir, create=True)
            with storage_errors(data_dir):
                self.clock, self.started = start_of_run(self.engine)
                self._begun = monotonic()
                self.id = f"{self.started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
                self.lock.describe(f"run {self.id}")
                recovered = recover_captures(self.engine, data_dir / WARC_FOLDER)
                self.crawl = self._begin()
        except BaseException:
            self.lock.release()
            raise
        self.recovered = recovered
        fields = {**description.warcinfo(), "cablecrawl-crawl": self.crawl}
        self.warc = WarcWriter(data_dir / WARC_FOLDER, self.id, fields)
        self.writer = Writer(self.engine, data_dir, self.warc)

    def _begin(self) -> str:
        """Commit the run's row; returns the crawl that it begins or goes on with."""
        names = [source.name for source in self.description.sources]
        with self.engine.begin() as db:
            # Rows are deleted when a crawl ends: those that are there are of one cut short.
            unfinished = db.execute(
                select(t.frontier.c.crawl)
                .where(t.frontier.c.source.in_(names))
                .order_by(t.frontier.c.id.desc())
                .limit(1)
            ).scalar()
            db.execute(update(t.run).where(t.run.c.state == "running").values(state="crashed"))
            db.execute(update(t.frontier).where(t.frontier.c.state == LEASED).values(state=PENDING))
            add_sources(db, self.description.sources)
            crawl = unfinished or self.id
            db.execute(
                insert(t.run).values(
                    id=self.id,
                    spider=self.description.spider,
                    state="running",
                    started=iso(self.started),
                    crawl=crawl,
                    details=self.description.details(),
                )
            )
        return crawl

    @property
    def seconds(self) -> float:
        """How long it has taken so far, whatever was done to the clock."""
        return monotonic() - self._begun

    @property
    def resumes(self) -> bool:
        """Whether it goes on with a crawl that an earlier run began."""
        return self.crawl != self.id

    def unread_captures(self) -> dict[tuple[str, str, str | None], tuple[Capture, Location]]:
        """Whole captures that a killed run had not yet read, by source, URL and what led there.

        They are read from their WARC files and not fetched again. What led there counts: from
        an archive that several posts led to, each time another one is read.
        """
        with self.engine.connect() as db:
            return {
                (capture.source, capture.url, capture.via): (capture, location)
                for capture, location in captures(
                    db, t.capture.c.is_read == 0, t.capture.c.outcome == "ok"
                )
            }

    def redirects(self) -> list[Capture]:
        """The redirects that this run's crawl has met."""
        with self.engine.connect() as db:
            return redirects_of_crawl(db, self.crawl)

    def frontier_counts(self) -> dict[int, int]:
        """Requests of this run's sources by state."""
        names = [source.name for source in self.description.sources]
        query = (
            select(t.frontier.c.state, func.count())
            .where(t.frontier.c.source.in_(names))
            .group_by(t.frontier.c.state)
        )
        with self.engine.connect() as db:
            return dict(db.execute(query).tuples().all())

    def requests_left(self) -> int:
        """Requests of this run's sources that are not done."""
        names = [source.name for source in self.description.sources]
        with self.engine.connect() as db:
            return db.execute(
                select(func.count())
                .select_from(t.frontier)
                .where(t.frontier.c.source.in_(names), t.frontier.c.state.in_((PENDING, LEASED)))
            ).scalar_one()

    def settle(self) -> dict[str, Settled]:
        """Decide what its crawl, which came to its end, says of what is gone, by source.

        Raises StorageError.
        """
        with storage_errors(self.data_dir), self.engine.begin() as db:
            names = {row.id: row.name for row in db.execute(select(t.source))}
            return {names[row]: settled for row, settled in settle(db, self.id).items()}

    def finish(self, state: str, reason: str, summary: Mapping[str, Any]) -> None:
        """Seal the WARC files, commit the run's end, let go of the lock.

        `state`: `finished`, `stopped` or `failed`. Raises StorageError.
        """
        try:
            self.writer.close()
            if state == "failed":
                self.warc.close()  # what is in it is recovered by the next run
                return
            end = {
                "state": state,
                "reason": reason,
                "finished": iso(self.clock.now().time),
                "summary": json.dumps(summary, sort_keys=True),
            }
            with storage_errors(self.data_dir):
                # That a crawl came to its end is known of it, if nothing else was left to do.
                self.warc.note(END_OF_RUN, end.items(), is_needed=self.resumes)
                self.warc.seal()
                with self.engine.begin() as db:
                    names = [source.name for source in self.description.sources]
                    commit_end(db, self.id, end, names)
        finally:
            self.engine.dispose()
            self.lock.release()


def start_of_run(engine: Engine) -> tuple[Clock, datetime]:
    """The store's clock, and the time at which a new run begins: in a second of its own.

    Runs and crawls are named after the second in which they began, and sorted by it.
    """
    with engine.connect() as db:
        started = db.execute(select(func.max(t.run.c.started))).scalar()
        fetched = db.execute(select(func.max(t.capture.c.fetched_at))).scalar()
    latest = max(filter(None, (started, fetched)), default=None)
    clock = Clock(datetime.fromisoformat(latest) if latest is not None else None)
    moment = clock.now()
    if not moment.is_true:
        logger.warning(
            "the clock says %s, and the store has captures of %s: times are counted on from there",
            iso(datetime.now(UTC)),
            latest,
        )
    begun = moment.time
    if started is not None:
        begun = max(begun, datetime.fromisoformat(started).replace(microsecond=0) + SECOND)
    return Clock(begun), begun


def recover_captures(engine: Engine, folder: Path) -> int:
    """Index and seal the WARC files that a killed run left open; how many captures were adopted.

    A capture is adopted when all of it is in the file and its row was not committed.
    """
    adopted = 0
    for path in sorted(folder.glob("*.open")):
        name = path.name.removesuffix(".open")
        with engine.connect() as db:
            end = db.execute(
                select(func.max(t.capture.c.offset + t.capture.c.length)).where(
                    t.capture.c.warc == name
                )
            ).scalar()
        try:
            recovery = recover(path, end or 0)
        except DamagedWarc as damage:
            logger.error("%s; what is left of it is kept", damage)
            recovery = recover(path, 0)
        if recovery.tail is not None:
            logger.warning("%s: a torn end was cut and kept as %s", name, recovery.tail.name)
        with engine.begin() as db:
            for found in recovery.exchanges():
                stored = StoredExchange(
                    found.exchange, found.location, found.payload_sha256, found.payload_length
                )
                # Nobody would read a robots.txt, and the exports would wait for it for ever.
                is_read = found.exchange.outcome != "ok" or is_robots_txt(found.exchange.url)
                add_capture(db, stored, is_read=is_read)
                adopted += 1
        recovery.seal()
    recover_ends(engine, folder)
    return adopted


def commit_end(db: Connection, run: str, end: Mapping[str, str], sources: Sequence[str]) -> None:
    """Write into a run's row how it ended; with a crawl end the requests of its sources."""
    rows = delete(t.frontier).where(t.frontier.c.source.in_(sources))
    if end["state"] == "finished":
        db.execute(rows)
    elif end["reason"] == "finished":
        # A source was given up, and its requests wait for the next run; the others' are done, and
        # they begin anew.
        left = select(t.frontier.c.source).where(t.frontier.c.state.in_((PENDING, LEASED)))
        db.execute(rows.where(t.frontier.c.source.not_in(left)))
    db.execute(update(t.run).where(t.run.c.id == run).values(**end))


def recover_ends(engine: Engine, folder: Path) -> None:
    """Commit the ends of runs that were killed behind their last note and before their last row.

    The WARC files have the last word: a database that is made from them says the same.
    """
    with engine.begin() as db:
        for run in db.execute(select(t.run).where(t.run.c.state == "running")).all():
            files = sorted(folder.glob(f"{run.id}-*.warc.gz"))
            end = _noted_end(db, files[-1]) if files else None
            if end is not None:
                commit_end(db, run.id, end, json.loads(run.details).get("sources", []))


def _noted_end(db: Connection, path: Path) -> dict[str, str] | None:
    """What the end of a WARC file, behind its last capture, says of its run."""
    last = select(func.max(t.capture.c.offset + t.capture.c.length))
    start = db.execute(last.where(t.capture.c.warc == path.name)).scalar()
    try:
        for member in read_members(path, start or 0):
            fields = dict(decode_fields(member.block)) if member.is_note else {}
            if fields.get("note") == END_OF_RUN:
                return {key: fields[key] for key in END_FIELDS}
    except DamagedWarc as damage:
        logger.error("%s", damage)
    return None


def describe_run(
    spider: str, arguments: Mapping[str, str], settings: BaseSettings, sources: Iterable[Source]
) -> RunDescription:
    """What there is to say of a run before it begins."""
    return RunDescription(
        spider,
        dict(sorted(arguments.items())),
        settings_sha256(settings),
        code_version(),
        steps_sha256(),
        tuple(sources),
        os.environ.get(LOG_VARIABLE),
    )


def settings_sha256(settings: BaseSettings) -> str:
    """The digest of what this project and its user set; Scrapy's defaults are Scrapy's."""
    ours = {
        key: settings[key]
        for key in settings
        if (settings.getpriority(key) or 0) >= SETTINGS_PRIORITIES["project"]
    }
    return hashlib.sha256(
        json.dumps(ours, sort_keys=True, default=repr).encode("utf-8")
    ).hexdigest()
