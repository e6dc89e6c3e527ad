"""Starts `http1_program.py` and speaks raw bytes with it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.server.http1_program import FILE

TIMEOUT = 20
HOST = b"Host: h\r\n"


def get(path: bytes, lines: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + HOST + lines + b"\r\n"


CLOSING = get(b"/last", b"Connection: close\r\n")


@dataclass(frozen=True)
class Http1:
    """A server under test."""

    process: subprocess.Popen[str]
    port: int

    def connect(self, receive_bytes: int | None = None) -> socket.socket:
        connection = socket.socket()
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def exchange(self, *parts: bytes) -> bytes:
        """Send the parts one by one and read until the server closes."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            return read_all(connection)

    def body_of(self, path: bytes) -> bytes:
        answer = self.exchange(get(path, b"Connection: close\r\n"))
        return answer.partition(b"\r\n\r\n")[2]

    def resident_kib(self) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1])

    def open_connections(self) -> int:
        """Established ones on the server's side."""
        rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
        fields = [row.split() for row in rows]
        return sum(row[1].endswith(f":{self.port:04X}") and row[3] == "01" for row in fields)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the end; a reset is an end too, after what was readable before it."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return bytes(received)


def read_until(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        chunk = connection.recv(65536)
        assert chunk, received
        received += chunk
    return received


def statuses(answer: bytes) -> list[bytes]:
    """The status of every response in it."""
    return [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]


def await_that(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def http1(folder: Path, limits: str = "{}", *, file_bytes: int = 0) -> Iterator[Http1]:
    (folder / FILE).write_bytes(bytes(range(256)) * (file_bytes // 256))
    program = Path(__file__).with_name("http1_program.py")
    process = subprocess.Popen(
        [sys.executable, str(program), limits],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    try:
        yield Http1(process, int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(TIMEOUT)
        process.stdout.close()
