"""`scrapy verify`: whether what was written is still as it was written."""

from __future__ import annotations

import argparse
from pathlib import Path

from scrapy.commands import ScrapyCommand

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import add_processes, read_processes, refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.folder import export_within
from cablecrawl.export.resources import MANIFEST
from cablecrawl.fixity.check import Check
from cablecrawl.fixity.outcome import as_dict, lines_of
from cablecrawl.logs import printable

# Captures chosen to be read again when nothing else is asked for: some seconds.
SAMPLE = 200

DAMAGED = 2
"""Exit status: something is not as it was written."""

ALL, NONE = "all", "none"


class Command(ScrapyCommand):
    """Checks the fixity of a store and of its exports; reads only."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--claims N|all|none] [--export DIR] [--json] [--processes N]"

    def short_desc(self) -> str:
        return "Check every WARC record, the database, the exports and claims; repair nothing"

    def long_desc(self) -> str:
        return (
            "Checks every byte of the WARC files, every record and its row, every digest in the"
            " database, every file and line of the exports, and reads captures again to see"
            " whether the claims that rest on them still come of their bytes. Damage is named with"
            " its file, byte or line and record, and with the cables and exports that it touches."
            " Reads only: nothing is repaired, no lock is taken, and a crawl may go on. Exit"
            " status: 0 all is well, 1 bad usage, 2 something is damaged."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "verify")
        add_examples(
            parser, "scrapy verify --claims all", "scrapy verify --export cables-for-desk --json"
        )
        parser.add_argument(
            "--claims",
            metavar="N|all|none",
            default=str(SAMPLE),
            help="read so many captures again, evenly spaced, the same share of each source, and"
            f" all others that show the same cables; default: {SAMPLE}",
        )
        parser.add_argument(
            "--export",
            metavar="DIR",
            action="append",
            default=[],
            help="check this export too; those under EXPORTS_DIR always are",
        )
        add_json(parser)
        add_processes(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        with ends_in_one_line(self, "what was not looked at is not known"):
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy verify --help")
            with Progress() as progress:
                check = Check(
                    Path(self.settings["DATA_DIR"]),
                    Path(self.settings["EXPORTS_DIR"]),
                    _named_exports(opts.export),
                    _read_claims(opts.claims),
                    read_processes(opts.processes),
                    progress,
                )
                check.run()
            if not check.report.is_well:
                self.exitcode = DAMAGED
            with quiet_when_cut_off():
                if opts.json:
                    print_json(as_dict(check))
                else:
                    for line in lines_of(check):
                        print(printable(line))


def _read_claims(value: str) -> int | None:
    if value == ALL:
        return None
    if value == NONE:
        return 0
    if not (value.isascii() and value.isdigit()):
        raise CableCrawlError(f"--claims {value}: expected a number of captures, all or none")
    return int(value)


def _named_exports(names: list[str]) -> list[Path]:
    for name in names:
        if export_within(Path(name)) is None:
            raise CableCrawlError(f"--export {name}: is no export: it has no {MANIFEST}")
    return [Path(name) for name in names]
