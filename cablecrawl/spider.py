"""What the spiders share: sources, scope, and the way of a response to its items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.resources.abc import Traversable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings
from twisted.python.failure import Failure

from cablecrawl.capture.http import content_type
from cablecrawl.errors import CableCrawlError
from cablecrawl.frontier import CAPTURE
from cablecrawl.items import Capture, PageItem, Problem
from cablecrawl.reading import PageReader, ReadPage, problem_of_failure, read_items
from cablecrawl.scope import SOURCE, VIA, host_of
from cablecrawl.sources import PACKAGED_SOURCES, Source, load_sources, source_for_url

# 20,000 URLs are 3 MB; an index page that repeats them comes soon after.
MAX_FOLLOWED = 20_000


class CableSpider(Spider):
    """A spider over the sources of one kind, chosen with `-a source=` or `-a url=`."""

    # Here and not in settings.py: `scrapy shell` and `fetch` have no run and no frontier.
    custom_settings = {"SCHEDULER": "cablecrawl.frontier.FrontierScheduler"}

    sources: dict[str, Source]
    """Those that are crawled, by name."""
    arguments: dict[str, str]
    """As given with -a."""
    reader: PageReader
    followed: dict[str, None]
    """Links followed of late: index pages repeat each other's. The frontier knows them all."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Raises CableCrawlError for arguments that cannot be used."""
        spider = super().from_crawler(crawler, *args)
        spider.arguments = dict(kwargs)
        spider.sources = {
            source.name: source
            for source in choose_sources(crawler.settings, cls.name, spider.arguments)
        }
        name_contact(crawler.settings, spider.sources.values())
        crawler.settings.set(
            "DOWNLOAD_SLOTS",
            {**download_slots(spider.sources), **crawler.settings.getdict("DOWNLOAD_SLOTS")},
            priority="spider",
        )
        spider.reader = PageReader()
        spider.followed = {}
        return spider

    async def start(self) -> AsyncIterator[Request]:
        for source in self.sources.values():
            for url in source.start_urls:
                yield self.request(url, source.name, via=None, priority=10)

    def request(self, url: str, source: str, *, via: str | None, priority: int) -> Request:
        """A request of a source; the fragment of its URL is no part of it."""
        meta = {SOURCE: source}
        if via is not None:
            meta[VIA] = via
        return Request(url, callback=self.parse, errback=self.failed, meta=meta, priority=priority)

    def follow_once(
        self, urls: list[str], source: str, via: str, priority: int
    ) -> Iterator[Request]:
        """Requests for those of the URLs that were not followed of late."""
        for url in urls:
            if url not in self.followed:
                if len(self.followed) >= MAX_FOLLOWED:
                    self.followed.clear()
                self.followed[url] = None
                yield self.request(url, source, via=via, priority=priority)

    def parse(self, response: Response) -> Iterator[PageItem | Request]:
        """Items of a page, and requests for what its index lists."""
        assert response.request is not None
        capture: Capture = response.request.meta[CAPTURE]
        if capture.outcome != "ok":  # a 203 or 206, which Scrapy takes for a success
            problem = problem_of_failure(capture)
            if problem is not None:
                yield problem
            return
        items, read = read_items(
            self.reader,
            capture,
            response.body,
            content_type(response.headers),
        )
        yield from items
        if read is not None:
            yield from self.follow(read, response.request.meta[SOURCE])

    def follow(self, read: ReadPage, source: str) -> Iterator[Request]:
        """Requests for what a page links to. Nothing, unless the spider says otherwise."""
        return iter(())

    def failed(self, failure: Failure) -> Iterator[Problem]:
        """A page that could not be got at."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        capture: Capture | None = request.meta.get(CAPTURE)
        problem = problem_of_failure(capture) if capture is not None else None
        if problem is not None:
            yield problem


def choose_sources(settings: BaseSettings, kind: str, arguments: dict[str, str]) -> list[Source]:
    """The sources that a crawl's arguments name. Raises CableCrawlError."""
    unknown = sorted(set(arguments) - {"source", "url"})
    if unknown:
        raise CableCrawlError(f"-a {unknown[0]}=: unknown argument (source=NAME,… or url=URL,…)")
    if "source" in arguments and "url" in arguments:
        raise CableCrawlError("-a source= and -a url=: give one of them")
    if "url" in arguments:
        return sources_of_urls(arguments["url"], kind)
    chosen = find_sources(known_sources(settings), kind, arguments.get("source"))
    if not chosen:
        raise CableCrawlError(
            f"no {kind} source is enabled: add one to {settings['SOURCES_FILE']}, or give a"
            " site with -a url="
        )
    return chosen


def name_contact(settings: BaseSettings, sources: Iterable[Source]) -> None:
    """Put the contact into the user agent. Raises CableCrawlError where none is given.

    None is needed on loopback, nor where the user has given a whole user agent.
    """
    if (settings.getpriority("USER_AGENT") or 0) > SETTINGS_PRIORITIES["project"]:
        return
    contact = settings["CONTACT"]
    if contact:
        agent = f"{settings['USER_AGENT']} (+{contact})"
        settings.set("USER_AGENT", agent, priority="spider")
        return
    for source in sources:
        if not all(_is_loopback(url) for url in source.start_urls):
            raise CableCrawlError(
                f"{source.name}: say where its owner can write to, with"
                " -s CONTACT=you@example.org or in cablecrawl/settings.py"
            )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find_sources(known: Mapping[str, Source], kind: str, names: str | None) -> list[Source]:
    """The sources of a kind that `-a source=` names; without it, all that are enabled.

    Raises CableCrawlError for a name that is not known, or of another kind.
    """
    of_kind = {name: source for name, source in known.items() if source.kind == kind}
    if names is None:
        return [source for source in of_kind.values() if source.enabled]
    chosen = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name in of_kind:
            chosen.append(of_kind[name])
        elif name in known:
            raise CableCrawlError(
                f"source={name}: its kind is {known[name].kind}:"
                f" `scrapy crawl {known[name].kind} -a source={name}`"
            )
        else:
            raise CableCrawlError(
                f"source={name}: unknown source (one of {', '.join(sorted(of_kind))}; add yours"
                " to sources.toml, or give a site with -a url=)"
            )
    if not chosen:
        raise CableCrawlError("source=: names no source")
    return chosen


def known_sources(settings: BaseSettings) -> dict[str, Source]:
    """The packaged registry and the user's own. Raises SourcesError."""
    paths: list[Path | Traversable] = [PACKAGED_SOURCES]
    own = Path(settings["SOURCES_FILE"])
    if own.exists() or settings.getpriority("SOURCES_FILE") == SETTINGS_PRIORITIES["cmdline"]:
        paths.append(own)
    return load_sources(paths)


def sources_of_urls(urls: str, kind: str) -> list[Source]:
    """A source for each host of the URLs, which are parted by commas. Raises SourcesError."""
    found: dict[str, Source] = {}
    # A comma may be part of a URL: only one before a scheme parts two.
    for url in urls.replace(",http", " http").split():
        source = source_for_url(url, kind)
        known = found.get(source.name)
        if known is not None:
            source = replace(known, start_urls=(*known.start_urls, *source.start_urls))
        found[source.name] = source
    if not found:
        raise CableCrawlError("-a url=: names no URL")
    return list(found.values())


def download_slots(sources: dict[str, Source]) -> dict[str, dict[str, float]]:
    """Scrapy's DOWNLOAD_SLOTS for the sources that state their own politeness."""
    slots: dict[str, dict[str, float]] = {}
    for source in sources.values():
        slot = {}
        if source.download_delay is not None:
            slot["delay"] = source.download_delay
        if source.concurrency is not None:
            slot["concurrency"] = float(source.concurrency)
        if slot:
            for url in source.start_urls:
                host = (host_of(url) or "").partition(":")[0]
                slots[host] = slot
    return slots
