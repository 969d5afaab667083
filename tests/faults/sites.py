"""A site of cable pages of which each goes wrong in a way of its own, crawled."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crawling import Ended, Export, Lines, Project, cable_pages
from tests.faults.server import Answer, FaultServer, response
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror

RETRIES = 1
PATIENT = {"RETRY_TIMES": str(RETRIES), "DOWNLOAD_TIMEOUT": "3", "RETRY_PRIORITY_ADJUST": "0"}
"""Settings: so many tries, and seconds for each."""


@dataclass(frozen=True)
class Page:
    """A cable page as it ought to be."""

    path: str
    body: bytes

    @property
    def reference_id(self) -> str:
        return Path(self.path).stem

    @property
    def packed(self) -> bytes:
        """The body in gzip."""
        return gzip.compress(self.body, mtime=0)


def sample_pages(folder: Path, count: int) -> list[Page]:
    """Cable pages of a mirror, written below the folder."""
    write_mirror(folder, invented_cables(count), Build(count, "v4"))
    return [Page(path, file.read_bytes()) for path, file in cable_pages(folder).items()]


def whole(page: Page) -> bytes:
    """The page as it ought to come."""
    return response(page.body)


@dataclass
class Crawled:
    """What a crawl of a site gave, by the name of each page's fault."""

    project: Project
    pages: Mapping[str, Page]
    server: FaultServer
    ended: Ended
    export: Export

    def url(self, name: str) -> str:
        return self.server.url + self.pages[name].path[1:]

    def captures(self, name: str) -> Lines:
        return self.export.captures().get(self.url(name), [])

    def outcomes(self, name: str) -> list[str]:
        return [line["outcome"] for line in self.captures(name)]

    def problems(self, name: str) -> list[str]:
        url = self.url(name)
        return [line["reason"] for line in self.export.lines("problems") if line["url"] == url]

    def is_read(self, name: str) -> bool:
        return self.pages[name].reference_id in self.export.cables()

    def asked(self, name: str) -> int:
        return self.server.count(self.pages[name].path)


def crawl(
    folder: Path,
    pages: Mapping[str, Page],
    answers: Mapping[str, Answer | Sequence[Answer]],
    more: Mapping[str, Answer | Sequence[Answer]] | None = None,
    **settings: str,
) -> Crawled:
    """Crawl a site of the pages, each answered for by its name; `more` are answers by path."""
    project = Project(folder, {**PATIENT, **settings})
    by_path = {pages[name].path: answer for name, answer in answers.items()}
    with FaultServer({**by_path, **(more or {})}) as server:
        urls = [server.url + pages[name].path[1:] for name in answers]
        ended = project.crawl("-a", f"url={','.join(urls)}")
    return Crawled(project, pages, server, ended, project.export())
