"""Layouts: how page families are built, recognised by what is on the page."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from cablecrawl.layouts import bloglists, cablebrowser, wikileaks, wordpress
from cablecrawl.layouts.page import PageReading
from cablecrawl.pagetext import PageText


class Layout(Protocol):
    """What each module of this package is."""

    NAME: str

    def read(self, page: PageText) -> PageReading | None:
        """What the page holds; None when it is not of this layout."""

    def is_cable_url(self, url: SplitResult) -> bool:
        """Whether the address is that of a page that should give a cable."""


LAYOUTS: tuple[Layout, ...] = (bloglists, wordpress, wikileaks, cablebrowser)


def read_page(page: PageText) -> PageReading | None:
    """What the first layout that recognises the page finds on it; None when none does."""
    for layout in LAYOUTS:
        reading = layout.read(page)
        if reading is not None:
            return reading
    return None


def is_cable_url(url: str) -> bool:
    """Whether the address is that of a cable page, whatever is found there."""
    parts = urlsplit(url)
    return any(layout.is_cable_url(parts) for layout in LAYOUTS)
