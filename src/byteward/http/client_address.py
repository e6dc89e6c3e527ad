"""Who is at the other end, when proxies stand between (pure).

SECURITY: forwarding headers are whatever the sender wrote. They count only when the connection
comes from a peer that the operator named; the client is then the last hop that is not such a peer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """The client's address, the host that it asked, and whether it did so over https."""

    ip: str
    host: str
    is_https: bool


def parse_networks(texts: Sequence[str]) -> Networks:
    """Read addresses and CIDR ranges from the configuration.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def resolve_client(
    peer: str, host: str, *, is_https: bool, headers: Mapping[bytes, bytes], trusted: Networks
) -> Client:
    """Apply `X-Forwarded-For`, `-Host` and `-Proto` if, and only if, the peer is trusted."""
    if not trusted or not _is_trusted(peer, trusted):
        return Client(peer, host, is_https)
    chain = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
    client = peer
    for hop in reversed([each.strip(" \t") for each in chain]):
        if not _is_address(hop):
            break
        client = hop
        if not _is_trusted(hop, trusted):
            break
    forwarded_host = headers.get(b"x-forwarded-host")
    if forwarded_host:
        host = forwarded_host.decode("latin-1")
    protocol = headers.get(b"x-forwarded-proto")
    return Client(client, host, is_https if protocol is None else protocol.lower() == b"https")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(text: str, trusted: Networks) -> bool:
    if not _is_address(text):
        return False
    address = ip_address(text)
    return any(address in network for network in trusted)
