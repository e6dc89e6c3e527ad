"""A connection's transport: bytes out with flow control, bytes in on demand, waits that end."""

from __future__ import annotations

import asyncio
from typing import Final

from byteward.server.http1.exchange import ClientGoneError
from byteward.server.http1.send_file import send_file

NEVER: Final = float("inf")


class Link(asyncio.Protocol):
    """The part of a connection that knows nothing of HTTP.

    Args:
        loop: the event loop.

    Attributes:
        transport: of the accepted socket.
        is_lost: the connection is gone.
        is_at_end: the client sends no more.
        is_input_held: nothing is read from the socket.
        is_output_held: more is queued than the client takes.
    """

    __slots__ = (
        "_last_queue",
        "_loop",
        "_moved_at",
        "_writable",
        "is_at_end",
        "is_input_held",
        "is_lost",
        "is_output_held",
        "transport",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writable: asyncio.Future[None] | None = None
        self._last_queue = 0
        self._moved_at = NEVER
        self.transport: asyncio.Transport
        self.is_lost = False
        self.is_at_end = False
        self.is_input_held = False
        self.is_output_held = False

    def connection_lost(self, _error: Exception | None) -> None:
        """Wake whoever waits to write."""
        self.is_lost = True
        self._wake_writer()

    def pause_writing(self) -> None:
        """More is queued than the client takes."""
        self.is_output_held = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.is_output_held = False
        self._wake_writer()

    def write(self, data: bytes) -> None:
        """Send bytes, or queue them; nothing goes out on a connection that closes."""
        if data and not self.transport.is_closing():
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken enough.

        Raises:
            ClientGoneError: the connection was lost.
        """
        while self.is_output_held and not self.is_lost:
            if self._writable is None:
                self._writable = self._loop.create_future()
            await asyncio.shield(self._writable)
        if self.is_lost:
            raise ClientGoneError

    async def send_file(self, path: str, size: int) -> None:
        """Send a file's first `size` bytes behind everything that is queued.

        Raises:
            ClientGoneError: the connection was lost.
            OSError: the file cannot be read, or is shorter.
        """
        self.transport.set_write_buffer_limits(0)
        try:
            await self.drain()
            number = self.transport.get_extra_info("socket").fileno()
            await send_file(self._loop, number, path, size)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            raise ClientGoneError from None
        finally:
            self.transport.set_write_buffer_limits()

    def hold_input(self) -> None:
        """Read nothing until `release_input`; the client's own flow control does the rest."""
        if not self.is_input_held and not self.transport.is_closing():
            self.is_input_held = True
            self.transport.pause_reading()

    def release_input(self) -> None:
        """Read again."""
        if self.is_input_held and not self.transport.is_closing():
            self.is_input_held = False
            self.transport.resume_reading()

    def has_stalled(self, now: float, seconds: float) -> bool:
        """Whether bytes are queued of which the client took none for so long."""
        queued = self.transport.get_write_buffer_size()
        if queued == 0 or queued != self._last_queue:
            self._last_queue = queued
            self._moved_at = now
            return False
        return now - self._moved_at >= seconds

    def _wake_writer(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
