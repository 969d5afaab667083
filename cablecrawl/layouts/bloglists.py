"""A blog's lists of its posts: the REST API's, sitemaps, and feeds.

They are told by how the document begins. It must come before every other layout: a feed can
carry whole posts, and would be read as a page of cables.

Formats: developer.wordpress.org/rest-api/reference/posts, sitemaps.org/protocol.html,
rssboard.org/rss-specification, RFC 4287 (Atom).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from lxml import etree

from cablecrawl.layouts.bloglinks import kind_of_link
from cablecrawl.layouts.page import PageReading
from cablecrawl.pagetext import PageText

NAME = "wordpress"

ListKind = Literal["rest", "sitemap", "feed"]

# Where blogs have such lists.
LIST_ADDRESS = re.compile(
    r"/wp-json/wp/v2/posts(?:\?|$)|[?&]rest_route=(?:/|%2F)wp(?:/|%2F)v2"
    r"|/[\w-]*sitemap[\w.-]*\.xml(?:\.gz)?(?:\?|$)|[?&]sitemap="
    r"|/feed/?(?:\?paged=\d+)?$|[?&]feed=rss2"
)

# Months and further pages, which are guessed where a post is gone. Mirrors have folders of
# that form.
ARCHIVE_ADDRESS = re.compile(
    r"(?<!/cable)/(?:19|20)\d\d/\d\d/(?:page/\d+/?)?$|/page/\d+/?$|[?&](?:m=\d{6}|paged=\d+)(?:&|$)"
)
# Of the 4xx, those that speak of the moment and not of the address.
TRY_AGAIN = frozenset((408, 425, 429))
GONE = frozenset((404, 410))

ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?(urlset|sitemapindex|rss|feed)(?=[\s/>])", re.ASCII)
# What may stand before the root, and how many of them are looked at.
PROLOG = (("<?", "?>"), ("<!--", "-->"))
MAX_PROLOG = 100
BLANKS = re.compile(r"[\s\ufeff]*+")
JSON_LIST = re.compile(r"\s*+\[\s*+[\]{]")
# Not in XML 1.0, and in cables all the same: one would end the reading of a feed.
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
KIND_OF_ROOT: dict[str, ListKind] = {
    "urlset": "sitemap",
    "sitemapindex": "sitemap",
    "rss": "feed",
    "feed": "feed",
}

# A sitemap of 50,000 addresses, the most there may be, has 500,000 tags: 0.6 s.
MAX_MARKS = 600_000
# In characters; browsers and servers stop far below this.
LONGEST_LINK = 4096
# That sitemap has 6 million characters, a hundred posts with their texts 2 million. The worst
# of this length, a tag with a million attributes, takes 0.8 s.
MAX_LENGTH = 8_000_000
MAX_JSON_OBJECTS = 100_000

# Of a sitemap index: what a plugin calls the sitemaps of anything but posts.
OTHER_SITEMAP = re.compile(
    r"(?:^|[-_=])(?:pages?|categor(?:y|ies)|(?:post_)?tags?|tax|taxonom(?:y|ies)|post_format"
    r"|authors?|users?|images?|videos?|news|attachments?|media|archives?|misc|externals?"
    r"|wp_template\w*)(?=[-_.&\d])",
    re.I,
)
MONTH = re.compile(r"\d{4}-\d{2}(?=-\d{2})")

# Depth, entities, files and the network are where XML bites.
_XML = {
    "encoding": "utf-8",
    "recover": True,
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class ListedPost(NamedTuple):
    """A post as a list names it."""

    link: str
    month: str = ""
    """When it says that it was posted, `2007-04`; empty where it does not."""


@dataclass(slots=True)
class BlogList:
    """One list, or one page of it."""

    kind: ListKind
    posts: list[ListedPost] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    """Further lists: the sitemaps of an index."""
    is_whole: bool = True
    """Whether it could be read to its end."""


def read(page: PageText) -> PageReading | None:
    """What a list names; None when the page is no list of posts."""
    found = read_list(page.document)
    if found is None:
        return None
    return PageReading(
        NAME,
        is_index=True,
        cable_links=list(dict.fromkeys(post.link for post in found.posts)),
        index_links=found.lists,
    )


def is_list(document: str) -> bool:
    """Whether a document is of a kind that such lists are: data, with nothing to render."""
    return JSON_LIST.match(document) is not None or _root_of(document) is not None


def is_cable_url(url: SplitResult) -> bool:
    """No list is a cable page."""
    return False


def is_absent_list(url: str, outcome: str, status: int) -> bool:
    """Whether a failed request only says that a blog has no such list, or no more of it."""
    if LIST_ADDRESS.search(url):
        return outcome == "robots_denied" or (
            outcome == "http_error" and 400 <= status < 500 and status not in TRY_AGAIN
        )
    return outcome == "http_error" and status in GONE and ARCHIVE_ADDRESS.search(url) is not None


def read_list(document: str) -> BlogList | None:
    """The list that a document is; None when it is none, or too large to be one.

    A document with a DOCTYPE is none: no list needs one, and with it come entities.
    """
    if len(document) > MAX_LENGTH:
        return None
    if JSON_LIST.match(document):
        return _read_posts(document)
    name = _root_of(document)
    if name is None or document.count("<") + document.count("&") > MAX_MARKS:
        return None
    found = BlogList(KIND_OF_ROOT[name])
    parser = etree.XMLParser(**_XML)
    # An XML declaration may not stand behind a blank line, and does.
    text = NOT_XML.sub(" ", document[_behind_blanks(document, 0) :])
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        found.is_whole = False
        return found
    found.is_whole = not any(entry.level == etree.ErrorLevels.FATAL for entry in parser.error_log)
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        return None
    _READERS[name](root, found)
    return found


def _root_of(document: str) -> str | None:
    """The name of the root element, where it is a list's."""
    position = _behind_blanks(document, 0)
    for _ in range(MAX_PROLOG):
        for opening, closing in PROLOG:
            if document.startswith(opening, position):
                end = document.find(closing, position + len(opening))
                if end == -1:
                    return None
                position = _behind_blanks(document, end + len(closing))
                break
        else:
            break
    root = ROOT.match(document, position)
    return root[1] if root is not None else None


def _behind_blanks(document: str, position: int) -> int:
    blanks = BLANKS.match(document, position)
    return blanks.end() if blanks is not None else position


def _read_posts(document: str) -> BlogList | None:
    """The REST API's array of posts."""
    if document.count("{") + document.count("[") > MAX_JSON_OBJECTS:
        return None
    try:
        posts = json.loads(document)
    except (ValueError, RecursionError):
        return None
    found = BlogList("rest")
    for post in posts:
        if not isinstance(post, dict) or not isinstance(post.get("link"), str):
            return None  # a list of something else
        if len(post["link"]) > LONGEST_LINK:
            continue
        if post.get("status", "publish") == "publish" and post.get("type", "post") == "post":
            found.posts.append(ListedPost(post["link"].strip(), _month(str(post.get("date")))))
    return found


def _read_urlset(root: Any, found: BlogList) -> None:
    for url in _children(root, "url"):
        for loc in _texts(url, "loc"):
            if kind_of_link(loc) == "post":
                found.posts.append(ListedPost(loc))


def _read_index(root: Any, found: BlogList) -> None:
    for sitemap in _children(root, "sitemap"):
        for loc in _texts(sitemap, "loc"):
            if not OTHER_SITEMAP.search(_file_name(loc)):
                found.lists.append(loc)


def _read_rss(root: Any, found: BlogList) -> None:
    for channel in _children(root, "channel"):
        for item in _children(channel, "item"):
            # FeedBurner's copy leads to its own counter, and says here where from.
            links = [*_texts(item, "origLink"), *_texts(item, "link")]
            if links:
                found.posts.append(ListedPost(links[0], _month_of_mail(_texts(item, "pubDate"))))


def _read_atom(root: Any, found: BlogList) -> None:
    for entry in _children(root, "entry"):
        links = [
            link.get("href")
            for link in _children(entry, "link")
            if link.get("rel", "alternate") == "alternate"
            and 0 < len(link.get("href", "")) <= LONGEST_LINK
        ]
        if links:
            posted = [*_texts(entry, "published"), ""]
            found.posts.append(ListedPost(links[0].strip(), _month(posted[0])))


_READERS: dict[str, Callable[[Any, BlogList], None]] = {
    "urlset": _read_urlset,
    "sitemapindex": _read_index,
    "rss": _read_rss,
    "feed": _read_atom,
}


def _children(parent: Any, name: str) -> Iterator[Any]:
    """Elements right below, whatever their namespace: blogs declare more than one."""
    for child in parent:
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2].rpartition(":")[2] == name:
            yield child


def _texts(parent: Any, name: str) -> list[str]:
    """The texts of the children of a name that have any."""
    texts = (child.text.strip() for child in _children(parent, name) if child.text)
    return [text for text in texts if 0 < len(text) <= LONGEST_LINK]


def _file_name(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.path.rpartition('/')[2]}?{parts.query}"


def _month(date: str) -> str:
    month = MONTH.match(date)
    return month[0] if month else ""


def _month_of_mail(dates: list[str]) -> str:
    """The month of an RSS date, which is a mail's: `Fri, 20 Apr 2007 11:13:00 +0000`."""
    try:
        return f"{parsedate_to_datetime(dates[0]):%Y-%m}" if dates else ""
    except (ValueError, IndexError, OverflowError):
        return ""
