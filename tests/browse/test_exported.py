"""Exports that cannot be shown: one line says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.browse.exported import find_export
from cablecrawl.browse.server import make_app
from cablecrawl.errors import CableCrawlError
from tests.browse.conftest import export_of
from tests.crawling import run_scrapy
from tests.stores import SampleStore

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def export(tmp_path: Path, demo_store: SampleStore) -> Path:
    return export_of(demo_store, tmp_path / "export")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda package: package.pop("redacted_spans"), "lacks what the exports of this version"),
        (lambda package: package.pop("record_counts"), "lacks what the exports of this version"),
        (lambda package: package.pop("selection"), "lacks what the exports of this version"),
        (lambda package: package.update(record_counts={"cables": "1"}), "lacks what the exports"),
        (lambda package: package.update(resources=5), "lacks what the exports of this version"),
        (lambda package: package.pop("through"), "does not say up to which capture"),
        (lambda package: package.update(through={"at": 5}), "does not say up to which capture"),
        (lambda package: package.update(schema_version="0"), "has records of version 0"),
        (lambda package: package.clear(), "has records of version None"),
    ],
)
def test_a_manifest_that_lacks_what_is_needed_is_refused(
    export: Path, demo_store: SampleStore, change: Change, said: str
) -> None:
    path = export / "datapackage.json"
    package = json.loads(path.read_bytes())
    change(package)
    path.write_text(json.dumps(package), encoding="utf-8")
    with pytest.raises(CableCrawlError, match=said) as refused:
        make_app(export, demo_store.data_dir, show_redacted_spans=False)
    assert str(refused.value).startswith(str(export)) and "\n" not in str(refused.value)


def test_a_manifest_that_is_no_json_is_refused(export: Path) -> None:
    (export / "datapackage.json").write_bytes(b'{"schema_version"')
    with pytest.raises(CableCrawlError, match="is no JSON"):
        find_export(export)


def test_tables_that_are_cut_short_are_refused_in_one_line(
    export: Path, demo_store: SampleStore
) -> None:
    path = export / "cables.sqlite"
    path.write_bytes(path.read_bytes()[:-4096])
    ended = run_scrapy(["browse", "--export", str(export), "-s", f"DATA_DIR={demo_store.data_dir}"])
    assert ended.status == 1 and ended.stdout == ""
    assert ended.stderr.startswith(f"scrapy browse: {path}: has ")
    assert ended.stderr.endswith("; export again: scrapy export --format jsonl,csv,sqlite\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("kept", [0, 100, 4096])
def test_tables_that_are_damaged_are_refused(
    export: Path, demo_store: SampleStore, kept: int
) -> None:
    path = export / "cables.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:kept] + b"\xff" * (len(content) - kept))
    with pytest.raises(CableCrawlError, match="cables.sqlite: .*; export again"):
        make_app(export, demo_store.data_dir, show_redacted_spans=False)


def test_tables_of_another_version_are_refused(export: Path) -> None:
    path = export / "cables.sqlite"
    content = bytearray(path.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")  # user_version
    path.write_bytes(content)
    with pytest.raises(CableCrawlError, match="has tables of version 99"):
        find_export(export)
