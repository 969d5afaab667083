"""`scrapy demo`: sample sites on loopback, the three spiders over them, an export to look at."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from cablecrawl.commands.helptext import add_examples
from cablecrawl.commands.interruption import ends_in_one_line
from cablecrawl.commands.usage import refuse_in_one_line
from cablecrawl.export.opened import opened
from cablecrawl.report.stripped import stripped_by_rule

FOLDER = Path("demo")

# Nothing is spared on loopback.
FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=8")
# The numbered site has 40 pages: so few without a cable behind them are the end.
END = ("-s", "RANGE_END_AFTER=20")

RULE_WIDTH = 26
SHOWN_RELEASES = 6


class Command(ScrapyCommand):
    """Shows the main job on invented sites, without the outside."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return ""

    def short_desc(self) -> str:
        return "Crawl sample sites on loopback, export, and show what came of it"

    def long_desc(self) -> str:
        return (
            "Writes four sample mirrors with invented cables to demo/sites, serves them on"
            " loopback beside a sample blog and a sample cable browser, crawls them as `scrapy"
            " crawl mirrors`, `wordpress` and `cablebrowser` do, exports to demo/export, and"
            " prints what was found, what was stripped, where one value comes from and where to"
            " look. An earlier demo is replaced."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser, "demo")
        add_examples(parser, "scrapy demo")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError("scrapy demo takes no arguments")
        with ends_in_one_line(self, f"what is in {FOLDER}/ is not whole"):
            self.exitcode = run_demo()


def run_demo() -> int:
    """Crawl, export and show; the exit status of the first command that fails."""
    # The sample sites belong to the tests; nothing else here needs them.
    from tests.sites.blog import demo_blog
    from tests.sites.cablebrowser import NumberedSite, numbered_cables
    from tests.sites.mirror import demo_sites
    from tests.sites.server import Site, SiteServer

    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    sites: dict[str, dict[str, Path | Site]] = {
        "mirrors": {**demo_sites(FOLDER / "sites")},
        "wordpress": {"blog": Site(FOLDER, script=demo_blog())},
        "cablebrowser": {"cable-browser": Site(FOLDER, script=NumberedSite(numbered_cables(40)))},
    }
    kinds = {name: kind for kind, named in sites.items() for name in named}
    with SiteServer(
        {name: site for named in sites.values() for name, site in named.items()}
    ) as server:
        sources = FOLDER / "sources.toml"
        sources.write_text(sources_toml(server.urls, kinds), encoding="utf-8")
        store = ("-s", f"DATA_DIR={FOLDER / 'data'}", "-s", f"SOURCES_FILE={sources}")
        print(f"{len(kinds)} sample sites with invented cables, on loopback:")
        for name, url in server.urls.items():
            print(f"  {name:14} {url}")
        status = 0
        for kind, named in sites.items():
            chosen = ("-a", f"source={','.join(named)}")
            end = END if kind == "cablebrowser" else ()
            status = status or _scrapy("crawl", kind, *chosen, *store, *FAST, *end)
    if status == 0:
        export = ("--output", str(FOLDER / "export"), "--format", "jsonl,csv,sqlite")
        status = _scrapy("export", *export, *store)
    if status == 0:
        richest = show(FOLDER)
        status = _scrapy("trace", richest, "subject", "--verify", *store)
        status = status or _scrapy("report", "--output", str(FOLDER / "report.html"), *store)
        show_where_to_look(FOLDER)
    return status


def sources_toml(urls: dict[str, str], kinds: dict[str, str]) -> str:
    """A registry of the sample sites."""
    tables = (
        f'[{name}]\nkind = "{kinds[name]}"\nstart_urls = ["{url}"]\npublisher = "CableCrawl"\n'
        f'known_by = "scrapy demo"\nrank = {rank}\n'
        for rank, (name, url) in enumerate(urls.items())
    )
    return "\n".join(tables)


def show(folder: Path) -> str:
    """Print what was found and what was stripped; returns the cable that was shown."""
    cables = _lines(folder / "export" / "cables.jsonl")
    readings = _lines(folder / "export" / "readings.jsonl")
    changed = {reference_id for reference_id, count in _texts(readings).items() if count > 1}
    print("\nfound")
    print(
        f"  {len(cables)} cables, {sum(len(cable['witnesses']) for cable in cables)} copies of"
        f" them, {len(readings)} readings; the text of {len(changed)} differs between copies"
    )
    richest = max(
        cables,
        key=lambda cable: (
            cable["reference_id"] in changed,
            not cable["flags"],
            len({witness["layout"] for witness in cable["witnesses"]}),
            _copies(cable),
        ),
    )
    print(f"  for example {richest['reference_id']}, {richest['subject']}")
    print(
        f"    created {richest['created']} (exact to the {richest['created_precision']}),"
        f" {richest['classification']}, {richest['origin']}"
    )
    for release in richest["releases"][:SHOWN_RELEASES]:
        print(
            f"    {release['value']:17} says {release['asserted_by']} at {release['source']}"
            f" ({release['basis']}, {release['confidence']})"
        )
    if len(richest["releases"]) > SHOWN_RELEASES:
        print(f"    and {len(richest['releases']) - SHOWN_RELEASES} release claims more")
    print(f"    its text is chosen by {richest['chosen_by']}")
    for witness in richest["witnesses"]:
        print(f"    {witness['relation']:9} {witness['url']}")
    print("\nstripped: pages, characters")
    with opened(folder / "data") as store:
        for row in stripped_by_rule(store.connection):
            print(f"  {row.rule:{RULE_WIDTH}} {row.pages:5,} {row.characters:9,}")
    return str(richest["reference_id"])


def show_where_to_look(folder: Path) -> None:
    """Print what is where."""
    print("\nwhere to look")
    for path, what in (
        ("export/cables.jsonl", "one line a cable: text, fields, copies, release claims"),
        ("export/readings.jsonl", "every text of every copy, each field with its evidence"),
        ("export/relations.jsonl", "how the texts of a cable differ"),
        ("export/changes.jsonl", "what changed since the export before: all is new here"),
        ("export/captures.jsonl", "every request that was made, and what came of it"),
        ("export/cables.csv", "the cables for a spreadsheet"),
        ("export/cables.sqlite", "the same as tables, with full-text search"),
        ("export/datapackage.json", "what the files are, with their SHA-256"),
        ("data/warc/", "the responses as they came"),
        ("report.html", "the state of this corpus as one page with figures"),
        ("sites/", "the sample sites"),
    ):
        print(f"  {folder / path!s:30} {what}")
    print(
        f"or in your browser: .venv/bin/scrapy browse --open --export {folder / 'export'}"
        f" -s DATA_DIR={folder / 'data'}"
    )


def _scrapy(*arguments: str) -> int:
    print(f"\n$ scrapy {shlex.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "scrapy", *arguments]).returncode


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _copies(cable: dict[str, Any]) -> int:
    return len(cable["witnesses"])


def _texts(readings: list[dict[str, Any]]) -> Counter[str]:
    """How many different texts each cable has."""
    return Counter(
        reference_id
        for reference_id, _ in {(line["reference_id"], line["reading_sha256"]) for line in readings}
    )
