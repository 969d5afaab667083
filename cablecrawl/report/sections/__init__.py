"""What a report says of each subject: its figures, in words and as drawings."""

from __future__ import annotations

from collections.abc import Iterator

from cablecrawl.report.figures import Section
from cablecrawl.report.numbers import Numbers
from cablecrawl.report.sections.missing import missing
from cablecrawl.report.sections.posts import posts_and_years
from cablecrawl.report.sections.releases import releases
from cablecrawl.report.sections.runs import problems, runs
from cablecrawl.report.sections.sources import sources
from cablecrawl.report.sections.texts import stripped, versions


def sections(numbers: Numbers) -> Iterator[Section]:
    """All of them, in the order of the page; to be called inside `drawing.settings`."""
    yield Section(
        "posts",
        "Cables by post and year, and what is known to be missing",
        [posts_and_years(numbers), *missing(numbers)],
    )
    yield Section("sources", "Sources and their overlap", list(sources(numbers)))
    yield Section("releases", "WikiLeaks releases", list(releases(numbers)))
    yield Section("versions", "Versions of the texts", list(versions(numbers)))
    yield Section("stripped", "What was stripped", [stripped(numbers)])
    yield Section("problems", "Problems", [problems(numbers)])
    yield Section("runs", "Runs", [runs(numbers)])
