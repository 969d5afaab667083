"""A server on 127.0.0.1 that sends what it is told, byte by byte: nothing it sends need be HTTP.

It writes no header of its own, and each answer has a connection to itself.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Self


class Asked(NamedTuple):
    """A request."""

    path: str
    """With the query."""
    head: bytes


class Connection:
    """A connection on which a request has come."""

    def __init__(self, socket_: socket.socket, closing: threading.Event) -> None:
        self._socket = socket_
        self._closing = closing

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def pause(self, seconds: float) -> None:
        """Waits, but no longer than the server is up. Raises ConnectionError then."""
        if self._closing.wait(seconds):
            raise ConnectionError("the server closes")

    def reset(self) -> None:
        """Ends it as a crashed host does: what is on its way is lost."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


Script = Callable[[Connection], None]
Answer = bytes | Script
"""All that is sent before the connection closes, or what sends it."""


def response(
    body: bytes = b"",
    *headers: str | bytes,
    status: str = "200 OK",
    version: str = "HTTP/1.1",
    length: int | None = -1,
    media_type: str | None = "text/html; charset=utf-8",
) -> bytes:
    """A response as it stands on the wire; `length` is what it claims to have, None: nothing."""
    lines = [f"{version} {status}".encode()]
    if media_type is not None:
        lines.append(f"Content-Type: {media_type}".encode())
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}".encode())
    lines += [line if isinstance(line, bytes) else line.encode("latin-1") for line in headers]
    lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return response(b"", f"Location: {location}", status=status)


NOT_FOUND = response(b"<h1>Nothing</h1>", status="404 Not Found")


@dataclass
class FaultServer:
    """Answers by path while it is entered; `otherwise` answers the rest.

    Several answers to one path are given by turns, the last one ever after.
    """

    answers: dict[str, Answer | Sequence[Answer]] = field(default_factory=dict)
    otherwise: Callable[[str], bytes] = lambda path: NOT_FOUND
    """What a path that it does not know is answered with."""
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    """`http://127.0.0.1:PORT/`, once it is entered."""

    def __enter__(self) -> Self:
        self._closing = threading.Event()
        self._given: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        # Closing alone does not wake what waits in accept().
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.path == path for request in self.asked)

    def put(self, answers: Mapping[str, Answer | Sequence[Answer]]) -> None:
        """Answer otherwise from now on; what was given so far does not count."""
        with self._lock:
            self.answers = dict(answers)
            self._given.clear()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        # A client that hangs up on what it cannot bear is what the tests are about.
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65_536)
                if not piece:
                    return
                head += piece
            path = head.split(b" ", 2)[1].decode("latin-1")
            answer = self._answer(path, head)
            if callable(answer):
                answer(Connection(connection, self._closing))
            else:
                connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            # A close with bytes unread would reset, and take from the answer.
            connection.settimeout(1)
            while connection.recv(65_536):
                pass

    def _answer(self, path: str, head: bytes) -> Answer:
        with self._lock:
            self.asked.append(Asked(path, head))
            answers = self.answers.get(path)
            if answers is None:
                return self.otherwise(path)
            if isinstance(answers, bytes) or callable(answers):
                return answers
            turn = min(self._given[path], len(answers) - 1)
            self._given[path] += 1
            return answers[turn]
