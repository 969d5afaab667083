"""A store that is not as it was when the export was made, or not the export's at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cablecrawl.browse.server import make_app
from cablecrawl.errors import CableCrawlError
from tests.browse.conftest import export_of, getter
from tests.browse.test_pages import Links
from tests.crawling import run_scrapy
from tests.sites.mirror import Build
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, change, crawl

GONE_ON = "The store has gone on since this export was made"
OTHER_CODE = "Other code has read the store since this export was made"
OLDER = "The store lacks captures that this export has"
NOTES = {GONE_ON, OTHER_CODE, OLDER}


def notes(store: SampleStore, export: Path) -> set[str]:
    status, content = getter(store, export)("/")
    assert status == 200
    return {note for note in NOTES if note in content}


def reparsed_by_other_code(store: SampleStore) -> None:
    change(
        store,
        "INSERT INTO reparse (id, at, code_version, steps_sha256, last_capture, summary)"
        " VALUES (1, '2026-11-30T00:00:00.000000Z', '9', 'another', 1, '{}')",
    )


def test_of_the_store_that_it_was_made_of_there_is_nothing_to_note(
    two_copies: SampleStore, tmp_path: Path
) -> None:
    assert notes(two_copies, export_of(two_copies, tmp_path / "export")) == set()


def test_a_store_that_has_gone_on_is_noted(two_copies: SampleStore, tmp_path: Path) -> None:
    export = export_of(two_copies, tmp_path / "export")
    crawl(two_copies, "third", tmp_path / "third", Build(1824, "v6"))
    assert notes(two_copies, export) == {GONE_ON}


def test_a_source_that_the_export_does_not_know_has_no_page_and_no_link(
    two_copies: SampleStore, tmp_path: Path
) -> None:
    export = export_of(two_copies, tmp_path / "export")
    name = "127.0.0.1:9132"
    crawl(two_copies, name, tmp_path / "third", Build(1824, "v6"))
    get = getter(two_copies, export)
    _, content = get(f"/cable/{CABLE.reference_id}")
    links = Links(content)
    assert f'<th scope="row">{name}</th>' in content and '<a href="/source/early">' in content
    assert not [link for link in links.of("/source/") if "9132" in link]
    with two_copies.engine.connect() as db:
        last = "SELECT capture_id FROM capture ORDER BY id DESC LIMIT 1"
        capture = db.exec_driver_sql(last).scalar_one()
    _, content = get(f"/capture/{capture}")
    assert f"<dd>{name}</dd>" in content and not Links(content).of("/source/")


def test_an_export_of_an_empty_store_is_one_of_what_came_of_it(
    store: SampleStore, tmp_path: Path
) -> None:
    export = export_of(store, tmp_path / "export")
    assert notes(store, export) == set()
    crawl(store, "first", tmp_path / "first", Build(1824, "v6"))
    assert notes(store, export) == {GONE_ON}


def test_a_store_that_was_only_read_by_other_code_is_noted(
    two_copies: SampleStore, tmp_path: Path
) -> None:
    export = export_of(two_copies, tmp_path / "export")
    reparsed_by_other_code(two_copies)
    assert notes(two_copies, export) == {OTHER_CODE}
    again = export_of(two_copies, tmp_path / "again")
    assert notes(two_copies, again) == set()
    # Exports did not always say what had read them: then nothing is said of it.
    package = json.loads((export / "datapackage.json").read_bytes())
    del package["read_by"]
    (export / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    assert notes(two_copies, export) == set()


def test_a_store_that_was_put_back_to_an_earlier_state_is_noted(
    store: SampleStore, tmp_path: Path
) -> None:
    crawl(store, "early", tmp_path / "early", Build(220, "v2"))
    store.engine.dispose()
    shutil.copytree(store.data_dir, tmp_path / "kept")
    crawl(store, "later", tmp_path / "later", Build(1824, "v6"))
    export = export_of(store, tmp_path / "export")
    earlier = SampleStore(tmp_path / "kept")
    assert notes(earlier, export) == {OLDER}
    reparsed_by_other_code(earlier)
    assert notes(earlier, export) == {OLDER}


def test_another_store_is_refused_at_the_start_in_one_line(
    demo_store: SampleStore, two_copies: SampleStore, tmp_path: Path
) -> None:
    export = export_of(two_copies, tmp_path / "export")
    with pytest.raises(CableCrawlError, match="is an export of another store"):
        make_app(export, demo_store.data_dir, show_redacted_spans=False)
    ended = run_scrapy(["browse", "--export", str(export), "-s", f"DATA_DIR={demo_store.data_dir}"])
    assert (ended.status, ended.stdout) == (1, "")
    said = f"scrapy browse: {export}: is an export of another store; give its -s DATA_DIR=…\n"
    assert ended.stderr == said
