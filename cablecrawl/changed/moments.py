"""Moments in the life of a store: since when changes are asked for, and how far its captures go.

Where one thing follows another is told by the time of capture, and within a microsecond by the
capture's ID: a store rebuilt from its WARC files has other rows and the same moments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import Connection, and_, func, or_, select

from cablecrawl.errors import CableCrawlError
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import iso
from cablecrawl.trace.display import visible

# "2026-11-22", or with a time: no run's ID begins so.
DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?P<time>.*)", re.ASCII | re.S)

# Runs named where a beginning fits several.
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, or just behind a capture."""

    at: str
    """UTC in ISO 8601, with microseconds."""
    capture_id: str | None = None
    """Of the last capture before it; null: every capture of that microsecond is."""

    def has(self, fetched_at: str, capture_id: str) -> bool:
        """Whether a capture was made by then."""
        if fetched_at != self.at or self.capture_id is None:
            return fetched_at <= self.at
        return capture_id <= self.capture_id


def through(db: Connection) -> Moment | None:
    """Up to where all that was captured has been read; None: nothing has.

    What a run that is under way has captured does not count yet: captures of an earlier time may
    be committed, and read, later than others. Nor does what a killed run left unread.
    """
    pending = (
        select(func.min(t.capture.c.fetched_at))
        .join(t.run, t.run.c.id == t.capture.c.run)
        .where(
            or_(
                t.run.c.state == "running",
                and_(t.capture.c.is_read == 0, t.capture.c.outcome == "ok"),
            )
        )
    )
    return _last_before(db, db.execute(pending).scalar())


def since_run(db: Connection, given: str, option: str = "--since") -> Moment:
    """Before what a run found; `given`: its ID, or an unambiguous beginning of one.

    Raises CableCrawlError, which names the `option` that it was given with.
    """
    matching = t.run.c.id.startswith(given, autoescape=True)
    found = db.execute(select(t.run.c.id).where(matching).order_by(t.run.c.id)).scalars().all()
    if given in found:
        found = [given]
    if not found:
        raise CableCrawlError(
            f"{option} {visible(given)}: no run begins so, and it is no date such as 2026-11-22"
        )
    if len(found) > 1:
        named = f"{', '.join(found[:MOST_NAMED])}{', …' if len(found) > MOST_NAMED else ''}"
        raise CableCrawlError(f"{option} {visible(given)}: several runs begin so ({named})")
    return _before_runs(db, found)


def since_latest_crawl(db: Connection) -> Moment:
    """Before what the latest crawl that came to its end found.

    One that was cut short and gone on with is one. Raises CableCrawlError where none has ended.
    """
    latest = (
        select(t.run.c.crawl)
        .where(t.run.c.state == "finished")
        .order_by(t.run.c.started.desc(), t.run.c.id.desc())
        .limit(1)
    )
    crawl = db.execute(latest).scalar()
    if crawl is None:
        raise CableCrawlError("no run has come to its end yet: give --since RUN or DATE")
    runs = select(t.run.c.id).where(t.run.c.crawl == crawl).order_by(t.run.c.id)
    return _before_runs(db, db.execute(runs).scalars().all())


def read_date(given: str, option: str = "--since") -> Moment | None:
    """A moment from a date (its beginning) or a time; without a zone it is UTC. None: it is none.

    Raises CableCrawlError, which names the `option`, for what is like a date and is none.
    """
    match = DATE.fullmatch(given)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise CableCrawlError(
            f"{option} {visible(given)}: no such day or time (as 2026-11-22 or 2026-11-22T18:30)"
        ) from None
    if not match["time"]:
        moment = datetime.combine(moment.date(), time())
    return Moment(iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def _before_runs(db: Connection, runs: Sequence[str]) -> Moment:
    """Just behind the last capture before those of these runs; runs follow one another.

    Where they have captured nothing, when the first of them began: a rebuilt store knows that
    time to the second only.
    """
    first = select(func.min(t.capture.c.fetched_at)).where(t.capture.c.run.in_(runs))
    fetched_at = db.execute(first).scalar()
    started = select(func.min(t.run.c.started)).where(t.run.c.id.in_(runs))
    if fetched_at is not None and (before := _last_before(db, fetched_at)) is not None:
        return before
    return Moment(db.execute(started).scalar_one())


def _last_before(db: Connection, fetched_at: str | None) -> Moment | None:
    """Just behind the last capture before a time; None for the time: the last of all."""
    before = [] if fetched_at is None else [t.capture.c.fetched_at < fetched_at]
    at, capture_id = t.capture.c.fetched_at, t.capture.c.capture_id
    row = db.execute(
        select(at, capture_id)
        .where(and_(True, *before))
        .order_by(at.desc(), capture_id.desc())
        .limit(1)
    ).first()
    return None if row is None else Moment(row.fetched_at, row.capture_id)
