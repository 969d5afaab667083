"""How a blog's posts are looked for: which list is asked for next, given what the last one gave.

Decisions only; cablecrawl.spiders.wordpress makes the requests.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cablecrawl.layouts.bloglists import BlogList, ListKind

# A hundred is the most that WordPress gives; a post's text is on its own page.
_REST = "per_page=100&page={page}&_fields=id,date,link,status"
# Where a blog may list its posts, below its home, best first: the REST API names posts and
# nothing else, sitemaps name pages too, and a feed may end with the newest ten.
WAYS: tuple[tuple[ListKind, str], ...] = (
    ("rest", f"wp-json/wp/v2/posts?{_REST}"),
    ("rest", f"?rest_route=/wp/v2/posts&{_REST}"),
    ("sitemap", "wp-sitemap.xml"),
    ("sitemap", "?sitemap=index"),
    ("sitemap", "sitemap.xml"),
    ("sitemap", "sitemap_index.xml"),
    ("sitemap", "sitemap.xml.gz"),
    ("feed", "feed/?paged={page}"),
    ("feed", "?feed=rss2&paged={page}"),
)

# What the page behind the last is answered with.
END_STATUS: dict[ListKind, int] = {"rest": 400, "feed": 404}

# All 251,287 cables in feeds of ten posts are 25,129 pages; a list without end stops here.
MAX_PAGES = 30_000
# Each names a thousand posts or two. They are carried from request to request.
MAX_SITEMAPS = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """How far the search is.

    Each request for a list carries it along: in memory it would be lost with a killed crawl.
    """

    home: str
    """The blog's home, with a slash at its end."""
    way: int = 0
    """Which of WAYS is being tried; behind the last, the archives are walked."""
    page: int = 1
    """Requests made on this way, this one too."""
    has_found: bool = False
    """Whether this way has named posts."""
    is_whole: bool = True
    """Whether nothing has failed on it."""
    seen: list[str] = field(default_factory=list)
    """What the page before named; of sitemaps, those that were asked for."""
    waiting: list[str] = field(default_factory=list)
    """Sitemaps still to be asked for."""

    @property
    def kind(self) -> ListKind:
        return WAYS[self.way][0]

    @property
    def is_over(self) -> bool:
        """Whether there is no list left to try."""
        return self.way >= len(WAYS)


Next = tuple[str, Step] | None
"""The address to ask for next and the step that it is; None: all posts are known."""


def begin(home: str, way: int = 0) -> tuple[str, Step]:
    """The first request of a way; behind the last way, of the archives."""
    if way >= len(WAYS):
        return home, Step(home, way)
    url = home + WAYS[way][1].format(page=1)
    return url, Step(home, way, seen=[url] if WAYS[way][0] == "sitemap" else [])


def after_list(step: Step, listed: BlogList, posts: list[str], total_pages: int | None) -> Next:
    """What comes behind a list that was read.

    `posts` and `listed.lists` are absolute URLs; `total_pages` is what the REST API says.
    """
    now = replace(
        step,
        has_found=step.has_found or bool(posts),
        is_whole=step.is_whole and listed.is_whole,
    )
    if step.kind == "sitemap":
        return _next_sitemap(now, listed.lists)
    if not posts and (total_pages is None or step.page >= total_pages):
        return _end(now)
    # The same again: the blog does not know of pages, and how many posts it has is not said.
    if step.page >= MAX_PAGES or (posts and set(posts) <= set(step.seen)):
        return _end(replace(now, is_whole=False))
    # A page with fewer posts than were asked for need not be the last: those that nobody may
    # see are left out after counting, and some blogs give fewer for a page.
    if total_pages is not None and step.page >= total_pages:
        return _end(now)
    url = step.home + WAYS[step.way][1].format(page=step.page + 1)
    return url, replace(now, page=step.page + 1, seen=posts or step.seen)


def after_failure(step: Step, status: int | None) -> Next:
    """What comes behind a list that is not there, cannot be had, or is something else."""
    if step.kind == "sitemap":
        return _next_sitemap(replace(step, is_whole=False), [])
    if step.page > 1 and status == END_STATUS[step.kind]:
        return _end(step)
    return _end(replace(step, is_whole=False))


def _next_sitemap(step: Step, found: list[str]) -> Next:
    new = [url for url in dict.fromkeys(found) if url not in step.seen and url not in step.waiting]
    waiting = [*step.waiting, *new]
    room = MAX_SITEMAPS - len(step.seen)
    if len(waiting) > room:
        waiting, step = waiting[:room], replace(step, is_whole=False)
    if not waiting:
        return _end(step)
    url, *waiting = waiting
    return url, replace(step, page=step.page + 1, seen=[*step.seen, url], waiting=waiting)


def _end(step: Step) -> Next:
    """The end of a way: the next one is tried where this one has no post or has broken off."""
    if step.has_found and step.is_whole:
        return None
    way = step.way + 1
    # What has named posts has no better address: another kind of list is tried.
    while step.has_found and way < len(WAYS) and WAYS[way][0] == step.kind:
        way += 1
    return begin(step.home, way)
