"""`scrapy reparse` after the code changed: what it says, what it keeps, and what it must not do."""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cablecrawl.code_version import READING, ROOT
from tests.crawling import Project, other_code
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import SiteServer

CABLES = 40

# One rule behaves otherwise: subjects longer than this are none.
SHORT = 45
SHORTER_SUBJECTS = (
    "cablecrawl/cabletext/subject.py",
    "LONGEST_SUBJECT = 600",
    f"LONGEST_SUBJECT = {SHORT}",
)
# The same values by another version of a rule.
NEXT_VERSION = ("cablecrawl/cabletext/subject.py", '"subject_line/1"', '"subject_line/2"')
# Every text has another digest.
OTHER_DIGESTS = ("pipelines/dedupe.py", r'f"{header}\0{body}"', r'f"{header}\1{body}"')


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(folder, invented_cables(CABLES), Build(CABLES, "v4"))
    with SiteServer(folder) as server:
        yield server


@pytest.fixture(scope="module")
def crawled(mirror: SiteServer, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("crawled"))
    assert project.crawl("-a", f"url={mirror.url}").status == 0
    return project


@pytest.fixture
def project(crawled: Project, tmp_path: Path) -> Project:
    return crawled.copy(tmp_path)


def with_code(project: Project, change: tuple[str, str, str]) -> Project:
    """The same store, worked on by other code."""
    return Project(project.folder, project.settings, other_code(project.folder / "code", *change))


def changes_of(project: Project, *arguments: str) -> dict[str, Any]:
    ended = project.reparse("--json", *arguments)
    assert ended.status == 0, ended.stderr
    changes: dict[str, Any] = json.loads(ended.stdout)
    return changes


def long_subjects(project: Project) -> set[str]:
    cables = project.export("look-for-subjects").lines("cables")
    return {line["reference_id"] for line in cables if len(line["subject"] or "") > SHORT}


# ------------------------------------------------------------------------- the same code


def test_the_same_code_reads_nothing_differently(project: Project) -> None:
    ended = project.reparse()
    assert "nothing is read differently" in ended.stdout
    assert project.query("SELECT count(*) FROM former_claim") == [(0,)]
    assert project.query("SELECT count(*) FROM former_reading") == [(0,)]


def test_every_number_of_processes_gives_the_same_export(project: Project) -> None:
    before = project.export("before").files()
    for processes in ("1", "2", "3"):
        assert project.reparse("--processes", processes).status == 0
        assert project.export("after").files() == before


# ------------------------------------------------------------------------- a changed rule


def test_the_summary_names_exactly_the_cables_that_a_changed_rule_touches(project: Project) -> None:
    touched = long_subjects(project)
    assert 0 < len(touched) < CABLES
    changes = changes_of(with_code(project, SHORTER_SUBJECTS))
    assert set(changes["cables"]) == touched
    assert all(fields == ["subject"] for fields in changes["cables"].values())
    assert changes["changes"]["fields"] == {"subject": {"lost": len(touched)}}
    assert changes["moved_only"] == []


def test_the_summary_for_people_has_the_same_numbers(project: Project) -> None:
    touched = sorted(long_subjects(project))
    ended = with_code(project, SHORTER_SUBJECTS).reparse()
    assert f"cables with other values: {len(touched)}: {touched[0]}" in ended.stdout
    (row,) = [line for line in ended.stdout.splitlines() if line.startswith("subject ")]
    assert row.split() == ["subject", "0", str(len(touched)), "0", "0"]


def test_a_rule_of_another_version_moves_values_and_changes_none(project: Project) -> None:
    changes = changes_of(with_code(project, NEXT_VERSION))
    assert changes["cables"] == {}
    assert changes["changes"]["fields"].keys() == {"subject"}
    assert changes["changes"]["fields"]["subject"].keys() == {"moved"}
    assert len(changes["moved_only"]) == changes["changes"]["moved_only"] > 0


def test_the_export_has_the_newest_values_and_the_old_ones_stay_as_history(
    project: Project,
) -> None:
    touched = long_subjects(project)
    subjects = {line["reference_id"]: line["subject"] for line in project.export().lines("cables")}
    changed = with_code(project, SHORTER_SUBJECTS)
    assert changed.reparse().status == 0
    after = {line["reference_id"]: line["subject"] for line in project.export().lines("cables")}
    assert {name for name in after if after[name] != subjects[name]} == touched
    kept = project.query(
        "SELECT reference_id, value, rule, steps_sha256 FROM former_claim"
        " JOIN reparse ON reparse.id = former_claim.reparse WHERE field = 'subject'"
    )
    assert {(name, value) for name, value, _, _ in kept} == {
        (name, subjects[name]) for name in touched
    }
    # What is history stays so when another reparse has nothing to add.
    assert changed.reparse().status == 0
    assert len(project.query("SELECT id FROM former_claim WHERE field = 'subject'")) == len(touched)


def test_a_text_that_is_read_otherwise_is_kept_as_a_former_reading(project: Project) -> None:
    texts = set(project.query("SELECT sha256, body FROM reading"))
    assert with_code(project, OTHER_DIGESTS).reparse().status == 0
    assert set(project.query("SELECT sha256, body FROM former_reading")) == texts
    assert not texts & set(project.query("SELECT sha256, body FROM reading"))


def test_going_back_to_the_old_code_gives_the_old_export(project: Project) -> None:
    before = project.export("before").files()
    assert with_code(project, SHORTER_SUBJECTS).reparse().status == 0
    assert project.export("between").files() != before
    assert project.reparse().status == 0
    assert project.export("after").files() == before


# ------------------------------------------------------------------------- a dry run


def test_a_dry_run_says_the_same_and_leaves_every_file_as_it_was(project: Project) -> None:
    changed = with_code(project, SHORTER_SUBJECTS)
    before = files_of(project)
    tried = changes_of(changed, "--dry-run")
    assert files_of(project) == before
    assert tried["kept"] is False
    done = changes_of(changed)
    assert done["kept"] is True
    for key in ("cables", "changes", "moved_only"):
        assert done[key] == tried[key]


def files_of(project: Project) -> dict[str, bytes]:
    return {
        path.relative_to(project.data_dir).as_posix(): path.read_bytes()
        for path in sorted(project.data_dir.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


# ------------------------------------------------------------------------- before a crawl


@pytest.mark.parametrize("change", [OTHER_DIGESTS, SHORTER_SUBJECTS], ids=["texts", "a rule"])
def test_a_change_of_the_code_is_no_change_of_a_site(
    project: Project, mirror: SiteServer, change: tuple[str, str, str]
) -> None:
    ended = with_code(project, change).crawl("-a", f"url={mirror.url}", "-a", "full=1")
    assert ended.status == 0, ended.stderr
    assert "the store was read by other code than today's" in ended.stderr
    (counts,) = ended.summary.values()
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, CABLES)
    again = with_code_there(project).crawl("-a", f"url={mirror.url}")
    assert "other code" not in again.stderr


def with_code_there(project: Project) -> Project:
    return Project(project.folder, project.settings, project.folder / "code")


def test_a_crawl_by_the_same_code_reads_nothing_again(project: Project, mirror: SiteServer) -> None:
    ended = project.crawl("-a", f"url={mirror.url}")
    assert "other code" not in ended.stderr
    assert project.query("SELECT count(*) FROM reparse") == [(0,)]


# ------------------------------------------------------------------------- the code's digest


def test_the_digest_covers_all_the_code_that_reading_imports() -> None:
    covered = {path for pattern in READING for path in ROOT.glob(pattern)}
    roots = [path for path in covered if path.suffix == ".py"]
    # Counting, and how tables are read: they do not say what a page gives.
    beside = {f"cablecrawl/{name}.py" for name in ("stats", "registry", "errors", "sources")}
    missing = {path.relative_to(ROOT).as_posix() for root in roots for path in imported(root)} - {
        path.relative_to(ROOT).as_posix() for path in covered
    }
    assert missing <= beside


def imported(path: Path) -> Iterator[Path]:
    """Modules of the project that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            file = ROOT / f"{name.replace('.', '/')}.py"
            if file.exists():
                yield file


# ------------------------------------------------------------------------- what must not be lost


def kept_rows(project: Project) -> tuple[int, int]:
    ((claims,),) = project.query("SELECT count(*) FROM former_claim")
    ((texts,),) = project.query("SELECT count(*) FROM former_reading")
    return claims, texts


def test_a_text_that_only_has_another_digest_leaves_no_former_claims(project: Project) -> None:
    changes = changes_of(with_code(project, OTHER_DIGESTS))
    assert changes["changes"]["fields"] == {"reading_sha256": {"different": CABLES}}
    assert kept_rows(project) == (0, CABLES)


def test_two_states_of_the_code_that_take_turns_keep_everything_once(project: Project) -> None:
    changed = with_code(project, SHORTER_SUBJECTS)
    sizes = []
    for one in (changed, project, changed, project):
        assert one.reparse().status == 0
        sizes.append(kept_rows(project))
    assert sizes == [sizes[0]] * 4
    assert sizes[0][0] > 0


@pytest.mark.parametrize("how", ["another version", "damaged", "a damaged table"])
def test_a_dry_run_takes_no_database_away(project: Project, how: str) -> None:
    spoil(project, how)
    before = files_of(project)
    ended = project.reparse("--dry-run")
    assert ended.status == 0, ended.stderr
    assert "without --dry-run it would be kept as cablecrawl.sqlite." in ended.stderr
    assert files_of(project) == before


@pytest.mark.parametrize("how", ["another version", "damaged", "a damaged table"])
def test_what_is_put_aside_takes_no_other_s_place(project: Project, how: str) -> None:
    before = project.export("before").files()
    for _ in range(2):
        spoil(project, how)
        ended = project.reparse()
        assert ended.status == 0, ended.stderr
        assert project.export("after").files() == before
    aside = [path.name for path in project.data_dir.glob("cablecrawl.sqlite.*")]
    kept_as = "other-version" if how == "another version" else "damaged"
    assert {f"cablecrawl.sqlite.{kept_as}", f"cablecrawl.sqlite.{kept_as}.2"} <= set(aside)


def spoil(project: Project, how: str) -> None:
    database = project.data_dir / "cablecrawl.sqlite"
    db = sqlite3.connect(database)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (page_size,) = db.execute("PRAGMA page_size").fetchone()
    (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'claim'").fetchone()
    if how == "another version":
        db.execute("PRAGMA user_version = 1")
        db.commit()
    db.close()
    with database.open("rb+") as file:
        if how == "damaged":
            file.write(b"no database at all")
        elif how == "a damaged table":
            file.seek((root - 1) * page_size)
            file.write(b"\xff" * 64)


def test_a_reader_keeps_the_old_database_in_place_and_no_row_is_lost(project: Project) -> None:
    """The log cannot be emptied then, and what stands in it alone would be lost by a crash."""
    database = project.data_dir / "cablecrawl.sqlite"
    reader = sqlite3.connect(database)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM run").fetchone()
    writer = sqlite3.connect(database)
    writer.execute("UPDATE run SET reason = 'told in the log only'")
    writer.commit()
    ended = project.reparse()
    assert ended.status == 1
    assert "another program is reading it" in ended.stderr
    reader.close()
    writer.close()
    assert project.query("SELECT reason FROM run") == [("told in the log only",)]
    assert project.reparse().status == 0
    assert project.query("SELECT reason FROM run") == [("told in the log only",)]


def damage_a_cable(project: Project) -> None:
    """One byte of the record of a cable page."""
    ((name, offset, length),) = project.query(
        "SELECT warc, offset, length FROM capture WHERE url LIKE '%/cable/%' ORDER BY id LIMIT 1"
    )
    path = project.data_dir / "warc" / name
    path.chmod(0o644)
    with path.open("rb+") as file:
        file.seek(offset + length // 2)
        byte = file.read(1)
        file.seek(offset + length // 2)
        file.write(bytes([byte[0] ^ 1]))


def test_a_store_that_cannot_be_read_again_is_not_crawled_by_other_code(
    project: Project, mirror: SiteServer
) -> None:
    damage_a_cable(project)
    changed = with_code(project, OTHER_DIGESTS)
    ended = changed.crawl("-a", f"url={mirror.url}")
    assert ended.status == 1
    assert "cannot be read by today's code while WARC files are damaged" in ended.stderr
    assert project.query("SELECT count(*) FROM sighting") == [(CABLES,)]
    tried = changed.reparse("--json")
    assert tried.status == 2
    assert json.loads(tried.stdout)["changes"]["copies"] == {}


def test_a_warc_file_of_others_is_left_out_and_named(project: Project) -> None:
    (sealed,) = project.warcs
    (sealed.parent / "mycopy.warc.gz").write_bytes(sealed.read_bytes())
    (sealed.parent / "empty.warc.gz").write_bytes(b"")
    ended = project.reparse()
    assert ended.status == 0, ended.stderr
    assert "scrapy reparse: mycopy.warc.gz: no run of CableCrawl wrote it: left out" in ended.errors
    assert "nothing is read differently" in ended.stdout


def test_a_file_in_the_way_is_told_in_one_line(project: Project) -> None:
    (project.data_dir / "rebuild").write_text("mine")
    ended = project.reparse()
    assert ended.status in (1, 3)
    assert [line for line in ended.errors if "rebuild" in line] == ended.errors
