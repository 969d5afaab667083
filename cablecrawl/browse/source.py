"""A source's page: what it has, its runs, what changed in it, and its problems."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from cablecrawl.browse.exported import Row, rows
from cablecrawl.browse.home import Glance
from cablecrawl.errors import NotThereError

MOST_RUNS, MOST_CHANGES, MOST_PROBLEMS = 20, 50, 50

_RUNS = """
    SELECT runs.id, runs.state, runs.reason, runs.seconds, run_sources.*
    FROM run_sources JOIN runs ON runs.id = run_sources.run
    WHERE run_sources.source = :source ORDER BY runs.started DESC, runs.id DESC
"""
# Each stay but the first is a change. What a copy had when it went is its last text before.
CHANGES = """
    SELECT stays.first_seen, witnesses.reference_id,
        CASE
            WHEN stays.reading IS NULL THEN 'gone'
            WHEN before.reading IS NULL THEN iif(stays.reading = (
                    SELECT reading FROM stays AS earlier
                    WHERE earlier.witness = stays.witness AND earlier.ordinal < stays.ordinal
                        AND earlier.reading IS NOT NULL
                    ORDER BY earlier.ordinal DESC LIMIT 1
                ), 'back', 'back, with another text')
            WHEN EXISTS (
                    SELECT 1 FROM stays AS earlier
                    WHERE earlier.witness = stays.witness AND earlier.ordinal < stays.ordinal
                        AND earlier.reading = stays.reading
                ) THEN 'a text that it had before'
            ELSE 'another text'
        END AS what
    FROM witnesses JOIN stays ON stays.witness = witnesses.id
        JOIN stays AS before ON before.witness = stays.witness
            AND before.ordinal = stays.ordinal - 1
    WHERE witnesses.source = :source
    ORDER BY stays.first_seen DESC, witnesses.reference_id
"""
_REASONS = """
    SELECT reason, count(*) AS problems FROM problems
    WHERE source = :source GROUP BY reason ORDER BY problems DESC, reason
"""
_PROBLEMS = """
    SELECT reason, detail, url, fetched_at FROM problems
    WHERE source = :source ORDER BY fetched_at DESC
"""


@dataclass(frozen=True)
class Latest:
    """The latest of what there is."""

    rows: list[Row]
    total: int
    """How many there are."""


def source_page(db: sqlite3.Connection, found: Glance, name: str) -> dict[str, Any]:
    """What an export knows of a source. Raises NotThereError where it knows none of that name."""
    source = next((row for row in found.sources if row["name"] == name), None)
    if source is None:
        raise NotThereError(f"{name}: the export has no such source")
    return {
        "source": source,
        "runs": _latest(db, _RUNS, name, MOST_RUNS),
        "changes": _latest(db, CHANGES, name, MOST_CHANGES),
        "reasons": rows(db, _REASONS, name),
        "problems": _latest(db, _PROBLEMS, name, MOST_PROBLEMS),
    }


def _latest(db: sqlite3.Connection, query: str, source: str, most: int) -> Latest:
    (counted,) = rows(db, f"SELECT count(*) AS total FROM ({query})", source)
    return Latest(rows(db, f"{query} LIMIT {most}", source), counted["total"])
