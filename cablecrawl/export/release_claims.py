"""What holds between the release claims of a cable: contradicted, corroborated, of one text.

A pure function of what is stored of the cable and of the registry of releases. Two sources
bear each other out only where it is known that neither has it from the other, nor both from a
third: that all copies of one original agree says nothing of the original.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from typing import NamedTuple

from cablecrawl.export.read import StoredCable, StoredReading, StoredWitness
from cablecrawl.items import Claim
from cablecrawl.records import (
    OF_PAGE,
    RELEASE_FIELDS,
    UNKNOWN,
    ReleaseClaim,
    release_claim,
    with_unknown,
)
from cablecrawl.release_checks import failed_checks
from cablecrawl.releases import Naming, Releases, named_release
from cablecrawl.typography import fold

# What one copy says of the cable, another can say too; what it says of itself only a copy with
# the same text bears out.
OF_CABLE = frozenset(("first_published_in", "states_redaction_relative_to"))

# What the checks look at.
CHECKED_FIELDS = RELEASE_FIELDS | {"created", "redaction_mark"}


class Origin(NamedTuple):
    """A source, and those it has its copies from."""

    source: str
    derived_from: tuple[str, ...] | None
    """All of them, straight or through others; None: it is not known."""


def are_independent(one: Origin, other: Origin) -> bool:
    """Whether it is known that two sources have their copies from no common source."""
    if one.derived_from is None or other.derived_from is None:
        return False
    return {one.source, *one.derived_from}.isdisjoint((other.source, *other.derived_from))


def release_claims_of(
    cable: StoredCable, releases: Releases
) -> dict[StoredReading, list[ReleaseClaim]]:
    """The release claims of every reading of a cable, judged by those of all the others."""
    copies = [
        _Copy(Origin(witness.source, witness.derived_from), reading, claims, releases)
        for witness in cable.witnesses
        for reading in witness.readings
        for claims in [_checked(witness, reading, cable.reference_id, releases)]
    ]
    if any(are_independent(*pair) for pair in combinations({copy.origin for copy in copies}, 2)):
        others = _Others(copies)
        judged = {copy.reading: [*others.corroborated(copy)] for copy in copies}
        for copy in copies:
            judged[copy.reading] += others.agreements(copy)
    else:
        judged = {copy.reading: copy.claims for copy in copies}
    return {copy.reading: with_unknown(judged[copy.reading], copy.source) for copy in copies}


def namings(claims: Iterable[Claim]) -> list[Naming]:
    """What the claims of a page say of the release it comes from."""
    return [
        Naming(claim.value, claim.basis or "", claim.confidence or "")
        for claim in claims
        if claim.field == "release" and claim.basis != "source_link"
    ]


def _checked(
    witness: StoredWitness, reading: StoredReading, reference_id: str, releases: Releases
) -> list[ReleaseClaim]:
    """The claims of a reading, each checked against those that one capture made with it.

    A reading whose page was built again has claims of several captures: an old counter beside
    a new stamp is no contradiction. That two claims stood on one page is known of all that hold
    now, and of those that the same capture was the first to make.
    """
    stored = [one for one in reading.claims if one.claim.field in CHECKED_FIELDS]
    claims = []
    for capture in (None, *sorted({one.capture for one in stored if not one.current})):
        is_now = capture is None
        page = [one for one in stored if (one.current if is_now else one.capture == capture)]
        failed = failed_checks([one.claim for one in page], reference_id, releases)
        claims += [
            release_claim(one.claim, witness.source, failed.get(place))
            for place, one in enumerate(page)
            if one.claim.field in RELEASE_FIELDS and one.current == is_now
        ]
    return claims


@dataclass
class _Copy:
    """A reading with what its page says of its release."""

    origin: Origin
    reading: StoredReading
    claims: list[ReleaseClaim]
    releases: Releases

    @property
    def source(self) -> str:
        return self.origin.source

    @cached_property
    def text(self) -> str:
        """Its text, whatever its typography; "" where it has none."""
        return _folded(self.reading.header, self.reading.body)

    @cached_property
    def release(self) -> str | None:
        """The release that it comes from, where that is known and in the registry."""
        return named_release(
            Naming(claim.value, claim.basis, claim.confidence)
            for claim in self.claims
            if claim.relation == OF_PAGE
            and claim.confidence != "inferred_weak"
            and self.releases.by_id(claim.value) is not None
        )


# Copies of a cable mostly have one text, and folding it takes milliseconds.
@lru_cache(16)
def _folded(header: str, body: str) -> str:
    return fold(f"{header}\n{body}")


class _Others:
    """What the copies of a cable say, by what is said and by text."""

    def __init__(self, copies: Iterable[_Copy]) -> None:
        self._by_statement: dict[tuple[str, str], set[Origin]] = defaultdict(set)
        self._by_text: dict[str, set[tuple[Origin, str]]] = defaultdict(set)
        for copy in copies:
            for claim in copy.claims:
                if claim.confidence == "asserted" and claim.relation in OF_CABLE:
                    self._by_statement[claim.value, claim.relation].add(copy.origin)
            if copy.release is not None and copy.text:
                self._by_text[copy.text].add((copy.origin, copy.release))

    def corroborated(self, copy: _Copy) -> Iterator[ReleaseClaim]:
        """Its claims; those that another source bears out are `corroborated`."""
        same_text = self._releases_of_text(copy)
        for claim in copy.claims:
            if claim.relation in OF_CABLE:
                says_it = any(
                    are_independent(copy.origin, origin)
                    for origin in self._by_statement[claim.value, claim.relation]
                )
            else:
                says_it = claim.relation == OF_PAGE and claim.value in same_text
            is_borne_out = says_it and claim.confidence == "asserted"
            yield replace(claim, confidence="corroborated") if is_borne_out else claim

    def agreements(self, copy: _Copy) -> Iterator[ReleaseClaim]:
        """The other releases that an independent source has this text from."""
        for release in sorted(self._releases_of_text(copy) - {copy.release or UNKNOWN}):
            yield ReleaseClaim(
                release,
                "crawler",
                "text_identity",
                "inferred_weak",
                copy.source,
                "text_agrees_with",
                None,
            )

    def _releases_of_text(self, copy: _Copy) -> set[str]:
        if not copy.text:
            return set()
        return {
            release
            for origin, release in self._by_text[copy.text]
            if are_independent(copy.origin, origin)
        }
