"""Cables as plain text, a file each, with a manifest: for Datashare, Voyant, DocumentCloud, grep.

A file has the header, an empty line and the body, and ends with a line break; without a header
it has the body. Nothing else is in it: what is known of a cable stands in the manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cablecrawl.export.described import Part, documented
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.tree import Tree, TreeFile
from cablecrawl.export.written import WrittenTable

FOLDER = "text"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A cable's file: a row of text/manifest.csv."""

    path: str
    """Of the file, from the export's folder: `text/2007/07ASTANA9033.txt`."""
    sha256: str
    """Of the file."""
    reference_id: str
    """Canonical, `07ASTANA9033`; no two rows have the same."""
    created: str | None
    """As stated, `2007-04-20T11:13`; no time zone is stated."""
    created_precision: str | None
    """`minute`, `hour` (the builds up to April 2011 print no true minute) or `day`."""
    classification: str | None
    """As the page states it."""
    origin: str | None
    """The post that sent it, as the page names it."""
    subject: str | None
    """As the cable's SUBJECT line has it."""
    tags: list[str]
    """As the TAGS line has them, in its order."""
    released: str | None
    """The earliest stamp of a release that no check contradicts; no time zone is stated."""
    source: str
    """Whose copy the text is."""
    url: str
    """Where the source has it."""
    reading_sha256: str
    """Of the reading that the text is of: by it, readings.jsonl has all about it."""
    partial_extract: bool
    """Whether the body says of itself that it is a partial extract."""
    redaction_marks: int
    """How many runs of X or like marks the text has."""
    flags: list[str]
    """What to know of the text before using it: `wrong_body`, `fragment`, …"""


TEXT_MANIFEST = Resource(
    "text-manifest",
    "csv",
    "text/csv",
    file=f"{FOLDER}/manifest.csv",
    about="The files of text/, a row each: path, digest, and the fields of the cable.",
)


class TextWriter(FormatWriter):
    """The tree and its manifest."""

    def __init__(self, target: Target) -> None:
        self._tree = Tree(target.folder, FOLDER, ".txt")
        self._manifest = WrittenTable(target.folder, TEXT_MANIFEST, TextFile)

    @staticmethod
    def describe() -> Sequence[Part]:
        about = (
            "A file has the header, an empty line and the body, verbatim, and ends with a line"
            " break; without a header it has the body. Nothing else is in it. UTF-8; a lone"
            " surrogate is written as `\\ud800`."
        )
        return [
            Part(f"{FOLDER}/2007/07ASTANA9033.txt", about),
            Part(TEXT_MANIFEST.path, TEXT_MANIFEST.description, documented(TextFile)),
        ]

    def add_cable(self, cable: ExportedCable) -> None:
        content = f"{cable.text}\n".encode("utf-8", "backslashreplace")
        file = self._tree.add(cable.record.reference_id, content)
        self._manifest.add(_row(file, cable))

    def finish(self) -> list[FinishedFile]:
        manifest = self._manifest.finish()
        self._tree.finish()
        return [manifest]

    def close(self) -> None:
        self._manifest.close()


def _row(file: TreeFile, of: ExportedCable) -> TextFile:
    cable, chosen = of.record, of.chosen
    return TextFile(
        file.path,
        file.sha256,
        cable.reference_id,
        cable.created,
        cable.created_precision,
        cable.classification,
        cable.origin,
        cable.subject,
        cable.tags,
        cable.released,
        chosen.source,
        chosen.url,
        chosen.latest.sha256,
        cable.partial_extract,
        cable.redaction_marks,
        cable.flags,
    )
