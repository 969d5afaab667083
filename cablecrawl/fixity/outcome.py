"""What a check came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from cablecrawl.fixity.check import Check
from cablecrawl.fixity.claims import Verified
from cablecrawl.fixity.exported import COMPARED
from cablecrawl.fixity.findings import Finding, shortened


def lines_of(check: Check) -> Iterator[str]:
    """The outcome for people: a table, a line for each finding, and a last line."""
    report = check.report
    width = max(map(len, report.counts), default=0)
    yield f"{'checked':{width}}  {'number':>12}  {'failed':>7}"
    for kind, count in report.counts.items():
        yield f"{kind:{width}}  {count.checked:12,}  {count.failed:7,}"
    if check.verified is not None:
        is_exported = COMPARED in report.counts and report.counts[COMPARED].checked > 0
        yield from _verified_lines(check.verified, check.claims or 0, is_exported=is_exported)
    yield from report.notes
    yield from map(line_of, report.findings)
    if report.is_well:
        yield "all is well; nothing was changed"
    else:
        yield f"{len(report.findings):,} findings; nothing was changed or repaired"


def _verified_lines(verified: Verified, chosen: int, *, is_exported: bool) -> Iterator[str]:
    """`is_exported`: the records were compared with the lines of an export."""
    if verified.captures < verified.of_captures:
        yield (
            f"{verified.captures:,} of {verified.of_captures:,} captures were read again:"
            f" {chosen:,} evenly spaced over {verified.sources} sources, and all others that show"
            " the same cables; --claims all reads all"
        )
    yield (
        f"{verified.fields:,} {'exported ' if is_exported else ''}fields of"
        f" {verified.cables:,} cables verified"
        + (f", {verified.unlocated:,} of them without a place" if verified.unlocated else "")
        + (f"; {verified.failed:,} do not hold" if verified.failed else "")
    )


def line_of(finding: Finding) -> str:
    """A finding in one line: what, where, what it touches, what to do."""
    parts = [f"{finding.what}: {finding.place}: {finding.detail}"]
    for name, values in (
        ("captures", finding.captures),
        ("pages", finding.urls),
        ("sources", finding.sources),
        ("cables", finding.cables),
        ("exports", finding.exports),
    ):
        if values:
            parts.append(f"{name}: {shortened(values)}")
    return "; ".join([*parts, f"what to do: {finding.advice}"])


def as_dict(check: Check) -> dict[str, Any]:
    """The outcome for programs."""
    report = check.report
    return {
        "is_well": report.is_well,
        "checked": {kind: asdict(count) for kind, count in report.counts.items()},
        "claims": None if check.verified is None else asdict(check.verified),
        "notes": report.notes,
        "findings": [{**asdict(finding), "place": finding.place} for finding in report.findings],
    }
