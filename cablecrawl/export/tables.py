"""The tables of an export, for every format that has tables: columns, keys, and what they mean.

Names need no quoting in SQL. Where a row has no name of its own it has a number, by the order in
which the rows are written: it says nothing outside of one export.
"""

from __future__ import annotations

from dataclasses import dataclass

from cablecrawl.export.columns import Column, Kind, columns_of, texts_last
from cablecrawl.records import (
    CableRecord,
    CaptureRecord,
    ChangeRecord,
    Evidence,
    ProblemRecord,
    ReadingRecord,
    ReferenceRecord,
    RelationRecord,
    ReleaseClaim,
    WitnessRecord,
)

TABLES_VERSION = 1
"""Of the tables. It changes when a table or column goes, or means something else."""

CABLE, READING = "cable.schema.json", "reading.schema.json"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """What a column's values are the key of."""

    column: str
    table: str
    to: str


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of an export; there is one of each."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    """Columns by which its rows are looked for, besides the key."""


def _number(about: str = "The row's number in this export.") -> Column:
    return Column("id", Kind.INTEGER, about)


def _row(name: str, about: str, *, nullable: bool = False) -> Column:
    return Column(name, Kind.INTEGER, about, nullable)


REFERENCE_ID = Column("reference_id", Kind.TEXT, "The cable: canonical, `07ASTANA9033`.")
ORDINAL = Column("ordinal", Kind.INTEGER, "Its place among these, from 0.")

_OF_CABLE = ForeignKey("reference_id", "cables", "reference_id")
_OF_SOURCE = ForeignKey("source", "sources", "name")
_OF_READING = ForeignKey("reading", "readings", "id")

SOURCES = Table(
    "sources",
    "A site that was crawled.",
    (
        Column("name", Kind.TEXT, "The source's name in the registry, or `host:port`."),
        Column("kind", Kind.TEXT, "The spider that crawls it."),
        Column("publisher", Kind.TEXT, "Who runs the site, or `unknown`."),
        Column("rank", Kind.INTEGER, "When readings tie, the source with the lowest is chosen."),
        Column(
            "derived_from",
            Kind.TEXTS,
            "Sources whose copies it copied; empty: none of them; null: it is not known.",
            nullable=True,
        ),
        Column(
            "base_urls", Kind.TEXTS, "The hosts that the captures of this export are from; sorted."
        ),
        Column(
            "layouts",
            Kind.TEXTS,
            "The page families that its readings in this export were read as; sorted.",
        ),
    ),
    ("name",),
)

RUNS = Table(
    "runs",
    "A run that made captures: of the whole store, also where the export has some of the cables.",
    (
        Column("id", Kind.TEXT, "The run's name: when it began (UTC), and some digits."),
        Column("crawl", Kind.TEXT, "The run that began the crawl that this one went on with."),
        Column("spider", Kind.TEXT, "The spider."),
        Column("arguments", Kind.NAMED, "What the spider was given with `-a`."),
        Column("sources", Kind.TEXTS, "The sources that it was to crawl."),
        Column("started", Kind.TIME, "When it began, to the second (UTC)."),
        Column("ended", Kind.TIME, "When it ended (UTC); null: no end is recorded.", True),
        Column(
            "state",
            Kind.TEXT,
            "How it ended: `finished`, `stopped`, `failed`; `no_end`: it was killed, or goes on.",
        ),
        Column("reason", Kind.TEXT, "Why it ended; null: no end is recorded.", True),
        Column("failures", Kind.TEXTS, "Sources whose crawl is not complete, and why."),
        Column("seconds", Kind.REAL, "How long it took.", True),
        Column("captures", Kind.INTEGER, "The captures it made, failures included."),
        Column("bytes_received", Kind.INTEGER, "Of bodies, as sent.", True),
        Column("problems", Kind.COUNTS, "How many problems it met, by reason."),
        Column("stripped", Kind.COUNTS, "Pages that each boilerplate rule was applied to."),
        Column("stripped_characters", Kind.COUNTS, "Characters of page text that each rule took."),
        Column("code_version", Kind.TEXT, "The version of CableCrawl.", True),
        Column("settings_sha256", Kind.TEXT, "Of its settings.", True),
    ),
    ("id",),
)

RUN_SOURCES = Table(
    "run_sources",
    "What a run came to for one of its sources, as it counted itself; none of a run without end.",
    (
        Column("run", Kind.TEXT, "The run."),
        Column("source", Kind.TEXT, "The source."),
        Column("cables", Kind.INTEGER, "Copies it is known to have, those gone aside."),
        Column("new", Kind.INTEGER, "Copies not known before."),
        Column("changed", Kind.INTEGER, "Copies with another text."),
        Column("unchanged", Kind.INTEGER, "Copies with the text they had."),
        Column("back", Kind.INTEGER, "Copies that were gone."),
        Column("gone", Kind.INTEGER, "Copies that count as gone since."),
        Column("unlisted", Kind.INTEGER, "Copies that no index page of the crawl lists."),
        Column("problems", Kind.INTEGER, "Pages that should have given a cable and did not."),
        Column("failure", Kind.TEXT, "Why the crawl of the source is not complete.", True),
    ),
    ("run", "source"),
    (ForeignKey("run", "runs", "id"), _OF_SOURCE),
    (("source",),),
)

CABLES = Table(
    "cables",
    "One cable, as the chosen reading has it.",
    texts_last(
        (
            *columns_of(CableRecord, CABLE, without=("releases", "witnesses")),
            Column("year", Kind.INTEGER, "Of the reference ID: 2007 of `07ASTANA9033`."),
            _row("chosen_reading", "The reading that stands for it."),
        )
    ),
    ("reference_id",),
    (ForeignKey("chosen_reading", "readings", "id"),),
    (
        *(("origin",), ("classification",), ("created",), ("released",), ("year",)),
        ("chosen_reading",),
    ),
)

CABLE_TAGS = Table(
    "cable_tags",
    "A tag of a cable: those of `cables.tags`, one a row.",
    (REFERENCE_ID, ORDINAL, Column("tag", Kind.TEXT, "As the TAGS line has it.")),
    ("reference_id", "ordinal"),
    (_OF_CABLE,),
    (("tag",),),
)

WITNESSES = Table(
    "witnesses",
    "A source's copy of a cable.",
    (
        _number(),
        REFERENCE_ID,
        *columns_of(WitnessRecord, f"{CABLE}#witness"),
        Column(
            "locator",
            Kind.TEXT,
            "Where the source has it, whatever host serves it: path and query, and `#1` of the"
            " second cable of a page.",
        ),
        Column("stated_id", Kind.TEXT, "As the page writes it."),
        _row("latest_reading", "Its latest reading."),
    ),
    ("id",),
    (_OF_CABLE, _OF_SOURCE, ForeignKey("latest_reading", "readings", "id")),
    (("reference_id",), ("source",), ("latest_reading",)),
)

READINGS = Table(
    "readings",
    "One reading of one witness.",
    texts_last(
        (
            _number(),
            _row("witness", "The copy whose text it was."),
            *columns_of(ReadingRecord, READING, without=("releases", "claims")),
        )
    ),
    ("id",),
    (ForeignKey("witness", "witnesses", "id"), _OF_CABLE, _OF_SOURCE),
    (("reference_id",), ("source",), ("witness",), ("reading_sha256",), ("payload_sha256",)),
)

STAYS = Table(
    "stays",
    "A time through which the captures of a copy met the same text, or found it gone: in order they"
    " are its history.",
    (
        _row("witness", "The copy."),
        ORDINAL,
        _row("reading", "The text that was met; null: the copy was gone.", nullable=True),
        Column("first_seen", Kind.TIME, "The first capture that met it (UTC)."),
        Column("last_seen", Kind.TIME, "The last capture that met it (UTC)."),
    ),
    ("witness", "ordinal"),
    (ForeignKey("witness", "witnesses", "id"), _OF_READING),
    (("reading",),),
)

CLAIMS = Table(
    "claims",
    "A claim, with its evidence: `claims` of readings.jsonl.",
    (
        _number(),
        _row("reading", "The reading that it is made with."),
        *columns_of(Evidence, f"{READING}#evidence"),
    ),
    ("id",),
    (_OF_READING,),
    (("reading",), ("payload_sha256",)),
)

RELEASES = Table(
    "releases",
    "A release claim of a cable: `releases` of cables.jsonl.",
    (_number(), REFERENCE_ID, *columns_of(ReleaseClaim, f"{CABLE}#release")),
    ("id",),
    (_OF_CABLE, _OF_SOURCE),
    (("reference_id",), ("value",), ("source",)),
)

READING_RELEASES = Table(
    "reading_releases",
    "A release claim made with a reading: `releases` of readings.jsonl.",
    (
        _number(),
        _row("reading", "The reading that it is made with."),
        *columns_of(ReleaseClaim, f"{CABLE}#release"),
    ),
    ("id",),
    (_OF_READING, _OF_SOURCE),
    (("reading",), ("source",)),
)

CABLE_REFERENCES = Table(
    "cable_references",
    "A reference of a cable and the cable it means.",
    columns_of(ReferenceRecord, "reference.schema.json"),
    ("reference_id", "ordinal"),
    (_OF_CABLE,),
    (("resolved",),),
)

RELATIONS = Table(
    "relations",
    "How one text relates to another.",
    (_number(), *columns_of(RelationRecord, "relation.schema.json")),
    ("id",),
    (_OF_CABLE,),
    (("reference_id",), ("other_reference_id",), ("reading_sha256",), ("other_reading_sha256",)),
)

CHANGES = Table(
    "changes",
    "What became of a copy of a cable since the previous export.",
    (_number(), *columns_of(ChangeRecord, "change.schema.json")),
    ("id",),
    (_OF_CABLE, _OF_SOURCE),
    (("reference_id",), ("source",)),
)

CAPTURES = Table(
    "captures",
    "One HTTP exchange as it is kept, failures included.",
    columns_of(CaptureRecord, "capture.schema.json"),
    ("capture_id",),
    (ForeignKey("run_id", "runs", "id"), _OF_SOURCE),
    (("source", "url"), ("run_id",), ("payload_sha256",), ("outcome",)),
)

PROBLEMS = Table(
    "problems",
    "A page that should have given a cable and did not.",
    (_number(), *columns_of(ProblemRecord, "problem.schema.json")),
    ("id",),
    (_OF_SOURCE,),
    (("source",), ("reason",), ("payload_sha256",)),
)

TABLES = (
    *(CABLES, CABLE_TAGS, CABLE_REFERENCES, WITNESSES, READINGS, STAYS, CLAIMS),
    *(RELEASES, READING_RELEASES, RELATIONS, CHANGES, CAPTURES, PROBLEMS),
    *(SOURCES, RUNS, RUN_SOURCES),
)
