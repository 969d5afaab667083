"""Reading WARC files back, one gzip member at a time.

Nothing is taken on trust: a member is good when it decompresses whole with the right CRC and
its block has the length and the digest its header gives. (warcio takes a half record as good,
without an error even with `check_digests="raise"`: warcio#127, #138.)
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Protocol

from isal import igzip_lib, isal_zlib

from cablecrawl.capture.exchange import (
    RENDERED_MEDIA_TYPE,
    Exchange,
    Location,
    decode_exchange,
    decode_fields,
    record_ids,
    record_order,
    split_response,
)

OPEN = ".open"
"""What the name of a file ends in while it is being written."""

# One read, and the most that is decompressed at once: a torn member can claim any size.
CHUNK = 64 * 1024

# A header of ours is below 1 KB but for its URL; browsers and servers stop far below this.
MAX_HEADER = 1024 * 1024

EXCHANGE_RECORDS = ("metadata", "request", "response", "revisit", "resource")

# What a server would send with a document as a browser shows it: one path reads both.
RENDERED_HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {RENDERED_MEDIA_TYPE}\r\n\r\n".encode("ascii")


GZIP_MAGIC = b"\x1f\x8b\x08"
"""What a gzip member begins with: its magic number, and deflate."""


class Bytes(Protocol):
    """What members are read from: a file, or whatever reads like one."""

    def seek(self, offset: int, /) -> object: ...

    def read(self, size: int, /) -> bytes: ...


class DamagedWarc(Exception):
    """A WARC file that cannot be read on from `offset`, in bytes."""

    def __init__(self, path: Path, offset: int, why: str) -> None:
        super().__init__(f"{path.name}: damaged at byte {offset}: {why}")
        self.path = path
        self.offset = offset
        self.why = why


@dataclass(frozen=True, slots=True)
class Member:
    """One gzip member, which is one WARC record."""

    offset: int
    length: int
    """Of the compressed member, in bytes."""
    headers: dict[str, str]
    """By lower-case name. Of a repeated header the last value is here."""
    head: bytes
    """The WARC header as it stands, without the empty line that ends it."""
    block: bytes

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def kind(self) -> str:
        """The WARC-Type."""
        return self.headers.get("warc-type", "")

    @property
    def is_note(self) -> bool:
        """Whether this is a metadata record about the file, not about an exchange."""
        return self.kind == "metadata" and not self.block.startswith(b"capture: ")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Members that belong together: those of one exchange, or one about the file."""

    members: tuple[Member, ...]
    exchange: Exchange | None

    @property
    def end(self) -> int:
        return self.members[-1].end


def read_member(
    file: Bytes, path: Path, offset: int, *, expected: int = CHUNK, verify: bool = True
) -> Member:
    """The member at `offset`, read `expected` bytes at a time.

    `verify=False` leaves out the block digest; CRC and lengths are always checked. Raises
    DamagedWarc when it is not good. `path` is for the error.
    """
    inflating = _Inflating(file, path, offset, expected)
    text = b""
    while (end := text.find(b"\r\n\r\n")) < 0:
        piece = inflating.pull()
        if not piece or len(text) > MAX_HEADER:
            raise DamagedWarc(path, offset, "no WARC header")
        text += piece
    headers = _parse_header(text[:end])
    try:
        length = int(headers["content-length"])
    except (KeyError, ValueError) as error:
        raise DamagedWarc(path, offset, "a WARC header without a length") from error

    pieces = [text]
    pulled = len(text)
    whole = end + 4 + length + 4
    while piece := inflating.pull():
        pieces.append(piece)
        pulled += len(piece)
        if pulled > whole:
            break
    content = b"".join(pieces)
    if pulled != whole or not content.endswith(b"\r\n\r\n"):
        raise DamagedWarc(path, offset, "the WARC block does not have the length it gives")
    block = content[end + 4 : -4]
    if verify and headers.get("warc-block-digest") != f"sha256:{sha256(block).hexdigest()}":
        raise DamagedWarc(path, offset, "the WARC block does not have the digest it gives")
    return Member(offset, inflating.consumed, headers, text[:end], block)


def find_member(file: Bytes, path: Path, start: int, stop: int) -> Member | None:
    """The first good member that lies in `start` to `stop`; None where none does.

    For going on behind damage: looks for what a gzip member begins with, and takes what reads
    whole as a WARC record.
    """
    position = start
    while position + len(GZIP_MAGIC) <= stop:
        file.seek(position)
        # A magic number across the end of a piece is found with the next one.
        piece = file.read(min(CHUNK, stop - position))
        at = piece.find(GZIP_MAGIC)
        if at < 0:
            if len(piece) < len(GZIP_MAGIC):
                return None
            position += len(piece) - len(GZIP_MAGIC) + 1
            continue
        with suppress(DamagedWarc):
            member = read_member(file, path, position + at)
            if member.end <= stop:
                return member
        position += at + 1
    return None


def read_torn_header(file: Bytes, path: Path, offset: int) -> dict[str, str]:
    """What is left of the WARC header of a member that is not good; empty where nothing is.

    On trust: whether it is what was written, nothing says.
    """
    # In small pieces: of the one that breaks off nothing comes.
    inflating = _Inflating(file, path, offset, 32)
    text = b""
    with suppress(DamagedWarc):
        while b"\r\n\r\n" not in text and len(text) <= MAX_HEADER:
            piece = inflating.pull()
            if not piece:
                break
            text += piece
    head, ending, _ = text.partition(b"\r\n\r\n")
    return _parse_header(head) if ending else {}


def read_members(path: Path, start: int = 0) -> Iterator[Member]:
    """The members from `start`, each verified. Raises DamagedWarc at the first that is not good.

    One member at a time is in memory. `start` must be where a member starts.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        while start < size:
            member = read_member(file, path, start)
            yield member
            start = member.end


def read_stretches(path: Path, start: int = 0) -> Iterator[Stretch]:
    """The file from `start`, exchange by exchange, with what stands between them.

    Raises DamagedWarc, also for an exchange that the file ends in or that is out of order.
    """
    group: list[Member] = []
    for member in read_members(path, start):
        if member.kind not in EXCHANGE_RECORDS or member.is_note:
            if group:
                raise DamagedWarc(path, member.offset, "an exchange lacks its last record")
            yield Stretch((member,), None)
            continue
        group.append(member)
        try:
            exchange = assemble(group)
        except ValueError as error:
            raise DamagedWarc(path, member.offset, str(error)) from error
        if exchange is not None:
            yield Stretch(tuple(group), exchange)
            group = []
    if group:
        raise DamagedWarc(path, group[0].offset, "the file ends before this exchange does")


def read_exchanges(path: Path, start: int = 0) -> Iterator[tuple[Exchange, Location]]:
    """The exchanges of a file, in order; for rebuilding a database.

    One exchange at a time is in memory. `start` must be where an exchange starts: 0, or the
    end of a `Location`. Raises DamagedWarc when the file cannot be read on; what came before
    has been given. A file that is being written may end so.
    """
    warc = final_name(path)
    for stretch in read_stretches(path, start):
        if stretch.exchange is not None:
            last = stretch.members[-1]
            yield stretch.exchange, Location(warc, last.offset, last.length)


def head_and_payload(member: Member) -> tuple[bytes, bytes]:
    """What a server sent, as a record has it; both b"" where it is no response.

    Of a rendered document the head is RENDERED_HEAD, which no server has sent. Raises ValueError
    for a block that is no response.
    """
    if member.kind == "resource":
        return RENDERED_HEAD, member.block
    if member.kind != "response":
        return b"", b""
    return split_response(member.block)


class ResponseReader:
    """Reads responses of a folder one after the other; the last one's file stays open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        self._path = folder
        self._file: FileIO | None = None

    def read(self, location: Location, *, verify: bool = False) -> tuple[bytes, bytes]:
        """Head and payload of the response at `location`; both b"" when there was no response.

        Of a rendered document the head is RENDERED_HEAD, which no server has sent.

        Finds the file sealed or still open. `verify=True` checks the block digest too; CRC and
        lengths are always checked. Raises DamagedWarc, or FileNotFoundError.
        """
        if self._file is None or location.warc != self._name:
            self.close()
            self._path = self._folder / location.warc
            self._file = _open_warc(self._path)
            self._name = location.warc
        member = read_member(
            self._file, self._path, location.offset, expected=location.length, verify=verify
        )
        if member.length != location.length:
            why = f"{member.length} bytes long, expected {location.length}"
            raise DamagedWarc(self._path, location.offset, why)
        try:
            return head_and_payload(member)
        except ValueError as error:
            raise DamagedWarc(self._path, location.offset, str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read_response(folder: Path, location: Location, *, verify: bool = False) -> tuple[bytes, bytes]:
    """One response, as `ResponseReader.read` gives it."""
    with closing(ResponseReader(folder)) as reader:
        return reader.read(location, verify=verify)


def final_name(path: Path) -> str:
    """The name a file has, or will have, when it is sealed."""
    return path.name.removesuffix(OPEN)


def _open_warc(path: Path) -> FileIO:
    # The file may be sealed, and so renamed, between the first two attempts.
    for candidate in (path, path.with_name(path.name + OPEN)):
        with suppress(FileNotFoundError):
            return FileIO(candidate)
    return FileIO(path)


def _parse_header(text: bytes) -> dict[str, str]:
    lines = text.decode("latin-1").split("\r\n")
    if not lines[0].startswith("WARC/1."):
        return {}
    pairs = (line.partition(":") for line in lines[1:])
    return {name.lower(): value.strip() for name, _, value in pairs}


def assemble(group: Sequence[Member]) -> Exchange | None:
    """The exchange of these members, or None when it needs more. ValueError: not one exchange."""
    by_kind = {member.kind: member for member in group}
    kinds = tuple(member.kind for member in group)
    metadata = by_kind.get("metadata")
    if metadata is None:
        if kinds != ("request",):
            raise ValueError(f"a {kinds[-1]} record without the metadata of its exchange")
        return None
    fields = decode_fields(metadata.block)
    values = dict(fields)
    order = tuple(values.get("records", "").split(" "))
    if order != record_order(
        has_request="request" in order,
        has_response="response" in order or "revisit" in order,
        is_rendered="rendered-from" in values,
        is_revisit="revisit-of" in values,
    ):
        raise ValueError("its metadata does not name its records")
    if kinds != order[: len(kinds)]:
        raise ValueError(f"a {kinds[-1]} record out of place")
    ids = record_ids(values["capture"], order)
    for member in group:
        if member.headers.get("warc-record-id") != f"<{ids[member.kind]}>":
            raise ValueError(f"a {member.kind} record of another exchange")
    if kinds != order:
        return None
    blocks = {kind: member.block for kind, member in by_kind.items()}
    return decode_exchange(
        fields,
        metadata.headers.get("warc-date", ""),
        blocks.get("request", b""),
        blocks.get("response", b"") or blocks.get("revisit", b""),
        blocks.get("resource", b""),
    )


class _Inflating:
    """The content of one gzip member, in pieces of at most CHUNK bytes."""

    def __init__(self, file: Bytes, path: Path, offset: int, read_size: int) -> None:
        self._file = file
        self._path = path
        self._offset = offset
        self._read_size = read_size
        self._inflate = isal_zlib.decompressobj(31)  # 31: gzip, and nothing else
        self._read = 0
        file.seek(offset)

    @property
    def consumed(self) -> int:
        """Compressed bytes used so far; after the last piece, the length of the member."""
        return self._read - len(self._inflate.unused_data)

    def pull(self) -> bytes:
        """The next piece; b"" after the last. Raises DamagedWarc."""
        while not self._inflate.eof:
            data = self._inflate.unconsumed_tail
            if not data:
                data = self._file.read(self._read_size)
                self._read += len(data)
            if not data:
                raise DamagedWarc(self._path, self._offset, "the file ends inside a gzip member")
            try:
                piece = self._inflate.decompress(data, CHUNK)
            except igzip_lib.IsalError as error:  # type: ignore[misc]  # an instance in its stub
                raise DamagedWarc(self._path, self._offset, f"{error}") from error
            if piece:
                return piece
        return b""
