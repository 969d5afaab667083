"""Time and peak memory of each format of an export, as a ratio to jsonl.

A store of generated cables is made as benchmarks/scale.py makes it; then each format is written in
a process of its own. The smaller size shows whether memory is flat.

    .venv/bin/python -m benchmarks.formats                        10,000 and 100,000 cables
    .venv/bin/python -m benchmarks.formats --cables 2000 10000 --formats sqlite,parquet
    .venv/bin/python -m benchmarks.formats --store DATA_DIR       a store that is there

`none` is what reading the store and deciding on each cable takes by itself: a format that is asked
for with others costs the difference. Ratios are of CPU time, which others on the machine do not
change as much; beside it is the time that passed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.crawl import measure, serve
from benchmarks.scale import write_site
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FORMATS, Format, FormatWriter, Target
from cablecrawl.export.read import snapshot
from cablecrawl.export.resources import FinishedFile
from cablecrawl.export.write import write_export
from cablecrawl.store.database import open_database

NONE, MODEL = "none", "jsonl"


class NoWriter(FormatWriter):
    """Asks for all that a cable has, and writes nothing."""

    def __init__(self, target: Target) -> None:
        """Needs no folder."""

    def add_cable(self, cable: ExportedCable) -> None:
        _ = (cable.readings, cable.relations, cable.references, cable.changes)

    def finish(self) -> list[FinishedFile]:
        return []

    def close(self) -> None:
        pass


def export_in_this_process(name: str, data_dir: str) -> None:
    """Write a format, and print what that took as JSON."""
    engine = open_database(Path(data_dir))
    with tempfile.TemporaryDirectory(dir=Path(data_dir).parent) as folder:
        began, worked = time.perf_counter(), time.process_time()
        with snapshot(engine) as store:
            summary = write_export(store, Path(folder), [name])
        seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    engine.dispose()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_mb = sum(file.bytes for file in summary.files) / 1e6
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu,
                "peak_mb": peak_mb,
                "mb": size_mb,
                "cables": summary.cables,
            }
        )
    )


def export(name: str, data_dir: Path) -> dict[str, float]:
    """A format in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.formats", "--child", name, str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def crawled(folder: Path, cables: int) -> Path:
    """A store of so many generated cables."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "data").exists():
        write_site(folder, cables)
        server, url = serve(folder / "site")
        try:
            measure("ours", url, folder / "data")
        finally:
            server.terminate()
    return folder / "data"


def report(measured: dict[str, dict[str, float]]) -> None:
    """Print a table."""
    model = measured[MODEL]
    print(f"{int(model['cables']):,} cables")
    print(f"{'format':16}{'MB':>9}{'s':>9}{'CPU s':>9}{'ratio':>8}{'peak MB':>9}{'ratio':>8}")
    for name, took in measured.items():
        print(
            f"{name:16}{took['mb']:9,.1f}{took['seconds']:9,.1f}{took['cpu']:9,.1f}"
            f"{took['cpu'] / model['cpu']:8.2f}"
            f"{took['peak_mb']:9,.0f}{took['peak_mb'] / model['peak_mb']:8.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cables", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--keep", type=Path, help="make sites and stores here, and leave them")
    parser.add_argument("--store", type=Path, help="measure this store, which must not be crawled")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    FORMATS[NONE] = Format("nothing", "benchmarks.formats:NoWriter")
    if options.child:
        export_in_this_process(*options.child)
        return
    names = list(dict.fromkeys((NONE, MODEL, *options.formats.split(","))))
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        if options.store is not None:
            report({name: export(name, options.store) for name in names})
            return
        peaks = []
        for cables in options.cables:
            store = crawled(work / str(cables), cables)
            measured = {name: export(name, store) for name in names}
            report(measured)
            peaks.append(measured)
    for name in names:
        growth = peaks[-1][name]["peak_mb"] / peaks[0][name]["peak_mb"]
        print(f"{name:16} peak grows by {growth:.2f}")


if __name__ == "__main__":
    main()
