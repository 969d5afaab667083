"""What the store knows of a source's numbered pages: where a walk through them stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

NUMBER = "cablecrawl_number"
"""Key of Request.meta: the number of a page that a walk asks for."""

# Numbers are cast from what stands behind the prefix: SQLite reads digits up to the first other
# character. A cable counts at its lowest number: some sites show the last over and over.
_HIGHEST_CABLE = text("""
    SELECT min(CAST(substr(witness.locator, :length + 1) AS INTEGER)) AS number, witness.stated_id
    FROM witness JOIN source ON source.id = witness.source
    WHERE source.name = :source AND substr(witness.locator, 1, :length) = :prefix
    GROUP BY witness.reference_id ORDER BY number DESC LIMIT 1
""")
_ASKED = text(f"""
    SELECT max(json_extract(request, '$.meta.{NUMBER}')), min(id)
    FROM frontier
    WHERE source = :source AND request LIKE '%"{NUMBER}"%'
""")
_FIRST_ASKED = text("SELECT json_extract(request, '$.url') FROM frontier WHERE id = :row")
_BEHIND = text("""
    SELECT CAST(substr(capture.url, :length + 1) AS INTEGER) AS number,
           capture.outcome, capture.status,
           EXISTS (SELECT 1 FROM problem WHERE problem.capture = capture.id) AS has_problem
    FROM capture JOIN run ON run.id = capture.run JOIN source ON source.id = capture.source
    WHERE source.name = :source AND run.crawl = :crawl AND capture.is_read = 1
        AND substr(capture.url, 1, :length) = :prefix AND number > :last_found
    ORDER BY capture.id
""")


class Asked(NamedTuple):
    """What a crawl that was cut short has asked for."""

    highest: int
    url: str
    """The address of the first."""


class Seen(NamedTuple):
    """What came of asking for a numbered page."""

    number: int
    outcome: str
    status: int | None
    has_problem: bool


def highest_cable(db: Connection, source: str, prefix: str) -> tuple[int, str] | None:
    """The highest number at which a source was ever seen to have a cable, and its stated ID.

    `prefix`: what stands before the number in a locator, `/cable.php?id=`.
    """
    values = {"source": source, "prefix": prefix, "length": len(prefix)}
    row = db.execute(_HIGHEST_CABLE, values).first()
    return None if row is None else (int(row.number), str(row.stated_id))


def numbers_asked(db: Connection, source: str) -> Asked | None:
    """How far the unfinished crawl of a source has asked; None where it walks through nothing."""
    highest, row = db.execute(_ASKED, {"source": source}).one()
    if highest is None:
        return None
    return Asked(int(highest), str(db.execute(_FIRST_ASKED, {"row": row}).scalar_one()))


def numbers_seen(
    db: Connection, source: str, crawl: str, prefix: str, last_found: int
) -> Iterator[Seen]:
    """What a crawl has met behind a number; `prefix` is that of the addresses."""
    values = {"source": source, "crawl": crawl, "prefix": prefix, "length": len(prefix)}
    for row in db.execute(_BEHIND, {**values, "last_found": last_found}):
        yield Seen(row.number, row.outcome, row.status, bool(row.has_problem))
