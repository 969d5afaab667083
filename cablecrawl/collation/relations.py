"""How the readings of a cable relate, as records: every two of its texts, and links elsewhere.

No family tree is drawn from them. That two copies agree in what is right proves nothing, and an
extract does not tell from which of the fuller texts it was cut; only shared errors, dates and
statements could, and those are for the reader of the records to weigh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cablecrawl.collation.collation import Collation
from cablecrawl.collation.links import Cables, Link, links_of
from cablecrawl.records import RelationRecord


def cable_relations(collation: Collation, cables: Cables) -> list[RelationRecord]:
    """The relations of a cable; `cables` finds those that it is linked to."""
    return relations_of(collation.cable.reference_id, collation, links_of(collation.cable, cables))


def relations_of(
    reference_id: str, collation: Collation, links: Iterable[Link]
) -> list[RelationRecord]:
    """The relations of a cable's texts, then its links; sorted."""
    found = [*_pairs(reference_id, collation), *_links(reference_id, links)]
    return sorted(
        found,
        key=lambda record: (
            record.reading_sha256,
            record.other_reference_id or "",
            record.other_as_stated or "",
            record.other_reading_sha256 or "",
            record.relation,
        ),
    )


def _pairs(reference_id: str, collation: Collation) -> Iterator[RelationRecord]:
    for left, right, comparison in collation.pairs():
        if comparison.direction == "backward":
            left, right = right, left
        yield RelationRecord(
            reference_id,
            left,
            comparison.relation,
            reference_id,
            None,
            right,
            comparison.direction != "both",
            comparison.basis,
            comparison.score,
        )


def _links(reference_id: str, links: Iterable[Link]) -> Iterator[RelationRecord]:
    for link in links:
        yield RelationRecord(
            reference_id,
            link.sha256,
            link.relation,
            link.reference_id,
            link.stated,
            link.other_sha256,
            True,
            link.basis,
            link.score,
        )
