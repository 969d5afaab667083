"""What the tables of an export should hold, told from its lines of JSON and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.export.conftest import Lines, read_lines

Row = dict[str, Any]
Read = Callable[[str], list[Row]]
"""Gives the rows of a table as a tool reads it: lists as lists, records as dictionaries."""

# By the names that the columns have, since `references` and `end` are words of SQL.
RENAMED = {
    "refs": "references",
    "quote_start": "start",
    "quote_end": "end",
    "warc_offset": "offset",
    "warc_length": "length",
}
SAME = {
    "cable_references": "references",
    "relations": "relations",
    "changes": "changes",
    "captures": "captures",
    "problems": "problems",
}
"""Tables of which a row is a line, by the name of the lines."""

PLACES = range(0, 1000, 100)
"""Ten of a thousand: where spot checks look."""


def expected(folder: Path) -> dict[str, Lines]:
    """Rows by table, less what lines do not have; `readings` and so on in their order."""
    cables = read_lines(folder / "cables.jsonl")
    readings = read_lines(folder / "readings.jsonl")
    return {
        "cables": cables,
        "cable_tags": [
            {"reference_id": cable["reference_id"], "ordinal": place, "tag": tag}
            for cable in cables
            for place, tag in enumerate(cable["tags"])
        ],
        "witnesses": [
            {"reference_id": cable["reference_id"], **witness}
            for cable in cables
            for witness in cable["witnesses"]
        ],
        "readings": readings,
        "claims": [
            {"reading": number, **claim}
            for number, reading in enumerate(readings, start=1)
            for claim in reading["claims"]
        ],
        "releases": [
            {"reference_id": cable["reference_id"], **claim}
            for cable in cables
            for claim in cable["releases"]
        ],
        "reading_releases": [
            {"reading": number, **claim}
            for number, reading in enumerate(readings, start=1)
            for claim in reading["releases"]
        ],
        **{table: read_lines(folder / f"{lines}.jsonl") for table, lines in SAME.items()},
    }


def assert_same_records(read: Read, folder: Path) -> None:
    """Every row of every table that lines tell of has what its line has."""
    for table, lines in expected(folder).items():
        rows = read(table)
        assert len(rows) == len(lines) > 0, table
        for number, (row, line) in enumerate(zip(rows, lines, strict=True)):
            assert as_stated(row, line) == common(row, line), (table, number)


def assert_same_spots(read: Read, folder: Path) -> None:
    """As many rows, and the same in ten places of each table."""
    for table, lines in expected(folder).items():
        rows = read(table)
        assert len(rows) == len(lines), table
        assert rows or table == "problems"  # of which real mirrors may have none
        for place in {len(lines) * place // 1000 for place in PLACES if lines}:
            assert as_stated(rows[place], lines[place]) == common(rows[place], lines[place])


def as_stated(row: Row, line: Row) -> Row:
    """What of a row is from its line, by the line's names."""
    named = {RENAMED.get(name, name): value for name, value in row.items()}
    return {name: value for name, value in named.items() if name in line}


def common(row: Row, line: Row) -> Row:
    """A line without the lists that are tables of their own."""
    apart = {"releases", "witnesses", "claims"}
    return {name: value for name, value in line.items() if name not in apart}


def assert_stays_tell_the_history(read: Read) -> None:
    """Each copy has stays in order, the first and the last when it was first and last seen."""
    stays: dict[int, list[Row]] = {}
    for stay in read("stays"):
        stays.setdefault(stay["witness"], []).append(stay)
    witnesses = read("witnesses")
    readings = {reading["id"]: reading for reading in read("readings")}
    for witness in witnesses:
        course = stays.pop(witness["id"])
        assert [stay["ordinal"] for stay in course] == list(range(len(course)))
        assert course[0]["first_seen"] == witness["first_seen"]
        assert course[-1]["last_seen"] == witness["last_seen"]
        assert (course[-1]["reading"] is None) == (witness["status"] == "gone")
        texts = [stay["reading"] for stay in course if stay["reading"] is not None]
        assert texts[-1] == witness["latest_reading"]
        assert {readings[text]["witness"] for text in texts} == {witness["id"]}
        assert readings[texts[-1]]["reading_sha256"] == witness["reading_sha256"]
    assert not stays
    assert any(witness["status"] == "gone" for witness in witnesses)


def assert_crawled_adds_up(read: Read) -> None:
    """Sources and runs are those of the captures."""
    captures = read("captures")
    made = Counter(capture["run_id"] for capture in captures)
    runs = read("runs")
    assert {run["id"]: run["captures"] for run in runs} == made
    assert [source["name"] for source in read("sources")] == ["mirror", "other"]
    assert [source["base_urls"] for source in read("sources")] == [
        ["http://mirror/"],
        ["http://other/"],
    ]
    assert {run["sources"][0] for run in runs} == {"mirror", "other"}
    assert {run["state"] for run in runs} == {"finished"}
    assert all(run["id"].startswith(run["started"][:10].replace("-", "")) for run in runs)
