"""On real pages, what the rules take out of cables is what stands there by simple counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cablecrawl.boilerplate import PARTS, load_rules
from cablecrawl.items import CablePage
from cablecrawl.ledger import UNLABELLED
from cablecrawl.stats import CountingStats
from pipelines.boilerplate import BoilerplatePipeline
from tests.corpus import (
    SIGNS,
    SMALL_SNAPSHOT,
    SNAPSHOTS,
    cable_pages,
    read_plainly,
    unpack_snapshot,
)
from tests.pipelines import PageLine, assert_ledger_is_complete

# The most that stands around a cable, blanks aside: a key block, a watermark and a number.
MOST_REMOVED = 150


@pytest.fixture(
    params=[
        name if name == SMALL_SNAPSHOT else pytest.param(name, marks=pytest.mark.corpus)
        for name in SNAPSHOTS
    ]
)
def snapshot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot's folder; the large ones with `-m corpus` only."""
    return unpack_snapshot(request.param, tmp_path_factory.getbasetemp())


def test_what_is_taken_out_of_cables_is_what_simple_signs_tell(snapshot: Path) -> None:
    stats = CountingStats()
    line = PageLine([BoilerplatePipeline(load_rules(), stats)])
    wrong = []
    told = Counter[str]()
    for path, content in cable_pages(snapshot):
        plain = read_plainly(content.decode("utf-8"))
        texts = {"header": plain.header, "body": plain.body}
        signs = {
            name
            for name, sign in SIGNS.items()
            if sign.search(texts["header" if name == "cable_text_label" else "body"])
        }
        told.update(signs)
        page = line.cable(path, content)
        assert_ledger_is_complete(page)
        if rules_applied(page) != signs:
            wrong.append(f"{path}: {sorted(rules_applied(page))}, not {sorted(signs)}")
        for part, text in texts.items():
            left = page.excerpt(part).text
            if left not in text or (left != text and not signs):
                wrong.append(f"{path}: not the cable's {part}")
            less = len("".join(text.split())) - len("".join(left.split()))
            if less > MOST_REMOVED:
                wrong.append(f"{path}: {less} characters less in its {part}")
    assert not wrong, f"{len(wrong)} pages: {wrong[:20]}"
    assert told["partner_heading"] > 40
    counted = {name: stats[f"cablecrawl/boilerplate/{name}"] for name in told}
    assert counted == told
    assert f"cablecrawl/boilerplate/{UNLABELLED}" not in stats


def rules_applied(page: CablePage) -> set[str]:
    """The rules for inside of cables that took something."""
    names = {rule.name for rule in load_rules() if rule.region in PARTS}
    labels = {label.removeprefix("boilerplate:") for label in page.ledger.characters()}
    return names & labels
