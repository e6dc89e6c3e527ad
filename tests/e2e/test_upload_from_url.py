"""Uploads from URLs as a user does them: the official client, a real server, a real source."""

from __future__ import annotations

import http.client
import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.e2e.server import Server, run_command, serving
from tests.origin import Origin, answer, running_origin

NODE: Final = Path(__file__).parents[1] / "node"


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        running.handlers["/a"] = answer(
            b"from elsewhere", "Content-Type: text/plain", "Content-Disposition: x; filename=n.txt"
        )
        yield running


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("open") / "data"
    with serving(data, env={"BYTEWARD_OUTBOUND__ALLOW_PRIVATE": "true"}) as running:
        yield running


@pytest.fixture(scope="module")
def closed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("closed") / "data") as running:
        yield running


def run_client(server: Server, origin: Origin) -> dict[str, dict[str, Any]]:
    """What the official client sees, by the name of the attempt."""
    done = subprocess.run(
        ["node", "upload_from_url.mjs"],  # noqa: S607 - whichever Node the tests were set up with
        cwd=NODE,
        env={
            **os.environ,
            "API_URL": server.api,
            "CDN_URL": server.cdn,
            "SECRET_KEY": server.secret_key,
            "SOURCE_URL": origin.url("/a", "localhost"),
        },
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: line for line in lines}


def test_the_official_client_uploads_from_a_url(open_server: Server, origin: Origin) -> None:
    seen = run_client(open_server, origin)
    assert seen["stored"] == {
        "name": "stored",
        "ok": True,
        "filePath": "/fetched/a.txt",
        "mime": "text/plain",
        "originalFileName": "n.txt",
        "size": 14,
        "etagsAgree": True,
        "text": "from elsewhere",
    }
    assert seen["missing"]["code"] == "source_url_failed"
    assert seen["missing"]["details"] == {"reason": "status", "status": 404}


def test_the_development_switch_is_loud_and_does_not_open_metadata_services(
    open_server: Server, origin: Origin
) -> None:
    assert "warning: outbound.allow_private = true" in open_server.log.read_text()
    refused = run_client(open_server, origin)["metadata service"]
    assert (refused["code"], refused["details"]) == (
        "source_url_failed",
        {"reason": "unreachable"},
    )


def test_without_the_switch_loopback_is_refused(closed_server: Server, origin: Origin) -> None:
    before = origin.connections
    seen = run_client(closed_server, origin)
    for name in ("stored", "missing", "metadata service"):
        assert seen[name]["code"] == "source_url_failed"
        assert seen[name]["details"] == {"reason": "unreachable"}
    assert origin.connections == before
    assert "allow_private" not in closed_server.log.read_text()


def test_a_client_that_is_gone_ends_the_fetch(open_server: Server, origin: Origin) -> None:
    def hang(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbegun")
        begun.set()
        origin.wait_for_hang_up(connection)

    begun = threading.Event()
    origin.handlers["/hang"] = hang
    parts = urlsplit(open_server.api)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port)) as client:
        client.request(
            "POST",
            f"/v2/accounts/{open_server.account_id}/uploads/url",
            json.dumps({"url": origin.url("/hang", "127.0.0.1")}),
            {
                "Authorization": f"Bearer {open_server.secret_key}",
                "Content-Type": "application/json",
            },
        )
        assert begun.wait(10)
        # A reset: after a mere end of input the client may still be reading.
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert origin.hung_up.wait(10)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "http://store", "store:0"])
def test_a_malformed_opening_stops_the_start(tmp_path: Path, entry: str) -> None:
    done = run_command(
        "serve",
        *("--api", "127.0.0.1:0", "--cdn", "127.0.0.1:0", "--insecure-single-origin"),
        data=tmp_path / "data",
        env={"BYTEWARD_OUTBOUND__ALLOW": entry},
    )
    assert done.returncode == 2
    assert "outbound.allow" in done.stderr.decode()
