"""What the database says that the WARC files hold, and what rests on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from cablecrawl.store import tables as t

# SQLite takes 32,766 variables in a statement, and parses fewer in less time.
AT_A_TIME = 500


class CaptureRow(NamedTuple):
    """A row of the capture table."""

    id: int
    capture_id: str
    run: str
    source: str
    url: str
    via: str | None
    fetched_at: str
    outcome: str
    status: int | None
    flags: str
    detail: str | None
    warc: str
    offset: int
    length: int
    payload_sha256: str
    payload_length: int
    revisit_of: str | None
    etag: str | None
    last_modified: str | None
    robots: str | None

    @property
    def end(self) -> int:
        """Where its exchange ends in the file."""
        return self.offset + self.length


class RunRow(NamedTuple):
    """A row of the run table, as far as WARC files tell of it too."""

    spider: str
    crawl: str
    details: str


_CAPTURE = select(
    *(
        func.coalesce(t.source.c.name, "").label("source")
        if name == "source"
        else t.capture.c[name]
        for name in CaptureRow._fields
    )
).join(t.source, isouter=True)
_CABLES: Select[Any] = (
    select(t.sighting.c.capture, t.witness.c.reference_id)
    .join(t.witness, t.witness.c.id == t.sighting.c.witness)
    .distinct()
)


class Rows:
    """Questions to the database about WARC files."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of_file(self, warc: str) -> Iterator[CaptureRow]:
        """The captures that a file should hold, in its order; streamed."""
        query = _CAPTURE.where(t.capture.c.warc == warc).order_by(t.capture.c.offset)
        for row in self._db.execute(query.execution_options(yield_per=1000)):
            yield CaptureRow(*row)

    def files(self) -> list[str]:
        """The WARC files that captures name, sorted."""
        return list(
            self._db.execute(
                select(t.capture.c.warc).distinct().order_by(t.capture.c.warc)
            ).scalars()
        )

    def committed_end(self, warc: str) -> int:
        """Where the last committed exchange of a file ends; 0 where it has none."""
        end = select(func.max(t.capture.c.offset + t.capture.c.length))
        return self._db.execute(end.where(t.capture.c.warc == warc)).scalar() or 0

    def capture(self, capture_id: str) -> CaptureRow | None:
        """The row of a capture."""
        row = self._db.execute(_CAPTURE.where(t.capture.c.capture_id == capture_id)).first()
        return None if row is None else CaptureRow(*row)

    def same_payload(self, row: CaptureRow) -> CaptureRow | None:
        """Another capture of the same body, if there is one."""
        query = _CAPTURE.where(
            t.capture.c.payload_sha256 == row.payload_sha256,
            t.capture.c.id != row.id,
            t.capture.c.revisit_of.is_(None),
        )
        found = self._db.execute(query.limit(1)).first()
        return None if found is None else CaptureRow(*found)

    def cables_on(self, captures: Sequence[int]) -> list[str]:
        """The reference IDs of the cables that these captures have met, sorted."""
        found = set()
        for start in range(0, len(captures), AT_A_TIME):
            part = captures[start : start + AT_A_TIME]
            for row in self._db.execute(_CABLES.where(t.sighting.c.capture.in_(part))):
                found.add(row.reference_id)
        return sorted(found)

    def run(self, run: str) -> RunRow | None:
        """What is known of a run."""
        row = self._db.execute(
            select(t.run.c.spider, t.run.c.crawl, t.run.c.details).where(t.run.c.id == run)
        ).first()
        return None if row is None else RunRow(*row)
