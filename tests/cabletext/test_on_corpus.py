"""How often each field is found on 473 real pages of one mirror."""

from __future__ import annotations

import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from cablecrawl.cabletext import read_cable
from cablecrawl.reference_id import from_body_line

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
PAGES = CORPUS / "release-201012011021.tar.xz"

PRE = re.compile(r"<pre>(.*?)</pre>", re.S)

# What the mirror adds to a text: anchors on paragraphs, links on tags.
ADDED = re.compile(r"<a id='par[^>]*>¶</a>|<a href='[^']*/tag/[^>]*>|</a>")

pytestmark = pytest.mark.skipif(not PAGES.exists(), reason=f"no {PAGES.name} beside the repository")


@pytest.fixture(scope="module")
def cables() -> dict[str, tuple[str, str]]:
    """Header and body by reference ID."""
    found = {}
    with tarfile.open(PAGES) as tar:
        for member in tar:
            if "/cable/" in f"/{member.name}" and member.name.endswith(".html"):
                file = tar.extractfile(member)
                assert file is not None
                header, body = (
                    ADDED.sub("", pre).replace("&#x000A;", "\n").strip("\n")
                    for pre in PRE.findall(file.read().decode("utf-8"))
                )
                found[Path(member.name).stem] = (header, body)
    return found


def test_fields_are_found_as_often_as_they_are_there(cables: dict[str, tuple[str, str]]) -> None:
    assert len(cables) == 473
    counts = Counter[str]()
    for header, body in cables.values():
        counts.update({f.field for f in read_cable(header, body)})
        counts["dtg or extract"] += bool(
            {f.field for f in read_cable(header, "")} & {"dtg", "partial_extract"}
        )
    shares = {field: count / len(cables) for field, count in counts.items()}
    assert shares["dtg or extract"] == 1
    assert shares["own_id"] >= 0.98
    assert shares["subject"] >= 0.97
    assert shares["tags"] >= 0.98
    assert shares["executive_order"] >= 0.98
    assert shares["sipdis"] >= 0.85
    assert shares["references"] >= 0.45


def test_only_cables_with_a_wrong_body_name_another(cables: dict[str, tuple[str, str]]) -> None:
    others = {}
    for stated, (header, body) in cables.items():
        own = [f.value for f in read_cable(header, body) if f.field == "own_id"]
        ids = [from_body_line(value, stated[:2]) for value in own]
        if ids and stated not in [found.canonical for found in ids if found]:
            others[stated] = own
    assert others == {"09MOSCOW1108": ["SHENYANG 4"], "10MEXICO614": ["ISLAMABAD 416"]}


def test_the_senders_serial_is_that_of_the_reference_id(cables: dict[str, tuple[str, str]]) -> None:
    for stated, (header, body) in cables.items():
        for finding in read_cable(header, body):
            if finding.field == "message_number" and finding.part == "header":
                assert int(finding.value) == int(re.sub(r".*\D", "", stated)) % 10_000
