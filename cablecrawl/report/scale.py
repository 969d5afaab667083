"""The steps of a scale of counts: one colour each."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from cablecrawl.report.colours import STEPS

FEW = {1: (4,), 2: (2, 5), 3: (1, 4, 6)}
"""The colours of scales with so few steps: the palest and the strongest would say too much."""


class Scale(NamedTuple):
    """The lowest count of each step, ascending; the last one is open above."""

    steps: tuple[int, ...]
    highest: int

    def step(self, count: int) -> int:
        """Which a count is of; it is at least the lowest."""
        return bisect_right(self.steps, count) - 1

    def colour(self, count: int, colours: tuple[str, ...]) -> str:
        """Its name. Few steps are spread over all colours."""
        step, last = self.step(count), len(self.steps) - 1
        spread = FEW.get(len(self.steps))
        return colours[spread[step] if spread else round(step * (STEPS - 1) / last)]

    def labels(self, unit: str = "") -> list[str]:
        """What each step holds: `1`, `2–4`, `500 and more`."""
        ends = [step - 1 for step in self.steps[1:]]
        labels = [
            f"{first:,}{unit}" if first == last else f"{first:,}–{last:,}{unit}"
            for first, last in zip(self.steps, ends, strict=False)
        ]
        last = self.steps[-1]
        labels.append(
            f"{last:,}{unit}" if last == self.highest else f"{last:,}–{self.highest:,}{unit}"
        )
        return labels


def scale_to(highest: int) -> Scale:
    """A scale from 1: a step each where they are few, then steps that grow two- or threefold.

    The counts of posts and years lie four powers of ten apart.
    """
    if highest <= STEPS:
        return Scale(tuple(range(1, max(highest, 1) + 1)), highest)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        steps = [
            f * 10**power for power in range(STEPS) for f in factors if f * 10**power <= highest
        ]
        if len(steps) <= STEPS:
            break
    return Scale(tuple(steps[:STEPS]), highest)


PERCENT = Scale((1, 13, 25, 38, 50, 63, 75, 88), 100)
"""Shares, rounded up: what is shared at all is at least one per cent."""
