"""WikiLeaks releases over time."""

from __future__ import annotations

from collections.abc import Iterator

from cablecrawl.report.charts import Series, bars, columns
from cablecrawl.report.colours import INK, ONE
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import Numbers, ReleaseCables, ReleasedMonth
from cablecrawl.report.wording import counted, percent
from cablecrawl.trace.display import visible

DAY = len("2010-12-01")

# Builds of which the store has cables; there are 41 in all.
MOST_RELEASES = 45


def releases(numbers: Numbers) -> Iterator[Figure]:
    """What copies say of the release they come from, and of when the cable came out."""
    yield _releases(numbers)
    yield _released(numbers)


def _releases(numbers: Numbers) -> Figure:
    table = Table("cables-by-release", ReleaseCables, numbers.releases)
    heading = "Cables by the release that a copy comes from"
    name = "cables-by-release"
    named = [row for row in numbers.releases if row.cables]
    if not named:
        sentence = "No copy in the store names, or is like, a release that is known."
        return Figure(name, heading, sentence, table)
    most = max(named, key=lambda row: row.cables)
    dated = [row for row in named if row.date is not None]
    sentence = (
        f"Copies in the store come from {counted(len(named), 'release')}; most cables,"
        f" {most.cables:,}, are known from {visible(most.release)}"
    )
    if most.stated:
        share = percent(min(most.cables, most.stated), most.stated)
        sentence += f", which says it has {most.stated:,} (the store has {share})"
    if len(dated) > 1:
        sentence += f"; they were made from {(dated[0].date or '')[:DAY]} to" + (
            f" {(dated[-1].date or '')[:DAY]}"
        )
    shown = named[:MOST_RELEASES]
    notes = [
        "In the order of publication. A cable that copies have from several releases is counted"
        " for each. No release states its time zone."
    ]
    if len(named) > len(shown):
        notes.append(f"The first {len(shown)} are shown; the CSV has all.")
    return Figure(
        name,
        heading,
        f"{sentence}.",
        table,
        bars(
            [_label(row) for row in shown],
            [Series("in the store", ONE, [row.cables for row in shown])],
            notes=[
                f"{row.cables:,}" if row.stated is None else f"{row.cables:,} of {row.stated:,}"
                for row in shown
            ],
            marks=[row.stated for row in shown],
        ),
        "Bars, one for each release in the order of publication, and a stroke where the release"
        " says how many cables it has.",
        [Key(ONE, "cables in the store"), Key(INK, "cables it says it has")],
        notes,
    )


def _label(row: ReleaseCables) -> str:
    date = (row.date or "")[:DAY]
    return f"{visible(row.release)}  {date}".rstrip()


def _released(numbers: Numbers) -> Figure:
    table = Table("cables-by-month-released", ReleasedMonth, numbers.released)
    heading = "Cables by the month they say they were released"
    name = "released"
    rows = numbers.released
    total = sum(row.cables for row in rows)
    if not rows:
        return Figure(name, heading, "No copy in the store states when it was released.", table)
    most = max(rows, key=lambda row: row.cables)
    sentence = (
        f"{total:,} of {counted(numbers.cables, 'cable')} state when they were released, most of"
        f" them in {most.month} ({most.cables:,})."
        if total != 1
        else f"1 of {counted(numbers.cables, 'cable')} states when it was released:"
        f" in {most.month}."
    )
    by_month = {row.month: row.cables for row in rows}
    months = list(_months(rows[0].month, rows[-1].month))
    return Figure(
        name,
        heading,
        sentence,
        table,
        columns(months, [Series("", ONE, [by_month.get(month, 0) for month in months])]),
        "Columns, one for each month.",
        notes=[
            "By the earliest stamp of each cable that no check contradicts. Stamps are claims:"
            " WikiLeaks moved them for one cable in nine, and its last release has one stamp for"
            " all its pages."
        ],
    )


def _months(first: str, last: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:])
    while (text := f"{year:04}-{month:02}") <= last:
        yield text
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
