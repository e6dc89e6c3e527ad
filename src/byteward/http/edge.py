"""The outermost layer of both planes: what is true of every request and every answer.

A request gets an id and is checked against the limits; preflights and health checks are answered
here; every answer gets its CORS and protection headers; a failure becomes the error envelope. The
application inside may raise `BytewardError` at any time before it has started to answer.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from byteward.clock import Clock
from byteward.config import HttpSettings
from byteward.delivery.asgi import AsgiApp, Receive, Scope, Send, send_response
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderBlock, HeaderLine, HeaderValueError
from byteward.http import cors
from byteward.http.answer import Answer, cors_block
from byteward.http.at_once import AnswersAtOnce, AtOnceAnswer
from byteward.http.client_address import Client, parse_networks, resolve_client
from byteward.http.envelope import error_response, internal_error
from byteward.http.request_checks import check_headers
from byteward.request_headers import RequestHeaders
from byteward.telemetry.log import get_logger
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext


class Reply(Protocol):
    """What an application replies; the edge adds what is true of every answer."""

    @property
    def status(self) -> int:
        """Of the response."""
        ...

    @property
    def blocks(self) -> tuple[HeaderBlock, HeaderBlock]:
        """Header lines of its own."""
        ...

    @property
    def body(self) -> bytes | None:
        """The whole body; not None here."""
        ...


class RepliesAtOnce(Protocol):
    """An application that need not wait for some replies; it may raise `BytewardError`."""

    def __call__(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        context: RequestContext,
        batch: int,
    ) -> Reply | None:
        """The reply, or None: then the request has to come through ASGI."""
        ...


OriginsOf = Callable[[bytes], Awaitable[tuple[str, ...]]]
"""`browserOrigins` of the account that a raw path names; empty when it names none."""

_LOG: Final = get_logger()
_OCTET: Final = 32


async def _no_origins(_raw_path: bytes) -> tuple[str, ...]:
    return ()


class Edge:
    """Wraps the application of one plane.

    Args:
        app: the plane; lifespan messages pass through to it.
        limits: the `http` section.
        max_url_bytes: longest request target.
        clock: Unix seconds.
        fixed_headers: on every answer; see `headers.py`.
        is_ready: whether the plane can do its work, for `/readyz`.
        access_log: log one event for each request.
        origins_of: for preflights, which are answered before anything else knows the account.
        cookie_prefix: paths below it set cookies, so that their preflights are answered for
            listed origins only.
        replies: the application's replies to what it need not wait for; asked when no access
            log is written.
        same_origin_prefix: paths below it are for pages of this origin only, so that their
            preflights allow nothing.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        limits: HttpSettings,
        max_url_bytes: int,
        clock: Clock,
        fixed_headers: HeaderBlock,
        is_ready: Callable[[], Awaitable[bool]],
        access_log: bool,
        origins_of: OriginsOf = _no_origins,
        cookie_prefix: bytes | None = None,
        replies: RepliesAtOnce | None = None,
        same_origin_prefix: bytes | None = None,
    ) -> None:
        self._app = app
        self._limits = limits
        self._max_url_bytes = max_url_bytes
        self._clock = clock
        self._fixed_headers = fixed_headers
        self._is_ready = is_ready
        self._access_log = access_log
        self._origins_of = origins_of
        self._cookie_prefix = cookie_prefix
        self._replies = replies
        self._same_origin_prefix = same_origin_prefix
        self._trusted = parse_networks(limits.trusted_proxies)
        # A head of so many bytes has headers, and lines of them, of at most as many.
        self._small_head_bytes = min(limits.max_header_bytes, limits.max_header_line_bytes)
        # Ids need to differ, not to be unguessable: a random half for the worker and a counter.
        self._id_prefix = secrets.token_hex(4)
        self._count = itertools.count(secrets.randbits(_OCTET - 8))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        request_id = self._request_id()
        answer = Answer(send, request_id, self._fixed_headers, self._clock)
        try:
            peer = scope["client"]
            headers = check_headers(scope["headers"], self._limits, scope["http_version"])
            context = self._context(
                request_id,
                scope["raw_path"],
                scope["query_string"],
                headers,
                peer[0] if peer else "",
                is_https=scope["scheme"] == "https",
            )
            answer.context = scope[SCOPE_KEY] = context
            if scope["method"] == "OPTIONS":
                await self._preflight(scope, answer)
            elif scope["raw_path"] in HEALTH_PATHS:
                await self._health(scope, answer)
            else:
                await self._app(scope, receive, answer.send)
        except BytewardError as error:
            await self._fail(scope, answer, error)
        except ConnectionError:
            if not answer.status:
                _LOG.exception("request.failed", request_id=request_id)
                await self._fail(scope, answer, internal_error())
        except Exception:  # noqa: BLE001 - the last line of defence: a defect is answered and logged
            _LOG.exception("request.failed", request_id=request_id)
            await self._fail(scope, answer, internal_error())
        if self._access_log:
            _log_access(scope, answer, self._clock())

    @property
    def at_once(self) -> AnswersAtOnce | None:
        """The short way past ASGI, if the application has one."""
        return None if self._access_log or self._replies is None else self._answer_at_once

    def _answer_at_once(
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
        """What `__call__` does, for a request that the application need not wait for."""
        if self._replies is None or method == "OPTIONS" or raw_path in HEALTH_PATHS:
            return None
        request_id = self._request_id()
        context = None
        try:
            limits = self._limits
            if (
                head_bytes > self._small_head_bytes
                or len(headers.lines) > limits.max_header_count
                or headers.is_repeating
            ):
                headers = check_headers(headers.lines, limits, http_version, head_bytes)
            context = self._context(request_id, raw_path, query, headers, peer_ip, is_https=False)
            reply = self._replies(method, raw_path, query, context, batch)
            if reply is None:
                return None
            first, second = reply.blocks
            status, own, body, closes = reply.status, first.wire + second.wire, reply.body, False
        except BytewardError as error:
            status, lines, body = self._error(error, request_id)
            closes = _CLOSE in lines
            own = HeaderBlock([line for line in lines if line != _CLOSE]).wire
            if method == "HEAD":
                body = b""
        fixed, cors_lines = self._fixed_headers.wire, cors_block(context).wire
        block = b"%b%bx-request-id: %b\r\n%b" % (own, fixed, request_id.encode("ascii"), cors_lines)
        return status, block, body or b"", closes

    def _request_id(self) -> str:
        return f"{self._id_prefix}{next(self._count) & 0xFFFFFFFF:08x}"

    def _context(
        self,
        request_id: str,
        raw_path: bytes,
        query: bytes,
        headers: RequestHeaders,
        ip: str,
        *,
        is_https: bool,
    ) -> RequestContext:
        if len(raw_path) + len(query) + bool(query) > self._max_url_bytes:
            raise _too_long(self._max_url_bytes)
        host = headers.get(b"host", b"").decode("latin-1")
        if self._trusted:
            client = resolve_client(
                ip, host, is_https=is_https, headers=headers, trusted=self._trusted
            )
            return _context(request_id, headers, client)
        return RequestContext(request_id, headers, ip, host, is_https=is_https)

    async def _preflight(self, scope: Scope, answer: Answer) -> None:
        """204 for every OPTIONS, before routing and without authentication."""
        headers = scope[SCOPE_KEY].headers
        raw_path: bytes = scope["raw_path"]
        prefix = self._same_origin_prefix
        if prefix is not None and raw_path.startswith(prefix):
            answer.has_own_cors = True
            await send_response(answer.send, 204, [(b"vary", b"Origin")], b"")
            return
        requested = headers.get(b"access-control-request-headers")
        lines = cors.preflight_headers(
            _decoded(headers.get(b"origin")),
            _decoded(requested),
            browser_origins=await self._origins_of(raw_path),
            needs_listed_origin=self._cookie_prefix is not None
            and raw_path.startswith(self._cookie_prefix),
        )
        answer.has_own_cors = True
        await send_response(answer.send, 204, lines, b"")

    async def _health(self, scope: Scope, answer: Answer) -> None:
        """`/healthz`: the process answers. `/readyz`: it can work. One word each."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise BytewardError(
                ErrorCode.METHOD_NOT_ALLOWED,
                "this route takes GET, HEAD",
                headers={"allow": "GET, HEAD, OPTIONS"},
            )
        is_up = scope["raw_path"] == b"/healthz" or await self._is_ready()
        word = b"ok" if is_up else b"unavailable"
        lines = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(word)).encode()),
            (b"cache-control", b"no-store"),
        ]
        body = b"" if scope["method"] == "HEAD" else word
        await send_response(answer.send, 200 if is_up else 503, lines, body)

    async def _fail(self, scope: Scope, answer: Answer, error: BytewardError) -> None:
        """Answer with the error, or leave a started answer short, which breaks the connection.

        Content-Length was sent, so no client takes the short body for a whole one.
        """
        answer.error_code = error.code
        if answer.status:
            _LOG.warning("response.broken", request_id=answer.request_id, code=error.code.value)
            return
        status, lines, body = self._error(error, answer.request_id)
        await send_response(answer.send, status, lines, b"" if scope["method"] == "HEAD" else body)

    def _error(self, error: BytewardError, request_id: str) -> tuple[int, list[HeaderLine], bytes]:
        try:
            return error_response(error, self._clock())
        except HeaderValueError:
            _LOG.exception("error.unwritable", request_id=request_id)
            return error_response(internal_error(), self._clock())


_CLOSE: Final = (b"connection", b"close")
HEALTH_PATHS: Final = frozenset({b"/healthz", b"/readyz"})


def _context(request_id: str, headers: RequestHeaders, client: Client) -> RequestContext:
    return RequestContext(request_id, headers, client.ip, client.host, is_https=client.is_https)


def _too_long(limit: int) -> BytewardError:
    return BytewardError(ErrorCode.URL_TOO_LONG, f"path and query are longer than {limit} bytes")


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _log_access(scope: Scope, answer: Answer, now: float) -> None:
    context = answer.context
    _LOG.info(
        "request.answered",
        request_id=answer.request_id,
        method=scope["method"],
        # Without the query: it may hold `sig` or `enc`.
        path=scope["raw_path"].decode("latin-1"),
        status=answer.status,
        bytes_sent=answer.bytes_sent,
        milliseconds=round((now - answer.started_at) * 1000, 3),
        client=None if context is None else context.client_ip,
        error=None if answer.error_code is None else answer.error_code.value,
        **({} if context is None or context.log_fields is None else context.log_fields),
    )
