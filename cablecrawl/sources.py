"""The sites that CableCrawl knows: rows of sources.toml and of users' own files."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import SplitResult, urlsplit

from cablecrawl.recrawl_policy import RecrawlPolicy, read_policy
from cablecrawl.registry import RegistryError, Table, read_tables

PACKAGED_SOURCES: Traversable = files("cablecrawl") / "sources.toml"
"""The registry that comes with CableCrawl; pass it to `load_sources` before users' files."""

Kind = Literal["mirrors", "wordpress", "cablebrowser"]
KINDS: tuple[str, ...] = get_args(Kind)
LAYOUTS = ("wikileaks", "wordpress", "cablebrowser")

LAYOUT_OF_KIND = {"mirrors": "wikileaks", "wordpress": "wordpress", "cablebrowser": "cablebrowser"}

# A name is typed on the command line, between commas, and stands in records for ever.
# The colon lets a site once crawled by its URL be registered as it is known: `host:port`.
SOURCE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.:_-]*[a-z0-9])?")

# RFC 1123 labels, and the underscore that some hosts have all the same.
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_][a-z0-9_-]*)*")

DEFAULT_PORTS = {"http": 80, "https": 443}

# After every registered source: the user named no preference.
UNRANKED = 1000


class SourcesError(RegistryError):
    """A source cannot be used; the message is one line naming file, table and key."""


@dataclass(frozen=True, slots=True)
class Source:
    """A site that publishes cables."""

    name: str
    """What the user and every record call it; unique, in lower case."""
    kind: Kind
    """The spider that crawls it."""
    start_urls: tuple[str, ...]
    """Where a crawl begins; http or https, at least one."""
    enabled: bool
    """Whether a crawl of its kind includes it when no source is named."""
    layout: str | None
    """The layout its pages are thought to have. A hint: the page decides."""
    publisher: str
    """Who runs the site, or `unknown`."""
    note: str
    """What a reader of its records should know."""
    known_by: str
    """Who says that it holds cables."""
    checked: date | None
    """The day a crawl last saw cables there; None: not yet checked."""
    rank: int
    """When readings tie, the source with the lowest rank is chosen."""
    download_delay: float | None
    """Seconds between two requests; None: the setting DOWNLOAD_DELAY."""
    concurrency: int | None
    """Requests at a time; None: the setting CONCURRENT_REQUESTS_PER_DOMAIN."""
    expected_cables: tuple[int | None, int | None]
    """Fewest and most cables that a whole crawl finds; None: no such bound."""
    hosts: tuple[str, ...]
    """Hosts (`host` or `host:port`) in scope besides those of the start URLs."""
    render: bool = False
    """Whether its pages need a browser."""
    derived_from: tuple[str, ...] | None = None
    """Sources whose copies it copied, straight or through others, by name and sorted; (): none of
    them; None: it is not known of it, or not of one of those."""
    recrawl: RecrawlPolicy = field(default_factory=RecrawlPolicy)
    """How often its pages are asked for again."""


_KEYS = tuple(of_source.name for of_source in fields(Source) if of_source.name != "name")


def load_sources(paths: Sequence[Path | Traversable]) -> dict[str, Source]:
    """The sources of all files, by name, in the order in which the names first appear.

    A table of a later file replaces the whole table of that name. Raises SourcesError.
    """
    sources: dict[str, Source] = {}
    tables: dict[str, Table] = {}
    for path in paths:
        for table in read_tables(path, SourcesError):
            sources[table.name] = _read_source(table)
            tables[table.name] = table
    for name, source in sources.items():
        for other in source.derived_from or ():
            if other not in sources:
                tables[name].fail("derived_from", f"{other}: there is no source of this name")
    return {name: _with_ancestry(source, sources, tables) for name, source in sources.items()}


def _with_ancestry(
    source: Source, sources: Mapping[str, Source], tables: Mapping[str, Table]
) -> Source:
    """The source with all that it is derived from, through others too."""
    found: set[str] = set()
    ahead = list(source.derived_from or ())
    is_known = source.derived_from is not None
    while ahead:
        name = ahead.pop()
        if name == source.name:
            tables[name].fail("derived_from", "leads back to the source itself")
        if name in found:
            continue
        found.add(name)
        of_it = sources[name].derived_from
        is_known = is_known and of_it is not None
        ahead += of_it or ()
    return replace(source, derived_from=tuple(sorted(found)) if is_known else None)


def source_for_url(url: str, kind: str) -> Source:
    """The source for a site that is in no registry, named after its host and port.

    The port is left out of the name when it is the scheme's own. Raises SourcesError.
    """
    if kind not in KINDS:
        raise SourcesError(f"{kind}: unknown kind (one of {', '.join(KINDS)})")
    problem = _url_problem(url)
    if problem:
        raise SourcesError(f"{_on_one_line(url)}: {problem}")
    return Source(
        name=_host_and_port(urlsplit(url)),
        kind=cast(Kind, kind),
        start_urls=(url,),
        enabled=True,
        layout=None,
        publisher="unknown",
        note="",
        known_by="given on the command line",
        checked=None,
        rank=UNRANKED,
        download_delay=None,
        concurrency=None,
        expected_cables=(None, None),
        hosts=(),
    )


def _read_source(table: Table) -> Source:
    if not SOURCE_NAME.fullmatch(table.name):
        raise SourcesError(f"{table.file}: [{table.name}]: a name is of a-z, 0-9 and . : - _")
    kind = cast(Kind, table.choice("kind", KINDS))
    source = Source(
        name=table.name,
        kind=kind,
        start_urls=table.texts("start_urls"),
        enabled=table.flag("enabled", True),
        layout=table.choice("layout", LAYOUTS, LAYOUT_OF_KIND[kind]),
        publisher=table.text("publisher"),
        note=table.text("note", ""),
        known_by=table.text("known_by"),
        checked=table.optional_day("checked"),
        rank=table.whole("rank", UNRANKED),
        download_delay=table.optional_number("download_delay"),
        concurrency=table.optional_whole("concurrency", least=1),
        expected_cables=_read_expected(table),
        hosts=table.texts("hosts", ()),
        render=table.flag("render", False),
        derived_from=table.optional_texts("derived_from"),
        recrawl=read_policy(table.optional_table("recrawl")),
    )
    table.finish(_KEYS)
    if not source.start_urls:
        table.fail("start_urls", "must name at least one URL")
    for url in source.start_urls:
        problem = _url_problem(url)
        if problem:
            table.fail("start_urls", f"{_on_one_line(url)}: {problem}")
    for host in source.hosts:
        if _url_problem(f"http://{host}/") or urlsplit(f"http://{host}/").netloc != host:
            table.fail(
                "hosts", f'{_on_one_line(host)}: write it as "host" or "host:port", in lower case'
            )
    return source


def _read_expected(table: Table) -> tuple[int | None, int | None]:
    expected = table.optional_table("expected_cables")
    if expected is None:
        return (None, None)
    fewest, most = expected.optional_whole("min"), expected.optional_whole("max")
    expected.finish(("min", "max"))
    if fewest is not None and most is not None and fewest > most:
        expected.fail("min", f"is above max = {most}")
    return (fewest, most)


def _url_problem(url: str) -> str | None:
    """What is wrong with a start URL and what to do, or None."""
    if not url.isprintable() or " " in url:
        return "has a space or control character; write spaces as %20"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "no URL (its host or port cannot be read)"
    if not re.match(r"[a-z][a-z0-9+.-]*://", url, re.I):
        return f"no scheme; write http://{url} or https://{url}"
    if parts.scheme not in DEFAULT_PORTS:
        return f"{parts.scheme}: cannot be crawled, only http and https"
    if parts.username is not None:
        return "has a user name, which would stand in every record; leave it out"
    if not parts.hostname or port == 0:
        return "no host; write http://host/path"
    if not _is_host(parts.hostname):
        return f"{parts.hostname} is no host name; write names beyond ASCII as xn--…"
    return None


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return ipaddress.ip_address(host).version == 6
        except ValueError:
            return False
    return HOST_NAME.fullmatch(host) is not None


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == DEFAULT_PORTS[parts.scheme]:
        return host
    return f"{host}:{parts.port}"


def _on_one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)
