"""What a policy costs in requests a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cablecrawl.commands.sources import requests_a_day
from cablecrawl.recrawl_policy import RecrawlPolicy


@pytest.mark.parametrize(
    ("policy", "pages", "index_pages", "cost"),
    [
        (RecrawlPolicy(), 250_000, 0, 8_334),
        (RecrawlPolicy(), 250_000, 5_026, 13_360),
        (RecrawlPolicy(budget=1000), 250_000, 0, 1000),
        (RecrawlPolicy(index=timedelta(hours=12), budget=1000), 250_000, 10, 2020),
        (RecrawlPolicy(), 0, 0, 0),
    ],
)
def test_a_policy_costs_its_rotation_within_the_budget_and_its_index_pages(
    policy: RecrawlPolicy, pages: int, index_pages: int, cost: int
) -> None:
    assert requests_a_day(policy, pages, index_pages) == cost
