"""A small store and its export, and copies of them to damage."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.export.formats import DEFAULT_FORMATS
from cablecrawl.export.opened import opened
from cablecrawl.export.write import write_export
from cablecrawl.fixity.check import Check
from cablecrawl.fixity.findings import Finding, Report
from cablecrawl.stages import Unwatched
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.stores import SampleStore


@dataclass(frozen=True)
class Kept:
    """A store and its exports in one folder."""

    folder: Path

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def warcs(self) -> list[Path]:
        return sorted((self.data_dir / "warc").glob("*.warc.gz*"))

    @property
    def export(self) -> Path:
        return self.folder / "exports" / "latest"

    def check(self, claims: int | None = 0) -> Report:
        """As `scrapy verify` does; `claims`: None for all."""
        check = Check(self.data_dir, self.folder / "exports", [], claims, 1, Unwatched())
        check.run()
        return check.report

    def finding(self, claims: int | None = 0) -> Finding:
        """The only one there is."""
        (finding,) = self.check(claims).findings
        return finding

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.data_dir / "cablecrawl.sqlite")) as db, db:
            return db.execute(sql, values).fetchall()


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Change one bit of a file; a read-only one too."""
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    content = bytearray(path.read_bytes())
    content[offset] ^= 1 << bit
    path.write_bytes(content)


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    path.write_bytes(content)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Two builds of one mirror and one of another, and the export. For reading only."""
    folder = tmp_path_factory.mktemp("kept")
    store = SampleStore(folder / "data")
    for name, build in (("first", Build(7, "v3")), ("later", Build(9, "v4"))):
        write_mirror(folder / name, invented_cables(build.counter), build)
        store.crawl("mirror", folder / name)
    store.crawl("other", folder / "first", rank=2)
    store.engine.dispose()
    target = folder / "exports" / "20261121T190000Z"
    target.mkdir(parents=True)
    with opened(folder / "data") as stored:
        write_export(stored, target, DEFAULT_FORMATS)
    (target.parent / "latest").symlink_to(target.name)
    return Kept(folder)


@pytest.fixture
def kept(whole: Kept, tmp_path: Path) -> Kept:
    """A copy to damage."""
    for name in ("data", "exports"):
        shutil.copytree(whole.folder / name, tmp_path / name, symlinks=True)
    return Kept(tmp_path)


@pytest.fixture
def flipped(kept: Kept) -> Callable[[Path, int], Report]:
    """Changes a bit, checks, and changes it back."""

    def check(path: Path, offset: int) -> Report:
        flip(path, offset)
        report = kept.check()
        flip(path, offset)
        return report

    return check
