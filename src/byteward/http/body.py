"""A request's body as it arrives: bounded waits, a least rate, and a clean end on refusals.

Only time spent waiting for the client counts towards its rate; a slow disk of ours is not its
fault. A body that stops early is an error, so nobody takes it for a whole one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from byteward.delivery.asgi import Receive
from byteward.errors import BytewardError, ErrorCode

RATE_WINDOW_SECONDS: Final = 30.0
DRAIN_BYTES: Final = 65536
DRAIN_SECONDS: Final = 1.0
_CONTINUE: Final = b"100-continue"


@dataclass(frozen=True, slots=True)
class BodyTimes:
    """How patiently a body is read.

    Attributes:
        idle_seconds: longest wait for the next bytes.
        min_bytes_per_second: least rate over `RATE_WINDOW_SECONDS` of waiting; 0: any.
    """

    idle_seconds: float
    min_bytes_per_second: int


class RequestBody:
    """Reads one request's body, once.

    Args:
        receive: of the ASGI request.
        headers: by lower-case name, checked by the edge.
        times: how patiently it is read.
        monotonic: seconds for measuring waits.
    """

    def __init__(
        self,
        receive: Receive,
        headers: Mapping[bytes, bytes],
        times: BodyTimes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._receive = receive
        self._headers = headers
        self._times = times
        self._monotonic = monotonic
        self._waited = 0.0
        self._in_window = 0
        self._is_over = False
        self._is_asked_for = False

    @property
    def declared_bytes(self) -> int | None:
        """Content-Length, or None when the body is chunked or absent."""
        length = self._headers.get(b"content-length")
        return None if length is None else int(length)  # the edge let only digits through

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body's bytes.

        Raises:
            BytewardError: `request_timeout` for a client that is too slow, `invalid_request` when
                the body was cut off.
        """
        while not self._is_over:
            chunk = await self._next()
            if chunk:
                yield chunk

    async def read(self, max_bytes: int) -> bytes:
        """The whole body.

        Raises:
            BytewardError: `payload_too_large`, before anything is read if Content-Length says so.
        """
        if (self.declared_bytes or 0) > max_bytes:
            raise _too_large(max_bytes)
        received = bytearray()
        async for chunk in self.chunks():
            received += chunk
            if len(received) > max_bytes:
                raise _too_large(max_bytes)
        return bytes(received)

    async def refuse(self, error: BytewardError) -> BytewardError:
        """Prepare for an answer that does not wait for the body.

        A short rest is read, so that the client, which sends first and reads later, sees the
        answer; after a long one the connection has to close.
        """
        if await self._drain():
            return error
        headers = {**(error.headers or {}), "connection": "close"}
        return BytewardError(error.code, error.message, details=error.details, headers=headers)

    async def _drain(self) -> bool:
        if (self.declared_bytes or 0) > DRAIN_BYTES and not self._is_over:
            return False
        if not self._is_asked_for and self._headers.get(b"expect", b"").lower() == _CONTINUE:
            # RFC 9110 §10.1.1: reading would tell the client to go on and send its body.
            return False
        drained = 0
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._is_over and drained <= DRAIN_BYTES:
                    drained += len(await self._next())
        except (TimeoutError, BytewardError):
            return False
        return self._is_over

    async def _next(self) -> bytes:
        self._is_asked_for = True
        started = self._monotonic()
        try:
            async with asyncio.timeout(self._times.idle_seconds):
                message = await self._receive()
        except TimeoutError:
            self._is_over = True
            raise _timeout("no bytes came for too long") from None
        if message["type"] == "http.disconnect":
            self._is_over = True
            raise BytewardError(ErrorCode.INVALID_REQUEST, "the request body was cut off")
        chunk: bytes = message.get("body", b"")
        self._is_over = not message.get("more_body", False)
        self._measure(len(chunk), self._monotonic() - started)
        return chunk

    def _measure(self, size: int, waited: float) -> None:
        self._waited += waited
        self._in_window += size
        if self._waited < RATE_WINDOW_SECONDS:
            return
        if not self._is_over and self._in_window < self._waited * self._times.min_bytes_per_second:
            self._is_over = True
            raise _timeout("the body comes too slowly")
        self._waited, self._in_window = 0.0, 0


def _timeout(reason: str) -> BytewardError:
    return BytewardError(ErrorCode.REQUEST_TIMEOUT, reason, headers={"connection": "close"})


def _too_large(max_bytes: int) -> BytewardError:
    return BytewardError(
        ErrorCode.PAYLOAD_TOO_LARGE,
        f"the body is larger than {max_bytes} bytes",
        details={"maxSize": max_bytes},
    )
