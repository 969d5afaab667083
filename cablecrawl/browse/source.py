"""A source's page: what it has, its runs, what changed in it, and its problems."""

from __future__ import annotations

import sqlite3
from typing import Any

from cablecrawl.browse.exported import rows
from cablecrawl.browse.home import Glance
from cablecrawl.errors import NotThereError

_RUNS = """
    SELECT runs.id, runs.state, runs.reason, runs.seconds, run_sources.*
    FROM run_sources JOIN runs ON runs.id = run_sources.run
    WHERE run_sources.source = ? ORDER BY runs.started DESC LIMIT 20
"""
# Each stay but the first is a change: another text, gone, or back.
_EVENTS = """
    SELECT witnesses.reference_id, stays.first_seen, stays.reading IS NULL AS is_gone
    FROM stays JOIN witnesses ON witnesses.id = stays.witness
    WHERE witnesses.source = ? AND stays.ordinal > 0
    ORDER BY stays.first_seen DESC, witnesses.reference_id LIMIT 50
"""
_REASONS = """
    SELECT reason, count(*) AS problems FROM problems
    WHERE source = ? GROUP BY reason ORDER BY problems DESC, reason
"""
_PROBLEMS = """
    SELECT reason, detail, url, fetched_at FROM problems
    WHERE source = ? ORDER BY fetched_at DESC LIMIT 50
"""


def source_page(db: sqlite3.Connection, found: Glance, name: str) -> dict[str, Any]:
    """What an export knows of a source. Raises NotThereError where it knows none of that name."""
    source = next((row for row in found.sources if row["name"] == name), None)
    if source is None:
        raise NotThereError(f"{name}: the export has no such source")
    return {
        "source": source,
        "runs": rows(db, _RUNS, name),
        "events": rows(db, _EVENTS, name),
        "reasons": rows(db, _REASONS, name),
        "problems": rows(db, _PROBLEMS, name),
    }
