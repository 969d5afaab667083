"""Records as lines of JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.export.lines import csv_cells, csv_line, json_line


@dataclass
class Part:
    value: str


@dataclass
class Sample:
    text: str
    parts: list[Part]
    nothing: str | None = None
    yes: bool = True
    count: int = -1


# Every character that Python has, lone surrogates included.
anything = st.text(st.characters(codec=None))


def read_csv(line: bytes) -> list[str]:
    (row,) = csv.reader(io.StringIO(line.decode(), newline=""), strict=True)
    return row


def undo(cell: str) -> str:
    """What exports/README.md tells readers to do."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell


def test_keys_follow_the_fields_and_nulls_are_there() -> None:
    line = json_line(Sample("Zürich", [Part("a")]))
    assert line.decode() == (
        '{"text": "Zürich", "parts": [{"value": "a"}], "nothing": null, "yes": true, "count": -1}\n'
    )


@given(anything)
def test_any_text_survives_json(text: str) -> None:
    line = json_line(Sample(text, [Part(text)]))
    assert line.count(b"\n") == 1
    assert json.loads(line)["text"] == json.loads(line.decode())["parts"][0]["value"] == text


@given(anything)
def test_any_text_survives_csv(text: str) -> None:
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        text = text.encode("utf-8", "backslashreplace").decode()
    line = csv_line(csv_cells(Sample(text, [])))
    assert line.endswith(b"\r\n")
    assert undo(read_csv(line)[0]) == text


def test_a_lone_surrogate_is_an_escape_in_json() -> None:
    assert b"\\ud800" in json_line(Part("\ud800"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-1", "-----\nSUMMARY\n-----"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    (cell,) = read_csv(csv_line(csv_cells(Part(text))))
    assert cell == f"'{text}"
    assert undo(cell) == text


@given(anything)
def test_no_cell_of_text_begins_a_formula(text: str) -> None:
    assert not csv_cells(Part(text))[0].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_lists_are_json_and_nulls_are_empty_in_csv() -> None:
    assert csv_cells(Sample("", [Part("=1")])) == ["", '[{"value": "=1"}]', "", "true", "-1"]
