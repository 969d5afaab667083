"""Documents as a browser shows them, in WARC files beside the responses they were made from."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from cablecrawl.capture import (
    DamagedWarc,
    Exchange,
    encode_exchange,
    read_exchanges,
    read_members,
    read_response,
    recover,
)
from cablecrawl.capture.members import RENDERED_HEAD
from tests.capture.exchanges import HEAD, REQUEST, page, write


def rendered(number: int = 1, document: bytes = "<pre>S\u00c3O PAULO</pre>".encode()) -> Exchange:
    """What a browser made of `page(number)`."""
    response = page(number)
    return Exchange(
        capture_id=uuid.uuid5(uuid.NAMESPACE_URL, f"rendered {number}").urn,
        run_id=response.run_id,
        source=response.source,
        url=response.url,
        via=response.via,
        fetched_at=datetime(2010, 12, 22, 8, 31, tzinfo=UTC),
        outcome="ok",
        status=None,
        request_block=b"",
        response_head=b"",
        payload=document,
        flags=("rendered", "chromium/156.0.8078.79"),
        rendered_from=response.capture_id,
    )


@pytest.mark.parametrize("document", [b"<pre>x</pre>", b"", b"\r\n\r\nno head\r\n\r\n"])
def test_a_rendered_document_comes_back_from_its_records(tmp_path: Path, document: bytes) -> None:
    exchanges = [page(1), rendered(1, document), page(2)]
    path = write(tmp_path, *exchanges)
    found = list(read_exchanges(path))
    assert [exchange for exchange, _ in found] == exchanges
    location = found[1][1]
    assert read_response(tmp_path, location, verify=True) == (RENDERED_HEAD, document)


def test_it_is_a_resource_of_the_same_event_and_no_copy_of_the_page(tmp_path: Path) -> None:
    """WARC 1.1: a resource has no WARC-Refers-To; and replay is not to show it as the page."""
    path = write(tmp_path, page(), rendered())
    _, _, _, response, metadata, resource = read_members(path)
    assert (metadata.kind, resource.kind) == ("metadata", "resource")
    assert resource.headers["content-type"] == "text/html; charset=utf-8"
    assert resource.headers["warc-target-uri"] == f"urn:dom:{page().url}"
    assert "warc-refers-to" not in resource.headers
    assert resource.headers["warc-payload-digest"] == resource.headers["warc-block-digest"]
    with path.open("rb") as file:
        (record,) = (found for found in ArchiveIterator(file) if found.rec_type == "resource")
    linked = [value for name, value in record.rec_headers.headers if name == "WARC-Concurrent-To"]
    assert response.headers["warc-record-id"] in linked


@pytest.mark.parametrize(
    "change",
    [
        {"request_block": REQUEST},
        {"response_head": HEAD},
        {"rendered_from": "urn:uuid:NONE"},
        {"rendered_from": None},
    ],
    ids=str,
)
def test_what_could_not_be_read_back_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode_exchange(replace(rendered(), **change))


def test_a_file_cut_anywhere_has_the_document_whole_or_not_at_all(tmp_path: Path) -> None:
    whole = write(tmp_path, page(1), rendered(1), seal=False)
    data = whole.read_bytes()
    (_, end), (_, location) = ((e, found) for e, found in read_exchanges(whole))
    start = end.offset + end.length
    for cut in (*range(start, len(data), 23), len(data) - 1):
        path = tmp_path / "cut-00001.warc.gz.open"
        path.write_bytes(data[:cut])
        recovery = recover(path, 0)
        assert [found.exchange.capture_id for found in recovery.exchanges()] == [page(1).capture_id]
        assert recovery.end == start
    assert location.offset + location.length == len(data)


def test_a_document_without_its_metadata_is_damage(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), rendered(1))
    data = path.read_bytes()
    *_, metadata, resource = read_members(path)
    path.chmod(0o644)
    path.write_bytes(data[: metadata.offset] + data[resource.offset :])
    with pytest.raises(DamagedWarc, match="without the metadata"):
        list(read_exchanges(path))
