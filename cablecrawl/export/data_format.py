"""DATA_FORMAT.md: what every property of every format means, from what the code goes by.

python -m cablecrawl.export.data_format > DATA_FORMAT.md
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cablecrawl.export import bag
from cablecrawl.export.described import Part
from cablecrawl.export.formats import FORMATS
from cablecrawl.export.resources import SCHEMA_VERSION
from cablecrawl.export.tables import TABLES_VERSION

INTRODUCTION = f"""\
# Data format

What `scrapy export --format NAME,…` writes, by format: every file, and what each of its properties
means. [exports/README.md](exports/README.md) says what lies beside them in an export, how to read
the files, and what to know before using what they say.

Moments of ours are UTC; what a cable or a page states has no time zone. Records are of version
{SCHEMA_VERSION} (`schema_version` in datapackage.json), tables of version {TABLES_VERSION}: a \
version changes when a
property goes, or means something else.

<!-- Written by `make docs` from what the code goes by. Change it there. -->
"""


def data_format() -> str:
    """The content of DATA_FORMAT.md."""
    return "\n".join((INTRODUCTION, *_contents(), *_sections()))


def _contents() -> Iterator[str]:
    yield "| format | what it has |"
    yield "| --- | --- |"
    for name, of in FORMATS.items():
        yield f"| [`{name}`](#{name}) | {of.about} |"
    yield f"| [`{bag.BAG}`](#{bag.BAG}) | {bag.ABOUT} |"
    yield ""


def _sections() -> Iterator[str]:
    for name, of in FORMATS.items():
        yield from _section(name, of.about, of.describe())
    yield from _section(bag.BAG, bag.ABOUT, bag.describe())


def _section(name: str, about: str, parts: Sequence[Part]) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{about[:1].upper()}{about[1:]}.\n"
    for part in parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    yield f"### {part.name}\n"
    yield f"{part.about}\n"
    if part.properties:
        yield "| property | type | meaning |"
        yield "| --- | --- | --- |"
        for each in part.properties:
            yield f"| `{each.name}` | {_cell(each.type)} | {_cell(each.about)} |"
        yield ""


def _cell(text: str) -> str:
    """As a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    print(data_format(), end="")
