"""The formats of an export, and what each of them is made of."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from cablecrawl.export.described import Part
from cablecrawl.export.exported import ExportedCable
from cablecrawl.export.read import Snapshot
from cablecrawl.export.resources import FinishedFile, Resource
from cablecrawl.records import CaptureRecord, ProblemRecord


@dataclass(frozen=True, slots=True)
class Target:
    """Where the files of a format are written, and what of."""

    folder: Path
    """Of the export; a format that writes many files makes one of its own in it."""
    store: Snapshot
    show_redacted_spans: bool
    """The setting: whether a comparison shows what one reading hides and another has."""


class FormatWriter(ABC):
    """The files of one format, written while the records go by.

    Cables come by reference ID, then captures, then problems. Files are written as they come: of
    250,000 cables no list is held. Nothing in them is from the wall clock.
    """

    def __init__(self, target: Target) -> None:  # noqa: B027  (how writers are made)
        """Make the files that are to be written. Raises OSError."""

    @staticmethod
    def describe() -> Sequence[Part]:
        """What the files of this format have in them, for DATA_FORMAT.md.

        Said by a static method of the writer, made of what it goes by itself: its columns, its
        names, the docstrings of records (see described.py). It opens nothing. Where a writer says
        nothing there is only the `about` of its format.
        """
        return ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def add_cable(self, cable: ExportedCable) -> None:
        """Write what a cable has. Raises OSError."""

    def add_capture(self, capture: CaptureRecord) -> None:  # noqa: B027  (most formats have none)
        """Write a capture, where the format has them."""

    def add_problem(self, problem: ProblemRecord) -> None:  # noqa: B027  (the same)
        """Write a problem, where the format has them."""

    @abstractmethod
    def finish(self) -> list[FinishedFile]:
        """Write what is left; the files, all of which are on the disk. Raises OSError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the files, finished or not."""


class Format(NamedTuple):
    """A format by its name."""

    about: str
    """What it has, for help texts."""
    writer: str
    """`module:class`, a FormatWriter made from a Target; imported when it is asked for."""

    def open(self, target: Target) -> FormatWriter:
        """Begin to write. Raises OSError."""
        return self._writer(target)

    def describe(self) -> Sequence[Part]:
        """What its files have in them, for DATA_FORMAT.md; empty: nothing but `about` says so."""
        return self._writer.describe()

    @property
    def _writer(self) -> type[FormatWriter]:
        module, _, name = self.writer.partition(":")
        writer: type[FormatWriter] = getattr(import_module(module), name)
        return writer


def finished_file(folder: Path, resource: Resource, records: int | None = None) -> FinishedFile:
    """A file that is written to its end, when it is on the disk. Raises OSError.

    For those of which no digest was made while they were written.
    """
    with (folder / resource.path).open("rb") as file:
        os.fsync(file.fileno())
        digest = file_digest(file, "sha256").hexdigest()
        return FinishedFile(resource, records, file.tell(), digest)


FORMATS = {
    "jsonl": Format(
        "every record as a line of JSON", "cablecrawl.export.record_files:JsonLinesWriter"
    ),
    "csv": Format("cables for a spreadsheet", "cablecrawl.export.record_files:CsvWriter"),
    "sqlite": Format(
        "all records as tables of a database, with full-text search",
        "cablecrawl.export.sqlite:SqliteWriter",
    ),
    "parquet": Format(
        "the same tables with typed columns, for data frames",
        "cablecrawl.export.parquet:ParquetWriter",
    ),
    "text": Format(
        "a plain text file a cable, and a manifest of them", "cablecrawl.export.text:TextWriter"
    ),
    "elasticsearch": Format(
        "cables for Elasticsearch's _bulk, and their mapping",
        "cablecrawl.export.elasticsearch:ElasticsearchWriter",
    ),
    "ftm": Format(
        "FollowTheMoney entities and statements, for Aleph", "cablecrawl.export.ftm:FtmWriter"
    ),
    "gexf": Format(
        "the networks of references and of sources, for Gephi",
        "cablecrawl.export.gexf:GexfWriter",
    ),
    "tei": Format(
        "cables with several texts, and where they differ, as TEI P5",
        "cablecrawl.export.tei:TeiWriter",
    ),
}

DEFAULT_FORMATS = ("jsonl", "csv")
