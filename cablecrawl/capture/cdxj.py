"""The index beside a WARC file, by which replay tools find what it holds: CDXJ.

    data/warc/RUN-00001.warc.gz
    data/warc/RUN-00001.cdxj

A line a response, `SURT timestamp {…}`, sorted by its bytes. Requests, metadata and documents as a
browser shows them are not in it: what is replayed is what a server sent. pywb takes the folder
for both its `index_paths` and its `archive_paths`.

Nothing is lost with an index. It is made from its WARC file, and the same file gives the same
lines. The keys come from the `surt` package: they have to be those that replay tools ask for.
The rest is ours and not cdxj-indexer's, which takes half a record for a capture
(webrecorder/warcio#138) and a third longer.

Format: https://specs.webrecorder.net/cdxj/0.1.0/
"""

from __future__ import annotations

import heapq
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from cablecrawl.capture.http import content_type, parse_head
from cablecrawl.capture.members import DamagedWarc, Member, final_name, read_members

logger = logging.getLogger(__name__)

EXTENSION = ".cdxj"

# Lines sorted in memory at a time: some 4 MB. A file of 1 GB has a hundred thousand and more.
LINES_AT_A_TIME = 10_000

# A 304 that stands for an earlier capture has no content of its own.
REPLAYED = ("response", "revisit")
REVISIT_MEDIA_TYPE = "warc/revisit"

NOT_A_DIGIT = re.compile(r"\D")
SECOND = len("20101222083000")


def index_path(warc: Path) -> Path:
    """Where the index of a WARC file is, sealed or still open."""
    name = final_name(warc)
    return warc.with_name(name.removesuffix(".gz").removesuffix(".warc") + EXTENSION)


def write_index(warc: Path) -> Path:
    """Write the index of a WARC file, whole or not at all; returns where it is.

    Every record is checked on the way. Raises DamagedWarc when the file cannot be read to its
    end: the index that was there stays, for it knows the captures behind the damage; where
    there was none, it has those before it. Raises OSError.
    """
    path = index_path(warc)
    damage = None
    with ExitStack() as stack:
        stretches: list[IO[bytes]] = []
        lines: list[bytes] = []
        try:
            for line in index_lines(warc):
                lines.append(line)
                if len(lines) == LINES_AT_A_TIME:
                    stretches.append(stack.enter_context(_sorted_file(lines)))
                    lines = []
        except DamagedWarc as error:
            if path.exists():
                raise
            damage = error
        _replace(path, heapq.merge(*stretches, sorted(lines)))
    if damage is not None:
        raise damage
    return path


def try_to_write_index(warc: Path) -> None:
    """`write_index`, where a file matters more than its index: what goes wrong is logged."""
    try:
        write_index(warc)
    except (DamagedWarc, OSError) as error:
        logger.warning(
            "%s: not written anew (%s); where it is missing, `scrapy reparse` makes it again",
            index_path(warc).name,
            error,
        )


def index_lines(warc: Path) -> Iterator[bytes]:
    """The lines of a WARC file's captures as they stand in it. Raises DamagedWarc."""
    name = final_name(warc)
    for member in read_members(warc):
        if member.kind in REPLAYED:
            yield _line(member, name)


def url_key(url: str) -> str:
    """The SURT of a WARC-Target-URI: `com,example)/cable/2009/01`.

    It leaves out scheme, `www.`, user, session IDs and a slash at the end, sorts the query, and
    is in lower case. So two addresses may have one key; replay tells them apart by time.
    """
    # Not at the top: with it comes a list of all domains that it has no use for, in 0.2 s.
    from surt import surt

    try:
        key: str = surt(url)
    except Exception:  # whatever its parser makes of an address that is none
        return url
    return key


def _line(member: Member, warc: str) -> bytes:
    url = member.headers["warc-target-uri"]
    status, media_type = _answer(member)
    fields = {
        "url": url,
        "mime": REVISIT_MEDIA_TYPE if member.kind == "revisit" else media_type,
        "status": status,
        "digest": member.headers.get("warc-payload-digest"),
        "length": str(member.length),
        "offset": str(member.offset),
        "filename": warc,
    }
    known = {name: value for name, value in fields.items() if value}
    second = NOT_A_DIGIT.sub("", member.headers["warc-date"])[:SECOND]
    return f"{url_key(url)} {second} {json.dumps(known)}\n".encode("ascii")


def _answer(member: Member) -> tuple[str | None, str | None]:
    """Status and media type of a response, without its parameters."""
    head, _, _ = member.block.partition(b"\r\n\r\n")
    try:
        status, headers = parse_head(head)
    except (ValueError, IndexError):
        return None, None
    words = (content_type(headers) or "").replace(";", " ").split()
    return f"{status}", words[0] if words else None


def _sorted_file(lines: list[bytes]) -> IO[bytes]:
    file = TemporaryFile()
    file.writelines(sorted(lines))
    file.seek(0)
    return file


def _replace(path: Path, lines: Iterator[bytes]) -> None:
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
