"""A source's page: what it has, its runs, what changed in it, and its problems."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import text

from cablecrawl.errors import CableCrawlError
from cablecrawl.export.read import Snapshot
from cablecrawl.past_runs import past_runs
from cablecrawl.schedule.holder import run_at_work

MOST_RUNS, MOST_EVENTS, MOST_PROBLEMS = 20, 50, 50

_SOURCE = text("SELECT * FROM source WHERE name = :name")
_COPIES = text("""
    SELECT count(*) AS copies, count(DISTINCT reference_id) AS cables,
        sum((SELECT event FROM sighting WHERE sighting.witness = witness.id
            ORDER BY sighting.id DESC LIMIT 1) = 'gone') AS gone
    FROM witness WHERE source = :source
""")
_EVENTS = text("""
    SELECT sighting.event, witness.reference_id, capture.fetched_at, capture.capture_id
    FROM sighting JOIN witness ON witness.id = sighting.witness
    JOIN capture ON capture.id = sighting.capture
    WHERE witness.source = :source AND sighting.event NOT IN ('first', 'unchanged')
    ORDER BY sighting.id DESC LIMIT :most
""")
_REASONS = text("""
    SELECT problem.reason, count(*) AS problems FROM problem
    JOIN capture ON capture.id = problem.capture
    WHERE capture.source = :source GROUP BY problem.reason ORDER BY problems DESC, reason
""")
_PROBLEMS = text("""
    SELECT problem.reason, problem.detail, capture.url, capture.fetched_at, capture.capture_id
    FROM problem JOIN capture ON capture.id = problem.capture
    WHERE capture.source = :source ORDER BY capture.id DESC LIMIT :most
""")
_ALARMS = text("SELECT crawl, reason, detail, lifted FROM alarm WHERE source = :source ORDER BY id")


def source_page(store: Snapshot, name: str, data_dir: Path) -> dict[str, Any]:
    """What the store knows of a source. Raises CableCrawlError where it knows none of that name."""
    db = store.connection
    found = db.execute(_SOURCE, {"name": name}).mappings().first()
    if found is None:
        raise CableCrawlError(f"{name}: the store has no such source")
    of_source = {"source": found["id"]}
    runs = past_runs(db, data_dir, at_work=run_at_work(data_dir), source=name)
    return {
        "source": found,
        "copies": db.execute(_COPIES, of_source).mappings().one(),
        "runs": list(islice(runs, MOST_RUNS)),
        "events": db.execute(_EVENTS, {**of_source, "most": MOST_EVENTS}).mappings().all(),
        "reasons": db.execute(_REASONS, of_source).mappings().all(),
        "problems": db.execute(_PROBLEMS, {**of_source, "most": MOST_PROBLEMS}).mappings().all(),
        "alarms": db.execute(_ALARMS, of_source).mappings().all(),
    }
