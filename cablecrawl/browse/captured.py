"""A capture's page: every character of its page text with its label, down to the bytes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from cablecrawl.boilerplate import load_rules
from cablecrawl.capture import ResponseReader
from cablecrawl.capture.http import content_codings, parse_head
from cablecrawl.collation.former import former_of
from cablecrawl.collation.hidden import Hidden, hidden_stretches, merged, without
from cablecrawl.collation.words import Stretch
from cablecrawl.decoding import decode_content
from cablecrawl.errors import NotThereError
from cablecrawl.export.read import Snapshot
from cablecrawl.items import CablePage
from cablecrawl.ledger import UNLABELLED, Entry
from cablecrawl.store import tables as t
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.held import HeldCapture, held_captures
from cablecrawl.trace.recheck import Rechecker

PLACE = re.compile(r"(\d{1,12})-(\d{1,12})")

# Bytes shown on either side of those of a quote, and at most.
AROUND, MOST_BYTES = 16, 256

CABLE, FIELD, BOILERPLATE = "cable", "field", "boilerplate"


class Labelled(NamedTuple):
    """A stretch of page text as it is shown."""

    text: str
    """What is hidden in it is `[hidden]`."""
    kind: str
    """`cable`, `field`, `boilerplate` or `unlabelled`: its colour."""
    label: str
    """`header`, `subject`, the name of a rule."""
    is_quoted: bool
    """Whether it is what was asked for."""


class Bytes(NamedTuple):
    """Where a quote stands in the body."""

    start: int
    end: int
    """Exclusive; both count the bytes of the body, its content codings undone."""
    before: str
    quote: str
    after: str
    """Bytes in hexadecimal; empty where the quote is hidden, or too long."""


def capture_page(
    store: Snapshot, capture_id: str, at: str | None, data_dir: Path, *, show: bool
) -> dict[str, Any]:
    """A capture and its ledger; `at` is a place in its document, `start-end`.

    Raises NotThereError, CableCrawlError.
    """
    db = store.connection
    named = (capture_id, f"urn:uuid:{capture_id}")
    row = db.execute(select(t.capture.c.id).where(t.capture.c.capture_id.in_(named))).scalar()
    if row is None:
        raise NotThereError(f"{capture_id}: the store has no such capture")
    (held,) = held_captures(db, row, row)
    run = db.execute(select(t.capture.c.run).where(t.capture.c.id == row)).scalar_one()
    warcs = data_dir / WARC_FOLDER
    rechecked = Rechecker(warcs).read_again(held)
    hiding = [_hidden_of(store, page, show=show) for page in rechecked.pages]
    quoted = None
    entries: list[Labelled] = []
    characters: Counter[tuple[str, str]] = Counter()
    where = None
    if rechecked.pages:
        page = rechecked.pages[0]  # the cables of a page share its text and its ledger
        quoted = _place(at, page.page.document) if at else None
        shown = ShownPage(page, body_of(held, warcs), hiding)
        entries = shown.labelled(quoted)
        for entry in page.ledger.entries():
            characters[_kind_and_label(entry.label)] += entry.end - entry.start
        if quoted is not None:
            where = shown.bytes_at(*quoted)
    rules = {rule.name: rule for rule in load_rules()}
    return {
        "capture": replace(held.capture, url=_address(hiding, held.capture.url)),
        "held": held,
        "run": run,
        "findings": rechecked.findings,
        "cables": [page.reference_id.canonical for page in rechecked.pages if page.reference_id],
        "page": rechecked.pages[0] if rechecked.pages else None,
        "entries": entries,
        "legend": [
            {
                "kind": kind,
                "label": label,
                "characters": count,
                "rule": rules.get(label) if kind == BOILERPLATE else None,
            }
            for (kind, label), count in sorted(
                characters.items(), key=lambda item: (_ORDER.index(item[0][0]), -item[1])
            )
        ],
        "total": sum(characters.values()),
        "quoted": quoted,
        "bytes": where,
        "hides": any(hiding),
        "problems": held.problems,
    }


_ORDER = (CABLE, FIELD, BOILERPLATE, UNLABELLED)


def _hidden_of(store: Snapshot, page: CablePage, *, show: bool) -> Hidden:
    reference_id = page.reference_id.canonical if page.reference_id else ""
    cable = store.cable(reference_id)
    if cable is None:
        return Hidden()
    return Hidden.of(cable, former_of(store.connection, reference_id), show=show)


def _kind_and_label(label: str) -> tuple[str, str]:
    kind, _, name = label.partition(":")
    return kind, name or label


def _place(at: str, document: str) -> tuple[int, int]:
    """The place in a document that `at` is. Raises NotThereError where it is none."""
    given = PLACE.fullmatch(at)
    if given is None:
        raise NotThereError(f"at={at}: is no place in a document, such as 120-134")
    start, end = int(given[1]), int(given[2])
    if not start <= end <= len(document):
        raise NotThereError(f"at={at}: the document has {len(document):,} characters")
    return start, end


def _address(hiding: Sequence[Hidden], address: str) -> str:
    for hidden in hiding:
        address = hidden.address(address)
    return address


class ShownPage:
    """A page with cables on it, less what is hidden of any of them."""

    def __init__(self, page: CablePage, body: bytes, hiding: Sequence[Hidden]) -> None:
        """`body`: its bytes, content codings undone."""
        self._page = page
        self._body = body
        text, document = page.page.text, page.page.document
        in_document = hidden_stretches(hiding, document)
        # Words that a document has apart, by a script or a comment, are seen side by side.
        shown = [page.page.from_document(*stretch) for stretch in in_document]
        found = [Stretch(*span) for span in shown if span[0] < span[1]]
        self._hidden_text = merged(text, [*hidden_stretches(hiding, text), *found])
        written = [Stretch(*page.page.to_document(*span)) for span in self._hidden_text]
        self._hidden_document = merged(document, [*in_document, *written])

    def labelled(self, quoted: tuple[int, int] | None) -> list[Labelled]:
        """The page text from end to end; a quote that is asked for is parted from what it is in.

        `quoted`: a place in the document. What is hidden is in the quote whole or not at all.
        """
        text = self._page.page.text
        span = None if quoted is None else self._widened(*self._page.page.from_document(*quoted))
        found: list[Labelled] = []
        for entry in self._page.ledger.entries():
            for start, end, is_quoted in _cut(entry, span):
                shown = without(text, self._hidden_text, start, end)
                found.append(Labelled(shown, *_kind_and_label(entry.label), is_quoted))
        return found

    def bytes_at(self, start: int, end: int) -> Bytes | None:
        """The bytes of a place in the document.

        None where encoding it again does not give them.
        """
        document, encoding = self._page.page.document, self._page.encoding
        try:
            quote = document[start:end].encode(encoding)
            first = len(document[:start].encode(encoding))
        except UnicodeError:
            return None  # some bytes were replaced: they are not known any more
        if self._body.startswith(BOM_UTF8) and not document.startswith("\ufeff"):
            first += len(BOM_UTF8)
        behind = first + len(quote)
        if self._body[first:behind] != quote:
            return None
        # As many bytes are no more characters. Found in the whole document, and not in what is
        # shown of it: half a name is not known for what it is.
        shown = Stretch(start - AROUND, end + AROUND)
        if len(quote) > MOST_BYTES or any(_overlap(shown, each) for each in self._hidden_document):
            return Bytes(first, behind, "", "", "")
        before = self._body[max(first - AROUND, 0) : first]
        after = self._body[behind : behind + AROUND]
        return Bytes(first, behind, before.hex(" "), quote.hex(" "), after.hex(" "))

    def _widened(self, start: int, end: int) -> tuple[int, int]:
        """A span of page text with all of each hidden stretch that it touches."""
        touched = [each for each in self._hidden_text if _overlap(each, Stretch(start, end))]
        return min([start, *(each.start for each in touched)]), max(
            [end, *(each.end for each in touched)]
        )


def _overlap(one: Stretch, other: Stretch) -> bool:
    return one.start < other.end and other.start < one.end


def _cut(entry: Entry, quoted: tuple[int, int] | None) -> list[tuple[int, int, bool]]:
    start, end = quoted or (entry.start, entry.start)
    start, end = max(start, entry.start), min(end, entry.end)
    if start >= end:
        return [(entry.start, entry.end, False)]
    parts = [(entry.start, start, False), (start, end, True), (end, entry.end, False)]
    return [part for part in parts if part[0] < part[1]]


def body_of(held: HeldCapture, folder: Path) -> bytes:
    """Of a capture that was just read; its content codings are undone."""
    with closing(ResponseReader(folder)) as reader:
        head, payload = reader.read(held.location)
    _, headers = parse_head(head)
    return decode_content(payload, content_codings(headers)).body
