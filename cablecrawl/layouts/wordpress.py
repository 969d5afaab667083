"""WordPress blogs that repost cables, whatever their theme.

What a theme changes is the frame. What WordPress itself gives every theme is looked for: the
classes of post and content (`post-77`, `hentry`, `entry-content`), the kind of page among the
classes of `<body>`, the comments' ids. A page saved as plain text is known by the lines that
WordPress puts below a post. The cables in a post are found by `cablecrawl.layouts.posted`.

Format: https://developer.wordpress.org/reference/functions/post_class/ and …/body_class/
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from operator import attrgetter
from urllib.parse import SplitResult, urlsplit

from cablecrawl.cabletext.extent import PARAGRAPH
from cablecrawl.layouts.page import CableOnPage, Found, PageReading, Region, Span, trim
from cablecrawl.layouts.posted import (
    BLOCK,
    HEADING_MARK,
    ID_LINE,
    REPOST,
    STATED_ID,
    Content,
    named_by_slug,
    read_content,
)
from cablecrawl.pagetext import PageText, Tag, closing_tags, without_references
from cablecrawl.releases import CHROME_START

NAME = "wordpress"

# In nearly every page of a blog, in no page of WikiLeaks: looked for before any tag.
# WikiLeaks' own pages are told sooner, by what each has near its top: the traces would be looked
# for all through them (0.12 ms a page).
HEAD = 4096
TRACES = ("wp-content/", "wp-includes/", "entry-content", "wp-block-", "WordPress", "hentry")
CLASS = re.compile(r"""\bclass\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
ID = re.compile(r"""\bid\s*=\s*["']?([\w-]+)""", re.I)
HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
DATETIME = re.compile(r"""\bdatetime\s*=\s*["']([^"']*)""", re.I)
CANONICAL = re.compile(r"""\brel\s*=\s*["'](?:canonical|shortlink)["']""", re.I)
BOOKMARK = re.compile(r"""\brel\s*=\s*["'][^"']*\bbookmark\b""", re.I)

# In characters; no tag of a post, a title or a comment is so long.
LONGEST_TAG = 4096
POST = re.compile(r"post-\d+|hentry|type-post")
CONTENT = frozenset(
    "entry-content wp-block-post-content post-content post_content post-entry entry-text e-content"
    " storycontent snap_preview post-body td-post-content".split()
)
TITLE = frozenset("entry-title post-title wp-block-post-title p-name posttitle".split())
HEADINGS = frozenset(("h1", "h2", "h3"))
# What holds a post where no class says so, the narrowest first.
FRAMES = ("article", "main", "body")
# Classes of <body> on pages of one post, and on pages of many.
SINGULAR = frozenset(("single", "singular", "page", "attachment", "single-post"))
ARCHIVE = frozenset(("home", "blog", "archive", "search", "date", "category", "tag", "author"))
COMMENTS = frozenset(
    "comments comments-area commentlist comment-list wp-block-comments comments-wrapper"
    " wp-block-post-comments pingbacklist".split()
)
COMMENT_FORM = frozenset(("respond", "comment-respond", "wp-block-post-comments-form"))
MORE_LINK = re.compile(r"#more-\d+")
TITLE_LEAD = "post_title/1"
"""The rule of an ID that leads a title; one that a title mentions may be of another cable."""
PROTECTED = "This content is password protected. To view it please enter your password below:"
PROTECTED_EARLIER = "This post is password protected. To view it please enter your password below:"

# Lines below a post in a page saved as text: none stands in any of 6,712 cables.
TAIL = re.compile(
    r"^[ \t]*(?:Post a comment or leave a trackback\b|Leave a Reply\b|(?:Share|Like) this:[ \t]*$"
    r"|(?:One|\d+) (?:Responses?|thoughts?|comments?) (?:to|on) [“\"‘']|%d bloggers like this"
    r"|\d+ (?:Responses?|Comments?)[ \t]*$)",
    re.M,
)
COMMENT_FORM_LINE = re.compile(r"^[ \t]*Leave a Reply\b", re.M)

# Further pages of a blog that list posts: pages, months and categories, pretty and plain.
ARCHIVE_LINK = re.compile(
    r"/page/\d+/?$|[?&]paged=\d+|/(?:19|20)\d\d/(?:0[1-9]|1[0-2])/?$|[?&]m=\d{6}(?!\d)"
    r"|/category/[^?#]+/?$|[?&]cat=\d+"
)
# The last part of a post's address that opens with a reference ID.
SLUG = re.compile(rf"/(?P<slug>{STATED_ID}(?:-[^/?#]*)?)/?$", re.I)


@dataclass(slots=True)
class _Post:
    """A post on a page: where its parts stand."""

    content: Span
    title: Span | None = None
    link_tag: Tag | None = None
    """The link to its own page."""
    posted: Found | None = None


def read(page: PageText) -> PageReading | None:
    """What the page holds; None when it is not of this layout."""
    if not page.tags:
        return _read_text(page)
    if CHROME_START in page.document[:HEAD] or not any(t in page.document for t in TRACES):
        return None
    return _Page(page).read()


def is_cable_url(url: SplitResult) -> bool:
    """Whether the address is that of a post named after a cable."""
    return SLUG.search(url.path) is not None


def _read_text(page: PageText) -> PageReading | None:
    """A post that was saved as text: all of it down to what WordPress puts below."""
    tail = TAIL.search(page.text)
    if tail is None and BLOCK.search(page.text) is None:
        return None
    end = tail.start() if tail is not None else len(page.text)
    reading = PageReading(NAME)
    content = read_content(page, Span(0, end), None, None)
    form = COMMENT_FORM_LINE.search(page.text, end)
    form_start = form.start() if form is not None else len(page.text)
    _add(reading, content, None)
    reading.regions += [
        Region(0, end, "commentary"),
        Region(end, form_start, "post_end"),
        Region(form_start, len(page.text), "comment_form"),
    ]
    reading.has_no_cable = not reading.cables and reading.problem is None
    return reading


def _add(reading: PageReading, content: Content, post: str | None) -> None:
    for ordinal, cable in enumerate(content.cables):
        reading.cables.append(
            CableOnPage(
                cable.stated_id,
                cable.fields,
                cable.header,
                cable.body,
                ordinal,
                post,
            )
        )
    reading.regions += content.regions
    reading.problem = reading.problem or content.problem


class _Page:
    """A page of a blog."""

    def __init__(self, page: PageText) -> None:
        self.page = page
        self.text = page.text
        self.tags = page.tags
        self.names = [self._names(tag) for tag in page.tags]
        self.closings = closing_tags(page.tags)
        self.contents = self._contents()
        self.comments = [
            index for index, names in enumerate(self.names) if names & (COMMENTS | COMMENT_FORM)
        ]
        self.canonical = next(
            (tag for tag in self.tags if tag.name == "link" and self._has(CANONICAL, tag)), None
        )

    def read(self) -> PageReading | None:
        posts = self._posts()
        titles = self._titles()
        is_singular = self._is_singular(posts)
        if not posts and is_singular and self._is_wordpress():
            posts = self._framed()
        if not posts and not titles:
            return None
        reading = PageReading(NAME, is_index=not is_singular)
        if posts:
            reading.regions += self._comments(posts[-1].content.end)
        for post in posts:
            if post.content.end > post.content.start:
                self._read_post(post, reading)
        if reading.is_index:
            self._read_links(titles, reading)
        reading.regions += self._frame(posts)
        reading.has_no_cable = not reading.cables and reading.problem is None
        return reading

    def _names(self, tag: Tag) -> frozenset[str]:
        """The classes and the id of an opening tag; none of any other, or of an endless one."""
        if tag.closing or not len("<a id=x>") <= tag.end - tag.start <= LONGEST_TAG:
            return frozenset()
        return _names_in(self.page.document[tag.start : tag.end])

    def _element(self, opening: int) -> Span:
        closing = self.closings[opening]
        end = self.tags[closing].text_pos if closing < len(self.tags) else len(self.text)
        return Span(self.tags[opening].text_pos, end)

    def _posts(self) -> list[_Post]:
        """The posts whose content is shown."""
        posts: list[_Post] = []
        last = -1
        for index, following in pairwise([*self.contents, len(self.tags)]):
            content = self._element(index)
            first = bisect_left(self.comments, index)
            if first < len(self.comments) and self.comments[first] < self.closings[index]:
                # Comments within: a theme's doing, or an element that a post leaves open.
                content = Span(content.start, self.tags[self.comments[first]].text_pos)
            posts.append(self._post(index, content, last, following))
            last = self.closings[index]
        return posts

    def _contents(self) -> list[int]:
        """Where contents of posts open; block themes may call the list of them content too."""
        openings = [index for index, names in enumerate(self.names) if names & CONTENT]
        return [
            index
            for index, following in pairwise([*openings, len(self.tags)])
            if following >= self.closings[index]
        ]

    def _framed(self) -> list[_Post]:
        """The one post of a page where no class says what its content is."""
        for frame in FRAMES:
            for index, tag in enumerate(self.tags):
                if tag.name == frame and not tag.closing:
                    content = self._without_comments(self._element(index))
                    return [self._post(index, content, -1, len(self.tags))]
        return []

    def _titles(self) -> list[int]:
        """The headings that are titles of posts, those shown by an excerpt only among them."""
        found = []
        last = end_of_content = -1
        contents = set(self.contents)
        for index, (tag, names) in enumerate(zip(self.tags, self.names, strict=True)):
            if names and index > last and any(POST.fullmatch(name) for name in names):
                last = self.closings[index]
            if index in contents:
                end_of_content = self.closings[index]
            if tag.name in HEADINGS and not tag.closing and index > end_of_content:
                if names & TITLE or index < last:
                    found.append(index)
        return found

    def _is_wordpress(self) -> bool:
        return any(
            tag.name in ("meta", "link", "script", "body", "article", "div")
            and (
                any(POST.fullmatch(name) or name.startswith("wp-") for name in names)
                or any(
                    self.page.document.find(trace, tag.start, tag.end) != -1 for trace in TRACES[:2]
                )
                or self.page.document.find('content="WordPress', tag.start, tag.end) != -1
            )
            for tag, names in zip(self.tags, self.names, strict=True)
        )

    def _without_comments(self, frame: Span) -> Span:
        """A frame that no class of content narrows, up to the comments."""
        comments = self._comments(frame.start)
        tail = TAIL.search(self.text, *frame)
        ends = [frame.end, *(region.start for region in comments)]
        return Span(frame.start, min([*ends, tail.start()] if tail else ends))

    def _post(self, opening: int, content: Span, floor: int, ceiling: int) -> _Post:
        """The post whose content opens there; its title stands above, behind the tag `floor`.

        Its date stands there too, or below its content, before the tag `ceiling`.
        """
        post = _Post(content)
        for index in range(opening - 1, floor, -1):
            tag = self.tags[index]
            if tag.closing:
                continue
            if tag.name == "time" and post.posted is None:
                post.posted = self._posted(index)
            if tag.name in HEADINGS and (post.title is None or self.names[index] & TITLE):
                post.title = trim(self.text, *self._element(index))
                post.link_tag = self._link_in(index) or post.link_tag
                if self.names[index] & TITLE:
                    break
            if tag.name == "a" and post.link_tag is None and self._has(BOOKMARK, tag):
                post.link_tag = tag
        for index in range(self.closings[opening], ceiling):
            if post.posted is None and self.tags[index].name == "time":
                post.posted = self._posted(index)
        return post

    def _posted(self, index: int) -> Found | None:
        tag = self.tags[index]
        stamp = DATETIME.search(self.page.document, tag.start, tag.end)
        if stamp is None:
            return None
        here = Span(tag.text_pos, tag.text_pos)
        return Found("posted", stamp[1], here, REPOST, "post_time/1", Span(*stamp.span(1)))

    def _has(self, pattern: re.Pattern[str], tag: Tag) -> bool:
        return pattern.search(self.page.document, tag.start, tag.end) is not None

    def _href(self, tag: Tag) -> str | None:
        link = HREF.search(self.page.document, tag.start, tag.end)
        if link is None:
            return None
        return without_references(link[1] or link[2] or link[3] or "").partition("#")[0] or None

    def _link_in(self, opening: int) -> Tag | None:
        for tag in islice(self.tags, opening, self.closings[opening]):
            if tag.name == "a" and not tag.closing:
                return tag
        return None

    def _is_singular(self, posts: list[_Post]) -> bool:
        """Whether the page is one post's own."""
        for tag, names in zip(self.tags, self.names, strict=True):
            if tag.name == "body" and not tag.closing:
                if names & SINGULAR:
                    return True
                if names & ARCHIVE:
                    return False
        if len(posts) > 1:
            return False
        return self.canonical is not None or bool(posts and self._comments(posts[0].content.end))

    def _comments(self, position: int) -> list[Region]:
        """The comments behind a position, and the form for one's own."""
        found = []
        for index in self.comments:
            if self.tags[index].text_pos >= position:
                is_form = bool(self.names[index] & COMMENT_FORM)
                name = "comment_form" if is_form else "comments"
                found.append(Region(*self._element(index), name))
        return found

    def _read_post(self, post: _Post, reading: PageReading) -> None:
        text = self.text
        if (
            text[post.content.start : post.content.end]
            .strip()
            .startswith((PROTECTED, PROTECTED_EARLIER))
        ):
            reading.regions.append(Region(*post.content, "commentary"))
            return
        title, named = self._title(post, reading)
        by_address = self._named_by_address(post)
        is_named = by_address is not None or (named is not None and named.rule == TITLE_LEAD)
        named = named or by_address
        content = read_content(self.page, post.content, title, named)
        if reading.is_index and content.cables and self._goes_on_elsewhere(post):
            content.cables.pop()  # an excerpt: its whole text is on the post's own page
        if is_named and not content.cables and content.problem is None:
            if HEADING_MARK.search(text, *post.content) or PARAGRAPH.search(text, *post.content):
                content.problem = "not_a_cable: the post is named after one, and none was found"
        for cable in content.cables:
            if post.posted is not None:
                cable.fields.append(post.posted)
        link = self._href(post.link_tag) if post.link_tag is not None else None
        if not reading.is_index:
            _add(reading, content, None)
        elif link is not None:
            content.problem = None  # what an archive cuts short, the post's own page has
            _add(reading, content, link)
        reading.regions.append(Region(*post.content, "commentary"))

    def _goes_on_elsewhere(self, post: _Post) -> bool:
        """Whether the content ends with a link to the whole post."""
        first = bisect_left(self.tags, post.content.start + 1, key=attrgetter("text_pos"))
        last = bisect_right(self.tags, post.content.end, key=attrgetter("text_pos"))
        return any(
            "more-link" in self.names[index]
            or (self.tags[index].name == "a" and self._has(MORE_LINK, self.tags[index]))
            for index in range(first, last)
        )

    def _title(self, post: _Post, reading: PageReading) -> tuple[Found | None, Found | None]:
        """The post's title, and the ID that leads it or is the only one that it names."""
        if post.title is None:
            return None, None
        start, end = post.title
        line = ID_LINE.match(self.text, start, end)
        if line is None:
            mentions = list(re.finditer(rf"\b{STATED_ID}\b", self.text[start:end]))
            named = None
            if len(mentions) == 1:
                span = Span(start + mentions[0].start(), start + mentions[0].end())
                named = Found("reference_id", mentions[0][0], span, REPOST, "title_mention/1")
            title = self.text[start:end]
            return Found("title", title, post.title, REPOST, "post_title/1"), named
        span = Span(*line.span("reference_id"))
        named = Found("reference_id", line["reference_id"], span, REPOST, TITLE_LEAD)
        reading.regions.append(Region(start, line.end("lead"), "post_title_lead"))
        if not line["title"]:
            return None, named
        shown = trim(self.text, *line.span("title"))
        title = self.text[shown.start : shown.end]
        return Found("title", title, shown, REPOST, "post_title/1"), named

    def _named_by_address(self, post: _Post) -> Found | None:
        """The ID in the post's address, by the link in its title or the page's canonical link."""
        for tag in (post.link_tag, self.canonical):
            link = HREF.search(self.page.document, tag.start, tag.end) if tag else None
            slug = SLUG.search(urlsplit(link[1] or link[2] or link[3] or "").path) if link else None
            if link is not None and slug is not None:
                start = self.page.document.find(slug["slug"], *link.span())
                if start != -1:
                    return named_by_slug(slug["slug"], Span(start, link.end()))
        return None

    def _read_links(self, titles: list[int], reading: PageReading) -> None:
        found = [tag for tag in map(self._link_in, titles) if tag is not None]
        reading.cable_links = list(dict.fromkeys(filter(None, map(self._href, found))))
        links = {
            link: None
            for tag in self.tags
            if tag.name == "a" and not tag.closing and (link := self._href(tag)) is not None
        }
        reading.index_links = [
            link for link in links if ARCHIVE_LINK.search(link) and link not in reading.cable_links
        ]

    def _frame(self, posts: list[_Post]) -> list[Region]:
        """What stands around the posts."""
        if not posts:
            return [Region(0, len(self.text), "page_before")]
        first, last = posts[0], posts[-1]
        start = first.title.start if first.title is not None else first.content.start
        regions = [Region(0, start, "page_before")]
        for before, after in zip(posts, posts[1:], strict=False):
            regions.append(Region(before.content.end, after.content.start, "post_meta"))
        regions.append(Region(start, first.content.start, "post_meta"))
        regions.append(Region(last.content.end, len(self.text), "page_after"))
        return regions


# The tags of a theme come again on every page of a blog.
@lru_cache(maxsize=4096)
def _names_in(tag: str) -> frozenset[str]:
    """The classes and the id of an opening tag."""
    classes = CLASS.search(tag)
    names = (classes[1] or classes[2] or classes[3] or "").split() if classes else []
    given = ID.search(tag)
    return frozenset([*names, given[1]] if given else names)
