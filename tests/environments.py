"""Environments of their own for tools that cannot share the project's, made when asked for.

    .venv/bin/python -m tests.environments pywb tests/replay/pywb-requirements.txt

makes .benchmarks/pywb, so that a test that needs it does not have to.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = PROJECT / ".benchmarks"


class NotInstalledError(Exception):
    """An environment could not be made; the message is one line."""


def environment(name: str, requirements: Path) -> Path:
    """The Python of an environment, which is made where it is not there or is of other needs.

    Raises NotInstalledError. Where two ask at once, one waits for the other.
    """
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    installed = folder / "installed.txt"
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        needs = requirements.read_text(encoding="utf-8")
        if installed.exists() and installed.read_text(encoding="utf-8") == needs:
            return python
        print(f"installing {folder.relative_to(PROJECT)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        # As in the Makefile: without ensurepip, which Debian keeps apart.
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        for command in (
            [sys.executable, "-m", "venv", "--without-pip", str(folder)],
            [*pip, "--requirement", str(requirements)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                *_, why = done.stderr.strip().splitlines() or ["no reason given"]
                raise NotInstalledError(f"{name} cannot be installed: {why}")
        installed.write_text(needs, encoding="utf-8")
    return python


if __name__ == "__main__":
    try:
        print(environment(sys.argv[1], Path(sys.argv[2])))
    except NotInstalledError as error:
        sys.exit(str(error))
