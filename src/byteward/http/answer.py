"""The answer to one request, on its way through the edge."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from functools import lru_cache

from byteward.clock import Clock
from byteward.delivery.asgi import START, Message, Send
from byteward.errors import ErrorCode
from byteward.header_lines import HeaderBlock, HeaderLine
from byteward.http import cors
from byteward.telemetry.request_context import RequestContext


class Answer:
    """Completes the response headers and remembers what was sent.

    Attributes:
        request_id: sent as `x-request-id`.
        context: of the request, once it has passed the checks.
        status: 0 until the answer has started.
        bytes_sent: body bytes handed to the server.
        error_code: of the failure that was answered, if any.
        has_own_cors: the headers being sent hold the CORS headers already.
        started_at: Unix seconds.
    """

    __slots__ = (
        "_fixed_headers",
        "_send",
        "bytes_sent",
        "context",
        "error_code",
        "has_own_cors",
        "request_id",
        "started_at",
        "status",
    )

    def __init__(
        self, send: Send, request_id: str, fixed_headers: HeaderBlock, clock: Clock
    ) -> None:
        self._send = send
        self._fixed_headers = fixed_headers
        self.request_id = request_id
        self.context: RequestContext | None = None
        self.status = 0
        self.bytes_sent = 0
        self.error_code: ErrorCode | None = None
        self.has_own_cors = False
        self.started_at = clock()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass an ASGI message on; the first one gets the headers that every answer carries."""
        if message["type"] == START:
            self.status = message["status"]
            message["headers"] = [
                *message["headers"],
                *self._fixed_headers.lines,
                (b"x-request-id", self.request_id.encode("ascii")),
                *self._cors_lines(),
            ]
        else:
            self.bytes_sent += len(message.get("body", b""))
        return self._send(message)

    def _cors_lines(self) -> Iterable[HeaderLine]:
        if self.has_own_cors:
            return ()
        if self.context is not None and self.context.own_headers is not None:
            return self.context.own_headers
        return cors_block(self.context).lines


def cors_block(context: RequestContext | None) -> HeaderBlock:
    """The CORS lines of an answer; None: nothing is known of the request."""
    if context is None:
        return _cors_block(None, (), False, None)
    origin = context.headers.get(b"origin")
    return _cors_block(origin, context.browser_origins, context.is_cookie_only, context.vary)


# Few origins ask for many files; a header has 16 KiB at most, so 256 entries are bounded.
@lru_cache(maxsize=256)
def _cors_block(
    origin: bytes | None,
    browser_origins: tuple[str, ...],
    is_cookie_only: bool,  # noqa: FBT001 - keyword arguments make a slower cache key
    vary: str | None,
) -> HeaderBlock:
    return HeaderBlock(
        cors.answer_headers(
            None if origin is None else origin.decode("latin-1"),
            browser_origins=browser_origins,
            is_cookie_only=is_cookie_only,
            vary=vary,
        )
    )
