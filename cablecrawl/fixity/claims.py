"""Claims: captures are read again from their bytes, and what rests on them is held against that.

Which captures: all, or a sample, that the same store always gives. So many are chosen, the same
share of each source as far as it has them, evenly spaced in the order in which they were made;
and with each all others that show the same cables, so that whole records are verified.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, func, select

from cablecrawl.code_version import steps_sha256
from cablecrawl.export.chosen import choose, records_of
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.fixity.exported import ExportedLines
from cablecrawl.fixity.findings import (
    CLAIMS,
    DATABASE,
    REBUILD,
    WARC,
    Finding,
    Report,
)
from cablecrawl.fixity.opening import reading_only
from cablecrawl.fixity.rows import AT_A_TIME
from cablecrawl.store import tables as t
from cablecrawl.store.database import DATABASE as DATABASE_NAME
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.store.queries import steps_that_read
from cablecrawl.trace import recheck
from cablecrawl.trace.explanation import ALL, FIELD_NAMES, making_of
from cablecrawl.trace.held import HeldCapture, held_captures
from cablecrawl.workers import in_processes

CAPTURES, CLAIMS_AGAIN = "captures read again", "claims read again"
"""What is counted."""

# Rows of a batch: enough that handing it over costs nothing, few enough to share out the end.
BATCH_ROWS = 100
# Of a sample, whose rows are looked for one by one.
SAMPLE_BATCH_ROWS = 10

Rows = tuple[int, int]
"""First and last row of captures, both included."""

Progress = Callable[[int], None]
"""Called with how many captures were read since the last call."""


@dataclass(slots=True)
class Reread:
    """What became of a batch of captures."""

    captures: int = 0
    claims: int = 0
    findings: list[recheck.Finding] = field(default_factory=list)
    cables: list[str] = field(default_factory=list)
    """The reference IDs of what each capture shows, once for each capture."""


@dataclass(slots=True)
class Verified:
    """What was read again, and what of the exported values is verified by it."""

    captures: int = 0
    of_captures: int = 0
    sources: int = 0
    """Of which the captures are."""
    cables: int = 0
    """Cables of which every capture was read again."""
    fields: int = 0
    """Values of their records, those that are empty aside."""
    unlocated: int = 0
    """Those of them that rest on a claim without a place."""
    failed: int = 0
    """Those that do not hold."""


# ------------------------------------------------------------------- which captures


def sample(db: Connection, number: int) -> list[int]:
    """Rows of that many captures that show cables, and of all others that show the same cables.

    In order. Fewer where there are no more.
    """
    showing = select(t.sighting.c.capture).where(t.sighting.c.reading.is_not(None))
    query = select(t.capture.c.source, t.capture.c.id).where(t.capture.c.id.in_(showing))
    by_source: defaultdict[int, list[int]] = defaultdict(list)
    for source, row in db.execute(query.order_by(t.capture.c.id)):
        by_source[source].append(row)
    chosen: list[int] = []
    # The sources with the fewest first: what they do not have, the others share.
    rest = sorted(by_source.values(), key=len)
    while rest:
        rows = rest.pop(0)
        share = min(len(rows), -(-(number - len(chosen)) // (len(rest) + 1)))
        chosen += [rows[(2 * i + 1) * len(rows) // (2 * share)] for i in range(share)]
    return sorted({*chosen, *_showing_the_same(db, chosen)})


def _showing_the_same(db: Connection, captures: Sequence[int]) -> Iterator[int]:
    """The captures that show cables which these show."""
    cables = (
        select(t.witness.c.reference_id)
        .join(t.sighting, t.sighting.c.witness == t.witness.c.id)
        .where(t.sighting.c.reading.is_not(None))
    )
    others = (
        select(t.sighting.c.capture)
        .join(t.witness, t.witness.c.id == t.sighting.c.witness)
        .where(t.sighting.c.reading.is_not(None))
    )
    for start in range(0, len(captures), AT_A_TIME):
        these = cables.where(t.sighting.c.capture.in_(captures[start : start + AT_A_TIME]))
        yield from db.execute(others.where(t.witness.c.reference_id.in_(these))).scalars()


def count_captures(db: Connection) -> int:
    """How many captures there are."""
    return db.execute(select(func.count()).select_from(t.capture)).scalar_one()


def _batches(db: Connection, rows: Sequence[int] | None) -> Iterator[list[Rows]]:
    if rows is None:
        last = db.execute(select(func.max(t.capture.c.id))).scalar() or 0
        for first in range(1, last + 1, BATCH_ROWS):
            yield [(first, min(first + BATCH_ROWS - 1, last))]
        return
    left = iter(rows)
    while batch := list(islice(left, SAMPLE_BATCH_ROWS)):
        yield [(row, row) for row in batch]


# ------------------------------------------------------------------- reading again


def start_reading_again(data_dir: Path) -> Callable[[Sequence[Rows]], Reread]:
    """What reads batches of captures again in one process."""
    rechecker = recheck.Rechecker(data_dir / WARC_FOLDER)

    def read_again(batch: Sequence[Rows]) -> Reread:
        reread = Reread()
        with reading_only(data_dir) as db:
            for first, last in batch:
                for held in held_captures(db, first, last):
                    _add(reread, held, rechecker.recheck(held))
        return reread

    return read_again


def _add(reread: Reread, held: HeldCapture, findings: Sequence[recheck.Finding]) -> None:
    reread.captures += 1
    reread.findings += findings
    reread.claims += sum(len(reading.claims) for reading in held.readings)
    reread.cables += sorted({reading.reference_id for reading in held.readings})


class ClaimsCheck:
    """Reads captures again, and counts what is verified by it."""

    def __init__(self, data_dir: Path, db: Connection, report: Report) -> None:
        self._data_dir = data_dir
        self._db = db
        self._report = report
        self._file = str(data_dir / DATABASE_NAME)
        self._known = _already_found(report.findings)
        self._broken: defaultdict[str, set[str | None]] = defaultdict(set)
        """Of a cable, the claims' fields that do not hold; None: all of them."""
        self._met: Counter[str] = Counter()
        """How many captures of each cable were read again."""
        self.verified = Verified()

    def read_again(
        self, rows: Sequence[int] | None, processes: int, progress: Progress = lambda _: None
    ) -> None:
        """Read captures again: those of these rows, or all of them."""
        if not steps_that_read(self._db) <= {steps_sha256()}:
            self._report.notes.append(
                f"{self._file}: was read by other code: what differs below may come of that;"
                " `scrapy reparse` reads all captures with the code of today"
            )
        self.verified.of_captures = count_captures(self._db)
        start = partial(start_reading_again, self._data_dir)
        sources = select(func.count(t.capture.c.source.distinct()))
        self.verified.sources = self._db.execute(sources).scalar_one()
        for reread in in_processes(start, _batches(self._db, rows), processes):
            self._report.count(CAPTURES, reread.captures)
            self._report.count(CLAIMS_AGAIN, reread.claims)
            self.verified.captures += reread.captures
            self._met.update(reread.cables)
            for finding in reread.findings:
                self._take(finding)
            progress(reread.captures)

    def _take(self, found: recheck.Finding) -> None:
        cables = [found.reference_id] if found.reference_id else self._cables_on(found.capture_id)
        for cable in cables:
            self._broken[cable].add(found.field)
        if any(
            key in self._known
            for key in (
                (found.capture_id, None),
                (found.reference_id, None),
                (found.reference_id, found.field),
            )
        ):
            return  # the file or the database has said so
        what = f"{found.reference_id} of {found.locator}, " if found.reference_id else ""
        if found.field is not None:
            what += f"{found.field} {found.ordinal}: "
        finding = Finding(
            CLAIMS,
            found.stage,
            found.warc,
            f"{what}{found.detail}",
            REBUILD if found.stage not in (recheck.WARC_RECORD,) else "restore the WARC file",
            start=found.offset,
            captures=[found.capture_id],
            cables=cables,
        )
        finding.file = str(self._data_dir / WARC_FOLDER / found.warc)
        finding.field = found.field
        self._report.add(finding, CLAIMS_AGAIN if found.field else CAPTURES)

    def _cables_on(self, capture_id: str) -> list[str]:
        query = (
            select(t.witness.c.reference_id)
            .distinct()
            .join(t.sighting, t.sighting.c.witness == t.witness.c.id)
            .join(t.capture, t.capture.c.id == t.sighting.c.capture)
            .where(t.capture.c.capture_id == capture_id)
        )
        return sorted(self._db.execute(query).scalars())

    # ------------------------------------------------------------------- exported values

    def count_cables(self, is_all: bool) -> int:
        """How many cables were met, those of which a capture was not read again among them."""
        return Snapshot(self._db).count_cables() if is_all else len(self._met)

    def count_verified(
        self, is_all: bool, exported: ExportedLines | None, progress: Progress = lambda _: None
    ) -> None:
        """Make the records of the cables of which every capture was read again; count values.

        `exported`: the lines of an export of the same state, which must be these records.
        """
        store = Snapshot(self._db)
        for cable in self._covered(store, is_all):
            record, _ = records_of(cable)
            self.verified.cables += 1
            broken = self._broken.get(cable.reference_id, set())
            for name in FIELD_NAMES:
                if getattr(record, name) not in (None, "", [], False, 0):
                    self._count_value(cable, name, broken)
            if exported is not None and not broken:
                exported.compare(cable.reference_id, record)
            progress(1)

    def _covered(self, store: Snapshot, is_all: bool) -> Iterator[StoredCable]:
        if is_all:
            yield from store.cables()
            return
        captures = (
            select(func.count(t.sighting.c.capture.distinct()))
            .join(t.witness, t.witness.c.id == t.sighting.c.witness)
            .where(t.sighting.c.reading.is_not(None))
        )
        for cable, met in sorted(self._met.items()):
            of_cable = captures.where(t.witness.c.reference_id == cable)
            if self._db.execute(of_cable).scalar_one() == met:
                found = store.cable(cable)
                assert found is not None, f"{cable} was met by a capture"
                yield found

    def _count_value(self, cable: StoredCable, name: str, broken: set[str | None]) -> None:
        making = making_of(name)
        if None in broken or broken.intersection(making.fields):
            self.verified.failed += 1
            return
        self.verified.fields += 1
        if making.scope == ALL:
            readings = [reading for witness in cable.witnesses for reading in witness.readings]
        else:
            readings = [choose(cable.witnesses)[0].latest]
        self.verified.unlocated += any(
            stored.claim.start is None
            for reading in readings
            for stored in reading.claims
            if stored.claim.field in making.fields and (stored.current or making.scope == ALL)
        )


def _already_found(findings: Iterable[Finding]) -> set[tuple[str | None, str | None]]:
    """Captures, cables, and claims of cables of which damage was found before."""
    found: set[tuple[str | None, str | None]] = set()
    for finding in findings:
        if finding.part == WARC or finding.table == "capture":
            found.update((capture, None) for capture in finding.captures)
        elif finding.part == DATABASE:
            found.update((cable, finding.field) for cable in finding.cables)
    return found
