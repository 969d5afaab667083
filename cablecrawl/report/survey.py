"""A store counted: one pass over the outlines of its cables, one over those with several texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Select, Table, func, select, union

from cablecrawl.collation.changes import Changes, count_changes_of
from cablecrawl.collation.collation import Collation
from cablecrawl.collation.links import FLAGS
from cablecrawl.collation.relations import cable_relations
from cablecrawl.commands.progress import Progress
from cablecrawl.export.read import PROBLEMS, ROWS_AT_A_TIME, Snapshot
from cablecrawl.past_runs import past_runs
from cablecrawl.releases import Release, load_releases
from cablecrawl.report.citing import References
from cablecrawl.report.numbering import Numbering
from cablecrawl.report.numbers import (
    Holding,
    Numbers,
    RelationCount,
    ReleaseCables,
    ReleasedMonth,
    RunLine,
    SourceProblems,
)
from cablecrawl.report.outlines import outlines
from cablecrawl.report.overlap import Overlap
from cablecrawl.report.stripped import stripped_by_rule
from cablecrawl.schedule.holder import run_at_work
from cablecrawl.store import tables as t

MONTH = len("2010-12")

# Cables of which the texts have to be looked at: several texts, or one linked to another cable.
TEXTS_TO_COMPARE = (
    union(
        select(t.witness.c.reference_id)
        .join(t.reading, t.reading.c.witness == t.witness.c.id)
        .group_by(t.witness.c.reference_id)
        .having(func.count(t.reading.c.sha256.distinct()) > 1),
        select(t.witness.c.reference_id)
        .join(t.reading, t.reading.c.witness == t.witness.c.id)
        .join(t.claim, t.claim.c.reading == t.reading.c.id)
        .where(t.claim.c.field.in_([f"{flag}_of" for flag in FLAGS])),
    )
    .subquery()
    .select()
    .order_by("reference_id")
)


def survey(store: Snapshot, data_dir: Path, progress: Progress) -> Numbers:
    """Count all that a report tells; one cable is in memory at a time."""
    db = store.connection
    numbers = Numbers(db.execute(select(func.max(t.capture.c.fetched_at))).scalar())
    _count_cables(store, numbers, progress)
    _compare_texts(store, numbers, progress)
    problems = PROBLEMS.order_by(None).subquery()
    numbers.problems = [
        SourceProblems(*row)
        for row in db.execute(
            select(problems.c.name, problems.c.reason, func.count())
            .group_by(problems.c.name, problems.c.reason)
            .order_by(func.count().desc(), problems.c.name, problems.c.reason)
        )
    ]
    numbers.stripped = stripped_by_rule(db)
    at_work = run_at_work(data_dir)
    numbers.runs = [RunLine.of(run) for run in past_runs(db, data_dir, at_work=at_work)]
    numbers.holdings = list(_holdings(store, numbers))
    return numbers


def _count_cables(store: Snapshot, numbers: Numbers, progress: Progress) -> None:
    progress.begin("counting", "cables", store.count_cables())
    numbering, overlap = Numbering(), Overlap()
    references = References(store.connection)
    asserted: Counter[str] = Counter()
    inferred: Counter[str] = Counter()
    months: Counter[str] = Counter()
    for cable in outlines(store):
        numbering.add(cable.reference_id)
        overlap.add(cable.sources)
        for release, is_asserted in cable.releases.items():
            (asserted if is_asserted else inferred)[release] += 1
        released = cable.released
        if released is not None:
            months[released[:MONTH]] += 1
        references.add(cable)
        progress.advance()
    for reference_id in references.not_in_store():
        numbering.add_cited(reference_id)
        numbers.cited_not_in_store += 1
    numbers.post_years = list(numbering.rows())
    numbers.bases = references.by_basis()
    numbers.most_cited = references.most_cited()
    names = list(store.connection.execute(select(t.source.c.name)).scalars())
    numbers.sources = overlap.sources(names)
    numbers.shared = overlap.shared([row.source for row in numbers.sources])
    numbers.releases = list(_releases(asserted, inferred))
    numbers.released = [ReleasedMonth(month, months[month]) for month in sorted(months)]


def _releases(asserted: Counter[str], inferred: Counter[str]) -> Iterator[ReleaseCables]:
    """Those of the registry in their order, then others that pages name, by name."""
    known = load_releases()
    dated = {release.id: (release.date, _stated(release)) for release in known}
    others = sorted(name for name in asserted | inferred if name not in dated)
    for name in [*dated, *others]:
        says, seems = asserted[name], inferred[name]
        yield ReleaseCables(name, *dated.get(name, (None, None)), says + seems, says, seems)


def _stated(release: Release) -> int | None:
    """How many cables the pages of a build say there are; None: they do not, or not one number."""
    return release.counters[0] if len(release.counters) == 1 else None


def _compare_texts(store: Snapshot, numbers: Numbers, progress: Progress) -> None:
    db = store.connection
    total = db.execute(select(func.count()).select_from(TEXTS_TO_COMPARE.subquery())).scalar_one()
    progress.begin("comparing", "cables", total)
    numbers.changes = Changes()
    relations: Counter[str] = Counter()
    for reference_id in _reference_ids(store, TEXTS_TO_COMPARE):
        cable = store.cable(reference_id)
        assert cable is not None  # the store is seen as it was at one moment
        collation = Collation(cable)
        count_changes_of(collation, load_releases(), numbers.changes)
        relations.update(found.relation for found in cable_relations(collation, store.cable))
        progress.advance()
    numbers.relations = [
        RelationCount(relation, count)
        for relation, count in sorted(relations.items(), key=lambda item: (-item[1], item[0]))
    ]


def _reference_ids(store: Snapshot, query: Select[Any]) -> Iterator[str]:
    options = {"yield_per": ROWS_AT_A_TIME}
    yield from store.connection.execute(query, execution_options=options).scalars()


def _holdings(store: Snapshot, numbers: Numbers) -> Iterator[Holding]:
    def rows_of(table: Table) -> int:
        return store.connection.execute(select(func.count()).select_from(table)).scalar_one()

    yield Holding("cables", numbers.cables)
    yield Holding("posts", len({row.post for row in numbers.post_years if row.cables}))
    yield Holding("copies", rows_of(t.witness))
    yield Holding("readings", rows_of(t.reading))
    yield Holding("sources", sum(1 for row in numbers.sources if row.cables))
    yield Holding("captures", rows_of(t.capture))
    yield Holding("runs", rows_of(t.run))
    yield Holding("problems", sum(row.problems for row in numbers.problems))
