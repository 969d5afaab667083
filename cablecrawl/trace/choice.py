"""Why one reading stands for a cable, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cablecrawl.export.chosen import CRITERIA, Criterion
from cablecrawl.export.read import StoredWitness


def why_chosen(witnesses: Sequence[StoredWitness], chosen_by: str) -> str:
    """What decided between the latest readings of the witnesses, in a sentence.

    `chosen_by` is what the cable's record names.
    """
    if len(witnesses) == 1:
        return "it is the only copy"
    texts = len({witness.latest.sha256 for witness in witnesses})
    if texts == 1:
        return f"all {len(witnesses)} copies have the same text"
    left = list(witnesses)
    for criterion in CRITERIA:
        values = [criterion.value(witness) for witness in left]
        best = max(values)
        if criterion.name == chosen_by:
            others = [value for value in values if value != best]
            return f"of {texts} texts {_decided(criterion, best, others)}"
        left = [witness for witness, value in zip(left, values, strict=True) if value == best]
    return f"by {chosen_by}"


def _decided(criterion: Criterion, best: Any, others: Sequence[Any]) -> str:
    if not others:
        return "nothing tells them apart, and its source comes first by name"
    following = max(others)
    match criterion.name:
        case "own_id_agrees":
            return "it is the one that neither names another cable nor has part of one"
        case "fullest_text":
            return (
                f"it is the fullest: {best:,} letters and digits, marks of redaction not counted,"
                f" and the next has {following:,}"
            )
        case "not_reposted":
            return "that are as full it is the one on a page of WikiLeaks' own, and no repost"
        case "latest_release":
            stamp = f"the next is of {following}" if following else "others state none"
            return f"that are as full its page states the latest release, {best}: {stamp}"
        case "source_rank":
            return (
                f"that nothing else tells apart its source is preferred: rank {-best} in the"
                f" registry, the next has {-following}"
            )
        case name:
            return f"it comes first by {name}"
