"""What a finished crawl decides: which pages are gone, and what is too much of a loss to be true.

A page is gone when it was missing in several crawls and seen in none between: a server in
trouble says 404 too. Failures, pages of a challenge or of a parked domain, and sites that are
down tell nothing: only 404, 410 and pages that say so count as missing.

Where a source suddenly has far fewer of its pages, or lists far fewer, that is an alarm. Nothing is
counted as missing in such a crawl, and its indexes say nothing of what is unlisted: what
the store had stays as it was.

A loss that is real is accepted by the user, with `-a accept=1`: the alarms of the source are lifted
then, and what is missing is gone at once: the next crawl would set off the alarm again.

All of it follows from captures and what was read from them, so a rebuilt database has the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from cablecrawl.store.evidence import GONE
from cablecrawl.store.listings import LatestListings

# Crawls in which a page must have been missing. Two can be one night's trouble.
GONE_AFTER = 3

# A fifth of the pages is more than was ever withdrawn at once: of WikiLeaks' builds the largest
# step back is 21 of 842. Below ten pages a share means nothing.
ALARM_SHARE = 0.2
ALARM_LEAST = 10

ACCEPT = "accept"
"""The argument (`-a accept=1`) by which a user says that a loss is real."""

MISSING, UNLISTED = "missing", "unlisted"
"""Reasons of alarms."""


class Settled(NamedTuple):
    """What a crawl decided of a source."""

    gone: int
    """Copies that are counted as gone now."""
    alarms: list[str]
    """One line each."""


# Copies whose pages a crawl asked for, by what came. A page that is gone already is no news.
_ASKED = text("""
    WITH asked AS (
        SELECT capture.id, capture.url FROM capture JOIN run ON run.id = capture.run
        WHERE capture.source = :source AND run.crawl = :crawl
    )
    SELECT
        (SELECT count(DISTINCT sighting.witness) FROM asked
            JOIN sighting ON sighting.capture = asked.id AND sighting.reading IS NOT NULL),
        (SELECT count(DISTINCT witness.id) FROM asked
            JOIN missing ON missing.capture = asked.id
            JOIN witness ON witness.source = :source AND witness.url = asked.url
            WHERE NOT EXISTS (SELECT 1 FROM sighting
                WHERE sighting.witness = witness.id AND sighting.capture > :before
                    AND sighting.reading IS NOT NULL)
            AND (SELECT event FROM sighting WHERE sighting.witness = witness.id
                ORDER BY sighting.id DESC LIMIT 1) != :gone)
""")
_FIRST = text("""
    SELECT min(capture.id) FROM capture JOIN run ON run.id = capture.run
    WHERE run.crawl = :crawl AND capture.source = :source
""")
# Copies that are missing in this crawl, in how many crawls since they were last seen, and the
# capture that says so. Crawls with an alarm count for nothing, nor do those in which the source
# showed neither a cable nor a list of them. The joins are crossed to begin with what was missing,
# which is little: left to choose, SQLite asks all of that of every capture.
_MISSING = text("""
    WITH showing AS (
        SELECT DISTINCT run.crawl FROM capture JOIN run ON run.id = capture.run
        WHERE capture.source = :source
            AND (capture.id IN (SELECT capture FROM index_page)
                OR EXISTS (SELECT 1 FROM sighting
                    WHERE sighting.capture = capture.id AND sighting.reading IS NOT NULL))
    ),
    absent AS MATERIALIZED (
        SELECT capture.id AS capture, capture.url, run.crawl
        FROM missing
        CROSS JOIN capture ON capture.id = missing.capture
        CROSS JOIN run ON run.id = capture.run
        WHERE capture.source = :source
            AND NOT EXISTS (SELECT 1 FROM alarm WHERE alarm.source = capture.source
                AND alarm.crawl = run.crawl AND alarm.reason = :reason AND alarm.lifted IS NULL)
            AND run.crawl IN (SELECT crawl FROM showing)
    )
    SELECT witness.id AS witness, max(absent.capture) AS capture,
        count(DISTINCT absent.crawl) AS crawls, max(absent.crawl = :crawl) AS is_now
    FROM witness
    CROSS JOIN absent ON absent.url = witness.url
    WHERE witness.source = :source
        AND absent.capture > (SELECT max(sighting.capture) FROM sighting
            WHERE sighting.witness = witness.id)
    GROUP BY witness.id
    HAVING is_now AND crawls >= :gone_after
    ORDER BY witness.id
""")
_ADD_GONE = text("""
    INSERT INTO sighting (witness, capture, reading, event)
    SELECT :witness, :capture, NULL, :gone
    WHERE (SELECT event FROM sighting WHERE witness = :witness ORDER BY id DESC LIMIT 1) != :gone
    ON CONFLICT DO NOTHING
""")
_ADD_ALARM = text("""
    INSERT INTO alarm (source, crawl, reason, detail)
    VALUES (:source, :crawl, :reason, :detail) ON CONFLICT DO NOTHING
""")
_LIFT = text("UPDATE alarm SET lifted = :crawl WHERE source = :source AND lifted IS NULL")
_ARGUMENTS = text("SELECT json_extract(details, '$.arguments') FROM run WHERE crawl = :crawl")
_STANDING = text("""
    SELECT alarm.detail FROM alarm JOIN source ON source.id = alarm.source
    WHERE source.name = :source AND alarm.crawl < :crawl AND alarm.reason = :reason
        AND alarm.lifted IS NULL
    ORDER BY alarm.id DESC LIMIT 1
""")
_CRAWL = text("SELECT crawl FROM run WHERE id = :run")
# Of the run that ended it, and not of its crawl: one that was cut short may have had others, of
# which only a part was met.
_SOURCES = text("""
    SELECT source.id FROM run, json_each(run.details, '$.sources') AS named
    JOIN source ON source.name = named.value
    WHERE run.id = :run ORDER BY source.id
""")
# Copies that the crawl before listed and this one does not.
_NEWLY_UNLISTED = text("""
    SELECT count(*) FILTER (WHERE run.crawl < :crawl), count(*)
    FROM listing JOIN capture ON capture.id = listing.capture JOIN run ON run.id = capture.run
    WHERE listing.source = :source AND run.crawl >= :latest
""")
_BRINGS_NEW_INDEXES = text("""
    SELECT 1 FROM index_page JOIN capture ON capture.id = index_page.capture
    JOIN run ON run.id = capture.run
    WHERE capture.source = :source AND run.crawl = :crawl AND capture.revisit_of IS NULL LIMIT 1
""")


def standing_alarms(db: Connection, source: str, before: str) -> list[str]:
    """Losses of a source's indexes that crawls before this one met, and that nobody has accepted.

    Pages that are missing set off an alarm anew; indexes that stay as they are do not.
    """
    wanted = {"source": source, "crawl": before, "reason": UNLISTED}
    return list(db.execute(_STANDING, wanted).scalars())


def settle(db: Connection, run: str) -> dict[int, Settled]:
    """Decide what the crawl that a run brought to its end says of what is gone.

    By the rows of the run's sources. Doing it again changes nothing.
    """
    crawl = db.execute(_CRAWL, {"run": run}).scalar_one()
    sources: Sequence[int] = db.execute(_SOURCES, {"run": run}).scalars().all()
    arguments = db.execute(_ARGUMENTS, {"crawl": crawl}).scalars().all()
    is_accepted = any(ACCEPT in json.loads(each or "{}") for each in arguments)
    return {source: _settle(db, source, crawl, is_accepted=is_accepted) for source in sources}


def _settle(db: Connection, source: int, crawl: str, *, is_accepted: bool) -> Settled:
    alarms: list[tuple[str, str]] = []
    if is_accepted:
        db.execute(_LIFT, {"source": source, "crawl": crawl})
    else:
        alarms = [*_missing_alarm(db, source, crawl), *_listing_alarm(db, source, crawl)]
    for reason, detail in alarms:
        new = {"source": source, "crawl": crawl, "reason": reason, "detail": detail}
        db.execute(_ADD_ALARM, new)
    gone = 0
    gone_after = 1 if is_accepted else GONE_AFTER
    wanted = {"source": source, "crawl": crawl, "reason": MISSING, "gone_after": gone_after}
    for row in db.execute(_MISSING, wanted).all():
        values = {"witness": row.witness, "capture": row.capture, "gone": GONE}
        gone += db.execute(_ADD_GONE, values).rowcount
    return Settled(gone, [detail for _, detail in alarms])


def _missing_alarm(db: Connection, source: int, crawl: str) -> Iterable[tuple[str, str]]:
    before = db.execute(_FIRST, {"source": source, "crawl": crawl}).scalar()
    wanted = {"source": source, "crawl": crawl, "before": (before or 1) - 1, "gone": GONE}
    seen, missing = db.execute(_ASKED, wanted).one()
    if missing >= ALARM_LEAST and missing > ALARM_SHARE * (seen + missing):
        yield (
            MISSING,
            f"{missing:,} of the {seen + missing:,} known cables that were asked for are not there:"
            " none of them is counted as gone",
        )


def _listing_alarm(db: Connection, source: int, crawl: str) -> Iterable[tuple[str, str]]:
    """Whether the indexes of this crawl list far fewer pages than those of the one before."""
    wanted: dict[str, Any] = {"source": source, "crawl": crawl}
    latest = LatestListings(db, before=crawl)[source]
    if latest is None or db.execute(_BRINGS_NEW_INDEXES, wanted).first() is None:
        return
    lost, listed = db.execute(_NEWLY_UNLISTED, {**wanted, "latest": latest}).one()
    if lost >= ALARM_LEAST and lost > ALARM_SHARE * listed:
        yield (
            UNLISTED,
            f"the indexes list {listed - lost:,} pages, and listed {listed:,} before: none of the"
            f" {lost:,} others is counted as unlisted",
        )
