"""The first page: what there is, and where to begin."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from cablecrawl.browse.exported import Export, Row, rows
from cablecrawl.browse.standing import Standings
from cablecrawl.export.read import Snapshot

_SOURCES = """
    SELECT sources.*, count(witnesses.id) AS copies,
        count(DISTINCT witnesses.reference_id) AS cables,
        coalesce(sum(witnesses.status = 'gone'), 0) AS gone,
        (SELECT max(ended) FROM runs JOIN run_sources ON run_sources.run = runs.id
            WHERE run_sources.source = sources.name) AS last_run
    FROM sources LEFT JOIN witnesses ON witnesses.source = sources.name
    GROUP BY sources.name ORDER BY cables DESC, sources.name
"""
_YEARS = "SELECT year, count(*) AS cables FROM cables GROUP BY year ORDER BY year"

# As the manifest has a selection, and what is said of it.
_SELECTED = (
    ("origin", "from"),
    ("year", "of"),
    ("tag", "tagged"),
    ("reference_id", "with the ID"),
)
MOST_NAMED = 12

AS_PUBLISHED = (
    "Tables and search have every reading as its source publishes it: a name that another reading"
    " hides can be found and read in them."
)
"""Of what pages do not hide."""


@dataclass(frozen=True)
class Glance:
    """What an export has, counted once."""

    sources: list[Row]
    years: list[Row]

    @property
    def cables(self) -> int:
        """How many there are."""
        return sum(row["cables"] for row in self.years)


def glance(db: sqlite3.Connection) -> Glance:
    """Count what is in an export's database."""
    return Glance(rows(db, _SOURCES), rows(db, _YEARS))


def selected(selection: dict[str, Any] | None) -> list[str]:
    """In words, which of the store's cables an export has; none: all of them."""
    if selection is None:
        return []
    told = [f"{what} {_some(selection[name])}" for name, what in _SELECTED if selection.get(name)]
    if selection.get("changed_since"):
        told.append("with a change that the export tells")
    return told


def _some(names: list[Any]) -> str:
    """One of those that were asked for."""
    named = " or ".join(map(str, names[:MOST_NAMED]))
    left = len(names) - MOST_NAMED
    return f"{named} or {left} more" if left > 0 else named


def home_page(
    store: Snapshot, export: Export, standings: Standings, found: Glance, *, show: bool
) -> dict[str, Any]:
    """Counts, sources, and cables by year. `show`: what is hidden is shown."""
    through = export.through.at if export.through else None
    most = max((row["cables"] for row in found.years), default=0)
    return {
        "counts": export.counts,
        "cables": found.cables,
        "until": through[:10] if through else None,
        "shows": show,
        "as_published": AS_PUBLISHED,
        "selected": selected(export.selection),
        "standing": standings.of(store.connection),
        "sources": found.sources,
        "years": [{**row, "share": row["cables"] / most} for row in found.years],
    }
