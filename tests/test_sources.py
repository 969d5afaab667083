"""The registry of sites: what it reads, and the one line it says when it cannot."""

from datetime import date
from pathlib import Path

import pytest

from cablecrawl.sources import PACKAGED_SOURCES, SourcesError, load_sources, source_for_url

MRKVA = """\
[mrkva]
kind = "cablebrowser"
start_urls = ["http://cables.example/"]
publisher = "unknown"
known_by = "a test"
"""


def write(folder: Path, content: str, name: str = "sources.toml") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_the_packaged_registry_has_the_sites_of_all_three_kinds() -> None:
    sources = load_sources([PACKAGED_SOURCES])
    assert {source.kind for source in sources.values()} == {"mirrors", "wordpress", "cablebrowser"}
    assert all(source.known_by for source in sources.values())
    assert sources["mrkva"].start_urls == ("http://cables.mrkva.eu/",)


def test_the_packaged_ranks_decide_every_tie() -> None:
    ranks = [source.rank for source in load_sources([PACKAGED_SOURCES]).values()]
    assert len(set(ranks)) == len(ranks)


def test_a_table_needs_only_kind_start_urls_publisher_and_known_by(tmp_path: Path) -> None:
    mrkva = load_sources([write(tmp_path, MRKVA)])["mrkva"]
    assert mrkva.enabled and not mrkva.render
    assert mrkva.layout == "cablebrowser"
    assert mrkva.checked is None
    assert mrkva.download_delay is None and mrkva.concurrency is None
    assert mrkva.expected_cables == (None, None)
    assert mrkva.hosts == ()
    assert mrkva.derived_from is None


def test_every_key_is_read(tmp_path: Path) -> None:
    more = """\
enabled = false
layout = "wikileaks"
note = "Slow."
checked = 2026-11-21
rank = 3
download_delay = 2.5
concurrency = 2
expected_cables = { min = 10, max = 20 }
hosts = ["www.cables.example", "cables.example:8080"]
render = true
derived_from = []
"""
    mrkva = load_sources([write(tmp_path, MRKVA + more)])["mrkva"]
    assert (mrkva.enabled, mrkva.render, mrkva.derived_from) == (False, True, ())
    assert (mrkva.layout, mrkva.note, mrkva.rank) == ("wikileaks", "Slow.", 3)
    assert mrkva.checked == date(2026, 11, 21)
    assert (mrkva.download_delay, mrkva.concurrency) == (2.5, 2)
    assert mrkva.expected_cables == (10, 20)
    assert mrkva.hosts == ("www.cables.example", "cables.example:8080")


def test_a_later_file_adds_sources_and_replaces_whole_tables(tmp_path: Path) -> None:
    first = write(tmp_path, MRKVA + "rank = 3\n", "first.toml")
    again = MRKVA.replace("cables.example", "moved.example")
    second = write(tmp_path, again + MRKVA.replace("mrkva", "other"), "second.toml")
    sources = load_sources([first, second])
    assert list(sources) == ["mrkva", "other"]
    assert sources["mrkva"].start_urls == ("http://moved.example/",)
    assert sources["mrkva"].rank != 3


def derivations(**derived_from: str) -> str:
    """Sources of these names, each with its line, or with none where it is empty."""
    return "".join(
        MRKVA.replace("[mrkva]", f"[{name}]") + (f"derived_from = {names}\n" if names else "")
        for name, names in derived_from.items()
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (derivations(a="[]", b='["a"]'), {"a": (), "b": ("a",)}),
        (derivations(c='["b"]', b='["a"]', a="[]"), {"c": ("a", "b"), "b": ("a",), "a": ()}),
        (
            derivations(d='["b", "c"]', b='["a"]', c='["a"]', a="[]"),
            {"d": ("a", "b", "c"), "b": ("a",), "c": ("a",), "a": ()},
        ),
        # Of a nothing is known, so what b has from it is not known either.
        (derivations(c='["b"]', b='["a"]', a=""), {"c": None, "b": None, "a": None}),
    ],
)
def test_a_source_is_derived_from_all_that_its_sources_are(
    content: str, expected: dict[str, tuple[str, ...] | None], tmp_path: Path
) -> None:
    sources = load_sources([write(tmp_path, content)])
    assert {name: source.derived_from for name, source in sources.items()} == expected


def test_a_source_may_be_derived_from_one_of_another_file(tmp_path: Path) -> None:
    own = write(tmp_path, derivations(mine='["wikileaks"]'), "own.toml")
    assert load_sources([PACKAGED_SOURCES, own])["mine"].derived_from == ("wikileaks",)


def changed(old: str, new: str) -> str:
    assert old in MRKVA
    return MRKVA.replace(old, new)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            MRKVA + 'layout = "cablebrowsr"\n',
            '[mrkva] layout = "cablebrowsr": unknown layout (one of wikileaks, wordpress, '
            "cablebrowser)",
        ),
        (
            changed('"cablebrowser"', '"mirror"'),
            '[mrkva] kind = "mirror": unknown kind (one of mirrors, wordpress, cablebrowser)',
        ),
        (changed('kind = "cablebrowser"\n', ""), "[mrkva] kind: missing"),
        (changed('"a test"', "7"), "[mrkva] known_by = 7: must be a string"),
        (MRKVA + "delay = 1\n", "[mrkva] delay = 1: unknown key (known are kind, start_urls, "),
        (MRKVA + "enabled = 1\n", "[mrkva] enabled = 1: must be true or false"),
        (MRKVA + "rank = true\n", "[mrkva] rank = true: must be a whole number, 0 or more"),
        (MRKVA + "rank = -1\n", "[mrkva] rank = -1: must be a whole number, 0 or more"),
        (MRKVA + "concurrency = 0\n", "[mrkva] concurrency = 0: must be a whole number, 1 or"),
        (MRKVA + "download_delay = -0.5\n", "[mrkva] download_delay = -0.5: must be a number, 0"),
        (MRKVA + "download_delay = nan\n", "must be a number, 0 or more"),
        (MRKVA + 'checked = "2026-11-21"\n', 'checked = "2026-11-21": must be a date without qu'),
        (MRKVA + "expected_cables = 7\n", "[mrkva] expected_cables = 7: must be a table, such as"),
        (
            MRKVA + "expected_cables = { min = 9, max = 8 }\n",
            "[mrkva.expected_cables] min = 9: is above max = 8",
        ),
        (
            MRKVA + "expected_cables = { most = 8 }\n",
            "[mrkva.expected_cables] most = 8: unknown key (known are min, max)",
        ),
        (changed('["http://cables.example/"]', "[]"), "start_urls = []: must name at least one"),
        (
            changed('["http://cables.example/"]', '"http://cables.example/"'),
            "must be a list of strings",
        ),
        (changed("http:", "ftp:"), "ftp://cables.example/: ftp: cannot be crawled, only http and"),
        (MRKVA + 'hosts = ["http://a.example/"]\n', 'hosts = ["http://a.example/"]: http://a.e'),
        (changed("[mrkva]", '["mr,kva"]'), "[mr,kva]: a name is of a-z, 0-9 and . : - _"),
        (MRKVA + 'derived_from = ["a"]\n', 'derived_from = ["a"]: a: there is no source of this'),
        (MRKVA + 'derived_from = "a"\n', 'derived_from = "a": must be a list of strings'),
        (MRKVA + 'derived_from = ["mrkva"]\n', "leads back to the source itself"),
        (derivations(b='["mrkva"]', mrkva='["b"]'), '[b] derived_from = ["mrkva"]: leads back'),
        (MRKVA + MRKVA, "(at line 6, column 7)"),
        (MRKVA + "rank 3\n", "(at line 6, column 6)"),
        ('kind = "mirrors"\n', 'kind = "mirrors": no table; write [name] above it'),
    ],
)
def test_a_mistake_gives_one_line_that_names_file_table_and_key(
    content: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, content)
    with pytest.raises(SourcesError) as error:
        load_sources([Path("sources.toml")])
    line = str(error.value)
    assert line.startswith("sources.toml: ")
    assert message in line
    assert "\n" not in line


def test_a_file_that_is_missing_or_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match=r"none\.toml: No such file"):
        load_sources([tmp_path / "none.toml"])
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[a]\nnote = "\xe9"\n')
    with pytest.raises(SourcesError, match=r"latin\.toml: not UTF-8 \(at line 2\)"):
        load_sources([latin])


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:8000/cable/2009/06/09TBILISI1134.html", "127.0.0.1:8000"),
        ("https://Cables.Example:443/", "cables.example"),
        ("http://cables.example:443/", "cables.example:443"),
        ("http://[::1]:8000/", "[::1]:8000"),
    ],
)
def test_a_site_given_by_its_url_is_named_after_host_and_port(url: str, name: str) -> None:
    source = source_for_url(url, "mirrors")
    assert (source.name, source.kind, source.start_urls) == (name, "mirrors", (url,))


def test_a_site_given_by_its_url_ranks_after_the_registered_ones() -> None:
    registered = load_sources([PACKAGED_SOURCES]).values()
    rank = source_for_url("http://cables.example/", "wordpress").rank
    assert rank > max(source.rank for source in registered)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("cables.example/x", "no scheme; write http://cables.example/x or https://"),
        ("localhost:8000", "no scheme; write http://localhost:8000 or"),
        ("ftp://cables.example/", "ftp: cannot be crawled, only http and https"),
        ("http:///cable/", "no host; write http://host/path"),
        ("http://cables.example/a b", "write spaces as %20"),
        ("http://cables.example/\n", "control character"),
        ("http://cables.example:99999/", "cannot be read"),
        ("http://ca,bles.example/", "ca,bles.example is no host name"),
        ("http://me:secret@cables.example/", "leave it out"),
        ("", "no scheme"),
    ],
)
def test_a_url_that_cannot_be_crawled_is_refused_with_what_to_do(url: str, message: str) -> None:
    with pytest.raises(SourcesError) as error:
        source_for_url(url, "mirrors")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SourcesError, match="mirror: unknown kind"):
        source_for_url("http://cables.example/", "mirror")
