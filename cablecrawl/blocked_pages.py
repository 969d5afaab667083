"""Pages that stand in for the one asked for: challenges, parked domains, login forms and such.

A mirror that dies seldom answers 404: its domain is parked, its host suspends it, a firewall
shows a puzzle, all with status 200, 403 or 503. blocked_pages.toml tells them apart, so that
none of them is taken for what became of a cable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from html import unescape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cablecrawl.pagetext import PageText, PageTextRenderer
from cablecrawl.registry import RegistryError, Table, read_tables

_RULES: Traversable = files("cablecrawl") / "blocked_pages.toml"

SOFT_404 = "soft_404"
REASONS = (
    "challenge_page",
    "parked_domain",
    "login_page",
    SOFT_404,
    "suspended",
    "default_page",
    "maintenance",
)
"""What the problem of such a page is called."""
OF_THE_SITE = frozenset(REASONS) - {"login_page", SOFT_404}
"""Those by which a site is not itself: what is there in its place says nothing of its pages."""

# Characters of page text. The longest page of this kind that is known has 3,000, with the
# registrar's advertisements; a page of a site's own with a word of these in it is longer.
LONGEST = 5_000
# Characters that are looked at: the heading and first words of the page, and its scripts.
BEGINNING = 1_000
MARKUP_WITHIN = 30_000

TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{0,300})", re.I)


class BlockedPagesError(RegistryError):
    """A rule cannot be used; the message is one line naming file, table and key."""


@dataclass(frozen=True, slots=True)
class BlockedPage:
    """One kind of page that is none of the site's."""

    name: str
    reason: str
    """One of REASONS."""
    title: re.Pattern[str] | None
    """What is searched in the document's title."""
    text: re.Pattern[str] | None
    """What is searched in the beginning of the page text."""
    markup: re.Pattern[str] | None
    """What is searched in the document."""
    example: str
    """A document that it names."""
    authority: str
    """Where such pages are seen."""

    def names(self, title: str, text: str, markup: str) -> bool:
        """Whether everything that the rule asks for is found."""
        asked = ((self.title, title), (self.text, text), (self.markup, markup))
        return all(pattern.search(part) for pattern, part in asked if pattern is not None)


@cache
def load_blocked_pages() -> tuple[BlockedPage, ...]:
    """The rules that come with CableCrawl, in their order. Raises BlockedPagesError."""
    return read_blocked_pages(_RULES)


def read_blocked_pages(path: Path | Traversable) -> tuple[BlockedPage, ...]:
    """A file of rules. Raises BlockedPagesError."""
    return tuple(_read_rule(table) for table in read_tables(path, BlockedPagesError))


def name_blocked_page(page: PageText, rules: tuple[BlockedPage, ...]) -> BlockedPage | None:
    """The first rule that names the page; None for a page of a site's own.

    The page is one that gives no cable and is no index.
    """
    if len(page.text) > LONGEST:
        return None
    markup = page.document[:MARKUP_WITHIN]
    found = TITLE.search(markup)
    title = " ".join(unescape(found[1]).split()) if found else ""
    text = page.text[:BEGINNING].strip()
    return next((rule for rule in rules if rule.names(title, text, markup)), None)


def _read_rule(table: Table) -> BlockedPage:
    rule = BlockedPage(
        name=table.name,
        reason=table.choice("reason", REASONS),
        title=_read_pattern(table, "title", re.I),
        text=_read_pattern(table, "text", re.I),
        markup=_read_pattern(table, "markup"),
        example=table.text("example"),
        authority=table.text("authority"),
    )
    table.finish([field.name for field in fields(BlockedPage) if field.name != "name"])
    if rule.title is rule.text is rule.markup is None:
        table.fail("title", "missing: a rule needs a title, a text or a markup")
    if name_blocked_page(PageTextRenderer().render(rule.example), (rule,)) is None:
        table.fail("example", "the rule does not name it")
    return rule


def _read_pattern(table: Table, key: str, flags: int = 0) -> re.Pattern[str] | None:
    pattern = table.optional_text(key)
    if pattern is None:
        return None
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        table.fail(key, f"no regular expression: {error}")
