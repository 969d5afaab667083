"""The ledger of a page: all that is no cable is removed by a named rule, and nothing else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.boilerplate import Rule, load_rules, read_rules
from cablecrawl.items import CablePage, Listing, Problem
from cablecrawl.layouts.page import CableOnPage, Excerpt, Found, PageReading, Region, Span
from cablecrawl.ledger import UNLABELLED, Ledger
from cablecrawl.pagetext import render_plain
from cablecrawl.stats import CountingStats
from pipelines.boilerplate import BoilerplatePipeline, gaps_in
from pipelines.fields import FieldsPipeline
from tests.pipelines import (
    PageLine,
    assert_claims_are_quoted,
    assert_ledger_is_complete,
    capture_of,
    sample_page,
)
from tests.sites.cables import InventedCable, cable_by_id, invented_cables
from tests.sites.mirror import LAYOUTS, Build, Layout, LinkStyle, demo_sites, write_mirror
from tests.stores import read_mirror

ASTANA = cable_by_id("07ASTANA9033")
OSLO = cable_by_id("09OSLO9071")
QUITO = cable_by_id("04QUITO9311")
VALLETTA = cable_by_id("09VALLETTA9101")


def labelled(cable: InventedCable, folder: Path, build: Build | None = None) -> CablePage:
    stats = CountingStats()
    line = PageLine([BoilerplatePipeline(load_rules(), stats)])
    return line.cable(cable.page, sample_page(folder, cable, build))


def removed(page: CablePage, rule: str) -> str:
    return "".join(
        page.page.text[start:end]
        for start, end, label in page.ledger.entries()
        if label == f"boilerplate:{rule}"
    )


@pytest.mark.parametrize("links", ["absolute", "relative", "httrack"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_character_of_every_sample_page_is_explained(
    layout: Layout, links: LinkStyle, tmp_path: Path
) -> None:
    cables = invented_cables(30)
    write_mirror(tmp_path, cables, Build(30, layout, links=links))
    line = PageLine()
    for cable in cables:
        page = line.cable(cable.page, (tmp_path / cable.page).read_bytes())
        assert_ledger_is_complete(page)
        assert page.cable.body.text == cable.bare_body
    assert UNLABELLED not in " ".join(line.stats)


def test_the_demo_sites_leave_nothing_unexplained(tmp_path: Path) -> None:
    line = PageLine()
    count = 0
    for folder in demo_sites(tmp_path).values():
        for path, body in read_mirror(folder).items():
            for item in line.items(path, body):
                assert not isinstance(item, Problem), item
                if isinstance(item, CablePage):
                    assert_ledger_is_complete(item)
                    count += 1
    assert count == 20 + 61 + 40 + 12


def test_what_looks_like_the_furniture_of_a_page_and_is_cable_stays(tmp_path: Path) -> None:
    page = labelled(VALLETTA, tmp_path)
    kept = [
        page.page.text[start:end]
        for start, end, label in page.ledger.entries()
        if label == "cable:body"
    ]
    assert "".join(kept) == VALLETTA.body
    for line in ("Leave the map where it was.", "Share the ink.", "Latest count: 40,211 deeds."):
        assert f"\n{line}\n" in page.cable.body.text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boilerplate_that_a_cable_quotes_stays(layout: Layout, tmp_path: Path) -> None:
    quoted = "\n".join(
        [
            *(rule.example for rule in load_rules() if rule.example.strip()),
            "Currently released so far... 12 / 251,287",
            "Appears in these articles:",
            "Viewing cable 07LAPAZ9901, A TITLE",
            "Reference ID\tCreated\tReleased\tClassification\tOrigin",
            "-----END PGP PUBLIC KEY BLOCK-----",
            "Leave a Reply",
        ]
    )
    body = ASTANA.body.replace("\n2. (C)", f"\n{quoted}\n\n2. (C)")
    page = labelled(ASTANA, tmp_path, Build(1, layout, edits={ASTANA.reference_id: body}))
    assert page.cable.body.text == body
    assert_ledger_is_complete(page)
    assert [(found.value) for found in page.reading.page_fields] == ["1"]


def test_each_rule_takes_its_part_of_a_page(tmp_path: Path) -> None:
    page = labelled(cable_by_id("10BERN9008"), tmp_path / "4", Build(1, "v4"))
    assert removed(page, "title_lead") == "Viewing cable 10BERN9008"
    assert removed(page, "media_heading") == "Appears in these articles:"
    assert removed(page, "paragraph_anchor") == "¶¶¶"
    assert removed(page, "column_heading") == "Reference IDCreatedReleasedClassificationOrigin"
    assert removed(page, "navigation").startswith("Currently released so far... ")
    assert "Digg this page" in removed(page, "navigation")
    assert "#cablegate" in removed(page, "notices")
    for layout in ("v1", "v2"):
        page = labelled(ASTANA, tmp_path / layout, Build(1, "v1" if layout == "v1" else "v2"))
        appeal = removed(page, "support_appeal").strip()
        assert appeal in ("Help us extend and defend this work", "KEEP US STRONG!")
    page = labelled(ASTANA, tmp_path / "7", Build(1, "v7"))
    key = removed(page, "pgp_key_block")
    assert key.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert key.endswith("-----END PGP PUBLIC KEY BLOCK-----")
    assert removed(page, "key_fingerprint").startswith("This key's fingerprint is ")
    assert "Submit documents to WikiLeaks" in removed(page, "submission_text")


def test_text_behind_the_cable_is_removed_as_footer(tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA)
    last = body.rindex(b"</pre></code>") + len(b"</pre></code>")
    page = PageLine().cable(
        ASTANA.page, body[:last] + b"<p>Mirror kept by volunteers" + body[last:]
    )
    assert removed(page, "footer").strip() == "Mirror kept by volunteers"
    assert page.cable.body.text == ASTANA.body


def test_what_is_removed_is_counted_by_rule(tmp_path: Path) -> None:
    stats = CountingStats()
    line = PageLine([BoilerplatePipeline(load_rules(), stats)])
    pages = [
        line.cable(cable.page, sample_page(tmp_path / cable.reference_id, cable))
        for cable in invented_cables(5)
    ]
    for rule in load_rules():
        counts = [page.ledger.characters()[f"boilerplate:{rule.name}"] for page in pages]
        assert stats[f"cablecrawl/boilerplate_characters/{rule.name}"] == sum(counts)
        assert stats[f"cablecrawl/boilerplate/{rule.name}"] == sum(map(bool, counts))


def test_a_gap_in_the_rules_is_told_and_never_taken_for_cable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stats = CountingStats()
    line = PageLine([BoilerplatePipeline([], stats)])
    with caplog.at_level(logging.WARNING):
        page = line.cable(ASTANA.page, sample_page(tmp_path, ASTANA))
    unlabelled = page.ledger.characters()[UNLABELLED]
    assert unlabelled > 500
    assert stats["cablecrawl/boilerplate_characters/unlabelled"] == unlabelled
    assert stats["cablecrawl/boilerplate/unlabelled"] == len(page.ledger.gaps())
    assert "unlabelled text: 'Currently released so far... '" in caplog.text
    assert page.capture.url in caplog.text
    assert page.cable.body.text == ASTANA.body


def test_the_first_rule_takes_what_two_rules_could_take(tmp_path: Path) -> None:
    rules = [rule for rule in load_rules() if rule.name in ("pgp_key_block", "submission_text")]
    body = sample_page(tmp_path, ASTANA, Build(1, "v7"))
    taken = []
    for ordered in (rules, rules[::-1]):
        page = PageLine([BoilerplatePipeline(ordered, CountingStats())]).cable(ASTANA.page, body)
        taken.append(removed(page, "pgp_key_block"))
    assert taken[0].startswith("-----BEGIN PGP") and taken[1] == ""


def test_a_rule_of_another_layout_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        "[all]\nkind = 'x'\nlayouts = []\npattern = '(?s).+'\nexample = 'x'\nauthority = 'test'\n",
        "utf-8",
    )
    rules: tuple[Rule, ...] = read_rules(path)
    stats = CountingStats()
    page = PageLine([BoilerplatePipeline(rules, stats)]).cable(
        ASTANA.page, sample_page(tmp_path, ASTANA)
    )
    assert removed(page, "all") == ""


def stated(page: CablePage) -> dict[str, tuple[str, str, str, str | None]]:
    """The claims that name a rule for matter: value, who says so, rule, and the quote."""
    return {
        claim.field: (claim.value, claim.asserted_by, claim.rule, claim.quote)
        for claim in page.claims
        if claim.rule.startswith(("boilerplate_", "record_"))
    }


def test_a_newspapers_heading_goes_from_the_body_and_its_date_is_claimed(tmp_path: Path) -> None:
    page = PageLine().cable(OSLO.page, sample_page(tmp_path, OSLO))
    assert page.cable.body.text == OSLO.bare_body
    assert removed(page, "partner_heading") == "Thursday, 05 November 2009, 09:42\n"
    assert stated(page) == {
        "partner_created": (
            "2009-11-05T09:42",
            "media_partner",
            "boilerplate_partner_heading/1",
            "Thursday, 05 November 2009, 09:42",
        )
    }
    assert page.values("created") == ["2009-11-05T09:09"]
    assert_ledger_is_complete(page)
    assert_claims_are_quoted(page)


def test_a_dumps_record_goes_from_the_body_and_its_columns_are_claimed(tmp_path: Path) -> None:
    page = PageLine().cable(QUITO.page, sample_page(tmp_path, QUITO))
    assert page.cable.body.text == QUITO.bare_body
    assert page.cable.body.text.startswith("VZCZCXRO")
    assert {field: value for field, (value, *_) in stated(page).items()} == {
        "record_number": "955988",
        "record_created": "2004-03-09T22:28",
        "record_id": "04QUITO9311",
        "record_origin": "Embassy Quito",
        "record_classification": "CONFIDENTIAL",
        "record_references": "04QUITO9300|04STATE910044",
    }
    assert {says for _, says, _, _ in stated(page).values()} == {"dump_record"}
    assert_ledger_is_complete(page)
    assert_claims_are_quoted(page)


def test_a_record_of_another_cable_is_told(tmp_path: Path) -> None:
    body = QUITO.body.replace("\n04QUITO9311\n", "\n04LIMA9311\n", 1)
    page = PageLine().cable(
        QUITO.page, sample_page(tmp_path, QUITO, Build(1, edits={QUITO.reference_id: body}))
    )
    assert stated(page)["record_id"][0] == "04LIMA9311"
    assert stated(page)["record_of"] == (
        "04LIMA9311",
        "crawler",
        "record_identity/1",
        "04LIMA9311",
    )
    assert page.cable.body.text == QUITO.bare_body
    assert page.reference_id is not None and page.reference_id.canonical == "04QUITO9311"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_stands_inside_header_and_body_is_no_part_of_the_reading(
    layout: Layout, tmp_path: Path
) -> None:
    """Paragraph anchors and tag links inside and around it change nothing."""
    body = f"Friday, 20 April 2007, 11:13\n{ASTANA.body}\n\nNNNN\nEnd Cable Text"
    plain = PageLine().cable(ASTANA.page, sample_page(tmp_path / "a", ASTANA, Build(1, layout)))
    edits = {ASTANA.reference_id: body}
    page = PageLine().cable(
        ASTANA.page, sample_page(tmp_path / "b", ASTANA, Build(1, layout, edits=edits))
    )
    assert page.cable.body.text == ASTANA.body
    assert page.reading_sha256 == plain.reading_sha256
    assert removed(page, "transmission_end") == "NNNN"
    assert removed(page, "end_cable_text") == "End Cable Text"
    own = {(claim.field, claim.value) for claim in page.claims if claim.field != "partner_created"}
    assert own == {(claim.field, claim.value) for claim in plain.claims}
    assert_ledger_is_complete(page)
    assert_claims_are_quoted(page)


def test_a_body_of_nothing_but_matter_stays(tmp_path: Path) -> None:
    edits = {ASTANA.reference_id: "NNNN\nEnd Cable Text"}
    page = labelled(ASTANA, tmp_path, Build(1, edits=edits))
    assert page.cable.body.text == "NNNN\nEnd Cable Text"
    assert_ledger_is_complete(page)


def posts(
    text: str, regions: list[Region], bodies: list[Span], skipped: int = 0
) -> list[CablePage]:
    """Cables of one WordPress page of which the layout says no more than this."""
    page = render_plain(text)
    found = Found("reference_id", "04QUITO9311", Span(0, 11), "repost", "test/1")
    reading = PageReading("wordpress", regions=regions)
    ledger = Ledger(len(text))
    header = Excerpt(text, Span(0, 0))
    for ordinal, span in enumerate(bodies):
        cable = CableOnPage(found, [], header, Excerpt(text, span), ordinal)
        reading.cables.append(cable)
    capture = capture_of("http://blog.example/")
    items = [
        CablePage(capture, capture.url, "/", page, reading, cable, ledger)
        for cable in reading.cables[skipped:]
    ]
    line = (BoilerplatePipeline(load_rules(), CountingStats()), FieldsPipeline(CountingStats()))
    for item in items:
        for pipeline in line:
            assert pipeline.process_item(item) is item
    return items


def test_each_cable_of_a_page_has_the_facts_of_its_own_record() -> None:
    records = [
        f"{number}\n2004-03-09 22:28:00\n04QUITO9311\nEmbassy Quito\nSECRET\n\nS E C R E T\n"
        for number in (955988, 955989)
    ]
    text = "04QUITO9311\n" + "".join(records)
    first = len("04QUITO9311\n")
    second = first + len(records[0])
    pages = posts(text, [], [Span(first, second), Span(second, len(text))])
    assert [page.cable.body.text for page in pages] == ["S E C R E T", "S E C R E T"]
    assert [page.values("record_number") for page in pages] == [["955988"], ["955989"]]
    for page in pages:
        assert_claims_are_quoted(page)
    assert pages[0].ledger.gaps() == []


def test_a_page_is_labelled_whichever_of_its_cables_comes_first() -> None:
    text = "04QUITO9311\nS E C R E T\nNNNN\nS E C R E T\nNNNN\n"
    spans = [Span(12, 29), Span(29, 46)]
    reading = posts(text, [], spans)[1]
    assert reading.ledger.gaps() == []
    later = posts(text, [], spans, skipped=1)[0]
    assert later.cable.ordinal == 1
    assert later.cable.body.text == "S E C R E T"
    assert later.ledger.entries() == reading.ledger.entries()


# What a post of wikileakskz.wordpress.com has around its cable, a row of text each.
AROUND_A_POST = """04QUITO9311, ECUADOR: A BRIDGE CHANGES BANKS
WikiLeaks Link
To understand the justification used for the classification of each cable, please use this \
WikiSource article as reference.
Discussing cables
If you find meaningful or important information in a cable, please link directly to its unique \
reference number.
S E C R E T QUITO 009311
Post a comment or leave a trackback: Trackback URL.
Share this:
Be the first to like this.
Leave a Reply
Fill in your details below or click an icon to log in:
WordPress.com Logo
You are commenting using your WordPress.com account. Log Out /  Change )
Google+ photo
Connecting to %s
Notify me of new comments via email.
%d bloggers like this:
Blog at WordPress.com.
"""


def test_each_row_around_a_post_is_removed_under_its_own_name() -> None:
    text = AROUND_A_POST
    start = text.index("S E C R E T")
    end = text.index("Post a comment")
    regions = [
        Region(0, len("04QUITO9311,"), "post_title_lead"),
        Region(len("04QUITO9311,"), text.index("WikiLeaks Link"), "post_meta"),
        Region(text.index("WikiLeaks Link"), start, "notices"),
        Region(end, len(text), "page_after"),
    ]
    (page,) = posts(text, regions, [Span(start, end)])
    assert page.cable.body.text == "S E C R E T QUITO 009311"
    for rule, rows in {
        "wikileaks_link": ["WikiLeaks Link"],
        "wikisource_notice": ["To understand"],
        "discussing_cables_notice": ["Discussing cables", "If you find"],
        "trackback_line": ["Post a comment"],
        "likes_and_shares": ["Share this:", "Be the first"],
        "comment_form_login": [
            "Fill in",
            "WordPress.com Logo",
            "You are commenting",
            "Google+ photo",
            "Connecting to %s",
            "Notify me",
        ],
        "comment_form_fields": ["Leave a Reply"],
        "bloggers_like_this": ["%d bloggers"],
        "wordpress_page_after": ["Blog at"],
    }.items():
        shown = [line for line in AROUND_A_POST.split("\n") if line.startswith(tuple(rows))]
        assert "".join(removed(page, rule).split()) == "".join(" ".join(shown).split()), rule
    assert page.ledger.gaps() == []


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6),
)
def test_the_gaps_in_regions_are_what_of_them_is_not_labelled(
    labels: list[tuple[int, int]], regions: list[tuple[int, int]]
) -> None:
    ledger = Ledger(20)
    for start, end in labels:
        ledger.label(min(start, end), max(start, end), "field:x")
    gaps = gaps_in(ledger, regions)
    assert gaps == sorted(gaps)
    found = [position for gap in gaps for position in range(*gap)]
    unlabelled = {position for gap in ledger.gaps() for position in range(*gap)}
    within = {position for region in regions for position in range(*region)}
    assert sorted(found) == sorted(unlabelled & within)
    assert gaps_in(ledger, None) == ledger.gaps()


def test_the_rows_of_a_form_that_a_cable_quotes_stay() -> None:
    rows = AROUND_A_POST[AROUND_A_POST.index("Post a comment") :]
    body = f"S E C R E T QUITO 009311\n\n{rows}\nFENWICK"
    (page,) = posts(f"04QUITO9311\n{body}", [], [Span(12, 12 + len(body))])
    assert page.cable.body.text == body


def test_what_is_no_cable_page_passes_through() -> None:
    pipeline = BoilerplatePipeline(load_rules(), CountingStats())
    capture = capture_of("http://mirror.example/")
    for item in (Problem(capture, "rows", "none"), Listing(capture, ["/cable/x.html"])):
        assert pipeline.process_item(item) is item
