"""Names are looked up in threads of their own, every address once."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import pytest

from byteward.outbound.resolve import SystemResolver


def look_up(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> tuple[object, list[object]]:
    asked: list[object] = []

    def getaddrinfo(host: object, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 0)) for text in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def resolve() -> object:
        resolver = SystemResolver()
        try:
            return await resolver("h.example")
        finally:
            resolver.close()

    return asyncio.run(resolve()), asked


def test_all_addresses_come_back_once_and_without_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked = look_up(monkeypatch, "192.0.2.1", "fe80::1%eth0", "192.0.2.1")
    assert found == (ip_address("192.0.2.1"), ip_address("fe80::1"))
    # Bytes, which no codec touches on the way.
    assert asked == [b"h.example"]


def test_a_name_that_does_not_exist_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    async def resolve() -> None:
        resolver = SystemResolver()
        try:
            await resolver("h.example")
        finally:
            resolver.close()

    with pytest.raises(OSError, match="no such name"):
        asyncio.run(resolve())
