"""What the WARC headers of an exchange's records must say, given the exchange.

They repeat, for other tools, what the metadata record says. The digest of a block says nothing
of the header before it, so a header that was rewritten together with its checksum shows here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import quote

from cablecrawl.capture.exchange import (
    FIELDS_MEDIA_TYPE,
    MEDIA_TYPES,
    NOT_IN_TARGET_URI,
    RENDERED_URN,
    Exchange,
    decode_fields,
    record_ids,
    revisit_headers,
)
from cablecrawl.capture.members import Member

Header = tuple[str, str]


def headers_of(member: Member) -> list[Header]:
    """Names and values as they stand, in order, repeated ones too."""
    lines = member.head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(": ") for line in lines)
    return [(name, value) for name, _, value in pairs]


def faults_of_exchange(
    members: Sequence[Member], exchange: Exchange, payload_sha256: str
) -> Iterator[tuple[Member, str]]:
    """The records whose headers do not say what they should, with what is wrong."""
    kinds = [member.kind for member in members]
    ids = record_ids(exchange.capture_id, kinds)
    date = members[kinds.index("metadata")].headers.get("warc-date", "")
    target = NOT_IN_TARGET_URI.sub(
        lambda match: quote(match[0], safe="", errors="surrogatepass"), exchange.url
    )
    if exchange.rendered_from is not None:
        target = RENDERED_URN + target
    for member in members:
        expected = [
            ("WARC-Type", member.kind),
            ("WARC-Record-ID", f"<{ids[member.kind]}>"),
            ("WARC-Date", date),
            ("WARC-Target-URI", target),
            ("Content-Type", MEDIA_TYPES[member.kind]),
            *(("WARC-Concurrent-To", f"<{ids[kind]}>") for kind in kinds if kind != member.kind),
        ]
        if _is_address(exchange.ip_address):
            expected.append(("WARC-IP-Address", f"{exchange.ip_address}"))
        if member.kind == "resource":
            expected.append(("WARC-Concurrent-To", f"<{exchange.rendered_from}>"))
        if member.kind == "revisit" and exchange.revisit is not None:
            expected += revisit_headers(exchange.revisit)
        if member.kind in ("response", "resource"):
            expected.append(("WARC-Payload-Digest", f"sha256:{payload_sha256}"))
            if exchange.truncated is not None:
                expected.append(("WARC-Truncated", exchange.truncated))
        fault = _difference(headers_of(member), expected)
        if fault is not None:
            yield member, fault


def fault_of_note(member: Member, file_name: str, run_id: str) -> str | None:
    """What is wrong with a record about the file itself; None where nothing is."""
    try:
        fields = dict(decode_fields(member.block))
    except (UnicodeDecodeError, ValueError) as error:
        return f"its block is no application/warc-fields: {error}"
    # Identity and time of such a record are nowhere else.
    expected = [
        ("WARC-Type", member.kind),
        ("WARC-Record-ID", member.headers.get("warc-record-id", "")),
        ("WARC-Date", member.headers.get("warc-date", "")),
        ("Content-Type", FIELDS_MEDIA_TYPE),
    ]
    if member.kind == "warcinfo":
        expected.append(("WARC-Filename", file_name))
        if fields.get("isPartOf") != run_id:
            return f"isPartOf is {fields.get('isPartOf')!r}, expected {run_id!r}"
    else:
        subject = fields.get("note", "")
        expected.append(("WARC-Target-URI", f"metadata://cablecrawl/{subject}/{file_name}"))
    return _difference(headers_of(member), expected)


def _difference(found: list[Header], expected: list[Header]) -> str | None:
    """The first header that differs. Those of the block were checked against the block."""
    of_block = ("WARC-Block-Digest", "Content-Length")
    rest = [header for header in found if header[0] not in of_block]
    for name, value in expected:
        if (name, value) in rest:
            rest.remove((name, value))
            continue
        others = [other for known, other in rest if known == name]
        return f"{name} is {others[0]}, expected {value}" if others else f"has no {name}: {value}"
    return f"has {rest[0][0]}: {rest[0][1]} besides" if rest else None


def _is_address(value: str | None) -> bool:
    try:
        return value is not None and "%" not in value and bool(ip_address(value))
    except ValueError:
        return False
