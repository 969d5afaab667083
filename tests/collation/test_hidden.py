"""What one reading hides and another shows is not shown by us."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cablecrawl.collation.former import Former
from cablecrawl.collation.hidden import HIDDEN, MOST_TEXTS, Hidden, text_of
from cablecrawl.collation.history import history_of
from cablecrawl.collation.words import Words
from cablecrawl.export.read import StoredCable, StoredReading
from cablecrawl.releases import load_releases
from tests.collation.readings import (
    MARKED,
    NAMED,
    OTHER,
    SHOWN,
    cable,
    cable_of,
    claim,
    reading,
    witness,
)


def hidden_of(*bodies: str) -> Hidden:
    return Hidden.of(cable_of(*bodies))


def readings_of(found: StoredCable) -> list[StoredReading]:
    return [reading for witness in found.witnesses for reading in witness.readings]


def words_of(text: str) -> set[str]:
    return set(Words(text).keys)


def test_a_name_that_another_reading_hides_is_hidden_in_the_text_that_shows_it() -> None:
    found = cable_of(SHOWN, MARKED)
    shows, hides = readings_of(found)
    hidden = Hidden.of(found)
    assert hidden
    assert not words_of(hidden.body(shows)) & NAMED
    assert "[hidden] told Econoff on\nApril 11" in hidden.body(shows)
    assert hidden.body(hides) == MARKED


def test_the_joints_of_a_name_do_not_split_it() -> None:
    """`of the` stands in both texts."""
    found = cable_of(SHOWN, MARKED)
    masked = Hidden.of(found).body(readings_of(found)[0])
    assert "of the Bank" not in masked
    assert f"2. (C) {HIDDEN} told" in masked


def test_names_are_hidden_whatever_their_length() -> None:
    short, long = SHOWN.replace("Orlovskaya", "Ng"), SHOWN.replace("Orlovskaya", "Ng" * 60)
    masked = []
    for body in (short, long):
        found = cable_of(body, MARKED)
        masked.append(Hidden.of(found).body(readings_of(found)[0]))
    assert masked[0] == masked[1]


def test_nothing_is_hidden_where_no_text_has_a_mark() -> None:
    hidden = hidden_of(SHOWN, SHOWN.replace("Orlovskaya", "a woman"))
    assert not hidden
    assert hidden.mask(SHOWN) == SHOWN


def test_nothing_is_hidden_where_all_texts_have_the_marks() -> None:
    assert not hidden_of(MARKED, MARKED.replace("brass bands", "string quartets"))


def test_the_folders_of_an_address_are_shown_and_the_name_of_a_page_is_not() -> None:
    """A text that has the word "cable" where another is marked makes no secret of `/cable/`."""
    hidden = hidden_of(SHOWN.replace("Orlovskaya", "Orlovskaya in the cable"), MARKED)
    assert HIDDEN in hidden.mask("a cable")
    assert hidden.address("http://one/cable/07ASTANA9033.html").endswith("/cable/07ASTANA9033.html")
    for address in ("/cable/madina-orlovskaya.html", "/cable/mad%69na/", "/orlovskaya/cable"):
        assert not words_of(hidden.address(f"http://one{address}")) & NAMED
    assert hidden.address("http://one/cable") == f"http://one/{HIDDEN}"


def test_what_is_asked_for_is_shown() -> None:
    hidden = Hidden.of(cable_of(SHOWN, MARKED), show=True)
    assert not hidden
    assert hidden.mask(SHOWN) == SHOWN


@pytest.mark.parametrize(
    "text",
    [
        "VISIT OF MADINA ORLOVSKAYA",
        "Orlovskaya's visit",
        "orlovskaya",
        "Madina\n   Orlovskaya",
        "Madina&#x000A;Orlovskaya",
        "Madina<br />Orlovskaya",
        "Orlov<b>skaya</b>",
        "Orlov\u00adskaya",
        "http://source.example/visit-of-madina_orlovskaya.html",
        "http://source.example/?q=Madina%20Orlovskaya",
        "<a href='/tag/ORLOVSKAYA'>",
        "Bank of the North",
        "Órlovskaya",
    ],
)
def test_a_hidden_name_is_masked_wherever_it_stands(text: str) -> None:
    masked = hidden_of(SHOWN, MARKED).mask(text)
    assert HIDDEN in masked
    plain = re.sub("<[^>]*>", "", html.unescape(masked)).replace("\u00ad", "").replace("%20", " ")
    assert not words_of(plain) & NAMED
    assert "orlov" not in masked.lower()


def test_words_that_both_texts_have_are_not_masked_elsewhere() -> None:
    hidden = hidden_of(SHOWN, MARKED)
    subject = "THE TRAM THAT STOPS FOR NOBODY, OF THE CITY"
    assert hidden.mask(subject) == subject


def test_a_name_that_the_hiding_text_shows_elsewhere_is_masked_as_well() -> None:
    """An oversight: it still stands in paragraph 3 of the text that hides it in paragraph 2."""
    marked = MARKED.replace("Comment:", "Comment: Orlovskaya is right.")
    shown = SHOWN.replace("Comment:", "Comment: Orlovskaya is right.")
    masked = hidden_of(shown, marked).mask("Orlovskaya's colleagues agreed")
    assert "Orlovskaya" not in masked


def test_a_part_of_what_is_hidden_is_masked() -> None:
    """All its words stand in the text that hides it, but not side by side."""
    marked = MARKED.replace("Comment:", "Comment: Madina went North. Orlovskaya has a Bank.")
    shown = SHOWN.replace("Comment:", "Comment: Madina went North. Orlovskaya has a Bank.")
    hidden = hidden_of(shown, marked)
    assert hidden.mask("Madina Orlovskaya") == HIDDEN
    assert "North" not in hidden.mask("Bank of the North told Econoff")


def test_an_excerpt_is_masked_as_a_part_of_its_text() -> None:
    """Cut in the middle of the name, and of a word of it."""
    hidden = hidden_of(SHOWN, MARKED)
    for start in range(SHOWN.index("Madina") - 3, SHOWN.index("told Econoff")):
        excerpt = hidden.excerpt(SHOWN, start, start + 9)
        left = excerpt.replace(HIDDEN, "")
        assert left in SHOWN[: SHOWN.index("Madina")] + SHOWN[SHOWN.index(" told Econoff") :]


def test_a_passage_that_was_cut_out_without_a_mark_is_hidden_too() -> None:
    """Where the same text has marks elsewhere."""
    shown = SHOWN.replace("agreed.", "agreed.\nHer brother Tolubay keeps the ledger.")
    masked = hidden_of(shown, MARKED).mask("her brother Tolubay keeps the ledger")
    assert masked == HIDDEN


def test_a_word_beside_a_mark_that_both_texts_have_is_hidden() -> None:
    """One mark for two names in the one text, for one of them in the other."""
    one = SHOWN.replace("Madina Orlovskaya of the Bank of the North", "XXXXXXXXXXXX")
    other = SHOWN.replace("Madina Orlovskaya of", "XXXXXXXXXXXX and Tolubay of")
    assert "Tolubay" not in hidden_of(one, other).mask("Tolubay said")


def test_each_of_two_texts_can_hide_something_of_the_other() -> None:
    one = SHOWN.replace("Madina Orlovskaya", "XXXXXXXXXXXX").replace("Orlovskaya's", "Her")
    other = SHOWN.replace("two deputy mayors", "XXXXXXXXXXXX")
    found = cable_of(one, other)
    hidden = Hidden.of(found)
    first, second = (hidden.body(reading) for reading in readings_of(found))
    assert "mayors" not in first
    assert "Orlovskaya" not in second


def test_a_third_text_that_shows_the_name_is_masked_too() -> None:
    spelt = SHOWN.replace("Orlovskaya", "Orlovskaja")
    found = cable_of(SHOWN, MARKED, spelt)
    hidden = Hidden.of(found)
    assert "Orlovska" not in "".join(hidden.body(reading) for reading in readings_of(found))
    assert hidden.mask("Orlovskaja, Orlovskaya") == HIDDEN


def test_the_text_of_another_cable_hides_nothing() -> None:
    """It stands under this ID by mistake, and has marks of its own."""
    hidden = hidden_of(SHOWN, OTHER.replace("Fishermen", "XXXXXXXXXXXX"))
    assert hidden.mask(SHOWN) == SHOWN


def test_a_newspapers_excerpt_does_not_hide_the_heading_that_it_leaves_out() -> None:
    excerpt = MARKED[MARKED.index("1. (C)") :]
    hidden = hidden_of(SHOWN, excerpt)
    assert hidden.mask("THE TRAM THAT STOPS FOR NOBODY") == "THE TRAM THAT STOPS FOR NOBODY"
    assert hidden.mask("ASTANA 009033") == "ASTANA 009033"
    assert hidden.mask("Orlovskaya") == HIDDEN


@pytest.mark.parametrize("field", ["title", "subject"])
def test_a_name_that_a_title_hides_is_hidden(field: str) -> None:
    found = cable(
        witness("early", reading(SHOWN, claim(field, "ORLOVSKAYA ON TRAMS"))),
        witness("late", reading(SHOWN + "\n", claim(field, "XXXXXXXXXXXX ON TRAMS"))),
    )
    hidden = Hidden.of(found)
    assert hidden.mask("ORLOVSKAYA ON TRAMS") == f"{HIDDEN} ON TRAMS"
    assert "Orlovskaya" not in hidden.body(readings_of(found)[0])


def test_a_title_that_is_cut_does_not_hide_what_every_text_shows() -> None:
    found = cable(
        witness("early", reading(SHOWN, claim("title", "ORLOVSKAYA ON TRAMS IN SUMMER"))),
        witness("late", reading(SHOWN + "\n", claim("title", "XXXXXXXXXXXX ON TRAMS"))),
    )
    assert Hidden.of(found).mask("stay empty past the summer") == "stay empty past the summer"


def test_a_mark_that_takes_the_place_of_a_number_hides_it_where_it_stands() -> None:
    hidden = hidden_of(SHOWN, SHOWN.replace("April 11", "April XXXXXX"))
    assert hidden.mask("told Econoff on April 11 that") == f"told Econoff on April {HIDDEN} that"
    assert hidden.mask("2007-04-11") == "2007-04-11"


def test_masking_twice_is_masking_once() -> None:
    hidden = hidden_of(SHOWN.replace("Bank", "Hidden Bank"), MARKED)
    once = hidden.mask(SHOWN)
    assert hidden.mask(once) == once


def test_with_more_texts_than_can_be_compared_everything_is_hidden() -> None:
    bodies = [SHOWN, MARKED, *(f"{SHOWN}\nNote {n}" for n in range(MOST_TEXTS - 1))]
    hidden = hidden_of(*bodies)
    assert hidden
    assert hidden.mask("any text") == HIDDEN
    assert hidden.mask("") == ""


def former(*bodies: str, names: tuple[str, ...] = ()) -> Former:
    return Former(frozenset(text_of(reading(body)) for body in bodies), frozenset(names))


def test_what_a_reading_hides_of_a_text_that_is_no_longer_read_is_hidden() -> None:
    hidden = Hidden.of(cable_of(MARKED), former(SHOWN))
    assert hidden
    assert hidden.mask("VISIT OF MADINA ORLOVSKAYA") == f"VISIT OF {HIDDEN}"
    assert hidden.former("VISIT OF MADINA ORLOVSKAYA") == f"VISIT OF {HIDDEN}"


def test_a_text_that_is_no_longer_read_goes_on_hiding() -> None:
    found = cable_of(SHOWN)
    (shows,) = readings_of(found)
    assert not words_of(Hidden.of(found, former(MARKED)).body(shows)) & NAMED
    assert not Hidden.of(found, former(MARKED), show=True)


def test_a_history_hides_what_a_text_that_is_no_longer_read_hides() -> None:
    found = cable(witness("a", reading(SHOWN.replace("April", "May")), reading(SHOWN)))
    (change,) = history_of(found, load_releases(), []).witnesses[0].transitions
    assert words_of(change.variants[0].earlier_text) & NAMED
    history = history_of(found, load_releases(), [], former(MARKED))
    (change,) = history.witnesses[0].transitions
    assert history.redacted_spans == "hidden"
    assert HIDDEN in change.variants[0].earlier_text
    assert not words_of(change.variants[0].earlier_text) & NAMED


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ("XXXXXXXXXXXX RIDES THE TRAM", "MADINA ORLOVSKAYA RIDES THE TRAM"),
        ("MADINA ORLOVSKAYA RIDES THE TRAM", "XXXXXXXXXXXX RIDES THE TRAM"),
    ],
)
def test_a_title_that_is_no_longer_read_hides_and_is_hidden(now: str, before: str) -> None:
    found = cable(witness("a", reading("1. (U) No text.", claim("title", now))))
    hidden = Hidden.of(found, former(names=(before,)))
    for title in (now, before):
        assert not words_of(hidden.mask(title)) & NAMED
        assert not words_of(hidden.former(title)) & NAMED


def test_a_former_name_with_words_of_no_text_is_hidden_whole() -> None:
    """A rule cut it within a word, which is not known for what it is."""
    cut, whole = "VISIT OF MADINA ORLOVSK", "THE TRAM THAT STOPS"
    hidden = Hidden.of(cable_of(MARKED), former(SHOWN, names=(cut, whole)))
    assert hidden.former(cut) == HIDDEN
    assert hidden.former(whole) == whole


def test_a_former_name_is_shown_where_nothing_has_a_mark() -> None:
    hidden = Hidden.of(cable_of(SHOWN), former(names=("VISIT OF MADINA ORLOVSK",)))
    assert not hidden
    assert hidden.former("VISIT OF MADINA ORLOVSK") == "VISIT OF MADINA ORLOVSK"


def test_the_header_is_masked_as_well() -> None:
    found = cable(
        witness("early", reading("Body.", header="FM AMEMBASSY ASTANA\nTO ORLOVSKAYA")),
        witness("late", reading("Body.", header="FM AMEMBASSY ASTANA\nTO XXXXXXXXXXXX")),
    )
    hidden = Hidden.of(found)
    early = readings_of(found)[0]
    assert hidden.header(early) == f"FM AMEMBASSY ASTANA\nTO {HIDDEN}"
    assert hidden.body(early) == "Body."


COMMON = "the tram of Astana and its drivers on Monday told Econoff that nobody paid for it".split()
NAMES = ["Orlovskaya", "Ng", "Tolubay", "Sérik", "O'Hara", "Madina", "al-Farsi", "X", "Xi", "Bank"]
NAME = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(lambda n: " of the ".join(n))
SENTENCE = st.lists(st.sampled_from(COMMON), min_size=2, max_size=14)


@st.composite
def redactions(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """A text, the same with names replaced by marks and other changes, and those names."""
    shown, marked, names = [], [], []
    for _ in range(draw(st.integers(1, 6))):
        words = draw(SENTENCE)
        shown += words
        marked += draw(SENTENCE) if draw(st.integers(0, 9)) == 0 else words
        name = draw(NAME)
        shown.append(name)
        marked.append(draw(st.sampled_from(["XXXXXXXXXXXX", "xxxxxxx", "[name removed]", "XXXX"])))
        names.append(name)
    blank = draw(st.sampled_from([" ", "\n", " \n\n"]))
    return blank.join(shown), " ".join(marked), names


@given(redactions())
@settings(deadline=None, max_examples=200)
def test_no_hidden_name_is_in_what_is_masked(case: tuple[str, str, list[str]]) -> None:
    body, marked, names = case
    found = cable_of(body, marked)
    hidden = Hidden.of(found)
    secret = {word for name in names for word in Words(name).keys if len(word) > 1}
    secret -= {"of", "the"}
    reading = readings_of(found)[0]
    assert not words_of(hidden.body(reading)) & secret
    for text in (body, body.upper(), " ".join(names), html.escape(body), text_of(reading)):
        assert not words_of(html.unescape(hidden.mask(text))) & secret
    middle = len(body) // 2
    for excerpt in (hidden.excerpt(body, 0, middle), hidden.excerpt(body, middle, len(body))):
        assert not words_of(excerpt) & secret


@given(redactions())
@settings(deadline=None)
def test_what_is_hidden_never_shows_its_length(case: tuple[str, str, list[str]]) -> None:
    body, marked, names = case
    longer = body.replace("Orlovskaya", "Orlovskayaorlovskaya")
    masked = []
    for text in (body, longer):
        found = cable_of(text, marked)
        masked.append(Hidden.of(found).body(readings_of(found)[0]))
    assert masked[0] == masked[1]
