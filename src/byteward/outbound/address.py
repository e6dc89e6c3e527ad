"""Which IP addresses the server may talk to when somebody else names the destination (pure).

The table is our own. Libraries' notions of "global" or "private" differ by version, and they call
NAT64, 6to4 and multicast addresses global, which carry packets to wherever the inner address says.

Blocks are refused whole, also where a registry calls single addresses in them reachable: nobody's
files are kept behind an anycast relay.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

IpAddress = IPv4Address | IPv6Address

REGISTRY_DATE: Final = "2025-10-09"
"""State of IANA's IPv4 and IPv6 special-purpose address registries that the table covers."""


@dataclass(frozen=True, slots=True)
class RefusedNetwork:
    """A block of addresses that is not the public Internet.

    Attributes:
        network: the block.
        name: what it is for; goes to the log only.
        is_private: loopback or a private network, which the operator may open as a whole for
            development (`outbound.allow_private`).
    """

    network: IPv4Network | IPv6Network
    name: str
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the table says about an address.

    Attributes:
        address: the address that was judged: the IPv4 address inside, where there is one.
        refused_by: the block that it lies in; None when it is on the public Internet.
    """

    address: IpAddress
    refused_by: RefusedNetwork | None

    @property
    def is_public(self) -> bool:
        """Whether nothing speaks against connecting."""
        return self.refused_by is None


def _v4(network: str, name: str, *, is_private: bool = False) -> RefusedNetwork:
    return RefusedNetwork(IPv4Network(network), name, is_private)


def _v6(network: str, name: str, *, is_private: bool = False) -> RefusedNetwork:
    return RefusedNetwork(IPv6Network(network), name, is_private)


REFUSED_IPV4: Final = (
    _v4("0.0.0.0/8", "this network"),
    _v4("10.0.0.0/8", "private use", is_private=True),
    _v4("100.64.0.0/10", "shared address space"),
    _v4("127.0.0.0/8", "loopback", is_private=True),
    _v4("169.254.0.0/16", "link-local, instance metadata"),
    _v4("172.16.0.0/12", "private use", is_private=True),
    _v4("192.0.0.0/24", "protocol assignments"),
    _v4("192.0.2.0/24", "documentation"),
    _v4("192.31.196.0/24", "AS112"),
    _v4("192.52.193.0/24", "multicast tunnels"),
    _v4("192.88.99.0/24", "6to4 relay anycast"),
    _v4("192.168.0.0/16", "private use", is_private=True),
    _v4("192.175.48.0/24", "AS112"),
    _v4("198.18.0.0/15", "benchmarking"),
    _v4("198.51.100.0/24", "documentation"),
    _v4("203.0.113.0/24", "documentation"),
    _v4("224.0.0.0/4", "multicast"),
    _v4("240.0.0.0/4", "reserved"),
    _v4("168.63.129.16/32", "instance metadata"),
)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out (RFC 4291); everything outside of it is refused."""

REFUSED_IPV6: Final = (
    _v6("2001::/23", "protocol assignments, Teredo"),
    _v6("2001:db8::/32", "documentation"),
    _v6("2002::/16", "6to4"),
    _v6("2620:4f:8000::/48", "AS112"),
    _v6("3fff::/20", "documentation"),
    # Outside of global unicast: named for the log, and because the operator may open private ones.
    _v6("::1/128", "loopback", is_private=True),
    _v6("fc00::/7", "unique local", is_private=True),
    _v6("fe80::/10", "link-local"),
    _v6("ff00::/8", "multicast"),
)

_OUTSIDE: Final = _v6("::/0", "outside of global unicast")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOW_32_BITS: Final = 0xFFFFFFFF


def judge(address: IpAddress) -> Verdict:
    """Look an address up.

    An IPv4-mapped (RFC 4291 §2.5.5.2) or NAT64 (RFC 6052 §2.1) address reaches the IPv4 address
    inside, so that one is judged. A zone (`%eth0`) does not matter.
    """
    inner = unwrap(address)
    if isinstance(inner, IPv4Address):
        return Verdict(inner, _block_of(inner, REFUSED_IPV4))
    block = _block_of(inner, REFUSED_IPV6)
    if block is None and inner not in GLOBAL_UNICAST:
        block = _OUTSIDE
    return Verdict(inner, block)


def unwrap(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & _LOW_32_BITS)
    return address


def _block_of(address: IpAddress, table: tuple[RefusedNetwork, ...]) -> RefusedNetwork | None:
    return next((row for row in table if address in row.network), None)
