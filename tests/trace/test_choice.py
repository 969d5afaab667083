"""Why a reading stands for a cable, in words."""

from __future__ import annotations

import pytest

from cablecrawl.export.chosen import CRITERIA, choose
from cablecrawl.export.read import StoredWitness
from cablecrawl.trace.choice import why_chosen
from tests.export.test_chosen import witness


@pytest.mark.parametrize(
    ("copies", "why"),
    [
        ([witness("a")], "the only copy"),
        ([witness("a"), witness("b")], "all 2 copies have the same text"),
        (
            [witness("a", "long text", flag="wrong_body"), witness("b", "x")],
            "neither names another cable",
        ),
        ([witness("a", "met Madina"), witness("b", "met")], "9 letters and digits"),
        (
            [witness("a", "“one”", layout="wordpress"), witness("b", '"one"')],
            "WikiLeaks' own",
        ),
        (
            [witness("a", "one, two", released="2010-12-05T05:05"), witness("b", "one; two")],
            "the latest release, 2010-12-05T05:05: others state none",
        ),
        ([witness("a", "1, 2", rank=20), witness("b", "1; 2", rank=10)], "rank 10"),
        ([witness("b", "1, 2"), witness("a", "1; 2")], "first by name"),
    ],
)
def test_the_sentence_tells_what_decided(copies: list[StoredWitness], why: str) -> None:
    assert why in why_chosen(copies, choose(copies)[1])


def test_every_criterion_has_a_sentence() -> None:
    made = {criterion.name for criterion in CRITERIA}
    known = {
        "own_id_agrees",
        "fullest_text",
        "not_reposted",
        "latest_release",
        "source_rank",
    }
    assert made == known, "say it in cablecrawl/trace/choice.py, and in the cases above"
