"""Hostile values, cases 37 and 50: what a page says is data in all outputs, secrets are in none."""

from __future__ import annotations

import csv
import gzip
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator
from scrapy import Request

from cablecrawl.capture.http import request_block
from tests.crawling import Ended, Export, Project
from tests.faults.server import FaultServer, response
from tests.faults.sites import PATIENT, sample_pages
from tests.pipelines import sample_page
from tests.sites.cables import cable_by_id

ASTANA = cable_by_id("07ASTANA9033")
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m"
FORMULA = "=cmd|' /C calc'!A0"
SCRIPT = "<script>alert(1)</script>"
BODY = f"{FORMULA}\n+1+1\n@SUM(1)\n{ESCAPES}\n<script>alert(2)</script>\n../../etc/passwd\r\x00\x08"
SECRET = "s3cr3t-0f-the-sess10n"
MEGABYTE = "x" * 1_000_000
# What Python's csv writes a row's end with, and what a spreadsheet takes a formula by.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Hostile:
    project: Project
    export: Export
    ended: Ended
    url: str


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    folder = tmp_path_factory.mktemp("hostile")
    others = sample_pages(folder / "mirror", 24)
    path = f"/{ASTANA.page}"
    evil = sample_page(
        folder / "evil",
        replace(ASTANA, title=f"{FORMULA} {ESCAPES}", origin=f"Embassy{ESCAPES}Astana"),
    ).decode()
    end = evil.rindex("</pre>")
    # As WikiLeaks wrote its lines: nothing else in its <pre> is markup.
    evil = evil[:end] + f"\n{BODY}".replace("\n", "&#x000A;") + evil[end:]
    long = sample_page(folder / "long", replace(ASTANA, title=MEGABYTE)).decode()
    odd_id = sample_page(folder / "odd", ASTANA).decode()
    odd_id = odd_id.replace("07ASTANA9033", f"07{ESCAPES}ASTANA\n9033{FORMULA}")
    coding = b"gzip, \x1b[31mred"
    pages: dict[str, bytes] = {
        path: response(evil.encode(), f"Set-Cookie: session={SECRET}; Path=/"),
        "/cable/2007/04/long.html": response(long.encode()),
        "/cable/2007/04/..%2f..%2f..%2fetc%2fpasswd.html": response(odd_id.encode()),
        "/cable/2007/04/%1b%5b2J.html": response(b"<p>none</p>", b"Content-Encoding: " + coding),
        "/cable/2007/04/away.html": response(
            b"", b"Location: http://\x1b[2J.invalid/\x1b]0;x\x07", status="302 Found"
        ),
        others[5].path: response(others[5].body, f"Set-Cookie: id={SECRET}"),
    }
    project = Project(folder, PATIENT)
    with FaultServer(dict(pages)) as server:
        urls = ",".join(server.url + where[1:] for where in pages)
        ended = project.crawl("-a", f"url={urls}")
        assert not any(b"cookie" in request.head.lower() for request in server.asked)
    return Hostile(project, project.export(), ended, server.url)


def is_harmless(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


def test_case_37_no_line_of_a_crawl_has_a_terminals_commands(hostile: Hostile) -> None:
    assert hostile.ended.status == 2
    assert is_harmless(hostile.ended.stdout) and is_harmless(hostile.ended.stderr)
    assert "\\x1b" in hostile.ended.stderr
    assert "Traceback" not in hostile.ended.stderr
    assert len(hostile.ended.stderr) < 20_000


@pytest.mark.parametrize(
    "command",
    [
        "trace 07ASTANA9033",
        "history 07ASTANA9033",
        "history --changes",
        "releases",
        "sources -v",
        "verify",
    ],
)
def test_case_37_no_command_prints_a_terminals_commands(hostile: Hostile, command: str) -> None:
    ended = hostile.project.run(*command.split())
    assert is_harmless(ended.stdout), [
        line for line in ended.stdout.split("\n") if not line.isprintable()
    ]
    assert is_harmless(ended.stderr), ended.stderr


def test_case_37_hostile_values_come_through_as_they_are(hostile: Hostile) -> None:
    cable = hostile.export.cables()["07ASTANA9033"]
    assert cable["body"].endswith(BODY)
    titles = {
        claim["value"]
        for reading in hostile.export.readings()["07ASTANA9033"]
        for claim in reading["claims"]
        if claim["field"] == "title"
    }
    assert MEGABYTE in titles
    assert any(title.startswith(FORMULA) for title in titles)


def test_case_37_no_cell_of_a_csv_file_begins_a_formula(hostile: Hostile) -> None:
    csv.field_size_limit(sys.maxsize)
    for path in hostile.export.folder.rglob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert len({len(row) for row in rows}) == 1, path.name
        cells = [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)]
        # A number below zero is one, and no formula.
        assert [cell for cell in cells if not re.fullmatch(r"-\d+(\.\d+)?", cell)] == []


def test_case_37_file_names_are_never_made_of_what_a_page_says(hostile: Hostile) -> None:
    for root in (hostile.project.data_dir, hostile.export.folder):
        for path in root.rglob("*"):
            assert re.fullmatch(r"[\w.-]+", path.name, re.A), path


def test_case_37_an_id_with_other_characters_is_a_problem_and_no_cable(hostile: Hostile) -> None:
    reasons = {line["url"]: line["reason"] for line in hostile.export.lines("problems")}
    odd = next(url for url in reasons if "passwd" in url)
    assert reasons[odd] == "unresolved_id"
    assert all(re.fullmatch(r"[A-Z0-9-]+", key) for key in hostile.export.cables())


def test_case_50_a_cookie_stands_in_the_response_that_set_it_and_nowhere_else(
    hostile: Hostile,
) -> None:
    for path in hostile.export.folder.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path.name
    for path in hostile.project.data_dir.glob("cablecrawl.sqlite*"):
        assert SECRET.encode() not in path.read_bytes()
    assert SECRET not in hostile.ended.stderr
    seen = []
    for warc in hostile.project.warcs:
        with gzip.open(warc) as stream:
            for record in ArchiveIterator(stream, parse_http=False):
                if SECRET.encode() in record.reader.read() or SECRET in str(record.headers):
                    seen.append(record.headers["WARC-Type"])
    assert seen == ["response", "response"]
    for index in hostile.project.data_dir.rglob("*.cdxj"):
        assert SECRET not in index.read_text()


def test_case_50_a_stored_request_has_no_credentials() -> None:
    given = {
        "Authorization": "Basic dXNlcjpzZWNyZXQ=",
        "Proxy-Authorization": "Basic dXNlcjpzZWNyZXQ=",
        "Cookie": "session=secret",
        "Accept": "text/html",
    }
    request = Request("http://user:secret@mirror.example/x", headers=given)
    assert request_block(request) == (
        b"GET /x HTTP/1.1\r\nHost: mirror.example\r\nAccept: text/html\r\n\r\n"
    )
    assert request.headers["Cookie"] == b"session=secret"


def test_case_50_an_address_with_a_password_is_refused(tmp_path: Path) -> None:
    ended = Project(tmp_path).crawl("-a", "url=http://user:secret@127.0.0.1:1/")
    assert ended.status == 1
    assert "user name" in ended.stderr and len(ended.errors) == 1
