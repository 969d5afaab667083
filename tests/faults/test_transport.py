"""Transport, cases 1 to 10 and 17, 18, 21, 22: what comes over the wire and is not what it says."""

from __future__ import annotations

import gzip
import socket
import sys
from itertools import count
from pathlib import Path

import brotli
import pytest
from fastwarc.warc import ArchiveIterator

from cablecrawl.decoding import GZIP_MAGIC
from tests.crawling import Project, closed_port, fastwarc_check, write_sources
from tests.faults.server import Answer, Connection, FaultServer, redirect, response
from tests.faults.sites import RETRIES, Crawled, Page, crawl, sample_pages, whole

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TRIES = RETRIES + 1
# The limit of the crawl here, so that what goes beyond it is sent in a moment.
LIMIT = 2_000_000

NAMES = (
    "gzip cut",
    "gzip with a wrong checksum",
    "gzip cut once",
    "shorter than its length",
    "chunks without an end",
    "no length",
    "gzip bomb",
    "brotli bomb",
    "zstd bomb",
    "endless",
    "drop by drop",
    "silent",
    "endless headers",
    "plain said to be gzip",
    "gzip twice, said once",
    "gzip twice, said twice",
    "brotli",
    "zstd",
    "unknown coding",
    "plain said to be brotli",
    "trailing bytes",
    "odd headers",
    "refused in the middle",
    "reset at once",
    "not HTTP",
    "nothing at all",
)


def gzip_of(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def endless(connection: Connection) -> None:
    connection.send(response(length=None))
    while True:
        connection.send(b"<p>and so on</p>" * 4_096)


def drop_by_drop(connection: Connection) -> None:
    """Each byte comes before the patience for a next one ends; the page never does."""
    connection.send(response(length=1_000_000))
    while True:
        connection.send(b"x")
        connection.pause(0.2)


def silent(connection: Connection) -> None:
    connection.pause(60)


def endless_headers(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\n")
    for number in count():
        connection.send(f"X-{number}: {'y' * 1_000}\r\n".encode())
        connection.pause(0.001)


def reset_in_the_body(connection: Connection) -> None:
    connection.send(response(b"<html>" + b"x" * 1_000, length=100_000))
    connection.pause(0.2)
    connection.reset()


def reset_at_once(connection: Connection) -> None:
    connection.reset()


ODD_HEADERS = (
    "X-Twice: one",
    "X-Twice: two",
    "Set-Cookie: a=1",
    "Set-Cookie: b=2; Path=/",
    b"X-Latin: caf\xe9",
    b"X-Bytes: \xff\xfe\x80",
    "X-Empty:",
    "x-lower: Case",
)


def answers(pages: dict[str, Page]) -> dict[str, Answer | list[Answer]]:
    def coded(name: str, body: bytes, coding: str) -> bytes:
        return response(body, f"Content-Encoding: {coding}")

    def packed(name: str) -> bytes:
        return pages[name].packed

    cut = packed("gzip cut")
    bad = bytearray(packed("gzip with a wrong checksum"))
    bad[-6] ^= 0xFF
    cut_once = packed("gzip cut once")
    zeros = b"\0" * (64 << 20)
    body = pages["chunks without an end"].body
    chunk = f"{len(body):x}".encode() + b"\r\n" + body + b"\r\n"
    return {
        "gzip cut": coded("", cut[: len(cut) // 2], "gzip"),
        "gzip with a wrong checksum": coded("", bytes(bad), "gzip"),
        "gzip cut once": [
            coded("", cut_once[: len(cut_once) // 2], "gzip"),
            coded("", cut_once, "gzip"),
        ],
        "shorter than its length": response(
            pages["shorter than its length"].body, length=1_000_000
        ),
        "chunks without an end": response(chunk, "Transfer-Encoding: chunked", length=None),
        "no length": response(pages["no length"].body, version="HTTP/1.0", length=None),
        "gzip bomb": coded("", gzip_of(zeros), "gzip"),
        "brotli bomb": coded("", brotli.compress(zeros, quality=1), "br"),
        "zstd bomb": coded("", zstd.compress(zeros), "zstd"),
        "endless": endless,
        "drop by drop": drop_by_drop,
        "silent": silent,
        "endless headers": endless_headers,
        "plain said to be gzip": coded("", pages["plain said to be gzip"].body, "gzip"),
        "gzip twice, said once": coded("", gzip_of(packed("gzip twice, said once")), "gzip"),
        "gzip twice, said twice": coded(
            "", gzip_of(packed("gzip twice, said twice")), "gzip, gzip"
        ),
        "brotli": coded("", brotli.compress(pages["brotli"].body), "br"),
        "zstd": coded("", zstd.compress(pages["zstd"].body), "zstd"),
        "unknown coding": coded("", pages["unknown coding"].body, "x-snappy"),
        "plain said to be brotli": coded("", pages["plain said to be brotli"].body, "br"),
        "trailing bytes": coded("", packed("trailing bytes") + b"<!-- junk -->", "gzip"),
        "odd headers": response(pages["odd headers"].body, *ODD_HEADERS),
        "refused in the middle": reset_in_the_body,
        "reset at once": reset_at_once,
        "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
        "nothing at all": b"",
    }


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    folder = tmp_path_factory.mktemp("transport")
    pages = dict(zip(NAMES, sample_pages(folder / "mirror", len(NAMES) + 3), strict=False))
    return crawl(folder, pages, answers(pages), DOWNLOAD_MAXSIZE=str(LIMIT))


def payload_of(crawled: Crawled, name: str) -> bytes:
    """The last capture's body, as it stands in the WARC file; read by another library."""
    return _record(crawled, name)[1]


def _record(crawled: Crawled, name: str) -> tuple[bytes, bytes, str | None]:
    """Head and body of the last capture's response, and its WARC-Truncated."""
    line = crawled.captures(name)[-1]
    (warc,) = crawled.project.warcs
    with warc.open("rb") as stream:
        stream.seek(line["offset"])
        record = next(iter(ArchiveIterator(stream, parse_http=False)))
        block = record.reader.read()
        truncated = record.headers.get("WARC-Truncated")
    head, _, body = block.partition(b"\r\n\r\n")
    return head, body, truncated


def test_case_01_a_gzip_body_cut_with_a_consistent_length_is_read_by_nobody(
    crawled: Crawled,
) -> None:
    assert crawled.outcomes("gzip cut") == ["undecodable"] * TRIES
    assert crawled.problems("gzip cut") == ["undecodable"]
    assert not crawled.is_read("gzip cut")
    packed = crawled.pages["gzip cut"].packed
    assert payload_of(crawled, "gzip cut") == packed[: len(packed) // 2]
    assert crawled.outcomes("gzip cut once") == ["undecodable", "ok"]
    assert crawled.is_read("gzip cut once")


def test_case_02_a_gzip_body_with_a_wrong_checksum_is_read_by_nobody(crawled: Crawled) -> None:
    name = "gzip with a wrong checksum"
    assert crawled.outcomes(name) == ["undecodable"] * TRIES
    assert crawled.problems(name) == ["undecodable"]
    assert not crawled.is_read(name)


@pytest.mark.parametrize("name", ["shorter than its length", "chunks without an end"])
def test_case_03_a_body_that_ended_early_is_kept_as_truncated_and_asked_for_again(
    crawled: Crawled, name: str
) -> None:
    assert crawled.outcomes(name) == ["dataloss"] * TRIES
    assert crawled.problems(name) == ["dataloss"]
    assert not crawled.is_read(name)
    _, body, truncated = _record(crawled, name)
    assert (body, truncated) == (crawled.pages[name].body, "disconnect")


def test_case_04_a_body_without_a_length_is_read_and_flagged(crawled: Crawled) -> None:
    assert crawled.outcomes("no length") == ["ok"]
    assert crawled.captures("no length")[0]["flags"] == ["no_length"]
    assert crawled.is_read("no length")


@pytest.mark.parametrize("coding", ["gzip", "brotli", "zstd"])
def test_case_05_a_bomb_is_kept_packed_and_unpacked_no_further_than_the_limit(
    crawled: Crawled, coding: str
) -> None:
    name = f"{coding} bomb"
    assert crawled.outcomes(name) == ["too_large"]
    assert crawled.problems(name) == ["too_large"]
    (capture,) = crawled.captures(name)
    assert 0 < capture["payload_length"] < 200_000
    assert f"{LIMIT:,}" in capture["detail"]


def test_case_06_an_endless_body_ends_at_the_limit_of_size(crawled: Crawled) -> None:
    assert set(crawled.outcomes("endless")) == {"too_large"}
    assert crawled.problems("endless") == ["too_large"]


@pytest.mark.parametrize("name", ["drop by drop", "silent"])
def test_case_06_an_answer_without_an_end_ends_at_the_limit_of_time(
    crawled: Crawled, name: str
) -> None:
    assert set(crawled.outcomes(name)) == {"timeout"}
    assert crawled.problems(name) == ["timeout"]


def test_case_06_headers_without_an_end_give_no_page(crawled: Crawled) -> None:
    assert len(crawled.problems("endless headers")) == 1
    assert not crawled.is_read("endless headers")


def test_case_07_a_plain_body_said_to_be_gzip_is_read_and_flagged(crawled: Crawled) -> None:
    (capture,) = crawled.captures("plain said to be gzip")
    assert (capture["outcome"], capture["flags"]) == ("ok", ["not_encoded"])
    assert crawled.is_read("plain said to be gzip")


@pytest.mark.parametrize("name", ["gzip twice, said once", "gzip twice, said twice"])
def test_case_07_a_body_packed_twice_is_read(crawled: Crawled, name: str) -> None:
    assert crawled.outcomes(name) == ["ok"]
    assert crawled.is_read(name)
    assert payload_of(crawled, name).startswith(GZIP_MAGIC)


@pytest.mark.parametrize("name", ["brotli", "zstd"])
def test_case_08_other_codings_are_undone_and_kept_as_they_came(
    crawled: Crawled, name: str
) -> None:
    assert crawled.outcomes(name) == ["ok"]
    assert crawled.is_read(name)
    assert payload_of(crawled, name) != crawled.pages[name].body


@pytest.mark.parametrize("name", ["unknown coding", "plain said to be brotli"])
def test_case_08_what_cannot_be_undone_is_never_read_as_text(crawled: Crawled, name: str) -> None:
    assert crawled.outcomes(name) == ["undecodable"] * TRIES
    assert crawled.problems(name) == ["undecodable"]
    assert not crawled.is_read(name)


def test_case_09_bytes_behind_a_gzip_body_are_flagged(crawled: Crawled) -> None:
    (capture,) = crawled.captures("trailing bytes")
    assert (capture["outcome"], capture["flags"]) == ("ok", ["trailing_bytes"])
    assert crawled.is_read("trailing bytes")
    assert payload_of(crawled, "trailing bytes").endswith(b"<!-- junk -->")


def test_case_10_odd_headers_are_stored_as_they_came(crawled: Crawled) -> None:
    """But for the case of their names, which Scrapy does not keep, as the warcinfo says."""
    assert crawled.outcomes("odd headers") == ["ok"]
    lines = {
        line.lower().replace(b": ", b":")
        for line in _record(crawled, "odd headers")[0].split(b"\r\n")
    }
    sent = {line if isinstance(line, bytes) else line.encode() for line in ODD_HEADERS}
    assert {line.lower().replace(b": ", b":") for line in sent} <= lines
    line = crawled.captures("odd headers")[-1]
    with crawled.project.warcs[0].open("rb") as stream:
        stream.seek(line["offset"])
        record = next(iter(ArchiveIterator(stream, parse_http=True)))
        assert record.http_headers is not None
        cookies = [value for name, value in record.http_headers if name.lower() == "set-cookie"]
        assert cookies == ["a=1", "b=2; Path=/"]
        assert record.reader.read() == crawled.pages["odd headers"].body


def test_case_22_a_connection_that_breaks_is_an_outcome_and_tried_again(crawled: Crawled) -> None:
    assert crawled.outcomes("reset at once") == ["reset"] * TRIES
    assert crawled.problems("reset at once") == ["reset"]
    assert len(crawled.outcomes("refused in the middle")) == TRIES
    assert set(crawled.outcomes("refused in the middle")) <= {"reset", "dataloss"}
    assert not crawled.is_read("refused in the middle")


@pytest.mark.parametrize("name", ["not HTTP", "nothing at all"])
def test_case_22_what_is_no_answer_is_a_failure(crawled: Crawled, name: str) -> None:
    assert len(crawled.outcomes(name)) == TRIES
    assert not {"ok", "http_error"} & set(crawled.outcomes(name))
    assert len(crawled.problems(name)) == 1


def test_every_page_of_the_faulty_site_is_one_line_and_the_crawl_comes_to_its_end(
    crawled: Crawled,
) -> None:
    assert crawled.ended.status == 2
    assert "Traceback" not in crawled.ended.stderr
    for name in NAMES:
        said = [line for line in crawled.ended.errors if f"{crawled.url(name)}: " in line]
        assert len(said) == len(crawled.problems(name)), name
        assert len(crawled.problems(name)) + crawled.is_read(name) == 1, name
    checked = fastwarc_check(crawled.project.warcs)
    assert checked.status == 0, checked.stderr


def test_a_faulty_site_read_again_gives_the_same(crawled: Crawled, tmp_path: Path) -> None:
    copy = crawled.project.copy(tmp_path)
    before = copy.export("before").files()
    copy.lose_database()
    assert copy.reparse().status == 0
    assert copy.export("after").files() == before


# ------------------------------------------------------------------- redirects


HOPS = 30


@pytest.fixture(scope="module")
def led_on(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """Pages that lead elsewhere, by where to."""
    folder = tmp_path_factory.mktemp("redirects")
    names = (
        "circle",
        "itself",
        "chain",
        "too long a chain",
        "other host",
        "file:///etc/passwd",
        "data:text/html,<p>x",
        "javascript:alert(1)",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1:70/1",
        "no location",
        "http://[",
        "well",
    )
    pages = dict(zip(names, sample_pages(folder / "mirror", len(names) + 3), strict=False))
    answers: dict[str, Answer | list[Answer]] = {
        name: redirect(name) for name in names if ":" in name
    }
    answers |= {
        "circle": redirect("/circle/1"),
        "itself": redirect(pages["itself"].path),
        "chain": redirect("/chain/1"),
        "too long a chain": redirect("/long/1"),
        "other host": redirect("http://other.invalid/cable/x.html"),
        "no location": response(status="302 Found"),
        "well": whole(pages["well"]),
    }
    more: dict[str, Answer] = {
        "/circle/1": redirect("/circle/2"),
        "/circle/2": redirect(pages["circle"].path),
        **{f"/chain/{n}": redirect(f"/chain/{n + 1}") for n in range(1, 5)},
        "/chain/5": whole(pages["chain"]),
        **{f"/long/{n}": redirect(f"/long/{n + 1}") for n in range(1, HOPS)},
        f"/long/{HOPS}": whole(pages["too long a chain"]),
    }
    return crawl(folder, pages, answers, more)


def test_case_17_a_chain_of_redirects_is_captured_hop_by_hop(led_on: Crawled) -> None:
    assert led_on.is_read("chain")
    captures = led_on.export.captures()
    hops = [led_on.url("chain"), *(f"{led_on.server.url}chain/{n}" for n in range(1, 6))]
    assert [captures[url][0]["status"] for url in hops] == [302] * 5 + [200]


def test_case_17_a_chain_that_is_too_long_ends(led_on: Crawled) -> None:
    assert not led_on.is_read("too long a chain")
    asked = [n for n in range(1, HOPS + 1) if led_on.server.count(f"/long/{n}")]
    assert 5 <= len(asked) < HOPS
    assert all(f"{led_on.server.url}long/{n}" in led_on.export.captures() for n in asked)


def test_case_17_a_circle_of_redirects_ends_and_is_a_problem(led_on: Crawled) -> None:
    for name in ("circle", "itself"):
        assert led_on.problems(name) == ["redirect_loop"], name
        assert led_on.asked(name) < HOPS


@pytest.mark.parametrize(
    "name",
    [
        "other host",
        "file:///etc/passwd",
        "data:text/html,<p>x",
        "javascript:alert(1)",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1:70/1",
        "http://[",
        "no location",
    ],
)
def test_case_18_a_redirect_leads_nowhere_but_to_http_within_the_sources_hosts(
    led_on: Crawled, name: str
) -> None:
    assert led_on.captures(name)[0]["status"] == 302
    assert not led_on.is_read(name)
    hosts = {
        url.split("/")[2] for url, lines in led_on.export.captures().items() if lines[0]["status"]
    }
    assert hosts == {led_on.server.url.split("/")[2]}
    assert led_on.is_read("well")


# ------------------------------------------------------------------- no connection


def test_case_22_a_name_without_an_address_and_a_closed_port_are_outcomes(tmp_path: Path) -> None:
    with closed_port() as port:
        sources = write_sources(
            tmp_path / "sources.toml",
            {"shut": f"http://127.0.0.1:{port}/", "nowhere": "http://nowhere.invalid/"},
        )
        project = Project(tmp_path, {"RETRY_TIMES": "1", "SOURCES_FILE": str(sources)})
        ended = project.crawl("-a", "source=shut,nowhere", CONTACT="mailto:a@test.example")
    assert ended.status == 2, ended.stderr
    outcomes = {(line["source"], line["outcome"]) for line in project.export().lines("captures")}
    assert {("shut", "refused"), ("nowhere", "dns")} <= outcomes
    assert "shut failed: " in ended.stderr and "nowhere failed: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_server_sends_to_the_byte_what_it_is_told() -> None:
    """The tests above are worth what it is worth."""
    sent = b"no\0HTTP\xff"
    with FaultServer({"/x": [sent, b"2"]}) as server:
        for expected in (sent, b"2", b"2"):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(b"GET /x HTTP/1.1\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                with connection.makefile("rb") as came:
                    assert came.read() == expected
    assert server.count("/x") == 3
