"""When each source is due: its policy, held against what became of its last crawls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scrapy.settings import BaseSettings

from cablecrawl.errors import CableCrawlError
from cablecrawl.recrawl_policy import interval_text
from cablecrawl.schedule.attempts import ENOUGH, Attempt, Outcome, last_attempts
from cablecrawl.schedule.holder import run_at_work
from cablecrawl.selection import name_contact
from cablecrawl.sources import Source
from cablecrawl.store.database import DATABASE
from cablecrawl.store.looking import open_for_looking

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When a source that was never crawled became due."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a source that failed is left alone: twice as long each time, up to a bound."""

    first: timedelta
    most: timedelta

    @classmethod
    def of(cls, settings: BaseSettings) -> Backoff:
        first = timedelta(seconds=settings.getfloat("SCHEDULE_RETRY"))
        most = timedelta(seconds=settings.getfloat("SCHEDULE_RETRY_MOST"))
        return cls(min(first, most), most)

    def after(self, failures: int) -> timedelta:
        """`failures`: how many in a row, 1 or more."""
        factor: int = 2 ** min(failures - 1, ENOUGH)
        return min(self.first * factor, self.most)


@dataclass(frozen=True, slots=True)
class Due:
    """When a source is to be crawled next."""

    source: Source
    at: datetime | None
    """None: not before somebody does what `why` says."""
    why: str
    last: Attempt | None
    failures: int = 0
    """How many in a row."""

    def is_due(self, now: datetime) -> bool:
        return self.at is not None and self.at <= now

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """For programs."""
        last = self.last
        return {
            "source": self.source.name,
            "kind": self.source.kind,
            "due_at": shown_time(self.at) if self.at not in (None, LONG_AGO) else None,
            "is_due": self.is_due(now),
            "why": self.why,
            "failures": self.failures,
            "last_began": last and shown_time(last.began),
            "last_outcome": last and last.outcome.value,
            "last_why": last and last.why,
            "last_run": last and last.run,
            "recrawl": {
                "index": interval_text(self.source.recrawl.index),
                "pages": interval_text(self.source.recrawl.pages),
                "full": interval_text(self.source.recrawl.full),
                "budget": self.source.recrawl.budget,
            },
        }


def due_times(
    sources: Mapping[str, Source], settings: BaseSettings, data_dir: Path, now: datetime
) -> list[Due]:
    """Of each enabled source of a registry; the first due first. Raises CableCrawlError.

    The store is opened for looking only; without one no source was ever crawled.
    """
    enabled = [source for source in sources.values() if source.enabled]
    names = [source.name for source in enabled]
    attempts: dict[str, list[Attempt]] = {}
    if (data_dir / DATABASE).exists():
        at_work = run_at_work(data_dir)
        engine = open_for_looking(data_dir)
        try:
            with engine.connect() as db:
                attempts = last_attempts(db, names, at_work=at_work)
        finally:
            engine.dispose()
    backoff = Backoff.of(settings)
    found = []
    for source in enabled:
        due = due_time(source, attempts.get(source.name, ()), backoff, now)
        refused = contact_refusal(settings, source)
        if refused is not None:
            due = Due(source, None, refused, due.last, due.failures)
        found.append(due)
    return sorted(found, key=lambda due: (due.at is None, due.at or now, due.source.rank))


def due_time(source: Source, attempts: Sequence[Attempt], backoff: Backoff, now: datetime) -> Due:
    """`attempts`: the latest first, down to the last that ended well."""
    if not attempts:
        return Due(source, LONG_AGO, "never crawled", None)
    last = attempts[0]
    if last.outcome == Outcome.RUNNING:
        return Due(source, last.began + source.recrawl.index, "is being crawled", last)
    if last.began > now:
        return Due(source, now, "its last run is of the future: a clock was wrong", last)
    if last.outcome == Outcome.OK:
        at = last.began + source.recrawl.index
        return Due(source, at, f"every {interval_text(source.recrawl.index)}", last)
    if last.is_stopped:
        return Due(source, last.began, "the schedule was stopped: to be gone on with", last)
    failures = sum(attempt.outcome != Outcome.OK for attempt in attempts)
    wait = backoff.after(failures)
    often = "" if failures == 1 else f" {failures:,} times"
    why = f"failed{often}: again after {interval_text(wait)}, at most {interval_text(backoff.most)}"
    if last.outcome == Outcome.INTERRUPTED:
        why = f"interrupted: gone on with after {interval_text(wait)}"
    return Due(source, (last.ended or last.began) + wait, why, last, failures)


def contact_refusal(settings: BaseSettings, source: Source) -> str | None:
    """Why a crawl of the source would be refused before it begins; None: it would not."""
    try:
        name_contact(settings.copy(), [source])
    except CableCrawlError as refused:
        return str(refused).removeprefix(f"{source.name}: ")
    return None


def shown_time(at: datetime | None) -> str:
    """UTC, to the second."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
