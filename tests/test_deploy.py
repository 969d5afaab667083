"""deploy/: the units, the crontab line, and what their commands need to be there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.crawling import PROJECT, Project
from tests.crawling import write_sources as write_registry
from tests.sites.cables import invented_cables
from tests.sites.mirror import Build, write_mirror
from tests.sites.server import SiteServer

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.*"))
USER_UNITS = sorted((DEPLOY / "systemd" / "user").glob("*.*"))
PLACE = "/opt/cablecrawl"

systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def written(units: list[Path], folder: Path) -> list[str]:
    """The units for this checkout: systemd looks whether the command is there."""
    paths = []
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        text = text.replace(PLACE, str(PROJECT)).replace("%h/cablecrawl", str(PROJECT))
        (folder / unit.name).write_text(text, encoding="utf-8")
        paths.append(str(folder / unit.name))
    return paths


@systemd
@pytest.mark.parametrize("units", [UNITS, USER_UNITS], ids=["system", "user"])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, units: list[Path]) -> None:
    manager = "--user" if units is USER_UNITS else "--system"
    command = ["systemd-analyze", manager, "verify", *written(units, tmp_path)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@systemd
def test_systemd_finds_a_mistake_in_a_unit(tmp_path: Path) -> None:
    """The test above could fail."""
    (path, *_) = written([DEPLOY / "systemd" / "cablecrawl.service"], tmp_path)
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(text.replace("/bin/scrapy", "/bin/scapy"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    assert done.returncode != 0
    assert "scapy is not executable" in done.stderr


def test_the_crontab_line_runs_in_crons_bare_environment(tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror", invented_cables(3), Build(3, "v3"))
    project = Project(tmp_path)
    with SiteServer(tmp_path / "mirror") as server:
        registry = write_registry(tmp_path / "sources.toml", {"one": server.url})
        command = crontab_command()
        assert "%" not in command  # a line's end to cron
        command = command.replace(PLACE, str(PROJECT)).replace("/var/lib/cablecrawl", str(tmp_path))
        # No CONTACT: the sites of the packaged registry are not to be asked by a test.
        command = command.replace(
            '-s CONTACT="$CONTACT"', f"-s DOWNLOAD_DELAY=0 -s SOURCES_FILE={registry}"
        )
        bare = {
            "HOME": str(tmp_path),
            "LOGNAME": "nobody",
            "PATH": "/usr/bin:/bin",
            "SHELL": "/bin/sh",
        }
        done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, env=bare)
    said = (tmp_path / "schedule.log").read_text(encoding="utf-8")
    assert done.returncode == 0, said
    assert project.query("SELECT source, status FROM scheduled") == [("one", 0)]


def crontab_command() -> str:
    lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if re.match(r"[*\d]", line)]
    return line.split(maxsplit=5)[5]


def test_every_unit_says_where_its_readme_is() -> None:
    for unit in (*UNITS, *USER_UNITS):
        (where,) = re.findall(r"^Documentation=file:(.*)$", unit.read_text(encoding="utf-8"), re.M)
        assert (PROJECT / re.sub(r"^(/*opt|%h)/cablecrawl/", "", where)).exists(), unit
