"""What the indexes of a source list, and by which crawl they last did."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from cablecrawl.store import tables as t

PAGE = func.substr(t.witness.c.locator, 1, func.instr(t.witness.c.locator.concat("#"), "#") - 1)
"""The page of a witness, as indexes list it: a further cable of a page has its locator and `#1`."""

IS_LISTED = (t.listing.c.source == t.witness.c.source) & (t.listing.c.locator == PAGE)
"""Joins a witness with its listing."""

_LATEST = (
    select(t.run.c.crawl)
    .select_from(t.listing)
    .join(t.capture, t.capture.c.id == t.listing.c.capture)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .where(
        t.listing.c.source == bindparam("source"),
        t.run.c.crawl.in_(select(t.run.c.crawl).where(t.run.c.state == "finished")),
    )
    .order_by(t.listing.c.capture.desc())
    .limit(1)
)


class LatestListings(dict[int, str | None]):
    """By row of the source, the latest crawl that met its indexes and came to its end.

    None where none did. One that was cut short has not seen all of them, and says nothing of
    what it missed.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def __missing__(self, source: int) -> str | None:
        self[source] = self._db.execute(_LATEST, {"source": source}).scalar()
        return self[source]


def is_unlisted(listed_in: str | None, latest: str | None) -> bool:
    """Whether the latest crawl of a source's indexes saw a page in none of them.

    Crawls are named after the time at which they began, so names sort as crawls do.
    """
    return (listed_in or "") < (latest or "")
