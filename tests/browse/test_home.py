"""The first page, and those of sources: what they say of what the export has."""

from __future__ import annotations

import re
from pathlib import Path

from cablecrawl.browse.home import AS_PUBLISHED
from cablecrawl.export.read import snapshot
from cablecrawl.export.selection import Selection
from cablecrawl.export.write import write_export
from tests.browse.conftest import Get, export_of, getter
from tests.stores import SampleStore
from tests.trace.conftest import CABLE
from tests.trace.test_hidden import NAME


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


def test_what_is_not_hidden_is_said_on_the_first_page_and_over_tables_and_search(
    hiding: SampleStore, tmp_path: Path
) -> None:
    get = getter(hiding, export_of(hiding, tmp_path / "export"))
    assert "stays hidden on the pages of cables, comparisons and captures" in get("/")[1]
    name = NAME.partition(" ")[2]
    found = f"/search?q={name}"
    assert CABLE.reference_id in get(found)[1]  # so it is, and so it has to be said
    for path in ("/", found, "/cables", "/cables/readings", "/cables/claims"):
        assert AS_PUBLISHED in get(path)[1], path
    shown = getter(hiding, export_of(hiding, tmp_path / "shown", show=True), show=True)
    assert "is shown on all pages" in shown("/")[1] and "stays hidden" not in shown("/")[1]


def test_a_cables_page_says_what_computed_values_come_from(demo_pages: Get) -> None:
    assert "of what was computed, from what and how" in demo_pages("/")[1]
    _, content = demo_pages(f"/cable/{CABLE.reference_id}")
    for name in ("aliases", "redaction_marks"):
        part = content[content.index(f'id="field-{name}"') :]
        assert re.search(r"</summary>\s*<p>[^<.]{10,}", part[: part.index("</details>")]), name
