"""The site of the soak: a folder on loopback, with faults sprinkled in, by one thread of its own.

    .venv/bin/python -m benchmarks.soak_server FOLDER

It answers some thousands of requests a second. What goes wrong follows from a page's path and
from how often it was asked for, so that two soaks meet the same faults.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from collections import Counter
from functools import partial
from pathlib import Path
from zlib import crc32

# Of 10,000 answers so many go wrong. A host that asks to wait (429) is left alone for a second,
# with all its pages: more of them would measure that second.
FAULTS = {"404": 20, "500": 20, "reset": 10, "half": 10, "slow": 10, "429": 1}
OUT_OF = 10_000
SLOW_SECONDS = 0.5
RETRY_AFTER = "1"

# One page in so many says more, or is gone, from its second asking on; one never comes.
CHANGING, VANISHING, BROKEN = 100, 1_000, 5_000
LATER = b"&#x000A;This line came later.</pre></code>"

# The lists of months, origins and tags beside a cable: two thirds of a page, and the same on all.
# The soak is of requests, and makes more of them in its time without.
LISTS = re.compile(rb"<div class='(?:pick'|sort' id=').*?</div>\n", re.S)

MODIFIED = "Mon, 06 Dec 2010 05:05:00 GMT"


class Site:
    """A folder, and how often each of its pages was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: Counter[str] = Counter()

    def fault(self, path: str) -> str | None:
        """What goes wrong with this answer. Nothing does with what the whole crawl hangs on."""
        if path.count("/") < 2:
            return None
        number = crc32(f"{path} {self.asked[path]}".encode()) % OUT_OF
        for fault, share in FAULTS.items():
            if number < share:
                # An index that is not there would hide what it leads to.
                return fault if fault != "404" or path.startswith("/cable/") else None
            number -= share
        return None

    def page(self, path: str) -> tuple[bytes, str] | None:
        """Content and ETag of what stands at a path now."""
        name = "index.html" if path == "/" else path[1:]
        try:
            content = (self.folder / name).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        if not path.startswith("/cable/"):
            return content, f'"{len(content):x}"'
        content = LISTS.sub(b"", content)
        kind, is_later = crc32(path.encode()), self.asked[path] > 1
        if kind % VANISHING == 1 and is_later:
            return None
        if kind % CHANGING == 2 and is_later:
            before, _, after = content.rpartition(b"</pre></code>")
            content = before + LATER + after
        return content, f'"{len(content):x}"'

    def answer(self, path: str, condition: str | None) -> tuple[bytes, str | None]:
        """All that is sent, and the fault that is still to be done with it."""
        self.asked[path] += 1
        fault = self.fault(path)
        if path.startswith("/cable/") and crc32(path.encode()) % BROKEN == 3:
            fault = "500"
        if fault == "429":
            return response("429 Too Many Requests", b"", f"Retry-After: {RETRY_AFTER}"), None
        if fault == "500":
            return response("500 Internal Server Error", b"<h1>500</h1>"), None
        page = None if fault == "404" else self.page(path)
        if page is None:
            return response("404 Not Found", b"<h1>Not Found</h1>"), None
        content, etag = page
        validators = (f"ETag: {etag}", f"Last-Modified: {MODIFIED}")
        if condition == etag and fault != "half":
            return response("304 Not Modified", None, *validators), fault
        return response("200 OK", content, *validators), fault


def response(status: str, body: bytes | None, *headers: str) -> bytes:
    """An HTTP/1.1 response; one without a body says nothing of its length."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if body is not None:
        lines += ["Content-Type: text/html; charset=utf-8", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection(asyncio.Protocol):
    """A client's, kept alive; it asks for one page at a time."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            request, *lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            self.send(*self.site.answer(request.split(" ")[1], headers.get("if-none-match")))

    def send(self, answer: bytes, fault: str | None) -> None:
        if fault == "reset":
            self.transport.abort()
        elif fault == "half":
            self.transport.write(answer[: len(answer) // 2])
            self.transport.close()
        elif fault == "slow":
            later = partial(self.transport.write, answer)
            asyncio.get_running_loop().call_later(SLOW_SECONDS, later)
        else:
            self.transport.write(answer)


async def serve(folder: Path) -> None:
    """Serve until SIGTERM; the address is printed first."""
    site, loop = Site(folder), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", 0)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    asyncio.run(serve(parser.parse_args().folder))


if __name__ == "__main__":
    main()
