"""A cable's page: its text, where each value comes from, its copies and their history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cablecrawl.collation.former import former_of
from cablecrawl.collation.history import CableHistory, history_of
from cablecrawl.collation.links import links_of
from cablecrawl.export.chosen import records_of
from cablecrawl.export.read import Snapshot
from cablecrawl.export.references import known_cables, references_of
from cablecrawl.releases import load_releases
from cablecrawl.trace.asked import find_cable, read_reference_id, trace_cable

# Shown as the text itself, and as tables of their own.
NOT_IN_TABLE = frozenset(("header", "body", "witnesses", "releases", "references"))


def cable_page(store: Snapshot, given: str, data_dir: Path, *, show: bool) -> dict[str, Any]:
    """All of a cable. Raises NotThereError where there is none of that ID, CableCrawlError."""
    asked = read_reference_id(given)
    cable = find_cable(store, asked)
    trace = trace_cable(store, cable, asked, None, data_dir, show=show)
    record, _ = records_of(cable)
    former = former_of(store.connection, cable.reference_id)
    links = links_of(cable, store.cable)
    history = history_of(cable, load_releases(), links, former, show=show)
    return {
        "trace": trace,
        "record": record,
        "fields": {name: of for name, of in trace.fields.items() if name not in NOT_IN_TABLE},
        "references": list(references_of(record, known_cables(store.connection))),
        "history": history,
        "number_of": {text.reading_sha256: text.number for text in history.texts},
        "to_compare": _to_compare(history, trace.chosen.reading_sha256),
    }


def _to_compare(history: CableHistory, chosen: str) -> list[tuple[int, str]]:
    """The texts that are not the chosen one: number and digest."""
    return [
        (text.number, text.reading_sha256)
        for text in history.texts
        if text.reading_sha256 != chosen
    ]
