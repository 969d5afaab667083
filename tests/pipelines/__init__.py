"""Pages on their way through the pipelines, without a crawl and without a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from cablecrawl.boilerplate import load_rules
from cablecrawl.items import CablePage, Capture, PageItem
from cablecrawl.ledger import UNLABELLED
from cablecrawl.reading import PageReader, items_of
from cablecrawl.releases import load_releases
from cablecrawl.stats import CountingStats
from pipelines.boilerplate import BoilerplatePipeline
from pipelines.dedupe import DedupePipeline
from pipelines.fields import FieldsPipeline
from pipelines.provenance import ProvenancePipeline
from tests.sites.cables import InventedCable
from tests.sites.mirror import Build, write_mirror

MIRROR = "http://mirror.example/"


class Pipeline(Protocol):
    """One of the item pipelines."""

    def process_item(self, item: PageItem) -> PageItem:
        """The item with what the pipeline adds, or a problem in its place."""


def capture_of(url: str, *, outcome: str = "ok", status: int | None = 200) -> Capture:
    """A capture of that address, in no store."""
    return Capture(
        id=0,
        capture_id="urn:uuid:00000000-0000-0000-0000-000000000000",
        run_id="run",
        source="mirror.example",
        url=url,
        fetched_at="2026-11-21T18:01:02.345678Z",
        payload_sha256="0" * 64,
        outcome=outcome,
        status=status,
        detail=None,
    )


class PageLine:
    """Takes pages through decoding, layout and the pipelines, as a crawl does."""

    def __init__(self, pipelines: Iterable[Pipeline] | None = None) -> None:
        """With all pipelines but the store's, unless some are given."""
        self.stats = CountingStats()
        self._reader = PageReader()
        self._pipelines = tuple(all_pipelines(self.stats) if pipelines is None else pipelines)

    def items(
        self, path: str, body: bytes, content_type: str | None = "text/html"
    ) -> list[PageItem]:
        """What a page gives, through all pipelines."""
        url = MIRROR + path
        found = []
        for item in items_of(capture_of(url), self._reader.read(url, body, content_type)):
            for pipeline in self._pipelines:
                item = pipeline.process_item(item)
            found.append(item)
        return found

    def cable(self, path: str, body: bytes) -> CablePage:
        """The one cable of a page."""
        (item,) = self.items(path, body)
        assert isinstance(item, CablePage), item
        return item


def all_pipelines(stats: CountingStats) -> Iterable[Pipeline]:
    """The pipelines in their order, less the store's."""
    yield BoilerplatePipeline(load_rules(), stats)
    yield FieldsPipeline(stats)
    yield ProvenancePipeline(load_releases(), stats)
    yield DedupePipeline(stats)


def sample_page(folder: Path, cable: InventedCable, build: Build | None = None) -> bytes:
    """The page of one cable on a mirror that holds no other."""
    write_mirror(folder, [cable], build or Build(1))
    return (folder / cable.page).read_bytes()


def assert_ledger_is_complete(page: CablePage) -> None:
    """Every character once and explained; cable text and what was removed make up the page."""
    text, entries = page.page.text, page.ledger.entries()
    position = 0
    for entry in entries:
        assert entry.start == position, entry
        assert entry.end > entry.start, entry
        assert entry.label != UNLABELLED, text[entry.start : entry.end][:80]
        position = entry.end
    assert position == len(text)
    assert page.ledger.characters().total() == len(text)
    for part, whole in (("header", page.cable.header.text), ("body", page.cable.body.text)):
        kept = [text[e.start : e.end] for e in entries if e.label == f"cable:{part}"]
        assert "".join(kept) == whole


def assert_claims_are_quoted(page: CablePage) -> None:
    """Every claim stands in the document where it says, in the words it says."""
    for claim in page.claims:
        assert claim.start is not None and claim.end is not None, claim
        quoted = page.page.document[claim.start : claim.end]
        assert quoted, claim
        if claim.quote is not None:
            assert quoted == claim.quote
