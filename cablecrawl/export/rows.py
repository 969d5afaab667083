"""Rows of the tables of an export, in the order of their columns.

Texts are what UTF-8 can say: a lone surrogate is written as `\\ud800`, as in CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import count
from operator import attrgetter
from typing import Any

from cablecrawl.export.columns import Kind
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.lines import encodable
from cablecrawl.export.tables import (
    CABLE_REFERENCES,
    CABLE_TAGS,
    CABLES,
    CAPTURES,
    CHANGES,
    CLAIMS,
    PROBLEMS,
    READING_RELEASES,
    READINGS,
    RELATIONS,
    RELEASES,
    STAYS,
    WITNESSES,
    Table,
)
from cablecrawl.records import CaptureRecord, ProblemRecord
from cablecrawl.reference_id import year_of

Row = tuple[Any, ...]
Written = tuple[Table, list[Row]]
"""A table, and rows of it."""

# Tables whose rows have a number.
NUMBERED = (WITNESSES, READINGS, CLAIMS, RELEASES, READING_RELEASES, RELATIONS, CHANGES, PROBLEMS)


class TableRows:
    """Makes rows, and gives them their numbers: one for each export."""

    def __init__(self) -> None:
        self._numbers = {table: count(1) for table in NUMBERED}

    def of_cable(self, cable: ExportedCable) -> Iterator[Written]:
        """All that a cable has."""
        record = cable.record
        reference_id = record.reference_id
        witness_ids = {id(witness): self._next(WITNESSES) for witness, _ in cable.copies}
        readings = {
            reading: (self._next(READINGS), witness_ids[id(witness)])
            for witness in cable.stored.witnesses
            for reading in witness.readings
        }
        yield (
            CABLES,
            [
                _cells(
                    CABLES,
                    record,
                    year=year_of(reference_id),
                    chosen_reading=readings[cable.chosen.latest][0],
                )
            ],
        )
        yield (
            CABLE_TAGS,
            [(reference_id, place, encodable(tag)) for place, tag in enumerate(record.tags)],
        )
        yield CABLE_REFERENCES, [_cells(CABLE_REFERENCES, each) for each in cable.references]
        yield (
            WITNESSES,
            [
                _cells(
                    WITNESSES,
                    of,
                    id=witness_ids[id(witness)],
                    reference_id=reference_id,
                    locator=witness.locator,
                    stated_id=witness.stated_id,
                    latest_reading=readings[witness.latest][0],
                )
                for witness, of in cable.copies
            ],
        )
        of_readings = list(zip(readings.values(), cable.readings, strict=True))
        yield (
            READINGS,
            [_cells(READINGS, of, id=own, witness=witness) for (own, witness), of in of_readings],
        )
        yield (
            STAYS,
            [
                (
                    witness_ids[id(witness)],
                    place,
                    None if stay.reading is None else readings[stay.reading][0],
                    stay.first_seen,
                    stay.last_seen,
                )
                for witness, _ in cable.copies
                for place, stay in enumerate(witness.course)
            ],
        )
        for (own, _), of in of_readings:
            yield CLAIMS, [self._numbered(CLAIMS, each, reading=own) for each in of.claims]
            yield (
                READING_RELEASES,
                [self._numbered(READING_RELEASES, each, reading=own) for each in of.releases],
            )
        yield (
            RELEASES,
            [self._numbered(RELEASES, each, reference_id=reference_id) for each in record.releases],
        )
        yield RELATIONS, [self._numbered(RELATIONS, each) for each in cable.relations]
        yield CHANGES, [self._numbered(CHANGES, each) for each in cable.changes]

    def of_capture(self, capture: CaptureRecord) -> Row:
        """A row of the captures."""
        return _cells(CAPTURES, capture)

    def of_problem(self, problem: ProblemRecord) -> Row:
        """A row of the problems."""
        return self._numbered(PROBLEMS, problem)

    def _numbered(self, table: Table, record: object, **more: Any) -> Row:
        return _cells(table, record, id=self._next(table), **more)

    def _next(self, table: Table) -> int:
        return next(self._numbers[table])


def cells_of(table: Table, values: Mapping[str, Any]) -> Row:
    """A row of values given by column."""
    return tuple(
        None if values[column.name] is None else ENCODABLE[column.kind](values[column.name])
        for column in table.columns
    )


def _cells(table: Table, record: object, **more: Any) -> Row:
    """A row of a record's fields, and of what it has not itself."""
    row = []
    for name, make, encode in _makers(table):
        value = more[name] if make is None else make(record)
        row.append(None if value is None else encode(value))
    return tuple(row)


@cache
def _makers(table: Table) -> list[tuple[str, Callable[[object], Any] | None, Encode]]:
    """Of each column: its name, what takes it from the record, and what makes a cell of it."""
    return [
        (
            column.name,
            attrgetter(column.field) if column.field else None,
            ENCODABLE[column.kind],
        )
        for column in table.columns
    ]


def _as_is(value: Any) -> Any:
    return value


def _texts(values: list[str]) -> list[str]:
    return [encodable(value) for value in values]


def _by_name(values: Mapping[str, Any]) -> dict[str, Any]:
    return {encodable(name): _plain(values[name]) for name in sorted(values)}


def _plain(value: Any) -> Any:
    """Of records: dictionaries, in the order of their fields."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


Encode = Callable[[Any], Any]

ENCODABLE: dict[Kind, Encode] = {
    Kind.TEXT: encodable,
    Kind.INTEGER: _as_is,
    Kind.REAL: _as_is,
    Kind.BOOLEAN: _as_is,
    Kind.TIME: _as_is,
    Kind.TEXTS: _texts,
    Kind.RECORD: _plain,
    Kind.RECORDS: _plain,
    Kind.COUNTS: _by_name,
    Kind.NAMED: _by_name,
}
