"""All fields of whole cables, and what holds for any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cablecrawl.cabletext import read_cable
from tests.cabletext.cables import GLUED, HEADER, NEWSPAPER, PLAIN, RAW_ROW, read, verbatim


def test_a_plain_cable_gives_every_field() -> None:
    assert read(PLAIN, HEADER) == {
        "transmission_id": ["VZCZCXRO1234"],
        "message_number": ["42"],
        "dtg": ["141230Z FEB 08"],
        "own_id": ["QUITO 42"],
        "sipdis": ["SIPDIS", "SIPDIS"],
        "executive_order": ["E.O. 12958: DECL: 02/14/2018"],
        "declassify_on": ["2018-02-14"],
        "tags": ["PREL", "PGOV", "ECON", "EC", "PE"],
        "subject": ["THE INVENTED MINISTER OPENS A BRIDGE, AND CLOSES ANOTHER ONE"],
        "references": ["LIMA 17", "07 SAO PAULO 000311", "2006 QUITO 9"],
        "redaction_mark": ["XXXXXXXXXXXX", "[NAME REMOVED]"],
    }


def test_a_newspaper_copy_is_read_without_its_colons() -> None:
    assert read(NEWSPAPER) == {
        "own_id": ["PORT AU PRINCE 43"],
        "sipdis": ["SIPDIS"],
        "executive_order": ["EO 12958 DECL: 2018/02/14"],
        "declassify_on": ["2018-02-14"],
        "tags": ["PREL", "KDEM", "2009 ELECTION", "OVIP", "DOE, JANE", "HA"],
        "subject": ["A LIGHTHOUSE FOR A HARBOR"],
        "references": ["PORT AU PRINCE 12"],
    }


def test_a_raw_row_is_read_below_its_own_columns() -> None:
    values = read(RAW_ROW)
    assert values["own_id"] == ["QUITO 44"]
    assert values["subject"] == ["a ferry that crosses the wide lagoon"]
    assert values["tags"] == ["PREL", "EC"]
    assert values["references"] == ["LIMA 17"]
    assert values["sipdis"] == ["SIPDIS"]
    assert values["dtg"] == ["141230Z FEB 08"]
    assert values["message_number"] == ["44"]
    assert values["transmission_id"] == ["VZCZCXYZ0007"]


def test_lost_line_breaks_do_not_glue_fields() -> None:
    assert read(GLUED) == {
        "own_id": ["RIGA 45"],
        "sipdis": ["SIPDIS"],
        "executive_order": ["E.O. 12958: DECL: 02/14/2018"],
        "declassify_on": ["2018-02-14"],
        "tags": ["PREL", "LG"],
        "subject": ["A TRAM"],
        "references": ["OSLO 5"],
    }


@pytest.mark.parametrize("line_end", [" \n", "  \n", "\r\n", " \r\n"])
@pytest.mark.parametrize("body", [PLAIN, NEWSPAPER, RAW_ROW])
def test_what_ends_a_line_makes_no_difference(body: str, line_end: str) -> None:
    changed = read(body.replace("\n", line_end), HEADER.replace("\n", line_end))
    assert changed == read(body, HEADER)


def test_a_text_without_headings_gives_nothing() -> None:
    assert read("The bridge was opened.\n\nThe minister spoke.\n", "no header") == {}


# Pieces that patterns begin with, so that broken cables are made of them.
pieces = st.sampled_from(
    [
        "\n",
        " ",
        "\t",
        "\r\n",
        "SUBJECT:",
        "TAGS:",
        "PREL, ",
        "REF: A. ",
        "LIMA 12 ",
        "1. (C) ",
        "(C) ",
    ]
    + ["E.O. 12958: DECL: ", "02/14/2018", "99/99/9999", "S E C R E T ", "UNCLAS ", "RIGA 000012"]
    + [
        "SIPDIS",
        "XXXX",
        "xxxx",
        "Xx",
        "[",
        "REMOVED]",
        "VZCZC",
        "VZCZCXRO1234",
        "DE RUEHQZ #0042/01 ",
    ]
    + ["0451230", "141230Z FEB 08", "RIGA 00000012  002 OF 003", "SECTION 01 OF 02 ", "¶", "-----"]
    + ["This record is a partial extract of the original cable.", "ß", "٣", "ſ", "\x00", "PAGE 02 "]
)
texts = st.one_of(st.text(), st.lists(pieces, max_size=40).map("".join))


@given(texts, texts)
@settings(max_examples=500)
def test_every_value_can_be_seen_in_its_span(header: str, body: str) -> None:
    for finding in read_cable(header, body):
        text = header if finding.part == "header" else body
        assert 0 <= finding.start < finding.end <= len(text)
        quote = verbatim(finding, header, body)
        assert quote == quote.strip()
        name, _, version = finding.rule.partition("/")
        assert name and version.isdecimal()
        if finding.field in ("executive_order", "redaction_mark"):
            assert finding.value == " ".join(quote.split())
        elif finding.field in ("tags", "references", "dtg"):
            assert finding.value == " ".join(quote.split()).upper()
        elif finding.field == "subject":
            assert set(finding.value.split()) <= set(quote.split())
        elif finding.field == "message_number":
            assert int(finding.value) == int(quote)
        elif finding.field == "sipdis":
            assert finding.value == quote.upper()
        elif finding.field == "own_id":
            post, _, serial = finding.value.rpartition(" ")
            assert "".join(quote.upper().split()).startswith("".join(post.split()))
            assert int(quote[-2:]) == int(serial) % 100


@given(texts, texts)
def test_reading_twice_gives_the_same(header: str, body: str) -> None:
    assert read_cable(header, body) == read_cable(header, body)


def test_hostile_repetition_ends() -> None:
    """A pattern that backtracks would take hours; cablemap's took a second for 60 KB."""
    for piece in ("SIPDIS ", "\nSUBJECT: A", "LIMA-", "[removed", "VZCZC", "P O R ", " \n", "XXXX"):
        read_cable(piece * 20_000, "SUBJECT: A\nREF: " + piece * 20_000)
