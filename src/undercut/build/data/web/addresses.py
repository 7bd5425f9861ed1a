"""Which network addresses a crawler may connect to: only those of the public internet.

A page can name, redirect to, or resolve to an address inside the machine or the network that the
crawler runs in (server-side request forgery). Sources: the IANA special-purpose address registries
(RFC 6890), RFC 6598 (shared space), RFC 4291 2.5.5.2 (mapped), RFC 3056 (6to4), RFC 4380 (Teredo),
RFC 6052 (NAT64).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from undercut.core.errors import ConfigError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Named although `is_global` covers most of them: Python's tables differ between patch releases.
_REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared (carrier-grade NAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local (cloud metadata)"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignment"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("168.63.129.16/32", "a cloud's host service"),  # public by number, private by meaning
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("100::/64", "discard"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("fc00::/7", "private (unique local)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


def refusal_of(address: str | Address, *, allowed: Iterable[Network] = ()) -> str | None:
    """Why a crawler must not connect to an address; None where it may.

    allowed: networks that the user opened on purpose; they are checked first, on the address as
    it is, so that opening 127.0.0.0/8 does not open ::ffff:127.0.0.1.

    >>> refusal_of("169.254.169.254")
    'link-local (cloud metadata)'
    >>> refusal_of("::ffff:10.0.0.1")
    'private, inside an IPv6 address'
    >>> refusal_of("93.184.215.14") is None
    True
    """
    try:
        parsed = ip_address(address) if isinstance(address, str) else address
    except ValueError:
        return "not an IP address"
    if any(parsed in network for network in allowed if network.version == parsed.version):
        return None
    for network, what in _REFUSED:
        if network.version == parsed.version and parsed in network:
            return what
    if isinstance(parsed, IPv6Address):
        for inner in _embedded(parsed):
            what_inside = refusal_of(inner)
            if what_inside is not None:
                return f"{what_inside}, inside an IPv6 address"
        if any(parsed in network for network in (_NAT64, _COMPATIBLE)) or parsed.ipv4_mapped:
            return None
        if parsed.sixtofour or parsed.teredo:
            return None
    return None if parsed.is_global and not parsed.is_multicast else "not public"


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation; raises ConfigError for anything else."""
    networks = []
    for text in texts:
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            raise ConfigError(
                f"{text!r} is no network address: {error}", hint="e.g. 127.0.0.0/8 or 10.1.2.3/32"
            ) from None
    return tuple(networks)


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that routers may unpack from an IPv6 address."""
    inner = []
    if address.ipv4_mapped is not None:
        inner.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        inner.append(address.sixtofour)
    if address.teredo is not None:
        inner.extend(address.teredo)
    if address in _NAT64 or address in _COMPATIBLE:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return inner
