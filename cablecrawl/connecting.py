"""Checks the addresses that a crawl connects to.

A name says nothing of where it leads, and may lead elsewhere the next time it is asked for. So
the check is made where a name becomes the address that is connected to. A source that is given at
an address that is not public is crawled there, and only there. With a proxy (HTTPPROXY_ENABLED)
the address that is seen is the proxy's; what it connects to is for the proxy to check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from cablecrawl.addresses import Address, is_loopback_host, is_public, literal_address, name_of
from cablecrawl.scope import hosts_of
from cablecrawl.sources import Source


class GivenAddresses:
    """What the sources of a run were given at, where that is no public address."""

    def __init__(self, sources: Iterable[Source], proxies: Iterable[str] = ()) -> None:
        """`proxies`: hosts that are connected to in a source's stead, wherever they are."""
        self._proxies = frozenset(proxies)
        self._addresses: dict[str, set[Address]] = {}
        for source in sources:
            hosts = {name_of(host) for host in hosts_of(source)}
            addresses = [address for host in hosts if (address := literal_address(host))]
            for host in hosts:
                self._addresses.setdefault(host, set()).update(addresses)

    def refusal(self, host: str, address: Address) -> str | None:
        """Why a host must not be connected to at an address, on one line; None: it may be."""
        host = host.lower()
        given = self._addresses.get(host)
        if is_public(address) or host in self._proxies:
            return None
        if given is not None and (
            address in given or (is_loopback_host(host) and address.is_loopback)
        ):
            return None
        return (
            f"{host} leads to {address}, which is no public address; where that is meant, name it"
            " among the source's hosts"
        )


class CheckedResolver:
    """A name resolver (Twisted's IHostnameResolver) that keeps back what is not to be reached."""

    def __init__(self, resolver: Any, given: GivenAddresses) -> None:
        self.resolver = resolver
        self.given = given
        self.refused: dict[str, str] = {}
        """Why nothing was connected to, by host."""

    def resolveHostName(
        self,
        receiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[Any] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        self.refused.pop(hostName, None)
        return self.resolver.resolveHostName(
            _CheckedReceiver(receiver, hostName, self),
            hostName,
            portNumber,
            addressTypes,
            transportSemantics,
        )


class _CheckedReceiver:
    """Passes on the addresses of an answer that may be connected to: none but these are."""

    def __init__(self, receiver: Any, host: str, resolver: CheckedResolver) -> None:
        self.receiver = receiver
        self.host = host
        self.resolver = resolver

    def resolutionBegan(self, resolution: Any) -> None:
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        refusal = self.resolver.given.refusal(self.host, ip_address(address.host))
        if refusal is None:
            self.receiver.addressResolved(address)
        else:
            self.resolver.refused[self.host] = refusal

    def resolutionComplete(self) -> None:
        self.receiver.resolutionComplete()


class AddressGuard:
    """Has every name that a crawl connects to looked up by a CheckedResolver."""

    def __init__(self, crawler: Crawler) -> None:
        sources: dict[str, Source] | None = getattr(crawler.spider, "sources", None)
        if sources is None:
            raise NotConfigured  # `scrapy shell` and the like: the user alone says what is asked
        proxies = getproxies().values() if crawler.settings.getbool("HTTPPROXY_ENABLED") else ()
        self.given = GivenAddresses(
            sources.values(), (urlsplit(proxy).hostname or "" for proxy in proxies)
        )
        self.resolver: CheckedResolver | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        guard = cls(crawler)
        # Scrapy installs its own resolver after the extensions are made.
        crawler.signals.connect(guard.spider_opened, signals.spider_opened)
        crawler.signals.connect(guard.spider_closed, signals.spider_closed)
        return guard

    def spider_opened(self) -> None:
        from twisted.internet import reactor  # an import of it earlier would choose the reactor

        self.resolver = CheckedResolver(reactor.nameResolver, self.given)
        reactor.installNameResolver(self.resolver)

    def spider_closed(self) -> None:
        from twisted.internet import reactor

        if self.resolver is not None:
            reactor.installNameResolver(self.resolver.resolver)

    def refusal_of(self, host: str) -> str | None:
        """Why the last attempt to reach a host was refused; None: it was not."""
        return self.resolver.refused.get(host) if self.resolver is not None else None
