"""A name server on loopback, and the resolver by which a crawl asks it.

`-s TWISTED_DNS_RESOLVER=tests.sites.names.AskingResolver -s NAME_SERVER_PORT=…`
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Any, Self

from scrapy.crawler import Crawler
from twisted.names.client import Resolver

RESOLVER = "tests.sites.names.AskingResolver"


class AskingResolver:
    """Scrapy's interface to a resolver that asks one server and keeps nothing."""

    def __init__(self, reactor: Any, port: int) -> None:
        self.reactor = reactor
        servers = [("127.0.0.1", port)]
        self.resolver = Resolver(servers=servers, reactor=reactor)  # type: ignore[no-untyped-call]

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        return cls(reactor, crawler.settings.getint("NAME_SERVER_PORT"))

    def install_on_reactor(self) -> None:
        self.reactor.installResolver(self.resolver)


@dataclass
class NameServer:
    """Answers questions for A records; each name's answers are given by turns, the last ever on."""

    answers: dict[str, list[list[str]]]
    """Addresses of each answer, by name."""
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def settings(self) -> dict[str, str]:
        return {"TWISTED_DNS_RESOLVER": RESOLVER, "NAME_SERVER_PORT": str(self.port)}

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:
                return
            labels, position = [], 12
            while length := question[position]:
                labels.append(question[position + 1 : position + 1 + length].decode())
                position += 1 + length
            name, section = ".".join(labels).lower(), question[12 : position + 5]
            self.asked.append(name)
            turns = self.answers.get(name, [[]])
            addresses = turns.pop(0) if len(turns) > 1 else turns[0]
            # A response, recursion available; no such name where it has no address.
            flags = 0x8180 if addresses else 0x8183
            reply = question[:2] + struct.pack(">5H", flags, 1, len(addresses), 0, 0) + section
            for address in addresses:
                reply += struct.pack(">3HIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(address)
            self._socket.sendto(reply, client)
