"""When a source is due, given what became of its last crawls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cablecrawl.recrawl_policy import RecrawlPolicy
from cablecrawl.schedule.attempts import Attempt, Outcome
from cablecrawl.schedule.due import LONG_AGO, Backoff, due_time
from cablecrawl.schedule.logs import new_log, prune_logs, tail
from cablecrawl.sources import Source, source_for_url

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BACKOFF = Backoff(timedelta(minutes=15), timedelta(days=1))


def daily() -> Source:
    policy = RecrawlPolicy(index=timedelta(days=1))
    return replace(source_for_url("http://127.0.0.1:8000/", "mirrors"), recrawl=policy)


def attempt(
    ago: timedelta,
    outcome: Outcome = Outcome.OK,
    *,
    took: timedelta | None = HOUR,
    is_scheduled: bool = True,
    is_stopped: bool = False,
) -> Attempt:
    began = NOW - ago
    ended = None if took is None else began + took
    why = None if outcome == Outcome.OK else "it failed"
    return Attempt(began, ended, outcome, why, "run", is_scheduled, is_stopped)


def due_at(*attempts: Attempt) -> datetime | None:
    return due_time(daily(), attempts, BACKOFF, NOW).at


def test_a_source_that_was_never_crawled_is_due_at_once() -> None:
    assert due_at() == LONG_AGO


@pytest.mark.parametrize("is_scheduled", [True, False], ids=["scheduled", "by hand"])
def test_a_source_is_due_when_its_interval_has_passed_since_its_run_began(
    is_scheduled: bool,
) -> None:
    last = attempt(5 * HOUR, is_scheduled=is_scheduled)
    assert due_at(last) == NOW + 19 * HOUR


def test_runs_missed_for_a_week_are_due_once() -> None:
    due = due_time(daily(), [attempt(timedelta(days=7))], BACKOFF, NOW)
    assert due.is_due(NOW)
    after = due_time(daily(), [attempt(timedelta(0))], BACKOFF, NOW)
    assert after.at == NOW + timedelta(days=1)


def failures(count: int) -> Sequence[Attempt]:
    """So many in a row, the last ended an hour ago, then one that ended well."""
    failed = [attempt((2 + 2 * n) * HOUR, Outcome.FAILED) for n in range(count)]
    return [*failed, attempt(timedelta(days=9))]


@pytest.mark.parametrize(
    ("count", "hours"), [(1, 0.25), (2, 0.5), (3, 1), (7, 16), (8, 24), (12, 24), (12, 24)]
)
def test_a_source_that_failed_is_tried_again_later_each_time_and_at_most_a_day_later(
    count: int, hours: float
) -> None:
    due = due_time(daily(), failures(count), BACKOFF, NOW)
    assert due.at == NOW - HOUR + hours * HOUR
    assert due.failures == count
    assert "at most 1d" in due.why


def test_the_wait_after_a_failure_is_counted_from_its_end() -> None:
    failed = attempt(10 * HOUR, Outcome.FAILED, took=9.9 * HOUR)
    assert due_at(failed) == NOW - 0.1 * HOUR + timedelta(minutes=15)


def test_a_crawl_that_the_schedule_cut_short_is_gone_on_with_at_once() -> None:
    assert due_time(
        daily(), [attempt(HOUR, Outcome.INTERRUPTED, is_stopped=True)], BACKOFF, NOW
    ).is_due(NOW)


def test_a_crawl_that_was_cut_short_by_hand_is_left_alone_at_first() -> None:
    by_hand = attempt(
        timedelta(minutes=9), Outcome.INTERRUPTED, took=5 * timedelta(minutes=1), is_scheduled=False
    )
    assert due_at(by_hand) == NOW + timedelta(minutes=11)


def test_a_source_that_is_being_crawled_is_not_due() -> None:
    assert not due_time(daily(), [attempt(HOUR, Outcome.RUNNING, took=None)], BACKOFF, NOW).is_due(
        NOW
    )


def test_a_run_of_the_future_puts_nothing_off() -> None:
    """A machine whose clock was wrong once would else never crawl again."""
    assert due_at(attempt(timedelta(days=-4000))) == NOW


# ------------------------------------------------------------------- logs


def test_the_oldest_logs_go_and_other_files_stay(tmp_path: Path) -> None:
    logs = [new_log(tmp_path, "mrkva", NOW + n * HOUR) for n in range(5)]
    other = tmp_path / "logs" / "notes.log"
    other.touch()
    assert prune_logs(tmp_path, most_files=3, most_bytes=1000) == 2
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == sorted(
        path.name for path in [*logs[2:], other]
    )


def test_logs_are_bounded_in_bytes_and_the_latest_stays(tmp_path: Path) -> None:
    logs = [new_log(tmp_path, "mrkva", NOW + n * HOUR) for n in range(3)]
    for log in logs:
        log.write_bytes(b"x" * 600)
    assert prune_logs(tmp_path, most_files=9, most_bytes=1300) == 1
    assert prune_logs(tmp_path, most_files=9, most_bytes=10) == 1
    assert [log.exists() for log in logs] == [False, False, True]


def test_two_logs_of_a_source_and_second_have_names_of_their_own(tmp_path: Path) -> None:
    first, second = (new_log(tmp_path, "127.0.0.1:8000", NOW) for _ in range(2))
    assert first != second
    assert prune_logs(tmp_path, most_files=1, most_bytes=1000) == 1


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("\n".join(map(str, range(9000))) + "\n\n")
    assert tail(log, 2) == ["8998", "8999"]
    assert tail(tmp_path / "none.log", 2) == []
