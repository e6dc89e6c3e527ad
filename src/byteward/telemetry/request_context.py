"""What the layers of one request tell each other about it, beside arguments and results.

The edge makes it, the plane behind the edge fills it in, and the edge reads it when it writes CORS
headers, the error envelope and the access log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from byteward.header_lines import HeaderLine
from byteward.request_headers import RequestHeaders

SCOPE_KEY: Final = "byteward.context"
"""Where the context stands in an ASGI scope."""


class RequestContext:
    """One request.

    Attributes:
        request_id: 16 hex digits, sent as `x-request-id`.
        headers: request headers by lower-case name; of a repeated name the last one.
        client_ip: the client's address, as the listener and its trusted proxies know it.
        host: the Host that the client used, as the same two know it; may be empty.
        is_https: whether the client used https, as the same two know it.
        browser_origins: the account's list of origins that may get credentialed answers; empty
            while no account is known and for accounts that do not restrict it.
        is_cookie_only: a cookie authorised the answer and nothing tied that cookie to the page
            that asked, so scripts of other sites must not read it.
        vary: request headers besides Origin that decide the answer; None for none.
        log_fields: what the plane adds to the access log.
        own_headers: lines that stand in the place of the CORS headers, on answers that no page of
            another origin may read; None elsewhere.
    """

    __slots__ = (
        "browser_origins",
        "client_ip",
        "headers",
        "host",
        "is_cookie_only",
        "is_https",
        "log_fields",
        "own_headers",
        "request_id",
        "vary",
    )

    def __init__(
        self,
        request_id: str,
        headers: RequestHeaders,
        client_ip: str,
        host: str,
        *,
        is_https: bool,
    ) -> None:
        self.request_id = request_id
        self.headers = headers
        self.client_ip = client_ip
        self.host = host
        self.is_https = is_https
        self.browser_origins: tuple[str, ...] = ()
        self.is_cookie_only = False
        self.vary: str | None = None
        self.log_fields: Mapping[str, str] | None = None
        self.own_headers: tuple[HeaderLine, ...] | None = None
