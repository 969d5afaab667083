"""Since when an export tells what changed: where an earlier one ended, a run, or a date."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from cablecrawl.changed.moments import Moment, read_date, since_run
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.folder import LATEST, payload_folder
from cablecrawl.export.resources import CHANGES, CHANGES_SINCE, MANIFEST, THROUGH
from cablecrawl.store import tables as t
from cablecrawl.trace.display import visible


def named_moment(db: Connection, given: str, option: str) -> Moment | None:
    """The moment that a user names: a run, a date, or the end of an export in a folder.

    None: that export is of an empty store. Raises CableCrawlError, which names the `option`.
    """
    if (payload_folder(Path(given)) / MANIFEST).exists():
        return _moment(db, Path(given), THROUGH, read_manifest(Path(given)))
    if Path(given).is_dir():
        raise CableCrawlError(f"{option} {visible(given)}: is no export, it has no {MANIFEST}")
    return read_date(given, option) or since_run(db, given, option)


def end_of_latest(db: Connection, exports: Path) -> Moment | None:
    """Up to where the changes go that the exports in a folder tell; None: there is no export.

    Where the latest has no changes.jsonl, since when it would have told them, so that those that
    follow leave nothing out. Raises CableCrawlError where it is of another store, or does not say.
    """
    latest = exports / LATEST
    if not os.path.lexists(latest):
        return None
    package = read_manifest(latest)
    counts = package.get("record_counts")
    has_changes = isinstance(counts, dict) and CHANGES.name in counts
    return _moment(db, latest, THROUGH if has_changes else CHANGES_SINCE, package)


def read_manifest(folder: Path) -> dict[str, Any]:
    """An export's datapackage.json. Raises CableCrawlError."""
    path = payload_folder(folder) / MANIFEST
    try:
        package = json.loads(path.read_bytes())
    except OSError as error:
        raise CableCrawlError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CableCrawlError(f"{path}: is no JSON") from error
    return package if isinstance(package, dict) else {}


def stated_moment(folder: Path, name: str, package: dict[str, Any]) -> Moment | None:
    """A moment that a manifest has. Raises CableCrawlError where it has none that is known."""
    match package.get(name, ""):
        case None:
            return None
        case {"at": str(at), "capture_id": str() | None as capture_id}:
            return Moment(at, capture_id)
    raise CableCrawlError(f"{folder / MANIFEST}: does not say up to which capture the export goes")


def has_capture(db: Connection, moment: Moment) -> bool:
    """Whether a store has the capture that a moment is just behind, or it is behind none."""
    if moment.capture_id is None:
        return True
    known = select(t.capture.c.id).where(
        t.capture.c.capture_id == moment.capture_id, t.capture.c.fetched_at == moment.at
    )
    return db.execute(known).first() is not None


def _moment(db: Connection, folder: Path, name: str, package: dict[str, Any]) -> Moment | None:
    moment = stated_moment(folder, name, package)
    # A moment of another store is none of this one, whatever the clock says.
    if moment is not None and not has_capture(db, moment):
        raise CableCrawlError(f"{folder}: is an export of another store")
    return moment
