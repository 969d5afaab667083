"""What stands in a cable's header or body without being cable: where the rules find it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from cablecrawl.boilerplate import Rule
from cablecrawl.layouts.page import BLANKS, Span

# Rules at both ends are tried over again; the most that was seen at an end is a watermark, a
# number, an end mark and `NNNN`.
ROUNDS = 8
# Characters that are looked at there: what stood at an end had 140 at most, and a body may be one
# long line.
LONGEST_AT_END = 300
# Matches of an `anywhere` rule; the longest cable on the mirrors has some 1,500 lines. A text
# with more is no such cable, and stays as it is.
MOST_MATCHES = 5_000

BLANK_LINES = re.compile(r"(?:[ \t\r\f\v]*+\n)*+")
INDENTATION = re.compile(r"[ \t]*+")
REDACTED = re.compile(r"[Xx]+")

MATTER = "matter"
GROUP_NAME = re.compile(r"\(\?P<\w+>")
NOTHING = "(?!)"

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# "2006-03-09 22:28:00", "2009-02-05T16:36:00", "2010-01-04".
ISO_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::\d\d)?)?")
# "2/24/2005 16:09", "04.10.2009 01:32": month first in both, as the created days of all show.
MONTH_FIRST_STAMP = re.compile(r"(\d\d?)([/.])(\d\d?)\2(\d{4}) (\d\d?):(\d\d)")
# "Friday, 05 February 2010, 14:21".
NEWSPAPER_STAMP = re.compile(r"\w+, (\d\d?) ([A-Z][a-z]{2})\w* (\d{4}), (\d\d:\d\d)")


class Fact(NamedTuple):
    """What a rule's named group says, and where in the part."""

    field: str
    value: str
    """Normalised: without blanks around it; a stamp as `2010-02-05T14:21`, in no time zone."""
    span: Span


class Matter(NamedTuple):
    """A stretch of a header or body that a rule takes."""

    rule: Rule
    span: Span
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class RulesAtOnce:
    """Rules that are tried at one place, and one look that tells whether any of them matches.

    Most cables have nothing at either end; asking rule by rule takes four times as long.
    """

    rules: tuple[Rule, ...]
    any: re.Pattern[str]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> RulesAtOnce:
        rules = tuple(rules)
        patterns = [rule.pattern.pattern for rule in rules if rule.pattern is not None]
        unnamed = [GROUP_NAME.sub("(", pattern) for pattern in patterns]
        return cls(rules, re.compile("|".join(unnamed) if unnamed else NOTHING))


@dataclass(frozen=True, slots=True)
class MatterRules:
    """The rules for one part of a cable, by where they match."""

    start: RulesAtOnce
    end: tuple[RulesAtOnce, ...]
    """First those for the last line, then those that may match the last two, …"""
    anywhere: tuple[Rule, ...]

    @classmethod
    def of(cls, part: str, rules: Sequence[Rule]) -> MatterRules:
        """Those of the rules that are for the cable's `header` or `body`, in their order."""
        start, end, anywhere = (
            [rule for rule in rules if rule.region == part and rule.place == place]
            for place in ("start", "end", "anywhere")
        )
        lines = [rule.example.count("\n") + 1 for rule in end]
        end_by_lines = (
            RulesAtOnce.of(rule for rule, most in zip(end, lines, strict=True) if most >= count)
            for count in range(1, max(lines, default=0) + 1)
        )
        return cls(RulesAtOnce.of(start), tuple(end_by_lines), tuple(anywhere))


def find_matter(text: str, rules: MatterRules) -> list[Matter]:
    """What the rules take of a header or body, in the order in which they took it.

    The text is without blank lines at its ends, as an Excerpt's is. No two stretches overlap.
    """
    found: list[Matter] = []
    start, end = 0, len(text)
    for _ in range(ROUNDS):
        at_start = _match_at_start(text, start, end, rules.start, found)
        if at_start is not None:
            found.append(at_start)
            start = _behind_blank_lines(text, at_start.span.end, end)
        at_end = _match_at_end(text, start, end, rules.end, found)
        if at_end is not None:
            found.append(at_end)
            end = at_end.span.start
        if at_start is None and at_end is None:
            break
    for rule in rules.anywhere:
        if rule.holds is None or rule.holds in text:
            found += _matches_anywhere(text, start, end, rule, found)
    return found


def _match_at_start(
    text: str, start: int, end: int, rules: RulesAtOnce, found: list[Matter]
) -> Matter | None:
    if rules.any.match(text, start, end) is None:
        return None
    for rule in rules.rules:
        match = rule.pattern.match(text, start, end) if rule.pattern else None
        if match is not None and _applies(rule, text, start, end, found):
            return _matter(rule, match)
    return None


def _match_at_end(
    text: str,
    start: int,
    end: int,
    rules_by_lines: Sequence[RulesAtOnce],
    found: list[Matter],
) -> Matter | None:
    # Where the last character stands that is no blank.
    end = start + len(text[start:end].rstrip(BLANKS))
    least = max(start, end - LONGEST_AT_END)
    line = end
    for rules in rules_by_lines:
        if line <= least:
            break
        line = max(text.rfind("\n", least, line - 1) + 1, least)
        indentation = INDENTATION.match(text, line, end)
        shown = indentation.end() if indentation else line
        if rules.any.fullmatch(text, shown, end) is None:
            continue
        for rule in rules.rules:
            match = rule.pattern.fullmatch(text, shown, end) if rule.pattern else None
            if match is not None and _applies(rule, text, start, end, found):
                return _matter(rule, match)
    return None


def _matches_anywhere(
    text: str, start: int, end: int, rule: Rule, found: list[Matter]
) -> list[Matter]:
    if rule.pattern is None or (rule.after and not _is_after(rule, found)):
        return []
    matches = list(islice(rule.pattern.finditer(text, start, end), MOST_MATCHES + 1))
    if not 0 < len(matches) <= MOST_MATCHES or not _applies(rule, text, start, end, found):
        return []
    taken = {position for matter in found for position in range(*matter.span)}
    added = [_matter(rule, match) for match in matches]
    return [matter for matter in added if taken.isdisjoint(range(*matter.span))]


def _applies(rule: Rule, text: str, start: int, end: int, found: list[Matter]) -> bool:
    """Whether what stands around the match is as the rule has it."""
    if rule.after and not _is_after(rule, found):
        return False
    return rule.context is None or rule.context.match(text, start, end) is not None


def _behind_blank_lines(text: str, position: int, end: int) -> int:
    blank = BLANK_LINES.match(text, position, end)
    return blank.end() if blank else position


def _is_after(rule: Rule, found: list[Matter]) -> bool:
    return any(matter.rule.name in rule.after for matter in found)


def _matter(rule: Rule, match: re.Match[str]) -> Matter:
    groups = match.groupdict()
    facts = [
        Fact(name, _normalised(value), Span(*match.span(name)))
        for name, value in groups.items()
        if name != MATTER and value and value.strip() and not REDACTED.fullmatch(value.strip())
    ]
    return Matter(rule, Span(*match.span(MATTER if MATTER in groups else 0)), facts)


def _normalised(value: str) -> str:
    value = " ".join(value.split())
    if stamp := ISO_STAMP.fullmatch(value):
        return f"{stamp[1]}T{stamp[2]}" if stamp[2] else stamp[1]
    if stamp := MONTH_FIRST_STAMP.fullmatch(value):
        month, _, day, year, hour, minute = stamp.groups()
        return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}"
    if (stamp := NEWSPAPER_STAMP.fullmatch(value)) and stamp[2] in MONTHS:
        month = str(MONTHS.index(stamp[2]) + 1)
        return f"{stamp[3]}-{month:0>2}-{stamp[1]:0>2}T{stamp[4]}"
    return value
