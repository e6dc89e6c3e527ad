"""A connector that reaches the judged addresses of one URL and nothing else.

aiohttp resolves, connects and speaks TLS; the addresses are already known here, so every step that
could lead elsewhere is answered from them: the resolver, the making of each socket, and a look at
both ends of the connection before a byte of the request is sent.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from byteward.outbound.address import IpAddress
from byteward.outbound.policy import Destination, RefusedError
from byteward.outbound.url import OutboundUrl

if TYPE_CHECKING:
    from aiohttp import AddrInfoType
    from aiohttp.client import ClientTimeout
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class PinnedConnector(aiohttp.TCPConnector):
    """Connects to one URL's judged addresses.

    Args:
        url: where to.
        destinations: the addresses that it may connect to.
        tls: for https.
        on_connected: called once the connection stands and was checked.
    """

    def __init__(
        self,
        url: OutboundUrl,
        destinations: Sequence[Destination],
        tls: ssl.SSLContext,
        on_connected: Callable[[], None],
    ) -> None:
        self._url = url
        self._destinations = {each.address: each for each in destinations}
        self._on_connected = on_connected
        super().__init__(
            resolver=_Resolved(url, tuple(self._destinations)),
            use_dns_cache=False,
            ssl=tls,
            force_close=True,
            limit=1,
            socket_factory=self._make_socket,
        )

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Connection:
        """Connect and check both ends.

        Raises:
            RefusedError: the connection leads elsewhere, or to this host.
        """
        connection = await super().connect(req, traces, timeout)
        try:
            self._check_ends(connection.transport)
        except BaseException:
            connection.close()
            raise
        self._on_connected()
        return connection

    def _make_socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, end = info
        # SECURITY: literal addresses never pass a resolver, so this is where they are caught.
        self._destination(str(end[0]), int(end[1]))
        return socket.socket(family, kind, protocol)

    def _check_ends(self, transport: asyncio.Transport | None) -> None:
        if transport is None:
            raise RefusedError("the connection was lost")
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not own:
            raise RefusedError("the connection has no peer")
        destination = self._destination(str(peer[0]), int(peer[1]))
        if not destination.is_opened and _address(str(own[0])) == destination.address:
            raise RefusedError(f"{destination.address} is this host")

    def _destination(self, host: str, port: int) -> Destination:
        found = self._destinations.get(_address(host))
        if found is None or port != self._url.port:
            raise RefusedError(f"{host} port {port} was not judged")
        return found


class _Resolved(AbstractResolver):
    """Answers for one host, from what was judged."""

    def __init__(self, url: OutboundUrl, addresses: Sequence[IpAddress]) -> None:
        self._url = url
        self._addresses = addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp's own signature
    ) -> list[ResolveResult]:
        """The addresses of the URL's host; the connector asks for both families."""
        if host != self._url.host:
            raise RefusedError(f"the name {host} was not judged")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6,
                proto=0,
                flags=_NUMERIC,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _address(text: str) -> IpAddress:
    return ip_address(text.partition("%")[0])
