"""The runs, and the problems that they met."""

from __future__ import annotations

from collections import Counter

from cablecrawl.report.charts import Cell, Series, bars, heat_map
from cablecrawl.report.colours import FOUR, LACK, ONE, THREE, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import Numbers, RunLine, SourceProblems
from cablecrawl.report.ranking import ranking
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
    sources = ranking(by_source, by_source.__getitem__, shown, MOST_ROWS)
    kinds = ranking(by_reason, by_reason.__getitem__, _reason, MOST_COLUMNS)
    names, reasons = sources.shown, kinds.shown
    sentence = f"{counted(total, 'problem')} in {counted(len(by_source), 'source')}"
    if len(kinds.rows) == 1:
        sentence += f", for one reason: {kinds.leading('reasons')}"
    elif kinds.stands_out:
        sentence += (
            f"; the most frequent {kinds.agree('reason is', 'reasons are')}"
            f" {kinds.leading('reasons')}, {times(kinds.most)}{kinds.each}"
        )
    sentence += "."
    cells = {
        (names.index(row.source), reasons.index(row.reason)): Cell(
            row.problems,
            f"{row.problems:,}",
            f"{shown(row.source)}, {_reason(row.reason)}: {counted(row.problems, 'problem')}",
        )
        for row in rows
        if row.source in names and row.reason in reasons
    }
    scale = scale_to(max(cell.value for cell in cells.values()))
    notes = ["A problem is a page that should have given a cable and did not, with the reason."]
    notes += [*sources.left_out("sources"), *kinds.left_out("reasons")]
    return Figure(
        name,
        heading,
        sentence,
        table,
        heat_map(
            [shown(name) for name in names],
            [_reason(reason) for reason in reasons],
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


def _reason(reason: str) -> str:
    return words(shown(reason))


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
