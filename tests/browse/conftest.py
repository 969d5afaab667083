"""An application over stores that the tests of the pages look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cablecrawl.browse.server import make_app
from cablecrawl.export.read import snapshot
from cablecrawl.export.write import write_export
from tests.export.conftest import demo_export, demo_store, sites
from tests.stores import SampleStore
from tests.trace.conftest import store, two_copies
from tests.trace.test_hidden import hiding

__all__ = ["demo_export", "demo_store", "hiding", "sites", "store", "two_copies"]

Get = Callable[..., tuple[int, str]]
"""Gets a path from the pages of a store: status and content."""


def export_of(store: SampleStore, folder: Path, *, show: bool = False) -> Path:
    """An export with all that the pages need."""
    folder.mkdir()
    with snapshot(store.engine) as stored:
        write_export(stored, folder, ("jsonl", "sqlite"), show_redacted_spans=show)
    return folder


def getter(store: SampleStore, export: Path, *, show: bool = False) -> Get:
    """What answers as the pages do, without a port."""

    def get(path: str, host: str = "localhost") -> tuple[int, str]:
        async def answer() -> tuple[int, str]:
            app = make_app(export, store.data_dir, show_redacted_spans=show)
            await app.invoke_startup()
            found = await app.client.get(path, headers={"host": host}, follow_redirects=True)
            return found.status_code, found.text

        return asyncio.run(answer())

    return get


@pytest.fixture(scope="session")
def demo_pages(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Get:
    """The pages of the demo store."""
    folder = tmp_path_factory.mktemp("browse") / "export"
    return getter(demo_store, export_of(demo_store, folder))
