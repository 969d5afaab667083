"""A bag's own lists, as the bagit library checks them: other code than wrote them."""

from __future__ import annotations

import logging
from pathlib import Path

from bagit import Bag, BagError, BagValidationError, normalize_unicode

from cablecrawl.fixity.findings import shortened

DECODES = (1, 0)
"""The version of BagIt from which `%` is encoded in names."""


def fault_of_bag(folder: Path) -> str | None:
    """What is wrong with a bag, in a line; None: it is valid. Raises OSError."""
    # What it logs it raises too.
    logging.getLogger("bagit").setLevel(logging.CRITICAL)
    try:
        bag = Bag(str(folder))
        if bag.version_info >= DECODES:
            _decode_names(bag)
        bag.validate(processes=1)
    except BagValidationError as error:
        return shortened(map(str, error.details or [error.message]))
    except (BagError, ValueError) as error:  # ValueError: bytes that are no UTF-8, a NUL in a name
        return str(error)
    return None


def _decode_names(bag: Bag) -> None:
    """What the library leaves out of decoding (1.9.0, its issue 157): `%25` is `%`."""
    bag.entries = {name.replace("%25", "%"): digests for name, digests in bag.entries.items()}
    bag.normalized_manifest_names = {normalize_unicode(name): name for name in bag.entries}
