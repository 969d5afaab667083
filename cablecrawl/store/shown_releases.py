"""Which releases the copies in the store say they come from, asked of the database at once.

What counts is the latest reading of each copy, and what its latest capture says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from cablecrawl.releases import Naming, Releases
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import GONE
from cablecrawl.store.listings import IS_LISTED, LatestListings, is_unlisted

# Neither stands in an ID, a label or a number.
UNIT, RECORD = "\x1f", "\x1e"

COUNTER = "released_so_far"

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """What a copy says of the release it comes from, and whether its source still has it."""

    source: str
    namings: tuple[Naming, ...]
    """What its claims say; () where they say nothing."""
    counter: int | None
    """The number of the build that it states."""
    is_gone: bool
    """It was there, and is not any more."""
    is_unlisted: bool
    """The latest crawl that went through the source's indexes saw it in none."""

    def is_left_over(self, newest: str | None, releases: Releases) -> bool:
        """Whether its page stayed when `newest`, that of its source, replaced the others.

        Its release is older, and no index lists it any more. Without the second it may only be
        that the source was crawled while it was being replaced.
        """
        is_there = self.is_unlisted and not self.is_gone
        return is_there and releases.is_older(self.namings, newest)


def count_copies(db: Connection) -> int:
    """How many copies of cables the store has."""
    return int(db.execute(select(func.count()).select_from(t.witness)).scalar_one())


def copies(db: Connection) -> Iterator[tuple[str, Shown]]:
    """The reference ID of every copy, and what it says; in no order."""
    latest = LatestListings(db)
    for row in db.execute(_SAID, execution_options={"yield_per": ROWS_AT_A_TIME}):
        namings, counter = _parse(row.claims or "")
        unlisted = is_unlisted(row.listed_in, latest[row.source])
        yield row.reference_id, Shown(row.name, namings, counter, bool(row.is_gone), unlisted)


def newest_release(db: Connection, source: str, releases: Releases) -> str | None:
    """The newest release that a copy of this source ever said it comes from; None: none did.

    A page that may come from one of two counts as the older.
    """
    said = (_parse(claims)[0] for claims in db.execute(_EVER_SAID, {"source": source}).scalars())
    firsts = [span[0] for namings in said if (span := releases.span(namings)) is not None]
    return releases[max(firsts)].id if firsts else None


# Nearly all pages of a build say the same.
@lru_cache(4096)
def _parse(claims: str) -> tuple[tuple[Naming, ...], int | None]:
    namings: dict[Naming, None] = {}
    counter = None
    for claim in filter(None, claims.split(RECORD)):
        field, value, basis, confidence = claim.split(UNIT)
        if field == COUNTER:
            counter = int(value)
        else:
            namings[Naming(value, basis, confidence)] = None
    return tuple(namings), counter


_CLAIMS = func.group_concat(
    t.claim.c.field.concat(UNIT)
    .concat(t.claim.c.value)
    .concat(UNIT)
    .concat(t.step.c.basis)
    .concat(UNIT)
    .concat(t.step.c.confidence),
    RECORD,
)
_OF_RELEASE = t.claim.c.field.in_(("release", COUNTER)) & (t.step.c.basis != "source_link")


def _said() -> Select[Any]:
    """A row for each copy: whose it is, where it is listed, and its claims on its release."""
    when = t.capture.c.fetched_at.concat(t.capture.c.capture_id)
    # With max(), SQLite gives the other columns as they are in the row that has it.
    last_sighting = (
        select(t.sighting.c.witness, t.sighting.c.event, func.max(when))
        .join(t.capture, t.capture.c.id == t.sighting.c.capture)
        .group_by(t.sighting.c.witness)
        .subquery()
    )
    last_reading = (
        select(t.sighting.c.witness, t.sighting.c.reading, func.max(when))
        .join(t.capture, t.capture.c.id == t.sighting.c.capture)
        .where(t.sighting.c.reading.is_not(None))
        .group_by(t.sighting.c.witness)
        .subquery()
    )
    # The latest capture of a reading makes all the claims that hold now.
    latest = (
        select(t.sighting.c.reading, func.max(t.sighting.c.capture).label("capture"))
        .where(t.sighting.c.reading.is_not(None))
        .group_by(t.sighting.c.reading)
        .subquery()
    )
    claims = (
        select(_CLAIMS)
        .join(t.step, t.step.c.id == t.claim.c.step)
        .where(
            t.claim.c.reading == latest.c.reading,
            t.claim.c.last_capture == latest.c.capture,
            _OF_RELEASE,
        )
        .correlate(latest)
        .scalar_subquery()
    )
    return (
        select(
            t.source.c.name,
            t.witness.c.source,
            t.witness.c.reference_id,
            claims.label("claims"),
            (last_sighting.c.event == GONE).label("is_gone"),
            t.run.c.crawl.label("listed_in"),
        )
        .select_from(t.witness)
        .join(t.source, t.source.c.id == t.witness.c.source)
        .join(last_sighting, last_sighting.c.witness == t.witness.c.id)
        .join(last_reading, last_reading.c.witness == t.witness.c.id)
        .join(latest, latest.c.reading == last_reading.c.reading)
        .join(t.listing, IS_LISTED, isouter=True)
        .join(t.capture, t.capture.c.id == t.listing.c.capture, isouter=True)
        .join(t.run, t.run.c.id == t.capture.c.run, isouter=True)
    )


_SAID = _said()
# Claims of a reading with one last capture stood on one page.
_TOGETHER = (
    select(_CLAIMS.label("claims"))
    .select_from(t.witness)
    .join(t.source, t.source.c.id == t.witness.c.source)
    .join(t.reading, t.reading.c.witness == t.witness.c.id)
    .join(t.claim, t.claim.c.reading == t.reading.c.id)
    .join(t.step, t.step.c.id == t.claim.c.step)
    .where(t.source.c.name == bindparam("source"), _OF_RELEASE)
    .group_by(t.claim.c.reading, t.claim.c.last_capture)
    .subquery()
)
_EVER_SAID = select(_TOGETHER.c.claims).distinct()
