"""The runs of a store as `scrapy runs` tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from heapq import merge
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from cablecrawl.schedule.attempts import moment
from cablecrawl.schedule.logs import log_path, tail
from cablecrawl.store import tables as t
from cablecrawl.summary import exit_status_of

KILLED = "killed"
"""Shown as the state of a run that did not come to its end; the store has `crashed`, or still
`running` where no run came after it."""

NOT_BEGUN = "not begun"
"""The state of a crawl that ended before it had the store."""


@dataclass(slots=True)
class PastRun:
    """A run, or one that goes on."""

    run: str
    spider: str
    sources: list[str]
    state: str
    """running, finished, stopped, killed, not begun."""
    began: str
    ended: str | None
    seconds: float | None
    exit_status: int | None
    """None: it goes on, or was killed by nobody knows what."""
    why: str | None
    """One line, where it did not end well."""
    new: int = 0
    changed: int = 0
    gone: int = 0
    back: int = 0
    captures: int = 0
    bytes_received: int = 0
    problems: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    """Problems by reason."""
    arguments: dict[str, str] = field(default_factory=dict)
    code_version: str | None = None
    goes_on_with: str | None = None
    """The run that began the crawl, where that is another one."""
    log: str | None = None
    """Path in the data folder; None: it was begun by hand, and nobody kept its output."""

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def past_runs(
    db: Connection,
    data_dir: Path,
    *,
    at_work: str | None,
    source: str | None = None,
    run: str | None = None,
) -> Iterator[PastRun]:
    """The runs of a store, the newest first; those of one source, or whose ID begins so.

    Among them, crawls that the schedule began and that ended before their run did. `at_work`:
    the run that has the store now; another one that did not end was killed.
    """
    runs = _runs(db, at_work, source, run)
    if run is not None:
        return runs
    return merge(
        runs, _without_run(db, data_dir, source), key=lambda past: past.began, reverse=True
    )


def _runs(
    db: Connection, at_work: str | None, source: str | None, run: str | None
) -> Iterator[PastRun]:
    statuses = {row.log: (row.status, row.ended) for row in db.execute(select(t.scheduled))}
    query = select(t.run).order_by(t.run.c.id.desc())
    if run is not None:
        query = query.where(t.run.c.id.startswith(run, autoescape=True))
    for row in db.execute(query):
        details = json.loads(row.details)
        if source is None or source in details.get("sources", ()):
            status, ended = statuses.get(details.get("log"), (None, None))
            yield _past_run(db, row, details, status, ended, is_at_work=row.id == at_work)


def _without_run(db: Connection, data_dir: Path, source: str | None) -> Iterator[PastRun]:
    logs = set(db.execute(select(func.json_extract(t.run.c.details, "$.log"))).scalars())
    query = select(t.scheduled).where(t.scheduled.c.status.is_not(None))
    if source is not None:
        query = query.where(t.scheduled.c.source == source)
    for row in db.execute(query.order_by(t.scheduled.c.began.desc())):
        if row.log in logs:
            continue
        path = log_path(data_dir, row.log)
        said = tail(path, 1) if path is not None else []
        yield PastRun(
            run="-",
            spider="-",
            sources=[row.source],
            state=NOT_BEGUN,
            began=row.began,
            ended=row.ended,
            seconds=_seconds(row.began, row.ended),
            exit_status=row.status,
            why=f"ended before its run began: {''.join(said) or 'no word of why'}",
            log=row.log,
        )


def _past_run(
    db: Connection,
    row: Row[Any],
    details: dict[str, Any],
    status: int | None,
    ended: str | None,
    *,
    is_at_work: bool,
) -> PastRun:
    summary = json.loads(row.summary or "{}")
    of_sources = summary.get("sources", [])
    failures = [f"{of['name']}: {of['failure']}" for of in of_sources if of.get("failure")]
    past = PastRun(
        run=row.id,
        spider=row.spider,
        sources=details.get("sources", []),
        state=row.state,
        began=row.started,
        ended=row.finished or ended,
        seconds=summary.get("seconds"),
        exit_status=status,
        why="; ".join(failures) or None,
        captures=summary.get("pages", 0),
        bytes_received=summary.get("bytes_received", 0),
        problems=sum(summary.get("problems", {}).values()),
        by_reason=summary.get("problems", {}),
        arguments=details.get("arguments", {}),
        code_version=details.get("code_version"),
        goes_on_with=row.crawl if row.crawl != row.id else None,
        log=details.get("log"),
    )
    for count in ("new", "changed", "gone", "back"):
        setattr(past, count, sum(of.get(count, 0) for of in of_sources))
    if row.state in ("running", "crashed") and not is_at_work:
        past.state = KILLED
        past.why = _why_killed(db, row, status)
        past.captures = _captures(db, row.id)
    elif row.state == "stopped":
        past.why = _why_stopped(row.reason, past.why)
    if past.exit_status is None and row.state in ("finished", "stopped"):
        past.exit_status = exit_status_of(row.state, row.reason or "", has_failed=bool(failures))
    if past.seconds is None and past.ended is not None:
        past.seconds = _seconds(row.started, past.ended)
    return past


def _seconds(began: str, ended: str) -> float:
    return round((moment(ended) - moment(began)).total_seconds(), 3)


def _why_killed(db: Connection, row: Row[Any], status: int | None) -> str:
    ended = "no space or permission" if status == 3 else "killed"
    later = db.execute(
        select(t.run.c.id).where(t.run.c.id > row.id).order_by(t.run.c.id).limit(1)
    ).scalar()
    if later is None:
        return f"{ended}; the next run recovers its captures"
    return f"{ended}; its captures were recovered by run {later}"


def _why_stopped(reason: str | None, failures: str | None) -> str:
    reasons = {"shutdown": "interrupted; run it again to go on"}
    stopped = reasons.get(reason or "", f"stopped: {reason}")
    return stopped if failures is None else f"{stopped}; {failures}"


def _captures(db: Connection, run: str) -> int:
    query = select(func.count()).select_from(t.capture).where(t.capture.c.run == run)
    return db.execute(query).scalar_one()
