"""Real mirror pages beside the repository, and a second reader of them to agree with.

The second reader is a handful of regular expressions that know WikiLeaks' markup to the
letter. It imports nothing of CableCrawl, so that agreement means something.
"""

from __future__ import annotations

import html
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

SMALL_SNAPSHOT = "release-201012011021"
SNAPSHOTS = (
    SMALL_SNAPSHOT,
    "release-201012051016",
    "mirror-2010-12-07",
    "release-2010-12-22",
)


def unpack_snapshot(name: str, session: Path) -> Path:
    """The folder of a snapshot, unpacked under `session` once; skips where there is none."""
    archive = CORPUS / f"{name}.tar.xz"
    if not archive.exists():
        pytest.skip(f"no {archive.name} in ../shared/corpus")
    folder = session / name
    if not folder.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder


def cable_pages(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The cable pages of a snapshot: path from its root, and bytes."""
    for path in sorted((folder / "cable").rglob("*.html")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


class PlainReading(NamedTuple):
    """A cable page as the second reader has it."""

    reference_id: str
    created: str
    """As on the page, with a blank before the time."""
    released: str
    classification: str
    origin: str
    title: str
    articles: list[str]
    header: str
    body: str
    counter: str


COUNTER = re.compile(r"<p>Currently released so far\.\.\. (\d+) / 251,287</p>")
HEADING = re.compile(r"<h3>Viewing cable (\w+), ?(.*?)</h3>", re.S)
ROW = re.compile(
    r"<td>\n<a href='/cable/\d{4}/\d\d/(?P<page>\w+)\.html'>(?P<reference_id>\w+)</a>\n</td>\n"
    r"<td>\n<a href='/date/[^']*'>(?P<created>[^<]*)</a>\n</td>\n"
    r"<td>\n<a href='/reldate/[^']*'>(?P<released>[^<]*)</a>\n</td>\n"
    r"<td>\n<a href='/classification/[^']*' title='[^']*'>(?P<classification>[^<]*)</a>\n</td>\n"
    r"<td>\n<a href='/origin/[^']*'>(?P<origin>[^<]*)</a>\n</td>\n</tr>"
)
ARTICLES = re.compile(r"Appears in these articles:<br />(.*?)</td>", re.S)
ARTICLE = re.compile(r"<a [^>]*>([^<]*)</a>")
PRE = re.compile(r"<code><pre>(.*?)</pre></code>", re.S)
PARAGRAPH_ANCHOR = re.compile(r"<a id='par\w+' href='#par\w+'>¶</a>")
TAG_LINK = re.compile(r"<a href='/tag/[^'<>]*'>([^<>]*)</a>")
BLANK_LINES_ABOVE = re.compile(r"\A(?:[ \t\r]*\n)+")
BLANK_LINES_BELOW = re.compile(r"(?:\n[ \t\r]*)+\Z")


def read_plainly(document: str) -> PlainReading:
    """Read a WikiLeaks cable page. Asserts that it has each part, and once."""
    (row,) = ROW.finditer(document)
    (counter,) = COUNTER.findall(document)
    ((heading_id, title),) = HEADING.findall(document)
    header, body = map(_cable_text, PRE.findall(document))
    assert row["page"] == row["reference_id"] == heading_id
    articles = ARTICLES.search(document)
    return PlainReading(
        reference_id=row["reference_id"],
        created=row["created"],
        released=row["released"],
        classification=row["classification"],
        origin=row["origin"],
        title=" ".join(html.unescape(re.sub("<[^>]*>", "", title)).split()),
        articles=[found.strip() for found in ARTICLE.findall(articles[1])] if articles else [],
        header=header,
        body=body,
        counter=counter,
    )


def _cable_text(pre: str) -> str:
    text = PARAGRAPH_ANCHOR.sub("", TAG_LINK.sub(r"\1", pre)).replace("&#x000A;", "\n")
    return BLANK_LINES_BELOW.sub("", BLANK_LINES_ABOVE.sub("", text))


# Signs that something stands in a cable's text without being cable, by the rule that takes it.
# Cruder than the rules and written without them: by these the dialects were counted first.
SIGNS = {
    "partner_heading": re.compile(r"(?m)^(?:US )?\w+day, \d\d \w+ \d{4}, \d\d:\d\d"),
    "publication_note": re.compile(r"\ANOTE - "),
    "partner_date_line": re.compile(r"\A\d{4}-"),
    "partner_date_at_end": re.compile(r"[A-Z] \d{4}-\d\d-\d\d\s*\Z"),
    "dump_record_lines": re.compile(r"\A\W*\d{5,6}\W*\n\d"),
    "key_block_in_capitals": re.compile(r"(?m)^DESTINATION:"),
    "archive_line": re.compile(r"\d{4}[A-Z]{4,6}\d{5} - [^\n]*\Z"),
    "lone_angle": re.compile(r"(?m)^>\s*$"),
    "transmission_end": re.compile(r"(?im)^NNNN\s*$"),
    "end_cable_text": re.compile(r"(?m)^End Cable Text"),
    "partner_watermark": re.compile(r"@ EL P|EL PAÍS"),
    "dump_number": re.compile(r"\nID:.*\Z"),
    "dump_query": re.compile(r"SELECT \*"),
    "excerpt_mark": re.compile(r"\A[\s\S]{,255}\.\.\.\Z"),
    "excerpt_remnant": re.compile(
        r"\A[\s\S]{256,}(?:JONES|[A-Z][a-z]+|[A-Z]{5,}) *\n[ \n]*[^a-z\n]*\.\.\.\Z"
    ),
    "cable_text_label": re.compile(r"Cable\s+Text:"),
}


class Texts(Protocol):
    """Whatever has a cable's two texts."""

    @property
    def header(self) -> str: ...
    @property
    def body(self) -> str: ...


def has_matter(page: Texts) -> bool:
    """Whether something stands in its header or body that is no cable."""
    return any(sign.search(text) for sign in SIGNS.values() for text in (page.header, page.body))


# What a reader sees of a page, character by character, spacing aside.
UNSEEN = re.compile(r"\A.*?<body>|<script.*?</script>|<title>.*?</title>", re.S)
MARKUP = re.compile(r"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")


def seen_characters(document: str) -> str:
    """All that a page shows, less white space."""
    pieces = []
    for number, piece in enumerate(PRE.split(document)):
        if number % 2:
            shown = TAG_LINK.sub(r"\1", piece).replace("&#x000A;", "\n")
            pieces.append(re.sub(r"<a id='par\w+' href='#par\w+'>¶</a>", "¶", shown))
        else:
            pieces.append(html.unescape(MARKUP.sub("", UNSEEN.sub("", piece))))
    return "".join("".join(pieces).split())
