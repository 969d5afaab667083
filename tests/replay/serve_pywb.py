"""Serves a folder's config.yaml by pywb, on a free port of loopback, and prints the port.

Runs in pywb's own environment, which has nothing of this project. It is the application that
the command `wayback` starts; that command does not say which port it was given.

    .benchmarks/pywb/bin/python tests/replay/serve_pywb.py FOLDER
"""

from __future__ import annotations

import os
import sys
from importlib import import_module


def main() -> None:
    os.chdir(sys.argv[1])
    application = import_module("pywb.apps.frontendapp").FrontEndApp()
    server = import_module("pywb.utils.geventserver")
    serving = server.GeventServer(
        application,
        port=0,
        hostname="127.0.0.1",
        handler_class=server.RequestURIWSGIHandler,
    )
    # Bound by now, and listened on: whoever connects before it serves waits.
    print(serving.port, flush=True)
    # pywb prints a line for each request, and nobody reads a pipe that far.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serving.join()


if __name__ == "__main__":
    main()
