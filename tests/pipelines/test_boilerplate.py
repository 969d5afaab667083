"""The ledger of a page: all that is no cable is removed by a named rule, and nothing else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cablecrawl.boilerplate import Rule, load_rules, read_rules
from cablecrawl.items import CablePage, Listing, Problem
from cablecrawl.ledger import UNLABELLED
from pipelines.boilerplate import BoilerplatePipeline
from tests.pipelines import PageLine, assert_ledger_is_complete, capture_of, sample_page
from tests.sites.cables import InventedCable, cable_by_id, invented_cables
from tests.sites.mirror import LAYOUTS, Build, Layout, LinkStyle, demo_sites, write_mirror
from tests.stores import CountedStats, read_mirror

ASTANA = cable_by_id("07ASTANA9033")
VALLETTA = cable_by_id("09VALLETTA9101")


def labelled(cable: InventedCable, folder: Path, build: Build | None = None) -> CablePage:
    stats = CountedStats()
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
        assert page.cable.body.text == cable.body
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
    stats = CountedStats()
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
    stats = CountedStats()
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
        page = PageLine([BoilerplatePipeline(ordered, CountedStats())]).cable(ASTANA.page, body)
        taken.append(removed(page, "pgp_key_block"))
    assert taken[0].startswith("-----BEGIN PGP") and taken[1] == ""


def test_a_rule_of_another_layout_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        "[all]\nlayouts = []\npattern = '(?s).+'\nexample = 'x'\nauthority = 'a test'\n", "utf-8"
    )
    rules: tuple[Rule, ...] = read_rules(path)
    stats = CountedStats()
    page = PageLine([BoilerplatePipeline(rules, stats)]).cable(
        ASTANA.page, sample_page(tmp_path, ASTANA)
    )
    assert removed(page, "all") == ""


def test_what_is_no_cable_page_passes_through() -> None:
    pipeline = BoilerplatePipeline(load_rules(), CountedStats())
    capture = capture_of("http://mirror.example/")
    for item in (Problem(capture, "rows", "none"), Listing(capture, ["/cable/x.html"])):
        assert pipeline.process_item(item) is item
