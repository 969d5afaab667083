"""Writing WARC files that a crash cannot spoil.

A file is written as `RUN-00001.warc.gz.open`: whole exchanges only, fsynced before anyone is
told. When it is full, or the run ends, it is sealed: listed in the manifest, made read-only,
indexed (cablecrawl/capture/cdxj.py) and renamed, in that order, so that what is still called
`.open` is what recovery has to see to (cablecrawl/capture/recovery.py) and what is not is
finished. One process writes in the folder at a time; the run's lock sees to that.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path

from cablecrawl.capture.cdxj import try_to_write_index
from cablecrawl.capture.exchange import EncodedExchange, Location, encode_note, encode_warcinfo
from cablecrawl.capture.members import OPEN, final_name

MANIFEST = "MANIFEST-sha256.txt"
"""A line a sealed file, as `sha256sum --check` reads them."""

# It becomes part of file names and of manifest lines.
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

ANYONE_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A WARC file that will not change again."""

    name: str
    bytes: int
    sha256: str


class WarcWriter:
    """Appends the exchanges of one run to its WARC files.

    A file is made with the first exchange it is to hold, so a run that fetched nothing leaves
    none. For one thread at a time.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        warcinfo: Mapping[str, str],
        *,
        max_bytes: int = 1_000_000_000,
    ) -> None:
        """`warcinfo` is said at the head of each file, over our own fields of the same name.

        `max_bytes` is the size a file is not to pass, unless a single `append` does. Raises
        ValueError when the run's ID cannot be part of a file name, OSError when the folder
        cannot be made.
        """
        if not RUN_ID.fullmatch(run_id):
            raise ValueError(f"run_id = {run_id!r}: letters, digits, '.', '_' and '-' only")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._run_id = run_id
        self._warcinfo = dict(warcinfo)
        self._max_bytes = max_bytes
        self._number = 0
        self._file: FileIO | None = None
        self._path = folder
        self._end = 0
        self._sha256 = sha256()
        self._sealed: list[SealedFile] = []

    def append(self, encoded: Sequence[EncodedExchange]) -> list[Location]:
        """Writes the exchanges, all or none, and returns where each is once it is on the disk.

        Raises OSError when they could not be stored (no space, no permission); the file then
        ends where it did before, and the writer can be used again or sealed. Raises
        FileExistsError when the run's ID was used before: no run writes to another's files.
        """
        if not encoded:
            return []
        size = sum(len(exchange.data) for exchange in encoded)
        if self._end and self._end + size > self._max_bytes:
            self.seal()
        file = self._file or self._open_next()
        name = final_name(self._path)
        start = b"" if self._end else encode_warcinfo(name, self._run_id, self._warcinfo)
        data = b"".join([start, *(exchange.data for exchange in encoded)])
        write_at(file, self._end, data)
        self._sha256.update(data)

        locations = []
        end = self._end + len(start)
        for exchange in encoded:
            member = end + exchange.offset
            end += len(exchange.data)
            locations.append(Location(name, member, end - member))
        self._end = end
        return locations

    def note(
        self, subject: str, fields: Iterable[tuple[str, str]], *, is_needed: bool = False
    ) -> None:
        """Appends a record about the file itself, if there is one; raises as `append` does.

        `is_needed`: where there is none, one is made for it.
        """
        if not self._end and not is_needed:
            return
        file = self._file or self._open_next()
        name = final_name(self._path)
        start = b"" if self._end else encode_warcinfo(name, self._run_id, self._warcinfo)
        data = start + encode_note(subject, name, fields)
        write_at(file, self._end, data)
        self._sha256.update(data)
        self._end += len(data)

    def seal(self) -> list[SealedFile]:
        """Seals the file being written; returns every file this writer has sealed.

        A file in which nothing could be written is removed. Raises OSError; the file then keeps
        its `.open` name, with all that was appended, and can be sealed later or recovered.
        """
        if self._file is not None:
            if self._end:
                # Does nothing, unless a failed write could not be cut off at the time.
                self._file.truncate(self._end)
                os.fsync(self._file.fileno())
                self._sealed.append(seal_file(self._path, self._end, self._sha256.hexdigest()))
            else:
                self._path.unlink()
                fsync_folder(self._folder)
            self.close()
        return list(self._sealed)

    def close(self) -> None:
        """Lets go of the file as it is, for recovery to seal."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._end = 0

    def _open_next(self) -> FileIO:
        name = f"{self._run_id}-{self._number + 1:05}.warc.gz"
        if (self._folder / name).exists():
            raise FileExistsError(f"{name} is there already: a run's ID is used once")
        self._path = self._folder / (name + OPEN)
        self._file = FileIO(self._path, "xb")
        self._number += 1
        self._end = 0
        self._sha256 = sha256()
        # Without this the file's name, and all in it, can be gone after a power cut.
        fsync_folder(self._folder)
        return self._file


def write_at(file: FileIO, end: int, data: bytes) -> None:
    """Writes `data` at `end`, the end of the file, and waits until it is on the disk.

    When that fails (OSError) or is interrupted, the file is cut back to `end`.
    """
    try:
        file.seek(end)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            file.truncate(end)
            os.fsync(file.fileno())
        raise


def seal_file(path: Path, size: int, digest: str) -> SealedFile:
    """Lists a file named `….open` in the manifest, makes it read-only, indexes it, renames it.

    Its content must be on the disk. Raises OSError; what was done then can be done again.
    """
    sealed = path.with_name(final_name(path))
    if sealed.exists():
        raise FileExistsError(f"{sealed.name} and {path.name} are both there")
    _list_in_manifest(path.parent, sealed.name, digest)
    path.chmod(path.stat().st_mode & ~ANYONE_WRITES)
    # Before the name: a file that a crash leaves without its index is sealed again.
    try_to_write_index(path)
    os.rename(path, sealed)
    fsync_folder(path.parent)
    return SealedFile(sealed.name, size, digest)


def read_manifest(folder: Path) -> dict[str, str]:
    """The SHA-256 of each sealed file by its name; empty when nothing was sealed yet.

    Raises ValueError for a line that is not one of `sha256sum`.
    """
    digests = {}
    for number, line in enumerate(_manifest_lines(folder), 1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name:
            raise ValueError(f"{MANIFEST}: line {number}: not a SHA-256 and a name")
        digests[name] = digest
    return digests


def fsync_folder(folder: Path) -> None:
    """Puts the names in a folder on the disk, as fsync does a file's content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _list_in_manifest(folder: Path, name: str, digest: str) -> None:
    # A file recovered between its line and its renaming is listed a second time: replace it.
    lines = [line for line in _manifest_lines(folder) if not line.endswith(f"  {name}")]
    manifest = folder / MANIFEST
    new = folder / f"{MANIFEST}.new"
    try:
        with new.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in [*lines, f"{digest}  {name}"])
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, manifest)
    finally:
        new.unlink(missing_ok=True)
    fsync_folder(folder)


def _manifest_lines(folder: Path) -> list[str]:
    try:
        return (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
