"""A site crawled again: what is the same costs nothing, what changed is kept beside what was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crawling import (
    Counts,
    Ended,
    Export,
    Lines,
    Project,
    cable_pages,
    read_lines,
    source_name,
)
from tests.sites.cables import invented_cables
from tests.sites.mirror import LATER_EDITS, LATER_RELEASES, LEFTOVER, Build, write_mirror
from tests.sites.server import Fault, Site, SiteServer

EARLIER = Build(30, "v3")
LATER = Build(
    60,
    "v4",
    released=LATER_RELEASES,
    rows_per_page=10,
    withdrawn=frozenset({LEFTOVER}),
    edits=LATER_EDITS,
)

# Every known page is asked for, due or not.
EVERY = ("-a", "full=1")

PRE = re.compile(rb"<pre>(.*?)</pre>", re.S)
SITE_MARKUP = re.compile(rb"<a [^>]*>\xc2\xb6</a>|<a [^>]*>|</a>")


def text_of(page: Path) -> bytes:
    """Header and body of a cable page, read in another way than the project does."""
    return SITE_MARKUP.sub(b"", b"\0".join(PRE.findall(page.read_bytes())))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror of 12 cables."""
    folder = tmp_path / "mirror"
    write_mirror(folder, invented_cables(12), Build(12, "v4"))
    return folder


# ------------------------------------------------------------------- nothing changed


@pytest.mark.parametrize("validators", [True, False], ids=["validators", "no validators"])
def test_a_site_that_did_not_change_gives_nothing_new(
    tmp_path: Path, mirror: Path, validators: bool
) -> None:
    project = Project(tmp_path)
    with SiteServer(Site(mirror, validators=validators)) as server:
        first = project.crawl(*EVERY, "-a", f"url={server.url}")
        before = project.export("before")
        feed = tmp_path / "new.jsonl"
        again = project.crawl(*EVERY, "-a", f"url={server.url}", "-O", str(feed))
    name = source_name(server.url)
    after = project.export("after")
    assert first.summary[name] == Counts(12, 12, 0, 0, 0, 0)
    assert again.summary[name] == Counts(12, 0, 0, 12, 0, 0)
    assert again.status == 0
    assert read_lines(feed) == []
    assert after.folder.joinpath("readings.jsonl").read_bytes() == (
        before.folder.joinpath("readings.jsonl").read_bytes()
    )
    assert after.timeless() == before.timeless()
    for cable in after.lines("cables"):
        (witness,) = cable["witnesses"]
        assert witness["first_seen"] < witness["last_seen"]
    assert project.query("SELECT event, count(*) FROM sighting GROUP BY event") == [
        ("first", 12),
        ("unchanged", 12),
    ]


def test_only_the_pages_chrome_changed(tmp_path: Path, mirror: Path) -> None:
    """Another counter, another layout: the cables' texts are what they were."""
    project = Project(tmp_path)
    with SiteServer(mirror) as server:
        project.crawl(*EVERY, "-a", f"url={server.url}")
        write_mirror(mirror, invented_cables(12), Build(15, "v6"), overlay=True)
        again = project.crawl(*EVERY, "-a", f"url={server.url}")
    assert again.summary[source_name(server.url)] == Counts(12, 0, 0, 12, 0, 0)
    counters = {
        (claim["value"], claim["current"])
        for (reading,) in project.export().readings().values()
        for claim in reading["claims"]
        if claim["field"] == "released_so_far"
    }
    assert counters == {("12", False), ("15", True)}


# ------------------------------------------------------------------- a later build


@dataclass
class TwoBuilds:
    """A mirror on which a later build was laid over an earlier one, crawled before and after."""

    folder: Path
    source: str
    before: Export
    after: Export
    again: Ended
    feed: Lines
    earlier_texts: dict[str, bytes]
    """Header and body of each page of the earlier build, by path."""


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoBuilds]:
    folder = tmp_path_factory.mktemp("builds")
    mirror = folder / "mirror"
    project = Project(folder)
    write_mirror(mirror, invented_cables(30), EARLIER)
    texts = {path: text_of(page) for path, page in cable_pages(mirror).items()}
    with SiteServer(mirror) as server:
        project.crawl(*EVERY, "-a", f"url={server.url}")
        before = project.export("before")
        write_mirror(mirror, invented_cables(61), LATER, overlay=True)
        feed = folder / "new.jsonl"
        again = project.crawl(*EVERY, "-a", f"url={server.url}", "-O", str(feed))
    source = source_name(server.url)
    lines = read_lines(feed)
    yield TwoBuilds(mirror, source, before, project.export("after"), again, lines, texts)


def changed_pages(builds: TwoBuilds) -> set[str]:
    pages = cable_pages(builds.folder)
    return {path for path, text in builds.earlier_texts.items() if text_of(pages[path]) != text}


def test_new_changed_and_unlisted_cables_are_counted(builds: TwoBuilds) -> None:
    pages = cable_pages(builds.folder)
    old, changed = len(builds.earlier_texts), len(changed_pages(builds))
    assert changed == len(LATER_EDITS)
    assert builds.again.summary[builds.source] == Counts(
        len(pages), len(pages) - old, changed, old - changed, 1, 0
    )


def test_the_feed_has_the_new_and_the_changed(builds: TwoBuilds) -> None:
    old = set(builds.earlier_texts) - changed_pages(builds)
    paths = ["/" + line["url"].split("/", 3)[3] for line in builds.feed]
    assert sorted(paths) == sorted(set(cable_pages(builds.folder)) - old)


def test_earlier_readings_are_kept(builds: TwoBuilds) -> None:
    before, after = builds.before.readings(), builds.after.readings()
    for reference_id, (earlier,) in before.items():
        kept = {line["reading_sha256"]: line for line in after[reference_id]}
        for key in ("header", "body", "first_seen", "payload_sha256"):
            assert kept[earlier["reading_sha256"]][key] == earlier[key]
    several = {reference_id for reference_id, lines in after.items() if len(lines) > 1}
    assert several == set(LATER_EDITS)


def test_a_changed_cable_shows_its_latest_text(builds: TwoBuilds) -> None:
    for reference_id, edited in LATER_EDITS.items():
        (witness,) = builds.after.cables()[reference_id]["witnesses"]
        latest = builds.after.readings()[reference_id][-1]
        assert witness["reading_sha256"] == latest["reading_sha256"]
        assert latest["body"].strip() == edited.strip()


def test_a_release_date_that_moved_is_two_claims(builds: TwoBuilds) -> None:
    """Backwards too; `released` is the earliest of them."""
    earlier = {cable.reference_id: cable.released for cable in invented_cables(30)}
    for reference_id, moved in LATER_RELEASES.items():
        stamps = {stamp.replace(" ", "T") for stamp in (earlier[reference_id], moved)}
        cable = builds.after.cables()[reference_id]
        claims = {
            claim["value"] for claim in cable["releases"] if claim["basis"] == "page_timestamp"
        }
        assert claims == stamps
        assert cable["released"] == min(stamps)


def test_a_page_that_was_left_behind_is_unlisted(builds: TwoBuilds) -> None:
    def statuses(export: Export) -> dict[str, str]:
        return {key: cable["witnesses"][0]["status"] for key, cable in export.cables().items()}

    assert set(statuses(builds.before).values()) == {"present"}
    unlisted = {key for key, status in statuses(builds.after).items() if status == "unlisted"}
    assert unlisted == {LEFTOVER}


def test_a_text_that_goes_back_to_what_it_was_is_no_third_reading(
    tmp_path: Path, mirror: Path
) -> None:
    page = next(iter(cable_pages(mirror).values()))
    original = page.read_text(encoding="utf-8")
    edited = original.replace("</pre></code>\n</div>", " EDITED</pre></code>\n</div>")
    assert edited != original
    project = Project(tmp_path)
    changes = []
    with SiteServer(Site(mirror, validators=False)) as server:
        for text in (original, edited, original):
            page.write_text(text, encoding="utf-8")
            changes.append(project.crawl(*EVERY, "-a", f"url={server.url}").summary)
    assert [counts.changed for row in changes for counts in row.values()] == [0, 1, 1]
    export = project.export()
    first, second = export.readings()[page.stem]
    (witness,) = export.cables()[page.stem]["witnesses"]
    assert second["body"] == first["body"] + " EDITED"
    assert witness["reading_sha256"] == first["reading_sha256"]


# ------------------------------------------------------------------- pages gone wrong


WRONG = {
    "not_found": Fault("status", None, 404),
    "http_error": Fault("status", None, 500),
    "unknown_layout": Fault("body", None, body=b"<h1>Sorry</h1>"),
    "undecodable": Fault("half_gzip", None),
    "dataloss": Fault("truncated", None),
    "reset": Fault("reset", None),
}


@pytest.fixture(scope="module")
def wrong(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, str], Export, Export, Export, list[Ended]]:
    """A site of which pages go wrong and are well again; the reasons by reference ID."""
    folder = tmp_path_factory.mktemp("wrong")
    mirror = folder / "mirror"
    write_mirror(mirror, invented_cables(12), Build(12, "v4"))
    project = Project(folder, {"RETRY_TIMES": "1"})
    paths = list(cable_pages(mirror))[: len(WRONG)]
    exports, ended = [], []
    with SiteServer(mirror) as server:
        for step in ("well", "wrong", "well again"):
            faults = dict(zip(paths, WRONG.values(), strict=True)) if step == "wrong" else {}
            server.site.faults = faults
            ended.append(project.crawl(*EVERY, "-a", f"url={server.url}"))
            exports.append(project.export(step))
    reasons = dict(zip((Path(path).stem for path in paths), WRONG, strict=True))
    return reasons, exports[0], exports[1], exports[2], ended


Wrong = tuple[dict[str, str], Export, Export, Export, list[Ended]]


def test_a_page_gone_wrong_is_a_problem_with_its_reason(wrong: Wrong) -> None:
    reasons, _, export, _, ended = wrong
    found = {Path(line["url"]).stem: line["reason"] for line in export.lines("problems")}
    assert found == reasons
    assert ended[1].status == 2
    (counts,) = ended[1].summary.values()
    assert counts == Counts(12, 0, 0, 6, 0, 6)


def test_a_page_gone_wrong_leaves_the_earlier_reading(wrong: Wrong) -> None:
    reasons, before, after, _, _ = wrong
    assert after.lines("readings") == before.lines("readings")
    for reference_id in reasons:
        cable = after.cables()[reference_id]
        assert cable["body"] == before.cables()[reference_id]["body"]
        assert len(cable["witnesses"]) == 1


def test_a_page_that_is_well_again_is_what_it_was(wrong: Wrong) -> None:
    _, before, _, after, ended = wrong
    (counts,) = ended[2].summary.values()
    assert (counts.cables, counts.new, counts.problems) == (12, 0, 0)
    assert ended[2].status == 0
    assert after.lines("readings") == before.lines("readings")
    assert after.timeless()["readings"] == before.timeless()["readings"]
