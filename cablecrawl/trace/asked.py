"""What is asked for by a reference ID: its cable, and the trace of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from cablecrawl.errors import NotThereError
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.reference_id import ReferenceID, parse
from cablecrawl.store.database import WARC_FOLDER
from cablecrawl.trace.display import visible
from cablecrawl.trace.explanation import explain
from cablecrawl.trace.origin import Origins
from cablecrawl.trace.records import CableTrace
from cablecrawl.trace.report import Reporter


def read_reference_id(given: str) -> ReferenceID:
    """A reference ID as a user spells it. Raises NotThereError."""
    asked = parse(given)
    if asked is None:
        raise NotThereError(f"{visible(given)}: spells no reference ID, such as 07ASTANA1033")
    return asked


def find_cable(store: Snapshot, asked: ReferenceID) -> StoredCable:
    """The cable of an ID. Raises NotThereError."""
    cable = store.cable(asked.canonical)
    if cable is None:
        spelt = "" if asked.reason is None else f", as {visible(asked.stated)} is spelt"
        twin = f"; it is probably a piece of {asked.fragment_of}" if asked.fragment_of else ""
        raise NotThereError(f"{asked.canonical}{spelt}: not in the store{twin}")
    return cable


def trace_cable(
    store: Snapshot,
    cable: StoredCable,
    asked: ReferenceID,
    field: str | None,
    data_dir: Path,
    *,
    verify: bool = False,
    show: bool = False,
) -> CableTrace:
    """Trace all fields of a cable, or one. `show`: the setting SHOW_REDACTED_SPANS."""
    explained = explain(cable, field)
    verdicts = None
    if verify:
        # The pipelines and their rules: time that nobody waits for without need.
        from cablecrawl.trace.recheck import Rechecker
        from cablecrawl.trace.verdict import verify_cable

        rechecker = Rechecker(data_dir / WARC_FOLDER)
        verdicts = verify_cable(explained, store.connection, rechecker)
    origins = Origins(store.connection, cable.reference_id, data_dir / WARC_FOLDER)
    with closing(origins):
        return Reporter(explained, origins, show_redacted_spans=show).report(asked, verdicts)
