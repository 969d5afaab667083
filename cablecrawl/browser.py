"""Pages that need a browser: which sources have them, and whether there is one to show them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from scrapy.settings import BaseSettings

from cablecrawl.sources import Source

# What Chromium is called where it comes from a distribution or from its maker.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
EXTRA = "scrapy_playwright"

HANDLER = "cablecrawl.capture.rendering.RenderingHandler"

RENDERING = "cablecrawl_rendering"
"""Key of Request.meta: the Rendering of its response, from the downloader to the capture."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """What came of showing a response to the browser."""

    outcome: str
    """`ok`; `incomplete`: something that the page asked for did not come; `browser_failed`: it
    died or would not start; `timeout`; `too_large`."""
    document: bytes = b""
    """The document as the browser has it, in UTF-8."""
    flags: tuple[str, ...] = ()
    detail: str | None = None
    """Why it failed."""


def use_browser(settings: BaseSettings, sources: Iterable[Source]) -> dict[str, str]:
    """Set up a crawl for those of its sources whose pages need a browser.

    Where there is none, these sources are to be skipped: returned with the reason. Nothing is
    set, and nothing of the browser imported, where no source needs one.
    """
    names = [source.name for source in sources if source.render]
    if not names:
        return {}
    program = find_browser(settings)
    missing = why_no_browser(settings, program)
    if missing is not None:
        return dict.fromkeys(names, missing)
    handlers = {**settings.getdict("DOWNLOAD_HANDLERS"), "http": HANDLER, "https": HANDLER}
    settings.set("DOWNLOAD_HANDLERS", handlers, priority="spider")
    launch = {"executable_path": program, **settings.getdict("PLAYWRIGHT_LAUNCH_OPTIONS")}
    settings.set("PLAYWRIGHT_LAUNCH_OPTIONS", launch, priority="spider")
    return {}


def find_browser(settings: BaseSettings) -> str | None:
    """The path of the browser to use; None: there is no such program."""
    programs = (settings["BROWSER"],) if settings["BROWSER"] else PROGRAMS
    return next(filter(None, map(shutil.which, programs)), None)


def why_no_browser(settings: BaseSettings, program: str | None) -> str | None:
    """What is missing and what to do, on one line; None: nothing is."""
    if find_spec(EXTRA) is None:
        return (
            "its pages need a browser, and scrapy-playwright is not installed:"
            " .venv/bin/pip install scrapy-playwright"
        )
    if program is None and settings["BROWSER"]:
        return f"its pages need a browser, and BROWSER={settings['BROWSER']} is no program"
    if program is None:
        return (
            f"its pages need a browser, and there is none ({', '.join(PROGRAMS)}):"
            " apt-get install chromium, or give its path with -s BROWSER="
        )
    return None
