"""An export as a bag (BagIt 1.0, RFC 8493): what archives and repositories take in.

The files stay as they are, in `data/`; beside them are the lists of their digests, and a note of
what is in the bag.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from itertools import chain
from pathlib import Path
from typing import TextIO

from cablecrawl import __version__
from cablecrawl.capture.warc import MANIFEST as DIGESTS
from cablecrawl.capture.warc import fsync_folder
from cablecrawl.changed.moments import Moment
from cablecrawl.export.described import Part, Property
from cablecrawl.export.folder import BAG_DECLARATION, PAYLOAD
from cablecrawl.export.ro_crate import LICENCE_NOTE

BAG = "bag"
"""As `--format` names it."""

ABOUT = "a BagIt bag (RFC 8493) around what the others write"

BAG_INFO = "bag-info.txt"
BAG_DIGESTS = "manifest-sha256.txt"
TAG_DIGESTS = "tagmanifest-sha256.txt"
TAG_FILES = (BAG_INFO, BAG_DECLARATION, BAG_DIGESTS)

# RFC 8493, 2.1.3: in the lists these are written so, and nothing else is.
ENCODED = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})

# The store had nothing in it; a bag must have a date of that form.
NO_DATE = "1970-01-01"

DECLARATION = {"BagIt-Version": "1.0", "Tag-File-Character-Encoding": "UTF-8"}

INFO = {
    "Bag-Software-Agent": "What made the bag, and its version.",
    "Bagging-Date": "The day of the last capture that the store has, so that the same store gives"
    f" the same bag; {NO_DATE} where it has none.",
    "External-Description": "What is in it, in a line.",
    "Internal-Sender-Description": "What is known of rights.",
    "Payload-Oxum": f"How many bytes `{PAYLOAD}/` has, a full stop, and how many files.",
}
"""What each label means."""


def make_bag(folder: Path, through: Moment | None) -> None:
    """Put the files of a finished export into a bag, which its folder then is.

    It is dated by the last capture of the store, so that the same store gives the same bag. The
    digests are those of the export's own list. When it returns, all is on the disk. Raises OSError.
    """
    files = list(folder.iterdir())
    payload = folder / PAYLOAD
    payload.mkdir()
    for file in files:
        file.rename(payload / file.name)
    fsync_folder(payload)
    octets = count = 0
    with _tag_file(folder / BAG_DIGESTS) as digests:
        for digest, name in _digests(payload):
            digests.write(f"{digest}  {PAYLOAD}/{name.translate(ENCODED)}\n")
            octets += (payload / name).stat().st_size
            count += 1
    info = {
        "Bag-Software-Agent": f"CableCrawl {__version__}",
        "Bagging-Date": through.at[:10] if through is not None else NO_DATE,
        "External-Description": "US embassy cables, with the evidence for every field",
        "Internal-Sender-Description": LICENCE_NOTE,
        "Payload-Oxum": f"{octets}.{count}",
    }
    _write_tags(folder / BAG_DECLARATION, DECLARATION)
    _write_tags(folder / BAG_INFO, {label: info[label] for label in INFO})
    with _tag_file(folder / TAG_DIGESTS) as digests:
        for name in TAG_FILES:
            digests.write(f"{_digest(folder / name)}  {name}\n")
    fsync_folder(folder)


def describe() -> Sequence[Part]:
    """What a bag has in it, for DATA_FORMAT.md, as a FormatWriter says it of its files."""
    encoded = ", ".join(f"`{code}`" for code in ENCODED.values())
    return [
        Part(
            f"{PAYLOAD}/",
            "The export, each file as it would be without a bag: what the other formats write, and"
            " what lies beside it.",
        ),
        Part(
            BAG_DECLARATION,
            "What makes the folder a bag. A label, a colon and a value in each line.",
            tuple(Property(label, "text", f"`{value}`.") for label, value in DECLARATION.items()),
        ),
        Part(
            BAG_INFO,
            "What is in the bag, in such lines too.",
            tuple(Property(label, "text", about) for label, about in INFO.items()),
        ),
        Part(
            BAG_DIGESTS,
            f"A line for each file in `{PAYLOAD}/`: its SHA-256, two spaces, and its path from the"
            f" bag's folder. In paths `%`, CR and LF are written as {encoded}, as BagIt asks from"
            " 1.0 on; some tools do not decode the first. Paths here have a `%` only where a"
            " reference ID has other characters than letters and digits.",
        ),
        Part(
            TAG_DIGESTS,
            f"The same for {', '.join(f'`{name}`' for name in TAG_FILES)}.",
        ),
    ]


def _digests(export: Path) -> Iterator[tuple[str, str]]:
    """Every file's digest and name, that of the list itself too."""
    with (export / DIGESTS).open(encoding="utf-8", newline="\n") as listed:
        for line in chain(listed, [f"{_digest(export / DIGESTS)}  {DIGESTS}\n"]):
            digest, _, name = line.removesuffix("\n").partition("  ")
            yield digest, name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _write_tags(path: Path, tags: dict[str, str]) -> None:
    with _tag_file(path) as file:
        file.writelines(f"{label}: {value}\n" for label, value in tags.items())


@contextmanager
def _tag_file(path: Path) -> Iterator[TextIO]:
    """A new file, which is on the disk at the end."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
