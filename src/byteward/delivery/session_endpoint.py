"""`PUT|DELETE /api/v1/access_tokens/{accountId}`: a JWT into a cookie, and out again.

The one CDN route that sets cookies. It reads no cookie and no Authorization header.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from byteward import ids, strict_json
from byteward.clock import Clock
from byteward.delivery.asgi import Receive, Scope, Send, send_response
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.identity import browser_session
from byteward.identity.authenticate import Authenticator
from byteward.identity.cookies import CookieStyle
from byteward.paths import percent_decode
from byteward.permissions.facts import Facts
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

PREFIX: Final = b"/api/v1/access_tokens/"

_NO_STORE: Final = (b"cache-control", b"no-store")


class SessionEndpoint:
    """Opens and closes browser sessions.

    Args:
        facts: accounts, for `browserOrigins`.
        authenticator: validates the JWT.
        clock: Unix seconds.
        is_https: the configured public URL of the plane is https.
        is_partitioned: send `Partitioned` where the cookie is cross-site.
        body_idle_seconds: longest wait for the next bytes of the body.
    """

    def __init__(
        self,
        facts: Facts,
        authenticator: Authenticator,
        clock: Clock,
        *,
        is_https: bool,
        is_partitioned: bool,
        body_idle_seconds: float,
    ) -> None:
        self._facts = facts
        self._authenticator = authenticator
        self._clock = clock
        self._is_https = is_https
        self._is_partitioned = is_partitioned
        self._body_idle_seconds = body_idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or raise the `BytewardError` that answers it."""
        if scope["method"] not in {"PUT", "DELETE"}:
            raise BytewardError(
                ErrorCode.METHOD_NOT_ALLOWED,
                "use PUT or DELETE",
                headers={"allow": "PUT, DELETE, OPTIONS"},
            )
        context: RequestContext = scope[SCOPE_KEY]
        account_id = account_of(scope["raw_path"])
        self._facts.refresh()
        account = None if account_id is None else await self._facts.account(account_id)
        if account is None or account_id is None:
            raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "no such account, check the URL")
        context.browser_origins = account.settings.browser_origins
        browser_session.check_browser_origin(context.browser_origins, _text(context, b"origin"))
        style = self._style(context) if _wants_cookie(scope["query_string"]) else None
        if scope["method"] == "DELETE":
            await send_response(send, 204, _closing_lines(account_id, style), b"")
            return
        content_type = _text(context, b"content-type")
        body = await self._body(receive, context.headers)
        token = browser_session.read_access_token(body, content_type)
        jwt = await self._authenticator.authenticate_session_token(
            account_id, token, scope["headers"]
        )
        session = browser_session.open_session(
            account_id, token, jwt, now=self._clock(), style=style
        )
        answer = strict_json.dumps(
            {"accessToken": session.access_token, "ttlSeconds": session.ttl_seconds}
        )
        lines = [
            (b"content-type", b"application/json; charset=utf-8"),
            header_line("content-length", str(len(answer))),
            _NO_STORE,
        ]
        if session.set_cookie is not None:
            lines.append(header_line("set-cookie", session.set_cookie))
        await send_response(send, 200, lines, answer)

    def _style(self, context: RequestContext) -> CookieStyle:
        return browser_session.cookie_style(
            is_https=self._is_https or context.is_https,
            host=context.host,
            is_partitioned=self._is_partitioned,
        )

    async def _body(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        """The request body, refused as soon as it is known to be too long.

        Raises:
            BytewardError: 413; 408 for a client that stalls; 400 for one that went away.
        """
        limit = browser_session.MAX_BODY_BYTES
        declared = headers.get(b"content-length", b"0")
        body = b""
        while len(body) <= limit and int(declared) <= limit:
            try:
                async with asyncio.timeout(self._body_idle_seconds):
                    message = await receive()
            except TimeoutError:
                raise BytewardError(
                    ErrorCode.REQUEST_TIMEOUT,
                    "the request body came too slowly",
                    headers={"connection": "close"},
                ) from None
            if message["type"] == "http.disconnect":
                raise BytewardError(ErrorCode.INVALID_REQUEST, "the request body was cut off")
            chunk: bytes = message.get("body", b"")
            body += chunk
            if not message.get("more_body", False):
                return body
        raise BytewardError(
            ErrorCode.PAYLOAD_TOO_LARGE,
            f"the body is longer than {limit} bytes",
            headers={"connection": "close"},
        )


def account_of(raw_path: bytes) -> str | None:
    """The account id in the endpoint's path, None when it cannot be one."""
    text = raw_path[len(PREFIX) :].decode("latin-1")
    return text if ids.ACCOUNT_ID.fullmatch(text) else None


def _closing_lines(account_id: str, style: CookieStyle | None) -> list[HeaderLine]:
    if style is None:
        return [_NO_STORE]
    cookie = browser_session.close_session(account_id, style)
    return [_NO_STORE, header_line("set-cookie", cookie)]


def _wants_cookie(query: bytes) -> bool:
    value = None
    for pair in query.split(b"&"):
        name, _, raw_value = pair.partition(b"=")
        if name == b"set-cookie":
            value = percent_decode(raw_value)
    return browser_session.wants_cookie(value)


def _text(context: RequestContext, name: bytes) -> str | None:
    value = context.headers.get(name)
    return None if value is None else value.decode("latin-1")
