"""What the rules take out of a cable's header and body, and what they leave."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.boilerplate import PARTS, load_rules, read_rules
from cablecrawl.matter import MOST_MATCHES, Matter, MatterRules, find_matter

RULES = {part: MatterRules.of(part, load_rules()) for part in PARTS}

HEADER = """\
VZCZCXRO4180
PP RUEHXQ RUEHZV
DE RUEHQT #9311/01 0692228
ZNY CCCCC ZZH
P 092228Z MAR 04
FM AMEMBASSY QUITO
TO RUEHC/SECSTATE WASHDC PRIORITY 7933
INFO RUEHZP/AMEMBASSY PANAMA"""

CABLE = """\
C O N F I D E N T I A L SECTION 01 OF 02 QUITO 009311

SIPDIS

E.O. 12958: DECL: 03/08/2014
TAGS: PGOV, EAID, EC
SUBJECT: ECUADOR: A BRIDGE "CHANGES BANKS"

REF: QUITO 9300

1. (C) The bridge was built. Then the river moved.

QUITO 00009311  002 OF 002

2. (C) Comment: "We shall wait," said the engineer. End comment.
FENWICK"""

PARTNER_DATE = "Tuesday, 09 March 2004, 22:28"
RECORD = "04QUITO9311\nEmbassy Quito\nCONFIDENTIAL\n"
CSV = '95588,3/9/2004 22:28,04QUITO9311,"Embassy Quito",CONFIDENTIAL,04QUITO9300,"'


def strip(text: str, part: str = "body") -> str:
    """The text less what the rules take, and less blank lines at its ends, as an Excerpt has it."""
    taken = {p for matter in find_matter(text, RULES[part]) for p in range(*matter.span)}
    left = "".join(character for p, character in enumerate(text) if p not in taken)
    return re.sub(r"\A(?:[ \t]*\n)+|(?:\n[ \t]*)+\Z", "", left)


def facts(text: str, part: str = "body") -> dict[str, str]:
    return {
        fact.field: fact.value for matter in find_matter(text, RULES[part]) for fact in matter.facts
    }


def names(text: str, part: str = "body") -> list[str]:
    return [matter.rule.name for matter in find_matter(text, RULES[part])]


def escaped(text: str) -> str:
    """As a dump with tabs writes a text: a backslash at the end of every line."""
    return "".join(f"{line} \\\n" for line in text.split("\n")).rstrip("\n")


@pytest.mark.parametrize(
    ("above", "rule"),
    [
        (f"{PARTNER_DATE}\n", "partner_heading"),
        (f"US {PARTNER_DATE}\n\n", "partner_heading"),
        ("2004-03-09\n\n\n", "partner_date_line"),
        ("Cable dated:2004-03-09T22:28:00", "partner_date_glued"),
        ("Cable dated:2004-03-09T22:28:00\n", "partner_date_glued"),
    ],
)
def test_a_newspapers_date_above_the_classification_line_goes(above: str, rule: str) -> None:
    assert strip(above + CABLE) == CABLE
    assert names(above + CABLE) == [rule]
    assert facts(above + CABLE)["partner_created"].startswith("2004-03-09")


def test_the_newspapers_date_is_kept_as_a_fact_to_the_minute() -> None:
    assert facts(f"{PARTNER_DATE}\n{CABLE}") == {"partner_created": "2004-03-09T22:28"}


def test_a_newspapers_note_to_itself_goes_with_its_heading() -> None:
    text = f"NOTE - DO NOT PUBLISH - ASK THE LAWYERS\n\n{PARTNER_DATE}\n{CABLE}"
    assert strip(text) == CABLE
    assert strip(f"NOTE - DO NOT PUBLISH - ASK THE LAWYERS\n\n{CABLE}") != CABLE


@pytest.mark.parametrize("number", ["955988", "<<955988>>", "<>", ">", "<<955988>> "])
@pytest.mark.parametrize("created", ["2004-03-09 22:28:00", "3/9/2004 22:28", "03.09.2004 22:28"])
@pytest.mark.parametrize("references", ["04QUITO9300|04STATE910044\n", "04QUITO9300\n", "\n", ""])
def test_the_columns_of_a_record_go_and_its_header_stays(
    number: str, created: str, references: str
) -> None:
    text = f"{number}\n{created}\n{RECORD}{references}{HEADER}\n\n{CABLE}"
    assert strip(text) == f"{HEADER}\n\n{CABLE}"
    found = facts(text)
    assert found.pop("record_number", "955988") == "955988"
    assert found.pop("record_references", references.strip()) == references.strip()
    assert found == {
        "record_created": "2004-03-09T22:28",
        "record_id": "04QUITO9311",
        "record_origin": "Embassy Quito",
        "record_classification": "CONFIDENTIAL",
    }


@pytest.mark.parametrize("references", ["", "04QUITO9300|04STATE910044"])
def test_the_columns_of_a_record_with_tabs_go_and_the_escapes_of_its_lines(
    references: str,
) -> None:
    row = f"95588\t2004-03-09 22:28:00\t04QUITO9311\tEmbassy Quito\tCONFIDENTIAL\t{references}\t"
    header, body = escaped(HEADER).removesuffix(" \\"), escaped(CABLE)
    text = f"{row}{header}\t{body}"
    padded = "\n".join(f"{line} " for line in f"{HEADER}\t{CABLE}".split("\n"))
    assert strip(text).replace(" \n", "\n").rstrip() == padded.replace(" \n", "\n").rstrip()
    assert "\\" not in strip(text)
    assert facts(text)["record_number"] == "95588"
    assert facts(text).get("record_references", "") == references


def test_escapes_at_the_ends_of_lines_go_without_a_record_too() -> None:
    text = escaped(CABLE).replace("TAGS: PGOV, EAID, EC \\", "TAGS: PGOV, EAID, EC")
    assert strip(text) == "\n".join(f"{line} " for line in CABLE.split("\n")).replace(
        "TAGS: PGOV, EAID, EC ", "TAGS: PGOV, EAID, EC"
    )


def test_single_backslashes_at_the_ends_of_lines_stay() -> None:
    text = CABLE.replace("moved.", "moved. \\").replace("SIPDIS", "SIPDIS \\\n\\\n\\")
    assert strip(text) == text


def test_a_csv_row_goes_with_its_quotation_marks_and_their_doubles() -> None:
    doubled = CABLE.replace('"', '""')
    text = f'{CSV}{HEADER}\n\n","{doubled}"'
    assert strip(text) == f"{HEADER}\n\n{CABLE}"
    assert facts(text)["record_created"] == "2004-03-09T22:28"
    assert strip(f'{CSV}{HEADER}\n\n","{doubled}",') == f"{HEADER}\n\n{CABLE}"
    assert strip(f'{CSV}{HEADER}\n\n","{doubled}') == f"{HEADER}\n\n{CABLE}"


def test_a_quotation_that_ends_a_csv_row_keeps_its_own_mark() -> None:
    body = f'{CABLE}\nHe said: "Wait."'
    text = CSV + HEADER + '\n\n","' + body.replace('"', '""')
    assert strip(text + '"') == f"{HEADER}\n\n{body}"
    assert strip(text) == f"{HEADER}\n\n{body}"


def test_doubled_quotation_marks_stay_where_no_csv_row_was_found() -> None:
    text = CABLE.replace('"', '""')
    assert strip(text) == text


@pytest.mark.parametrize("mark", ['"', '",', '\n"', '\n",', ' "'])
def test_a_quotation_mark_behind_the_signature_that_closes_nothing_goes(mark: str) -> None:
    assert strip(CABLE + mark).rstrip() == CABLE
    assert names(CABLE + mark) == ["trailing_quote"]


@pytest.mark.parametrize(
    "end",
    [
        '\n"Visit Quito\'s Classified Web Site at http://www.example.sgov.gov\nwiki/Portal:Ecuador"',
        '\n"THE RIVER MOVED"',
        '\nHe said: "The river\nMOVED"',
        '\n3. (C) "It moved.\n\n4. (C) It will move again.\nHE SAID"',
        '"\n\n"',
    ],
)
def test_a_quotation_mark_that_closes_a_quotation_stays(end: str) -> None:
    assert strip(CABLE + end) == CABLE + end


KEYS = """\
ID: 95588
ORIGIN: 04QUITO9311
DATE: 2004-03-09 22:28:00
SOURCE: Embassy Quito
CLASSIFICATION: CONFIDENTIAL
MISC: 04QUITO9300
DESTINATION: """

SMALL_KEYS = """\
id: 95588
date: 3/9/2004 22:28
refid: 04QUITO9311
origin: Embassy Quito
classification: CONFIDENTIAL
destination: 04QUITO9300
header:
"""


@pytest.mark.parametrize("header", [HEADER, HEADER.replace("\n", "")])
def test_a_key_block_in_capitals_goes_and_the_header_in_it_stays(header: str) -> None:
    assert strip(f"{KEYS}{header}\n\n{CABLE}") == f"{header}\n\n{CABLE}"
    assert facts(f"{KEYS}{header}\n\n{CABLE}") == {
        "record_number": "95588",
        "record_id": "04QUITO9311",
        "record_created": "2004-03-09T22:28",
        "record_origin": "Embassy Quito",
        "record_classification": "CONFIDENTIAL",
        "record_references": "04QUITO9300",
    }


def test_a_key_block_without_its_first_lines_goes() -> None:
    text = f"CLASSIFICATION: SECRET\nMISC: \nDESTINATION: {HEADER}\n\n{CABLE}"
    assert strip(text) == f"{HEADER}\n\n{CABLE}"
    assert facts(text) == {"record_classification": "SECRET"}


def test_what_was_blacked_out_in_a_key_block_states_nothing() -> None:
    text = KEYS.replace("04QUITO9311", "XXXXXXXXXXXX").replace("04QUITO9300", "XXXXXXXX")
    found = facts(f"{text}{HEADER}\n\n{CABLE}")
    assert set(found) == {
        "record_number",
        "record_created",
        "record_origin",
        "record_classification",
    }


@pytest.mark.parametrize("keys", [SMALL_KEYS, re.sub("destination:.*\n", "", SMALL_KEYS), ""])
def test_a_key_block_goes_with_the_rules_at_both_ends(keys: str) -> None:
    rule, end = "----------------- header ends ----------------", "=====CABLE ENDS====="
    text = f"{keys}{HEADER}\n\n\n{rule}\n\n{CABLE} \n\n \n> \n\n{end}"
    assert strip(text) == f"{HEADER}\n\n\n\n\n{CABLE} "
    assert facts(text) == ({} if not keys else facts(text) | {"record_number": "95588"})
    notice = "This record is a partial extract of the original cable."
    assert strip(f"{keys}{notice}\n\n{rule}\n\n{CABLE}") == f"{notice}\n\n\n\n{CABLE}"


@pytest.mark.parametrize(
    ("below", "rules"),
    [
        ("\n\nNNNN", ["transmission_end"]),
        ("\n\nNnnn ", ["transmission_end"]),
        ("\nNNNN\nEnd Cable Text", ["end_cable_text", "transmission_end"]),
        ("\n \nNNNN \n \n\n\n\nEnd Cable Text", ["end_cable_text", "transmission_end"]),
        (
            "\nEnd Cable Text\nAnn B Clerk 07/30/2008 04:04:14 PM From DB/Inbox: TRANS\n.",
            ["end_cable_text"],
        ),
        ("\nEnd Cable Text\n XXXXXXXXXXXX", ["end_cable_text"]),
        ("\n>", ["lone_angle"]),
        ("\n>\n 2004QUITO09311 - Classification: SECRET", ["archive_line", "lone_angle"]),
        ("\n>  2004QUITO09311 - Classification: SECRET", ["archive_line"]),
        ("\nNNNN  2004QUITO09311 - SECRET", ["archive_line"]),
        ("\n\nEPET @ EL PAÍS", ["partner_watermark"]),
        ("\nTrack impresión: x @ Sat. propiedad de EL PAÍS\nID:\t95588", ["dump_number"]),
        ("\nSELECT * FROM `cable` WHERE `id` = '95588' ORDER BY `date` ASC", ["dump_query"]),
        (" 2004-03-09", ["partner_date_at_end"]),
        ("\n...", ["excerpt_remnant"]),
        ("\n\nIDGE CHANGES BANKS...", ["excerpt_remnant"]),
    ],
)
def test_what_was_put_behind_the_signature_goes(below: str, rules: list[str]) -> None:
    assert strip(CABLE + below) == CABLE
    assert names(CABLE + below)[: len(rules)] == rules


def test_an_excerpt_of_a_fixed_length_loses_its_dots_and_is_known_to_be_cut() -> None:
    excerpt = (CABLE * 2)[:250]
    assert strip(f"{excerpt}...") == excerpt
    assert facts(f"{excerpt}...") == {"cut_short": "..."}
    assert strip(f"{CABLE[:150]}...") == f"{CABLE[:150]}..."


def test_a_mail_programs_lines_above_a_header_go() -> None:
    found_by = "Ann B Clerk  03/21/2007 05:47:09 PM  From  DB/Inbox:  Search"
    for lead in (
        "Cable Text:          \n",
        f"null\n{found_by} Results\n\nCable \nText:\n",
        f"{found_by} \nResults\n\nCable \nText:   \n",
    ):
        assert strip(lead + HEADER, "header") == HEADER
        assert strip(lead + CABLE) == CABLE


# Lines that cables have (dossier 6.4), and such as the rules take at another place.
KEPT = """\
Comment
COMMENT:
--------------------------------------------- -------
=====
***
Tags: see below
Note
About the bridge
Next: Previous
Related
Created/Released: by hand
Following
View from the bank
Understanding the river
Source
Share
Discussing the bank
Search
Latest
Origin: unknown
Classification: CONFIDENTIAL
CLASSIFICATION: SECRET
MISC: none
ID: 7
REPLY
LEAVE THE BRIDGE
Facebook, Google, Twitter and bloggers
Subscribe
Advertisement
Connecting to the other bank
Fill in the form
You are here
If you ask
To understand the river
DISCLAIMER
http://www.example.sgov.gov
(C) 2005 STATE 917165
CONFIDENTIAL
NNNN
>
...
End Cable Text
=====CABLE ENDS=====
----------------- header ends ----------------
Tuesday, 09 March 2004, 22:28
2004-03-09
"
id: 95588"""


@pytest.mark.parametrize("line", KEPT.split("\n"))
def test_what_looks_so_and_stands_in_the_middle_of_a_cable_stays(line: str) -> None:
    text = CABLE.replace("\n\n2. (C)", f"\n\n{line}\n\n2. (C)")
    assert text != CABLE
    assert find_matter(text, RULES["body"]) == []
    assert find_matter(CABLE.replace("\nSIPDIS", f"\n{line}"), RULES["body"]) == []


def test_all_of_it_together_in_the_middle_of_a_cable_stays() -> None:
    examples = "\n".join(rule.example for rule in load_rules())
    text = CABLE.replace("\n\n2. (C)", f"\n\n{KEPT}\n{examples}\n\n2. (C)")
    assert find_matter(text, RULES["body"]) == []


@pytest.mark.parametrize(
    "first",
    [
        "SIPDIS",
        "STATE FOR WHA",
        "CLASSIFICATION: CONFIDENTIAL",
        "ID: 95588",
        f"{PARTNER_DATE}\nThe embassy met the minister.",
        "2004-03-09\nThe embassy met the minister.",
        "95588\nThe embassy met the minister.",
        "> The embassy met the minister.",
        '"The river moved," he said.',
        "NOTE - DO NOT PUBLISH",
        HEADER,
    ],
)
def test_a_first_line_that_is_the_cables_own_stays(first: str) -> None:
    assert find_matter(f"{first}\n\n{CABLE}", RULES["body"]) == []


@pytest.mark.parametrize(
    "last",
    [
        "CONFIDENTIAL",
        "fenwick",
        "FENWICK FENWICK",
        "End comment.",
        "</table>",
        ".",
        "END TEXT",
        "NNNNN",
        "- 3 -",
        "----",
        "/",
        "See http://www.example.sgov.gov/2004-03-09",
        "The river moved...",
        "QUITO 00009311  002 OF 002",
        "2004QUITO09311",
        "Reply to: ID 95588",
        "The bridge changes banks on 2004-03-09",
    ],
)
def test_a_last_line_that_is_the_cables_own_stays(last: str) -> None:
    assert find_matter(f"{CABLE}\n{last}", RULES["body"]) == []


def test_a_rule_waits_for_the_one_that_it_comes_after(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    common = "kind = 'x'\nlayouts = ['wikileaks']\nregion = 'body'\nauthority = 'a test'\n"
    path.write_text(
        f"[top]\n{common}place = 'start'\npattern = 'top '\nexample = 'top '\n"
        f"[dots]\n{common}pattern = '\\.'\nafter = ['top']\nexample = '.'\n",
        "utf-8",
    )
    rules = MatterRules.of("body", read_rules(path))
    assert [matter.span for matter in find_matter("top a.b.", rules)] == [(0, 4), (5, 6), (7, 8)]
    assert find_matter("a.b.", rules) == []


def test_a_text_with_more_matches_than_any_cable_has_stays_whole() -> None:
    lines = "a \\\n" * MOST_MATCHES
    assert len(find_matter(f"{lines}b", RULES["body"])) == MOST_MATCHES
    assert find_matter(f"{lines}b \\\nc", RULES["body"]) == []


PIECES = [
    *(rule.example for rule in load_rules() if rule.region in PARTS),
    *(
        "\n",
        " ",
        '"',
        '""',
        "\\\n",
        "NNNN",
        ">",
        "...",
        "SECRET QUITO 1",
        "FENWICK",
        "1. (C) It is.",
    ),
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("\n".join))
def test_what_is_taken_stands_apart_and_in_the_text(text: str) -> None:
    text = text.strip("\n ")
    found: list[Matter] = find_matter(text, RULES["body"])
    spans = sorted(matter.span for matter in found)
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text)
        position = end
    for matter in found:
        for fact in matter.facts:
            assert 0 <= fact.span.start < fact.span.end <= len(text)
            assert fact.value


@pytest.mark.parametrize(
    "piece", ["NNNN\n", '"', "\\\n", "\n ", "A B ", ">\n", "Ab\n\n", "- header ends -", "1\t"]
)
def test_a_text_of_one_thing_over_and_over_is_read_to_its_end(piece: str) -> None:
    text = (piece * (1_000_000 // len(piece))).strip()
    assert len(find_matter(f"{CSV}{text}", RULES["body"])) <= MOST_MATCHES + 10
    assert len(find_matter(text, RULES["body"])) <= MOST_MATCHES + 10
