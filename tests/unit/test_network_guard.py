"""The guard of tests/conftest.py; 192.0.2.0/24 and 2001:db8::/32 are reserved for documentation."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("192.0.2.1", 9)),
        (socket.AF_INET, ("example.com", 9)),
        (socket.AF_INET6, ("2001:db8::1", 9)),
    ],
)
def test_no_test_reaches_another_machine(family: int, address: tuple[str, int]) -> None:
    with socket.socket(family) as sock, pytest.raises(AssertionError, match="only loopback"):
        sock.connect(address)


def test_datagrams_are_refused_too() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as sock,
        pytest.raises(AssertionError, match="only loopback"),
    ):
        sock.sendto(b"x", ("192.0.2.1", 9))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"x")
            assert accepted.recv(1) == b"x"
