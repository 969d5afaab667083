"""Pages that a site numbers: `cable.php?id=46599`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

NUMBERED_PAGE = re.compile(
    r"(?P<before>(?:[^?#]*/)?cable(?:\.\w{1,5})?\?(?:[^#]*&)?"
    r"(?:id|cable|cableid|cable_id|n|no|nr|num|number|record)=)"
    r"(?P<number>0|[1-9]\d{0,6})(?P<after>(?:&[^#]*)?)"
)


@dataclass(frozen=True, slots=True)
class NumberedPages:
    """Addresses of a site that differ in a number and in nothing else."""

    before: str
    after: str

    @classmethod
    def like(cls, url: str) -> Self | None:
        """Those that an address is one of; None where it has no number."""
        match = NUMBERED_PAGE.fullmatch(url.partition("#")[0])
        return None if match is None else cls(match["before"], match["after"])

    def url(self, number: int) -> str:
        """The address of one of them."""
        return f"{self.before}{number}{self.after}"


def number_of(url: str) -> int | None:
    """The number of a numbered page; None for any other address."""
    match = NUMBERED_PAGE.fullmatch(url.partition("#")[0])
    return None if match is None else int(match["number"])
