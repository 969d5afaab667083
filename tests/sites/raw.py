"""A server that sends what it is told, on any loopback address: `127.0.0.2` is another host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Self

Answer = bytes | Iterable[bytes]
"""All that is sent before the connection closes, in one piece or as it is made."""


def response(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A whole response; its type is HTML, unless a header says otherwise."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    if not any(header.lower().startswith("content-type:") for header in headers):
        lines.append("Content-Type: text/html; charset=utf-8")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str) -> bytes:
    return response(b"", f"Location: {location}", status="302 Found")


NOT_FOUND = response(b"<h1>Not Found</h1>", status="404 Not Found")


@dataclass
class RawServer:
    """Answers every request by its path while it is entered; each has its own connection."""

    answer: Callable[[str], Answer]
    host: str = "127.0.0.1"
    asked: list[str] = field(default_factory=list)
    """Paths with their queries, as they came."""
    times: list[float] = field(default_factory=list)
    """When each of them came, by the monotonic clock."""
    closed: threading.Event = field(default_factory=threading.Event)
    """For answers without an end."""

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.host, 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # closing alone does not wake accept()
        self._listening.close()
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    def _accept(self) -> None:
        while not self.closed.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65_536)
                if not piece:
                    return
                head += piece
            path = head.split(b" ", 2)[1].decode("latin-1")
            self.times.append(monotonic())
            self.asked.append(path)
            answer = self.answer(path)
            for piece in [answer] if isinstance(answer, bytes) else answer:
                connection.sendall(piece)
