"""Crawl speed: the main job against a bare Scrapy spider that only downloads.

Both ask the same server for the same URLs with the same settings, in turn, each in a process
of its own. Pages a second count from the opened spider to the closed one, CPU is that of the
whole process in that time.

    .venv/bin/python -m benchmarks.crawl                      generated mirror, 1,500 cables
    .venv/bin/python -m benchmarks.crawl --site FOLDER        a mirror as files
    .venv/bin/python -m benchmarks.crawl --gzip               the server compresses
    .venv/bin/python -m benchmarks.crawl --latency 0.1        the server is far away
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
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.utils.project import get_project_settings
from sqlalchemy import select

from cablecrawl.store import tables as t
from cablecrawl.store.database import open_database

# What both have: the project's settings that are Scrapy's own, without waiting.
SHARED = {
    "CONCURRENT_ITEMS": 4,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "COOKIES_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "LOG_LEVEL": "WARNING",
    "REMOTE_CONTROL_ENABLED": False,
    "ROBOTSTXT_OBEY": True,
    "TELNETCONSOLE_ENABLED": False,
}
BUDGET = 0.5


class BareSpider(Spider):
    """Downloads a list of URLs and does nothing with them."""

    name = "bare"

    def __init__(self, urls: str) -> None:
        super().__init__()
        self.urls = Path(urls).read_text().split()

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            yield Request(url)

    def parse(self, response: Response) -> None:
        """Nothing."""


def measure_in_this_process(kind: str, argument: str, data_dir: str) -> None:
    """Run one crawl and print what it took as JSON."""
    if kind == "bare":
        process = AsyncCrawlerProcess(SHARED)
        crawler = process.create_crawler(BareSpider)
        arguments = {"urls": argument}
    else:
        settings = get_project_settings()
        settings.setdict({**SHARED, "DATA_DIR": data_dir}, priority="cmdline")
        process = AsyncCrawlerProcess(settings)
        crawler = process.create_crawler("mirrors")
        arguments = {"url": argument}
    began: list[float] = []
    ended: list[float] = []
    crawler.signals.connect(lambda: began.extend(_clocks()), signals.spider_opened, weak=False)
    crawler.signals.connect(lambda: ended.extend(_clocks()), signals.spider_closed, weak=False)
    process.crawl(crawler, **arguments)
    process.start()
    print(
        json.dumps(
            {
                "pages": crawler.stats.get_value("downloader/response_count"),
                "seconds": ended[0] - began[0],
                "cpu": ended[1] - began[1],
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def measure(kind: str, argument: str, data_dir: Path) -> dict[str, float]:
    """One crawl in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.crawl", "--child", kind, argument, str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def urls_of(data_dir: Path) -> list[str]:
    """Every URL of a crawl, as often as it was asked for."""
    engine = open_database(data_dir)
    with engine.connect() as db:
        return list(db.execute(select(t.capture.c.url).order_by(t.capture.c.id)).scalars())


def serve(
    site: Path, *, gzip: bool = False, latency: float = 0.0
) -> tuple[subprocess.Popen[str], str]:
    """The sample server in a process of its own; returns it and its address."""
    command = [sys.executable, "-m", "benchmarks.serve", str(site), f"--latency={latency}"]
    if gzip:
        command.append("--gzip")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, help="a mirror as files; default: a generated one")
    parser.add_argument("--cables", type=int, default=1500, help="of the generated mirror")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gzip", action="store_true", help="the server compresses")
    parser.add_argument("--latency", type=float, default=0.0, help="the server's, in seconds")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measure_in_this_process(*options.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        site = options.site or generated_site(work / "site", options.cables)
        server, url = serve(site, gzip=options.gzip, latency=options.latency)
        try:
            results = compare(url, work, options.rounds)
        finally:
            server.terminate()
    report(results)


def generated_site(folder: Path, count: int) -> Path:
    """A mirror with invented cables."""
    from tests.sites.cables import invented_cables
    from tests.sites.mirror import Build, write_mirror

    write_mirror(folder, invented_cables(count), Build(count, "v4"))
    return folder


def compare(url: str, work: Path, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Both in turn, `rounds` times; a first crawl finds the URLs and warms the caches."""
    measure("ours", url, work / "first")
    urls = work / "urls"
    urls.write_text("\n".join(urls_of(work / "first")))
    results: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
    for number in range(rounds):
        results["bare"].append(measure("bare", str(urls), work / "none"))
        results["ours"].append(measure("ours", url, work / f"data{number}"))
    return results


def report(results: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians and their ratio."""
    medians: dict[str, dict[str, Any]] = {}
    print(f"{'':6}{'pages':>8}{'pages/s':>10}{'CPU ms/page':>13}{'peak MB':>10}")
    for kind, runs in results.items():
        medians[kind] = {
            "rate": statistics.median(run["pages"] / run["seconds"] for run in runs),
            "cpu": statistics.median(1000 * run["cpu"] / run["pages"] for run in runs),
            "peak": max(run["peak_mb"] for run in runs),
        }
        row = medians[kind]
        print(
            f"{kind:6}{runs[0]['pages']:8,.0f}{row['rate']:10.0f}{row['cpu']:13.2f}"
            f"{row['peak']:10.0f}"
        )
    ratio = medians["ours"]["rate"] / medians["bare"]["rate"]
    print(f"ratio of pages/s: {ratio:.2f} (budget: at least {BUDGET})")


if __name__ == "__main__":
    main()
