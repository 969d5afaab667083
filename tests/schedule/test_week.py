"""Three simulated days of `scrapy schedule`: benchmarks/week.py has the whole week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clock import libfaketime
from tests.crawling import Export
from tests.schedule.week import CABLES, DAY, HOUR, MONDAY, Begun, Week, overlaps, table

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(libfaketime() is None, reason="faketime is not installed"),
]

RETRY = {"SCHEDULE_RETRY": str(6 * 3600)}


@dataclass(frozen=True)
class Passed:
    """What the days came to."""

    begun: list[Begun]
    status: int
    export: Export
    verified: int

    def of(self, source: str) -> list[Begun]:
        return [each for each in self.begun if each.source == source]


def sleep_until_thursday(week: Week) -> None:
    week.bring_up("down")
    week.clock.set(MONDAY + 3 * DAY)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passed]:
    week = Week(
        tmp_path_factory.mktemp("days"),
        {"slow": "1d", "down": "1d", "busy": "1d"},
        settings=RETRY,
        events={
            0.5 * DAY: lambda week: week.take_down("down"),
            0.6 * DAY: lambda week: week.answer_429("busy"),
            1.1 * DAY: lambda week: week.answer_well("busy"),
            # The machine sleeps over what was due, and wakes on Thursday.
            1.6 * DAY: sleep_until_thursday,
        },
        slow=frozenset({"slow"}),
    )
    with week:
        week.start()
        week.pass_days(3 * DAY + HOUR)
        status = week.stop()
        begun = week.begun()
        print(table(begun))
        yield Passed(begun, status, week.project.export(), week.project.run("verify").status)


def test_each_source_is_crawled_when_it_is_due_and_what_was_slept_over_once(days: Passed) -> None:
    assert [hours(each) for each in days.of("slow")] == [0, 24, 72]


def test_a_source_that_is_down_is_tried_again_later_each_time_until_it_is_back(
    days: Passed,
) -> None:
    assert [(hours(each), each.status) for each in days.of("down")] == [
        *((0, 0), (24, 2), (30, 2), (72, 0)),
    ]
    assert all("robots_unreachable" in (each.why or "") for each in days.of("down")[1:3])


def test_a_source_that_answers_429_is_tried_again_and_crawled_when_it_answers(
    days: Passed,
) -> None:
    assert [(hours(each), each.status) for each in days.of("busy")] == [
        *((0, 0), (24, 2), (30, 0), (72, 0)),
    ]


def test_no_crawl_overlaps_another(days: Passed) -> None:
    assert len(days.begun) == 11
    assert overlaps(days.begun) == []


def test_nothing_is_lost(days: Passed) -> None:
    """Each crawl has its run, each copy is there, and the store is sound."""
    assert len({each.run for each in days.begun}) == len(days.begun)
    copies = [len(cable["witnesses"]) for cable in days.export.lines("cables")]
    assert copies == [3] * CABLES
    assert days.verified == 0
    assert days.status == 0


def hours(begun: Begun) -> int:
    """Since Monday, midnight; a crawl waits some seconds for those before it."""
    return int((begun.began - MONDAY) / HOUR)
