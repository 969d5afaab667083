"""Datasette over an export, with the pages of `cablecrawl.browse.pages`.

Only this machine is served. Nothing is asked for elsewhere: a browser is told so by a Content
Security Policy, since what pages show comes from anywhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.filters import FilterArguments
from datasette.plugins import pm
from datasette.utils import await_me_maybe
from pluggy import HookimplMarker, Result

from cablecrawl.browse.exported import find_export
from cablecrawl.browse.home import AS_PUBLISHED
from cablecrawl.browse.pages import Pages
from cablecrawl.browse.source import CHANGES
from cablecrawl.export.ro_crate import LICENCE_NOTE
from cablecrawl.export.tables import TABLES

hookimpl = HookimplMarker("datasette")

HERE = Path(__file__).parent
STATIC = "cablecrawl-static"
PLUGIN = "cablecrawl"

# Datasette's own pages have scripts and styles within them.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)

# A page elsewhere can have a name of its own lead to this machine, and then read what it serves.
LOCAL_HOSTS = frozenset(("127.0.0.1", "localhost", "[::1]"))

TITLE = "US embassy cables"
ABOUT = f"What CableCrawl read from copies of the US embassy cables. {AS_PUBLISHED}"

# What Datasette makes of tables that are looked at most.
SHOWN: dict[str, dict[str, Any]] = {
    "cables": {"facets": ["classification", "origin", {"array": "tags"}]},
    "captures": {"facets": ["outcome", "source"], "sort_desc": "fetched_at"},
    "problems": {"facets": ["reason", "source"]},
}

# As Datasette asks for what a search found.
FOUND_BY_SEARCH = "rowid in (select rowid from "

COUNT_FOUND = "select count(*) from cables_fts where cables_fts match escape_fts(:words)"

Scope = dict[str, Any]
App = Callable[[Scope, Callable[..., Any], Callable[..., Awaitable[None]]], Awaitable[None]]


def make_app(folder: Path, data_dir: Path, *, show_redacted_spans: bool) -> Datasette:
    """The application over the export in a folder and the store of a data folder.

    Raises CableCrawlError where they cannot be shown, or are not of each other.
    """
    export = find_export(folder)
    pages = Pages(export, data_dir, show=show_redacted_spans)
    if pm.has_plugin(PLUGIN):
        pm.unregister(name=PLUGIN)
    pm.register(_Plugin(pages), name=PLUGIN)
    return Datasette(
        immutables=[str(export.database)],
        metadata=_metadata(),
        template_dir=str(HERE / "templates"),
        static_mounts=[(STATIC, str(HERE / "static"))],
        settings={
            "suggest_facets": False,
            "default_page_size": 50,
            "truncate_cells_html": 200,
            # Two columns, one after the other, within a page's 200 ms; what takes longer is left
            # out, and the page says so.
            "facet_time_limit_ms": 60,
            "sql_time_limit_ms": 10_000,
            "allow_download": True,
        },
    )


def _metadata() -> dict[str, Any]:
    return {
        "title": TITLE,
        "description": ABOUT,
        "license": "none is given, see below",
        "databases": {
            "cables": {
                "queries": {
                    "changes_at_source": {
                        "title": "Changes at a source",
                        "sql": CHANGES,
                        "params": ["source"],
                    }
                },
                "description": AS_PUBLISHED,
                "tables": {
                    table.name: {"description": AS_PUBLISHED, **SHOWN.get(table.name, {})}
                    for table in TABLES
                },
            }
        },
    }


class _Plugin:
    """What is added to Datasette."""

    __name__ = PLUGIN

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    @hookimpl
    def register_routes(self) -> list[tuple[str, Callable[..., Any]]]:
        return self._pages.routes()

    @hookimpl
    def extra_template_vars(self, datasette: Datasette) -> dict[str, Any]:
        async def cables_with(words: str) -> int:
            """How many a search finds; in the index alone, which takes milliseconds."""
            found = await datasette.get_database("cables").execute(COUNT_FOUND, {"words": words})
            return int(found.single_value())

        return {
            "cablecrawl_licence": LICENCE_NOTE,
            "cables_with": cables_with,
            "source_link": self._pages.source_link,
        }

    @hookimpl
    def render_cell(self, row: sqlite3.Row, value: object, column: str) -> object:
        """IDs of cables and captures lead to their pages."""
        return self._pages.link(row, column, value)

    @hookimpl(hookwrapper=True)
    def filters_from_request(self) -> Generator[None, Result[list[Any]], None]:
        """Conditions of a query are Datasette's, those of a search kept to the table's order."""
        outcome = yield
        outcome.force_result([_kept_in_order(filters) for filters in outcome.get_result()])

    @hookimpl
    def asgi_wrapper(self) -> Callable[[App], App]:
        return _guarded


def _kept_in_order(filters: object) -> Callable[[], Awaitable[FilterArguments | None]]:
    """The filters, with a search that leaves SQLite to go through an index.

    From `rowid in (found)` it fetches and sorts each row that was found, which takes seconds for
    a word that most of 100,000 cables have. With `+rowid` it goes through the index of the order
    asked for, or of a facet, and looks each row up among the found.
    """

    async def kept() -> FilterArguments | None:
        found = await await_me_maybe(filters)
        if found is not None:
            found.where_clauses = [
                f"+{clause}" if clause.startswith(FOUND_BY_SEARCH) else clause
                for clause in found.where_clauses
            ]
        return found

    return kept


def _guarded(app: App) -> App:
    """The application for requests to this machine by its own names, with the policy."""

    async def guarded(
        scope: Scope, receive: Callable[..., Any], send: Callable[..., Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if host.rpartition(":")[0] not in LOCAL_HOSTS and host not in LOCAL_HOSTS:
            start = {"type": "http.response.start", "status": 421, "headers": []}
            await send(start)
            await send({"type": "http.response.body", "body": b"not served under this name\n"})
            return

        async def send_with_policy(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"content-security-policy", POLICY.encode("ascii")),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await app(scope, receive, send_with_policy)

    return guarded
