"""R12: what the operator's settings open, and that nothing else is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.config import OutboundSettings
from byteward.errors import OperatorError
from byteward.outbound.address import IpAddress, judge
from byteward.outbound.policy import OutboundPolicy, RefusedError, parse_opening
from byteward.outbound.url import parse_url

PUBLIC, PRIVATE = "93.184.216.34", "10.1.2.3"


def decide(settings: OutboundSettings, url: str, *addresses: str) -> list[bool] | str:
    """For each address whether it was opened by the operator; or why the URL is refused."""
    policy = OutboundPolicy.of(settings)
    try:
        found = policy.destinations(parse_url(url), [ip_address(text) for text in addresses])
    except RefusedError as error:
        return str(error)
    return [each.is_opened for each in found]


def allow(*entries: str) -> OutboundSettings:
    return OutboundSettings(allow=entries)


def test_public_addresses_are_open_on_web_ports_only() -> None:
    settings = OutboundSettings()
    assert decide(settings, "http://h.example/", PUBLIC) == [False]
    assert decide(settings, "https://h.example/", PUBLIC, "2606:4700::1") == [False, False]
    assert decide(settings, "http://h.example:8080/", PUBLIC) == "port 8080 is not allowed"
    more = OutboundSettings(allowed_ports=(8080,))
    assert decide(more, "http://h.example:8080/", PUBLIC) == [False]
    assert decide(more, "http://h.example:8081/", PUBLIC) == "port 8081 is not allowed"


@pytest.mark.parametrize("others", [(PRIVATE,), (PUBLIC, PRIVATE), (PRIVATE, PUBLIC), ("::1",)])
def test_one_refused_address_refuses_the_name(others: tuple[str, ...]) -> None:
    assert "is in" in decide(OutboundSettings(), "http://h.example/", *others)


def test_a_name_without_addresses_is_refused() -> None:
    assert decide(OutboundSettings(), "http://h.example/") == "the name has no address"


def test_a_name_without_a_dot_has_to_be_opened() -> None:
    assert decide(OutboundSettings(), "http://intranet/", PUBLIC) == "a name without a dot"
    assert decide(allow("intranet"), "http://intranet/", PUBLIC) == [True]


@pytest.mark.parametrize(
    ("entry", "url", "address", "is_open"),
    [
        ("10.0.0.0/8", "http://h.example/", PRIVATE, True),
        ("10.0.0.0/8", "http://10.1.2.3/", PRIVATE, True),
        ("10.0.0.0/8", "http://10.1.2.3:9000/", PRIVATE, False),
        ("10.0.0.0/8", "http://h.example/", "11.0.0.1", None),
        ("10.0.0.0/8", "http://h.example/", "192.168.0.1", False),
        ("10.0.0.0/8:9000", "http://h.example:9000/", PRIVATE, True),
        ("10.0.0.0/8:9000", "http://h.example/", PRIVATE, False),
        ("10.1.2.3", "http://h.example/", PRIVATE, True),
        ("10.1.2.3", "http://h.example/", "10.1.2.4", False),
        ("10.1.2.3", "http://[::ffff:10.1.2.3]/", "::ffff:10.1.2.3", True),
        ("fd00::/8", "http://h.example/", "fd12::1", True),
        ("[fd00::/8]:9000", "http://h.example:9000/", "fd12::1", True),
        ("[fd00::/8]:9000", "http://h.example/", "fd12::1", False),
        ("Store.Internal:9000", "http://store.internal:9000/", PRIVATE, True),
        ("store.internal:9000", "http://store.internal/", PRIVATE, False),
        ("store.internal", "http://store.internal/", "169.254.169.254", True),
        ("store.internal", "http://x.store.internal/", PRIVATE, False),
        ("store.internal", "http://store.internal.example/", PRIVATE, False),
        ("store.internal", "http://10.1.2.3/", PRIVATE, False),
    ],
)
def test_an_entry_opens_exactly_what_it_names(
    entry: str, url: str, address: str, is_open: bool | None
) -> None:
    decided = decide(allow(entry), url, address)
    # None: it was open already.
    assert (decided == [is_open is True]) is (is_open is not False)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "a b",
        "*",
        ":80",
        "127.1",
        *[
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/8:0",
            "h:0",
            "h:x",
            "h:80:81",
            "h/path",
            "h?x",
            "h#x",
            "u@h",
            "http://h",
        ],
        *["*.example.com", "[h]:80", "[fd00::/8", "[fd00::/8]80x", "[fd00::/8]:65536", "h:65536"],
    ],
)
def test_malformed_entries_are_refused_with_their_text(entry: str) -> None:
    with pytest.raises(OperatorError, match=r"outbound\.allow"):
        parse_opening(entry)


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.1", True),
        ("fd00::1", True),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("100.64.0.1", False),
        ("2002:7f00:1::", False),
        ("168.63.129.16", False),
    ],
)
def test_the_development_switch_opens_loopback_and_private_networks_on_any_port(
    address: str, is_open: bool
) -> None:
    settings = OutboundSettings(allow_private=True)
    assert (decide(settings, "http://localhost:12345/", address) == [True]) is is_open
    assert "is in" in decide(OutboundSettings(), "http://h.example/", address)


def test_the_development_switch_opens_no_ports_of_the_internet() -> None:
    settings = OutboundSettings(allow_private=True)
    assert decide(settings, "http://h.example:22/", PUBLIC) == "port 22 is not allowed"


_ADDRESSES = st.lists(st.ip_addresses(), min_size=1, max_size=4)


@given(_ADDRESSES)
def test_by_default_a_name_is_open_exactly_when_all_its_addresses_are_public(
    addresses: list[IpAddress],
) -> None:
    decided = decide(OutboundSettings(), "http://h.example/", *map(str, addresses))
    assert isinstance(decided, list) is all(judge(each).is_public for each in addresses)
