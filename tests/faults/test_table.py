"""The table of the 50 cases in README.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[1]
ROW = re.compile(r"^\| (\d+) ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M)
TEST = re.compile(r"^(?:async )?def (test_\w+)", re.M)
CASE = re.compile(r"^def test_case_(\d\d)_", re.M)


class Row(NamedTuple):
    number: int
    files: list[str]
    tests: list[tuple[str, str]]


def rows() -> list[Row]:
    found = []
    for number, _, _, cell in ROW.findall((TESTS / "faults" / "README.md").read_text()):
        named = [test.partition("::") for test in cell.split(", ")]
        files = [file for file, _, test in named if not test]
        found.append(Row(int(number), files, [(file, test) for file, _, test in named if test]))
    return found


def cases_of(file: str) -> set[int]:
    return {int(number) for number in CASE.findall((TESTS / file).read_text(encoding="utf-8"))}


def test_every_case_has_its_line() -> None:
    assert [row.number for row in rows()] == list(range(1, 51))


def test_every_case_has_the_tests_that_its_line_names() -> None:
    for row in rows():
        assert row.files or row.tests
        for file in row.files:
            assert row.number in cases_of(file), f"{file} has no test of case {row.number}"
        for file, test in row.tests:
            there = TEST.findall((TESTS / file).read_text(encoding="utf-8"))
            assert test in there, f"case {row.number}: {file} has no {test}"


def test_every_test_of_a_case_is_in_its_line() -> None:
    listed = {(file, row.number) for row in rows() for file in row.files}
    written = {
        (f"faults/{path.name}", number)
        for path in (TESTS / "faults").glob("test_*.py")
        for number in cases_of(f"faults/{path.name}")
    }
    assert written == listed
