"""A source's page: what became of its copies, and the latest of what there is much of."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.browse import source
from cablecrawl.browse.exported import opened_export
from cablecrawl.browse.home import glance
from tests.browse.conftest import export_of, getter
from tests.browse.test_pages import Links
from tests.sites.cables import cable_by_id
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore
from tests.trace.conftest import CABLE

NAME = "mirror:9132"
OTHER = replace(CABLE, body=CABLE.body.replace("1. (", "1. (SBU) New words here. (", 1))
ELSE = cable_by_id("06NICOSIA9204")


@pytest.fixture
def changing(store: SampleStore, tmp_path: Path) -> Path:
    """An export of a source whose copy changes, changes back, goes, comes back, goes, and comes."""
    for number, cable in enumerate((CABLE, OTHER, CABLE, None, CABLE, None, OTHER)):
        shown = [ELSE] if cable is None else [ELSE, cable]
        write_mirror(tmp_path / f"{number}", shown, Build(220, "v2"))
        store.crawl(NAME, tmp_path / f"{number}")
    return export_of(store, tmp_path / "export")


def test_each_change_of_a_source_is_told_for_what_it_is(changing: Path) -> None:
    with opened_export(changing / "cables.sqlite") as db:
        found = source.source_page(db, glance(db), NAME)["changes"]
    assert [row["what"] for row in found.rows] == [
        "back, with another text",
        "gone",
        "back",
        "gone",
        "a text that it had before",
        "another text",
    ]
    assert {row["reference_id"] for row in found.rows} == {CABLE.reference_id}
    assert found.total == 6


def test_what_is_cut_says_of_how_much_and_leads_to_all_of_it(
    store: SampleStore, changing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = getter(store, changing)
    path = "/source/mirror%3A9132"
    assert "The latest" not in get(path)[1]
    for name in ("MOST_RUNS", "MOST_CHANGES"):
        monkeypatch.setattr(source, name, 4)
    _, content = get(path)
    assert content.count("<td>gone</td>") == 2
    assert "The latest 4 of 6: " in content
    (everything,) = Links(content).of("/cables/changes_at_source")
    _, content = get(everything)
    told = re.findall(r'<td class="col-what">(.*?)</td>', content)
    assert len(told) == 6 and told[-1] == "another text"
