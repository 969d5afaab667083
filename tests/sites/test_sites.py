"""The sample sites hold together, and are wrong only where they are meant to be."""

from __future__ import annotations

import gzip
import http.client
import re
import zlib
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from parsel import Selector

from tests.sites.cables import (
    CLASSIFICATIONS,
    HAND_WRITTEN,
    PARTIAL_NOTICE,
    InventedCable,
    cable_by_id,
    invented_cables,
)
from tests.sites.mirror import (
    FAMILIES,
    LATER_EDITS,
    LATER_RELEASES,
    LAYOUTS,
    LEFTOVER,
    Build,
    demo_sites,
    shown_created,
    write_mirror,
)
from tests.sites.server import Fault, Request, Site, SiteServer

# Every layout as published, and the two ways of copying.
BUILDS = [
    *(Build(30, layout, rows_per_page=10) for layout in LAYOUTS),
    Build(30, "v4", links="relative", rows_per_page=10),
    Build(30, "v0", links="httrack", rows_per_page=10),
]

# dossier 1.2: take the raw pre, remove the anchors and tag links, replace the line breaks.
PRE = re.compile(r"<code><pre>(.*?)</pre></code>")
SITE_MARKUP = re.compile(r"<a id='par\w+' href='[^']*#par\w+'>¶</a>|<a href='[^']*tag/[^']*'>|</a>")
ANOTHER_HOST = re.compile(r"(?!http://127\.0\.0\.1)[a-z]+:")


def name_of(build: Build) -> str:
    return f"{build.layout}-{build.links}"


@pytest.fixture(scope="module", params=BUILDS, ids=name_of)
def mirror(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Build]:
    build: Build = request.param
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(folder, invented_cables(30), build)
    return folder, build


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return demo_sites(tmp_path_factory.mktemp("demo"))


def page_text(folder: Path, page: str) -> str:
    return (folder / page).read_bytes().decode()


def select(text: str) -> Selector:
    return Selector(text=text, type="html")


def row_ids(folder: Path, family: str) -> list[str]:
    """The reference IDs of all rows of a family, page by page."""
    rows: list[str] = []
    for page in sorted((folder / family).iterdir()):
        cells = select(page.read_bytes().decode()).css("table.cable tr > td:first-child a::text")
        rows += cells.getall()
    return rows


def links_from(text: str, url: str) -> set[str]:
    """Where a page leads to on its own site, without fragments."""
    found = select(text).xpath("//@href | //@src").getall()
    absolute = (urljoin(url, link) for link in found if not ANOTHER_HOST.match(link))
    return {link.partition("#")[0] for link in absolute}


def statuses_from(url: str) -> dict[str, int]:
    """Follows every link of the site from `url`; the status of each address."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    statuses: dict[str, int] = {}
    waiting = {url}
    while waiting:
        address = waiting.pop()
        parts = urlsplit(address)
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        content = response.read()
        statuses[address] = response.status
        if response.headers.get_content_type() == "text/html":
            waiting |= links_from(content.decode(), address) - statuses.keys()
    connection.close()
    return statuses


def fetch(
    url: str, path: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    return response, response.read()


# ----------------------------------------------------------------------------- cables


def test_the_same_seed_gives_the_same_cables() -> None:
    assert invented_cables(40) == invented_cables(40)
    assert invented_cables(40)[:30] == invented_cables(30)
    assert invented_cables(40, seed=8) != invented_cables(40)


def test_many_cables_have_distinct_ids_and_realistic_lengths() -> None:
    cables = invented_cables(1500)
    assert len({cable.reference_id for cable in cables}) == 1500
    lengths = sorted(len(cable.body) for cable in cables[len(HAND_WRITTEN) :])
    assert lengths[0] > 1500
    assert 3000 < lengths[len(lengths) // 2] < 8000


@pytest.mark.parametrize("cable", HAND_WRITTEN, ids=lambda cable: cable.reference_id)
def test_a_cable_agrees_with_itself(cable: InventedCable) -> None:
    assert cable.shows
    assert cable.classification in CLASSIFICATIONS
    assert cable.created[2:4] == cable.reference_id[:2]
    if not cable.header.startswith(PARTIAL_NOTICE):
        day, hour, minute = cable.created[8:10], cable.created[11:13], cable.created[14:]
        assert f" {day}{hour}{minute}Z " in cable.header


def test_only_the_wrong_body_names_another_post() -> None:
    wrong = cable_by_id("05MUSCAT9679")
    assert "MUSCAT" not in wrong.body
    assert wrong.body == cable_by_id("05LISBON9539").body


def test_the_fragment_is_the_end_of_its_twin() -> None:
    fragment = cable_by_id("08SECTIN02OF02PORTOFSPAIN546").body
    twin = cable_by_id("08PORTOFSPAIN546").body
    assert twin.endswith(fragment[fragment.index("\n4. ") :])
    assert fragment not in twin


# ----------------------------------------------------------------------------- mirrors


def test_every_link_resolves(mirror: tuple[Path, Build]) -> None:
    folder, _ = mirror
    with SiteServer(folder) as server:
        statuses = statuses_from(server.url)
    assert [url for url, status in statuses.items() if status != 200] == []
    pages = set((folder / "cable").rglob("*.html"))
    reached = {folder / urlsplit(url).path.lstrip("/") for url in statuses}
    assert pages <= reached


def test_every_index_family_lists_every_cable(mirror: tuple[Path, Build]) -> None:
    folder, _ = mirror
    cables = invented_cables(30)
    ids = Counter(cable.reference_id for cable in cables)
    for family in FAMILIES[:-1]:
        assert Counter(row_ids(folder, family)) == ids
    tagged = Counter({cable.reference_id: len(cable.tags) for cable in cables})
    assert Counter(row_ids(folder, "tag")) == tagged


def test_each_page_states_its_build(mirror: tuple[Path, Build]) -> None:
    folder, build = mirror
    for page in folder.rglob("*_0.html"):
        assert f"Currently released so far... {build.counter} / 251,287" in page.read_text("utf-8")


def test_a_cable_page_has_one_table_and_two_pre(mirror: tuple[Path, Build]) -> None:
    folder, build = mirror
    columns = 4 if build.layout == "v0" else 5
    for cable in invented_cables(30):
        page = select(page_text(folder, cable.page))
        assert len(page.css("table.cable")) == 1
        assert len(page.css("pre")) == 2
        assert len(page.css("table.cable th")) == columns
        created = page.css("table.cable tr:nth-child(2) td:nth-child(2) a::text").get()
        assert created == shown_created(cable, build.layout)


def test_a_body_is_its_cable_plus_anchors_and_tag_links(mirror: tuple[Path, Build]) -> None:
    folder, _ = mirror
    for cable in invented_cables(30):
        header, body = PRE.findall(page_text(folder, cable.page))
        assert header.replace("&#x000A;", "\n") == cable.header
        assert SITE_MARKUP.sub("", body).replace("&#x000A;", "\n") == cable.body


def test_letters_and_numbers_are_anchored(tmp_path: Path) -> None:
    write_mirror(tmp_path, HAND_WRITTEN, Build(23, "v4"))
    page = select(page_text(tmp_path, cable_by_id("06NICOSIA9204").page))
    anchors = page.css("pre a[id]::attr(id)").getall()
    assert anchors == ["parB", "parC", "par1", "par2", "par3", "par3", "par4"]


def test_the_media_row_doubles_the_scheme(tmp_path: Path) -> None:
    write_mirror(tmp_path, HAND_WRITTEN, Build(23, "v4"))
    text = page_text(tmp_path, cable_by_id("10BERN9008").page)
    links = select(text).css("table.cable td[colspan='5'] a")
    assert [link.attrib["href"] for link in links] == [
        f"http://{entry}" for entry in cable_by_id("10BERN9008").articles
    ]
    assert links.css("::text").getall() == list(cable_by_id("10BERN9008").articles)
    assert text.count("<br />\r\n") == 2


def test_minutes_are_false_until_v6() -> None:
    cable = cable_by_id("10BERN9008")
    assert shown_created(cable, "v5") == "2010-01-14 15:03"
    assert shown_created(cable, "v6") == "2010-01-14 15:27"


def test_a_multiple_of_the_page_size_ends_in_an_empty_page(tmp_path: Path) -> None:
    cables = [cable_by_id("08TALLINN9012"), cable_by_id("07TALLINN9892")]
    write_mirror(tmp_path, cables, Build(2, "v4", rows_per_page=2))
    empty = select(page_text(tmp_path, "classification/1_1.html"))
    assert len(empty.css("table.cable")) == 1
    assert empty.css("table.cable td") == []
    assert empty.css("div.paginator")[0].css("a:last-child::attr(href)").get() == (
        "/classification/1_1.html"
    )


def test_a_page_changed_by_an_overlay_gets_a_later_time(tmp_path: Path) -> None:
    cables = invented_cables(3)
    write_mirror(tmp_path, cables, Build(3))
    page = tmp_path / cables[0].page
    first = page.stat().st_mtime
    write_mirror(tmp_path, cables, Build(3), overlay=True)
    assert page.stat().st_mtime == first
    write_mirror(tmp_path, cables, Build(3, edits={cables[0].reference_id: "X"}), overlay=True)
    assert page.stat().st_mtime >= first + 1


def test_without_overlay_older_pages_are_removed(tmp_path: Path) -> None:
    write_mirror(tmp_path, invented_cables(3), Build(3))
    write_mirror(tmp_path, invented_cables(2), Build(2))
    assert len(list((tmp_path / "cable").rglob("*.html"))) == 2


# --------------------------------------------------------------------------- the demo's


@pytest.mark.parametrize("name", ["first-build", "later-build", "relative-copy", "old-httrack"])
def test_demo_links_resolve(demo: dict[str, Path], name: str) -> None:
    with SiteServer(demo[name]) as server:
        statuses = statuses_from(server.url)
    assert [url for url, status in statuses.items() if status != 200] == []


def test_the_leftover_is_there_and_in_no_index(demo: dict[str, Path]) -> None:
    folder = demo["later-build"]
    left = page_text(folder, cable_by_id(LEFTOVER).page)
    assert "so far... 30 /" in left
    assert all(LEFTOVER not in row_ids(folder, family) for family in FAMILIES)
    with SiteServer(folder) as server:
        assert f"{server.url}{cable_by_id(LEFTOVER).page}" not in statuses_from(server.url)


def test_the_later_build_changed_texts_and_release_dates(demo: dict[str, Path]) -> None:
    for reference_id, body in LATER_EDITS.items():
        cable = cable_by_id(reference_id)
        assert body != cable.body
        _, shown = PRE.findall(page_text(demo["later-build"], cable.page))
        assert SITE_MARKUP.sub("", shown).replace("&#x000A;", "\n") == body
    for reference_id, released in LATER_RELEASES.items():
        page = cable_by_id(reference_id).page
        assert released in page_text(demo["later-build"], page)
        assert released != cable_by_id(reference_id).released
    assert (demo["later-build"] / "classification/1_2.html").is_file()


def test_the_relative_copy_is_torn(demo: dict[str, Path]) -> None:
    counters = Counter(
        re.findall(r"so far\.\.\. (\d+)", page.read_text("utf-8"))[0]
        for page in (demo["relative-copy"] / "cable").rglob("*.html")
    )
    assert set(counters) == {"36", "40"}
    text = page_text(demo["relative-copy"], cable_by_id("10BERN9008").page)
    assert "href='10BERN9008.html#par1'" in text
    assert "href='../../../tag/PGOV_0.html'" in text


def test_the_httrack_copy_names_its_time_twice(demo: dict[str, Path]) -> None:
    text = page_text(demo["old-httrack"], cable_by_id("07ASTANA9033").page)
    assert text.count("Mon, 29 Nov 2010 20:47:59 GMT -->") == 2
    assert "<td colspan='4'></td>" in text
    assert "'../../../../external.html?link=http://twitter.com/wikileaks'" in text


# ------------------------------------------------------------------------------- server


@pytest.fixture
def page_folder(tmp_path: Path) -> Path:
    (tmp_path / "cable").mkdir()
    (tmp_path / "cable/a b.html").write_text("<p>" + "cable " * 500 + "</p>")
    return tmp_path


PAGE = "/cable/a%20b.html"


def test_a_page_is_asked_for_again_conditionally(page_folder: Path) -> None:
    with SiteServer(page_folder) as server:
        response, content = fetch(server.url, PAGE)
        known = {"If-Modified-Since": response.headers["Last-Modified"]}
        tagged = {"If-None-Match": response.headers["ETag"]}
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert len(content) == 3007
        assert fetch(server.url, PAGE, known)[0].status == 304
        assert fetch(server.url, PAGE, tagged)[0].status == 304
        (page_folder / "cable/a b.html").write_text("new")
        assert fetch(server.url, PAGE, tagged)[1] == b"new"
        assert server.requests == [Request("GET", PAGE, status) for status in (200, 304, 304, 200)]


def test_a_connection_is_kept(page_folder: Path) -> None:
    with SiteServer(page_folder) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
        connection.connect()
        kept = connection.sock
        for _ in range(3):
            connection.request("GET", PAGE)
            connection.getresponse().read()
            assert connection.sock is kept
        connection.close()


def test_folders_have_an_index_or_a_listing(page_folder: Path) -> None:
    with SiteServer(page_folder) as server:
        response, _ = fetch(server.url, "/cable")
        assert (response.status, response.headers["Location"]) == (301, "/cable/")
        _, content = fetch(server.url, "/cable/")
        assert select(content.decode()).css("a::attr(href)").getall() == ["../", "a%20b.html"]
        (page_folder / "cable/index.html").write_text("index")
        assert fetch(server.url, "/cable/")[1] == b"index"


def test_nothing_outside_the_folder_is_served(page_folder: Path) -> None:
    (page_folder / "secret").write_text("secret")
    with SiteServer(page_folder / "cable") as server:
        assert fetch(server.url, "/%2e%2e/secret")[0].status == 404
        assert fetch(server.url, "/../secret")[0].status == 404


def test_text_is_compressed_for_who_accepts_it(page_folder: Path) -> None:
    with SiteServer(page_folder, gzip=True) as server:
        plain, content = fetch(server.url, PAGE)
        packed, shorter = fetch(server.url, PAGE, {"Accept-Encoding": "gzip"})
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(shorter) == content


def test_a_fault_is_met_as_often_as_it_says(page_folder: Path) -> None:
    faults = {PAGE: Fault("status", times=2, status=503, retry_after="7")}
    with SiteServer(page_folder, faults=faults) as server:
        response, _ = fetch(server.url, PAGE)
        assert (response.status, response.headers["Retry-After"]) == (503, "7")
        assert fetch(server.url, PAGE)[0].status == 503
        assert fetch(server.url, PAGE)[0].status == 200


def test_half_a_gzip_stream_comes_whole(page_folder: Path) -> None:
    with SiteServer(page_folder, faults={PAGE: Fault("half_gzip")}) as server:
        response, content = fetch(server.url, PAGE)
    assert len(content) == int(response.headers["Content-Length"])
    reader = zlib.decompressobj(wbits=31)
    reader.decompress(content)
    assert not reader.eof


def test_a_truncated_page_breaks_its_promise(page_folder: Path) -> None:
    with (
        SiteServer(page_folder, faults={"/cable/*": Fault("truncated")}) as server,
        pytest.raises(http.client.IncompleteRead),
    ):
        fetch(server.url, PAGE)


def test_a_reset_connection_gives_no_answer(page_folder: Path) -> None:
    with SiteServer(page_folder, faults={PAGE: Fault("reset")}) as server:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            fetch(server.url, PAGE)
        assert server.requests == [Request("GET", PAGE, 0)]


def test_slow_and_dripping_pages_come_whole(page_folder: Path) -> None:
    faults = {PAGE: Fault("drip", seconds=0.1), "/cable/": Fault("slow", seconds=0.05)}
    with SiteServer(page_folder, faults=faults) as server:
        assert len(fetch(server.url, PAGE)[1]) == 3007
        assert fetch(server.url, "/cable/")[0].status == 200


def test_a_redirect_and_a_false_page(page_folder: Path) -> None:
    faults = {
        "/old": Fault("redirect", status=302, location=PAGE),
        PAGE: Fault("body", body=b"gone fishing"),
    }
    with SiteServer(page_folder, faults=faults) as server:
        response, _ = fetch(server.url, "/old")
        assert (response.status, response.headers["Location"]) == (302, PAGE)
        assert fetch(server.url, PAGE)[1] == b"gone fishing"


def test_a_path_can_lack_its_content_type(page_folder: Path) -> None:
    with SiteServer(page_folder, untyped=("/cable/*",)) as server:
        assert fetch(server.url, PAGE)[0].headers["Content-Type"] is None


def test_each_site_has_its_own_address_and_log(page_folder: Path) -> None:
    with SiteServer({"a": page_folder, "b": Site(page_folder, charset=None)}) as server:
        assert fetch(server.urls["b"], PAGE)[0].headers["Content-Type"] == "text/html"
        assert server.requests == []
        assert server.sites["b"].asked("/cable/*") == [Request("GET", PAGE, 200)]


def test_a_closed_server_hangs_up(page_folder: Path) -> None:
    with SiteServer(page_folder) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
        connection.request("GET", PAGE)
        connection.getresponse().read()
    assert connection.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        fetch(server.url, PAGE)
