"""An export as a bag (BagIt 1.0, RFC 8493): what archives and repositories take in.

The files stay as they are, in `data/`; beside them are the lists of their digests, and a note of
what is in the bag.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import bagit

from cablecrawl import __version__
from cablecrawl.capture.warc import fsync_folder
from cablecrawl.changed.moments import Moment
from cablecrawl.export.ro_crate import LICENCE_NOTE

BAG = "bag"
"""As `--format` names it."""

# The store had nothing in it; a bag must have a date of that form.
NO_DATE = "1970-01-01"


def make_bag(folder: Path, through: Moment | None) -> None:
    """Put the files of a folder into a bag, which the folder then is.

    It is dated by the last capture of the store, so that the same store gives the same bag. When
    it returns, all is on the disk. Raises OSError.
    """
    # It tells of each file that it reads.
    logging.getLogger("bagit").setLevel(logging.WARNING)
    info = {
        "Bagging-Date": through.at[:10] if through is not None else NO_DATE,
        "Bag-Software-Agent": f"CableCrawl {__version__}, bagit.py",
        "External-Description": "US embassy cables, with the evidence for every field",
        "Internal-Sender-Description": LICENCE_NOTE,
    }
    bagit.make_bag(str(folder), bag_info=info, checksums=["sha256"])
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            fsync_folder(path)
    fsync_folder(folder)
