"""Addresses that no page may lead a crawl to: loopback, private networks, link-local …"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

# "127.1", "2130706433", "0x7f000001", "0177.0.0.1": what inet_aton, and so every resolver, reads.
IPV4_SPELLING = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}", re.I)

# Beside what Python's `is_global` knows, which differs between its versions.
NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this host on this network
        "100.64.0.0/10",  # behind a provider's NAT
        "192.0.0.0/24",
        "198.18.0.0/15",  # benchmarks
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b:1::/48",  # NAT64 within a network
        "2001::/32",  # Teredo
        "fc00::/7",
        "fec0::/10",
    )
)
# Well-known NAT64 and 6to4: an IPv4 address in other clothes.
NAT64 = ip_network("64:ff9b::/96")
SIX_TO_FOUR = ip_network("2002::/16")


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, in whatever form it is given."""
    inner = _ipv4_within(address)
    if inner is not None:
        return is_public(inner)
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in NOT_PUBLIC)
    )


def _ipv4_within(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour if address in SIX_TO_FOUR else None


def literal_address(host: str) -> Address | None:
    """The address that a URL's host is, in any spelling; None: it is a name."""
    host = host.strip("[]").removesuffix(".")
    try:
        return ip_address(host)
    except ValueError:
        pass
    if IPV4_SPELLING.fullmatch(host) is None:
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine by what it is called; no name is looked up."""
    address = literal_address(host)
    if address is not None:
        return (_ipv4_within(address) or address).is_loopback
    name = host.removesuffix(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def is_public_host(host: str) -> bool:
    """Whether a host may be one of the internet's by what it is called."""
    address = literal_address(host)
    return not is_loopback_host(host) if address is None else is_public(address)


def name_of(host: str) -> str:
    """The host of `host` or `host:port`; an IPv6 address has no brackets."""
    if ":" in host and literal_address(host) is not None:
        return host.strip("[]").lower()
    return urlsplit(f"//{host}").hostname or host


def is_given(host: str, hosts: Iterable[str]) -> bool:
    """Whether a host is one of `hosts` (`host` or `host:port`), by its name or its address."""
    address = literal_address(host)
    names = {name_of(own) for own in hosts}
    return host in names or (
        address is not None and address in {literal_address(own) for own in names}
    )
