"""Stores and exports that several tests look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.export.formats import DEFAULT_FORMATS, FORMATS
from cablecrawl.export.read import snapshot
from cablecrawl.export.write import write_export
from tests.corpus import SNAPSHOTS, unpack_snapshot
from tests.sites.mirror import demo_sites
from tests.stores import SampleStore

Lines = list[dict[str, Any]]


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return demo_sites(tmp_path_factory.mktemp("sites"))


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory, sites: dict[str, Path]) -> SampleStore:
    """One crawl of each demo site. For reading only."""
    store = SampleStore(tmp_path_factory.mktemp("demo") / "data")
    for rank, (name, folder) in enumerate(sites.items()):
        store.crawl(name, folder, rank=rank)
    return store


@pytest.fixture(scope="session")
def demo_export(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Path:
    """The export of the demo store."""
    return export(demo_store, tmp_path_factory.mktemp("export"))


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    """An empty store."""
    return SampleStore(tmp_path / "data")


@pytest.fixture
def records(tmp_path: Path, store: SampleStore) -> Callable[[str], Lines]:
    """Exports the store and gives the records of one file."""
    exports: list[Path] = []

    def read(name: str) -> Lines:
        folder = tmp_path / f"records-{len(exports)}"
        folder.mkdir()
        exports.append(folder)
        return read_lines(export(store, folder) / f"{name}.jsonl")

    return read


def export(store: SampleStore, folder: Path, formats: Collection[str] = DEFAULT_FORMATS) -> Path:
    with snapshot(store.engine) as stored:
        write_export(stored, folder, formats)
    return folder


def read_lines(path: Path) -> Lines:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path within the folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="session")
def mixed_store(tmp_path_factory: pytest.TempPathFactory, sites: dict[str, Path]) -> SampleStore:
    """A store where much has happened: changed texts, gone pages, problems. For reading only."""
    store = SampleStore(tmp_path_factory.mktemp("mixed") / "data")
    store.crawl("mirror", sites["relative-copy"])
    store.crawl("mirror", sites["later-build"])
    store.crawl("mirror", sites["old-httrack"])
    store.crawl("mirror", {"cable/2009/01/09OSLO9001.html": b"<p>Under construction</p>"})
    return store


@pytest.fixture(scope="session")
def mixed_export(tmp_path_factory: pytest.TempPathFactory, mixed_store: SampleStore) -> Path:
    """The export of that store."""
    return export(mixed_store, tmp_path_factory.mktemp("mixed-export"))


@pytest.fixture(scope="session")
def tabled_store(tmp_path_factory: pytest.TempPathFactory, sites: dict[str, Path]) -> SampleStore:
    """Two sources with changes, copies that are gone, and problems. For reading only."""
    store = SampleStore(tmp_path_factory.mktemp("tabled") / "data")
    store.crawl("mirror", sites["relative-copy"])
    store.crawl("mirror", sites["later-build"])
    store.crawl("mirror", sites["old-httrack"])
    store.crawl("other", sites["old-httrack"], rank=1)
    store.crawl("other", {"cable/2009/01/09OSLO9001.html": b"<p>Under construction</p>"})
    return store


@pytest.fixture(scope="session")
def tabled_export(tmp_path_factory: pytest.TempPathFactory, tabled_store: SampleStore) -> Path:
    """Lines and tables of that store."""
    folder = tmp_path_factory.mktemp("tabled-export")
    return export(tabled_store, folder, ("jsonl", "sqlite", "parquet"))


@pytest.fixture(scope="session")
def corpus_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every real snapshot, each as a source, in every format; for tests marked `corpus`."""
    session = tmp_path_factory.getbasetemp()
    folders = {name: unpack_snapshot(name, session) for name in SNAPSHOTS}
    store = SampleStore(tmp_path_factory.mktemp("corpus-store") / "data")
    for name, folder in folders.items():
        store.crawl(name, folder)
    return export(store, tmp_path_factory.mktemp("corpus-export"), FORMATS)
