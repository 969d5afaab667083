"""One field at a time: the odd ways in which cables write it."""

from __future__ import annotations

import pytest

from cablecrawl.cabletext import read_cable
from cablecrawl.cabletext.heading import read_heading
from cablecrawl.cabletext.own_id import read_own_id, reference_id_above
from tests.cabletext.cables import PLAIN, read, verbatim

TOP = "C O N F I D E N T I A L RIGA 000012\n\nSIPDIS\n\n"


@pytest.mark.parametrize(
    ("line", "own_id"),
    [
        ("UNCLAS RIGA 000012", "RIGA 12"),
        ("UNCLAS E F T O SECTION 01 OF 02 RIO DE JANEIRO 000311", "RIO DE JANEIRO 311"),
        ("S E C R E T\nSECTION 01 OF 02\nNEW DELHI 004321", "NEW DELHI 4321"),
        ("E C R E T RIGA 000012", "RIGA 12"),
        ("O N F I D E N T I A L RIGA 000012", "RIGA 12"),
        ("SS E C R E T RIGA 000012", "RIGA 12"),
        ("S e c r e t section 01 of 02 riga 000012", "RIGA 12"),
        ("SECRET//NOFORN RIGA 000012", "RIGA 12"),
        ("CONFIDENTIAL\nPAGE 01 RIGA 00012 01 OF 02 141230Z", "RIGA 12"),
        ("SECRET RIGA 1212", "RIGA 1212"),
        ("SIPDIS\n\nPORT AU PR 00000043 001.2 OF 002", "PORT AU PR 43"),
    ],
)
def test_a_body_names_itself(line: str, own_id: str) -> None:
    assert read(f"{line}\n\nSIPDIS\n")["own_id"] == [own_id]


def test_a_redacted_post_gives_no_own_id() -> None:
    assert "own_id" not in read("S E C R E T XXXXXXXXXXXX 000004\n")


def test_a_number_in_prose_is_no_own_id() -> None:
    assert "own_id" not in read("They feared a secret police of 40 and a secret fund 99.\n")


def test_a_second_cable_in_the_body_shows_its_number() -> None:
    body = PLAIN + "\nLIMA 00000077  003 OF 004\n"
    assert read(body)["own_id"] == ["QUITO 42", "LIMA 77"]


BEHIND = """
TAGS: PREL LG
SUBJECT: A TRAM ...


50133  2006-01-19  06OSLO131  Embassy Oslo  CONFIDENTIAL    C O N F I D E N T I A L OSLO 000131
SIPDIS   E.O. 12958: DECL: 01/19/2016

1. (C) It rings.
"""
RELAYED = """
TAGS: PREL LG
SUBJECT: A TRAM ...

PP RUEHWEB

DE RUEHNY #0404/01 1971651
ZNY CCCCC ZZH
P 151651Z JUL 08
FM AMEMBASSY OSLO
TO RUEHC/SECSTATE WASHDC PRIORITY 8335
,S E C R E T OSLO 000404
"""


@pytest.mark.parametrize(
    ("behind", "line", "reference_id", "quote", "rule"),
    [
        (BEHIND, "OSLO 131", "06OSLO131", "06OSLO131", "record_above/1"),
        (RELAYED, "OSLO 404", "08OSLO404", "151651Z JUL 08", "date_time_group_above/1"),
    ],
    ids=["a record", "routing lines"],
)
def test_a_second_cable_behind_the_first_says_which_it_is(
    behind: str, line: str, reference_id: str, quote: str, rule: str
) -> None:
    body = TOP + behind
    first, second = read_own_id(read_heading(body))
    assert (first.value, first.rule) == ("RIGA 12", "classification_line/2")
    assert (second.value, second.rule) == (line, "classification_line_below/1")
    assert reference_id_above(body, first) is None
    found = reference_id_above(body, second)
    assert found is not None
    assert (found[0], body[found[1] : found[2]], found[3]) == (reference_id, quote, rule)


@pytest.mark.parametrize(
    "above",
    [
        "50133  2006-01-19  06OSLO132  Embassy Oslo  CONFIDENTIAL  ",
        "DE RUEHNY #0404 1971651\nP 151651Z JUL 08\n",
        "P 151651Z JUL 08\nFM AMEMBASSY OSLO\n",
    ],
    ids=["a record of another number", "a sender of another number", "a date of nobody"],
)
def test_a_year_is_taken_from_what_belongs_to_the_line_only(above: str) -> None:
    body = f"{TOP}SUBJECT: A TRAM ...\n\n{above}S E C R E T OSLO 000131\n\n1. (S) It rings.\n"
    _, second = read_own_id(read_heading(body))
    assert second.value == "OSLO 131"
    assert reference_id_above(body, second) is None


@pytest.mark.parametrize(
    "announcement",
    [
        "FOLLOWING OSLO 131 IS REPEATED FOR YOUR ACTION.\nQUOTE:\n\n",
        "Begin text of Embassy Oslo's cable:\n\n",
        "Post readdresses this message to you.\n\n",
    ],
)
def test_a_cable_that_is_passed_on_is_part_of_the_one_that_passes_it_on(announcement: str) -> None:
    passed_on = "S E C R E T OSLO 000131\n\n1. (S) It rings.\n\nOSLO 00000131  002 OF 002\n"
    assert read(f"{TOP}TAGS: PREL\n\n{announcement}{passed_on}")["own_id"] == ["RIGA 12"]
    assert read(f"{TOP}{announcement}{passed_on}")["own_id"] == ["RIGA 12"]
    assert read(f"{TOP}TAGS: PREL\n\n{passed_on}")["own_id"] == ["RIGA 12", "OSLO 131"]


def test_the_same_cable_printed_twice_is_one() -> None:
    assert read(f"{TOP}1. (C) It rings.\n\n{TOP}1. (C) It rings.\n")["own_id"] == ["RIGA 12"]


def test_a_secret_in_the_text_is_no_id_line() -> None:
    for line in ("S E C R E T as of 000131", "a S E C R E T OSLO 31", "UNCLAS OSLO 131 and more"):
        assert read(f"{TOP}TAGS: PREL\n\n1. (C) Hello.\n\n{line}\n")["own_id"] == ["RIGA 12"]


def test_a_subject_ends_where_the_next_label_begins() -> None:
    for following in ("\n", "REF: RIGA 1\n", "Classified By: X\n", "1. (C) Hello.\n", "-----\n"):
        body = f"{TOP}TAGS: PREL LG\nSUBJECT: TRAMS AND \nTHEIR BELLS\n{following}More.\n"
        assert read(body)["subject"] == ["TRAMS AND THEIR BELLS"]


def test_a_subject_may_stand_on_the_line_after_its_label() -> None:
    assert read(f"{TOP}SUBJ:\n  TRAMS\n\n")["subject"] == ["TRAMS"]


def test_a_subject_in_capitals_goes_on_after_an_empty_line_before_ref() -> None:
    finding = next(
        finding
        for finding in read_cable("", f"{TOP}SUBJECT: TRAMS AND\n\nBELLS\n\nREF: RIGA 1\n")
        if finding.field == "subject"
    )
    assert finding.value == "TRAMS AND BELLS"
    assert finding.rule == "subject_over_empty_line/1"


def test_a_sentence_after_an_empty_line_is_not_the_subject() -> None:
    body = f"{TOP}SUBJECT: TRAMS\n\nThis was agreed with Oslo.\n\nREF: RIGA 1\n"
    assert read(body)["subject"] == ["TRAMS"]


def test_a_page_break_inside_a_subject_is_left_out_of_its_value() -> None:
    body = f"{TOP}SUBJECT: TRAMS \n CONFIDENTIAL\nPAGE 02 RIGA 00012 01 OF 03 141230Z AND BELLS\n\n"
    assert read(body)["subject"] == ["TRAMS AND BELLS"]


def test_a_label_in_the_text_is_no_subject() -> None:
    assert "subject" not in read(f"{TOP}TAGS: PREL\n\n1. (C) Hello.\n\nSUBJECT: of a toast\n")


def test_a_subject_whose_end_is_lost_is_not_guessed() -> None:
    assert "subject" not in read(f"{TOP}SUBJECT: {'word ' * 200}")


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("TAGS: PREL PGOV LG", ["PREL", "PGOV", "LG"]),
        ("TAGS PREL, PGOV, LG", ["PREL", "PGOV", "LG"]),
        ("TAGS: PREL;PGOV/LG.", ["PREL", "PGOV", "LG"]),
        ("TAGS: PREL, PGOV LG", ["PREL", "PGOV", "LG"]),
        ("TAG:\xa0PREL, \nPGOV,\n LG", ["PREL", "PGOV", "LG"]),
        ("TAGS: PREL, 2009 Election, ZANU-PF", ["PREL", "2009 ELECTION", "ZANU-PF"]),
        ("TAGS: OVIP (DOE, JANE), PREL", ["OVIP", "DOE, JANE", "PREL"]),
        ("TAGS: PREL SUBJECT: TRAMS", ["PREL"]),
    ],
)
def test_tags_are_separated(line: str, tags: list[str]) -> None:
    assert read(f"{TOP}{line}\n\nOTHER WORDS\n")["tags"] == tags


@pytest.mark.parametrize(
    ("block", "references"),
    [
        ("REF: OSLO 5", ["OSLO 5"]),
        ("REF: (A) OSLO 5 (B) THE HAGUE 0017 (EXDIS)", ["OSLO 5", "THE HAGUE 0017"]),
        ("REFS: A. 07 OSLO 5\n\nB. 2006 OSLO 6", ["07 OSLO 5", "2006 OSLO 6"]),
        ("REF A: OSLO 5 AND RIO DE JANEIRO 6", ["OSLO 5", "RIO DE JANEIRO 6"]),
        ("Ref(s): A) 08OSLO5; B) Tel Aviv 00000007", ["08OSLO5", "TEL AVIV 00000007"]),
        ("REF: OSLO 5; OSLO 5", ["OSLO 5"]),
        ("REF: A. OSLO 5 (08)      B. OSLO 6 (2007)\n", ["OSLO 5 (08)", "OSLO 6 (2007)"]),
        ("REF: OSLO 5 (08) LIMA 6", ["OSLO 5", "(08) LIMA 6"]),
        ("REF: OSLO 5\nRIGA 00000012  001.2 OF 002", ["OSLO 5"]),
        ("REF: OSLO 5 RIGA 00000012 002 OF 002 B. LIMA 6", ["OSLO 5", "LIMA 6"]),
        ("REF: OSLO 5\nPAGE 02 RIGA 00012 01 OF 02 141230Z B. LIMA 6", ["OSLO 5", "LIMA 6"]),
        ("REF: OSLO 5\n\nLIMA 7 was on the line after", ["OSLO 5"]),
        ("REF: A. IIR 6 123 0456 08 B. OSLO 5", ["OSLO 5"]),
        ("REF: A. DOE-ROE E-MAIL 14 FEB 08 B. OSLO DAILY 14 FEBRUARY 2008 C. OSLO 5", ["OSLO 5"]),
        ("REF: XXXXXXXXXXXX 167, REASONS 1.4, SECTION 2, DESK 3/11, OSLO 5", ["OSLO 5"]),
    ],
)
def test_referenced_cables_are_given_as_written(block: str, references: list[str]) -> None:
    assert (
        read(f"{TOP}SUBJECT: TRAMS\n\n{block}\n\n1. (C) See LIMA 3.\n")["references"] == references
    )


def test_prose_that_begins_with_ref_is_no_reference() -> None:
    body = f"{TOP}SUBJECT: TRAMS\n\nThe point of\nref B on OSLO 5 is new and\nreferences OSLO 6.\n"
    assert "references" not in read(body)


@pytest.mark.parametrize(
    ("line", "order", "until"),
    [
        ("E.O. 12958: DECL: 02/14/2018", "E.O. 12958: DECL: 02/14/2018", ["2018-02-14"]),
        ("EO 12958 DECL: 2018/2/4", "EO 12958 DECL: 2018/2/4", ["2018-02-04"]),
        ("E.O. 12958:\nDECL: 02/14/2018", "E.O. 12958: DECL: 02/14/2018", ["2018-02-14"]),
        ("E.0. 12958: N/A", "E.0. 12958: N/A", []),
        ("E.O. 12958: DECL: 02/14/18", "E.O. 12958: DECL: 02/14/18", []),
        ("E.O. 12958: DECL: 14/02/2018", "E.O. 12958: DECL: 14/02/2018", []),
        ("E.O. 13526: DECL: A TREATY", "E.O. 13526: DECL: A TREATY", []),
    ],
)
def test_the_order_line_and_only_a_plain_date(line: str, order: str, until: list[str]) -> None:
    values = read(f"{TOP}{line}\nTAGS: PREL\n")
    assert values["executive_order"] == [order]
    assert values.get("declassify_on", []) == until


def test_sipdis_counts_as_a_caption_but_not_in_a_sentence() -> None:
    body = "UNCLAS RIGA 000012 SIPDIS\nSENSITIVE, SIPDIS\n\n1. (U) Reply with the SIPDIS caption.\n"
    assert len(read(body)["sipdis"]) == 2


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("met XXXXXXXXXXXX and xxxxx.", ["XXXXXXXXXXXX", "xxxxx"]),
        ("intoXXXXXXXXXXXXxx here", ["XXXXXXXXXXXXxx"]),
        ("[Source removed] said, [NAME\nREDACTED]", ["[Source removed]", "[NAME REDACTED]"]),
        ("Super Bowl XXX, 555XXXX, [they] XXL", []),
    ],
)
def test_redaction_marks(text: str, marks: list[str]) -> None:
    assert read(text).get("redaction_mark", []) == marks


def test_a_partial_extract_says_so_in_header_or_body() -> None:
    notice = (
        "This record is a partial extract of the original cable. The full text of the"
        " original\ncable is not available."
    )
    in_header = read_cable(f"{notice}\n\n141230Z Feb 08", "The text.")
    assert [(f.field, f.value) for f in in_header] == [
        ("dtg", "141230Z FEB 08"),
        ("partial_extract", "true"),
    ]
    (finding,) = read_cable("", f"... {notice} ...")
    assert verbatim(finding, "", f"... {notice} ...") == notice


@pytest.mark.parametrize(
    ("header", "field", "value"),
    [
        ("R 141230Z FEB 08", "dtg", "141230Z FEB 08"),
        ("O P 141230Z FEB 08 ZDK CTG RUEHQZ 0001 0451230", "dtg", "141230Z FEB 08"),
        ("CCCCC ZZH141230Z FEB 08AMEMBASSY QUITO", "dtg", "141230Z FEB 08"),
        ("DE RUEHQZ #1033 0451230", "message_number", "1033"),
        ("ZDK CTG #00732", "message_number", None),
        ("R 146099Z FEB 08", "dtg", None),
    ],
)
def test_routing_lines(header: str, field: str, value: str | None) -> None:
    assert read("", header).get(field) == ([value] if value else None)
