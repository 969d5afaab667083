"""Which code this is: its version and commit, and the digest of what decides how pages are read."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from cablecrawl import __version__

ROOT = Path(__file__).parents[1]

# What a page gives follows from these alone. A test compares them with what reading imports.
READING = (
    "cablecrawl/cabletext/*.py",
    "cablecrawl/layouts/*.py",
    *(
        f"cablecrawl/{name}"
        for name in (
            *("aliases.csv", "blocked_pages.py", "blocked_pages.toml", "boilerplate.py"),
            *("boilerplate.toml", "decoding.py", "items.py"),
            *("ledger.py", "matter.py", "numbered.py", "pagetext.py", "posts.csv", "posts.py"),
            *("reading.py", "reference_id.py", "releases.py", "releases.toml", "typography.py"),
        )
    ),
    *(f"pipelines/{name}.py" for name in ("boilerplate", "dedupe", "fields", "provenance")),
)


@cache
def steps_sha256() -> str:
    """The digest of the code, rules and tables that turn a capture into claims.

    Where it is the same, the same captures give the same readings and claims.
    """
    digest = hashlib.sha256()
    for path, file in sorted(_reading_files().items()):
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _reading_files() -> dict[PurePosixPath, Traversable]:
    """What READING names; out of an egg too, as Scrapyd has it, which is no folder."""
    found = {}
    for path in map(PurePosixPath, READING):
        package, *folders = path.parent.parts
        for file in files(package).joinpath(*folders).iterdir():
            if fnmatchcase(file.name, path.name):
                found[path.with_name(file.name)] = file
    return found


def code_version() -> str:
    """The version of this code: with the commit where it is run from a checkout."""
    command: Sequence[str] = ("git", "describe", "--always", "--dirty", "--abbrev=12")
    try:
        described = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    commit = described.stdout.strip()
    return f"{__version__}+{commit}" if described.returncode == 0 and commit else __version__
