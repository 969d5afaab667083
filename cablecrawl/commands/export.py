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
from cablecrawl.commands.helptext import add_examples, add_list
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.progress import Progress
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.bag import ABOUT, BAG, make_bag
from cablecrawl.export.folder import (
    find_target,
    publish,
    publish_under_time,
    unfinished_folder,
)
from cablecrawl.export.formats import DEFAULT_FORMATS, FORMATS
from cablecrawl.export.opened import opened
from cablecrawl.export.previous import end_of_latest, named_moment
from cablecrawl.export.read import Snapshot
from cablecrawl.export.selection import Selection, given_name, parted_names, read_selection
from cablecrawl.export.write import Summary, write_export
from cablecrawl.store.database import storage_errors
from cablecrawl.store.queries import steps_that_read
from cablecrawl.trace.display import visible

MOST_NAMED = 5

KNOWN_FORMATS = {
    **{name: of.about for name, of in FORMATS.items()},
    BAG: ABOUT,
}


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
            action="append",
            help=f"one or several of those below; default: {','.join(DEFAULT_FORMATS)}",
        )
        parser.add_argument(
            "--changes-since",
            metavar="RUN|DATE|EXPORT",
            help="tell in changes.jsonl what changed since then: before a run, a date, or an"
            " export's folder; default: since exports/latest, with --output of all time",
        )
        some = parser.add_argument_group(
            "Some of the cables",
            "A cable must fit each that is given. Captures and problems are those of the pages that"
            " its copies were read from or looked for at. Each but --since may be repeated.",
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
            help="only those of a post, as `origin` names it: 'Embassy Nicosia'",
        )
        some.add_argument(
            "--year",
            metavar="YEAR,…",
            action="append",
            help="of the reference ID: 2007 or 2005-2007",
        )
        some.add_argument(
            "--tag",
            metavar="TAG",
            action="append",
            help="with this tag: PREL, or 'CLINTON, HILLARY'",
        )
        some.add_argument(
            "--reference-id",
            metavar="ID,…",
            action="append",
            help="these: 07ASTANA1033, or as a source writes it",
        )
        add_list(parser, "Formats", KNOWN_FORMATS)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with ends_in_one_line(self, "nothing was written"):
            if args:
                raise CableCrawlError(f"{args[0]}: unknown argument; see scrapy export --help")
            if opts.since is not None and opts.changes_since is not None:
                raise CableCrawlError("--since and --changes-since: give one of them")
            since = _stated("--since", opts.since) or _stated("--changes-since", opts.changes_since)
            _stated("--output", opts.output)
            selection = read_selection(
                {
                    "origin": opts.origin,
                    "year": opts.year,
                    "tag": opts.tag,
                    "reference_id": opts.reference_id,
                },
                has_changed=opts.since is not None,
            )
            self._export(
                opts.output,
                _read_formats(opts.format),
                selection,
                since,
                as_json=opts.json,
            )

    def _export(
        self,
        output: str | None,
        formats: list[str],
        selection: Selection,
        since: tuple[str, str] | None,
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
                    cables = store.count_cables() if selection.is_whole else None
                    progress.begin("export", "cables", cables)
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
                        raise CableCrawlError(
                            f"no cable is selected: nothing was written ({_none_has(summary)})"
                        )
                    if BAG in formats:
                        make_bag(folder, through(store.connection))
                    if target is None:
                        place = publish_under_time(folder, place, now, is_latest=is_latest)
                    elif not publish(folder, target):
                        raise CableCrawlError(f"--output {output}: is not empty any more")
                is_read_by_other_code = not steps_that_read(store.connection) <= {steps_sha256()}
        except OSError as error:
            raise CableCrawlError(f"{error.filename or place}: {error.strerror}") from error
        if summary.unmet:
            print(_none_has(summary), file=sys.stderr)
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


def _stated(option: str, value: str | None) -> tuple[str, str] | None:
    """An option and its value; None: it is not given. Raises CableCrawlError where it is empty."""
    return None if value is None else (option, given_name(option, value))


def _since(store: Snapshot, given: tuple[str, str] | None, exports: Path | None) -> Moment | None:
    """Since when changes are told; `exports` has the earlier ones. None: of all time."""
    if given is not None:
        option, named = given
        return named_moment(store.connection, named, option)
    if exports is None:
        return None
    try:
        return end_of_latest(store.connection, exports)
    except CableCrawlError as error:
        print(f"{error}: in changes.jsonl all is new", file=sys.stderr)
        return None


def _read_formats(given: list[str] | None) -> list[str]:
    formats = parted_names("--format", given) if given is not None else list(DEFAULT_FORMATS)
    known = ", ".join(KNOWN_FORMATS)
    for name in formats:
        if name not in KNOWN_FORMATS:
            raise CableCrawlError(f"--format {visible(name)}: unknown format (one of {known})")
    if set(formats) == {BAG}:
        raise CableCrawlError(f"--format {BAG}: names no format to put into the bag")
    return formats


def _none_has(summary: Summary) -> str:
    """What was asked for and no cable has, of which a few are named."""
    named = [
        f"--{option.replace('_', '-')} {', '.join(map(visible, map(str, names[:MOST_NAMED])))}"
        + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
        for option, names in summary.unmet.items()
    ]
    return f"no cable has {'; '.join(named)}"


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
        "unmet": summary.unmet,
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
