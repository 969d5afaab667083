"""Memory and time at ten times the size: crawl, re-parse, export and the trace of one field.

Mirrors of invented cables are written, served on loopback and crawled as a user would; each
command runs in a process of its own, whose peak is that of its largest process. Then ratios:
memory is flat when the peak at the larger size is within 1.2 of that at the smaller.

    .venv/bin/python -m benchmarks.scale                          10,000 and 100,000 cables
    .venv/bin/python -m benchmarks.scale --cables 1000 10000 --keep FOLDER
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.crawl import generated_site, measure, serve
from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.read import snapshot
from cablecrawl.export.write import write_export
from cablecrawl.rebuild import rebuild
from cablecrawl.stats import CountingStats
from cablecrawl.store.database import open_database

MEMORY_BUDGET = 1.2


def write_site(folder: Path, cables: int) -> None:
    """A mirror of so many invented cables."""
    generated_site(folder / "site", cables)


def reparse(folder: Path, _: int) -> None:
    """All captures again, on all cores, compared and thrown away."""
    rebuild(folder / "data", CountingStats(), dry_run=True)


def export(folder: Path, _: int) -> None:
    """Every file of an export."""
    engine = open_database(folder / "data")
    target = folder / "export"
    target.mkdir()
    with snapshot(engine) as store:
        write_export(store, target, DEFAULT_FORMATS)
    engine.dispose()


JOBS: dict[str, Callable[[Path, int], None]] = {
    job.__name__: job for job in (write_site, reparse, export)
}


def run_in_this_process(name: str, folder: str, cables: str) -> None:
    """Do a job, and print what it took as JSON."""
    began = time.perf_counter()
    JOBS[name](Path(folder), int(cables))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak_mb = max(usage.ru_maxrss for usage in used) / 1024
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_mb": peak_mb}))


def run(name: str, folder: Path, cables: int) -> dict[str, float]:
    """A job in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--child", name, str(folder), str(cables)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure_size(folder: Path, cables: int) -> dict[str, dict[str, float]]:
    """What crawl, re-parse and export of so many cables take."""
    folder.mkdir(parents=True, exist_ok=True)
    run("write_site", folder, cables)
    server, url = serve(folder / "site")
    try:
        crawl = measure("ours", url, folder / "data")
    finally:
        server.terminate()
    return {
        "crawl": crawl,
        "reparse": run("reparse", folder, cables),
        "export": run("export", folder, cables),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cables", type=int, nargs=2, default=[10_000, 100_000])
    parser.add_argument("--keep", type=Path, help="make sites and stores here, and leave them")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_in_this_process(*options.child)
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        sizes = {count: measure_size(work / str(count), count) for count in options.cables}
    report(sizes)


def report(sizes: dict[int, dict[str, dict[str, float]]]) -> None:
    """Print peaks and times of each size, and how they grow."""
    small, large = sizes
    columns = "".join(f"{f'{count:,}':>12}" for count in sizes)
    print(f"{'':10}{columns}{'ratio':>8}")
    for job in sizes[small]:
        for what, unit in (("peak_mb", "MB"), ("seconds", "s")):
            values = [sizes[count][job][what] for count in sizes]
            cells = "".join(f"{value:9,.0f} {unit:2}" for value in values)
            print(f"{job:10}{cells}{values[1] / values[0]:8.2f}")
    worst = max(sizes[large][job]["peak_mb"] / sizes[small][job]["peak_mb"] for job in sizes[small])
    print(f"largest growth of a peak: {worst:.2f} (budget: at most {MEMORY_BUDGET})")


if __name__ == "__main__":
    main()
