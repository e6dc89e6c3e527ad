"""Requests that an application can answer without waiting, and so without a task.

An extension between our own server and our own applications. Everything can be asked through plain
ASGI as well, and is decided by the same code: here it only costs less.
"""

from __future__ import annotations

from typing import Protocol

from byteward.request_headers import RequestHeaders

AtOnceAnswer = tuple[int, bytes, bytes, bool]
"""Status, header lines with their CRLF but without Date and Connection, body, and whether the
connection has to close. The body is what goes out: empty for HEAD and 304."""


class AnswersAtOnce(Protocol):
    """An application that can answer some requests at once."""

    def __call__(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        headers: RequestHeaders,
        http_version: str,
        head_bytes: int,
        peer_ip: str,
        batch: int,
    ) -> AtOnceAnswer | None:
        """Answer a request that has no body, or None: then it has to be asked through ASGI.

        Args:
            method: as written.
            raw_path: the target up to the first `?`, undecoded.
            query: what follows it, undecoded.
            headers: of a head whose framing and Host were found to be in order.
            http_version: `1.1` or `1.0`.
            head_bytes: length of the whole head, which its headers cannot exceed.
            peer_ip: address of the connection's other end.
            batch: requests with the same number had all begun to arrive before the first of them
                was asked, so what is read of the database for one holds for all.
        """
        ...
