"""Serves a folder on loopback until it is ended: the server of the crawl benchmark."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from tests.sites.server import SiteServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    with SiteServer(options.folder, gzip=options.gzip, latency=options.latency) as server:
        print(server.url, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
