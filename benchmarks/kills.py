"""Commands killed with -9 at random moments, beside the same without a break: a table.

    .venv/bin/python -m benchmarks.kills --kills 200 --seed 1

A site is crawled, grows, is edited, loses pages for good and for a time, and is crawled again in
between; its store is read again and exported. Each command is killed one to four times, when the
site has answered so many requests, after a time, or at a place in the code (within recovery,
between WARC file and row, while a crawl is settled, sealed and finished, within a reparse, an
export), and then run to its end. After each round:

- lost: committed captures that are no more in the database or in a WARC file;
- twice: records that stand twice in the WARC files, and whole pages that were captured again;
- way: cable pages whose answers were under way, that is asked for again (16 a kill at most);
- fail: failures (404, redirects, half bodies) captured again;
- verify: the exit status of `scrapy verify`, after `fastwarc check` of all files;
- same: the export, the events, problems, missing pages and alarms are those of the store that
  met no kill, and the database rebuilt from the WARC files gives the same export to the byte.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from itertools import count
from pathlib import Path

from tests.crawling import free_port
from tests.kills import Course, Round, all_stages, course_with_kills

HEADING = (
    f"{'':>4}  {'stage':26} {'captures':>8} {'lost':>5} {'twice':>6} {'way':>4} {'fail':>5}"
    f" {'verify':>7} {'same':>5}  killed after so many captures of its own"
)
# How often a command is killed at most; it may end before.
KILLS = (1, 3, 4, 4)


def line_of(number: int, done: Round) -> str:
    same = "no" if done.wrong else "yes"
    return (
        f"{number:4}  {done.stage.name:26} {done.captures:8} {done.lost:5} {done.twice:6}"
        f" {done.under_way:4} {done.failed_again:5} {done.verify!s:>7} {same:>5}"
        f"  {', '.join(done.kills)}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="begin no round after so long")
    parser.add_argument("--keep", type=Path, help="where stores with a fault are kept")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    began = time.monotonic()
    sums: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder, port = Path(name), free_port()
        (folder / "sites").mkdir()
        stages = all_stages(folder / "sites")
        unbroken = Course(folder / "unbroken", stages, port).unbroken()
        print(f"seed {options.seed}; without a break: {time.monotonic() - began:.0f} s")
        print(HEADING, flush=True)
        for number in count(1):
            store = folder / f"course-{number}"
            for done in course_with_kills(store, stages, port, unbroken, rng, KILLS):
                sums["rounds"] += 1
                sums["kills"] += len(done.kills)
                sums["lost"] += done.lost
                sums["twice"] += done.twice
                sums["under way"] += done.under_way
                sums["failed again"] += done.failed_again
                sums["wrong"] += bool(done.wrong or done.lost or done.twice)
                print(line_of(sums["rounds"], done), flush=True)
                for line in done.wrong[:10]:
                    print(f"      {line[:600]}", flush=True)
                is_late = options.seconds and time.monotonic() - began > options.seconds
                if sums["kills"] >= options.kills or is_late or (done.wrong and options.keep):
                    break
            if done.wrong and options.keep:
                shutil.copytree(store, options.keep / f"course-{options.seed}-{number}")
            shutil.rmtree(store)
            if sums["kills"] >= options.kills or is_late:
                break
    print(", ".join(f"{key} {value}" for key, value in sums.items()), end="")
    print(f"; {time.monotonic() - began:.0f} s")
    return bool(sums["wrong"])


if __name__ == "__main__":
    sys.exit(main())
