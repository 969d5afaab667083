"""A trace as it is shown: every text of a page masked, every claim in its surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from cablecrawl.code_version import steps_sha256
from cablecrawl.collation.hidden import Hidden
from cablecrawl.items import Claim
from cablecrawl.records import CaptureRecord
from cablecrawl.reference_id import ReferenceID, parse
from cablecrawl.trace.choice import why_chosen
from cablecrawl.trace.explanation import (
    ALL,
    ExplainedCable,
    Explanation,
    Ground,
    Rival,
)
from cablecrawl.trace.origin import FormerClaim, Origins, RunOrigin
from cablecrawl.trace.recheck import VALUE
from cablecrawl.trace.records import (
    CableTrace,
    CaptureTrace,
    ChosenTrace,
    ClaimTrace,
    FieldTrace,
    FindingTrace,
    RivalTrace,
    RunTrace,
)
from cablecrawl.trace.verdict import PARTS, FieldVerdict

SURROUNDINGS = 40
"""Characters of the document shown on either side of a quote."""
EDGE = 60
"""Characters shown of either end of a stretch that is not quoted."""
# Names are known for hidden ones with what stands around them; the longest have some words.
CONTEXT = 2_000

# Values that are ours and not a page's: masking them would only do harm.
OWN_VALUES = frozenset(
    ("reference_id", "created_precision", "body_sha256", "partial_extract", "redaction_marks")
    + ("chosen_by", "flags")
)

# Values that rest on which copies there are, and what each of them has.
SIGHTED = frozenset(("witnesses", "chosen_by"))


class Reporter:
    """Makes the report of one cable."""

    def __init__(
        self,
        explained: ExplainedCable,
        origins: Origins,
        *,
        show_redacted_spans: bool = False,
    ) -> None:
        self._explained = explained
        self._origins = origins
        self._shows = show_redacted_spans
        self._hidden = Hidden.of(explained.cable, origins.former, show=show_redacted_spans)
        self._captures: dict[int, None] = {}

    def report(
        self, asked: ReferenceID, verdicts: Mapping[str, FieldVerdict] | None = None
    ) -> CableTrace:
        """The report; `asked` is the ID as the user spelt it."""
        chosen = self._explained.chosen
        record = self._explained.record
        why = why_chosen(self._explained.cable.witnesses, record.chosen_by)
        fields = {
            each.field: self._field(each, why, None if verdicts is None else verdicts[each.field])
            for each in self._explained.explanations
        }
        captures = sorted(
            self._captures,
            key=lambda row: (
                self._origins.captures[row].fetched_at,
                self._origins.captures[row].capture_id,
            ),
        )
        records = [self._origins.captures[row] for row in captures]
        runs = {record.run_id: None for record in records}
        return CableTrace(
            record.reference_id,
            asked.stated,
            asked.reason,
            "shown" if self._shows else "hidden" if self._hidden else "none",
            ChosenTrace(
                chosen.source,
                self._address(chosen.url),
                self._address(chosen.locator),
                chosen.latest.layout,
                chosen.latest.sha256,
                record.chosen_by,
                why,
            ),
            fields,
            {self._origins.captures[row].capture_id: self._capture(row) for row in captures},
            {run: self._run(self._origins.runs[run]) for run in runs},
            None if verdicts is None else all(verdicts[name].holds for name in fields),
            None if verdicts is None else self._origins.are_read_by({steps_sha256()}),
        )

    def _field(
        self, explanation: Explanation, why: str, verdict: FieldVerdict | None
    ) -> FieldTrace:
        claims = [self._claim(ground) for ground in explanation.grounds]
        rivals = [self._rival(explanation, rival) for rival in explanation.rivals]
        rivals += [
            self._former(explanation, former)
            for former in self._origins.former_claims
            if former.field in explanation.fields[:1] and explanation.field not in SIGHTED
        ]
        if explanation.field == "witnesses":
            for sighting in self._origins.sightings:
                self._captures[sighting.capture] = None
        return FieldTrace(
            self._value(explanation),
            explanation.making.how,
            _from_what(explanation),
            _evidence(explanation),
            _note(explanation),
            _why(explanation, why),
            claims,
            rivals,
            None if verdict is None or explanation.field not in PARTS else dict(verdict.taken_out),
            None if verdict is None else self._findings(verdict),
        )

    def _findings(self, verdict: FieldVerdict) -> list[FindingTrace]:
        findings = [
            FindingTrace(
                finding.stage, self._mask(finding.where), finding.detail, finding.capture_id
            )
            for finding in verdict.findings
        ]
        if verdict.differs is not None:
            findings.append(FindingTrace(VALUE, "the record", verdict.differs, None))
        return findings

    def _value(self, explanation: Explanation) -> Any:
        reading = self._explained.chosen.latest
        if explanation.field == "header":
            return self._hidden.header(reading)
        if explanation.field == "body":
            return self._hidden.body(reading)
        value = _as_json(explanation.value)
        return value if explanation.field in OWN_VALUES else self._masked(value)

    def _claim(self, ground: Ground) -> ClaimTrace:
        claim = ground.stored.claim
        row = ground.stored.capture
        self._captures[row] = None
        before, quote, after, begins, ends = self._surroundings(ground)
        return ClaimTrace(
            claim.field,
            claim.ordinal,
            claim.value if claim.field in OWN_VALUES else self._mask(claim.value),
            claim.asserted_by,
            claim.rule,
            claim.basis or None,
            claim.confidence or None,
            ground.stored.current,
            ground.witness.source,
            self._address(ground.witness.url),
            self._address(ground.witness.locator),
            ground.reading.sha256,
            self._origins.captures[row].capture_id,
            claim.start,
            claim.end,
            before,
            quote,
            after,
            begins,
            ends,
        )

    def _surroundings(self, ground: Ground) -> tuple[str | None, ...]:
        """Before, quote, after, and the two ends of a stretch that is not quoted."""
        claim = ground.stored.claim
        quote = None if claim.quote is None else self._mask(claim.quote)
        if claim.start is None or claim.end is None:
            return None, quote, None, None, None
        document = self._origins.decoded(ground.stored.capture).document
        if document is None:
            return None, quote, None, None, None
        text, start, end = document.text, claim.start, claim.end
        before = self._excerpt(text, start - SURROUNDINGS, start)
        after = self._excerpt(text, end, end + SURROUNDINGS)
        if claim.quote is not None:
            if text[start:end] == claim.quote:
                # As a part of its text: a name may go on beyond the quote.
                quote = self._excerpt(text, start, end)
            return before, quote, after, None, None
        if end - start <= 2 * EDGE:
            return before, None, after, self._excerpt(text, start, end), ""
        begins = self._excerpt(text, start, start + EDGE)
        ends = self._excerpt(text, end - EDGE, end)
        return before, None, after, begins, ends

    def _excerpt(self, text: str, start: int, end: int) -> str:
        start, end = max(start, 0), min(end, len(text))
        if not self._hidden:
            return text[start:end]
        first = max(start - CONTEXT, 0)
        part = text[first : end + CONTEXT]
        return self._hidden.excerpt(part, start - first, end - first)

    def _rival(self, explanation: Explanation, rival: Rival) -> RivalTrace:
        value = _as_json(rival.value)
        if explanation.field in PARTS or rival.standing in ("withdrawn", "further"):
            agrees = rival.value in [ground.stored.claim.value for ground in explanation.grounds]
        else:
            agrees = rival.value == explanation.value
        return RivalTrace(
            value if explanation.field in OWN_VALUES else self._masked(value),
            agrees,
            rival.witness.source,
            self._address(rival.witness.url),
            self._address(rival.witness.locator),
            rival.reading.sha256,
            rival.standing,
            None,
            sorted({ground.stored.claim.asserted_by for ground in rival.grounds}),
            sorted({ground.stored.claim.rule for ground in rival.grounds}),
        )

    def _former(self, explanation: Explanation, former: FormerClaim) -> RivalTrace:
        values = [ground.stored.claim.value for ground in explanation.grounds]
        return RivalTrace(
            self._hidden.former(former.value),
            former.value in values,
            former.source,
            "",
            self._address(former.locator),
            "",
            "former",
            former.reparsed_at,
            [former.asserted_by],
            [former.rule],
        )

    def _capture(self, row: int) -> CaptureTrace:
        capture: CaptureRecord = self._origins.captures[row]
        run = self._origins.runs[capture.run_id]
        reparse = self._origins.reparse_of(row)
        decoded = self._origins.known(row)
        document = decoded.document if decoded is not None else None
        return CaptureTrace(
            capture.source,
            self._address(capture.url),
            None if capture.via is None else self._address(capture.via),
            capture.fetched_at,
            capture.outcome,
            capture.status,
            capture.warc,
            capture.offset,
            capture.length,
            capture.payload_sha256,
            capture.payload_length,
            capture.revisit_of,
            [
                f"{sighting.event} {self._address(sighting.locator)}"
                for sighting in self._origins.sightings
                if sighting.capture == row
            ],
            decoded.codings if decoded is not None else [],
            document.encoding if document is not None else None,
            document.rule if document is not None else None,
            document.replaced if document is not None else None,
            len(document.text) if document is not None else None,
            decoded.fault if decoded is not None else None,
            capture.run_id,
            reparse.at if reparse is not None else None,
            reparse.code_version if reparse is not None else run.code_version,
        )

    def _run(self, run: RunOrigin) -> RunTrace:
        return RunTrace(
            run.spider,
            run.started,
            run.state,
            # `url=` may spell a title.
            {name: self._mask(value) for name, value in run.arguments.items()},
            run.code_version,
            run.steps_sha256,
            run.settings_sha256,
        )

    def _mask(self, text: str) -> str:
        return self._hidden.mask(text) if self._hidden else text

    def _address(self, address: str) -> str:
        return self._hidden.address(address) if self._hidden else address

    def _masked(self, value: Any) -> Any:
        match value:
            case str():
                return self._mask(value)
            case list():
                return [self._masked(each) for each in value]
            case dict():
                return {key: self._masked(each) for key, each in value.items()}
            case _:
                return value


def _as_json(value: Any) -> Any:
    """A value of a record as json.loads gives it back."""
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _from_what(explanation: Explanation) -> str:
    words = explanation.making.words
    count = len(explanation.grounds)
    if explanation.making.how == "read" or not count:
        return words
    return f"{words} ({count:,} {'claim' if count == 1 else 'claims'})"


def _evidence(explanation: Explanation) -> str:
    if not explanation.grounds:
        return "sightings" if explanation.field in SIGHTED else "none"
    located = all(ground.stored.claim.start is not None for ground in explanation.grounds)
    return "located" if located else "not_located"


def _note(explanation: Explanation) -> str | None:
    grounds, value = explanation.grounds, explanation.value
    if explanation.field in SIGHTED and not grounds:
        return None
    if explanation.field == "flags":
        claimed = {ground.stored.claim.value for ground in grounds}
        computed = [flag for flag in value if flag not in claimed]
        if computed:
            return f"{', '.join(computed)}: no claim, but from the texts of all copies"
    if not grounds:
        where = "any copy" if explanation.making.scope == ALL else "the chosen reading"
        return f"no evidence: nothing of the kind was found in {where}"
    lost = sum(ground.stored.claim.start is None for ground in grounds)
    if lost:
        return f"{lost:,} of {len(grounds):,} claims have no place: only their rule"
    if explanation.field == "reference_id":
        stated = parse(grounds[0].stored.claim.value)
        if stated is not None and stated.reason:
            return f"it is stated as {stated.stated}: {stated.reason}"
    if explanation.field in PARTS:
        return _length_note(grounds[0].stored.claim, value)
    return None


def _length_note(claim: Claim, text: str) -> str | None:
    """How a text and the stretch of the document that it is read from differ in length."""
    length = (claim.end or 0) - (claim.start or 0)
    if length == len(text):
        return None
    return (
        f"{length:,} characters of the document give {len(text):,} of text: markup, entities and"
        " what was taken out are the difference"
    )


def _why(explanation: Explanation, why: str) -> str:
    match explanation.field:
        case "released":
            stamps = {rival.value for rival in explanation.rivals}
            return f"the earliest of {len(stamps) + 1:,} stamps" if stamps else "no other is stated"
        case "aliases" | "releases" | "witnesses":
            return "all are kept: none is chosen over another"
        case "chosen_by":
            return why
    further = any(rival.standing == "further" for rival in explanation.rivals)
    first = "the first of its reading; " if further and explanation.making.how == "read" else ""
    return f"{first}of the chosen reading: {why}"
