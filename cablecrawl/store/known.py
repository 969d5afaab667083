"""What the store knows of the pages of a source: when they were asked for, and what came."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from cablecrawl.blocked_pages import OF_THE_SITE
from cablecrawl.capture import Location
from cablecrawl.items import LEADS_TO, NOT_THERE, is_robots_txt
from cablecrawl.store import tables as t
from cablecrawl.store.queries import CAPTURES_WITH_BODIES, OF_SOURCE, body_of

# SQLite takes 32,766 variables in a statement, and parses fewer in less time.
AT_A_TIME = 500

LAST_CHARACTER = "\U0010ffff"

# A page that is not there is known too: it is asked for in rotation, and not at each crawl.
KNOWN_STATUSES = sorted(NOT_THERE)
ANSWERED = or_(t.capture.c.outcome == "ok", t.capture.c.status.in_(KNOWN_STATUSES))
SETTLED = (
    ANSWERED
    & ~select(t.problem.c.id)
    .where(t.problem.c.capture == t.capture.c.id, t.problem.c.reason.in_(OF_THE_SITE))
    .exists()
)
"""That a capture tells what is at its address: of one that failed, or that brought the page of a
challenge, nobody knows."""
IS_REDIRECT = t.capture.c.detail.startswith(LEADS_TO)
# Of one address to the next; browsers stop at 20, and no index of a source needs more than two.
MOST_REDIRECTS = 5


class LastResponse(NamedTuple):
    """A page as it last came: what a conditional request names, and what a revisit is one of."""

    capture_id: str
    """Of the capture that holds its body."""
    url: str
    fetched_at: str
    warc: str
    offset: int
    length: int
    payload_sha256: str
    payload_length: int
    etag: str | None
    last_modified: str | None
    came_whole: str
    """When its server last sent all of it, the same bytes again too; a 304 is none."""


_ORIGINAL = t.capture.alias("original")
_WHOLE = t.capture.alias("whole")
_LAST: Select[Any] = (
    select(
        _ORIGINAL.c.capture_id,
        _ORIGINAL.c.url,
        _ORIGINAL.c.fetched_at,
        _ORIGINAL.c.warc,
        _ORIGINAL.c.offset,
        _ORIGINAL.c.length,
        _ORIGINAL.c.payload_sha256,
        _ORIGINAL.c.payload_length,
        func.coalesce(t.capture.c.etag, _ORIGINAL.c.etag).label("etag"),
        func.coalesce(t.capture.c.last_modified, _ORIGINAL.c.last_modified).label("last_modified"),
        select(func.max(_WHOLE.c.fetched_at))
        .where(
            _WHOLE.c.source == t.capture.c.source,
            _WHOLE.c.url == t.capture.c.url,
            _WHOLE.c.outcome == "ok",
            _WHOLE.c.status == 200,
        )
        .scalar_subquery()
        .label("came_whole"),
    )
    .select_from(t.capture)
    .join(
        _ORIGINAL,
        _ORIGINAL.c.capture_id == func.coalesce(t.capture.c.revisit_of, t.capture.c.capture_id),
    )
    .where(
        t.capture.c.source == OF_SOURCE,
        t.capture.c.url == bindparam("url"),
        t.capture.c.outcome == "ok",
        _ORIGINAL.c.status == 200,
    )
    .order_by(t.capture.c.id.desc())
    .limit(1)
)
_SETTLED = (
    select(t.capture.c.url)
    .where(
        t.capture.c.source == OF_SOURCE,
        t.capture.c.url.in_(bindparam("urls", expanding=True)),
        SETTLED,
    )
    .distinct()
)
_ASKED = (
    select(t.capture.c.url, t.capture.c.fetched_at)
    .where(t.capture.c.id.in_(bindparam("captures", expanding=True)))
    .order_by(t.capture.c.id)
)


_LEADS = select(t.capture.c.url, func.substr(t.capture.c.detail, len(LEADS_TO) + 1)).where(
    t.capture.c.source == OF_SOURCE,
    t.capture.c.url.in_(bindparam("urls", expanding=True)),
    IS_REDIRECT,
)


def last_response(db: Connection, source: str, url: str) -> LastResponse | None:
    """The page of an address as it last came whole."""
    return _response(db, _LAST, {"source": source, "url": url})


def sources_with_captures(
    db: Connection, names: Sequence[str], before: str | None = None
) -> set[str]:
    """Those of the sources of which something was captured; `before`: in crawls before this one."""
    captured = select(t.capture.c.id).where(t.capture.c.source == t.source.c.id)
    if before is not None:
        captured = captured.where(t.capture.c.run.not_in(_runs_of(before)))
    query = select(t.source.c.name).where(t.source.c.name.in_(names), captured.exists())
    return set(db.execute(query).scalars())


class KnownPage(NamedTuple):
    """An address at which something is, or was said not to be."""

    url: str
    last_asked: datetime
    """When it was last asked for, whatever came."""


def known_pages(db: Connection, source: str, before: str) -> Iterator[KnownPage]:
    """The pages of a source, the longest unseen first. `before`: the crawl that asks.

    They are read some at a time by their last captures, of which 250,000 are 2 MB. A query that
    stayed open would have the write-ahead log grow until the last of them is taken: to 318 MB
    where 100,000 pages are asked for.
    """
    last = (
        select(func.max(t.capture.c.id).label("last"))
        .where(t.capture.c.source == OF_SOURCE, t.capture.c.run.not_in(_runs_of(before)))
        .group_by(t.capture.c.url)
        .having(func.max(or_(ANSWERED, IS_REDIRECT)))
        .order_by("last")
        .execution_options(yield_per=1000)
    )
    captures = array("q", db.execute(last, {"source": source}).scalars())
    for start in range(0, len(captures), AT_A_TIME):
        part = captures[start : start + AT_A_TIME].tolist()
        for url, fetched_at in db.execute(_ASKED, {"captures": part}).all():
            if not is_robots_txt(url):
                yield KnownPage(url, datetime.fromisoformat(fetched_at))


def last_crawl(db: Connection, source: str, before: str) -> datetime | None:
    """When the last crawl of a source began; `before`: the crawl that asks."""
    newest = select(func.max(t.capture.c.id)).where(
        t.capture.c.source == OF_SOURCE, t.capture.c.run.not_in(_runs_of(before))
    )
    begun = t.run.alias()
    query = (
        select(begun.c.started)
        .select_from(t.capture)
        .join(t.run, t.run.c.id == t.capture.c.run)
        .join(begun, begun.c.id == t.run.c.crawl)
        .where(t.capture.c.id == newest.scalar_subquery())
    )
    started = db.execute(query, {"source": source}).scalar()
    return None if started is None else datetime.fromisoformat(started)


def unconfirmed(db: Connection, source: str) -> list[str]:
    """Addresses of copies that were missing when last asked for and do not yet count as gone.

    The longest unseen first.
    """
    seen = select(func.max(t.sighting.c.capture)).where(t.sighting.c.witness == t.witness.c.id)
    query = (
        select(t.witness.c.url)
        .join(
            t.capture,
            (t.capture.c.source == t.witness.c.source) & (t.capture.c.url == t.witness.c.url),
        )
        .join(t.missing, t.missing.c.capture == t.capture.c.id)
        .where(t.witness.c.source == OF_SOURCE, t.capture.c.id > seen.scalar_subquery())
        .group_by(t.witness.c.url)
        .order_by(func.max(t.capture.c.id))
    )
    return list(db.execute(query, {"source": source}).scalars())


def seen_elsewhere(db: Connection, source: str, locator: str) -> str | None:
    """The address of the page on which a copy was first seen, where that is not its own."""
    query = (
        select(t.capture.c.url)
        .join(t.sighting, t.sighting.c.capture == t.capture.c.id)
        .join(t.witness, t.witness.c.id == t.sighting.c.witness)
        .where(
            t.witness.c.source == OF_SOURCE,
            t.witness.c.locator == bindparam("locator"),
            t.witness.c.url != t.capture.c.url,
            t.sighting.c.reading.is_not(None),
        )
        .order_by(t.capture.c.id)
        .limit(1)
    )
    return db.execute(query, {"source": source, "locator": locator}).scalar()


def last_index_page(
    db: Connection, source: str, pattern: str, *, is_like: bool, before: str
) -> datetime | None:
    """When an index page whose address fits a pattern, or does not, was last seen.

    The pattern is one of SQLite's GLOB. `before`: the crawl that asks.
    """
    fits = t.capture.c.url.op("GLOB", is_comparison=True)(pattern)
    query = (
        select(t.capture.c.fetched_at)
        .join(t.index_page, t.index_page.c.capture == t.capture.c.id)
        .where(
            t.capture.c.source == OF_SOURCE,
            t.capture.c.run.not_in(_runs_of(before)),
            fits if is_like else ~fits,
        )
        .order_by(t.index_page.c.capture.desc())
        .limit(1)
    )
    seen = db.execute(query, {"source": source}).scalar()
    return None if seen is None else datetime.fromisoformat(seen)


def has_new_index_page(db: Connection, source: str, crawl: str) -> bool:
    """Whether a crawl met an index page that is new, or has changed."""
    query = (
        select(t.index_page.c.capture)
        .join(t.capture, t.capture.c.id == t.index_page.c.capture)
        .where(
            t.capture.c.source == OF_SOURCE,
            t.capture.c.run.in_(_runs_of(crawl)),
            t.capture.c.revisit_of.is_(None),
        )
        .limit(1)
    )
    return db.execute(query, {"source": source}).first() is not None


def last_pages(
    db: Connection, source: str, beginning: str, before: str
) -> list[tuple[str, Location]]:
    """The pages whose addresses begin so, as they last came before a crawl."""
    newest = (
        select(func.max(t.capture.c.id))
        .where(
            t.capture.c.source == OF_SOURCE,
            t.capture.c.url >= beginning,
            t.capture.c.url < beginning + LAST_CHARACTER,
            t.capture.c.outcome == "ok",
            t.capture.c.run.not_in(_runs_of(before)),
        )
        .group_by(t.capture.c.url)
    )
    query = CAPTURES_WITH_BODIES.where(t.capture.c.id.in_(newest))
    return [(row.url, body_of(row)) for row in db.execute(query, {"source": source})]


def _runs_of(crawl: str) -> Select[tuple[str]]:
    return select(t.run.c.id).where(t.run.c.crawl == crawl)


def unsettled(
    db: Connection, source: str, urls: Sequence[str], redirects: int = MOST_REDIRECTS
) -> list[str]:
    """Those of a source's addresses of which nobody knows yet what is there.

    Of one that leads on, it is known where it is known of the address that it leads to.
    """
    known: set[str] = set()
    leads: dict[str, str] = {}
    for start in range(0, len(urls), AT_A_TIME):
        wanted = {"source": source, "urls": list(urls[start : start + AT_A_TIME])}
        known.update(db.execute(_SETTLED, wanted).scalars())
        leads.update(db.execute(_LEADS, wanted).tuples().all())
    open_ = {url: target for url, target in leads.items() if url not in known}
    if open_ and redirects:
        unknown = set(unsettled(db, source, list(set(open_.values())), redirects - 1))
        known.update(url for url, target in open_.items() if target not in unknown)
    return [url for url in urls if url not in known]


def _response(db: Connection, query: Select[Any], wanted: dict[str, str]) -> LastResponse | None:
    row = db.execute(query, wanted).first()
    return None if row is None else LastResponse(*row.tuple())
