"""A week of `scrapy schedule` on loopback, simulated: what ran when.

    .venv/bin/python -m benchmarks.week

Five sources: one is due every six hours, four once a day; of those, one is down from Tuesday
06:00 to Thursday 06:00, one answers each request late, one answers 429 on Wednesday. On Friday
the schedule is stopped in the middle of a crawl and started again, and on Saturday the machine
sleeps for 30 hours. Needs faketime (Debian's package); takes some minutes.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.schedule.week import CABLES, DAY, HOUR, MONDAY, Week, overlaps, table

POLICIES = {"steady": "1d", "often": "6h", "slow": "1d", "down": "1d", "busy": "1d"}


def stop_in_a_crawl(week: Week) -> None:
    """SIGTERM in the middle of one; the schedule begins again at once."""
    week.sites["slow"].latency = 0.5
    week.clock.set(MONDAY + 4 * DAY + HOUR)
    week.wait_for(week.is_crawling)
    asked = len(week.sites["slow"].requests)
    week.wait_for(lambda: len(week.sites["slow"].requests) > asked + 3)
    print(f"stopped in the middle of a crawl: exit status {week.stop()}")
    week.sites["slow"].latency = 0.1
    week.start()


def sleep(week: Week) -> None:
    week.clock.set(week.clock.now() + 30 * HOUR)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="week-") as folder:
        week = Week(
            Path(folder),
            POLICIES,
            events={
                DAY + 6 * HOUR: lambda week: week.take_down("down"),
                3 * DAY + 6 * HOUR: lambda week: week.bring_up("down"),
                2 * DAY - HOUR: lambda week: week.answer_429("busy"),
                3 * DAY - HOUR: lambda week: week.answer_well("busy"),
                4 * DAY: stop_in_a_crawl,
                5 * DAY + 2 * HOUR: sleep,
            },
            slow=frozenset({"slow"}),
        )
        with week:
            week.start()
            week.pass_days(7 * DAY)
            print(f"stopped at the end: exit status {week.stop()}")
            begun = week.begun()
            print(table(begun))
            print(f"\ncrawls: {dict(Counter(each.source for each in begun))}")
            print(f"overlapping: {len(overlaps(begun))}")
            verified = week.project.run("verify")
            print(f"scrapy verify: status {verified.status}; {verified.stdout.splitlines()[-1]}")
            cables = week.project.export().lines("cables")
            copies = Counter(len(cable["witnesses"]) for cable in cables)
            print(f"cables: {len(cables)} of {CABLES}, copies of each: {dict(copies)}")
            return verified.status or bool(overlaps(begun))


if __name__ == "__main__":
    sys.exit(main())
