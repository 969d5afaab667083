"""On real pages, what is flagged is what a reader finds wrong with them, and nothing else."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from typing import NamedTuple

import pytest

from cablecrawl.citations import Citing, resolve
from cablecrawl.items import CablePage
from tests.corpus import CORPUS, SMALL_SNAPSHOT, SNAPSHOTS, cable_pages, unpack_snapshot
from tests.pipelines import PageLine

# Read one by one. A wrong body names another post in its own ID line. Of the dates, one has a
# day in the header that its own day of the year belies, one was created two hours before it was
# sent, and one is a cable sent again to another post.
WRONG_BODIES = {
    "05SOFIA1280": "PARIS 5539",
    "07PARIS2725": "MOSCOW 5154",
    "08LIMA1732": "MADRID 1132",
    "09CHISINAU694": "ULAANBAATAR 234",
    "09HAVANA132": "MOSCOW 512",
    "09MOSCOW1108": "SHENYANG 4",
    "10MEXICO614": "ISLAMABAD 416",
    "88BAGHDAD28": "STATE 68250",
}
OTHER_DATES = {"08STOCKHOLM748", "09RANGOON378", "09STATE127892"}

# Rules of boilerplate and layouts flag as well.
OF_IDENTITY = {"wrong_body", "appended_cable", "mixed_body", "foreign_record", "fragment"} | {
    "header_number_differs",
    "date_differs",
}


class Read(NamedTuple):
    """What these tests look at of a page."""

    reference_id: str
    created: str
    flags: set[str]
    named: list[str]
    """The cable that a wrong body names."""
    references: list[str]


@pytest.fixture(
    scope="module",
    params=[
        name if name == SMALL_SNAPSHOT else pytest.param(name, marks=pytest.mark.corpus)
        for name in SNAPSHOTS
    ],
)
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Read]:
    """The cable pages of a snapshot, read; the large ones with `-m corpus` only."""
    folder = unpack_snapshot(request.param, tmp_path_factory.getbasetemp())
    line = PageLine()
    return [read(line.cable(path, content)) for path, content in cable_pages(folder)]


def read(page: CablePage) -> Read:
    assert page.reference_id is not None
    (created,) = page.values("created")
    return Read(
        page.reference_id.canonical,
        created,
        OF_IDENTITY & set(page.flags),
        page.values("wrong_body_of"),
        page.values("references"),
    )


def test_no_flag_is_a_false_alarm(pages: list[Read]) -> None:
    expected = {one: {"wrong_body"} for one in WRONG_BODIES}
    expected |= {one: {"date_differs"} for one in OTHER_DATES}
    there = {page.reference_id for page in pages}
    flagged = {page.reference_id: page.flags for page in pages if page.flags}
    assert flagged == {one: flags for one, flags in expected.items() if one in there}
    assert flagged
    for page in pages:
        named = WRONG_BODIES.get(page.reference_id)
        assert page.named == ([] if named is None else [named])


def test_most_references_lead_to_published_cables(pages: list[Read]) -> None:
    """Those that do not are mostly the State Department's, of whose cables few came out."""
    with gzip.open(CORPUS / "cable-ids.csv.gz", "rt", encoding="ascii", newline="") as file:
        published = {row[0] for row in csv.reader(file)}
    counts = Counter[str]()
    for page in pages:
        citing = Citing(page.reference_id, page.created)
        for written in page.references:
            found = resolve(written, None if page.named else citing, lambda _: None)
            counts["all"] += 1
            counts[found.basis] += 1
            counts["resolved"] += found.resolved is not None
            counts["published"] += found.resolved in published
    assert counts["resolved"] > 0.95 * counts["all"], counts
    assert counts["published"] > 0.65 * counts["resolved"], counts
    assert counts["no_cable"] == 0, counts
