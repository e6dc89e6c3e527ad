"""Names to addresses, all of them, once for each request.

The system's resolver blocks a thread until it is done and cannot be told to stop, so it has threads
of its own: a name server that never answers holds up other look-ups of ours, and nothing else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Final

from byteward.outbound.address import IpAddress

Resolve = Callable[[str], Awaitable[Sequence[IpAddress]]]
"""Gives every IPv4 and IPv6 address of a host name; raises OSError when it has none."""

_THREADS: Final = 16


class SystemResolver:
    """Asks the system: `/etc/hosts`, DNS, whatever the host is set up with."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")

    async def __call__(self, host: str) -> Sequence[IpAddress]:
        """The addresses of a name.

        Raises:
            OSError: it has none, or the look-up failed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)

    def close(self) -> None:
        """Begin no further look-ups."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str) -> tuple[IpAddress, ...]:
    # As bytes: text would pass through Python's own IDNA codec. One socket type, or each address
    # comes three times.
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    addresses = (ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return tuple(dict.fromkeys(addresses))
