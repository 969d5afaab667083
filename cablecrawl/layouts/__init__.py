"""Layouts: how page families are built, recognised by what is on the page."""

from __future__ import annotations

from cablecrawl.layouts import wikileaks
from cablecrawl.layouts.page import PageReading
from cablecrawl.pagetext import PageText

LAYOUTS = (wikileaks,)


def read_page(page: PageText) -> PageReading | None:
    """What the first layout that recognises the page finds on it; None when none does."""
    for layout in LAYOUTS:
        reading: PageReading | None = layout.read(page)
        if reading is not None:
            return reading
    return None
