"""In whose form a cable's text is set: the telegram's own, a newspaper's or a dump's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cablecrawl.items import Claim

TELEGRAM = "telegram"
NEWSPAPER = "newspaper"
DUMP = "dump"

# Who states what stood around the text before it was taken out of it, and so whose form it has.
BY_STATEMENT = {"media_partner": NEWSPAPER, "dump_record": DUMP, "key_block": DUMP}

# A newspaper's copy without its date line: 350 of 1,866 bodies of build 1862. `EO 12958 DECL:` or
# `TAGS PREL, PGOV`, where telegrams have `E.O. 12958: DECL:` and `TAGS: PREL, PGOV`.
NEWSPAPER_LINE = re.compile(r"^(?:EO 12958 +(?:DECL|N/A)|TAGS +[A-Z]{4},)", re.M)


def dialect(body: str, claims: Iterable[Claim]) -> str:
    """The dialect of a body; `claims` are those that hold for its reading now."""
    found = {BY_STATEMENT.get(claim.asserted_by) for claim in claims}
    if DUMP in found:
        return DUMP
    if NEWSPAPER in found or NEWSPAPER_LINE.search(body):
        return NEWSPAPER
    return TELEGRAM
