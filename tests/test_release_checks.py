"""Hard checks on release claims: each names what cannot be so, and nothing else."""

from __future__ import annotations

import pytest

from cablecrawl.items import Claim
from cablecrawl.release_checks import CHECKS, failed_checks, is_after
from cablecrawl.releases import load_releases

PAGE, BROWSER = "wikileaks_page", "cablebrowser_page"


def stamp(value: str) -> Claim:
    return Claim("released", value, PAGE, "wikileaks_table/1", basis="page_timestamp")


def build(release: str, confidence: str = "asserted") -> Claim:
    return Claim(
        "release", release, PAGE, "release_match/1", basis="counter", confidence=confidence
    )


def label(release: str) -> Claim:
    return Claim("release", release, BROWSER, "release_label/1", basis="page_statement")


def dated(day: str) -> Claim:
    return Claim("released", day, BROWSER, "cablebrowser_source/1", basis="page_statement")


def created(value: str) -> Claim:
    return Claim("created", value, PAGE, "wikileaks_table/1")


def redacted(value: str) -> Claim:
    return Claim(
        "redacted_by_wikileaks", value, BROWSER, "cablebrowser_label/1", basis="page_statement"
    )


MARK = Claim("redaction_mark", "XXXXXXXXXXXX", "cable_body", "x_run/1")


def failed(*claims: Claim, reference_id: str = "07ASTANA9033") -> list[str | None]:
    """The check that each claim fails."""
    found = failed_checks(claims, reference_id, load_releases())
    return [found.get(place) for place in range(len(claims))]


@pytest.mark.parametrize(
    ("value", "fails"),
    [
        ("2010-11-28T18:06", False),
        # 26 hours of time zones and one of a false minute before the 28th of November began.
        ("2010-11-26T21:00", False),
        ("2010-11-26T20:08", True),
        ("2001-01-01T01:01", True),
    ],
)
def test_nothing_came_out_before_the_first_release(value: str, fails: bool) -> None:
    assert failed(stamp(value)) == ["before_first_release" if fails else None]


def test_the_one_cable_that_came_out_before_may_say_so() -> None:
    claim = stamp("2010-02-18T20:08")
    assert failed(claim, reference_id="10REYKJAVIK13") == [None]
    assert failed(claim, reference_id="10REYKJAVIK14") == ["before_first_release"]


def test_a_release_that_a_page_dates_before_the_first_is_none() -> None:
    assert failed(label("cablebrowser-0"), dated("2009-10-04")) == [None, "before_first_release"]


@pytest.mark.parametrize("value", ["2010-12-05T05:05", "2010-11-28T18:06"])
def test_a_stamp_before_the_build_is_as_it_should_be(value: str) -> None:
    assert failed(stamp(value), build("web-837")) == [None, None]


def test_a_build_that_was_seen_whole_has_no_later_stamp_than_was_seen() -> None:
    late = "after_its_build"
    assert failed(stamp("2010-12-05T06:06"), build("web-837")) == [late, late]


@pytest.mark.parametrize(
    ("value", "fails"),
    [
        ("2011-08-30T01:44", False),
        ("2011-08-31T05:12", False),
        ("2011-08-31T05:13", True),
        ("2011-09-02T01:44", True),
    ],
)
def test_of_another_build_its_date_is_known_and_no_time_zone(value: str, fails: bool) -> None:
    late = "after_its_build" if fails else None
    assert failed(stamp(value), build("web-251287")) == [late, late]


def test_a_build_without_a_date_contradicts_no_stamp() -> None:
    assert failed(stamp("2011-08-30T01:44"), build("web-926-b")) == [None, None]


def test_a_stamp_that_is_too_late_for_one_of_two_builds_tells_which_it_is() -> None:
    claims = (
        stamp("2010-12-06T05:05"),
        build("web-926-a", "inferred_weak"),
        build("web-926-b", "inferred_weak"),
    )
    assert failed(*claims) == [None, "after_its_build", None]


def test_number_and_pane_of_two_builds_contradict_each_other() -> None:
    claims = (stamp("2010-11-30T12:12"), build("web-837", "contradicted"))
    assert failed(*claims) == [None, "counter_and_pane"]


def test_no_cable_came_out_before_it_was_written() -> None:
    assert failed(created("2010-12-20T09:09"), stamp("2010-12-05T05:05")) == [
        None,
        "before_created",
    ]
    assert failed(created("2010-12-06T05:05"), stamp("2010-12-05T05:05")) == [None, None]


def test_what_is_said_to_be_not_redacted_has_no_marks_of_it() -> None:
    assert failed(redacted("no"), MARK) == ["has_redaction_marks", None]
    assert failed(redacted("yes"), MARK) == [None, None]
    assert failed(redacted("no")) == [None]


@pytest.mark.parametrize(
    "other", [stamp("2011-10-06T05:05"), created("2011-10-06T03:00"), build("plusd-2013")]
)
def test_the_latest_source_of_a_page_is_no_older_than_what_is_on_it(other: Claim) -> None:
    names = failed(label("cablebrowser-2"), dated("2011-10-04"), other)
    assert names[0] == "page_has_later"
    assert failed(label("cablebrowser-2"), other)[0] == "page_has_later"


def test_what_is_on_a_page_may_be_older_than_its_latest_source() -> None:
    older = (stamp("2011-08-30T01:44"), created("2006-01-17T12:45"), build("web-251287"))
    assert failed(label("cablebrowser-2"), dated("2011-10-04"), *older) == [None] * 5
    assert failed(label("cablebrowser-2"), stamp("2011-10-05T23:59")) == [None, None]


@pytest.mark.parametrize(
    ("day", "fails"),
    [("2011-10-04", False), ("2011-10-05", False), ("2011-10-08", True), ("2011-04-10", True)],
)
def test_a_release_has_the_date_that_is_known_for_it(day: str, fails: bool) -> None:
    name = "registry_has_other_date" if fails else None
    assert failed(label("cablebrowser-2"), dated(day)) == [None, name]
    assert failed(label("cablebrowser-9"), dated(day)) == [None, None]


@pytest.mark.parametrize("value", ["2010-13-45T05:05", "9999-12-31T23:59", "soon", ""])
def test_a_date_that_is_none_fails_no_check(value: str) -> None:
    assert failed(stamp(value), build("web-837"), created(value), dated(value)) == [None] * 4


def test_a_claim_has_the_name_of_the_first_check_it_fails() -> None:
    early = stamp("2001-01-01T01:01")
    assert failed(created("2007-04-20T11:11"), early) == [None, "before_first_release"]
    assert list(CHECKS).index("before_first_release") < list(CHECKS).index("before_created")


def test_a_month_ends_when_its_last_day_does() -> None:
    assert not is_after("2011-10-01", "2011-09")
    assert is_after("2011-10-03", "2011-09")
