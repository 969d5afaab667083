"""Work over several processes: order, errors, and no process left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from cablecrawl.workers import AHEAD, in_processes
from tests.crawling import PATIENCE, PROJECT


def start_squaring(refused: int) -> Callable[[int], tuple[int, int]]:
    """Squares numbers but one; with each the process that did it."""

    def square(number: int) -> tuple[int, int]:
        if number == refused:
            raise ValueError(f"{number} is refused")
        return number * number, os.getpid()

    return square


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_the_order_of_the_batches(processes: int) -> None:
    results = list(in_processes(partial(start_squaring, -1), range(200), processes))
    assert [result for result, _ in results] == [number * number for number in range(200)]
    assert (os.getpid() in {pid for _, pid in results}) is (processes == 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_is_raised_when_its_turn_comes(processes: int) -> None:
    results = in_processes(partial(start_squaring, 3), range(100), processes)
    assert [next(results)[0] for _ in range(3)] == [0, 1, 4]
    with pytest.raises(ValueError, match="3 is refused"):
        next(results)


def test_no_more_batches_are_taken_than_are_soon_needed() -> None:
    taken = 0

    def batches() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken = number + 1
            yield number

    results = in_processes(partial(start_squaring, -1), batches(), 2)
    next(results)
    assert taken <= AHEAD * 2 + 1
    assert isinstance(results, Iterator)
    results.close()  # type: ignore[attr-defined]  # it is a generator


OWNER = """
import os, signal, sys
from functools import partial
from cablecrawl.workers import in_processes
from tests.test_workers import start_squaring
if __name__ == "__main__":
    results = in_processes(partial(start_squaring, -1), iter(int, 1), 2)
    print(*{next(results)[1] for _ in range(50)}, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    """Its output is theirs too: it is at its end when the last of them is gone."""
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    assert done.stdout.split()
