"""A real pywb over what a crawl stored: every capture comes back as the server sent it.

pywb needs other versions of what the project uses, so it has an environment of its own
(tests/environments.py); where it cannot be installed these tests are skipped.
"""

from __future__ import annotations

import gzip
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from cablecrawl.capture import Exchange
from cablecrawl.capture.cdxj import index_path, write_index
from cablecrawl.capture.exchange import encode_record, warc_date
from tests.capture.exchanges import page, write
from tests.crawling import Project, write_sources
from tests.environments import NotInstalledError, environment
from tests.replay.pywb_server import REQUIREMENTS, Pywb
from tests.replay.replaying import captured, replay_all
from tests.sites.cables import HAND_WRITTEN
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import Answer, Site, SiteServer

FOLDER = "Spiegel für Kabel"
CABLES = HAND_WRITTEN[:8]


@pytest.fixture(scope="session")
def python() -> Path:
    """That of pywb's environment."""
    try:
        return environment("pywb", REQUIREMENTS)
    except NotInstalledError as error:
        pytest.skip(f"{error}")


@dataclass
class RecordingSite:
    """A mirror's own program: it answers everything, and keeps the digest of all it sent."""

    folder: Path
    gone: str
    """The path of a page that is not there any more."""
    halved: str
    """The path of a page whose gzip stream stops in the middle."""
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By path and query as asked for, and SHA-256 of the body."""

    def __call__(self, target: str) -> Answer:
        answer = self._answer(target)
        self.sent[target, sha256(answer.content).hexdigest()] += 1
        return answer

    def _answer(self, target: str) -> Answer:
        path = urlsplit(target).path
        if path == "/old/index.html":
            moved = {"Location": f"/{quote(FOLDER)}/index.html?lang=de"}
            return Answer(b"<p>Wir sind umgezogen.</p>", status=302, headers=moved)
        found = Site(self.folder).page(path)
        if path == "/robots.txt":
            return Answer(b"User-agent: *\nDisallow: /none/\n", "text/plain")
        if found is None or path == self.gone:
            return Answer("<h1>Nicht gefunden</h1>".encode("latin-1"), "text/html", 404)
        if found.redirect is not None:
            return Answer(b"", status=301, headers={"Location": found.redirect})
        if "/cable/" not in path or not path.endswith(".html"):
            return Answer(found.content, found.media_type)
        packed = gzip.compress(found.content, mtime=0)
        if path == self.halved:
            packed = packed[: len(packed) // 2]
        return Answer(packed, found.media_type, headers={"Content-Encoding": "gzip"})


@dataclass
class Crawled:
    site: RecordingSite
    host: str
    project: Project


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """A crawl that meets redirects, missing and torn pages, and addresses of all kinds."""
    folder = tmp_path_factory.mktemp("crawled")
    root = folder / "site"
    write_mirror(root / FOLDER, CABLES, Build(len(CABLES), links="relative"))
    pages = sorted((root / FOLDER / "cable").rglob("*.html"))
    gone, halved = (f"/{quote(path.relative_to(root).as_posix())}" for path in pages[:2])
    site = RecordingSite(root, gone, halved)
    with SiteServer(Site(root, script=site)) as server:
        starts = [
            f"{server.url}old/index.html",
            f"{server.url}{quote(FOLDER)}/reldate?b=2&a=%C3%BC",
        ]
        sources = write_sources(folder / "sources.toml", {"mirror": " ".join(starts)})
        settings = {"SOURCES_FILE": str(sources), "RETRY_TIMES": "1"}
        project = Project(folder, settings)
        ended = project.crawl("-a", "source=mirror")
        assert ended.status in (0, 2), ended.stderr
        yield Crawled(site, server.url.rstrip("/"), project)


def test_the_crawl_met_what_is_to_be_replayed(crawled: Crawled) -> None:
    found = list(captured(crawled.project.data_dir / "warc"))
    assert {200, 301, 302, 404} <= {capture.status for capture in found}
    urls = " ".join(capture.url for capture in found)
    assert "f%C3%BCr" in urls and "?lang=de" in urls and "/robots.txt" in urls
    assert sum(crawled.site.sent.values()) == len(found)


def test_every_capture_is_replayed_as_the_server_sent_it(
    python: Path, crawled: Crawled, tmp_path: Path
) -> None:
    warcs = crawled.project.data_dir / "warc"
    captures = list(captured(warcs))
    replayed: Counter[tuple[str, str]] = Counter()
    with Pywb(python, warcs, tmp_path) as pywb:
        for capture in captures:
            answer = pywb.replay(capture.url, capture.second, capture.codings)
            assert answer.is_capture, capture
            assert answer.status == capture.status
            target = capture.url.removeprefix(crawled.host)
            replayed[target, sha256(answer.payload).hexdigest()] += 1
        tally = replay_all(captures, pywb.replay)
    assert replayed == crawled.site.sent
    assert tally.counts == {"same": len(captures)}


def test_pywb_makes_the_same_index(python: Path, crawled: Crawled) -> None:
    """Its own indexer and ours agree, but for the order of the fields."""
    for path in crawled.project.warcs:
        program = "from pywb.indexer.cdxindexer import main; main()"
        done = subprocess.run(
            [python, "-c", program, "--cdxj", "--sort", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        theirs = [line.split(" {")[0] for line in done.stdout.splitlines()]
        ours = index_path(path).read_text(encoding="ascii").splitlines()
        assert [line.split(" {")[0] for line in ours] == theirs
        assert ours


def test_a_lost_index_is_written_again_and_replays_the_same(
    python: Path, crawled: Crawled, tmp_path: Path
) -> None:
    project = crawled.project.copy(tmp_path / "copy")
    warcs = project.data_dir / "warc"
    captures = list(captured(warcs))
    for path in project.warcs:
        before = index_path(path).read_bytes()
        index_path(path).unlink()
        assert write_index(path).read_bytes() == before
    with Pywb(python, warcs, tmp_path) as pywb:
        assert replay_all(captures[:5], pywb.replay).counts["same"] == 5


def test_an_index_that_leads_astray_is_found_out(python: Path, tmp_path: Path) -> None:
    warcs = tmp_path / "warc"
    path = write(warcs, page(1), page(2, payload=b"<pre>SECRET</pre>"))
    first, second = index_path(path).read_bytes().splitlines()
    offset = second.partition(b'"offset": "')[2].partition(b'"')[0]
    known = first.partition(b'"offset": "')[2].partition(b'"')[0]
    spoilt = first.replace(b'"offset": "' + known, b'"offset": "' + offset)
    index_path(path).write_bytes(spoilt + b"\n" + second + b"\n")
    with Pywb(python, warcs, tmp_path) as pywb:
        tally = replay_all(captured(warcs), pywb.replay)
    assert tally.counts == {"different": 1, "same": 1}
    (line,) = tally.differences
    assert "mirror.example/cable/1.html" in line


def test_a_capture_without_its_index_is_found_out(python: Path, tmp_path: Path) -> None:
    warcs = tmp_path / "warc"
    path = write(warcs, page(1), page(2))
    first, _ = index_path(path).read_bytes().splitlines(keepends=True)
    index_path(path).write_bytes(first)
    with Pywb(python, warcs, tmp_path) as pywb:
        tally = replay_all(captured(warcs), pywb.replay)
    assert tally.counts == {"same": 1, "different": 1}


def test_a_body_that_came_short_is_replayed_as_far_as_it_came(python: Path, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n"
    short = replace(page(1), response_head=head, payload=b"x" * 400, truncated="disconnect")
    warcs = tmp_path / "warc"
    write(warcs, short)
    with Pywb(python, warcs, tmp_path) as pywb:
        assert replay_all(captured(warcs), pywb.replay).counts == {"same": 1}


def test_what_a_browser_made_of_a_page_is_never_replayed_as_it(
    python: Path, tmp_path: Path
) -> None:
    shown = replace(
        page(1, payload=b"<p>built by a script</p>"),
        capture_id=page(2).capture_id,
        request_block=b"",
        response_head=b"",
        status=None,
        rendered_from=page(1).capture_id,
    )
    warcs = tmp_path / "warc"
    write(warcs, page(1), shown)
    with Pywb(python, warcs, tmp_path) as pywb:
        (capture,) = captured(warcs)
        assert pywb.replay(capture.url, capture.second).payload == page(1).payload


def test_a_redirect_to_the_slash_is_what_pywb_refuses(python: Path, tmp_path: Path) -> None:
    """Both have one key, so it would go round in circles; the WARC file has it all the same."""
    moved = replace(
        page(1),
        status=301,
        url="http://mirror.example/cable",
        response_head=b"HTTP/1.1 301 Moved\r\nLocation: /cable/\r\n\r\n",
        payload=b"",
    )
    warcs = tmp_path / "warc"
    write(warcs, moved, page(2))
    with Pywb(python, warcs, tmp_path) as pywb:
        assert replay_all(captured(warcs), pywb.replay).counts == {"refused": 1, "same": 1}


def test_two_captures_of_one_second_are_told_apart_by_nobody(python: Path, tmp_path: Path) -> None:
    """pywb finds captures by key and second; the second one is in the WARC file all the same."""
    again = replace(page(2, payload=b"<pre>other</pre>"), url=page(1).url)
    again = replace(again, fetched_at=page(1).fetched_at)
    warcs = tmp_path / "warc"
    write(warcs, page(1), again)
    with Pywb(python, warcs, tmp_path) as pywb:
        assert replay_all(captured(warcs), pywb.replay).counts == {"same": 1, "indistinct": 1}


# ------------------------------------------------------------------------------- revisits


def revisit(number: int, original: Exchange, *, head: bytes, profile: str) -> bytes:
    """A record that says: as in `original`. Written as re-crawls are to write it."""
    moment = page(number).fetched_at
    headers = [
        ("WARC-Target-URI", original.url),
        ("WARC-Profile", f"http://netpreserve.org/warc/1.1/revisit/{profile}"),
        ("WARC-Refers-To", f"<{original.capture_id}>"),
        ("WARC-Refers-To-Target-URI", original.url),
        ("WARC-Refers-To-Date", warc_date(original.fetched_at)),
        ("WARC-Payload-Digest", f"sha256:{sha256(original.payload).hexdigest()}"),
        ("Content-Type", "application/http;msgtype=response"),
    ]
    return encode_record("revisit", page(number).capture_id, warc_date(moment), headers, [head])


NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
FOUND = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "profile"),
    [(b"", "server-not-modified"), (FOUND, "identical-payload-digest")],
    ids=["not modified", "identical"],
)
@pytest.mark.parametrize("in_one_file", [True, False])
def test_a_revisit_gives_what_the_earlier_capture_has(
    python: Path, tmp_path: Path, head: bytes, profile: str, in_one_file: bool
) -> None:
    warcs = tmp_path / "warc"
    changed = replace(page(10, payload=b"<pre>changed</pre>"), url=page(1).url)
    path = write(warcs, page(1), changed)
    record = revisit(9, page(1), head=head, profile=profile)
    later = path if in_one_file else warcs / "later-00001.warc.gz"
    path.chmod(0o600)
    later.write_bytes((path.read_bytes() if in_one_file else b"") + record)
    write_index(later)
    captures = list(captured(warcs))
    assert [capture.is_revisit for capture in captures].count(True) == 1
    with Pywb(python, warcs, tmp_path) as pywb:
        assert replay_all(captures, pywb.replay).counts == {"same": 2, "resolved": 1}


def test_a_revisit_that_has_the_head_of_its_304_is_replayed_as_a_304(
    python: Path, tmp_path: Path
) -> None:
    """pywb takes status and headers of a revisit for the answer's, so it must have none."""
    warcs = tmp_path / "warc"
    write(warcs, page(1))
    record = revisit(9, page(1), head=NOT_MODIFIED, profile="server-not-modified")
    later = warcs / "later-00001.warc.gz"
    later.write_bytes(record)
    write_index(later)
    with Pywb(python, warcs, tmp_path) as pywb:
        tally = replay_all(captured(warcs), pywb.replay)
    assert tally.counts == {"same": 1, "different": 1}


def test_a_revisit_of_what_is_not_there_is_found_out(python: Path, tmp_path: Path) -> None:
    warcs = tmp_path / "warc"
    warcs.mkdir()
    record = revisit(9, page(1), head=FOUND, profile="identical-payload-digest")
    (warcs / "run-00001.warc.gz").write_bytes(record)
    write_index(warcs / "run-00001.warc.gz")
    with Pywb(python, warcs, tmp_path) as pywb:
        assert replay_all(captured(warcs), pywb.replay).counts == {"different": 1}
