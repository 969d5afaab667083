"""The runs, and the problems that they met."""

from __future__ import annotations

from collections import Counter

from cablecrawl.report.charts import Cell, Series, bars, heat_map
from cablecrawl.report.colours import FOUR, LACK, ONE, THREE, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import Numbers, RunLine, SourceProblems
from cablecrawl.report.scale import scale_to
from cablecrawl.report.wording import counted, listed, shown, times, words

MOST_ROWS, MOST_COLUMNS = 30, 20
"""Sources, runs and reasons that are shown."""

MINUTE = len("2026-11-22T05:26")


def problems(numbers: Numbers) -> Figure:
    """Why pages gave no cable, by source."""
    rows = numbers.problems
    table = Table("problems", SourceProblems, rows)
    heading = "Problems by source and reason"
    name = "problems-by-source"
    total = sum(row.problems for row in rows)
    if not total:
        return Figure(name, heading, "No page that should give a cable failed to.", table)
    by_source: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    for row in rows:
        by_source[row.source] += row.problems
        by_reason[row.reason] += row.problems
    names = sorted(by_source, key=lambda name: (-by_source[name], name))[:MOST_ROWS]
    reasons = sorted(by_reason, key=lambda name: (-by_reason[name], name))[:MOST_COLUMNS]
    sentence = (
        f"{counted(total, 'problem').capitalize()} in {counted(len(by_source), 'source')}; the most"
        f" frequent reason is {words(shown(reasons[0]))}, {times(by_reason[reasons[0]])}."
    )
    cells = {
        (names.index(row.source), reasons.index(row.reason)): Cell(
            row.problems,
            f"{row.problems:,}",
            f"{shown(row.source)}, {words(shown(row.reason))}: {counted(row.problems, 'problem')}",
        )
        for row in rows
        if row.source in names and row.reason in reasons
    }
    scale = scale_to(max(cell.value for cell in cells.values()))
    notes = ["A problem is a page that should have given a cable and did not, with the reason."]
    if len(by_source) > len(names) or len(by_reason) > len(reasons):
        notes.append("The sources and reasons with most are shown; the CSV has all.")
    return Figure(
        name,
        heading,
        sentence,
        table,
        heat_map(
            [shown(name) for name in names],
            [words(shown(reason)) for reason in reasons],
            cells,
            scale,
            LACK,
            upright=True,
        ),
        "A matrix with a row for each source and a column for each reason; the more problems, the"
        " stronger the colour.",
        [
            Key(scale.colour(step, LACK), label)
            for step, label in zip(scale.steps, scale.labels(), strict=True)
        ],
        notes,
    )


def runs(numbers: Numbers) -> Figure:
    """When they were, how they ended and what they brought."""
    rows = numbers.runs
    table = Table("runs", RunLine, rows)
    heading = "What each run found"
    name = "runs-found"
    if not rows:
        return Figure(name, heading, "The store has no runs.", table)
    states = Counter(row.state for row in rows)
    ended = [f"{count:,} {shown(state)}" for state, count in sorted(states.items())]
    new, changed = sum(row.new for row in rows), sum(row.changed for row in rows)
    first, last = rows[-1], rows[0]
    when = (
        _moment(first.began)
        if len(rows) == 1
        else (f"between {_moment(first.began)} and {_moment(last.began)}")
    )
    sentence = (
        f"{counted(len(rows), 'run')} began {when} (UTC): {listed(ended)}; found were"
        f" {counted(new, 'new copy', 'new copies')}, {changed:,} changed,"
        f" {sum(row.back for row in rows):,} back and {sum(row.gone for row in rows):,} gone."
    )
    top = rows[:MOST_ROWS]
    notes = ["The newest first; times are UTC."]
    if len(rows) > len(top):
        notes.append(f"The latest {len(top)} are shown; the CSV has all {len(rows):,}.")
    return Figure(
        name,
        heading,
        sentence,
        table,
        bars(
            [f"{_moment(row.began)}  {shown(row.spider)}" for row in top],
            [
                Series("new", ONE, [row.new for row in top]),
                Series("changed", TWO, [row.changed for row in top]),
                Series("back", THREE, [row.back for row in top]),
                Series("gone", FOUR, [row.gone for row in top]),
            ],
            notes=[_note(row) for row in top],
        ),
        "Bars, one for each run, parted into copies that were new, changed, back and gone; behind"
        " each, how it ended and how long it took.",
        [Key(ONE, "new"), Key(TWO, "changed"), Key(THREE, "back"), Key(FOUR, "gone")],
        notes,
    )


def _note(row: RunLine) -> str:
    found = [
        f"{count:,} {what}"
        for what, count in (
            ("new", row.new),
            ("changed", row.changed),
            ("back", row.back),
            ("gone", row.gone),
        )
        if count
    ]
    took = f" in {duration(row.seconds)}" if row.seconds is not None else ""
    return f"{', '.join(found) or 'nothing new'}; {shown(row.state)}{took}"


def duration(seconds: float) -> str:
    """`12 s`, `3 min 4 s`, `2 h 10 min`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute} min"
    return f"{minute} min {second} s" if minute else f"{second} s"


def _moment(at: str) -> str:
    return at[:MINUTE].replace("T", " ")
