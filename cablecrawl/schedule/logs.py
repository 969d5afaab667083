"""The output of scheduled crawls, one file each, in the data folder; the oldest go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, count
from pathlib import Path

LOG_FOLDER = "logs"

# `20261122T030000Z-mrkva.log`: what else is in the folder is left alone.
LOG_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9.:_-]+\.log", re.ASCII)

# Read of a log from its end: more than enough for its last lines.
TAIL_BYTES = 16_384


def new_log(data_dir: Path, source: str, began: datetime) -> Path:
    """An empty file for a crawl's output; its path in the data folder is `logs/NAME`."""
    folder = data_dir / LOG_FOLDER
    folder.mkdir(exist_ok=True)
    stem = f"{began:%Y%m%dT%H%M%SZ}-{source}"
    for number in chain([""], (f".{n}" for n in count(2))):
        path = folder / f"{stem}{number}.log"
        try:
            path.open("x").close()
        except FileExistsError:
            continue  # two within a second
        return path
    raise AssertionError("unreachable")


def prune_logs(data_dir: Path, *, most_files: int, most_bytes: int) -> int:
    """Remove the oldest logs beyond these bounds; the latest always stays. How many went."""
    folder = data_dir / LOG_FOLDER
    logs = sorted(path for path in folder.glob("*.log") if LOG_NAME.fullmatch(path.name))
    held = sum(path.stat().st_size for path in logs)
    removed = 0
    for path in logs[:-1]:
        if len(logs) - removed <= most_files and held <= most_bytes:
            break
        held -= path.stat().st_size
        path.unlink()
        removed += 1
    return removed


def log_path(data_dir: Path, stored: str) -> Path | None:
    """The file of a log, by its path in a store; None where that is no path of a log."""
    folder, _, name = stored.rpartition("/")
    is_log = folder == LOG_FOLDER and LOG_NAME.fullmatch(name) is not None
    return data_dir / LOG_FOLDER / name if is_log else None


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log, empty ones left out; none where there is no such file."""
    return list(_tail(path))[-lines:]


def _tail(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        if line.strip():
            yield line
