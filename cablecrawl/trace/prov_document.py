"""The provenance of one cable in the terms of W3C PROV, for tools that read it.

Entities are what there is: a source's page, the capture of it, its payload, the readings of each
copy, their claims, the values of the record, the rules as plans, and WikiLeaks' releases.
Activities are what was done: runs, steps (a rule applied to a payload), the choice of a reading.
Agents are who did it or says so: the code by its version, sources, publishers, the parties that
claims are asserted by.

A release is never said to be where a text comes from. A copy claims it, with a confidence: the
claim is an entity, and names the release in `cc:about`.

Every text of a page is masked: what one reading hides of another's stays hidden. The same store
gives the same document, byte for byte by `prov_json`.

Terms: https://www.w3.org/TR/prov-dm/ and https://www.w3.org/submissions/prov-json/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import quote

from prov.constants import PROV
from prov.identifier import Namespace, QualifiedName
from prov.model import ProvDocument
from sqlalchemy import Connection, select

from cablecrawl.export.read import StoredReading, StoredWitness
from cablecrawl.records import CaptureRecord, ReleaseClaim
from cablecrawl.releases import Release, load_releases
from cablecrawl.store import tables as t
from cablecrawl.trace.explanation import ExplainedCable, Explanation, Ground
from cablecrawl.trace.origin import Origins, RunOrigin
from cablecrawl.trace.report import CONTEXT, OWN_VALUES

# No host of ours stands behind these names, so they are no addresses.
NAMESPACE = "urn:cablecrawl:"
TERMS = Namespace("cc", f"{NAMESPACE}terms:")
KINDS = {
    kind: Namespace(kind, f"{NAMESPACE}{kind}:")
    for kind in (
        "page",
        "payload",
        "reading",
        "claim",
        "value",
        "record",
        "release",
        "rule",
        "run",
        "step",
        "choice",
        "software",
        "source",
        "publisher",
        "party",
    )
}
CAPTURE = Namespace("capture", "urn:uuid:")

# What a local name may hold that PROV-N can write as it is.
UNQUOTED = "/@~+*!"

UNKNOWN = "unknown"

Mask = Callable[[str], str]
"""As Hidden.mask: a text with what is hidden left out."""
Excerpt = Callable[[str, int, int], str]
"""As Hidden.excerpt: `text[start:end]`, masked as a part of its text."""


def cable_provenance(
    explained: ExplainedCable,
    origins: Origins,
    db: Connection,
    mask: Mask,
    excerpt: Excerpt | None = None,
    address: Mask | None = None,
) -> ProvDocument:
    """The provenance of a cable: of every claim of every reading, and of its record.

    `explained` has to be that of all fields, and `origins` those of the same cable. `excerpt`
    masks quotes as parts of their pages, for which WARC files are read; give it where anything
    is hidden, since a quote that ends in a name is not known for it by itself. `address` masks URLs
    and locators; None: as `mask` does.
    """
    names = {witness.source for witness in explained.cable.witnesses}
    rows = db.execute(select(t.source.c.name, t.source.c.publisher)).all()
    publishers = {row.name: row.publisher for row in rows if row.name in names}
    return _Document(explained, origins, publishers, mask, excerpt, address or mask).build()


def prov_json(document: ProvDocument) -> str:
    """A document as PROV-JSON; the same document always gives the same text, in ASCII."""
    content = json.loads(document.serialize(format="json") or "")
    # Attributes of several values are sets in `prov`, in an order that changes from run to run.
    return json.dumps(_in_order(content), indent=2, sort_keys=True)


def _in_order(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _in_order(value) for key, value in content.items()}
    if isinstance(content, list):
        return sorted(map(_in_order, content), key=json.dumps)
    return content


class _Document:
    """Builds the document; whatever is referred to is there, once."""

    def __init__(
        self,
        explained: ExplainedCable,
        origins: Origins,
        publishers: dict[str, str],
        mask: Mask,
        excerpt: Excerpt | None,
        address: Mask,
    ) -> None:
        self._explained = explained
        self._id = explained.cable.reference_id
        self._origins = origins
        self._publishers = publishers
        self._mask = mask
        self._excerpt = excerpt
        self._address = address
        self._releases = {release.id: release for release in load_releases()}
        self._document = ProvDocument()
        self._known: set[QualifiedName] = set()
        self._readings: dict[StoredReading, QualifiedName] = {}
        self._captured: set[int] = set()
        """Rows of the captures whose payload is there."""
        self._claims: dict[int, QualifiedName] = {}
        """By the identity of the stored claim."""
        for namespace in (TERMS, CAPTURE, *KINDS.values()):
            self._document.add_namespace(namespace)

    def build(self) -> ProvDocument:
        for row in self._origins.captures:
            self._capture(row)
        for witness in self._explained.cable.witnesses:
            for reading in witness.readings:
                self._reading(witness, reading)
        self._record()
        return self._document

    # ------------------------------------------------------------------------- who

    def _software(self, version: str | None) -> QualifiedName:
        name = _name("software", f"cablecrawl-{version or UNKNOWN}")
        if self._is_new(name):
            self._document.agent(
                name,
                _known(
                    {
                        "prov:type": PROV["SoftwareAgent"],
                        "prov:label": "CableCrawl",
                        "cc:version": version,
                    }
                ),
            )
        return name

    def _source(self, source: str) -> QualifiedName:
        name = _name("source", source)
        if self._is_new(name):
            self._document.agent(name, {"prov:type": TERMS["Source"], "prov:label": source})
            publisher = self._publishers.get(source, UNKNOWN)
            if publisher != UNKNOWN:
                behind = _name("publisher", publisher)
                if self._is_new(behind):
                    self._document.agent(
                        behind, {"prov:type": TERMS["Publisher"], "prov:label": publisher}
                    )
                self._document.actedOnBehalfOf(name, behind)
        return name

    def _party(self, party: str) -> QualifiedName:
        name = _name("party", party)
        if self._is_new(name):
            self._document.agent(name, {"prov:type": TERMS["Party"], "prov:label": party})
        return name

    # ------------------------------------------------------- captures, and what led to them

    def _run(self, run: RunOrigin) -> QualifiedName:
        name = _name("run", run.id)
        if self._is_new(name):
            arguments = {key: self._mask(value) for key, value in run.arguments.items()}
            attributes = {
                "prov:type": TERMS["Run"],
                "cc:spider": run.spider,
                "cc:state": run.state,
                "cc:arguments": json.dumps(arguments, sort_keys=True),
                "cc:settingsSha256": run.settings_sha256,
            }
            self._document.activity(name, run.started, None, _known(attributes))
            self._document.wasAssociatedWith(name, self._software(run.code_version))
        return name

    def _page(self, capture: CaptureRecord) -> QualifiedName:
        """What the source had at an address, whatever it said at the time."""
        url = self._address(capture.url)
        name = _name("page", f"{capture.source}/{url}")
        if self._is_new(name):
            attributes = {"prov:type": TERMS["Page"], "cc:url": url}
            self._document.entity(name, _known(attributes))
            self._document.wasAttributedTo(name, self._source(capture.source))
        return name

    def _capture(self, row: int) -> QualifiedName:
        capture = self._origins.captures[row]
        name = CAPTURE[quote(capture.capture_id.removeprefix("urn:uuid:"), safe=UNQUOTED)]
        if self._is_new(name):
            attributes = {
                "prov:type": TERMS["Capture"],
                "cc:outcome": capture.outcome,
                "cc:status": capture.status,
                "cc:via": None if capture.via is None else self._address(capture.via),
                "cc:warc": capture.warc,
                "cc:offset": capture.offset,
                "cc:length": capture.length,
                "cc:sighting": ", ".join(
                    sorted({each.event for each in self._origins.sightings if each.capture == row})
                ),
            }
            self._document.entity(name, _known(attributes))
            run = self._run(self._origins.runs[capture.run_id])
            self._document.wasGeneratedBy(name, run, capture.fetched_at)
            page = self._page(capture)
            self._document.used(run, page, capture.fetched_at)
            self._document.wasDerivedFrom(name, page, run)
        return name

    def _payload(self, row: int) -> QualifiedName:
        capture = self._origins.captures[row]
        name = _name("payload", f"sha256/{capture.payload_sha256}")
        if self._is_new(name):
            attributes = {
                "prov:type": TERMS["Payload"],
                "cc:sha256": capture.payload_sha256,
                "cc:length": capture.payload_length,
            }
            self._document.entity(name, _known(attributes))
        # The same bytes may have been captured often: they come from each capture.
        if row not in self._captured:
            self._captured.add(row)
            self._document.wasDerivedFrom(name, self._capture(row))
        return name

    # ---------------------------------------------------------------- readings and claims

    def _step(self, row: int, rule: str) -> QualifiedName:
        """A rule applied to the payload of a capture, by the code that did so last."""
        capture = self._origins.captures[row]
        name = _name("step", f"{capture.capture_id.removeprefix('urn:uuid:')}/{rule}")
        if self._is_new(name):
            plan = _name("rule", rule)
            if self._is_new(plan):
                attributes = {"prov:type": PROV["Plan"], "prov:label": rule}
                self._document.entity(plan, _known(attributes))
            self._document.activity(name, None, None, {"prov:type": TERMS["Step"]})
            reparse = self._origins.reparse_of(row)
            version = (
                self._origins.runs[capture.run_id].code_version
                if reparse is None
                else reparse.code_version
            )
            self._document.wasAssociatedWith(name, self._software(version), plan)
            self._document.used(name, self._payload(row))
        return name

    def _reading(self, witness: StoredWitness, reading: StoredReading) -> None:
        number = 1 + sum(other.source == witness.source for other in self._earlier(reading))
        name = _name("reading", f"{self._id}/{witness.source}/{number}")
        self._readings[reading] = name
        self._is_new(name)
        attributes = {
            "prov:type": TERMS["Reading"],
            "cc:sha256": reading.sha256,
            "cc:url": self._address(witness.url),
            "cc:locator": self._address(witness.locator),
            "cc:statedId": self._mask(witness.stated_id),
            "cc:encoding": reading.encoding,
            "cc:decoding": reading.decoding,
            "cc:isLatest": reading is witness.latest,
        }
        self._document.entity(name, _known(attributes))
        row = self._row_of(witness, reading)
        if row is not None:
            step = self._step(row, f"layout_{reading.layout}")
            payload = self._payload(row)
            self._document.wasGeneratedBy(name, step)
            self._document.wasDerivedFrom(name, payload, step)
            self._document.hadPrimarySource(name, self._capture(row))
        self._document.wasAttributedTo(name, self._source(witness.source))
        for place, stored in enumerate(reading.claims, 1):
            self._claim(Ground(stored, reading, witness), place)

    def _earlier(self, reading: StoredReading) -> Iterable[StoredWitness]:
        """The witnesses of the readings before this one, each as often as it has one."""
        for witness in self._explained.cable.witnesses:
            for other in witness.readings:
                if other is reading:
                    return
                yield witness

    def _row_of(self, witness: StoredWitness, reading: StoredReading) -> int | None:
        """Of the capture that a reading was first read from."""
        sought = (witness.source, reading.first_seen, reading.payload_sha256)
        return next(
            (
                row
                for row, capture in self._origins.captures.items()
                if (capture.source, capture.fetched_at, capture.payload_sha256) == sought
            ),
            None,
        )

    def _claim(self, ground: Ground, place: int) -> None:
        claim = ground.stored.claim
        reading = self._readings[ground.reading]
        name = _name("claim", f"{reading.localpart}/{place}", is_quoted=True)
        self._claims[id(ground.stored)] = name
        self._is_new(name)
        attributes = {
            "prov:type": TERMS["Claim"],
            "prov:value": claim.value if claim.field in OWN_VALUES else self._mask(claim.value),
            "cc:field": claim.field,
            "cc:ordinal": claim.ordinal,
            "cc:quote": self._quote(ground),
            "cc:start": claim.start,
            "cc:end": claim.end,
            "cc:basis": claim.basis or None,
            "cc:confidence": claim.confidence or None,
            "cc:isCurrent": ground.stored.current,
            "cc:about": self._release(claim.value) if claim.field == "release" else None,
        }
        self._document.entity(name, _known(attributes))
        step = self._step(ground.stored.capture, claim.rule)
        self._document.wasGeneratedBy(name, step)
        self._document.wasDerivedFrom(name, self._payload(ground.stored.capture), step)
        self._document.wasAttributedTo(name, self._party(claim.asserted_by))

    def _quote(self, ground: Ground) -> str | None:
        claim = ground.stored.claim
        if claim.quote is None:
            return None
        if self._excerpt is None or claim.start is None or claim.end is None:
            return self._mask(claim.quote)
        document = self._origins.decoded(ground.stored.capture).document
        if document is None or document.text[claim.start : claim.end] != claim.quote:
            return self._mask(claim.quote)
        first = max(claim.start - CONTEXT, 0)
        part = document.text[first : claim.end + CONTEXT]
        return self._excerpt(part, claim.start - first, claim.end - first)

    # ------------------------------------------------------------------------- the record

    def _record(self) -> None:
        chosen = self._explained.chosen
        record = _name("record", self._id)
        self._is_new(record)
        self._document.collection(
            record, {"prov:type": TERMS["CableRecord"], "cc:referenceId": self._id}
        )
        choice = _name("choice", self._id)
        self._document.activity(
            choice,
            None,
            None,
            {"prov:type": TERMS["Choice"], "cc:chosenBy": self._explained.record.chosen_by},
        )
        for witness in self._explained.cable.witnesses:
            self._document.used(choice, self._readings[witness.latest])
        self._document.wasGeneratedBy(record, choice)
        self._document.wasDerivedFrom(record, self._readings[chosen.latest], choice)
        for explanation in self._explained.explanations:
            self._value(record, explanation)
        for number, claim in enumerate(self._explained.record.releases, 1):
            self._release_claim(claim, number)

    def _value(self, record: QualifiedName, explanation: Explanation) -> None:
        name = _name("value", f"{self._id}/{explanation.field}")
        self._is_new(name)
        attributes = {
            "prov:type": TERMS["Value"],
            "cc:field": explanation.field,
            "cc:how": explanation.making.how,
            "prov:value": self._shown(explanation),
        }
        self._document.entity(name, _known(attributes))
        self._document.hadMember(record, name)
        for ground in explanation.grounds:
            self._document.wasDerivedFrom(name, self._claims[id(ground.stored)])

    def _shown(self, explanation: Explanation) -> str | None:
        """A value as text, or as JSON where it is none; texts are told by their claims' digest."""
        value = explanation.value
        if explanation.field in ("header", "body", "witnesses") or value is None:
            return None
        if isinstance(value, str):
            return value if explanation.field in OWN_VALUES else self._mask(value)
        return json.dumps(self._masked(value), ensure_ascii=False)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._mask(value)
        if isinstance(value, list):
            return [self._masked(each) for each in value]
        if is_dataclass(value):
            return {each.name: self._masked(getattr(value, each.name)) for each in fields(value)}
        return value

    def _release_claim(self, claim: ReleaseClaim, number: int) -> None:
        """A release claim as judged by the checks and by the other copies."""
        name = _name("claim", f"{self._id}/release/{number}")
        self._is_new(name)
        attributes = {
            "prov:type": TERMS["ReleaseClaim"],
            "prov:value": self._mask(claim.value),
            "cc:relation": claim.relation,
            "cc:basis": claim.basis,
            "cc:confidence": claim.confidence,
            "cc:contradictedBy": claim.contradicted_by,
            "cc:about": self._release(claim.value),
        }
        self._document.entity(name, _known(attributes))
        self._document.wasAttributedTo(name, self._party(claim.asserted_by))
        self._document.wasAttributedTo(name, self._source(claim.source))
        for witness in self._explained.cable.witnesses:
            if witness.source != claim.source:
                continue
            for reading in witness.readings:
                for stored in reading.claims:
                    made = stored.claim
                    if (made.value, made.asserted_by, made.basis) == (
                        claim.value,
                        claim.asserted_by,
                        claim.basis,
                    ):
                        self._document.wasDerivedFrom(name, self._claims[id(stored)])

    def _release(self, value: str) -> QualifiedName | None:
        """The release that a claim names; None where it names none that is known."""
        release: Release | None = self._releases.get(value)
        if release is None:
            return None
        name = _name("release", release.id)
        if self._is_new(name):
            attributes = {
                "prov:type": TERMS["Release"],
                "prov:label": release.label,
                "cc:kind": release.kind,
                "cc:date": release.date,
                "cc:authority": release.authority,
                "cc:isVerified": release.verified,
            }
            self._document.entity(name, _known(attributes))
        return name

    def _is_new(self, name: QualifiedName) -> bool:
        """Whether it was not there before; it is now."""
        is_new = name not in self._known
        self._known.add(name)
        return is_new


def _name(kind: str, name: str, *, is_quoted: bool = False) -> QualifiedName:
    return KINDS[kind][name if is_quoted else quote(name, safe=UNQUOTED)]


def _known(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
