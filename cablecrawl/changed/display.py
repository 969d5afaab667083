"""Changes as lines of a terminal: grouped by kind, one a copy of a cable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Self

from cablecrawl.changed.changes import (
    BACK,
    CHANGED,
    KINDS,
    MOVED,
    NEW,
    OF_BUILD,
    REBUILT,
    RELEASED,
    RESTATED,
    REVERTED,
)
from cablecrawl.changed.states import UNLISTED
from cablecrawl.collation.display import TO_SECONDS
from cablecrawl.collation.hidden import Hidden
from cablecrawl.collation.history import one_line
from cablecrawl.export.read import StoredCable, StoredWitness
from cablecrawl.records import ChangedClaim, ChangedField, ChangeRecord
from cablecrawl.store.evidence import GONE
from cablecrawl.trace.display import visible

# Characters of a subject, and of each value of a field; --json has all.
SUBJECT, VALUE = 48, 60

MEANINGS = {
    NEW: "not known before",
    CHANGED: "the text is another",
    MOVED: "Released is another",
    GONE: "no longer there",
    BACK: "there again",
    UNLISTED: "there, and in no index of the source any more",
    RESTATED: "the text is the same, what the page says beside it is not",
    REBUILT: "the page names another build of its site",
    REVERTED: "changed or gone meanwhile, and as it was",
}

# Kept in memory up to here, and then in a file.
MOST_IN_MEMORY = 1 << 20


@dataclass(frozen=True, slots=True)
class Alarm:
    """A crawl in which a source gave so much less than it has that it counts as a fault."""

    source: str
    crawl: str
    """The run that began it."""
    reason: str
    detail: str


class GroupedLines:
    """Lines of changes by kind, written as they come and read when all are there."""

    def __init__(self, kinds: frozenset[str]) -> None:
        """`kinds`: which are listed; all are counted."""
        self._stack = ExitStack()
        self._kinds = [kind for kind in KINDS if kind in kinds]
        self._counts = dict.fromkeys(KINDS, 0)
        self._files = {
            kind: self._stack.enter_context(
                SpooledTemporaryFile(MOST_IN_MEMORY, "w+", encoding="utf-8", newline="\n")
            )
            for kind in self._kinds
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, record: ChangeRecord, subject: str) -> None:
        """A copy under each of its kinds."""
        for kind in record.kinds:
            self._counts[kind] += 1
            if kind in self._files:
                said = _said(kind, record)
                parts = [record.reference_id, visible(record.source), subject, said]
                self._files[kind].write(f"  {'  '.join(filter(None, parts))}\n")

    def lines(self) -> Iterator[str]:
        """The groups, and then the counts of all kinds."""
        for kind in self._kinds:
            if not self._counts[kind]:
                continue
            yield f"{kind}: {MEANINGS[kind]}"
            self._files[kind].seek(0)
            yield from (line.removesuffix("\n") for line in self._files[kind])
            yield ""
        counts = [f"{self._counts[kind]:,} {kind}" for kind in KINDS if self._counts[kind]]
        yield ", ".join(counts) if counts else "nothing changed"
        if self._counts[REBUILT] and REBUILT not in self._files:
            yield f"those that are {REBUILT} only are not listed: --kind {REBUILT} lists them"


def subject_of(cable: StoredCable, record: ChangeRecord, hidden: Hidden) -> str:
    """What a copy calls the cable, on one line and cut; masked."""
    copies = [w for w in cable.witnesses if w.source == record.source]
    same = [w for w in copies if w.latest.sha256 == record.after.reading_sha256]
    names = _names((same or copies)[0])
    name = names.get("subject") or names.get("title") or ""
    return _cut(one_line(hidden.mask(name)), SUBJECT)


def alarm_lines(alarms: list[Alarm]) -> Iterator[str]:
    """One for each."""
    for alarm in alarms:
        yield (
            f"alarm: {visible(alarm.source)}: {visible(alarm.reason)}: {visible(alarm.detail)}"
            f" (crawl {visible(alarm.crawl)})"
        )


def _names(witness: StoredWitness) -> dict[str, str]:
    current = witness.latest.current()
    return {claim.field: claim.value for claim in reversed(current)}


def _said(kind: str, record: ChangeRecord) -> str:
    """What there is to say of a kind."""
    match kind:
        case "new":
            return "" if record.new_cable else "another copy"
        case "changed":
            return ", ".join(record.text_changes)
        case "moved":
            return "; ".join(_change(each) for each in record.fields if each.field == RELEASED)
        case "rebuilt":
            return "; ".join(_change(each) for each in record.fields if each.field in OF_BUILD)
        case "restated":
            others = [e for e in record.fields if e.field not in (*OF_BUILD, RELEASED)]
            return "; ".join(map(_change, others))
        case "reverted":
            met = ["gone" if turn.reading_sha256 is None else "changed" for turn in record.course]
            first, last = record.course[0].at, record.course[-1].at
            return f"{met[0]} {_moment(first)}, as it was {_moment(last)}"
        case "gone" | "back":
            return _moment(record.course[-1].at)
    return ""


def _change(field: ChangedField) -> str:
    return f"{field.field} {_values(field.before)} -> {_values(field.after)}"


def _values(claims: list[ChangedClaim]) -> str:
    return ", ".join(dict.fromkeys(_cut(visible(c.value), VALUE) for c in claims)) or "none"


def _moment(at: str) -> str:
    return at[:TO_SECONDS].replace("T", " ")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
