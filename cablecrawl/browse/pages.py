"""The addresses of our own pages, and what each is made from."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response
from markupsafe import Markup, escape

from cablecrawl.browse.cable import cable_page
from cablecrawl.browse.captured import capture_page
from cablecrawl.browse.compared import comparison_page
from cablecrawl.browse.exported import Export, opened_export, rows
from cablecrawl.browse.home import glance, home_page
from cablecrawl.browse.source import source_page
from cablecrawl.browse.standing import Standings
from cablecrawl.errors import CableCrawlError, NotThereError
from cablecrawl.export.opened import opened
from cablecrawl.export.read import Snapshot
from cablecrawl.reference_id import parse
from cablecrawl.store.database import DATABASE, storage_errors

Context = dict[str, Any]
Found = TypeVar("Found")
View = Callable[[Datasette, Request], Awaitable[Response]]

OK, NOT_FOUND, UNAVAILABLE = 200, 404, 503

# Columns of Datasette's tables whose values have pages of their own.
CABLE_COLUMNS = frozenset(("reference_id", "other_reference_id", "resolved"))
CAPTURE_COLUMNS = frozenset(("capture_id", "revisit_of", "robots"))

# As facets and search show best.
LISTED = ("reference_id", "created", "classification", "origin", "subject", "tags", "released")

_CITING = "SELECT DISTINCT reference_id FROM cable_references WHERE resolved = ? ORDER BY 1"


class Pages:
    """Answers requests from an export and from the store behind it.

    The store as it is now: the pages of a cable, of two of its texts, and of a capture, since
    trace, history, comparison and ledger are made from it. The export: the first page, those of
    sources, search, and Datasette's tables. The first page says so to readers.
    """

    def __init__(self, export: Export, data_dir: Path, *, show: bool) -> None:
        """`show`: the setting SHOW_REDACTED_SPANS.

        Raises CableCrawlError where they cannot be read, or are not of each other.
        """
        self.export = export
        self.data_dir = data_dir
        self.show = show and export.shows_redacted_spans
        with opened_export(export.database) as db:
            self._glance = glance(db)
        self._standings = Standings(export)
        with self._opened() as store:
            self._standings.of(store.connection)

    def routes(self) -> list[tuple[str, View]]:
        """As Datasette takes them: a pattern of the path, and what answers."""
        views = (
            (r"^/$", self.home),
            (r"^/search$", self.search),
            (r"^/cable/(?P<reference_id>[^/]+)$", self.cable),
            (r"^/cables/cables/(?P<reference_id>[^/.]+)$", self.row),
            (r"^/compare/(?P<reference_id>[^/]+)$", self.compare),
            (r"^/capture/(?P<capture_id>[^/]+)$", self.capture),
            (r"^/source/(?P<name>[^/]+)$", self.source),
        )
        return [(pattern, self._answering(view)) for pattern, view in views]

    async def home(self, datasette: Datasette, request: Request) -> Response:
        """The store at a glance."""
        found = await self._from_store(
            home_page, self.export, self._standings, self._glance, show=self.show
        )
        return await self._page(datasette, request, "home", found)

    async def search(self, datasette: Datasette, request: Request) -> Response:
        """The ID of a cable leads to it; other words to Datasette's search, with facets.

        Much spells an ID, such as "10 million 5": it is one where there is such a cable.
        """
        asked = (request.args.get("q") or "").strip()
        known = parse(asked) if asked else None
        if known is not None and await self._from_store(Snapshot.has_cable, known.canonical):
            return Response.redirect(f"/cable/{quote(known.canonical)}")
        columns = "&".join(f"_col={name}" for name in LISTED)
        # To count the rows of a word that is in every cable takes longer than to list some.
        has_words = any(character.isalnum() for character in asked)
        words = f"&_search={quote(asked)}&_nocount=1" if has_words else ""
        return Response.redirect(f"/cables/cables?{columns}{words}")

    async def row(self, datasette: Datasette, request: Request) -> Response:
        """The row of a cable, to which Datasette's tables lead, is the cable's page."""
        return Response.redirect(f"/cable/{request.url_vars['reference_id']}")

    async def cable(self, datasette: Datasette, request: Request) -> Response:
        """All of a cable."""
        asked = _named(request, "reference_id")
        try:
            found = await self._from_store(cable_page, asked, self.data_dir, show=self.show)
        except NotThereError as error:
            return await self._failed(datasette, request, error, await self._citing(asked))
        return await self._page(datasette, request, "cable", found)

    async def compare(self, datasette: Datasette, request: Request) -> Response:
        """Two texts of a cable side by side."""
        found = await self._from_store(
            comparison_page,
            _named(request, "reference_id"),
            request.args.get("left") or None,  # as a form sends it that was emptied
            request.args.get("right") or None,
            show=self.show,
        )
        return await self._page(datasette, request, "compare", found)

    async def capture(self, datasette: Datasette, request: Request) -> Response:
        """What was kept of a captured page, and what was removed by which rule."""
        found = await self._from_store(
            capture_page,
            _named(request, "capture_id"),
            request.args.get("at"),
            self.data_dir,
            show=self.show,
        )
        return await self._page(datasette, request, "capture", found)

    async def source(self, datasette: Datasette, request: Request) -> Response:
        """The runs, changes and problems of a source."""

        def made() -> Context:
            with opened_export(self.export.database) as db:
                return source_page(db, self._glance, _named(request, "name"))

        found = await asyncio.to_thread(made)
        return await self._page(datasette, request, "source", found)

    def link(self, row: sqlite3.Row, column: str, value: object) -> Markup | None:
        """A cell of Datasette's tables that leads to one of our pages; None: it leads nowhere."""
        if not isinstance(value, str) or not value:
            return None
        if column == "resolved" and not ("in_store" in row.keys() and row["in_store"]):
            return None
        if column in CABLE_COLUMNS:
            return _link("/cable/", value)
        if column in CAPTURE_COLUMNS:
            return _link("/capture/", value)
        if column == "source":
            return _link("/source/", value)
        return None

    def source_link(self, name: str) -> Markup:
        """A source's name, which leads to its page where the export knows it."""
        is_known = any(source["name"] == name for source in self._glance.sources)
        return _link("/source/", name) if is_known else escape(name)

    async def _citing(self, asked: str) -> list[str]:
        """Cables of the export that refer to one."""
        cited = parse(asked)

        def found() -> list[str]:
            if cited is None:
                return []
            with opened_export(self.export.database) as db:
                return [row["reference_id"] for row in rows(db, _CITING, cited.canonical)]

        return await asyncio.to_thread(found)

    @contextmanager
    def _opened(self) -> Iterator[Snapshot]:
        with storage_errors(self.data_dir / DATABASE), opened(self.data_dir) as store:
            yield store

    async def _from_store(self, make: Callable[..., Found], *given: Any, **more: Any) -> Found:
        """What is made of the store, in a thread of its own. Raises CableCrawlError."""

        def made() -> Found:
            with self._opened() as store:
                return make(store, *given, **more)

        return await asyncio.to_thread(made)

    def _answering(self, view: View) -> View:
        """A view that says on a page why there is no such page, or why it cannot be made now.

        Datasette's own answer to what is not found leads on to other spellings of the address,
        and that to what fails is a traceback.
        """

        async def answer(datasette: Datasette, request: Request) -> Response:
            try:
                return await view(datasette, request)
            except CableCrawlError as error:
                return await self._failed(datasette, request, error)

        return answer

    async def _failed(
        self,
        datasette: Datasette,
        request: Request,
        error: CableCrawlError,
        citing: Sequence[str] = (),
    ) -> Response:
        """`citing`: cables that refer to the one that is not there."""
        status = NOT_FOUND if isinstance(error, NotThereError) else UNAVAILABLE
        found = {"error": str(error), "is_missing": status == NOT_FOUND, "citing": citing}
        return await self._page(datasette, request, "failed", found, status)

    async def _page(
        self, datasette: Datasette, request: Request, name: str, found: Context, status: int = OK
    ) -> Response:
        content = await datasette.render_template(f"{name}.html", found, request=request)
        return Response.html(content, status=status)


def _named(request: Request, part: str) -> str:
    """What stands at a part of the address."""
    return unquote(request.url_vars[part])


def _link(where: str, value: str) -> Markup:
    return Markup('<a href="{}{}">{}</a>').format(where, quote(value, safe=""), value)
