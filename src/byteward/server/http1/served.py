"""What all connections of a worker share, and how patiently they are treated."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from byteward.config import Config
from byteward.delivery.asgi import AsgiApp
from byteward.errors import BytewardError
from byteward.http import headers
from byteward.http.answer import cors_block
from byteward.http.at_once import AnswersAtOnce
from byteward.http.envelope import error_response
from byteward.server.http1.poll_batch import PollBatch
from byteward.server.http1.response_head import CLOSE, ResponseHead, date_line

if TYPE_CHECKING:
    from byteward.server.http1.connection import Connection

LEAST_HEAD_BYTES: Final = 65536

SHARED_BATCH_CONNECTIONS: Final = 1000
"""From here on the loop may look for input twice in one turn: it asks for 1024 events at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Waits in seconds, and counts.

    Attributes:
        header_seconds: from the first byte of a head, or from the start of a connection.
        keepalive_seconds: between requests.
        write_stall_seconds: without a byte taken by the client.
        linger_seconds: for a client to read its last answer.
        max_connections: open at the same time.
        head_bytes: longest head that is read; more than the application's own limits, so that
            those answer.
    """

    header_seconds: float
    keepalive_seconds: float
    write_stall_seconds: float
    max_connections: int
    head_bytes: int = LEAST_HEAD_BYTES
    linger_seconds: float = 2.0

    @classmethod
    def of(cls, config: Config) -> Limits:
        """As configured."""
        http = config.http
        return cls(
            http.header_timeout_seconds,
            http.keepalive_seconds,
            http.write_stall_seconds,
            http.max_connections,
            max(2 * http.max_header_bytes + http.max_url_bytes, LEAST_HEAD_BYTES),
        )


class Served:
    """One worker's application and connections.

    Args:
        app: the ASGI application.
        at_once: the same application's short way, None when it has none.
        limits: for every connection.
        loop: the event loop.

    Attributes:
        connections: all that are open.
        is_stopping: no connection is kept after its answer.
    """

    def __init__(
        self,
        app: AsgiApp,
        at_once: AnswersAtOnce | None,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.app = app
        self.at_once = at_once
        self.limits = limits
        self.loop = loop
        self.batch = PollBatch(loop)
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.is_stopping = False

    def refusal(self, error: BytewardError) -> bytes:
        """A whole answer, in the one form of every error, after which the connection closes."""
        now = time.time()
        status, lines, body = error_response(error, now)
        request_id = (b"x-request-id", secrets.token_hex(8).encode("ascii"))
        own = (*headers.API.lines, *cors_block(None).lines)
        head = ResponseHead(status, [*lines, *own, request_id])
        return b"".join((head.block, date_line(int(now)), CLOSE, b"\r\n", body))

    def make_room(self) -> bool:
        """Whether one more connection may stay.

        Where all places are taken, a tenth of them is freed by closing those that have waited
        longest for another request, so that idle connections keep nobody out.
        """
        limit = self.limits.max_connections
        if len(self.connections) < limit:
            return True
        idle = sorted(
            (each for each in self.connections if each.is_idle), key=lambda each: each.deadline
        )
        for each in idle[: max(limit // 10, 1)]:
            each.close_idle()
        return bool(idle)
