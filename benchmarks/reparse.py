"""Re-parse speed: from stored captures to a whole new database, and how it scales over the cores.

Reads the WARC records, decodes, renders, reads the layouts, runs the pipelines, writes the
database and compares it with the old one: all that `scrapy reparse` does. Each round is a
process of its own, in turn with 1, 2, … processes below it; the store stays as it is.

    .venv/bin/python -m benchmarks.reparse                    generated mirror, 1,500 cables
    .venv/bin/python -m benchmarks.reparse --data-dir DIR     what a crawl stored
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.read import crawled
from cablecrawl.rebuild import rebuild
from cablecrawl.stats import CountingStats
from cablecrawl.workers import available_cores

BUDGET = 800

SIGHTINGS = ("first", "changed", "unchanged", "back")


def measure_in_this_process(data_dir: Path, processes: int) -> None:
    """One re-parse; prints what it took as JSON."""
    stats = CountingStats()
    began = time.perf_counter()
    rebuilt = rebuild(data_dir, stats, processes=processes, dry_run=True)
    seconds = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(
        json.dumps(
            {
                "captures": rebuilt.captures,
                "cables": sum(stats[f"cablecrawl/sightings/{event}"] for event in SIGHTINGS),
                "seconds": seconds,
                "cpu": sum(usage.ru_utime + usage.ru_stime for usage in used),
                # Of one process each; of those below, the largest.
                "peak_mb": max(usage.ru_maxrss for usage in used) / 1024,
            }
        )
    )


def measure(data_dir: Path, processes: int) -> dict[str, float]:
    """One re-parse in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reparse", "--child", str(data_dir)]
    done = subprocess.run([*command, str(processes)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="a store; default: of a generated mirror")
    parser.add_argument("--cables", type=int, default=1500, help="of the generated mirror")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measure_in_this_process(Path(options.child[0]), int(options.child[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or crawled(Path(folder), options.cables)
        counts = range(1, available_cores() + 1)
        rounds = [
            {count: measure(data_dir, count) for count in counts} for _ in range(options.rounds)
        ]
    report(rounds)


def report(rounds: list[dict[int, dict[str, float]]]) -> None:
    """Print the medians."""
    print(
        f"{'processes':>9}{'cables':>9}{'captures':>10}{'cables/s':>10}{'CPU ms':>8}{'peak MB':>9}"
    )
    rates = {}
    for count in rounds[0]:
        runs = [round_[count] for round_ in rounds]
        rates[count] = statistics.median(run["cables"] / run["seconds"] for run in runs)
        cpu = statistics.median(1000 * run["cpu"] / run["cables"] for run in runs)
        peak = max(run["peak_mb"] for run in runs)
        print(
            f"{count:10}{runs[0]['cables']:10,.0f}{runs[0]['captures']:10,.0f}"
            f"{rates[count]:10,.0f}{cpu:10.2f}{peak:10.0f}"
        )
    most = max(rates)
    print(f"one process: {rates[1]:,.0f} cable pages/s (budget: at least {BUDGET} a core)")
    print(f"{most} processes: {rates[most] / rates[1]:.2f} times as fast")


if __name__ == "__main__":
    main()
