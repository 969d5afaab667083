"""Where the body begins in a text that opens with a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.cabletext.extent import PARTIAL_NOTICE, split_header

ROUTING = """\
VZCZCXRO4711
PP RUEHDBU
DE RUEHXX #0042/01 1101113
ZNR UUUUU ZZH
R 201113Z APR 07
FM AMEMBASSY RIGA
TO RUEHC/SECSTATE WASHDC 0001
INFO RUCNCIS/CIS COLLECTIVE
RUEHBS/USEU BRUSSELS
EUROPEAN POLITICAL COLLECTIVE"""
BODY = """\
UNCLAS SECTION 01 OF 02 RIGA 000042
\x20
SIPDIS

SUBJECT: THE FERRY

1. (U) It sank."""


@pytest.mark.parametrize("blank", ["\n", "\n\n", "\n\n\n \n", "\n \n\t\n"])
@pytest.mark.parametrize("header", [ROUTING, PARTIAL_NOTICE, f"{PARTIAL_NOTICE}\n\n{ROUTING}"])
def test_a_body_begins_behind_its_header(header: str, blank: str) -> None:
    text = f"{header}{blank}{BODY}"
    assert text[split_header(text) :] == BODY


def test_a_text_without_a_header_is_all_body() -> None:
    assert split_header(BODY) == 0
    assert split_header("1. (U) It sank.") == 0
    assert split_header("") == 0


def test_a_text_that_is_a_header_only_has_no_body() -> None:
    assert split_header(ROUTING) == len(ROUTING)


def test_what_no_header_has_begins_the_body() -> None:
    text = f"{ROUTING}\n\nFriday, 20 April 2007, 11:13\n{BODY}"
    assert text[split_header(text) :].startswith("Friday, ")


def test_an_indented_first_line_keeps_its_blanks() -> None:
    text = f"{ROUTING}\n\n   E.O. 12958: N/A"
    assert text[split_header(text) :] == "   E.O. 12958: N/A"


@pytest.mark.parametrize(
    "line",
    [
        "C O N F I D E N T I A L RIGA 000042",
        "S E C R E T SECTION 01 OF 02 RIGA 000042",
        "CC O N F I D E N T I A L RIGA 000042",
        "E C R E T RIGA 000042",
        "CONFIDENTIAL RIGA 000042",
    ],
)
def test_a_classification_begins_the_body_without_a_blank_line_above(line: str) -> None:
    text = f"{ROUTING}\n{line}\nSIPDIS"
    assert text[split_header(text) :] == f"{line}\nSIPDIS"


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    split = split_header(text)
    assert 0 <= split <= len(text)
    assert split == 0 or text[:split].strip()
