"""Every capture of a store through a real pywb, compared byte for byte with what was stored.

pywb lives in an environment of its own, .benchmarks/pywb, which the first run makes. It runs on
a free port of loopback, over the store's WARC files and the indexes beside them.

    .venv/bin/python -m benchmarks.replay                  the store in data/
    .venv/bin/python -m benchmarks.replay --data-dir DIR

Exit status 1 when a capture is not replayed as it was stored.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from cablecrawl.capture.cdxj import index_path, write_index
from cablecrawl.store.database import WARC_FOLDER
from tests.environments import NotInstalledError, environment
from tests.replay.pywb_server import REQUIREMENTS, Pywb
from tests.replay.replaying import captured, replay_all

# Captures between two updates of the line on the terminal.
PROGRESS_STEP = 50
MOST_NAMED = 20


def main() -> None:
    parser = argparse.ArgumentParser(description="Replays a store's captures by pywb.")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    warcs = parser.parse_args().data_dir / WARC_FOLDER
    files = sorted(warcs.glob("*.warc.gz"))
    if not files:
        sys.exit(f"{warcs}: there are no sealed WARC files")
    try:
        python = environment("pywb", REQUIREMENTS)
    except NotInstalledError as error:
        sys.exit(str(error))

    missing = [path for path in files if not index_path(path).exists()]
    began = time.perf_counter()
    for path in missing:
        write_index(path)
    if missing:
        print(f"{len(missing)} indexes written in {time.perf_counter() - began:.1f} s")

    captures = list(captured(warcs))
    with (
        tempfile.TemporaryDirectory() as work,
        Pywb(python, warcs, Path(work)) as pywb,
    ):
        began = time.perf_counter()
        tally = replay_all(captures, pywb.replay, _show if sys.stderr.isatty() else None)
        seconds = time.perf_counter() - began
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print(
        f"{len(captures):,} captures of {len(files)} WARC files, {tally.bytes / 1e6:.1f} MB, in"
        f" {seconds:.0f} s ({len(captures) / seconds:.0f}/s)"
    )
    for verdict in ("same", "resolved", "indistinct", "refused", "different"):
        print(f"  {verdict:<10} {tally.counts[verdict]:>7,}")
    revisits = sum(capture.is_revisit for capture in captures)
    print(f"  revisits   {revisits:>7,}")
    for line in tally.differences[:MOST_NAMED]:
        print(line)
    sys.exit(1 if tally.differences else 0)


def _show(number: int) -> None:
    if number % PROGRESS_STEP == 0:
        sys.stderr.write(f"\r{number:,} replayed")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
