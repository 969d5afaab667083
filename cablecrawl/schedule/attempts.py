"""What became of the last crawls of each source, whoever began them: the latest first."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from cablecrawl.store import tables as t

# A source that has failed so often waits as long as any does: what was before changes nothing.
ENOUGH = 12


class Outcome(StrEnum):
    """How an attempt ended, for one source."""

    OK = "ok"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A crawl of a source, or a process that ended before its run began."""

    began: datetime
    ended: datetime | None
    """None: it goes on, or nobody knows."""
    outcome: Outcome
    why: str | None
    """One line, where it did not end well."""
    run: str | None
    is_scheduled: bool
    """The schedule began it; otherwise somebody by hand."""
    is_stopped: bool = False
    """The schedule was stopped meanwhile, and stopped it."""


@dataclass(frozen=True, slots=True)
class _Scheduled:
    """A row of that table."""

    source: str
    log: str
    began: datetime
    ended: datetime | None
    status: int | None
    is_stopped: bool


def last_attempts(
    db: Connection, names: Collection[str], *, at_work: str | None
) -> dict[str, list[Attempt]]:
    """Of each source the attempts down to the last that ended well, latest first.

    `at_work`: the run that has the store now; another one that did not end was killed. Of a
    source that failed more than ENOUGH times in a row, only so many.
    """
    scheduled = {row.log: row for name in names for row in _scheduled(db, name)}
    found: dict[str, list[Attempt]] = {name: [] for name in names}
    crawled = set(db.execute(select(t.source.c.name)).scalars())
    # Only these have runs: the search through them ends when each is settled.
    open_ = set(names) & crawled
    with_run: set[str] = set()
    for row in db.execute(select(t.run).order_by(t.run.c.id.desc())):
        if not open_:
            break
        details = json.loads(row.details)
        log: str | None = details.get("log")
        if log is not None:
            with_run.add(log)
        for name in open_.intersection(details.get("sources", ())):
            attempt = _of_run(row, name, log, scheduled.get(log or ""), at_work)
            if found[name]:  # of a time when the clock was ahead, where it is not before
                began = min(attempt.began, found[name][-1].began)
                attempt = replace(attempt, began=began)
            found[name].append(attempt)
            if attempt.outcome == Outcome.OK or len(found[name]) >= ENOUGH:
                open_.discard(name)
    for of_it in scheduled.values():
        if of_it.log not in with_run and of_it.status not in (None, 0):
            found[of_it.source].append(_without_run(of_it))
    return {name: _down_to_the_last_good(attempts) for name, attempts in found.items()}


def _scheduled(db: Connection, source: str) -> Iterator[_Scheduled]:
    """What the schedule began of a source, the latest."""
    query = select(t.scheduled).where(t.scheduled.c.source == source)
    for row in db.execute(query.order_by(t.scheduled.c.id.desc()).limit(ENOUGH)):
        ended = moment(row.ended) if row.ended else None
        yield _Scheduled(
            source, row.log, moment(row.began), ended, row.status, bool(row.is_stopped)
        )


def _of_run(
    row: Any, name: str, log: str | None, scheduled: _Scheduled | None, at_work: str | None
) -> Attempt:
    outcome, why = outcome_of(
        row.state, row.reason, row.summary, name, is_at_work=row.id == at_work
    )
    began, ended = moment(row.started), moment(row.finished) if row.finished else None
    is_stopped = False
    if scheduled is not None:
        # By the machine's clock: the store's goes on from the latest that it was ever told.
        began, ended = scheduled.began, scheduled.ended or ended
        is_stopped = scheduled.is_stopped and row.state != "finished"
    if is_stopped:
        outcome, why = Outcome.INTERRUPTED, "the schedule was stopped"
    return Attempt(began, ended, outcome, why, row.id, log is not None, is_stopped)


def outcome_of(
    state: str, reason: str | None, summary: str | None, source: str, *, is_at_work: bool
) -> tuple[Outcome, str | None]:
    """How a run ended for one of its sources, and why where it did not end well."""
    if state == "running" and is_at_work:
        return Outcome.RUNNING, None
    if state in ("running", "crashed"):
        return Outcome.FAILED, "killed before its end"
    if state == "stopped":
        if reason == "shutdown":
            return Outcome.INTERRUPTED, "interrupted"
        if (reason or "").startswith("closespider_"):
            return Outcome.OK, None  # a bound that its user gave
        return Outcome.FAILED, f"stopped: {reason}"
    if state == "failed":
        return Outcome.FAILED, f"failed: {reason}"
    for of_source in json.loads(summary or "{}").get("sources", ()):
        if of_source["name"] == source and of_source.get("failure"):
            return Outcome.FAILED, of_source["failure"]
    return Outcome.OK, None


def _without_run(row: _Scheduled) -> Attempt:
    """Of a process that ended before it had the store."""
    outcome = Outcome.INTERRUPTED if row.is_stopped else Outcome.FAILED
    why = f"ended with status {row.status} before its run began"
    return Attempt(row.began, row.ended, outcome, why, None, True, row.is_stopped)


def _down_to_the_last_good(attempts: list[Attempt]) -> list[Attempt]:
    def taken() -> Iterator[Attempt]:
        for attempt in sorted(attempts, key=lambda attempt: attempt.began, reverse=True):
            yield attempt
            if attempt.outcome == Outcome.OK:
                return

    return list(taken())


def moment(text: str) -> datetime:
    """A time as the store has it."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
