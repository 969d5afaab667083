"""The references of a cable, each with the cable that it means, as far as the store tells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import Connection, bindparam, func, select

from cablecrawl.citations import Citing, Known, resolve
from cablecrawl.records import CableRecord, ReferenceRecord
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


def references_of(cable: CableRecord, known: Known) -> Iterator[ReferenceRecord]:
    """One record for each reference of a cable's chosen reading, in its order."""
    citing = Citing(cable.reference_id, cable.created)
    is_own_text = OF_ANOTHER_CABLE not in cable.flags
    for ordinal, written in enumerate(cable.references):
        found = resolve(written, citing if is_own_text else None, known)
        yield ReferenceRecord(
            cable.reference_id,
            ordinal,
            written,
            found.resolved,
            list(found.candidates),
            found.basis,
            found.resolved is not None and known(found.resolved) is not None,
        )
