"""How the store stands to the export that is shown of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from cablecrawl.browse.exported import Export, opened_export, rows
from cablecrawl.changed.moments import Moment
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.previous import has_capture
from cablecrawl.store import tables as t
from cablecrawl.store.queries import steps_that_read

_FIRST = "SELECT fetched_at, capture_id FROM captures ORDER BY fetched_at, capture_id LIMIT 1"


@dataclass(frozen=True)
class Standing:
    """What the store has otherwise than the export."""

    has_gone_on: bool
    """It has later captures."""
    is_older: bool
    """It lacks captures that the export has: it was put back to an earlier state."""
    is_read_otherwise: bool
    """Other code has read its captures since."""


def standing_of(db: Connection, export: Export) -> Standing:
    """How a store stands to an export. Raises CableCrawlError where it is not the export's."""
    through = export.through
    is_older = through is not None and not has_capture(db, through)
    if is_older and not _has_the_first(db, export):
        raise CableCrawlError(
            f"{export.folder}: is an export of another store; give its -s DATA_DIR=…"
        )
    latest = select(t.capture.c.fetched_at, t.capture.c.capture_id).order_by(t.capture.c.id.desc())
    last = db.execute(latest.limit(1)).first()
    has_gone_on = last is not None and (through is None or not through.has(*last))
    read_by = steps_that_read(db)
    is_read_otherwise = bool(export.read_by) and not is_older and read_by != export.read_by
    return Standing(has_gone_on, is_older, is_read_otherwise)


def _has_the_first(db: Connection, export: Export) -> bool:
    with opened_export(export.database) as exported:
        found = rows(exported, _FIRST)
    return bool(found) and has_capture(db, Moment(found[0]["fetched_at"], found[0]["capture_id"]))
