"""`scrapy runs`: what was crawled when, and how each run ended."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from scrapy.commands import ScrapyCommand

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.json_form import add_json, print_json
from cablecrawl.commands.output import quiet_when_cut_off
from cablecrawl.commands.table import table_lines
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.errors import CableCrawlError
from cablecrawl.past_runs import PastRun, past_runs
from cablecrawl.schedule.holder import run_at_work
from cablecrawl.schedule.logs import log_path, tail
from cablecrawl.store.database import storage_errors
from cablecrawl.store.looking import open_for_looking
from cablecrawl.trace.display import visible

HEADINGS = (
    *("run", "took", "spider", "source", "state", "status"),
    *("new", "changed", "gone", "back", "bytes", "problems"),
)
# Runs that are listed when nobody says how many: a screen.
SHOWN = 20
LOG_LINES = 20


class Command(ScrapyCommand):
    """Lists runs; changes nothing."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[-n N] [--source NAME] [--json] | RUN [--json]"

    def short_desc(self) -> str:
        return "List the runs: when, how long, what came of them, and why one failed"

    def long_desc(self) -> str:
        return (
            "Lists the runs of the store, the newest first: when each began (UTC, in its name),"
            " its sources, how it ended with which exit status, the cables that were new, changed,"
            " gone or back, and the bytes; a run that did not end well says why in a line. With"
            " the ID of a run, or its beginning, that one in full, with the end of its log: crawls"
            " that `scrapy schedule` began have one."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "runs")
        add_examples(
            parser, "scrapy runs -n 5 --source mrkva", "scrapy runs 20261122T030000Z --json"
        )
        parser.add_argument("-n", metavar="N", help=f"how many; default: {SHOWN}; 0: all")
        parser.add_argument(
            "--source", metavar="NAME", help="only runs of this source; default: all"
        )
        add_json(parser, ", without the ends of logs")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        data_dir = Path(self.settings["DATA_DIR"])
        with ends_in_one_line(self):
            most, asked = _read_arguments(args, opts)
            with storage_errors(data_dir), quiet_when_cut_off():
                runs = list(_chosen(data_dir, most, opts.source, asked))
                if opts.json:
                    print_json({"runs": [run.as_dict() for run in runs]})
                elif asked is not None:
                    print("\n".join(_in_full(runs[0], data_dir)))
                else:
                    print("\n".join(_listed(runs)))


def _read_arguments(args: list[str], opts: argparse.Namespace) -> tuple[int | None, str | None]:
    """How many runs to list (None: all), and the one asked for. Raises CableCrawlError."""
    if len(args) > 1 or (args and args[0].startswith("-")):
        raise CableCrawlError(f"{visible(args[-1])}: unknown argument; see scrapy runs --help")
    if args and (opts.n is not None or opts.source is not None):
        raise CableCrawlError("give a run, or -n and --source for a list")
    if opts.n is not None and not (opts.n.isascii() and opts.n.isdigit()):
        raise CableCrawlError(f"-n {visible(opts.n)}: must be a whole number, 0 for all")
    most = SHOWN if opts.n is None else int(opts.n) or None
    return most, args[0] if args else None


def _chosen(
    data_dir: Path, most: int | None, source: str | None, asked: str | None
) -> Iterator[PastRun]:
    at_work = run_at_work(data_dir)
    engine = open_for_looking(data_dir)
    try:
        with engine.connect() as db:
            if asked is None:
                yield from islice(past_runs(db, data_dir, at_work=at_work, source=source), most)
                return
            found = list(past_runs(db, data_dir, at_work=at_work, run=asked))
    finally:
        engine.dispose()
    if not found:
        raise CableCrawlError(
            f"{visible(asked)}: the store has no such run; `scrapy runs` lists them"
        )
    if len(found) > 1:
        raise CableCrawlError(f"{asked}: begins the IDs of {len(found)} runs; give more of it")
    yield found[0]


def _listed(runs: list[PastRun]) -> Iterator[str]:
    if not runs:
        yield "no runs"
        return
    lines = table_lines([HEADINGS, *map(_cells, runs)])
    yield next(lines)
    for run, line in zip(runs, lines, strict=True):
        yield line
        if run.why is not None:
            yield f"  {visible(run.why)}"


def _cells(run: PastRun) -> tuple[str, ...]:
    return (
        run.run,
        _duration(run.seconds),
        run.spider,
        _sources(run.sources),
        run.state,
        "-" if run.exit_status is None else str(run.exit_status),
        *(f"{count:,}" for count in (run.new, run.changed, run.gone, run.back)),
        f"{run.bytes_received:,}",
        f"{run.problems:,}",
    )


def _sources(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} sources" if names else "-"


def _duration(seconds: float | None) -> str:
    """`12s`, `3m04s`, `2h10m`."""
    if seconds is None:
        return "-"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minute:02}m"
    return f"{minute}m{second:02}s" if minute else f"{second}s"


def _in_full(run: PastRun, data_dir: Path) -> Iterator[str]:
    arguments = " ".join(f"-a {name}={value}" for name, value in run.arguments.items())
    problems = ", ".join(f"{reason} {count:,}" for reason, count in run.by_reason.items())
    status = "-" if run.exit_status is None else str(run.exit_status)
    for label, text in (
        ("run", run.run),
        ("command", f"scrapy crawl {run.spider} {arguments}".rstrip()),
        ("code", run.code_version or "unknown"),
        ("sources", ", ".join(run.sources)),
        ("goes on with", run.goes_on_with),
        ("began", run.began),
        ("ended", run.ended),
        ("took", _duration(run.seconds)),
        ("state", f"{run.state}, exit status {status}"),
        ("why", run.why),
        (
            "cables",
            f"{run.new:,} new, {run.changed:,} changed, {run.gone:,} gone, {run.back:,} back",
        ),
        ("received", f"{run.captures:,} responses, {run.bytes_received:,} bytes"),
        ("problems", problems or "none"),
        ("log", run.log or "none: it was not begun by `scrapy schedule`"),
    ):
        if text:
            yield f"{label:12}  {visible(text)}"
    path = log_path(data_dir, run.log) if run.log is not None else None
    if path is not None:
        lines = tail(path, LOG_LINES)
        yield "" if lines else "(the log was removed: SCHEDULE_LOG_FILES, SCHEDULE_LOG_BYTES)"
        yield from map(visible, lines)
