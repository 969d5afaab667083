"""Sources and their overlap."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from cablecrawl.report.charts import Cell, Series, bars, heat_map
from cablecrawl.report.colours import HELD, ONE, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import Numbers, SharedCables, SourceCables
from cablecrawl.report.ranking import ranking
from cablecrawl.report.scale import PERCENT
from cablecrawl.report.wording import counted, percent, shown

MOST_SOURCES = 30


def sources(numbers: Numbers) -> Iterator[Figure]:
    """How many cables each has, and how many every two of them share."""
    yield _cables(numbers)
    yield _overlap(numbers)


def _cables(numbers: Numbers) -> Figure:
    table = Table("cables-by-source", SourceCables, numbers.sources)
    heading = "Cables by source"
    name = "cables-by-source"
    ranked = ranking(
        numbers.sources, lambda row: row.cables, lambda row: shown(row.source), MOST_SOURCES
    )
    rows, top = ranked.rows, ranked.shown
    if not rows:
        sentence = f"The store has cables of none of {counted(len(numbers.sources), 'source')}."
        return Figure(name, heading, sentence, table)
    alone = sum(row.here_only for row in rows)
    share = f"{ranked.most:,} of {numbers.cables:,} ({percent(ranked.most, numbers.cables)})"
    if ranked.stands_out:
        sentence = (
            f"The {ranked.agree('source', 'sources')} with most cables"
            f" {ranked.agree('is', 'are')} {ranked.leading('sources')}, with {share}{ranked.each}"
        )
    else:
        sentence = f"Each of {len(rows):,} sources has {share} cables"
    if len(rows) == 1:
        sentence = (
            f"All {numbers.cables:,} cables come from one source, {shown(rows[0].source)}"
            if numbers.cables > 1
            else f"The only cable comes from {shown(rows[0].source)}"
        )
    else:
        sentence += (
            f"; {counted(alone, 'cable')} ({percent(alone, numbers.cables)}) are in one source only"
            if alone != 1
            else "; 1 cable is in one source only"
        )
    notes = ["Copies that a source has no more are counted: nothing is dropped from the store."]
    notes += ranked.left_out("sources")
    without = len(numbers.sources) - len(rows)
    if without:
        notes.append(f"{counted(without, 'source')} gave no cable.")
    return Figure(
        name,
        heading,
        f"{sentence}.",
        table,
        bars(
            [shown(row.source) for row in top],
            [
                Series("in other sources too", ONE, [row.elsewhere_too for row in top]),
                Series("in this one only", TWO, [row.here_only for row in top]),
            ],
        ),
        "Bars, one for each source, parted into cables that others have too and cables that it"
        " alone has.",
        [Key(ONE, "in other sources too"), Key(TWO, "in this source only")],
        notes,
    )


def _overlap(numbers: Numbers) -> Figure:
    table = Table("shared-cables", SharedCables, numbers.shared)
    heading = "Cables that two sources share"
    name = "overlap"
    all_sources = ranking(
        numbers.sources, lambda row: row.cables, lambda row: shown(row.source), MOST_SOURCES
    )
    rows = all_sources.shown
    if len(rows) < 2:
        return Figure(name, heading, "There are no two sources with cables to compare.", table)
    place = {row.source: number for number, row in enumerate(rows)}
    totals = {row.source: row.cables for row in all_sources.rows}
    pairs = [row for row in numbers.shared if row.source in place and row.other_source in place]
    once = [row for row in numbers.shared if row.source < row.other_source]
    ranked = ranking(
        once, lambda row: row.cables, lambda row: f"{row.source} {row.other_source}", len(once)
    )
    if len(ranked.leaders) > 1:
        most = " most" if ranked.stands_out else ""
        sentence = (
            f"{len(ranked.leaders):,} pairs of sources share{most}:"
            f" {counted(ranked.most, 'cable')} each."
        )
    elif ranked.rows:
        best = max(
            (row for row in numbers.shared if row.cables == ranked.most),
            key=lambda row: row.share or 0.0,
        )
        most = " most" if len(ranked.rows) > 1 else ""
        sentence = (
            f"{shown(best.source)} and {shown(best.other_source)} share{most}:"
            f" {counted(best.cables, 'cable')}, {percent(best.cables, totals[best.source])} of the"
            f" former's and {percent(best.cables, totals[best.other_source])} of the latter's."
        )
    else:
        sentence = f"No two of the {len(all_sources.rows)} sources share a cable."
    cells = {}
    for row in pairs:
        share = ceil(100 * row.cables / totals[row.source])
        cells[place[row.source], place[row.other_source]] = Cell(
            share,
            percent(row.cables, totals[row.source]).replace("under ", "<").replace("over ", ">"),
            f"{shown(row.other_source)} has {percent(row.cables, totals[row.source])} of the"
            f" cables of {shown(row.source)}: {row.cables:,} of {totals[row.source]:,}",
        )
    numbered = [f"{shown(row.source)}  {number}" for number, row in enumerate(rows, start=1)]
    legend = [
        Key(PERCENT.colour(step, HELD), label)
        for step, label in zip(PERCENT.steps, PERCENT.labels(" %"), strict=True)
    ]
    return Figure(
        name,
        heading,
        sentence,
        table,
        heat_map(
            numbered, [str(number) for number in range(1, len(rows) + 1)], cells, PERCENT, HELD
        ),
        "A matrix with a row and a column for each source; a field is the share of the row's cables"
        " that the column's source has too.",
        legend,
        [
            "Read along a row: how many of its cables the source of each column has too.",
            *all_sources.left_out("sources"),
        ],
    )
