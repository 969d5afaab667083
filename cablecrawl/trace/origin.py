"""Captures, runs and documents that the claims of a cable come from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select

from cablecrawl.capture import DamagedWarc, Location, ResponseReader
from cablecrawl.capture.http import content_codings, content_type, parse_head
from cablecrawl.collation.former import former_of
from cablecrawl.decoding import (
    Document,
    UndecodableError,
    decode_content,
    decode_document,
    unpacked,
)
from cablecrawl.export.read import capture_record
from cablecrawl.records import CaptureRecord
from cablecrawl.store import tables as t
from cablecrawl.store.queries import CAPTURES_WITH_BODIES, body_of, steps_that_read


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """A run, as its row has it."""

    id: str
    spider: str
    started: str
    state: str
    arguments: dict[str, str]
    code_version: str | None
    steps_sha256: str | None
    settings_sha256: str | None


@dataclass(frozen=True, slots=True)
class Reparse:
    """A time at which all captures were read again."""

    at: str
    code_version: str
    last_capture: int
    """Row of the last capture that was."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A capture met a witness."""

    source: str
    locator: str
    event: str
    capture: int


@dataclass(frozen=True, slots=True)
class FormerClaim:
    """A claim that a reparse no longer gave."""

    field: str
    value: str
    source: str
    locator: str
    asserted_by: str
    rule: str
    reparsed_at: str


@dataclass(slots=True)
class Decoded:
    """The document of a capture, or why there is none."""

    codings: list[str] = field(default_factory=list)
    """Content codings that were undone."""
    document: Document | None = None
    fault: str | None = None


class Origins:
    """Everything that the store and the WARC files say of where a cable's claims come from."""

    def __init__(self, connection: Connection, reference_id: str, warc_folder: Path) -> None:
        self._connection = connection
        self._responses = ResponseReader(warc_folder)
        self._decoded: dict[int, Decoded] = {}
        self.captures: dict[int, CaptureRecord] = {}
        """By row."""
        self._bodies: dict[int, Location] = {}
        self.runs: dict[str, RunOrigin] = {}
        self.sightings: list[Sighting] = []
        """By time."""
        for row in connection.execute(_SIGHTINGS, {"reference_id": reference_id}):
            self.sightings.append(Sighting(row.name, row.locator, row.event, row.id))
            self.captures[row.id] = capture_record(row)
            self._bodies[row.id] = body_of(row)
            if row.run not in self.runs:
                self.runs[row.run] = _run(row)
        self.reparses = [
            Reparse(row.at, row.code_version, row.last_capture)
            for row in connection.execute(_REPARSES)
        ]
        """The latest first."""
        self.former_claims = [
            FormerClaim(
                row.field,
                row.value,
                row.source,
                row.locator,
                row.asserted_by,
                row.rule,
                row.at,
            )
            for row in connection.execute(_FORMER_CLAIMS, {"reference_id": reference_id})
        ]
        self.former = former_of(connection, reference_id)
        """Texts and names that reparses no longer gave."""

    def reparse_of(self, capture: int) -> Reparse | None:
        """The last time at which a capture was read again; None: never, its run has read it."""
        return next((each for each in self.reparses if each.last_capture >= capture), None)

    def decoded(self, capture: int) -> Decoded:
        """The document of a capture; each is read once."""
        if capture not in self._decoded:
            self._decoded[capture] = self._decode(self._bodies[capture])
        return self._decoded[capture]

    def known(self, capture: int) -> Decoded | None:
        """The document of a capture, if it was read."""
        return self._decoded.get(capture)

    def are_read_by(self, steps: set[str]) -> bool:
        """Whether no other code than that of these digests has read what the store has now."""
        return steps_that_read(self._connection) <= steps

    def close(self) -> None:
        """Let go of the WARC files."""
        self._responses.close()

    def _decode(self, location: Location) -> Decoded:
        try:
            head, payload = self._responses.read(location)
            _, headers = parse_head(head)
            codings = [coding.strip() for coding in content_codings(headers)]
            body = unpacked(decode_content(payload, codings).body)
            return Decoded(codings, decode_document(body, content_type(headers)))
        except FileNotFoundError:
            return Decoded(fault=f"there is no file {location.warc}")
        except (DamagedWarc, UndecodableError, ValueError, IndexError) as fault:
            return Decoded(fault=str(fault))


def _run(row: Any) -> RunOrigin:
    details = json.loads(row.details)
    return RunOrigin(
        row.run,
        row.spider,
        row.started,
        row.state,
        details.get("arguments", {}),
        details.get("code_version"),
        details.get("steps_sha256"),
        details.get("settings_sha256"),
    )


_SIGHTINGS = (
    CAPTURES_WITH_BODIES.add_columns(
        t.witness.c.locator,
        t.sighting.c.event,
        t.run.c.spider,
        t.run.c.started,
        t.run.c.state,
        t.run.c.details,
    )
    .join(t.sighting, t.sighting.c.capture == t.capture.c.id)
    .join(t.witness, t.witness.c.id == t.sighting.c.witness)
    .join(t.run, t.run.c.id == t.capture.c.run)
    .where(t.witness.c.reference_id == bindparam("reference_id"))
    .order_by(None)
    .order_by(t.capture.c.fetched_at, t.capture.c.capture_id)
)
_REPARSES = select(t.reparse).order_by(t.reparse.c.id.desc())
_FORMER_CLAIMS = (
    select(t.former_claim, t.reparse.c.at)
    .join(t.reparse)
    .where(t.former_claim.c.reference_id == bindparam("reference_id"))
    .order_by(
        t.former_claim.c.source,
        t.former_claim.c.locator,
        t.former_claim.c.field,
        t.former_claim.c.ordinal,
        t.former_claim.c.id,
    )
)
