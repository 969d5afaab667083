"""The project's own commands as a user types them: demo, sources, help."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cablecrawl.capture import read_members
from cablecrawl.sources import PACKAGED_SOURCES, load_sources
from tests.crawling import Project
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import SiteServer

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project's own files elsewhere, so that what the demo writes is not in the way."""
    folder = tmp_path / "checkout"
    for name in ("cablecrawl", "exports/schema", "pipelines", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "scrapy.cfg", folder)
    return folder


def scrapy(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments], cwd=cwd, capture_output=True, text=True
    )


def test_the_demo_shows_what_was_found_and_stripped_and_where_to_look(checkout: Path) -> None:
    done = scrapy("demo", cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert "61 cables, 179 copies of them, 179 readings" in done.stdout
    for word in ("found", "stripped", "navigation", "where to look"):
        assert word in done.stdout
    *files, pages = done.stdout.partition("where to look\n")[2].splitlines()
    for line in files:
        assert (checkout / line.split()[0]).exists(), line
    assert "scrapy browse --open --export demo/export -s DATA_DIR=demo/data" in pages
    assert "later-build" in done.stderr


@pytest.mark.long
def test_the_demo_can_be_run_again(checkout: Path) -> None:
    first, second = scrapy("demo", cwd=checkout), scrapy("demo", cwd=checkout)
    assert (first.returncode, second.returncode) == (0, 0)
    found = [_without_the_moment(done.stdout.partition("stripped")[2]) for done in (first, second)]
    assert found[0] == found[1]


def test_sources_lists_the_registry_without_a_store(tmp_path: Path) -> None:
    done = scrapy("sources", "-s", f"DATA_DIR={tmp_path / 'none'}")
    assert done.returncode == 0
    names = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert sorted(names) == sorted(load_sources([PACKAGED_SOURCES]))
    assert not (tmp_path / "none").exists()


def test_sources_says_what_a_crawl_came_to(tmp_path: Path) -> None:
    write_mirror(tmp_path / "site", invented_cables(7), Build(7, "v3"))
    project = Project(tmp_path)
    with SiteServer(tmp_path / "site") as server:
        project.crawl("-a", f"url={server.url}")
        host = server.url.removeprefix("http://").rstrip("/")
    done = scrapy("sources", "-s", f"DATA_DIR={project.data_dir}")
    row = next(line.split() for line in done.stdout.splitlines() if line.startswith(host))
    assert row[1] == "mirrors"
    assert row[-4:] == ["finished", "7", "7", "0"]


def test_sources_with_v_gives_addresses(tmp_path: Path) -> None:
    done = scrapy("sources", "-v", "-s", f"DATA_DIR={tmp_path}")
    assert "address   http://wikileaks.zilog.es/cablegate.html" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        *(
            "changes",
            "crawl",
            "demo",
            "export",
            "history",
            "releases",
            "reparse",
            "report",
            "sources",
            "trace",
            "verify",
        ),
    ],
)
def test_the_help_of_a_command_says_what_it_does(command: str) -> None:
    done = scrapy(command, "-h")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 5


def test_every_enabled_mirror_has_requests_to_begin_with() -> None:
    code = (
        "import json\n"
        "from scrapy.utils.project import get_project_settings\n"
        "from scrapy.crawler import Crawler\n"
        "from cablecrawl.spiders.mirrors import MirrorsSpider\n"
        "settings = get_project_settings()\n"
        "settings.set('CONTACT', 'somebody@example.org', priority='cmdline')\n"
        "spider = MirrorsSpider.from_crawler(Crawler(MirrorsSpider, settings))\n"
        "urls = [url for source in spider.sources.values() for url in source.start_urls]\n"
        "print(json.dumps(urls))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    urls = json.loads(done.stdout)
    for source in load_sources([PACKAGED_SOURCES]).values():
        assert (source.start_urls[0] in urls) == (source.kind == "mirrors"), source.name


def test_scrapys_own_commands_keep_working_and_leave_nothing(tmp_path: Path) -> None:
    write_mirror(tmp_path / "site", invented_cables(3), Build(3, "v3"))
    with SiteServer(tmp_path / "site") as server:
        page = f"{server.url}index.html"
        done = scrapy("fetch", page, "-s", f"DATA_DIR={tmp_path / 'data'}")
    assert done.returncode == 0
    assert "Currently released so far" in done.stdout
    assert not (tmp_path / "data").exists()


def test_the_readme_shows_what_the_demo_prints(checkout: Path) -> None:
    """Addresses, times, digests and the settings of the commands aside."""
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "demo"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = (ROOT / "README.md").read_text(encoding="utf-8").split("```\n")
    block = next(text for text in shown if text.startswith("$ scrapy crawl"))
    printed = done.stdout[done.stdout.index("$ scrapy crawl") :]
    assert _without_the_moment(printed.strip()) == _without_the_moment(block.strip())


def _without_the_moment(text: str) -> str:
    for pattern, instead in (
        (r"127\.0\.0\.1:\d+", "127.0.0.1"),
        (r"run \S+: finished in [\d.]+ s", "run"),
        (r"\d[\d,.]* kB, [\d.]+ a second", "kB"),
        (r" -s \S+", ""),
        # What `scrapy report` says of the store.
        (r"as of \S+ \S+ UTC", "as of"),
        (r"report\.html, [\d,]+ kB", "report"),
        # What `scrapy trace` says of the capture, the run and the code.
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "moment"),
        (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "run"),
        (r"urn:uuid:[0-9a-f-]{36}", "urn:uuid"),
        (r"bytes [\d,]+ to [\d,]+", "bytes"),
        (r"code \S+", "code"),
        (r"\b[0-9a-f]{64}\b", "digest"),
        (r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", ""),
    ):
        text = re.sub(pattern, instead, text)
    return " ".join(text.split())  # where lines are broken follows from their lengths


def test_a_site_of_others_is_not_crawled_without_a_contact(tmp_path: Path) -> None:
    done = scrapy("crawl", "mirrors", "-a", "source=zilog", "-s", f"DATA_DIR={tmp_path}")
    assert done.returncode == 1
    assert done.stderr.startswith("scrapy crawl: zilog: say where its owner can write to")


def test_the_user_agent_names_the_contact(tmp_path: Path) -> None:
    write_mirror(tmp_path / "site", invented_cables(1), Build(1, "v3"))
    project = Project(tmp_path, {"CONTACT": "somebody@example.org"})
    with SiteServer(tmp_path / "site") as server:
        project.crawl("-a", f"url={server.url}")
    heads = b"".join(member.block for path in project.warcs for member in read_members(path))
    assert b"User-Agent: CableCrawl/0.1 (+somebody@example.org)\r\n" in heads
