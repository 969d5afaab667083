"""WikiLeaks releases: the registry, and what a page's counter and pane say."""

from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.releases import (
    Release,
    Releases,
    ReleasesError,
    chrome_fingerprint,
    load_releases,
    read_releases,
)

RELEASE = Release(
    id="web-7",
    label="cablegate-201011280000.7z",
    counters=(7,),
    archives=("cablegate-201011280000.7z",),
    chrome_sha256=("a" * 64,),
    max_released="2010-11-28T00:12",
    publisher="WikiLeaks",
    kind="website_build",
    date="2010-11-28",
    authority="a test",
    verified=True,
    note="",
)
TWIN = replace(RELEASE, id="web-7-b", label="website build 7", chrome_sha256=("b" * 64,))
UNSEEN = replace(RELEASE, id="web-9", label="website build 9", counters=(9,), chrome_sha256=())


def page(address: str, pane: str = "Currently released so far... 7 / 251,287") -> str:
    return f"""\
<div class='main'>
<div class='pane small'>
<p>{pane}</p>
<a href='http://twitter.com/home?status=Reading%20http%3A%2F%2Fcables.example%2F{address}'>T</a>
<a href='http://digg.com/submit?url=http%3A%2F%2Fcables.example%2F{address}'>Digg this page</a>
</div>
<div class='pane big'>{address}</div>
"""


def found(releases: Releases, counter: int | None, chrome: str | None) -> list[tuple[str, ...]]:
    return [
        (match.release.id, match.basis, match.confidence)
        for match in releases.match(counter, chrome)
    ]


def test_the_registry_loads_and_every_release_says_who_says_so() -> None:
    releases = load_releases()
    assert len(releases) > 40
    assert all(release.authority for release in releases)


def test_the_registry_names_the_archive_of_a_counter() -> None:
    (release,) = load_releases().by_counter(471)
    assert release.archives == ("cablegate-201012011021.7z",)
    assert release.max_released == "2010-12-01T09:09"
    assert load_releases().by_chrome(release.chrome_sha256[0]) == release


def test_no_release_was_made_before_the_latest_stamp_on_its_pages() -> None:
    for release in load_releases():
        if release.archives and release.date and release.max_released:
            day = len("2010-12-10")
            precision = min(len(release.date), len(release.max_released))
            assert precision >= day
            assert release.max_released[:precision] <= release.date[:precision], release.id


def test_a_label_is_found_as_a_page_names_it() -> None:
    release = load_releases().by_label("cablebrowser-2")
    assert release is not None
    assert (release.date, release.verified) == ("2011-10-04", False)
    assert load_releases().by_label("cablebrowser-1") is None


def test_one_counter_can_name_two_builds_and_the_pane_tells_them_apart() -> None:
    releases = load_releases()
    one, other = releases.by_counter(926)
    assert found(releases, 926, None) == [
        (one.id, "counter", "inferred_weak"),
        (other.id, "counter", "inferred_weak"),
    ]
    assert found(releases, 926, other.chrome_sha256[0]) == [
        (other.id, "counter", "asserted"),
        (other.id, "template_fingerprint", "inferred_strong"),
    ]


@pytest.mark.parametrize(
    ("counter", "chrome", "expected"),
    [
        (None, None, []),
        (8, None, []),
        (8, "f" * 64, []),
        (9, None, [("web-9", "counter", "asserted")]),
        (9, "f" * 64, [("web-9", "counter", "asserted")]),
        (None, "a" * 64, [("web-7", "template_fingerprint", "inferred_strong")]),
        (
            9,
            "a" * 64,
            [
                ("web-9", "counter", "contradicted"),
                ("web-7", "template_fingerprint", "contradicted"),
            ],
        ),
    ],
)
def test_counter_and_pane_support_or_contradict_each_other(
    counter: int | None, chrome: str | None, expected: list[tuple[str, ...]]
) -> None:
    assert found(Releases([RELEASE, TWIN, UNSEEN]), counter, chrome) == expected


def test_a_pane_that_was_rewritten_makes_the_counter_weak() -> None:
    assert found(Releases([RELEASE]), 7, "f" * 64) == [("web-7", "counter", "inferred_weak")]


def test_all_pages_of_a_build_have_one_fingerprint() -> None:
    cable = chrome_fingerprint(page("cable%2F2009%2F06%2F09TBILISI1134.html%20%2309TBILISI1134"))
    index = chrome_fingerprint(page("classification%2F6_0.html"))
    assert cable is not None and cable == index


def test_another_build_has_another_fingerprint() -> None:
    assert chrome_fingerprint(page("x.html")) != chrome_fingerprint(page("x.html", "8 / 251,287"))


def test_a_page_without_the_panes_has_no_fingerprint() -> None:
    assert chrome_fingerprint("") is None
    assert chrome_fingerprint("<div class='pane small'>") is None
    assert chrome_fingerprint("<div class='pane big'><div class='pane small'>") is None


def test_two_releases_cannot_share_an_id_or_a_fingerprint() -> None:
    with pytest.raises(ReleasesError, match=r"\[web-7\]: two releases"):
        Releases([RELEASE, replace(RELEASE, chrome_sha256=())])
    with pytest.raises(ReleasesError, match=r"\[web-8\] chrome_sha256: a+ is \[web-7\]'s"):
        Releases([RELEASE, replace(RELEASE, id="web-8")])


TABLE = """\
[web-7]
label = "website build 7"
publisher = "WikiLeaks"
kind = "website_build"
authority = "a test"
verified = true
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('date = "2010-13-01"', 'releases.toml: [web-7] date = "2010-13-01": no such day or time'),
        ('date = "20101201"', "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM"),
        ('max_released = "2010-12-01 09:09"', "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM"),
        ('chrome_sha256 = ["abc"]', "abc is no SHA-256 in hex"),
        ('counters = ["7"]', "must be a list of whole numbers"),
        ('counter = "7"', "unknown key (known are label, counters, "),
    ],
)
def test_a_mistake_in_the_registry_is_named(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("releases.toml").write_text(f"{TABLE}{line}\n", encoding="utf-8")
    with pytest.raises(ReleasesError) as error:
        read_releases(Path("releases.toml"))
    assert message in str(error.value)
