"""Time to trace one field of one cable in a large store: the lookup, not the start of Python.

Makes a store of invented cables, each at two mirrors, or takes one that is there. A mirror of
some hundred cables is read as a crawl reads it, and its rows are then copied under new reference
IDs; every copy's captures point at the records of the first. What is timed is all that the
command does once its modules are loaded: a snapshot, the cable by its index, claims, captures and
runs, what is hidden, and the document from its WARC record for the surroundings of the quotes.

    .venv/bin/python -m benchmarks.trace                      100,000 cables, some minutes to make
    .venv/bin/python -m benchmarks.trace --data-dir DIR       a store, such as a crawl's
    .venv/bin/python -m benchmarks.trace --cables 10000 --keep FOLDER
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from cablecrawl.export.opened import opened
from cablecrawl.export.read import snapshot
from cablecrawl.reference_id import parse
from cablecrawl.store.database import DATABASE, open_database
from cablecrawl.trace.asked import find_cable, trace_cable
from cablecrawl.trace.explanation import FIELD_NAMES
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore, read_mirror

BUDGET_MS = 10.0

# Cables that are read before they are copied.
MODELS = 500
# Traces that are timed, each of another cable, field after field.
TRACES = 400
# Processes that trace one field each, for the first trace of a process.
STARTS = 5

# Serials have six digits at most; no cable of the sample sites has this post.
CLONES = """
CREATE TEMP TABLE model AS
    SELECT reference_id, row_number() OVER (ORDER BY reference_id) - 1 AS number
    FROM (SELECT DISTINCT reference_id FROM witness);
CREATE TEMP TABLE copy AS
    WITH RECURSIVE copy(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < {copies})
    SELECT k FROM copy;
INSERT INTO capture (id, capture_id, run, source, url, via, fetched_at, outcome, status, flags,
    detail, warc, offset, length, payload_sha256, payload_length, is_read)
    SELECT id + k * {step}, capture_id || '-' || k, run, source, url || '?' || k,
    via, fetched_at, outcome, status, flags, detail, warc, offset, length, payload_sha256,
    payload_length, is_read
    FROM copy, capture WHERE id IN (SELECT capture FROM sighting);
INSERT INTO witness SELECT witness.id + k * {step}, source,
    '09NOWHERE' || (100000 + number * {copies} + k), locator || '?' || k, stated_id, url
    FROM copy, witness JOIN model USING (reference_id);
INSERT INTO reading SELECT id + k * {step}, witness + k * {step}, sha256, capture + k * {step},
    layout, encoding, decoding, header, body FROM copy, reading;
INSERT INTO sighting SELECT id + k * {step}, witness + k * {step}, capture + k * {step},
    reading + k * {step}, event FROM copy, sighting;
INSERT INTO listing SELECT source, locator || '?' || k, capture FROM copy, listing;
INSERT INTO claim SELECT id + k * {step}, reading + k * {step}, field, ordinal, value, step, start,
    "end", quote, capture + k * {step}, last_capture + k * {step} FROM copy, claim;
"""


def make_store(data_dir: Path, cables: int) -> None:
    """A store of that many invented cables, at two mirrors each."""
    store = SampleStore(data_dir)
    models = invented_cables(min(MODELS, cables))
    with tempfile.TemporaryDirectory() as folder:
        for name, build in (("early", Build(cables, "v3")), ("later", Build(cables, "v6"))):
            write_mirror(Path(folder) / name, models, build)
            store.crawl(name, read_mirror(Path(folder) / name))
    store.engine.dispose()
    with closing(sqlite3.connect(data_dir / DATABASE)) as db:
        db.execute("PRAGMA synchronous=OFF")
        step = max(db.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for table in TABLES)
        copies = -(-cables // len(models)) - 1
        if copies > 0:
            db.executescript(CLONES.format(copies=copies, step=step + 1))
        db.commit()


TABLES = ("capture", "witness", "reading", "sighting", "claim")


def reference_ids(data_dir: Path) -> list[str]:
    """All of a store, in order."""
    with closing(sqlite3.connect(data_dir / DATABASE)) as db:
        rows = db.execute("SELECT DISTINCT reference_id FROM witness ORDER BY reference_id")
        return [reference_id for (reference_id,) in rows]


class Took(NamedTuple):
    """Milliseconds of one trace."""

    on_the_clock: float
    of_cpu: float
    """On a machine that has other things to do, the steadier figure."""


def now() -> Took:
    """Both clocks."""
    return Took(time.perf_counter() * 1000, time.process_time() * 1000)


def since(began: Took) -> Took:
    """How long ago that was."""
    ended = now()
    return Took(ended.on_the_clock - began.on_the_clock, ended.of_cpu - began.of_cpu)


def time_traces(data_dir: Path, asked: Sequence[tuple[str, str]]) -> list[Took]:
    """What each of these cables and fields takes, each in a snapshot of its own."""
    times = []
    engine = open_database(data_dir)
    for reference_id, field in asked:
        began = now()
        with snapshot(engine) as store:
            reference = parse(reference_id)
            assert reference is not None
            cable = find_cable(store, reference)
            trace_cable(store, cable, reference, field, data_dir)
        times.append(since(began))
    engine.dispose()
    return times


def first_of_a_process(data_dir: Path, reference_id: str, field: str) -> Took:
    """The first trace in a process, its modules loaded and nothing else."""
    command = [sys.executable, "-m", "benchmarks.trace", "--child", reference_id, field]
    done = subprocess.run(
        [*command, "--data-dir", str(data_dir)], capture_output=True, text=True, check=True
    )
    return Took(*json.loads(done.stdout))


def trace_in_this_process(data_dir: Path, reference_id: str, field: str) -> None:
    """Trace once, and print what it took."""
    reference = parse(reference_id)
    assert reference is not None
    began = now()
    with opened(data_dir) as store:
        trace_cable(store, find_cable(store, reference), reference, field, data_dir)
    print(json.dumps(since(began)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="a store; default: a generated one")
    parser.add_argument("--cables", type=int, default=100_000, help="of the generated store")
    parser.add_argument("--keep", type=Path, help="make the store here, and leave it")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        trace_in_this_process(options.data_dir, *options.child)
        return
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = options.data_dir
        if data_dir is None:
            data_dir = (options.keep or Path(temporary)) / "data"
            began = time.perf_counter()
            make_store(data_dir, options.cables)
            print(f"store made in {time.perf_counter() - began:.0f} s")
        report(data_dir)


def report(data_dir: Path) -> None:
    """Trace, and print what it took."""
    ids = reference_ids(data_dir)
    size = (data_dir / DATABASE).stat().st_size / 1e6
    print(f"{len(ids):,} cables, database of {size:,.0f} MB")
    rng = random.Random(7)
    asked = [(rng.choice(ids), FIELD_NAMES[n % len(FIELD_NAMES)]) for n in range(TRACES)]
    times = time_traces(data_dir, asked)
    for name, share in (("half of the traces", 0.5), ("95 %", 0.95), ("all", 1.0)):
        clock, cpu = (
            sorted(values)[min(int(len(values) * share), len(values) - 1)]
            for values in zip(*times, strict=True)
        )
        print(
            f"one field, {name}: at most {clock:.1f} ms ({clock / BUDGET_MS:.2f} of the budget),"
            f" {cpu:.1f} ms of CPU ({cpu / BUDGET_MS:.2f})"
        )
    first = [first_of_a_process(data_dir, *asked[number]) for number in range(STARTS)]
    clock, cpu = (statistics.median(values) for values in zip(*first, strict=True))
    print(f"the first of a process, statements still to compile: {clock:.1f} ms, {cpu:.1f} of CPU")


if __name__ == "__main__":
    main()
