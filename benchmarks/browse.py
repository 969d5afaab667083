"""How long the pages of `scrapy browse` take over a store.

    .venv/bin/python -m benchmarks.browse --data DATA_DIR --export EXPORT_DIR

The export needs the format sqlite. Each kind of page is asked for of some cables, sources and
captures, spread over the store, without a network in between: median and slowest, in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sqlite3
import statistics
import time
from pathlib import Path

from datasette.app import Datasette

from cablecrawl.browse.server import make_app
from cablecrawl.export.folder import payload_folder

PAGES = 20
BUDGET_MS = 200


def paths(export: Path) -> dict[str, list[str]]:
    """What is asked for, by kind of page."""
    db = sqlite3.connect(payload_folder(export) / "cables.sqlite")
    ids = [row[0] for row in db.execute("SELECT reference_id FROM cables ORDER BY reference_id")]
    spread = ids[:: max(len(ids) // PAGES, 1)][:PAGES]
    words = [
        match[0].lower()
        for (subject,) in db.execute(
            "SELECT subject FROM cables WHERE subject IS NOT NULL LIMIT 40"
        )
        if (match := re.search(r"[A-Za-z]{6,}", subject))
    ]
    sources = [row[0] for row in db.execute("SELECT name FROM sources LIMIT 5")]
    captures = [
        row[0].removeprefix("urn:uuid:")
        for row in db.execute("SELECT capture_id FROM captures WHERE outcome = 'ok' LIMIT 2000")
    ]
    db.close()
    return {
        "home": ["/"] * 3,
        "cable": [f"/cable/{each}" for each in spread],
        "compare": [f"/compare/{each}" for each in spread],
        "capture": [f"/capture/{each}" for each in captures[:: max(len(captures) // PAGES, 1)]],
        "source": [f"/source/{each}" for each in sources],
        "all cables": ["/search"] * 3,
        "search": [f"/search?q={word}" for word in words[:PAGES]],
        "table": ["/cables/witnesses", "/cables/captures", "/cables/readings"],
    }


async def timed(app: Datasette, path: str) -> float:
    """Milliseconds until a page is there."""
    began = time.perf_counter()
    answer = await app.client.get(path, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.status_code)
    return 1000 * (time.perf_counter() - began)


async def measure(export: Path, data_dir: Path) -> bool:
    """Print the table; whether every median is within the budget."""
    app = make_app(export, data_dir, show_redacted_spans=False)
    await app.invoke_startup()
    await timed(app, "/cables")  # what is loaded once
    print(f"{'page':12}{'median ms':>10}{'slowest ms':>12}{'pages':>7}")
    is_within = True
    for kind, asked in paths(export).items():
        taken = [await timed(app, path) for path in asked]
        median = statistics.median(taken)
        is_within = is_within and median < BUDGET_MS
        print(f"{kind:12}{median:10,.0f}{max(taken):12,.0f}{len(taken):7}", flush=True)
    print(f"budget: {BUDGET_MS} ms")
    return is_within


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--export", type=Path, required=True, help="an export of it")
    options = parser.parse_args()
    return not asyncio.run(measure(options.export, options.data))


if __name__ == "__main__":
    raise SystemExit(main())
