"""What the indexes of a source list, and by which crawl they last did."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select, true

from cablecrawl.store import tables as t

PAGE = func.substr(t.witness.c.locator, 1, func.instr(t.witness.c.locator.concat("#"), "#") - 1)
"""The page of a witness, as indexes list it: a further cable of a page has its locator and `#1`."""

IS_LISTED = (t.listing.c.source == t.witness.c.source) & (t.listing.c.locator == PAGE)
"""Joins a witness with its listing."""

# By a run that had this source: a crawl of several may go on without one of them.
_ENDED = t.run.alias("ended")
_NAMED = func.json_each(_ENDED.c.details, "$.sources").table_valued("value", name="named")
_BROUGHT_TO_ITS_END = (
    select(_ENDED.c.id)
    .select_from(_ENDED.join(_NAMED, true()))
    .join(t.source, t.source.c.name == _NAMED.c.value)
    .where(
        _ENDED.c.crawl == t.run.c.crawl,
        _ENDED.c.state == "finished",
        t.source.c.id == t.capture.c.source,
    )
    .correlate(t.run, t.capture)
)

_LATEST = (
    select(t.run.c.crawl)
    .select_from(t.index_page)
    .join(t.capture, t.capture.c.id == t.index_page.c.capture)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .where(
        # `+ 0` keeps SQLite from going through all captures of the source by their index: that
        # takes 0.4 s of 100,000, and from the last index page back next to nothing.
        (t.capture.c.source + 0) == bindparam("source"),
        t.capture.c.revisit_of.is_(None),
        _BROUGHT_TO_ITS_END.exists() | (t.run.c.crawl == bindparam("ending")),
        t.run.c.crawl < bindparam("before"),
        ~select(t.alarm.c.id)
        .where(
            t.alarm.c.source == t.capture.c.source,
            t.alarm.c.crawl == t.run.c.crawl,
            t.alarm.c.lifted.is_(None),
        )
        .exists(),
    )
    .order_by(t.index_page.c.capture.desc())
    .limit(1)
)
# Behind every name of a crawl, which begins with a digit.
AFTER_ALL = "~"


class LatestListings(dict[int, str | None]):
    """By row of the source, the latest crawl that met all of its indexes and came to its end.

    None where none did. One that was cut short has not seen all of them; one that met nothing
    new has not asked for all; one that set off an alarm is not believed. They say nothing of
    what they missed.
    """

    def __init__(self, db: Connection, *, ending: str = "", before: str = AFTER_ALL) -> None:
        """`ending`: a crawl that comes to its end now. `before`: only crawls before this one."""
        self._db = db
        self._crawls = {"ending": ending, "before": before}

    def __missing__(self, source: int) -> str | None:
        self[source] = self._db.execute(_LATEST, {"source": source, **self._crawls}).scalar()
        return self[source]


def is_unlisted(listed_in: str | None, latest: str | None) -> bool:
    """Whether the latest crawl of a source's indexes saw a page in none of them.

    Crawls are named after the time at which they began, so names sort as crawls do.
    """
    return (listed_in or "") < (latest or "")


_WITNESSES = (
    select(t.witness.c.url, t.run.c.crawl)
    .join(t.listing, IS_LISTED, isouter=True)
    .join(t.capture, t.capture.c.id == t.listing.c.capture, isouter=True)
    .join(t.run, t.run.c.id == t.capture.c.run, isouter=True)
    .where(t.witness.c.source == bindparam("source"))
    .order_by(t.witness.c.id)
)


def unlisted_pages(db: Connection, source: str, ending: str) -> list[str]:
    """Addresses of a source's copies that no index lists, as of a crawl that comes to its end.

    Empty where no index page was ever read. A crawl that was cut short and gone on with is one.
    """
    row = db.execute(select(t.source.c.id).where(t.source.c.name == source)).scalar()
    if row is None:
        return []
    latest = LatestListings(db, ending=ending)[row]
    witnesses = db.execute(_WITNESSES, {"source": row})
    return [url for url, listed_in in witnesses if is_unlisted(listed_in, latest)]
