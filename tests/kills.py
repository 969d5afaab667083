"""Commands killed with -9 and run again, beside the same commands run without a break.

A site lives through some stages: it is crawled, changes, is crawled again, its store is read
again and exported. That is done once without a break, and then with kills, at the same address
and from the same files. What the two stores tell must be the same after each stage.
"""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from fastwarc.warc import ArchiveIterator

from cablecrawl.capture import DamagedWarc, read_members
from cablecrawl.commands.reparse import reparse
from cablecrawl.layouts import is_cable_url
from tests.crawling import (
    IN_FLIGHT,
    Crawl,
    Export,
    Project,
    cable_pages,
    fastwarc_check,
    run_python,
)
from tests.sites.cables import invented_cables
from tests.sites.mirror import LATER_EDITS, LATER_RELEASES, LEFTOVER, Build, write_mirror
from tests.sites.server import Answer, Fault, Request, Script, Site, SiteServer

# With it requests of all kinds are under way whenever a kill comes.
LATENCY = 0.015

# Each page that fails is asked for twice.
SETTINGS = {"RETRY_TIMES": "1"}
TRIES = 2

CRAWL = ("crawl", "mirrors", "-a", "url={url}")
FULL = (*CRAWL, "-a", "full=1")
REPARSE = ("reparse",)
EXPORT = ("export", "--output", "{exported}")


# ------------------------------------------------------------------- the site and its stages


@dataclass(frozen=True)
class Stage:
    """A command, and the state of the site that it meets."""

    name: str
    command: tuple[str, ...]
    """Behind `scrapy`; `{url}` is the site, `{exported}` a folder for an export."""
    site: Path
    faults: Mapping[str, Fault] = field(default_factory=dict)

    @property
    def is_crawl(self) -> bool:
        return self.command[0] == "crawl"


def without_validators(folder: Path) -> Script:
    """Sends every other cable page without Last-Modified and ETag."""
    bare = dict.fromkeys(list(cable_pages(folder))[::2])

    def answer(path: str) -> Answer | None:
        return Answer((folder / path[1:]).read_bytes()) if path in bare else None

    return answer


def all_stages(folder: Path) -> list[Stage]:
    """A site of some hundred cables that grows, is edited, loses pages, and has them again."""
    first, later, edited, shrunk = (
        folder / name for name in ("first", "later", "edited", "shrunk")
    )
    write_mirror(first, invented_cables(60), Build(60, "v3", rows_per_page=10))
    # One that every state of the site has; what goes wrong befalls others.
    moving = f"/{invented_cables(40)[30].page}"
    paths = [path for path in cable_pages(first) if path != moving]
    _move(first, moving)
    _grow(first, later, 80)
    _grow(later, edited, 84)
    # Without a trace in any index: a text, and a page that is taken away.
    page = edited / paths[45][1:]
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</pre></code>\n</div>", " EDITED</pre></code>\n</div>"))
    assert page.read_text(encoding="utf-8") != text
    (edited / paths[27][1:]).unlink()
    write_mirror(shrunk, invented_cables(40), Build(40, "v4", rows_per_page=10))
    _move(shrunk, moving)

    moved = {moving: _redirect(moving)}
    failing = {
        paths[7]: Fault("status", None, 404),
        paths[11]: Fault("status", None, 500),
        paths[14]: Fault("status", 1, 500),
        paths[20]: Fault("half_gzip", 1),
        **moved,
    }
    # Missing in three crawls, it is gone; then it is back. The redirect ends before the crawl that
    # meets nothing new: gone on with, that one asks for all indexes, and for what they list and
    # nobody has seen, which it does not without a break.
    missing = {paths[3]: Fault("status", None, 404), paths[50]: Fault("half_gzip", 1), **moved}
    return [
        Stage("first crawl", CRAWL, first, failing),
        Stage("later build, full=1", FULL, later, missing),
        Stage("more cables", CRAWL, edited, missing),
        Stage("text edited, full=1", FULL, edited, missing),
        Stage("reparse", REPARSE, edited),
        Stage("as before the edit, full=1", FULL, later),
        Stage("half the site lost, full=1", FULL, shrunk),
        Stage("all there again", CRAWL, edited),
        Stage("nothing new", CRAWL, edited),
        Stage("export", EXPORT, edited),
    ]


def few_stages(folder: Path) -> list[Stage]:
    """The first two, of a smaller site."""
    first, later = folder / "first", folder / "later"
    write_mirror(first, invented_cables(30), Build(30, "v3", rows_per_page=10))
    paths = list(cable_pages(first))
    _move(first, paths[13])
    _grow(first, later, 36)
    moved = {paths[13]: _redirect(paths[13])}
    failing = {paths[7]: Fault("status", None, 404), paths[10]: Fault("half_gzip", 1), **moved}
    missing = {paths[3]: Fault("status", None, 404), paths[20]: Fault("status", 1, 500), **moved}
    return [
        Stage("first crawl", CRAWL, first, failing),
        Stage("later build, full=1", FULL, later, missing),
    ]


def _grow(before: Path, after: Path, cables: int) -> None:
    """A later build, laid over a copy; pages that are the same keep their validators."""
    shutil.copytree(before, after)
    build = Build(
        cables,
        "v4",
        released=LATER_RELEASES,
        rows_per_page=10,
        withdrawn=frozenset({LEFTOVER}),
        edits=LATER_EDITS,
    )
    write_mirror(after, invented_cables(cables), build, overlay=True)


def _move(folder: Path, path: str) -> None:
    shutil.copy2(folder / path[1:], folder / "cable" / Path(path).name)


def _redirect(path: str) -> Fault:
    return Fault("redirect", None, 302, location=f"/cable/{Path(path).name}")


@contextmanager
def served(stage: Stage, port: int) -> Iterator[SiteServer]:
    """The site in its state, as if never asked for anything."""
    site = Site(stage.site, dict(stage.faults), latency=LATENCY)
    site.script = without_validators(stage.site)
    with SiteServer(site, port=port) as server:
        yield server


# ------------------------------------------------------------------- what a store tells


class Asked(NamedTuple):
    """How often cable pages were asked for in a crawl, by path."""

    requests: Counter[str]
    whole: Counter[str]
    """Captures of whole pages."""
    failed: Counter[str]
    """Captures of all else: error pages, redirects, half bodies."""


@dataclass(frozen=True)
class Told:
    """What a store tells after a stage, times and capture IDs aside."""

    records: dict[str, str]
    """Lines of an export's files."""
    rows: dict[str, list[tuple[Any, ...]]]
    """Events, problems, missing pages and alarms, each with the number of its crawl."""

    def differences(self, other: Told) -> list[str]:
        """What is told otherwise, one line each."""
        found = []
        for name, text in self.records.items():
            ours, theirs = text.splitlines(), other.records[name].splitlines()
            for one, two in zip(ours, theirs, strict=False):
                if one != two:
                    found.append(f"{name}: {_at_first_difference(one, two)}")
            if len(ours) != len(theirs):
                found.append(f"{name}: {len(ours)} lines and {len(theirs)}")
        for name, rows in self.rows.items():
            mine, yours = Counter(rows), Counter(other.rows[name])
            found += [f"{name}: not without a break: {row}" for row in mine - yours]
            found += [f"{name}: only without a break: {row}" for row in yours - mine]
        return found


def _at_first_difference(one: str, two: str) -> str:
    at = next((i for i, pair in enumerate(zip(one, two, strict=False)) if len(set(pair)) > 1), 0)
    start = max(at - 60, 0)
    return f"{one[:60]} … {one[start : at + 60]!r} and {two[start : at + 60]!r}"


# Times and captures in a line of changes.jsonl.
TURN = re.compile(r'(?<!\\)"(at|capture_id)": "[^"]*"')

# The number of a row's crawl: crawls are named after the time at which they began. One that was
# killed before it asked for anything is none.
_NUMBER = """(
    SELECT count(DISTINCT other.crawl) FROM capture JOIN run other ON other.id = capture.run
    WHERE other.crawl <= run.crawl)"""
_ROWS = {
    "event": f"""
        SELECT witness.reference_id, witness.locator, sighting.event, reading.sha256, {_NUMBER}
        FROM sighting JOIN witness ON witness.id = sighting.witness
        LEFT JOIN reading ON reading.id = sighting.reading
        JOIN capture ON capture.id = sighting.capture JOIN run ON run.id = capture.run
        WHERE sighting.event != 'unchanged'""",
    "problem": f"""
        SELECT DISTINCT capture.url, problem.reason, problem.detail, {_NUMBER}
        FROM problem JOIN capture ON capture.id = problem.capture
        JOIN run ON run.id = capture.run""",
    "missing": f"""
        SELECT DISTINCT capture.url, {_NUMBER} FROM missing
        JOIN capture ON capture.id = missing.capture JOIN run ON run.id = capture.run""",
    "alarm": f"""
        SELECT alarm.reason, alarm.detail, alarm.lifted IS NULL, {_NUMBER}
        FROM alarm JOIN run ON run.id = alarm.crawl""",
}


def told_by(project: Project, export: Export) -> Told:
    changes = (export.folder / "changes.jsonl").read_text(encoding="utf-8")
    records = {**export.timeless(), "changes": TURN.sub(r'"\1": "…"', changes)}
    return Told(records, {name: project.query(sql) for name, sql in _ROWS.items()})


def asked_in(project: Project, requests: Sequence[Request], crawl: int) -> Asked:
    """What a crawl, by its number, asked of the cable pages."""
    rows = project.query(f"""
        SELECT capture.url, capture.outcome = 'ok' FROM capture
        JOIN run ON run.id = capture.run WHERE {_NUMBER} = {crawl}""")
    whole: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for url, is_whole in rows:
        (whole if is_whole else failed)[urlsplit(url).path] += 1
    asked = Asked(Counter(request.path for request in requests), whole, failed)
    for counts in asked:
        for path in [path for path in counts if not is_cable_url(path)]:
            del counts[path]
    return asked


class Committed(NamedTuple):
    """A capture whose row is committed."""

    capture_id: str
    warc: str
    offset: int
    length: int


def committed(project: Project) -> set[Committed]:
    """What the database holds, as it is on the disk."""
    if not (project.data_dir / "cablecrawl.sqlite").exists():
        return set()
    try:
        rows = project.query('SELECT capture_id, warc, "offset", length FROM capture')
    except sqlite3.OperationalError:  # no table yet
        return set()
    return {Committed(*row) for row in rows}


def tells_of_its_end(path: Path) -> bool:
    """Whether a WARC file says, after all that was captured, that its crawl is finished."""
    last = b""
    with suppress(DamagedWarc):  # it ends in the middle of something
        for member in read_members(path):
            last = member.block if member.is_note else b""
    return b"note: end-of-run" in last and b"state: finished" in last


def record_ids(warcs: Sequence[Path]) -> Counter[str]:
    """How often each record ID stands in the WARC files, as another project reads them."""
    ids: Counter[str] = Counter()
    for path in warcs:
        with path.open("rb") as file:
            ids.update((record.record_id or "").strip("<>") for record in ArchiveIterator(file))
    return ids


# ------------------------------------------------------------------- kills


class Kill(Protocol):
    """A way to end a command with SIGKILL."""

    def kill(self, command: list[str], server: SiteServer) -> bool:
        """Run a command, what stands behind `scrapy`; whether it was killed before its end."""
        ...


@dataclass(frozen=True)
class AfterAnswers:
    """Killed when the site has answered so many requests more."""

    count: int
    seconds: float = 0.0
    """Later than that."""

    def kill(self, command: list[str], server: SiteServer) -> bool:
        wanted = len(server.requests) + self.count
        with Crawl(command) as crawl:
            if not crawl.wait_for(lambda: len(server.requests) >= wanted):
                return False
            time.sleep(self.seconds)
            return crawl.kill()

    def __str__(self) -> str:
        return f"{self.count} answers"


@dataclass(frozen=True)
class AfterSeconds:
    """Killed so long after it was started."""

    seconds: float

    def kill(self, command: list[str], server: SiteServer) -> bool:
        with Crawl(command) as crawl:
            time.sleep(self.seconds)
            return crawl.kill()

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s"


@dataclass(frozen=True)
class AtPlace:
    """Killed at a place in the code: see `kill_at`."""

    place: str
    when: str = "after"
    count: int = 1

    def kill(self, command: list[str], server: SiteServer) -> bool:
        arguments = ["-m", "tests.crawling", self.place, self.when, str(self.count), *command]
        return run_python(arguments).status == -SIGKILL

    def __str__(self) -> str:
        return f"{self.when} {self.place.partition(':')[2]} {self.count}"


# Places, and up to which time of passing; captures are written in batches of 16 at most.
BEGINNING = [
    ("cablecrawl.store.database:metadata.create_all", "after", 1),
    ("cablecrawl.runs:recover_captures", "after", 1),
    ("cablecrawl.runs:Run._begin", "after", 1),
    ("cablecrawl.frontier:FrontierScheduler.open", "after", 1),
]
RECOVERING = [
    ("cablecrawl.capture.recovery:_keep_tail", "after", 1),
    ("cablecrawl.runs:add_capture", "after", 3),
    ("cablecrawl.capture.recovery:write_at", "torn", 1),
    ("cablecrawl.capture.recovery:seal_file", "before", 1),
    ("cablecrawl.capture.recovery:seal_file", "after", 1),
]
CRAWLING = [
    ("cablecrawl.capture.warc:WarcWriter._open_next", "after", 1),
    ("cablecrawl.capture.warc:write_at", "torn", 8),
    ("cablecrawl.capture.warc:WarcWriter.append", "after", 8),
    ("cablecrawl.capture.middleware:add_capture", "after", 80),
    ("pipelines.store:add_page", "after", 50),
    ("pipelines.store:add_listing", "before", 20),
    ("cablecrawl.frontier:mark_read", "before", 20),
    ("cablecrawl.frontier:mark_read", "after", 20),
]
ENDING = [
    ("cablecrawl.runs:Run.settle", "before", 1),
    ("cablecrawl.runs:settle", "after", 1),
    ("cablecrawl.runs:Run.settle", "after", 1),
    ("cablecrawl.capture.warc:WarcWriter.note", "before", 1),
    ("cablecrawl.capture.warc:WarcWriter.note", "after", 1),
    ("cablecrawl.capture.warc:_list_in_manifest", "after", 1),
    ("cablecrawl.capture.warc:try_to_write_index", "after", 1),
    ("cablecrawl.capture.warc:WarcWriter.seal", "after", 1),
    ("cablecrawl.runs:delete", "after", 1),
]
READING_AGAIN = [
    ("cablecrawl.rebuild:recover_captures", "before", 1),
    ("cablecrawl.rebuild:add_page", "before", 60),
    ("cablecrawl.rebuild:settle", "after", 3),
    ("cablecrawl.rebuild:_empty_log", "before", 1),
    ("cablecrawl.rebuild:_empty_log", "after", 1),
    ("cablecrawl.rebuild:_put_in_place", "after", 1),
]
EXPORTING = [
    ("cablecrawl.export.write:records_of", "after", 50),
    ("cablecrawl.export.write:write_digests", "after", 1),
    ("cablecrawl.commands.export:publish", "before", 1),
    ("cablecrawl.commands.export:publish", "after", 1),
]
PLACES = {"reparse": [READING_AGAIN], "export": [EXPORTING]}
OF_CRAWLS = [BEGINNING, CRAWLING, ENDING, RECOVERING]


def random_kill(
    rng: random.Random, stage: Stage, unbroken: Unbroken, *, waits: bool, answered: int
) -> Kill:
    """A moment in a stage of which the site has answered so many requests already.

    `waits`: at times too. Without, only behind answers and at places, and first where one comes.
    """
    kinds = ("answers", "answers", "seconds", "place") if waits else ("answers", "place")
    if not stage.is_crawl:
        kinds = ("seconds", "place")
    kind = rng.choice(kinds) if waits or answered else "answers"
    if kind == "answers":
        left = max(unbroken.requests - answered, 1)
        return AfterAnswers(rng.randint(1, left), rng.uniform(0, 0.05) if waits else 0.0)
    if kind == "seconds":
        return AfterSeconds(rng.uniform(0.3, 0.8 * unbroken.seconds))
    places = PLACES.get(stage.command[0], OF_CRAWLS)
    # Recovery has something to do behind a kill only.
    place, when, most = rng.choice(rng.choice(places if answered else places[:3]))
    if stage.is_crawl:
        most = max(min(most, unbroken.requests // 10), 1)
    return AtPlace(place, when, rng.randint(1, most))


# ------------------------------------------------------------------- a store and its rounds


@dataclass(frozen=True)
class Unbroken:
    """What a stage comes to without a break."""

    told: Told
    asked: Asked
    requests: int
    seconds: float


@dataclass
class Round:
    """A stage that was killed and run to its end, and what is wrong with it."""

    stage: Stage
    kills: list[str] = field(default_factory=list)
    """When each came: how many captures of the crawl were committed, and where it was."""
    captures: int = 0
    """Committed at the last kill, since the store was made."""
    lost: int = 0
    """Committed captures that are not there any more, in the database or in a WARC file."""
    twice: int = 0
    """Records that stand twice in the WARC files, and whole pages captured again."""
    under_way: int = 0
    """Requests for cable pages that were answered, and whose answers no run had stored."""
    failed_again: int = 0
    """Failures captured again."""
    verify: int | None = None
    """Exit status of `scrapy verify`."""
    wrong: list[str] = field(default_factory=list)
    """One line each."""


class Course:
    """A store on its way through the stages of a site."""

    def __init__(self, folder: Path, stages: Sequence[Stage], port: int) -> None:
        self.folder = folder
        self.project = Project(folder, {**SETTINGS, "EXPORTS_DIR": str(folder / "exports")})
        self.stages = stages
        self.port = port

    def command(self, stage: Stage) -> list[str]:
        url, exported = f"http://127.0.0.1:{self.port}/", self.folder / "exported"
        return self.project.command(
            *(part.format(url=url, exported=exported) for part in stage.command)
        )

    def crawls(self, number: int) -> int:
        """How many crawls there were up to a stage."""
        return sum(stage.is_crawl for stage in self.stages[: number + 1])

    def is_over(self, stage: Stage, earlier: Sequence[Path]) -> bool:
        """Whether a stage has come to its end, though it was killed.

        `earlier`: the WARC files that were there before.
        """
        if not stage.is_crawl:
            return stage.command == EXPORT and (self.folder / "exported").exists()
        new = [path for path in self.project.warcs if path not in earlier]
        return bool(new) and tells_of_its_end(new[-1])

    def unbroken(self) -> list[Unbroken]:
        """What each stage comes to without a break."""
        found = []
        for number, stage in enumerate(self.stages):
            with served(stage, self.port) as server:
                began = time.monotonic()
                self._run_to_its_end(stage)
                seconds = time.monotonic() - began
            told = told_by(self.project, self.project.export())
            asked = asked_in(self.project, server.requests, self.crawls(number))
            found.append(Unbroken(told, asked, len(server.requests), seconds))
        return found

    def killed(
        self, number: int, unbroken: Unbroken, kills: Callable[[int], Kill], count: int
    ) -> Round:
        """Kill a stage so many times, unless it ends before, and run it to its end.

        `kills` gives the next one, told how many requests the site has answered.
        """
        stage = self.stages[number]
        done = Round(stage)
        before, earlier = len(committed(self.project)), self.project.warcs
        kept: set[Committed] = set()
        is_over = False
        with served(stage, self.port) as server:
            while len(done.kills) < count and not is_over:
                kill = kills(len(server.requests))
                if not kill.kill(self.command(stage), server):
                    break
                at_the_kill = committed(self.project)
                kept |= at_the_kill
                done.kills.append(f"{len(at_the_kill) - before} ({kill})")
                is_over = self.is_over(stage, earlier)
            if not self.is_over(stage, earlier):
                self._run_to_its_end(stage)
        if is_over and stage.is_crawl:
            # Killed behind its end, it is for the next command to tidy up. Not another crawl.
            assert self.project.reparse("--processes", "1").status == 0
        done.captures = len(kept)
        self._judge(done, kept, server.requests, unbroken, self.crawls(number))
        return done

    def _run_to_its_end(self, stage: Stage) -> None:
        ended = run_python(["-m", "scrapy", *self.command(stage)])
        # 2: some page failed for good.
        assert ended.status in (0, 2) and "Traceback" not in ended.stderr, ended.stderr

    def _judge(
        self,
        done: Round,
        kept: set[Committed],
        requests: Sequence[Request],
        unbroken: Unbroken,
        crawl: int,
    ) -> None:
        ids = record_ids(self.project.warcs)
        there = {capture for capture in committed(self.project) if ids[capture.capture_id]}
        done.lost = len(kept - there)
        done.twice = sum(count > 1 for count in ids.values())
        if done.stage.is_crawl:
            self._judge_requests(done, asked_in(self.project, requests, crawl), unbroken.asked)
        done.wrong += [path.name for path in self.project.warcs if path.suffix == ".open"]
        checked = fastwarc_check(self.project.warcs)
        if checked.status:
            done.wrong.append(checked.stderr)
        verified = self.project.run("verify", "--processes", "1")
        done.verify = verified.status
        if verified.status:
            done.wrong.append(verified.stdout + verified.stderr)
        export = self.project.export()
        done.wrong += told_by(self.project, export).differences(unbroken.told)
        done.wrong += self._rebuilt_differs(export)
        if done.stage.command == EXPORT:
            written = Export(self.folder / "exported").files()
            done.wrong += [f"export: {name}" for name in differing(export.files(), written)]

    def _judge_requests(self, done: Round, asked: Asked, unbroken: Asked) -> None:
        captured = asked.whole + asked.failed
        done.under_way = (asked.requests - captured).total()
        done.failed_again = (asked.failed - unbroken.failed).total()
        again = asked.whole - unbroken.whole
        done.twice += again.total()
        done.wrong += [f"captured whole and asked for again: {path}" for path in again]
        kills, failing = len(done.kills), len(unbroken.failed)
        if done.under_way > IN_FLIGHT * kills:
            done.wrong.append(f"{done.under_way} answers of {kills} kills are not stored")
        if done.failed_again > failing * TRIES * kills:
            done.wrong.append(f"{done.failed_again} failures of {failing} pages again")

    def _rebuilt_differs(self, export: Export) -> list[str]:
        """How a database made of the WARC files alone differs."""
        folder = self.folder / "rebuilt"
        folder.mkdir()
        try:
            copy = self.project.copy(folder)
            copy.lose_database()
            reparse(copy.data_dir, processes=1)
            rebuilt = copy.export().files()
            return [f"rebuilt: {name}" for name in differing(export.files(), rebuilt)]
        finally:
            shutil.rmtree(folder)


def differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Names of the files that are not the same, with what is first different."""
    found = []
    for name in sorted(one.keys() | other.keys()):
        ours, theirs = one.get(name, b""), other.get(name, b"")
        if ours != theirs:
            lines = zip(ours.splitlines(), theirs.splitlines(), strict=False)
            first = next((pair for pair in lines if pair[0] != pair[1]), (b"", b""))
            shown = _at_first_difference(*(line.decode("utf-8", "replace") for line in first))
            found.append(f"{name} ({len(ours)} and {len(theirs)} bytes): {shown}")
    return found


def course_with_kills(
    folder: Path,
    stages: Sequence[Stage],
    port: int,
    unbroken: Sequence[Unbroken],
    rng: random.Random,
    kills: Sequence[int],
    *,
    waits: bool = True,
) -> Iterator[Round]:
    """The stages on one store, each killed at random moments; `kills`: how often at most."""
    course = Course(folder, stages, port)
    for number, (stage, whole) in enumerate(zip(stages, unbroken, strict=True)):

        def choose(answered: int, stage: Stage = stage, whole: Unbroken = whole) -> Kill:
            return random_kill(rng, stage, whole, waits=waits, answered=answered)

        yield course.killed(number, whole, choose, rng.choice(kills))
