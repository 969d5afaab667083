"""A real pywb over a folder of WARC files, and what it replays."""

from __future__ import annotations

import select
import subprocess
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.crawling import PATIENCE, environment

PROJECT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("pywb-requirements.txt")
COLLECTION = "cables"

# The folder has both: indexes, of which pywb reads all that end in .cdxj, and WARC files.
CONFIG = """\
framed_replay: false
collections:
  {collection}:
    index_paths: {folder}/
    archive_paths: {folder}/
"""


@dataclass(frozen=True)
class Replayed:
    """What pywb answers."""

    status: int
    is_capture: bool
    """Whether it is a memento, and not pywb's own word on why there is none."""
    payload: bytes
    """As it came, its content coding kept."""


class Pywb:
    """Replays a folder's captures while it is entered.

    with Pywb(python, data_dir / "warc", tmp_path) as pywb:
        pywb.replay("http://mirror.example/", "20101222083000")
    """

    def __init__(self, python: Path, warcs: Path, work: Path) -> None:
        """`python` is that of pywb's environment; `work` a folder for its configuration and log."""
        self._python = python
        self._work = work
        self._log = work / "pywb.log"
        config = CONFIG.format(collection=COLLECTION, folder=warcs.resolve())
        (work / "config.yaml").write_text(config, encoding="utf-8")

    def __enter__(self) -> Self:
        """Raises RuntimeError when it does not come up."""
        script = Path(__file__).with_name("serve_pywb.py")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [self._python, script, self._work],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
                text=True,
            )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        port = self._process.stdout.readline().strip() if ready else ""
        if not port:
            self._end()
            raise RuntimeError(f"pywb does not start: {self._log.read_text()[-500:]}")
        self._port = int(port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def replay(self, url: str, second: str, codings: str = "") -> Replayed:
        """The capture of an address closest to a time, `20101222083000`, as it came (`id_`).

        The address is written as a WARC-Target-URI is. pywb takes off a content coding that is
        not among those accepted: `codings` is what the capture's Content-Encoding says.
        """
        headers = {"Accept-Encoding": codings or "identity", "Connection": "close"}
        # One for each: on one that is kept, pywb's answers wait 40 ms for acknowledgements.
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)) as connection:
            connection.request("GET", f"/{COLLECTION}/{second}id_/{url}", headers=headers)
            response = connection.getresponse()
            try:
                payload = response.read()
            except IncompleteRead as short:  # its head promises more than the server sent
                payload = short.partial
        is_capture = response.getheader("Memento-Datetime") is not None
        return Replayed(response.status, is_capture, payload)

    def _end(self) -> None:
        self._process.terminate()
        self._process.communicate()
