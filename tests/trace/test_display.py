"""A trace on a terminal, and where there is none."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.trace.display import Display, shortened, visible
from cablecrawl.trace.explanation import FIELD_NAMES
from cablecrawl.trace.records import CableTrace
from tests.sites.mirror import Build
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, change, crawl, trace

ESCAPE_CODE = re.compile(r"\x1b\[\d+m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def printed(found: CableTrace, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    Display(out).show(found)
    return out.getvalue()


def test_every_field_has_its_value_and_how_it_came_about(two_copies: SampleStore) -> None:
    found = trace(two_copies)
    text = printed(found)
    for name, field in found.fields.items():
        section = text.partition(f"\n{name}\n")[2].partition("\n\n")[0]
        assert f"\n    {field.how:<9} " in section, name
        if isinstance(field.value, str) and len(field.value) < 50:
            assert field.value in section
    (claim,) = found.fields["origin"].claims
    quoted = f"{claim.before}[[{CABLE.origin}]]{claim.after}"
    assert in_one_line(visible(quoted)) in in_one_line(text)
    for capture_id, capture in found.captures.items():
        assert capture_id in text
        assert f"{capture.warc}, bytes {capture.offset:,} to" in text
        assert capture.payload_sha256 in text


def test_nothing_is_wider_than_the_terminal(
    two_copies: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = trace(two_copies, verify=True)
    widest = {}
    for columns in (70, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = ESCAPE_CODE.sub("", printed(found, Terminal())).splitlines()
        widest[columns] = max(map(len, lines))
    assert 65 <= widest[70] <= 70
    assert 95 <= widest[100] <= 100


def test_colours_are_for_terminals(
    two_copies: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = trace(two_copies, verify=True)
    assert "\x1b" not in printed(found)
    assert ESCAPE_CODE.search(printed(found, Terminal()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(found, Terminal())


def test_what_a_hostile_page_writes_cannot_reach_the_terminal(
    tmp_path: Path, store: SampleStore
) -> None:
    evil = "Embassy \x1b]0;owned\x07\x1b[2J\u202e\x9b31m\u2028Astana"
    crawl(store, "mirror", tmp_path / "site", Build(1), replace(CABLE, origin=evil))
    change(store, "UPDATE witness SET url = 'http://mirror/' || char(27, 10, 13) || 'x'")
    found = trace(store, verify=True)
    assert "\x1b" in found.fields["origin"].value
    text = printed(found)
    assert all(character.isprintable() or character == "\n" for character in text)
    # Layouts take a line separator for white space; in the quote it stands.
    assert r"Embassy \x1b]0;owned\x07\x1b[2J\u202e\x9b31m Astana" in in_one_line(text)
    assert r"\u2028Astana]]" in text


def test_long_texts_are_shown_by_their_ends_length_and_digest() -> None:
    text = f"BEGIN {'x' * 1000} END"
    shown = shortened(text)
    assert shown.startswith("BEGIN xxx")
    assert "END (1,010 characters, SHA-256 " in shown
    assert len(shown) < 340
    assert shortened("short") == "short"
    assert "SHA-256" not in shortened(f"BEGIN {'x' * 500} [hidden] END")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ĳ and 漢", "plain, ĳ and 漢"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("back\\slash", r"back\\slash"),
        ("\x00\x1b\x85\xa0\xad", r"\x00\x1b\x85\xa0\xad"),
        ("\u200b\u2028\ud800\U000e0001", r"\u200b\u2028\ud800\U000e0001"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_what_does_not_verify_is_named_with_its_stage(tmp_path: Path, store: SampleStore) -> None:
    crawl(store, "mirror", tmp_path / "site", Build(1))
    assert f"ok: the {len(FIELD_NAMES)} fields follow from the bytes" in printed(
        trace(store, verify=True)
    )
    change(store, "UPDATE claim SET start = start - 1 WHERE field = 'origin'")
    text = printed(trace(store, verify=True))
    assert "\norigin  breaks at quote\n" in text
    assert "not verified: origin\n" in text
    assert "broken    quote: " in text


def test_copies_that_agree_are_named_in_one_line_and_others_one_by_one(
    tmp_path: Path, store: SampleStore
) -> None:
    edits = {CABLE.reference_id: "SUBJECT: TRAMS WITHOUT DOORS\n\n1. (C) A shorter text."}
    crawl(store, "a", tmp_path / "a", Build(1))
    crawl(store, "b", tmp_path / "b", Build(1))
    crawl(store, "c", tmp_path / "c", Build(1, edits=edits))
    text = printed(trace(store, field="subject"))
    assert "same in   b\n" in text
    # Lines are broken where the terminal ends.
    words = " ".join(text.split())
    assert f"but TRAMS WITHOUT DOORS (c /{CABLE.page}, cable_body)" in words
    assert "why       of the chosen reading: of 2 texts it is the fullest" in text


def test_of_many_claims_the_first_are_shown(tmp_path: Path, store: SampleStore) -> None:
    edits = {CABLE.reference_id: "1. (C) " + "XXXXXXXXXXXX met. " * 30}
    crawl(store, "mirror", tmp_path / "site", Build(1, edits=edits))
    text = printed(trace(store, field="redaction_marks"))
    assert "and 25 more claims: --json has all" in text
    assert text.count("redaction_mark[") == 5
