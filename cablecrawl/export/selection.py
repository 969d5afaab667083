"""Which cables are exported, where not all are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cablecrawl.errors import CableCrawlError
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.reference_id import parse, year_of

YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a cable must have; of each kind one is enough, and of kinds that name none, nothing."""

    origins: frozenset[str] = frozenset()
    """Posts as `origin` has them, in small letters."""
    years: frozenset[int] = frozenset()
    """Of the reference ID."""
    tags: frozenset[str] = frozenset()
    """In capitals."""
    reference_ids: frozenset[str] = frozenset()
    """Canonical."""
    has_changed: bool = False
    """Only cables that have changed since the moment since which changes are told."""

    @property
    def is_whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Selection()

    def cables(self, store: Snapshot) -> Iterator[StoredCable]:
        """The cables of a store that may be selected, by reference ID; others are not read."""
        if self.reference_ids:
            found = (store.cable(reference_id) for reference_id in sorted(self.reference_ids))
            yield from (cable for cable in found if cable is not None)
        else:
            yield from store.cables()

    def has(self, cable: ExportedCable) -> bool:
        """Whether a cable is selected."""
        if self.years and year_of(cable.stored.reference_id) not in self.years:
            return False
        if self.has_changed and not cable.changes:
            return False
        if self.origins and (cable.record.origin or "").casefold() not in self.origins:
            return False
        return not self.tags or not self.tags.isdisjoint(cable.record.tags)

    def stated(self) -> dict[str, Any] | None:
        """As the manifest has it; None: of all cables."""
        if self.is_whole:
            return None
        return {
            "origin": sorted(self.origins),
            "year": sorted(self.years),
            "tag": sorted(self.tags),
            "reference_id": sorted(self.reference_ids),
            "changed_since": self.has_changed,
        }


def read_selection(
    *,
    origins: list[str],
    years: list[str],
    tags: list[str],
    reference_ids: list[str],
    has_changed: bool,
) -> Selection:
    """A selection as a user states it. Raises CableCrawlError."""
    return Selection(
        frozenset(origin.casefold() for origin in origins),
        frozenset(year for stated in years for year in _years(stated)),
        frozenset(tag.upper() for tag in tags),
        frozenset(map(_canonical, reference_ids)),
        has_changed,
    )


def _years(stated: str) -> range:
    match = YEARS.fullmatch(stated)
    if match is None:
        raise CableCrawlError(f"--year {stated}: is no year, nor two (2007 or 2005-2007)")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise CableCrawlError(f"--year {stated}: ends before it begins")
    return range(first, last + 1)


def _canonical(stated: str) -> str:
    found = parse(stated)
    if found is None:
        raise CableCrawlError(f"--reference-id {stated}: is no reference ID, such as 07ASTANA1033")
    return found.canonical
