"""Whose cable it is: by its reference ID, never by its text."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.items import CablePage, Problem
from cablecrawl.reference_id import Alias, aliases
from cablecrawl.stats import CountingStats
from pipelines.dedupe import DedupePipeline, reading_sha256
from tests.pipelines import PageLine, capture_of, sample_page
from tests.sites.cables import HAND_WRITTEN, InventedCable, cable_by_id, invented_cables
from tests.sites.mirror import LAYOUTS, Build, LinkStyle, write_mirror

ASTANA = cable_by_id("07ASTANA9033")
LISBON = cable_by_id("05LISBON9539")
WRONG_BODY = cable_by_id("05MUSCAT9679")
FRAGMENT = cable_by_id("08SECTIN02OF02PORTOFSPAIN546")
EFTO = cable_by_id("06EFTOPORTMORESBY350")


def page_of(cable: InventedCable, folder: Path, build: Build | None = None) -> CablePage:
    return PageLine().cable(cable.page, sample_page(folder, cable, build))


def canonical(page: CablePage) -> str:
    assert page.reference_id is not None
    return page.reference_id.canonical


def test_a_body_that_names_another_cable_is_flagged(tmp_path: Path) -> None:
    page = page_of(WRONG_BODY, tmp_path)
    assert page.flags == ["wrong_body"]
    assert page.values("flag") == ["wrong_body"]
    assert page.values("wrong_body_of") == ["LISBON 9539"]
    for claim in page.claims:
        if claim.field in ("flag", "wrong_body_of"):
            assert claim.quote == "LISBON 009539"
            assert page.page.document[claim.start : claim.end] == claim.quote
    # It is flagged, not moved.
    assert canonical(page) == "05MUSCAT9679"
    assert page.cable.body.text == WRONG_BODY.body


def quotes(page: CablePage, field: str) -> list[str | None]:
    """What a field's claims quote, after a look whether it stands there."""
    claims = [claim for claim in page.claims if claim.field == field]
    for claim in claims:
        assert page.page.document[claim.start : claim.end] == claim.quote
    return [claim.quote for claim in claims]


def test_a_malformed_id_with_a_well_formed_twin_is_a_fragment_of_it(tmp_path: Path) -> None:
    page = page_of(FRAGMENT, tmp_path)
    assert page.flags == ["fragment"]
    assert page.values("fragment_of") == ["08PORTOFSPAIN546"]
    assert canonical(page) == "08SECTIN02OF02PORTOFSPAIN546"
    (claim,) = (claim for claim in page.claims if claim.field == "fragment_of")
    assert claim.quote == FRAGMENT.reference_id


def test_a_malformed_id_without_a_twin_is_an_alias(tmp_path: Path) -> None:
    page = page_of(EFTO, tmp_path)
    assert canonical(page) == "06PORTMORESBY350"
    assert page.values("alias") == ["06EFTOPORTMORESBY350"]
    (claim,) = (claim for claim in page.claims if claim.field == "alias")
    assert claim.quote == "06EFTOPORTMORESBY350"
    assert claim.asserted_by == "wikileaks_page"
    assert page.flags == []


def test_no_other_sample_cable_is_flagged(tmp_path: Path) -> None:
    cables = invented_cables(80)
    write_mirror(tmp_path, cables, Build(80))
    line = PageLine()
    flagged = {}
    for cable in cables:
        page = line.cable(cable.page, (tmp_path / cable.page).read_bytes())
        if page.flags or page.values("alias"):
            flagged[cable.reference_id] = page.flags
        else:
            assert canonical(page) == cable.reference_id
    assert flagged == {
        "05MUSCAT9679": ["wrong_body"],
        "08SECTIN02OF02PORTOFSPAIN546": ["fragment"],
        "06EFTOPORTMORESBY350": [],
    }
    assert line.stats["cablecrawl/dedupe/wrong_body"] == 1
    assert line.stats["cablecrawl/dedupe/fragment"] == 1
    assert line.stats["cablecrawl/dedupe/alias/efto_prefix"] == 1


def test_a_post_that_a_cable_spells_in_another_way_is_no_other_cable(tmp_path: Path) -> None:
    body = ASTANA.body.replace("ASTANA 009033", "NUR SULTAN 009033").replace(
        "ASTANA 00009033", "NUR SULTAN 00009033"
    )
    build = Build(1, edits={ASTANA.reference_id: body})
    assert page_of(ASTANA, tmp_path, build).flags == []


def test_a_body_without_an_id_of_its_own_proves_nothing(tmp_path: Path) -> None:
    build = Build(1, edits={ASTANA.reference_id: "1. (C) The tram stops for nobody."})
    page = page_of(ASTANA, tmp_path, build)
    assert page.values("own_id") == []
    assert page.flags == []


def test_a_body_with_a_second_cable_appended_is_still_its_own(tmp_path: Path) -> None:
    body = f"{ASTANA.body}\n\n{LISBON.body}"
    page = page_of(ASTANA, tmp_path, Build(1, edits={ASTANA.reference_id: body}))
    assert page.flags == ["appended_cable"]
    assert page.values("appended_cable_of") == ["LISBON 9539"]
    assert quotes(page, "flag") == quotes(page, "appended_cable_of") == ["LISBON 009539"]
    # The line has no year, and nothing in the text says of which it is.
    assert page.values("appended_cable_id") == []
    assert canonical(page) == "07ASTANA9033"
    assert page.cable.body.text == body


RECORD = "50133  2005-07-18  05LISBON9539  Embassy Lisbon  CONFIDENTIAL  "


@pytest.mark.parametrize(
    ("above", "quote"),
    [(RECORD, "05LISBON9539"), (f"{LISBON.header}\n", "181601Z JUL 05")],
    ids=["record", "routing lines"],
)
def test_an_appended_cable_is_linked_where_the_text_has_its_year(
    above: str, quote: str, tmp_path: Path
) -> None:
    body = f"{ASTANA.body}\n\n{above}{LISBON.body}"
    page = page_of(ASTANA, tmp_path, Build(1, edits={ASTANA.reference_id: body}))
    assert page.flags == ["appended_cable"]
    assert page.values("appended_cable_id") == ["05LISBON9539"]
    assert quotes(page, "appended_cable_id") == [quote]


def test_a_wrong_body_is_linked_where_the_text_has_its_year(tmp_path: Path) -> None:
    build = Build(1, edits={ASTANA.reference_id: f"{LISBON.header}\n\n{LISBON.body}"})
    page = page_of(ASTANA, tmp_path, build)
    assert page.flags == ["wrong_body"]
    assert page.values("wrong_body_of") == ["LISBON 9539"]
    assert page.values("wrong_body_id") == ["05LISBON9539"]


def test_a_cable_passed_on_is_no_second_one(tmp_path: Path) -> None:
    body = f"{ASTANA.body}\n\nFollowing is a repeat of Lisbon 9539.\n\n{LISBON.body}"
    assert page_of(ASTANA, tmp_path, Build(1, edits={ASTANA.reference_id: body})).flags == []


def test_sections_of_another_cable_are_flagged(tmp_path: Path) -> None:
    body = ASTANA.body.replace("ASTANA 00009033  002 OF 003", "ASTANA 00000679  002 OF 003")
    assert body != ASTANA.body
    page = page_of(ASTANA, tmp_path, Build(1, edits={ASTANA.reference_id: body}))
    assert page.flags == ["mixed_body"]
    assert page.values("mixed_body_of") == ["ASTANA 679"]
    assert quotes(page, "mixed_body_of") == ["ASTANA 00000679"]


@pytest.mark.parametrize("text", ["It names none.", LISBON.body])
def test_a_dumps_record_of_another_cable_is_followed(text: str, tmp_path: Path) -> None:
    record = "188888\n2005-07-18 16:01:00\n05LISBON9539\nEmbassy Lisbon\nCONFIDENTIAL\n"
    build = Build(1, edits={ASTANA.reference_id: f"{record}\n{text}"})
    page = page_of(ASTANA, tmp_path, build)
    assert page.flags == ["wrong_body"]
    assert page.values("wrong_body_id") == ["05LISBON9539"]


def test_a_record_above_the_cables_own_text_is_a_doubt_of_its_own(tmp_path: Path) -> None:
    record = "188888\n2005-07-18 16:01:00\n05LISBON9539\nEmbassy Lisbon\nCONFIDENTIAL\n"
    build = Build(1, edits={ASTANA.reference_id: f"{record}\n{ASTANA.body}"})
    page = page_of(ASTANA, tmp_path, build)
    assert page.flags == ["foreign_record"]
    assert page.values("foreign_record_of") == ["05LISBON9539"]


def with_header(old: str, new: str, folder: Path) -> CablePage:
    """The page of Astana with another header."""
    body = sample_page(folder, ASTANA)
    assert body.count(old.encode()) == 1
    return PageLine().cable(ASTANA.page, body.replace(old.encode(), new.encode()))


def test_a_number_in_the_header_that_is_not_the_ids_is_flagged(tmp_path: Path) -> None:
    page = with_header("RUEHTA #9033/01", "RUEHTA #0401/01", tmp_path)
    assert page.flags == ["header_number_differs"]
    assert quotes(page, "flag") == ["0401"]


def test_the_header_has_the_last_four_digits_of_a_long_number(tmp_path: Path) -> None:
    state = cable_by_id("08STATE943817")
    page = page_of(state, tmp_path)
    assert page.values("message_number") == ["3817"]
    assert page.flags == []


@pytest.mark.parametrize("stamp", ["201213Z APR 07", "211113Z APR 07", "201113Z MAY 07"])
def test_a_time_in_the_header_that_is_not_created_is_flagged(stamp: str, tmp_path: Path) -> None:
    page = with_header("201113Z APR 07", stamp, tmp_path)
    assert page.flags == ["date_differs"]
    assert quotes(page, "flag") == [stamp]


def test_the_minute_is_not_compared(tmp_path: Path) -> None:
    # The builds up to April 2011 print none.
    assert with_header("201113Z APR 07", "201159Z APR 07", tmp_path).flags == []


@pytest.mark.parametrize("stated", ["PAGE ONE", "07", "2007-04-20", "07APR2007", "<b>x</b>"])
def test_an_id_that_spells_none_is_a_problem_and_no_cable(stated: str, tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA).replace(b">07ASTANA9033</a>", f">{stated}</a>".encode())
    line = PageLine()
    (item,) = line.items(ASTANA.page, body)
    assert isinstance(item, Problem)
    assert item.reason == "unresolved_id"
    assert "spells no reference ID" in item.detail
    assert line.stats["cablecrawl/dedupe/unresolved_id"] == 1


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ("07astana9033", "case"),
        ("07 ASTANA 9033", "punctuation"),
        ("2007ASTANA09033", "four_digit_year+leading_zero"),
    ],
)
def test_an_id_is_canonical_however_it_is_spelt(stated: str, reason: str, tmp_path: Path) -> None:
    body = sample_page(tmp_path, ASTANA).replace(b">07ASTANA9033</a>", f">{stated}</a>".encode())
    line = PageLine()
    page = line.cable(ASTANA.page, body)
    assert canonical(page) == "07ASTANA9033"
    assert page.values("reference_id") == page.values("alias") == [stated]
    assert line.stats[f"cablecrawl/dedupe/alias/{reason}"] == 1


def test_a_reading_is_the_same_in_every_build_and_every_copy(tmp_path: Path) -> None:
    links: tuple[LinkStyle, ...] = ("absolute", "relative", "httrack")
    line = PageLine()
    for count, (layout, link) in enumerate(product(LAYOUTS, links)):
        write_mirror(tmp_path, HAND_WRITTEN, Build(count, layout, links=link))
        for cable in HAND_WRITTEN:
            page = line.cable(cable.page, (tmp_path / cable.page).read_bytes())
            assert page.reading_sha256 == reading_sha256(cable.header, cable.bare_body)


def test_an_edited_text_is_another_reading(tmp_path: Path) -> None:
    build = Build(1, edits={ASTANA.reference_id: ASTANA.body.replace("March 3", "March 4")})
    one, other = page_of(ASTANA, tmp_path / "1"), page_of(ASTANA, tmp_path / "2", build)
    assert one.reading_sha256 != other.reading_sha256


@pytest.mark.parametrize("alias", aliases().values(), ids=lambda alias: alias.malformed_id)
def test_every_malformed_id_is_its_twins_fragment_or_the_corrected_ones_alias(
    alias: Alias, text_without_id: bytes
) -> None:
    stated = f">{alias.malformed_id}</a>".encode()
    page = PageLine().cable(ASTANA.page, text_without_id.replace(b">07ASTANA9033</a>", stated))
    assert page.reference_id is not None
    if alias.twin_exists:
        assert "fragment" in page.flags
        assert page.values("fragment_of") == [alias.reference_id]
        assert canonical(page) == alias.malformed_id
        assert page.values("alias") == []
    else:
        assert "fragment" not in page.flags
        assert canonical(page) == alias.reference_id
        assert page.values("alias") == [alias.malformed_id]
        assert page.reference_id.reason == alias.kind


def test_a_fragment_may_name_the_cable_that_it_is_a_piece_of(tmp_path: Path) -> None:
    """The ID of this one has lost its number; header and text have it: 204."""
    body = sample_page(tmp_path, ASTANA).replace(b">07ASTANA9033</a>", b">06ASTANA</a>")
    page = PageLine().cable(ASTANA.page, body.replace(b"9033", b"0204"))
    assert page.values("fragment_of") == ["06ASTANA204"]
    assert page.values("own_id") == ["ASTANA 204"]
    assert page.flags == ["fragment"]


@pytest.fixture(scope="session")
def text_without_id(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The page of Astana with a text that does not say whose it is."""
    build = Build(1, edits={ASTANA.reference_id: "1. (C) The tram stops for nobody."})
    return sample_page(tmp_path_factory.mktemp("page"), ASTANA, build)


def test_a_retransmission_is_another_cable(tmp_path: Path) -> None:
    """The same words were sent again, under the next number: nearly the same text, two cables."""
    again = sample_page(tmp_path, ASTANA)
    for old, new in ((b"9033", b"9034"), (b"ninety percent", b"90 percent")):
        again = again.replace(old, new)
    line = PageLine()
    first = line.cable(ASTANA.page, sample_page(tmp_path, ASTANA))
    second = line.cable("cable/2007/04/07ASTANA9034.html", again)
    assert (canonical(first), canonical(second)) == ("07ASTANA9033", "07ASTANA9034")
    assert first.flags == second.flags == []
    assert first.reading_sha256 != second.reading_sha256


def test_two_cables_with_one_text_stay_two(tmp_path: Path) -> None:
    lisbon = page_of(cable_by_id("05LISBON9539"), tmp_path / "1")
    muscat = page_of(WRONG_BODY, tmp_path / "2")
    assert lisbon.cable.body.text == muscat.cable.body.text
    assert canonical(lisbon) != canonical(muscat)


@given(st.text(), st.text(), st.text(min_size=1))
def test_a_digest_tells_header_and_body_apart(header: str, body: str, more: str) -> None:
    digest = reading_sha256(header, body)
    assert digest == reading_sha256(header, body)
    assert digest != reading_sha256(header, body + more)
    if "\0" not in header + body + more:
        assert reading_sha256(header + more, body) != reading_sha256(header, more + body)


def test_a_digest_is_made_of_any_characters() -> None:
    assert len(reading_sha256("\ud800", "\udfff")) == 64


def test_what_is_no_cable_page_passes_through() -> None:
    problem = Problem(capture_of("http://mirror.example/"), "rows", "none")
    assert DedupePipeline(CountingStats()).process_item(problem) is problem
