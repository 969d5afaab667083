"""Numbers and lists in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from cablecrawl.trace.display import visible

LONGEST_NAME = 80
"""Characters: what others have named must leave room for the rest of a sentence."""


def counted(count: int, one: str, more: str | None = None) -> str:
    """`1 cable`, `2 cables`, `no cables`."""
    many = more or f"{one}s"
    return f"1 {one}" if count == 1 else f"{count:,} {many}" if count else f"no {many}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def percent(share: int, whole: int) -> str:
    """`12 %`, not to be broken; what is there at all is not 0 %, what is not all is not 100 %."""
    if not whole or not share:
        return "0\u00a0%"
    if 100 * share < whole:
        return "under 1\u00a0%"
    if share < whole < share + whole / 100:
        return "over 99\u00a0%"
    return f"{round(100 * share / whole)}\u00a0%"


def shown(name: str) -> str:
    """A name that others gave, to be read: no control characters, and no more than fit."""
    text = visible(name)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def words(name: str) -> str:
    """A name of the code as words."""
    return name.replace("_", " ")


def sentence_case(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def times(count: int) -> str:
    """`never`, `once`, `twice`, `3 times`."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")
