"""`scrapy export`: the store as files."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from scrapy.commands import ScrapyCommand

from cablecrawl.changed.moments import Moment, through
from cablecrawl.code_version import steps_sha256
from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import kept_interruption
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.opened import opened
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.bag import BAG, make_bag
from cablecrawl.export.folder import (
    find_target,
    publish,
    publish_under_time,
    unfinished_folder,
)
from cablecrawl.export.formats import DEFAULT_FORMATS, FORMATS
from cablecrawl.export.previous import end_of_latest, named_moment
from cablecrawl.export.read import Snapshot
from cablecrawl.export.selection import Selection, read_selection
from cablecrawl.export.write import Summary, write_export
from cablecrawl.store.database import storage_errors
from cablecrawl.store.queries import steps_that_read


class Command(ScrapyCommand):
    """Writes an export, whole or not at all."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[--output DIR] [--format NAME,…] [--since RUN|DATE|EXPORT] [--year YEAR,…] …"

    def short_desc(self) -> str:
        return "Write cables, readings, captures and problems to files"

    def long_desc(self) -> str:
        return (
            "Write what the store holds to files that other tools read: one line a cable, and"
            " beside it every reading with its evidence, every capture and every problem. The"
            " export appears whole or not at all, in a new folder under exports/, and"
            " exports/latest then points to it. changes.jsonl says what changed since the export"
            " that exports/latest pointed to; with --output, since --since, and without that all"
            " is new. An export of some of the cables (--since, --origin, --year, --tag,"
            " --reference-id) leaves exports/latest as it is. The same store with the same moment"
            " always gives the same bytes."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "export")
        add_examples(
            parser,
            "scrapy export",
            "scrapy export --output cables-for-desk --format csv,text --year 2007-2009",
        )
        add_json(parser, " of what was written")
        parser.add_argument(
            "--output",
            metavar="DIR",
            help="write to this folder, which must be new or empty, and leave exports/latest"
            " as it is",
        )
        parser.add_argument(
            "--format",
            metavar="NAME,…",
            default=",".join(DEFAULT_FORMATS),
            help=f"{'; '.join(f'{name}: {of.about}' for name, of in FORMATS.items())};"
            f" {BAG}: puts what the others write into a BagIt bag;"
            f" default: {','.join(DEFAULT_FORMATS)}",
        )
        parser.add_argument(
            "--changes-since",
            metavar="RUN|DATE|EXPORT",
            help="tell in changes.jsonl what changed since then: before a run, a date, or an"
            " export's folder; default: since exports/latest, with --output of all time",
        )
        some = parser.add_argument_group(
            "Some of the cables",
            "A cable must fit each that is given. Captures and problems are those of its copies.",
        )
        some.add_argument(
            "--since",
            metavar="RUN|DATE|EXPORT",
            help="only cables that have changed since then; --changes-since is the same moment",
        )
        some.add_argument(
            "--origin",
            metavar="POST",
            action="append",
            help="only those of a post, as `origin` names it: 'Embassy Nicosia'; may be repeated",
        )
        some.add_argument("--year", metavar="YEAR,…", help="of the reference ID: 2007 or 2005-2007")
        some.add_argument("--tag", metavar="TAG,…", help="with one of these tags: PREL,KZ")
        some.add_argument(
            "--reference-id", metavar="ID,…", help="these: 07ASTANA1033, or as a source writes it"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy export --help")
            if opts.since and opts.changes_since:
                raise CableCrawlError("--since and --changes-since: give one of them")
            selection = read_selection(
                origins=opts.origin or [],
                years=_parted(opts.year),
                tags=_parted(opts.tag),
                reference_ids=_parted(opts.reference_id),
                has_changed=opts.since is not None,
            )
            since = opts.since or opts.changes_since
            with kept_interruption():
                formats = _read_formats(opts.format)
                self._export(opts.output, formats, selection, since, as_json=opts.json)
        except CableCrawlError as error:
            print(f"scrapy export: {error}", file=sys.stderr)
            self.exitcode = error.exit_status
        except KeyboardInterrupt:
            print("scrapy export: interrupted; nothing was written", file=sys.stderr)
            self.exitcode = 130  # as a shell reports it

    def _export(
        self,
        output: str | None,
        formats: list[str],
        selection: Selection,
        since: str | None,
        *,
        as_json: bool,
    ) -> None:
        assert self.settings is not None
        now = datetime.now(UTC)
        data_dir = Path(self.settings["DATA_DIR"])
        place = Path(output if output is not None else self.settings["EXPORTS_DIR"])
        try:
            with storage_errors(place), opened(data_dir) as store:
                target = find_target(output) if output is not None else None
                is_latest = target is None and selection.is_whole
                moment = _since(store, since, place if is_latest else None)
                with (
                    unfinished_folder(target.parent if target else place) as folder,
                    Progress() as progress,
                ):
                    whole = store.count_cables() if selection.is_whole else None
                    progress.begin("export", "cables", whole)
                    summary = write_export(
                        store,
                        folder,
                        formats,
                        selection=selection,
                        since=moment,
                        show_redacted_spans=self.settings.getbool("SHOW_REDACTED_SPANS"),
                        progress=progress.reach,
                    )
                    if not (summary.cables or selection.is_whole or selection.has_changed):
                        raise CableCrawlError("no cable is selected: nothing was written")
                    if BAG in formats:
                        make_bag(folder, through(store.connection))
                    if target is None:
                        place = publish_under_time(folder, place, now, is_latest=is_latest)
                    elif not publish(folder, target):
                        raise CableCrawlError(f"--output {output}: is not empty any more")
                is_read_by_other_code = not steps_that_read(store.connection) <= {steps_sha256()}
        except OSError as error:
            raise CableCrawlError(f"{error.filename or place}: {error.strerror}") from error
        with quiet_when_cut_off():
            if as_json:
                print_json(for_programs(summary, place))
            else:
                print_summary(summary, place)
        if is_read_by_other_code:
            print(
                "the store was read by other code than today's: `scrapy reparse` brings it up to"
                " date, `scrapy reparse --dry-run` shows what that changes",
                file=sys.stderr,
            )


def _since(store: Snapshot, given: str | None, exports: Path | None) -> Moment | None:
    """Since when changes are told; `exports` has the earlier ones. None: of all time."""
    if given is not None:
        return named_moment(store.connection, given)
    if exports is None:
        return None
    try:
        return end_of_latest(store.connection, exports)
    except CableCrawlError as error:
        print(f"{error}: in changes.jsonl all is new", file=sys.stderr)
        return None


def _parted(given: str | None) -> list[str]:
    return [part.strip() for part in (given or "").split(",") if part.strip()]


def _read_formats(names: str) -> list[str]:
    formats = _parted(names)
    known = ", ".join((*FORMATS, BAG))
    for name in formats:
        if name not in FORMATS and name != BAG:
            raise CableCrawlError(f"--format {name}: unknown format (one of {known})")
    if not formats:
        raise CableCrawlError(f"--format: names no format (one of {known})")
    if formats == [BAG]:
        raise CableCrawlError(f"--format {BAG}: names no format to put into the bag")
    return formats


def print_summary(summary: Summary, where: Path) -> None:
    """What an export holds and where it is."""
    counts = {"cables": summary.cables}
    for file in summary.files:
        if file.resource.format == "jsonl" and file.records is not None:
            counts[file.resource.name] = file.records
    print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    if summary.unlocated:
        print(f"{summary.unlocated.total():,} claims without a place: {_listed(summary.unlocated)}")
    print(f"written to {where}")


def for_programs(summary: Summary, where: Path) -> dict[str, object]:
    """The same, each file with what the manifest says of it."""
    return {
        "output": str(where),
        "cables": summary.cables,
        "unlocated": dict(sorted(summary.unlocated.items())),
        "files": [
            {
                "name": file.resource.name,
                "path": file.resource.path,
                "format": file.resource.format,
                "records": file.records,
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in summary.files
        ],
    }


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
