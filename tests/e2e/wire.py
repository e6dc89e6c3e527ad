"""A client for requests that a well-behaved library would refuse to send."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final, Self
from urllib.parse import urlsplit

from tests.e2e.server import Answer

TIMEOUT_SECONDS: Final = 5.0
Headers = Sequence[tuple[bytes, bytes]]


class BrokenAnswerError(Exception):
    """The connection ended, or stayed silent, before a whole answer was there."""


def head(
    method: bytes, target: bytes, headers: Headers = (), *, host: bytes = b"127.0.0.1"
) -> bytes:
    """The head of a request, with a Host if the headers have none and `host` is not empty."""
    lines = [method + b" " + target + b" HTTP/1.1"]
    if host and not any(name.lower() == b"host" for name, _ in headers):
        lines.append(b"Host: " + host)
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Wire:
    """One connection, opened again when the server has closed it; sends bytes as they are."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._address = (str(parts.hostname), int(parts.port or 80))
        self._socket: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def ask(
        self, method: bytes, target: bytes, headers: Headers = (), body: bytes | None = None
    ) -> Answer:
        """Send a framed request and read the answer; once more if an idle connection was closed."""
        lines = list(headers)
        if body is not None:
            lines.append((b"Content-Length", str(len(body)).encode()))
        data = head(method, target, lines) + (body or b"")
        is_fresh = self._socket is None
        try:
            return self.exchange(data, is_head=method == b"HEAD")
        except (BrokenAnswerError, OSError):
            self.close()
            if is_fresh:
                raise
            return self.exchange(data, is_head=method == b"HEAD")

    def exchange(self, data: bytes, *, is_head: bool = False, ends: bool = False) -> Answer:
        """Send bytes, then nothing more if `ends`, and read one answer."""
        connection = self._connected()
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            # An early refusal may have closed the connection; its answer is still to be read.
            pass
        return self._answer(connection, is_head=is_head)

    def is_closed_by_peer(self) -> bool:
        """Whether nothing but the end follows within the timeout."""
        if self._socket is None:
            return True
        try:
            return self._rest == b"" and self._socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _answer(self, connection: socket.socket, *, is_head: bool) -> Answer:
        lines = self._until(connection, b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status == 100:
            return self._answer(connection, is_head=is_head)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        has_body = not is_head and status not in (204, 304)
        body = self._body(connection, headers) if has_body else b""
        return Answer(status, headers, body)

    def _body(self, connection: socket.socket, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while size := int(self._until(connection, b"\r\n"), 16):
                body += self._exactly(connection, size)
                self._until(connection, b"\r\n")
            self._until(connection, b"\r\n")
            return body
        return self._exactly(connection, int(headers.get("content-length", "0")))

    def _until(self, connection: socket.socket, end: bytes) -> bytes:
        while end not in self._rest:
            self._more(connection)
        found, _, self._rest = self._rest.partition(end)
        return found

    def _exactly(self, connection: socket.socket, size: int) -> bytes:
        while len(self._rest) < size:
            self._more(connection)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _more(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except TimeoutError:
            message = f"silence after {self._rest!r}"
            raise BrokenAnswerError(message) from None
        except ConnectionResetError:
            data = b""
        if not data:
            message = f"the connection ended after {self._rest!r}"
            raise BrokenAnswerError(message)
        self._rest += data
