"""A store in which much has happened, and one with hostile names."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.crawling import Project, write_sources
from tests.report.reports import Reported, report_of
from tests.sites.mirror import demo_sites
from tests.sites.server import SiteServer

HOSTILE = (
    "<script>alert(1)</script>",
    "=HYPERLINK(\"http://evil.example\",'x')",
    '"><img src=//evil/x> $x^2$ \\f',
    "\u202eright-to-left\x1b[31m\x00 & a name that is much longer than any label has room for",
)


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Four mirrors crawled twice, one of them with another content the second time.

    For reading only.
    """
    folder = tmp_path_factory.mktemp("reported")
    sites = demo_sites(folder / "sites")
    with SiteServer(dict(sites)) as server:
        sources = write_sources(folder / "sources.toml", server.urls)
        project = Project(folder, {"SOURCES_FILE": str(sources)})
        first = project.crawl("-a", f"source={','.join(sites)}")
        assert first.status == 0, first.stderr
        for path in (sites["relative-copy"], sites["first-build"]):
            shutil.rmtree(path)
        shutil.copytree(sites["later-build"], sites["relative-copy"])
        shutil.copytree(sites["old-httrack"], sites["first-build"])
        project.crawl("-a", "source=relative-copy,first-build")
    return Reported(project, report_of(project, folder / "report.html"), project.export())


@pytest.fixture(scope="session")
def hostile(reported: Reported, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The same store, with names that mean something in HTML, SVG, CSV, TeX or on a terminal."""
    project = reported.project.copy(tmp_path_factory.mktemp("hostile"))
    with closing(sqlite3.connect(project.data_dir / "cablecrawl.sqlite")) as db, db:
        for number, name in enumerate(HOSTILE, start=1):
            db.execute("UPDATE source SET name = ? WHERE id = ?", (name, number))
        capture, source = db.execute("SELECT id, source FROM capture LIMIT 1").fetchone()
        for name in HOSTILE:
            db.execute(
                "INSERT INTO problem (capture, reason, detail) VALUES (?, ?, '')", (capture, name)
            )
            db.execute(
                "UPDATE run SET summary = json_set(summary, '$.stripped.' || ?,"
                " 3, '$.stripped_characters.' || ?, 12345678)",
                (f'"{name.replace(chr(34), "")}"'.replace("\x00", ""),) * 2,
            )
    folder = project.folder
    return Reported(project, report_of(project, folder / "report.html"), project.export())
