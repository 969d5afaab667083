"""The spider for WikiLeaks mirrors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urljoin

from scrapy import Request

from cablecrawl.layouts import is_cable_url
from cablecrawl.reading import ReadPage
from cablecrawl.spider import CableSpider

# Index pages first: they are few, and what they list makes the rest of the way known.
INDEX_PRIORITY, CABLE_PRIORITY = 10, 0


# The folders of a mirror, behind which its pages stand.
IN_A_FOLDER = re.compile(r"(?:cable|reldate|date|classification|origin|tag)/(?:[^?#]*/)?[^/?#]*$")


def cable_folder(url: str) -> str:
    """Where the mirror of an index page has its cable pages."""
    return urljoin(IN_A_FOLDER.sub("", url.partition("?")[0]), "cable/")


class MirrorsSpider(CableSpider):
    """Crawls copies of WikiLeaks' cable site by their index pages.

    Arguments
        source  names of sources, parted by commas; without it, all enabled mirrors
        url     URLs of a site that is in no registry, or of single pages of it

    Caveats
        The server's own listing of cable/ is asked for once: where there is one, it leads to
        pages that no index lists any more (12 of 6,712 in one mirror). Origin and tag pages
        are not walked: they list the same cables again.
    """

    name = "mirrors"

    async def start(self) -> AsyncIterator[Request]:
        async for request in super().start():
            yield request
        for source in self.sources.values():
            pages = [url for url in source.start_urls if not is_cable_url(url)]
            for folder in {cable_folder(url): None for url in pages}:
                yield self.request(folder, source.name, via=None, priority=INDEX_PRIORITY)

    def follow(self, read: ReadPage, source: str) -> Iterator[Request]:
        if read.reading is None or not read.reading.is_index:
            return
        yield from self.follow_once(read.index_urls(), source, read.url, INDEX_PRIORITY)
        yield from self.follow_once(read.cable_urls(), source, read.url, CABLE_PRIORITY)
