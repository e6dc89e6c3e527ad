"""The session endpoint `PUT|DELETE /api/v1/access_tokens/{accountId}`: its rules (pure).

The browser exchanges its JWT for a cookie, or only has it checked. Nothing is stored here: the
answer carries the same JWT back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from byteward.access.origins import origin_allowed
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.cookies import (
    MAX_TOKEN_BYTES,
    CookieStyle,
    expired_session_cookie,
    session_cookie,
)
from byteward.identity.jwt import VerifiedJwt
from byteward.strict_json import StrictJsonError, parse

MAX_BODY_BYTES: Final = 16 * 1024

_JSON: Final = "application/json"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """What the endpoint answers with.

    Attributes:
        access_token: the JWT, unchanged.
        ttl_seconds: whole seconds until it expires, at least 1.
        set_cookie: value of the `Set-Cookie` header, if one is to be sent.
    """

    access_token: str
    ttl_seconds: int
    set_cookie: str | None


def read_access_token(body: bytes, content_type: str | None) -> str:
    """The JWT in the body `{"accessToken": "…"}`.

    Raises:
        BytewardError: 415 for another media type (a form, which any page can send), 413 past
            16 KiB, 400 for anything else.
    """
    media_type = (content_type or "").partition(";")[0].strip(" \t").lower()
    if media_type != _JSON:
        raise BytewardError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"the body must be sent as `{_JSON}`")
    if len(body) > MAX_BODY_BYTES:
        raise BytewardError(
            ErrorCode.PAYLOAD_TOO_LARGE, f"the body is longer than {MAX_BODY_BYTES} bytes"
        )
    try:
        value = parse(body, max_depth=16, max_members=200, unique_names=True)
    except StrictJsonError as error:
        raise BytewardError(ErrorCode.INVALID_JSON, f"invalid JSON: {error}") from None
    token = value.get("accessToken") if isinstance(value, dict) else None
    if not isinstance(token, str) or not token:
        raise BytewardError(
            ErrorCode.INVALID_REQUEST,
            "the body must be an object with the JWT in `accessToken`",
            details={"body.accessToken": {"message": "'accessToken' is required"}},
        )
    return token


def wants_cookie(set_cookie: str | None) -> bool:
    """The meaning of the query parameter `set-cookie`: only `false` says no.

    COMPAT: clients before December 2023 never send it and rely on the cookie.
    """
    return set_cookie != "false"


def check_browser_origin(browser_origins: Sequence[str], origin: str | None) -> None:
    """Where the account lists its sites, only they may open or end a session.

    SECURITY: stops a hostile page from planting its own session, or from ending the visitor's.

    Raises:
        BytewardError: 403 `origin_not_allowed`.
    """
    if browser_origins and not origin_allowed(tuple(browser_origins), origin, None):
        raise BytewardError(
            ErrorCode.ORIGIN_NOT_ALLOWED,
            "this origin is not among the account's `browserOrigins`",
        )


def cookie_style(*, is_https: bool, host: str, is_partitioned: bool) -> CookieStyle:
    """The cookie's attributes for the address that the browser used.

    Plain http on a loopback name cannot have `Secure`, and so not `SameSite=None`. Plain http on
    any other name keeps both: either a proxy in front speaks https, or the browser refuses the
    cookie, which is better than sending it in clear.
    """
    name = host.lower() if host.endswith("]") else host.lower().rpartition(":")[0] or host.lower()
    is_loopback = name in _LOOPBACK
    return CookieStyle(is_secure=is_https or not is_loopback, is_partitioned=is_partitioned)


def open_session(
    account_id: str,
    token: str,
    jwt: VerifiedJwt,
    *,
    now: float,
    style: CookieStyle | None,
) -> BrowserSession:
    """The answer to PUT for a JWT that has been verified.

    Args:
        account_id: the account in the URL.
        token: the JWT's text.
        jwt: the JWT.
        now: Unix seconds.
        style: the cookie's attributes; None sets no cookie.

    Raises:
        BytewardError: 400 `jwt_too_large_for_cookie`.
    """
    if style is not None and len(token) > MAX_TOKEN_BYTES:
        raise BytewardError(
            ErrorCode.JWT_TOO_LARGE_FOR_COOKIE,
            f"the JWT is longer than {MAX_TOKEN_BYTES} bytes, which browsers refuse in a cookie: "
            "make it smaller, or use a service worker",
        )
    # The official client refuses an answer whose time is not positive.
    ttl_seconds = max(1, math.floor(jwt.expires_at - now))
    cookie = None if style is None else session_cookie(account_id, token, ttl_seconds, style)
    return BrowserSession(token, ttl_seconds, cookie)


def close_session(account_id: str, style: CookieStyle) -> str:
    """The `Set-Cookie` value that answers DELETE, whether or not there was a cookie."""
    return expired_session_cookie(account_id, style)
