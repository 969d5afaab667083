"""Captures and problems that an export of some of the cables has."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Row, select

from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.records import CaptureRecord, ProblemRecord
from cablecrawl.store import tables as t


class SelectedCaptures:
    """Those of the pages that copies of some cables were read from or looked for at.

    And what these captures refer to: the one that has the bytes, and that of the robots.txt.
    """

    def __init__(self) -> None:
        self._pages: set[tuple[str, str]] = set()

    def add(self, cable: StoredCable) -> None:
        """A cable that is selected."""
        for witness in cable.witnesses:
            self._pages.update((witness.source, url) for url in witness.pages)

    def captures(self, store: Snapshot) -> Iterator[CaptureRecord]:
        """Its captures, in their order."""
        referred_to = self._referred_to(store)
        for capture in store.captures():
            if self._is_selected(capture.source, capture.url) or capture.capture_id in referred_to:
                yield capture

    def problems(self, store: Snapshot) -> Iterator[ProblemRecord]:
        """Problems that the pages met, in their order."""
        return (each for each in store.problems() if self._is_selected(each.source, each.url))

    def _is_selected(self, source: str, url: str) -> bool:
        return (source, url) in self._pages

    def _referred_to(self, store: Snapshot) -> set[str]:
        """IDs of captures that selected ones refer to, and of those that these refer to."""
        found: set[str] = set()
        while True:
            more = {
                other
                for row in store.connection.execute(REFERENCES)
                if self._is_selected(row.name, row.url) or row.capture_id in found
                for other in _referred_to_by(row)
            }
            if more <= found:
                return found
            found |= more


REFERENCES = (
    select(t.source.c.name, t.capture.c.url, t.capture.c.capture_id)
    .add_columns(t.capture.c.revisit_of, t.capture.c.robots)
    .join(t.source, t.source.c.id == t.capture.c.source)
    .where(t.capture.c.revisit_of.is_not(None) | t.capture.c.robots.is_not(None))
)


def _referred_to_by(row: Row[tuple[str, str, str, str | None, str | None]]) -> Iterator[str]:
    yield from (other for other in (row.revisit_of, row.robots) if other is not None)
