"""All that an export says of a cable, made when a format first asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from cablecrawl.changed.changes import Changes
from cablecrawl.citations import Known
from cablecrawl.collation.collation import Collation
from cablecrawl.collation.relations import cable_relations
from cablecrawl.export.chosen import records_of
from cablecrawl.export.read import Snapshot, StoredCable, StoredWitness
from cablecrawl.export.references import references_of
from cablecrawl.records import (
    CableRecord,
    ChangeRecord,
    ReadingRecord,
    ReferenceRecord,
    RelationRecord,
    WitnessRecord,
)


def plain_text(of: CableRecord | ReadingRecord) -> str:
    """The header, an empty line and the body; without a header, the body."""
    return f"{of.header}\n\n{of.body}" if of.header else of.body


class ExportedCable:
    """A cable with its readings, and how it relates to others."""

    def __init__(
        self, stored: StoredCable, store: Snapshot, known: Known, changes: Callable[[], Changes]
    ) -> None:
        """`changes` gives those of the store, made when the first cable asks for its own."""
        self.stored = stored
        """As the store has it: witnesses with the course of what their captures met."""
        self._store = store
        self._known = known
        self._changes = changes

    @cached_property
    def collation(self) -> Collation:
        """How its texts relate."""
        return Collation(self.stored)

    @cached_property
    def _records(self) -> tuple[CableRecord, list[ReadingRecord]]:
        return records_of(self.stored, self.collation)

    @property
    def record(self) -> CableRecord:
        """A line of cables.jsonl."""
        return self._records[0]

    @property
    def readings(self) -> list[ReadingRecord]:
        """Lines of readings.jsonl: by source, locator, when first seen, and digest."""
        return self._records[1]

    @property
    def text(self) -> str:
        """The header, an empty line and the body; without a header, the body."""
        return plain_text(self.record)

    @cached_property
    def copies(self) -> list[tuple[StoredWitness, WitnessRecord]]:
        """Each copy as the store has it and as the record does: by source and address."""
        stored = sorted(self.stored.witnesses, key=lambda copy: (copy.source, copy.url))
        return list(zip(stored, self.record.witnesses, strict=True))

    @property
    def chosen(self) -> StoredWitness:
        """The copy whose latest reading stands for the cable."""
        return next(stored for stored, copy in self.copies if copy.relation == "chosen")

    @cached_property
    def relations(self) -> list[RelationRecord]:
        """Lines of relations.jsonl."""
        return cable_relations(self.collation, self._store.cable)

    @cached_property
    def references(self) -> list[ReferenceRecord]:
        """Lines of references.jsonl, one for each of the record's references."""
        return list(references_of(self.record, self._known))

    @cached_property
    def changes(self) -> list[ChangeRecord]:
        """Lines of changes.jsonl."""
        return self._changes().of(self.collation)
