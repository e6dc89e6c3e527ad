"""Real processes and sockets: start, stop, restart, strict framing, slow clients."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from byteward.config import HttpSettings
from byteward.server.listener import ListenError, listen
from tests.integration.delivery.cdn_plane import ACCOUNT, BIG, cdn_plane, config_in

TIMEOUT = 20
EXAMPLE = f"/{ACCOUNT}/raw/example.jpg"


@dataclass(frozen=True)
class Running:
    """A server under test."""

    process: subprocess.Popen[str]
    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def exchange(self, request: bytes) -> bytes:
        """Send bytes as they are and read until the server closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return _read_all(connection)

    def get(self, target: str = EXAMPLE) -> bytes:
        head = f"GET {target} HTTP/1.1\r\nhost: upcdn.io\r\nconnection: close\r\n\r\n"
        return self.exchange(head.encode())

    def children(self) -> list[int]:
        return _children(self.process.pid)


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _await(condition: object, what: str) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():  # type: ignore[operator]  # a callable; typed loosely for lambdas
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    program = Path(__file__).with_name("serve_files.py")
    process = subprocess.Popen(
        [sys.executable, str(program), str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        yield Running(process, int(address.rpartition(":")[2]))
    finally:
        process.terminate()
        process.wait(TIMEOUT)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    with cdn_plane(config_in(folder)):
        pass
    return folder


@pytest.fixture(scope="module")
def server(filled: Path) -> Iterator[Running]:
    with running(filled) as process:
        yield process


def test_files_are_served_over_a_socket(server: Running) -> None:
    answer = server.get()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert server.get(f"/{ACCOUNT}/raw/big.bin").endswith(BIG)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\na",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\x00b\r\n\r\n",
    ],
)
def test_bad_framing_gets_one_400_and_a_closed_connection(server: Running, request_: bytes) -> None:
    answer = server.exchange(request_)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_too_many_header_bytes_get_431(server: Running) -> None:
    head = b"GET / HTTP/1.1\r\nhost: a\r\n" + b"".join(
        b"x%d: %s\r\n" % (n, b"y" * 8000) for n in range(5)
    )
    assert server.exchange(head + b"\r\n").startswith(b"HTTP/1.1 431 ")


def test_a_client_that_never_finishes_its_headers_is_closed(server: Running) -> None:
    started = time.monotonic()
    server.exchange(b"GET / HTTP/1.1\r\nhost:")
    assert time.monotonic() - started < TIMEOUT


def test_a_client_that_takes_nothing_is_closed_and_costs_no_one_else(server: Running) -> None:
    target = f"GET /{ACCOUNT}/raw/big.bin HTTP/1.1\r\nhost: a\r\n\r\n".encode()
    stalled = []
    for _ in range(8):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(target * 8)
        stalled.append(connection)
    assert server.get().startswith(b"HTTP/1.1 200 ")
    _await(lambda: _established(server.port) == 0, "stalled connections stay open")
    for connection in stalled:
        connection.close()


def _established(port: int) -> int:
    """Open connections on the server's side that carry data."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [row.split() for row in rows]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in fields)


def test_a_killed_worker_is_replaced_while_others_answer(filled: Path) -> None:
    with running(filled) as server:
        plane = next(pid for pid in server.children() if _children(pid))
        victim, *_ = _children(plane)
        os.kill(victim, signal.SIGKILL)
        for _ in range(20):
            assert server.get().startswith(b"HTTP/1.1 200 ")
        # Until it is reaped, the dead one counts among the children.
        _await(lambda: len(set(_children(plane)) - {victim}) == 2, "the worker was not replaced")


def test_a_killed_plane_is_started_again_on_the_same_port(filled: Path) -> None:
    with running(filled) as server:
        plane = next(pid for pid in server.children() if _children(pid))
        workers = _children(plane)
        os.kill(plane, signal.SIGKILL)
        _await(lambda: not any(map(_is_alive, workers)), "workers outlived their plane")
        # The listening socket is the supervisor's: the connection waits until there is a worker.
        assert server.get().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everything_with_exit_code_0(filled: Path, number: signal.Signals) -> None:
    with running(filled) as server:
        everyone = server.children() + [w for pid in server.children() for w in _children(pid)]
        idle = server.connect()
        server.process.send_signal(number)
        assert server.process.wait(TIMEOUT) == 0
        assert not any(map(_is_alive, everyone))
        idle.close()


def test_children_do_not_outlive_a_killed_supervisor(filled: Path) -> None:
    with running(filled) as server:
        everyone = server.children() + [w for pid in server.children() for w in _children(pid)]
        server.process.kill()
        server.process.wait(TIMEOUT)
        _await(lambda: not any(map(_is_alive, everyone)), "children outlived the supervisor")


def test_a_taken_port_is_reported_before_anything_starts() -> None:
    first = listen("127.0.0.1:0", HttpSettings())
    with pytest.raises(ListenError, match=first.address):
        listen(first.address, HttpSettings())
    first.socket.close()


def test_a_plane_that_cannot_start_is_an_error() -> None:
    program = (
        "from byteward.config import Config\n"
        "from byteward.server.plane import Plane\n"
        "from byteward.server.supervisor import StartError, Supervisor\n"
        "def load(config): raise SystemExit(1)\n"
        "plane = Plane('cdn', '127.0.0.1:0', load)\n"
        "config = Config(workers=1, shutdown_grace_seconds=1)\n"
        "try:\n"
        "    Supervisor(config, [plane], helpers={}, on_ready=print).run()\n"
        "except StartError as error:\n"
        "    print('start error:', error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert "start error: the cdn plane ended while it started" in done.stdout
