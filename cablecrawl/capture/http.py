"""HTTP heads as WARC files hold them: from Scrapy's objects, and back.

Scrapy keeps neither the reason phrase nor the case of header names; what is written is the
standard phrase and Scrapy's spelling, as the files' warcinfo says.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Headers, Response

# What a request says to prove who asks is nobody's to read in an archive.
SECRETS = ("Authorization", "Proxy-Authorization", "Cookie")

LINE_BREAK = re.compile(rb"[\r\n]+")


def request_block(request: Request) -> bytes:
    """The request as HTTP/1.1, without credentials.

    The connection's own headers are added further down.
    """
    parts = urlsplit(request.url)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    lines = [f"{request.method} {target} HTTP/1.1".encode("latin-1", "replace")]
    if b"Host" not in request.headers:
        lines.append(b"Host: " + parts.netloc.rpartition("@")[2].encode("latin-1", "replace"))
    headers = request.headers.copy()
    for name in SECRETS:
        headers.pop(name, None)
    return b"\r\n".join(lines + _header_lines(headers)) + b"\r\n\r\n"


def response_head(response: Response) -> bytes:
    """Status line and headers, with the empty line behind them."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    protocol = response.protocol or "HTTP/1.1"
    lines = [f"{protocol} {response.status} {phrase}".encode("latin-1")]
    return b"\r\n".join(lines + _header_lines(response.headers)) + b"\r\n\r\n"


def parse_head(head: bytes) -> tuple[int, Headers]:
    """Status and headers of a stored response. Raises ValueError where there is no status."""
    status_line, *lines = head.split(b"\r\n")
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers.appendlist(name.strip(), value.strip())
    return int(status_line.split()[1]), headers


def content_codings(headers: Headers) -> list[str]:
    """The content codings of a body, in the order in which they were applied."""
    values = b",".join(headers.getlist("Content-Encoding")).decode("latin-1")
    return values.split(",") if values else []


def content_type(headers: Headers) -> str | None:
    """The Content-Type header as text."""
    value = headers.get("Content-Type")
    return value.decode("latin-1") if value is not None else None


def _header_lines(headers: Headers) -> list[bytes]:
    return [
        name + b": " + LINE_BREAK.sub(b" ", value)
        for name in headers
        for value in headers.getlist(name)
    ]
