"""The sources and runs behind an export, as rows of its tables.

What a store rebuilt from its WARC files does not know is not told either: runs that captured
nothing, the fraction of the second in which one began, and whether one without end still goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, select

from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.rows import Row, Written, cells_of
from cablecrawl.export.tables import RUN_SOURCES, RUNS, SOURCES
from cablecrawl.records import CaptureRecord
from cablecrawl.store import tables as t

SECOND = len("2010-12-22T08:30:00")
NO_END = "no_end"
ENDED = frozenset(("finished", "stopped", "failed"))


class Crawled:
    """What was crawled, and what of it an export has: complete behind its last capture."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._layouts: dict[str, set[str]] = {}
        self._base_urls: dict[str, set[str]] = {}

    def add_cable(self, cable: ExportedCable) -> None:
        """Note as what its readings were read."""
        for reading in cable.readings:
            self._layouts.setdefault(reading.source, set()).add(reading.layout)

    def add_capture(self, capture: CaptureRecord) -> None:
        """Note where it is from."""
        scheme, host, *_ = urlsplit(capture.url)
        self._base_urls.setdefault(capture.source, set()).add(f"{scheme}://{host}/")

    def rows(self) -> Iterator[Written]:
        """Sources by name, runs by ID, and what each run came to for its sources."""
        yield SOURCES, list(self._sources())
        yield RUNS, [self._run(run) for run in self._runs]
        yield RUN_SOURCES, [row for run in self._runs for row in self._of_sources(run)]

    @cached_property
    def _captures(self) -> dict[str, int]:
        """How many each run made."""
        query = select(t.capture.c.run, func.count().label("captures")).group_by(t.capture.c.run)
        return {row.run: row.captures for row in self._db.execute(query)}

    @cached_property
    def _runs(self) -> list[dict[str, Any]]:
        query = select(t.run).order_by(t.run.c.id)
        return [
            {
                **row._mapping,
                "details": json.loads(row.details),
                "summary": json.loads(row.summary) if row.summary and row.state in ENDED else {},
            }
            for row in self._db.execute(query)
            if row.id in self._captures
        ]

    @cached_property
    def _names(self) -> set[str]:
        """Of the sources."""
        named = {name for run in self._runs for name in run["details"].get("sources", ())}
        captured = select(t.source.c.name).where(
            select(t.capture.c.id).where(t.capture.c.source == t.source.c.id).exists()
        )
        known = set(self._db.execute(select(t.source.c.name)).scalars())
        return (named & known) | set(self._db.execute(captured).scalars())

    def _sources(self) -> Iterator[Row]:
        for row in self._db.execute(select(t.source).order_by(t.source.c.name)):
            if row.name in self._names:
                yield cells_of(
                    SOURCES,
                    {
                        **row._mapping,
                        "derived_from": row.derived_from and json.loads(row.derived_from),
                        "base_urls": sorted(self._base_urls.get(row.name, ())),
                        "layouts": sorted(self._layouts.get(row.name, ())),
                    },
                )

    def _run(self, run: dict[str, Any]) -> Row:
        details, summary = run["details"], run["summary"]
        has_ended = run["state"] in ENDED
        failures = [
            f"{of['name']}: {of['failure']}"
            for of in summary.get("sources", ())
            if of.get("failure")
        ]
        return cells_of(
            RUNS,
            {
                "id": run["id"],
                "crawl": run["crawl"],
                "spider": run["spider"],
                "arguments": details.get("arguments", {}),
                "sources": details.get("sources", []),
                "started": f"{run['started'][:SECOND]}Z",
                "ended": run["finished"] if has_ended else None,
                "state": run["state"] if has_ended else NO_END,
                "reason": run["reason"] if has_ended else None,
                "failures": failures,
                "seconds": summary.get("seconds"),
                "captures": self._captures[run["id"]],
                "bytes_received": summary.get("bytes_received"),
                "problems": summary.get("problems", {}),
                "stripped": summary.get("stripped", {}),
                "stripped_characters": summary.get("stripped_characters", {}),
                "code_version": details.get("code_version"),
                "settings_sha256": details.get("settings_sha256"),
            },
        )

    def _of_sources(self, run: dict[str, Any]) -> Iterator[Row]:
        counted = ("cables", "new", "changed", "unchanged", "back", "gone", "unlisted", "problems")
        for of in sorted(run["summary"].get("sources", ()), key=lambda of: str(of["name"])):
            # Of one that was skipped nothing may be known: `failures` of the run has it.
            if of["name"] in self._names:
                counts = {name: of.get(name, 0) for name in counted}
                values = {"run": run["id"], "source": of["name"], "failure": of.get("failure")}
                yield cells_of(RUN_SOURCES, {**values, **counts})
