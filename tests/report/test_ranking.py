"""What there is most of: nothing is called most that has its equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cablecrawl.collation.changes import Changes
from cablecrawl.report.drawing import settings
from cablecrawl.report.numbers import (
    Cited,
    Numbers,
    PostYear,
    RelationCount,
    ReleaseCables,
    ReleasedMonth,
    SharedCables,
    SourceCables,
    SourceProblems,
    StrippedRule,
)
from cablecrawl.report.ranking import Ranking, ranking
from cablecrawl.report.sections import sections


def ranked(counts: Mapping[str, int], most_shown: int = 3) -> Ranking[str]:
    return ranking(counts, counts.__getitem__, str, most_shown)


def test_those_that_are_equal_are_all_named_or_counted() -> None:
    one = ranked({"b": 1, "a": 5, "c": 0})
    assert (one.leading("posts"), one.each, one.stands_out) == ("a", "", True)
    two = ranked({"b": 5, "a": 5, "c": 1})
    assert (two.leading("posts"), two.each, two.stands_out) == ("a and b", " each", True)
    many = ranked({**dict.fromkeys("abcdefgh", 5), "z": 1})
    assert (many.leading("posts"), many.stands_out) == ("8 posts", True)


@pytest.mark.parametrize("counts", [{}, {"a": 1}, {"a": 1, "b": 1}, {"a": 4, "b": 4}])
def test_nothing_stands_out_where_all_are_equal(counts: dict[str, int]) -> None:
    assert not ranked(counts).stands_out


def test_a_cut_among_equals_is_said() -> None:
    counts = {"a": 5, "b": 4, "c": 4, "d": 1}
    assert ranked(counts, 4).left_out("posts") == []
    assert ranked(counts, 3).left_out("posts") == [
        "The 3 posts with most are shown; the CSV has all 4."
    ]
    assert ranked(counts, 2).left_out("posts") == [
        "The 2 posts with most are shown, of equals the first by name; the CSV has all 4."
    ]


def post_year(post: str, year: int, cables: int, cited: int) -> PostYear:
    return PostYear(post, year, cables, cited, 9, None, None, 9, cables, 9 - cables, 0)


def sentences(**found: Any) -> dict[str, str]:
    changes = Changes()
    numbers = Numbers("2026-11-22T05:26:01", changes=changes, **found)
    with settings():
        return {f.name: f.sentence for part in sections(numbers) for f in part.figures}


def all_equal(count: int) -> dict[str, str]:
    names = ("alpha", "beta", "gamma")
    posts = ("APIA", "ROME", "SUVA")
    return sentences(
        post_years=[post_year(p, 2001 + n, count, count) for n, p in enumerate(posts)],
        cited_not_in_store=3 * count,
        most_cited=[Cited(f"04APIA{n}", count) for n in range(5)],
        sources=[SourceCables(name, count, 0, count) for name in names],
        shared=[SharedCables(a, b, count, 1.0) for a in names for b in names if a != b],
        releases=[ReleaseCables(name, None, None, count, count, 0) for name in names],
        released=[ReleasedMonth(f"2010-0{n}", count) for n in range(3, 6)],
        stripped=[StrippedRule(name, 1, count) for name in names],
        problems=[SourceProblems(name, name, count) for name in names],
        relations=[RelationCount(name, count) for name in names],
    )


@pytest.mark.parametrize("count", [1, 6])
def test_no_sentence_has_a_most_where_all_are_equal(count: int) -> None:
    for name, sentence in all_equal(count).items():
        if name == "most-cited":
            often = {1: "once", 6: "6 times"}[count]
            assert sentence == f"There is no most cited one: each is cited {often}."
        else:
            assert "most" not in sentence and "fullest" not in sentence, (name, sentence)


def test_sentences_name_all_that_have_most() -> None:
    names = ("alpha", "beta", "gamma")
    counts = (6, 6, 2)
    found = sentences(
        post_years=[
            post_year(post, year, count, count)
            for post, year, count in zip(
                ("APIA", "ROME", "SUVA"), (2001, 2002, 2003), counts, strict=True
            )
        ],
        cited_not_in_store=14,
        most_cited=[Cited(f"04APIA{n}", 4 if n < 7 else 1) for n in range(9)],
        sources=[SourceCables(name, n, 0, n) for name, n in zip(names, counts, strict=True)],
        shared=[
            SharedCables(a, b, 1 if {a, b} == {"alpha", "beta"} else 2, 0.5)
            for a in names
            for b in names
            if a != b
        ],
        releases=[
            ReleaseCables(name, None, None, n, n, 0) for name, n in zip(names, counts, strict=True)
        ],
        released=[ReleasedMonth(f"2010-0{m}", n) for m, n in zip((3, 4, 5), counts, strict=True)],
        stripped=[StrippedRule(name, 1, n) for name, n in zip(names, counts, strict=True)],
        problems=[SourceProblems(name, name, n) for name, n in zip(names, counts, strict=True)],
        relations=[
            RelationCount(name, n) for name, n in zip((*names, "delta"), (6, 6, 2, 2), strict=True)
        ],
    )
    plain = {name: sentence.replace("\u00a0", " ") for name, sentence in found.items()}
    assert plain["cables-by-post"].endswith(
        "; the posts with most are APIA and ROME, with 6 (43 %) each; the fullest years are 2001"
        " and 2002, with 6 each."
    )
    assert plain["cited-not-in-store"].endswith(
        "; the posts with most of them are APIA and ROME, with 6 each."
    )
    assert plain["most-cited"] == (
        "7 cables are cited most of those that are not there, 4 times each."
    )
    assert plain["cables-by-source"].startswith(
        "The sources with most cables are alpha and beta, with 6 of 14 (43 %) each"
    )
    assert plain["overlap"] == "2 pairs of sources share most: 2 cables each."
    assert plain["cables-by-release"].endswith("; most cables, 6 each, from alpha and beta.")
    assert plain["released"].endswith(", most often in 2010-03 and 2010-04 (6 each).")
    assert plain["stripped-by-rule"].endswith("; alpha and beta took most, 6 each (43 %).")
    assert plain["problems-by-source"].endswith(
        "; the most frequent reasons are alpha and beta, 6 times each."
    )
    assert plain["relations"].endswith("alpha 6, beta 6, delta 2 and gamma 2.")


def test_a_csv_that_has_the_first_only_is_not_said_to_have_all() -> None:
    cited = [Cited(f"04APIA{n}", 3) for n in range(1, 1001)]
    with settings():
        numbers = Numbers(
            "2026-11-22T05:26:01",
            post_years=[post_year("APIA", 2004, 0, 1854)],
            most_cited=cited,
            cited_not_in_store=1854,
        )
        (figure,) = [
            f for part in sections(numbers) for f in part.figures if f.name == "most-cited"
        ]
    assert figure.notes == [
        "The 15 cables with most are shown, of equals the first by name.",
        "The CSV has the first 1,000 of 1,854; references.jsonl of an export has every reference.",
    ]
