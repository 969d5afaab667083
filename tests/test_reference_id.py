"""Reference IDs and their spellings."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.posts import Post
from cablecrawl.posts import posts as known_posts
from cablecrawl.reference_id import (
    ALIAS_KINDS,
    NOT_POSTS,
    REASONS,
    aliases,
    from_body_line,
    parse,
    read_aliases,
)

CABLE_IDS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus" / "cable-ids.csv.gz"

years = st.integers(0, 99).map(lambda year: f"{year:02d}")
posts = st.from_regex(r"[A-Z]{3,17}", fullmatch=True).filter(lambda post: post not in NOT_POSTS)
serials = st.integers(1, 999_999)
ids = st.builds(lambda year, post, serial: f"{year}{post}{serial}", years, posts, serials)


def canonical(stated: str) -> str | None:
    found = parse(stated)
    return found.canonical if found else None


@pytest.mark.parametrize(
    ("stated", "expected", "reason"),
    [
        ("07ASTANA1033", "07ASTANA1033", None),
        ("07astana1033", "07ASTANA1033", "case"),
        ("07ASTANA001033", "07ASTANA1033", "leading_zero"),
        ("2007ASTANA1033", "07ASTANA1033", "four_digit_year"),
        ("06 TEL AVIV 12", "06TELAVIV12", "punctuation"),
        ("05ALMATY4281_a", "05ALMATY4281", "plusd_suffix"),
        (
            "1975BEIRUT04749_b",
            "75BEIRUT4749",
            "plusd_suffix+four_digit_year+leading_zero",
        ),
        (
            "1975NEWDE14031_b",
            "75NEWDELHI14031",
            "plusd_suffix+four_digit_year+plusd_post_cut",
        ),
        (
            "1973BRUSSE01930_b",
            "73BRUSSELS1930",
            "plusd_suffix+four_digit_year+leading_zero+plusd_post_cut",
        ),
        ("2001VATICA05693", "01VATICAN5693", "four_digit_year+leading_zero+plusd_post_cut"),
        ("2001vatica05693", "01VATICAN5693", "four_digit_year+leading_zero+plusd_post_cut+case"),
        # Six letters and less are whole where a post has no more.
        ("1975LAPAZ04749", "75LAPAZ4749", "four_digit_year+leading_zero"),
        ("09 St. Petersburg 022", "09STPETERSBURG22", "leading_zero+punctuation+case"),
        ("09EFTOLONDON2468", "09LONDON2468", "efto_prefix"),
        ("09EFTO LONDON 02468", "09LONDON2468", "leading_zero+punctuation+efto_prefix"),
        ("7575LIBREVILLE1895", "75LIBREVILLE1895", "infix"),
    ],
)
def test_each_spelling_has_its_reason(stated: str, expected: str, reason: str | None) -> None:
    found = parse(stated)
    assert found is not None
    assert (found.canonical, found.stated, found.reason) == (expected, stated, reason)


@pytest.mark.parametrize(
    "text",
    ["", "07", "ASTANA1033", "07ASTANA", "07ASTANA0", "07ASTANA1234567", "07AB12", "14JAN09"]
    + ["05SECTION1", "1875BEIRUT4749", "2031ASTANA1", "07ASTANA1033x", "07 Straße 12", "0" * 500],
)
def test_what_is_no_reference_id_gives_none(text: str) -> None:
    assert parse(text) is None


def test_a_plusd_suffix_is_kept_as_the_collection() -> None:
    found = parse("1973STATE097844_B")
    assert found is not None
    assert found.collection == "b"


@pytest.mark.parametrize(
    ("stated", "canonical"),
    [("1975UNESCO00012_b", "75UNESCO12"), ("1975XYZXYZ00012_b", "75XYZXYZ12")],
    ids=["two posts begin so", "no known post begins so"],
)
def test_a_cut_post_that_is_not_certain_is_kept_and_says_so(stated: str, canonical: str) -> None:
    found = parse(stated)
    assert found is not None
    assert found.canonical == canonical
    reason = "plusd_suffix+four_digit_year+leading_zero+plusd_post_unresolved"
    assert found.reason == reason


@pytest.mark.parametrize("stated", ["75NEWDE14031", "1975NEWDE1403", "07VATICA05693"])
def test_only_the_form_of_the_archive_has_cut_posts(stated: str) -> None:
    found = parse(stated)
    assert found is not None
    assert "plusd_post" not in (found.reason or "")
    assert found.canonical[2:7] in ("NEWDE", "VATIC")
    assert not found.canonical.startswith(("75NEWDELHI", "07VATICAN"))


def test_a_malformed_id_with_a_twin_keeps_itself_and_names_the_twin() -> None:
    found = parse("09SECTION02OF03QRIPOLI583")
    assert found is not None
    assert found.canonical == "09SECTION02OF03QRIPOLI583"
    assert found.fragment_of == "09TRIPOLI583"
    assert found.reason is None


def test_a_malformed_id_without_a_twin_becomes_the_corrected_one() -> None:
    found = parse("08FSCCHARLESTON1712")
    assert found is not None
    assert found.canonical == "08CHARLESTON1712"
    assert found.fragment_of is None
    assert found.reason == "misspelt_post"


def test_every_alias_leads_to_an_id_that_leads_to_itself() -> None:
    assert len(aliases()) == 203
    for alias in aliases().values():
        found = parse(alias.malformed_id)
        assert found is not None
        assert canonical(found.canonical) == found.canonical
        assert found.fragment_of == (alias.reference_id if alias.twin_exists else None)
        assert found.reason in (None, alias.kind)
        assert canonical(alias.reference_id) == alias.reference_id


HEADER = "malformed_id,reference_id,well_formed_twin_exists,kind,note\n"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id,twin\n", "columns are"),
        (HEADER + "07RIGAA1,07RIGA1,maybe,misspelt_post,\n", "csv:2: 07RIGAA1: .*'maybe'"),
        (HEADER + "07RIGAA1,07RIGA1,no,typo,\n", "unknown kind 'typo'"),
        (HEADER + "07RIGAA1,RIGA 1,no,misspelt_post,\n", "is not a reference ID"),
        (HEADER + "07RIGAA1,07RIGA1,no,misspelt_post,\n" * 2, "stands twice"),
        (
            HEADER + "07RIGAA1,07RIGAB1,no,misspelt_post,\n07RIGAB1,07RIGA1,no,misspelt_post,\n",
            "stands for another alias",
        ),
    ],
)
def test_a_damaged_alias_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_aliases(table)


@pytest.mark.parametrize(
    ("line", "year", "expected"),
    [
        ("ALMATY 004281", "05", "05ALMATY4281"),
        ("ALMATY 4281", "2005", "05ALMATY4281"),
        ("PORT AU PRINCE 000012", "09", "09PORTAUPRINCE12"),
        ("PORT-AU-PRINCE 000012", "09", "09PORTAUPRINCE12"),
        ("AMEMBASSY HANOI 1234", "09", "09HANOI1234"),
        ("Embassy Astana 7", "09", "09ASTANA7"),
        ("USUN NEW YORK 000077", "08", "08USUNNEWYORK77"),
        ("SECSTATE 12345", "08", "08STATE12345"),
        ("USUN 77", "08", "08USUNNEWYORK77"),
        ("The Hague, 00099", "03", "03THEHAGUE99"),
    ],
)
def test_a_body_names_itself_without_a_year(line: str, year: str, expected: str) -> None:
    found = from_body_line(line, year)
    assert found is not None
    assert (found.canonical, found.stated) == (expected, line)


@pytest.mark.parametrize("line", ["", "004281", "ALMATY", "SECTION 01", "ALMATY 1 OF 2", "A" * 99])
def test_a_line_that_is_no_id_line_gives_none(line: str) -> None:
    assert from_body_line(line, "05") is None


@given(ids)
def test_a_canonical_id_is_its_own_canonical_form(stated: str) -> None:
    found = parse(stated)
    assert found is not None
    if stated not in aliases():
        assert (found.canonical, found.reason, found.fragment_of) == (stated, None, None)


@given(st.integers(1973, 1979), st.sampled_from(list(known_posts())), serials)
def test_the_archives_form_of_a_known_post_leads_to_it(year: int, post: Post, serial: int) -> None:
    found = parse(f"{year}{post.cut}{serial:05d}_b")
    assert found is not None
    if len(known_posts().cut_as(post.cut)) == 1:
        assert found.canonical == f"{year % 100}{post.id}{serial}"
    else:
        assert found.canonical == f"{year % 100}{post.cut}{serial}"


@given(years, posts, serials, st.integers(0, 3))
def test_zeros_case_and_blanks_do_not_matter(year: str, post: str, serial: int, pad: int) -> None:
    plain = canonical(f"{year}{post}{serial}")
    assert canonical(f"{year}{post}{'0' * pad}{serial}") == plain
    assert canonical(f"{year} {post[:2]} {post[2:].lower()}  {serial}\n") == plain
    assert canonical(f"{year}{post}{serial}_a") == plain


@given(st.one_of(ids, st.text(), st.from_regex(r"\d{2,4}\W?[A-Za-z ]{0,9}\W?\d{0,9}(_\w)?")))
def test_parsing_twice_changes_nothing(text: str) -> None:
    found = parse(text)
    if found is not None:
        assert found.stated == text
        assert (found.reason is None) == (found.canonical == text)
        assert set((found.reason or "case").split("+")) <= {*REASONS, *ALIAS_KINDS}
        again = parse(found.canonical)
        assert again is not None
        assert (again.canonical, again.reason) == (found.canonical, None)
        assert again.fragment_of == found.fragment_of


@given(years, st.sampled_from(["RIGA", "PORT AU PRINCE", "NEW DELHI", "ASTANA"]), serials)
def test_an_id_line_and_its_id_agree(year: str, post: str, serial: int) -> None:
    found = from_body_line(f"{post} {serial:06d}", year)
    assert found is not None
    assert found.canonical == f"{year}{post.replace(' ', '')}{serial}"


@pytest.mark.skipif(not CABLE_IDS.exists(), reason=f"no {CABLE_IDS.name} beside the repository")
def test_every_published_id_round_trips() -> None:
    with gzip.open(CABLE_IDS, "rt", encoding="ascii", newline="") as file:
        published = [row[0] for row in csv.reader(file)]
    assert len(published) == 251_287
    malformed = set(aliases())
    assert malformed <= set(published)
    changed = [
        stated
        for stated in published
        if stated not in malformed
        and ((found := parse(stated)) is None or found.canonical != stated or found.fragment_of)
    ]
    assert changed == []
    twins = {alias.reference_id for alias in aliases().values() if alias.twin_exists}
    corrected = {alias.reference_id for alias in aliases().values() if not alias.twin_exists}
    assert twins <= set(published)
    assert not corrected & set(published)
