"""Versions by kind of change, how texts relate, and what was stripped from the pages."""

from __future__ import annotations

from collections.abc import Iterator

from cablecrawl.report.charts import Series, bars
from cablecrawl.report.colours import ONE, THREE, TWO
from cablecrawl.report.figures import Figure, Key, Table
from cablecrawl.report.numbers import KindOfChange, Numbers, RelationCount, StrippedRule
from cablecrawl.report.ranking import ranking
from cablecrawl.report.wording import counted, listed, percent, sentence_case, shown, times, words

MOST_RULES = 30

MOST_RELATIONS = 3
"""That are named in the sentence; all, where the next one has as many pairs."""


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
    ranked = ranking(
        rows,
        lambda row: row.within_copies + row.between_releases,
        lambda row: words(row.kind),
        len(rows),
    )
    met = ranked.rows
    sentence = (
        f"{counted(changes.changed, 'cable')} changed, in {counted(total, 'change')} of text:"
        f" {changes.within:,} from capture to capture of a copy and {changes.across:,} from release"
        " to release"
    )
    if ranked.stands_out:
        sentence += (
            f"; the most frequent {ranked.agree('kind is', 'kinds are')}"
            f" {ranked.leading('kinds')}, {times(ranked.most)}{ranked.each}"
        )
    sentence += "."
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
    ranked = ranking(rows, lambda row: row.pairs, lambda row: words(row.relation), MOST_RELATIONS)
    named = ranked.rows if ranked.parts_equals else ranked.shown
    parts = [f"{words(row.relation)} {row.pairs:,}" for row in named]
    what = "the most frequent relations" if len(named) < len(rows) else "the relations"
    sentence = (
        f"{several} {have} several texts; of {counted(total, 'pair')} compared, {what} are"
        f" {listed(parts)}."
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
    if not total:
        return Figure(name, heading, "No run has counted anything that was stripped.", table)
    sentence = f"{counted(len(rows), 'rule')} took {counted(total, 'character')} from the pages"
    ranked = ranking(
        rows, lambda row: row.characters, lambda row: words(shown(row.rule)), MOST_RULES
    )
    top = ranked.shown
    if len(ranked.rows) > 1 and ranked.stands_out:
        sentence += (
            f"; {ranked.leading('rules')} took most, {ranked.most:,}{ranked.each}"
            f" ({percent(ranked.most, total)})"
        )
        if not ranked.each:
            sentence += f" on {counted(top[0].pages, 'page')}"
    sentence += "."
    notes = [
        "As the runs counted it when they read the pages. What is stripped stays in the captures"
        " and can be put back."
    ]
    notes += ranked.left_out("rules")
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
