"""How the store stands to the export that is shown of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from cablecrawl.browse.exported import Export, opened_export, rows
from cablecrawl.changed.moments import Moment
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.previous import has_capture
from cablecrawl.store import tables as t
from cablecrawl.store.queries import steps_that_read

_FIRST = "SELECT fetched_at, capture_id FROM captures ORDER BY fetched_at, capture_id LIMIT 1"
_LAST = (
    select(t.capture.c.fetched_at, t.capture.c.capture_id, t.capture.c.run)
    .order_by(t.capture.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Standing:
    """What the store has otherwise than the export."""

    has_gone_on: bool
    """It has later captures."""
    is_older: bool
    """It lacks captures that the export has: it was put back to an earlier state."""
    is_read_otherwise: bool
    """Other code has read its captures since."""


class Standings:
    """How a store stands to an export, each time that it is asked."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._asked: tuple[object, object] | None = None
        self._read_by: set[str] = set()

    def of(self, db: Connection) -> Standing:
        """How it stands now. Raises CableCrawlError where the store is not the export's."""
        through = self._export.through
        is_older = through is not None and not has_capture(db, through)
        if is_older and not _has_the_first(db, self._export):
            raise CableCrawlError(
                f"{self._export.folder}: is an export of another store; give its -s DATA_DIR=…"
            )
        last = db.execute(_LAST).first()
        if last is None:
            return Standing(False, is_older, False)
        read_by = self._steps_that_read(db, last.run)
        before = self._export.read_by
        return Standing(
            has_gone_on=through is None or not through.has(last.fetched_at, last.capture_id),
            is_older=is_older,
            is_read_otherwise=bool(before) and not is_older and read_by != before,
        )

    def _steps_that_read(self, db: Connection, run: str) -> set[str]:
        """Remembered, until a reparse or another run: it goes through all captures.

        That takes 0.2 s with 100,000 of them.
        """
        asked = (db.execute(select(func.max(t.reparse.c.id))).scalar(), run)
        if asked != self._asked:
            self._read_by = steps_that_read(db)
            self._asked = asked
        return self._read_by


def _has_the_first(db: Connection, export: Export) -> bool:
    with opened_export(export.database) as exported:
        found = rows(exported, _FIRST)
    return bool(found) and has_capture(db, Moment(found[0]["fetched_at"], found[0]["capture_id"]))
