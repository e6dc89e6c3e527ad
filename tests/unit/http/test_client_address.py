"""Forwarding headers count from named peers only."""

from __future__ import annotations

import pytest

from byteward.http.client_address import Client, parse_networks, resolve_client

TRUSTED = parse_networks(["10.0.0.0/8", "::1"])
FORWARDED = {
    b"x-forwarded-for": b"6.6.6.6, 203.0.113.9, 10.1.1.1",
    b"x-forwarded-host": b"cdn.example",
    b"x-forwarded-proto": b"https",
}


def resolve(peer: str, headers: dict[bytes, bytes]) -> Client:
    return resolve_client(peer, "inner:8081", is_https=False, headers=headers, trusted=TRUSTED)


def test_a_stranger_cannot_say_who_it_is() -> None:
    assert resolve("203.0.113.5", FORWARDED) == Client("203.0.113.5", "inner:8081", False)


def test_the_client_is_the_last_hop_that_is_no_proxy() -> None:
    assert resolve("10.0.0.1", FORWARDED) == Client("203.0.113.9", "cdn.example", True)


@pytest.mark.parametrize("chain", [b"", b"junk", b"6.6.6.6, junk", b"10.2.2.2,unknown"])
def test_a_chain_that_cannot_be_read_ends_at_the_peer(chain: bytes) -> None:
    assert resolve("10.0.0.1", {b"x-forwarded-for": chain}).ip == "10.0.0.1"


def test_without_trusted_proxies_nothing_counts() -> None:
    client = resolve_client("10.0.0.1", "h", is_https=True, headers=FORWARDED, trusted=())
    assert client == Client("10.0.0.1", "h", True)
