"""What one reading of a cable hides and another shows: found, so that it is not shown by us.

The rule: where one reading has a redaction mark and another has none, nothing that the other
alone has is shown, anywhere in it, since words that were cut out without a mark often stand
elsewhere. Words that both readings have are never hidden by it, but for those between two
hidden ones that are near each other: an alignment splits names at an "of" or a "the".
What a reparse no longer gave counts as a reading has it: the sources have published it all the
same.

By place this is exact (`header`, `body`). By occurrence (`mask`, `excerpt`) it holds for any
string: words that the hiding reading nowhere shows, neighbours that it nowhere shows side by
side, and whatever is hidden as a whole.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from urllib.parse import unquote

from cablecrawl.collation.alignment import Variant, align, cells_for_a_pair
from cablecrawl.collation.containment import cannot_be_redacted, rows
from cablecrawl.collation.former import NAME_FIELDS, NOTHING_FORMER, Former
from cablecrawl.collation.words import MARK, Stretch, Words, has_mark, neighbours
from cablecrawl.export.read import StoredCable, StoredReading

HIDDEN = "[hidden]"
"""What stands in place of what is hidden, whatever its length."""

# A mark of the same length: what is masked already stays as it is.
HIDDEN_AS_MARK = "X" * len(HIDDEN)

NEAR = 3
"""Words: hidden words no further apart are hidden as one, and a mark no further from a variant
is taken to stand for it. The joints of a name have at most as many: "Bank of the North"."""

MOST_TEXTS = 64
"""Texts of one cable that are compared two by two; 34 builds had four at most. With more, and
marks in one of them, all is hidden."""

# "1." or "1. (C)": what stands above it is heading.
FIRST_PARAGRAPH = re.compile(r"^[ \t]*1[ \t]?\.", re.M)

# Words that hide nothing where they stand alone, and stand everywhere.
JOINTS = frozenset(
    "a an and are as at be been but by for from had has have he her his in into is it its no not"
    " of on or said she so such that the their them they this to was we were which who will with"
    " would".split()
)
# Of digits alone, fewer are the numbers of paragraphs and the parts of dates.
TELLING_DIGITS = 5

# How HTML, and addresses, write what is no plain letter or blank. The tags are those within words.
MARKUP = re.compile(
    r"(?P<letter>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});|(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<inline></?(?:a|abbr|b|em|font|i|mark|small|span|strong|sub|sup|u|wbr)\b[^<>]{0,2000}>)"
    r"|<[^<>]{0,2000}>",
    re.I,
)

# Which of two neighbours is hidden.
LEFT, RIGHT, BOTH = 1, 2, 3


class Hidden:
    """What must not be shown of a cable."""

    def __init__(self) -> None:
        """Hides nothing."""
        self._everything = False
        self._words: set[str] = set()
        self._pairs: dict[tuple[str, str], int] = {}
        self._sequences: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._places: dict[str, list[Stretch]] = defaultdict(list)
        self._stretches: dict[str, list[Stretch]] = {}
        self._withheld: frozenset[str] = frozenset()
        self._folders: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, cable: StoredCable, former: Former = NOTHING_FORMER, *, show: bool = False
    ) -> Hidden:
        """What the readings of a cable hide from each other, their titles and subjects too.

        `former` is what reparses no longer gave of the cable: it is compared like the rest.
        `show` is the setting SHOW_REDACTED_SPANS: then nothing is hidden.
        """
        hidden = cls()
        if show:
            return hidden
        readings = {
            reading.sha256: reading for witness in cable.witnesses for reading in witness.readings
        }
        current = {name for reading in readings.values() for name in _names(reading)}
        names = sorted(current | former.names)
        texts = {sha256: text_of(readings[sha256]) for sha256 in sorted(readings)}
        lost = sorted(former.texts.difference(texts.values()))
        texts |= {f"former/{number}": text for number, text in enumerate(lost)}
        if len(texts) > 1 and any(map(has_mark, texts.values())):
            hidden._compare({sha256: Words(text) for sha256, text in texts.items()})
        if len(names) > 1 and any(map(has_mark, names)):
            # What every text shows is not hidden by a title that ends before it.
            shown = frozenset.intersection(*(Words(text).known for text in texts.values()))
            hidden._compare({name: Words(name) for name in names}, shown)
        folders = (frozenset(witness.url.split("/")[3:-1]) for witness in cable.witnesses)
        hidden._folders = frozenset.intersection(*folders)
        unknown = former.names - current
        if unknown and any(map(has_mark, (*texts.values(), *names))):
            hidden._withhold(unknown, [*texts.values(), *current])
        return hidden

    def __bool__(self) -> bool:
        """Whether anything is hidden."""
        return self._everything or bool(self._places) or bool(self._withheld)

    def mask(self, text: str) -> str:
        """The text with `[hidden]` for every occurrence of what is hidden.

        For whole values: titles, subjects, quotes. White space, case, punctuation and HTML markup
        make no difference. Masking twice is masking once.
        """
        return self.excerpt(text, 0, len(text))

    def address(self, address: str) -> str:
        """The URL or locator of a copy, masked; but for folders that all copies' URLs have.

        Those are with the reading that hides, too: the "cable" of `/cable/2009/` is no secret for
        a text that lacks the word. The name of a page stays hidden where it spells what is.
        """
        hidden = [each for each in self.occurrences(address) if not self._is_folder(address, each)]
        return without(address, hidden, 0, len(address))

    def former(self, value: str) -> str:
        """A value that a reparse no longer gave, masked; all of it where that is not enough.

        A name that was cut within a word, or is spelt as nowhere else, is not known for what is
        hidden.
        """
        return HIDDEN if value in self._withheld else self.mask(value)

    def excerpt(self, text: str, start: int, end: int) -> str:
        """`text[start:end]`, masked as a part of its text.

        For what is cut out of a longer text: at a cut, half a word or half a name would not be
        known for what it is.
        """
        return without(text, self.occurrences(text), start, end)

    def header(self, reading: StoredReading) -> str:
        """The reading's header, masked by place and by occurrence."""
        return self.shown(reading, 0, len(reading.header))

    def body(self, reading: StoredReading) -> str:
        """The reading's body, masked by place and by occurrence."""
        return self.shown(reading, len(reading.header) + 1, len(text_of(reading)))

    def shown(self, reading: StoredReading, start: int, end: int) -> str:
        """`text_of(reading)[start:end]`, masked by place and by occurrence."""
        return without(text_of(reading), self.stretches(reading), start, end)

    def stretches(self, reading: StoredReading) -> list[Stretch]:
        """What is hidden of `text_of(reading)`, in order; no two touch."""
        found = self._stretches.get(reading.sha256)
        if found is None:
            text = text_of(reading)
            places = self._places.get(reading.sha256, [])
            found = merged(text, [*places, *self.occurrences(text)])
            self._stretches[reading.sha256] = found
        return found

    def _is_folder(self, address: str, stretch: Stretch) -> bool:
        start, end = stretch
        is_whole = address[start - 1 : start] == "/" == address[end : end + 1]
        return is_whole and address[start:end] in self._folders

    def _withhold(self, names: Iterable[str], vouchers: Iterable[str]) -> None:
        """Hide whole the names that have a word which none of `vouchers` has."""
        known = frozenset[str]().union(*(Words(voucher).known for voucher in vouchers))
        self._withheld = frozenset(
            name for name in names if any(tells(word) for word in Words(name).known - known)
        )

    def _compare(self, words: dict[str, Words], shown: frozenset[str] = frozenset()) -> None:
        marked = {name for name in words if words[name].is_marked}
        if len(words) > MOST_TEXTS:
            self._everything = True
            return
        rows_of = {name: rows(words[name]) for name in words}
        cells = cells_for_a_pair(len(words))
        for hider, shower in permutations(words, 2):
            if hider not in marked or cannot_be_redacted(rows_of[hider], rows_of[shower]):
                continue
            one, other = words[hider], words[shower]
            variants = align(one.keys, other.keys, cells)
            self._hide(shower, one, other, hidden_ranges(one, other, variants), shown)

    def _hide(
        self,
        name: str,
        hider: Words,
        shower: Words,
        ranges: Sequence[tuple[int, int]],
        shown: frozenset[str],
    ) -> None:
        """Remember words of `shower`, by place and by what they are."""
        is_hidden = [False] * len(shower)
        for start, end in ranges:
            is_hidden[start:end] = [True] * (end - start)
        shown = (
            shown
            | hider.known
            | {word for word, hide in zip(shower.keys, is_hidden, strict=True) if not hide}
        )
        for start, end in ranges:
            self._places[name].append(shower.stretch(start, end))
            for sequence in _between_marks(shower.keys[start:end]):
                self._words.update(word for word in sequence if word not in shown and tells(word))
                if len(sequence) > 1 or (tells(sequence[0]) and sequence[0] not in JOINTS):
                    self._sequences[sequence[0]].add(sequence)
                for pair in neighbours(sequence):
                    self._hide_pair(pair, BOTH, hider)
            if start > 0:
                self._hide_pair((shower.keys[start - 1], shower.keys[start]), RIGHT, hider)
            if end < len(shower):
                self._hide_pair((shower.keys[end - 1], shower.keys[end]), LEFT, hider)

    def _hide_pair(self, pair: tuple[str, str], which: int, hider: Words) -> None:
        if pair not in hider.pairs:
            self._pairs[pair] = self._pairs.get(pair, 0) | which

    def occurrences(self, text: str) -> list[Stretch]:
        """Where a text has what is hidden, in order; no two touch.

        For a text as a whole: in a part of it, see `excerpt`.
        """
        if self._everything:
            return [Stretch(0, len(text))] if text else []
        if not self._words and not self._pairs and not self._sequences:
            return []
        text = text.replace(HIDDEN, HIDDEN_AS_MARK)
        found = self._occurrences_in(Words(text))
        plain, places = _rendered(text)
        if plain != text:
            found += [
                Stretch(places[start], places[end - 1] + 1)
                for start, end in self._occurrences_in(Words(plain))
            ]
        return merged(text, found)

    def _occurrences_in(self, words: Words) -> list[Stretch]:
        keys = words.keys
        found: list[Stretch] = []
        for position, word in enumerate(keys):
            if word in self._words:
                found.append(words.stretches[position])
            for sequence in self._sequences.get(word, ()):
                end = position + len(sequence)
                if tuple(keys[position:end]) == sequence:
                    found.append(words.stretch(position, end))
        for position, pair in enumerate(neighbours(keys)):
            which = self._pairs.get(pair, 0)
            if which & LEFT and keys[position] != MARK:
                found.append(words.stretches[position])
            if which & RIGHT and keys[position + 1] != MARK:
                found.append(words.stretches[position + 1])
        return found


def text_of(reading: StoredReading) -> str:
    """Header and body as one text: what readings are compared by, and what places count in."""
    return f"{reading.header}\n{reading.body}"


def hidden_ranges(
    hider: Words, shower: Words, variants: Sequence[Variant]
) -> list[tuple[int, int]]:
    """The words of `shower` that `hider` hides, as ranges in order; none where it hides nothing.

    `variants` are those between the two, `hider` on the left.
    """
    only = [variant for variant in variants if _shows_more(hider, shower, variant)]
    if not any(_is_at_a_mark(hider, variant) for variant in only):
        return []
    heading = _heading_before(hider, shower)
    found: list[tuple[int, int]] = []
    for variant in only:
        start, end = variant.right, variant.right_end
        if variant.left_end == 0:
            start = max(start, heading)
        if found and start - found[-1][1] <= NEAR:
            start, _ = found.pop()
        if start < end:
            found.append((start, end))
    return found


def tells(word: str) -> bool:
    """Whether a word, where it stands alone, can be what was hidden."""
    return word != MARK and len(word) >= (TELLING_DIGITS if word.isdigit() else 2)


def _shows_more(hider: Words, shower: Words, variant: Variant) -> bool:
    """Whether `shower` has words in a variant, and not the same ones divided otherwise."""
    shown = [word for word in shower.keys[variant.right : variant.right_end] if word != MARK]
    return bool(shown) and "".join(shown) != "".join(hider.keys[variant.left : variant.left_end])


def _is_at_a_mark(hider: Words, variant: Variant) -> bool:
    return MARK in hider.keys[max(variant.left - NEAR, 0) : variant.left_end + NEAR]


def _heading_before(hider: Words, shower: Words) -> int:
    """How many words of heading `shower` has; 0 where `hider` may hide some of them.

    A newspaper's excerpt has no heading, and says nothing of what stands there.
    """
    first = FIRST_PARAGRAPH.search(shower.text)
    if first is None or MARK in hider.keys[: 4 * NEAR]:
        return 0
    return bisect_left(shower.stretches, Stretch(first.start(), first.start()))


def _names(reading: StoredReading) -> Iterator[str]:
    """What the reading's pages ever called the cable."""
    for stored in reading.claims:
        if stored.claim.field in NAME_FIELDS:
            yield stored.claim.value


def _between_marks(keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    sequence: list[str] = []
    for word in (*keys, MARK):
        if word != MARK:
            sequence.append(word)
        elif sequence:
            yield tuple(sequence)
            sequence = []


def _rendered(text: str) -> tuple[str, list[int]]:
    """The text without markup, and where each of its characters comes from."""
    if not any(sign in text for sign in "&<%"):
        return text, []
    pieces: list[str] = []
    places: list[int] = []
    position = 0
    for match in MARKUP.finditer(text):
        pieces.append(text[position : match.start()])
        places += range(position, match.start())
        position = match.end()
        letters = "" if match["inline"] else " "
        if match["letter"]:
            letters = unquote(html.unescape(match[0]))
        pieces.append(letters)
        places += [match.start()] * max(len(letters) - 1, 0) + [match.end() - 1] * bool(letters)
    pieces.append(text[position:])
    places += range(position, len(text))
    return "".join(pieces), places


def hidden_stretches(hiding: Iterable[Hidden], text: str) -> list[Stretch]:
    """Where a text has what is hidden of any of several cables, in order; no two touch."""
    return merged(text, (found for hidden in hiding for found in hidden.occurrences(text)))


def merged(text: str, stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretches in order, those with no letter or digit between them made one."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and not any(map(str.isalnum, text[found[-1].end : start])):
            last = found.pop()
            start, end = last.start, max(last.end, end)
        found.append(Stretch(start, end))
    return found


def without(text: str, stretches: Iterable[Stretch], start: int, end: int) -> str:
    """`text[start:end]` with `[hidden]` for each stretch of the text, or part of one, in it.

    `stretches`: in order, none within another.
    """
    pieces: list[str] = []
    position = start
    for stretch in stretches:
        if stretch.end <= start or stretch.start >= end:
            continue
        pieces += [text[position : max(stretch.start, position)], HIDDEN]
        position = min(stretch.end, end)
    pieces.append(text[position:end])
    return "".join(pieces)
