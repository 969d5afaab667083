"""The first page: what there is, and where to begin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import text

from cablecrawl.changed.moments import through
from cablecrawl.export.read import Snapshot
from cablecrawl.export.resources import MANIFEST, THROUGH
from cablecrawl.reference_id import year_in_full

_SOURCES = text("""
    SELECT source.name, source.kind,
        (SELECT count(DISTINCT reference_id) FROM witness WHERE witness.source = source.id)
            AS cables,
        (SELECT max(fetched_at) FROM capture WHERE capture.source = source.id) AS last_capture
    FROM source ORDER BY cables DESC, source.name
""")
_YEARS = text("""
    SELECT substr(reference_id, 1, 2) AS year, count(DISTINCT reference_id) AS cables
    FROM witness GROUP BY year
""")


def home_page(store: Snapshot, export: Path) -> dict[str, Any]:
    """Counts of the store, its sources, and cables by year."""
    package = json.loads((export / MANIFEST).read_bytes())
    until = through(store.connection)
    years = sorted((year_in_full(row.year), row.cables) for row in store.connection.execute(_YEARS))
    most = max((cables for _, cables in years), default=0)
    return {
        "counts": package["record_counts"],
        "cables": store.count_cables(),
        "until": until.at[:10] if until is not None else None,
        "is_older": package[THROUGH] is None
        or until is None
        or package[THROUGH]["capture_id"] != until.capture_id,
        "sources": [row._asdict() for row in store.connection.execute(_SOURCES)],
        "years": [
            {"year": year, "cables": cables, "share": cables / most} for year, cables in years
        ],
    }
