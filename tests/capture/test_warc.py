"""Exchanges written to WARC files, and read back by us and by other tools."""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from cablecrawl.capture import (
    DamagedWarc,
    Exchange,
    Location,
    WarcWriter,
    encode_exchange,
    payload_sha256,
    read_exchanges,
    read_manifest,
    read_members,
    read_response,
)
from tests.capture.exchanges import HEAD, failure, page, write

FASTWARC = Path(sys.executable).with_name("fastwarc")

# Header lines as Scrapy can give them: any byte but the line ends.
header_lines = st.lists(
    st.tuples(st.from_regex(rb"[A-Za-z-]{1,12}", fullmatch=True), st.binary(max_size=30)).map(
        lambda pair: pair[0] + b": " + pair[1].translate(None, b"\r\n") + b"\r\n"
    ),
    max_size=5,
).filter(lambda lines: not any(line.lower().startswith(b"transfer-enc") for line in lines))
heads = header_lines.map(lambda lines: b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + b"\r\n")
texts = st.text(st.characters(codec=None), max_size=20)
times = st.datetimes(
    datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(timezone(timedelta(hours=2)))
)
fetched = st.builds(
    Exchange,
    capture_id=st.uuids().map(lambda value: value.urn),
    run_id=texts,
    source=texts,
    url=texts | texts.map(lambda text: f"http://mirror.example/{text}"),
    via=st.none() | texts,
    fetched_at=times,
    outcome=texts,
    status=st.none() | st.integers(0, 999),
    request_block=st.binary(max_size=50),
    response_head=heads,
    payload=st.binary(max_size=2000),
    ip_address=st.none() | st.ip_addresses().map(str) | texts,
    flags=st.lists(texts, max_size=3).map(tuple),
    truncated=st.none() | st.sampled_from(["length", "time", "disconnect", "unspecified"]),
    detail=st.none() | texts,
)
failed = fetched.map(lambda exchange: replace(exchange, response_head=b"", payload=b""))


def check(path: Path) -> None:
    """Has the tools people use look at the file."""
    subprocess.run(["gzip", "-t", path], check=True)
    subprocess.run([FASTWARC, "check", "--quiet", path], check=True)


def warcio_records(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        yield from ArchiveIterator(file, check_digests="raise")


@settings(deadline=None)
@given(st.lists(fetched | failed, min_size=1, max_size=4))
def test_an_exchange_comes_back_from_its_records(
    tmp_path_factory: pytest.TempPathFactory, exchanges: list[Exchange]
) -> None:
    folder = tmp_path_factory.mktemp("warc")
    path = write(folder, *exchanges)
    found = list(read_exchanges(path))
    assert [exchange for exchange, _ in found] == exchanges
    for exchange, location in found:
        expected = exchange.response_head, exchange.payload
        assert read_response(folder, location, verify=True) == expected
    shutil.rmtree(folder)


@settings(deadline=None, max_examples=50)
@given(st.lists(fetched | failed, min_size=1, max_size=3))
def test_warcio_reads_every_record_and_agrees_with_its_digests(
    tmp_path_factory: pytest.TempPathFactory, exchanges: list[Exchange]
) -> None:
    folder = tmp_path_factory.mktemp("warc")
    # Of an address that is not HTTP's, warcio takes the HTTP head for payload.
    exchanges = [replace(each, url=f"http://{each.url}") for each in exchanges]
    kinds = []
    for record in warcio_records(write(folder, *exchanges)):
        record.raw_stream.read()
        kinds.append(record.rec_type)
    expected = ["warcinfo"]
    for exchange in exchanges:
        request = ["request"] if exchange.request_block else []
        if exchange.response_head:
            expected += ["metadata", *request, "response"]
        else:
            expected += [*request, "metadata"]
    assert kinds == expected
    shutil.rmtree(folder)


@settings(deadline=None, max_examples=10)
@given(st.lists(fetched | failed, min_size=1, max_size=3))
def test_fastwarc_and_gzip_find_nothing_wrong(
    tmp_path_factory: pytest.TempPathFactory, exchanges: list[Exchange]
) -> None:
    folder = tmp_path_factory.mktemp("warc")
    check(write(folder, *exchanges))
    shutil.rmtree(folder)


def test_the_response_record_says_what_other_tools_look_for(tmp_path: Path) -> None:
    exchange = replace(page(), truncated="disconnect")
    records = {record.rec_type: record for record in warcio_records(write(tmp_path, exchange))}
    response, request, metadata = (
        records[kind].rec_headers for kind in ("response", "request", "metadata")
    )
    assert response.get_header("WARC-Record-ID") == f"<{exchange.capture_id}>"
    assert response.get_header("WARC-Target-URI") == exchange.url
    assert response.get_header("WARC-Date") == "2010-12-22T08:30:01.123456Z"
    assert response.get_header("WARC-IP-Address") == "192.0.2.7"
    assert response.get_header("WARC-Truncated") == "disconnect"
    digest = "sha256:" + sha256(exchange.payload).hexdigest()
    assert response.get_header("WARC-Payload-Digest") == digest
    for other in request, metadata:
        links = [value for name, value in other.headers if name == "WARC-Concurrent-To"]
        assert f"<{exchange.capture_id}>" in links


def test_a_gzipped_body_is_stored_as_it_was_sent(tmp_path: Path) -> None:
    body = gzip.compress(b"<pre>UNCLASSIFIED</pre>")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    path = write(tmp_path, replace(page(payload=body), response_head=head))
    [(exchange, _)] = read_exchanges(path)
    assert exchange.payload == body
    contents = [
        record.content_stream().read()
        for record in warcio_records(path)
        if record.rec_type == "response"
    ]
    assert contents == [b"<pre>UNCLASSIFIED</pre>"]


def test_the_warcinfo_says_who_crawled_and_how_true_the_headers_are(tmp_path: Path) -> None:
    first = next(iter(warcio_records(write(tmp_path, page()))))
    assert first.rec_type == "warcinfo"
    assert first.rec_headers.get_header("WARC-Filename") == "run-00001.warc.gz"
    lines = first.raw_stream.read().decode().splitlines()
    assert {"operator: a test", "http-fidelity: scrapy-normalised", "isPartOf: run"} <= {*lines}


def test_a_warcinfo_field_given_goes_before_ours(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {"software": "CableCrawl/9.9"})
    writer.append([encode_exchange(page())])
    [sealed] = writer.seal()
    first = next(iter(warcio_records(tmp_path / sealed.name)))
    assert first.raw_stream.read().decode().startswith("software: CableCrawl/9.9\r\n")


def test_the_same_exchange_gives_the_same_bytes() -> None:
    assert encode_exchange(page()) == encode_exchange(page())


@pytest.mark.parametrize(
    "url",
    [
        "http://mirror.example/a b",
        "http://mirror.example/\r\nWARC-Type: warcinfo",
        "http://mirror.example/\x00\x7f",
        "http://mirror.example/ministère\u2028",
        'http://mirror.example/<>"',
        "http://mirror.example/\udcff",
    ],
)
def test_an_odd_url_breaks_no_header_and_comes_back(tmp_path: Path, url: str) -> None:
    exchange = replace(page(), url=url)
    path = write(tmp_path, exchange)
    assert [found for found, _ in read_exchanges(path)] == [exchange]
    kinds = [record.rec_type for record in warcio_records(path)]
    assert kinds == ["warcinfo", "metadata", "request", "response"]
    check(path)


def test_a_line_break_in_a_detail_makes_no_new_field(tmp_path: Path) -> None:
    exchange = replace(failure(), detail="reset\r\noutcome: ok\r\n", flags=("a\nflag: b",))
    path = write(tmp_path, exchange)
    assert [found for found, _ in read_exchanges(path)] == [exchange]
    [block] = [member.block for member in read_members(path) if member.kind == "metadata"]
    assert block.count(b"\noutcome: ") == 1
    assert b"\nflag: " not in block


@pytest.mark.parametrize(
    "line", [b"Transfer-Encoding: chunked\r\n", b"transfer-encoding : gzip,\r\n chunked\r\n"]
)
def test_a_transfer_encoding_header_is_not_written(tmp_path: Path, line: bytes) -> None:
    head = HEAD.replace(b"X-Odd", line + b"X-Odd")
    [(exchange, _)] = read_exchanges(write(tmp_path, replace(page(), response_head=head)))
    assert exchange.response_head == HEAD


@pytest.mark.parametrize(
    "change",
    [
        {"capture_id": "urn:uuid:1"},
        {"capture_id": str(uuid.UUID(int=1))},
        {"fetched_at": datetime(2010, 12, 22)},
        {"truncated": "cut"},
        {"response_head": b""},
        {"response_head": b"HTTP/1.1 200 OK\r\nA: b\r\n"},
        {"response_head": b"HTTP/1.1 200 OK\r\n\r\nA: b\r\n\r\n"},
        {"response_head": b"HTTP/1.1 200 OK\r\nA: b\n\nc\r\n\r\n"},
    ],
)
def test_an_exchange_that_could_not_be_read_back_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode_exchange(replace(page(), **change))


def test_a_time_in_another_zone_is_stored_in_utc(tmp_path: Path) -> None:
    oslo = timezone(timedelta(hours=1))
    path = write(tmp_path, replace(page(), fetched_at=datetime(2010, 12, 22, 9, tzinfo=oslo)))
    [(exchange, _)] = read_exchanges(path)
    assert exchange.fetched_at == datetime(2010, 12, 22, 8, tzinfo=UTC)
    assert exchange.fetched_at.utcoffset() == timedelta(0)


def test_an_encoded_exchange_names_its_body(tmp_path: Path) -> None:
    encoded = encode_exchange(page(payload=b"abc"))
    assert encoded.payload_sha256 == payload_sha256(b"abc") == sha256(b"abc").hexdigest()
    assert encoded.payload_length == 3


def test_a_location_ends_where_its_exchange_ends(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    exchanges = [page(1), failure(2), failure(3, request=b""), page(4)]
    locations = writer.append([encode_exchange(exchange) for exchange in exchanges])
    path = tmp_path / writer.seal()[0].name
    assert locations == [location for _, location in read_exchanges(path)]
    for number, location in enumerate(locations[:-1], 1):
        rest = read_exchanges(path, location.offset + location.length)
        assert [exchange for exchange, _ in rest] == exchanges[number:]
    assert locations[-1].offset + locations[-1].length == path.stat().st_size


def test_a_response_is_read_while_its_file_is_open_and_when_it_is_sealed(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    [location] = writer.append([encode_exchange(page())])
    assert location.warc == "run-00001.warc.gz"
    assert (tmp_path / "run-00001.warc.gz.open").exists()
    assert read_response(tmp_path, location) == (HEAD, page().payload)
    writer.seal()
    assert not (tmp_path / "run-00001.warc.gz.open").exists()
    assert read_response(tmp_path, location) == (HEAD, page().payload)
    with pytest.raises(FileNotFoundError):
        read_response(tmp_path, replace(location, warc="other-00001.warc.gz"))


def test_a_failure_has_no_response_to_read(tmp_path: Path) -> None:
    [(_, location)] = read_exchanges(write(tmp_path, failure()))
    assert read_response(tmp_path, location) == (b"", b"")


def test_a_flipped_bit_is_never_read_as_a_page(tmp_path: Path) -> None:
    path = write(tmp_path, page(payload=os.urandom(100)))
    [(_, location)] = read_exchanges(path)
    good = path.read_bytes()
    path.chmod(0o644)
    for offset in range(location.offset, location.offset + location.length):
        bad = bytearray(good)
        bad[offset] ^= 0x10
        path.write_bytes(bad)
        # Not every bit of a gzip header means anything: what is read must then be right.
        try:
            assert read_response(tmp_path, location) == (HEAD, good_payload(good, location))
        except DamagedWarc as damage:
            assert damage.offset == location.offset
            assert str(damage).startswith(f"{path.name}: damaged at byte {location.offset}: ")


def good_payload(data: bytes, location: Location) -> bytes:
    member = gzip.decompress(data[location.offset : location.offset + location.length])
    return member.removesuffix(b"\r\n\r\n").split(b"\r\n\r\n", 2)[2]


def rewritten(path: Path, kind: str, change: Callable[[bytes], bytes]) -> None:
    """Changes the text of the records of a type, and compresses them again."""
    data = path.read_bytes()
    parts = [data[member.offset : member.end] for member in read_members(path)]
    kinds = [member.kind for member in read_members(path)]
    path.chmod(0o644)
    path.write_bytes(
        b"".join(
            gzip.compress(change(gzip.decompress(part))) if kind == found else part
            for part, found in zip(parts, kinds, strict=True)
        )
    )


def test_a_record_whose_digest_does_not_agree_is_damage(tmp_path: Path) -> None:
    path = write(tmp_path, page())
    rewritten(path, "response", lambda text: text.replace(b"UNCLASSIFIED", b"UNCLASSIFIEX"))
    with pytest.raises(DamagedWarc, match="digest"):
        list(read_exchanges(path))
    location = Location(path.name, 0, 0)
    for member in read_members_until_damage(path):
        location = Location(path.name, member, path.stat().st_size - member)
    assert read_response(tmp_path, location)[1] == b"<pre>UNCLASSIFIEX</pre>"
    with pytest.raises(DamagedWarc, match="digest"):
        read_response(tmp_path, location, verify=True)


def read_members_until_damage(path: Path) -> Iterator[int]:
    try:
        for member in read_members(path):
            yield member.end
    except DamagedWarc:
        pass


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-4],
        lambda text: text + b"\r\n",
        lambda text: text[:-5] + text[-4:],
        lambda text: text.replace(b"Content-Length: ", b"Content-Length: x"),
        lambda text: text.replace(b"WARC/1.1", b"HTTP/1.1"),
        lambda text: b"",
    ],
)
def test_a_record_that_is_not_what_its_header_says_is_damage(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    path = write(tmp_path, page())
    rewritten(path, "response", change)
    with pytest.raises(DamagedWarc):
        list(read_exchanges(path))
    *_, start = read_members_until_damage(path)
    with pytest.raises(DamagedWarc):
        read_response(tmp_path, Location(path.name, start, path.stat().st_size - start))


def test_a_record_missing_from_an_exchange_is_damage(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2), failure(3))
    data = path.read_bytes()
    members = list(read_members(path))
    path.chmod(0o644)
    for missing in members[1:]:
        path.write_bytes(data[: missing.offset] + data[missing.end :])
        if missing is members[-2]:  # the metadata of the failure says that it had a request
            assert missing.kind == "request"
        with pytest.raises(DamagedWarc):
            list(read_exchanges(path))


def test_a_response_that_comes_too_early_is_where_the_damage_is(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2))
    data = path.read_bytes()
    _, _, request, *_ = read_members(path)
    path.chmod(0o644)
    path.write_bytes(data[: request.offset] + data[request.end :])
    with pytest.raises(DamagedWarc, match="out of place") as caught:
        list(read_exchanges(path))
    assert caught.value.offset == request.offset


def test_no_other_record_stands_inside_an_exchange(tmp_path: Path) -> None:
    path = write(tmp_path, page())
    data = path.read_bytes()
    warcinfo, _, request, _ = read_members(path)
    path.chmod(0o644)
    path.write_bytes(data[: request.offset] + data[: warcinfo.end] + data[request.offset :])
    with pytest.raises(DamagedWarc, match="lacks its last record"):
        list(read_exchanges(path))


@pytest.mark.parametrize("start", [b"", b"WARC/1.1\r\nContent-Length: 10\r\n\r\n"])
def test_a_member_that_swells_is_not_taken_into_memory(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "run-00001.warc.gz"
    path.write_bytes(gzip.compress(start + bytes(50_000_000), 1))
    tracemalloc.start()
    with pytest.raises(DamagedWarc):
        list(read_members(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_records_of_two_exchanges_do_not_mix(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2))
    data = path.read_bytes()
    _, metadata, request, _, _, _, response = read_members(path)
    path.chmod(0o644)
    path.write_bytes(data[metadata.offset : request.end] + data[response.offset :])
    with pytest.raises(DamagedWarc, match="another exchange"):
        list(read_exchanges(path))


def test_what_came_before_the_damage_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2), seal=False)
    path.write_bytes(path.read_bytes()[:-1])
    exchanges = read_exchanges(path)
    assert next(exchanges)[0] == page(1)
    with pytest.raises(DamagedWarc):
        next(exchanges)


def test_records_of_other_kinds_between_exchanges_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, page(1), page(2))
    data = path.read_bytes()
    warcinfo, *_ = read_members(path)
    _, location = next(read_exchanges(path))
    middle = location.offset + location.length
    path.chmod(0o644)
    path.write_bytes(data[:middle] + data[: warcinfo.end] + data[middle:])
    assert [exchange for exchange, _ in read_exchanges(path)] == [page(1), page(2)]


def test_a_sealed_file_is_listed_read_only_and_as_it_says(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    writer.append([encode_exchange(page())])
    [sealed] = writer.seal()
    path = tmp_path / sealed.name
    assert sealed.name == "run-00001.warc.gz"
    assert sealed.bytes == path.stat().st_size
    assert sealed.sha256 == sha256(path.read_bytes()).hexdigest()
    assert not path.stat().st_mode & 0o222
    assert read_manifest(tmp_path) == {sealed.name: sealed.sha256}
    command = ["sha256sum", "--check", "--strict", "MANIFEST-sha256.txt"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_the_manifest_keeps_the_files_of_other_runs(tmp_path: Path) -> None:
    first, second = write(tmp_path, page(), run_id="a"), write(tmp_path, page(), run_id="b")
    assert list(read_manifest(tmp_path)) == [first.name, second.name]


def test_a_manifest_line_that_is_none_is_named(tmp_path: Path) -> None:
    write(tmp_path, page())
    with (tmp_path / "MANIFEST-sha256.txt").open("a") as file:
        file.write("spoiled\n")
    with pytest.raises(ValueError, match="line 2"):
        read_manifest(tmp_path)


def test_a_file_that_would_get_too_large_is_sealed_and_the_next_begun(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {}, max_bytes=10_000)
    expected = [page(number, payload=os.urandom(3_000)) for number in range(8)]
    locations = [writer.append([encode_exchange(exchange)])[0] for exchange in expected]
    files = writer.seal()
    assert len(files) == 4
    assert all(file.bytes <= 10_000 for file in files)
    assert {location.warc for location in locations} == {file.name for file in files}
    assert list(read_manifest(tmp_path)) == [file.name for file in files]
    found = [exchange for file in files for exchange, _ in read_exchanges(tmp_path / file.name)]
    assert found == expected
    for file in files:
        check(tmp_path / file.name)


def test_an_exchange_larger_than_a_file_may_be_is_stored_all_the_same(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, "run", {}, max_bytes=1_000)
    for number in range(2):
        writer.append([encode_exchange(page(number, payload=os.urandom(5_000)))])
    assert [len(list(read_exchanges(tmp_path / file.name))) for file in writer.seal()] == [1, 1]


def test_a_run_without_exchanges_leaves_no_file(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path / "warc", "run", {})
    assert writer.append([]) == []
    assert writer.seal() == []
    assert list((tmp_path / "warc").iterdir()) == []


def test_sealing_twice_changes_nothing_and_writing_goes_on_in_the_next_file(
    tmp_path: Path,
) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    writer.append([encode_exchange(page(1))])
    assert writer.seal() == writer.seal()
    [location] = writer.append([encode_exchange(page(2))])
    assert location.warc == "run-00002.warc.gz"
    assert len(writer.seal()) == 2


@pytest.mark.parametrize("seal", [True, False])
def test_no_run_writes_to_the_file_of_another(tmp_path: Path, seal: bool) -> None:
    path = write(tmp_path, page(), seal=seal)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        WarcWriter(tmp_path, "run", {}).append([encode_exchange(page(2))])
    assert path.read_bytes() == before


@pytest.mark.parametrize("run_id", ["", "../run", "a b", "a\nb", ".run"])
def test_a_run_id_that_is_no_file_name_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(ValueError):
        WarcWriter(tmp_path, run_id, {})


def test_one_append_is_one_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    writer.append([encode_exchange(page(1))])
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    writer.append([encode_exchange(page(number)) for number in range(2, 9)])
    assert len(calls) == 1


class FullDisk(io.FileIO):
    """Takes half of what it is given while `full`, then has no space left."""

    full = False
    half_taken = False

    def write(self, data: Any) -> int:
        if not type(self).full:
            return super().write(data)
        if self.half_taken:
            self.half_taken = False
            raise OSError(28, "No space left on device")
        self.half_taken = True
        return super().write(memoryview(data)[: len(data) // 2])


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FullDisk]]:
    monkeypatch.setattr("cablecrawl.capture.warc.FileIO", FullDisk)
    yield FullDisk
    FullDisk.full = False


def test_a_full_disk_leaves_no_torn_member_and_writing_can_go_on(
    tmp_path: Path, full_disk: type[FullDisk]
) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    writer.append([encode_exchange(page(1))])
    path = tmp_path / "run-00001.warc.gz.open"
    before = path.read_bytes()
    full_disk.full = True
    with pytest.raises(OSError, match="No space"):
        writer.append([encode_exchange(page(2)), encode_exchange(page(3))])
    assert path.read_bytes() == before
    full_disk.full = False
    writer.append([encode_exchange(page(4))])
    [sealed] = writer.seal()
    path = tmp_path / sealed.name
    assert [exchange for exchange, _ in read_exchanges(path)] == [page(1), page(4)]
    assert sealed.sha256 == sha256(path.read_bytes()).hexdigest()
    check(path)


def test_a_disk_full_from_the_start_leaves_no_file(
    tmp_path: Path, full_disk: type[FullDisk]
) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    full_disk.full = True
    with pytest.raises(OSError, match="No space"):
        writer.append([encode_exchange(page())])
    assert writer.seal() == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_fsynced_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    writer.append([encode_exchange(page(1))])
    path = tmp_path / "run-00001.warc.gz.open"
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            writer.append([encode_exchange(page(2))])
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_listed_stays_open_and_is_sealed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = WarcWriter(tmp_path, "run", {})
    writer.append([encode_exchange(page(1))])

    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="No space"):
            writer.seal()
    assert [path.name for path in tmp_path.iterdir()] == ["run-00001.warc.gz.open"]
    writer.append([encode_exchange(page(2))])
    [sealed] = writer.seal()
    assert len(list(read_exchanges(tmp_path / sealed.name))) == 2
    assert read_manifest(tmp_path) == {sealed.name: sealed.sha256}


def test_a_really_full_disk_loses_nothing_that_was_stored(small_disk: Path) -> None:
    other = small_disk / "other"
    other.write_bytes(bytes(100_000))
    writer = WarcWriter(small_disk, "run", {})
    stored = []
    with pytest.raises(OSError, match="No space left"):
        for number in range(1000):
            exchange = page(number, payload=os.urandom(20_000))
            writer.append([encode_exchange(exchange)])
            stored.append(exchange)
    assert len(stored) > 10
    path = small_disk / "run-00001.warc.gz.open"
    assert [exchange for exchange, _ in read_exchanges(path)] == stored

    other.unlink()
    writer.append([encode_exchange(page(1000))])
    [sealed] = writer.seal()
    found = [exchange for exchange, _ in read_exchanges(small_disk / sealed.name)]
    assert found == [*stored, page(1000)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; skips where it cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("cannot mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
