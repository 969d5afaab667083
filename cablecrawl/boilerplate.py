"""Boilerplate rules: what on a page is no cable. boilerplate.toml as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cablecrawl.registry import RegistryError, Table, read_tables
from cablecrawl.sources import LAYOUTS

_RULES: Traversable = files("cablecrawl") / "boilerplate.toml"


class RulesError(RegistryError):
    """A rule cannot be used; the message is one line naming file, table and key."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of boilerplate."""

    name: str
    """What the ledger and the stats call it."""
    layouts: tuple[str, ...]
    """The layouts whose pages it applies to."""
    region: str | None
    """The part of the page it looks at, as the layout names it; None: the whole page text."""
    pattern: re.Pattern[str] | None
    """What of the region it takes; None: all of it."""
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
    return tuple(_read_rule(table) for table in read_tables(path, RulesError))


def rules_of(layout: str, rules: Sequence[Rule]) -> list[Rule]:
    """Those of the rules that apply to pages of a layout, in their order."""
    return [rule for rule in rules if layout in rule.layouts]


def rules_of_kind(kind: str, rules: Sequence[Rule]) -> list[Rule]:
    """Those of the rules that are of a kind, in their order."""
    return [rule for rule in rules if getattr(rule, "kind", "") == kind]


def _read_rule(table: Table) -> Rule:
    rule = Rule(
        name=table.name,
        layouts=table.texts("layouts"),
        region=table.optional_text("region"),
        pattern=_read_pattern(table),
        example=table.text("example"),
        authority=table.text("authority"),
    )
    table.finish(("layouts", "region", "pattern", "example", "authority"))
    for layout in rule.layouts:
        if layout not in LAYOUTS:
            table.fail("layouts", f"unknown layout {layout} (one of {', '.join(LAYOUTS)})")
    if rule.region is None and rule.pattern is None:
        table.fail("region", "a rule needs a region, a pattern or both")
    if rule.pattern is not None and not rule.pattern.search(rule.example):
        table.fail("example", "the rule's own pattern does not take it")
    return rule


def _read_pattern(table: Table) -> re.Pattern[str] | None:
    pattern = table.optional_text("pattern")
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error as error:
        table.fail("pattern", f"no regular expression: {error}")
