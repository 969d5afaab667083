"""Pages that cannot be made: what is not there, and what cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from cablecrawl.browse.server import make_app
from cablecrawl.store.database import DATABASE
from tests.browse.conftest import Get, export_of
from tests.stores import SampleStore
from tests.trace.conftest import CABLE

PATHS = ("/", f"/cable/{CABLE.reference_id}", f"/compare/{CABLE.reference_id}", "/capture/x")


def answers(
    store: SampleStore, export: Path, meanwhile: Callable[[Path], object], *paths: str
) -> list[tuple[int, str]]:
    """What pages answer once something has been done to the store's database."""

    async def answered() -> list[tuple[int, str]]:
        app = make_app(export, store.data_dir, show_redacted_spans=False)
        await app.invoke_startup()
        meanwhile(store.data_dir / DATABASE)
        found = [await app.client.get(path) for path in paths]
        return [(answer.status_code, unescape(answer.text)) for answer in found]

    return asyncio.run(answered())


def overwrite(database: Path) -> None:
    database.write_bytes(b"no database " * 1000)


def damage(database: Path) -> None:
    """Leave the beginning, which is all that opening reads."""
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        (Path.unlink, "there is no store"),
        (overwrite, "file is not a database; `scrapy reparse`"),
        (damage, "malformed; `scrapy reparse`"),
    ],
)
def test_a_store_that_is_lost_while_it_is_browsed_is_told_of_on_every_page(
    two_copies: SampleStore, tmp_path: Path, meanwhile: Callable[[Path], object], said: str
) -> None:
    export = export_of(two_copies, tmp_path / "export")
    two_copies.engine.dispose()
    for status, content in answers(two_copies, export, meanwhile, *PATHS):
        assert status == 503 and said in content
        assert "Not to be read now" in content and "browse.css" in content


@pytest.mark.parametrize("name", ["a%20source%3A9132", "%7Etilde.html", "%"])
def test_what_is_not_found_is_told_under_the_name_that_was_asked_for(
    demo_pages: Get, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status, content = demo_pages(f"/source/{name}")
    assert status == 404
    asked = {"a%20source%3A9132": "a source:9132", "%7Etilde.html": "~tilde.html"}.get(name, name)
    assert f"{asked}: the export has no such source" in unescape(content)
    assert capfd.readouterr().err == ""
