"""Renders invented cables as a WikiLeaks mirror: one build, in the layout of its time.

The markup follows pages of the real builds line by line (dossier cables.md 1 and 2), quoting
style included. Where no page of a layout was at hand (v2's appeal, v7's top) it follows the
description there. Front pages, articles and help texts say something of their own.
"""

from __future__ import annotations

import os
import posixpath
import random
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from tests.sites.cables import (
    CLASSIFICATIONS,
    HAND_WRITTEN,
    InventedCable,
    cable_by_id,
    invented_cables,
)

Layout = Literal["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"]
LinkStyle = Literal["absolute", "relative", "httrack"]

LAYOUTS: tuple[Layout, ...] = ("v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7")
FAMILIES = ("reldate", "date", "classification", "origin", "tag")


@dataclass(frozen=True)
class Build:
    """One publication of the site, and how the copy at hand was made."""

    counter: int
    """N of "Currently released so far... N / 251,287"; any number, it is not checked."""
    layout: Layout = "v4"
    released: Mapping[str, str] = field(default_factory=dict)
    """Released as this build prints it, `2010-12-05 05:05`, where it is not the cable's own."""
    links: LinkStyle = "absolute"
    """absolute: as published; relative: wget's copy; httrack: HTTrack's copy."""
    rows_per_page: int = 50
    withdrawn: frozenset[str] = frozenset()
    """IDs without page and rows here. An overlay leaves the older page where it was."""
    edits: Mapping[str, str] = field(default_factory=dict)
    """Bodies that differ from the cable's own."""
    kept: tuple[str, ...] = ()
    """Patterns (`date/*`) of pages an overlay does not reach: the mark of a torn copy."""
    fetched: str = "2010-11-29 20:47:59"
    """The time HTTrack wrote into its comments."""


@dataclass(frozen=True)
class _Marks:
    """What tells the layouts apart (dossier 1.3)."""

    script: str = "cables.js"
    articles: str | None = "{}.html"
    pane_image: str | None = "static/gfx/ja-cg.jpg"
    appeal: Literal["help", "kus"] | None = None
    host: str = "cablegate.wikileaks.org"
    courage: bool = True
    irc: bool = False
    key_block: bool = False
    true_minutes: bool = False
    released_column: bool = True


_MARKS: Mapping[Layout, _Marks] = {
    "v0": _Marks(
        "js.js",
        "articles/2010/{}.html",
        pane_image=None,
        appeal="help",
        courage=False,
        released_column=False,
    ),
    "v1": _Marks("js.js", "articles/2010/{}.html", pane_image=None, appeal="help"),
    "v2": _Marks("js.js", "articles/2010/{}.html", pane_image=None, appeal="kus"),
    "v3": _Marks("js.js", "articles/2010/{}.html", pane_image="img/ja-cg.jpg"),
    "v4": _Marks(),
    "v5": _Marks(articles=None),
    "v6": _Marks(host="wikileaks.org", irc=True, true_minutes=True),
    "v7": _Marks(host="wikileaks.org", irc=True, true_minutes=True, key_block=True),
}

# The site mapped each class to the wrong title, the same way on every page (dossier 1.1).
_WRONG_TITLES = (
    "unclassified",
    "secret",
    "confidential",
    "secret//noforn",
    "unclassified//fouo",
    "confidential//noforn",
)

_ARTICLES = (
    ("Brazil", "A-tram-without-doors"),
    ("Sweden", "Harbor-clocks-compared"),
    (" Editorial", "Why-the-cat-register-matters"),
)

# A paragraph number or a reference letter at the start of a line, with a space after its dot.
_NUMBERED = re.compile(r"^( *)(\d+|[A-Z])\.(?= )", re.M)
_TAGS_LINE = re.compile(r"^(TAGS: )(.+)$", re.M)


def shown_created(cable: InventedCable, layout: Layout) -> str:
    """Created as the layout prints it: before v6 the minute is the hour on a 12-hour clock."""
    if _MARKS[layout].true_minutes:
        return cable.created
    return datetime.strptime(cable.created, "%Y-%m-%d %H:%M").strftime("%Y-%m-%d %H:%I")


def write_mirror(
    folder: Path, cables: Iterable[InventedCable], build: Build, *, overlay: bool = False
) -> None:
    """Writes the build's pages under `folder`.

    With `overlay` what is there stays unless this build has a page of the same name, as on
    mirrors that unpack each archive over the last. Without it the older pages are removed.
    Pages whose bytes do not change keep their modification time; a changed page gets a later
    one, so that a conditional request always sees the change.
    """
    if not overlay:
        _remove_pages(folder)
    mirror = _Mirror([c for c in cables if c.reference_id not in build.withdrawn], build)
    for page, content in mirror.files():
        target = folder / page
        if target.exists() and any(fnmatchcase(page, pattern) for pattern in build.kept):
            continue
        _put(target, content, mirror.written)


def _remove_pages(folder: Path) -> None:
    for name in ("cable", *FAMILIES, "articles", "static", "img"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for page in folder.glob("*.html"):
        page.unlink()


def _put(target: Path, content: bytes, when: int) -> None:
    if target.exists():
        if target.read_bytes() == content:
            return
        # Last-Modified counts whole seconds, and two builds may have the same latest release.
        when = max(when, int(target.stat().st_mtime) + 1)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    os.utime(target, (when, when))


# ------------------------------------------------------------------------------- links


@dataclass(frozen=True)
class _Links:
    """Addresses as they stand in `page`."""

    style: LinkStyle
    page: str

    def to(self, target: str) -> str:
        if self.style == "absolute":
            return f"/{target}"
        if self.style == "httrack" and target == "index.html":
            target = "index-2.html"  # HTTrack keeps index.html for a page of its own
        return posixpath.relpath(target, posixpath.dirname(self.page) or ".")

    def here(self, fragment: str) -> str:
        name = posixpath.basename(self.page) if self.style == "relative" else ""
        return f"{name}#{fragment}"

    def away(self, url: str) -> str:
        """A foreign address; HTTrack's page for those lies beside the host's folder."""
        if self.style != "httrack":
            return url
        return "../" * (self.page.count("/") + 1) + f"external.html?link={url}"


# ------------------------------------------------------------------------------- pages


@dataclass(frozen=True)
class _Index:
    """One chain of index pages: `classification/1_0.html` and on."""

    family: str
    key: str
    heading: str
    cables: Sequence[InventedCable]

    def page(self, number: int) -> str:
        return f"{self.family}/{self.key}_{number}.html"


class _Mirror:
    def __init__(self, cables: Sequence[InventedCable], build: Build) -> None:
        self.build = build
        self.marks = _MARKS[build.layout]
        self._navigation: dict[str, str] = {}
        # Newest release first and by creation within it; v0 knew no releases.
        self.cables = sorted(cables, key=lambda cable: cable.created)
        if self.marks.released_column:
            self.cables.sort(key=self.released, reverse=True)

    def released(self, cable: InventedCable) -> str:
        return self.build.released.get(cable.reference_id, cable.released)

    def release_key(self, cable: InventedCable) -> str:
        """The day of release; in v0 the month."""
        return self.released(cable)[: 10 if self.marks.released_column else 7]

    @cached_property
    def written(self) -> int:
        """When the files were written, in seconds since 1970."""
        if self.build.links == "httrack":
            return int(_utc(self.build.fetched, "%Y-%m-%d %H:%M:%S").timestamp())
        latest = max(map(self.released, self.cables), default="2010-11-28 18:06")
        return int((_utc(latest, "%Y-%m-%d %H:%M") + timedelta(hours=1)).timestamp())

    @cached_property
    def origins(self) -> dict[str, int]:
        """The number of each origin, which is its place from the end of the alphabet."""
        names = sorted({cable.origin for cable in self.cables}, reverse=True)
        return {name: number for number, name in enumerate(names, start=1)}

    @cached_property
    def tags(self) -> list[str]:
        return list(dict.fromkeys(tag for cable in self.cables for tag in cable.tags))

    def files(self) -> Iterator[tuple[str, bytes]]:
        for page, text in self.pages():
            yield page, text.encode()
        yield from _STATIC.items()
        if self.build.links == "httrack":
            yield "external.html", _plain_page("External link", "Not in this copy.")

    def pages(self) -> Iterator[tuple[str, str]]:
        for cable in self.cables:
            yield cable.page, self.cable_page(cable)
        for index in self.indexes():
            # A family with a multiple of 50 rows ends in an empty page (dossier 2).
            for number in range(len(index.cables) // self.build.rows_per_page + 1):
                yield index.page(number), self.index_page(index, number)
        yield "index.html", self.front_page("index.html")
        yield "cablegate.html", self.front_page("cablegate.html")
        if self.build.links == "httrack":
            yield "index-2.html", self.front_page("index-2.html")
        if self.marks.articles is not None:
            for _, name in _ARTICLES:
                page = self.marks.articles.format(name)
                yield page, self.article_page(page, name)

    def indexes(self) -> Iterator[_Index]:
        chosen = self.cables
        for key in sorted({self.release_key(cable) for cable in chosen}, reverse=True):
            rows = [cable for cable in chosen if self.release_key(cable) == key]
            yield _Index("reldate", key, key.replace("-", "/"), rows)
        for key in sorted({cable.month for cable in chosen}):
            rows = [cable for cable in chosen if cable.month == key]
            yield _Index("date", key, key.replace("-", "/"), rows)
        for number, name in enumerate(CLASSIFICATIONS, start=1):
            rows = [cable for cable in chosen if cable.classification == name]
            yield _Index("classification", str(number), name, rows)
        for name, number in self.origins.items():
            rows = [cable for cable in chosen if cable.origin == name]
            yield _Index("origin", str(number), name, rows)
        for tag in self.tags:
            yield _Index("tag", tag, tag, [cable for cable in chosen if tag in cable.tags])

    def cable_page(self, cable: InventedCable) -> str:
        links = _Links(self.build.links, cable.page)
        body = self.build.edits.get(cable.reference_id, cable.body)
        return self._page(
            links,
            f"%20%23{cable.reference_id}",
            [
                f"<h3>Viewing cable {cable.reference_id}, {cable.title}".rstrip() + "</h3>",
                *_help(links, cable.reference_id),
                *self._appeal(links),
                "<table class='cable'>",
                "<tr>",
                *(f"<th>{name}</th>" for name in self._columns(subject=False)),
                "</tr>",
                "<tr>",
                *_cell(links, cable.page, cable.reference_id),
                *self._cells(links, cable, shown_created(cable, self.build.layout), minutes=True),
                "</tr>",
                *self._media_row(links, cable),
                "</table>",
                f"<code><pre>{_one_line(cable.header)}</pre></code>",
                f"<code><pre>{_one_line(_marked(body, cable.tags, links))}</pre></code>",
            ],
        )

    def index_page(self, index: _Index, number: int) -> str:
        links = _Links(self.build.links, index.page(number))
        size = self.build.rows_per_page
        paginator = _paginator(links, index, number, len(index.cables) // size)
        lines = [
            f"<h3>Browse by {index.heading}</h3>",
            paginator,
            "<table class='cable'>",
            "<tr>",
            *(f"<th>{name}</th>" for name in self._columns(subject=True)),
            "</tr>",
        ]
        for cable in index.cables[number * size : (number + 1) * size]:
            created = shown_created(cable, self.build.layout)
            minutes = not self.marks.released_column
            lines += [
                "<tr>",
                *_cell(links, cable.page, cable.reference_id),
                f"<td>{cable.title}</td>",
                *self._cells(links, cable, created if minutes else created[:10], minutes=minutes),
                "</tr>",
            ]
        return self._page(links, "", [*lines, "</table>", paginator])

    def front_page(self, page: str) -> str:
        count = len(self.cables)
        return self._page(
            _Links(self.build.links, page),
            "",
            [
                "<h1>Secret US Embassy Cables</h1>",
                f"<p>This sample site holds {count} cables. Every one of them is invented.</p>",
                "<h3>How to explore the data</h3>",
                "<p>Pick a release, a date, an origin, a tag or a classification.</p>",
            ],
        )

    def article_page(self, page: str, name: str) -> str:
        links = _Links(self.build.links, page)
        lines = [
            f"<h3>{name.replace('-', ' ')}</h3>",
            "<p>An invented article about the invented cables of this sample site.</p>",
        ]
        if self.cables:
            first = self.cables[0]
            lines.append(f"<p>See <a href='{links.to(first.page)}'>{first.reference_id}</a>.</p>")
        return self._page(links, "", lines)

    # ------------------------------------------------------------------- their parts

    def _page(self, links: _Links, hashtag: str, content: Iterable[str]) -> str:
        """The whole document; `hashtag` is what "Twitter this" adds to the address."""
        script = links.to(f"static/js/{self.marks.script}")
        lines = [
            "<?xml version='1.0' encoding='utf-8' ?>",
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
            ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
            f"<html lang='en' xml:lang='en' xmlns='{links.away('http://www.w3.org/1999/xhtml')}'>",
            *self._httrack_comment(links),
            "<head>",
            "<title>Cable Viewer</title>",
            f"<link href='{links.to('static/gfx/favicon.ico')}' rel='shortcut icon' />",
            f"<link href='{links.to('static/css/reset-fonts-grids.css')}'"
            " rel='stylesheet' type='text/css' />",
            f"<link href='{links.to('static/css/cables.css')}' rel='stylesheet' type='text/css' />",
            "</head>",
            "<body>",
            *(_KEY_BLOCK if self.marks.key_block else ()),
            "<div class='main'>",
            "<div class='pane small'>",
            self._navigation_for(links),
            *self._community(links, hashtag),
            "</div>",
            "<div class='pane big'>",
            *content,
            "</div>",
            "</div>",
            f"<script src='{script}' type='text/javascript'></script>",
            "</body>",
            *self._httrack_comment(links),
            "</html>",
            "",
        ]
        return "\n".join(lines)

    def _httrack_comment(self, links: _Links) -> Sequence[str]:
        if self.build.links != "httrack":
            return ()
        when = _utc(self.build.fetched, "%Y-%m-%d %H:%M:%S").strftime("%a, %d %b %Y %H:%M:%S GMT")
        return (
            "",
            f"<!-- Mirrored from {self.marks.host}/{links.page}"
            f" by HTTrack Website Copier/3.x [XR&CO'2010], {when} -->",
            '<!-- Added by HTTrack --><meta http-equiv="content-type"'
            ' content="text/html;charset=UTF-8"><!-- /Added by HTTrack -->',
        )

    def _navigation_for(self, links: _Links) -> str:
        # The lists are long and the same for all pages of a folder but for the page's own name.
        folder = "" if links.style == "absolute" else posixpath.dirname(links.page)
        if folder not in self._navigation:
            page = posixpath.join(folder, "\0")
            lines = self._navigation_lines(_Links(links.style, page))
            self._navigation[folder] = "\n".join(lines)
        return self._navigation[folder].replace("\0", posixpath.basename(links.page))

    def _navigation_lines(self, links: _Links) -> Iterator[str]:
        marks = self.marks
        if marks.pane_image is not None:
            yield f"<a href='{links.to('support.html')}'>"
            yield f"<img alt='Keep Us Strong' src='{links.to(marks.pane_image)}' />"
            yield "</a>"
        yield f"<a href='{links.to('index.html')}'>"
        logo = links.to("static/gfx/WL_Hour_Glass_small.png")
        yield f"<img alt='WikiLeaks logo' src='{logo}' />"
        yield f"<p>Currently released so far... {self.build.counter} / 251,287</p>"
        yield "</a>"
        yield "<div id='browse'>"
        if marks.articles is not None:
            yield "<h3>Articles</h3>"
            yield "<div class='sort'>"
            for country, name in _ARTICLES:
                yield f'<a href="{links.to(marks.articles.format(name))}">{country}</a>'
            yield "</div>"
        yield from self._release_list(links)
        yield from self._date_list(links)
        yield from self._origin_list(links)
        yield from self._tag_list(links)
        yield "<h3>Browse by classification</h3>"
        yield "<div class='sort'>"
        for name in CLASSIFICATIONS:
            yield _classification_link(links, name)
        yield "</div>"
        yield "</div>"

    def _release_list(self, links: _Links) -> Iterator[str]:
        keys = sorted({self.release_key(cable) for cable in self.cables}, reverse=True)
        if self.marks.released_column:
            yield "<h3>Browse latest releases</h3>"
            yield "<div class='sort'>"
        else:
            yield "<h3>Browse by release date</h3>"
            yield "<div class='sort' id='ryear_2010'>"
        for key in keys:
            yield f"<a href='{links.to(f'reldate/{key}_0.html')}'>{key.replace('-', '/')}</a>"
        yield "</div>"

    def _date_list(self, links: _Links) -> Iterator[str]:
        months = sorted({cable.month for cable in self.cables})
        years = sorted({month[:4] for month in months})
        first = f"year_{years[0]}" if years else "year"
        yield (
            f"<h3>Browse by creation <a href='{links.here(first)}'"
            " onclick='return sha(0);'>date</a></h3>"
        )
        yield from _picks(links, {f"year_{year}": year[2:] for year in years})
        for year in years:
            yield f"<div class='sort' id='year_{year}'>"
            for month in months:
                if month.startswith(year):
                    target = links.to(f"date/{month}_0.html")
                    yield f"<a href='{target}'>{month.replace('-', '/')}</a>"
            yield "</div>"

    def _origin_list(self, links: _Links) -> Iterator[str]:
        yield (
            f"<h3>Browse by <a href='{links.here('by_A')}' onclick='return sha(1);'>origin</a></h3>"
        )
        initials = sorted({_place(name)[0] for name in self.origins})
        yield from _picks(links, {f"by_{initial}": initial for initial in initials})
        for initial in initials:
            yield f"<div class='sort' id='by_{initial}'>"
            for name, number in self.origins.items():
                if _place(name)[0] == initial:
                    yield f"<a href='{links.to(f'origin/{number}_0.html')}'>{name}</a>"
            yield "</div>"

    def _tag_list(self, links: _Links) -> Iterator[str]:
        yield (
            f"<h3>Browse by <a href='{links.here('tag_A')}' onclick='return sha(2);'>tag</a></h3>"
        )
        initials = sorted({tag[0] for tag in self.tags})
        yield from _picks(links, {f"tag_{initial}": initial for initial in initials})
        for initial in initials:
            yield f"<div class='sort' id='tag_{initial}'>"
            for tag in self.tags:
                if tag[0] == initial:
                    yield f"<a href='{links.to(f'tag/{tag}_0.html')}'>{tag}</a>"
            yield "</div>"

    def _community(self, links: _Links, hashtag: str) -> Iterator[str]:
        # Pages in the root are shared as the site itself.
        page = links.page if "/" in links.page else ""
        address = quote(f"http://{self.marks.host}/{page}", safe="")
        twitter = links.away(f"http://twitter.com/home?status=Reading%20{address}{hashtag}")
        reddit = links.away("http://en.reddit.com/domain/wikileaks.org")
        yield "<h3>Community resources</h3>"
        yield "<div class='sort'>"
        yield f"<a href='{links.away('http://twitter.com/wikileaks')}'>Follow us on Twitter</a>"
        yield f"<a href='{reddit}'>Check our Reddit</a>"
        yield f"<a href='{twitter}'>Twitter this</a>"
        digg = links.away(f"http://digg.com/submit?url={address}")
        yield f"<a href='{digg}'>Digg this page</a>"
        if self.marks.irc:
            yield "<a href='https://irc.example/'>Contact us on IRC</a>"
        yield "</div>"
        if self.marks.courage:
            yield from ("<p>", "<i>", "courage is contagious", "</i>", "</p>")

    def _appeal(self, links: _Links) -> Sequence[str]:
        if self.marks.appeal == "help":
            target = links.away("http://wikileaks.org/media/support.html")
            text = "Help us extend and defend this work"
            return ("<span>", f"<a href='{target}' target='_blank'>{text}</a>", "</span>")
        if self.marks.appeal == "kus":
            link = f"<a href='{links.to('support.html')}'>KEEP US STRONG!</a>"
            return ("<div id='kus'>", link, "</div>")
        return ()

    def _columns(self, *, subject: bool) -> Sequence[str]:
        dates = ("Created", "Released") if self.marks.released_column else ("Date",)
        return (
            "Reference ID",
            *(("Subject",) if subject else ()),
            *dates,
            "Classification",
            "Origin",
        )

    def _cells(
        self, links: _Links, cable: InventedCable, created: str, *, minutes: bool
    ) -> Iterator[str]:
        yield from _cell(links, f"date/{cable.month}_0.html", created)
        if self.marks.released_column:
            released = self.released(cable)
            target = f"reldate/{released[:10]}_0.html"
            yield from _cell(links, target, released if minutes else released[:10])
        yield from ("<td>", _classification_link(links, cable.classification), "</td>")
        yield from _cell(links, f"origin/{self.origins[cable.origin]}_0.html", cable.origin)

    def _media_row(self, links: _Links, cable: InventedCable) -> Iterator[str]:
        if not self.marks.released_column:
            yield from ("<tr>", "<td colspan='4'></td>", "</tr>")
            return
        if not cable.articles:
            return
        # The site put http:// before whatever was entered, addresses and prose alike; between
        # the entries stands the CR LF of the form they were entered in.
        entries = "\r\n".join(
            f"<a href='{links.away(f'http://{entry}')}'>{entry}</a><br />"
            for entry in cable.articles
        )
        yield from (
            "<tr>",
            "<td colspan='5'>",
            "Appears in these articles:<br />",
            entries,
            "</td>",
            "</tr>",
        )


def _utc(text: str, form: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _place(origin: str) -> str:
    """The part an origin is filed under: `Embassy Astana` under A, `Mission USNATO` under M."""
    return re.sub(r"^(?:Embassy|Consulate) ", "", origin)


def _picks(links: _Links, picks: Mapping[str, str]) -> Iterator[str]:
    yield "<div class='pick'>"
    for name, text in picks.items():
        yield (
            f"<a class='sort' href='{links.here(name)}' onclick=\"return swap('{name}');\">"
            f"{text}</a>"
        )
    yield "</div>"


def _cell(links: _Links, target: str, text: str) -> tuple[str, str, str]:
    return ("<td>", f"<a href='{links.to(target)}'>{text}</a>", "</td>")


def _classification_link(links: _Links, name: str) -> str:
    number = CLASSIFICATIONS.index(name)
    target = links.to(f"classification/{number + 1}_0.html")
    return f"<a href='{target}' title='{_WRONG_TITLES[number]}'>{name}</a>"


def _paginator(links: _Links, index: _Index, number: int, last: int) -> str:
    """First, previous, current, next and last page, in the site's own spacing."""

    def link(page: int, text: str) -> str:
        return f"<a href='{links.to(index.page(page))}'>{text}</a>"

    space = "" if index.family == "origin" else " "  # origin pages have no space at the arrows
    before = link(number - 1, str(number)) if number > 0 else ""
    after = link(number + 1, str(number + 2)) if number < last else ""
    return (
        "<div class='paginator'>"
        + link(max(number - 1, 0), f"&lt;&lt;{space}")
        + f"{link(0, '1')} .. {before} <b>{link(number, str(number + 1))}</b> {after} .. "
        + link(last, str(last + 1))
        + link(min(number + 1, last), f"{space}&gt;&gt;")
        + "</div>"
    )


def _help(links: _Links, reference_id: str) -> Iterator[str]:
    yield "<div>"
    yield (
        "If you are new to these pages, please read an introduction on the"
        f' <a href="{links.here("help_1")}" onclick="return sh(1);">structure of a cable</a>'
        f' as well as how to <a href="{links.here("help_2")}" onclick="return sh(2);">discuss'
        f' them</a> with others. See also the <a href="{links.to("static/html/faq.html")}">FAQs</a>'
    )
    yield from ("<br />", "</div>", "<div id='help_1'>", "<br />")
    yield from ("<b>Understanding cables</b>", "<br />")
    yield "Every cable message consists of three parts:"
    yield "<ul>"
    yield "<li>The top box says which cable it is, who sent it, and when.</li>"
    yield "<li>The middle box is the routing: to whom it went, and how fast.</li>"
    # The onclick keeps the real one's awkward quoting: \' inside ' inside ".
    yield (
        "<li>The bottom box is the text, with references to other cables"
        f" (<a href=\"{links.here('by_A')}\" onclick=\"swap('by_A'); setTimeout('location.hash="
        "\\'#by_A\\'', 100); return false;\">browse by origin</a> to find them),"
        " a summary, a collection of specific topics and a comment section.</li>"
    )
    yield "</ul>"
    wikisource = links.away("http://en.wikisource.org/wiki/Executive_Order_13526#Part_1")
    yield (
        "To understand the justification used for the classification of each cable, please use"
        f' this <a href="{wikisource}">WikiSource</a> article as reference.'
    )
    yield from ("</div>", "<div id='help_2'>", "<br />", "<b>Discussing cables</b>", "<br />")
    yield "Please link to a cable by its reference number, or to a paragraph by its symbol."
    yield (
        "Please mark messages with the hash tags <b>#cablegate</b> and a hash containing the"
        f" reference ID e.g. <b>#{reference_id}</b>."
    )
    yield "</div>"


def _marked(body: str, tags: Sequence[str], links: _Links) -> str:
    """The body with what the site added to it: ¶ anchors and tag links. Nothing is escaped."""

    def anchor(match: re.Match[str]) -> str:
        indent, number = match.groups()
        fragment = f"par{number}"
        return f"{indent}<a id='{fragment}' href='{links.here(fragment)}'>¶</a>{number}."

    def link(tag: str) -> str:
        if tag not in tags:
            return tag
        return f"<a href='{links.to(f'tag/{tag}_0.html')}'>{tag}</a>"

    marked = _TAGS_LINE.sub(lambda m: m[1] + " ".join(map(link, m[2].split(" "))), body)
    return _NUMBERED.sub(anchor, marked)


def _one_line(text: str) -> str:
    return text.replace("\n", "&#x000A;")


def _key_block() -> tuple[str, ...]:
    """Some fifty lines in the form of a PGP key, of no key at all."""
    rng = random.Random(251287)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    fingerprint = " ".join(f"{rng.randrange(16**4):04X}" for _ in range(10))
    return (
        "<div id='submit_wlkey'>",
        f"<p>This key's fingerprint is {fingerprint}</p>",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----<br />",
        "<br />",
        *("".join(rng.choices(alphabet, k=64)) + "<br />" for _ in range(46)),
        "=7wQa<br />",
        "-----END PGP PUBLIC KEY BLOCK-----<br />",
        "</div>",
        "<div id='submit_help'>",
        "<h3>Submit documents to WikiLeaks</h3>",
        "<p>On the real site a page of advice on Tor and safe submission stands here.</p>",
        "</div>",
    )


_KEY_BLOCK = _key_block()


def _plain_page(title: str, text: str) -> bytes:
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<p>{text}</p>\n</body>\n</html>\n"
    ).encode()


# A transparent image of one pixel.
_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_STATIC: Mapping[str, bytes] = {
    "robots.txt": b"User-agent: *\nDisallow:\n",
    "support.html": _plain_page("Support", "Nothing to support here: a sample site."),
    "static/html/faq.html": _plain_page("FAQs", "All cables on this site are invented."),
    "static/css/reset-fonts-grids.css": b"body { margin: 0 }\n",
    "static/css/cables.css": (
        b".small { float: left; width: 16em }\n.big { margin-left: 17em }\n"
        b".sort { font-size: small }\nth, td { text-align: left; padding-right: 1em }\n"
    ),
    "static/js/js.js": b"function sh() { return true } var sha = sh, swap = sh;\n",
    "static/js/cables.js": b"function sh() { return true } var sha = sh, swap = sh;\n",
    "static/gfx/favicon.ico": _PIXEL,
    "static/gfx/ja-cg.jpg": _PIXEL,
    "static/gfx/WL_Hour_Glass_small.png": _PIXEL,
    "img/ja-cg.jpg": _PIXEL,
}


# --------------------------------------------------------------------------- ready-made sets

# What the later build changed in bodies: a name hidden, a word gone, and the newspaper's
# copy replaced by the Department's.
LATER_EDITS: Mapping[str, str] = {
    "07ASTANA9033": cable_by_id("07ASTANA9033").body.replace("Madina Orlovskaya", "XXXXXXXXXXXX"),
    "06NICOSIA9204": cable_by_id("06NICOSIA9204").body.replace("It now has", "It has"),
    "09OSLO9071": cable_by_id("09OSLO9071")
    .body.removeprefix("Thursday, 05 November 2009, 09:42\n")
    .replace("EO 12958 DECL:", "E.O. 12958: DECL:")
    .replace("TAGS TSPA, EFIS, NO", "TAGS: TSPA EFIS NO"),
}

# Two moved forward, one back; the Oslo text changed without a new date (as 4 in 10 do).
LATER_RELEASES: Mapping[str, str] = {
    "07ASTANA9033": "2010-12-18 21:09",
    "09VALLETTA9101": "2010-12-20 05:05",
    "10BERN9008": "2010-11-27 06:06",
}

# In the older build of that mirror and not in the later one. Other cables share its month, tags
# and origin, so that the overlay renews every index page that listed it.
LEFTOVER = "05MUSCAT9679"


def demo_sites(folder: Path) -> dict[str, Path]:
    """Four mirrors for the demo and the crawl tests, by name.

    - first-build: 20 cables in the first layout with releases.
    - later-build: 60 cables laid over an older build of 30; some texts and release dates
      changed, LEFTOVER was withdrawn and its page is still there, in no index.
    - relative-copy: a wget copy torn between two builds, 36 and 40 cables.
    - old-httrack: 12 cables in the layout of the first day, as HTTrack saved it.
    """
    sites = {
        name: folder / name
        for name in ("first-build", "later-build", "relative-copy", "old-httrack")
    }
    write_mirror(sites["first-build"], invented_cables(20), Build(20, "v1"))

    write_mirror(sites["later-build"], invented_cables(30), Build(30, "v3"))
    later = Build(
        60,
        "v4",
        released=LATER_RELEASES,
        rows_per_page=10,
        withdrawn=frozenset({LEFTOVER}),
        edits=LATER_EDITS,
    )
    write_mirror(sites["later-build"], invented_cables(61), later, overlay=True)

    write_mirror(sites["relative-copy"], invented_cables(36), Build(36, "v4", links="relative"))
    torn = Build(40, "v4", links="relative", kept=("cable/2009/*", "origin/*", "date/*"))
    write_mirror(sites["relative-copy"], invented_cables(40), torn, overlay=True)

    old = Build(12, "v0", links="httrack")
    write_mirror(sites["old-httrack"], HAND_WRITTEN[:12], old)
    return sites
