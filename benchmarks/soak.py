"""Hours' worth of requests squeezed into one soak: what a crawl holds, and whether it lets go.

A mirror of invented cables is served on loopback with faults sprinkled in, and crawled by the
command as a user runs it: whole, then again with every page due (`-a full=1`) until so many
requests were made, then with what is due. Every five seconds each crawl notes memory, files, tasks,
queue, frontier and the sizes of the store.

    .venv/bin/python -m benchmarks.soak                       200,000 requests
    .venv/bin/python -m benchmarks.soak --minutes 30          or as many as that
    .venv/bin/python -m benchmarks.soak --requests 4000 --keep FOLDER

Then the curve, and ratios: flat is what is no larger at a crawl's end than at a tenth of its way.
The samples are in FOLDER/samples-N.csv.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks.scale import run
from benchmarks.soak_sampler import Sample
from cablecrawl.settings import EXTENSIONS
from tests.crawling import PROJECT, Project, environment

# Of a first crawl: 100,000 cables have 6,300 index pages, and faults are asked for again.
REQUESTS_PER_CABLE = 1.06
# Lines of the curve for each crawl.
STEPS = 6

FULL = ("-a", "full=1")


@dataclass(frozen=True)
class Crawl:
    """A crawl of the soak that has ended."""

    arguments: tuple[str, ...]
    status: int
    seconds: float
    samples: list[Sample]
    """The last one was taken when it had closed."""

    @property
    def name(self) -> str:
        return " ".join(self.arguments) or "(none)"

    @property
    def requests(self) -> int:
        return self.samples[-1].requests

    @property
    def open(self) -> list[Sample]:
        """Those that were taken before it closed, if it was not over before the first."""
        return self.samples[:-1] or self.samples

    def at(self, share: float) -> Sample:
        """The first sample at so much of the way."""
        reached = share * self.open[-1].requests
        return next(each for each in self.open if each.requests >= reached)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the site while it is served, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.soak_server", str(site)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def crawl(work: Path, url: str, number: int, arguments: tuple[str, ...], seconds: float) -> Crawl:
    """One crawl, by the command; it is stopped in order after so many seconds."""
    samples = work / f"samples-{number}.csv"
    extensions = {**EXTENSIONS, "benchmarks.soak_sampler.Sampler": 1000}
    command = Project(work).command(
        *("crawl", "mirrors", "-a", f"url={url}", *arguments),
        EXTENSIONS=json.dumps(extensions),
        SAMPLES=str(samples),
        CLOSESPIDER_TIMEOUT=str(seconds),
        # Each page that stays away is a line.
        LOG_LEVEL="ERROR",
    )
    began = time.monotonic()
    with (work / f"log-{number}.txt").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", *command],
            cwd=PROJECT,
            env=environment(),
            stdout=log,
            stderr=log,
        )
    if not samples.exists():
        sys.exit((work / f"log-{number}.txt").read_text())
    return Crawl(arguments, done.returncode, time.monotonic() - began, read_samples(samples))


def read_samples(path: Path) -> list[Sample]:
    """Samples from their CSV file."""
    numbers = {"int": int, "float": float}
    kinds = {field.name: numbers[str(field.type)] for field in fields(Sample)}
    with path.open(newline="") as file:
        return [
            Sample(**{name: kinds[name](value) for name, value in row.items()})
            for row in csv.DictReader(file)
        ]


def soak(work: Path, site: Path, requests: int, seconds: float) -> list[Crawl]:
    """Crawls of one store, one after the other, in so many seconds at most."""
    crawls: list[Crawl] = []
    until = time.monotonic() + seconds
    made = 0
    with served(site) as url:
        while made < requests and time.monotonic() < until:
            arguments = FULL if crawls else ()
            crawls.append(crawl(work, url, len(crawls) + 1, arguments, until - time.monotonic()))
            tell(crawls[-1])
            made += crawls[-1].requests
            if crawls[-1].requests < requests / 100:
                sys.exit(f"{made:,} requests were made: see the log in {work}")
        if time.monotonic() < until:
            crawls.append(crawl(work, url, len(crawls) + 1, (), until - time.monotonic()))
            tell(crawls[-1])
    return crawls


def tell(crawl: Crawl) -> None:
    """One line on a crawl that has ended."""
    print(
        f"{crawl.requests:,} requests in {crawl.seconds:,.0f} s, status {crawl.status},"
        f" arguments {crawl.name}",
        flush=True,
    )


CURVE = (
    *("requests", "seconds", "cpu_seconds", "rss_mb", "pss_mb", "descriptors", "threads", "tasks"),
    *("queued", "pending", "done", "database_mb", "wal_mb", "warc_mb"),
)


def report(crawls: Sequence[Crawl]) -> None:
    """Print the curve, then how the end of each crawl compares with a tenth of its way."""
    print(f"\n{'crawl':>5}" + "".join(f"{name:>12}" for name in CURVE))
    for number, crawl in enumerate(crawls, start=1):
        shares = (0.1, *(step / STEPS for step in range(1, STEPS + 1)))
        chosen = dict.fromkeys((*map(crawl.at, shares), crawl.samples[-1]))
        for sample in chosen:
            cells = "".join(f"{getattr(sample, name):12,.10g}" for name in CURVE)
            print(f"{number:5}{cells}" + (" closed" if sample.is_closed else ""))
    print(f"\nrequests in all: {sum(each.requests for each in crawls):,}")
    for number, crawl in enumerate(crawls, start=1):
        early, closed = crawl.at(0.1), crawl.samples[-1]
        late = crawl.open[-1]
        for name in ("rss_mb", "pss_mb", "descriptors", "threads", "tasks"):
            before, end = getattr(early, name), getattr(late, name)
            print(
                f"crawl {number}: {name} at the end to a tenth of the way:"
                f" {end / before if before else 0:.2f} ({before:,.10g} to {end:,.10g},"
                f" {getattr(closed, name):,.10g} when closed)"
            )
        print(
            f"crawl {number}: at most {max(each.wal_mb for each in crawl.samples):,.1f} MB of WAL,"
            f" {max(each.queued for each in crawl.samples):,} jobs queued,"
            f" {max(each.rss_mb for each in crawl.samples):,.0f} MB of memory"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=180, help="at most, without the site")
    parser.add_argument("--site", type=Path, help="a mirror as files; default: a generated one")
    parser.add_argument("--keep", type=Path, help="make site and store here, and leave them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if options.site is None:
            run("write_site", work, round(options.requests / 2 / REQUESTS_PER_CABLE))
        site = options.site or work / "site"
        report(soak(work, site, options.requests, 60 * options.minutes))


if __name__ == "__main__":
    main()
