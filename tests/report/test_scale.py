"""Steps of scales, and numbers in sentences."""

from __future__ import annotations

import pytest

from cablecrawl.report.colours import HELD, STEPS
from cablecrawl.report.scale import PERCENT, scale_to
from cablecrawl.report.wording import counted, listed, percent


@pytest.mark.parametrize("highest", [1, 2, 3, 8, 9, 53, 200, 499, 2000, 5500, 251_287])
def test_every_count_has_a_step_and_its_label(highest: int) -> None:
    scale = scale_to(highest)
    assert len(scale.steps) == len(scale.labels()) <= STEPS
    assert scale.steps[0] == 1 and scale.steps[-1] <= highest
    for count in {1, highest // 2 or 1, highest}:
        step = scale.step(count)
        assert scale.steps[step] <= count
        assert step + 1 == len(scale.steps) or count < scale.steps[step + 1]
    colours = [scale.colour(step, HELD) for step in scale.steps]
    assert colours == sorted(set(colours))


def test_labels_say_what_a_step_holds() -> None:
    assert scale_to(3).labels() == ["1", "2", "3"]
    assert scale_to(53).labels() == ["1", "2–4", "5–9", "10–19", "20–49", "50–53"]
    assert PERCENT.labels(" %")[-1] == "88–100 %"


def test_a_share_is_nothing_or_all_only_where_it_is() -> None:
    shares = [percent(share, 1000) for share in (0, 1, 10, 494, 989, 990, 999, 1000)]
    assert [share.replace("\u00a0", " ") for share in shares] == [
        "0 %", "under 1 %", "1 %", "49 %", "99 %", "99 %", "over 99 %", "100 %",
    ]  # fmt: skip


def test_one_is_not_many() -> None:
    assert [counted(n, "copy", "copies") for n in (0, 1, 1234)] == [
        "no copies",
        "1 copy",
        "1,234 copies",
    ]
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
