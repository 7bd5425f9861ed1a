"""Connections to addresses that were checked, and to no others.

A name is resolved once for each connection; every address it has is checked, and the connection
goes to one of those addresses, not to the name. A second answer of the name server (DNS
rebinding) is never asked for. TLS still checks the certificate against the name.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

import httpcore
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

from undercut.build.data.web.addresses import Network, refusal_of

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
_ADDRESSES_TRIED = 3


class RefusedAddressError(Exception):
    """A host that is, or resolves to, an address that must not be connected to."""


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host by the system's resolver; raises OSError where it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedNetwork(AsyncNetworkBackend):
    """A network for httpcore that resolves, checks and connects in one step."""

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        resolver: Resolver = resolve,
        inner: AsyncNetworkBackend | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a checked address of `host`.

        Raises RefusedAddressError where any address of it is not public: a name with one public
        and one private address is an attack or a mistake, never a web site.
        """
        addresses = await self._checked(host, port, timeout)
        last: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses[:_ADDRESSES_TRIED]:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Always refused."""
        raise RefusedAddressError(f"{path}: a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _checked(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                addresses = list(await self._resolver(host, port))
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name server does not answer") from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name cannot be resolved ({error})") from None
        for address in addresses:
            why = refusal_of(address, allowed=self._allowed)
            if why is not None:
                shown = "" if address == host else f"resolves to {address}, "
                raise RefusedAddressError(f"{host}: {shown}an address that is {why}")
        return addresses
