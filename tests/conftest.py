"""What holds for every test: how hard hypothesis looks, and that nothing leaves the machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from functools import partialmethod
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, settings


def pytest_configure() -> None:
    """Choose the hypothesis profile that BYTEWARD_HYPOTHESIS names: `ci` (default) or `long`."""
    # No deadline: a loaded machine is no defect. The blob repeats a failure found elsewhere.
    settings.register_profile("ci", deadline=None, print_blob=True)
    settings.register_profile(
        "long",
        settings.get_profile("ci"),
        max_examples=2000,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(os.environ.get("BYTEWARD_HYPOTHESIS", "ci"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# Any: the address and the result are as each socket method has them.
def _guarded(sock: socket.socket, *arguments: Any, original: Any) -> Any:  # noqa: ANN401
    address = arguments[-1]
    if sock.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
        raise AssertionError(f"a test tried to reach {address[0]}; only loopback is open")
    return original(sock, *arguments)


@pytest.fixture(scope="session", autouse=True)
def _network_is_closed() -> Iterator[None]:
    """Let sockets of this process reach loopback and Unix sockets only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            original = getattr(socket.socket, name)
            patch.setattr(socket.socket, name, partialmethod(_guarded, original=original))
        yield
