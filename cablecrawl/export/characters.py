"""Characters that a format cannot have, and what stands in their place there."""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"

SURROGATE = re.compile("[\ud800-\udfff]")
"""Lone, where they stand in a string: UTF-8 has none."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""https://www.w3.org/TR/xml/#NT-Char"""


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate."""
    return SURROGATE.sub(REPLACEMENT, text)


def for_xml(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 cannot have."""
    return NOT_IN_XML.sub(REPLACEMENT, text)
