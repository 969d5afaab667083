"""The database again, from the captures: for one that is lost, or after the code changed.

The new database is made beside the old one and takes its place when it is whole. Captures, runs
and requests still to make are copied from the old one; where there is none, the WARC files tell.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from sqlalchemy import Connection, Engine, event, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from cablecrawl.capture import DamagedWarc, Location, read_members, recover
from cablecrawl.capture.cdxj import index_path, try_to_write_index
from cablecrawl.capture.exchange import decode_fields
from cablecrawl.capture.members import read_stretches
from cablecrawl.capture.warc import fsync_folder
from cablecrawl.changes import Changes, compare
from cablecrawl.code_version import code_version, steps_sha256
from cablecrawl.errors import CableCrawlError, DamagedDatabaseError, OtherVersionError
from cablecrawl.items import Listing, Missing, Problem
from cablecrawl.reading import circular_redirects
from cablecrawl.rereading import Given, reread
from cablecrawl.runs import END_FIELDS, END_OF_RUN, recover_captures
from cablecrawl.stages import Stages, Unwatched
from cablecrawl.stats import Stats, count_problem
from cablecrawl.store import tables as t
from cablecrawl.store.database import DATABASE, WARC_FOLDER, open_database, storage_errors
from cablecrawl.store.evidence import (
    Shown,
    add_capture,
    add_listing,
    add_missing,
    add_page,
    add_problem,
    driver,
    iso,
)
from cablecrawl.store.queries import redirects_of_crawl, steps_that_read
from cablecrawl.store.settling import settle
from cablecrawl.store.writer import StoredExchange
from cablecrawl.workers import available_cores

logger = logging.getLogger(__name__)

# What is not read from pages. In this order: rows of one refer to rows of those before.
NOT_READ_FROM_PAGES = (
    *(t.source, t.run, t.capture, t.frontier),
    *(t.reparse, t.former_reading, t.former_claim),
    *(t.scheduled, t.apscheduler_jobs),
)

# A new database is worth nothing before it is whole: it is put on the disk at the end, once.
BULK_PRAGMAS = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-32000")

# A run's WARC file: its name tells the run, and with it when it began.
WARC_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}-\d{5}\.warc\.gz", re.ASCII)


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild came to."""

    captures: int = 0
    damaged: list[str] = field(default_factory=list)
    """What could not be read, one line each."""
    unread: set[int] = field(default_factory=set)
    """Rows of the captures that could not."""
    left_out: list[str] = field(default_factory=list)
    """WARC files of others, one line each."""
    is_kept: bool = False
    """The new database took the old one's place."""
    changes: Changes | None = None
    """What differs from the old database; None where there was none."""


def rebuild(
    data_dir: Path,
    stats: Stats,
    *,
    stages: Stages | None = None,
    processes: int | None = None,
    dry_run: bool = False,
) -> Rebuilt:
    """Make the database of a data folder again.

    `stages`: who is told how far it is. `processes`: None for one on each core. `dry_run`: only
    say what would change. An old database stays when a WARC file is damaged: it knows what can
    no longer be read. Raises CableCrawlError where there are no WARC files, StorageError where
    nothing can be written. The store must be locked.
    """
    folder = data_dir / WARC_FOLDER
    if not any(folder.glob("*.warc.gz*")):
        raise CableCrawlError(f"{folder}: there are no WARC files to read")
    job = _Job(data_dir, processes or available_cores(), dry_run, stats, stages or Unwatched())
    if not (data_dir / DATABASE).exists():
        return _rebuild(job, has_old=False)
    try:
        with storage_errors(data_dir / DATABASE):
            open_database(data_dir).dispose()
            return _rebuild(job, has_old=True)
    except (DamagedDatabaseError, OtherVersionError) as error:
        _put_aside(data_dir, error, dry_run=dry_run)
    return _rebuild(job, has_old=False)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be done, and whom to tell of it."""

    data_dir: Path
    processes: int
    dry_run: bool
    stats: Stats
    stages: Stages

    @property
    def folder(self) -> Path:
        """Of the WARC files."""
        return self.data_dir / WARC_FOLDER


def _rebuild(job: _Job, *, has_old: bool) -> Rebuilt:
    """`has_old`: there is a database to begin from, and to compare with."""
    rebuilt = Rebuilt()
    old = job.data_dir / DATABASE
    if not job.dry_run:
        _recover(job, has_old=has_old)
    with _new_database(job.data_dir) as (work, engine):
        with engine.begin() as db:
            if has_old:
                _attach(db, old)
                _copy(db)
            _index_unknown(db, job.folder, rebuilt)
            _read_all(db, job, rebuilt)
            db.execute(update(t.capture).values(is_read=1))
            reparse = _add_reparse(db)
            if has_old:
                job.stages.begin("comparing", "cables")
                rebuilt.changes = compare(db, reparse, rebuilt.unread)
                _add_summary(db, reparse, rebuilt.changes)
        engine.dispose()
        if not job.dry_run and not (has_old and rebuilt.damaged):
            job.stages.begin("putting in place", "databases", 1)
            _put_in_place(work, job.data_dir, has_old=has_old)
            rebuilt.is_kept = True
    if not job.dry_run:
        _index_for_replay(job)
    return rebuilt


def _recover(job: _Job, *, has_old: bool) -> None:
    """See to what a killed run left: rows for what it had not committed, and sealed files."""
    if has_old:
        engine = open_database(job.data_dir)
        try:
            recover_captures(engine, job.folder)
        finally:
            engine.dispose()
    for path in sorted(job.folder.glob("*.open")):
        recovery = recover(path, 0)
        if recovery.tail is not None:
            logger.warning("%s: a torn end was cut and kept as %s", path.name, recovery.tail.name)
        recovery.seal()


def _index_for_replay(job: _Job) -> None:
    """Indexes for the WARC files that have lost theirs, or never had one."""
    paths = [path for path in sorted(job.folder.glob("*.warc.gz")) if not index_path(path).exists()]
    job.stages.begin("indexing", "bytes", sum(path.stat().st_size for path in paths))
    for path in paths:
        try_to_write_index(path)
        job.stages.advance(path.stat().st_size)


def is_read_by_other_code(data_dir: Path) -> bool:
    """Whether other code than this has read any of the store. Raises CableCrawlError."""
    if not (data_dir / DATABASE).exists():
        return False
    engine = open_database(data_dir)
    try:
        with engine.connect() as db:
            return not steps_that_read(db) <= {steps_sha256()}
    finally:
        engine.dispose()


def _put_aside(
    data_dir: Path, error: DamagedDatabaseError | OtherVersionError, *, dry_run: bool
) -> None:
    """Keep what is no sound database of this version under a name that is free.

    With all that belongs to it: the last rows may stand in the write-ahead log only.
    """
    first = f"{DATABASE}.{error.kept_as}"
    names = chain([first], (f"{first}.{number}" for number in count(2)))
    aside = next(name for name in names if not (data_dir / name).exists())
    if dry_run:
        logger.warning("%s; without --dry-run it would be kept as %s", error, aside)
        return
    logger.warning("%s; it is kept as %s", error, aside)
    with storage_errors(data_dir):
        for suffix in ("", "-wal", "-shm"):
            path = data_dir / f"{DATABASE}{suffix}"
            if path.exists():
                path.replace(data_dir / f"{aside}{suffix}")
        fsync_folder(data_dir)


@contextmanager
def _new_database(data_dir: Path) -> Iterator[tuple[Path, Engine]]:
    """An empty database in a folder of its own, which is removed at the end."""
    work = data_dir / "rebuild"
    if work.exists() and not work.is_dir():
        raise CableCrawlError(f"{work}: is in the way of a folder; move it away")
    with storage_errors(work):
        if work.exists():
            shutil.rmtree(work)  # of a rebuild that was cut short
        work.mkdir()
    try:
        engine = open_database(work, create=True)
        event.listen(engine, "connect", _write_fast)
        engine.dispose()  # the next connections are opened so
        try:
            yield work, engine
        finally:
            engine.dispose()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_fast(connection: sqlite3.Connection, _: object) -> None:
    for pragma in BULK_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _attach(db: Connection, old: Path) -> None:
    """Have the old database's tables as `old.…` in this connection."""
    driver(db).execute("ATTACH DATABASE ? AS old", (str(old),))


def _copy(db: Connection) -> None:
    for table in NOT_READ_FROM_PAGES:
        db.exec_driver_sql(f"INSERT INTO {table.name} SELECT * FROM old.{table.name}")


def _index_unknown(db: Connection, folder: Path, rebuilt: Rebuilt) -> None:
    """Rows for the WARC files of which the database has none, and damage for those not there."""
    known = set(db.execute(select(t.capture.c.warc).distinct()).scalars())
    for path in sorted(folder.glob("*.warc.gz")):
        if path.name not in known and path.stat().st_size:
            _index(db, path, rebuilt)
    rebuilt.captures = db.execute(select(func.count()).select_from(t.capture)).scalar_one()


def _index(db: Connection, path: Path, rebuilt: Rebuilt) -> None:
    """Rows for a WARC file's run, sources and captures."""
    try:
        first = next(read_members(path))
        fields = dict(decode_fields(first.block)) if first.kind == "warcinfo" else {}
        if not WARC_NAME.fullmatch(path.name) or "cablecrawl-sources" not in fields:
            rebuilt.left_out.append(f"{path.name}: no run of CableCrawl wrote it: left out")
            return
        _add_run(db, path, fields)
        for stretch in read_stretches(path):
            last = stretch.members[-1]
            if stretch.exchange is None:
                _note_end_of_run(db, path, dict(decode_fields(last.block)))
                continue
            location = Location(path.name, last.offset, last.length)
            digest = stretch.exchange.payload_digest()
            add_capture(db, StoredExchange(stretch.exchange, location, *digest))
    except DamagedWarc as damage:
        rebuilt.damaged.append(f"{damage}; what stands behind it is not read")


def _add_run(db: Connection, path: Path, fields: Mapping[str, str]) -> None:
    run = _run_of(path)
    for source in json.loads(fields.get("cablecrawl-sources", "[]")):
        # Files are sorted by time: what the last run said of a source holds.
        db.execute(
            upsert(t.source)
            .values(**source)
            .on_conflict_do_update(index_elements=["name"], set_=source)
        )
    db.execute(
        upsert(t.run)
        .values(
            id=run,
            spider=fields.get("cablecrawl-spider", "unknown"),
            state="crashed",  # unless a note says how it ended
            started=_started(run),
            crawl=fields.get("cablecrawl-crawl", run),
            details=fields.get("cablecrawl-details", "{}"),
        )
        .on_conflict_do_nothing()
    )


def _note_end_of_run(db: Connection, path: Path, fields: Mapping[str, str]) -> None:
    if fields.get("note") == END_OF_RUN:
        values = {key: fields[key] for key in END_FIELDS}
        db.execute(update(t.run).where(t.run.c.id == _run_of(path)).values(values))


def _run_of(path: Path) -> str:
    """A WARC file's name is its run's ID and a number."""
    return path.name.rpartition("-")[0]


def _started(run: str) -> str:
    """When a run began, from its ID: `20261121T181530Z-a1b2c3`."""
    return iso(datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))


def _read_all(db: Connection, job: _Job, rebuilt: Rebuilt) -> None:
    """Read every capture in the order in which they were made, by the pipelines of a crawl."""
    stats = job.stats
    job.stages.begin("reading", "captures", rebuilt.captures)
    ends = _EndsOfRuns(db)
    for batch in reread(db, job.folder, job.processes):
        ends.before(batch.run)
        for given in batch.given:
            _store(db, given, stats)
        for key, number in batch.counts.items():
            stats.inc_value(key, number)
        rebuilt.damaged += batch.damaged.values()
        rebuilt.unread.update(batch.damaged)
        job.stages.advance(batch.captures)
    ends.before(None)
    for crawl in db.execute(select(t.run.c.crawl).distinct()).scalars().all():
        for problem in circular_redirects(redirects_of_crawl(db, crawl)):
            _store(db, problem, stats)


class _EndsOfRuns:
    """Settles each crawl where it came to its end: behind its last capture, before the next run."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        finished = select(t.run.c.id).where(t.run.c.state == "finished").order_by(t.run.c.id)
        self._ended = deque(db.execute(finished).scalars().all())

    def before(self, run: str | None) -> None:
        """Captures of this run come next, or none any more.

        Runs are named after their beginnings; one that only went on to its end has no captures.
        """
        while self._ended and (run is None or self._ended[0] < run):
            settle(self._db, self._ended.popleft())


def _store(db: Connection, given: Given, stats: Stats) -> None:
    match given:
        case Shown():
            event = add_page(db, given)
            stats.inc_value(f"cablecrawl/sightings/{event}")
        case Listing():
            add_listing(db, given.capture, given.locators)
        case Missing():
            add_missing(db, given.capture)
        case Problem():
            add_problem(db, given)
            count_problem(stats, given)


def _add_reparse(db: Connection) -> int:
    last = db.execute(select(func.max(t.capture.c.id))).scalar_one_or_none()
    row = db.execute(
        insert(t.reparse).values(
            at=iso(datetime.now(UTC)),
            code_version=code_version(),
            steps_sha256=steps_sha256(),
            last_capture=last or 0,
            summary="{}",
        )
    )
    (reparse,) = row.inserted_primary_key or (0,)
    return int(reparse)


def _add_summary(db: Connection, reparse: int, changes: Changes) -> None:
    summary = json.dumps(changes.summary(), sort_keys=True)
    db.execute(update(t.reparse).values(summary=summary).where(t.reparse.c.id == reparse))


def _put_in_place(work: Path, data_dir: Path, *, has_old: bool) -> None:
    """One rename; the new database has it all inside.

    Raises CableCrawlError while somebody reads the old one and keeps its log from being emptied.
    """
    if has_old:
        _empty_log(data_dir)
    with storage_errors(data_dir):
        with (work / DATABASE).open("rb+") as file:
            os.fsync(file.fileno())
        # Behind another database, the old one's log would be taken for its own.
        for suffix in ("-wal", "-shm"):
            (data_dir / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        (work / DATABASE).replace(data_dir / DATABASE)
        fsync_folder(data_dir)


def _empty_log(data_dir: Path) -> None:
    """Bring all rows into the database's file: a crash from here on leaves it whole."""
    engine = open_database(data_dir)
    try:
        with engine.connect() as db:
            busy, *_ = db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    finally:
        engine.dispose()
    if busy:
        raise CableCrawlError(
            f"{data_dir / DATABASE}: another program is reading it; nothing was changed, run"
            " `scrapy reparse` again when it has ended"
        )
