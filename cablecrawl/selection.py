"""Which sources a crawl is of, from its arguments and settings, and how they are treated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings

from cablecrawl.addresses import is_loopback_host, name_of
from cablecrawl.errors import CableCrawlError
from cablecrawl.scope import hosts_of
from cablecrawl.sources import PACKAGED_SOURCES, Source, load_sources, source_for_url
from cablecrawl.store.settling import ACCEPT
from cablecrawl.walk import read_range

FULL = "full"
"""The argument (`-a full=1`) by which all known pages are asked for."""
# What a user agent can hold and the owner of a site can write to: no blanks, ASCII only.
CONTACT = re.compile(r"[!-~]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|https?://[!-~]+", re.A)

SCRAPYD_JOB = "_job"
"""An argument that Scrapyd adds: its name of the job, which the run's row then has too."""


def choose_sources(settings: BaseSettings, kind: str, arguments: dict[str, str]) -> list[Source]:
    """The sources that a crawl's arguments name. Raises CableCrawlError."""
    known = {"source", "url", FULL, ACCEPT} | ({"range"} if kind == "cablebrowser" else set())
    unknown = sorted(set(arguments) - known - {SCRAPYD_JOB})
    if unknown:
        more = ", range=FIRST-LAST" if "range" in known else ""
        raise CableCrawlError(
            f"-a {unknown[0]}=: unknown argument (source=NAME,… or url=URL,…{more}, full=1,"
            " accept=1)"
        )
    for switch in (FULL, ACCEPT):
        if arguments.get(switch, "1") != "1":
            raise CableCrawlError(f"-a {switch}={arguments[switch]}: write {switch}=1, or nothing")
    if "range" in arguments:
        read_range(arguments["range"])
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

    It is an e-mail address or a web page. None is needed where all hosts are on loopback, nor
    where the user has given a whole user agent.
    """
    if (settings.getpriority("USER_AGENT") or 0) > SETTINGS_PRIORITIES["project"]:
        return
    contact = (settings["CONTACT"] or "").strip()
    if contact:
        if CONTACT.fullmatch(contact) is None:
            raise CableCrawlError(
                f"CONTACT={contact!r}: give an e-mail address, or the http(s) address of a page"
                " that says how to reach you"
            )
        agent = f"{settings['USER_AGENT']} (+{contact})"
        settings.set("USER_AGENT", agent, priority="spider")
        return
    for source in sources:
        if not all(is_loopback_host(name_of(host)) for host in hosts_of(source)):
            raise CableCrawlError(
                f"{source.name}: say where its owner can write to, with"
                " -s CONTACT=you@example.org or in cablecrawl/settings.py"
            )


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
            for host in hosts_of(source):
                slots[name_of(host)] = dict(slot)
    return slots
