"""The references of all cables, by what they rest on, and the cables that the store has not.

They are put into a temporary table of the database's connection, beside what is read only: how
many different cables are cited is not known beforehand, and may be more than memory should hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from sqlalchemy import Connection

from cablecrawl.citations import Basis
from cablecrawl.export.references import citations_of, known_cables
from cablecrawl.report.numbers import CitationBasis, Cited
from cablecrawl.report.outlines import Outline
from cablecrawl.store.evidence import driver

MOST_CITED = 1000
"""References that are kept one by one: a table to read, not the network, which is exported."""

TABLE = """
CREATE TEMP TABLE citation (
    resolved TEXT NOT NULL,
    basis TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (resolved, basis)
) WITHOUT ROWID
"""
# A reference that is not resolved has "" there, which is no reference ID.
ADD = """
INSERT INTO citation VALUES (?, ?, 1) ON CONFLICT (resolved, basis) DO UPDATE SET times = times + 1
"""
IS_IN_STORE = "EXISTS (SELECT 1 FROM witness WHERE reference_id = resolved)"
BY_BASIS = f"""
SELECT basis, sum(times), sum(iif(resolved != '' AND {IS_IN_STORE}, times, 0)),
    sum(iif(resolved = '', times, 0))
FROM citation GROUP BY basis
"""
NOT_IN_STORE = f"""
SELECT resolved, sum(times) AS cited FROM citation
WHERE resolved != '' AND NOT {IS_IN_STORE} GROUP BY resolved
"""


class References:
    """Counts references as cables come."""

    def __init__(self, connection: Connection) -> None:
        self._known = known_cables(connection)
        self._database = driver(connection)
        self._database.execute("DROP TABLE IF EXISTS temp.citation")
        self._database.execute(TABLE)

    def add(self, cable: Outline) -> None:
        """Those of one cable."""
        rows = [(found.resolved or "", found.basis) for found in citations_of(cable, self._known)]
        self._database.executemany(ADD, rows)

    def by_basis(self) -> list[CitationBasis]:
        """In the order of `Basis`."""
        rows = {row[0]: row[1:] for row in self._database.execute(BY_BASIS)}
        return [
            CitationBasis(basis, times, there, times - there - unresolved, unresolved)
            for basis in get_args(Basis)
            if basis in rows
            for times, there, unresolved in [rows[basis]]
        ]

    def not_in_store(self) -> Iterator[str]:
        """The cables cited that the store has not, sorted."""
        yield from (row[0] for row in self._database.execute(f"{NOT_IN_STORE} ORDER BY resolved"))

    def most_cited(self) -> list[Cited]:
        """The first of them by how often they are cited, and then by ID."""
        query = f"{NOT_IN_STORE} ORDER BY cited DESC, resolved LIMIT {MOST_CITED}"
        return [Cited(*row) for row in self._database.execute(query)]
