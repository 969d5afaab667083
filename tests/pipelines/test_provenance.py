"""Which release a copy claims to come from, by whom, and on what basis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.items import CablePage, Claim, Problem
from cablecrawl.releases import Release, Releases, chrome_fingerprint, load_releases
from cablecrawl.stats import CountingStats
from pipelines.fields import FieldsPipeline
from pipelines.provenance import ProvenancePipeline
from tests.pipelines import PageLine, capture_of, sample_page
from tests.sites.cables import cable_by_id
from tests.sites.mirror import Build

ASTANA = cable_by_id("07ASTANA9033")
RELEASE = Release(
    id="web-7",
    label="website build 7",
    counters=(7,),
    archives=(),
    chrome_sha256=(),
    max_released=None,
    publisher="WikiLeaks",
    kind="website_build",
    date=None,
    authority="a test",
    verified=True,
    note="",
)


def through(body: bytes, releases: Releases, stats: CountingStats | None = None) -> CablePage:
    stats = CountingStats() if stats is None else stats
    line = PageLine([FieldsPipeline(stats), ProvenancePipeline(releases, stats)])
    return line.cable(ASTANA.page, body)


def releases_of(page: CablePage) -> list[tuple[str, str | None, str | None, str]]:
    return [
        (claim.value, claim.basis, claim.confidence, claim.asserted_by)
        for claim in page.claims
        if claim.field == "release"
    ]


def claims(page: CablePage, field: str) -> list[Claim]:
    return [claim for claim in page.claims if claim.field == field]


def chrome_of(body: bytes) -> str:
    chrome = chrome_fingerprint(body.decode())
    assert chrome is not None
    return chrome


@pytest.mark.parametrize(
    ("counter", "expected"),
    [
        (243, [("web-243", "asserted")]),
        # The pane of a sample page is not that of the real build.
        (837, [("web-837", "inferred_weak")]),
        (926, [("web-926-a", "inferred_weak"), ("web-926-b", "inferred_weak")]),
        (251287, [("web-251287", "asserted")]),
        (8, []),
    ],
)
def test_the_counter_names_the_build(
    counter: int, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    page = through(sample_page(tmp_path, ASTANA, Build(counter)), load_releases())
    assert releases_of(page) == [
        (release, "counter", confidence, "wikileaks_page") for release, confidence in expected
    ]
    for claim in claims(page, "release"):
        assert claim.quote == str(counter)


def test_counter_and_pane_of_one_build_support_each_other(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(7))
    known = replace(RELEASE, chrome_sha256=(chrome_of(body),))
    twin = replace(RELEASE, id="web-7-b", label="the other build 7")
    page = through(body, Releases([known, twin]))
    assert releases_of(page) == [
        ("web-7", "counter", "asserted", "wikileaks_page"),
        ("web-7", "template_fingerprint", "inferred_strong", "crawler"),
    ]


def test_counter_and_pane_of_two_builds_contradict_each_other(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(7))
    other = replace(
        RELEASE,
        id="web-9",
        label="website build 9",
        counters=(9,),
        chrome_sha256=(chrome_of(body),),
    )
    page = through(body, Releases([RELEASE, other]))
    assert releases_of(page) == [
        ("web-7", "counter", "contradicted", "wikileaks_page"),
        ("web-9", "template_fingerprint", "contradicted", "crawler"),
    ]


def test_a_pane_without_a_counter_is_recognised(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(7)).replace(b"Currently released", b"Released")
    known = replace(RELEASE, chrome_sha256=(chrome_of(body),))
    page = through(body, Releases([known]))
    assert releases_of(page) == [("web-7", "template_fingerprint", "inferred_strong", "crawler")]


def test_the_pane_is_the_evidence_of_what_is_told_by_the_pane(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(7))
    page = through(body, Releases([replace(RELEASE, chrome_sha256=(chrome_of(body),))]))
    (chrome,) = claims(page, "chrome_sha256")
    assert chrome.value == chrome_of(body)
    _, by_pane = claims(page, "release")
    for claim in (chrome, by_pane):
        pane = page.page.document[claim.start : claim.end]
        assert pane.startswith("<div class='pane small'>")
        assert "Browse by classification" in pane and "Viewing cable" not in pane
        assert claim.quote is None


def test_a_page_without_pane_and_counter_claims_no_release(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(7))
    bare = body.replace(b"class='pane", b"class='").replace(b"Currently released", b"Released")
    stats = CountingStats()
    page = through(bare, Releases([RELEASE]), stats)
    assert releases_of(page) == []
    assert claims(page, "chrome_sha256") == []
    assert stats["cablecrawl/releases/unknown"] == 1


def test_the_released_column_is_a_claim_of_the_page(tmp_path: Path) -> None:
    page = through(sample_page(tmp_path, ASTANA, Build(7)), Releases([]))
    (claim,) = claims(page, "released")
    assert (claim.basis, claim.confidence) == ("page_timestamp", "asserted")
    assert (claim.value, claim.quote) == ("2010-11-28T18:06", "2010-11-28 18:06")


def test_the_first_layout_claims_no_date_of_release(tmp_path: Path) -> None:
    page = through(sample_page(tmp_path, ASTANA, Build(243, "v0")), load_releases())
    assert claims(page, "released") == []


def test_releases_are_counted_by_basis(tmp_path: Path) -> None:
    stats = CountingStats()
    for number in range(3):
        body = sample_page(tmp_path / str(number), ASTANA, Build(926))
        through(body, load_releases(), stats)
    assert stats["cablecrawl/releases/web-926-a/counter"] == 3
    assert stats["cablecrawl/releases/web-926-b/counter"] == 3


def test_what_is_no_cable_page_passes_through() -> None:
    problem = Problem(capture_of("http://mirror.example/"), "rows", "none")
    pipeline = ProvenancePipeline(Releases([]), CountingStats())
    assert pipeline.process_item(problem) is problem


STAMP = "2010-11-28T18:06"
STAMPED = replace(RELEASE, stamp_of_every_page=STAMP)


def test_a_page_that_names_no_release_may_have_the_stamp_of_one(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(7))
    bare = body.replace(b"class='pane", b"class='").replace(b"Currently released", b"Released")
    stats = CountingStats()
    page = through(bare, Releases([STAMPED]), stats)
    assert releases_of(page) == [("web-7", "page_timestamp", "inferred_strong", "crawler")]
    (claim,) = claims(page, "release")
    assert claim.quote == "2010-11-28 18:06"
    assert page.page.document[claim.start : claim.end] == claim.quote
    assert stats["cablecrawl/releases/web-7/page_timestamp"] == 1


def test_a_page_that_says_what_it_is_of_is_not_told_by_its_stamp(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA, Build(9))
    assert releases_of(through(body, Releases([STAMPED]))) == []
    bare = body.replace(b"Currently released", b"Released")
    other = replace(RELEASE, id="web-9", label="build 9", chrome_sha256=(chrome_of(bare),))
    page = through(bare, Releases([STAMPED, other]))
    assert releases_of(page) == [("web-9", "template_fingerprint", "inferred_strong", "crawler")]
