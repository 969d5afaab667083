"""What a report counts, each in rows of a table as it is written to CSV."""

from __future__ import annotations

from dataclasses import dataclass, field

from cablecrawl.collation.changes import Changes
from cablecrawl.past_runs import PastRun


@dataclass(frozen=True, slots=True)
class Holding:
    """How much there is of something."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class PostYear:
    """The cables of a post and a year."""

    post: str
    """As reference IDs have it."""
    year: int
    cables: int
    """In the store."""
    cited_not_in_store: int
    """Cables that others in the store refer to, beyond doubt, and that it has not."""
    highest_number_in_store: int | None
    highest_number_cited: int | None
    highest_number_published: int | None
    """Among WikiLeaks' reference IDs, of years with 100 of them and more."""
    highest_number_counted: int | None
    """The highest of these that something bears out: see cablecrawl.report.numbering."""
    numbers_in_store: int
    """Up to that one: of cables, less those whose ID has no number of its own."""
    numbers_not_in_store: int
    """Up to that one, if the post counted from 1 and left none out."""
    numbers_left_out: int
    """Of cables in the store or cited, above that one: too high to be believed."""


@dataclass(frozen=True, slots=True)
class YearOfNumbers:
    """The numbers of cables of a year, of each post up to the highest that is counted."""

    year: int
    in_store: int
    not_in_store: int
    """If every post counted from 1 and left none out."""
    left_out: int
    """Higher ones, that nothing bears out."""


@dataclass(frozen=True, slots=True)
class CitationBasis:
    """The references whose cable is told in one way."""

    basis: str
    references: int
    in_store: int
    not_in_store: int
    not_certain: int
    """Which cable they mean is not told."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A cable that others refer to, and that the store has not."""

    reference_id: str
    references: int


@dataclass(frozen=True, slots=True)
class SourceCables:
    """The cables of which a source has, or had, a copy."""

    source: str
    cables: int
    here_only: int
    """No other source has a copy."""
    elsewhere_too: int


@dataclass(frozen=True, slots=True)
class SharedCables:
    """The cables that two sources have both."""

    source: str
    other_source: str
    cables: int
    share: float | None
    """Of the source's cables; 0 to 1, three decimals."""


@dataclass(frozen=True, slots=True)
class ReleaseCables:
    """The cables of which a copy says, or seems, to come from a release."""

    release: str
    date: str | None
    """To the month, day or minute; no time zone is stated."""
    stated: int | None
    """How many cables the release says it has."""
    cables: int
    asserted: int
    """Of these, those of which a copy says so."""
    inferred: int
    """The others: a copy is like those of that release, or has a number that fits it."""


@dataclass(frozen=True, slots=True)
class ReleasedMonth:
    """The cables whose earliest stamp is of one month."""

    month: str
    """`2010-12`."""
    cables: int


@dataclass(frozen=True, slots=True)
class KindOfChange:
    """How often a kind of change was met; a change may be of several."""

    kind: str
    within_copies: int
    """From one text of a copy to its next, as captured."""
    between_releases: int
    """From one release to the next that has another text."""
    released_unchanged: int
    """Of both, those where the pages keep their Released stamp."""


@dataclass(frozen=True, slots=True)
class RelationCount:
    """How many pairs of texts are related in one way."""

    relation: str
    pairs: int


@dataclass(frozen=True, slots=True)
class StrippedRule:
    """What a boilerplate rule took."""

    rule: str
    pages: int
    characters: int


@dataclass(frozen=True, slots=True)
class SourceProblems:
    """The pages of a source that should have given a cable, and why they did not."""

    source: str
    reason: str
    problems: int


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, as `scrapy runs` tells of it."""

    run: str
    spider: str
    sources: list[str]
    began: str
    ended: str | None
    seconds: float | None
    state: str
    exit_status: int | None
    new: int
    changed: int
    back: int
    gone: int
    problems: int
    responses: int
    bytes_received: int
    why: str | None

    @classmethod
    def of(cls, run: PastRun) -> RunLine:
        """The columns of a run."""
        return cls(
            run.run,
            run.spider,
            run.sources,
            run.began,
            run.ended,
            run.seconds,
            run.state,
            run.exit_status,
            run.new,
            run.changed,
            run.back,
            run.gone,
            run.problems,
            run.captures,
            run.bytes_received,
            run.why,
        )


@dataclass(slots=True)
class Numbers:
    """All that a report tells."""

    as_of: str | None
    """When the last response was captured, UTC; None: there is none."""
    holdings: list[Holding] = field(default_factory=list)
    post_years: list[PostYear] = field(default_factory=list)
    """By post and year."""
    bases: list[CitationBasis] = field(default_factory=list)
    most_cited: list[Cited] = field(default_factory=list)
    """The most cited of them; see MOST_CITED in cablecrawl.report.citing."""
    cited_not_in_store: int = 0
    """Different cables."""
    sources: list[SourceCables] = field(default_factory=list)
    shared: list[SharedCables] = field(default_factory=list)
    releases: list[ReleaseCables] = field(default_factory=list)
    """In the order of publication; those of the registry that no copy names too."""
    released: list[ReleasedMonth] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    relations: list[RelationCount] = field(default_factory=list)
    stripped: list[StrippedRule] = field(default_factory=list)
    problems: list[SourceProblems] = field(default_factory=list)
    runs: list[RunLine] = field(default_factory=list)
    """The newest first."""

    @property
    def cables(self) -> int:
        """How many there are."""
        return sum(row.cables for row in self.post_years)
