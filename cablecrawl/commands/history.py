"""`scrapy history`: how a cable's text changed, and how its texts relate."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from scrapy.commands import ScrapyCommand

from cablecrawl.collation.changes import count_changes
from cablecrawl.collation.display import changes_lines, history_lines
from cablecrawl.collation.former import former_of
from cablecrawl.collation.history import history_of
from cablecrawl.collation.links import links_of
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.opened import opened
from cablecrawl.reference_id import ReferenceID
from cablecrawl.releases import load_releases
from cablecrawl.store.database import storage_errors
from cablecrawl.trace.asked import find_cable, read_reference_id


class Command(ScrapyCommand):
    """Shows how a cable's text changed; changes nothing."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "REFERENCE_ID [--json] | --changes [--json]"

    def short_desc(self) -> str:
        return "Show how the text of a cable changed, and how its copies relate"

    def long_desc(self) -> str:
        return (
            "For each copy of a cable, the texts that its captures met, one after the other, and"
            " what changed; the same from release to release, where pages name theirs; and how"
            " every two texts relate: the same but for white space or typography, an extract, a"
            " redaction, a variant. What one text hides and another shows is written [hidden],"
            " unless -s SHOW_REDACTED_SPANS=1 is given. With --changes, the kinds of change in"
            " the whole store are counted."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "history")
        add_examples(parser, "scrapy history 07ASTANA1033", "scrapy history --changes --json")
        parser.add_argument(
            "--changes", action="store_true", help="count the kinds of change of all cables"
        )
        add_json(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with ends_in_one_line(self):
            asked = _read_arguments(args, opts.changes)
            with quiet_when_cut_off():
                self._show(asked, as_json=opts.json)

    def _show(self, asked: ReferenceID | None, *, as_json: bool) -> None:
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        releases = load_releases()
        with storage_errors(data_dir), opened(data_dir) as store:
            if asked is None:
                with Progress() as progress:
                    cables = progress.through(
                        store.cables(), "counting", "cables", store.count_cables()
                    )
                    changes = count_changes(cables, releases)
                _write(changes, None if as_json else changes_lines(changes))
                return
            cable = find_cable(store, asked)
            links = links_of(cable, store.cable)
            former = former_of(store.connection, cable.reference_id)
        show = self.settings.getbool("SHOW_REDACTED_SPANS")
        history = history_of(cable, releases, links, former, show=show)
        _write(history, None if as_json else history_lines(history))


def _write(found: object, lines: Iterable[str] | None) -> None:
    """As lines; where there are none, as JSON."""
    if lines is None:
        print_json(found)
        return
    for line in lines:
        print(line)


def _read_arguments(args: list[str], changes: bool) -> ReferenceID | None:
    """The ID asked for; None: --changes, which takes none."""
    if changes:
        if args:
            raise CableCrawlError("--changes counts all cables: give no reference ID with it")
        return None
    if len(args) != 1:
        raise CableCrawlError("give a reference ID, or --changes for the whole store")
    asked = read_reference_id(args[0])
    return asked
