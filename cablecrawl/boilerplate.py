"""Boilerplate rules: what on a page, and inside a cable, is no cable. boilerplate.toml as data."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cablecrawl.registry import RegistryError, Table, read_tables
from cablecrawl.sources import LAYOUTS

_RULES: Traversable = files("cablecrawl") / "boilerplate.toml"

PARTS = ("header", "body")
"""Regions that are the cable's own."""
PLACES = ("start", "end", "anywhere")
GLOBAL_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
KIND = re.compile(r"[a-z]+(?:_[a-z]+)*")


class RulesError(RegistryError):
    """A rule cannot be used; the message is one line naming file, table and key."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of boilerplate."""

    name: str
    """What the ledger and the stats call it."""
    kind: str
    """What sort of thing it takes, and whose statement its facts are: `notice`, `dump_record`, …"""
    layouts: tuple[str, ...]
    """The layouts whose pages it applies to."""
    region: str | None
    """The part of the page it looks at, as the layout names it; None: the whole page text."""
    pattern: re.Pattern[str] | None
    """What of the region it takes, or its group `matter` does; None: all of it. Its other named
    groups are facts."""
    place: str
    """Where in a part of the cable it matches: `start`, `end` or `anywhere`."""
    context: re.Pattern[str] | None
    """What that part must begin with, as far as its ends are not yet cut."""
    after: tuple[str, ...]
    """Rules of which one must have taken something of the same part; none: it needs no other."""
    holds: str | None
    """Characters without which the pattern matches nothing."""
    example: str
    """A line that it takes."""
    authority: str
    """Where it was seen."""


@cache
def load_rules() -> tuple[Rule, ...]:
    """The rules that come with CableCrawl, in their order. Raises RulesError."""
    return read_rules(_RULES)


def read_rules(path: Path | Traversable) -> tuple[Rule, ...]:
    """A file of rules. Raises RulesError."""
    rules: dict[str, Rule] = {}
    for table in read_tables(path, RulesError):
        rules[table.name] = _read_rule(table, rules)
    return tuple(rules.values())


def rules_of(layout: str, rules: Sequence[Rule]) -> list[Rule]:
    """Those of the rules that apply to pages of a layout, in their order."""
    return [rule for rule in rules if layout in rule.layouts]


def rules_of_kind(kind: str, rules: Sequence[Rule]) -> list[Rule]:
    """Those of the rules that are of a kind, in their order."""
    return [rule for rule in rules if rule.kind == kind]


def _read_rule(table: Table, names: Collection[str]) -> Rule:
    rule = Rule(
        name=table.name,
        kind=table.text("kind"),
        layouts=table.texts("layouts"),
        region=table.optional_text("region"),
        pattern=_read_pattern(table, "pattern"),
        place=table.choice("place", PLACES, "anywhere"),
        context=_read_pattern(table, "context"),
        after=table.texts("after", ()),
        holds=table.optional_text("holds"),
        example=table.text("example"),
        authority=table.text("authority"),
    )
    table.finish([field.name for field in fields(Rule) if field.name != "name"])
    if not KIND.fullmatch(rule.kind):
        table.fail("kind", "a kind is one word of small letters")
    for layout in rule.layouts:
        if layout not in LAYOUTS:
            table.fail("layouts", f"unknown layout {layout} (one of {', '.join(LAYOUTS)})")
    if rule.region is None and rule.pattern is None:
        table.fail("region", "a rule needs a region, a pattern or both")
    if rule.region in PARTS:
        _check_matter_rule(table, rule, names)
    elif rule.place != "anywhere" or rule.context or rule.after or rule.holds:
        table.fail("region", "place, context, after and holds are for the regions header and body")
    if rule.pattern is not None and not _takes(rule, rule.pattern, rule.example):
        table.fail("example", "the rule's own pattern does not take it")
    return rule


def _check_matter_rule(table: Table, rule: Rule, names: Collection[str]) -> None:
    if rule.pattern is None:
        table.fail("pattern", "missing: no rule takes a whole header or body")
    if GLOBAL_FLAGS.match(rule.pattern.pattern):
        table.fail("pattern", "flags for all of it: write (?m:^), or the like, where one is meant")
    for name in rule.after:
        if name not in names:
            table.fail("after", f"no rule {name} above this one")
    if rule.holds is not None and rule.holds not in rule.example:
        table.fail("holds", "the rule's own example does not hold it")


def _takes(rule: Rule, pattern: re.Pattern[str], text: str) -> bool:
    if rule.place == "start":
        return pattern.match(text) is not None
    if rule.place == "end":
        return pattern.fullmatch(text) is not None
    return pattern.search(text) is not None


def _read_pattern(table: Table, key: str) -> re.Pattern[str] | None:
    pattern = table.optional_text(key)
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error as error:
        table.fail(key, f"no regular expression: {error}")
