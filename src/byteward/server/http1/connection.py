"""One connection: heads in, answers out, in order, with bounded waits and bounded memory.

At any time a connection is in one of these states. `HEAD`: waiting for a request, or in the middle
of its head. `EXCHANGE`: the application works on one; further bytes are its body, and what comes
after that waits, unread from the socket. `DRAINING`: answered, while the rest of its body is read
and dropped. `LINGERING`: the last answer is out, and the client is given time to read it.

SECURITY: after a framing error nothing more is interpreted: one answer, then the end.
"""

from __future__ import annotations

import asyncio
import time
from enum import Enum, auto
from typing import Final

from byteward.delivery.asgi import Scope
from byteward.errors import BytewardError, ErrorCode
from byteward.http.at_once import AnswersAtOnce
from byteward.http.envelope import internal_error
from byteward.server.http1.chunked import BadChunkError
from byteward.server.http1.exchange import Exchange
from byteward.server.http1.head import BadHeadError, RequestHead, parse_head
from byteward.server.http1.link import NEVER, Link
from byteward.server.http1.request_body import RequestBody
from byteward.server.http1.response_head import CLOSE, KEEP_ALIVE, date_line, status_line
from byteward.server.http1.served import SHARED_BATCH_CONNECTIONS, Served
from byteward.telemetry.log import get_logger

BODY_BYTES: Final = 65536
"""Body bytes that wait for the application before the socket is read no further."""

ANSWERS_PER_TURN: Final = 32
"""Pipelined requests that one connection gets answered before others have their turn."""

LINGER_BYTES: Final = 67_108_864
"""Bytes that are dropped after the last answer before the connection is reset."""

LINGER_SECONDS: Final = 30.0
"""How long that may go on; `Limits.linger_seconds` bounds each silence in it."""

_EXTENSIONS: Final[dict[str, dict[str, object]]] = {"http.response.pathsend": {}}
_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}
_HEAD_END: Final = b"\r\n\r\n"
_CRLF: Final = b"\r\n"
_JOIN_BYTES: Final = 65536
_LOG: Final = get_logger()


class State(Enum):
    """See the module."""

    HEAD = auto()
    EXCHANGE = auto()
    DRAINING = auto()
    LINGERING = auto()


_WAITS_AFTER_OUTPUT: Final = frozenset({State.HEAD, State.LINGERING})
"""Waits for the client that begin only once it has taken what was sent to it."""


class Connection(Link):
    """The protocol of one accepted socket.

    Args:
        served: the worker's application, limits and other connections.

    Attributes:
        deadline: the loop's time at which the present wait has lasted too long.
    """

    __slots__ = (
        "_batch",
        "_body",
        "_drained",
        "_exchange",
        "_input",
        "_lingers_until",
        "_peer",
        "_served",
        "_state",
        "deadline",
    )

    def __init__(self, served: Served) -> None:
        super().__init__(served.loop)
        self._served = served
        self._state = State.HEAD
        self._peer: tuple[str, int] = ("", 0)
        self._input = b""
        self._batch = 0
        self._exchange: Exchange | None = None
        self._body: RequestBody | None = None
        self._drained = 0
        self._lingers_until = NEVER
        self.deadline = NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start waiting for a head, or turn the client away."""
        self.transport = transport  # type: ignore[assignment]  # a stream's, as every protocol gets
        served = self._served
        has_room = served.make_room()
        served.connections.add(self)
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1]) if peer else ("", 0)
        self.deadline = served.loop.time() + served.limits.header_seconds
        if not has_room:
            self._turn_away()

    def _turn_away(self) -> None:
        served = self._served
        if len(served.connections) > served.limits.max_connections * 2:
            self.transport.abort()
            return
        headers = {"retry-after": "1"}
        text = "too many connections, try again"
        self._refuse(BytewardError(ErrorCode.OVERLOADED, text, headers=headers))

    def data_received(self, data: bytes) -> None:
        """Pass bytes to whoever waits for them."""
        state = self._state
        if state is State.HEAD:
            served = self._served
            number = served.batch.enter()
            if number == self._batch or len(served.connections) >= SHARED_BATCH_CONNECTIONS:
                number = served.batch.renew()
            self._batch = number
            self._serve(self._input + data if self._input else data, number)
        elif state is State.EXCHANGE:
            self._feed(data)
        elif state is State.DRAINING:
            self._drain_body(data)
        else:
            self._linger(len(data))

    def eof_received(self) -> bool:
        """The client sends no more: an answer under way is still sent, as it may read on."""
        self.is_at_end = True
        exchange = self._exchange
        if self._state is State.EXCHANGE and exchange is not None:
            if exchange.body.is_complete:
                exchange.client_left()
                return True
            exchange.give_up()
            self.transport.abort()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the application."""
        super().connection_lost(error)
        self._served.connections.discard(self)
        self._state = State.LINGERING
        self._input = b""
        if self._exchange is not None:
            self._exchange.give_up()
            self._exchange = None

    def resume_writing(self) -> None:
        """The client has caught up; so may we."""
        super().resume_writing()
        if self._state is State.HEAD and self._input:
            self._served.loop.call_soon(self._go_on)

    # --- requests

    def _serve(self, data: bytes, batch: int) -> None:
        """Answer what is here whole, until a request has to wait; keep the rest."""
        served = self._served
        at = 0
        for _ in range(ANSWERS_PER_TURN):
            if data.startswith(_CRLF, at):
                at += 2  # RFC 9112 §2.2: an empty line before a request is skipped
            start, end = at, data.find(_HEAD_END, at)
            if end < 0:
                self._await_rest(data[at:], is_new=at > 0 or not self._input)
                return
            head = self._read_head(data[at:end])
            if head is None:
                return
            at = end + len(_HEAD_END)
            is_kept = None
            if served.at_once is not None and head.length == 0:
                is_kept = self._answer(served.at_once, head, end - start, batch)
            if is_kept is None:
                self._input = b""
                self._begin(head, data[at:])
                return
            if not is_kept or at == len(data):
                self._rest(is_kept=is_kept, has_unread_input=at < len(data))
                return
            if self.is_output_held:
                break
            batch = served.batch.renew()
        self._input = data[at:]
        self.hold_input()
        if not self.is_output_held:
            served.loop.call_soon(self._go_on)

    def _rest(self, *, is_kept: bool, has_unread_input: bool) -> None:
        """Nothing is left to answer: wait for another request, or close."""
        if not is_kept:
            self._end(has_unread_input=has_unread_input)
            return
        self._input = b""
        self.deadline = self._served.batch.now + self._served.limits.keepalive_seconds
        self.release_input()

    def _go_on(self) -> None:
        """Serve what was kept while others had their turn, or while the client was busy."""
        if self._state is State.HEAD and self._input and not self.is_output_held:
            self._serve(self._input, self._served.batch.renew())

    def _read_head(self, data: bytes) -> RequestHead | None:
        """The head, or None: then the client was refused."""
        if len(data) > self._served.limits.head_bytes:
            self._refuse(_too_large(data))
            return None
        try:
            return parse_head(data)
        except BadHeadError as error:
            self._refuse(BytewardError(ErrorCode.INVALID_REQUEST, str(error)))
            return None

    def _await_rest(self, part: bytes, *, is_new: bool) -> None:
        """Keep the beginning of a head, once it is known that it can become one."""
        breaks = part.count(_CRLF)
        if part.count(b"\n") != breaks or part.count(b"\r") - part.endswith(b"\r") != breaks:
            reason = "a line of the request's head ends without CRLF"
            self._refuse(BytewardError(ErrorCode.INVALID_REQUEST, reason))
            return
        limits = self._served.limits
        if len(part) > limits.head_bytes:
            self._refuse(_too_large(part))
            return
        if is_new:
            wait = limits.header_seconds if part else limits.keepalive_seconds
            self.deadline = self._served.batch.now + wait
        self._input = part
        if self.is_at_end:
            self._end()
        else:
            self.release_input()

    def _answer(
        self, at_once: AnswersAtOnce, head: RequestHead, head_bytes: int, batch: int
    ) -> bool | None:
        """The short way: whether the connection is kept, None when there was no answer."""
        try:
            answer = at_once(
                head.method,
                head.raw_path,
                head.query,
                head.headers,
                head.http_version,
                head_bytes,
                self._peer[0],
                batch,
            )
        except Exception:  # noqa: BLE001 - a defect; the long way answers it
            _LOG.exception("application.failed")
            return None
        if answer is None:
            return None
        status, block, body, closes = answer
        served = self._served
        is_kept = head.is_kept_alive and not closes and not served.is_stopping
        if is_kept and head.http_version == "1.1":
            ending = _CRLF
        else:
            ending = (KEEP_ALIVE if is_kept else CLOSE) + _CRLF
        opening = status_line(status), block, served.batch.date_line, ending
        if len(body) <= _JOIN_BYTES:
            self.transport.write(b"".join((*opening, body)))
        else:
            self.transport.write(b"".join(opening))
            self.transport.write(body)
        return is_kept

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        """The long way: a task runs the application; `rest` follows the head."""
        served = self._served
        exchange = Exchange(self, head, self._scope(head))
        self._exchange = exchange
        self._state = State.EXCHANGE
        self.deadline = NEVER
        task = served.loop.create_task(exchange.run(served.app))
        served.tasks.add(task)
        task.add_done_callback(served.tasks.discard)
        if rest:
            self._feed(rest)
        else:
            self.release_input()

    def _scope(self, head: RequestHead) -> Scope:
        sockname = self.transport.get_extra_info("sockname")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.http_version,
            "method": head.method,
            "scheme": "http",
            "path": head.raw_path.decode("latin-1"),
            "raw_path": head.raw_path,
            "query_string": head.query,
            "root_path": "",
            "headers": list(head.headers.lines),
            "client": self._peer,
            "server": (sockname[0], sockname[1]) if sockname else None,
            "extensions": _EXTENSIONS,
        }

    def _feed(self, data: bytes) -> None:
        """Body bytes for the application, then bytes of the next request."""
        exchange = self._exchange
        if exchange is None:
            return
        body = exchange.body
        try:
            rest = body.feed(data)
        except BadChunkError as error:
            has_answered = exchange.has_answered
            exchange.give_up()
            self._exchange = None
            if has_answered:
                self.transport.close()
            else:
                self._refuse(BytewardError(ErrorCode.INVALID_REQUEST, str(error)))
            return
        exchange.input_came()
        if rest:
            self._input += rest
        if self._input or body.waiting_bytes > BODY_BYTES:
            self.hold_input()

    def _drain_body(self, data: bytes) -> None:
        """Drop the rest of a body that was answered without it."""
        body = self._body
        if body is None:
            return
        self._drained += len(data)
        try:
            rest = body.feed(data)
        except BadChunkError:
            self.transport.close()
            return
        body.take()
        if body.is_complete:
            self._body = None
            self._next(rest)

    def _next(self, rest: bytes) -> None:
        """Wait for the next request, or serve it if it is here."""
        self._state = State.HEAD
        self._input = b""
        self._drained = 0
        served = self._served
        self.deadline = served.loop.time() + served.limits.keepalive_seconds
        if rest:
            self._input = rest
            self.hold_input()
            served.loop.call_soon(self._go_on)
        elif self.is_at_end or served.is_stopping:
            self._end()
        else:
            self.release_input()

    # --- the end of a connection

    def _refuse(self, error: BytewardError) -> None:
        """The server's own answer to what it cannot let through, and the end."""
        self.write(self._served.refusal(error))
        self._end(has_unread_input=True)

    def _end(self, *, has_unread_input: bool = False) -> None:
        """Close once the last answer is out.

        Closing while bytes are unread makes the kernel reset the connection, and the client may
        lose the answer that waits for it. So then it is read on for a while, and dropped.
        """
        self._state = State.LINGERING
        self._input = b""
        self._drained = 0
        self.deadline = NEVER
        if not has_unread_input or self.is_at_end or self.transport.is_closing():
            self.transport.close()
            return
        self.transport.write_eof()
        now = self._served.loop.time()
        self.deadline = now + self._served.limits.linger_seconds
        self._lingers_until = now + LINGER_SECONDS
        self.release_input()

    def _linger(self, received: int) -> None:
        """Drop what still comes, as long as the client may be about to read its answer.

        Many clients send a whole body before they read, so one that keeps sending gets time, and
        a reset only past what is worth taking from it.
        """
        self._drained += received
        if self._drained > LINGER_BYTES:
            self.transport.abort()
            return
        now = self._served.loop.time()
        self.deadline = min(now + self._served.limits.linger_seconds, self._lingers_until)

    @property
    def is_idle(self) -> bool:
        """Nothing of a request has come, and nothing of an answer is to go."""
        return (
            self._state is State.HEAD
            and not self._input
            and self.transport.get_write_buffer_size() == 0
        )

    def close_idle(self) -> None:
        """Close if nothing is under way."""
        if self.is_idle:
            self._end()

    def check_waits(self, now: float) -> None:
        """End what has lasted too long; called about twice a second."""
        if self.has_stalled(now, self._served.limits.write_stall_seconds):
            self.transport.abort()
            return
        has_output = self.transport.get_write_buffer_size() > 0
        if now < self.deadline or (has_output and self._state in _WAITS_AFTER_OUTPUT):
            return
        if self._state is not State.HEAD:
            self.transport.abort()
        elif self._input:
            self._refuse(BytewardError(ErrorCode.REQUEST_TIMEOUT, "the headers came too slowly"))
        else:
            self._end()

    # --- the exchange's side

    @property
    def date_line(self) -> bytes:
        """The Date header for now."""
        return date_line(int(time.time()))

    @property
    def is_stopping(self) -> bool:
        """The server stops."""
        return self._served.is_stopping

    def body_was_taken(self) -> None:
        """The application has room for more of the body."""
        if not self._input:
            self.release_input()

    def exchange_ended(self, *, is_kept_alive: bool) -> None:
        """The response is out."""
        exchange, self._exchange = self._exchange, None
        if exchange is None or self._state is not State.EXCHANGE:
            return
        body = exchange.body
        if not is_kept_alive:
            self._end(has_unread_input=bool(self._input) or not body.is_complete)
        elif body.is_complete:
            self._next(self._input)
        else:
            body.take()
            self._body = body
            self._state = State.DRAINING
            self.deadline = self._served.loop.time() + self._served.limits.linger_seconds
            self.release_input()

    def refuse_defect(self) -> None:
        """The application failed before it answered."""
        self._exchange = None
        if self._state is State.EXCHANGE:
            self._refuse(internal_error())

    def abandon(self) -> None:
        """The application failed in the middle of its answer."""
        self._exchange = None
        if self._state is State.EXCHANGE:
            self._end()


def _too_large(data: bytes) -> BytewardError:
    if _CRLF not in data:
        return BytewardError(ErrorCode.URL_TOO_LONG, "the request line is too long")
    return BytewardError(ErrorCode.HEADERS_TOO_LARGE, "the request headers are too large")
