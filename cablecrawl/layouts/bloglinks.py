"""Addresses of a WordPress blog: which are posts, which archives, and which lead nowhere new."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

LinkKind = Literal["post", "archive"]

# More keys than any link of a blog has; beyond it a query is not looked at.
MAX_KEYS = 20

# Copies of a post, forms, and pages without end, told by a key of the query.
TRAP_KEYS = frozenset(
    "replytocom like_comment unlike_comment share nb cpage"  # comment forms, buttons
    " amp noamp print printer pdf email ical calendar cal"  # copies, calendars
    " s search preview action redirect_to _wpnonce attachment attachment_id feed tb"
    " rest_route sitemap relatedposts_hit relatedposts_origin relatedposts_position".split()
)
TRAP_KEY = re.compile(r"(?:utm|fb|tribe)_\w+")
TRAP_PATH = re.compile(
    r"/(?:wp-[\w-]+|xmlrpc)\.php$|/wp-(?:admin|content|includes|json)(?:/|$)"
    r"|/(?:feed|comments/feed)(?:/(?:rss2?|atom|rdf))?/?$"
    r"|/(?:rss2?|atom|rdf|trackback|amp|print|email|emailpopup|embed)/?$"
    r"|/comment-page-\d+/?$|/(?:attachment|search|calendar)/"
    r"|\.(?:jpe?g|png|gif|ico|svg|webp|css|js|json|xml|gz|zip|pdf|mp[34])$",
    re.I,
)
# Calendar widgets link days; years, days, tags and authors list over again what months do.
# `/archives/2009` is a post's number.
OTHER_ARCHIVE = re.compile(
    r"(?:^|(?<!archives)/)(?:19|20)\d\d(?:/\d\d/\d\d)?(?:/page/\d+)?/?$"
    r"|(?:^|/)(?:tag|author|type)/"
)
ARCHIVE_PATH = re.compile(
    r"(?:^|/)(?:19|20)\d\d/\d\d(?:/page/\d+)?/?$|(?:^|/)category/.|(?:^|/)page/\d+/?$"
)
HOME = re.compile(r"/?(?:index\.(?:php|html?))?")
INDEX_FILE = re.compile(r"(?<=/)index\.(?:php|html?)$")
MONTH = re.compile(r"\d{6}")

# Addresses that can only be a post's: dated, numbered, or named after a cable.
DATED_POST = re.compile(r"(?:^|/)(\d{4})/(\d{2})/(?:\d{2}/)?[^/]+/?$")
NAMED_POST = re.compile(r"(?:^|/)(?:archives/\d+|\d{2,4}[a-z]{3,}\d+[^/]*)/?$", re.I)
# What stands behind the blog's home in the address of an archive.
ARCHIVE_TAIL = re.compile(
    r"(?<=/)(?:(?:(?:19|20)\d\d/(?:\d\d/){0,2})?(?:page/\d+/)?|(?:category|tag|author)/.*)$"
)
PAGE_TAIL = re.compile(r"page/(\d+)/?$")


def kind_of_link(url: str) -> LinkKind | None:
    """What following a link of a blog leads to; None where it is not worth following.

    An unknown address on the blog is taken for a post's.
    """
    if is_trap(url):
        return None
    parts = urlsplit(url)
    query = _query(parts)
    if "p" in query:
        return "post" if query["p"].isdecimal() else None
    if "page_id" in query or "author" in query or "tag" in query:
        return None
    if "m" in query:
        return "archive" if MONTH.fullmatch(query["m"]) else None
    if query.keys() & {"cat", "category_name"}:
        return "archive"
    if OTHER_ARCHIVE.search(parts.path):
        return None
    if "paged" in query or ARCHIVE_PATH.search(parts.path):
        return "archive"
    if HOME.fullmatch(parts.path):
        return None if query else "archive"
    return "post"


def _query(parts: SplitResult) -> dict[str, str]:
    return dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MAX_KEYS))


def is_trap(url: str) -> bool:
    """Whether a link leads to a copy of a post, a form, a file, or to no page at all."""
    try:
        parts = urlsplit(url)
        query = _query(parts)
    except ValueError:
        return True
    return (
        parts.scheme not in ("", "http", "https")
        or not url
        or not TRAP_KEYS.isdisjoint(query)
        or any(TRAP_KEY.fullmatch(key) for key in query)
        or TRAP_PATH.search(parts.path) is not None
    )


def has_plain_permalink(post: str) -> bool:
    """Whether a post's address is of the form `?p=77`."""
    return "p" in _query(urlsplit(post))


def is_single_post(url: str) -> bool:
    """Whether an address that a user gives is one post's; any other is taken for the blog's."""
    parts = urlsplit(url)
    if kind_of_link(url) != "post":
        return False
    return (
        has_plain_permalink(url)
        or DATED_POST.search(parts.path) is not None
        or NAMED_POST.search(parts.path) is not None
    )


def home_of(url: str) -> str:
    """The blog's home, with a slash at its end, from the address of its home or an archive."""
    parts = urlsplit(url)
    path = INDEX_FILE.sub("", parts.path)
    if not path.endswith("/"):
        path += "/"
    path = ARCHIVE_TAIL.sub("", path)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def month_of_link(url: str) -> str:
    """The month in a dated permalink, `2007-04`; empty where there is none."""
    dated = DATED_POST.search(urlsplit(url).path)
    return f"{dated[1]}-{dated[2]}" if dated else ""


def month_archive(home: str, month: str, *, plain: bool) -> str:
    """The address of a month's archive. `plain`: the blog has plain permalinks."""
    year, _, number = month.partition("-")
    return f"{home}?m={year}{number}" if plain else f"{home}{year}/{number}/"


def next_archive_page(url: str, *, plain: bool) -> str:
    """The address of the page behind a page of an archive or of the home."""
    parts = urlsplit(url)
    query = _query(parts)
    if plain or query:
        query["paged"] = str(int(query["paged"]) + 1 if query.get("paged", "").isdecimal() else 2)
        return urlunsplit(parts._replace(query=urlencode(query), fragment=""))
    path = parts.path if parts.path.endswith("/") else parts.path + "/"
    page = PAGE_TAIL.search(path)
    number = int(page[1]) + 1 if page else 2
    path = PAGE_TAIL.sub("", path) + f"page/{number}/"
    return urlunsplit(parts._replace(path=path, fragment=""))
