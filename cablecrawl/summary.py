"""What a run came to: for people, for the run's row, and for the exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from sqlalchemy import Connection

from cablecrawl.blocked_pages import OF_THE_SITE
from cablecrawl.runs import Run
from cablecrawl.sources import Source
from cablecrawl.store.evidence import BACK, CHANGED, FIRST, UNCHANGED
from cablecrawl.store.listings import unlisted_pages
from cablecrawl.store.queries import cables_held, copies_held, shows_anything
from cablecrawl.store.settling import ACCEPT, Settled, standing_alarms
from cablecrawl.walk import WalkEnd

PREFIX = "cablecrawl/"
# Problems of a page that was got whole: the crawl is complete, the page gives no cable.
OF_THE_PAGE = frozenset(
    "not_found no_table rows parts cut_short no_reference_id no_body not_a_cable unknown_layout"
    " too_complex unresolved_id out_of_scope redirect_loop unsupported_scheme reader_error"
    " soft_404 login_page".split()
)

# Where a blog's posts can be named.
LISTS = {
    "rest": "its REST API",
    "sitemap": "its sitemaps",
    "feed": "its feeds",
    "archive": "its archive pages",
}

_EVENTS = (FIRST, CHANGED, UNCHANGED, BACK)


@dataclass(slots=True)
class SourceSummary:
    """What a run came to for one source."""

    name: str
    cables: int = 0
    """Copies of cables that it is known to have, those that are gone aside."""
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    back: int = 0
    gone: int = 0
    """Copies that count as gone since this run: their pages were missing in several crawls."""
    revisits: int = 0
    """Pages that were sent as they had been the last time."""
    in_rotation: int = 0
    """Pages asked for because it was their turn, or because they were missing the last time."""
    left: int = 0
    """Pages that are overdue and beyond the crawl's budget."""
    standing: list[str] = field(default_factory=list)
    """Losses that an earlier crawl met and nobody has accepted, one line each."""
    alarms: list[str] = field(default_factory=list)
    """Losses that are too large to be believed, one line each."""
    unlisted: int = 0
    """Cables whose page is there and which no index page of the crawl lists."""
    problems: int = 0
    posts_named: dict[str, int] = field(default_factory=dict)
    """Of a blog: how many posts each kind of list names."""
    failure: str | None = None
    """Why the crawl of the source is not complete; None: it is."""
    walk: str | None = None
    """Which numbers were asked for, where the source numbers its pages."""

    @property
    def more(self) -> list[str]:
        """What a table has no column for, one line each."""
        lines = [self.walk] if self.walk else []
        if self.gone:
            lines.append(f"{self.gone:,} gone: missing in several crawls, kept as they were")
        lines += [f"an earlier alarm stands: {line} (-a {ACCEPT}=1)" for line in self.standing]
        if self.in_rotation:
            left = f", {self.left:,} overdue left for the next crawl" if self.left else ""
            lines.append(f"{self.in_rotation:,} pages asked for in their turn{left}")
        if self.revisits:
            lines.append(f"{self.revisits:,} pages as they were, by ETag, date or content")
        return lines


@dataclass(slots=True)
class Summary:
    """What a run came to."""

    run: str
    state: str
    reason: str
    seconds: float
    pages: int
    bytes_received: int
    out_of_scope: int
    traps: int
    """Links that lead on for ever, as cablecrawl.traps has it."""
    sources: list[SourceSummary] = field(default_factory=list)
    stripped: dict[str, int] = field(default_factory=dict)
    """Pages that each boilerplate rule was applied to."""
    stripped_characters: dict[str, int] = field(default_factory=dict)
    """Characters of page text that each took."""
    pauses: dict[str, int] = field(default_factory=dict)
    """How often each host asked to be left alone for a while."""
    paused_seconds: Mapping[str, float] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_run(
        cls,
        run: Run,
        stats: Mapping[str, Any],
        state: str,
        reason: str,
        settled: Mapping[str, Settled],
    ) -> Self:
        """Count up a run that is about to end; `settled`: what its crawl decided, by source."""
        summary = cls(
            run=run.id,
            state=state,
            reason=reason,
            seconds=round(run.seconds, 3),
            pages=stats.get(f"{PREFIX}captures", 0),
            bytes_received=stats.get(f"{PREFIX}bytes", 0),
            out_of_scope=stats.get(f"{PREFIX}out_of_scope", 0),
            traps=stats.get(f"{PREFIX}traps", 0),
            stripped=_below(stats, "boilerplate"),
            stripped_characters=_below(stats, "boilerplate_characters"),
            pauses=_below(stats, "pauses"),
            paused_seconds=_below(stats, "paused_seconds"),
            problems={
                reason: count
                for reason, count in _below(stats, "problems").items()
                if "/" not in reason
            },
        )
        with run.engine.connect() as db:
            for source in run.description.sources:
                of_source = _of_source(db, source, run, stats, state, settled.get(source.name))
                summary.sources.append(of_source)
        return summary

    def add_skipped(self, reasons: Mapping[str, str]) -> None:
        """Name the sources that were not crawled, with the reason."""
        for name, reason in reasons.items():
            self.sources.append(SourceSummary(name, failure=f"skipped: {reason}"))

    @property
    def failed(self) -> list[SourceSummary]:
        return [source for source in self.sources if source.failure is not None]

    @property
    def exit_status(self) -> int:
        return exit_status_of(self.state, self.reason, has_failed=bool(self.failed))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        """Some lines for a terminal or a log."""
        width = max([len(source.name) for source in self.sources] + [len("source")])
        heading = ("cables", "new", "changed", "unchanged", "unlisted", "problems")
        lines = [f"run {self.run}: {self._how_it_ended()}"]
        lines.append(f"  {'source':{width}}" + "".join(f"{word:>11}" for word in heading))
        for source in self.sources:
            numbers = (
                source.cables,
                source.new,
                source.changed + source.back,
                source.unchanged,
                source.unlisted,
                source.problems,
            )
            lines.append(f"  {source.name:{width}}" + "".join(f"{n:>11,}" for n in numbers))
        lines += [f"  {source.name}: {line}" for source in self.sources for line in source.more]
        for source in self.sources:
            lists = [
                f"{count:,} by {LISTS[by]}" for by, count in source.posts_named.items() if count
            ]
            if lists:
                lines.append(f"  {source.name}: posts named: {', '.join(lists)}")
        rate = self.pages / self.seconds if self.seconds else 0.0
        lines.append(
            f"  {self.pages:,} responses, {_size(self.bytes_received)}, {rate:.1f} a second"
        )
        if self.problems:
            named = ", ".join(f"{reason} {count:,}" for reason, count in self.problems.items())
            lines.append(f"  problems: {named}")
        if self.out_of_scope:
            lines.append(f"  {self.out_of_scope:,} links left the sources' hosts: not followed")
        if self.traps:
            lines.append(f"  {self.traps:,} links lead on for ever: not followed")
        for host, count in self.pauses.items():
            seconds = round(self.paused_seconds[host], 1)
            times = "once" if count == 1 else f"{count:,} times"
            lines.append(f"  {host} asked to wait {times}: {seconds:,.10g} s")
        if "unlabelled" in self.stripped:
            lines.append(
                f"  {self.stripped['unlabelled']:,} stretches of page text are neither cable nor"
                " known boilerplate"
            )
        for failed in self.failed:
            lines.append(f"  {failed.name} failed: {failed.failure}")
        return "\n".join(lines) + "\n"

    def _how_it_ended(self) -> str:
        if self.state == "finished":
            return f"finished in {self.seconds:.1f} s"
        return f"{self.state} ({self.reason}) after {self.seconds:.1f} s; run it again to go on"


def exit_status_of(state: str, reason: str, *, has_failed: bool) -> int:
    """What a crawl that came to its end exits with. `has_failed`: some source did."""
    if state == "stopped" and reason == "shutdown":
        return 130  # as a shell has it for a program that was interrupted
    if state == "stopped":
        return 0 if reason.startswith("closespider_") else 2
    return 2 if has_failed else 0


def progress_notes(stats: Mapping[str, Any]) -> list[str]:
    """What a run has found so far: `80 cables`, `12 new`, `2 problems`."""
    events = {event: stats.get(f"{PREFIX}sightings/{event}", 0) for event in _EVENTS}
    counts = {
        "cables": sum(events.values()),
        "new": events[FIRST],
        "changed": events[CHANGED] + events[BACK],
        "problems": stats.get(f"{PREFIX}problems", 0),
    }
    return [f"{count:,} {what}" for what, count in counts.items() if count]


def _of_source(
    db: Connection,
    source: Source,
    run: Run,
    stats: Mapping[str, Any],
    state: str,
    settled: Settled | None,
) -> SourceSummary:
    seen = {event: stats.get(f"{PREFIX}sightings/{event}/{source.name}", 0) for event in _EVENTS}
    problems = {
        reason: count
        for key, count in _below(stats, "problems").items()
        for reason, _, name in (key.partition("/"),)
        if name == source.name
    }
    summary = SourceSummary(
        source.name,
        cables=copies_held(db, source.name),
        new=seen["first"],
        changed=seen["changed"],
        unchanged=seen["unchanged"],
        back=seen["back"],
        revisits=stats.get(f"{PREFIX}revisits/{source.name}", 0),
        in_rotation=stats.get(f"{PREFIX}in_rotation/{source.name}", 0),
        left=stats.get(f"{PREFIX}left/{source.name}", 0),
        unlisted=len(unlisted_pages(db, source.name, ending=run.crawl)),
        problems=sum(problems.values()),
    )
    summary.standing = standing_alarms(db, source.name, run.crawl)
    if settled is not None:
        summary.gone, summary.alarms = settled
    summary.posts_named = _below(stats, f"posts_named/{source.name}")
    walk = WalkEnd.of(source.name, stats)
    summary.walk = walk.line if walk is not None else None
    given_up = stats.get(f"{PREFIX}given_up/{source.name}")
    if given_up is not None:
        summary.failure = f"{given_up}: given up; what is left is asked for by the next run"
    elif state == "finished":
        reasons = (
            *(f"alarm: {alarm} (if it is real: -a {ACCEPT}=1)" for alarm in summary.alarms),
            _failure(db, source, run, problems, summary),
            _walk_failure(walk, run),
        )
        summary.failure = "; ".join(reason for reason in reasons if reason) or None
    return summary


def _failure(
    db: Connection,
    source: Source,
    run: Run,
    problems: Mapping[str, int],
    summary: SourceSummary,
) -> str | None:
    missed = {reason: count for reason, count in problems.items() if reason not in OF_THE_PAGE}
    if missed:
        named = ", ".join(f"{reason} {count:,}" for reason, count in missed.items())
        if OF_THE_SITE.isdisjoint(missed):
            return f"pages that could not be fetched: {named}"
        return f"others' pages in the place of the site's: {named}"
    held = cables_held(db, source.name)
    least, most = source.expected_cables
    if held == 0:
        return "no cable found"
    is_listed = summary.walk is not None or any(summary.posts_named.values())
    if not is_listed and not shows_anything(db, source.name, run.crawl):
        return "nothing that it sent is a cable or a list of cables"
    if least is not None and held < least:
        return f"{held:,} cables, at least {least:,} expected"
    if most is not None and held > most:
        return f"{held:,} cables, at most {most:,} expected"
    return None


def _walk_failure(walk: WalkEnd | None, run: Run) -> str | None:
    if walk is not None:
        return walk.failure
    if "range" in run.description.arguments:
        return "no numbered page to begin with: give one with -a url="
    return None


def _below(stats: Mapping[str, Any], name: str) -> dict[str, int]:
    start = f"{PREFIX}{name}/"
    return {
        key.removeprefix(start): count
        for key, count in sorted(stats.items())
        if key.startswith(start)
    }


def _size(count: int) -> str:
    if count < 10_000:
        return f"{count:,} bytes"
    return f"{count / 1000:,.0f} kB" if count < 10_000_000 else f"{count / 1_000_000:,.1f} MB"
