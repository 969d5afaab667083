"""What the index pages of a day of release listed the last time: what is new there has moved.

`/reldate/2010-12-22_0.html` and its further pages `_1`, `_2` are one index: rows go from one to
the other when some are added before them, and nothing has moved then.
"""

from __future__ import annotations

import re

from cablecrawl.capture import DamagedWarc, ResponseReader
from cablecrawl.capture.http import content_codings, content_type, parse_head
from cablecrawl.decoding import UndecodableError, decode_content
from cablecrawl.reading import PageReader
from cablecrawl.runs import Run
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.store.known import last_pages

NUMBER_OF_PAGE = re.compile(r"_\d+(?:\.[a-z]+)?$")


class ListedBefore:
    """Reads what earlier crawls saw an index list; each index once."""

    def __init__(self, run: Run, reader: PageReader) -> None:
        self._crawl = run.crawl
        self._reader = reader
        self._responses = ResponseReader(run.data_dir / WARC_FOLDER)
        self._db = run.engine.connect()
        self._listed: dict[tuple[str, str], set[str]] = {}

    def not_listed(self, source: str, url: str, cables: list[str]) -> list[str]:
        """Those of the cable pages that the index of a page did not list in earlier crawls."""
        index = NUMBER_OF_PAGE.sub("_", url)
        key = (source, index)
        if key not in self._listed:
            self._listed[key] = self._read(source, index)
        return [cable for cable in cables if cable not in self._listed[key]]

    def _read(self, source: str, index: str) -> set[str]:
        listed: set[str] = set()
        for url, location in last_pages(self._db, source, index, before=self._crawl):
            try:
                head, payload = self._responses.read(location)
                _, headers = parse_head(head)
                body = decode_content(payload, content_codings(headers)).body
                listed.update(self._reader.read(url, body, content_type(headers)).cable_urls())
            except (DamagedWarc, FileNotFoundError, UndecodableError):
                continue  # its cables count as moved, and are asked for
        return listed

    def close(self) -> None:
        """Let go of database and files."""
        self._db.close()
        self._responses.close()
