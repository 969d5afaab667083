"""Exchanges to write and spoil, for the tests of this folder."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cablecrawl.capture import Exchange, WarcWriter, encode_exchange

REQUEST = b"GET /cable/2009/01/09OSLO1.html HTTP/1.1\r\nHost: mirror.example\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Odd: caf\xe9 \xff\r\n\r\n"


def page(number: int = 1, payload: bytes = b"<pre>UNCLASSIFIED</pre>") -> Exchange:
    """A page that was fetched; its ID and time follow from the number."""
    return Exchange(
        capture_id=uuid.uuid5(uuid.NAMESPACE_URL, f"page {number}").urn,
        run_id="20101222T083000Z",
        source="mirror.example",
        url=f"http://mirror.example/cable/{number}.html",
        via="http://mirror.example/",
        fetched_at=datetime(2010, 12, 22, 8, 30, 0, 123456, UTC) + timedelta(seconds=number),
        outcome="ok",
        status=200,
        request_block=REQUEST,
        response_head=HEAD,
        payload=payload,
        ip_address="192.0.2.7",
        flags=("no_length", "reissued"),
    )


def failure(number: int = 1, request: bytes = REQUEST) -> Exchange:
    """An exchange without a response."""
    return Exchange(
        capture_id=uuid.uuid5(uuid.NAMESPACE_URL, f"failure {number}").urn,
        run_id="20101222T083000Z",
        source="mirror.example",
        url=f"http://mirror.example/cable/{number}.html",
        via=None,
        fetched_at=datetime(2010, 12, 22, 8, 30, tzinfo=UTC),
        outcome="timeout",
        status=None,
        request_block=request,
        response_head=b"",
        payload=b"",
        detail="no answer within 180 s",
    )


def write(folder: Path, *exchanges: Exchange, run_id: str = "run", seal: bool = True) -> Path:
    """A WARC file with these exchanges, sealed or as a crash would leave it."""
    writer = WarcWriter(folder, run_id, {"operator": "a test"})
    writer.append([encode_exchange(exchange) for exchange in exchanges])
    if seal:
        return folder / writer.seal()[-1].name
    writer.close()
    return folder / f"{run_id}-00001.warc.gz.open"
