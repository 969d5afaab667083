"""What a browser shows of a post's markup, read a second way: with the standard library's parser.

It imports nothing of CableCrawl, so that agreement means something.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    "p div pre blockquote h1 h2 h3 h4 h5 h6 ul ol li table tr figure hr tbody".split()
)
BLANKS = re.compile(r"[ \t\n\r\f]+")


def displayed(markup: str) -> list[str]:
    """The lines that a reader sees, less blanks at both ends and those that are blank."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return lines_of("".join(reader.pieces))


def lines_of(text: str) -> list[str]:
    """The lines of a text, less blanks at both ends and those that are blank."""
    return [line.strip() for line in text.split("\n") if line.strip()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" or tag in BLOCKS:
            self.pieces.append("\n")
        elif tag in ("td", "th"):
            self.pieces.append("\t")
        self._pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.pieces.append("\n")
        self._pre -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if not self._pre:
            data = BLANKS.sub(" ", data)
            if not self.pieces or self.pieces[-1].endswith(("\n", " ")):
                data = data.removeprefix(" ")
        self.pieces.append(data)
