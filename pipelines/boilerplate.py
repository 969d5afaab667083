"""Labels what is not cable."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from scrapy.crawler import Crawler

from cablecrawl.boilerplate import Rule, load_rules, rules_of
from cablecrawl.items import CablePage, PageItem
from cablecrawl.layouts.page import PageReading
from cablecrawl.ledger import Ledger
from cablecrawl.runs import Stats

logger = logging.getLogger(__name__)

# What of an unlabelled stretch is shown in the log.
SHOWN = 60


class BoilerplatePipeline:
    """Completes the page's ledger; counts the rules it applies and the gaps that are left."""

    def __init__(self, rules: Sequence[Rule], stats: Stats) -> None:
        self.rules = rules
        self.stats = stats
        self._rules_of: dict[str, list[Rule]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(load_rules(), crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        if isinstance(item, CablePage) and item.cable.ordinal == 0:
            label_page(item)
            self.remove_boilerplate(item.page.text, item.reading, item.ledger)
            self.report_gaps(item)
        return item

    def remove_boilerplate(self, text: str, reading: PageReading, ledger: Ledger) -> None:
        """Label every stretch of `text` that a rule of the page's layout takes."""
        rules = self._rules_of.get(reading.layout)
        if rules is None:
            rules = self._rules_of[reading.layout] = rules_of(reading.layout, self.rules)
        regions: dict[str | None, list[tuple[int, int]]] = defaultdict(list)
        for start, end, name in reading.regions:
            regions[name].append((start, end))
        for rule in rules:
            removed = 0
            for start, end in ledger.gaps() if rule.region is None else regions[rule.region]:
                if rule.pattern is None:
                    removed += ledger.remove(start, end, rule.name)
                else:
                    for match in rule.pattern.finditer(text, start, end):
                        removed += ledger.remove(*match.span(), rule.name)
            if removed:
                self.stats.inc_value(f"cablecrawl/boilerplate/{rule.name}")
                self.stats.inc_value(f"cablecrawl/boilerplate_characters/{rule.name}", removed)

    def report_gaps(self, page: CablePage) -> None:
        """A stretch that nothing explains is a gap in the rules, never cable text."""
        for start, end in page.ledger.gaps():
            self.stats.inc_value("cablecrawl/boilerplate/unlabelled")
            self.stats.inc_value("cablecrawl/boilerplate_characters/unlabelled", end - start)
            shown = page.page.text[start : min(end, start + SHOWN)]
            logger.warning("%s: unlabelled text: %r", page.capture.url, shown)


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
