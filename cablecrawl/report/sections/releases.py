"""WikiLeaks releases over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cablecrawl.releases import load_releases
from cablecrawl.report.charts import Series, bars, columns, near
from cablecrawl.report.colours import INK, ONE, THREE
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import Numbers, ReleaseCables, ReleasedMonth
from cablecrawl.report.ranking import ranking
from cablecrawl.report.timeline import month_name, month_number, timeline
from cablecrawl.report.wording import counted, listed, percent, sentence_case, shown

MONTH, DAY = len("2010-12"), len("2010-12-01")

# Builds of which the store has cables; there are 41 in all.
MOST_RELEASES = 45

MOST_NAMED = 3
"""Releases whose stated count is off the scale that are named."""

MOST_MONTHS = 40
"""From the first release of cables, in February 2010, to the last took 20 months."""


def releases(numbers: Numbers) -> Iterator[Figure]:
    """What copies say of the release they come from, and of when the cable came out."""
    yield _releases(numbers)
    yield _released(numbers)


def _releases(numbers: Numbers) -> Figure:
    table = Table("cables-by-release", ReleaseCables, numbers.releases)
    heading = "Cables by the release that a copy says, or seems, to come from"
    name = "cables-by-release"
    named = [row for row in numbers.releases if row.cables]
    if not named:
        sentence = "No copy in the store names, or is like, a release that is known."
        return Figure(name, heading, sentence, table)
    ranked = ranking(named, lambda row: row.cables, lambda row: shown(row.release), len(named))
    dated = [row for row in named if row.date is not None]
    sentence = f"Copies in the store say, or seem, to come from {counted(len(named), 'release')}"
    if len(dated) > 1:
        first, last = ((row.date or "")[:DAY] for row in (dated[0], dated[-1]))
        sentence += f", made from {first} to {last}"
    if ranked.stands_out and len(named) > 1:
        sentence += (
            f"; most cables, {ranked.most:,}{ranked.each}, from {ranked.leading('releases')}"
        )
    elif len(named) == 1:
        sentence += f": {counted(ranked.most, 'cable')} from {ranked.leading('releases')}"
    stated = ranked.rows[0].stated
    if stated and len(ranked.leaders) == 1:
        share = percent(min(ranked.most, stated), stated)
        sentence += f", which says it has {stated:,} (the store has {share})"
    inferred = sum(row.inferred for row in named)
    if inferred:
        total = sum(row.cables for row in named)
        sentence += f". Of {counted(total, 'cable')} so counted, {inferred:,} by inference only"
    top = named[:MOST_RELEASES]
    notes = [
        "In the order of publication. What a page says is a claim of its own; what no page says is"
        " inferred, from what is around the cable or from a number that fits other releases too. A"
        " cable that copies have from several releases is counted for each. No release states its"
        " time zone."
    ]
    if len(named) > len(top):
        notes.append(f"The first {len(top)} are shown; the CSV has all.")
    marks = near([row.stated for row in top], max(row.cables for row in top))
    far = [row for row, mark in zip(top, marks, strict=True) if row.stated and mark is None]
    if far:
        notes.append(_off_the_scale(far))
    series = [
        one
        for one in (
            Series("a page says so", ONE, [row.asserted for row in top]),
            Series("inferred", THREE, [row.inferred for row in top], is_outlined=True),
        )
        if any(one.values)
    ]
    legend = [Key(one.colour, one.name, "outline" if one.is_outlined else "area") for one in series]
    alternative = "Bars, one for each release in the order of publication"
    if len(series) > 1:
        alternative += (
            ", parted into cables of which a page says so and, by outline, those of which"
        )
        alternative += " it is inferred"
    if any(mark is not None for mark in marks):
        legend.append(Key(INK, "cables it says it has", "stroke"))
        alternative += "; a stroke where the release says how many cables it has"
    return Figure(
        name,
        heading,
        f"{sentence}.",
        table,
        bars(
            [_label(row) for row in top],
            series,
            notes=[
                f"{row.cables:,}" if row.stated is None else f"{row.cables:,} of {row.stated:,}"
                for row in top
            ],
            marks=marks,
        ),
        f"{alternative}.",
        legend,
        notes,
    )


def _off_the_scale(rows: Sequence[ReleaseCables]) -> str:
    named = [f"{shown(row.release)} ({row.stated:,})" for row in rows[:MOST_NAMED]]
    if len(rows) > len(named):
        named.append(f"{len(rows) - len(named):,} others")
    return f"Off the scale, and without a stroke, is what is said to be in {listed(named)}."


def _label(row: ReleaseCables) -> str:
    date = (row.date or "")[:DAY]
    return f"{shown(row.release)}  {date}".rstrip()


def _released(numbers: Numbers) -> Figure:
    table = Table("cables-by-month-released", ReleasedMonth, numbers.released)
    heading = "Cables by the month they say they were released"
    name = "released"
    rows = numbers.released
    total = sum(row.cables for row in rows)
    if not rows:
        return Figure(name, heading, "No copy in the store states when it was released.", table)
    ranked = ranking(rows, lambda row: row.cables, lambda row: row.month, len(rows))
    sentence = (
        f"{total:,} of {counted(numbers.cables, 'cable')}"
        f" {'states when it was' if total == 1 else 'state when they were'} released"
    )
    if len(rows) == 1:
        sentence += f": in {rows[0].month}"
    elif ranked.stands_out:
        sentence += f", most often in {ranked.leading('months')} ({ranked.most:,}{ranked.each})"
    sentence += "."
    by_month: Counter[int] = Counter()
    for row in rows:
        number = month_number(row.month)
        if number is not None:
            by_month[number] += row.cables
    notes = [
        "By the earliest stamp of each cable that no check contradicts. Stamps are claims:"
        " WikiLeaks moved them for one cable in nine, and its last release has one stamp for"
        " all its pages."
    ]
    no_month = total - by_month.total()
    if no_month:
        notes.append(
            f"{sentence_case(counted(no_month, 'cable'))} with no month of a calendar: see the CSV."
        )
    if not by_month:
        return Figure(name, heading, sentence, table, notes=notes)
    captured = month_number((numbers.as_of or "")[:MONTH])
    first = _first_release()
    plausible = range(first, captured + 1) if captured is not None else None
    months = timeline(
        by_month, month_name, whole=MOST_MONTHS, most=MOST_MONTHS, plausible=plausible
    )
    note = months.note(lambda count: counted(count, "cable"), by_month)
    if note is not None:
        notes.append(note)
    impossible = sum(
        count
        for month, count in by_month.items()
        if plausible is not None and month not in plausible
    )
    if impossible:
        notes.append(
            f"{sentence_case(counted(impossible, 'cable'))} with a month before that of the first"
            f" release, {month_name(first)}, or after that of the last capture: a stamp that cannot"
            " be right."
        )
    return Figure(
        name,
        heading,
        sentence,
        table,
        columns(months.labels, [Series("", ONE, months.values(by_month))]),
        "Columns, one for each month.",
        notes=notes,
    )


def _first_release() -> int:
    """The month of the first release that is known and dated."""
    dates = (release.date for release in load_releases() if release.date is not None)
    number = month_number(next(dates)[:MONTH])
    assert number is not None  # the registry was checked when it was loaded
    return number
