"""Histories and counts of changes as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cablecrawl.collation.changes import Changes
from cablecrawl.collation.history import (
    CableHistory,
    ReleaseHistory,
    ShownTransition,
    WitnessHistory,
    one_line,
)
from cablecrawl.records import RelationRecord

# Of a transition; --json has all.
MOST_VARIANTS = 12

DIGITS = 8
"""Of a digest, as it is shown."""

TO_SECONDS = len("2026-11-21T18:01:02")

REDACTED_SPANS = {
    "none": "no reading hides what another shows",
    "hidden": "what one reading hides and another shows is hidden",
    "shown": "what one reading hides and another shows is shown (SHOW_REDACTED_SPANS)",
}


def history_lines(history: CableHistory) -> Iterator[str]:
    """A cable's history."""
    numbers = {text.reading_sha256: text.number for text in history.texts}
    yield (
        f"{history.reference_id}: {_counted(len(history.witnesses), 'copy', 'copies')},"
        f" {_counted(len(history.texts), 'text')}; {REDACTED_SPANS[history.redacted_spans]}"
    )
    for text in history.texts:
        releases = f", in {', '.join(text.releases)}" if text.releases else ""
        yield (
            f"  text {text.number}  {text.reading_sha256[:DIGITS]}  {text.dialect},"
            f" {_counted(text.redaction_marks, 'redaction mark')}{releases}"
        )
    for witness in history.witnesses:
        yield ""
        yield from _witness(witness, numbers)
    if history.by_release.places:
        yield ""
        yield from _by_release(history.by_release, numbers)
    if history.relations:
        yield ""
        yield "relations (which text was there first is not told by them)"
        for relation in history.relations:
            yield f"  {_relation(relation, numbers)}"


def changes_lines(changes: Changes) -> Iterator[str]:
    """The table of the kinds of change, with examples below it."""
    yield (
        f"{changes.cables:,} cables, {changes.several_texts:,} of them with different texts;"
        f" {changes.within:,} changes within a copy, {changes.across:,} from release to release"
    )
    yield ""
    rows = [("kind of change", "within a copy", "between releases", "same Released")]
    rows += [
        (count.kind, f"{count.within:,}", f"{count.across:,}", f"{count.same_stamp:,}")
        for count in changes.kinds
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers in rows:
        cells = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *cells))
    for count in changes.kinds:
        if count.examples:
            yield ""
            yield f"{count.kind}, for example"
            yield from (f"  {example}" for example in count.examples)


def _witness(witness: WitnessHistory, numbers: dict[str, int]) -> Iterator[str]:
    yield f"{one_line(witness.source)}  {one_line(witness.url)}"
    if witness.released:
        yield f"  Released {', '.join(witness.released)}"
    for stay in witness.course:
        found = f"text {numbers[stay.reading_sha256]}" if stay.reading_sha256 else "gone"
        until = "" if stay.first_seen == stay.last_seen else f" to {_moment(stay.last_seen)}"
        yield f"  {_moment(stay.first_seen)}{until}  {found}"
    yield from _transitions(witness.transitions, numbers)


def _by_release(history: ReleaseHistory, numbers: dict[str, int]) -> Iterator[str]:
    yield f"in the order of releases ({history.order})"
    for place in history.places:
        yield (
            f"  {place.release}  text {numbers[place.sha256]}"
            f"  by {', '.join(place.bases)}, in {', '.join(map(one_line, place.sources))}"
        )
    yield from _transitions(history.transitions, numbers)


def _transitions(transitions: Sequence[ShownTransition], numbers: dict[str, int]) -> Iterator[str]:
    for found in transitions:
        yield (
            f"  text {numbers[found.earlier]} ({_moment(found.earlier_at)}) to"
            f" text {numbers[found.later]} ({_moment(found.later_at)}): {', '.join(found.kinds)}"
        )
        for variant in found.variants[:MOST_VARIANTS]:
            yield f"    {variant.kind}"
            yield f"    - {variant.earlier_text}"
            yield f"    + {variant.later_text}"
        if len(found.variants) > MOST_VARIANTS:
            yield f"    and {len(found.variants) - MOST_VARIANTS} more (--json has all)"


def _relation(relation: RelationRecord, numbers: dict[str, int]) -> str:
    number = numbers.get(relation.other_reading_sha256 or "")
    other = f"text {number}" if number else relation.other_reference_id
    if other is None:
        other = f"{relation.other_as_stated}, of a year that is not known"
    score = "" if relation.score is None else f", {relation.score:.3f}"
    way = relation.relation if relation.directed else f"{relation.relation} (either way)"
    return f"text {numbers[relation.reading_sha256]}  {way}  {other}  ({relation.basis}{score})"


def _moment(at: str) -> str:
    """A time to the second; the ID of a release as it is."""
    return f"{at[:TO_SECONDS].replace('T', ' ')}" if at[:2] == "20" else at


def _counted(number: int, name: str, names: str | None = None) -> str:
    return f"{number} {name if number == 1 else names or f'{name}s'}"
