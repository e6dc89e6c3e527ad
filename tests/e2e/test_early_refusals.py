"""A refusal that comes before the body was read arrives, also at a client that is still sending.

Many clients send the whole body before they look for an answer. A server that closes while bytes
are unread resets the connection, and such a client loses the answer that is on its way.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.node import run_node
from tests.e2e.server import Answer, Server, request, run_command, serving
from tests.e2e.wire import Wire, head

MIB: Final = 1024 * 1024
SIZES: Final = [100, 60_000, 70_000, MIB, 12 * MIB]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("early") / "data") as running:
        yield running


@contextmanager
def configured(server: Server, before: dict[str, Any], after: dict[str, Any]) -> Iterator[None]:
    """Apply members of the account, and others at the end."""
    server.apply({"accounts": [{"accountId": server.account_id, **before}]})
    try:
        yield
    finally:
        server.apply({"accounts": [{"accountId": server.account_id, **after}]})


def send_then_read(
    server: Server, target: str, size: int, *, key: str, chunked: bool = False, method: str = "POST"
) -> Answer:
    """Send every byte of a request before anything is read of its answer."""
    address = server.api.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=20)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/plain"}
    try:
        if chunked:
            pieces = (b"x" * min(65536, size - at) for at in range(0, size, 65536))
            connection.request(method, target, pieces, headers, encode_chunked=True)
        else:
            connection.request(method, target, b"x" * size, headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


def binary(server: Server) -> str:
    return f"/v2/accounts/{server.account_id}/uploads/binary"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_too_large(server: Server, size: int, *, chunked: bool) -> None:
    limit = {"settings": {"maxUploadBytes": 99}}
    with configured(server, limit, {"settings": {"maxUploadBytes": 5_368_709_120}}):
        refused = send_then_read(
            server, binary(server), size, key=server.secret_key, chunked=chunked
        )
    assert (refused.status, refused.code) == (413, "file_too_large")


@pytest.mark.parametrize("size", SIZES)
def test_over_the_rate(server: Server, size: int) -> None:
    name = key_names(server)["public"]
    limited = {"apiKeys": [{"name": name, "uploadRateLimit": {"count": 1, "seconds": 3600}}]}
    unlimited = {"apiKeys": [{"name": name, "uploadRateLimit": None}]}
    with configured(server, limited, unlimited):
        send_then_read(server, binary(server), 1, key=server.public_key)
        refused = send_then_read(server, binary(server), size, key=server.public_key)
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize("size", SIZES)
def test_over_the_quota(server: Server, size: int) -> None:
    quota = {"settings": {"quotas": {"storedBytes": 99}}}
    with configured(server, quota, {"settings": {"quotas": {"storedBytes": None}}}):
        refused = send_then_read(server, binary(server), size, key=server.secret_key)
    assert (refused.status, refused.code) == (402, "quota_exceeded")


@pytest.mark.parametrize("size", SIZES)
def test_unknown_key_and_unknown_path(server: Server, size: int) -> None:
    refused = send_then_read(server, binary(server), size, key=server.secret_key + "x")
    assert (refused.status, refused.code) == (401, "authentication_failed_credentials_denied")
    refused = send_then_read(server, "/v2/nowhere", size, key=server.secret_key)
    assert (refused.status, refused.code) == (404, "check_path")
    refused = send_then_read(server, "/v1/files", size, key=server.secret_key)
    assert (refused.status, refused.code) == (410, "api_version_retired")


def test_a_full_volume(tmp_path: Path) -> None:
    env = {"BYTEWARD_STORAGE__MIN_FREE_BYTES": str(2**60)}
    with serving(tmp_path / "data", env=env) as full:
        for size in SIZES:
            refused = send_then_read(full, binary(full), size, key=full.secret_key)
            assert (refused.status, refused.code) == (507, "insufficient_storage")


def test_a_client_that_asks_first_is_refused_without_a_byte_of_its_body(server: Server) -> None:
    limit = {"settings": {"maxUploadBytes": 99}}
    lines = [
        (b"Authorization", f"Bearer {server.secret_key}".encode()),
        (b"Content-Length", b"100"),
        (b"Expect", b"100-continue"),
        (b"Content-Type", b"text/plain"),
    ]
    asked = head(b"POST", binary(server).encode(), lines)
    with configured(server, limit, {"settings": {"maxUploadBytes": 5_368_709_120}}):
        with socket.create_connection(_address(server), timeout=5) as connection:
            connection.sendall(asked)
            first = connection.recv(65536)
        assert first.startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(_address(server), timeout=5) as connection:
        connection.sendall(asked)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"x" * 100)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_after_a_short_refused_body_the_connection_goes_on(server: Server) -> None:
    limit = {"settings": {"maxUploadBytes": 99}}
    lines = [(b"Authorization", f"Bearer {server.secret_key}".encode())]
    with configured(server, limit, {"settings": {"maxUploadBytes": 5_368_709_120}}):
        with Wire(server.api) as wire:
            refused = wire.ask(b"POST", binary(server).encode(), lines, b"x" * 60_000)
            assert (refused.status, refused.headers.get("connection")) == (413, None)
            assert wire.ask(b"GET", b"/healthz").body == b"ok"
        with Wire(server.api) as wire:
            refused = wire.ask(b"POST", binary(server).encode(), lines, b"x" * MIB)
            assert (refused.status, refused.headers.get("connection")) == (413, "close")


@pytest.mark.node
def test_the_official_clients_parts_meet_a_key_that_was_disabled_meanwhile(server: Server) -> None:
    name = key_names(server)["public"]
    wanted = {"size": 12 * MIB, "protocol": "1.1"}
    begun = request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/uploads",
        headers={"Authorization": f"Bearer {server.public_key}"},
        body=json.dumps(wanted).encode(),
    ).json
    off = {"apiKeys": [{"name": name, "enabled": False}]}
    on = {"apiKeys": [{"name": name, "enabled": True}]}
    first = begun["uploadParts"]["first"]
    size = first["range"]["inclusiveEnd"] + 1
    with configured(server, off, on):
        for _ in range(5):
            [seen] = run_node(
                server, "refused_part.mjs", UPLOAD_URL=first["uploadUrl"], SIZE=str(size)
            )
            assert seen == {"status": 401, "code": "authentication_failed_credentials_denied"}


def key_names(server: Server) -> dict[str, str]:
    """The names of the account's keys by kind."""
    exported = run_command("export", "--json", data=server.data)
    keys = json.loads(exported.stdout)["accounts"][0]["apiKeys"]
    return {each["kind"]: each["name"] for each in keys}


def _address(server: Server) -> tuple[str, int]:
    host, _, port = server.api.removeprefix("http://").partition(":")
    return host, int(port)
