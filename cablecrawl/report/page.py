"""The page: one HTML document with its figures, data and styles in it, and nothing else needed.

No script and no request: the Content-Security-Policy allows its own style sheet, by its digest,
and nothing besides (https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from importlib import resources

from cablecrawl.report.colours import classes
from cablecrawl.report.drawing import Drawn, settings
from cablecrawl.report.figures import Figure, Section, Table
from cablecrawl.report.numbers import Holding, Numbers
from cablecrawl.report.sections import sections
from cablecrawl.report.wording import counted, words
from cablecrawl.trace.display import visible

TITLE = "State of the cable corpus"
TO_SECONDS = len("2026-11-22T05:26:01")

MOST_ROWS = 200
"""Rows of a table that are in the page to be read; the CSV has all."""

LONGEST_CELL = 200

WIDE = 600
"""Pixels; a drawing that is wider has the width of the page to itself."""

SINGULARS = {"copies": "copy"}
MEANINGS = {
    "copies": "copies of cables, one for each source and place",
    "readings": "texts that the copies had",
    "captures": "responses and failures that are kept",
}


def page(numbers: Numbers) -> tuple[bytes, list[Section]]:
    """The document, UTF-8, and what is in it."""
    with settings():
        found = list(sections(numbers))
        drawings = {figure.name: figure.draw() for section in found for figure in section.figures}
    style = _style(drawings.values())
    digest = b64encode(sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{TITLE}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#content">To the content</a>',
        *_header(numbers, found),
        '<main id="content">',
        *(line for section in found for line in _section(section, drawings)),
        "</main>",
        *_footer(),
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode("utf-8", "backslashreplace"), found


def summary(numbers: Numbers) -> str:
    """The report in a sentence."""
    if numbers.as_of is None:
        return "The store is empty: nothing has been captured yet."
    holdings = {row.what: row.count for row in numbers.holdings}
    return (
        f"{counted(numbers.cables, 'cable')} in"
        f" {counted(holdings['copies'], 'copy', 'copies')} from"
        f" {counted(holdings['sources'], 'source')}, as of {moment(numbers.as_of)}"
    )


def moment(at: str) -> str:
    """`2026-11-22 05:26:01 UTC`."""
    return f"{at[:TO_SECONDS].replace('T', ' ')} UTC"


def _style(drawings: Iterable[Drawn | None]) -> str:
    file = resources.files("cablecrawl.report") / "style.css"
    sizes = {(one.width, one.narrowest) for one in drawings if one is not None}
    rules = [
        f".w-{width}{{width:min(100%,{width}px);min-width:{narrowest}px}}"
        for width, narrowest in sorted(sizes)
    ]
    return "\n".join(["", file.read_text(encoding="utf-8"), classes(), *rules, ""])


def _header(numbers: Numbers, found: list[Section]) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{TITLE}</h1>"
    if numbers.as_of is None:
        yield '<p class="none">The store is empty: nothing has been captured yet.'
        yield "<code>scrapy crawl mirrors</code> fills it.</p>"
    else:
        yield (
            f'<p class="soft">As of {escape(moment(numbers.as_of))}, when its last response was'
            " captured.</p>"
        )
    yield '<dl class="counts">'
    for row in numbers.holdings:
        title = f' title="{escape(MEANINGS[row.what])}"' if row.what in MEANINGS else ""
        what = SINGULARS.get(row.what, row.what[:-1]) if row.count == 1 else row.what
        yield f"<div{title}><dt>{what}</dt><dd>{row.count:,}</dd></div>"
    yield "</dl>"
    yield '<div class="data">'
    yield from _data(Table("counts", Holding, numbers.holdings))
    yield "</div>"
    yield '<nav aria-label="Sections"><ul>'
    yield from (
        f'<li><a href="#{section.name}">{escape(section.heading)}</a></li>' for section in found
    )
    yield "</ul></nav>"
    yield "</header>"


def _section(section: Section, drawings: dict[str, Drawn | None]) -> Iterator[str]:
    yield f'<section id="{section.name}" aria-labelledby="{section.name}-heading">'
    yield f'<h2 id="{section.name}-heading">{escape(section.heading)}</h2>'
    for figure in section.figures:
        yield from _figure(figure, drawings[figure.name])
    yield "</section>"


def _figure(figure: Figure, drawing: Drawn | None) -> Iterator[str]:
    is_wide = drawing is not None and drawing.width > WIDE
    yield f'<figure id="{figure.name}"{" class=wide" if is_wide else ""}>'
    yield f"<h3>{escape(figure.heading)}</h3>"
    yield f'<p class="sentence">{escape(figure.sentence)}</p>'
    if drawing is not None:
        if figure.legend:
            yield '<ul class="legend" aria-label="Legend">'
            for key in figure.legend:
                kind = "o" if key.shape == "outline" else "b"
                swatch = f'<span class="swatch {key.shape} {kind}-{key.colour}"></span>'
                yield f"<li>{swatch}{escape(key.text)}</li>"
            yield "</ul>"
        yield (
            f'<div class="drawing" role="group" tabindex="0"'
            f' aria-label="{escape(figure.heading)}: drawing">'
        )
        yield drawing.svg.replace("<svg ", f'<svg class="w-{drawing.width}" ', 1)
        yield "</div>"
    yield '<figcaption class="data">'
    if figure.notes:
        yield f'<p class="note">{escape(" ".join(figure.notes))}</p>'
    yield from _data(figure.table)
    yield "</figcaption>"
    yield "</figure>"


def _data(table: Table) -> Iterator[str]:
    count = counted(len(table.rows), "row")
    yield (
        f'<a href="{table.data_uri()}" download="{table.name}.csv">{table.name}.csv</a> ({count})'
    )
    yield "<details>"
    yield "<summary>The data as a table</summary>"
    if len(table.rows) > MOST_ROWS:
        yield f"<p>The first {MOST_ROWS} of {count}; the CSV has all.</p>"
    label = f"Table {escape(words(table.name))}"
    yield f'<div class="rows" role="group" tabindex="0" aria-label="{label}">'
    yield "<table>"
    shown = [
        [_cell(getattr(row, name)) for name in table.columns] for row in table.rows[:MOST_ROWS]
    ]
    is_number = [
        bool(shown) and all(kind == "number" for kind, _ in column)
        for column in zip(*shown, strict=True)
    ] or [False] * len(table.columns)
    heads = "".join(
        f'<th scope="col"{" class=number" if number else ""}>{escape(words(name))}</th>'
        for name, number in zip(table.columns, is_number, strict=True)
    )
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for row in shown:
        cells = (f'<td class="{kind}">{escape(text)}</td>' for kind, text in row)
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield "</table></div>"
    yield "</details>"


def _cell(value: object) -> tuple[str, str]:
    """Class and text."""
    match value:
        case None:
            return "number", ""
        case int():
            return "number", f"{value:,}" if abs(value) > 9999 else str(value)
        case float():
            return "number", f"{value:,.10g}"
        case list():
            text = ", ".join(map(str, value))
        case _:
            text = str(value)
    shown = visible(text)
    return "text", shown if len(shown) <= LONGEST_CELL else f"{shown[: LONGEST_CELL - 1]}…"


def _footer() -> Iterator[str]:
    yield "<footer>"
    yield (
        "<p>Written by <code>scrapy report</code> from the store alone: the same store gives the"
        " same page. It needs no script and asks for nothing from elsewhere. What the numbers are"
        " counted from stands, cable by cable, in the files of <code>scrapy export</code>.</p>"
    )
    yield "</footer>"
