"""A sample blog that reposts invented cables, as WordPress shows it: served by its own program.

The markup follows what WordPress gives every theme (classes of posts, contents, comments) in two
dresses: `classic` as the yearly themes up to 2021 have it, `block` as those since. Posts, pages,
archives, lists and the traps among their links are made when they are asked for:

    Site(folder, script=Blog(blog_posts(12)))
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from tests.sites.cables import InventedCable, invented_cables
from tests.sites.server import Answer

Form = Literal["block", "lines", "pre", "paragraphs"]
FORMS: tuple[Form, ...] = ("block", "lines", "pre", "paragraphs")
Offer = Literal["rest", "sitemaps", "feeds", "archives"]
OFFERS: tuple[Offer, ...] = ("rest", "sitemaps", "feeds", "archives")
Sitemaps = Literal["core", "mixed", "nested", "packed"]

COLUMNS = ("Reference ID", "Created", "Released", "Classification", "Origin")
JUSTIFICATION = (
    "To understand the justification used for the classification of each cable, please use this"
    ' <a href="http://en.wikisource.org/wiki/Executive_Order_12958">WikiSource article</a> as'
    " reference."
)
DISCUSSING = (
    "If you find meaningful or important information in a cable, please link directly to its"
    " unique reference number. Please mark messages for social networking services like Twitter"
    " with the hash tags <b>#cablegate</b> and a hash containing the reference ID e.g. <b>#{}</b>."
)


@dataclass(frozen=True)
class BlogPost:
    number: int
    """N of `?p=N`."""
    cable: InventedCable
    form: Form = "block"
    status: Literal["publish", "draft"] = "publish"
    is_gone: bool = False
    """Its own page is answered with 404; lists and archives have it all the same."""
    quoted: InventedCable | None = None
    """A cable that a comment quotes in full."""

    @property
    def slug(self) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", self.cable.title.lower()).strip("-")
        return f"{self.cable.reference_id.lower()}-{words}"[:60].strip("-")

    @property
    def title(self) -> str:
        return f"{self.cable.reference_id}, {self.cable.title}".rstrip(", ")

    @property
    def category(self) -> str:
        return re.sub(r"[^a-z]+", "-", self.cable.classification.lower()).strip("-")

    @property
    def time(self) -> datetime:
        """A post is dated as its cable."""
        return datetime.strptime(self.cable.created, "%Y-%m-%d %H:%M")


def blog_posts(
    count: int,
    *,
    gone: Iterable[int] = (),
    drafts: Iterable[int] = (),
    quoted: Sequence[InventedCable] = (),
) -> tuple[BlogPost, ...]:
    """Posts of the first invented cables, in all forms by turns; numbers from 77 on.

    `gone` and `drafts` are positions among them; comments quote the cables `quoted` by turns.
    """
    gone, drafts = set(gone), set(drafts)
    return tuple(
        BlogPost(
            77 + 2 * position,
            cable,
            FORMS[position % len(FORMS)],
            "draft" if position in drafts else "publish",
            position in gone,
            quoted[position % len(quoted)] if quoted else None,
        )
        for position, cable in enumerate(invented_cables(count))
    )


@dataclass
class Blog:
    """Answers a site's requests. Its fields may be changed while it is served."""

    posts: Sequence[BlogPost]
    permalinks: Literal["pretty", "plain"] = "pretty"
    theme: Literal["classic", "block"] = "classic"
    offers: Sequence[Offer] = OFFERS
    """Ways to find posts that are there; posts have their pages in any case."""
    sitemaps: Sitemaps = "core"
    """core: as WordPress has them since 5.5; mixed: one sitemap.xml of everything; nested: an
    index of indexes, as WordPress.com has it; packed: sitemap.xml.gz, an index of such files."""
    home: str = "/"
    """The folder of the blog on its host."""
    per_page: int = 4
    """Posts on a page of an archive or a feed."""
    per_list: int = 100
    """Posts that the REST API gives for a page at most, and a sitemap names."""
    counts_pages: bool = True
    """Whether the REST API says how many pages there are."""
    pages_feeds: bool = True
    """Whether feeds know of pages; if not, each page is the first."""
    missing: set[str] = field(default_factory=set)
    """Addresses that are answered with 404 whatever is there."""
    host: str = ""
    """`http://127.0.0.1:PORT`, for the links in lists; without it they begin at the root, and
    are resolved just as well."""

    def __call__(self, address: str) -> Answer | None:
        """The answer to a path with its query; None for what no blog has."""
        parts = urlsplit(address)
        if not parts.path.startswith(self.home) or address in self.missing:
            return None
        path = parts.path.removeprefix(self.home)
        query = {key: values[0] for key, values in parse_qs(parts.query, True).items()}
        return self._list(path, query) or self._page(path, query)

    # ------------------------------------------------------------------- addresses

    @property
    def _published(self) -> list[BlogPost]:
        """The newest first."""
        shown = [post for post in self.posts if post.status == "publish"]
        return sorted(shown, key=lambda post: (post.time, post.number), reverse=True)

    @property
    def addresses(self) -> list[str]:
        """Path and query of the posts that are published."""
        return [self.address(post) for post in self._published]

    def address(self, post: BlogPost) -> str:
        if self.permalinks == "plain":
            return f"{self.home}?p={post.number}"
        return f"{self.home}{post.time:%Y/%m/%d}/{post.slug}/"

    def _archive(self, kind: Literal["home", "month", "category"], key: str, page: int = 1) -> str:
        if self.permalinks == "plain":
            query = {"home": "", "month": f"m={key.replace('/', '')}", "category": f"cat={key}"}[
                kind
            ]
            paged = f"paged={page}" if page > 1 else ""
            query = "&".join(filter(None, (query, paged)))
            return f"{self.home}?{query}" if query else self.home
        folder = {"home": "", "month": f"{key}/", "category": f"category/{key}/"}[kind]
        return f"{self.home}{folder}" + (f"page/{page}/" if page > 1 else "")

    @cached_property
    def _categories(self) -> dict[str, int]:
        """Slugs by their number, which is what a plain permalink has."""
        slugs = sorted({post.category for post in self.posts})
        return {slug: number for number, slug in enumerate(slugs, start=3)}

    def _category_key(self, slug: str) -> str:
        return str(self._categories[slug]) if self.permalinks == "plain" else slug

    # ------------------------------------------------------------------- lists

    def _list(self, path: str, query: dict[str, str]) -> Answer | None:
        """The answer to the address of a list, offered or not."""
        is_pretty = self.permalinks == "pretty"
        if path == "wp-json/wp/v2/posts" or query.get("rest_route") == "/wp/v2/posts":
            if "rest" not in self.offers or (path and not is_pretty):
                return _json({"code": "rest_no_route", "data": {"status": 404}}, 404)
            return self._rest(query)
        if "sitemap" in query or re.fullmatch(r"[\w-]*sitemap[\w-]*\.xml(?:\.gz)?", path):
            if "sitemaps" not in self.offers or ("sitemap" in query and self.sitemaps != "core"):
                return _not_found()
            return self._sitemap(path, query)
        if path == "feed/" or query.get("feed") == "rss2":
            if "feeds" not in self.offers or (path and not is_pretty):
                return _not_found()
            return self._feed(int(query.get("paged", "1")))
        return None

    def _rest(self, query: dict[str, str]) -> Answer:
        size = min(int(query.get("per_page", "10")), self.per_list)
        page = int(query.get("page", "1"))
        posts = self._published
        total = -(-len(posts) // size)
        if page > max(total, 1):
            return _json({"code": "rest_post_invalid_page_number", "data": {"status": 400}}, 400)
        shown = [
            {
                "id": post.number,
                "date": f"{post.time:%Y-%m-%dT%H:%M:00}",
                "link": self._full(self.address(post)),
                "status": post.status,
            }
            for post in posts[(page - 1) * size : page * size]
        ]
        headers = {"X-WP-Total": str(len(posts)), "X-WP-TotalPages": str(total)}
        return _json(shown, 200, headers if self.counts_pages else {})

    def _full(self, address: str) -> str:
        return f"{self.host}{address}"

    def _sitemap(self, path: str, query: dict[str, str]) -> Answer | None:
        if self.sitemaps == "core":
            name = path.removesuffix(".xml")
            if "sitemap" in query:
                kinds = [
                    query[key] for key in ("sitemap", "sitemap-subtype", "paged") if key in query
                ]
                name = "wp-sitemap" if kinds == ["index"] else "wp-sitemap-" + "-".join(kinds)
            return self._core_sitemap(name)
        posts = [self.address(post) for post in self._published]
        rest = [self.home, *self._others()]
        if self.sitemaps == "mixed":
            return _xml(self._urlset([*rest, *posts])) if path == "sitemap.xml" else None
        chunks = list(_chunks(posts, self.per_list))
        if self.sitemaps == "nested":
            names = [f"sitemap-{number}.xml" for number in range(1, len(chunks) + 1)]
            if path == "sitemap.xml":
                return _xml(self._index(["sitemap-index-1.xml", "image-sitemap-1.xml"]))
            if path == "sitemap-index-1.xml":
                return _xml(self._index(names))
            if path == "image-sitemap-1.xml":
                return _xml(self._urlset(self._traps(self._published[0])))
            return _xml(self._urlset(chunks[names.index(path)])) if path in names else None
        names = [f"post-sitemap{number}.xml.gz" for number in range(1, len(chunks) + 1)]
        if path == "sitemap.xml.gz":
            return _packed(self._index([*names, "page-sitemap.xml.gz"]))
        return _packed(self._urlset(chunks[names.index(path)])) if path in names else None

    def _core_sitemap(self, name: str) -> Answer | None:
        chunks = list(_chunks([self.address(post) for post in self._published], self.per_list))
        if name == "wp-sitemap":
            kinds = [f"posts-post-{number}" for number in range(1, len(chunks) + 1)]
            kinds += ["posts-page-1", "taxonomies-category-1", "taxonomies-post_tag-1", "users-1"]
            return _xml(self._index([self._core_name(kind) for kind in kinds]))
        kind = name.removeprefix("wp-sitemap-")
        post_map = re.fullmatch(r"posts-post-(\d+)", kind)
        if post_map and 0 < int(post_map[1]) <= len(chunks):
            return _xml(self._urlset(chunks[int(post_map[1]) - 1]))
        if kind in ("posts-page-1", "taxonomies-category-1", "taxonomies-post_tag-1", "users-1"):
            return _xml(self._urlset(self._others()))
        return None

    def _core_name(self, kind: str) -> str:
        if self.permalinks == "pretty":
            return f"wp-sitemap-{kind}.xml"
        parts = kind.split("-")
        keys = ["sitemap", "sitemap-subtype"][: len(parts) - 1] + ["paged"]
        return "?" + "&".join(f"{key}={value}" for key, value in zip(keys, parts, strict=True))

    def _index(self, names: Iterable[str]) -> str:
        entries = "".join(
            f"<sitemap><loc>{html.escape(self._full(self.home + name))}</loc></sitemap>\n"
            for name in names
        )
        return f'<sitemapindex xmlns="{SITEMAPS}">\n{entries}</sitemapindex>\n'

    def _urlset(self, addresses: Iterable[str]) -> str:
        image = f"<image:image><image:loc>{self._full('/files/seal.png')}</image:loc></image:image>"
        entries = "".join(
            f"<url><loc>{html.escape(self._full(address))}</loc><lastmod>2011-09-03T10:00:00+00:00"
            f"</lastmod>{image}</url>\n"
            for address in addresses
        )
        namespaces = f'xmlns="{SITEMAPS}" xmlns:image="{SITEMAPS}/image"'
        return f"<urlset {namespaces}>\n{entries}</urlset>\n"

    def _others(self) -> list[str]:
        """Addresses of the blog that are no post's: archives, an author, a page, an attachment."""
        slug = next(iter(self._categories))
        post = self._published[0]
        category = self._archive("category", self._category_key(slug))
        month = self._archive("month", f"{post.time:%Y/%m}")
        if self.permalinks == "plain":
            plain = ("?page_id=2", "?tag=cables", "?author=1", "?attachment_id=80")
            return [category, month, *(self.home + key for key in plain)]
        pretty = ("tag/cables/", "author/blogger/", f"{post.time:%Y}/")
        attachment = f"{self.address(post)}attachment/seal/"
        return [category, month, *(self.home + path for path in pretty), attachment]

    def _feed(self, page: int) -> Answer:
        posts = self._published
        if self.pages_feeds:
            shown = posts[(page - 1) * self.per_page : page * self.per_page]
            if not shown and page > 1:
                return _not_found()
        else:
            shown = posts[: self.per_page]
        items = "".join(
            f"<item><title>{html.escape(post.title)}</title>\n"
            f"<link>{html.escape(self._full(self.address(post)))}</link>\n"
            f"<comments>{html.escape(self._full(self.address(post)))}#comments</comments>\n"
            f"<pubDate>{post.time:%a, %d %b %Y %H:%M:00} +0000</pubDate>\n"
            f'<guid isPermaLink="false">{self._full(self.home)}?p={post.number}</guid>\n'
            f"<content:encoded><![CDATA[{self._content(post)}]]></content:encoded>\n"
            "</item>\n"
            for post in shown
        )
        return Answer(
            (
                '<?xml version="1.0" encoding="UTF-8"?>'
                '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">\n'
                f"<channel><title>A blog of cables</title><link>{self._full(self.home)}</link>\n"
                f"{items}</channel></rss>\n"
            ).encode(),
            "application/rss+xml; charset=UTF-8",
        )

    # ------------------------------------------------------------------- pages

    def _page(self, path: str, query: dict[str, str]) -> Answer | None:
        for post in self.posts:
            pretty = f"{post.time:%Y/%m/%d}/{post.slug}/"
            if query.get("p") == str(post.number) or path.startswith(pretty):
                # Traps below a post's address give copies of it, as they do.
                return self._post_page(post)
        return self._archive_page(path, query)

    def _post_page(self, post: BlogPost) -> Answer:
        if post.is_gone or post.status == "draft":
            return _not_found()
        title = f'<h1 class="{self._title_class}">{html.escape(post.title)}</h1>'
        meta = (
            f'<div class="entry-meta">Posted on <a href="{self.address(post)}" rel="bookmark">'
            f'<time class="entry-date published" datetime="{post.time:%Y-%m-%dT%H:%M:00+00:00}">'
            f"{post.time:%B} {post.time.day}, {post.time:%Y}</time></a></div>"
        )
        content = f'<div class="{self._content_class}">\n{self._content(post)}</div>'
        foot = '<footer class="entry-footer">' + "\n".join(
            f'<a href="{html.escape(trap)}">{name}</a>'
            for name, trap in zip(TRAP_NAMES, self._traps(post), strict=True)
        )
        body = f"<header class='entry-header'>{title}{meta}</header>\n{content}\n{foot}</footer>"
        comments = self._comments(post)
        if self.theme == "classic":
            frame = (
                f'<article id="post-{post.number}" class="{_classes(post)}">\n{body}\n</article>'
            )
            main = f'<main id="main" class="site-main">{frame}\n{comments}</main>'
        else:
            main = f'<main class="wp-block-group">{body}\n{comments}</main>'
        return self._document(post.title, "single single-post", self.address(post), main)

    @property
    def _title_class(self) -> str:
        return "entry-title" if self.theme == "classic" else "wp-block-post-title"

    @property
    def _content_class(self) -> str:
        plus = "" if self.theme == "classic" else " wp-block-post-content"
        return f"entry-content{plus}"

    def _archive_page(self, path: str, query: dict[str, str]) -> Answer | None:
        """Home, months, categories and their further pages; also tags and days, which repeat."""
        page = re.search(r"(?:^|/)page/(\d+)/$", path)
        number = int(page[1]) if page else int(query.get("paged", "1"))
        folder = path[: page.start()] + "/" if page and page.start() else "" if page else path
        posts = self._published
        kind: Literal["home", "month", "category"] = "home"
        key = ""
        if month := re.fullmatch(r"(\d{4}/\d{2})/(?:\d{2}/)?", folder):
            kind, key = "month", month[1]
        elif "m" in query:
            kind, key = "month", f"{query['m'][:4]}/{query['m'][4:6]}"
        elif category := re.fullmatch(r"category/([\w-]+)/", folder):
            kind, key = "category", category[1]
        elif "cat" in query:
            kind = "category"
            key = next((s for s, n in self._categories.items() if str(n) == query["cat"]), "none")
        elif folder not in ("", "tag/cables/", "author/blogger/"):
            return None
        if kind == "month":
            posts = [post for post in posts if f"{post.time:%Y/%m}" == key]
        elif kind == "category":
            posts = [post for post in posts if post.category == key]
            key = self._category_key(key) if posts else key
        if "archives" not in self.offers:
            if folder or number > 1 or query:
                return _not_found()
            return self._document("Welcome", "home page", self.home, WELCOME)
        shown = posts[(number - 1) * self.per_page : number * self.per_page]
        if not shown:
            return _not_found()
        has_older = len(posts) > number * self.per_page
        older = self._archive(kind, key, number + 1) if has_older else None
        return self._document("A blog of cables", kind_class(kind), None, self._loop(shown, older))

    def _loop(self, posts: Sequence[BlogPost], older: str | None) -> str:
        entries = []
        for post in posts:
            address = html.escape(self.address(post))
            share = html.escape(_with_key(self.address(post), "share=twitter"))
            inner = (
                f'<h2 class="{self._title_class}"><a href="{address}" rel="bookmark">'
                f"{html.escape(post.title)}</a></h2>\n"
                f'<div class="{self._content_class}">\n{self._content(post)}</div>\n'
                f'<a href="{address}#respond">Leave a comment</a>'
                f' <a href="{share}">Share</a>'
            )
            if self.theme == "classic":
                entries.append(
                    f'<article id="post-{post.number}" class="{_classes(post)}">{inner}</article>'
                )
            else:
                entries.append(f'<li class="wp-block-post {_classes(post)}">{inner}</li>')
        link = html.escape(older) if older else ""
        if self.theme == "classic":
            onward = (
                '<nav class="navigation posts-navigation"><div class="nav-previous">'
                f'<a href="{link}">Older posts</a></div></nav>'
                if older
                else ""
            )
            return f'<main id="main" class="site-main">{"".join(entries)}{onward}</main>'
        onward = (
            '<nav class="wp-block-query-pagination">'
            f'<a href="{link}" class="wp-block-query-pagination-next">Next Page</a></nav>'
            if older
            else ""
        )
        return (
            '<main class="wp-block-group"><div class="wp-block-query">'
            f'<ul class="wp-block-post-template">{"".join(entries)}</ul>{onward}</div></main>'
        )

    def _document(self, title: str, classes: str, canonical: str | None, main: str) -> Answer:
        link = f'<link rel="canonical" href="{html.escape(canonical)}" />' if canonical else ""
        return Answer(
            (
                "<!DOCTYPE html>\n"
                '<html lang="en-US">\n<head>\n<meta charset="UTF-8" />\n'
                f"<title>{html.escape(title)} | A blog of cables</title>\n"
                '<meta name="generator" content="WordPress 6.8" />\n'
                "<link rel='stylesheet' href='/wp-content/themes/sample/style.css' />\n"
                f"{link}</head>\n"
                f'<body class="{classes}">\n<header id="masthead" class="site-header">'
                f'<p class="site-title"><a href="{self.home}" rel="home">A blog of cables</a></p>'
                "</header>\n"
                f"{main}\n{self._widgets()}\n"
                '<footer class="site-footer">Proudly powered by WordPress</footer>\n'
                "</body>\n</html>\n"
            ).encode()
        )

    def _widgets(self) -> str:
        posts = self._published
        if "archives" in self.offers:
            months = [self._archive("month", key) for key in _months(posts)]
            categories = [
                self._archive("category", self._category_key(slug))
                for slug in sorted({post.category for post in posts})
            ]
        else:
            months = categories = []
        day = posts[0].time
        plain = self.permalinks == "plain"
        calendar = f"{self.home}?m={day:%Y%m%d}" if plain else f"{self.home}{day:%Y/%m/%d}/"
        meta = [f"{self.home}wp-login.php", f"{self.home}comments/feed/", f"{self.home}?s=tram"]
        lists = {
            "widget_archive": months,
            "widget_categories": categories,
            "widget_calendar": [calendar],
            "widget_meta": meta,
        }
        return (
            '<aside id="secondary" class="widget-area">'
            + "".join(
                f'<section class="widget {name}"><ul>'
                + "".join(
                    f'<li><a href="{html.escape(link)}">{name[7:]}</a></li>' for link in links
                )
                + "</ul></section>"
                for name, links in lists.items()
            )
            + "</aside>"
        )

    def _traps(self, post: BlogPost) -> list[str]:
        """Links around a post that lead to copies of it, to forms, or to files."""
        address = self.address(post)
        keys = ("replytocom=5", "share=twitter", "like_comment=5", "print=1", "amp")
        traps = [_with_key(address, key) for key in keys]
        if self.permalinks == "plain":
            plain = (f"feed=rss2&p={post.number}", f"tb=1&p={post.number}", "attachment_id=80")
            return traps + [f"{self.home}?{query}" for query in plain]
        return traps + [f"{address}{end}" for end in ("feed/", "trackback/", "attachment/seal/")]

    def _comments(self, post: BlogPost) -> str:
        quoted = post.quoted
        comment = (
            f"<p>Compare this one:</p>\n<pre>{_escaped(quoted.header)}\n\n{_escaped(quoted.body)}"
            "</pre>"
            if quoted is not None
            else "<p>Thank you for posting this.</p>"
        )
        reply = html.escape(_with_key(self.address(post), "replytocom=5"))
        return (
            '<div id="comments" class="comments-area">'
            '<h2 class="comments-title">One thought on &#8220;this&#8221;</h2>'
            '<ol class="comment-list"><li id="comment-5" class="comment">'
            f'<div class="comment-content">{comment}</div>'
            f'<div class="reply"><a rel="nofollow" href="{reply}#respond">Reply</a></div></li></ol>'
            '<div id="respond" class="comment-respond"><h3 id="reply-title">Leave a Reply</h3>'
            "<form><textarea name='comment'></textarea></form></div></div>"
        )

    # ------------------------------------------------------------------- texts of posts

    def _content(self, post: BlogPost) -> str:
        cable = post.cable
        header, body = _escaped(cable.header), _escaped(cable.body)
        match post.form:
            case "block":
                return f"{_opening(cable)}{_table(cable)}<pre>{header}</pre>\n<pre>{body}</pre>\n"
            case "lines":
                lines = f"{' '.join(COLUMNS)}\n{' '.join(_row(cable))}"
                return _opening(cable) + _paragraphs(f"{lines}\n\n{header}\n\n{body}", "<br />\n")
            case "pre":
                return f"<pre>{header}\n\n{body}</pre>\n"
            case "paragraphs":
                return _paragraphs(f"{header}\n\n{body}", "<br>")


SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
TRAP_NAMES = ("Reply", "Share", "Like", "Print", "AMP", "Feed", "Trackback", "Seal")
WELCOME = (
    '<main id="main"><article id="post-2" class="post-2 page type-page hentry">'
    '<h1 class="entry-title">Welcome</h1><div class="entry-content"><p>This blog keeps cables.</p>'
    "</div></article></main>"
)


def kind_class(kind: str) -> str:
    """The classes that an archive's <body> has."""
    return {"home": "home blog", "month": "archive date", "category": "archive category"}[kind]


def _opening(cable: InventedCable) -> str:
    month = cable.month.replace("-", "/")
    return (
        f'<p><a href="http://wikileaks.org/cable/{month}/{cable.reference_id}.html">WikiLeaks Link'
        f"</a></p>\n<p>{JUSTIFICATION}<br />\nDiscussing cables<br />\n"
        f"{DISCUSSING.format(cable.reference_id)}</p>\n"
    )


def _row(cable: InventedCable) -> Sequence[str]:
    return (
        cable.reference_id,
        cable.created,
        cable.released,
        cable.classification,
        cable.origin,
    )


def _table(cable: InventedCable) -> str:
    heads = "".join(f"<th>{name}</th>" for name in COLUMNS)
    cells = "".join(f"<td>{_escaped(cell)}</td>" for cell in _row(cable))
    return f"<table class='cable'>\n<tr>{heads}</tr>\n<tr>{cells}</tr>\n</table>\n"


def _paragraphs(text: str, line_break: str) -> str:
    """Blank lines part paragraphs and are lost, as by wpautop."""
    paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
    return "".join(f"<p>{line_break.join(p.split(chr(10)))}</p>\n" for p in paragraphs if p.strip())


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _classes(post: BlogPost) -> str:
    return (
        f"post-{post.number} post type-post status-publish format-standard hentry"
        f" category-{post.category}"
    )


def _with_key(address: str, key: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{key}"


def _months(posts: Iterable[BlogPost]) -> Iterator[str]:
    yield from dict.fromkeys(f"{post.time:%Y/%m}" for post in posts)


def _chunks(addresses: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(addresses), size):
        yield addresses[start : start + size]


def _json(value: object, status: int, headers: dict[str, str] | None = None) -> Answer:
    media_type = "application/json; charset=UTF-8"
    return Answer(json.dumps(value).encode(), media_type, status, headers or {})


def _xml(markup: str) -> Answer:
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Answer((declaration + markup).encode(), "application/xml; charset=UTF-8")


def _packed(markup: str) -> Answer:
    """A file that is itself packed, as distinct from a content coding."""
    return Answer(gzip.compress(_xml(markup).content, mtime=0), "application/x-gzip")


def _not_found() -> Answer:
    page = (
        '<!DOCTYPE html><html><head><meta charset="UTF-8" /><title>Page not found</title></head>'
        '<body class="error404"><h1 class="page-title">Oops! That page can&rsquo;t be found.</h1>'
        "<!-- wp-content/ --></body></html>\n"
    )
    return Answer(page.encode(), status=404)


def demo_blog() -> Blog:
    """A blog for the demo: twelve cables in all forms, one post gone from its own address."""
    return Blog(blog_posts(12, gone=[5], quoted=invented_cables(14)[12:]))
