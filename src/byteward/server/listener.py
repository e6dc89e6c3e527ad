"""Listening sockets, bound once by the supervisor and inherited by every process below it.

So a taken port is found before anything starts, port 0 is resolved once, and connections that wait
in the queue survive the restart of a worker or of a whole plane.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

from byteward.config import HttpSettings, host_and_port

BACKLOG: Final = 1024


class ListenError(Exception):
    """An address cannot be listened on; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that listens.

    Attributes:
        socket: bound and listening; stays open until the supervisor ends.
        host: as configured.
        port: the real one, also where 0 was configured.
    """

    socket: socket.socket
    host: str
    port: int

    @property
    def address(self) -> str:
        """`HOST:PORT`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen(address: str, settings: HttpSettings) -> Listener:
    """Bind and listen.

    Args:
        address: `HOST:PORT`.
        settings: `write_stall_seconds` becomes a socket option.

    Raises:
        ListenError: the name does not resolve, or the port is taken or not allowed.
    """
    host, port = host_and_port(address)
    try:
        family, kind, protocol, _, name = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"{address}: cannot be listened on: {error.strerror}") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit these. The second closes a connection whose peer has taken
        # no byte for that long: the kernel sees a stalled reader also where the application has
        # handed over all it had.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stall = settings.write_stall_seconds * 1000
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stall)
        bound.bind(name)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise ListenError(f"{address}: cannot be listened on: {error.strerror}") from error
    return Listener(bound, host, bound.getsockname()[1])
