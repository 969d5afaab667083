"""Versions by kind of change, how texts relate, and what was stripped from the pages."""

from __future__ import annotations

from collections.abc import Iterator

from cablecrawl.report.charts import Series, bars
from cablecrawl.report.colours import ONE, THREE, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import KindOfChange, Numbers, RelationCount, StrippedRule
from cablecrawl.report.wording import counted, listed, percent, sentence_case, shown, times, words

MOST_RULES = 30


def versions(numbers: Numbers) -> Iterator[Figure]:
    """How texts changed, and how those of one cable relate."""
    yield _kinds(numbers)
    yield _relations(numbers)


def _kinds(numbers: Numbers) -> Figure:
    rows = [
        KindOfChange(kind.kind, kind.within, kind.across, kind.same_stamp)
        for kind in numbers.changes.kinds
    ]
    table = Table("changes-by-kind", KindOfChange, rows)
    heading = "Changes of a cable's text, by kind"
    name = "changes"
    changes = numbers.changes
    total = changes.within + changes.across
    several = counted(changes.several_texts, "cable")
    if not total:
        sentence = (
            f"No text changed in the store, from one capture of a copy to the next or from release"
            f" to release; {several} {'has' if changes.several_texts == 1 else 'have'} several"
            " texts, in different copies."
        )
        return Figure(name, heading, sentence, table)
    met = [row for row in rows if row.within_copies + row.between_releases]
    met.sort(key=lambda row: -row.within_copies - row.between_releases)
    first = met[0]
    sentence = (
        f"{counted(changes.changed, 'cable')} changed, in {counted(total, 'change')} of text:"
        f" {changes.within:,} from capture to capture of a copy and {changes.across:,} from release"
        f" to release; the most frequent kind is {words(first.kind)},"
        f" {times(first.within_copies + first.between_releases)}."
    )
    marks = {row.kind: row for row in rows}
    added, removed = marks["redaction_added"], marks["redaction_removed"]
    return Figure(
        name,
        heading,
        sentence,
        table,
        bars(
            [words(row.kind) for row in met],
            [
                Series("within", ONE, [row.within_copies for row in met]),
                Series("between", TWO, [row.between_releases for row in met]),
            ],
        ),
        "Bars, one for each kind of change, parted into changes from capture to capture and changes"
        " from release to release.",
        [Key(ONE, "from capture to capture"), Key(TWO, "from release to release")],
        [
            f"A change may be of several kinds. Redactions were added"
            f" {times(added.within_copies + added.between_releases)} and taken away"
            f" {times(removed.within_copies + removed.between_releases)}; the texts themselves are"
            " not shown here."
        ],
    )


def _relations(numbers: Numbers) -> Figure:
    rows = numbers.relations
    table = Table("relations-of-texts", RelationCount, rows)
    heading = "How different texts of a cable relate"
    name = "relations"
    total = sum(row.pairs for row in rows)
    if not total:
        return Figure(name, heading, "No cable in the store has two texts to compare.", table)
    several = sentence_case(counted(numbers.changes.several_texts, "cable"))
    have = "has" if numbers.changes.several_texts == 1 else "have"
    parts = [f"{words(row.relation)} {row.pairs:,}" for row in rows[:3]]
    sentence = (
        f"{several} {have} several texts; of {counted(total, 'pair')} compared, the most frequent"
        f" relations are {listed(parts)}."
        if len(rows) > 1
        else f"{counted(total, 'pair')} of texts compared: {parts[0]}."
    )
    return Figure(
        name,
        heading,
        sentence,
        table,
        bars([words(row.relation) for row in rows], [Series("", THREE, [r.pairs for r in rows])]),
        "Bars, one for each relation, with the number of pairs of texts.",
        notes=[
            "“reformats”: the same but for white space, punctuation and case; “extract of”: it"
            " stands in the other; “redaction of”: it hides what the other shows; “variant of”:"
            " they differ otherwise. Links to texts of other cables, such as a wrong body, are"
            " counted too. Which text was there first is told by none."
        ],
    )


def stripped(numbers: Numbers) -> Figure:
    """The rules by what they took."""
    rows = numbers.stripped
    table = Table("stripped-by-rule", StrippedRule, rows)
    heading = "Text that was taken away, by rule"
    name = "stripped-by-rule"
    total = sum(row.characters for row in rows)
    if not rows:
        return Figure(name, heading, "No run has counted anything that was stripped.", table)
    sentence = (
        f"{counted(len(rows), 'rule')} took {counted(total, 'character')} from the pages;"
        f" {shown(rows[0].rule)} took most, {rows[0].characters:,}"
        f" ({percent(rows[0].characters, total)}) on {counted(rows[0].pages, 'page')}."
    )
    top = rows[:MOST_RULES]
    notes = [
        "As the runs counted it when they read the pages. What is stripped stays in the captures"
        " and can be put back."
    ]
    if len(rows) > len(top):
        notes.append(f"The {len(top)} rules that took most are shown; the CSV has all.")
    return Figure(
        name,
        heading,
        sentence,
        table,
        bars(
            [words(shown(row.rule)) for row in top],
            [Series("", ONE, [row.characters for row in top])],
            notes=[f"{row.characters:,}  ({counted(row.pages, 'page')})" for row in top],
        ),
        "Bars, one for each rule, with the characters it took and the pages it was applied to.",
        notes=notes,
    )
