"""A report as its readers have it: the document parsed, and the data in it."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.crawling import Export, Project

VOID = frozenset("meta br hr img link input".split())
DATA = "data:text/csv;charset=utf-8;base64,"


@dataclass(eq=False)
class Element:
    """An element of a document."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that stands in it."""
        return "".join(self.words) + "".join(child.text for child in self.children)

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            yield from child.walk()

    def all(self, tag: str, kind: str | None = None) -> list[Element]:
        """Elements of a tag, and of a class."""
        return [
            element
            for element in self.walk()
            if element.tag == tag
            and (kind is None or kind in element.attributes.get("class", "").split())
        ]

    def one(self, tag: str, kind: str | None = None) -> Element:
        (element,) = self.all(tag, kind)
        return element


class _Builder(HTMLParser):
    """Takes well-formed documents only: each element is closed, and in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(element)
        if tag not in VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.tag == tag, f"</{tag}> closes <{self._open.tag}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.words.append(data)

    def close(self) -> None:
        super().close()
        assert self._open is self.root, f"<{self._open.tag}> is not closed"


def parse(document: str) -> Element:
    """The document's elements. Fails where one is not closed, or closed in the wrong place."""
    builder = _Builder()
    builder.feed(document)
    builder.close()
    return builder.root


@dataclass(frozen=True)
class Report:
    """A report that was written by the command."""

    path: Path
    told: dict[str, Any]
    """What `--json` says."""
    page: Element

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV in it, with the cells as they stand there."""
        (link,) = [a for a in self.page.all("a") if a.attributes.get("download") == f"{name}.csv"]
        return list(csv.DictReader(io.StringIO(csv_of(link).decode(), newline="")))

    @property
    def figures(self) -> list[Element]:
        return self.page.all("figure")

    def sentence(self, name: str) -> str:
        """What a figure says."""
        (figure,) = [f for f in self.figures if f.attributes["id"] == name]
        return figure.one("p", "sentence").text


def csv_of(link: Element) -> bytes:
    """What a download link holds."""
    address = link.attributes["href"]
    assert address.startswith(DATA)
    return base64.b64decode(address.removeprefix(DATA), validate=True)


def report_of(project: Project, path: Path) -> Report:
    """Written as a user does it."""
    ended = project.run("report", "--output", str(path), "--json")
    assert ended.status == 0, ended.stderr
    assert ended.stderr == ""
    return Report(path, json.loads(ended.stdout), parse(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Reported:
    """A store, its report and its export."""

    project: Project
    report: Report
    export: Export
