"""`scrapy verify` as a user runs it, on a store that was crawled: what it finds and leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.capture import read_members
from cablecrawl.export.bag import make_bag
from tests.crawling import Ended, Project, run_scrapy
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Site, SiteServer

CABLE_PAGE = re.compile(r"/cable/.*\.html$")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A mirror that was crawled twice, in two builds, and exported. For reading only."""
    folder = tmp_path_factory.mktemp("crawled")
    project = Project(folder, {"EXPORTS_DIR": str(folder / "exports")})
    write_mirror(folder / "mirror", invented_cables(9), Build(9, "v3"))
    with SiteServer(folder / "mirror") as server:
        assert project.crawl("-a", f"url={server.url}").status == 0
        write_mirror(folder / "mirror", invented_cables(12), Build(12, "v4"), overlay=True)
        assert project.crawl("-a", f"url={server.url}").status == 0
    exported = project.run("export")
    assert exported.status == 0, exported.stderr
    return project


@pytest.fixture
def project(crawled: Project, tmp_path: Path) -> Project:
    """A copy to damage."""
    for name in ("data", "exports"):
        shutil.copytree(crawled.folder / name, tmp_path / name, symlinks=True)
    return Project(tmp_path, {"EXPORTS_DIR": str(tmp_path / "exports")})


def verify(project: Project, *arguments: str) -> Ended:
    """In one process: to start others takes longer than to read so few pages."""
    return project.run("verify", "--processes", "1", *arguments)


def findings(project: Project, *arguments: str) -> list[dict[str, Any]]:
    """What is found; there is something."""
    ended = verify(project, "--json", *arguments)
    assert ended.status == 2, ended.stdout + ended.stderr
    outcome = json.loads(ended.stdout)
    assert outcome["is_well"] is False
    found: list[dict[str, Any]] = outcome["findings"]
    return found


def only_finding(project: Project, *arguments: str) -> dict[str, Any]:
    (finding,) = findings(project, *arguments)
    return finding


def flip(path: Path, offset: int, bit: int = 0) -> None:
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def execute(project: Project, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    path = project.data_dir / "cablecrawl.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(sql, values).fetchall()


def export_of(project: Project) -> Path:
    return (project.folder / "exports" / "latest").resolve()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, less what SQLite puts beside a database when it is looked at."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "cablecrawl.sqlite-shm" and path.stat().st_size
    }


# ------------------------------------------------------------------- all is well


def test_a_whole_store_is_well_and_nothing_of_it_is_changed(project: Project) -> None:
    before = contents(project.folder)
    ended = project.run("verify", "--claims", "all")
    assert (ended.status, ended.stderr) == (0, "")
    assert "12 cables verified" in ended.stdout
    assert ended.stdout.endswith("all is well; nothing was changed\n")
    assert contents(project.folder) == before


def test_by_default_a_sample_of_claims_is_read_and_how_it_was_chosen_is_said(
    project: Project,
) -> None:
    ended = verify(project, "--claims", "2")
    assert ended.status == 0
    assert "2 evenly spaced over 1 sources, and all others that show the same cables" in (
        ended.stdout
    )
    # Both may show the same cable: pages come in any order.
    assert re.search(r"exported fields of [12] cables verified", ended.stdout)
    assert verify(project, "--claims", "2").stdout == ended.stdout
    assert "cables verified" not in verify(project, "--claims", "none").stdout


def test_json_says_what_was_checked(project: Project) -> None:
    ended = verify(project, "--json")
    outcome = json.loads(ended.stdout)
    assert (ended.status, outcome["is_well"], outcome["findings"]) == (0, True, [])
    assert outcome["checked"]["WARC files"] == {"checked": 2, "failed": 0}
    assert outcome["claims"]["cables"] == 12


def test_a_store_can_be_verified_while_a_crawl_goes_on(project: Project) -> None:
    mirror = project.folder / "mirror"
    write_mirror(mirror, invented_cables(30), Build(30, "v5"))
    with SiteServer(Site(mirror, latency=0.1)) as server:
        with project.start_crawl("-a", f"url={server.url}") as crawl:
            assert crawl.wait_for(lambda: any(path.suffix == ".open" for path in project.warcs))
            ended = verify(project, "--claims", "all")
            assert ended.status == 0, ended.stdout
            assert crawl.ended().status == 0
    assert verify(project, "--claims", "all").status == 0


def test_what_a_killed_crawl_left_is_not_called_damaged(project: Project) -> None:
    mirror = project.folder / "mirror"
    write_mirror(mirror, invented_cables(30), Build(30, "v5"))
    with SiteServer(Site(mirror, latency=0.02)) as server:
        url = f"url={server.url}"
        project.crawl_killed_at("cablecrawl.capture.warc:write_at", "torn", 3, "-a", url)
        ended = verify(project)
        assert ended.status == 0, ended.stdout
        assert "are not committed and were not looked at" in ended.stdout
        assert project.crawl("-a", url).status == 0
    assert verify(project, "--claims", "all").status == 0


# ------------------------------------------------------------------- one byte


@pytest.mark.long
@pytest.mark.parametrize("kind", ["response", "request", "metadata"])
def test_a_changed_byte_of_a_record_is_named(project: Project, kind: str) -> None:
    """In the middle of the member: of a response that is its body."""
    path = project.warcs[0]
    members = [member for member in read_members(path) if member.kind == kind]
    hit = next(m for m in members if CABLE_PAGE.search(m.headers["warc-target-uri"]))
    flip(path, hit.offset + hit.length // 2)
    finding = only_finding(project)
    assert (finding["part"], finding["what"], finding["file"]) == ("warc", "damaged", str(path))
    assert (finding["start"], finding["end"]) == (hit.offset, hit.end)
    assert finding["records"] == [hit.headers["warc-record-id"][1:-1]]
    assert finding["urls"] == [hit.headers["warc-target-uri"]]
    (cable,) = finding["cables"]
    assert cable in hit.headers["warc-target-uri"]
    assert finding["exports"] == [str(export_of(project))]
    said = verify(project).stdout
    assert f"damaged: {path}, byte {hit.offset} to {hit.end - 1}: " in said
    assert f"cables: {cable}; exports: {export_of(project)}; what to do: restore" in said


def test_a_changed_byte_of_a_warc_header_is_named(project: Project) -> None:
    """The header is what the member begins with."""
    path = project.warcs[1]
    hit = list(read_members(path))[8]
    flip(path, hit.offset + 40)
    finding = only_finding(project)
    assert (finding["what"], finding["start"]) == ("damaged", hit.offset)


@pytest.mark.long
@pytest.mark.parametrize("at", [0, 2, 4, 9])
def test_a_changed_byte_of_a_gzip_header_is_named(project: Project, at: int) -> None:
    """Magic number, method, time, system: the last two harm nothing."""
    path = project.warcs[0]
    hit = list(read_members(path))[12]
    flip(path, hit.offset + at)
    finding = only_finding(project)
    assert finding["what"] == ("damaged" if at < 4 else "gzip")
    assert finding["start"] == (hit.offset if at < 4 else hit.offset + at)


def test_a_changed_byte_of_the_manifest_is_named(project: Project) -> None:
    path = project.data_dir / "warc" / "MANIFEST-sha256.txt"
    flip(path, len(path.read_bytes().splitlines()[0]) + 10)
    finding = only_finding(project)
    assert (finding["what"], finding["file"], finding["line"]) == ("manifest", str(path), 2)


def test_a_changed_place_of_a_claim_is_named(project: Project) -> None:
    """Moved whole, so that the quote keeps its length: only its page tells."""
    ((row, cable),) = execute(
        project,
        "SELECT claim.id, reference_id FROM claim JOIN reading ON reading.id = reading"
        " JOIN witness ON witness.id = witness WHERE field = 'origin' LIMIT 1",
    )
    execute(project, 'UPDATE claim SET start = start + 1, "end" = "end" + 1 WHERE id = ?', row)
    finding = only_finding(project, "--claims", "all")
    assert (finding["part"], finding["what"], finding["field"]) == ("claims", "quote", "origin")
    assert finding["cables"] == [cable]
    assert finding["exports"] == [str(export_of(project))]


def test_a_changed_byte_of_a_readings_text_is_named(project: Project) -> None:
    path = project.data_dir / "cablecrawl.sqlite"
    ((body,),) = execute(project, "SELECT body FROM reading ORDER BY id LIMIT 1")
    execute(project, "VACUUM")
    execute(project, "PRAGMA wal_checkpoint(TRUNCATE)")
    flip(path, path.read_bytes().index(body.encode()[100:150]) + 9)
    finding = only_finding(project)
    assert (finding["part"], finding["what"], finding["table"]) == ("database", "text", "reading")
    assert len(finding["cables"]) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    "name, what",
    [
        ("cables.jsonl", "line"),
        ("readings.jsonl", "line"),
        ("cables.csv", "line"),
        ("datapackage.json", "line"),
        ("fixity/cables.jsonl.txt", "line"),
        ("MANIFEST-sha256.txt", "list"),
    ],
)
def test_a_changed_byte_of_an_export_is_named(project: Project, name: str, what: str) -> None:
    path = export_of(project) / name
    content = path.read_bytes()
    offset = 30 if name == "MANIFEST-sha256.txt" else len(content) // 3
    flip(path, offset)
    finding = only_finding(project)
    assert (finding["part"], finding["what"], finding["file"]) == ("export", what, str(path))
    if not name.endswith(".csv"):
        assert finding["line"] == content[:offset].count(b"\n") + 1
    if name in ("cables.jsonl", "readings.jsonl"):
        line = content.splitlines()[finding["line"] - 1]
        assert finding["cables"] == [json.loads(line)["reference_id"]]


# ------------------------------------------------------------------- whole files


def test_a_truncated_file_is_named(project: Project) -> None:
    path = project.warcs[0]
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    size = path.stat().st_size // 2
    os.truncate(path, size)
    finding = only_finding(project)
    assert (finding["what"], finding["file"]) == ("truncated", str(path))
    behind = execute(
        project,
        "SELECT count(*) FROM capture WHERE warc = ? AND offset + length > ?",
        *(path.name, size),
    )
    assert len(finding["captures"]) == behind[0][0]


def test_a_missing_file_is_named(project: Project) -> None:
    path = project.warcs[0]
    path.unlink()
    finding = only_finding(project)
    assert (finding["what"], finding["file"]) == ("missing", str(path))
    assert len(finding["cables"]) == 9


@pytest.mark.long
def test_every_finding_is_a_line(project: Project) -> None:
    project.warcs[0].unlink()
    (export_of(project) / "cables.csv").unlink()
    execute(project, "UPDATE reading SET body = body || x'0a1b' || 'more' WHERE id = 2")
    ended = verify(project)
    assert ended.status == 2
    table, _, rest = ended.stdout.partition("verified")
    lines = rest.splitlines()[1:]
    assert [line.partition(":")[0] for line in lines[:-1]] == ["missing", "text", "missing"]
    assert lines[-1] == "3 findings; nothing was changed or repaired"
    assert all("; what to do: " in line for line in lines[:-1])
    assert "WARC files" in table


# ------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--claims", "some"], "--claims some: expected a number of captures, all or none"),
        (["--claims", "-1"], "--claims -1: expected a number of captures, all or none"),
        (["--export", "nowhere"], "--export nowhere: is no export: it has no datapackage.json"),
        (["--processes", "0"], "--processes 0: must be 1 or more"),
        (["all"], "all: unknown argument; see scrapy verify --help"),
    ],
)
def test_bad_usage_is_one_line(crawled: Project, arguments: list[str], said: str) -> None:
    ended = verify(crawled, *arguments)
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.errors == [f"scrapy verify: {said}"]


def test_without_a_store_there_is_one_line(tmp_path: Path) -> None:
    ended = run_scrapy(["verify", "-s", f"DATA_DIR={tmp_path / 'none'}"])
    assert ended.status == 1
    assert len(ended.errors) == 1 and "there is no store" in ended.errors[0]
    assert not (tmp_path / "none").exists()


@pytest.mark.long
def test_an_export_elsewhere_is_checked_too(project: Project, tmp_path: Path) -> None:
    shutil.copytree(export_of(project), tmp_path / "desk")
    flip(tmp_path / "desk" / "cables.jsonl", 40)
    assert verify(project).status == 0
    finding = only_finding(project, "--export", str(tmp_path / "desk"))
    assert finding["file"] == str(tmp_path / "desk" / "cables.jsonl")


def test_a_bag_elsewhere_is_checked_too(project: Project, tmp_path: Path) -> None:
    bag = tmp_path / "desk"
    shutil.copytree(export_of(project), bag)
    make_bag(bag, None)
    ended = verify(project, "--claims", "none", "--export", str(bag))
    assert (ended.status, ended.stderr) == (0, "")
    assert re.search(r"^exports +2 +0$", ended.stdout, re.M)


def test_help_says_that_nothing_is_repaired() -> None:
    ended = run_scrapy(["verify", "--help"])
    assert ended.status == 0
    assert "nothing is repaired, no lock is taken" in " ".join(ended.stdout.split())
