"""A capture's page: every character of its page text with its label, down to the bytes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from cablecrawl.boilerplate import load_rules
from cablecrawl.capture import ResponseReader
from cablecrawl.capture.http import content_codings, parse_head
from cablecrawl.collation.former import former_of
from cablecrawl.collation.hidden import Hidden
from cablecrawl.decoding import decode_content
from cablecrawl.errors import CableCrawlError
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

    Raises CableCrawlError.
    """
    db = store.connection
    named = (capture_id, f"urn:uuid:{capture_id}")
    row = db.execute(select(t.capture.c.id).where(t.capture.c.capture_id.in_(named))).scalar()
    if row is None:
        raise CableCrawlError(f"{capture_id}: the store has no such capture")
    (held,) = held_captures(db, row, row)
    run = db.execute(select(t.capture.c.run).where(t.capture.c.id == row)).scalar_one()
    warcs = data_dir / WARC_FOLDER
    rechecked = Rechecker(warcs).read_again(held)
    hiding = [_hidden_of(store, page, show=show) for page in rechecked.pages]
    place = PLACE.fullmatch(at or "")
    quoted = (int(place[1]), int(place[2])) if place else None
    entries: list[Labelled] = []
    characters: Counter[tuple[str, str]] = Counter()
    where = None
    if rechecked.pages:
        page = rechecked.pages[0]  # the cables of a page share its text and its ledger
        entries = _labelled(page, hiding, quoted)
        for entry in page.ledger.entries():
            characters[_kind_and_label(entry.label)] += entry.end - entry.start
        if quoted is not None:
            where = _bytes(page, _body(held, warcs), hiding, *quoted)
    rules = {rule.name: rule for rule in load_rules()}
    return {
        "capture": held.capture,
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


def _labelled(
    page: CablePage, hiding: Sequence[Hidden], quoted: tuple[int, int] | None
) -> list[Labelled]:
    """The page text from end to end; a quote that was asked for is parted from what it is in."""
    text = page.page.text
    found = []
    for entry in page.ledger.entries():
        for start, end, is_quoted in _cut(page, entry, quoted):
            shown = _masked(hiding, text, start, end)
            found.append(Labelled(shown, *_kind_and_label(entry.label), is_quoted))
    return found


def _cut(
    page: CablePage, entry: Entry, quoted: tuple[int, int] | None
) -> list[tuple[int, int, bool]]:
    if quoted is None:
        return [(entry.start, entry.end, False)]
    start, end = page.page.from_document(*quoted)
    start, end = max(start, entry.start), min(end, entry.end)
    if start >= end:
        return [(entry.start, entry.end, False)]
    parts = [(entry.start, start, False), (start, end, True), (end, entry.end, False)]
    return [part for part in parts if part[0] < part[1]]


def _masked(hiding: Sequence[Hidden], text: str, start: int, end: int) -> str:
    shown = text[start:end]
    for hidden in hiding:
        if hidden:
            # As a part of its text; what a second cable of the page hides, by occurrence.
            whole = shown == text[start:end]
            shown = hidden.excerpt(text, start, end) if whole else hidden.mask(shown)
    return shown


def _bytes(
    page: CablePage, body: bytes, hiding: Sequence[Hidden], start: int, end: int
) -> Bytes | None:
    """The bytes of a place in the document; None where encoding it again does not give them."""
    document = page.page.document
    if not 0 <= start <= end <= len(document):
        return None
    try:
        quote = document[start:end].encode(page.encoding)
        first = len(document[:start].encode(page.encoding))
    except UnicodeError:
        return None  # some bytes were replaced: they are not known any more
    if body.startswith(BOM_UTF8) and not document.startswith("\ufeff"):
        first += len(BOM_UTF8)
    behind = first + len(quote)
    if body[first:behind] != quote:
        return None
    around = document[max(start - AROUND, 0) : end + AROUND]
    if len(quote) > MOST_BYTES or any(hidden.mask(around) != around for hidden in hiding):
        return Bytes(first, behind, "", "", "")
    before, after = body[max(first - AROUND, 0) : first], body[behind : behind + AROUND]
    return Bytes(first, behind, before.hex(" "), quote.hex(" "), after.hex(" "))


def _body(held: HeldCapture, folder: Path) -> bytes:
    """Of a capture that was just read; its content codings are undone."""
    with closing(ResponseReader(folder)) as reader:
        head, payload = reader.read(held.location)
    _, headers = parse_head(head)
    return decode_content(payload, content_codings(headers)).body
