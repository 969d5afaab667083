"""Which bytes of a WARC file are not those that its records compress to.

A gzip member has bytes that no checksum covers: time, flags and system in its header, and the
bits that fill up its last byte. A changed one harms nothing and shows in the file's digest
only. The encoder gives the same bytes for the same record, so encoding the records again tells
which byte it is; where most members differ, another version of the encoder wrote them, and
nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cablecrawl.capture.exchange import encode_record, split_response
from cablecrawl.capture.members import Member, read_member
from cablecrawl.fixity.headers import headers_of


class Difference(NamedTuple):
    """A byte that is another one in a member that reads well."""

    member: Member
    byte: int
    """In the file."""


class Recompressed(NamedTuple):
    """What encoding a file's records again came to."""

    differences: list[Difference]
    is_telling: bool
    """Whether this encoder wrote the file."""


def recompress(path: Path, members: Iterable[int]) -> Recompressed:
    """Encode the members that begin at these bytes again. Raises OSError."""
    differences = []
    number = 0
    with path.open("rb") as file:
        for offset in members:
            number += 1
            member = read_member(file, path, offset)
            file.seek(offset)
            byte = _first_difference(file.read(member.length), _encode(member))
            if byte is not None:
                # Without its block: there can be as many as there are records.
                bare = Member(member.offset, member.length, member.headers, member.head, b"")
                differences.append(Difference(bare, offset + byte))
    is_telling = number > 2 * len(differences)
    return Recompressed(differences if is_telling else [], is_telling)


def _encode(member: Member) -> bytes:
    headers = headers_of(member)
    values = dict(headers)
    # As encode_record has them: three before the others, two behind.
    return encode_record(
        member.kind,
        values.get("WARC-Record-ID", "")[1:-1],
        values.get("WARC-Date", ""),
        headers[3:-2],
        split_response(member.block) if member.kind == "response" else [member.block],
    )


def _first_difference(one: bytes, other: bytes) -> int | None:
    if one == other:
        return None
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
