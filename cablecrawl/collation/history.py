"""The history of a cable's text, as it may be shown: what is hidden is masked, places included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cablecrawl.collation.collation import Collation
from cablecrawl.collation.comparison import SpanVariant
from cablecrawl.collation.former import NOTHING_FORMER, Former
from cablecrawl.collation.hidden import Hidden, text_of
from cablecrawl.collation.links import Link
from cablecrawl.collation.relations import relations_of
from cablecrawl.collation.sequence import Place, Transition, across, places_of, within
from cablecrawl.collation.words import MARK, Stretch
from cablecrawl.export.read import StoredCable, StoredReading, StoredWitness
from cablecrawl.records import RelationRecord
from cablecrawl.releases import Releases

# Characters shown on either side of a variant, and of a variant itself.
AROUND = 40
MOST_SHOWN = 240
BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ShownVariant:
    """A place where two texts differ, as far as it may be shown."""

    kind: str
    """Of KINDS in cablecrawl.collation.comparison."""
    earlier: Stretch | None
    """Where it stands in the earlier reading's header, line break and body, in characters; None:
    the other text hides something of this one, and no place in it is told."""
    later: Stretch | None
    """The same of the later reading."""
    earlier_text: str
    """With some of what stands around it, on one line; a long one is cut in its middle."""
    later_text: str


@dataclass(frozen=True, slots=True)
class ShownTransition:
    """One text followed by another."""

    earlier: str
    """The reading's digest."""
    earlier_at: str
    """A time (UTC), or the ID of a release."""
    later: str
    later_at: str
    kinds: tuple[str, ...]
    relation: str
    """Of the earlier to the later text."""
    direction: str
    basis: str
    score: float
    variants: tuple[ShownVariant, ...]


@dataclass(frozen=True, slots=True)
class TextSummary:
    """A text of the cable."""

    number: int
    """From 1, in the order of releases, and then as they were first seen."""
    reading_sha256: str
    dialect: str
    """`telegram`, `newspaper`, `dump`."""
    redaction_marks: int
    releases: tuple[str, ...]
    """IDs of the releases that have it, in the order of publication."""


@dataclass(frozen=True, slots=True)
class ShownStay:
    """A time through which the captures of a witness met the same text."""

    reading_sha256: str | None
    """None: it was gone."""
    first_seen: str
    last_seen: str


@dataclass(frozen=True, slots=True)
class WitnessHistory:
    """A witness, and what its captures met."""

    source: str
    url: str
    released: tuple[str, ...]
    """Every Released stamp that its pages ever stated; sorted."""
    course: tuple[ShownStay, ...]
    transitions: tuple[ShownTransition, ...]


@dataclass(frozen=True, slots=True)
class ReleaseHistory:
    """The texts in the order of the releases that their pages name."""

    order: str
    """What the order rests on."""
    places: tuple[Place, ...]
    transitions: tuple[ShownTransition, ...]


@dataclass(frozen=True, slots=True)
class CableHistory:
    """All that `scrapy history` says of a cable."""

    reference_id: str
    redacted_spans: str
    """`shown`, `hidden`, or `none` where no reading hides what another shows."""
    texts: tuple[TextSummary, ...]
    witnesses: tuple[WitnessHistory, ...]
    by_release: ReleaseHistory
    relations: tuple[RelationRecord, ...]


ORDER = (
    "releases.toml lists the releases in the order of publication; that a text is of a release"
    " rests on what is listed with it"
)


def history_of(
    cable: StoredCable,
    releases: Releases,
    links: Sequence[Link],
    former: Former = NOTHING_FORMER,
    *,
    show: bool = False,
) -> CableHistory:
    """The history of a cable.

    `former` is what reparses no longer gave of it, which goes on hiding; `show` is the setting
    SHOW_REDACTED_SPANS.
    """
    collation = Collation(cable)
    hidden = Hidden.of(cable, former, show=show)
    writer = _Writer(cable, hidden, show=show)
    places = places_of(cable, releases)
    return CableHistory(
        cable.reference_id,
        "shown" if show else "hidden" if hidden else "none",
        tuple(_texts(cable, collation, places)),
        tuple(
            _witness(witness, writer.transitions(within(witness, collation)))
            for witness in cable.witnesses
        ),
        ReleaseHistory(ORDER, tuple(places), writer.transitions(across(places, collation))),
        tuple(relations_of(cable.reference_id, collation, links)),
    )


def released_stamps(witness: StoredWitness) -> tuple[str, ...]:
    """Every Released stamp that a witness's pages ever stated, sorted."""
    return tuple(sorted({stamp for reading in witness.readings for stamp in stamps_of(reading)}))


def stamps_of(reading: StoredReading) -> set[str]:
    """The Released stamps that were ever stated with a reading."""
    return {stored.claim.value for stored in reading.claims if stored.claim.field == "released"}


class _Writer:
    """Writes transitions so that nothing hidden is in them."""

    def __init__(self, cable: StoredCable, hidden: Hidden, *, show: bool) -> None:
        self._hidden = hidden
        self._show = show
        self._readings = {
            reading.sha256: reading for witness in cable.witnesses for reading in witness.readings
        }

    def transitions(self, found: Iterable[Transition]) -> tuple[ShownTransition, ...]:
        return tuple(self._transition(transition) for transition in found)

    def _transition(self, transition: Transition) -> ShownTransition:
        earlier, later, comparison = transition.earlier, transition.later, transition.comparison
        readings = self._readings[earlier.sha256], self._readings[later.sha256]
        # Places of what both texts have would tell the length of what one of them hides.
        tells = [
            not any(variant.hides in (side, "both") for variant in comparison.variants)
            for side in ("left", "right")
        ]
        return ShownTransition(
            earlier.sha256,
            earlier.at,
            later.sha256,
            later.at,
            transition.kinds,
            comparison.relation,
            comparison.direction,
            comparison.basis,
            comparison.score,
            tuple(self._variant(variant, *readings, tells) for variant in comparison.variants),
        )

    def _variant(
        self,
        variant: SpanVariant,
        earlier: StoredReading,
        later: StoredReading,
        tells: Sequence[bool],
    ) -> ShownVariant:
        return ShownVariant(
            variant.kind,
            self._place(earlier, variant.left, tells[0]),
            self._place(later, variant.right, tells[1]),
            self._excerpt(earlier, variant.left),
            self._excerpt(later, variant.right),
        )

    def _place(self, reading: StoredReading, stretch: Stretch, tells: bool) -> Stretch | None:
        if not self._show and not tells:
            return None
        hidden = self._hidden.stretches(reading)
        if any(start < stretch.end and stretch.start < end for start, end in hidden):
            return None
        return stretch

    def _excerpt(self, reading: StoredReading, stretch: Stretch) -> str:
        text = text_of(reading)
        start = _behind_blank(text, max(stretch.start - AROUND, 0), stretch.start)
        end = _before_blank(text, min(stretch.end + AROUND, len(text)), stretch.end)
        shown = one_line(self._hidden.shown(reading, start, end))
        if len(shown) > MOST_SHOWN:
            shown = f"{shown[: MOST_SHOWN // 2]} … {shown[-MOST_SHOWN // 2 :]}"
        return shown


def one_line(text: str) -> str:
    """A text as one line that a terminal can show."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def _behind_blank(text: str, start: int, end: int) -> int:
    """Where the first whole word of a stretch begins, if one does."""
    blank = BLANK.search(text, start, end) if start else None
    return blank.end() if blank else start


def _before_blank(text: str, end: int, start: int) -> int:
    """Where the last whole word of a stretch ends, if one does."""
    blanks = [blank.start() for blank in BLANK.finditer(text, start, end)]
    return blanks[-1] if blanks and end < len(text) else end


def _texts(
    cable: StoredCable, collation: Collation, places: Sequence[Place]
) -> Iterator[TextSummary]:
    releases: dict[str, list[str]] = {}
    for place in places:
        releases.setdefault(place.sha256, []).append(place.release)
    seen = [
        (reading.first_seen, reading.sha256)
        for witness in cable.witnesses
        for reading in witness.readings
    ]
    order = dict.fromkeys([*releases, *(sha256 for _, sha256 in sorted(seen))])
    for number, sha256 in enumerate(order, start=1):
        text = collation.texts[sha256]
        marks = text.words.keys.count(MARK)
        yield TextSummary(number, sha256, text.dialect, marks, tuple(releases.get(sha256, ())))


def _witness(witness: StoredWitness, transitions: tuple[ShownTransition, ...]) -> WitnessHistory:
    course = (
        ShownStay(stay.reading.sha256 if stay.reading else None, stay.first_seen, stay.last_seen)
        for stay in witness.course
    )
    return WitnessHistory(
        witness.source, witness.url, released_stamps(witness), tuple(course), transitions
    )
