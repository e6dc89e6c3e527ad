"""The last line of defence: a connector refuses what was not judged, whoever asks it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, TypeVar

import pytest

from byteward.outbound.connection import PinnedConnector
from byteward.outbound.policy import Destination, RefusedError
from byteward.outbound.url import parse_url

T = TypeVar("T")
PUBLIC = "93.184.216.34"


class Ends(asyncio.Transport):
    """A connection of which only the two ends are known."""

    def __init__(self, ends: Mapping[str, tuple[str, int]]) -> None:
        super().__init__(ends)


def with_connector(use: Callable[[PinnedConnector], T]) -> T:
    async def run() -> T:
        connector = PinnedConnector(
            parse_url("http://h.example/"),
            [Destination(ip_address(PUBLIC), is_opened=False)],
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            lambda: None,
        )
        try:
            return use(connector)
        finally:
            await connector.close()

    return asyncio.run(run())


def check_ends(peer: tuple[str, int] | None, own: tuple[str, int] | None) -> None:
    ends = {"peername": peer, "sockname": own}
    known = {name: end for name, end in ends.items() if end is not None}
    with_connector(lambda connector: connector._check_ends(Ends(known)))


@pytest.mark.parametrize("end", [("127.0.0.1", 80), (PUBLIC, 81), ("::ffff:5db8:d822", 80)])
def test_no_socket_is_made_for_another_end(end: tuple[str, int]) -> None:
    info: Any = (socket.AF_INET, socket.SOCK_STREAM, 6, "", end)  # Any: as the system gives it
    with pytest.raises(RefusedError):
        with_connector(lambda connector: connector._make_socket(info))


def test_a_socket_is_made_for_the_judged_end() -> None:
    info: Any = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 80))  # Any: as above
    made = with_connector(lambda connector: connector._make_socket(info))
    assert made.family is socket.AF_INET
    made.close()


def test_no_other_name_is_resolved() -> None:
    resolver = with_connector(lambda connector: connector._resolver)
    with pytest.raises(RefusedError):
        asyncio.run(resolver.resolve("other.example", 80))


def test_the_judged_end_is_accepted() -> None:
    check_ends((PUBLIC, 80), ("192.0.2.1", 50000))


@pytest.mark.parametrize(
    ("peer", "own"),
    [
        (("127.0.0.1", 80), ("127.0.0.1", 50000)),
        ((PUBLIC, 81), ("192.0.2.1", 50000)),
        ((PUBLIC, 80), (PUBLIC, 50000)),
        ((PUBLIC, 80), None),
        (None, ("192.0.2.1", 50000)),
    ],
)
def test_a_connection_that_leads_elsewhere_is_refused(
    peer: tuple[str, int] | None, own: tuple[str, int] | None
) -> None:
    with pytest.raises(RefusedError):
        check_ends(peer, own)


def test_a_lost_connection_is_refused() -> None:
    with pytest.raises(RefusedError):
        with_connector(lambda connector: connector._check_ends(None))
