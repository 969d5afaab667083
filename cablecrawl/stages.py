"""How long work tells how far it is, whoever listens."""

from __future__ import annotations

from typing import Protocol


class Stages(Protocol):
    """One stage after the other."""

    def begin(self, stage: str, unit: str, total: int | None = None) -> None:
        """The next stage, and how many units it has; None: that is not known."""

    def advance(self, count: int = 1) -> None:
        """So many more units are done."""


class Unwatched:
    """Nobody listens."""

    def begin(self, stage: str, unit: str, total: int | None = None) -> None:
        """Nothing is shown."""

    def advance(self, count: int = 1) -> None:
        """Nothing is shown."""
