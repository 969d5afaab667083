"""The data in a report is that of the export."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from itertools import permutations
from typing import Any

from cablecrawl.citations import UNPUBLISHED
from cablecrawl.report.citing import MOST_CITED
from tests.report.reports import Reported

REFERENCE_ID = re.compile(r"(\d\d)([A-Z]+)(\d+)")

PIECES = {"08SECTIN02OF02PORTOFSPAIN546": "08PORTOFSPAIN546"}
"""IDs that are pieces of others: they count for those posts, and not as a number."""


def post_year(reference_id: str) -> tuple[str, str]:
    match = REFERENCE_ID.fullmatch(PIECES.get(reference_id, reference_id))
    assert match is not None
    year = int(match[1])
    return match[2], str(year + (1900 if year > 26 else 2000))


def counts(reported: Reported, table: str, *keys: str) -> dict[Any, int]:
    """The last of these columns by the others, less what is not there."""
    *names, count = keys
    rows = reported.report.table(table)
    found = {tuple(row[name] for name in names): int(row[count]) for row in rows}
    assert len(found) == len(rows)
    return {key: count for key, count in found.items() if count}


def test_counts_are_those_of_the_files(reported: Reported) -> None:
    cables = reported.export.lines("cables")
    assert counts(reported, "counts", "what", "count") == {
        ("cables",): len(cables),
        ("posts",): len({post_year(cable["reference_id"])[0] for cable in cables}),
        ("copies",): sum(len(cable["witnesses"]) for cable in cables),
        ("readings",): len(reported.export.lines("readings")),
        ("sources",): 4,
        ("captures",): len(reported.export.lines("captures")),
        ("runs",): 2,
        ("problems",): len(reported.export.lines("problems")),
    }


def test_cables_by_post_and_year_are_those_of_the_export(reported: Reported) -> None:
    expected = Counter(
        post_year(cable["reference_id"]) for cable in reported.export.lines("cables")
    )
    assert counts(reported, "cables-by-post-and-year", "post", "year", "cables") == expected


def test_missing_cables_are_those_that_references_name(reported: Reported) -> None:
    references = reported.export.lines("references")
    missing = Counter(
        line["resolved"] for line in references if line["resolved"] and not line["in_store"]
    )
    by_post = Counter(map(post_year, missing))
    assert len(missing) > 10
    for table in ("cited-not-in-store", "cables-by-post-and-year"):
        assert counts(reported, table, "post", "year", "cited_not_in_store") == by_post
    rows = reported.report.table("most-cited-not-in-store")
    ranked = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
    assert [(row["reference_id"], int(row["references"])) for row in rows] == ranked[:MOST_CITED]


def test_references_by_basis_are_those_of_the_export(reported: Reported) -> None:
    references = reported.export.lines("references")
    table = "references-by-basis"
    for column, lines in (
        ("references", references),
        ("in_store", [line for line in references if line["in_store"]]),
        ("not_certain", [line for line in references if line["resolved"] is None]),
        (
            "not_in_store",
            [line for line in references if line["resolved"] and not line["in_store"]],
        ),
    ):
        expected = Counter((line["basis"],) for line in lines)
        assert counts(reported, table, "basis", column) == expected, column


def test_numbers_go_up_to_the_highest_that_is_borne_out(reported: Reported) -> None:
    held = [cable["reference_id"] for cable in reported.export.lines("cables")]
    numbers_of = defaultdict(set)
    for reference_id in set(held) - set(PIECES):
        number = int(re.findall(r"\d+", reference_id)[-1])
        numbers_of[post_year(reference_id)].add(number)
    left_out = 0
    for row in reported.report.table("cables-by-post-and-year"):
        numbers = numbers_of[row["post"], row["year"]]
        counted = int(row["highest_number_counted"] or 0)
        assert row["highest_number_in_store"] == (str(max(numbers)) if numbers else "")
        assert int(row["numbers_in_store"]) == sum(number <= counted for number in numbers)
        assert int(row["numbers_not_in_store"]) == counted - int(row["numbers_in_store"])
        known = [int(row[name] or 0) for name in row if name.startswith("highest_number_")]
        assert counted in known
        if row["highest_number_published"]:
            published = int(row["highest_number_published"])
            assert published <= counted <= published * UNPUBLISHED
        left_out += int(row["numbers_left_out"])
        assert bool(int(row["numbers_left_out"])) == (counted < max(known))
    assert left_out
    by_year = reported.report.table("numbers-by-year")
    assert sum(int(row["left_out"]) for row in by_year) == left_out


def test_sources_and_their_overlap_are_those_of_the_witnesses(reported: Reported) -> None:
    of_cables = [
        {witness["source"] for witness in cable["witnesses"]}
        for cable in reported.export.lines("cables")
    ]
    table = "cables-by-source"
    assert counts(reported, table, "source", "cables") == Counter(
        (source,) for sources in of_cables for source in sources
    )
    assert counts(reported, table, "source", "here_only") == Counter(
        (source,) for sources in of_cables if len(sources) == 1 for source in sources
    )
    shared = Counter(pair for sources in of_cables for pair in permutations(sources, 2))
    assert counts(reported, "shared-cables", "source", "other_source", "cables") == shared


def test_releases_are_those_of_the_witnesses(reported: Reported) -> None:
    cables = reported.export.lines("cables")
    named = Counter(
        (release,)
        for cable in cables
        for release in {witness["release"] for witness in cable["witnesses"]} - {None}
    )
    assert counts(reported, "cables-by-release", "release", "cables") == named
    months = Counter((cable["released"][:7],) for cable in cables if cable["released"])
    assert counts(reported, "cables-by-month-released", "month", "cables") == months
    assert months


def test_relations_are_those_of_the_export(reported: Reported) -> None:
    relations = Counter((line["relation"],) for line in reported.export.lines("relations"))
    assert counts(reported, "relations-of-texts", "relation", "pairs") == relations
    assert len(relations) > 1


def test_kinds_of_change_are_those_that_history_counts(reported: Reported) -> None:
    ended = reported.project.run("history", "--changes", "--json")
    changes = json.loads(ended.stdout)
    rows = reported.report.table("changes-by-kind")
    assert [
        [row["kind"], row["within_copies"], row["between_releases"], row["released_unchanged"]]
        for row in rows
    ] == [
        [kind["kind"], str(kind["within"]), str(kind["across"]), str(kind["same_stamp"])]
        for kind in changes["kinds"]
    ]
    assert changes["within"] > 0
    assert f"{changes['within']} from capture to capture" in reported.report.sentence("changes")


def test_what_was_stripped_is_what_the_runs_counted(reported: Reported) -> None:
    runs = [json.loads(text) for (text,) in reported.project.query("SELECT summary FROM run")]
    for column, key in (("pages", "stripped"), ("characters", "stripped_characters")):
        expected: Counter[tuple[str]] = Counter()
        for run in runs:
            expected.update({(rule,): count for rule, count in run[key].items()})
        assert counts(reported, "stripped-by-rule", "rule", column) == expected
        assert expected


def test_problems_are_those_of_the_export(reported: Reported) -> None:
    expected = Counter(
        (line["source"], line["reason"]) for line in reported.export.lines("problems")
    )
    assert counts(reported, "problems", "source", "reason", "problems") == expected


def test_runs_are_those_that_runs_lists(reported: Reported) -> None:
    listed = json.loads(reported.project.run("runs", "--json").stdout)["runs"]
    rows = reported.report.table("runs")
    assert len(rows) == len(listed) == 2
    for row, run in zip(rows, listed, strict=True):
        for name in ("run", "spider", "began", "ended", "state"):
            assert row[name] == run[name]
        for name in ("new", "changed", "gone", "back", "problems", "bytes_received"):
            assert row[name] == str(run[name])
        assert json.loads(row["sources"]) == run["sources"]


def test_sentences_have_the_numbers_of_their_tables(reported: Reported) -> None:
    cables = len(reported.export.lines("cables"))
    report = reported.report
    assert report.sentence("cables-by-post").startswith(f"The store has {cables} cables of ")
    missing = sum(int(row["cited_not_in_store"]) for row in report.table("cited-not-in-store"))
    assert report.sentence("cited-not-in-store").startswith(f"{missing} cables of ")
    assert f"of {cables} " in report.sentence("cables-by-source")
    assert report.sentence("runs-found").startswith("2 runs began between ")
