"""The cables a cable names in its REF block."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cablecrawl.cabletext.finding import Finding, one_line
from cablecrawl.cabletext.heading import EMPTY_LINE, Heading

# A list goes on after an empty line only with the next letter: "B. KABUL 12", "(C) ROME 7".
NEXT_LETTER = re.compile(r"\s*\(?[B-Z][.)]\s", re.I)

# "BRASILIA 1666", "08 STATE 81854", "2008 THE HAGUE 00021", "09BAMAKO280", "TUNIS-1489", "DOHA 152
# (08)": a post of up to five words, a number that no date, fraction or telegram number goes on
# from, and perhaps a year before or behind. All repeats are bounded, so the search is linear.
REFERENCE = re.compile(
    r"(?<![\w/-])"
    r"(?:\(?'?(?P<year>(?:19|20)?\d\d)\)?[ \t\n-]{0,6})?"
    r"(?P<post>[A-Z]{2,20}(?:[\s.'-]{1,6}[A-Z]{2,20}){0,4})"
    r"[\s#:-]{0,6}(?P<serial>\d{1,8})(?![\w/])(?![.,-]\d)"
    r"(?!\s{1,3}(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC))"
    # "RIGA 00000012  001.2 OF 002", "PAGE 02 RIGA 00012 01 OF 02 141230Z": the cable's own name, at
    # a section's beginning or on top of a printed page.
    r"(?!\s{1,4}\d{2,3}(?:\.\d)? OF \d{2,3}\b)"
    # Not the year of the next one: "BRASILIA 709 (08) SAO PAULO 542".
    r"(?:[ ]?\('?(?P<year_behind>(?:19|20)?\d\d)\)(?![ \t]{0,6}[A-Z]{2}))?",
    re.I,
)

# Words before a number that name no post: dates, parts of a text, other kinds of document.
NOT_A_POST = frozenset(
    "JAN FEB MAR APR MAY JUN JUL AUG SEP SEPT OCT NOV DEC JANUARY FEBRUARY MARCH APRIL JUNE JULY"
    " AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER"
    " SECTION SECTIONS REASON REASONS PARA PARAS PARAGRAPH PAGE PAGES PART SERIAL LINE ITEM TAB"
    " ANNEX ARTICLE CHAPTER NUMBER NO NOS NR CASE FILE MODEL"
    " IIR TD TDX CIR HR UNSCR UNSC RES RESOLUTION EO ORDER PL LAW CFR FAM FAH USC INA PD NSPD HSPD"
    " NIE CONOPS"
    " DATED ON OF AT IN BY FROM TO FOR THROUGH THRU UNTIL SINCE TEL TELS TELEGRAM REFTEL REF REFS"
    " FAX PHONE EMAIL EMAILS MAIL MAILS MEMO NOTE LETTER REPORT DESK VERSION".split()
)

# Words that stand before a post and are no part of it.
NOT_OF_A_POST = frozenset(
    "AND OR SEE ALSO CF PREVIOUS NOTAL EXDIS NODIS REF REFS REFTEL REFTELS EMBASSY AMEMBASSY"
    " AMCONSUL USMISSION FM FROM CABLE CABLES".split()
)

WORD = re.compile(r"[A-Z]+", re.I)


def read_references(heading: Heading) -> Iterator[Finding]:
    """One Finding for each cable named, as written, the same one once. No year is added."""
    seen: set[str] = set()
    for block in heading.of("references"):
        end = _end_of_list(heading.text, block.value, block.end)
        for match in REFERENCE.finditer(heading.text, block.value, end):
            start = _start_of_reference(match)
            if start is None:
                continue
            value = one_line(heading.text[start : match.end()]).upper()
            if value not in seen:
                seen.add(value)
                yield Finding("references", value, "body", start, match.end(), "ref_block/2")


def _end_of_list(text: str, start: int, end: int) -> int:
    for empty in EMPTY_LINE.finditer(text, start, end):
        if not NEXT_LETTER.match(text, empty.end() - 1, end):
            return empty.start()
    return end


def _start_of_reference(match: re.Match[str]) -> int | None:
    """Where the reference begins, without the words before it; None if it is no cable."""
    words = list(WORD.finditer(match.string, *match.span("post")))
    if words[-1][0].upper() in NOT_A_POST or "XXX" in match["post"].upper():
        return None
    start = match.start()
    for index, word in enumerate(words[:-1]):
        if word[0].upper() in NOT_OF_A_POST:
            start = words[index + 1].start()
    return None if words[-1][0].upper() in NOT_OF_A_POST else start
