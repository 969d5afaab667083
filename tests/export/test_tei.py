"""TEI: valid by the TEI Consortium's schema, and every text can be read out of the apparatus."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cablecrawl.changed.changes import Changes
from cablecrawl.collation.hidden import HIDDEN, Hidden
from cablecrawl.export import tei
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.read import Snapshot, StoredCable, snapshot
from cablecrawl.export.tei import NAMESPACE, Edition
from cablecrawl.export.write import write_export
from tests.collation.readings import MARKED, NAMED, SHOWN, cable, cable_of, claim, reading, witness
from tests.environments import NotInstalledError, environment
from tests.export.conftest import contents, export, read_lines
from tests.export.test_lines import undo
from tests.stores import SampleStore

FORMATS = ("jsonl", "tei")
REQUIREMENTS = Path(__file__).with_name("tei-requirements.txt")
TEI = {"t": NAMESPACE}
RNG = {"r": "http://relaxng.org/ns/structure/1.0"}
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"

REWRAPPED = ("One two.\nThree four.", "One two. Three\nfour.", "One two. Three 4.")
"""Texts that differ in a line break, and in another and a word."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, demo_store: SampleStore) -> Path:
    """An export that shows what texts hide from each other."""
    folder = tmp_path_factory.mktemp("tei")
    with snapshot(demo_store.engine) as stored:
        write_export(stored, folder, FORMATS, show_redacted_spans=True)
    return folder


@pytest.fixture(scope="module")
def tei_all() -> Path:
    """The schema of all of TEI."""
    try:
        python = environment("tei", REQUIREMENTS)
    except NotInstalledError as error:
        pytest.skip(str(error))
    (path,) = python.parents[1].glob("lib/python*/site-packages/schemas/tei_all.rng")
    return path


def schema_of(tei_all: Path, documents: Iterable[Any]) -> Any:
    """The schema less the elements that no document has, which takes a second and not thirty.

    What is valid without them is valid with them: nothing has to be there because of it.
    """
    has = {etree.QName(element).localname for one in documents for element in one.iter("*")}
    grammar = etree.parse(tei_all)
    for element in grammar.findall("r:define/r:element", RNG):
        define = element.getparent()
        if element.get("name") not in has and len(define) == 1:
            define.remove(element)
            etree.SubElement(define, f"{{{RNG['r']}}}notAllowed")
    return etree.RelaxNG(grammar)


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "tei" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [{name: undo(value) for name, value in row.items()} for row in csv.DictReader(file)]


def edition(stored: StoredCable, *, show: bool = False) -> Edition:
    def changes() -> Changes:
        raise AssertionError("an edition is not told what changed")

    exported = ExportedCable(stored, cast(Snapshot, None), lambda _: None, changes)
    return Edition(exported, Hidden.of(stored, show=show), shows_hidden=show)


def read_out(document: Any, witness: str) -> tuple[str, str]:
    """The header and the body of a witness; `[hidden]` where there is a gap."""
    header, body = (
        "".join(pieces(document.find(f".//t:div[@type='{part}']/t:ab", TEI), witness))
        for part in ("header", "body")
    )
    return header, body


def pieces(element: Any, witness: str) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        name = etree.QName(child).localname
        if name == "app":
            (its,) = (one for one in child if f"#{witness}" in one.get("wit").split())
            yield from pieces(its, witness)
        elif name == "gap":
            yield HIDDEN
        elif name == "g":
            yield chr(int(child.get("ref").removeprefix("#U"), 16))
        yield child.tail or ""


def test_cables_with_several_texts_have_a_file(shown: Path) -> None:
    texts: dict[str, set[str]] = {}
    copies: dict[str, int] = {}
    for one in read_lines(shown / "readings.jsonl"):
        texts.setdefault(one["reference_id"], set()).add(one["reading_sha256"])
        copies[one["reference_id"]] = copies.get(one["reference_id"], 0) + 1
    several = {name: found for name, found in texts.items() if len(found) > 1}
    rows = manifest(shown)
    assert [row["reference_id"] for row in rows] == sorted(several)
    assert 2 < len(rows) < len(texts)
    for row in rows:
        assert int(row["texts"]) == len(several[row["reference_id"]])
        assert int(row["copies"]) == copies[row["reference_id"]]
        document = etree.parse(shown / row["path"])
        kinds = Counter(app.get("type") for app in document.findall(".//t:app", TEI))
        assert kinds == Counter({None: int(row["variants"]), "whitespace": int(row["white_space"])})
        assert kinds.total() > 0
        assert row["hidden"] == "0"


def test_places_that_differ_in_white_space_alone_are_counted_apart(shown: Path) -> None:
    for row in manifest(shown):
        document = etree.parse(shown / row["path"])
        for app in document.findall(".//t:app", TEI):
            its = {"".join("".join(one.itertext()).split()) for one in app}
            assert (app.get("type") == "whitespace") == (len(its) == 1)
    rewrapped = edition(cable_of(*REWRAPPED))
    rewrapped.encoded()
    assert (rewrapped.variants, rewrapped.white_space) == (1, 1)


def test_every_text_can_be_read_out_to_the_character(shown: Path) -> None:
    readings = {
        one["reading_sha256"]: (one["header"], one["body"])
        for one in read_lines(shown / "readings.jsonl")
    }
    chosen = {
        cable["reference_id"]: copy["reading_sha256"]
        for cable in read_lines(shown / "cables.jsonl")
        for copy in cable["witnesses"]
        if copy["relation"] == "chosen"
    }
    for row in manifest(shown):
        document = etree.parse(shown / row["path"])
        for one in document.findall(".//t:witness", TEI):
            digest = one.findtext("t:idno", namespaces=TEI)
            assert read_out(document, one.get(XML_ID)) == readings[digest]
            assert (one.get(XML_ID) == "w1") == (digest == chosen[row["reference_id"]])
        for lem in document.findall(".//t:lem", TEI):
            assert "#w1" in lem.get("wit").split()


def test_every_file_is_valid_tei(
    shown: Path, demo_store: SampleStore, tei_all: Path, tmp_path: Path
) -> None:
    hidden = export(demo_store, tmp_path, FORMATS)
    documents = [
        etree.parse(folder / row["path"]).getroot()
        for folder in (shown, hidden)
        for row in manifest(folder)
    ]
    odd = claim("subject", "A\0 <title> & more")
    stored = cable(
        witness("a b\ud800", reading("One\0\r\n\ud800 <two>", odd, header="H\x1b")),
        witness("b", reading("One two", odd), reading("One XXXX", odd)),
    )
    documents.append(etree.fromstring(edition(stored).encoded()))
    documents.insert(0, etree.fromstring(edition(cable_of(*REWRAPPED)).encoded()))
    schema = schema_of(tei_all, documents)
    for document in documents:
        schema.assertValid(document)
    document = documents[-1]
    document.find(".//t:rdg", TEI).tag = f"{{{NAMESPACE}}}witness"
    assert not schema.validate(document)


def test_what_one_text_hides_is_hidden_in_the_others() -> None:
    stored = cable_of(SHOWN, MARKED)
    hidden, shown = edition(stored), edition(stored, show=True)
    content = hidden.encoded().decode().casefold()
    assert not [word for word in NAMED if word in content]
    assert all(word in shown.encoded().decode().casefold() for word in NAMED)
    assert (hidden.gaps > 0, shown.gaps) == (True, 0)
    assert b'<gap reason="hidden"/>' in hidden.encoded()


def test_a_hidden_text_reads_as_it_is_shown_elsewhere(
    demo_store: SampleStore, tmp_path: Path
) -> None:
    folder = export(demo_store, tmp_path, FORMATS)
    gaps = 0
    with snapshot(demo_store.engine) as store:
        for row in manifest(folder):
            stored = store.cable(row["reference_id"])
            assert stored is not None
            hidden = Hidden.of(stored)
            document = etree.parse(folder / row["path"])
            readings = {one.sha256: one for witness in stored.witnesses for one in witness.readings}
            for one in document.findall(".//t:witness", TEI):
                its = readings[one.findtext("t:idno", namespaces=TEI)]
                expected = (hidden.header(its), hidden.body(its))
                assert read_out(document, one.get(XML_ID)) == expected
            gaps += int(row["hidden"])
            assert len(document.findall(".//t:gap", TEI)) == int(row["hidden"])
    assert gaps > 0


PIECES = (
    "Madina",
    " of",
    " the ",
    "XXXXX",
    "\n1. (C) ",
    "bank",
    "Bank",
    "  ",
    "\r\n",
    "\0",
    "\ud800",
)
texts = st.one_of(
    st.lists(st.sampled_from((*PIECES, "\ufffe", "]]>", "&amp;", "<p>")), max_size=12).map("".join),
    st.text(st.characters(codec=None), max_size=30),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=2, max_size=4, unique=True), st.booleans())
def test_any_texts_can_be_read_out(given: list[tuple[str, str]], show: bool) -> None:
    stored = cable(
        *(
            witness(f"source-{number}", reading(body, header=header))
            for number, (header, body) in enumerate(given)
        )
    )
    its = edition(stored, show=show)
    document = etree.fromstring(its.encoded())
    hidden = Hidden.of(stored, show=show)
    for one in its.witnesses:
        expected = (hidden.header(one.reading), hidden.body(one.reading))
        assert read_out(document, one.id) == expected
        if show:
            assert expected == (one.reading.header, one.reading.body)


def test_a_long_text_is_added_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # A word at a time, each with a copy of what stood before it, a long text would take hours.
    added: list[str] = []
    add_text = tei._add_text

    def count(element: Any, text: str) -> None:
        added.append(text)
        add_text(element, text)

    monkeypatch.setattr(tei, "_add_text", count)
    line = "and the akim opened it once more with a brass band.\n"
    edition(cable_of(SHOWN + line * 200, SHOWN + line * 199 + "End.")).encoded()
    assert max(map(len, added)) > 199 * len(line)
    assert len(added) < 10


def test_the_same_store_gives_the_same_files(
    demo_store: SampleStore, shown: Path, tmp_path: Path
) -> None:
    with snapshot(demo_store.engine) as stored:
        write_export(stored, tmp_path, FORMATS, show_redacted_spans=True)
    assert contents(tmp_path) == contents(shown)
