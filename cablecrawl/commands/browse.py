"""`scrapy browse`: the latest export and the store as pages in a browser."""

from __future__ import annotations

import argparse
import asyncio
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path

from scrapy.commands import ScrapyCommand

from cablecrawl.browse.exported import find_export
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.folder import LATEST
from cablecrawl.store.database import DATABASE
from cablecrawl.trace.display import visible

HOST, PORT = "127.0.0.1", 8061


class Command(ScrapyCommand):
    """Serves pages to this machine until it is interrupted; changes nothing."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--export DIR] [--port N] [--open]"

    def short_desc(self) -> str:
        return "Look at the latest export in a browser: search, cables, comparisons, captures"

    def long_desc(self) -> str:
        return (
            "Serves Datasette over the latest export on this machine, with full-text search and"
            " facets, and pages for each cable (its text, where each value comes from, copies,"
            " history), for two of its texts side by side, for each capture (what was kept and"
            " what was removed, by which rule), and for each source. The export must have the"
            " format sqlite. The pages read the store in DATA_DIR; what one reading hides and"
            " another shows stays hidden in them, unless -s SHOW_REDACTED_SPANS=1 is given and the"
            " export was made so. Ctrl-C ends it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "browse")
        add_examples(parser, "scrapy browse --open", "scrapy browse --export cables-for-desk")
        parser.add_argument(
            "--export", metavar="DIR", help="the export to show; default: exports/latest"
        )
        parser.add_argument(
            "--port",
            metavar="N",
            type=int,
            default=PORT,
            help=f"the port to listen on; 0: any that is free; default: {PORT}",
        )
        parser.add_argument("--open", action="store_true", help="open the pages in the browser")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        with ends_in_one_line(self):
            if args:
                raise CableCrawlError(
                    f"{visible(args[0])}: unknown argument; see scrapy browse --help"
                )
            export = Path(opts.export or Path(self.settings["EXPORTS_DIR"]) / LATEST)
            data_dir = Path(self.settings["DATA_DIR"])
            find_export(export)
            if not (data_dir / DATABASE).exists():
                raise CableCrawlError(f"{data_dir}: there is no store; give its -s DATA_DIR=…")
            with _listening(opts.port) as listener, suppress(KeyboardInterrupt):  # its end
                asyncio.run(self._serve(export, data_dir, listener, opts.open))

    async def _serve(
        self, export: Path, data_dir: Path, listener: socket.socket, opens: bool
    ) -> None:
        # A second, which the other commands need not wait.
        from uvicorn import Config, Server

        from cablecrawl.browse.server import make_app

        assert self.settings is not None
        shows = self.settings.getbool("SHOW_REDACTED_SPANS")
        datasette = make_app(export, data_dir, show_redacted_spans=shows)
        server = Server(Config(datasette.app(), log_level="warning", lifespan="on"))
        where = f"http://{HOST}:{listener.getsockname()[1]}/"
        print(f"{export.resolve()}: {where}  (Ctrl-C ends it)", flush=True)
        if opens:
            webbrowser.open(where)
        await server.serve(sockets=[listener])


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CableCrawlError(f"--port {port}: {why}; --port 0 takes any that is free") from error
