"""R12, I4: which addresses are refused, against the registries and against a slow second reader."""

from __future__ import annotations

import csv
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from byteward.outbound import address as table
from byteward.outbound.address import REFUSED_IPV4, REFUSED_IPV6, judge, unwrap

REGISTRY: Final = Path(__file__).with_name("special_purpose_registry.csv")
LINES: Final = REGISTRY.read_text("utf-8").splitlines()
BLOCKS: Final = [ip_network(row[0]) for row in csv.reader(LINES[1:])]

# Judged by the IPv4 address inside, not as a block.
WRAPPERS: Final = {ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96")}
# Refused without being in the registries: multicast has registries of its own, the address of one
# cloud's metadata service stands in that cloud's manual.
EXTRAS: Final = {ip_network("224.0.0.0/4"), ip_network("168.63.129.16/32"), ip_network("ff00::/8")}


def ends(block: str) -> list[str]:
    network = ip_network(block)
    return [str(network[0]), str(network[-1])]


def slow_is_public(text: str) -> bool:
    """The rule, written again on dotted numbers and hextets, without networks or tables."""
    groups = _hextets(text) if ":" in text else None
    if groups is not None:
        if groups[:6] == [0, 0, 0, 0, 0, 0xFFFF] or groups[:6] == [0x64, 0xFF9B, 0, 0, 0, 0]:
            return _slow_is_public_v4([b for g in groups[6:] for b in divmod(g, 256)])
        return _slow_is_public_v6(groups)
    return _slow_is_public_v4([int(part) for part in text.split(".")])


def _slow_is_public_v4(octets: list[int]) -> bool:
    a, b, c, d = octets
    if a in (0, 10, 127) or a >= 224:
        return False
    if (a == 100 and b // 64 == 1) or (a == 172 and b // 16 == 1) or (a == 198 and b in (18, 19)):
        return False
    if (a, b) in ((169, 254), (192, 168)) or (a, b, c, d) == (168, 63, 129, 16):
        return False
    return (a, b, c) not in (
        (192, 0, 0),
        (192, 0, 2),
        (192, 31, 196),
        (192, 52, 193),
        (192, 88, 99),
        (192, 175, 48),
        (198, 51, 100),
        (203, 0, 113),
    )


def _slow_is_public_v6(groups: list[int]) -> bool:
    first, second, third = groups[:3]
    if not 0x2000 <= first <= 0x3FFF or first == 0x2002:
        return False
    if first == 0x2001 and (second < 0x200 or second == 0xDB8):
        return False
    if first == 0x3FFF and second < 0x1000:
        return False
    return (first, second, third) != (0x2620, 0x4F, 0x8000)


def _hextets(text: str) -> list[int]:
    return [int(group, 16) for group in IPv6Address(text).exploded.split(":")]


def _near(blocks: list[str]) -> st.SearchStrategy[str]:
    """Addresses at, just inside and just outside the ends of blocks."""
    numbers = []
    for block in blocks:
        network = ip_network(block)
        kind, top = type(network[0]), 2**network.max_prefixlen
        for end in (int(network[0]), int(network[-1])):
            numbers += [str(kind(n)) for n in range(end - 2, end + 3) if 0 <= n < top]
    return st.sampled_from(numbers)


_ALL = [str(row.network) for row in (*REFUSED_IPV4, *REFUSED_IPV6)]
_IPV4 = st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n)))
_IPV6 = st.integers(0, 2**128 - 1).map(lambda n: str(IPv6Address(n)))
_GLOBAL = st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(lambda n: str(IPv6Address(n)))


@given(st.one_of(_near([*_ALL, *map(str, BLOCKS), "2000::/3"]), _IPV4, _IPV6, _GLOBAL))
@example("::ffff:8.8.8.8")
@example("64:ff9b::808:808")
@example("64:ff9b::7f00:1")
def test_the_table_agrees_with_the_slow_reader(text: str) -> None:
    assert judge(ip_address(text)).is_public is slow_is_public(text)


@given(_near(_ALL) | _IPV4)
def test_wrapped_addresses_are_judged_as_what_is_inside(text: str) -> None:
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        return
    for wrapper in ("::ffff:0:0", "64:ff9b::"):
        wrapped = IPv6Address(int(IPv6Address(wrapper)) + int(address))
        assert judge(wrapped) == judge(address)
        assert unwrap(wrapped) == address


@pytest.mark.parametrize("block", [b for b in BLOCKS if b not in WRAPPERS], ids=str)
def test_every_block_of_the_registries_is_refused_whole(block: IPv4Network | IPv6Network) -> None:
    if isinstance(block, IPv4Network):
        assert any(block.subnet_of(row.network) for row in REFUSED_IPV4)  # type: ignore[arg-type] # IPv4 only
    elif block.overlaps(table.GLOBAL_UNICAST):
        assert any(block.subnet_of(row.network) for row in REFUSED_IPV6)  # type: ignore[arg-type] # IPv6 only
    assert not judge(block[0]).is_public
    assert not judge(block[-1]).is_public


def test_nothing_else_is_refused() -> None:
    known = {*BLOCKS, *EXTRAS}
    assert [row.network for row in (*REFUSED_IPV4, *REFUSED_IPV6) if row.network not in known] == []


def test_the_table_and_the_copy_of_the_registries_are_of_one_date() -> None:
    assert table.REGISTRY_DATE in LINES[0]


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "1.1.1.1",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.0",
        "192.0.1.0",
        "198.20.0.0",
        "223.255.255.255",
        "168.63.129.15",
        "2606:4700::1",
        "2001:200::",
        "2001:db7:ffff::",
        "2003::",
        "2400::",
        "3fff:1000::",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_the_public_internet_is_open(text: str) -> None:
    assert judge(ip_address(text)).refused_by is None


@pytest.mark.parametrize(
    "text",
    [
        *ends("0.0.0.0/8"),
        *ends("127.0.0.0/8"),
        "169.254.169.254",
        "168.63.129.16",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::7f00:1",
        "2001:0:7f00:1::",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "5f00::1",
    ],
)
def test_what_leads_inside_is_refused(text: str) -> None:
    assert not judge(ip_address(text)).is_public


def test_only_loopback_and_private_networks_can_be_opened_as_a_whole() -> None:
    private = {str(row.network) for row in (*REFUSED_IPV4, *REFUSED_IPV6) if row.is_private}
    assert private == {
        "10.0.0.0/8",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    }
