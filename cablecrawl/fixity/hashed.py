"""A file that is read here and there, and hashed on the way."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

# One read of what nobody asked for, to hash it.
GAP_BYTES = 1 << 20


class HashedFile:
    """Reads a file at any place; each of its bytes goes into the digest once, in order.

    What is read behind the part that is hashed makes that part grow, so whoever walks through
    the file reads it once. As long as it was when it was opened.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._descriptor = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._descriptor).st_size
        self._position = 0
        self._hashed = 0
        self._sha256 = sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def seek(self, offset: int, /) -> int:
        """Go to a place, in bytes from the beginning."""
        self._position = offset
        return offset

    def read(self, size: int, /) -> bytes:
        """So many bytes from there, fewer at the end. Raises OSError."""
        self._hash_up_to(min(self._position, self.size))
        data = os.pread(
            self._descriptor, min(size, max(self.size - self._position, 0)), self._position
        )
        end = self._position + len(data)
        if end > self._hashed:
            self._sha256.update(memoryview(data)[self._hashed - self._position :])
            self._hashed = end
        self._position = end
        return data

    def digest(self) -> str:
        """The SHA-256 of the whole file, in hexadecimal. Raises OSError."""
        self._hash_up_to(self.size)
        return self._sha256.hexdigest()

    def _hash_up_to(self, end: int) -> None:
        while self._hashed < end:
            data = os.pread(self._descriptor, min(GAP_BYTES, end - self._hashed), self._hashed)
            if not data:
                return  # the file was cut while it was read
            self._sha256.update(data)
            self._hashed += len(data)
