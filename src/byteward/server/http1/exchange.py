"""One request and its response, as an ASGI application sees them (ASGI 3, HTTP 2.4)."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from byteward.delivery.asgi import BODY, PATHSEND, START, AsgiApp, Message, Scope
from byteward.server.http1.head import RequestHead
from byteward.server.http1.request_body import RequestBody
from byteward.server.http1.response_head import (
    CHUNKED,
    CLOSE,
    CONTINUE,
    KEEP_ALIVE,
    ResponseHead,
    has_no_content,
    may_have_body,
)
from byteward.telemetry.log import get_logger

DRAIN_BYTES: Final = 65536
"""Rest of an unread body that is read after the answer; for more the connection is closed."""

_JOIN_BYTES: Final = 65536  # up to here one copy is cheaper than a second buffer
_LOG: Final = get_logger()


class ClientGoneError(ConnectionResetError):
    """The connection was lost, or given up, before the response was complete."""


class MisuseError(RuntimeError):
    """The application broke the rules of ASGI: a defect of ours."""


class Wire(Protocol):
    """What an exchange needs of its connection."""

    @property
    def date_line(self) -> bytes:
        """The Date header for now."""
        ...

    @property
    def is_stopping(self) -> bool:
        """The server stops: no connection is kept."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes, or queue them."""
        ...

    async def drain(self) -> None:
        """Wait until the client has taken enough of them; raises `ClientGoneError`."""
        ...

    async def send_file(self, path: str, size: int) -> None:
        """Send a file's first `size` bytes; raises `ClientGoneError`, `OSError`."""
        ...

    def body_was_taken(self) -> None:
        """Go on reading."""
        ...

    def exchange_ended(self, *, is_kept_alive: bool) -> None:
        """The response was written whole; go on with the next request, or close."""
        ...

    def refuse_defect(self) -> None:
        """Answer 500, as nothing was answered, and close."""
        ...

    def abandon(self) -> None:
        """Close with the response cut short, so that nobody takes it for a whole one."""
        ...


class Exchange:
    """Runs the application for one request.

    Args:
        wire: the connection.
        head: the request.
        scope: of the request; its own.

    Attributes:
        body: of the request; the connection feeds it and calls `input_came`.
        has_answered: some of the response was written.
        is_over: the response is complete or was given up.
    """

    __slots__ = (
        "_came",
        "_end_was_given",
        "_has_body",
        "_has_left",
        "_head",
        "_is_chunked",
        "_is_given_up",
        "_is_kept_alive",
        "_left",
        "_owes_continue",
        "_response",
        "_wire",
        "body",
        "has_answered",
        "is_over",
        "scope",
    )

    def __init__(self, wire: Wire, head: RequestHead, scope: Scope) -> None:
        self._wire = wire
        self._head = head
        self.scope = scope
        self.body = RequestBody(head.length)
        self._came = asyncio.Event()
        self._owes_continue = head.expects_continue
        self._end_was_given = False
        self._response: ResponseHead | None = None
        self._has_body = True
        self._has_left = False
        self._is_chunked = False
        self._is_given_up = False
        self._is_kept_alive = False
        self._left: int | None = None
        self.has_answered = False
        self.is_over = False

    async def run(self, app: AsgiApp) -> None:
        """Call the application and see the response through to its end."""
        try:
            await app(self.scope, self.receive, self.send)
        except ClientGoneError:
            pass
        except Exception:  # noqa: BLE001 - the last line of defence: a defect is answered and logged
            _LOG.exception("application.failed")
        finally:
            if not self.is_over:
                self.is_over = True
                if self.has_answered:
                    self._wire.abandon()
                else:
                    self._wire.refuse_defect()

    def input_came(self) -> None:
        """Wake whoever waits for the body."""
        self._owes_continue = False  # RFC 9110 §10.1.1: it is not due once body bytes are here
        self._came.set()

    def client_left(self) -> None:
        """The client sends no more. It may read on, but most that do this are gone."""
        self._has_left = True
        self._came.set()

    def give_up(self) -> None:
        """The client is gone, or was answered by the server itself."""
        self.is_over = self._is_given_up = True
        self._came.set()

    # Any: the ASGI specification gives each key of a message a type of its own.
    async def receive(self) -> dict[str, Any]:
        """The next piece of the body; after its end, the disconnect."""
        body = self.body
        while not body.waiting_bytes and (self._end_was_given or not body.is_complete):
            if self.is_over or self._has_left:
                return {"type": "http.disconnect"}
            if self._owes_continue and not self.has_answered:
                self._owes_continue = False
                self._wire.write(CONTINUE)
            self._came.clear()
            await self._came.wait()
        piece = body.take()
        self._end_was_given = body.is_complete
        self._wire.body_was_taken()
        return {"type": "http.request", "body": piece, "more_body": not body.is_complete}

    async def send(self, message: Message) -> None:
        """Send one message of the response.

        Raises:
            ClientGoneError: nobody is there to take it.
            MisuseError: the application's messages are out of order, or too long.
        """
        kind = message["type"]
        if self._is_given_up:
            raise ClientGoneError
        if self.is_over:
            raise MisuseError("a message came after the end of the response")
        if kind == START:
            if self._response is not None:
                raise MisuseError("the response was started twice")
            self._response = ResponseHead(message["status"], message.get("headers", ()))
        elif kind == BODY:
            is_last = not message.get("more_body", False)
            await self._send_body(message.get("body", b""), is_last=is_last)
        elif kind == PATHSEND:
            await self._send_path(message["path"])

    async def _send_body(self, piece: bytes, *, is_last: bool) -> None:
        opening = b"" if self.has_answered else self._open(len(piece) if is_last else None)
        if not self._has_body:
            piece = b""
        elif self._is_chunked:
            ending = b"0\r\n\r\n" if is_last else b""
            piece = b"%x\r\n%b\r\n%b" % (len(piece), piece, ending) if piece else ending
        elif self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise MisuseError("the response is longer than its Content-Length")
        self._write(opening, piece)
        if is_last:
            self._finish()
        else:
            await self._wire.drain()

    async def _send_path(self, path: str) -> None:
        """A whole file whose size is the response's Content-Length."""
        opening = self._open(None)
        self._write(opening, b"")
        if self._has_body:
            if self._left is None:
                raise MisuseError("a file needs a Content-Length")
            await self._wire.send_file(path, self._left)
            self._left = 0
        self._finish()

    def _write(self, opening: bytes, piece: bytes) -> None:
        if len(piece) <= _JOIN_BYTES:
            self._wire.write(opening + piece)
            return
        if opening:
            self._wire.write(opening)
        self._wire.write(piece)

    def _open(self, whole_length: int | None) -> bytes:
        """The response's head; decides how its body is framed and whether the connection stays."""
        response, head = self._response, self._head
        if response is None:
            raise MisuseError("the response was not started")
        parts = [response.block, self._wire.date_line]
        self._has_body = may_have_body(head.method, response.status)
        self._left = response.length
        is_kept = self._may_be_kept() and not response.closes
        if self._left is None and not has_no_content(response.status):
            if whole_length is not None and self._has_body:
                self._left = whole_length
                parts.append(b"content-length: %d\r\n" % whole_length)
            elif head.http_version == "1.1":
                self._is_chunked = True
                parts.append(CHUNKED)
            else:
                is_kept = False  # RFC 9112 §6.3: the end of the connection ends the body
        if not is_kept:
            parts.append(CLOSE)
        elif head.http_version == "1.0":
            parts.append(KEEP_ALIVE)
        parts.append(b"\r\n")
        self._is_kept_alive = is_kept
        self.has_answered = True
        return b"".join(parts)

    def _may_be_kept(self) -> bool:
        """Whether another request may follow: the rest of this one must be known, and short.

        A client that was not told to go on may send its body or leave it out.
        """
        return (
            self._head.is_kept_alive
            and not self._owes_continue
            and not self._wire.is_stopping
            and self.body.may_be_drained(DRAIN_BYTES)
        )

    def _finish(self) -> None:
        self.is_over = True
        self._came.set()
        if self._has_body and self._left:
            self._wire.abandon()
        else:
            self._wire.exchange_ended(is_kept_alive=self._is_kept_alive)
