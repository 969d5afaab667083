"""What was read from a cable's own text, and where."""

from __future__ import annotations

from typing import Literal, NamedTuple

Part = Literal["header", "body"]


# A tuple: a frozen dataclass takes three times as long to make.
class Finding(NamedTuple):
    field: str
    value: str
    """Normalised value, as exported."""
    part: Part
    """The text that `start` and `end` count in."""
    start: int
    end: int
    """Position of the characters the value was read from; end is exclusive."""
    rule: str
    """Name and version of the rule, e.g. "subject_line/1"."""


def one_line(text: str) -> str:
    """`text` with every run of white space made a single space, none at the ends."""
    return " ".join(text.split())
