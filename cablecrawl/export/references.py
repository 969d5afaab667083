"""The references of a cable, each with the cable that it means, as far as the store tells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from sqlalchemy import Connection, bindparam, func, select

from cablecrawl.citations import Citation, Citing, Known, resolve
from cablecrawl.records import ReferenceRecord
from cablecrawl.store import tables as t

# What the text of such a reading cites, it cites in a year that the page does not tell.
OF_ANOTHER_CABLE = "wrong_body"

# A cable is asked for again soon or never: its references are near it in the order of IDs.
REMEMBERED = 4096

# One row always: how often the cable is there, and the earliest Created that a page states.
CREATED = (
    select(func.count(t.witness.c.id), func.min(t.claim.c.value))
    .select_from(t.witness)
    .join(t.reading, t.reading.c.witness == t.witness.c.id, isouter=True)
    .join(
        t.claim,
        (t.claim.c.reading == t.reading.c.id) & (t.claim.c.field == "created"),
        isouter=True,
    )
    .where(t.witness.c.reference_id == bindparam("reference_id"))
)


def known_cables(connection: Connection) -> Known:
    """When a cable of the store was created; found by index, and remembered for a while."""

    @lru_cache(REMEMBERED)
    def created(reference_id: str) -> str | None:
        there, earliest = connection.execute(CREATED, {"reference_id": reference_id}).one()
        return (earliest or "") if there else None

    return created


class Citer(Protocol):
    """A cable as its record has it, in so far as that tells what it refers to."""

    @property
    def reference_id(self) -> str: ...

    @property
    def created(self) -> str | None: ...

    @property
    def references(self) -> list[str]: ...

    @property
    def flags(self) -> list[str]: ...


def citations_of(cable: Citer, known: Known) -> list[Citation]:
    """The references of a cable's chosen reading, in its order, each with the cable it means."""
    citing = Citing(cable.reference_id, cable.created)
    is_own_text = OF_ANOTHER_CABLE not in cable.flags
    return [
        resolve(written, citing if is_own_text else None, known) for written in cable.references
    ]


def references_of(cable: Citer, known: Known) -> Iterator[ReferenceRecord]:
    """One record for each reference of a cable's chosen reading, in its order."""
    for ordinal, found in enumerate(citations_of(cable, known)):
        yield ReferenceRecord(
            cable.reference_id,
            ordinal,
            found.as_written,
            found.resolved,
            list(found.candidates),
            found.basis,
            found.resolved is not None and known(found.resolved) is not None,
        )
