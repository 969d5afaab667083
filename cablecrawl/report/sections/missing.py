"""What the store itself tells of cables that it has not."""

from __future__ import annotations

from collections.abc import Iterator

from cablecrawl.report.charts import Series, bars, columns
from cablecrawl.report.colours import LACK, ONE, REST, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbering import numbers_by_year
from cablecrawl.report.numbers import CitationBasis, Cited, Numbers, PostYear, YearOfNumbers
from cablecrawl.report.sections.posts import name_of, post_map, years_of
from cablecrawl.report.wording import counted, percent, sentence_case, words

MOST_BARS = 15

BASES = {
    "year_written": "its year is written",
    "year_of_created": "year of the citing cable",
    "number_above_own": "number above the citing cable's",
    "number_above_year": "number above that year's",
    "known_cable": "one of two is in the store",
    "unresolved": "year not certain",
    "unknown_post": "post not known",
    "no_cable": "no cable named",
}


def missing(numbers: Numbers) -> Iterator[Figure]:
    """Cables referred to, on what that rests, and numbers left open."""
    yield _cited(numbers)
    yield _most_cited(numbers)
    yield _bases(numbers)
    yield _numbers(numbers)


def _cited(numbers: Numbers) -> Figure:
    rows = [row for row in numbers.post_years if row.cited_not_in_store]
    table = Table("cited-not-in-store", PostYear, rows)
    heading = "Cables that others refer to and the store has not"
    name = "cited-not-in-store"
    count = numbers.cited_not_in_store
    if not count:
        sentence = "No cable in the store refers, beyond doubt, to one that is not there."
        return Figure(name, heading, sentence, table)
    chart, legend, notes = post_map(rows, lambda row: row.cited_not_in_store, LACK, "cable")
    posts = {row.post for row in rows}
    by_post = {p: sum(row.cited_not_in_store for row in rows if row.post == p) for p in posts}
    post = min(by_post, key=lambda post: (-by_post[post], post))
    sentence = (
        f"{sentence_case(counted(count, 'cable'))} of {counted(len(posts), 'post')} that cables in"
        f" the store refer to {'is' if count == 1 else 'are'} not there; the post with most of them"
        f" is {name_of(post)}, with {by_post[post]:,}."
    )
    notes.append(
        "They existed, if the references are right. That WikiLeaks ever published them is not said:"
        " the 251,287 cables it published refer to many that are not among them."
    )
    return Figure(
        name,
        heading,
        sentence,
        table,
        chart,
        "A heat map with a row for each post, the one with most missing cables first, and a column"
        " for each year; the more are missing, the stronger the colour.",
        legend,
        notes,
    )


def _most_cited(numbers: Numbers) -> Figure:
    table = Table("most-cited-not-in-store", Cited, numbers.most_cited)
    heading = "The most cited of them"
    name = "most-cited"
    if not numbers.most_cited:
        return Figure(name, heading, "There are none.", table)
    top = numbers.most_cited[:MOST_BARS]
    sentence = (
        f"{top[0].reference_id} is cited most of the cables that are not there, in"
        f" {counted(top[0].references, 'reference')}."
    )
    notes = []
    if len(numbers.most_cited) > len(top):
        notes.append(f"The {len(top)} most cited are shown.")
    if numbers.cited_not_in_store > len(numbers.most_cited):
        notes.append(
            f"The CSV has the first {len(numbers.most_cited):,}; references.jsonl of an export has"
            " every reference."
        )
    return Figure(
        name,
        heading,
        sentence,
        table,
        bars([row.reference_id for row in top], [Series("", TWO, [row.references for row in top])]),
        "Bars, one for each cable, with the number of references to it.",
        notes=notes,
    )


def _bases(numbers: Numbers) -> Figure:
    rows = numbers.bases
    table = Table("references-by-basis", CitationBasis, rows)
    heading = "How it is told which cable a reference means"
    name = "references"
    total = sum(row.references for row in rows)
    if not total:
        return Figure(name, heading, "The cables in the store have no references.", table)
    there = sum(row.in_store for row in rows)
    open_ = sum(row.not_certain for row in rows)
    away = total - there - open_
    sentence = (
        f"Of {counted(total, 'reference')}, {there:,} ({percent(there, total)}) lead to a cable in"
        f" the store, {away:,} to one that it has not, and of {open_:,} it is not certain which"
        " cable they mean."
    )
    return Figure(
        name,
        heading,
        sentence,
        table,
        bars(
            [BASES.get(row.basis, words(row.basis)) for row in rows],
            [
                Series("in the store", ONE, [row.in_store for row in rows]),
                Series("not in the store", TWO, [row.not_in_store for row in rows]),
                Series("not certain", REST, [row.not_certain for row in rows]),
            ],
        ),
        "Bars, one for each way in which it is told, parted into references to cables in the store,"
        " to cables that it has not, and uncertain ones.",
        [Key(ONE, "in the store"), Key(TWO, "not in the store"), Key(REST, "not certain")],
        [
            "A reference mostly leaves out the year: cables cite those of their own year by post"
            " and number. Only references whose cable is certain count as missing."
        ],
    )


def _numbers(numbers: Numbers) -> Figure:
    rows = numbers_by_year(numbers.post_years)
    table = Table("numbers-by-year", YearOfNumbers, rows)
    heading = "Numbers that the posts gave, up to the highest known"
    name = "numbers"
    if not rows:
        return Figure(name, heading, "The store has no cables, and cites none.", table)
    held = sum(row.in_store for row in rows)
    away = sum(row.not_in_store for row in rows)
    sentence = (
        f"For {counted(held, 'cable')} in the store, {counted(away, 'number')} below the highest"
        " that is known of the same post and year"
        f" {'is' if away == 1 else 'are'} not there: the store has"
        f" {percent(held, held + away)} of these numbers."
    )
    by_year = {row.year: row.in_store + row.not_in_store for row in rows}
    years = years_of(by_year)
    note = years.note(lambda count: counted(count, "number"), by_year)
    notes = [note] if note is not None else []
    return Figure(
        name,
        heading,
        sentence,
        table,
        columns(
            years.labels,
            [
                Series("in the store", ONE, years.values({r.year: r.in_store for r in rows})),
                Series(
                    "not in the store", TWO, years.values({r.year: r.not_in_store for r in rows})
                ),
            ],
        ),
        "Columns, one for each year, parted into numbers in the store and numbers that it has not.",
        [Key(ONE, "in the store"), Key(TWO, "not in the store")],
        [
            *notes,
            "A lower bound, as far as the highest numbers are right, and of numbers only. A post"
            " counts its cables from 1 each year; the highest number known is that of a cable in"
            " the store, of one that is referred to, or of those WikiLeaks published. How far the"
            " post counted beyond it is not known, nor whether it gave every number to a cable; and"
            " most of these cables were never published by WikiLeaks. Posts and years of which the"
            " store neither has nor cites a cable are not counted.",
        ],
    )
