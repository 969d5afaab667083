"""Labels what is not cable, and takes it out of the cables."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.boilerplate import PARTS, Rule, load_rules, rules_of
from cablecrawl.items import CablePage, PageItem
from cablecrawl.layouts.page import CableOnPage, Excerpt, Found, PageReading, Span
from cablecrawl.ledger import Ledger
from cablecrawl.matter import Fact, Matter, MatterRules, find_matter
from cablecrawl.reference_id import parse
from cablecrawl.stats import Stats

logger = logging.getLogger(__name__)

# The field of the dots that end an excerpt: a flag, since the text looks whole without them.
CUT_SHORT = "cut_short"

# What of an unlabelled stretch is shown in the log.
SHOWN = 60


@dataclass(frozen=True, slots=True)
class _LayoutRules:
    """The rules for the pages of one layout."""

    page: tuple[Rule, ...]
    parts: dict[str, MatterRules]


class BoilerplatePipeline:
    """Takes what is no cable out of header and body, and completes the page's ledger.

    What a rule takes out of a cable and states a fact by, such as a dump's record number, is
    kept as a field of the cable. Counts the rules it applies and the gaps that are left.
    """

    def __init__(self, rules: Sequence[Rule], stats: Stats) -> None:
        self.rules = rules
        self.stats = stats
        self._rules_of: dict[str, _LayoutRules] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(load_rules(), crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        if isinstance(item, CablePage) and is_unlabelled(item.ledger):
            rules = self._rules(item.reading.layout)
            removed: dict[str, int] = defaultdict(int)
            # All cables of the page at its first item, before any field is read from one.
            for cable in item.reading.cables:
                strip_cable(cable, rules.parts, item.ledger, removed)
            label_page(item)
            remove_boilerplate(item.page.text, item.reading, rules.page, item.ledger, removed)
            for rule, characters in removed.items():
                self.stats.inc_value(f"cablecrawl/boilerplate/{rule}")
                self.stats.inc_value(f"cablecrawl/boilerplate_characters/{rule}", characters)
            self.report_gaps(item)
        return item

    def report_gaps(self, page: CablePage) -> None:
        """A stretch that nothing explains is a gap in the rules, never cable text."""
        for start, end in page.ledger.gaps():
            self.stats.inc_value("cablecrawl/boilerplate/unlabelled")
            self.stats.inc_value("cablecrawl/boilerplate_characters/unlabelled", end - start)
            shown = page.page.text[start : min(end, start + SHOWN)]
            logger.warning("%s: unlabelled text: %r", page.capture.url, shown)

    def _rules(self, layout: str) -> _LayoutRules:
        rules = self._rules_of.get(layout)
        if rules is None:
            of_layout = rules_of(layout, self.rules)
            rules = self._rules_of[layout] = _LayoutRules(
                tuple(rule for rule in of_layout if rule.region not in PARTS),
                {part: MatterRules.of(part, of_layout) for part in PARTS},
            )
        return rules


def is_unlabelled(ledger: Ledger) -> bool:
    """Whether nothing of the page is labelled yet."""
    return ledger.gaps() == [(0, ledger.length)]


def strip_cable(
    cable: CableOnPage, rules: dict[str, MatterRules], ledger: Ledger, removed: dict[str, int]
) -> None:
    """Take out of a cable's header and body what the rules take.

    A body that would be left empty is no cable's text with matter around it, and stays.
    Characters are added to `removed` under the rule's name.
    """
    for part in PARTS:
        excerpt: Excerpt = getattr(cable, part)
        found = find_matter(excerpt.text, rules[part])
        if not found:
            continue
        stripped = excerpt.without(sorted(matter.span for matter in found))
        if part == "body" and not stripped.text:
            continue
        setattr(cable, part, stripped)
        spans = excerpt.spans()
        for matter in found:
            for start, end in stretches(spans, excerpt.locate(*matter.span)):
                removed[matter.rule.name] += ledger.remove(start, end, matter.rule.name)
            cable.fields += facts_of(matter, excerpt, cable.stated_id)


def stretches(spans: Sequence[Span], outer: Span) -> Iterator[Span]:
    """What of the spans, in order, lies within another."""
    index = bisect_right(spans, outer.start, key=attrgetter("end"))
    while index < len(spans) and spans[index].start < outer.end:
        yield Span(max(spans[index].start, outer.start), min(spans[index].end, outer.end))
        index += 1


def facts_of(matter: Matter, excerpt: Excerpt, stated_id: Found) -> Iterator[Found]:
    """What the removed text states, on its own word, and whether it is of another cable."""
    for fact in matter.facts:
        span = excerpt.locate(*fact.span)
        kind, rule = matter.rule.kind, f"boilerplate_{matter.rule.name}/1"
        yield Found(fact.field, fact.value, span, kind, rule)
        if fact.field == CUT_SHORT:
            yield Found("flag", CUT_SHORT, span, "crawler", rule)
        other = another_cable(fact, stated_id)
        if other is not None:
            yield Found("record_of", other, span, "crawler", "record_identity/1")


def another_cable(fact: Fact, stated_id: Found) -> str | None:
    """The canonical ID of a record, where it is that of another cable than the page's."""
    if fact.field != "record_id":
        return None
    stated, of_record = parse(stated_id.value), parse(fact.value)
    if stated is None or of_record is None or of_record.canonical == stated.canonical:
        return None
    return of_record.canonical


def remove_boilerplate(
    text: str,
    reading: PageReading,
    rules: Sequence[Rule],
    ledger: Ledger,
    removed: dict[str, int],
) -> None:
    """Label every stretch of page text that a rule takes; adds to `removed` as strip_cable."""
    regions: dict[str | None, list[tuple[int, int]]] = defaultdict(list)
    for start, end, name in reading.regions:
        regions[name].append((start, end))
    for rule in rules:
        count = 0
        if rule.pattern is None:
            for start, end in regions[rule.region]:
                count += ledger.remove(start, end, rule.name)
        else:
            for start, end in gaps_in(ledger, regions[rule.region] if rule.region else None):
                for match in rule.pattern.finditer(text, start, end):
                    count += ledger.remove(*match.span(), rule.name)
        if count:
            removed[rule.name] += count


def gaps_in(ledger: Ledger, regions: list[tuple[int, int]] | None) -> list[tuple[int, int]]:
    """What of the regions, or of the whole page text, is not labelled yet; in order."""
    if regions is None:
        return ledger.gaps()
    found: list[tuple[int, int]] = []
    position = 0
    # Regions may lie in one another; no stretch is given twice.
    for start, end in sorted(regions):
        start = max(start, position)
        if start < end:
            found += ledger.gaps(start, end)
            position = end
    return found


def label_page(page: CablePage) -> None:
    """Label what the layout has read on the page: fields and cable text."""
    ledger = page.ledger
    for found in page.reading.page_fields:
        ledger.label(*found.span, f"field:{found.field}")
    for cable in page.reading.cables:
        for found in (cable.stated_id, *cable.fields):
            ledger.label(*found.span, f"field:{found.field}")
        for part, excerpt in (("header", cable.header), ("body", cable.body)):
            for span in excerpt.spans():
                ledger.label(*span, f"cable:{part}")
