"""Which code this is: its version and commit, and the digest of what decides how pages are read."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from cablecrawl import __version__

ROOT = Path(__file__).parents[1]

# What a page gives follows from these alone. A test compares them with what reading imports.
READING = (
    "cablecrawl/cabletext/*.py",
    "cablecrawl/layouts/*.py",
    *(
        f"cablecrawl/{name}"
        for name in (
            *("aliases.csv", "boilerplate.py", "boilerplate.toml", "decoding.py", "items.py"),
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
    for path in sorted({path for pattern in READING for path in ROOT.glob(pattern)}):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def code_version() -> str:
    """The version of this code: with the commit where it is run from a checkout."""
    command: Sequence[str] = ("git", "describe", "--always", "--dirty", "--abbrev=12")
    try:
        described = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    commit = described.stdout.strip()
    return f"{__version__}+{commit}" if described.returncode == 0 and commit else __version__
