"""WikiLeaks releases, and which of them a copy of a page comes from: releases.toml as data."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, cast, get_args

from cablecrawl.registry import RegistryError, Table, read_tables

ReleaseKind = Literal["website_build", "site_edition"]
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
# A day, or a day and minute. No release states its time zone.
RELEASE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2})?")


class ReleasesError(RegistryError):
    """The registry of releases is wrong; the message is one line."""


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
    """`website_build`: pages with a counter; `site_edition`: a label on another site's pages."""
    date: str | None
    """When it was made, to the day or minute, as its archive's name or `authority` has it."""
    authority: str
    """Who says so, or on what it was measured."""
    verified: bool
    """Whether as many pages of it were seen as it says it has."""
    note: str
    """What else is known, and what is not."""


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


class Releases:
    """The releases known, in the order of the registry."""

    def __init__(self, releases: Sequence[Release]) -> None:
        """Raises ReleasesError when two releases share an ID or a fingerprint."""
        self._releases = tuple(releases)
        self._by_chrome: dict[str, Release] = {}
        ids = set()
        for release in releases:
            if release.id in ids:
                raise ReleasesError(f"[{release.id}]: two releases have this ID")
            ids.add(release.id)
            for chrome in release.chrome_sha256:
                if chrome in self._by_chrome:
                    other = self._by_chrome[chrome].id
                    raise ReleasesError(f"[{release.id}] chrome_sha256: {chrome} is [{other}]'s")
                self._by_chrome[chrome] = release

    def __iter__(self) -> Iterator[Release]:
        return iter(self._releases)

    def __len__(self) -> int:
        return len(self._releases)

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


def chrome_fingerprint(document: str) -> str | None:
    """SHA-256, in hex, of the left-hand pane of a WikiLeaks page, cable or index.

    The pane runs from CHROME_START to CHROME_END, less the address of the page in its two
    sharing links; it is hashed as UTF-8. None when the document has no such pane.
    """
    span = chrome_span(document)
    if span is None:
        return None
    pane = document[slice(*span)]
    for link in BEFORE_PAGE_ADDRESS:
        # By find, not by a pattern: the pane is most of the page (0.25 ms a page).
        position = 0
        while (position := pane.find(link + PAGE_ADDRESS, position)) != -1:
            position += len(link)
            end = pane.find("'", position)
            pane = pane[:position] + (pane[end:] if end != -1 else "")
    return hashlib.sha256(pane.encode("utf-8", "surrogatepass")).hexdigest()


def load_releases() -> Releases:
    """The registry that comes with CableCrawl. Raises ReleasesError."""
    return read_releases(_RELEASES)


def read_releases(path: Path | Traversable) -> Releases:
    """A registry of releases. Raises ReleasesError."""
    return Releases([_read_release(table) for table in read_tables(path, ReleasesError)])


def _read_release(table: Table) -> Release:
    if not RELEASE_ID.fullmatch(table.name):
        raise ReleasesError(f"{table.file}: [{table.name}]: an ID is of a-z, 0-9 and hyphens")
    release = Release(
        id=table.name,
        label=table.text("label"),
        counters=table.wholes("counters", ()),
        archives=table.texts("archives", ()),
        chrome_sha256=table.texts("chrome_sha256", ()),
        max_released=_read_date(table, "max_released"),
        publisher=table.text("publisher"),
        kind=cast(ReleaseKind, table.choice("kind", get_args(ReleaseKind))),
        date=_read_date(table, "date"),
        authority=table.text("authority"),
        verified=table.flag("verified"),
        note=table.text("note", ""),
    )
    table.finish(_KEYS)
    for chrome in release.chrome_sha256:
        if not SHA256_HEX.fullmatch(chrome):
            table.fail("chrome_sha256", f"{chrome} is no SHA-256 in hex")
    return release


def _read_date(table: Table, key: str) -> str | None:
    value = table.optional_text(key)
    if value is None:
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        table.fail(key, "no such day or time")
    if not RELEASE_DATE.fullmatch(value):
        table.fail(key, "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM")
    return value
