"""`scrapy report`: the state of the corpus as a page to look at."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand

from cablecrawl.capture.warc import fsync_folder
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.opened import opened
from cablecrawl.store.database import storage_errors
from cablecrawl.trace.display import visible

REPORT = "report.html"


class Command(ScrapyCommand):
    """Writes a report, whole or not at all; changes nothing else."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--output FILE] [--json]"

    def short_desc(self) -> str:
        return "Write the state of the corpus as one HTML page with figures"

    def long_desc(self) -> str:
        return (
            "Write one HTML file that shows what is in the store: cables by post and year, what is"
            " known to be missing, the sources and how they overlap, WikiLeaks' releases, changes"
            " of the texts by kind, what was stripped by rule, problems, and the runs. Each figure"
            " has its data as CSV in it. The file needs nothing else and asks for nothing; the same"
            " store gives the same bytes. It is put beside the store unless --output says where."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "report")
        add_examples(parser, "scrapy report", "scrapy report --output corpus.html --json")
        add_json(parser, ": where it is, what it counts, and what each figure says")
        parser.add_argument(
            "--output",
            metavar="FILE",
            help=f"write to this file, or replace it; default: {REPORT} in DATA_DIR",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with ends_in_one_line(self, "nothing was written"):
            if args:
                raise CableCrawlError(
                    f"{visible(args[0])}: unknown argument; see scrapy report --help"
                )
            self._report(opts.output, as_json=opts.json)

    def _report(self, output: str | None, *, as_json: bool) -> None:
        # matplotlib takes half a second to load, and `scrapy list` loads every command.
        from cablecrawl.report.page import page, summary
        from cablecrawl.report.survey import survey

        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        target = Path(output) if output is not None else data_dir / REPORT
        if target.is_dir():
            raise CableCrawlError(f"--output {visible(str(target))}: is a folder; name a file")
        if output is not None and not target.absolute().parent.is_dir():
            raise CableCrawlError(
                f"--output {visible(output)}: there is no folder {visible(str(target.parent))};"
                " make it first"
            )
        with storage_errors(data_dir), opened(data_dir) as store, Progress() as progress:
            numbers = survey(store, data_dir, progress)
        content, sections = page(numbers)
        try:
            with storage_errors(target):
                write_whole(target, content)
        except OSError as error:
            raise CableCrawlError(f"{error.filename or target}: {error.strerror}") from error
        with quiet_when_cut_off():
            if not as_json:
                print(summary(numbers))
                print(f"written to {target}, {len(content) / 1000:,.0f} kB")
                return
            told: dict[str, Any] = {
                "written_to": str(target),
                "bytes": len(content),
                "as_of": numbers.as_of,
                "counts": {row.what: row.count for row in numbers.holdings},
                "figures": [
                    {
                        "name": figure.name,
                        "section": section.name,
                        "heading": figure.heading,
                        "sentence": figure.sentence,
                        "rows": len(figure.table.rows),
                    }
                    for section in sections
                    for figure in section.figures
                ],
            }
            print_json(told)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, in the place of one that is there.

    Raises OSError.
    """
    path = Path(os.path.realpath(path))  # a link is followed: what it leads to is replaced
    new = path.with_name(f".{path.name}-{secrets.token_hex(4)}.unfinished")
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    fsync_folder(path.parent)
