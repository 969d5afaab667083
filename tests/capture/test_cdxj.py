"""The index beside a WARC file: what is in it, and that nothing hangs on it."""

from __future__ import annotations

import json
import logging
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cablecrawl.capture.cdxj
from cablecrawl.capture import (
    DamagedWarc,
    Location,
    WarcWriter,
    encode_exchange,
    payload_sha256,
    read_exchanges,
    read_manifest,
    read_members,
    read_response,
    recover,
)
from cablecrawl.capture.cdxj import index_lines, index_path, url_key, write_index
from cablecrawl.capture.exchange import encode_record
from tests.capture.exchanges import HEAD, failure, page, write
from tests.capture.test_rendered import rendered

Line = tuple[str, str, dict[str, Any]]


def lines_of(index: Path) -> list[Line]:
    found = []
    for line in index.read_text(encoding="ascii").splitlines():
        key, second, fields = line.split(" ", 2)
        found.append((key, second, json.loads(fields)))
    return found


def test_every_response_has_a_line_that_leads_to_it(tmp_path: Path) -> None:
    missing = replace(
        page(3), status=404, response_head=b"HTTP/1.1 404 Not Found\r\n\r\n", payload=b"gone"
    )
    exchanges = [page(2), page(1), failure(7), missing]
    path = write(tmp_path, *exchanges)
    lines = lines_of(tmp_path / "run-00001.cdxj")
    assert [(key, second) for key, second, _ in lines] == [
        ("example,mirror)/cable/1.html", "20101222083001"),
        ("example,mirror)/cable/2.html", "20101222083002"),
        ("example,mirror)/cable/3.html", "20101222083003"),
    ]
    for (_, _, fields), exchange in zip(lines, [page(1), page(2), missing], strict=True):
        assert fields["filename"] == path.name
        location = Location(path.name, int(fields["offset"]), int(fields["length"]))
        found = read_response(tmp_path, location, verify=True)
        assert found == (exchange.response_head, exchange.payload)
        assert fields["url"] == exchange.url
        assert fields["digest"] == f"sha256:{payload_sha256(exchange.payload)}"
        assert fields["status"] == str(exchange.status)
    assert [fields.get("mime") for _, _, fields in lines] == ["text/html", "text/html", None]


def test_lines_are_sorted_by_their_bytes(tmp_path: Path) -> None:
    urls = [
        "http://b.example/",
        "http://a.example/~",
        "http://a.example/%C3%BC",
        "http://a.example/a",
    ]
    write(tmp_path, *(replace(page(n), url=url) for n, url in enumerate(urls)))
    lines = (tmp_path / "run-00001.cdxj").read_bytes().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == len(urls)


def test_what_a_browser_made_of_a_page_is_not_offered_as_the_page(tmp_path: Path) -> None:
    write(tmp_path, page(1), rendered())
    assert [fields["url"] for _, _, fields in lines_of(tmp_path / "run-00001.cdxj")] == [
        page(1).url
    ]


def test_a_revisit_is_marked_as_one(tmp_path: Path) -> None:
    headers = [
        ("WARC-Target-URI", page(1).url),
        ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/server-not-modified"),
        ("Content-Type", "application/http;msgtype=response"),
        ("WARC-Payload-Digest", "sha256:abc"),
    ]
    head = b"HTTP/1.1 304 Not Modified\r\nContent-Type: text/html\r\n\r\n"
    record = encode_record(
        "revisit", page(9).capture_id, "2026-11-21T18:00:00.000000Z", headers, [head]
    )
    path = tmp_path / "run-00001.warc.gz"
    path.write_bytes(record)
    (line,) = lines_of(write_index(path))
    assert line[2]["mime"] == "warc/revisit"
    assert line[2]["status"] == "304"
    assert line[2]["digest"] == "sha256:abc"


def test_the_same_file_gives_the_same_index(tmp_path: Path) -> None:
    path = write(tmp_path, *map(page, range(20)))
    before = index_path(path).read_bytes()
    index_path(path).unlink()
    assert [exchange.capture_id for exchange, _ in read_exchanges(path)] == [
        page(number).capture_id for number in range(20)
    ]
    assert write_index(path).read_bytes() == before


def test_sorting_piece_by_piece_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, *(page(number * 7 % 50) for number in range(50)))
    before = index_path(path).read_bytes()
    monkeypatch.setattr(cablecrawl.capture.cdxj, "LINES_AT_A_TIME", 7)
    assert write_index(path).read_bytes() == before
    assert before.count(b"\n") == 50


def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cablecrawl.capture.cdxj, "LINES_AT_A_TIME", 100)
    peaks = []
    for count in (10, 300, 1500):
        path = write(tmp_path / f"{count}", *map(page, range(count)))
        tracemalloc.start()
        write_index(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Each piece that is merged holds one line and a buffer.
    assert peaks[2] < 1.5 * peaks[1], peaks


def test_each_file_of_a_run_is_indexed_when_it_is_sealed(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {}, max_bytes=2_000)
    for number in range(4):
        writer.append([encode_exchange(page(number))])
    files = [sealed.name for sealed in writer.seal()]
    assert len(files) > 1
    indexed = [
        fields["filename"]
        for name in files
        for _, _, fields in lines_of(index_path(tmp_path / name))
    ]
    assert sorted(set(indexed)) == files
    assert len(indexed) == 4


def test_a_file_that_a_crash_left_is_indexed_when_it_is_recovered(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2), seal=False)
    path.write_bytes(path.read_bytes()[:-5])
    assert not index_path(path).exists()
    recover(path, 0).seal()
    assert [fields["url"] for _, _, fields in lines_of(index_path(path))] == [page(1).url]


def test_a_file_is_sealed_though_its_index_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run-00001.cdxj").mkdir()
    with caplog.at_level(logging.WARNING):
        path = write(tmp_path, page(1))
    assert path.name in read_manifest(tmp_path)
    assert "run-00001.cdxj: not written anew (" in caplog.text
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "MANIFEST-sha256.txt",
        "run-00001.cdxj",
        "run-00001.warc.gz",
    ]


def damage(path: Path, number: int) -> None:
    """Flips a bit in the middle of a file's member."""
    member = list(read_members(path))[number]
    path.chmod(0o600)
    spoilt = bytearray(path.read_bytes())
    spoilt[member.offset + member.length // 2] ^= 1
    path.write_bytes(spoilt)


def test_a_damaged_file_keeps_the_index_of_when_it_was_whole(tmp_path: Path) -> None:
    path = write(tmp_path, *map(page, range(5)))
    before = index_path(path).read_bytes()
    damage(path, 5)
    with pytest.raises(DamagedWarc):
        write_index(path)
    assert index_path(path).read_bytes() == before


def test_without_an_index_a_damaged_file_gives_what_stands_before_the_damage(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, *map(page, range(5)))
    before = index_path(path).read_bytes().splitlines()
    index_path(path).unlink()
    damage(path, 8)  # warcinfo and three records a page: the metadata of the third page
    with pytest.raises(DamagedWarc):
        write_index(path)
    assert index_path(path).read_bytes().splitlines() == before[:2]


def test_half_a_record_has_no_line(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2), seal=False)
    path.write_bytes(path.read_bytes()[:-30])
    found = []
    with pytest.raises(DamagedWarc):
        for line in index_lines(path):
            found.append(line)
    assert len(found) == 1


@settings(deadline=None)
@given(
    st.text(st.characters(codec=None), max_size=30).flatmap(
        lambda text: st.sampled_from([text, f"http://{text}", f"http://mirror.example/{text}"])
    )
)
def test_any_address_gives_a_line_of_three_parts(
    tmp_path_factory: pytest.TempPathFactory, url: str
) -> None:
    folder = tmp_path_factory.mktemp("warc")
    write(folder, replace(page(1), url=url))
    ((key, second, fields),) = lines_of(folder / "run-00001.cdxj")
    assert key and key.isprintable()
    assert second == "20101222083001"
    assert fields["status"] == "200"
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.mirror.example/Cable/", "example,mirror)/cable"),
        ("http://mirror.example:8080/?b=2&a=1", "example,mirror:8080)/?a=1&b=2"),
        ("http://127.0.0.1/", "1,0,0,127)/"),
        ("http://mirror.example/caf%C3%A9", "example,mirror)/caf%c3%a9"),
    ],
)
def test_keys_are_those_that_replay_asks_for(url: str, key: str) -> None:
    assert url_key(url) == key


def test_a_response_with_an_odd_head_is_indexed_all_the_same(tmp_path: Path) -> None:
    odd = replace(page(1), response_head=b"ICY\r\nContent-Type: ; charset=utf-8\r\n\r\n")
    write(tmp_path, odd, replace(page(2), response_head=HEAD))
    first, second = lines_of(tmp_path / "run-00001.cdxj")
    assert "status" not in first[2] and "mime" not in first[2]
    assert second[2]["mime"] == "text/html"
