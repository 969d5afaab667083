"""WikiLeaks releases, and which of them a copy of a page comes from: releases.toml as data."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from cablecrawl.reference_id import parse
from cablecrawl.registry import RegistryError, Table, read_tables

ReleaseKind = Literal[
    "website_build",
    "website_builds",
    "archive",
    "publication",
    "database",
    "site_edition",
]
Basis = Literal["counter", "template_fingerprint"]
Confidence = Literal["asserted", "inferred_strong", "inferred_weak", "contradicted"]

_RELEASES: Traversable = files("cablecrawl") / "releases.toml"

# The left-hand pane is written once for a build and put on all its pages.
CHROME_START = "<div class='pane small'>"
CHROME_END = "<div class='pane big'>"

# "Twitter this" and "Digg this page" carry the address of the page they stand on: all that
# differs between the panes of one build (6,412 real pages of 17 builds).
BEFORE_PAGE_ADDRESS = ("?status=Reading%20", "/submit?url=")
PAGE_ADDRESS = "http%3A%2F%2F"

SHA256_HEX = re.compile(r"[0-9a-f]{64}")
RELEASE_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# A month, a day, or a day and minute. No release states its time zone.
RELEASE_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2})?)?")
MONTH, DAY, MINUTE = len("2011-09"), len("2011-09-02"), len("2011-09-02T02:12")
# "133877: Deutsche Welle"
STATED_COUNT = re.compile(r"(?P<cables>\d{1,6}): (?P<by>\S.*)")


class ReleasesError(RegistryError):
    """The registry of releases is wrong; the message is one line."""


class StatedCount(NamedTuple):
    """How many cables a release had, as somebody says."""

    cables: int
    by: str


@dataclass(frozen=True, slots=True)
class Release:
    """A WikiLeaks publication: a build of its website, or another dated state of the cables."""

    id: str
    """What records call it; unique."""
    label: str
    """What it is called where it is named: `cablegate-201012011021.7z`, `cablebrowser-2`."""
    counters: tuple[int, ...]
    """N of "Currently released so far... N / 251,287" on its pages."""
    archives: tuple[str, ...]
    """File names of the archives that hold it."""
    chrome_sha256: tuple[str, ...]
    """`chrome_fingerprint` of its pages, where pages were at hand."""
    max_released: str | None
    """The latest Released stamp on its pages, `2010-12-01T09:09`; no time zone is stated."""
    publisher: str
    """Who published it, or `unknown`."""
    kind: ReleaseKind
    """`website_build`: pages with a counter; `website_builds`: several, known only together;
    `archive`: files to download; `publication`: known by its day; `database`: a site of its own;
    `site_edition`: a label on another site's pages."""
    date: str | None
    """When it was made, to the month, day or minute, as its archive's name or `authority` has
    it; of several builds, when the last was."""
    authority: str
    """Who says so, or on what it was measured."""
    verified: bool
    """Whether as many pages of it were seen as it says it has."""
    note: str
    """What else is known, and what is not."""
    stated_counts: tuple[StatedCount, ...] = ()
    """How many cables others say it had, where they do not agree or nobody counted."""
    stamp_of_every_page: str | None = None
    """The Released stamp that every page of it seen has, where they all have one."""
    cables: tuple[str, ...] = ()
    """The reference IDs of its cables, where it has a few that are known by name."""

    @property
    def last_stamp(self) -> str | None:
        """The latest Released stamp that a page of it can have; None: not known.

        `max_released` of a build of which every page was seen.
        """
        return self.max_released if self.verified else None


_KEYS = tuple(field.name for field in fields(Release) if field.name != "id")


@dataclass(frozen=True, slots=True)
class ReleaseMatch:
    """One reason to think that a page comes from a release."""

    release: Release
    basis: Basis
    """`counter`: the page says its number; `template_fingerprint`: its left-hand pane."""
    confidence: Confidence
    """`asserted`: the page says so; `inferred_strong`: the pane is known from that build
    only; `inferred_weak`: the number fits, but fits another build as well, or the pane
    differs; `contradicted`: number and pane name different builds."""


class Naming(NamedTuple):
    """What one claim says of the release that a page comes from."""

    release: str
    """Its ID, or the label that the page gives it."""
    basis: str
    confidence: str


def named_release(namings: Iterable[Naming]) -> str | None:
    """The release that a page is said to come from; None: nothing, or more than one thing, is said.

    What is contradicted does not count, and what is inferred only where nobody states it.
    """
    by_confidence: dict[str, set[str]] = {}
    for naming in namings:
        by_confidence.setdefault(naming.confidence, set()).add(naming.release)
    for confidence in ("asserted", "inferred_strong", "inferred_weak"):
        if named := by_confidence.get(confidence):
            return named.pop() if len(named) == 1 else None
    return None


class Releases:
    """The releases known, in the order of the registry."""

    def __init__(self, releases: Sequence[Release]) -> None:
        """Raises ReleasesError when two releases share an ID or a fingerprint."""
        self._releases = tuple(releases)
        self._by_chrome: dict[str, Release] = {}
        self._places: dict[str, int] = {}
        labels: dict[str, str] = {}
        for place, release in enumerate(releases):
            if release.id in self._places:
                raise ReleasesError(f"[{release.id}]: two releases have this ID")
            self._places[release.id] = place
            other = labels.setdefault(release.label, release.id)
            if other != release.id:
                raise ReleasesError(f"[{release.id}] label: {release.label} is [{other}]'s")
            for chrome in release.chrome_sha256:
                if chrome in self._by_chrome:
                    other = self._by_chrome[chrome].id
                    raise ReleasesError(f"[{release.id}] chrome_sha256: {chrome} is [{other}]'s")
                self._by_chrome[chrome] = release

    def __iter__(self) -> Iterator[Release]:
        return iter(self._releases)

    def __len__(self) -> int:
        return len(self._releases)

    def __getitem__(self, place: int) -> Release:
        return self._releases[place]

    def by_id(self, release_id: str) -> Release | None:
        """The release of this ID."""
        place = self._places.get(release_id)
        return None if place is None else self[place]

    def place(self, release_id: str) -> int | None:
        """Where it stands in the order of publication, from 0; None: it is not in the registry."""
        return self._places.get(release_id)

    def span(self, namings: Iterable[Naming]) -> tuple[int, int] | None:
        """The first and last place of the releases that a page may come from; None: not known."""
        places = [
            place
            for naming in namings
            if naming.confidence != "contradicted"
            and (place := self.place(naming.release)) is not None
        ]
        return (min(places), max(places)) if places else None

    def is_older(self, namings: Iterable[Naming], newest: str | None) -> bool:
        """Whether a page comes from a release older than this one, whichever it comes from."""
        span = self.span(namings)
        place = None if newest is None else self.place(newest)
        return span is not None and place is not None and span[1] < place

    def first(self, reference_id: str | None) -> Release | None:
        """The first dated release that can have had this cable; None: no release is dated."""
        return next(
            (
                release
                for release in self
                if release.date and (not release.cables or reference_id in release.cables)
            ),
            None,
        )

    def by_stamp(self, stamp: str) -> Release | None:
        """The release whose pages all have this Released stamp."""
        return next((release for release in self if release.stamp_of_every_page == stamp), None)

    def by_counter(self, counter: int) -> tuple[Release, ...]:
        """The builds with this number; 926 is two."""
        return tuple(release for release in self if counter in release.counters)

    def by_chrome(self, chrome: str) -> Release | None:
        """The build whose pages have this `chrome_fingerprint`."""
        return self._by_chrome.get(chrome)

    def by_label(self, label: str) -> Release | None:
        """The release of this label, as a page names it: `cablebrowser-2`."""
        return next((release for release in self if release.label == label), None)

    def match(self, counter: int | None, chrome: str | None) -> list[ReleaseMatch]:
        """What a page's counter and fingerprint say about its build; [] when nothing is known."""
        numbered = () if counter is None else self.by_counter(counter)
        recognised = None if chrome is None else self.by_chrome(chrome)
        if recognised is None:
            alone = len(numbered) == 1
            # A rewritten copy (wget, HTTrack), or another build of the same number.
            unlike = chrome is not None and any(release.chrome_sha256 for release in numbered)
            confidence: Confidence = "asserted" if alone and not unlike else "inferred_weak"
            return [ReleaseMatch(release, "counter", confidence) for release in numbered]
        if recognised in numbered:
            return [
                ReleaseMatch(recognised, "counter", "asserted"),
                ReleaseMatch(recognised, "template_fingerprint", "inferred_strong"),
            ]
        if counter is None:
            return [ReleaseMatch(recognised, "template_fingerprint", "inferred_strong")]
        return [
            *(ReleaseMatch(release, "counter", "contradicted") for release in numbered),
            ReleaseMatch(recognised, "template_fingerprint", "contradicted"),
        ]


def chrome_span(document: str) -> tuple[int, int] | None:
    """Where the left-hand pane of a WikiLeaks page stands; None when the document has none."""
    start = document.find(CHROME_START)
    end = document.find(CHROME_END, start)
    return None if start < 0 or end < 0 else (start, end)


def chrome_fingerprint(document: str, shared: str = "") -> str | None:
    """SHA-256, in hex, of the left-hand pane of a WikiLeaks page, cable or index.

    The pane runs from CHROME_START to CHROME_END, less the address of the page in its two
    sharing links; it is hashed as UTF-8. None when the document has no such pane. `shared`:
    what the document begins with as others of its build do (`PageText.shared`).
    """
    span = chrome_span(document)
    if span is None:
        return None
    start, end = span
    if not (start < len(shared) <= end and _has_no_address(shared)):
        return _sha256(_without_addresses(document[start:end]))
    return _sha256_of_pane(shared, start, _without_addresses(document[len(shared) : end]))


def _without_addresses(pane: str) -> str:
    for link in BEFORE_PAGE_ADDRESS:
        # By find, not by a pattern: the pane is most of the page (0.25 ms a page).
        position = 0
        while (position := pane.find(link + PAGE_ADDRESS, position)) != -1:
            position += len(link)
            end = pane.find("'", position)
            pane = pane[:position] + (pane[end:] if end != -1 else "")
    return pane


@lru_cache(maxsize=64)
def _has_no_address(shared: str) -> bool:
    """Whether the addresses in a pane stand behind what it shares, none of them across its end."""
    return shared.endswith(">") and not any(link in shared for link in BEFORE_PAGE_ADDRESS)


# The pane is most of the page, and its end all that differs: hashed once, 0.05 ms a page less.
@lru_cache(maxsize=64)
def _sha256_of_pane(shared: str, start: int, rest: str) -> str:
    return _sha256(shared[start:] + rest)


def _sha256(pane: str) -> str:
    return hashlib.sha256(pane.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def load_releases() -> Releases:
    """The registry that comes with CableCrawl. Raises ReleasesError."""
    return read_releases(_RELEASES)


def read_releases(path: Path | Traversable) -> Releases:
    """A registry of releases, in the order of publication. Raises ReleasesError."""
    releases: list[Release] = []
    latest = ""
    for table in read_tables(path, ReleasesError):
        release = _read_release(table)
        releases.append(release)
        if release.date is None:
            continue
        # To the precision of both: a month holds all its days.
        precision = min(len(release.date), len(latest))
        if release.date[:precision] < latest[:precision]:
            table.fail("date", f"is before {latest}, that of a release above it")
        latest = max(latest, release.date)
    return Releases(releases)


def period(date: str) -> tuple[datetime, datetime]:
    """The first and the last moment of a month, day, minute or second as dates are written here.

    No time zone is stated, and none is meant.
    """
    start = datetime.fromisoformat(f"{date}-01" if len(date) == MONTH else date)
    if len(date) == MONTH:
        following = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
        return start, following - timedelta(seconds=1)
    lasts = {DAY: timedelta(days=1), MINUTE: timedelta(minutes=1)}.get(len(date))
    return start, start + (lasts or timedelta(seconds=1)) - timedelta(seconds=1)


def _read_release(table: Table) -> Release:
    if not RELEASE_ID.fullmatch(table.name):
        raise ReleasesError(f"{table.file}: [{table.name}]: an ID is of a-z, 0-9 and hyphens")
    release = Release(
        id=table.name,
        label=table.text("label"),
        counters=table.wholes("counters", ()),
        archives=table.texts("archives", ()),
        chrome_sha256=table.texts("chrome_sha256", ()),
        max_released=_read_stamp(table, "max_released"),
        publisher=table.text("publisher"),
        kind=cast(ReleaseKind, table.choice("kind", get_args(ReleaseKind))),
        date=_read_date(table, "date"),
        authority=table.text("authority"),
        verified=table.flag("verified"),
        note=table.text("note", ""),
        stated_counts=_read_counts(table),
        stamp_of_every_page=_read_stamp(table, "stamp_of_every_page"),
        cables=table.texts("cables", ()),
    )
    table.finish(_KEYS)
    _check_kind(table, release)
    for chrome in release.chrome_sha256:
        if not SHA256_HEX.fullmatch(chrome):
            table.fail("chrome_sha256", f"{chrome} is no SHA-256 in hex")
    return release


def _check_kind(table: Table, release: Release) -> None:
    """A counter and a pane are on the pages of a build; what has cables by name has proper names.

    And a build that was dated is not older than the latest stamp on its pages.
    """
    if release.kind != "website_build":
        for key in ("counters", "chrome_sha256", "max_released", "stamp_of_every_page"):
            if getattr(release, key):
                table.fail(key, f'only kind = "website_build" has it, and this is {release.kind}')
    if release.date and release.max_released:
        precision = min(len(release.date), len(release.max_released))
        if release.max_released[:precision] > release.date[:precision]:
            table.fail("max_released", f"is after date = {release.date}")
    for stated in release.cables:
        reference_id = parse(stated)
        if reference_id is None or reference_id.canonical != stated:
            table.fail("cables", f"{stated} is no reference ID; write it as 07ASTANA9033")


def _read_counts(table: Table) -> tuple[StatedCount, ...]:
    counts = []
    for value in table.texts("stated_counts", ()):
        stated = STATED_COUNT.fullmatch(value)
        if stated is None:
            table.fail("stated_counts", f'{value}: write it as "133877: Deutsche Welle"')
        counts.append(StatedCount(int(stated["cables"]), stated["by"]))
    return tuple(counts)


def _read_stamp(table: Table, key: str) -> str | None:
    value = table.optional_text(key)
    if value is not None and len(value) != MINUTE:
        table.fail(key, "must be YYYY-MM-DDTHH:MM")
    return _read_date(table, key)


def _read_date(table: Table, key: str) -> str | None:
    value = table.optional_text(key)
    if value is None:
        return None
    if not RELEASE_DATE.fullmatch(value):
        table.fail(key, "must be YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM")
    try:
        period(value)
    except ValueError:
        table.fail(key, "no such day or time")
    return value
