"""Main-content extractors, each in the setting that suits cables best, for benchmarks.boilerplate.

Runs in the extractors' own environment, which has nothing of this project: only the standard
library is imported before an extractor is asked for.

    .benchmarks/boilerplate/bin/python benchmarks/extractors.py NAME PAGES RESULTS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

Extract = Callable[[str, bytes], str]
"""From a page's address and its bytes, which are UTF-8, to the text of its cable."""

PAGES = "pages.json"
"""Names the pages of a folder in their order: `[[file, address], …]`."""
# Pages that are read before any is timed: lazy imports, compiled patterns.
WARM_UP = 5


@dataclass(frozen=True)
class Extractor:
    """A tool in one setting."""

    distribution: str
    setting: str
    load: Callable[[], Extract]


def trafilatura() -> Extract:
    extract = import_module("trafilatura").extract

    def read(url: str, body: bytes) -> str:
        text = extract(body.decode(), include_comments=False, include_tables=False)
        return text or ""

    return read


def trafilatura_fast() -> Extract:
    extract = import_module("trafilatura").extract

    def read(url: str, body: bytes) -> str:
        text = extract(
            body.decode(),
            fast=True,
            favor_recall=True,
            include_comments=False,
            include_tables=False,
        )
        return text or ""

    return read


def justext() -> Extract:
    tool = import_module("justext")
    return _justext(tool.get_stoplist("English"))


def justext_without_stoplist() -> Extract:
    return _justext(frozenset(), stopwords_low=0, stopwords_high=0)


def _justext(stoplist: frozenset[str], **limits: int) -> Extract:
    tool = import_module("justext")

    def read(url: str, body: bytes) -> str:
        paragraphs = tool.justext(body.decode(), stoplist, **limits)
        return "\n".join(part.text for part in paragraphs if not part.is_boilerplate)

    return read


def readability() -> Extract:
    document = import_module("readability").Document
    parse = import_module("lxml.html").document_fromstring
    import_module("logging").disable()
    blocks = ("br", "p", "div", "pre", "tr", "li", "dt", "dd", "h1", "h2", "h3", "h4")

    def read(url: str, body: bytes) -> str:
        tree = parse(document(body.decode()).summary(html_partial=True))
        for element in tree.iter(*blocks):
            element.tail = "\n" + (element.tail or "")
        text: str = tree.text_content()
        return text

    return read


def resiliparse() -> Extract:
    return _resiliparse()


def resiliparse_without_headings() -> Extract:
    # Else a post's title is always among the text, and no page is exact.
    return _resiliparse(skip_elements=["header", "h1", "h2", "h3"])


def _resiliparse(**more: list[str]) -> Extract:
    extract = import_module("resiliparse.extract.html2text").extract_plain_text

    def read(url: str, body: bytes) -> str:
        text: str = extract(
            body.decode(),
            main_content=True,
            preserve_formatting=True,
            comments=False,
            list_bullets=False,
            alt_texts=False,
            **more,
        )
        return text

    return read


EXTRACTORS = {
    "trafilatura": Extractor("trafilatura", "no comments, no tables", trafilatura),
    "trafilatura fast": Extractor(
        "trafilatura", "fast, favouring recall, no comments, no tables", trafilatura_fast
    ),
    "jusText": Extractor("jusText", "the English stoplist", justext),
    "jusText bare": Extractor("jusText", "no stoplist", justext_without_stoplist),
    "readability": Extractor(
        "readability-lxml", "the text of its HTML, a line for each block and <br>", readability
    ),
    "resiliparse": Extractor(
        "resiliparse", "main content, formatting kept, no comments", resiliparse
    ),
    "resiliparse bare": Extractor(
        "resiliparse",
        "the same without page headers and headings",
        resiliparse_without_headings,
    ),
}


def run(extract: Extract, folder: Path, results: Path) -> None:
    """Read every page of a folder; writes a line for each, `[seconds of CPU, text]`, as JSON."""
    pages = [
        (folder / name, address)
        for name, address in json.loads((folder / PAGES).read_text(encoding="utf-8"))
    ]
    for path, address in pages[:WARM_UP]:
        extract(address, path.read_bytes())
    with results.open("w", encoding="utf-8") as output:
        for path, address in pages:
            body = path.read_bytes()
            began = time.process_time()
            text = extract(address, body)
            seconds = time.process_time() - began
            output.write(json.dumps([seconds, text]) + "\n")


def main() -> None:
    if sys.argv[1:] == ["--versions"]:
        names = {extractor.distribution for extractor in EXTRACTORS.values()}
        print(", ".join(f"{name} {version(name)}" for name in sorted(names, key=str.lower)))
        return
    name, folder, results = sys.argv[1:]
    run(EXTRACTORS[name].load(), Path(folder), Path(results))


if __name__ == "__main__":
    main()
