"""Which cable a reference means, and what that rests on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.citations import OUT_OF_ORDER, Citation, Citing, resolve
from cablecrawl.posts import posts
from cablecrawl.reference_id import parse

JUNE = Citing("08RIGA300", "2008-06-12T11:13")
JANUARY = Citing("08RIGA30", "2008-01-12T11:13")


def nothing_known(_: str) -> str | None:
    return None


def known(**created: str) -> Callable[[str], str | None]:
    """A store of these cables: `_08RIGA1="2008-01-02"`."""
    cables = {name.removeprefix("_"): value for name, value in created.items()}
    return cables.get


@pytest.mark.parametrize(
    ("written", "resolved", "basis"),
    [
        ("06 STATE 81854", "06STATE81854", "year_written"),
        ("2006 THE HAGUE 00021", "06THEHAGUE21", "year_written"),
        ("99OSLO12", "99OSLO12", "year_written"),
        ("OSLO 12 (07)", "07OSLO12", "year_written"),
        ("STATE 81854", "08STATE81854", "year_of_created"),
        ("RIGA 299", "08RIGA299", "year_of_created"),
        ("TUNIS-148", "08TUNIS148", "year_of_created"),
        ("RIO DE JANEIRO 000012", "08RIODEJANEIRO12", "year_of_created"),
        ("SECSTATE 12", "08STATE12", "year_of_created"),
        ("USUN 12", "08USUNNEWYORK12", "year_of_created"),
        ("HAGUE 12", "08THEHAGUE12", "year_of_created"),
        ("AMEMBASSY OSLO 12", "08OSLO12", "year_of_created"),
        ("RIGA 451", "07RIGA451", "number_above_own"),
        # 135,557 is the highest number of the State Department that year, 171,256 that of 2007.
        ("STATE 162318", "07STATE162318", "number_above_year"),
        ("STATE 135558", "08STATE135558", "year_of_created"),
    ],
)
def test_a_reference_in_june(written: str, resolved: str, basis: str) -> None:
    assert resolve(written, JUNE, nothing_known) == Citation(
        written,
        resolved,
        (resolved,),
        basis,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "written", ["SECTION 02", "REASONS 14", "14 FEB 08", "FEB 08", "IIR 6", "RIGA 0", "12", ""]
)
def test_what_names_no_cable_is_refused(written: str) -> None:
    assert resolve(written, JUNE, nothing_known) == Citation(written, None, (), "no_cable")


@pytest.mark.parametrize("written", ["WHITE HOUSE 853", "SECTO 0008", "08 ATLANTIS 12"])
def test_an_unknown_post_is_kept_as_written(written: str) -> None:
    assert resolve(written, JUNE, nothing_known) == Citation(written, None, (), "unknown_post")


def test_a_year_still_to_come_is_no_year() -> None:
    found = resolve("09 OSLO 12", JUNE, nothing_known)
    assert (found.resolved, found.candidates, found.basis) == (None, ("09OSLO12",), "unresolved")


def test_in_january_another_posts_cable_may_be_of_either_year() -> None:
    found = resolve("OSLO 12", JANUARY, nothing_known)
    assert found == Citation("OSLO 12", None, ("08OSLO12", "07OSLO12"), "unresolved")


@pytest.mark.parametrize(
    ("cables", "resolved"),
    [
        ({"_08OSLO12": "2008-01-03T10:10"}, "08OSLO12"),
        ({"_07OSLO12": "2007-01-04T10:10"}, "07OSLO12"),
        # A cable of May is cited by none of January.
        ({"_08OSLO12": "2008-05-03T10:10"}, "07OSLO12"),
        ({"_08OSLO12": "2008-05-03T10:10", "_07OSLO12": ""}, "07OSLO12"),
        ({"_08OSLO12": "2008-01-14T10:10"}, "08OSLO12"),
        ({"_08OSLO12": ""}, "08OSLO12"),
    ],
)
def test_of_two_candidates_the_one_that_is_known_is_meant(
    cables: dict[str, str], resolved: str
) -> None:
    found = resolve("OSLO 12", JANUARY, known(**cables))
    assert found == Citation("OSLO 12", resolved, (resolved,), "known_cable")


def test_two_known_candidates_leave_it_open() -> None:
    both = known(_08OSLO12="2008-01-03T10:10", _07OSLO12="2007-01-03T10:10")
    assert resolve("OSLO 12", JANUARY, both).basis == "unresolved"


def test_the_own_post_is_certain_in_january_too() -> None:
    assert resolve("RIGA 29", JANUARY, nothing_known).resolved == "08RIGA29"
    above = resolve("RIGA 31", JANUARY, nothing_known)
    assert (above.resolved, above.basis) == ("07RIGA31", "number_above_own")


def test_a_number_just_above_the_own_may_be_of_the_same_year() -> None:
    just_above, far_above = f"RIGA {300 + OUT_OF_ORDER}", f"RIGA {301 + OUT_OF_ORDER}"
    assert resolve(just_above, JUNE, nothing_known).basis == "unresolved"
    assert resolve(far_above, JUNE, nothing_known).basis == "number_above_own"
    there = known(**{f"_08RIGA{301 + OUT_OF_ORDER}": "2008-02-01T10:10"})
    assert resolve(far_above, JUNE, there).basis == "known_cable"


def test_a_known_cable_of_the_year_that_came_later_is_not_meant() -> None:
    found = resolve("OSLO 512", JUNE, known(_08OSLO512="2008-12-01T10:10"))
    assert (found.resolved, found.basis) == ("07OSLO512", "known_cable")


def test_no_cable_cites_itself() -> None:
    found = resolve("RIGA 300", JUNE, nothing_known)
    assert found == Citation("RIGA 300", None, ("07RIGA300",), "unresolved")


def test_a_fragment_cites_as_the_cable_it_is_a_piece_of() -> None:
    piece = Citing("09SECTION02OF03QRIPOLI583", "2009-07-20T10:10")
    assert resolve("TRIPOLI 999", piece, nothing_known).resolved == "08TRIPOLI999"
    assert resolve("TRIPOLI 582", piece, nothing_known).resolved == "09TRIPOLI582"


def test_the_text_of_an_unknown_cable_has_no_year() -> None:
    assert resolve("OSLO 12", None, nothing_known) == Citation("OSLO 12", None, (), "unresolved")
    assert resolve("06 OSLO 12", None, nothing_known).resolved == "06OSLO12"


def test_without_created_the_year_is_that_of_the_id_and_the_month_is_open() -> None:
    citing = Citing("08RIGA300", None)
    assert resolve("RIGA 12", citing, nothing_known).resolved == "08RIGA12"
    assert resolve("OSLO 12", citing, nothing_known).basis == "unresolved"


years = st.sampled_from(["", "06 ", "2006 ", "99", "(05) ", "'07 "])
names = st.sampled_from([post.name for post in posts()] + ["ATLANTIS", "SECTION", "USUN", "RIO"])
written = st.one_of(
    st.text(max_size=40),
    st.builds(
        lambda year, name, serial, behind: f"{year}{name} {serial}{behind}",
        years,
        names,
        st.integers(0, 10**8),
        st.sampled_from(["", " (08)"]),
    ),
)
dates = st.one_of(st.none(), st.dates().map(lambda day: f"{day}T10:10"), st.text(max_size=16))


@given(written, st.sampled_from(["08RIGA30", "66OSLO1", "09SECTION02OF03QRIPOLI583"]), dates)
def test_whatever_is_written_the_answer_holds_together(
    text: str, reference_id: str, created: str | None
) -> None:
    found = resolve(text, Citing(reference_id, created), nothing_known)
    assert found.as_written == text
    assert found.resolved in (None, *found.candidates[:1])
    assert (found.resolved is None) == (found.basis in ("unresolved", "unknown_post", "no_cable"))
    for candidate in found.candidates:
        spelt = parse(candidate)
        assert spelt is not None and spelt.canonical == candidate
