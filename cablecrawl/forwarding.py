"""Pages that only lead on: a frameset, a page that refreshes to another. Old mirrors begin so."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

from cablecrawl.pagetext import PageText

# A frameset has two or three; a page of advertisements has more, and none is the site's.
MOST_FRAMES = 8

SRC = re.compile(r"""\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
CONTENT = re.compile(r"""\bcontent\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.I)
REFRESH = re.compile(r"""\bhttp-equiv\s*=\s*["']?refresh\b""", re.I)
# "0; url=cablegate.html": https://html.spec.whatwg.org/#attr-meta-http-equiv-refresh
TARGET = re.compile(r"""\s*+[\d.]*+\s*+[;,]\s*+(?:url\s*=\s*)?["']?([^"']++)["']?\s*+""", re.I)


def forward_urls(url: str, page: PageText) -> list[str]:
    """Absolute http(s) URLs that a page shows in frames or refreshes to, in order."""
    found: dict[str, None] = {}
    for tag in page.tags:
        if tag.closing or tag.name not in ("frame", "iframe", "meta"):
            continue
        markup = page.document[tag.start : tag.end]
        link = _refresh(markup) if tag.name == "meta" else _attribute(SRC, markup)
        if link is None or len(found) >= MOST_FRAMES:
            continue
        try:
            target = urljoin(url, link.strip())
        except ValueError:
            continue  # no URL at all, such as "http://["
        if target.startswith(("http://", "https://")) and target != url:
            found[target] = None
    return list(found)


def _refresh(markup: str) -> str | None:
    content = _attribute(CONTENT, markup) if REFRESH.search(markup) else None
    target = TARGET.fullmatch(content) if content else None
    return target[1] if target is not None else None


def _attribute(pattern: re.Pattern[str], markup: str) -> str | None:
    match = pattern.search(markup)
    return unescape(next(filter(None, match.groups()), "")) if match is not None else None
