"""Cables that have several texts, with a critical apparatus: TEI P5, a file each.

The texts of a cable are its witnesses; each is the copies that have it. Where all agree the text
stands as it is, and where they do not there is an <app> with what each has, the chosen text's
as <lem> (https://tei-c.org/release/doc/tei-p5-doc/en/html/TC.html, parallel segmentation). White
space is kept: what a witness has, read through, is its header and its body to the character.

This compares, so what one text hides is hidden in the others too, as <gap reason="hidden"/>,
unless SHOW_REDACTED_SPANS is on. A character that XML cannot have is a <g>.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import quote

from lxml import etree

from cablecrawl.collation.alignment import cells_for_a_pair
from cablecrawl.collation.apparatus import Segment, Token, segments, tokens
from cablecrawl.collation.former import former_of
from cablecrawl.collation.hidden import HIDDEN, Hidden
from cablecrawl.collation.words import Stretch
from cablecrawl.export.characters import NOT_IN_XML, for_xml
from cablecrawl.export.described import Part, documented
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.read import StoredReading
from cablecrawl.export.resources import REDACTION_POLICIES, FinishedFile, Resource
from cablecrawl.export.ro_crate import LICENCE_NOTE
from cablecrawl.export.tree import Tree
from cablecrawl.export.written import WrittenTable
from cablecrawl.records import ReadingRecord

FOLDER = "tei"
NAMESPACE = "http://www.tei-c.org/ns/1.0"
XML = "{http://www.w3.org/XML/1998/namespace}"

NORMALISED = (
    "Nothing is normalised: line breaks, blanks and spelling are those of the sources, less what"
    " they put around a cable, and blank lines at both ends. Words were aligned by their letters,"
    " and differ where their characters do. Where white space alone differs the app has the type"
    " `whitespace`."
)
HIDES = (
    "What one witness hides and another shows is a gap with the reason `hidden` in each that shows"
    " it. A gap says nothing of the length."
)
OTHER_CHARACTERS = "Characters that XML cannot have are g elements, which name their code points."

# A file's text must not be broken up to look well: what is preserved stays as it is.
PRESERVED = {f"{XML}space": "preserve"}


@dataclass(frozen=True, slots=True)
class TeiFile:
    """A cable's file: a row of tei/manifest.csv."""

    path: str
    """Of the file, from the export's folder: `tei/2007/07ASTANA9033.xml`."""
    sha256: str
    """Of the file."""
    reference_id: str
    """Canonical, `07ASTANA9033`; no two rows have the same."""
    subject: str | None
    """As the cable's SUBJECT line has it; what one of its texts hides is `[hidden]`."""
    texts: int
    """How many different texts it has: the witnesses of the file."""
    copies: int
    """How many states of copies have them."""
    variants: int
    """In how many places they differ in more than white space: the app elements without a type."""
    white_space: int
    """In how many they differ in white space alone: the app elements of the type `whitespace`."""
    hidden: int
    """How many gap elements stand for what one text hides and another shows."""


TEI_MANIFEST = Resource(
    "tei-manifest",
    "csv",
    "text/csv",
    file=f"{FOLDER}/manifest.csv",
    about="The files of tei/, a row each: path, digest, and how many texts differ where.",
)


class TeiWriter(FormatWriter):
    """The tree and its manifest; cables of which there is one text have no file."""

    def __init__(self, target: Target) -> None:
        self._store = target.store
        self._show = target.show_redacted_spans
        self._tree = Tree(target.folder, FOLDER, ".xml")
        self._manifest = WrittenTable(target.folder, TEI_MANIFEST, TeiFile)

    @staticmethod
    def describe() -> Sequence[Part]:
        return [
            Part(
                f"{FOLDER}/2007/07ASTANA9033.xml",
                "A cable that has several texts, as TEI P5. `listWit` has the texts, each with the"
                " digest of its readings and the copies that have it (source, address, when they"
                " were first captured, release claims). `app` is a place where the texts differ:"
                f" `lem` what the chosen one has, `rdg` what others have. {NORMALISED} {HIDES}"
                f" {OTHER_CHARACTERS}",
            ),
            Part(TEI_MANIFEST.path, TEI_MANIFEST.description, documented(TeiFile)),
        ]

    def add_cable(self, cable: ExportedCable) -> None:
        if len(cable.collation.texts) < 2:
            return
        reference_id = cable.record.reference_id
        former = former_of(self._store.connection, reference_id)
        hidden = Hidden.of(cable.stored, former, show=self._show)
        edition = Edition(cable, hidden, shows_hidden=self._show)
        path, sha256 = self._tree.add(reference_id, edition.encoded())
        self._manifest.add(
            TeiFile(
                path,
                sha256,
                reference_id,
                edition.subject,
                len(edition.witnesses),
                sum(len(witness.copies) for witness in edition.witnesses),
                edition.variants,
                edition.white_space,
                edition.gaps,
            )
        )

    def finish(self) -> list[FinishedFile]:
        manifest = self._manifest.finish()
        self._tree.finish()
        return [manifest]

    def close(self) -> None:
        self._manifest.close()


class Witness(NamedTuple):
    """A text of a cable."""

    id: str
    """In the file: `w1` is the chosen text, the others follow by digest."""
    reading: StoredReading
    copies: list[ReadingRecord]
    """The states of copies that have it, by source and address."""


class Edition:
    """A cable's texts as a document."""

    def __init__(self, cable: ExportedCable, hidden: Hidden, *, shows_hidden: bool = False) -> None:
        self.witnesses = _witnesses(cable)
        self.variants = 0
        self.white_space = 0
        self.gaps = 0
        self.subject = cable.record.subject and hidden.mask(cable.record.subject)
        self._cable = cable
        self._hidden = hidden
        self._shows_hidden = shows_hidden
        self._characters: set[str] = set()

    def encoded(self) -> bytes:
        """The document in UTF-8."""
        root = etree.Element(f"{{{NAMESPACE}}}TEI", nsmap={None: NAMESPACE})
        text = etree.Element(f"{{{NAMESPACE}}}text", nsmap={None: NAMESPACE})
        body = _add(text, "body")
        for part in ("header", "body"):
            block = _add(_add(body, "div", type=part), "ab", attributes=PRESERVED)
            self._fill(block, part)
        # Behind the text, which tells what has to be said of it.
        root.append(self._header())
        etree.indent(root)
        root.append(text)
        encoded: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        return encoded + b"\n"

    # ------------------------------------------------------------------- the text

    def _fill(self, block: Any, part: str) -> None:
        texts = [self._tokens(witness.reading, part) for witness in self.witnesses]
        for segment in segments(texts, cells_for_a_pair(len(texts))):
            if segment.is_agreed:
                self._append(block, segment.readings[0])
            elif segment.is_agreed_but_for_white_space:
                self.white_space += 1
                self._add_variant(_add(block, "app", type="whitespace"), segment)
            else:
                self.variants += 1
                self._add_variant(_add(block, "app"), segment)

    def _add_variant(self, app: Any, segment: Segment) -> None:
        whose: dict[tuple[Token, ...], list[str]] = {}
        for witness, reading in zip(self.witnesses, segment.readings, strict=True):
            whose.setdefault(reading, []).append(f"#{witness.id}")
        for number, (reading, ids) in enumerate(whose.items()):
            self._append(_add(app, "rdg" if number else "lem", wit=" ".join(ids)), reading)

    def _tokens(self, reading: StoredReading, part: str) -> list[Token]:
        """A header or a body, what is hidden of it as None."""
        start = 0 if part == "header" else len(reading.header) + 1
        text: str = getattr(reading, part)
        within = (
            Stretch(max(stretch.start - start, 0), min(stretch.end - start, len(text)))
            for stretch in self._hidden.stretches(reading)
        )
        return tokens(text, [stretch for stretch in within if stretch.start < stretch.end])

    def _append(self, element: Any, pieces: Iterable[Token]) -> None:
        for is_hidden, together in groupby(pieces, lambda piece: piece is None):
            if is_hidden:
                for _ in together:
                    self.gaps += 1
                    _add(element, "gap", reason="hidden")
            else:
                # At once: each addition to a text copies what is there.
                self._append_text(element, "".join(filter(None, together)))

    def _append_text(self, element: Any, text: str) -> None:
        position = 0
        for match in NOT_IN_XML.finditer(text):
            _add_text(element, text[position : match.start()])
            self._characters.add(match[0])
            _add(element, "g", ref=f"#{_character_id(match[0])}")
            position = match.end()
        _add_text(element, text[position:])

    # ------------------------------------------------------------------- what is said of it

    def _header(self) -> Any:
        header = etree.Element(f"{{{NAMESPACE}}}teiHeader", nsmap={None: NAMESPACE})
        described = _add(header, "fileDesc")
        reference_id = self._cable.record.reference_id
        title = f"{reference_id}: {self.subject}" if self.subject else reference_id
        _add(_add(described, "titleStmt"), "title", title)
        published = _add(described, "publicationStmt")
        _add(published, "p", f"Made by CableCrawl from the copies below. {LICENCE_NOTE}")
        witnesses = _add(_add(described, "sourceDesc"), "listWit")
        for witness in self.witnesses:
            self._add_witness(witnesses, witness)
        encoding = _add(header, "encodingDesc")
        declared = _add(encoding, "editorialDecl")
        _add(_add(declared, "normalization"), "p", NORMALISED)
        policy = REDACTION_POLICIES[True] if self._shows_hidden else HIDES
        _add(_add(declared, "interpretation"), "p", policy)
        _add(encoding, "variantEncoding", method="parallel-segmentation", location="internal")
        if self._characters:
            self._declare_characters(encoding)
        if self._cable.record.created is not None:
            creation = _add(_add(header, "profileDesc"), "creation")
            _add(creation, "date", self._cable.record.created)
        return header

    def _add_witness(self, witnesses: Any, witness: Witness) -> None:
        element = _add(witnesses, "witness", attributes={f"{XML}id": witness.id})
        _add(element, "idno", witness.reading.sha256, type="reading_sha256")
        for copy in witness.copies:
            bibl = _add(element, "bibl", type="copy")
            _add(bibl, "publisher", copy.source)
            url = self._hidden.address(copy.url)
            link = {} if HIDDEN in url else {"target": _address(url)}
            _add(bibl, "ref", url, link)
            _add(bibl, "date", copy.first_seen, type="first_seen")
            for claim in copy.releases:
                stated = ", ".join(
                    (claim.relation, claim.asserted_by, claim.basis, claim.confidence)
                )
                value = self._hidden.mask(claim.value)
                _add(bibl, "note", f"{value} ({stated})", type="release")

    def _declare_characters(self, encoding: Any) -> None:
        declared = _add(encoding, "charDecl")
        _add(declared, "desc", OTHER_CHARACTERS)
        for character in sorted(self._characters):
            element = _add(declared, "char", attributes={f"{XML}id": _character_id(character)})
            code = {"name": "codepoint", "value": f"U+{ord(character):04X}"}
            _add(element, "localProp", attributes=code)


def _witnesses(cable: ExportedCable) -> list[Witness]:
    chosen = cable.chosen.latest.sha256
    readings = {
        reading.sha256: reading
        for witness in cable.stored.witnesses
        for reading in witness.readings
    }
    in_order = sorted(readings, key=lambda sha256: (sha256 != chosen, sha256))
    return [
        Witness(f"w{number}", readings[sha256], _copies(cable.readings, sha256))
        for number, sha256 in enumerate(in_order, start=1)
    ]


def _copies(readings: Sequence[ReadingRecord], sha256: str) -> list[ReadingRecord]:
    return [reading for reading in readings if reading.reading_sha256 == sha256]


def _character_id(character: str) -> str:
    return f"U{ord(character):04X}"


def _address(url: str) -> str:
    """What is no character of an address, as percent signs have it."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~", errors="replace")


def _add(
    parent: Any,
    name: str,
    text: str | None = None,
    attributes: dict[str, str] | None = None,
    **more: str,
) -> Any:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", {**(attributes or {}), **more})
    element.text = None if text is None else for_xml(text)
    return element


def _add_text(element: Any, text: str) -> None:
    """Behind what the element has already."""
    if not text:
        return
    # len() would count all children.
    last = next(element.iterchildren(reversed=True), None)
    if last is not None:
        last.tail = (last.tail or "") + text
    else:
        element.text = (element.text or "") + text
