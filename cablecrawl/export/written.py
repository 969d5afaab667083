"""A file of an export while it is written: its bytes are counted, and hashed, as they come."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from cablecrawl.export.lines import csv_cells, csv_line, field_names
from cablecrawl.export.resources import FinishedFile, Resource

# Texts are some 20 KB each; fewer and larger writes.
BUFFER_BYTES = 1 << 20


class WrittenFile:
    """A new file; folders that it needs are made. Raises OSError."""

    def __init__(self, folder: Path, resource: Resource) -> None:
        """`folder` is that of the export."""
        self._resource = resource
        path = folder / resource.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "xb", buffering=BUFFER_BYTES)
        self._sha256 = sha256()
        self.bytes = 0

    def write(self, content: bytes) -> None:
        self._file.write(content)
        self._sha256.update(content)
        self.bytes += len(content)

    def finish(self, records: int | None = None) -> FinishedFile:
        """Wait until it is on the disk, and close it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return FinishedFile(self._resource, records, self.bytes, self._sha256.hexdigest())

    def close(self) -> None:
        self._file.close()


class WrittenTable:
    """A new file of CSV, with a heading."""

    def __init__(self, folder: Path, resource: Resource, record: type) -> None:
        self._file = WrittenFile(folder, resource)
        self._records = 0
        self._file.write(csv_line(field_names(record)))

    def add(self, record: object) -> None:
        """A dataclass as a row."""
        self._file.write(csv_line(csv_cells(record)))
        self._records += 1

    def finish(self) -> FinishedFile:
        return self._file.finish(self._records)

    def close(self) -> None:
        self._file.close()
