"""Writing an export: every file in one pass over the store, then what describes them.

The digests of its lines are written beside each file while it is written.

The same store gives the same bytes, whenever and wherever it is exported.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from cablecrawl.changed.changes import Changes
from cablecrawl.changed.moments import Moment, through
from cablecrawl.collation.collation import Collation
from cablecrawl.collation.relations import cable_relations
from cablecrawl.export.chosen import records_of
from cablecrawl.export.lines import csv_cells, csv_line, field_names, json_line
from cablecrawl.export.read import Snapshot
from cablecrawl.export.references import known_cables, references_of
from cablecrawl.export.resources import (
    CABLES,
    CAPTURES,
    CHANGES,
    MANIFEST,
    PROBLEMS,
    READINGS,
    REFERENCES,
    RELATIONS,
    RESOURCES,
    FinishedFile,
    Resource,
    manifest,
)
from cablecrawl.export.ro_crate import RO_CRATE, ManifestFile, ro_crate
from cablecrawl.fixity.digests import write_digests
from cablecrawl.fixity.lines import LineDigests

# Readings are some 20 KB each; fewer and larger writes.
BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What an export holds."""

    files: list[FinishedFile]
    cables: int
    unlocated: Counter[str]
    """Claims without a place, by field."""


def write_export(
    snapshot: Snapshot,
    folder: Path,
    formats: Collection[str],
    *,
    since: Moment | None = None,
    show_redacted_spans: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write the files of those formats and what describes them into an empty folder.

    That is the manifest, the RO-Crate, and the digests of all files and of their lines. Changes
    are told `since` that moment; None: of all time.

    `progress` is told after each cable how many there were. When it returns, all is on the disk.
    Raises OSError.
    """
    with ExitStack() as stack:
        files = {
            resource.name: stack.enter_context(_RecordFile(folder, resource))
            for resource in RESOURCES
            if resource.format in formats
        }
        of_cables = [file for file in files.values() if file.resource.record is CABLES.record]
        of_readings = [files[READINGS.name]] if READINGS.name in files else []
        unlocated: Counter[str] = Counter()
        known = known_cables(snapshot.connection)
        changes = None
        if CHANGES.name in files:
            changes = Changes(snapshot, since, show=show_redacted_spans)
        cables = 0
        for cables, cable in enumerate(snapshot.cables(), start=1):
            collation = Collation(cable)
            record, readings = records_of(cable, collation)
            for file in of_cables:
                file.write(record)
            for reading in readings:
                unlocated.update(c.field for c in reading.claims if c.start is None)
                for file in of_readings:
                    file.write(reading)
            if RELATIONS.name in files:
                files[RELATIONS.name].write_all(cable_relations(collation, snapshot.cable))
            if REFERENCES.name in files:
                files[REFERENCES.name].write_all(references_of(record, known))
            if changes is not None:
                files[CHANGES.name].write_all(changes.of(collation))
            if progress is not None:
                progress(cables)
        if CAPTURES.name in files:
            files[CAPTURES.name].write_all(snapshot.captures())
        if PROBLEMS.name in files:
            files[PROBLEMS.name].write_all(snapshot.problems())
        finished = [file.finish() for file in files.values()]
    listed = _write_json(
        folder,
        MANIFEST,
        manifest(
            finished,
            unlocated,
            show_redacted_spans=show_redacted_spans,
            through=through(snapshot.connection),
            changes_since=since,
        ),
    )
    described = ManifestFile(len(listed), sha256(listed).hexdigest())
    _write_json(folder, RO_CRATE, ro_crate(snapshot.connection, finished, described))
    write_digests(folder, {file.resource.path: file.sha256 for file in finished})
    return Summary(finished, cables, unlocated)


class _RecordFile:
    """A file of records that is being written, with its digest."""

    def __init__(self, folder: Path, resource: Resource) -> None:
        self.resource = resource
        self._file = open(folder / resource.path, "xb", buffering=BUFFER_BYTES)
        self._lines = LineDigests(folder, resource.path)
        self._sha256 = sha256()
        self._bytes = 0
        self._records = 0

    def __enter__(self) -> Self:
        if self.resource.format == "csv":
            self._append(csv_line(field_names(self.resource.record)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        self._lines.close()

    def write(self, record: object) -> None:
        if self.resource.format == "csv":
            self._append(csv_line(csv_cells(record)))
        else:
            self._append(json_line(record))
        self._records += 1

    def write_all(self, records: Iterable[object]) -> None:
        for record in records:
            self.write(record)

    def finish(self) -> FinishedFile:
        """Wait until it is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._lines.finish()
        return FinishedFile(self.resource, self._records, self._bytes, self._sha256.hexdigest())

    def _append(self, line: bytes) -> None:
        self._file.write(line)
        self._sha256.update(line)
        self._lines.add(line)
        self._bytes += len(line)


def _write_json(folder: Path, name: str, content: dict[str, object]) -> bytes:
    """Returns what was written."""
    # Arguments of a run may have lone surrogates: see json_line.
    text = f"{json.dumps(content, ensure_ascii=False, indent=2)}\n"
    encoded = text.encode("utf-8", "backslashreplace")
    with (folder / name).open("xb") as file, closing(LineDigests(folder, name)) as lines:
        for line in encoded.splitlines(keepends=True):
            file.write(line)
            lines.add(line)
        file.flush()
        os.fsync(file.fileno())
        lines.finish()
    return encoded
