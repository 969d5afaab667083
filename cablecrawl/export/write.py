"""Writing an export: every format in one pass over the store, then what describes the files.

The same store gives the same bytes, whenever and wherever it is exported.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cablecrawl.changed.changes import Changes
from cablecrawl.changed.moments import Moment, through
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.formats import FORMATS, Target
from cablecrawl.export.read import Snapshot
from cablecrawl.export.references import known_cables
from cablecrawl.export.resources import MANIFEST, FinishedFile, manifest
from cablecrawl.export.ro_crate import RO_CRATE, ManifestFile, ro_crate
from cablecrawl.export.selected_captures import SelectedCaptures
from cablecrawl.export.selection import Selecting, Selection
from cablecrawl.fixity.digests import write_digests
from cablecrawl.fixity.lines import LineDigests
from cablecrawl.store.queries import steps_that_read


@dataclass(frozen=True, slots=True)
class Summary:
    """What an export holds."""

    files: list[FinishedFile]
    cables: int
    unlocated: Counter[str]
    """Claims without a place, by field."""
    unmet: dict[str, list[Any]]
    """Of an export of some cables: names by option that no cable has."""


def write_export(
    snapshot: Snapshot,
    folder: Path,
    formats: Collection[str],
    *,
    selection: Selection | None = None,
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
    chosen = selection or Selection()
    target = Target(folder, snapshot, show_redacted_spans)
    selecting = Selecting(chosen)
    captured = SelectedCaptures()
    unlocated: Counter[str] = Counter()
    cables = 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(FORMATS[name].open(target)) for name in FORMATS if name in formats
        ]
        for cable in _exported(target, chosen, selecting, since, progress):
            cables += 1
            for reading in cable.readings:
                unlocated.update(claim.field for claim in reading.claims if claim.start is None)
            if not chosen.is_whole:
                captured.add(cable.stored)
            for writer in writers:
                writer.add_cable(cable)
        is_whole = chosen.is_whole
        for capture in snapshot.captures() if is_whole else captured.captures(snapshot):
            for writer in writers:
                writer.add_capture(capture)
        for problem in snapshot.problems() if is_whole else captured.problems(snapshot):
            for writer in writers:
                writer.add_problem(problem)
        finished = [file for writer in writers for file in writer.finish()]
    listed = _write_json(
        folder,
        MANIFEST,
        manifest(
            finished,
            unlocated,
            selection=selecting.stated(),
            show_redacted_spans=show_redacted_spans,
            through=through(snapshot.connection),
            changes_since=since,
            read_by=steps_that_read(snapshot.connection),
        ),
    )
    described = ManifestFile(len(listed), sha256(listed).hexdigest())
    crate = ro_crate(snapshot.connection, finished, described, cables=cables)
    _write_json(folder, RO_CRATE, crate)
    write_digests(folder, {file.resource.path: file.sha256 for file in finished})
    return Summary(finished, cables, unlocated, selecting.unmet())


def _exported(
    target: Target,
    selection: Selection,
    selecting: Selecting,
    since: Moment | None,
    progress: Callable[[int], None] | None,
) -> Iterator[ExportedCable]:
    store = target.store
    known = known_cables(store.connection)
    changes = cache(lambda: Changes(store, since, show=target.show_redacted_spans))
    for number, stored in enumerate(selection.cables(store), start=1):
        cable = ExportedCable(stored, store, known, changes)
        if selecting.has(cable):
            yield cable
        if progress is not None:
            progress(number)


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
