"""What a crawl of a known source asks for: what is new, what has moved, and what is due.

A source that is new is crawled whole. Of one that the store knows, all indexes that tell of news
are asked for, and from them what nobody has seen yet. Pages that no index says anything new of
are asked for in rotation, the longest unseen first: each crawl takes as many as keep every
page seen within the policy's time, and all that are overdue, up to its budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

from cablecrawl.reading import locator_of
from cablecrawl.runs import Run
from cablecrawl.sources import Source
from cablecrawl.store.known import (
    KnownPage,
    known_pages,
    last_crawl,
    seen_elsewhere,
    sources_with_captures,
    unconfirmed,
    unsettled,
)


class Recrawl:
    """Decides for the sources of a crawl which of their pages it asks for."""

    def __init__(self, run: Run, sources: Iterable[Source], *, is_full: bool) -> None:
        self._run = run
        self._sources = {source.name: source for source in sources}
        self._is_full = is_full
        self._db = run.engine.connect()
        self._known = sources_with_captures(self._db, list(self._sources), before=run.crawl)
        self.left: dict[str, int] = {}
        """Pages that are overdue and beyond the budget, by source."""

    def is_partial(self, source: str) -> bool:
        """Whether only a part of a source's pages is asked for: an earlier crawl has met it."""
        return source in self._known and not self._is_full

    def unseen(self, source: str, urls: Sequence[str]) -> list[str]:
        """Those of the pages that an index lists which are asked for, whether due or not."""
        if not self.is_partial(source):
            return list(urls)
        return unsettled(self._db, source, urls)

    def due(self, source: str, takes_turns: Callable[[str], bool]) -> Iterator[str]:
        """The pages that are asked for in rotation, each once, the longest unseen first.

        `takes_turns`: whether an address is one of those that rotate.
        """
        if source not in self._known:
            return
        if self._is_full:
            yield from (page.url for page in self._pages(source, takes_turns))
            return
        given: set[str] = set()
        # A site that lost all of its pages is not asked for all of them at each crawl.
        missing = unconfirmed(self._db, source)[: self._sources[source].recrawl.budget]
        for url in chain(missing, self._in_turn(source, takes_turns)):
            if url not in given:
                given.add(url)
                yield url

    def seen_elsewhere(self, source: str, url: str) -> str | None:
        """Where the copy of a page was first seen, if that is another page: its own was gone."""
        return seen_elsewhere(self._db, source, locator_of(url))

    def _pages(self, source: str, takes_turns: Callable[[str], bool]) -> Iterator[KnownPage]:
        for page in known_pages(self._db, source, before=self._run.crawl):
            if takes_turns(page.url):
                yield page

    def _in_turn(self, source: str, takes_turns: Callable[[str], bool]) -> Iterator[str]:
        policy = self._sources[source].recrawl
        now = datetime.now(UTC)
        begun = last_crawl(self._db, source, before=self._run.crawl)
        # A clock that was set back makes nothing due.
        elapsed = max((now - begun) / policy.pages, 0.0) if begun is not None else 1.0
        # Gone through twice and not held: there may be 250,000.
        pages = sum(1 for _ in self._pages(source, takes_turns))
        share = int(pages * min(elapsed, 1.0))
        # What would be overdue when the next crawl comes is asked for in this one. Not quite the
        # whole of the time between: a crawl begins some minutes early or late.
        longest = max(policy.pages - policy.index * 0.75, policy.pages / 2)
        for number, page in enumerate(self._pages(source, takes_turns)):
            is_overdue = now - page.last_asked >= longest
            if number >= share and not is_overdue:
                return
            if number < policy.budget:
                yield page.url
            elif is_overdue:
                self.left[source] = self.left.get(source, 0) + 1

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()
