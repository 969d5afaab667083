"""What the store itself tells of cables that it has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cablecrawl.citations import UNPUBLISHED
from cablecrawl.report.charts import Series, bars, columns
from cablecrawl.report.colours import LACK, ONE, REST, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbering import CHANCE, FAR_ABOVE, OTHER_YEARS, numbers_by_year
from cablecrawl.report.numbers import CitationBasis, Cited, Numbers, PostYear, YearOfNumbers
from cablecrawl.report.ranking import ranking
from cablecrawl.report.sections.posts import name_of, post_map, years_of
from cablecrawl.report.wording import counted, listed, percent, sentence_case, times, words

MOST_BARS = 15

MOST_NAMED = 3
"""Numbers that are left out and named in a note."""

LEFT_OUT = (
    f"Such a number is more than {UNPUBLISHED - 1:.0%} above the highest that WikiLeaks published"
    " of the post and year. Where too few were published to go by, it is more than"
    f" {times(FAR_ABOVE)} the next number, and more than {times(OTHER_YEARS)} the highest published"
    f" of the post's other years or there by chance in less than {CHANCE:.0%} of cases; or it has"
    " nothing to be compared with. It may be right all the same. The CSV of cables by post and year"
    " has the highest numbers as they are."
).replace("%", "\u00a0%")

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
    by_post: Counter[str] = Counter()
    for row in rows:
        by_post[row.post] += row.cited_not_in_store
    posts = ranking(by_post, by_post.__getitem__, name_of, len(by_post))
    sentence = (
        f"{sentence_case(counted(count, 'cable'))} of {counted(len(by_post), 'post')} that cables"
        f" in the store refer to {'is' if count == 1 else 'are'} not there"
    )
    if len(by_post) > 1 and posts.stands_out:
        sentence += (
            f"; the {posts.agree('post', 'posts')} with most of them"
            f" {posts.agree('is', 'are')} {posts.leading('posts')}, with {posts.most:,}{posts.each}"
        )
    sentence += "."
    notes.append(
        "The cables existed, if the references are right. That WikiLeaks ever published them is not"
        " said: the 251,287 cables it published refer to many that are not among them."
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
    ranked = ranking(
        numbers.most_cited, lambda row: row.references, lambda row: row.reference_id, MOST_BARS
    )
    top, often = ranked.shown, times(ranked.most)
    if ranked.stands_out:
        is_cut = len(ranked.leaders) == len(ranked.rows) < numbers.cited_not_in_store
        sentence = (
            f"{'At least ' if is_cut else ''}{ranked.leading('cables')}"
            f" {ranked.agree('is', 'are')} cited most of those that are not there,"
            f" {often}{ranked.each}."
        )
    elif len(ranked.rows) == 1:
        sentence = f"There is one, {ranked.leading('cables')}, and it is cited {often}."
    else:
        sentence = f"There is no most cited one: each is cited {often}."
    whole = numbers.cited_not_in_store
    notes = ranked.left_out("cables", whole=whole == len(ranked.rows))
    if whole > len(ranked.rows):
        notes.append(
            f"The CSV has the first {len(ranked.rows):,} of {whole:,}; references.jsonl of an"
            " export has every reference."
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
    heading = "Numbers up to the highest of each post and year, as far as it can be believed"
    name = "numbers"
    if not rows:
        return Figure(name, heading, "The store has no cables, and cites none.", table)
    held = sum(row.in_store for row in rows)
    away = sum(row.not_in_store for row in rows)
    by_year = {row.year: row.in_store + row.not_in_store for row in rows}
    left_out = _left_out(numbers.post_years)
    if not held and not away:
        sentence = "There is no number that something else bears out."
        return Figure(name, heading, sentence, table, notes=left_out)
    sentence = (
        f"Known: {counted(held, 'number')} of cables {'is' if held == 1 else 'are'} in the store."
        " Inferred: if the posts counted from 1 each year and left none out,"
        f" {counted(away, 'more number')} {'was' if away == 1 else 'were'} given up to the highest"
        f" of each, and the store has {percent(held, held + away)} of them all."
    )
    years = years_of(by_year)
    note = years.note(lambda count: counted(count, "number"), by_year)
    return Figure(
        name,
        heading,
        sentence,
        table,
        columns(
            years.labels,
            [
                Series("in the store", ONE, years.values({r.year: r.in_store for r in rows})),
                Series("inferred", TWO, years.values({r.year: r.not_in_store for r in rows})),
            ],
        ),
        "Columns, one for each year, parted into numbers in the store and numbers that are inferred"
        " to have been given.",
        [Key(ONE, "in the store"), Key(TWO, "not in the store, inferred")],
        [
            *left_out,
            "The highest number is that of a cable in the store, of one that is referred to, or of"
            " those WikiLeaks published. How far a post counted beyond it is not known, nor whether"
            " it gave every number to a cable; and most of these cables were never published by"
            " WikiLeaks. Posts and years of which the store neither has nor cites a cable are not"
            " counted, nor are IDs without a number of their own.",
            *([note] if note is not None else []),
        ],
    )


def _left_out(rows: Sequence[PostYear]) -> list[str]:
    """What is said of the numbers that are not believed: the highest of them by name."""
    found = [row for row in rows if row.numbers_left_out]
    if not found:
        return []
    count = sum(row.numbers_left_out for row in found)
    worst = sorted(found, key=lambda row: (-_highest(row), row.post, row.year))[:MOST_NAMED]
    named = listed([f"{row.year % 100:02}{row.post}{_highest(row)}" for row in worst])
    return [
        f"Left out: {counted(count, 'number')} that nothing bears out, the highest"
        f" {'that' if count == 1 else 'those'} of {named}. {LEFT_OUT}"
    ]


def _highest(row: PostYear) -> int:
    return max(row.highest_number_in_store or 0, row.highest_number_cited or 0)
