"""Commands killed at random moments: the short form of benchmarks/kills.py."""

from __future__ import annotations

import random
from pathlib import Path

from tests.crawling import free_port
from tests.kills import Course, course_with_kills, few_stages

# A stage; two stages make six.
KILLS = 3


def test_crawls_killed_at_random_moments_end_as_if_they_had_not_been(tmp_path: Path) -> None:
    """Other moments each time; the seed is in what a failure shows."""
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    sites = tmp_path / "sites"
    sites.mkdir()
    stages, port = few_stages(sites), free_port()
    unbroken = Course(tmp_path / "unbroken", stages, port).unbroken()
    rounds = course_with_kills(
        tmp_path / "killed", stages, port, unbroken, random.Random(seed), [KILLS], waits=False
    )
    for done in rounds:
        print(f"{done.stage.name}: killed after captures: {', '.join(done.kills)}")
        assert done.kills
        assert (done.lost, done.twice, done.verify) == (0, 0, 0)
        assert done.wrong == []
