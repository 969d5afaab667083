"""posts.csv: what is in it, and what may not be."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict

import pytest

from cablecrawl.posts import posts, read_posts
from cablecrawl.reference_id import aliases
from tests.test_reference_id import CABLE_IDS

HEADER = "post,name,first_year,last_year,highest,also,also_in\n"
RIGA = "RIGA,RIGA,2006,2010,2006:1012 2007:980,,\n"


def test_a_post_has_its_names() -> None:
    new_york = posts().spelt("USUNNEWYORK")
    assert new_york is not None
    assert new_york.name == "USUN NEW YORK"
    assert posts().spelt("USUN") is new_york
    assert posts().spelt("USU") is None
    assert new_york.cut == "USUNN"
    assert posts().cut_as("USUNN") == [new_york]


def test_the_blank_of_a_name_counts_among_its_six_characters() -> None:
    cuts = {post.id: post.cut for post in posts()}
    assert cuts["NEWDELHI"] == "NEWDE"
    assert cuts["PORTAUPRINCE"] == "PORTA"
    assert cuts["BRUSSELS"] == "BRUSSE"
    assert cuts["SANTODOMINGO"] == "SANTO"
    assert cuts["LAPAZ"] == "LAPAZ"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("post,name\n", "columns are"),
        (HEADER + RIGA * 2, "RIGA: stands twice"),
        (HEADER + RIGA.replace("RIGA,RIGA", "Riga,RIGA"), "csv:2: Riga: is not a post"),
        (HEADER + RIGA.replace("RIGA,RIGA", "RIGA,OSLO"), "name 'OSLO' is not the post"),
        (HEADER + RIGA.replace("2010,", "10,"), "last_year is '10', not a year"),
        (HEADER + RIGA.replace("RIGA,2006", "RIGA,2011"), "highest has '2006:1012'"),
        (HEADER + "RIGA,RIGA,2008,2006,,,\n", "first_year is after last_year"),
        (HEADER + RIGA.replace("2007:980", "2007:0"), "highest has '2007:0'"),
        (HEADER + RIGA.replace("980,,", "980,Riga,09OSLO1"), "also has 'Riga'"),
        (HEADER + RIGA.replace("980,,", "980,RIGA LATVIA,"), "also and also_in go together"),
        (
            HEADER + RIGA + "OSLO,OSLO,2006,2010,,RIGA,09OSLO1\n",
            "OSLO: 'RIGA' is RIGA's",
        ),
    ],
)
def test_a_damaged_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_posts(table)


@pytest.mark.skipif(not CABLE_IDS.exists(), reason=f"no {CABLE_IDS.name} beside the repository")
def test_the_table_says_what_the_published_ids_say() -> None:
    serials: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(CABLE_IDS, "rt", encoding="ascii", newline="") as file:
        for stated, _ in csv.reader(file):
            match = re.fullmatch(r"(\d\d)([A-Z]+)(\d+)", stated)
            if match and stated not in aliases():
                year = int(match[1]) + (2000 if int(match[1]) <= 10 else 1900)
                serials[match[2]][year].append(int(match[3]))
    assert set(serials) - {post.id for post in posts()} == {"DAMASCCUS"}  # misspelt
    for post in posts():
        by_year = serials[post.id]
        assert (post.first_year, post.last_year) == (min(by_year), max(by_year))
        assert post.highest == {
            year: max(numbers) for year, numbers in sorted(by_year.items()) if len(numbers) >= 100
        }
