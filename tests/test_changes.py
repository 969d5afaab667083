"""`scrapy changes`, and what it rests on: what became of the copies between two moments."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from scrapy.settings import Settings
from sqlalchemy import insert, select, update

from cablecrawl.changed.changes import Changes
from cablecrawl.changed.moments import Moment, through
from cablecrawl.commands.changes import Command
from cablecrawl.export.read import snapshot
from cablecrawl.export.resources import read_schema
from cablecrawl.records import ChangeRecord
from cablecrawl.store import tables as t
from tests.crawling import Project, cable_pages, source_name
from tests.sites.cables import cable_by_id, invented_cables
from tests.sites.mirror import LATER_EDITS, LATER_RELEASES, LEFTOVER, Build, write_mirror
from tests.sites.server import Site, SiteServer
from tests.stores import SampleStore

ID = "07ASTANA9033"
NAME = "Madina Orlovskaya"
SHOWN = cable_by_id(ID).body
MARKED = SHOWN.replace(NAME, "XXXXXXXXXXXX")

EARLIER = Build(30, "v3")
LATER = Build(60, "v4", released=LATER_RELEASES, withdrawn=frozenset({LEFTOVER}), edits=LATER_EDITS)

Records = list[dict[str, Any]]
RunChanges = Callable[..., int]


def run_changes(store: SampleStore, *arguments: str, **settings: object) -> int:
    """Runs the command; gives its exit status."""
    command = Command()
    command.settings = Settings({"DATA_DIR": str(store.data_dir), **settings})
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    options, rest = parser.parse_known_args(list(arguments))
    command.run(rest, options)
    return command.exitcode


def changes(
    store: SampleStore, since: Moment | None, until: Moment | None = None, *, show: bool = False
) -> list[ChangeRecord]:
    with snapshot(store.engine) as stored:
        return [
            record
            for _, _, records in Changes(stored, since, until, show=show)
            for record in records
        ]


def end_of(store: SampleStore) -> Moment:
    with store.engine.connect() as db:
        moment = through(db)
    assert moment is not None
    return moment


def kinds_of(records: list[ChangeRecord]) -> dict[str, list[str]]:
    """Kinds by reference ID, the build's own left out."""
    found = {r.reference_id: [kind for kind in r.kinds if kind != "rebuilt"] for r in records}
    return {reference_id: kinds for reference_id, kinds in found.items() if kinds}


@dataclass
class Evolved:
    """A mirror crawled before and after a later build was laid over it."""

    store: SampleStore
    first: Moment
    first_run: str
    second_run: str


@pytest.fixture(scope="module")
def evolved(tmp_path_factory: pytest.TempPathFactory) -> Evolved:
    folder = tmp_path_factory.mktemp("evolved")
    store = SampleStore(folder / "data")
    write_mirror(folder / "site", invented_cables(30), EARLIER)
    store.crawl("mirror", folder / "site")
    first = end_of(store)
    write_mirror(folder / "site", invented_cables(60), LATER, overlay=True)
    store.crawl("mirror", folder / "site")
    with store.engine.connect() as db:
        first_run, second_run = db.execute(select(t.run.c.id).order_by(t.run.c.id)).scalars()
    return Evolved(store, first, first_run, second_run)


# ------------------------------------------------------------------- what is a change


def test_a_later_build_has_new_changed_moved_and_unlisted_cables(evolved: Evolved) -> None:
    known = {cable.reference_id for cable in invented_cables(30)}
    expected: dict[str, list[str]] = {
        cable.reference_id: ["new"]
        for cable in invented_cables(60)
        if cable.reference_id not in known
    }
    for reference_id in sorted(known):
        kinds = ["changed"] if reference_id in LATER_EDITS else []
        kinds += ["moved"] if reference_id in LATER_RELEASES else []
        kinds += ["unlisted"] if reference_id == LEFTOVER else []
        if kinds:
            expected[reference_id] = kinds
    assert kinds_of(changes(evolved.store, evolved.first)) == expected


def test_a_moved_release_date_has_the_stamps_before_and_after(evolved: Evolved) -> None:
    earlier = {cable.reference_id: cable.released for cable in invented_cables(30)}
    found = {
        record.reference_id: ([c.value for c in each.before], [c.value for c in each.after])
        for record in changes(evolved.store, evolved.first)
        for each in record.fields
        if each.field == "released"
    }
    assert found == {
        reference_id: ([earlier[reference_id].replace(" ", "T")], [stamp.replace(" ", "T")])
        for reference_id, stamp in LATER_RELEASES.items()
    }


def test_claims_before_and_after_name_the_captures_that_made_them(evolved: Evolved) -> None:
    with evolved.store.engine.connect() as db:
        runs = {row.capture_id: row.run for row in db.execute(select(t.capture))}
    for record in changes(evolved.store, evolved.first):
        for each in record.fields:
            assert {runs[claim.capture_id] for claim in each.before} <= {evolved.first_run}
            assert {runs[claim.capture_id] for claim in each.after} <= {evolved.second_run}


def test_since_before_everything_all_is_new(evolved: Evolved) -> None:
    records = changes(evolved.store, None)
    assert {tuple(record.kinds) for record in records} == {("new",)}
    assert all(record.new_cable and record.before is None for record in records)
    ids = [record.reference_id for record in records]
    assert ids == sorted(set(ids))
    with evolved.store.engine.connect() as db:
        assert ids == sorted(set(db.execute(select(t.witness.c.reference_id)).scalars()))


def test_since_the_last_capture_nothing_changed(evolved: Evolved) -> None:
    assert changes(evolved.store, end_of(evolved.store)) == []


def test_a_further_source_has_new_copies_of_known_cables(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "data")
    write_mirror(tmp_path / "one", invented_cables(5), Build(5))
    write_mirror(tmp_path / "other", invented_cables(7), Build(7))
    store.crawl("one", tmp_path / "one")
    first = end_of(store)
    store.crawl("other", tmp_path / "other")
    known = {cable.reference_id for cable in invented_cables(5)}
    records = changes(store, first)
    assert len(records) == 7
    for record in records:
        assert (record.source, record.kinds) == ("other", ["new"])
        assert record.new_cable == (record.reference_id not in known)


def test_pages_that_go_and_come_again_are_gone_and_back(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "data")
    page = tmp_path / "site" / cable_by_id(ID).page
    ends = []
    write_mirror(tmp_path / "site", invented_cables(24), Build(24))
    content = page.read_bytes()
    for is_there in (True, False, False, True):
        page.write_bytes(content) if is_there else page.unlink(missing_ok=True)
        store.crawl("mirror", tmp_path / "site")
        ends.append(end_of(store))
    (gone,) = changes(store, ends[0], ends[1])
    assert (gone.kinds, gone.after.status) == (["gone"], "gone")
    assert [turn.reading_sha256 for turn in gone.course] == [None]
    assert changes(store, ends[1], ends[2]) == []
    (back,) = changes(store, ends[2], ends[3])
    assert back.kinds == ["back"] and back.before is not None
    assert back.before.reading_sha256 == back.after.reading_sha256
    (reverted,) = changes(store, ends[0], ends[3])
    assert reverted.kinds == ["reverted"]
    assert [turn.reading_sha256 for turn in reverted.course] == [
        None,
        reverted.after.reading_sha256,
    ]


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[SampleStore, list[Moment]]:
    """A page whose text and whose Released changed and changed back, and the ends of its crawls."""
    folder = tmp_path_factory.mktemp("flipped")
    store = SampleStore(folder / "data")
    ends = []
    page = cable_by_id(ID).page
    for body, released in (
        (SHOWN, "2010-11-28 18:06"),
        (MARKED, "2010-12-05 05:05"),
        (MARKED, "2010-12-01 21:09"),
        (MARKED, "2010-12-05 05:05"),
        (SHOWN, "2010-11-28 18:06"),
    ):
        build = Build(24, edits={ID: body}, released={ID: released})
        write_mirror(folder / "site", invented_cables(24), build)
        store.crawl("mirror", {page: (folder / "site" / page).read_bytes()})
        ends.append(end_of(store))
    return store, ends


def test_a_text_that_changed_and_changed_back_is_reverted(
    flipped: tuple[SampleStore, list[Moment]],
) -> None:
    store, ends = flipped
    (record,) = changes(store, ends[0])
    assert (record.kinds, record.fields, record.text_changes) == (["reverted"], [], [])
    assert len(record.course) == 2
    assert record.course[-1].reading_sha256 == record.after.reading_sha256


def test_a_statement_that_went_and_came_again_was_not_there_in_between(tmp_path: Path) -> None:
    """The first and the last capture that made a claim do not say that another did not."""
    store = SampleStore(tmp_path / "data")
    page = cable_by_id(ID).page
    write_mirror(tmp_path / "site", [cable_by_id(ID)], Build(24, edits={ID: SHOWN}))
    whole = (tmp_path / "site" / page).read_text(encoding="utf-8")
    titled = re.compile(rf"(<h3>Viewing cable {ID}), [^<]*(</h3>)")
    assert titled.search(whole)
    without = titled.sub(r"\1\2", whole)
    ends = []
    for content in (whole, without, without, whole, whole):
        store.crawl("mirror", {page: content.encode()})
        ends.append(end_of(store))
    for number, came in ((0, False), (2, True)):
        (record,) = changes(store, ends[number], ends[number + 1])
        assert record.kinds == ["restated"]
        (title,) = [each for each in record.fields if each.field == "title"]
        assert (bool(title.before), bool(title.after)) == (not came, came)
    for first, second in ((1, 2), (3, 4), (0, 4)):
        assert changes(store, ends[first], ends[second]) == []
    store.engine.dispose()


def test_a_release_date_between_two_others_is_told_from_those_that_span_it(
    flipped: tuple[SampleStore, list[Moment]],
) -> None:
    """The first of the three holds, as its row tells, from before the second to behind it."""
    store, ends = flipped
    found = []
    for since, until in ((1, 2), (2, 3)):
        (record,) = changes(store, ends[since], ends[until])
        assert record.kinds == ["moved", "rebuilt"]
        (field,) = [each for each in record.fields if each.field == "released"]
        found.append(([c.value for c in field.before], [c.value for c in field.after]))
    assert found == [
        (["2010-12-05T05:05"], ["2010-12-01T21:09"]),
        (["2010-12-01T21:09"], ["2010-12-05T05:05"]),
    ]


def test_a_changed_text_has_the_kinds_of_its_change(
    flipped: tuple[SampleStore, list[Moment]],
) -> None:
    store, ends = flipped
    (hidden,) = changes(store, ends[0], ends[1])
    assert hidden.kinds[:2] == ["changed", "moved"]
    assert hidden.text_changes == ["redaction_added"]
    (uncovered,) = changes(store, ends[3], ends[4])
    assert uncovered.text_changes == ["redaction_removed"]


def test_what_another_rule_reads_is_no_change(tmp_path: Path) -> None:
    """A site that stays as it is, and whose titles another version of a rule has read at first."""
    store = SampleStore(tmp_path / "data")
    write_mirror(tmp_path / "site", invented_cables(3), Build(3))
    store.crawl("mirror", tmp_path / "site")
    first = end_of(store)
    store.crawl("mirror", tmp_path / "site")
    with store.engine.begin() as db:
        step = db.execute(select(t.step).where(t.step.c.rule == "wikileaks_title/1")).one()
        db.execute(insert(t.step).values({**step._mapping, "id": 900, "rule": "title/0"}))
        for claim in db.execute(select(t.claim).where(t.claim.c.step == step.id)).all():
            earlier = {**claim._mapping, "step": 900, "last_capture": claim.capture}
            db.execute(
                update(t.claim).where(t.claim.c.id == claim.id).values(capture=claim.last_capture)
            )
            db.execute(insert(t.claim).values({k: v for k, v in earlier.items() if k != "id"}))
    assert changes(store, first) == []
    store.engine.dispose()


# ------------------------------------------------------------------- what adds up


STEPS = st.lists(
    st.tuples(
        st.sampled_from((SHOWN, MARKED, None)),
        st.sampled_from(("2010-11-28 18:06", "2010-12-05 05:05")),
    ),
    min_size=3,
    max_size=5,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    """Pages of one cable by text and Released."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for body in (SHOWN, MARKED):
        for released in ("2010-11-28 18:06", "2010-12-05 05:05"):
            build = Build(24, edits={ID: body}, released={ID: released})
            write_mirror(folder, [cable_by_id(ID)], build)
            found[body, released] = (folder / cable_by_id(ID).page).read_bytes()
    return found


@settings(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_changes_add_up(
    tmp_path_factory: pytest.TempPathFactory,
    pages: dict[tuple[str, str], bytes],
    steps: list[tuple[str | None, str]],
) -> None:
    """Those since A are those up to B and those since B, one after the other."""
    folder = tmp_path_factory.mktemp("steps")
    store = SampleStore(folder / "data")
    page = folder / "site" / cable_by_id(ID).page
    page.parent.mkdir(parents=True)
    ends: list[Moment | None] = [None]
    for body, released in steps:
        page.unlink(missing_ok=True)
        (folder / "site" / "date.html").touch()
        if body is not None:
            page.write_bytes(pages[body, released])
        store.crawl("mirror", folder / "site")
        if with_captures(store):
            ends.append(end_of(store))
    for first in range(len(ends)):
        for second in range(first + 1, len(ends)):
            for third in range(second + 1, len(ends)):
                one = changes(store, ends[first], ends[second])
                other = changes(store, ends[second], ends[third])
                both = changes(store, ends[first], ends[third])
                assert folded(one, other) == [what(record) for record in both]
    store.engine.dispose()


def with_captures(store: SampleStore) -> bool:
    with store.engine.connect() as db:
        return db.execute(select(t.capture.c.id).limit(1)).first() is not None


What = dict[str, Any]


def what(record: ChangeRecord) -> What:
    """What of a record adds up: states, course, and what is said before and after."""
    return {
        "before": record.before,
        "after": record.after,
        "course": record.course,
        "fields": {
            each.field: (
                [(claim.value, claim.asserted_by) for claim in each.before],
                [(claim.value, claim.asserted_by) for claim in each.after],
            )
            for each in record.fields
        },
    }


def folded(earlier: list[ChangeRecord], later: list[ChangeRecord]) -> list[What]:
    """Changes of the one copy, one after the other."""
    found = [what(record) for record in (*earlier, *later)]
    if len(found) < 2:
        return found
    one, other = found
    assert one["after"] == other["before"]
    fields = {}
    for name in sorted(one["fields"].keys() | other["fields"].keys()):
        before = one["fields"].get(name, other["fields"].get(name))[0]
        after = other["fields"].get(name, one["fields"].get(name))[1]
        if before != after and one["before"] is not None:
            fields[name] = (before, after)
    sum_of = {
        "before": one["before"],
        "after": other["after"],
        "course": one["course"] + other["course"],
        "fields": fields,
    }
    is_none = sum_of["before"] == sum_of["after"] and not sum_of["course"] and not fields
    return [] if is_none else [sum_of]


# ------------------------------------------------------------------- nothing hidden


def test_what_a_reading_hides_is_in_no_change(tmp_path: Path) -> None:
    """A title that names a person, beside a text in which the name is crossed out."""
    store = SampleStore(tmp_path / "data")
    page = cable_by_id(ID).page
    for number, body in enumerate((SHOWN, MARKED, SHOWN)):
        write_mirror(tmp_path / "site", [cable_by_id(ID)], Build(24, edits={ID: body}))
        content = (tmp_path / "site" / page).read_text(encoding="utf-8")
        titled = content.replace(f"{ID}, ", f"{ID}, {NAME} {number}: ")
        assert titled != content
        store.crawl("mirror", {page: titled.encode()})
        if number == 0:
            first = end_of(store)
    for shown in (False, True):
        said = repr(changes(store, first, show=shown))
        assert "title" in said
        assert (NAME in said) is shown
    store.engine.dispose()


# ------------------------------------------------------------------- the command


def test_the_command_lists_changes_by_kind_and_counts_them(
    evolved: Evolved, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_changes(evolved.store) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == f"since {evolved.first.at}"
    groups = [line.partition(":")[0] for line in lines[1:] if line and line[0] != " "]
    assert groups[:4] == ["new", "changed", "moved", "unlisted"]
    moved = next(line for line in lines if "2010-12-20T05:05" in line)
    assert moved.startswith("  09VALLETTA9101  mirror  ")
    assert moved.endswith("  released 2010-11-28T18:06 -> 2010-12-20T05:05")
    assert lines[-2].startswith("30 new, 3 changed, 3 moved, 1 unlisted, ")
    assert lines[-1] == "those that are rebuilt only are not listed: --kind rebuilt lists them"


def test_since_takes_runs_and_dates(evolved: Evolved, capsys: pytest.CaptureFixture[str]) -> None:
    def counts(*since: str) -> str:
        assert run_changes(evolved.store, "--kind", "new", *since) == 0
        return capsys.readouterr().out.splitlines()[-1]

    assert counts() == "30 new"
    assert counts("--since", evolved.second_run) == "30 new"
    assert counts("--since", evolved.second_run[:-7]) == "30 new"
    assert counts("--since", evolved.first_run) == "60 new"
    assert counts("--since", "2026-11-21") == "60 new"
    assert counts("--since", evolved.first.at) == "30 new"
    assert counts("--since", "2026-11-22") == "nothing changed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "x"], "--since x: no run begins so, and it is no date such as 2026-11-22"),
        (["--since", "2026"], "--since 2026: several runs begin so (2026"),
        (["--since", "2026-02-30"], "--since 2026-02-30: no such day or time (as "),
        (["--since", "2026-11-22 foo"], "--since 2026-11-22 foo: no such day or time"),
        (["--since", ""], "--since : several runs begin so (2026"),
        (["--kind", "old"], "--kind old: unknown kind (one of new, changed, moved, gone, "),
        (["--kind", ","], "--kind: names none"),
        (["--source", "x\x1b[2J"], r"--source x\x1b[2J: the store has no such source; "),
        (["x"], "x: unknown argument"),
    ],
    ids=lambda value: " ".join(map(repr, value)) if isinstance(value, list) else "",
)
def test_what_is_asked_amiss_is_said_in_one_line(
    evolved: Evolved, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run_changes(evolved.store, *arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith(f"scrapy changes: {said}")


def test_json_is_one_object_with_the_lines_of_the_export(
    evolved: Evolved, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    validator = Draft202012Validator(read_schema("change.schema.json"))
    assert run_changes(evolved.store, "--json", "--source", "mirror") == 0
    printed = capsysbinary.readouterr().out
    shown = json.loads(printed)
    assert shown["since"] == {"at": evolved.first.at, "capture_id": evolved.first.capture_id}
    assert shown["alarms"] == []
    assert len(shown["changes"]) == len(printed.splitlines()) - 1 > 30
    for change in shown["changes"]:
        validator.validate(change)
    assert run_changes(evolved.store, "--json", "--since", "2026-11-22") == 0
    assert json.loads(capsysbinary.readouterr().out)["changes"] == []


def test_control_characters_of_a_page_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SampleStore(tmp_path / "data")
    page = cable_by_id(ID).page
    for number in range(2):
        write_mirror(tmp_path / "site", [cable_by_id(ID)], Build(24))
        content = (tmp_path / "site" / page).read_text(encoding="utf-8")
        hostile = content.replace(f"{ID}, ", f"{ID}, \x1b]0;{number}\x07 ")
        store.crawl("mirror", {page: hostile.encode()})
    assert run_changes(store) == 0
    said = capsys.readouterr().out
    assert "restated" in said
    assert all(line.isprintable() for line in said.splitlines())


def test_alarms_of_the_time_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SampleStore(tmp_path / "data")
    write_mirror(tmp_path / "site", invented_cables(3), Build(3))
    for _ in range(2):
        store.crawl("mirror", tmp_path / "site")
    with store.engine.begin() as db:
        runs = db.execute(select(t.run.c.id).order_by(t.run.c.id)).scalars().all()
        for run in runs:
            alarm = {"source": 1, "crawl": run, "reason": "far_fewer", "detail": "1 of 3 cables"}
            db.execute(insert(t.alarm).values(alarm))
    assert run_changes(store) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        "nothing changed",
        f"alarm: mirror: far_fewer: 1 of 3 cables (crawl {runs[1]})",
    ]


# ------------------------------------------------------------------- where a store ends


def test_what_a_run_under_way_captured_does_not_count_as_told(tmp_path: Path) -> None:
    """Others that it made earlier may be committed, or read, later."""
    store = SampleStore(tmp_path / "data")
    write_mirror(tmp_path / "site", invented_cables(3), Build(3))
    store.crawl("mirror", tmp_path / "site")
    first = end_of(store)
    store.crawl("mirror", tmp_path / "site", state="running")
    assert end_of(store) == first
    with store.engine.begin() as db:
        db.execute(update(t.run).values(state="crashed"))
    last = end_of(store)
    assert last != first
    with store.engine.begin() as db:
        rows = select(t.capture.c.id).where(t.capture.c.fetched_at > first.at)
        unread = db.execute(rows.order_by(t.capture.c.fetched_at)).scalars().first()
        db.execute(update(t.capture).where(t.capture.c.id == unread).values(is_read=0))
    assert end_of(store) == first


def test_a_rebuilt_store_has_the_same_changes(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    write_mirror(mirror, invented_cables(12), Build(12, "v4"))
    project = Project(tmp_path)
    with SiteServer(Site(mirror, validators=False)) as server:
        project.crawl("-a", f"url={server.url}")
        page = next(iter(cable_pages(mirror).values()))
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("</pre></code>\n</div>", " EDITED</pre></code>\n</div>"))
        project.crawl("-a", f"url={server.url}", "-a", "full=1")
    name = source_name(server.url)
    before = project.run("changes", "--json")
    assert [each["kinds"] for each in json.loads(before.stdout)["changes"]] == [["changed"]]
    assert json.loads(before.stdout)["changes"][0]["source"] == name
    project.lose_database()
    assert project.reparse().status == 0
    assert project.run("changes", "--json") == before
