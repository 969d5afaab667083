"""`scrapy trace`: where the values of a cable come from, down to the bytes."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from io import TextIOWrapper
from pathlib import Path

from scrapy.commands import ScrapyCommand

from cablecrawl.collation.hidden import Hidden
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.opened import opened
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.reference_id import ReferenceID
from cablecrawl.store.database import WARC_FOLDER, storage_errors
from cablecrawl.trace.asked import find_cable, read_reference_id, trace_cable
from cablecrawl.trace.display import Display, visible
from cablecrawl.trace.explanation import FIELD_NAMES, explain
from cablecrawl.trace.origin import Origins

NOT_VERIFIED = 2
"""Exit status: something does not follow from the bytes."""


class Command(ScrapyCommand):
    """Shows where a cable's values come from; changes nothing."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "REFERENCE_ID [FIELD] [--verify] [--json | --prov]"

    def short_desc(self) -> str:
        return "Show where the values of a cable come from, down to the bytes"

    def long_desc(self) -> str:
        return (
            "For each value of a cable's line in cables.jsonl: the claim that it rests on, the"
            " quote in its surroundings, the rule that read it, the capture (time, status, WARC"
            " file and offset, digest), the run, what other copies and readings say, and why"
            " this one was chosen. FIELD is a key of cables.jsonl; without it, all are shown."
            " What one reading hides and another shows stays hidden. Exit status 2: something"
            " does not verify."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "trace")
        add_examples(
            parser,
            "scrapy trace 07ASTANA1033 created --verify",
            "scrapy trace '07 ASTANA 1033' --json",
        )
        parser.add_argument(
            "--verify",
            action="store_true",
            help="read the WARC records again, check their digests, run the steps again, and say"
            " ok or where it breaks",
        )
        form = parser.add_mutually_exclusive_group()
        add_json(form)
        form.add_argument(
            "--prov", action="store_true", help="print the cable's provenance as PROV-JSON"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with ends_in_one_line(self):
            asked, field = _read_arguments(args)
            if opts.prov and (field is not None or opts.verify):
                raise CableCrawlError("--prov is of the whole cable: give no FIELD and no --verify")
            with quiet_when_cut_off():
                self._trace(asked, field, opts)

    def _trace(self, asked: ReferenceID, field: str | None, opts: argparse.Namespace) -> None:
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        shows = self.settings.getbool("SHOW_REDACTED_SPANS")
        with storage_errors(data_dir), opened(data_dir) as store:
            cable = find_cable(store, asked)
            if opts.prov:
                print_prov(store, cable, data_dir, show=shows)
                return
            trace = trace_cable(
                store, cable, asked, field, data_dir, verify=opts.verify, show=shows
            )
        if trace.verified is False:
            self.exitcode = NOT_VERIFIED
        if opts.json:
            print_json(trace)
        else:
            if isinstance(sys.stdout, TextIOWrapper):
                sys.stdout.reconfigure(errors="backslashreplace")  # not all terminals have UTF-8
            Display().show(trace)


def _read_arguments(args: list[str]) -> tuple[ReferenceID, str | None]:
    if not 1 <= len(args) <= 2:
        raise CableCrawlError("give a reference ID, and a field if only one is wanted")
    asked = read_reference_id(args[0])
    field = args[1] if len(args) == 2 else None
    if field is not None and field not in FIELD_NAMES:
        raise CableCrawlError(f"{visible(field)}: no such field (one of {', '.join(FIELD_NAMES)})")
    return asked, field


def print_prov(store: Snapshot, cable: StoredCable, data_dir: Path, *, show: bool) -> None:
    """The provenance of a cable as PROV-JSON. `show`: the setting SHOW_REDACTED_SPANS."""
    from cablecrawl.trace.prov_document import cable_provenance, prov_json

    origins = Origins(store.connection, cable.reference_id, data_dir / WARC_FOLDER)
    with closing(origins):
        hidden = Hidden.of(cable, origins.former, show=show)
        excerpt = hidden.excerpt if hidden else None
        document = cable_provenance(
            explain(cable), origins, store.connection, hidden.mask, excerpt, hidden.address
        )
    print(prov_json(document))
