"""A folder that appears whole or not at all.

It is filled under a hidden name beside its place and then renamed. The hidden one is locked
while it is being filled; the system lets go of the lock when the process ends, however it ends,
and the next export beside it removes what is not locked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cablecrawl.capture.warc import MANIFEST as DIGESTS
from cablecrawl.capture.warc import fsync_folder
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.resources import MANIFEST, RESOURCES

LATEST = "latest"
BAG_DECLARATION, PAYLOAD = "bagit.txt", "data"
"""What makes a folder a bag, and where a bag has what was put into it (RFC 8493)."""
UNFINISHED = ".export-{}.unfinished"

# What renaming a folder onto something that is not an empty folder gives.
TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}


@contextmanager
def unfinished_folder(parent: Path) -> Iterator[Path]:
    """A new hidden folder in `parent`, which is made if need be.

    Removed at the end, unless it was renamed. Raises OSError.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _open_folder(parent) as place:
        # Between being made and being locked a new folder looks like one left behind.
        _lock(place, fcntl.LOCK_EX)
        _remove_abandoned(parent)
        folder = parent / UNFINISHED.format(secrets.token_hex(4))
        folder.mkdir()
        descriptor = os.open(folder, os.O_RDONLY)
        _lock(descriptor, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def publish(folder: Path, target: Path) -> bool:
    """Give a finished folder its name, for good; False when something has that name.

    An empty folder is replaced. The files must be on the disk. Raises OSError.
    """
    fsync_folder(folder)
    try:
        os.rename(folder, target)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    fsync_folder(target.parent)
    return True


def payload_folder(folder: Path) -> Path:
    """Where the files of an export are: in the folder itself, or, of a bag, in its `data`.

    A bag that has lost what says that it is one is still one: no export has a `data`.
    """
    is_bag = (folder / BAG_DECLARATION).exists() or (folder / PAYLOAD).is_dir()
    return folder / PAYLOAD if is_bag else folder


def export_within(folder: Path) -> Path | None:
    """Where the files of the export in a folder or a bag are; None: there is no export in it.

    One file is enough: an export that has lost the others is still one.
    """
    within = payload_folder(folder)
    names = (MANIFEST, DIGESTS, *(resource.path for resource in RESOURCES))
    return within if any((within / name).exists() for name in names) else None


def publish_under_time(folder: Path, parent: Path, moment: datetime, *, is_latest: bool) -> Path:
    """Name a finished folder after a moment, and point `latest` at it; returns where it is.

    Of an export of some of the cables (not `is_latest`) `latest` knows nothing.

    Raises CableCrawlError when `latest` is not a link of ours, OSError.
    """
    name = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for number in count(1):
        target = parent / (name if number == 1 else f"{name}-{number}")
        if not os.path.lexists(target) and publish(folder, target):
            break
    if not is_latest:
        return target
    link = parent / LATEST
    if link.exists() and not link.is_symlink():
        raise CableCrawlError(f"{link}: is no link, so it does not point to {target}; move it away")
    new = parent / f".{LATEST}-{secrets.token_hex(4)}"
    new.symlink_to(target.name)
    try:
        os.replace(new, link)
    finally:
        new.unlink(missing_ok=True)
    fsync_folder(parent)
    return target


def find_target(output: str) -> Path:
    """The folder that a user named for an export: not there yet, or empty.

    Raises CableCrawlError when it is neither.
    """
    # A link is followed now: a folder cannot be renamed onto one.
    target = Path(os.path.realpath(output))
    if target.is_dir():
        if any(target.iterdir()):
            raise CableCrawlError(f"--output {output}: is not empty; name a new folder")
        if os.path.ismount(target):
            raise CableCrawlError(f"--output {output}: is a mount point; name a folder in it")
    elif target.exists():
        raise CableCrawlError(f"--output {output}: is not a folder; name a new one")
    return target


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(UNFINISHED.format("*")):
        with _open_folder(folder) as descriptor:
            if _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _open_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    """Whether the lock was had; never where the file system has none for folders (NFS)."""
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        return False
    return True
