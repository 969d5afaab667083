"""What all tests share."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Have SIGINT interrupt what tests start.

    A shell has what it starts in the background ignore SIGINT, and so does whatever that starts:
    Ctrl-C would interrupt nothing.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
