"""Walks through numbered pages, without a crawl."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.errors import CableCrawlError
from cablecrawl.numbered import NumberedPages, number_of
from cablecrawl.walk import PREFIX, WINDOW, NumberRange, Walk, WalkEnd, read_range

PAGES = NumberedPages("http://site.example/cable.php?id=", "")


def walk_of(numbers: NumberRange | None = None, *, end_after: int = 10, known: int = 0) -> Walk:
    return Walk(PAGES, numbers or NumberRange(), end_after, last_found=known or None)


def walk_through(walk: Walk, cables: set[int], order: random.Random) -> list[int]:
    """The numbers asked for, on a site with these cables that answers in any order."""
    asked = list(walk.ask())
    waiting = list(asked)
    while waiting:
        number = waiting.pop(order.randrange(min(len(waiting), 16)))
        walk.note(number, "found" if number in cables else "missing", f"cable {number}")
        new = list(walk.ask(number)) or (list(walk.ask()) if not waiting else [])
        asked += new
        waiting += new
    return asked


@given(
    cables=st.sets(st.integers(1, 200)),
    end_after=st.integers(1, 30),
    known=st.integers(0, 250),
    seed=st.integers(),
)
def test_a_walk_asks_once_for_every_number_up_to_a_run_without_a_cable(
    cables: set[int], end_after: int, known: int, seed: int
) -> None:
    walk = walk_of(end_after=end_after, known=known)
    asked = walk_through(walk, cables, random.Random(seed))
    highest = known
    for number in sorted(cables):
        if number <= highest + end_after:
            highest = max(highest, number)
    assert asked == list(range(1, highest + end_after + 1))
    assert (walk.last_found or 0) == highest
    end = WalkEnd.of("site", walk.stats("site"))
    assert end is not None
    assert (end.failure, end.missing) == (None, end_after)


def test_no_more_than_a_window_is_asked_for_ahead_of_the_answers() -> None:
    walk = walk_of(known=251_287)
    assert list(walk.ask()) == list(range(1, WINDOW + 1))
    assert list(walk.ask(1)) == [WINDOW + 1]
    assert list(walk.ask(1)) == []


def test_a_range_with_an_end_has_no_end_to_find() -> None:
    walk = walk_of(NumberRange(100, 120))
    asked = walk_through(walk, set(), random.Random(1))
    assert asked == list(range(100, 121))
    end = WalkEnd.of("site", walk.stats("site"))
    assert end is not None and end.failure is None
    assert end.line == "ids 100 to 120"


def test_an_end_of_failures_is_none() -> None:
    walk = walk_of(end_after=3)
    for number in walk.ask():
        walk.note(number, "failed")
    end = WalkEnd.of("site", walk.stats("site"))
    assert end is not None
    assert end.failure == "the end was not found: the last 3 ids failed"
    walk.note(2, "missing")
    end = WalkEnd.of("site", walk.stats("site"))
    assert end is not None
    assert end.failure == "the end was not found: 2 of the 3 ids asked for failed"


@given(order=st.permutations(range(1, 21)))
def test_the_last_cable_over_again_is_no_further_one(order: list[int]) -> None:
    walk = walk_of(end_after=10)
    list(walk.ask())
    walk.note(1, "found", "cable 1")
    for number in order:
        walk.note(number, "found", f"cable {min(number, 2)}")
    assert walk.last_found == 2


def test_a_source_that_was_not_walked_has_no_end() -> None:
    assert WalkEnd.of("site", {f"{PREFIX}another/first": 1}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1-", NumberRange(1)), ("100-500", NumberRange(100, 500)), ("7-7", NumberRange(7, 7))],
)
def test_a_range_is_a_first_number_and_perhaps_a_last(text: str, expected: NumberRange) -> None:
    assert read_range(text) == expected


@pytest.mark.parametrize("text", ["", "-", "5", "0-3", "9-3", "a-b", "1-2-3", "1–3"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(CableCrawlError, match="-a range="):
        read_range(text)


NUMBERS = {
    "http://x/cable.php?id=46599": 46599,
    "cable.php?id=1": 1,
    "/browse/cable.php?lang=en&id=12&print=1": 12,
    "http://x/cable.php?id=12#top": 12,
    "http://x/cable.php?id=05ALMATY4281": None,
    "http://x/cable.php?id=007": None,
    "http://x/cable.php?id=": None,
    "http://x/vegetable.php?id=3": None,
    "http://x/post.php?id=3": None,
    "http://x/?p=77": None,
}


@pytest.mark.parametrize(("url", "expected"), NUMBERS.items())
def test_a_numbered_page_is_told_by_its_address(url: str, expected: int | None) -> None:
    assert number_of(url) == expected
    pages = NumberedPages.like(url)
    assert (pages is None) == (expected is None)
    if pages is not None and expected is not None:
        assert pages.url(expected) == url.partition("#")[0]
