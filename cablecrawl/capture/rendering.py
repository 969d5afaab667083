"""Pages as a browser shows them: the download handler of sources with `render = true`.

A page is fetched as any other, by Scrapy: its response is what came over the wire, and statuses,
redirects and what is no HTML are as everywhere. An HTML page that came whole is then shown to a
browser that has no network of its own: each of its requests is answered here, with the document
that was fetched, with a script, a style sheet or data from the source's hosts, or not at all. So
the browser cannot leave the source's scope, by redirects neither (which Playwright does not let
one see), and the document is fetched once.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from urllib.parse import urljoin

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as Asked
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.page import PageMethod

from cablecrawl.browser import RENDERING, Rendering
from cablecrawl.capture.download import BoundedHandler
from cablecrawl.capture.http import content_codings, content_type
from cablecrawl.decoding import TooLargeError, UndecodableError, decode_content
from cablecrawl.frontier import ROW
from cablecrawl.items import REDIRECTS
from cablecrawl.robots import RobotsMiddleware
from cablecrawl.scope import SOURCE, host_of, hosts_of
from cablecrawl.sources import Source

HTML = frozenset(("text/html", "application/xhtml+xml"))
# Where a server names no type.
HTML_DOCUMENT = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.I)

# The rest (images, media, fonts, frames, beacons, streams) adds nothing to the document.
SHOWN_TYPES = frozenset(("script", "stylesheet", "xhr", "fetch"))
# The same for all pages of a site; a browser that one looks into keeps no cache of its own.
SHARED_TYPES = frozenset(("script", "stylesheet"))
SHARED_BYTES = 16_000_000
# Pages have some tens; one that asks on and on would be a burden to its site.
MAX_ASKED = 100
MAX_REDIRECTS = 5

# Of a response that is handed to the browser: its coding is undone, it is to be shown and not
# saved, and cookies are as in the rest of the crawl: off.
NOT_SHOWN = frozenset(
    b"content-encoding content-length transfer-encoding content-disposition set-cookie".split()
)
# Of the browser's headers: those that say what a page's script wants are passed on.
NOT_PASSED_ON = re.compile(r"(?:user-agent|accept-encoding|cookie|referer|origin|host)$|sec-", re.I)

# No name is looked up and no address connected to, WebRTC's neither. The memory of a page's
# scripts is bounded, and shared memory is small in containers.
ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://0.0.0.0:1",
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--js-flags=--max-old-space-size=512",
    "--disable-dev-shm-usage",
)

# A browser that does not close a page within so many seconds is ended.
CLOSING = 5.0
# By then the end of a browser has been noted.
SETTLED = 0.5
LOOKS = 4
"""Looks at a page within RENDER_QUIET."""

# UTF-8 has none; a script can leave one in a document.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Playwright's words for a page that a script is just about to leave, which it is kept from.
NAVIGATING = "the page is navigating"


class RenderingHandler(BoundedHandler, ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # is not typed
    """Scrapy's handler for HTTP, with a browser behind it.

    Counts `cablecrawl/browser/`: `rendered`, `fetched` (for pages), `refused` and why.
    """

    # The driver takes 0.1 GB: it is started with the first page that is to be shown.
    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self.crawler = crawler
        self.quiet = settings.getfloat("RENDER_QUIET")
        self.wait = settings.getfloat("RENDER_WAIT")
        self.limit = settings.getint("DOWNLOAD_MAXSIZE")
        self.timeout = settings.getfloat("DOWNLOAD_TIMEOUT")
        self.shared: dict[str, Answer] = {}
        self._pages = asyncio.Semaphore(settings.getint("RENDER_PAGES"))
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._has_driver = False
        own = self.config.launch_options
        self.config.launch_options = {
            # Root has none; elsewhere it is what stands between a page and this machine.
            "chromium_sandbox": os.geteuid() != 0,
            # The run decides when its browser ends.
            **dict.fromkeys(("handle_sigint", "handle_sigterm", "handle_sighup"), False),
            **own,
            "args": [*ARGUMENTS, *own.get("args", ())],
        }
        self.config.navigation_timeout_ms = self.timeout * 1000
        # What a browser took with it is a failed capture, and retried as such.
        self.config.target_closed_max_retries = 0
        # There are no downloads; a navigation that ends early is waited for as if it were one.
        self.config.download_timeout_secs = 0.5
        # The same again, with a traceback.
        logging.getLogger("scrapy-playwright").setLevel(logging.ERROR)

    async def download_request(self, request: Request) -> Response:
        """The response as it came; what the browser made of it is in `meta[RENDERING]`."""
        begun = monotonic()
        response: Response = await super().download_request(request)
        source = self._source(request)
        content = None if source is None else page_to_show(response, self.limit)
        if source is not None and content is not None:
            seconds = request.meta.get("download_timeout", self.timeout) - (monotonic() - begun)
            async with self._pages:
                request.meta[RENDERING] = await self._show(
                    ShownPage(self, source, request, response, content), seconds
                )
        return response

    async def fetch(self, request: Request) -> Response:
        """The response to a request that a page has made.

        Raises IgnoreRequest for what robots.txt forbids.
        """
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        if robots is not None:
            await robots.process_request(request)
        self.count("fetched")
        response: Response = await super().download_request(request)
        return response

    def share(self, url: str, answer: Answer) -> None:
        """Keep what other pages will ask for."""
        if sum(len(kept.body) for kept in self.shared.values()) + len(answer.body) > SHARED_BYTES:
            self.shared.clear()
        self.shared[url] = answer

    def count(self, *names: str) -> None:
        """Add to the counters of that path."""
        for end in range(1, len(names) + 1):
            self.crawler.stats.inc_value("/".join(("cablecrawl/browser", *names[:end])))

    def _source(self, request: Request) -> Source | None:
        """The source of a page that is to be shown; None for a robots.txt, and all others."""
        if ROW not in request.meta:
            return None
        source: Source = self.crawler.spider.sources[request.meta[SOURCE]]  # type: ignore[union-attr]
        return source if source.render else None

    async def _show(self, page: ShownPage, seconds: float) -> Rendering:
        page.name = f"page {next(self._numbers)}"
        try:
            async with asyncio.timeout(seconds):
                await self._start()
                await super().download_request(page.as_request())
                version = self.browser.version
        except TimeoutError:
            return Rendering("timeout", detail="the browser is not done with the page")
        except TooLargeError as error:
            return Rendering("too_large", detail=str(error))
        except Exception as error:  # of the page, the browser, its driver: each has its own
            await self._check_driver()
            return Rendering("browser_failed", detail=_one_line(error))
        finally:
            page.stop()
            await self._close_context(page.name)
            rendering = page.let_go()
        self.count("rendered")
        return replace(rendering, flags=(*rendering.flags, f"chromium/{version}"))

    async def _start(self) -> None:
        """Have the driver started, and a browser that died let go of: another takes its place."""
        async with self._starting:
            if not self._has_driver:
                # Private; scrapy-playwright calls it at the start of every crawl.
                await self._launch()
                self._has_driver = True
        while hasattr(self, "browser") and not self.browser.is_connected():
            await asyncio.sleep(0.05)

    async def _check_driver(self) -> None:
        """Have the driver started anew if it is gone: it goes without a word.

        Its browser then says that it is connected, and does nothing any more.
        """
        await asyncio.sleep(SETTLED)
        async with self._starting:
            if not hasattr(self, "browser") or not self.browser.is_connected():
                return
            try:
                async with asyncio.timeout(CLOSING):
                    context = await self.browser.new_context()
                    await context.close()
            except (PlaywrightError, TimeoutError):
                self.context_wrappers.clear()
                del self.browser
                self._has_driver = False
                with suppress(Exception):  # what is left of it, if anything
                    async with asyncio.timeout(CLOSING):
                        await self.browser_provider.close()

    async def _close_context(self, name: str) -> None:
        """Each page has a context to itself: nothing is left behind for the next one."""
        kept = self.context_wrappers.get(name)
        if kept is None:
            return
        try:
            async with asyncio.timeout(CLOSING):
                await kept.context.close()
        except PlaywrightError:
            pass  # the browser is gone, and the context with it
        except TimeoutError:
            with suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await kept.context.browser.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser is given for one of its requests."""

    status: int
    headers: dict[str, str]
    body: bytes


NOTHING = Answer(204, {}, b"")


class ShownPage:
    """One page in the browser: what it is given, and when it is ready."""

    def __init__(
        self,
        handler: RenderingHandler,
        source: Source,
        request: Request,
        response: Response,
        content: bytes,
    ) -> None:
        """`content`: the response's body with its content coding undone."""
        self.handler = handler
        self.request = request
        self.document = Answer(response.status, _headers_to_show(response.headers), content)
        self.hosts = hosts_of(source)
        self.name = ""
        self.content = ""
        self.flags: list[str] = ["rendered"]
        self.missing: list[str] = []
        """What the page asked for in scope and did not get, as far as that may be for now."""
        self._under_way: set[asyncio.Task[Answer]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._asked = 0
        self._is_given = False
        self._is_over = False

    def as_request(self) -> Request:
        """What scrapy-playwright is asked; a request of its own, so that none of this is kept."""
        user_agent = (self.request.headers.get("User-Agent") or b"").decode("latin-1")
        return self.request.replace(
            meta={
                "playwright": True,
                "playwright_context": self.name,
                "playwright_context_kwargs": {
                    "user_agent": user_agent,
                    "service_workers": "block",  # their requests cannot be answered here
                    "accept_downloads": False,
                },
                "playwright_page_init_callback": self._prepare,
                "playwright_page_goto_kwargs": {"wait_until": "commit"},
                "playwright_page_methods": [PageMethod(self._settle)],
            }
        )

    def let_go(self) -> Rendering:
        """What came of it, which is not kept here.

        Playwright's objects for a page know this one, and are in cycles that are collected late.
        """
        document = LONE_SURROGATE.sub("\ufffd", self.content).encode()
        self.content, self.document = "", NOTHING
        flags = tuple(self.flags)
        if not self.missing:
            return Rendering("ok", document, flags)
        more = f" and {len(self.missing) - 1} more" if len(self.missing) > 1 else ""
        return Rendering("incomplete", document, flags, f"did not come: {self.missing[0]}{more}")

    def stop(self) -> None:
        """Nothing more is fetched for the page."""
        self._is_over = True
        for fetching in self._under_way:
            fetching.cancel()

    async def _prepare(self, page: Page, _: Request) -> None:
        # Before scrapy-playwright's own, which would let requests go to the network.
        await page.route("**", self._answer)

    async def _settle(self, page: Page) -> None:
        """Wait until the page is ready, and take its document."""
        clock = asyncio.get_running_loop().time
        end = clock() + self.handler.wait
        changed = clock()
        while clock() - changed < self.handler.quiet:
            if clock() >= end:
                self._note_unfinished()
                break
            await asyncio.sleep(self.handler.quiet / LOOKS)
            content = await self._look(page)
            if content != self.content or self._under_way:
                self.content = content
                changed = clock()
        self.stop()

    def _note_unfinished(self) -> None:
        if self._under_way:
            self.missing.append(f"what was under way after {self.handler.wait:g} s")
        else:
            self.flags.append("still_changing")

    async def _look(self, page: Page) -> str:
        try:
            length = await page.evaluate("document.documentElement?.outerHTML.length ?? 0")
            if length > self.handler.limit:
                raise TooLargeError(f"the browser's document has more than {self.handler.limit}")
            return await page.content()
        except PlaywrightError as error:
            if NAVIGATING in error.message:
                return self.content
            raise

    async def _answer(self, route: Route, asked: Asked) -> None:
        # A page or a browser that is gone takes no answer any more: seen where it is waited for.
        with suppress(PlaywrightError):
            if asked.is_navigation_request() and not self._is_given:
                self._is_given = True
                await _fulfil(route, self.document)
                return
            refusal = self._refusal(asked)
            if refusal is not None:
                self.handler.count("refused", refusal)
                # Of all that can be said, the one that leaves the page where it is.
                await route.abort("aborted")
                return
            answer = await self._try_to_fetch(asked)
            if answer is None:
                await route.abort("failed")
            else:
                await _fulfil(route, answer)

    def _refusal(self, asked: Asked) -> str | None:
        """Why the browser is not given what it asks for."""
        if asked.is_navigation_request():
            return "navigation"
        if asked.resource_type not in SHOWN_TYPES:
            return asked.resource_type
        if asked.method != "GET":
            return "method"  # a crawler reads
        if host_of(asked.url) not in self.hosts:
            return "out_of_scope"
        self._asked += 1
        return "too_many" if self._is_over or self._asked > MAX_ASKED else None

    async def _try_to_fetch(self, asked: Asked) -> Answer | None:
        """The answer to the browser's request; None where there is none to be had."""
        known = self.handler.shared.get(asked.url)
        if known is not None:
            return known
        fetching = asyncio.ensure_future(self._fetch(asked.url, asked.headers))
        self._under_way.add(fetching)
        try:
            answer = await fetching
        except asyncio.CancelledError:
            return None
        except OutOfScopeError:
            self.handler.count("refused", "out_of_scope")
            return None
        except IgnoreRequest as refused:
            self.handler.count("refused", "robots")
            self.missing.append(f"{asked.url}: {refused}")
            return None
        except Exception as error:  # whatever Scrapy has for a request that fails
            self.missing.append(f"{asked.url}: {_one_line(error)}")
            return None
        finally:
            self._under_way.discard(fetching)
        if answer.status >= 500 or answer.status == 429:
            self.missing.append(f"{asked.url}: HTTP status {answer.status}")
        elif answer.status == 200 and asked.resource_type in SHARED_TYPES:
            self.handler.share(asked.url, answer)
        return answer

    async def _fetch(self, url: str, headers: dict[str, str]) -> Answer:
        """Raises OutOfScopeError where a redirect leads out of it."""
        passed_on = {
            name: value for name, value in headers.items() if not NOT_PASSED_ON.match(name)
        }
        own = {**self.request.headers, **Headers(passed_on)}
        meta = {"download_timeout": self.handler.wait}
        if "proxy" in self.request.meta:
            meta["proxy"] = self.request.meta["proxy"]
        async with self._one_at_a_time:
            for _ in range(MAX_REDIRECTS):
                response = await self.handler.fetch(Request(url, headers=own, meta=dict(meta)))
                location = response.headers.get("Location")
                if response.status not in REDIRECTS or location is None:
                    break
                url = urljoin(url, location.decode("latin-1"))
                if host_of(url) not in self.hosts:
                    raise OutOfScopeError(url)
        if "dataloss" in response.flags:
            raise ConnectionError("it ends early")
        codings = content_codings(response.headers)
        content = decode_content(response.body, codings, limit=self.handler.limit)
        return Answer(response.status, _headers_to_show(response.headers), content.body)


class OutOfScopeError(Exception):
    """A redirect of something that a page asked for leaves the source's hosts."""


def page_to_show(response: Response, limit: int) -> bytes | None:
    """The HTML page that a response is, with its content coding undone.

    None where it is something else, or did not come whole: that is then for the capture to say.
    """
    if response.status != 200 or "dataloss" in response.flags:
        return None
    named = content_type(response.headers)
    if named is not None and named.partition(";")[0].strip().lower() not in HTML:
        return None
    try:
        content = decode_content(response.body, content_codings(response.headers), limit=limit).body
    except UndecodableError:
        return None
    return content if named is not None or HTML_DOCUMENT.match(content) else None


async def _fulfil(route: Route, answer: Answer) -> None:
    await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)


def _headers_to_show(headers: Headers) -> dict[str, str]:
    return {
        name.decode("latin-1"): b", ".join(headers.getlist(name)).decode("latin-1")
        for name in headers
        if name.lower() not in NOT_SHOWN
    }


def _one_line(error: BaseException) -> str:
    """Without the browser's log, which Playwright puts behind the first line."""
    first, *_ = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {first.strip()}"[:500]
