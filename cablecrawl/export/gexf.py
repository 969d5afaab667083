"""Networks for Gephi and networkx, as GEXF 1.3 (https://gexf.net): who cites whom, who has what.

references.gexf has the cables, and those that they cite and that are not exported; an edge leads
from a cable to one that its references mean. witnesses.gexf has the sources, and edges between
those that have the same cables: with a node a cable it would be what nobody can look at.

A character that XML cannot have is U+FFFD in both; how many there were stands in the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from cablecrawl.export.characters import NOT_IN_XML, for_xml
from cablecrawl.export.described import Part, Property
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FormatWriter, Target
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.export.written import WrittenFile
from cablecrawl.records import CableRecord, ReferenceRecord, WitnessRecord
from cablecrawl.reference_id import year_of

FOLDER = "gexf"
NAMESPACE = "http://gexf.net/1.3"

REFERENCES = Resource(
    "gexf-references",
    "gexf",
    "application/xml",
    file=f"{FOLDER}/references.gexf",
    about="The network of references: cables, and which they cite (GEXF 1.3).",
)
WITNESSES = Resource(
    "gexf-witnesses",
    "gexf",
    "application/xml",
    file=f"{FOLDER}/witnesses.gexf",
    about="The network of sources, by the cables that two of them have (GEXF 1.3).",
)


class Attribute(NamedTuple):
    """What a node or an edge says of itself."""

    name: str
    type: str
    """As GEXF has it."""
    about: str


CABLE = (
    Attribute(
        "state",
        "string",
        "`exported`; `in_store` (cited, in the store, and not chosen for this export) or"
        " `not_in_store` (cited, and no source has it).",
    ),
    Attribute("year", "integer", "Of the reference ID."),
    Attribute("post", "string", "As the reference ID names it: `ASTANA`."),
    Attribute("created", "string", "As stated, `2007-04-20T11:13`; no time zone is stated."),
    Attribute("origin", "string", "The post that sent it, as the page names it."),
    Attribute("classification", "string", "As the page states it."),
    Attribute("subject", "string", "As the cable's SUBJECT line has it."),
    Attribute("tags", "string", "As the TAGS line has them, with `|` between them."),
    Attribute("released", "string", "The earliest stamp of a release that is not contradicted."),
    Attribute("redaction_marks", "integer", "How many runs of X or like marks the text has."),
    Attribute("witnesses", "integer", "How many copies of it are known."),
    Attribute("flags", "string", "What to know of the text before using it, with `|` between."),
)
CITING = (
    Attribute(
        "as_written",
        "string",
        "The references as they stand in the citing cable, each once, with `|` between them.",
    ),
    Attribute(
        "basis",
        "string",
        "What it rests on that this cable is meant, as references.jsonl has it: each once, with `|`"
        " between.",
    ),
)
SOURCE = (
    Attribute("cables", "integer", "How many of the cables it has."),
    Attribute("only_here", "integer", "How many of them no other source has."),
    Attribute("chosen", "integer", "Of how many its text is the one that stands for the cable."),
)
SHARED = (
    Attribute("same_text", "integer", "How many of them have the same text in both."),
    Attribute("share", "double", "How many there are for each cable of the smaller source."),
)

SCHEMA = """
    CREATE TABLE cable (id TEXT PRIMARY KEY, said TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE citing (
        cable TEXT NOT NULL, cited TEXT NOT NULL, in_store INTEGER NOT NULL, said TEXT NOT NULL,
        times INTEGER NOT NULL, PRIMARY KEY (cable, cited)
    ) STRICT, WITHOUT ROWID;
"""
CITED_ONLY = """
    SELECT cited, max(in_store) FROM citing
    WHERE NOT EXISTS (SELECT 1 FROM cable WHERE cable.id = cited) GROUP BY cited ORDER BY cited
"""


class GexfWriter(FormatWriter):
    """The two networks.

    A node comes before the edges that lead to it, and a cable is met after those that cite it:
    what goes into the first network waits in a database on the disk.
    """

    def __init__(self, target: Target) -> None:
        self._folder = target.folder
        (self._folder / FOLDER).mkdir(exist_ok=True)
        self._waiting_file = self._folder / FOLDER / ".waiting"
        self._waiting = sqlite3.connect(self._waiting_file, isolation_level=None)
        # It is thrown away, whatever happens.
        self._waiting.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {SCHEMA}")
        self._waiting.execute("BEGIN")
        self._replaced = 0
        self._sources = Overlap()

    @staticmethod
    def describe() -> Sequence[Part]:
        weight = Property(
            "weight", "attribute of the edge", "How often it is cited, or how many both have."
        )
        return [
            Part(f"{resource.path}: {part}", f"{resource.description} {about}", properties)
            for resource, part, about, properties in (
                (REFERENCES, "nodes", "ID and label are the reference ID.", _described(CABLE)),
                (REFERENCES, "edges", "They are directed.", (weight, *_described(CITING))),
                (WITNESSES, "nodes", "ID and label are the source's name.", _described(SOURCE)),
                (WITNESSES, "edges", "They are undirected.", (weight, *_described(SHARED))),
            )
        ]

    def add_cable(self, cable: ExportedCable) -> None:
        record = cable.record
        self._waiting.execute(
            "INSERT INTO cable VALUES (?, ?)", (record.reference_id, self._said(_of_cable(record)))
        )
        citing: dict[str, list[ReferenceRecord]] = {}
        for reference in cable.references:
            if reference.resolved is not None:
                citing.setdefault(reference.resolved, []).append(reference)
        for cited, references in citing.items():
            said = self._said(
                {
                    "as_written": _each_once(reference.as_written for reference in references),
                    "basis": _each_once(reference.basis for reference in references),
                }
            )
            self._waiting.execute(
                "INSERT INTO citing VALUES (?, ?, ?, ?, ?)",
                (record.reference_id, cited, references[0].in_store, said, len(references)),
            )
        self._sources.add(record.witnesses)

    def finish(self) -> list[FinishedFile]:
        references = Network(
            REFERENCES,
            f"Cables, and which of them cite which. {_replaced(self._replaced)}",
            "directed",
            CABLE,
            CITING,
        ).write(self._folder, self._cables(), self._citing())
        self.close()
        sources = Network(
            WITNESSES,
            "Sources of cables; the weight of an edge is how many cables both have."
            f" {_replaced(self._sources.replaced)}",
            "undirected",
            SOURCE,
            SHARED,
        ).write(self._folder, self._sources.nodes(), self._sources.edges())
        return [references, sources]

    def close(self) -> None:
        self._waiting.close()
        self._waiting_file.unlink(missing_ok=True)

    def _said(self, values: dict[str, Any]) -> str:
        for value in values.values():
            if isinstance(value, str):
                self._replaced += len(NOT_IN_XML.findall(value))
        return json.dumps(values)

    def _cables(self) -> Iterator[Node]:
        exported = self._waiting.execute("SELECT id, said FROM cable ORDER BY id")
        for reference_id, said in exported:
            yield Node(reference_id, json.loads(said))
        for reference_id, in_store in self._waiting.execute(CITED_ONLY):
            state = "in_store" if in_store else "not_in_store"
            yield Node(reference_id, {"state": state, **_of_id(reference_id)})

    def _citing(self) -> Iterator[Edge]:
        query = "SELECT cable, cited, times, said FROM citing ORDER BY cable, cited"
        for cable, cited, times, said in self._waiting.execute(query):
            yield Edge(cable, cited, times, json.loads(said))


class Node(NamedTuple):
    """A node by its ID, which is its label too."""

    id: str
    said: dict[str, Any]
    """By the names of attributes; what is not known is None, or not there."""


class Edge(NamedTuple):
    """An edge between two nodes."""

    source: str
    target: str
    weight: int
    said: dict[str, Any]


class Overlap:
    """Which sources have the same cables: as many numbers as there are pairs of sources."""

    def __init__(self) -> None:
        self._cables: Counter[str] = Counter()
        self._only_here: Counter[str] = Counter()
        self._chosen: Counter[str] = Counter()
        self._shared: Counter[tuple[str, str]] = Counter()
        self._same_text: Counter[tuple[str, str]] = Counter()

    @property
    def replaced(self) -> int:
        """How many characters of the names XML cannot have."""
        return sum(len(NOT_IN_XML.findall(name)) for name in self._cables)

    def add(self, witnesses: Iterable[WitnessRecord]) -> None:
        """A cable's copies."""
        texts: dict[str, set[str]] = {}
        for copy in witnesses:
            texts.setdefault(copy.source, set()).add(copy.reading_sha256)
            if copy.relation == "chosen":
                self._chosen[copy.source] += 1
        self._cables.update(texts.keys())
        if len(texts) == 1:
            self._only_here.update(texts.keys())
        for pair in combinations(sorted(texts), 2):
            self._shared[pair] += 1
            if texts[pair[0]] & texts[pair[1]]:
                self._same_text[pair] += 1

    def nodes(self) -> Iterator[Node]:
        """The sources, by name."""
        for source in sorted(self._cables):
            counts = (self._cables, self._only_here, self._chosen)
            names = (attribute.name for attribute in SOURCE)
            said = {name: count[source] for name, count in zip(names, counts, strict=True)}
            yield Node(source, said)

    def edges(self) -> Iterator[Edge]:
        """Every two that have a cable in common."""
        for pair, shared in sorted(self._shared.items()):
            share = shared / min(self._cables[source] for source in pair)
            said = {"same_text": self._same_text[pair], "share": round(share, 6)}
            yield Edge(*pair, shared, said)


class Network(NamedTuple):
    """A file of nodes and edges."""

    resource: Resource
    about: str
    kind: str
    """`directed` or `undirected`."""
    of_nodes: tuple[Attribute, ...]
    of_edges: tuple[Attribute, ...]

    def write(self, folder: Path, nodes: Iterable[Node], edges: Iterable[Edge]) -> FinishedFile:
        """Write it, all nodes before the first edge; its records are the nodes."""
        with closing(WrittenFile(folder, self.resource)) as file:
            with etree.xmlfile(file, encoding="utf-8") as xml:
                xml.write_declaration()
                with xml.element("gexf", version="1.3", nsmap={None: NAMESPACE}):
                    meta = etree.Element("meta")
                    etree.SubElement(meta, "creator").text = "CableCrawl"
                    etree.SubElement(meta, "description").text = self.about
                    xml.write("\n", meta, "\n")
                    with xml.element("graph", mode="static", defaultedgetype=self.kind):
                        xml.write("\n", _declared("node", self.of_nodes))
                        xml.write("\n", _declared("edge", self.of_edges), "\n")
                        with xml.element("nodes"):
                            written = sum(_write(xml, _node(node)) for node in nodes)
                        xml.write("\n")
                        with xml.element("edges"):
                            for number, edge in enumerate(edges):
                                _write(xml, _edge(number, edge))
            return file.finish(written)


def _write(xml: Any, element: Any) -> int:
    xml.write("\n", element)
    return 1


def _declared(kind: str, attributes: Iterable[Attribute]) -> Any:
    declared = etree.Element("attributes", {"class": kind})
    for attribute in attributes:
        name = attribute.name
        etree.SubElement(declared, "attribute", id=name, title=name, type=attribute.type)
    return declared


def _node(node: Node) -> Any:
    name = for_xml(node.id)
    return _with_values(etree.Element("node", id=name, label=name), node.said)


def _edge(number: int, edge: Edge) -> Any:
    ends = {"source": for_xml(edge.source), "target": for_xml(edge.target)}
    element = etree.Element("edge", id=str(number), **ends, weight=str(edge.weight))
    return _with_values(element, edge.said)


def _with_values(element: Any, said: dict[str, Any]) -> Any:
    values = etree.SubElement(element, "attvalues")
    for name, value in said.items():
        if value not in (None, ""):
            etree.SubElement(values, "attvalue", {"for": name, "value": for_xml(str(value))})
    return element


def _described(attributes: Iterable[Attribute]) -> tuple[Property, ...]:
    return tuple(Property(*attribute) for attribute in attributes)


def _replaced(count: int) -> str:
    return f"{count} characters that XML cannot have are replaced by U+FFFD."


def _each_once(values: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(values))


def _of_cable(cable: CableRecord) -> dict[str, Any]:
    return {
        "state": "exported",
        **_of_id(cable.reference_id),
        "created": cable.created,
        "origin": cable.origin,
        "classification": cable.classification,
        "subject": cable.subject,
        "tags": "|".join(cable.tags),
        "released": cable.released,
        "redaction_marks": cable.redaction_marks,
        "witnesses": len(cable.witnesses),
        "flags": "|".join(cable.flags),
    }


def _of_id(reference_id: str) -> dict[str, Any]:
    return {"year": year_of(reference_id), "post": reference_id[2:].rstrip("0123456789")}
