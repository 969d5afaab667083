"""What the store knows of the pages of a source: when they were asked for, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from cablecrawl.store import tables as t
from cablecrawl.store.queries import OF_SOURCE

# SQLite takes 32,766 variables in a statement, and parses fewer in less time.
AT_A_TIME = 500

# A page that is not there is known too: it is asked for in rotation, and not at each crawl.
GONE_STATUSES = (404, 410)
SETTLED = or_(t.capture.c.outcome == "ok", t.capture.c.status.in_(GONE_STATUSES))
"""That a capture tells what is at its address; of one that failed nobody knows."""


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


_ORIGINAL = t.capture.alias("original")
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
_SAME = _LAST.where(t.capture.c.payload_sha256 == bindparam("payload_sha256"))
_SETTLED = (
    select(t.capture.c.url)
    .where(
        t.capture.c.source == OF_SOURCE,
        t.capture.c.url.in_(bindparam("urls", expanding=True)),
        SETTLED,
    )
    .distinct()
)


def last_response(db: Connection, source: str, url: str) -> LastResponse | None:
    """The page of an address as it last came whole."""
    return _response(db, _LAST, {"source": source, "url": url})


def same_response(
    db: Connection, source: str, url: str, payload_sha256: str
) -> LastResponse | None:
    """The last time that the page of an address came with this very body."""
    wanted = {"source": source, "url": url, "payload_sha256": payload_sha256}
    return _response(db, _SAME, wanted)


def sources_with_captures(db: Connection, names: Sequence[str]) -> set[str]:
    """Those of the sources of which something was captured."""
    captured = select(t.capture.c.id).where(t.capture.c.source == t.source.c.id).exists()
    return set(
        db.execute(select(t.source.c.name).where(t.source.c.name.in_(names), captured)).scalars()
    )


def unsettled(db: Connection, source: str, urls: Sequence[str]) -> list[str]:
    """Those of a source's addresses of which nobody knows yet what is there."""
    known: set[str] = set()
    for start in range(0, len(urls), AT_A_TIME):
        part = list(urls[start : start + AT_A_TIME])
        known.update(db.execute(_SETTLED, {"source": source, "urls": part}).scalars())
    return [url for url in urls if url not in known]


def _response(db: Connection, query: Select[Any], wanted: dict[str, str]) -> LastResponse | None:
    row = db.execute(query, wanted).first()
    return None if row is None else LastResponse(*row.tuple())
