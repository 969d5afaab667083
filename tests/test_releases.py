"""WikiLeaks releases: the registry, and what a page's counter and pane say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cablecrawl.releases import (
    Naming,
    Release,
    Releases,
    ReleasesError,
    chrome_fingerprint,
    load_releases,
    named_release,
    period,
    read_releases,
)

BUILDS = Path(__file__).resolve().parents[2] / "shared" / "dossier" / "builds.json"

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
EARLIER = replace(RELEASE, id="web-5", label="website build 5", counters=(5,), chrome_sha256=())
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


def test_every_build_that_was_measured_is_in_the_registry() -> None:
    if not BUILDS.exists():
        pytest.skip("no dossier/builds.json in ../shared")
    releases = load_releases()
    for build in json.loads(BUILDS.read_text(encoding="utf-8")):
        release = releases.by_counter(build["counter"])[0]
        assert release.max_released == build["max_released"].replace(" ", "T"), release.id
        assert release.verified == build["complete"], release.id
        archive = build["archive"] or ""
        if archive.startswith("magnet"):
            assert archive.split()[1].rstrip(".") in release.authority
        else:
            named = [f"cablegate-{name}.7z" for name in archive.split(" and ") if name]
            assert list(release.archives) == named, release.id


@pytest.mark.parametrize(
    ("release_id", "date", "kind", "verified"),
    [
        ("reykjavik-13", "2010-02-18", "publication", False),
        ("first-2010-11-28", "2010-11-28", "publication", False),
        ("web-2011-08", "2011-08-29", "website_builds", False),
        ("web-251287", "2011-08-30T02:12", "website_build", False),
        ("cables-csv", "2011-09", "archive", False),
        ("full-2011-09-02", "2011-09-02", "publication", False),
        ("cablegate2-sql", "2011-09", "archive", False),
        ("cablegate2-html", "2011-09", "archive", False),
        ("cablebrowser-2", "2011-10-04", "site_edition", False),
        ("plusd-2013", "2013-04-08", "database", False),
    ],
)
def test_what_came_out_beside_the_builds_is_in_the_registry(
    release_id: str, date: str, kind: str, verified: bool
) -> None:
    release = load_releases().by_id(release_id)
    assert release is not None
    assert (release.date, release.kind, release.verified) == (date, kind, verified)


def test_counts_that_disagree_are_both_kept() -> None:
    release = load_releases().by_id("web-2011-08")
    assert release is not None
    assert sorted(release.stated_counts) == [(133877, "Deutsche Welle"), (133887, "Scoop")]


def test_the_order_is_that_of_publication_and_not_that_of_the_counters() -> None:
    releases = load_releases()
    order = ["web-607", "web-593", "web-842", "web-821", "web-837", "web-931", "web-926-a"]
    order += ["web-913", "web-4044", "web-4033", "web-6693", "web-251287", "plusd-2013"]
    places = [releases.place(release_id) for release_id in order]
    assert None not in places
    assert places == sorted(places, key=lambda place: place or 0)
    assert releases.place("web-8") is None


def test_only_its_own_cable_came_out_before_all_the_others() -> None:
    firsts = [load_releases().first(of) for of in ("10REYKJAVIK13", "07ASTANA9033", None)]
    assert [first.id for first in firsts if first] == ["reykjavik-13"] + ["first-2010-11-28"] * 2


def test_a_stamp_that_every_page_of_a_build_has_names_it() -> None:
    release = load_releases().by_stamp("2011-08-30T01:44")
    assert release is not None and release.id == "web-251287"
    # The latest stamp of this build, and on a few pages of it only.
    assert load_releases().by_stamp("2010-12-05T05:05") is None


def test_the_last_stamp_is_known_of_builds_that_were_seen_whole() -> None:
    assert RELEASE.last_stamp == "2010-11-28T00:12"
    assert replace(RELEASE, verified=False).last_stamp is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], None),
        ([("web-7", "asserted"), ("web-7", "inferred_strong")], "web-7"),
        ([("web-9", "inferred_strong"), ("web-7", "asserted")], "web-7"),
        ([("web-7", "inferred_weak")], "web-7"),
        ([("web-7", "inferred_weak"), ("web-7-b", "inferred_weak")], None),
        ([("web-7", "contradicted"), ("web-9", "contradicted")], None),
        ([("web-7", "contradicted"), ("web-9", "inferred_weak")], "web-9"),
    ],
)
def test_a_page_is_of_a_release_where_what_is_said_agrees(
    said: list[tuple[str, str]], expected: str | None
) -> None:
    namings = [Naming(release, "counter", confidence) for release, confidence in said]
    assert named_release(namings) == expected


def test_a_page_of_one_of_two_builds_is_older_only_if_both_are() -> None:
    releases = Releases([EARLIER, RELEASE, TWIN, UNSEEN])
    either = [Naming(of, "counter", "inferred_weak") for of in ("web-5", "web-7-b")]
    newest = [("web-5", False), ("web-7", False), ("web-7-b", False), ("web-9", True)]
    assert [(of, releases.is_older(either, of)) for of, _ in newest] == newest
    assert not releases.is_older(either, None)
    assert not releases.is_older([Naming("cablebrowser-1", "page_statement", "asserted")], "web-9")


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        ("2011-02", "2011-02-01T00:00:00", "2011-02-28T23:59:59"),
        ("2011-12", "2011-12-01T00:00:00", "2011-12-31T23:59:59"),
        ("2011-09-02", "2011-09-02T00:00:00", "2011-09-02T23:59:59"),
        ("2011-08-30T02:12", "2011-08-30T02:12:00", "2011-08-30T02:12:59"),
        ("2011-08-30T02:12:08", "2011-08-30T02:12:08", "2011-08-30T02:12:08"),
    ],
)
def test_a_date_is_a_period_of_its_precision(date: str, first: str, last: str) -> None:
    assert [moment.isoformat() for moment in period(date)] == [first, last]


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


def test_two_releases_cannot_share_an_id_a_label_or_a_fingerprint() -> None:
    with pytest.raises(ReleasesError, match=r"\[web-7\]: two releases"):
        Releases([RELEASE, replace(RELEASE, chrome_sha256=())])
    other = replace(RELEASE, id="web-8")
    with pytest.raises(ReleasesError, match=r"\[web-8\] label: cablegate-.+ is \[web-7\]'s"):
        Releases([RELEASE, other])
    with pytest.raises(ReleasesError, match=r"\[web-8\] chrome_sha256: a+ is \[web-7\]'s"):
        Releases([RELEASE, replace(other, label="website build 8")])


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
        ('date = "20101201"', "must be YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM"),
        ('max_released = "2010-12-01"', "must be YYYY-MM-DDTHH:MM"),
        ('max_released = "2010-12-01 09:09"', "must be YYYY-MM, YYYY-MM-DD or"),
        (
            'date = "2010-11-30"\nmax_released = "2010-12-01T09:09"',
            'max_released = "2010-12-01T09:09": is after date = 2010-11-30',
        ),
        ('stated_counts = ["many: Scoop"]', 'many: Scoop: write it as "133877: Deutsche Welle"'),
        ('cables = ["07 Astana 9033"]', "is no reference ID; write it as 07ASTANA9033"),
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


def test_an_archive_has_no_counter(tmp_path: Path) -> None:
    path = tmp_path / "releases.toml"
    path.write_text(TABLE.replace("website_build", "archive") + "counters = [7]\n")
    with pytest.raises(ReleasesError, match='counters = .7.: only kind = "website_build" has it'):
        read_releases(path)


@pytest.mark.parametrize(
    ("dates", "is_in_order"),
    [
        (("2010-12-04T14:09", "2010-12-04T18:11"), True),
        (("2011-09-02", "2011-09"), True),
        (("2011-09", "2011-09-02"), True),
        (("2010-12-04T18:11", "2010-12-04T14:09"), False),
        (("2011-10-04", "2011-09"), False),
    ],
)
def test_the_registry_stands_in_order(
    dates: tuple[str, str], is_in_order: bool, tmp_path: Path
) -> None:
    path = tmp_path / "releases.toml"
    one, other = (
        TABLE.replace("web-7", f"web-{n}").replace("build 7", f"build {n}") + f'date = "{date}"\n'
        for n, date in enumerate(dates)
    )
    path.write_text(one + other)
    if is_in_order:
        assert len(read_releases(path)) == 2
    else:
        with pytest.raises(ReleasesError, match=f"is before {dates[0]}, that of a release above"):
            read_releases(path)
