"""The first page, and those of sources: what they say of what the export has."""

from __future__ import annotations

from pathlib import Path

from cablecrawl.export.read import snapshot
from cablecrawl.export.selection import Selection
from cablecrawl.export.write import write_export
from tests.browse.conftest import Get, getter
from tests.stores import SampleStore
from tests.trace.conftest import CABLE


def test_an_export_of_some_cables_says_which(demo_store: SampleStore, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    chosen = Selection(years=frozenset({2006, 2007}), reference_ids=frozenset({CABLE.reference_id}))
    with snapshot(demo_store.engine) as store:
        write_export(store, folder, ("jsonl", "sqlite"), selection=chosen)
    get = getter(demo_store, folder)
    _, content = get("/")
    assert '<p class="lead">1 cable, captured until' in content
    said = f"those that are of 2006 or 2007; with the ID {CABLE.reference_id}. All counts"
    assert said in content
    _, content = get("/source/later-build")
    assert "· 1 cable of this export in 1 copy ·" in content


def test_an_export_of_all_cables_says_nothing_of_a_selection(demo_pages: Get) -> None:
    assert "some of the store" not in demo_pages("/")[1]
    assert "cables of this export in" in demo_pages("/source/later-build")[1]
