"""What each boilerplate rule took, as the runs of a store counted it."""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy import Connection, select

from cablecrawl.report.numbers import StrippedRule
from cablecrawl.store import tables as t


def stripped_by_rule(db: Connection) -> list[StrippedRule]:
    """Those that took most characters first; a run that did not come to its end counted nothing."""
    pages: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    query = select(t.run.c.summary).where(t.run.c.summary.is_not(None)).order_by(t.run.c.id)
    for text in db.execute(query).scalars():
        summary = json.loads(text)
        pages.update(summary.get("stripped", {}))
        characters.update(summary.get("stripped_characters", {}))
    rows = [StrippedRule(rule, pages[rule], characters[rule]) for rule in pages | characters]
    return sorted(rows, key=lambda row: (-row.characters, -row.pages, row.rule))
