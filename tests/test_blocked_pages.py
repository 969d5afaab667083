"""Pages that stand in for the one asked for: they are named, and no page of a site's own is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.blocked_pages import (
    OF_THE_SITE,
    REASONS,
    BlockedPagesError,
    load_blocked_pages,
    name_blocked_page,
    read_blocked_pages,
)
from cablecrawl.items import CablePage, Missing, Problem
from cablecrawl.pagetext import PageTextRenderer
from cablecrawl.reading import PageReader, items_of, items_of_answer
from cablecrawl.summary import OF_THE_PAGE
from tests.corpus import SNAPSHOTS, unpack_snapshot
from tests.pipelines import MIRROR, capture_of, sample_page
from tests.sites.cables import cable_by_id
from tests.sites.mirror import demo_sites
from tests.stores import read_mirror

ASTANA = cable_by_id("07ASTANA9033")
RULES = load_blocked_pages()
RULE = {
    "reason": '"parked_domain"',
    "title": "'^parked$'",
    "example": '"<title>Parked</title>"',
    "authority": '"a test"',
}


def named(document: str) -> str | None:
    rule = name_blocked_page(PageTextRenderer().render(document), RULES)
    return rule.reason if rule is not None else None


def reasons(path: str, document: str) -> list[str]:
    """The problems that a page is which comes with status 200."""
    read = PageReader().read(MIRROR + path, document.encode(), "text/html; charset=utf-8")
    found = items_of(capture_of(MIRROR + path), read)
    return [item.reason for item in found if isinstance(item, Problem)]


def answered(status: int, document: str) -> str:
    """The reason of the problem that an answer of another status is."""
    capture = capture_of(MIRROR + ASTANA.page, outcome="http_error", status=status)
    items = items_of_answer(PageReader(), capture, document.encode(), "text/html")
    (problem,) = [item for item in items if isinstance(item, Problem)]
    assert any(isinstance(item, Missing) for item in items) is (problem.reason == "not_found")
    return problem.reason


# ------------------------------------------------------------------------- the rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_the_first_to_name_its_example(rule: object) -> None:
    assert name_blocked_page(PageTextRenderer().render(rule.example), RULES) is rule  # type: ignore[attr-defined]


def test_there_is_a_rule_for_every_reason() -> None:
    assert {rule.reason for rule in RULES} == set(REASONS)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"reason": '"odd"'}, 'reason = "odd": unknown reason (one of challenge_page, parked_'),
        ({"title": "'('"}, 'title = "(": no regular expression: missing )'),
        ({"title": ""}, "title: missing: a rule needs a title, a text or a markup"),
        ({"example": '"<p>Parked</p>"'}, 'example = "<p>Parked</p>": the rule does not name it'),
        ({"authority": ""}, "authority: missing"),
        ({"colour": '"red"'}, 'colour = "red": unknown key (known are reason, title, text, '),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(
    tmp_path: Path, changes: dict[str, str], line: str
) -> None:
    values = {key: value for key, value in (RULE | changes).items() if value}
    path = tmp_path / "rules.toml"
    path.write_text("[parked]\n" + "".join(f"{key} = {values[key]}\n" for key in values))
    with pytest.raises(BlockedPagesError) as refused:
        read_blocked_pages(path)
    assert str(refused.value).startswith(f"{path}: [parked] {line}")


# --------------------------------------------------------------------------- naming


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("<title>mirror.example | 521: Web server is down</title>", None),
        (
            "<title>Log In &lsaquo; A Blog &#8212; WordPress</title><form id='loginform'>",
            "login_page",
        ),
        ("<title>Sign in - Hotel</title><input id=p type=password>", "login_page"),
        ("<title>Login</title><p>Logging in to our ships</p>", None),
        ("<title>404 - Not Found</title>", "soft_404"),
        ("<title>Page not found &#8211; A Blog</title><p>Search</p>", "soft_404"),
        ("<h1>Oops! That page</h1>", None),
        ("<h1>Not Found</h1><p>The requested URL was not found on this server.</p>", "soft_404"),
        ("<h1>404</h1>", "soft_404"),
        ("<h1>404 cables from Astana</h1>", None),
        ("<title>Apache2 Ubuntu Default Page: It works</title>", "default_page"),
        ("<title>Apache HTTP Server Test Page powered by CentOS</title>", "default_page"),
        ("<title>IIS7</title>", "default_page"),
        ("<p>It works! So the ambassador said of his new desk.</p>", None),
        ("<title>Down for maintenance</title>", "maintenance"),
        ("<title>A Mirror - Maintenance mode</title>", "maintenance"),
        ("<h1>The site is temporarily under maintenance.</h1>", "maintenance"),
        ("<title>Maintenance of bridges in Astana</title>", None),
        ("<p>The embassy's lifts are down for maintenance.</p>", None),
        ("<title>This Account has been suspended</title>", "suspended"),
        ("<p>The attaché was suspended.</p>", None),
        ("<p>The domain name cables.example is for sale!</p>", "parked_domain"),
        ("<p>The grain is for sale.</p>", None),
        ("<title>Are you human?</title>", "challenge_page"),
        ("<p>A bank asks you to say you are human.</p>", None),
        ("<p>Please verify you are human.</p><div class='g-recaptcha'>", "challenge_page"),
        ("<p>Leave a comment</p><div class='g-recaptcha'>", None),
        ("", None),
    ],
)
def test_a_page_is_named_by_what_it_shows(document: str, reason: str | None) -> None:
    assert named(document) == reason


def test_a_long_page_is_never_named() -> None:
    assert named("<title>Just a moment...</title>") == "challenge_page"
    assert named("<title>Just a moment...</title><p>" + "word " * 1_001) is None


def test_a_page_of_nothing_but_beginnings_is_looked_through_in_linear_time() -> None:
    """A pattern that tries again at each place would take minutes."""
    for piece in ("<form ", "<input a ", "this domain ", "the page that you ", "- | ", "x-"):
        assert named(f"<title>{piece * 100}</title>{piece * 10_000}") is None


# ------------------------------------------------------- where it is asked, and where not


def test_a_page_with_a_cable_is_never_asked(tmp_path: Path) -> None:
    """A cable may quote what it likes, and a site's title may say what it likes."""
    page = sample_page(tmp_path, ASTANA).decode()
    title = page[page.index("<title>") : page.index("</title>")]
    page = page.replace(title, "<title>Just a moment...").replace(
        "<pre>", "<pre>404 Not Found\n", 1
    )
    assert named(page) == "challenge_page"
    read = PageReader().read(MIRROR + ASTANA.page, page.encode(), "text/html")
    (item,) = items_of(capture_of(MIRROR + ASTANA.page), read)
    assert isinstance(item, CablePage)


def test_an_index_page_is_never_asked(tmp_path: Path) -> None:
    sample_page(tmp_path, ASTANA)
    front = (tmp_path / "index.html").read_text(encoding="utf-8")
    front = front.replace("<title>", "<title>Just a moment...</title><title>")
    assert reasons("", front) == []


def test_at_a_cables_address_and_elsewhere_it_is_the_problem_of_the_page() -> None:
    for path in (ASTANA.page, "", "reldate/2010-12-01_0.html"):
        assert reasons(path, "<title>Just a moment...</title>") == ["challenge_page"]
        assert reasons(path, "<h1>This domain has expired</h1>") == ["parked_domain"]


def test_a_page_of_another_status_is_named_by_its_body() -> None:
    for status in (401, 403, 404, 410, 429, 500, 503):
        assert answered(status, "<title>Just a moment...</title>") == "challenge_page"
        assert answered(status, "<h1>This Account has been suspended.</h1>") == "suspended"
    assert answered(503, "<h1>Service Unavailable</h1>") == "http_error"


def test_a_page_that_is_not_there_and_says_so_is_not_found() -> None:
    assert answered(404, "<title>404 Not Found</title>") == "not_found"
    assert answered(410, "<h1>Page not found</h1>") == "not_found"
    assert answered(503, "<h1>Page not found</h1>") == "soft_404"


def test_a_body_that_cannot_be_read_leaves_the_status() -> None:
    capture = capture_of(MIRROR + ASTANA.page, outcome="http_error", status=503)
    (problem,) = items_of_answer(PageReader(), capture, b"\x1f\x8bnot gzip", "text/html")
    assert isinstance(problem, Problem) and problem.reason == "http_error"
    denied = replace(capture, outcome="undecodable")
    (problem,) = items_of_answer(PageReader(), denied, b"<title>Just a moment...</title>", None)
    assert isinstance(problem, Problem) and problem.reason == "undecodable"


def test_a_reason_is_of_the_page_or_of_the_site() -> None:
    """What is of the site makes its crawl a failed one."""
    assert OF_THE_SITE | {"soft_404", "login_page"} == set(REASONS)
    assert OF_THE_SITE.isdisjoint(OF_THE_PAGE)


def test_no_sample_page_is_named(tmp_path: Path) -> None:
    renderer = PageTextRenderer()
    for site in demo_sites(tmp_path).values():
        for path, body in read_mirror(site).items():
            page = renderer.render(body.decode("utf-8", "replace"))
            assert name_blocked_page(page, RULES) is None, path


@pytest.mark.parametrize(
    "snapshot",
    [
        name if name == SNAPSHOTS[0] else pytest.param(name, marks=pytest.mark.corpus)
        for name in SNAPSHOTS
    ],
)
def test_no_real_page_is_named(snapshot: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cable pages and index pages alike, were they asked."""
    folder = unpack_snapshot(snapshot, tmp_path_factory.getbasetemp())
    renderer = PageTextRenderer()
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) > 300
    for path in pages:
        page = renderer.render(path.read_text(encoding="utf-8", errors="replace"))
        assert name_blocked_page(page, RULES) is None, path
