"""Bad usage of a command: one line and exit status 1, without the list of all options.

argparse and Scrapy end with 2, which here says that something is damaged.
"""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from cablecrawl.errors import CableCrawlError
from cablecrawl.workers import available_cores


def refuse_in_one_line(parser: argparse.ArgumentParser, command: str) -> None:
    """Have the parser of a command say in one line what is wrong; Scrapy's UsageError too."""

    def refuse(message: str) -> NoReturn:
        said = " ".join(message.removeprefix("argument ").split())
        print(f"scrapy {command}: {said}; see scrapy {command} --help", file=sys.stderr)
        sys.exit(CableCrawlError.exit_status)

    parser.error = refuse  # type: ignore[method-assign]  # Scrapy makes the parser


def add_processes(parser: argparse.ArgumentParser) -> None:
    """The option of how many processes to read in: see `read_processes`."""
    parser.add_argument(
        "--processes",
        metavar="N",
        help=f"read in so many processes; default: one a core ({available_cores()} here)",
    )


def read_processes(given: str | None) -> int:
    """How many processes to read in. Raises CableCrawlError."""
    if given is None:
        return available_cores()
    if not (given.isascii() and given.isdigit()) or int(given) < 1:
        raise CableCrawlError(f"--processes {given}: must be 1 or more")
    return int(given)
