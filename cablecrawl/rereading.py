"""Stored captures read again: by the steps of today, on several cores, oldest first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from cablecrawl.boilerplate import load_rules
from cablecrawl.capture import DamagedWarc, Location, ResponseReader
from cablecrawl.capture.http import content_codings, content_type, parse_head
from cablecrawl.decoding import UndecodableError, decode_content
from cablecrawl.items import CablePage, Capture, Listing, Missing, PageItem, Problem
from cablecrawl.reading import (
    PageReader,
    gives_items,
    items_of_answer,
    items_of_failure,
    problem_of_error,
    read_items,
)
from cablecrawl.releases import load_releases
from cablecrawl.stats import CountingStats, Stats
from cablecrawl.store import tables as t
from cablecrawl.store.evidence import Shown, shown_on
from cablecrawl.store.queries import captures
from cablecrawl.workers import in_processes
from pipelines.boilerplate import BoilerplatePipeline
from pipelines.dedupe import DedupePipeline
from pipelines.fields import FieldsPipeline
from pipelines.provenance import ProvenancePipeline

logger = logging.getLogger(__name__)

# Captures handed to a process at a time: some 30 ms of work, some hundred kilobytes of results.
BATCH = 32

Step = BoilerplatePipeline | FieldsPipeline | ProvenancePipeline | DedupePipeline
Given = Shown | Listing | Missing | Problem
"""What a capture gives, as it is stored."""


class ToRead(NamedTuple):
    """A capture that is to be read."""

    capture: Capture
    location: Location
    is_last_attempt: bool
    """It failed, and no later capture of its crawl makes up for it."""


@dataclass(slots=True)
class Reread:
    """What a batch of captures, all of one run, gives."""

    run: str
    captures: int = 0
    given: list[Given] = field(default_factory=list)
    """In the order of the captures."""
    counts: CountingStats = field(default_factory=CountingStats)
    """What the pipelines counted."""
    damaged: dict[int, str] = field(default_factory=dict)
    """One line for each record that could not be read, by the capture's row."""


def reread(db: Connection, folder: Path, processes: int) -> Iterator[Reread]:
    """Read all captures of a store again; `folder` has its WARC files."""
    last = last_attempts(db)
    to_read = (ToRead(capture, location, capture.id in last) for capture, location in captures(db))
    return in_processes(partial(start_reading, folder), _batches(to_read), processes)


def start_reading(folder: Path) -> Callable[[Sequence[ToRead]], Reread]:
    """What reads batches of captures, one after the other."""
    reader, responses = PageReader(), ResponseReader(folder)
    stats = CountingStats()
    steps = steps_before_the_store(stats)

    def read(batch: Sequence[ToRead]) -> Reread:
        result = Reread(batch[0].capture.run_id, len(batch))
        for capture, location, is_last in batch:
            try:
                items = items_of_capture(reader, responses, capture, location, is_last=is_last)
            except (DamagedWarc, FileNotFoundError) as damage:
                result.damaged[capture.id] = f"{capture.url} ({capture.capture_id}): {damage}"
                continue
            for item in items:
                result.given.append(_through(item, steps))
        result.counts.update(stats)
        stats.clear()
        return result

    return read


def _through(item: PageItem, steps: Iterable[Step]) -> Given:
    try:
        for step in steps:
            item = step.process_item(item)
    except Exception as error:
        logger.exception("%s: cannot be read", item.capture.url)
        return problem_of_error(item.capture, error)
    return shown_on(item) if isinstance(item, CablePage) else item


def _batches(to_read: Iterator[ToRead]) -> Iterator[list[ToRead]]:
    for _, of_run in groupby(to_read, lambda each: each.capture.run_id):
        while batch := list(islice(of_run, BATCH)):
            yield batch


def steps_before_the_store(stats: Stats) -> tuple[Step, ...]:
    """The pipelines of a crawl in their order, up to the one that commits."""
    return (
        BoilerplatePipeline(load_rules(), stats),
        FieldsPipeline(stats),
        ProvenancePipeline(load_releases(), stats),
        DedupePipeline(stats),
    )


def last_attempts(db: Connection) -> set[int]:
    """The failed captures that no later capture of their URL in their crawl makes up for."""
    newest = (
        select(func.max(t.capture.c.id))
        .join(t.run, t.run.c.id == t.capture.c.run)
        .group_by(t.run.c.crawl, t.capture.c.source, t.capture.c.url, t.capture.c.via)
    )
    return set(
        db.execute(
            select(t.capture.c.id).where(t.capture.c.outcome != "ok", t.capture.c.id.in_(newest))
        ).scalars()
    )


def items_of_capture(
    reader: PageReader,
    responses: ResponseReader,
    capture: Capture,
    location: Location,
    *,
    is_last: bool = False,
) -> list[PageItem]:
    """The items of a stored capture; `is_last`: no later one makes up for its failure.

    Raises DamagedWarc when the record is not what was stored, FileNotFoundError without its file.
    """
    reads = gives_items(capture)
    if not reads:
        failed = list(items_of_failure(capture)) if is_last else []
        if not failed or capture.outcome != "http_error":
            return failed
    head, payload = responses.read(location, verify=True)
    _, headers = parse_head(head)
    try:
        body = decode_content(payload, content_codings(headers)).body
    except UndecodableError as error:
        return [Problem(capture, "undecodable", str(error))]
    if not reads:
        return items_of_answer(reader, capture, body, content_type(headers))
    items, _ = read_items(reader, capture, body, content_type(headers))
    return items
