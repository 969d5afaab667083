"""A site that was well and is crawled again, cases 4 and 11 to 15: what is believed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crawling import Ended, Export, Project
from tests.faults.server import NOT_FOUND, Answer, FaultServer, response
from tests.faults.sites import PATIENT, Page, sample_pages, whole

BLOCKED = {
    "challenge_page": (
        "403 Forbidden",
        "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>",
    ),
    "parked_domain": ("200 OK", "<title>cables.example</title><h1>This domain is for sale</h1>"),
    "login_page": (
        "200 OK",
        "<title>Log In &lsaquo; Cables</title><form id='loginform'><input type=password></form>",
    ),
    "soft_404": ("200 OK", "<title>Page not found</title><p>Nothing here</p>"),
    "suspended": ("404 Not Found", "<title>Account Suspended</title><p>Call your host</p>"),
    "default_page": ("200 OK", "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>"),
    "maintenance": (
        "503 Service Unavailable",
        "<title>Maintenance</title><p>Briefly unavailable for scheduled maintenance.</p>",
    ),
}
NAMES = (
    *BLOCKED,
    "cut without a length",
    "cut twice without a length",
    "changed without a length",
    "counted without a length",
    "not modified",
    "not modified, unasked",
    "the same again",
    "other chrome",
    "missing",
)
ETAG = 'ETag: "one"'


def edited(page: Page) -> bytes:
    """The page with another last word of its cable."""
    body = page.body.replace(b"</pre></code>\n</div>", b" EDITED</pre></code>\n</div>")
    assert body != page.body
    return body


def unmeasured(body: bytes) -> bytes:
    return response(body, version="HTTP/1.0", length=None)


@dataclass
class Again:
    """A site crawled when it was well, and again when it was not."""

    pages: Mapping[str, Page]
    server: FaultServer
    project: Project
    before: Export
    after: Export
    ended: Ended

    def outcomes(self, name: str) -> list[str]:
        """Of the captures of the second crawl."""
        url = self.server.url + self.pages[name].path[1:]
        lines = self.after.captures()[url]
        return [line["outcome"] for line in lines[len(self.before.captures()[url]) :]]

    def problems(self, name: str) -> list[str]:
        url = self.server.url + self.pages[name].path[1:]
        return [line["reason"] for line in self.after.lines("problems") if line["url"] == url]

    def events(self, name: str) -> list[str]:
        """What became of its cable, crawl by crawl."""
        return [
            event
            for (event,) in self.project.query(
                "SELECT event FROM sighting JOIN witness ON witness.id = sighting.witness"
                f" WHERE locator = '{self.pages[name].path}' ORDER BY sighting.id"
            )
        ]


def second_answers(pages: Mapping[str, Page]) -> dict[str, Answer | Sequence[Answer]]:
    half = {name: page.body[: len(page.body) // 2] for name, page in pages.items()}
    most = {name: page.body[: -len(page.body) // 3] for name, page in pages.items()}
    changed = edited(pages["changed without a length"])
    counted = edited(pages["counted without a length"])
    chrome = pages["other chrome"].body.replace(b"Currently released", b"Presently released")
    visits = [counted.replace(b"<body>", f"<body><!-- visit {n} -->".encode()) for n in (1, 2)]
    assert visits[0] != visits[1]
    cut, twice = "cut without a length", "cut twice without a length"
    return {
        **{
            name: response(document.encode(), status=status)
            for name, (status, document) in BLOCKED.items()
        },
        cut: [unmeasured(half[cut]), unmeasured(pages[cut].body)],
        twice: [unmeasured(half[twice]), unmeasured(most[twice])],
        "changed without a length": unmeasured(changed),
        "counted without a length": [unmeasured(body) for body in visits],
        "not modified": response(b"", ETAG, status="304 Not Modified", length=None),
        "not modified, unasked": [
            response(b"", status="304 Not Modified", length=None),
            whole(pages["not modified, unasked"]),
        ],
        "the same again": whole(pages["the same again"]),
        "other chrome": response(chrome),
        "missing": NOT_FOUND,
    }


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Again:
    folder = tmp_path_factory.mktemp("again")
    # Not all cables end as `edited` has it.
    found = [
        page
        for page in sample_pages(folder / "mirror", 30)
        if page.body.count(b"</pre></code>\n</div>") == 1
    ]
    pages = dict(zip(NAMES, found, strict=False))
    assert len(pages) == len(NAMES)
    project = Project(folder, PATIENT)
    first: dict[str, Answer | Sequence[Answer]] = {
        page.path: whole(page) for page in pages.values()
    }
    first[pages["not modified"].path] = response(pages["not modified"].body, ETAG)
    with FaultServer(first) as server:
        urls = ",".join(server.url + page.path[1:] for page in pages.values())
        well = project.crawl("-a", f"url={urls}")
        assert well.status == 0, well.stderr
        before = project.export("before")
        server.put({pages[name].path: answer for name, answer in second_answers(pages).items()})
        ended = project.crawl("-a", f"url={urls}")
    return Again(pages, server, project, before, project.export("after"), ended)


def test_case_04_a_change_that_comes_without_a_length_is_believed_when_it_comes_again(
    again: Again,
) -> None:
    for name in ("changed without a length", "counted without a length"):
        assert again.outcomes(name) == ["unconfirmed", "ok"], name
        assert again.events(name) == ["first", "changed"], name


def test_case_04_a_body_cut_without_a_length_changes_nothing(again: Again) -> None:
    name = "cut without a length"
    assert again.outcomes(name)[0] == "unconfirmed"
    assert again.outcomes(name)[-1] == "ok"
    assert again.events(name) == ["first", "unchanged"]
    name = "cut twice without a length"
    assert set(again.outcomes(name)) == {"unconfirmed"}
    assert again.problems(name) == ["unconfirmed"]
    assert again.events(name) == ["first"]


def test_case_11_a_304_with_our_etag_is_a_revisit_and_the_cable_unchanged(again: Again) -> None:
    name = "not modified"
    asked = [request for request in again.server.asked if request.path == again.pages[name].path]
    assert b'If-None-Match: "one"' in asked[-1].head
    assert again.outcomes(name) == ["ok"]
    assert again.events(name) == ["first", "unchanged"]


def test_case_11_a_304_that_nobody_asked_for_is_asked_for_again(again: Again) -> None:
    name = "not modified, unasked"
    assert again.outcomes(name) == ["not_modified", "ok"]
    assert again.events(name) == ["first", "unchanged"]


def test_case_12_the_same_payload_is_a_revisit_and_the_cable_unchanged(again: Again) -> None:
    url = again.server.url + again.pages["the same again"].path[1:]
    rows = again.project.query(
        f"SELECT revisit_of IS NULL FROM capture WHERE url = '{url}' ORDER BY id"
    )
    assert rows == [(1,), (0,)]
    assert again.events("the same again") == ["first", "unchanged"]


def test_case_13_other_chrome_is_another_payload_and_the_cable_unchanged(again: Again) -> None:
    url = again.server.url + again.pages["other chrome"].path[1:]
    payloads = {line["payload_sha256"] for line in again.after.captures()[url]}
    assert len(payloads) == 2
    assert again.events("other chrome") == ["first", "unchanged"]
    assert len(again.after.readings()[again.pages["other chrome"].reference_id]) == 1


@pytest.mark.parametrize("reason", BLOCKED)
def test_case_14_a_page_that_is_none_of_the_sites_is_named_and_nothing_is_gone(
    again: Again, reason: str
) -> None:
    assert again.problems(reason) == [reason]
    assert again.events(reason) == ["first"]
    reference_id = again.pages[reason].reference_id
    assert again.after.readings()[reference_id] == again.before.readings()[reference_id]
    assert again.after.cables()[reference_id]["body"] == again.before.cables()[reference_id]["body"]


def test_case_14_the_summary_names_what_came_in_the_place_of_pages(again: Again) -> None:
    assert again.ended.status == 2
    (failed,) = [line for line in again.ended.errors if " failed: " in line]
    assert "others' pages in the place of the site's: " in failed
    for reason in ("challenge_page", "parked_domain", "suspended", "default_page", "maintenance"):
        assert f"{reason} 1" in failed
    (problems,) = [line for line in again.ended.errors if line.startswith("  problems: ")]
    assert all(f"{reason} 1" in problems for reason in BLOCKED)


def test_case_15_a_page_that_is_missing_once_is_not_gone(again: Again) -> None:
    assert again.problems("missing") == ["not_found"]
    assert again.events("missing") == ["first"]
    reference_id = again.pages["missing"].reference_id
    assert again.after.cables()[reference_id]["witnesses"][0]["last_seen"] is not None


def test_case_15_a_page_missing_in_three_crawls_is_gone_and_stays_exported(
    tmp_path: Path,
) -> None:
    """And one whose host says 404 because the account is suspended never is."""
    # A source that shows nothing at all says nothing of what is gone.
    missing, suspended, well = sample_pages(tmp_path / "mirror", 24)[4:7]
    pages = (missing, suspended, well)
    status, document = BLOCKED["suspended"]
    project = Project(tmp_path, PATIENT)
    with FaultServer({page.path: whole(page) for page in pages}) as server:
        urls = ",".join(server.url + page.path[1:] for page in pages)
        assert project.crawl("-a", f"url={urls}").status == 0
        answers = {well.path: whole(well)}
        answers[suspended.path] = response(document.encode(), status=status)
        server.put(answers)
        for _ in range(3):
            assert project.crawl("-a", f"url={urls}").status == 2
    events = project.query(
        "SELECT locator, event FROM sighting JOIN witness ON witness.id = sighting.witness"
        f" WHERE locator != '{well.path}'"
    )
    assert sorted(events) == sorted(
        [(missing.path, "first"), (missing.path, "gone"), (suspended.path, "first")]
    )
    cables = project.export().cables()
    statuses = {key: cable["witnesses"][0]["status"] for key, cable in cables.items()}
    assert statuses[missing.reference_id] == "gone"
    assert statuses[suspended.reference_id] != "gone"


def test_what_came_in_two_crawls_read_again_gives_the_same(again: Again, tmp_path: Path) -> None:
    copy = again.project.copy(tmp_path)
    before = copy.export("before").files()
    copy.lose_database()
    assert copy.reparse().status == 0
    assert copy.export("after").files() == before
