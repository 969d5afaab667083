"""On real pages, what the rules take out of cables is what stands there by simple counts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from cablecrawl.boilerplate import PARTS, load_rules
from cablecrawl.items import CablePage
from cablecrawl.ledger import UNLABELLED
from pipelines.boilerplate import BoilerplatePipeline
from tests.corpus import SMALL_SNAPSHOT, SNAPSHOTS, cable_pages, read_plainly, unpack_snapshot
from tests.pipelines import PageLine, assert_ledger_is_complete
from tests.stores import CountedStats

# Cruder than the rules and written without them: by these the dialects were counted first.
SIGNS = {
    "partner_heading": re.compile(r"(?m)^(?:US )?\w+day, \d\d \w+ \d{4}, \d\d:\d\d"),
    "publication_note": re.compile(r"\ANOTE - "),
    "partner_date_line": re.compile(r"\A\d{4}-"),
    "partner_date_at_end": re.compile(r"[A-Z] \d{4}-\d\d-\d\d\s*\Z"),
    "dump_record_lines": re.compile(r"\A\W*\d{5,6}\W*\n\d"),
    "key_block_in_capitals": re.compile(r"(?m)^DESTINATION:"),
    "archive_line": re.compile(r"\d{4}[A-Z]{4,6}\d{5} - [^\n]*\Z"),
    "lone_angle": re.compile(r"(?m)^>\s*$"),
    "transmission_end": re.compile(r"(?im)^NNNN\s*$"),
    "end_cable_text": re.compile(r"(?m)^End Cable Text"),
    "partner_watermark": re.compile(r"@ EL P|EL PAÍS"),
    "dump_number": re.compile(r"\nID:.*\Z"),
    "dump_query": re.compile(r"SELECT \*"),
    "excerpt_mark": re.compile(r"\A[\s\S]{,255}\.\.\.\Z"),
    "excerpt_remnant": re.compile(
        r"\A[\s\S]{256,}(?:JONES|[A-Z][a-z]+|[A-Z]{5,}) *\n[ \n]*[^a-z\n]*\.\.\.\Z"
    ),
    "cable_text_label": re.compile(r"Cable\s+Text:"),
}
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
    stats = CountedStats()
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
