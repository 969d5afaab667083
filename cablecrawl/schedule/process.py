"""One crawl as a process of its own: its command, its log, the signals passed on to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from cablecrawl.runs import LOG_VARIABLE


def crawl_arguments(kind: str, source: str) -> list[str]:
    """What stands behind `scrapy` for a crawl of one source."""
    return ["crawl", kind, "-a", f"source={source}"]


class CrawlProcess:
    """Runs crawls, one at a time, and passes signals on to the one that is running.

    The first signal reaches a crawl as SIGTERM, on which it ends in good order; later ones as
    they are: Scrapy takes the second one for leave to stop at once.
    """

    def __init__(self, data_dir: Path, given: Sequence[str]) -> None:
        """`given`: settings as on the command line, `NAME=VALUE`."""
        self._data_dir = data_dir
        self._given = given
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._signals: list[int] = []
        self._passed_on = 0

    def run(self, arguments: Sequence[str], log: Path) -> int:
        """The exit status; of a process that a signal ended, 128 and its number, as in a shell.

        In a process group of its own: Ctrl-C in a terminal reaches it once, through us.
        """
        settings = [part for setting in self._given for part in ("-s", setting)]
        command = [sys.executable, "-m", "scrapy", *arguments, *settings]
        name = log.relative_to(self._data_dir).as_posix()
        with log.open("ab") as output:
            output.write(f"$ scrapy {' '.join([*arguments, *settings])}\n".encode())
            output.flush()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, LOG_VARIABLE: name},
                process_group=0,
            )
        with self._lock:
            self._process = process
            self._pass_on()
        status = process.wait()
        with self._lock:
            self._process = None
        return status if status >= 0 else 128 - status

    def send(self, number: int) -> None:
        """Pass a signal on, or keep it for a crawl that is about to begin."""
        with self._lock:
            self._signals.append(number)
            self._pass_on()

    def _pass_on(self) -> None:
        while self._process is not None and self._passed_on < len(self._signals):
            number = self._signals[self._passed_on] if self._passed_on else signal.SIGTERM
            self._passed_on += 1
            self._process.send_signal(number)
