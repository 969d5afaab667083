"""From the bytes of a response to the characters of a document, with the rule that decided.

Two steps, both strict. `decode_content` undoes the content codings and refuses a body that
is not whole: Scrapy's own decompression hands on what it could read of a damaged one.
`decode_document` finds the character encoding by declared facts and validity, never by
statistics: Scrapy's guesses read undeclared Latin-1 as Central European.
"""

from __future__ import annotations

import codecs
import io
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import brotli
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# A cable page is 0.2 MB at most; 50 MB leaves room for any index and stops a bomb.
MAX_DOCUMENT_BYTES = 50_000_000

# A server means one; each takes the time of a whole body.
MAX_CODINGS = 4

# RFC 9659: what a decoder must have room for, and no more. The format allows 2 GB.
ZSTD_WINDOW_LOG = 23

_CHUNK = 1 << 20


class UndecodableError(ValueError):
    """The body cannot be decoded whole: it is damaged, cut, or in an unknown coding."""


class TooLargeError(UndecodableError):
    """The decoded body is larger than the limit."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body with its content codings undone."""

    body: bytes
    flags: tuple[str, ...] = ()
    """What was odd but harmless: `not_encoded`, `trailing_bytes`."""


@dataclass(frozen=True, slots=True)
class Document:
    """The characters of a document and how they were found."""

    text: str
    encoding: str
    """Python's name of the codec."""
    rule: str
    """`bom`, `header`, `meta`, `utf8_over_header`, `utf8_over_meta`, `utf8_valid`,
    `utf8_damaged` or `cp1252_fallback`."""
    replaced: int = 0
    """Bytes sequences that became U+FFFD."""


def decode_content(
    body: bytes, codings: Sequence[str], *, limit: int = MAX_DOCUMENT_BYTES
) -> Content:
    """Undo `codings` (the Content-Encoding header's values, in the order they were applied).

    Raises UndecodableError for a damaged body or an unknown coding, TooLargeError for more than
    `limit` bytes.
    """
    flags: list[str] = []
    if len(codings) > MAX_CODINGS:
        raise UndecodableError(f"{len(codings)} content codings, one around the other")
    for coding in reversed([c.strip().lower() for c in codings]):
        if coding in ("", "identity"):
            continue
        decoder = _DECODERS.get(coding)
        if decoder is None:
            raise UndecodableError(f"unknown content coding {coding!r}")
        if coding in _GZIP and not GZIP_MAGIC.startswith(body[:2]):
            flags.append("not_encoded")
            continue
        body, rest = decoder(body, limit)
        if rest.strip(b"\0"):
            flags.append("trailing_bytes")
    if len(body) > limit:
        raise TooLargeError(f"the body has more than {limit:,} bytes")
    return Content(body, tuple(flags))


def unpacked(body: bytes) -> bytes:
    """Of a file that is itself packed by gzip, as sitemaps are, what is in it; others as they are.

    Raises UndecodableError.
    """
    return decode_content(body, ["gzip"]).body if body.startswith(GZIP_MAGIC) else body


def _inflate(body: bytes, limit: int, wbits: int, members: bool) -> tuple[bytes, bytes]:
    pieces: list[bytes] = []
    size = 0
    while True:
        inflater = zlib.decompressobj(wbits)
        pending = body
        while not inflater.eof:
            try:
                piece = inflater.decompress(pending, _CHUNK)
            except zlib.error as error:
                raise UndecodableError(f"damaged compressed body: {error}") from None
            if not piece and not inflater.unconsumed_tail and not inflater.eof:
                raise UndecodableError("the compressed body ends early")
            size += len(piece)
            if size > limit:
                raise TooLargeError(f"the body unpacks to more than {limit:,} bytes")
            pieces.append(piece)
            pending = inflater.unconsumed_tail
        body = inflater.unused_data
        if not (members and body.startswith(b"\x1f\x8b")):
            return b"".join(pieces), body


def _gzip(body: bytes, limit: int) -> tuple[bytes, bytes]:
    return _inflate(body, limit, 31, members=True)


def _deflate(body: bytes, limit: int) -> tuple[bytes, bytes]:
    # RFC 9110 means zlib; some servers send the bare stream.
    try:
        return _inflate(body, limit, 15, members=False)
    except TooLargeError:
        raise
    except UndecodableError:
        return _inflate(body, limit, -15, members=False)


def _brotli(body: bytes, limit: int) -> tuple[bytes, bytes]:
    decoder = brotli.Decompressor()
    pieces: list[bytes] = []
    size = 0
    pending = body
    while not decoder.is_finished():
        try:
            piece = decoder.process(pending, output_buffer_limit=_CHUNK)
        except brotli.error as error:
            raise UndecodableError(f"damaged brotli body: {error}") from None
        pending = b""
        size += len(piece)
        if size > limit:
            raise TooLargeError(f"the body unpacks to more than {limit:,} bytes")
        pieces.append(piece)
        if not piece and decoder.can_accept_more_data() and not decoder.is_finished():
            raise UndecodableError("the brotli body ends early")
    return b"".join(pieces), b""


def _zstd(body: bytes, limit: int) -> tuple[bytes, bytes]:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    stream = zstd.ZstdFile(io.BytesIO(body), options=options)
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := stream.read(_CHUNK):
            size += len(piece)
            if size > limit:
                raise TooLargeError(f"the body unpacks to more than {limit:,} bytes")
            pieces.append(piece)
    except (zstd.ZstdError, EOFError) as error:
        raise UndecodableError(f"damaged zstd body: {error}") from None
    return b"".join(pieces), b""


GZIP_MAGIC = b"\x1f\x8b"
_GZIP = ("gzip", "x-gzip")
_DECODERS: dict[str, Callable[[bytes, int], tuple[bytes, bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}

# Python knows more codecs than the web has encodings: "rot13" and "unicode_escape" are none.
WEB_ENCODING = re.compile(
    r"ascii|utf[-_]?(?:8|16|32)[\w-]*|cp(?:125\d|437|85\d|866|874|932|936|949|950)|(?:x-)?mac[-_]?\w+"
    r"|iso[-_]?8859[-_]?\d+|koi8[-_][rtu]|gb(?:k|2312|18030)|hz|big5(?:hkscs)?|euc[-_](?:jp|kr)\w*"
    r"|iso[-_]?2022[-_](?:jp|kr)\w*|shift[-_]?jis\w*|tis[-_]?620|johab|ptcp154"
)

# A declaration stands in the first so many bytes; w3lib looks no further.
DECLARED_WITHIN = 4096

# A server's default charset that says nothing of the page it sends.
_WESTERN = {"ascii", "iso8859-1", "cp1252", "latin-1"}

# Undeclared bytes are damaged UTF-8, not Western text, from this many valid sequences on.
MIN_UTF8_SEQUENCES = 3
UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def decode_document(body: bytes, content_type: str | None) -> Document:
    """Decode `body`; `content_type` is the Content-Type header's value, or None.

    A byte order mark wins, then the header, then the page's own declaration, then UTF-8 if the
    body is valid UTF-8, and at last Windows-1252. A declaration that the bytes contradict loses.
    """
    bom_encoding, bom = read_bom(body)
    if bom_encoding is not None and bom is not None:
        text = body[len(bom) :].decode(bom_encoding, "replace")
        return Document(text, bom_encoding, "bom", text.count("\ufffd"))
    for rule in ("header", "meta"):
        if rule == "header":
            encoding = _encoding_of_header(content_type)
        else:
            encoding = _encoding_of_beginning(body[:DECLARED_WITHIN])
        if encoding is None:
            continue
        if rule == "meta" and encoding.startswith(("utf-16", "utf-32")):
            # A page whose declaration could be read is none: the HTML standard says UTF-8.
            encoding = "utf-8"
        if encoding in _WESTERN and not body.isascii():
            text_or_none = _strict(body, "utf-8")
            if text_or_none is not None:
                return Document(text_or_none, "utf-8", f"utf8_over_{rule}")
        text_or_none = _strict(body, encoding)
        if text_or_none is not None:
            return Document(text_or_none, encoding, rule)
    text_or_none = _strict(body, "utf-8")
    if text_or_none is not None:
        return Document(text_or_none, "utf-8", "utf8_valid")
    if len(UTF8_SEQUENCE.findall(body, 0)) >= MIN_UTF8_SEQUENCES:
        text = body.decode("utf-8", "replace")
        return Document(text, "utf-8", "utf8_damaged", text.count("\ufffd"))
    return Document(body.decode("cp1252", "cablecrawl_c1"), "cp1252", "cp1252_fallback")


# The pages of a site are sent and begin alike: what they declare is looked up once.
@lru_cache(maxsize=64)
def _encoding_of_header(content_type: str | None) -> str | None:
    return _encoding_of_the_web(http_content_type_encoding(content_type))


@lru_cache(maxsize=64)
def _encoding_of_beginning(beginning: bytes) -> str | None:
    return _encoding_of_the_web(html_body_declared_encoding(beginning))


def _encoding_of_the_web(name: str | None) -> str | None:
    encoding = resolve_encoding(name) if name else None
    if encoding is None or WEB_ENCODING.fullmatch(codecs.lookup(encoding).name) is None:
        return None
    return encoding


def _strict(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _c1(error: UnicodeError) -> tuple[str, int]:
    # Five bytes have no meaning in Windows-1252; browsers read them as C1 controls
    # (https://encoding.spec.whatwg.org/#index-windows-1252).
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("cablecrawl_c1", _c1)
