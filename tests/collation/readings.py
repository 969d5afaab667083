"""Cables in memory: readings with invented texts, and the copies that have them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from cablecrawl.collation.comparison import Text
from cablecrawl.export.read import Stay, StoredCable, StoredClaim, StoredReading, StoredWitness
from cablecrawl.items import Claim

REFERENCE_ID = "07ASTANA9033"

SHOWN = """C O N F I D E N T I A L ASTANA 009033

SIPDIS

SUBJECT: THE TRAM THAT STOPS FOR NOBODY

1. (C) Summary: The city's first tram line opened on March 3 with
brass bands, two deputy mayors and no stops. End summary.

2. (C) Madina Orlovskaya of the Bank of the North told Econoff on
April 11 that the line was "ninety percent finished" and that the
drivers are paid by the kilometer. Orlovskaya's colleagues agreed.

3. (SBU) Comment: Nobody here expects the tram to stay empty past
the summer. The lesson is smaller and more lasting: below the level
of the akim, a signature is still a risk and seldom a duty.
PENWARDEN"""
"""A cable in which a person is named."""

MARKED = SHOWN.replace("Madina Orlovskaya of the Bank of the North", "XXXXXXXXXXXX").replace(
    "Orlovskaya's", "XXXXXXXXXXXX"
)
"""The same, the name and what tells it replaced."""

NAMED = frozenset(("madina", "orlovskaya", "bank", "north"))
"""Words that only the one that shows them has."""

OTHER = """UNCLAS OSLO 009071

SUBJECT: HERRING PRICES IN THE AUTUMN

1. (U) The price of herring fell by a third between the first and
the last week of October, since a warehouse in Bergen burned down
and its owner sold what was left from a boat. Fishermen blame him;
he blames a candle. The ministry will ask the candle next week.

2. (U) Econoff saw the boat. It is painted green, carries a scale
of brass, and was moored on Wednesday beside the opera, where its
skipper gave out recipes printed on the back of insurance forms.
He would not say how many barrels are left, only that he counts
them each night and has not yet come to the same number twice."""
"""Another cable."""


def claim(field: str, value: str, **more: str) -> StoredClaim:
    """A claim that holds now."""
    kept = {"asserted_by": "wikileaks_page", "rule": "rule/1", **more}
    return StoredClaim(Claim(field, value, **kept), "0" * 64, True)  # type: ignore[arg-type]


def reading(body: str, *claims: StoredClaim, header: str = "") -> StoredReading:
    """A reading with this text."""
    digest = sha256(f"{header}\0{body}".encode("utf-8", "surrogatepass")).hexdigest()
    return StoredReading(
        digest, "wikileaks", "utf-8", "meta", header, body, "2026-11-21T18:00:00.000000Z", "0" * 64,
        list(claims),
    )  # fmt: skip


def witness(source: str, *readings: StoredReading | None) -> StoredWitness:
    """A copy whose captures met these readings, a day apart; None: it was gone."""
    stays = []
    for day, found in enumerate(readings, start=1):
        time = f"2026-11-{day:02}T18:00:00.000000Z"
        stays.append(Stay(found, time, time))
    by_digest: dict[str, StoredReading] = {}
    latest = ""
    for found in filter(None, readings):
        known = by_digest.setdefault(found.sha256, replace(found, claims=[]))
        known.claims += [claim for claim in found.claims if claim not in known.claims]
        latest = found.sha256
    return StoredWitness(
        source,
        rank=1,
        locator="/cable/07ASTANA9033.html",
        stated_id=REFERENCE_ID,
        url=f"http://{source}/cable/07ASTANA9033.html",
        first_seen=stays[0].first_seen,
        last_seen=stays[-1].last_seen,
        is_gone=readings[-1] is None,
        is_unlisted=False,
        readings=list(by_digest.values()),
        latest=by_digest[latest],
        course=[
            stay._replace(reading=by_digest[stay.reading.sha256] if stay.reading else None)
            for stay in stays
        ],
    )


def cable(*witnesses: StoredWitness, reference_id: str = REFERENCE_ID) -> StoredCable:
    """A cable with these copies."""
    return StoredCable(reference_id, list(witnesses))


def cable_of(*bodies: str) -> StoredCable:
    """A cable with a copy for each of these bodies."""
    return cable(*(witness(f"source-{n}", reading(body)) for n, body in enumerate(bodies)))


def text(body: str) -> Text:
    """A body as it is compared."""
    return Text.of(reading(body))
