"""Sample cable browsers: labels and values, then the cable, in several markups.

`numbered_site` has pages `/cable.php?id=N` from 1 on, with gaps of all kinds and an end;
`listed_site` has pages by name and a list of them. The pages are made as they are asked for.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import parse_qs, urlsplit

from tests.sites.cables import InventedCable, invented_cables
from tests.sites.server import Answer, Script

Markup = Literal["table", "definitions", "paragraphs", "list", "text"]
MARKUPS: tuple[Markup, ...] = get_args(Markup)

LABELS = (
    "Identifier", "Wikileaks", "Origin", "Created", "Classification", "Tags", "Redacted",
)  # fmt: skip

DISCLAIMER = (
    "Disclaimer: This is a sample site. Nothing on it has happened to anybody, and it is kept up"
    " for the sake of the crawlers that have nowhere else to go."
)
SOURCE_LINE = "Latest source of this page is cablebrowser-2, released 2011-10-04"

HIGHEST = 500
"""The highest number that has a cable."""
ROWS_PER_PAGE = 25

Gap = Literal["says so", "empty labels", "404", "410", "to the front page", "front page"]
GAPS: tuple[Gap, ...] = get_args(Gap)


@dataclass(frozen=True)
class Dress:
    """How a site dresses its pages."""

    markup: Markup = "table"
    labels: Sequence[str] = LABELS
    """Those that a page has, in their order."""
    written: Mapping[str, str] = field(default_factory=dict)
    """Other words for a label: `Created on (UTC)`."""
    pres: int = 1
    """Elements that hold the cable: header and body in one `<pre>`, or in two, or in none."""
    heading: bool = True
    disclaimer: bool = True
    title: bool = True
    source_line: str | None = SOURCE_LINE
    is_redacted: bool = False
    menu: str = ""
    """HTML above everything."""
    footer: str = ""
    """HTML below everything."""


DRESSES: dict[Markup, Dress] = {
    "table": Dress("table", pres=2),
    "definitions": Dress("definitions"),
    "paragraphs": Dress("paragraphs", pres=0),
    "list": Dress("list", pres=2),
    "text": Dress("text", pres=0),
}


def value_of(label: str, cable: InventedCable, dress: Dress) -> str:
    """What a page has behind a label."""
    was = "was" if dress.is_redacted else "was not"
    return {
        "Identifier": cable.reference_id,
        "Wikileaks": f"View {cable.reference_id} at Wikileaks.org",
        "Origin": cable.origin,
        "Created": f"{cable.created}:00",
        "Classification": cable.classification,
        "Tags": " ".join(cable.tags),
        "Redacted": f"This cable {was} redacted by Wikileaks.",
    }[label]


def cable_page(cable: InventedCable, dress: Dress) -> Answer:
    """The page of a cable."""
    values = [
        (dress.written.get(label, label), value_of(label, cable, dress)) for label in dress.labels
    ]
    title = cable.title if dress.title else ""
    return page_of(cable.reference_id, title, values, cable.header, cable.body, dress)


def page_of(
    reference_id: str,
    title: str,
    values: Sequence[tuple[str, str]],
    header: str,
    body: str,
    dress: Dress,
) -> Answer:
    """A page with these labels and values above a header and a body."""
    if dress.markup == "text":
        return Answer(
            _text(reference_id, title, values, header, body, dress).encode(),
            "text/plain; charset=utf-8",
        )
    heading = f"US embassy cable - {reference_id}"
    parts = [
        "<!DOCTYPE html>",
        f"<html><head><title>{html.escape(heading)}</title></head><body>",
        dress.menu,
        f"<h1>{html.escape(heading)}</h1>" if dress.heading else "",
        f"<p class=small>{html.escape(DISCLAIMER)}</p>" if dress.disclaimer else "",
        f"<h2>{html.escape(title)}</h2>" if title else "",
        _BLOCKS[dress.markup]([(label, _shown(label, value)) for label, value in values]),
        _cable(header, body, dress.pres),
        f"<p>{html.escape(dress.source_line)}</p>" if dress.source_line else "",
        dress.footer,
        "</body></html>",
    ]
    return Answer("\n".join(part for part in parts if part).encode())


def _text(
    reference_id: str,
    title: str,
    values: Sequence[tuple[str, str]],
    header: str,
    body: str,
    dress: Dress,
) -> str:
    blocks = [
        f"US embassy cable - {reference_id}" if dress.heading else "",
        DISCLAIMER if dress.disclaimer else "",
        title,
        "\n".join(
            [*(f"{label}: {value}".strip() for label, value in values), *([header] * bool(header))]
        ),
        body,
        dress.source_line or "",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _shown(label: str, value: str) -> str:
    if value.startswith("View "):
        name = value.split()[1]
        return f'<a href="https://wikileaks.example/cable/{name}.html">{html.escape(value)}</a>'
    return html.escape(value)


def _table(values: Sequence[tuple[str, str]]) -> str:
    rows = (f"<tr><th>{label}</th><td>{value}</td></tr>" for label, value in values)
    return "<table class=meta>\n" + "\n".join(rows) + "\n</table>"


def _definitions(values: Sequence[tuple[str, str]]) -> str:
    rows = (f"<dt>{label}</dt><dd>{value}</dd>" for label, value in values)
    return "<dl>\n" + "\n".join(rows) + "\n</dl>"


def _paragraphs(values: Sequence[tuple[str, str]]) -> str:
    rows = (f"<b>{label}:</b> {value}" for label, value in values)
    return "<p>" + "<br>\n".join(rows) + "</p>"


def _list(values: Sequence[tuple[str, str]]) -> str:
    rows = (f"<li><span>{label}</span>: {value}</li>" for label, value in values)
    return "<ul>\n" + "\n".join(rows) + "\n</ul>"


_BLOCKS: dict[Markup, Callable[[Sequence[tuple[str, str]]], str]] = {
    "table": _table,
    "definitions": _definitions,
    "paragraphs": _paragraphs,
    "list": _list,
}


def _cable(header: str, body: str, pres: int) -> str:
    if pres == 2:
        return f"<pre>{html.escape(header)}</pre>\n<pre>{html.escape(body)}</pre>"
    if pres == 1:
        return f"<pre>{html.escape(header)}\n\n{html.escape(body)}</pre>"
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", f"{header}\n\n{body}".strip())
    shown = (html.escape(paragraph).replace("\n", "<br>\n") for paragraph in paragraphs)
    return "<div class=cable>" + "".join(f"<p>{paragraph}</p>\n" for paragraph in shown) + "</div>"


# ------------------------------------------------------------------- a site that numbers


def numbered_cables(highest: int = HIGHEST) -> dict[int, InventedCable]:
    """Cables by number, from 1 to `highest`; a sixth of the numbers between have none."""
    numbers = [n for n in range(1, highest + 1) if n % 6 or n == highest]
    return dict(zip(numbers, invented_cables(len(numbers)), strict=True))


@dataclass
class NumberedSite:
    """A site of pages `/cable.php?id=N`."""

    cables: dict[int, InventedCable] = field(default_factory=numbered_cables)
    gaps: Sequence[Gap] = GAPS
    """What stands at a number without a cable; they take turns."""
    linked: Sequence[int] = (1, 2, 3)
    """Numbers that the front page links to."""

    def __call__(self, path: str) -> Answer | None:
        """The site's program."""
        parts = urlsplit(path)
        if parts.path == "/":
            return self.front_page()
        if parts.path != "/cable.php":
            return None
        number = int(parse_qs(parts.query).get("id", ["0"])[0])
        cable = self.cables.get(number)
        return self.gap(number) if cable is None else cable_page(cable, dress_of(number))

    def front_page(self) -> Answer:
        links = "".join(
            f'<li><a href="cable.php?id={number}">Cable {number}</a></li>' for number in self.linked
        )
        return Answer(
            "<html><body><h1>US embassy cables</h1><p>Some of them:</p>"
            f"<ul>{links}</ul></body></html>".encode()
        )

    def kind_of_gap(self, number: int) -> Gap:
        # Those between cables are six apart.
        return self.gaps[(number // 6 + number % 6) % len(self.gaps)]

    def gap(self, number: int) -> Answer:
        """What the site says of a number that has no cable."""
        match self.kind_of_gap(number):
            case "says so":
                text = (
                    f"<h1>US embassy cable</h1><p>There is no cable with the number {number}.</p>"
                )
                return Answer(f"<html><body>{text}</body></html>".encode())
            case "empty labels":
                return page_of("", "", [(label, "") for label in LABELS], "", "", Dress())
            case "404":
                return Answer(b"<h1>Not Found</h1>", status=404)
            case "410":
                return Answer(b"<h1>Gone</h1>", status=410)
            case "to the front page":
                return Answer(b"", status=302, headers={"Location": "/"})
            case "front page":
                return self.front_page()


def dress_of(number: int) -> Dress:
    """The dress of a numbered page: the markups take turns."""
    return DRESSES[MARKUPS[number % len(MARKUPS)]]


# --------------------------------------------------------------------- a site with lists


def listed_site(cables: Sequence[InventedCable]) -> Script:
    """A site of pages `/cable/ID` and lists of them at `/` and `/index.php?page=N`."""
    by_name = {cable.reference_id: cable for cable in cables}
    pages = [cables[n : n + ROWS_PER_PAGE] for n in range(0, len(cables), ROWS_PER_PAGE)]

    def answer(path: str) -> Answer | None:
        parts = urlsplit(path)
        if parts.path in ("/", "/index.php"):
            number = int(parse_qs(parts.query).get("page", ["1"])[0])
            return _list_page(pages, number) if 0 < number <= len(pages) else None
        cable = by_name.get(parts.path.removeprefix("/cable/"))
        if cable is None:
            return None
        return cable_page(cable, dress_of(cables.index(cable)))

    return answer


def _list_page(pages: Sequence[Sequence[InventedCable]], number: int) -> Answer:
    rows = "".join(
        f'<tr><td><a href="/cable/{cable.reference_id}">{cable.reference_id}</a></td>'
        f"<td>{html.escape(cable.title)}</td></tr>"
        for cable in pages[number - 1]
    )
    older = (
        f'<a href="/index.php?page={number + 1}">Older &raquo;</a>' if number < len(pages) else ""
    )
    newer = f'<a href="/index.php?page={number - 1}">&laquo; Newer</a>' if number > 1 else ""
    return Answer(
        f"<html><body><h1>US embassy cables</h1><table>{rows}</table><p>{newer} {older}</p>"
        "</body></html>".encode()
    )
