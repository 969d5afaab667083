"""Digests of an export's lines: which of them is another one than was written.

    exports/20261121T180102Z/cables.jsonl
    exports/20261121T180102Z/fixity/cables.jsonl.txt

A line there for each line of the file, or for each record of a CSV, whose texts have lines of
their own: the first 16 hexadecimal digits of the SHA-256 of its bytes, its end included, and how
many bytes these are. A changed byte is found by the first, and by the second every other line is
found where it was, also when the byte was a line's end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cablecrawl.fixity.hashed import HashedFile

FOLDER = "fixity"
# Of 64: by chance two lines agree in so many once in 10^19 pairs.
DIGITS = 16

LINE = re.compile(rb"([0-9a-f]{16}) (0|[1-9][0-9]{0,11})\n")

BUFFER_BYTES = 1 << 20


def digests_path(path: str) -> str:
    """Where the digests of a file's lines are; both paths are within the export."""
    return f"{FOLDER}/{path}.txt"


class LineDigests:
    """Writes the digests of a file's lines while these are written."""

    def __init__(self, folder: Path, path: str) -> None:
        """`path` is that of the file in the export `folder`. Raises OSError."""
        self.path = digests_path(path)
        target = folder / self.path
        target.parent.mkdir(exist_ok=True)
        self._file = open(target, "xb", buffering=BUFFER_BYTES)

    def add(self, line: bytes) -> None:
        """The next line, or record, with its end."""
        self._file.write(line_digest(line))

    def finish(self) -> None:
        """Wait until they are on the disk. Raises OSError."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()


def line_digest(line: bytes) -> bytes:
    """The line of a digest file that stands for these bytes."""
    return b"%s %d\n" % (sha256(line).hexdigest()[:DIGITS].encode("ascii"), len(line))


class Record(NamedTuple):
    """A line of a file, or a record of a CSV."""

    number: int
    """From 1; of a CSV the heading is the first."""
    line: int
    """The line of the file that it begins in, from 1."""
    offset: int
    """In bytes."""
    content: bytes


@dataclass(slots=True)
class Mismatch:
    """Records of a file that do not have their digests."""

    records: list[Record] = field(default_factory=list)
    """The first of them."""
    count: int = 0
    missing: int = 0
    """Records that the file ends before."""
    surplus: Record | None = None
    """What stands behind the last record."""
    bad_lines: list[int] = field(default_factory=list)
    """Lines of the digest file that are none."""

    @property
    def is_none(self) -> bool:
        """Whether every record has its digest, and every digest its record."""
        return not (self.count or self.missing or self.surplus or self.bad_lines)

    def add(self, record: Record) -> None:
        self.count += 1
        if len(self.records) < MOST_RECORDS:
            self.records.append(record)


# More are counted and not shown.
MOST_RECORDS = 20


def records_by_digest(file: HashedFile, digests: Path, mismatch: Mismatch) -> Iterator[Record]:
    """The records of a file, each held against its digest; those that differ go to `mismatch`.

    Where bytes were added or lost within one record, those behind it are found again. Raises
    OSError.
    """
    total = sum(length for _, length in _read(digests, []))
    change = file.size - total
    shift = offset = 0
    line = number = 1
    expected = _read(digests, mismatch.bad_lines)
    following = next(expected, None)
    while following is not None:
        (digest, length), following = following, next(expected, None)
        if offset + shift >= file.size:
            mismatch.missing += 1
            continue
        content = _at(file, offset + shift, length)
        if not _is(content, digest) and shift != change:
            # The whole change may lie within this record: then the next one fits behind it.
            is_last = following is None
            behind = offset + length + change
            if is_last or (
                following is not None and _is(_at(file, behind, following[1]), following[0])
            ):
                content = _at(file, offset + shift, max(length + change - shift, 0))
                shift = change
        record = Record(number, line, offset, content)
        if not _is(content, digest):
            mismatch.add(record)
        yield record
        offset += length
        number += 1
        line += content.count(b"\n")
    end = offset + shift
    if end < file.size and not mismatch.count:
        mismatch.surplus = Record(number, line, end, _at(file, end, file.size - end))


def records_by_content(path: Path, is_csv: bool) -> Iterator[Record]:
    """The records of a file of which there are no digests. Raises OSError.

    A record of a CSV goes on while a quote is open.
    """
    offset = 0
    first_line = number = 1
    lines: list[bytes] = []
    quotes = 0
    with path.open("rb") as file:
        for line_number, line in enumerate(file, 1):
            lines.append(line)
            quotes += line.count(b'"') if is_csv else 0
            if quotes % 2:
                continue
            content = b"".join(lines)
            yield Record(number, first_line, offset, content)
            offset += len(content)
            number, first_line, lines, quotes = number + 1, line_number + 1, [], 0
    if lines:
        yield Record(number, first_line, offset, b"".join(lines))


def differing_lines(digests: Path, records: Iterable[Record]) -> Iterator[tuple[int, bytes]]:
    """The lines of a digest file that are not those of the records, which are as they were.

    Gives number and what should stand there. Raises OSError.
    """
    with digests.open("rb") as file:
        number = 0
        for number, record in enumerate(records, 1):
            expected = line_digest(record.content)
            if file.readline() != expected:
                yield number, expected
        if file.readline():
            yield number + 1, b""


def _read(digests: Path, bad_lines: list[int]) -> Iterator[tuple[bytes, int]]:
    """Digest and length of each record; a line that is none is noted and ends it."""
    with digests.open("rb") as file:
        for number, line in enumerate(file, 1):
            parts = LINE.fullmatch(line)
            if parts is None:
                bad_lines.append(number)
                return
            yield parts[1], int(parts[2])


def _at(file: HashedFile, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _is(content: bytes, digest: bytes) -> bool:
    return sha256(content).hexdigest()[:DIGITS].encode("ascii") == digest
