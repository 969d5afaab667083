"""The database: SQLite's own checks, every digest in it, and rows that do not fit together.

What a capture's row says is held against its WARC record (cablecrawl/fixity/warcs.py), what
readings and claims say against the capture's bytes (cablecrawl/fixity/claims.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, or_, select
from sqlalchemy.exc import DBAPIError

from cablecrawl.fixity.findings import DATABASE, REBUILD, Finding, Report, looks_alike
from cablecrawl.reading import locator_of
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import BACK, CHANGED, FIRST, GONE, UNCHANGED
from pipelines.dedupe import reading_sha256

PAGES, ROWS, READINGS, CLAIMS = "database", "rows", "readings", "claims, by themselves"
"""What is counted."""

# Of what integrity_check has to say: behind the first lines it repeats itself.
MOST_MESSAGES = 20

# Findings on rows that are wrong in one way; the first says how many there are.
MOST_ROWS = 20

# Rows fetched at a time. Readings are the widest, 20 KB and more.
ROWS_AT_A_TIME = 100

Progress = Callable[[int], None]
"""Called with how many rows were checked since the last call."""


class Relation(NamedTuple):
    """Something that holds between rows."""

    table: str
    what: str
    """What is wrong with a row that the query finds."""
    query: Select[Any]
    """Of the rows for which it does not hold: their IDs, and the reading or witness."""


_SIGHTED = (
    select(t.sighting.c.id)
    .where(t.sighting.c.reading == t.reading.c.id, t.sighting.c.capture == t.reading.c.capture)
    .exists()
)
_FOUND_AT = (
    select(t.sighting.c.id)
    .join(t.capture, t.capture.c.id == t.sighting.c.capture)
    .where(
        t.sighting.c.witness == t.witness.c.id,
        or_(t.capture.c.url == t.witness.c.url, t.capture.c.via == t.witness.c.url),
    )
    .exists()
)
_STATED = (
    select(t.claim.c.id)
    .join(t.reading, t.reading.c.id == t.claim.c.reading)
    .where(
        t.reading.c.witness == t.witness.c.id,
        t.claim.c.field == "reference_id",
        t.claim.c.value == t.witness.c.stated_id,
    )
    .exists()
)
_CLAIM_SIGHTED = (
    select(t.sighting.c.id)
    .where(t.sighting.c.witness == t.reading.c.witness, t.sighting.c.capture == t.claim.c.capture)
    .exists()
)
RELATIONS = (
    Relation(
        "witness",
        "has no sighting",
        select(t.witness.c.id, t.witness.c.id.label("witness")).where(
            ~select(t.sighting.c.id).where(t.sighting.c.witness == t.witness.c.id).exists()
        ),
    ),
    Relation(
        "witness",
        "has an address that no capture which met it has, nor what led to one",
        select(t.witness.c.id, t.witness.c.id.label("witness")).where(~_FOUND_AT),
    ),
    Relation(
        "witness",
        "has an ID that none of its readings states",
        select(t.witness.c.id, t.witness.c.id.label("witness")).where(~_STATED),
    ),
    Relation(
        "sighting",
        "is of one copy, and its text of another",
        select(t.sighting.c.id, t.sighting.c.witness)
        .join(t.reading, t.reading.c.id == t.sighting.c.reading)
        .where(t.reading.c.witness != t.sighting.c.witness),
    ),
    Relation(
        "reading",
        "has no sighting by the capture that it was first read from",
        select(t.reading.c.id, t.reading.c.witness).where(~_SIGHTED),
    ),
    Relation(
        "reading",
        "has no claims",
        select(t.reading.c.id, t.reading.c.witness).where(
            ~select(t.claim.c.id).where(t.claim.c.reading == t.reading.c.id).exists()
        ),
    ),
    Relation(
        "claim",
        "is of a capture that never saw its copy of the cable",
        select(t.claim.c.id, t.reading.c.witness)
        .join(t.reading, t.reading.c.id == t.claim.c.reading)
        .where(~_CLAIM_SIGHTED),
    ),
)

_READINGS = (
    select(
        t.reading.c.id,
        t.reading.c.witness,
        t.reading.c.sha256,
        t.reading.c.header,
        t.reading.c.body,
        t.claim.c.field,
        t.claim.c.value,
    )
    .join(
        t.claim,
        (t.claim.c.reading == t.reading.c.id) & t.claim.c.field.in_(("header", "body")),
        isouter=True,
    )
    .order_by(t.reading.c.id)
)
_CLAIMS = select(
    t.claim.c.id,
    t.claim.c.reading,
    t.claim.c.field,
    t.claim.c.start,
    t.claim.c.end,
    t.claim.c.quote,
).order_by(t.claim.c.id)
_SIGHTINGS = select(
    t.sighting.c.id, t.sighting.c.witness, t.sighting.c.reading, t.sighting.c.event
).order_by(t.sighting.c.witness, t.sighting.c.id)
_WITNESS = select(t.witness.c.id, t.witness.c.reference_id, t.witness.c.url, t.source.c.name).join(
    t.source, isouter=True
)


class DatabaseCheck:
    """Checks a database that could be opened."""

    def __init__(self, path: Path, db: Connection, report: Report) -> None:
        self._file = str(path)
        self._db = db
        self._report = report

    def check_version(self) -> bool:
        """Whether it is of this code's version and has its tables. Raises DBAPIError."""
        version = self._db.exec_driver_sql("PRAGMA user_version").scalar_one()
        self._report.count(PAGES)
        if version != t.SCHEMA_VERSION:
            why = f"its schema is of version {version}, and this code reads {t.SCHEMA_VERSION}"
            self._add(PAGES, "version", f"{why}: nothing else in it was checked")
            return False
        for table in t.metadata.sorted_tables:
            columns = self._db.exec_driver_sql(f'PRAGMA table_info("{table.name}")').all()
            lacking = {column.name for column in table.c} - {row.name for row in columns}
            if lacking:
                why = f"lacks {', '.join(sorted(lacking))}: nothing else in it was checked"
                self._add(PAGES, "table", why, table.name)
                return False
        return True

    def run(self, progress: Progress = lambda _: None) -> None:
        """Check all there is. Damage that ends one check is a finding, and the next begins."""
        for check in (
            self._check_integrity,
            self._check_foreign_keys,
            self._check_relations,
            self._check_witnesses,
            self._check_sightings,
            lambda: self._check_readings(progress),
            self._check_former_readings,
            lambda: self._check_claims(progress),
        ):
            try:
                check()
            except DBAPIError as error:
                self._add(PAGES, "damaged", f"cannot be read on: {error.orig}")

    def count_rows(self) -> int:
        """How many rows `run` tells of its progress with. Raises DBAPIError."""
        return sum(
            self._db.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (t.reading, t.claim)
        )

    def _check_integrity(self) -> None:
        messages = self._db.exec_driver_sql(f"PRAGMA integrity_check({MOST_MESSAGES})").scalars()
        for message in messages.all():
            if message != "ok":
                self._add(PAGES, "damaged", f"integrity_check: {' '.join(message.split())}")

    def _check_foreign_keys(self) -> None:
        self._count_rows()
        lost: dict[tuple[str, str], list[int]] = {}
        for table, row, parent, _ in self._db.exec_driver_sql("PRAGMA foreign_key_check"):
            lost.setdefault((table, parent), []).append(row)
        for (table, parent), rows in lost.items():
            what = f"points to a {parent} that is not there"
            self._add_rows(table, what, [(row, None) for row in rows])

    def _check_relations(self) -> None:
        for relation in RELATIONS:
            rows = self._db.execute(relation.query).all()
            found = [(row.id, row.witness) for row in rows]
            self._add_rows(relation.table, relation.what, found)

    def _check_witnesses(self) -> None:
        """Where a source has a copy follows from its address."""
        for row in self._stream(select(t.witness)):
            ordinal = row.locator.rpartition("#")[2] if "#" in row.locator else "0"
            if not ordinal.isdigit() or locator_of(row.url, int(ordinal)) != row.locator:
                why = f"has the address {row.url}, and the place {row.locator}"
                finding = self._finding("row", why, "witness", row.id)
                self._report.add(self._of_witness(finding, row.id), ROWS)

    def _check_sightings(self) -> None:
        """What a capture met follows from what was met before."""
        wrong = []
        for witness, rows in groupby(self._stream(_SIGHTINGS), lambda row: row.witness):
            before: Row[Any] | None = None
            for row in rows:
                if row.event != _event(before, row):
                    wrong.append((row.id, witness))
                before = row
        self._add_rows("sighting", "has an event that does not follow from those before it", wrong)

    def _check_readings(self, progress: Progress) -> None:
        """Every text has the digest that names it, and the one that its claim has."""
        for row_id, rows in groupby(self._stream(_READINGS), lambda row: row.id):
            of_reading = list(rows)
            reading = of_reading[0]
            self._report.count(READINGS)
            progress(1)
            given = reading_sha256(reading.header, reading.body)
            wrong = (
                [] if given == reading.sha256 else [_wrong_digest("text", given, reading.sha256)]
            )
            for row in of_reading:
                if row.field is not None:
                    text: str = getattr(reading, row.field)
                    given = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
                    if given != row.value:
                        wrong.append(_wrong_digest(row.field, given, row.value))
            if wrong:
                finding = self._finding("text", "; ".join(wrong), "reading", row_id)
                finding.readings = [reading.sha256]
                self._report.add(self._of_witness(finding, reading.witness), READINGS)

    def _check_former_readings(self) -> None:
        """Texts that a reparse no longer gave have theirs too."""
        for row in self._stream(select(t.former_reading)):
            self._report.count(READINGS)
            given = reading_sha256(row.header, row.body)
            if given != row.sha256:
                why = _wrong_digest("text", given, row.sha256)
                finding = self._finding("text", why, "former_reading", row.id)
                finding.cables, finding.sources = [row.reference_id], [row.source]
                self._report.add(finding, READINGS)

    def _check_claims(self, progress: Progress) -> None:
        """The place of a claim is as long as its quote."""
        for row in self._stream(_CLAIMS):
            self._report.count(CLAIMS)
            progress(1)
            why = _wrong_place(row)
            if why is not None:
                of = select(t.reading.c.witness, t.reading.c.sha256)
                reading = self._db.execute(of.where(t.reading.c.id == row.reading)).first()
                finding = self._finding("place", why, "claim", row.id)
                if reading is not None:
                    self._of_witness(finding, reading.witness)
                    finding.readings = [reading.sha256]
                finding.field = row.field
                self._report.add(finding, CLAIMS)

    def _count_rows(self) -> None:
        for table in t.metadata.sorted_tables:
            query = select(func.count()).select_from(table)
            self._report.count(ROWS, self._db.execute(query).scalar_one())

    def _stream(self, query: Select[Any]) -> Iterator[Row[Any]]:
        return iter(self._db.execute(query.execution_options(yield_per=ROWS_AT_A_TIME)))

    def _add_rows(self, table: str, what: str, rows: list[tuple[int, int | None]]) -> None:
        """A finding for each of these rows and their witnesses; of very many, for the first."""
        for number, (row, witness) in enumerate(rows[:MOST_ROWS]):
            alike = f", and so do {len(rows) - 1:,} other rows" if not number and rows[1:] else ""
            finding = self._finding("row", what + alike, table, row)
            if witness is not None:
                self._of_witness(finding, witness)
            self._report.add(finding, ROWS)
        self._report.counts[ROWS].failed += max(0, len(rows) - MOST_ROWS)

    def _add(self, kind: str, what: str, why: str, table: str | None = None) -> None:
        self._report.add(self._finding(what, why, table, None), kind)

    def _finding(self, what: str, why: str, table: str | None, row: int | None) -> Finding:
        return Finding(DATABASE, what, self._file, why, REBUILD, table=table, row=row)

    def _of_witness(self, finding: Finding, witness: int) -> Finding:
        row = self._db.execute(_WITNESS.where(t.witness.c.id == witness)).first()
        if row is not None:
            finding.cables, finding.urls = [row.reference_id], [row.url]
            finding.sources = [row.name] if row.name else []
        return finding


def _event(before: Row[Any] | None, row: Row[Any]) -> str:
    """What became of a witness, given its sighting before this one."""
    if row.reading is None:
        return GONE
    if before is None:
        return FIRST
    if before.reading is None:
        return BACK
    return UNCHANGED if before.reading == row.reading else CHANGED


def _wrong_digest(part: str, given: str, stored: str) -> str:
    damaged = "the stored digest" if looks_alike(given, stored) else f"the {part}"
    return f"its {part} has SHA-256 {given}, and {stored} is stored: {damaged} is damaged"


def _wrong_place(row: Row[Any]) -> str | None:
    if (row.start is None) != (row.end is None):
        return f"begins at {row.start} and ends at {row.end}: one of the two is lost"
    if row.start is None:
        return None
    if not 0 <= row.start <= row.end:
        return f"begins at {row.start} and ends at {row.end}"
    if row.quote is not None and len(row.quote) != row.end - row.start:
        return (
            f"its quote has {len(row.quote)} characters, and its place, {row.start} to {row.end},"
            f" {row.end - row.start}"
        )
    return None
