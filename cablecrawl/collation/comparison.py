"""Two readings of a cable compared: how they relate, what kinds of change, and where.

A ladder, each step tried when the one before fails: the same characters; the same but for white
space; but for typography (quotation marks, dashes, case, punctuation); then rows of words that
one has and the other has too; then words aligned. `docs/decisions.md` says what is not concluded.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cablecrawl.collation.alignment import MOST_CELLS, Variant, align, grouped, outer
from cablecrawl.collation.containment import (
    WHOLE,
    containment,
    is_of_another_cable,
    rows,
)
from cablecrawl.collation.dialect import dialect
from cablecrawl.collation.hidden import NEAR, hidden_ranges, text_of
from cablecrawl.collation.words import MARK, Stretch, Words
from cablecrawl.export.read import StoredReading
from cablecrawl.typography import MARKS, SMILIES, fold

Direction = Literal["forward", "backward", "both"]

SAME = "same"
REFORMATS = "reformats"
EXTRACT_OF = "extract_of"
REDACTION_OF = "redaction_of"
VARIANT_OF = "variant_of"
UNRELATED_TO = "unrelated"

REDACTION_ADDED = "redaction_added"
REDACTION_REMOVED = "redaction_removed"
WHITE_SPACE = "white_space"
TYPOGRAPHY = "typography"
DIALECT_SWITCH = "dialect_switch"
BLOCK_ADDED = "block_added"
BLOCK_REMOVED = "block_removed"
WORDING = "wording"
BACK_TO_EARLIER = "back_to_earlier"
REPLACED = "replaced"
REDACTIONS = (REDACTION_ADDED, REDACTION_REMOVED)
KINDS = (
    *REDACTIONS,
    DIALECT_SWITCH,
    WHITE_SPACE,
    TYPOGRAPHY,
    BLOCK_ADDED,
    BLOCK_REMOVED,
    WORDING,
    REPLACED,
    BACK_TO_EARLIER,
)
"""The kinds of change from one text to the next; a change may be of several. `replaced`: the text
of another cable came in its place. `white_space` and `typography`: nothing else changed."""

# Characters that are typography for others that have letters or digits in them.
SET_AS_LETTERS = re.compile(
    f"[{''.join(c for c, plain in (MARKS | SMILIES).items() if any(map(str.isalnum, plain)))}]"
)

BLOCK_WORDS = 60
"""More words than this that came or went at one place are a block."""


@dataclass(eq=False)
class Text:
    """A reading's text as it is compared."""

    sha256: str
    """The reading's."""
    text: str
    """Header and body, as `text_of` gives them."""
    dialect: str

    @classmethod
    def of(cls, reading: StoredReading) -> Text:
        """The text of a reading."""
        return cls(reading.sha256, text_of(reading), dialect(reading.body, reading.current()))

    @cached_property
    def words(self) -> Words:
        """Its words."""
        return Words(self.text)

    @cached_property
    def rows(self) -> frozenset[tuple[str, ...]]:
        """Its rows of words."""
        return rows(self.words)

    @cached_property
    def characters(self) -> str:
        """Without white space."""
        return "".join(self.text.split())

    @cached_property
    def folded(self) -> str:
        """Without typography and case."""
        return fold(self.text).casefold()

    @cached_property
    def letters(self) -> str:
        """Letters, digits and marks alone."""
        return "".join(self.words.keys)


@dataclass(frozen=True, slots=True)
class SpanVariant:
    """A place where two texts differ."""

    kind: str
    """One of KINDS."""
    left: Stretch
    """In `text_of` the one reading, in characters; empty where it has nothing."""
    right: Stretch
    """In the other."""
    hides: str
    """What must not be shown of it: "", `left`, `right` or `both`."""

    def swapped(self) -> SpanVariant:
        """The same, seen from the other text."""
        return SpanVariant(
            OPPOSITE.get(self.kind, self.kind), self.right, self.left, _OTHER_SIDE[self.hides]
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the text on the left relates to the one on the right, and what changed between."""

    relation: str
    """`same`, `reformats`, `extract_of`, `redaction_of`, `variant_of`, `unrelated`."""
    direction: Direction
    """`forward`: left is the extract, or the redaction, of right; `backward`: right is that of
    left; `both`: it holds either way. Which was there first is not told by it."""
    basis: str
    """What it rests on: `exact_text`, `white_space`, `typography`, `containment`,
    `redaction_marks`, `token_alignment`."""
    score: float
    """The share of the rows of four words of the extract or redaction, otherwise of the text with
    fewer rows, that the other text has too: 0 to 1, three decimals."""
    kinds: tuple[str, ...]
    """What changed from left to right, in the order of KINDS; none of the same text."""
    variants: tuple[SpanVariant, ...]
    """Where they differ, in order; not told for white space, nor for texts of two cables."""

    def swapped(self) -> Comparison:
        """The same, right to left."""
        direction = _OTHER_WAY[self.direction]
        kinds = tuple(OPPOSITE.get(kind, kind) for kind in self.kinds)
        return Comparison(
            self.relation,
            direction,
            self.basis,
            self.score,
            in_order(kinds),
            tuple(variant.swapped() for variant in self.variants),
        )


OPPOSITE = {
    REDACTION_ADDED: REDACTION_REMOVED,
    REDACTION_REMOVED: REDACTION_ADDED,
    BLOCK_ADDED: BLOCK_REMOVED,
    BLOCK_REMOVED: BLOCK_ADDED,
}
_OTHER_WAY: dict[Direction, Direction] = {
    "forward": "backward",
    "backward": "forward",
    "both": "both",
}
_OTHER_SIDE = {"": "", "left": "right", "right": "left", "both": "both"}


def compare(left: Text, right: Text, most_cells: int = MOST_CELLS) -> Comparison:
    """Compare two texts; of `compare(right, left)` all is the mirror image.

    Texts whose words would take more than `most_cells` to align are compared from end to end: all
    between what they begin and end with alike is one variant.
    """
    # Of several alignments with as few changes the first is taken; both ways it is the same one.
    if left.text > right.text:
        return _compare(right, left, most_cells).swapped()
    return _compare(left, right, most_cells)


def in_order(kinds: Iterable[str]) -> tuple[str, ...]:
    """Kinds in the order of KINDS, each once."""
    return tuple(sorted(set(kinds), key=KINDS.index))


def _compare(left: Text, right: Text, most_cells: int) -> Comparison:
    if left.text == right.text:
        return Comparison(SAME, "both", "exact_text", 1.0, (), ())
    switch = (DIALECT_SWITCH,) if left.dialect != right.dialect else ()
    if left.characters == right.characters:
        kinds = in_order((*switch, WHITE_SPACE))
        return Comparison(REFORMATS, "both", "white_space", 1.0, kinds, ())
    if left.letters == right.letters or _fold_alike(left, right):
        kinds = in_order((*switch, TYPOGRAPHY))
        variants = tuple(_typographic(left.words, right.words))
        return Comparison(REFORMATS, "both", "typography", 1.0, kinds, variants)
    if is_of_another_cable(left.rows, right.rows):
        score = _score(left, right, "both")
        kinds = in_order((*switch, REPLACED))
        return Comparison(UNRELATED_TO, "both", "containment", score, kinds, ())
    return _aligned(left, right, switch, most_cells)


def _fold_alike(left: Text, right: Text) -> bool:
    """Whether texts of unlike letters differ in typography only, `9×12` and `9x12`.

    Without such characters they do not, and folding takes longer than all the rest.
    """
    if not any(SET_AS_LETTERS.search(one.text) for one in (left, right)):
        return False
    return left.folded == right.folded


def _aligned(left: Text, right: Text, switch: tuple[str, ...], most_cells: int) -> Comparison:
    found = align(left.words.keys, right.words.keys, most_cells)
    hidden_right = hidden_ranges(left.words, right.words, found)
    hidden_left = hidden_ranges(right.words, left.words, [v.swapped() for v in found])
    kinds = set(switch)
    variants = []
    for group in grouped(found, NEAR):
        whole = outer(group)
        of_group = _kinds_of(left.words, right.words, group)
        kinds.update((*of_group, _block(whole)))
        hides = _sides(
            _overlaps(hidden_left, whole.left, whole.left_end),
            _overlaps(hidden_right, whole.right, whole.right_end),
        )
        variants.append(_spans(of_group[0], left.words, right.words, whole, hides))
    kinds.discard("")
    if kinds - {TYPOGRAPHY, *switch}:
        kinds.discard(TYPOGRAPHY)
    relation, direction, basis = _relation(left, right, kinds)
    score = _score(left, right, direction)
    return Comparison(relation, direction, basis, score, in_order(kinds), tuple(variants))


def _relation(left: Text, right: Text, kinds: Container[str]) -> tuple[str, Direction, str]:
    if REDACTION_ADDED in kinds and REDACTION_REMOVED in kinds:
        return VARIANT_OF, "both", "redaction_marks"
    if REDACTION_ADDED in kinds:
        return REDACTION_OF, "backward", "redaction_marks"
    if REDACTION_REMOVED in kinds:
        return REDACTION_OF, "forward", "redaction_marks"
    in_right = containment(left.rows, right.rows)
    in_left = containment(right.rows, left.rows)
    if in_right >= WHOLE > in_left:
        return EXTRACT_OF, "forward", "containment"
    if in_left >= WHOLE > in_right:
        return EXTRACT_OF, "backward", "containment"
    return VARIANT_OF, "both", "token_alignment"


def _score(left: Text, right: Text, direction: Direction) -> float:
    is_left = direction == "forward" or (direction == "both" and len(left.rows) < len(right.rows))
    inner, outer = (left, right) if is_left else (right, left)
    return round(containment(inner.rows, outer.rows), 3)


def _kinds_of(left: Words, right: Words, group: Sequence[Variant]) -> tuple[str, ...]:
    """The kinds of variants that stand together; beside a mark, words belong to the redaction."""
    found = in_order(_kind(left, right, variant) for variant in group)
    return tuple(kind for kind in found if kind in REDACTIONS) or found


def _kind(left: Words, right: Words, variant: Variant) -> str:
    one = left.keys[variant.left : variant.left_end]
    other = right.keys[variant.right : variant.right_end]
    marks = other.count(MARK) - one.count(MARK)
    # A passage that came or went with the mark in it was neither hidden nor uncovered by it.
    is_passage = (not one or not other) and len({*one, *other}) > 1
    if marks and not is_passage:
        return REDACTION_ADDED if marks > 0 else REDACTION_REMOVED
    if "".join(one) == "".join(other):
        return TYPOGRAPHY
    return _block(variant) or WORDING


def _block(variant: Variant) -> str:
    more = (variant.right_end - variant.right) - (variant.left_end - variant.left)
    if abs(more) <= BLOCK_WORDS:
        return ""
    return BLOCK_ADDED if more > 0 else BLOCK_REMOVED


def _typographic(left: Words, right: Words) -> Iterator[SpanVariant]:
    """Where texts of the same letters differ by more than white space: words, and what parts them.

    Texts whose letters differ too, `9×12` and `9x12`, are aligned for it.
    """
    position = [0, 0]
    for variant in (*align(left.keys, right.keys), None):
        ends = (variant.left, variant.right) if variant else (len(left), len(right))
        for one, other in zip(
            range(position[0], ends[0]), range(position[1], ends[1]), strict=True
        ):
            yield from _unlike(left, right, _gap(left, one), _gap(right, other))
            yield from _unlike(left, right, left.stretches[one], right.stretches[other])
        if variant:
            yield _spans(TYPOGRAPHY, left, right, variant, "")
            position = [variant.left_end, variant.right_end]
    yield from _unlike(left, right, _gap(left, len(left)), _gap(right, len(right)))


def _unlike(left: Words, right: Words, one: Stretch, other: Stretch) -> Iterator[SpanVariant]:
    if "".join(left.text[slice(*one)].split()) != "".join(right.text[slice(*other)].split()):
        yield SpanVariant(TYPOGRAPHY, one, other, "")


def _gap(words: Words, position: int) -> Stretch:
    """What stands between a word and the one before it."""
    start = words.stretches[position - 1].end if position else 0
    end = words.stretches[position].start if position < len(words) else len(words.text)
    return Stretch(start, end)


def _spans(kind: str, left: Words, right: Words, variant: Variant, hides: str) -> SpanVariant:
    return SpanVariant(
        kind,
        left.stretch(variant.left, variant.left_end),
        right.stretch(variant.right, variant.right_end),
        hides,
    )


def _sides(left: bool, right: bool) -> str:
    if left and right:
        return "both"
    return "left" if left else "right" if right else ""


def _overlaps(ranges: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in ranges)
