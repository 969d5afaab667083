"""Stripping pages down to the cable: main-content extractors against ours, on the same pages.

Real cables of ../shared/corpus, each as WikiLeaks' own page, as posts of a blog and as pages of a
cable browser, go through each tool in turn, each in a process of its own. The other tools live in
an environment of their own, .benchmarks/boilerplate, which the first run makes.

    .venv/bin/python -m benchmarks.boilerplate                   300 cables, five pages of each
    .venv/bin/python -m benchmarks.boilerplate --all             all 1,869 of them
    .venv/bin/python -m benchmarks.boilerplate --every-form      twelve pages of each
    .venv/bin/python -m benchmarks.boilerplate --only ours,resiliparse
"""

from __future__ import annotations

import argparse
import html
import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

from benchmarks.extractors import EXTRACTORS, PAGES, Extract, run
from cablecrawl.boilerplate import PARTS, load_rules, rules_of
from cablecrawl.items import CablePage
from cablecrawl.layouts.page import Excerpt, Span
from cablecrawl.matter import MatterRules, find_matter
from cablecrawl.reading import PageReader, items_of
from cablecrawl.rereading import steps_before_the_store
from cablecrawl.stats import CountingStats
from pipelines.boilerplate import BoilerplatePipeline
from tests.corpus import CORPUS, PlainReading, cable_pages, read_plainly, unpack_snapshot
from tests.pipelines import capture_of
from tests.sites.cablebrowser import DRESSES, Markup, cable_page
from tests.sites.cables import InventedCable
from tests.wordpress.posts import post_of, posted
from tests.wordpress.shown import post_page

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENT = PROJECT / ".benchmarks" / "boilerplate"
REQUIREMENTS = PROJECT / "benchmarks" / "boilerplate-requirements.txt"
SNAPSHOT = "release-2010-12-22"

OURS = {
    "ours": "page text, layout, stripping: what the others do",
    "ours with claims": "the same and every field with its evidence",
}
BUDGET = 1.0
# Of ours that are not exact, named in the output.
MOST_NAMED = 20

# ------------------------------------------------------------------------------------ pages


@dataclass(frozen=True)
class Cable:
    """A real cable, and its page at WikiLeaks."""

    path: str
    document: bytes
    plain: PlainReading


Maker = Callable[[str, Cable, Cable], tuple[str, bytes]]
"""From a form, a cable, and another that its readers quote, to a page's address and bytes."""


@dataclass(frozen=True)
class Family:
    """Pages that are read and judged alike."""

    name: str
    layout: str
    forms: tuple[str, ...]
    in_pre: bool
    """The cable stands in `<pre>`, so that its text is shown as it is."""
    make: Maker


@dataclass(frozen=True)
class Page:
    """A page, and the texts that are the cable's and nothing else."""

    family: Family
    form: str
    address: str
    body: bytes
    reference_id: str
    accepted: tuple[tuple[str, str], ...]
    """Header and body, as shown; and less the foreign matter that stands in some cables."""


def mirror_page(form: str, cable: Cable, other: Cable) -> tuple[str, bytes]:
    """WikiLeaks' own page."""
    return f"http://mirror.example/{cable.path}", cable.document


def blog_page(form: str, cable: Cable, other: Cable) -> tuple[str, bytes]:
    """A post, with a comment that quotes another cable, in a theme with all that blogs have."""
    post = post_of(form, posted(cable.plain))
    quoted = html.escape(other.plain.body[:1500], quote=False)
    comment = f"<p>Compare {other.plain.reference_id}:</p>\n<pre>{quoted}</pre>"
    address = f"http://blog.example/{cable.plain.created[:7].replace('-', '/')}/20/a-post/"
    page = post_page(post.title, post.content, address=address, comment=comment)
    page = page.replace("</head>", f"{STYLE}{SCRIPT}</head>").replace(
        "</aside>", f"{LISTS}</aside>"
    )
    return address, page.encode()


def browser_page(form: str, cable: Cable, other: Cable) -> tuple[str, bytes]:
    """A page of a cable browser."""
    plain = cable.plain
    shown = InventedCable(
        plain.reference_id, plain.created, plain.classification, plain.origin,
        plain.title, plain.header, plain.body, tags=("PGOV", "PREL"),
    )  # fmt: skip
    markup = cast(Markup, form)
    address = f"http://browser.example/cable/{plain.reference_id}"
    return address, cable_page(shown, DRESSES[markup]).content


# A blog's page is some 60 KB, most of it theme: styles, scripts, and lists beside the post.
STYLE = "<style>{}</style>\n".format(
    "\n".join(
        f".widget-{n} {{ margin: 0 {n}px; color: #{n:06x}; float: left; }}" for n in range(300)
    )
)
SCRIPT = "<script>{}</script>\n".format(
    "\n".join(
        f"window.parts.push({{id: {n}, name: 'part {n}', at: [{n}, 0]}});" for n in range(300)
    )
)
LISTS = "<h2>Months</h2><ul>\n{}</ul>".format(
    "".join(
        f'<li><a href="/{year}/{month:02}/">{year}, month {month}</a>&nbsp;({month + 3})</li>\n'
        for year in range(2010, 2003, -1)
        for month in range(12, 0, -1)
    )
)

FAMILIES = (
    Family("mirror", "wikileaks", ("page",), True, mirror_page),
    Family(
        "blog <pre>",
        "wordpress",
        ("block_as_table", "block_as_cells", "blocks_preformatted", "plain_pre"),
        True,
        blog_page,
    ),
    Family(
        "blog <p>",
        "wordpress",
        ("block_as_lines", "blocks_paragraphs", "plain_text"),
        False,
        blog_page,
    ),
    Family("browser <pre>", "cablebrowser", ("table", "definitions", "list"), True, browser_page),
    Family("browser <p>", "cablebrowser", ("paragraphs",), False, browser_page),
)


def make_pages(cables: Sequence[Cable], *, every_form: bool) -> Iterator[Page]:
    """The pages as a crawl meets them, one site after the other.

    A cable has one page of each family, whose forms take turns, or one in every form.
    """
    rules = {
        family.layout: {
            part: MatterRules.of(part, rules_of(family.layout, load_rules())) for part in PARTS
        }
        for family in FAMILIES
    }
    for family in FAMILIES:
        turns = cycle(family.forms)
        for index, cable in enumerate(cables):
            other = cables[index - 1]
            for form in family.forms if every_form else (next(turns),):
                address, body = family.make(form, cable, other)
                yield Page(
                    family,
                    form,
                    address,
                    body,
                    cable.plain.reference_id,
                    accepted_texts(cable.plain, rules[family.layout]),
                )


def accepted_texts(
    plain: PlainReading, rules: dict[str, MatterRules]
) -> tuple[tuple[str, str], ...]:
    """Header and body as the page shows them, and less what the rules for matter take."""
    shown = (plain.header, plain.body)
    stripped = []
    for part, text in zip(PARTS, shown, strict=True):
        spans = sorted(matter.span for matter in find_matter(text, rules[part]))
        less = Excerpt(text, Span(0, len(text))).without(spans).text
        stripped.append(less if less or part == "header" else text)
    return tuple(dict.fromkeys((shown, (stripped[0], stripped[1]))))


def read_cables(count: int | None, work: Path) -> list[Cable]:
    """So many cables of the snapshot, spread over it; all for None."""
    folder = unpack_snapshot(SNAPSHOT, work)
    pages = list(cable_pages(folder))
    if count is not None and count < len(pages):
        pages = [pages[index * len(pages) // count] for index in range(count)]
    return [Cable(path, document, read_plainly(document.decode())) for path, document in pages]


# --------------------------------------------------------------------------------- scoring


@dataclass
class Score:
    """What a tool made of a set of pages."""

    pages: int = 0
    exact: int = 0
    same_words: int = 0
    lost: float = 0.0
    """Shares of the cables' words that are not in the output, summed."""
    foreign: float = 0.0
    """Shares of the outputs' words that are not the cable's, summed."""
    seconds: float = 0.0

    def add(self, page: Page, text: str, seconds: float, *, exact: bool) -> None:
        words = words_of(text)
        texts = [words_of(f"{header}\n{body}") for header, body in page.accepted]
        found = Counter(words)
        # The accepted text that is nearest.
        best = min(map(Counter, texts), key=lambda w: ((w - found) + (found - w)).total())
        self.pages += 1
        self.exact += exact
        self.same_words += words in texts
        self.lost += (best - found).total() / best.total()
        self.foreign += (found - best).total() / max(found.total(), 1)
        self.seconds += seconds

    @property
    def rate(self) -> float:
        """Pages a second and core."""
        return self.pages / self.seconds


def is_exact(page: Page, text: str) -> bool:
    """Whether a text is the cable's header and body and nothing else, as the page shows them.

    In `<pre>` character for character, blank lines at the ends of header and body aside; in
    paragraphs line for line, with blank lines and runs of blanks as HTML shows them: not at all.
    """
    if not page.family.in_pre:
        lines = lines_of(text)
        return any(lines == lines_of(f"{header}\n{body}") for header, body in page.accepted)
    text = BLANK_ENDS.sub("", text)
    for header, body in page.accepted:
        between = text[len(header) : len(text) - len(body)]
        if (
            len(text) >= len(header) + len(body)
            and text.startswith(header)
            and text.endswith(body)
            and not between.strip()
            and ("\n" in between) == bool(header)
        ):
            return True
    return False


BLANK_ENDS = re.compile(r"\A(?:[ \t]*\n)+|(?:\n[ \t]*)+\Z")


def lines_of(text: str) -> list[str]:
    """The lines that show something, their runs of blanks as one."""
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


def words_of(text: str) -> list[str]:
    """The words, WikiLeaks' paragraph marks aside."""
    return text.replace("¶", " ").split()


# ------------------------------------------------------------------------------------ ours


def read_ours(*, all_claims: bool) -> Extract:
    """From a page's bytes to its cable, by the steps of a crawl."""
    logging.disable()
    stats = CountingStats()
    reader = PageReader()
    steps = (
        steps_before_the_store(stats) if all_claims else (BoilerplatePipeline(load_rules(), stats),)
    )

    def read(url: str, body: bytes) -> str:
        texts = []
        page = reader.read(url, body, "text/html; charset=utf-8")
        for item in items_of(capture_of(url), page):
            for step in steps:
                item = step.process_item(item)
            if isinstance(item, CablePage):
                texts.append(shown_text(item))
        return "\n\n".join(texts)

    return read


def shown_text(item: CablePage) -> str:
    """Header and body, with the blanks that part them on the page."""
    header, body = item.cable.header, item.cable.body
    if not header.text or not body.text:
        return header.text + body.text
    between = item.page.text[header.spans()[-1].end : body.spans()[0].start]
    return f"{header.text}{between if between.isspace() else chr(10) * 2}{body.text}"


# ----------------------------------------------------------------------------- measurement


def environment() -> Path:
    """The Python of the extractors' environment, which is made where it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    installed = ENVIRONMENT / "installed.txt"
    if installed.exists() and installed.read_text() == REQUIREMENTS.read_text():
        return python
    print(f"installing the extractors in {ENVIRONMENT.relative_to(PROJECT)}", file=sys.stderr)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    # As in the Makefile: without ensurepip, which Debian keeps apart. An old pip fails on the
    # extras of lxml.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(ENVIRONMENT)],
        [*pip, "--upgrade", "pip"],
        [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
    installed.write_text(REQUIREMENTS.read_text())
    return python


def measure(name: str, folder: Path, results: Path) -> list[tuple[float, str]]:
    """CPU seconds and text of each page, by one tool in a process of its own."""
    if name in OURS:
        command = [sys.executable, "-m", "benchmarks.boilerplate", "--child"]
    else:
        command = [str(environment()), str(PROJECT / "benchmarks" / "extractors.py")]
    done = subprocess.run(
        [*command, name, str(folder), str(results)], capture_output=True, text=True, cwd=PROJECT
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    with results.open(encoding="utf-8") as lines:
        return [(seconds, text) for seconds, text in map(json.loads, lines)]


def compare(
    pages: Sequence[Page], names: Sequence[str], rounds: int, work: Path
) -> dict[str, list[tuple[float, str]]]:
    """All tools in turn, `rounds` times: for each page its least time, and its text."""
    folder = work / "pages"
    folder.mkdir()
    listing = [(f"{number:06}.html", page.address) for number, page in enumerate(pages)]
    for (file, _), page in zip(listing, pages, strict=True):
        (folder / file).write_bytes(page.body)
    (folder / PAGES).write_text(json.dumps(listing), encoding="utf-8")
    found: dict[str, list[tuple[float, str]]] = {}
    for _ in range(rounds):
        for name in names:
            results = measure(name, folder, work / "results")
            best = found.get(name, results)
            found[name] = [
                (min(one, other), text)
                for (one, text), (other, _) in zip(best, results, strict=True)
            ]
    return found


# ---------------------------------------------------------------------------------- report

MEANINGS = """\
exact       the cable's header and body and nothing else: in <pre> character for character, in
            paragraphs line for line as a browser shows them; blank lines around header and body
            aside. Foreign matter in a cable (a dump's record, a paper's heading) may stay or go.
same words  as lenient: the same words in the same order, however they are spaced
lost        the cable's words that are missing; foreign: words of the output that are not its
pages/s     in a second of CPU, from bytes in memory to text; each page at its best of the rounds"""


def report(pages: Sequence[Page], found: dict[str, list[tuple[float, str]]]) -> None:
    """Print what each tool made of the pages, and at what speed."""
    exact = {
        name: [is_exact(page, text) for page, (_, text) in zip(pages, results, strict=True)]
        for name, results in found.items()
    }
    scores = {name: scores_of(pages, found[name], exact[name]) for name in found}
    every = "all pages"
    columns = [*(family.name for family in FAMILIES), every]
    print(f"{'':18}" + "".join(f"{column:>15}" for column in columns))
    counts = next(iter(scores.values()))
    print(f"{'pages':18}" + "".join(f"{counts[column].pages:15,}" for column in columns))
    for title, show in SHOWN:
        print(f"{title}")
        for name, of_family in scores.items():
            print(f"  {name:16}" + "".join(f"{show(of_family[c]):>15}" for c in columns))
    print(f"\n{MEANINGS}")
    if "ours" in scores:
        report_ours(pages, found, exact)


SHOWN: tuple[tuple[str, Callable[[Score], str]], ...] = (
    ("exact, %", lambda score: f"{100 * score.exact / score.pages:.1f}"),
    ("same words, %", lambda score: f"{100 * score.same_words / score.pages:.1f}"),
    (
        "words lost and foreign, %",
        lambda score: (
            f"{100 * score.lost / score.pages:.1f} {100 * score.foreign / score.pages:5.1f}"
        ),
    ),
    ("pages/s", lambda score: f"{score.rate:,.0f}"),
)


def scores_of(
    pages: Sequence[Page], results: Sequence[tuple[float, str]], exact: Sequence[bool]
) -> dict[str, Score]:
    """Scores by family, and of all pages."""
    scores = {family.name: Score() for family in FAMILIES}
    scores["all pages"] = Score()
    for page, (seconds, text), is_same in zip(pages, results, exact, strict=True):
        for key in (page.family.name, "all pages"):
            scores[key].add(page, text, seconds, exact=is_same)
    return scores


def report_ours(
    pages: Sequence[Page],
    found: dict[str, list[tuple[float, str]]],
    exact: dict[str, list[bool]],
) -> None:
    """Print how ours stands to each tool that is exact on any page, and where it is not exact."""
    ours = [seconds for seconds, _ in found["ours"]]
    rates = {}
    for name, results in found.items():
        where = [index for index, is_same in enumerate(exact[name]) if is_same]
        if name in OURS or not where:
            continue
        theirs = [seconds for seconds, _ in results]
        rates[name] = sum(theirs) / sum(ours)
        there = sum(theirs[index] for index in where) / sum(ours[index] for index in where)
        print(
            f"{name}: exact on {len(where):,} of the pages; ours is {rates[name]:.2f} times as"
            f" fast on all pages, {there:.2f} times on those"
        )
    if rates:
        name = min(rates, key=lambda name: rates[name])
        print(
            f"against the fastest that is exact anywhere, {name}: {rates[name]:.2f}"
            f" (budget: at least {BUDGET:.0f})"
        )
    wrong = [page for page, is_same in zip(pages, exact["ours"], strict=True) if not is_same]
    print(f"ours is exact on {len(pages) - len(wrong):,} of {len(pages):,} pages (budget: all)")
    for page in wrong[:MOST_NAMED]:
        print(f"  not exact: {page.reference_id}, {page.family.name}, {page.form}")


def machine() -> str:
    """The processor, its cores, their load."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.M)
        model = named[1] if named else model
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cables", type=int, default=300, help="of the snapshot (default: 300)")
    parser.add_argument("--all", action="store_true", help="every cable of it")
    parser.add_argument("--every-form", action="store_true", help="each cable in every form")
    parser.add_argument("--only", metavar="NAME,…", help="some of the tools")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, folder, results = options.child
        run(read_ours(all_claims=name != "ours"), Path(folder), Path(results))
        return
    known = [*EXTRACTORS, *OURS]
    names = options.only.split(",") if options.only else known
    for name in names:
        if name not in known:
            parser.error(f"--only: no tool {name} (one of {', '.join(known)})")
    if not (CORPUS / f"{SNAPSHOT}.tar.xz").exists():
        sys.exit(f"no {SNAPSHOT}.tar.xz in {CORPUS}: the pages are made of its cables")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        cables = read_cables(None if options.all else options.cables, work)
        pages = list(make_pages(cables, every_form=options.every_form))
        size = sum(len(page.body) for page in pages) / len(pages) / 1000
        print(f"{len(cables):,} cables of {SNAPSHOT}, {len(pages):,} pages of {size:.0f} KB")
        print(machine())
        others = [name for name in names if name not in OURS]
        if others:
            command = [str(environment()), "benchmarks/extractors.py", "--versions"]
            print(subprocess.run(command, capture_output=True, text=True, cwd=PROJECT).stdout)
        for name in names:
            print(f"{name:18}{OURS[name] if name in OURS else EXTRACTORS[name].setting}")
        print(flush=True)
        report(pages, compare(pages, names, options.rounds, work))


if __name__ == "__main__":
    main()
