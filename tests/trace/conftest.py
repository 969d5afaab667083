"""Stores that the tests of the trace look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.capture import Location
from cablecrawl.export.lines import json_line
from cablecrawl.export.read import StoredCable, snapshot
from cablecrawl.reference_id import parse
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.explanation import explain
from cablecrawl.trace.held import HeldCapture, held_captures
from cablecrawl.trace.origin import Origins
from cablecrawl.trace.recheck import Finding, Rechecker
from cablecrawl.trace.records import CableTrace
from cablecrawl.trace.report import Reporter
from cablecrawl.trace.verdict import verify_cable
from tests.sites.cables import InventedCable, cable_by_id
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore, read_mirror

CABLE = cable_by_id("07ASTANA9033")


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    """An empty store."""
    return SampleStore(tmp_path / "data")


@pytest.fixture
def two_copies(tmp_path: Path, store: SampleStore) -> SampleStore:
    """One cable at two mirrors, of two builds."""
    crawl(store, "early", tmp_path / "early", Build(220, "v2"))
    crawl(store, "later", tmp_path / "later", Build(1824, "v6"))
    return store


def crawl(
    store: SampleStore, source: str, folder: Path, build: Build, *cables: InventedCable
) -> None:
    """Add a crawl of a mirror of these cables, or of CABLE."""
    write_mirror(folder, cables or [CABLE], build)
    store.crawl(source, read_mirror(folder))


def stored_cable(store: SampleStore, reference_id: str = CABLE.reference_id) -> StoredCable:
    with snapshot(store.engine) as stored:
        cable = stored.cable(reference_id)
    assert cable is not None
    return cable


def trace(
    store: SampleStore,
    reference_id: str = CABLE.reference_id,
    field: str | None = None,
    *,
    verify: bool = False,
    show: bool = False,
) -> CableTrace:
    """What the command traces."""
    folder = store.data_dir / WARC_FOLDER
    with snapshot(store.engine) as stored:
        asked = parse(reference_id)
        assert asked is not None
        cable = stored.cable(asked.canonical)
        assert cable is not None
        explained = explain(cable, field)
        verdicts = None
        if verify:
            verdicts = verify_cable(explained, stored.connection, Rechecker(folder))
        origins = Origins(stored.connection, asked.canonical, folder)
        return Reporter(explained, origins, show_redacted_spans=show).report(asked, verdicts)


def held(store: SampleStore) -> list[HeldCapture]:
    with store.engine.connect() as connection:
        last = connection.exec_driver_sql("SELECT max(id) FROM capture").scalar_one()
        return list(held_captures(connection, 1, last))


def recheck(store: SampleStore) -> list[Finding]:
    """What does not verify in the whole store."""
    rechecker = Rechecker(store.data_dir / WARC_FOLDER)
    return [finding for each in held(store) for finding in rechecker.recheck(each)]


def change(store: SampleStore, statement: str) -> None:
    """Change rows behind the store's back."""
    with store.engine.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0, statement


def flip(store: SampleStore, location: Location, byte: int) -> None:
    """Flip a bit of a WARC record; `byte` counts from its beginning."""
    path = store.data_dir / WARC_FOLDER / location.warc
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[location.offset + byte] ^= 4
    path.write_bytes(content)


def as_json(trace: CableTrace) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json_line(trace))
    return read
