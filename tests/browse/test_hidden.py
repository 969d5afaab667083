"""What one copy hides does not come out of a capture's page, wherever its `at` leads."""

from __future__ import annotations

import re

import pytest

from cablecrawl.browse.captured import ShownPage, body_of
from cablecrawl.collation.hidden import HIDDEN, Hidden, hidden_stretches
from cablecrawl.collation.words import Stretch
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.recheck import Rechecker
from tests.stores import SampleStore
from tests.trace.conftest import held, stored_cable
from tests.trace.test_hidden import NAME

NAMES = re.compile(r"madina\s+zharkova", re.I)


class Showing:
    """The first page of the store that writes the name out."""

    def __init__(self, store: SampleStore) -> None:
        warcs = store.data_dir / WARC_FOLDER
        self.hidden = Hidden.of(stored_cable(store))
        for capture in held(store):
            for page in Rechecker(warcs).read_again(capture).pages:
                if NAME in page.page.text:
                    self.page = page
                    self.body = body_of(capture, warcs)
                    self.shown = ShownPage(page, self.body, [self.hidden])
                    return


@pytest.fixture
def showing(hiding: SampleStore) -> Showing:
    return Showing(hiding)


@pytest.mark.parametrize("length", [1, 3, 16, 40])
def test_no_window_shows_bytes_of_a_hidden_name(showing: Showing, length: int) -> None:
    document = showing.page.page.document
    hidden = set[int]()
    for name in NAMES.finditer(document):
        first = len(document[: name.start()].encode(showing.page.encoding))
        hidden.update(range(first, first + len(name[0])))
    assert len(hidden) >= 4 * len(NAME)
    shown = 0
    for start in range(len(document) - length):
        found = showing.shown.bytes_at(start, start + length)
        if found is not None and found.quote:
            parts = (found.before, found.quote, found.after)
            first = found.start - len(bytes.fromhex(found.before))
            last = first + sum(len(bytes.fromhex(part)) for part in parts)
            assert hidden.isdisjoint(range(first, last)), (start, length)
            shown += 1
    assert shown > len(document) / 2


def test_a_quote_has_a_hidden_name_whole_or_not_at_all(showing: Showing) -> None:
    document = showing.page.page.document
    name = NAMES.search(document, document.index("We met"))
    assert name is not None
    pages = {
        tuple((entry.text, entry.is_quoted) for entry in showing.shown.labelled((start, end)))
        for start in range(name.start(), name.end())
        for end in range(start + 1, name.end() + 1)
    }
    (page,) = pages
    assert [text for text, is_quoted in page if is_quoted] == [HIDDEN]


def test_what_several_cables_of_a_page_hide_is_hidden_once() -> None:
    class Of(Hidden):
        def __init__(self, *stretches: tuple[int, int]) -> None:
            super().__init__()
            self._found = [Stretch(*stretch) for stretch in stretches]

        def occurrences(self, text: str) -> list[Stretch]:
            return self._found

    text = "one two three four"
    both = [Of((4, 7)), Of((0, 3), (8, 13), (14, 18))]
    assert hidden_stretches(both, text) == [(0, 18)]
    assert hidden_stretches([Of((0, 3)), Of((8, 13))], text) == [(0, 3), (8, 13)]
