"""Hard checks on what one capture of a page says of its release: what cannot be so is named.

A check speaks only where no reading of the dates could save the claim. What fails one is kept:
that a page says something impossible is worth knowing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cablecrawl.items import Claim
from cablecrawl.releases import Release, Releases, period

# Nobody states a time zone: 26 hours lie between the outermost, UTC-12 and UTC+14. And builds up
# to April 2011 print no true minute, which is one hour more.
SLACK = timedelta(hours=26 + 1)

# As layouts normalise what a page has, and as the registry writes it.
DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?)?")

# What a claim of a release rests on when the page itself has it, and not what it links to.
OF_BUILD = frozenset(("counter", "template_fingerprint"))


def failed_checks(claims: Sequence[Claim], reference_id: str, releases: Releases) -> dict[int, str]:
    """The check that each claim fails, by its place among `claims`, which one capture made."""
    page = _Page(claims, reference_id, releases)
    failed: dict[int, str] = {}
    for name, check in CHECKS.items():
        for place in check(page):
            failed.setdefault(place, name)
    return failed


class _Page:
    """The claims of one capture that bear on its release, each with its place."""

    def __init__(self, claims: Sequence[Claim], reference_id: str, releases: Releases) -> None:
        self.reference_id = reference_id
        self.releases = releases
        self.stamps: list[tuple[int, Claim]] = []
        self.stated_dates: list[tuple[int, Claim]] = []
        self.releases_of_page: list[tuple[int, Claim]] = []
        self.labels: list[tuple[int, Claim]] = []
        self.redactions: list[tuple[int, Claim]] = []
        self.created: str | None = None
        self.is_marked = False
        for place, claim in enumerate(claims):
            match claim.field, claim.basis:
                case "released", "page_statement":
                    self.stated_dates.append((place, claim))
                case "released", _:
                    self.stamps.append((place, claim))
                case "release", "page_statement":
                    self.labels.append((place, claim))
                case "release", basis if basis in OF_BUILD:
                    self.releases_of_page.append((place, claim))
                case "redacted_by_wikileaks", _:
                    self.redactions.append((place, claim))
                case "redaction_mark", _:
                    self.is_marked = True
                case "created", _:
                    self.created = self.created or claim.value


def counter_and_pane(page: _Page) -> Iterator[int]:
    """The page's number is that of one build, and its left-hand pane that of another."""
    for place, claim in page.releases_of_page:
        if claim.confidence == "contradicted":
            yield place


def before_first_release(page: _Page) -> Iterator[int]:
    """It is said to have come out before anything did, or before anything that has it."""
    first = page.releases.first(page.reference_id)
    if first is not None and first.date is not None:
        for place, claim in (*page.stamps, *page.stated_dates):
            if is_after(first.date, claim.value):
                yield place


def before_created(page: _Page) -> Iterator[int]:
    """It is said to have come out before it was written."""
    if page.created is not None:
        for place, claim in (*page.stamps, *page.stated_dates):
            if is_after(page.created, claim.value):
                yield place


def after_its_build(page: _Page) -> Iterator[int]:
    """The page is stamped later than the build that it says it is of.

    Both claims fail, since nobody knows which is wrong; where the build is one of two, the
    stamp fails only if it is too late for both.
    """
    builds = [
        (place, release)
        for place, claim in page.releases_of_page
        if (release := page.releases.by_id(claim.value)) is not None
    ]
    for place, claim in page.stamps:
        failed = [of for of, release in builds if is_after_release(claim.value, release)]
        yield from failed
        if builds and len(failed) == len(builds):
            yield place


def has_redaction_marks(page: _Page) -> Iterator[int]:
    """The page says that the cable was not redacted, and its text has marks of redaction."""
    for place, claim in page.redactions:
        if claim.value == "no" and page.is_marked:
            yield place


def page_has_later(page: _Page) -> Iterator[int]:
    """What the page calls its latest source is older than something else that is on it."""
    others: list[str | None] = [
        page.created,
        *(claim.value for _, claim in page.stamps),
        *(_date_of(page, claim) for _, claim in page.releases_of_page),
    ]
    for place, claim in page.labels:
        stated: list[str | None] = [date.value for _, date in page.stated_dates]
        stated = stated or [_date_of(page, claim)]
        if any(is_after(other, date) for other in others if other for date in stated if date):
            yield place


def registry_has_other_date(page: _Page) -> Iterator[int]:
    """The date that the page gives for a release is not the one that is known for it."""
    known = [date for _, claim in page.labels if (date := _date_of(page, claim))]
    for place, claim in page.stated_dates:
        if any(is_after(date, claim.value) or is_after(claim.value, date) for date in known):
            yield place


CHECKS: Mapping[str, Callable[[_Page], Iterator[int]]] = {
    check.__name__: check
    for check in (
        counter_and_pane,
        before_first_release,
        before_created,
        after_its_build,
        has_redaction_marks,
        page_has_later,
        registry_has_other_date,
    )
}
"""By the name that `contradicted_by` gives; a claim has that of the first it fails."""


def is_after(one: str, other: str) -> bool:
    """Whether one date or stamp is later than the other in whatever time zone each may be."""
    later, earlier = _period(one), _period(other)
    return later is not None and earlier is not None and later[0] - earlier[1] > SLACK


def is_after_release(stamp: str, release: Release) -> bool:
    """Whether no page of that release can have the stamp.

    Where every page of it was seen, their stamps are known, of the same clock: no slack.
    """
    if release.last_stamp is not None:
        stamped, last = _period(stamp), _period(release.last_stamp)
        return stamped is not None and last is not None and stamped[0] > last[1]
    return release.date is not None and is_after(stamp, release.date)


def _date_of(page: _Page, claim: Claim) -> str | None:
    release = page.releases.by_id(claim.value)
    return None if release is None else release.date


# A crawl meets few stamps and many times each.
@lru_cache(4096)
def _period(date: str) -> tuple[datetime, datetime] | None:
    """None where a page has a date that is none."""
    try:
        return period(date) if DATE.fullmatch(date) else None
    except (ValueError, OverflowError):  # the 31st of December 9999 has no day after it
        return None
