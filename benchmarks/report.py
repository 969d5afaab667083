"""The report of a large store: seconds, bytes and peak memory, in a process of its own.

Makes a store of invented cables, or takes one that is there. A few hundred are read as a crawl
reads them; their rows are then copied, as in benchmarks.trace, under reference IDs of all posts
and of 45 years, with references to one another and to cables that the store has not.

    .venv/bin/python -m benchmarks.report                       100,000 cables, some minutes to make
    .venv/bin/python -m benchmarks.report --cables 10000 --keep FOLDER
    .venv/bin/python -m benchmarks.report --data-dir DIR        a store, such as a crawl's
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.trace import make_store
from cablecrawl.posts import posts
from cablecrawl.store.database import DATABASE

SECONDS_BUDGET, BYTES_BUDGET = 60, 10_000_000

FIRST_YEAR, LAST_YEAR = 1966, 2010

# The number of a reference that stays within the cables of its store: a seventh leads elsewhere.
BEYOND = 7 / 6

CHILD = "from scrapy.cmdline import execute; execute()"


def spread(data_dir: Path) -> None:
    """Give every cable of a store an ID of some post and year, few posts having most."""
    chosen = random.Random(6)
    names = [post.id for post in posts()]
    weights = [1 / place for place in range(1, len(names) + 1)]
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    of_years = [1 if year < 2003 else 120 for year in years]
    with closing(sqlite3.connect(data_dir / DATABASE)) as db, db:
        old = [row[0] for row in db.execute("SELECT DISTINCT reference_id FROM witness ORDER BY 1")]
        numbers: dict[tuple[str, int], int] = {}
        new = []
        for post, year in zip(
            chosen.choices(names, weights, k=len(old)),
            chosen.choices(years, of_years, k=len(old)),
            strict=True,
        ):
            numbers[post, year] = numbers.get((post, year), 0) + 1
            new.append(f"{year % 100:02}{post}{numbers[post, year]}")
        db.execute("CREATE TEMP TABLE renamed (old TEXT PRIMARY KEY, new TEXT)")
        db.executemany("INSERT INTO renamed VALUES (?, ?)", zip(old, new, strict=True))
        db.execute(
            "UPDATE witness SET reference_id ="
            " (SELECT new FROM renamed WHERE old = witness.reference_id)"
        )
        cited = []
        for row, reference_id in db.execute(
            "SELECT claim.id, reference_id FROM claim JOIN reading ON reading.id = claim.reading"
            " JOIN witness ON witness.id = reading.witness WHERE field = 'references'"
        ):
            post = chosen.choices(names, weights)[0]
            year = int(reference_id[:2])
            full = year + (2000 if year <= LAST_YEAR % 100 else 1900)
            number = chosen.randint(1, max(int(numbers.get((post, full), 1) * BEYOND), 2))
            cited.append((f"{year:02} {post} {number}", row))
        db.executemany("UPDATE claim SET value = ? WHERE id = ?", cited)


def measure(data_dir: Path, output: Path) -> dict[str, float]:
    """The command in a process of its own; memory is the peak of that process."""
    command = [sys.executable, "-c", CHILD, "report", "--output", str(output), "--json"]
    began = time.perf_counter()
    done = subprocess.run([*command, "-s", f"DATA_DIR={data_dir}"], capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr)
    told = json.loads(done.stdout)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "cables": told["counts"]["cables"],
        "copies": told["counts"]["copies"],
        "seconds": seconds,
        "bytes": told["bytes"],
        "peak_mb": peak_mb,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cables", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="make the store here, and leave it")
    parser.add_argument("--data-dir", type=Path, help="the data folder of a store that is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = options.data_dir or (options.keep or Path(temporary)) / "data"
        if options.data_dir is None:
            # In a process of its own: the peak below is the largest of all children.
            make_store(data_dir, options.cables)
            spread(data_dir)
        measured = measure(data_dir, Path(temporary) / "report.html")
    print(f"{measured['cables']:,.0f} cables, {measured['copies']:,.0f} copies")
    print(f"{measured['seconds']:10,.1f} s   (budget: {SECONDS_BUDGET})")
    print(f"{measured['bytes'] / 1e6:10,.2f} MB  (budget: {BYTES_BUDGET / 1e6:,.0f})")
    print(f"{measured['peak_mb']:10,.0f} MB of memory at its peak")


if __name__ == "__main__":
    main()
