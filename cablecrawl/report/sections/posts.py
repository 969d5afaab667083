"""Cables by post and year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from cablecrawl.posts import posts as known_posts
from cablecrawl.report.charts import Cell, Chart, heat_map
from cablecrawl.report.colours import HELD
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import Numbers, PostYear
from cablecrawl.report.ranking import Ranking, ranking
from cablecrawl.report.scale import scale_to
from cablecrawl.report.timeline import Timeline, timeline
from cablecrawl.report.wording import counted, percent, shown

MOST_POSTS = 40
"""Rows of a heat map that can still be taken in; the posts behind them are put together."""

WHOLE_YEARS, MOST_YEARS = 16, 45
"""Columns that have room for numbers; those from the first cable, of 1966, to the last, of 2010."""


def posts_and_years(numbers: Numbers) -> Figure:
    """The heat map of what is in the store."""
    table = Table("cables-by-post-and-year", PostYear, numbers.post_years)
    heading = "Cables in the store, by post and year"
    if not numbers.cables:
        return Figure("cables-by-post", heading, "The store has no cables.", table)
    by_post, by_year = _sums(numbers.post_years, lambda row: row.cables)
    years = sorted(by_year)
    posts, fullest = _ranked(by_post), ranking(by_year, by_year.__getitem__, str, len(by_year))
    when = f"in {years[0]}" if len(years) == 1 else f"from {years[0]} to {years[-1]}"
    sentence = (
        f"The store has {counted(numbers.cables, 'cable')} of {counted(len(by_post), 'post')},"
        f" sent {when}"
    )
    if len(by_post) > 1 and posts.stands_out:
        share = f"{posts.most:,} ({percent(posts.most, numbers.cables)})"
        sentence += (
            f"; the {posts.agree('post', 'posts')} with most {posts.agree('is', 'are')}"
            f" {posts.leading('posts')}, with {share}{posts.each}"
        )
    if len(years) > 1 and fullest.stands_out:
        sentence += (
            f"; the fullest {fullest.agree('year is', 'years are')} {fullest.leading('years')},"
            f" with {fullest.most:,}{fullest.each}"
        )
    chart, legend, notes = post_map(numbers.post_years, lambda row: row.cables, HELD, "cable")
    notes.append("Post and year are those of the reference IDs.")
    return Figure(
        "cables-by-post",
        heading,
        f"{sentence}.",
        table,
        chart,
        "A heat map with a row for each post, the one with most cables first, and a column for each"
        " year; the more cables, the stronger the colour.",
        legend,
        notes,
    )


def post_map(
    rows: Sequence[PostYear],
    value: Callable[[PostYear], int],
    colours: tuple[str, ...],
    unit: str,
) -> tuple[Chart, list[Key], list[str]]:
    """A heat map of posts and years, its legend, and what it leaves out."""
    by_post, by_year = _sums(rows, value)
    ranked = _ranked(by_post)
    top, others = ranked.shown, ranked.rows[len(ranked.shown) :]
    if len(others) == 1:
        top, others = ranked.rows, []
    labels = [name_of(post) for post in top]
    notes = []
    if others:
        labels.append(f"{len(others):,} other posts")
        cables = sum(by_post[post] for post in others)
        notes.append(
            f"The {len(top)} posts with most have a row each; the {len(others):,} others, with"
            f" {counted(cables, unit)}, share the last one and are left out of the scale. The CSV"
            " has them all."
        )
    years = years_of(by_year)
    names = years.labels
    note = years.note(lambda count: counted(count, unit), by_year)
    if note is not None:
        notes.append(note)
    place = {post: row for row, post in enumerate(top)}
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        if value(row):
            at = place.get(row.post, len(top)), years.place(row.year)
            counts[at] += value(row)
    cells = {
        (row, column): Cell(
            count, f"{count:,}", f"{labels[row]}, {names[column]}: {counted(count, unit)}"
        )
        for (row, column), count in sorted(counts.items())
    }
    highest = max(count for (row, _), count in counts.items() if row < len(top))
    scale = scale_to(highest)
    legend = [
        Key(scale.colour(step, colours), label)
        for step, label in zip(scale.steps, scale.labels(), strict=True)
    ]
    return heat_map(labels, names, cells, scale, colours), legend, notes


def _ranked(by_post: Counter[str]) -> Ranking[str]:
    return ranking(by_post, by_post.__getitem__, name_of, MOST_POSTS)


def years_of(counts: Mapping[int, int]) -> Timeline:
    """The columns for counts by year."""
    return timeline(counts, str, whole=WHOLE_YEARS, most=MOST_YEARS)


def name_of(post: str) -> str:
    """As it is written, with its blanks; one that is not known, as IDs have it."""
    known = known_posts().spelt(post)
    return known.name if known is not None and known.id == post else shown(post)


def _sums(
    rows: Sequence[PostYear], value: Callable[[PostYear], int]
) -> tuple[Counter[str], Counter[int]]:
    by_post: Counter[str] = Counter()
    by_year: Counter[int] = Counter()
    for row in rows:
        by_post[row.post] += value(row)
        by_year[row.year] += value(row)
    return +by_post, +by_year
