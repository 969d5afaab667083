"""Lists of digests as `sha256sum --check` reads them: written, and read where damaged too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

from cablecrawl.capture.warc import MANIFEST, fsync_folder

LINE = re.compile(rb"([0-9a-f]{64})  (?! )([^\x00-\x1f\x7f]+)")


@dataclass(slots=True)
class DigestList:
    """What a list of digests says, as far as it can be read."""

    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 in hexadecimal by file name."""
    line_of: dict[str, int] = field(default_factory=dict)
    """The line of each name, from 1."""
    bad_lines: list[tuple[int, str]] = field(default_factory=list)
    """Lines that say nothing, with the reason."""
    lines: int = 0


def read_digests(path: Path) -> DigestList:
    """The list; empty where there is none. Raises OSError."""
    found = DigestList()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return found
    lines = content.split(b"\n")
    if lines[-1]:
        found.bad_lines.append((len(lines), "the last line has no end"))
    for number, line in enumerate(lines[: -1 if not lines[-1] else None], 1):
        found.lines += 1
        parts = LINE.fullmatch(line)
        try:
            if parts is None:
                raise ValueError("not a SHA-256 and a name")
            name = parts[2].decode("utf-8")
            if name in found.digests:
                raise ValueError(f"{name} stands in line {found.line_of[name]} already")
        except ValueError as error:
            found.bad_lines.append((number, str(error)))
            continue
        found.digests[name] = parts[1].decode("ascii")
        found.line_of[name] = number
    return found


def write_digests(folder: Path, known: Mapping[str, str]) -> None:
    """List every file of a folder and of those in it, by name, with its SHA-256.

    `known` has digests by name of files that need not be read again. When it returns, the list
    and the names of the files are on the disk. Raises OSError.
    """
    with (folder / MANIFEST).open("x", encoding="utf-8", newline="\n") as file:
        for name in names_within(folder):
            if name == MANIFEST:
                continue
            digest = known.get(name)
            if digest is None:
                with (folder / name).open("rb") as content:
                    digest = file_digest(content, "sha256").hexdigest()
            file.write(f"{digest}  {name}\n")
        file.flush()
        os.fsync(file.fileno())
    for inner, _, _ in os.walk(folder):
        if inner != str(folder):
            fsync_folder(Path(inner))


def names_within(folder: Path) -> Iterator[str]:
    """Every file of a folder and of those in it, by its path in it, sorted part by part.

    One folder's names are held at a time: an export may have a file a cable. Raises OSError.
    """
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for name, is_folder in found:
        if is_folder:
            yield from (f"{name}/{inner}" for inner in names_within(folder / name))
        elif (folder / name).is_file():
            yield name
