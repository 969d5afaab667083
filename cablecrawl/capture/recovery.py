"""What a crash left of a WARC file: kept, cut where it is torn, and sealed.

    recovery = recover(path, verified_end)
    for found in recovery.exchanges():
        ...                                  # adopt it, in one transaction
    recovery.seal()

Only `seal` takes the `.open` from the name. A crash anywhere before finds the file again at the
next start, and all of it can be done again: nothing is cut before its copy is on the disk, and
no copy is overwritten.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import file_digest
from io import FileIO
from pathlib import Path

from cablecrawl.capture.exchange import Exchange, Location, encode_note
from cablecrawl.capture.members import (
    DamagedWarc,
    final_name,
    read_exchanges,
    read_stretches,
)
from cablecrawl.capture.warc import SealedFile, fsync_folder, seal_file, write_at


@dataclass(frozen=True, slots=True)
class RecoveredExchange:
    """A complete exchange in a file that a crash left."""

    exchange: Exchange
    """With an empty payload: the body stays in the file."""
    location: Location
    payload_sha256: str
    payload_length: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """A file that ends at its last complete exchange, or at what recovery wrote after it."""

    path: Path
    """Still named `.open`."""
    verified_end: int
    end: int
    """Size of the file in bytes, after the cut."""
    tail: Path | None
    """A copy of what was cut off now, `NAME.tail.bad`; None when the file ended well."""
    tail_bytes: int
    why: str | None
    """What was wrong at the cut."""
    holds_exchanges: bool
    noted: bool
    """Whether the file says already that it was recovered, and ends there."""

    def exchanges(self) -> Iterator[RecoveredExchange]:
        """The complete exchanges after `verified_end`, in order, one at a time in memory."""
        for exchange, location in read_exchanges(self.path, self.verified_end):
            digest = exchange.payload_digest()
            yield RecoveredExchange(replace(exchange, payload=b""), location, *digest)

    def seal(self) -> SealedFile | None:
        """Notes the recovery in the file and seals it. Call it when the exchanges are adopted.

        A file without any exchange is removed, and None returned; its tail stays. Raises
        OSError, and can then be called again after another `recover`.
        """
        if not self.holds_exchanges:
            self.path.unlink()
            fsync_folder(self.path.parent)
            return None
        with FileIO(self.path, "rb+") as file:
            if not self.noted:
                write_at(file, self.end, self._note())
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
            size = file.seek(0, os.SEEK_END)
        return seal_file(self.path, size, digest)

    def _note(self) -> bytes:
        # The tails of earlier attempts, killed before they came here, are this file's too.
        tails = sorted(self.path.parent.glob(f"{final_name(self.path)}.tail.bad*"))
        fields = [("what", "recovered after crash"), ("end", str(self.end))]
        fields += [("tail", f"{tail.name} ({tail.stat().st_size} bytes)") for tail in tails]
        return encode_note("recovery", final_name(self.path), fields)


def recover(path_open: Path, verified_end: int) -> Recovery:
    """Cuts a file left `.open` by a crash after its last complete exchange.

    `verified_end` is the end of the last exchange the database has, in bytes, or 0: the walk
    starts there. The first member that is not good, or that begins an exchange which is not
    complete, goes to `NAME.tail.bad` with all that follows. A response that is torn takes its
    metadata and request with it.

    Raises DamagedWarc, with the file untouched, when it ends before `verified_end`: exchanges
    that were committed are missing, and `recover(path_open, 0)` would keep those that are left.
    Raises OSError when there is no space for the copy; nothing is cut then.
    """
    # A crash while sealing can leave it read-only.
    path_open.chmod(path_open.stat().st_mode | stat.S_IWUSR)
    size = path_open.stat().st_size
    if size < verified_end:
        raise DamagedWarc(
            path_open, size, f"the file ends here; the database has exchanges to {verified_end}"
        )
    end = verified_end
    holds_exchanges = verified_end > 0
    noted = False
    why = None
    try:
        for stretch in read_stretches(path_open, verified_end):
            end = stretch.end
            holds_exchanges |= stretch.exchange is not None
            noted = stretch.members[-1].is_note and stretch.exchange is None
    except DamagedWarc as damage:
        why = str(damage)
    tail = None
    if end < size:
        tail = _keep_tail(path_open, end)
        with FileIO(path_open, "rb+") as file:
            file.truncate(end)
            os.fsync(file.fileno())
    return Recovery(
        path=path_open,
        verified_end=verified_end,
        end=end,
        tail=tail,
        tail_bytes=size - end,
        why=why,
        holds_exchanges=holds_exchanges,
        noted=noted and tail is None,
    )


def _keep_tail(path_open: Path, start: int) -> Path:
    """Copies the file from `start` to a new name beside it; on the disk when it returns."""
    name = f"{final_name(path_open)}.tail.bad"
    folder = path_open.parent
    part = folder / f"{name}.part"
    try:
        with path_open.open("rb") as source, part.open("wb") as copy:
            source.seek(start)
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        tail = _tail_path(folder / name, part)
        os.replace(part, tail)
    finally:
        part.unlink(missing_ok=True)
    fsync_folder(folder)
    return tail


def _tail_path(first: Path, part: Path) -> Path:
    """The first free name, or that of the same bytes kept by a recovery that was killed."""
    tail = first
    number = 1
    while tail.exists() and not _same_bytes(tail, part):
        number += 1
        tail = first.with_name(f"{first.name}.{number}")
    return tail


def _same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as left, other.open("rb") as right:
        return file_digest(left, "sha256").digest() == file_digest(right, "sha256").digest()
