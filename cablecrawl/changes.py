"""What other code reads from the same captures: values gained, lost, different, moved.

The new database has the old one attached as `old`, and what is no longer read is kept in it:
`former_reading` and `former_claim`. Both are walked side by side, one copy of a cable at a time.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from cablecrawl.store.evidence import Step, driver

GAINED, LOST, DIFFERENT, MOVED = "gained", "lost", "different", "moved"

TEXT_DIGEST = "reading_sha256"
"""What a text is called by; it is no claim, and exported all the same."""


class Copy(NamedTuple):
    """A witness, by what it has in any database of the store."""

    reference_id: str
    source: int
    locator: str


class ReadClaim(NamedTuple):
    """A claim, and the text of its reading."""

    sha256: str
    field: str
    ordinal: int
    value: str
    step: Step
    start: int | None
    end: int | None
    quote: str | None
    capture: int
    last_capture: int


@dataclass(slots=True)
class Changes:
    """The difference between what two states of the code read."""

    fields: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By field, copies whose values were gained, lost, are different, or were moved: the same
    value from another place or by another rule."""
    cables: dict[str, set[str]] = field(default_factory=dict)
    """The fields whose values changed, by reference ID."""
    moved: set[str] = field(default_factory=set)
    """Cables of which nothing but places and rules changed."""
    copies: Counter[str] = field(default_factory=Counter)
    """Copies of cables gained and lost; one that is now read as another cable's is both."""
    problems: Counter[str] = field(default_factory=Counter)
    """Problems gained and lost."""

    def __bool__(self) -> bool:
        return bool(self.fields or self.copies or self.problems)

    def summary(self) -> dict[str, Any]:
        """As it is kept with the reparse; no value of a page is in it."""
        return {
            "fields": {
                name: dict(sorted(self.fields[name].items())) for name in sorted(self.fields)
            },
            "copies": dict(sorted(self.copies.items())),
            "problems": dict(sorted(self.problems.items())),
            "cables": len(self.cables),
            "moved_only": len(self.moved),
        }


def compare(db: Connection, reparse: int, unread: Collection[int]) -> Changes:
    """Compare the database with the one attached as `old`, and take over what it has and this not.

    Inside a transaction of the caller's. `reparse`: the row under which it is kept. `unread`:
    captures whose records are damaged; nothing is said of the copies that they showed.
    """
    connection = driver(db)
    changes = Changes()
    for copy, before, after in _side_by_side(
        _copies(connection, "old"), _copies(connection, "main")
    ):
        if set(before) == set(after):
            continue
        if unread and not {claim.last_capture for claim in before}.isdisjoint(unread):
            continue
        _note(changes, copy, before, after)
        _keep(connection, reparse, copy, before, after)
    for reference_id in changes.cables:
        changes.moved.discard(reference_id)
    for kind, one, other in ((GAINED, "main", "old"), (LOST, "old", "main")):
        (count,) = connection.execute(PROBLEMS_OF_ONE.format(one=one, other=other)).fetchone()
        if count:
            changes.problems[kind] = count
    return changes


def _copies(
    connection: sqlite3.Connection, database: str
) -> Iterator[tuple[Copy, list[ReadClaim]]]:
    """The claims of each copy, sorted by copy."""
    steps = {row[0]: Step(*row[1:]) for row in connection.execute(STEPS.format(database))}
    rows = connection.execute(CLAIMS.format(database))
    for key, of_copy in groupby(rows, itemgetter(0, 1, 2)):
        yield (
            Copy(*key),
            [ReadClaim._make((*row[3:7], steps[row[7]], *row[8:])) for row in of_copy],
        )


def _side_by_side(
    old: Iterator[tuple[Copy, list[ReadClaim]]], new: Iterator[tuple[Copy, list[ReadClaim]]]
) -> Iterator[tuple[Copy, list[ReadClaim], list[ReadClaim]]]:
    """Each copy with its claims in both databases; [] where it is not."""
    before, after = next(old, None), next(new, None)
    while before or after:
        if after is None or (before is not None and before[0] < after[0]):
            assert before is not None
            yield before[0], before[1], []
            before = next(old, None)
        elif before is None or after[0] < before[0]:
            yield after[0], [], after[1]
            after = next(new, None)
        else:
            yield before[0], before[1], after[1]
            before, after = next(old, None), next(new, None)


def _note(changes: Changes, copy: Copy, before: list[ReadClaim], after: list[ReadClaim]) -> None:
    if not before or not after:
        changes.copies[LOST if before else GAINED] += 1
    olds, news = _current(before), _current(after)
    kinds = {
        name: _kind(olds.get(name, []), news.get(name, [])) for name in olds.keys() | news.keys()
    }
    if before and after and _latest_text(before) != _latest_text(after):
        kinds[TEXT_DIGEST] = DIFFERENT
    for name, kind in kinds.items():
        if kind is None:
            continue
        changes.fields[name][kind] += 1
        if kind == MOVED:
            changes.moved.add(copy.reference_id)
        else:
            changes.cables.setdefault(copy.reference_id, set()).add(name)


def _current(claims: list[ReadClaim]) -> dict[str, list[ReadClaim]]:
    """What the copy's latest capture says, by field."""
    latest = max((claim.last_capture for claim in claims), default=0)
    current: dict[str, list[ReadClaim]] = {}
    for claim in sorted(claims, key=attrgetter("field", "ordinal")):
        if claim.last_capture == latest:
            current.setdefault(claim.field, []).append(claim)
    return current


def _latest_text(claims: list[ReadClaim]) -> str:
    return max(claims, key=attrgetter("last_capture")).sha256


def _kind(before: list[ReadClaim], after: list[ReadClaim]) -> str | None:
    if not before or not after:
        return LOST if before else GAINED
    # In the order of the page: by ordinal.
    if [(c.ordinal, c.value) for c in before] != [(c.ordinal, c.value) for c in after]:
        return DIFFERENT
    if [(c.step, c.start, c.end) for c in before] != [(c.step, c.start, c.end) for c in after]:
        return MOVED
    return None


def _keep(
    connection: sqlite3.Connection,
    reparse: int,
    copy: Copy,
    before: list[ReadClaim],
    after: list[ReadClaim],
) -> None:
    """Take over what this copy had and has no longer."""
    texts = {claim.sha256 for claim in after}
    for sha256 in sorted({claim.sha256 for claim in before} - texts):
        connection.execute(KEEP_READING, (reparse, *copy, sha256))
    # By what they say and where, whatever their texts are called by.
    there = {claim[1:-2] for claim in after}
    gone = [claim for claim in before if claim[1:-2] not in there]
    connection.executemany(
        KEEP_CLAIM,
        [
            (
                reparse,
                copy.reference_id,
                copy.source,
                copy.locator,
                claim.capture,
                claim.field,
                claim.ordinal,
                claim.value,
                *claim.step,
                claim.start,
                claim.end,
                claim.quote,
            )
            for claim in gone
        ],
    )


# Outer joins, though nothing is missing: SQLite keeps their order, which is that of an index.
CLAIMS = """
SELECT w.reference_id, w.source, w.locator, r.sha256, c.field, c.ordinal, c.value, c.step,
       c.start, c."end", c.quote, c.capture, c.last_capture
FROM {0}.witness w
LEFT JOIN {0}.reading r ON r.witness = w.id
LEFT JOIN {0}.claim c ON c.reading = r.id
ORDER BY w.reference_id, w.source, w.locator
"""
STEPS = "SELECT id, rule, asserted_by, basis, confidence FROM {0}.step"
# Sources and captures have the same rows in both.
PROBLEMS_OF_ONE = """
SELECT count(*) FROM (
    SELECT capture, reason, detail FROM {one}.problem
    EXCEPT SELECT capture, reason, detail FROM {other}.problem
)
"""
KEEP_READING = """
INSERT INTO former_reading
    (reparse, reference_id, source, locator, sha256, capture_id, layout, header, body)
SELECT ?, w.reference_id, s.name, w.locator, r.sha256, k.capture_id, r.layout, r.header, r.body
FROM old.witness w
JOIN old.source s ON s.id = w.source
JOIN old.reading r ON r.witness = w.id
JOIN old.capture k ON k.id = r.capture
WHERE w.reference_id = ? AND w.source = ? AND w.locator = ? AND r.sha256 = ?
    AND NOT EXISTS (
        SELECT 1 FROM former_reading f
        WHERE f.reference_id = w.reference_id AND f.source = s.name AND f.locator = w.locator
            AND f.sha256 = r.sha256
    )
"""
# What an earlier reparse has kept is not kept again: two states of the code may take turns.
KEEP_CLAIM = """
INSERT INTO former_claim
    (reparse, reference_id, source, locator, capture_id, field, ordinal, value,
     rule, asserted_by, basis, confidence, start, "end", quote)
SELECT n.* FROM (
    SELECT ?1 AS reparse, ?2 AS reference_id, s.name AS source, ?4 AS locator, k.capture_id,
           ?6 AS field, ?7 AS ordinal, ?8 AS value, ?9 AS rule, ?10 AS asserted_by, ?11 AS basis,
           ?12 AS confidence, ?13 AS start, ?14 AS "end", ?15 AS quote
    FROM source s, capture k WHERE s.id = ?3 AND k.id = ?5
) n
WHERE NOT EXISTS (
    SELECT 1 FROM former_claim f
    WHERE f.reference_id = n.reference_id AND f.source = n.source AND f.locator = n.locator
        AND f.capture_id = n.capture_id AND f.field = n.field AND f.ordinal = n.ordinal
        AND f.value = n.value AND f.rule = n.rule AND f.asserted_by = n.asserted_by
        AND f.basis = n.basis AND f.confidence = n.confidence
        AND f.start IS n.start AND f."end" IS n."end"
)
"""
