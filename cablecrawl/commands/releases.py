"""`scrapy releases`: the registry of releases, with what the store has of each."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.opened import opened
from cablecrawl.releases import Release, Releases, load_releases, named_release
from cablecrawl.store.database import DATABASE, storage_errors
from cablecrawl.store.shown_releases import Shown, copies, count_copies, newest_release

HEADINGS = ("release", "date", "kind", "verified", "witnesses", "cables", "by", "sources")
SOURCE_HEADINGS = ("source", "releases", "witnesses", "left over")
NONE = "-"
UNKNOWN = "unknown"

# What the table says of a basis; a build is told by its number, and by its left-hand pane.
BASES = {"template_fingerprint": "pane", "page_statement": "statement", "page_timestamp": "stamp"}


@dataclass(slots=True)
class Held:
    """What the store has of a release."""

    cables: set[str] = field(default_factory=set)
    """Their reference IDs."""
    bases: Counter[str] = field(default_factory=Counter)
    """How many witnesses are of it by each basis."""
    sources: Counter[str] = field(default_factory=Counter)
    """How many each source has."""
    left_over: dict[str, list[str]] = field(default_factory=dict)
    """By source, the reference IDs of the pages that stayed when a newer release came."""


@dataclass(slots=True)
class SourceShown:
    """What the copies of one source come from."""

    newest: str | None
    """The newest release that it was seen with."""
    witnesses: Counter[str] = field(default_factory=Counter)
    """By release, `unknown` and `A or B` too."""
    left_over: Counter[str] = field(default_factory=Counter)
    """How many of those are pages that stayed when a newer release came."""


@dataclass(slots=True)
class Unregistered:
    """A release that pages name and the registry does not know."""

    name: str
    """Its label, or `counter N`."""
    sources: Counter[str] = field(default_factory=Counter)
    """How many pages of each source name it."""


class Overview:
    """Every release that the registry or a page names, and every source."""

    def __init__(
        self,
        releases: Releases,
        said: Iterable[tuple[str, Shown]] = (),
        newest: Callable[[str], str | None] = lambda source: None,
        *,
        store: Path | None = None,
    ) -> None:
        """`said` is the reference ID of each copy and what it says.

        `newest` gives the newest release that a source was seen with. `store` is the folder of
        what was counted; without one, the counts tell nothing.
        """
        self.store = store
        self.releases = releases
        self.held = {release.id: Held() for release in releases}
        self.unregistered: dict[str, Unregistered] = {}
        groups: dict[Shown, list[str]] = {}
        for reference_id, shown in said:
            groups.setdefault(shown, []).append(reference_id)
        names = sorted({shown.source for shown in groups})
        self.sources = {name: SourceShown(newest(name)) for name in names}
        for shown, reference_ids in groups.items():
            self._add(shown, reference_ids)

    def _add(self, shown: Shown, reference_ids: list[str]) -> None:
        count = len(reference_ids)
        source = self.sources[shown.source]
        name = self._name_of(shown)
        source.witnesses[name] += count
        is_left_over = shown.is_left_over(source.newest, self.releases)
        if is_left_over:
            source.left_over[name] += count
        if held := self.held.get(name):
            held.cables.update(reference_ids)
            held.sources[shown.source] += count
            for naming in shown.namings:
                if naming.release == name:
                    held.bases[naming.basis] += count
            if is_left_over:
                held.left_over.setdefault(shown.source, []).extend(reference_ids)
        for unregistered in self._unregistered(shown):
            self.unregistered.setdefault(unregistered, Unregistered(unregistered)).sources[
                shown.source
            ] += count

    def _name_of(self, shown: Shown) -> str:
        named = named_release(shown.namings)
        possible = dict.fromkeys(
            naming.release for naming in shown.namings if naming.confidence != "contradicted"
        )
        return named or " or ".join(sorted(possible)) or UNKNOWN

    def _unregistered(self, shown: Shown) -> Iterator[str]:
        if shown.counter is not None and not self.releases.by_counter(shown.counter):
            yield f"counter {shown.counter}"
        for naming in shown.namings:
            if self.releases.by_id(naming.release) is None:
                yield naming.release


class Command(ScrapyCommand):
    """Prints the releases known, in order."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[RELEASE] [--json]"

    def short_desc(self) -> str:
        return "List WikiLeaks' releases, and what the store has of each"

    def long_desc(self) -> str:
        return (
            "Lists the registry of releases in the order of publication, with how many copies"
            " in the store say they come from each, on what that rests (counter: the number on"
            " the page; pane: its left-hand side; statement and stamp: what the page says), the"
            " releases that pages name and the registry does not know, and for each source the"
            " pages that stayed when a newer release replaced the others. With RELEASE, an ID,"
            " a label or the name of an archive, all that is known of that one."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "releases")
        add_examples(parser, "scrapy releases", "scrapy releases web-842 --json")
        add_json(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        with ends_in_one_line(self):
            if unknown := [arg for arg in args if arg.startswith("-")] or args[1:]:
                raise CableCrawlError(f"{unknown[0]}: unknown argument; see scrapy releases --help")
            releases = load_releases()
            wanted = find_release(releases, args[0]) if args else None
            overview = read_overview(Path(self.settings["DATA_DIR"]), releases)
            self._show(overview, wanted, as_json=opts.json)

    def _show(self, overview: Overview, wanted: Release | None, *, as_json: bool) -> None:
        assert self.settings is not None
        if overview.store is None:
            data_dir = self.settings["DATA_DIR"]
            print(
                f"scrapy releases: {data_dir}: there is no store; only the registry is shown",
                file=sys.stderr,
            )
        with quiet_when_cut_off():
            if as_json:
                about = for_programs(overview) if wanted is None else of_release(overview, wanted)
                about = {"store": _shown_store(overview), **about}
                print_json(about)
            elif wanted is None:
                print_overview(overview)
            else:
                print_release(overview, wanted)


def find_release(releases: Releases, name: str) -> Release:
    """The release of this ID, label or archive. Raises CableCrawlError."""
    for release in releases:
        if name in (release.id, release.label, *release.archives):
            return release
    raise CableCrawlError(f"{name}: no such release; `scrapy releases` lists them")


def read_overview(data_dir: Path, releases: Releases) -> Overview:
    """What the store has, or nothing where there is no store. Raises CableCrawlError."""
    if not (data_dir / DATABASE).exists():
        return Overview(releases)
    with storage_errors(data_dir / DATABASE), opened(data_dir) as stored:
        db = stored.connection
        newest = partial(newest_release, db, releases=releases)
        with Progress() as progress:
            said = progress.through(copies(db), "releases", "copies", count_copies(db))
            return Overview(releases, said, newest, store=data_dir)


def print_overview(overview: Overview) -> None:
    """The three tables: releases, sources, and what the registry does not know."""
    _print_table([HEADINGS, *(_cells(release, overview) for release in overview.releases)])
    if overview.sources:
        print()
        _print_table([SOURCE_HEADINGS, *_source_cells(overview)])
    if overview.unregistered:
        print("\nnamed on pages, and not in the registry")
        for name in sorted(overview.unregistered):
            print(f"    {name}: {_counted(overview.unregistered[name].sources)}")


def print_release(overview: Overview, release: Release) -> None:
    """All that is known of one release, and the pages of it that were left over."""
    about = of_release(overview, release)
    print(release.id)
    about["date"] = about["date"] or UNKNOWN
    about["kind"] = about["kind"].replace("_", " ")
    about["by"] = _short_bases(about["by"])
    for name, value in about.items():
        if name not in ("release", "left_over") and value not in (None, "", [], {}):
            print(f"    {name.replace('_', ' '):20} {_shown_value(value)}")
    for source, reference_ids in about["left_over"].items():
        print(f"    left over on {source}:")
        for reference_id in reference_ids:
            print(f"        {reference_id}")


def for_programs(overview: Overview) -> dict[str, Any]:
    """The overview for programs."""
    return {
        "releases": [of_release(overview, release) for release in overview.releases],
        "not_in_registry": [
            {"name": name, "sources": dict(sorted(overview.unregistered[name].sources.items()))}
            for name in sorted(overview.unregistered)
        ],
        "sources": [
            {
                "source": name,
                "newest": shown.newest,
                "witnesses": dict(sorted(shown.witnesses.items())),
                "left_over": dict(sorted(shown.left_over.items())),
            }
            for name, shown in overview.sources.items()
        ],
    }


def _shown_store(overview: Overview) -> str | None:
    return None if overview.store is None else str(overview.store)


def of_release(overview: Overview, release: Release) -> dict[str, Any]:
    """A release for programs: what the registry says, and what the store has."""
    held = overview.held[release.id]
    return {
        "release": release.id,
        "label": release.label,
        "kind": release.kind,
        "date": release.date,
        "publisher": release.publisher,
        "verified": release.verified,
        "counters": list(release.counters),
        "archives": list(release.archives),
        "max_released": release.max_released,
        "stamp_of_every_page": release.stamp_of_every_page,
        "stated_counts": {stated.by: stated.cables for stated in release.stated_counts},
        "reference_ids": list(release.cables),
        "authority": release.authority,
        "note": release.note,
        "witnesses": held.sources.total(),
        "cables": len(held.cables),
        "by": dict(sorted(held.bases.items())),
        "sources": dict(sorted(held.sources.items())),
        "left_over": {source: sorted(ids) for source, ids in sorted(held.left_over.items())},
    }


def _cells(release: Release, overview: Overview) -> tuple[str, ...]:
    held = overview.held[release.id]
    by = _short_bases(held.bases)
    return (
        release.id,
        release.date or UNKNOWN,
        release.kind.replace("_", " "),
        "yes" if release.verified else "no",
        f"{held.sources.total():,}",
        f"{len(held.cables):,}",
        _counted(by) or NONE,
        ", ".join(sorted(held.sources)) or NONE,
    )


def _source_cells(overview: Overview) -> Iterator[tuple[str, ...]]:
    """A row for each release of each source, the newest first, and those not known last."""
    for name, shown in overview.sources.items():
        places = {release: overview.releases.place(release) for release in shown.witnesses}
        order = sorted(shown.witnesses, key=lambda of: (-(places[of] or -1), of))
        for number, release in enumerate(order):
            yield (
                "" if number else name,
                f"{release} (newest)" if release == shown.newest else release,
                f"{shown.witnesses[release]:,}",
                f"{shown.left_over[release]:,}" if shown.left_over[release] else NONE,
            )


def _print_table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        line = "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
        print(line.rstrip())


def _short_bases(bases: Mapping[str, int]) -> dict[str, int]:
    return {BASES.get(basis, basis): count for basis, count in sorted(bases.items())}


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _shown_value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case dict():
            return _counted(value)
        case list():
            return ", ".join(map(str, value))
    return str(value)
