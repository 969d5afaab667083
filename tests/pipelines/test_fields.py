"""Claims: every value with the place it was read from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cablecrawl.items import CablePage, Problem
from cablecrawl.stats import CountingStats
from pipelines.boilerplate import BoilerplatePipeline
from pipelines.fields import FieldsPipeline, created_precision
from tests.pipelines import PageLine, assert_claims_are_quoted, capture_of, sample_page
from tests.sites.cables import cable_by_id, invented_cables
from tests.sites.mirror import LAYOUTS, Build, Layout, LinkStyle, shown_created, write_mirror

ASTANA = cable_by_id("07ASTANA9033")
BERN = cable_by_id("10BERN9008")


@pytest.fixture
def page(tmp_path: Path) -> CablePage:
    line = PageLine([FieldsPipeline(CountingStats())])
    return line.cable(BERN.page, sample_page(tmp_path, BERN, Build(837)))


@pytest.mark.parametrize("links", ["absolute", "relative", "httrack"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_claim_stands_in_the_document_where_it_says(
    layout: Layout, links: LinkStyle, tmp_path: Path
) -> None:
    cables = invented_cables(26)
    write_mirror(tmp_path, cables, Build(26, layout, links=links))
    line = PageLine()
    for cable in cables:
        page = line.cable(cable.page, (tmp_path / cable.page).read_bytes())
        assert_claims_are_quoted(page)
    assert not [key for key in line.stats if key.startswith("cablecrawl/fields_unlocated/")]


def test_the_page_is_quoted_for_what_it_states(page: CablePage) -> None:
    stated = {
        claim.field: (claim.value, claim.quote)
        for claim in page.claims
        if claim.asserted_by == "wikileaks_page" and claim.quote is not None
    }
    assert stated["reference_id"] == ("10BERN9008", "10BERN9008")
    assert stated["created"] == ("2010-01-14T15:03", "2010-01-14 15:03")
    assert stated["released"] == ("2010-11-28T18:06", "2010-11-28 18:06")
    assert stated["classification"] == ("SECRET", "SECRET")
    assert stated["origin"] == ("Embassy Bern", "Embassy Bern")
    assert stated["title"] == (BERN.title, BERN.title)
    assert stated["released_so_far"] == ("837", "837")


def test_the_cable_is_quoted_for_what_it_says_of_itself(page: CablePage) -> None:
    said = {(claim.field, claim.value, claim.asserted_by) for claim in page.claims}
    assert ("own_id", "BERN 9008", "cable_body") in said
    assert ("subject", BERN.title, "cable_body") in said
    assert page.values("tags") == ["PGOV", "ECON", "SZ"]
    assert any(asserted_by == "cable_header" for _, _, asserted_by in said)


def test_values_of_one_field_keep_their_order(page: CablePage) -> None:
    articles = [claim for claim in page.claims if claim.field == "article"]
    assert [claim.value for claim in articles] == list(BERN.articles)
    for field in {claim.field for claim in page.claims}:
        ordinals = [claim.ordinal for claim in page.claims if claim.field == field]
        assert ordinals == list(range(len(ordinals)))
        assert page.claims_of[field] == len(ordinals)


def test_a_text_is_claimed_by_its_digest_and_its_place(page: CablePage) -> None:
    for part, text in (("header", BERN.header), ("body", BERN.body)):
        (claim,) = (claim for claim in page.claims if claim.field == part)
        assert claim.value == hashlib.sha256(text.encode()).hexdigest()
        assert claim.quote is None
        assert claim.rule == f"wikileaks_{part}/1"
        quoted = page.page.document[claim.start : claim.end]
        assert quoted.startswith(text.partition("\n")[0])
        assert quoted.endswith(text.rpartition("\n")[2])
        assert "<pre>" not in quoted


def test_every_claim_names_the_rule_that_read_it(page: CablePage) -> None:
    for claim in page.claims:
        name, _, version = claim.rule.partition("/")
        assert name and version.isdigit(), claim


def test_an_empty_header_makes_no_claim(tmp_path: Path) -> None:
    body = sample_page(tmp_path, BERN).replace(
        f"<pre>{BERN.header}".replace("\n", "&#x000A;").encode(), b"<pre>"
    )
    page = PageLine([FieldsPipeline(CountingStats())]).cable(BERN.page, body)
    assert page.values("header") == []
    assert len(page.values("body")) == 1


def test_claims_are_counted_by_field(tmp_path: Path) -> None:
    stats = CountingStats()
    line = PageLine([FieldsPipeline(stats)])
    pages = [
        line.cable(cable.page, sample_page(tmp_path / cable.reference_id, cable))
        for cable in invented_cables(5)
    ]
    for field in {claim.field for page in pages for claim in page.claims}:
        count = sum(claim.field == field for page in pages for claim in page.claims)
        assert stats[f"cablecrawl/fields/{field}"] == count


@pytest.mark.parametrize(
    ("layout", "counter", "precision"),
    [
        ("v0", 243, "hour"),
        ("v4", 837, "hour"),
        ("v5", 6693, "hour"),
        ("v6", 64621, "minute"),
        ("v7", 251287, "minute"),
    ],
)
def test_the_precision_of_created_is_that_of_the_build(
    layout: Layout, counter: int, precision: str, tmp_path: Path
) -> None:
    line = PageLine([FieldsPipeline(CountingStats())])
    page = line.cable(ASTANA.page, sample_page(tmp_path, ASTANA, Build(counter, layout)))
    (claim,) = (claim for claim in page.claims if claim.field == "created_precision")
    assert (claim.value, claim.asserted_by) == (precision, "crawler")
    assert claim.quote == shown_created(ASTANA, layout)


@pytest.mark.parametrize(
    ("created", "counter", "precision"),
    [
        ("2007-04-20T14:02", 837, "hour"),
        ("2007-04-20T21:09", 6693, "hour"),
        ("2007-04-20T00:12", 837, "hour"),
        ("2007-04-20T12:12", 837, "hour"),
        ("2007-04-20T01:01", None, "hour"),
        ("2007-04-20T11:13", 837, "minute"),
        ("2007-04-20T11:13", None, "minute"),
        ("2007-04-20T00:00", 837, "minute"),
        ("2007-04-20T14:02", 6694, "minute"),
        ("2007-04-20T14:02", 251287, "minute"),
        ("2007-04-20", 837, "day"),
        ("2007-04-20", None, "day"),
    ],
)
def test_a_minute_that_repeats_the_hour_is_none_in_the_builds_that_misprinted_it(
    created: str, counter: int | None, precision: str
) -> None:
    assert created_precision(created, counter) == precision


def test_without_created_there_is_no_precision(tmp_path: Path) -> None:
    body = sample_page(tmp_path, BERN).replace(b"2010-01-14 15:03", b"winter")
    page = PageLine([FieldsPipeline(CountingStats())]).cable(BERN.page, body)
    assert page.values("created") == page.values("created_precision") == []


@pytest.mark.parametrize(("digits", "counters"), [(7, ["9999999"]), (5_000, [])])
def test_a_number_too_long_to_be_a_counter_is_none(
    digits: int, counters: list[str], tmp_path: Path
) -> None:
    body = sample_page(tmp_path, BERN).replace(b"far... 1 /", b"far... " + b"9" * digits + b" /")
    assert PageLine().cable(BERN.page, body).values("released_so_far") == counters


def test_the_order_of_boilerplate_and_fields_does_not_matter(tmp_path: Path) -> None:
    body = sample_page(tmp_path, BERN)
    stats = CountingStats()
    boilerplate, fields = BoilerplatePipeline([], stats), FieldsPipeline(stats)
    one = PageLine([boilerplate, fields]).cable(BERN.page, body)
    other = PageLine([fields, boilerplate]).cable(BERN.page, body)
    assert one.claims == other.claims
    assert one.ledger.entries() == other.ledger.entries()


def test_what_is_no_cable_page_passes_through() -> None:
    problem = Problem(capture_of("http://mirror.example/"), "rows", "none")
    assert FieldsPipeline(CountingStats()).process_item(problem) is problem
