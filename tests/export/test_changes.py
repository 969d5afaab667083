"""changes.jsonl: what changed since the export before."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cablecrawl.export.resources import read_schema
from tests.export.conftest import Lines, contents, read_lines
from tests.export.test_command import RunExport, run_export
from tests.sites.cables import invented_cables
from tests.sites.mirror import LATER_EDITS, LATER_RELEASES, LEFTOVER, Build, write_mirror
from tests.stores import SampleStore

__all__ = ["run_export"]

EARLIER = Build(30, "v3")
LATER = Build(60, "v4", released=LATER_RELEASES, withdrawn=frozenset({LEFTOVER}), edits=LATER_EDITS)


@pytest.fixture
def evolving(tmp_path: Path) -> Iterator[SampleStore]:
    """A mirror crawled once; `crawl_later` crawls it with a later build laid over it."""
    store = SampleStore(tmp_path / "data")
    write_mirror(tmp_path / "site", invented_cables(30), EARLIER)
    store.crawl("mirror", tmp_path / "site")
    yield store
    store.engine.dispose()


def crawl_later(store: SampleStore) -> None:
    site = store.data_dir.parent / "site"
    write_mirror(site, invented_cables(60), LATER, overlay=True)
    store.crawl("mirror", site)


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_bytes())
    return found


def changes(folder: Path) -> Lines:
    return read_lines(folder / "changes.jsonl")


def test_changes_are_told_since_the_latest_export(
    run_export: RunExport, evolving: SampleStore, tmp_path: Path
) -> None:
    latest = tmp_path / "exports" / "latest"
    assert run_export(data_dir=evolving.data_dir) == 0
    first = latest.resolve()
    assert {tuple(change["kinds"]) for change in changes(first)} == {("new",)}
    assert [c["reference_id"] for c in changes(first)] == [
        cable["reference_id"] for cable in read_lines(first / "cables.jsonl")
    ]
    crawl_later(evolving)
    assert run_export(data_dir=evolving.data_dir) == 0
    validator = Draft202012Validator(read_schema("change.schema.json"))
    found: dict[str, set[str]] = {}
    for change in changes(latest):
        validator.validate(change)
        for kind in change["kinds"]:
            found.setdefault(kind, set()).add(change["reference_id"])
    assert found["changed"] == set(LATER_EDITS)
    assert found["moved"] == set(LATER_RELEASES)
    assert found["unlisted"] == {LEFTOVER}
    assert len(found["new"]) == 30
    assert manifest(latest)["changes_since"] == manifest(first)["through"]


def test_the_same_store_and_the_same_moment_give_the_same_bytes(
    run_export: RunExport, evolving: SampleStore, tmp_path: Path
) -> None:
    assert run_export(data_dir=evolving.data_dir) == 0
    first = (tmp_path / "exports" / "latest").resolve()
    crawl_later(evolving)
    assert run_export(data_dir=evolving.data_dir) == 0
    for name in ("one", "other"):
        arguments = ("--output", name, "--changes-since", str(first))
        assert run_export(*arguments, data_dir=evolving.data_dir) == 0
    second = contents(tmp_path / "exports" / "latest")
    assert contents(tmp_path / "one") == contents(tmp_path / "other") == second


def test_with_output_and_no_moment_all_is_new(
    run_export: RunExport, evolving: SampleStore, tmp_path: Path
) -> None:
    assert run_export(data_dir=evolving.data_dir) == 0
    assert run_export("--output", "desk", data_dir=evolving.data_dir) == 0
    assert {tuple(change["kinds"]) for change in changes(tmp_path / "desk")} == {("new",)}
    assert manifest(tmp_path / "desk")["changes_since"] is None


def test_an_export_without_changes_leaves_none_out(
    run_export: RunExport, evolving: SampleStore, tmp_path: Path
) -> None:
    latest = tmp_path / "exports" / "latest"
    assert run_export(data_dir=evolving.data_dir) == 0
    first = manifest(latest)
    crawl_later(evolving)
    assert run_export("--format", "csv", data_dir=evolving.data_dir) == 0
    assert not (latest / "changes.jsonl").exists()
    assert run_export(data_dir=evolving.data_dir) == 0
    assert manifest(latest)["changes_since"] == first["through"]
    assert {change["reference_id"] for change in changes(latest)} >= set(LATER_EDITS)


@pytest.mark.parametrize("fault", ["another store", "no JSON", "no moment"])
def test_after_an_export_that_is_none_of_this_store_all_is_new_and_it_says_so(
    run_export: RunExport,
    evolving: SampleStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    latest = tmp_path / "exports" / "latest"
    if fault == "another store":
        assert run_export() == 0
    else:
        assert run_export(data_dir=evolving.data_dir) == 0
        text = (latest / "datapackage.json").read_text(encoding="utf-8")
        text = text.replace('"through"', '"thorough"') if fault == "no moment" else "{"
        (latest / "datapackage.json").write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert run_export(data_dir=evolving.data_dir) == 0
    (said,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"exports/latest.*: in changes\.jsonl all is new", said)
    assert {tuple(change["kinds"]) for change in changes(latest)} == {("new",)}


def test_since_that_names_nothing_writes_nothing(
    run_export: RunExport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkdir("empty")
    for since, said in (
        ("empty", "--since empty: is no export, it has no datapackage.json"),
        ("nowhere", "--since nowhere: no run begins so, and it is no date such as 2026-11-22"),
    ):
        assert run_export("--since", since) == 1
        assert capsys.readouterr().err == f"scrapy export: {said}\n"
    assert not (tmp_path / "exports" / "latest").exists()


def test_since_a_date(run_export: RunExport, tmp_path: Path) -> None:
    assert run_export("--output", "desk", "--changes-since", "2026-11-22") == 0
    assert changes(tmp_path / "desk") == []
    since = {"at": "2026-11-22T00:00:00.000000Z", "capture_id": None}
    assert manifest(tmp_path / "desk")["changes_since"] == since
