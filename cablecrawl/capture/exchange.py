"""One HTTP exchange and its WARC 1.1 records.

An exchange becomes up to three records, each its own gzip member:

    metadata, request, response     a response came
    metadata, request, revisit      it brought nothing new: its payload is an earlier capture's
    request, metadata               none came
    metadata                        none came, and no request was sent

A document as a browser shows it is no exchange, and is written as one that has no request:

    metadata, resource              what a browser made of a response

It is a `resource` and no `conversion`. A conversion is another version of one record's content
and bears that record's address, so that replay offers it as the page itself (pywb does). This
has content of its own, from scripts and from data that were fetched beside the response. A
`resource` may not have WARC-Refers-To: WARC-Concurrent-To names the response. Its address is
`urn:dom:` and the page's, as other crawlers write what they make of a rendered page.

A revisit has no payload. Where the server sent the same one again (identical-payload-digest) its
block is the head that came with it; where it answered 304 (server-not-modified) the block is
empty and the head is in the metadata: pywb takes the head of a revisit for the answer's.

The last member is the one a `Location` points at, so when it is whole the exchange is whole,
and its end is the end of the exchange.

The metadata record (application/warc-fields) says everything about the exchange that is not
bytes; the WARC headers repeat what other tools look for. Together the records give back the
whole `Exchange`: a lost database is rebuilt from them.

The records are written here and not by warcio: its writer is fixed at gzip level 9 and wrote
352 pairs of request and response a second. ISA-L's deflate takes 0.08 ms for a cable page
where zlib's level 6 takes 0.92 ms, for 9 % more bytes.

Format: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import quote, unquote

from isal import isal_zlib

# Of ISA-L's 0 to 3: the next one up takes twice the time for 2 % fewer bytes.
LEVEL = 2

TRUNCATIONS = ("length", "time", "disconnect", "unspecified")
"""The values WARC 1.1 has for WARC-Truncated."""

# What a WARC-Target-URI cannot hold without harm: spaces and control characters end a header,
# warcio takes <> off, and a URI is ASCII. Everything else stays as the site wrote it.
NOT_IN_TARGET_URI = re.compile(r"[^!-~]|[<>\"]")

# RFC 9110 token, less the "*" that marks an encoded value.
FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+")

# Bodies are stored de-chunked, and a reader that met this header would de-chunk them again.
TRANSFER_ENCODING = re.compile(rb"^transfer-encoding[ \t]*:.*\r?\n(?:[ \t].*\r?\n)*", re.I | re.M)

# The empty line that ends an HTTP head; readers also stop at one that lacks its CR.
EMPTY_LINE = re.compile(rb"\n[ \t\r]*\n")

FIELDS_MEDIA_TYPE = "application/warc-fields"
RENDERED_MEDIA_TYPE = "text/html; charset=utf-8"
"""Of a document as a browser shows it, which is written down in this encoding."""
MEDIA_TYPES = {
    "metadata": FIELDS_MEDIA_TYPE,
    "request": "application/http;msgtype=request",
    "response": "application/http;msgtype=response",
    "revisit": "application/http;msgtype=response",
    "resource": RENDERED_MEDIA_TYPE,
}
RENDERED_URN = "urn:dom:"

PROFILES = "http://netpreserve.org/warc/1.1/revisit/"
IDENTICAL_PAYLOAD, NOT_MODIFIED = "identical-payload-digest", "server-not-modified"


@dataclass(frozen=True, slots=True)
class Revisit:
    """The earlier capture that holds the payload of a response that brought nothing new."""

    capture_id: str
    """Of a response record, never of another revisit."""
    url: str
    fetched_at: str
    """Its WARC-Date."""
    warc: str
    """The file that holds it."""
    payload_sha256: str
    payload_length: int
    profile: str
    """How it is known that nothing changed: IDENTICAL_PAYLOAD or NOT_MODIFIED."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange, or one that failed before a response."""

    capture_id: str
    """`urn:uuid:…`: the WARC-Record-ID of the response record, or of the metadata record when
    there was no response."""
    run_id: str
    source: str
    url: str
    """As requested. The WARC-Target-URI is the same with what a header cannot hold encoded."""
    via: str | None
    """URL of the page that led here."""
    fetched_at: datetime
    """With a time zone; stored in UTC, to the microsecond (WARC 1.1 allows fractions)."""
    outcome: str
    """ok, http_error, undecodable, timeout, dns, tls, refused, reset, dataloss, too_large,
    robots_denied, address_refused, not_modified, unconfirmed, not_rendered, incomplete,
    browser_failed, failed …"""
    status: int | None
    request_block: bytes
    """Request line, headers, empty line; b"" when none was sent."""
    response_head: bytes
    """Status line, headers, empty line; b"" when there was no response."""
    payload: bytes
    """The body as sent: content-coded, de-chunked."""
    ip_address: str | None = None
    flags: tuple[str, ...] = ()
    truncated: str | None = None
    """WARC-Truncated: one of `TRUNCATIONS`."""
    detail: str | None = None
    """Why it failed."""
    rendered_from: str | None = None
    """The capture_id of the response that a browser was shown; the payload is then what it made
    of it, and there is neither request nor response."""
    revisit: Revisit | None = None
    """Where the payload is, if an earlier capture holds it; `payload` is then empty."""
    robots: str | None = None
    """The capture_id of the robots.txt by which the request was allowed, or refused."""

    def payload_digest(self) -> tuple[str, int]:
        """SHA-256 and length in bytes of the payload, also of one that an earlier capture holds."""
        if self.revisit is not None:
            return self.revisit.payload_sha256, self.revisit.payload_length
        return payload_sha256(self.payload), len(self.payload)


@dataclass(frozen=True, slots=True)
class Location:
    """Where the response of an exchange stands, or its metadata when there was no response.

    Of a rendered document: where that stands."""

    warc: str
    """File name, without `.open`."""
    offset: int
    length: int
    """Of the gzip member, in bytes. `offset + length` is the end of the exchange."""


@dataclass(frozen=True, slots=True)
class EncodedExchange:
    """An exchange as the gzip members to append to a WARC file."""

    capture_id: str
    data: bytes
    offset: int
    """Where the last member, the one to locate, starts in `data`; it goes on to the end."""
    payload_sha256: str
    payload_length: int


def payload_sha256(payload: bytes) -> str:
    """The SHA-256 of a body as stored, in lower-case hexadecimal."""
    return sha256(payload).hexdigest()


def encode_exchange(exchange: Exchange, *, level: int = LEVEL) -> EncodedExchange:
    """The records of an exchange; the same exchange gives the same bytes.

    Pure, and safe in threads: ISA-L and hashlib release the GIL on a body. A
    Transfer-Encoding header is left out of the stored head; every other byte is kept.

    Raises ValueError for a capture_id that is not a `urn:uuid:`, a time without a zone, a
    truncation WARC does not know, a payload without a head, a head that is not lines with
    one empty line, the last, a rendered document that has a request or a response, and a
    revisit that has a payload.
    """
    head = _stored_head(exchange)
    rendered = exchange.rendered_from is not None
    revisit = exchange.revisit
    if revisit is not None and (exchange.payload or not head):
        raise ValueError(f"{exchange.url!r}: a revisit with a payload, or without a head")
    if rendered and (exchange.request_block or head):
        raise ValueError(f"{exchange.url!r}: a rendered document with an exchange")
    if exchange.truncated is not None and exchange.truncated not in TRUNCATIONS:
        raise ValueError(
            f"truncated = {exchange.truncated!r}: WARC has only {', '.join(TRUNCATIONS)}"
        )
    order = record_order(
        has_request=bool(exchange.request_block),
        has_response=bool(head),
        is_rendered=rendered,
        is_revisit=revisit is not None,
    )
    ids = record_ids(exchange.capture_id, order)
    date = warc_date(exchange.fetched_at)
    target = (RENDERED_URN if rendered else "") + NOT_IN_TARGET_URI.sub(_percent, exchange.url)
    body_sha256, body_length = exchange.payload_digest()
    blocks: dict[str, tuple[bytes, ...]] = {
        "metadata": (_exchange_fields(exchange, order),),
        "request": (exchange.request_block,),
        "response": (head, exchange.payload),
        "revisit": (b"" if revisit and revisit.profile == NOT_MODIFIED else head,),
        "resource": (exchange.payload,),
    }

    members = []
    for kind in order:
        headers = [
            ("WARC-Target-URI", target),
            ("Content-Type", MEDIA_TYPES[kind]),
        ]
        headers += [("WARC-Concurrent-To", f"<{ids[other]}>") for other in order if other != kind]
        if _is_ip_address(exchange.ip_address):
            headers.append(("WARC-IP-Address", f"{exchange.ip_address}"))
        if kind == "resource":
            # Only here: a response that stands alone does not know what will be made of it.
            headers.append(("WARC-Concurrent-To", f"<{_checked_id(exchange.rendered_from)}>"))
        if kind == "revisit" and revisit is not None:
            headers += revisit_headers(revisit)
        if kind in ("response", "resource"):
            headers.append(("WARC-Payload-Digest", f"sha256:{body_sha256}"))
            if exchange.truncated is not None:
                headers.append(("WARC-Truncated", exchange.truncated))
        members.append(encode_record(kind, ids[kind], date, headers, blocks[kind], level=level))
    return EncodedExchange(
        capture_id=exchange.capture_id,
        data=b"".join(members),
        offset=sum(map(len, members[:-1])),
        payload_sha256=body_sha256,
        payload_length=body_length,
    )


def revisit_headers(revisit: Revisit) -> list[tuple[str, str]]:
    """The WARC headers that only a revisit has.

    WARC-Refers-To-Container is not in WARC 1.1; crawlers and replay have used it since 2026
    (iipc/warc-specifications#111).
    """
    return [
        ("WARC-Profile", f"{PROFILES}{revisit.profile}"),
        ("WARC-Payload-Digest", f"sha256:{revisit.payload_sha256}"),
        ("WARC-Refers-To", f"<{_checked_id(revisit.capture_id)}>"),
        ("WARC-Refers-To-Target-URI", NOT_IN_TARGET_URI.sub(_percent, revisit.url)),
        ("WARC-Refers-To-Date", revisit.fetched_at),
        ("WARC-Refers-To-Container", f"file://{revisit.warc}"),
    ]


def encode_record(
    kind: str,
    record_id: str,
    date: str,
    headers: Iterable[tuple[str, str]],
    block: Sequence[bytes],
    *,
    level: int = LEVEL,
) -> bytes:
    """One WARC record as one gzip member; the block is given in pieces.

    The header values must be ASCII without line breaks (ValueError otherwise).
    """
    digest = sha256()
    for piece in block:
        digest.update(piece)
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <{record_id}>",
        f"WARC-Date: {date}",
        *(f"{name}: {value}" for name, value in headers),
        f"WARC-Block-Digest: sha256:{digest.hexdigest()}",
        f"Content-Length: {sum(map(len, block))}",
    ]
    for line in lines:
        if not (line.isascii() and line.isprintable()):
            raise ValueError(f"not a WARC header: {line!r}")
    # 31: a gzip wrapper around the largest window; no time is written into it.
    deflate = isal_zlib.compressobj(level, isal_zlib.DEFLATED, 31)
    parts = [deflate.compress("\r\n".join([*lines, "", ""]).encode("ascii"))]
    parts += [deflate.compress(piece) for piece in block]
    parts += [deflate.compress(b"\r\n\r\n"), deflate.flush()]
    return b"".join(parts)


def decode_exchange(
    fields: Sequence[tuple[str, str]],
    date: str,
    request_block: bytes,
    response_block: bytes,
    resource_block: bytes,
) -> Exchange:
    """The exchange its records were made from; the blocks are b"" where there is no record.

    `response_block`: of a revisit too. Raises ValueError when a field is missing or malformed.
    """
    values = dict(fields)
    try:
        head, payload = split_response(response_block) if response_block else (b"", b"")
        if "response-head" in values:
            head = values["response-head"].encode("latin-1")
        return Exchange(
            capture_id=values["capture"],
            run_id=values["run"],
            source=values["source"],
            url=values["url"],
            via=values.get("via"),
            fetched_at=datetime.fromisoformat(date),
            outcome=values["outcome"],
            status=int(values["status"]) if "status" in values else None,
            request_block=request_block,
            response_head=head,
            payload=payload or resource_block,
            ip_address=values.get("ip"),
            flags=tuple(value for name, value in fields if name == "flag"),
            truncated=values.get("truncated"),
            detail=values.get("detail"),
            rendered_from=values.get("rendered-from"),
            revisit=_decode_revisit(values) if "revisit-of" in values else None,
            robots=values.get("robots"),
        )
    except KeyError as error:
        raise ValueError(f"its metadata has no field {error}") from error


def _decode_revisit(values: Mapping[str, str]) -> Revisit:
    return Revisit(
        capture_id=values["revisit-of"],
        url=values["revisit-url"],
        fetched_at=values["revisit-date"],
        warc=values["revisit-warc"],
        payload_sha256=values["payload-sha256"],
        payload_length=int(values["payload-length"]),
        profile=values["revisit-profile"],
    )


def split_response(block: bytes) -> tuple[bytes, bytes]:
    """Head, with its empty line, and payload. Raises ValueError when the head has no end."""
    end = block.find(b"\r\n\r\n")
    if end < 0:
        raise ValueError("the HTTP head has no end")
    return block[: end + 4], block[end + 4 :]


def record_order(
    *, has_request: bool, has_response: bool, is_rendered: bool, is_revisit: bool
) -> tuple[str, ...]:
    """The record types of an exchange, as they follow each other in the file."""
    if is_rendered:
        return ("metadata", "resource")
    request = ("request",) if has_request else ()
    if not has_response:
        return (*request, "metadata")
    return ("metadata", *request, "revisit" if is_revisit else "response")


def record_ids(capture_id: str, order: Sequence[str]) -> dict[str, str]:
    """The WARC-Record-ID of each record type: the last is the capture, and names the others.

    Raises ValueError when the capture ID is not a `urn:uuid:`.
    """
    capture = uuid.UUID(_checked_id(capture_id))
    others = {kind: uuid.uuid5(capture, kind).urn for kind in order[:-1]}
    return {**others, order[-1]: capture_id}


def encode_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """An application/warc-fields block: UTF-8, a `name: value` a line.

    A value that does not fit in a line as it is (line breaks, controls, spaces at its ends) is
    written as `name*: UTF-8''…`, percent-encoded: the extended notation of RFC 8187.
    """
    lines = []
    for name, value in fields:
        if not FIELD_NAME.fullmatch(name):
            raise ValueError(f"not a warc-fields name: {name!r}")
        if value.isprintable() and value == value.strip():
            lines.append(f"{name}: {value}\r\n")
        else:
            lines.append(f"{name}*: UTF-8''{quote(value, safe='', errors='surrogatepass')}\r\n")
    return "".join(lines).encode()


def decode_fields(block: bytes) -> list[tuple[str, str]]:
    """What `encode_fields` was given, in order. Raises ValueError on anything else."""
    fields = []
    for line in block.decode().split("\r\n")[:-1]:
        name, colon, value = line.partition(": ")
        if not colon:
            raise ValueError(f"not a warc-fields line: {line!r}")
        if name.endswith("*"):
            name = name[:-1]
            value = unquote(value.removeprefix("UTF-8''"), errors="surrogatepass")
        fields.append((name, value))
    return fields


def encode_warcinfo(file_name: str, run_id: str, fields: Mapping[str, str]) -> bytes:
    """The first record of a file, with what holds for all of it; `fields` go before ours."""
    own = {
        "software": "CableCrawl",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        # Scrapy keeps neither reason phrases, nor the case of header names, nor chunking.
        "http-fidelity": "scrapy-normalised",
        "isPartOf": run_id,
    }
    return encode_record(
        "warcinfo",
        uuid.uuid4().urn,
        warc_date(datetime.now(UTC)),
        [("WARC-Filename", file_name), ("Content-Type", FIELDS_MEDIA_TYPE)],
        [encode_fields({**own, **fields}.items())],
    )


def encode_note(subject: str, file_name: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """A metadata record about a file and not about an exchange: `subject` is one word."""
    return encode_record(
        "metadata",
        uuid.uuid4().urn,
        warc_date(datetime.now(UTC)),
        [
            # Indexers expect an address of every record but warcinfo; wget has this scheme.
            ("WARC-Target-URI", f"metadata://cablecrawl/{subject}/{file_name}"),
            ("Content-Type", FIELDS_MEDIA_TYPE),
        ],
        [encode_fields([("note", subject), *fields])],
    )


def warc_date(moment: datetime) -> str:
    """`2010-12-22T08:30:00.000000Z`. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment}: a time without a zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _exchange_fields(exchange: Exchange, order: Sequence[str]) -> bytes:
    fields = [
        ("capture", exchange.capture_id),
        ("records", " ".join(order)),
        ("run", exchange.run_id),
        ("source", exchange.source),
        ("url", exchange.url),
        ("via", exchange.via),
        ("outcome", exchange.outcome),
        ("status", None if exchange.status is None else str(exchange.status)),
        *(("flag", flag) for flag in exchange.flags),
        ("truncated", exchange.truncated),
        ("ip", exchange.ip_address),
        ("detail", exchange.detail),
        ("rendered-from", exchange.rendered_from),
        ("robots", exchange.robots),
        *_revisit_fields(exchange),
    ]
    return encode_fields((name, value) for name, value in fields if value is not None)


def _revisit_fields(exchange: Exchange) -> list[tuple[str, str]]:
    revisit = exchange.revisit
    if revisit is None:
        return []
    fields = [
        ("revisit-of", revisit.capture_id),
        ("revisit-url", revisit.url),
        ("revisit-date", revisit.fetched_at),
        ("revisit-warc", revisit.warc),
        ("revisit-profile", revisit.profile),
        ("payload-sha256", revisit.payload_sha256),
        ("payload-length", str(revisit.payload_length)),
    ]
    if revisit.profile == NOT_MODIFIED:
        fields.append(("response-head", _stored_head(exchange).decode("latin-1")))
    return fields


def _stored_head(exchange: Exchange) -> bytes:
    if not exchange.response_head:
        if exchange.payload and exchange.rendered_from is None:
            raise ValueError(f"{exchange.url!r}: a payload without a response head")
        return b""
    head = TRANSFER_ENCODING.sub(b"", exchange.response_head)
    empty_line = EMPTY_LINE.search(head)
    if not head.endswith(b"\r\n\r\n") or empty_line is None or empty_line.end() != len(head):
        raise ValueError(f"{exchange.url!r}: the response head does not end at its empty line")
    return head


def _checked_id(capture_id: str | None) -> str:
    urn = uuid.UUID(capture_id).urn
    if urn != capture_id:
        raise ValueError(f"capture_id = {capture_id!r}: expected {urn}")
    return urn


def _percent(match: re.Match[str]) -> str:
    return quote(match[0], safe="", errors="surrogatepass")


def _is_ip_address(value: str | None) -> bool:
    # A name, or an address with a zone ("fe80::1%eth0"), is no WARC-IP-Address.
    try:
        return value is not None and "%" not in value and bool(ip_address(value))
    except ValueError:
        return False
