"""Which cables are exported, where not all are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cablecrawl.errors import CableCrawlError
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.reference_id import parse, year_of
from cablecrawl.trace.display import visible

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

    def by_option(self) -> dict[str, Collection[Any]]:
        """The names that it was given."""
        return {
            "origin": self.origins,
            "year": self.years,
            "tag": self.tags,
            "reference_id": self.reference_ids,
        }


class Selecting:
    """Selects cables, and remembers which of the names that it was given it met."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._met: dict[str, set[Any]] = {option: set() for option in selection.by_option()}

    def stated(self) -> dict[str, Any] | None:
        """What was selected as the manifest has it; None: all cables."""
        chosen = self._selection
        if chosen.is_whole:
            return None
        named = _sorted(chosen.by_option())
        return {**named, "changed_since": chosen.has_changed, "unmet": self.unmet()}

    def has(self, cable: ExportedCable) -> bool:
        """Whether a cable is selected."""
        chosen = self._selection
        reference_id = cable.stored.reference_id
        if not (
            self._is_met("reference_id", chosen.reference_ids, {reference_id})
            and self._is_met("year", chosen.years, {year_of(reference_id)})
        ):
            return False
        # Asked before what is read of the cable, which takes most of the time.
        if chosen.has_changed and not cable.changes:
            return False
        origin = (cable.record.origin or "").casefold()
        return self._is_met("origin", chosen.origins, {origin}) and self._is_met(
            "tag", chosen.tags, set(cable.record.tags)
        )

    def unmet(self) -> dict[str, list[Any]]:
        """Names by option that no cable has which the options before it leave.

        Of posts and tags nothing is said where only changed cables were looked at.
        """
        left = {
            option: set(asked) - self._met[option]
            for option, asked in self._selection.by_option().items()
            if not (self._selection.has_changed and option in ("origin", "tag"))
        }
        return {option: names for option, names in _sorted(left).items() if names}

    def _is_met(self, option: str, asked: Collection[Any], found: set[Any]) -> bool:
        """Whether one of those asked for is among what a cable has, or none is asked for."""
        met = found.intersection(asked)
        self._met[option] |= met
        return not asked or bool(met)


def read_selection(given: Mapping[str, list[str] | None], *, has_changed: bool) -> Selection:
    """A selection as a user states it: the values of each option, None of one that is not given.

    Years and reference IDs may be several in a value, by commas; a tag may have a comma itself.
    Raises CableCrawlError.
    """
    return Selection(
        frozenset(origin.casefold() for origin in given_names("--origin", given["origin"])),
        frozenset(
            year for stated in parted_names("--year", given["year"]) for year in _years(stated)
        ),
        frozenset(tag.upper() for tag in given_names("--tag", given["tag"])),
        frozenset(map(_canonical, parted_names("--reference-id", given["reference_id"]))),
        has_changed,
    )


def given_name(option: str, value: str) -> str:
    """What the value of an option names.

    Raises CableCrawlError where it is empty: what a script left empty must not select all.
    """
    name = value.strip()
    if not name:
        raise CableCrawlError(f"{option}: is empty; name something, or leave it out")
    return name


def given_names(option: str, values: list[str] | None) -> list[str]:
    """What each value of an option names; nothing where it is not given. Raises CableCrawlError."""
    return [given_name(option, value) for value in values or ()]


def parted_names(option: str, values: list[str] | None) -> list[str]:
    """The same of an option whose values name several, by commas."""
    parted = [value.strip(" ,").split(",") for value in given_names(option, values)]
    return [given_name(option, part) for parts in parted for part in parts]


def _sorted(names: Mapping[str, Collection[Any]]) -> dict[str, list[Any]]:
    return {option: sorted(of_option) for option, of_option in names.items()}


def _years(stated: str) -> range:
    match = YEARS.fullmatch(stated)
    if match is None:
        raise CableCrawlError(f"--year {visible(stated)}: is no year, nor two (2007 or 2005-2007)")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise CableCrawlError(f"--year {stated}: ends before it begins")
    return range(first, last + 1)


def _canonical(stated: str) -> str:
    found = parse(stated)
    if found is None:
        raise CableCrawlError(
            f"--reference-id {visible(stated)}: is no reference ID, such as 07ASTANA1033"
        )
    return found.canonical
