"""Texts and names of a cable that reparses no longer gave: they hide, and are hidden, still."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from cablecrawl.store import tables as t

NAME_FIELDS = ("subject", "title")
"""Fields of the claims that call a cable by a name."""


@dataclass(frozen=True, slots=True)
class Former:
    """The former texts and names of a cable; by default it has none."""

    texts: frozenset[str] = frozenset()
    """Header, line break and body each, as `text_of` has a reading."""
    names: frozenset[str] = frozenset()
    """Subjects and titles."""


NOTHING_FORMER = Former()


def former_of(connection: Connection, reference_id: str) -> Former:
    """What the store keeps of it: two looks into an index, where there is nothing."""
    wanted = {"reference_id": reference_id}
    texts = (f"{row.header}\n{row.body}" for row in connection.execute(_TEXTS, wanted))
    return Former(frozenset(texts), frozenset(connection.execute(_NAMES, wanted).scalars()))


_TEXTS = select(t.former_reading.c.header, t.former_reading.c.body).where(
    t.former_reading.c.reference_id == bindparam("reference_id")
)
_NAMES = select(t.former_claim.c.value).where(
    t.former_claim.c.reference_id == bindparam("reference_id"),
    t.former_claim.c.field.in_(NAME_FIELDS),
)
