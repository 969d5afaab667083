"""Reading speed: from stored captures to claims, in pages a second and core.

Takes what a crawl stored (or makes a store of a generated mirror), and for each capture reads
the WARC record, checks its digests, decodes, renders, reads the layout and runs the pipelines
up to the store; in the order of the captures and with the sources by turns, as where several
are crawled at once; then the same with the store. One process, one thread but for the store's.

    .venv/bin/python -m benchmarks.read [--data-dir DIR] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from benchmarks.crawl import generated_site, measure, serve
from cablecrawl.capture import Location, ResponseReader
from cablecrawl.items import CablePage, Capture
from cablecrawl.layouts import is_cable_url
from cablecrawl.reading import PageReader
from cablecrawl.rebuild import rebuild
from cablecrawl.rereading import items_of_capture, steps_before_the_store
from cablecrawl.stats import CountingStats
from cablecrawl.store.database import WARC_FOLDER, open_database
from cablecrawl.store.queries import captures

BUDGET = 800


Stored = tuple[Capture, Location]


def read_all(data_dir: Path, arrange: Callable[[list[Stored]], list[Stored]]) -> tuple[int, int]:
    """Cable pages read and claims made."""
    stats = CountingStats()
    steps = steps_before_the_store(stats)
    reader = PageReader()
    pages = claims = 0
    engine = open_database(data_dir)
    responses = ResponseReader(data_dir / WARC_FOLDER)
    with engine.connect() as db:
        stored = [row for row in captures(db) if is_cable_url(row[0].url)]
    for capture, location in arrange(stored):
        for item in items_of_capture(reader, responses, capture, location):
            for step in steps:
                item = step.process_item(item)
            if isinstance(item, CablePage):
                pages += 1
                claims += len(item.claims)
    responses.close()
    engine.dispose()
    return pages, claims


def in_order(stored: list[Stored]) -> list[Stored]:
    """As they were captured."""
    return stored


def by_turns(stored: list[Stored]) -> list[Stored]:
    """One of each source, then the next of each."""
    of_source: dict[str, list[Stored]] = {}
    for row in stored:
        of_source.setdefault(row[0].source, []).append(row)
    return [row for turn in zip_longest(*of_source.values()) for row in turn if row is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="a store; default: of a generated mirror")
    parser.add_argument("--cables", type=int, default=1500, help="of the generated mirror")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or crawled(Path(folder), options.cables)
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(read_all, data_dir, in_order)
            pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(30)
            return
        for name, arrange in (("in order", in_order), ("sources by turns", by_turns)):
            began = time.process_time()
            pages, claims = read_all(data_dir, arrange)
            seconds = time.process_time() - began
            print(f"{name}: {pages:,} cable pages, {claims:,} claims in {seconds:.2f} s of CPU,")
            print(f"  {pages / seconds:,.0f} pages/s and core (budget: at least {BUDGET})")
        began = time.perf_counter()
        rebuilt = rebuild(data_dir, CountingStats())
        seconds = time.perf_counter() - began
        print(
            f"rebuild with index pages, store and all: {rebuilt.captures:,} captures in"
            f" {seconds:.2f} s, {rebuilt.captures / seconds:,.0f} a second"
        )


def crawled(work: Path, cables: int) -> Path:
    """A store with a crawl of a generated mirror."""
    server, url = serve(generated_site(work / "site", cables))
    try:
        measure("ours", url, work / "data")
    finally:
        server.terminate()
    return work / "data"


if __name__ == "__main__":
    main()
