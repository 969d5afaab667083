"""Real mirrors, served on loopback and crawled into one store.

By default the smallest of them; all four with `-m corpus`. The numbers are printed: `-rP` or
`-s` shows them.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.corpus import (
    SMALL_SNAPSHOT,
    SNAPSHOTS,
    PlainReading,
    cable_pages,
    has_matter,
    read_plainly,
    unpack_snapshot,
)
from tests.crawling import Ended, Export, Project, fastwarc_check, write_sources
from tests.sites.server import SiteServer


@dataclass
class CorpusCrawl:
    """Snapshots as different sources in one store, and the same pages read independently."""

    folders: dict[str, Path]
    pages: dict[str, dict[str, PlainReading]]
    """By source, by path."""
    asked: dict[str, Counter[str]]
    """How often each path was asked for, by source."""
    project: Project
    ended: Ended
    export: Export
    seconds: float

    def read(self) -> Iterator[tuple[dict[str, Any], PlainReading]]:
        """Each reading of the export with the page it was read from."""
        for line in self.export.lines("readings"):
            yield line, self.pages[line["source"]][urlsplit(line["url"]).path]


@pytest.fixture(
    scope="module",
    params=[(SMALL_SNAPSHOT,), pytest.param(SNAPSHOTS, marks=pytest.mark.corpus)],
    ids=["one snapshot", "all snapshots"],
)
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CorpusCrawl:
    folder = tmp_path_factory.mktemp("corpus-crawl")
    session = tmp_path_factory.getbasetemp()
    folders = {name: unpack_snapshot(name, session) for name in request.param}
    pages = {
        name: {f"/{path}": read_plainly(body.decode()) for path, body in cable_pages(snapshot)}
        for name, snapshot in folders.items()
    }
    with SiteServer(folders) as server:
        starts = {
            name: " ".join(url + page for page in START_PAGES if (folders[name] / page).exists())
            for name, url in server.urls.items()
        }
        sources = write_sources(folder / "sources.toml", starts)
        project = Project(folder, {"SOURCES_FILE": str(sources)})
        began = time.monotonic()
        ended = project.crawl("-a", f"source={','.join(folders)}")
        seconds = time.monotonic() - began
    asked = {
        name: Counter(request.path for request in site.requests)
        for name, site in server.sites.items()
    }
    return CorpusCrawl(folders, pages, asked, project, ended, project.export(), seconds)


# One mirror's front page is that of all WikiLeaks, and leads to a page that it has not got; so
# an index page is given as well. The first says where the server's own listing of cable/ is.
START_PAGES = ("index.html", "cablegate.html", "reldate/2010-11-28_0.html")


def test_every_cable_is_there_once_with_a_witness_of_each_source(corpus: CorpusCrawl) -> None:
    assert corpus.ended.status == 0, corpus.ended.stderr
    there: dict[str, set[str]] = {}
    for source, pages in corpus.pages.items():
        for page in pages.values():
            there.setdefault(page.reference_id, set()).add(source)
    found = {}
    for cable in corpus.export.lines("cables"):
        assert cable["reference_id"] not in found
        sources = [witness["source"] for witness in cable["witnesses"]]
        assert len(sources) == len(set(sources)), cable["reference_id"]
        found[cable["reference_id"]] = set(sources)
    assert found == there
    report(corpus)


def test_every_page_is_asked_for_once(corpus: CorpusCrawl) -> None:
    for source, asked in corpus.asked.items():
        assert [path for path, count in asked.items() if count > 1] == []
        assert set(corpus.pages[source]) <= set(asked)


def test_no_page_is_a_problem(corpus: CorpusCrawl) -> None:
    problems = corpus.export.lines("problems")
    assert [line for line in problems if "/cable/" in line["url"]] == []
    assert {name: counts.cables for name, counts in corpus.ended.summary.items()} == {
        name: len(pages) for name, pages in corpus.pages.items()
    }


def test_fields_and_texts_agree_with_an_independent_reader(corpus: CorpusCrawl) -> None:
    wrong = [
        f"{line['url']}: {name}: {ours!r} is {theirs!r}"[:300]
        for line, page in corpus.read()
        for name, ours, theirs in compared(line, page)
        if ours != theirs
    ]
    assert wrong == []


def compared(line: dict[str, Any], page: PlainReading) -> Iterator[tuple[str, object, object]]:
    for name in ("reference_id", "articles"):
        yield name, line[name], getattr(page, name)
    for name in ("header", "body"):
        text = getattr(page, name)
        is_less = has_matter(page) and line[name] in text
        yield name, line[name], line[name] if is_less else text
    for name in ("classification", "origin"):
        yield name, line[name], " ".join(getattr(page, name).split())
    yield "title", line["title"] or "", page.title
    yield "created", line["created"], page.created.replace(" ", "T")
    stamps = [claim["value"] for claim in line["releases"] if claim["basis"] == "page_timestamp"]
    yield "released", stamps, [page.released.replace(" ", "T")]


def test_cables_whose_text_differs_have_several_readings_and_no_others(
    corpus: CorpusCrawl,
) -> None:
    texts: dict[str, set[tuple[str, str]]] = {}
    for pages in corpus.pages.values():
        for page in pages.values():
            texts.setdefault(page.reference_id, set()).add((page.header, page.body))
    with_matter = {
        page.reference_id
        for pages in corpus.pages.values()
        for page in pages.values()
        if has_matter(page)
    }
    differing = {reference_id: len(found) for reference_id, found in texts.items()}
    readings = {
        reference_id: len({line["reading_sha256"] for line in lines})
        for reference_id, lines in corpus.export.readings().items()
    }
    assert readings.keys() == differing.keys()
    for reference_id, count in readings.items():
        if reference_id in with_matter:  # copies that differ in what stands around the cable
            assert count <= differing[reference_id]
        else:
            assert count == differing[reference_id]


def test_pages_that_no_index_page_lists_are_said_to_be_unlisted(corpus: CorpusCrawl) -> None:
    for source, asked in corpus.asked.items():
        unlisted = set(corpus.pages[source]) - listed_cables(corpus.folders[source], asked)
        assert unlisted == {
            urlsplit(witness["url"]).path
            for cable in corpus.export.lines("cables")
            for witness in cable["witnesses"]
            if (witness["source"], witness["status"]) == (source, "unlisted")
        }
        assert corpus.ended.summary[source].unlisted == len(unlisted)


CABLE_LINK = re.compile(rb"""href=['"](/cable/[^'"#]+)""")


def listed_cables(folder: Path, asked: Iterable[str]) -> set[str]:
    """Paths of the cable pages that the index pages among those asked for link to."""
    indexes = [folder / path[1:] for path in asked if path.endswith(".html")]
    return {
        link.decode()
        for path in indexes
        if "cable" not in path.relative_to(folder).parts[:-1] and path.exists()
        for link in CABLE_LINK.findall(path.read_bytes())
    }


def test_an_export_made_twice_has_the_same_bytes(corpus: CorpusCrawl) -> None:
    assert corpus.project.export_by_command("again").files() == corpus.export.files()


def test_a_rebuild_of_the_corpus_gives_the_same_export(corpus: CorpusCrawl, tmp_path: Path) -> None:
    copy = corpus.project.copy(tmp_path)
    copy.lose_database()
    rebuilt = copy.reparse()
    assert rebuilt.status == 0, rebuilt.stderr
    assert copy.export().files() == corpus.export.files()


def test_the_warc_files_are_sound(corpus: CorpusCrawl) -> None:
    checked = fastwarc_check(corpus.project.warcs)
    assert checked.status == 0, checked.stderr


def report(corpus: CorpusCrawl) -> None:
    cables, readings = corpus.export.lines("cables"), corpus.export.readings()
    texts = [{line["reading_sha256"] for line in lines} for lines in readings.values()]
    several = sum(len(found) > 1 for found in texts)
    problems = Counter(line["reason"] for line in corpus.export.lines("problems"))
    print(f"{len(cables):,} cables", end=", ")
    print(f"{sum(len(cable['witnesses']) for cable in cables):,} witnesses", end=", ")
    print(f"{sum(map(len, readings.values())):,} readings", end=", ")
    print(f"{several:,} cables with several texts, problems: {dict(problems) or 'none'}")
    responses = sum(asked.total() for asked in corpus.asked.values())
    print(f"{responses:,} requests in {corpus.seconds:.1f} s")
    for name, counts in corpus.ended.summary.items():
        print(f"{name}: {counts.cables:,} cables, {counts.unlisted:,} unlisted")
