"""Cross-origin headers of every answer, errors included (pure; the Fetch standard's CORS protocol).

Browsers call both planes from customers' pages. An answer without these headers reaches a script
only as "network failure", so they are on everything. `Access-Control-Allow-Credentials` is what
lets a page read an answer that the visitor's cookie authorised; it is left out where nothing ties
the cookie to the page.

SECURITY: origins are compared whole after normalisation. `null` and what does not parse match
nothing and are never reflected.
"""

from __future__ import annotations

import re
from typing import Final

from byteward.access.origins import normalise_origin
from byteward.header_lines import HeaderLine, header_line

MAX_REQUEST_HEADERS: Final = 50
MAX_REQUEST_HEADERS_BYTES: Final = 2048

# What a browser writes. Looser spellings would be reflected as they came.
_PLAIN_ORIGIN: Final = re.compile(
    r"https?://(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_EXPOSED: Final = (
    "ETag, Content-Length, Content-Range, Accept-Ranges, Content-Type, Content-Disposition, "
    "Last-Modified, Cache-Control, Retry-After, Age, X-Cache, X-Error-Code, X-Request-Id, "
    "X-Image-Width, X-Image-Height, X-Image-Format, X-Image-Ignored-Params"
)
# Named even when the request does not ask: browsers cache the answer for a day.
_ALWAYS_ALLOWED: Final = (
    "authorization",
    "authorization-token",
    "content-type",
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "cache-control",
    "pragma",
    "x-requested-with",
)
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def is_web_origin(origin: str) -> bool:
    """Whether the header names one `http` or `https` origin, and nothing else."""
    return _PLAIN_ORIGIN.fullmatch(origin) is not None and normalise_origin(origin) is not None


def is_listed(origin: str, browser_origins: tuple[str, ...]) -> bool:
    """Whether the account lists the origin as one that may get credentialed answers."""
    normal = normalise_origin(origin)
    return normal is not None and any(normal == normalise_origin(each) for each in browser_origins)


def answer_headers(
    origin: str | None,
    *,
    browser_origins: tuple[str, ...] = (),
    is_cookie_only: bool = False,
    vary: str | None = None,
) -> list[HeaderLine]:
    """Headers of an actual answer, the whole Vary among them.

    Args:
        origin: the request's Origin header, if any.
        browser_origins: the account's list; empty: any origin may get credentialed answers.
        is_cookie_only: a cookie authorised the answer and its JWT names no origins.
        vary: request headers besides Origin that the answer depends on.
    """
    lines = [header_line("vary", f"{vary}, Origin" if vary else "Origin")]
    if origin is None:
        return lines
    if not is_web_origin(origin):
        if vary is None:
            lines.append((b"access-control-allow-origin", b"*"))
    else:
        lines.append(header_line("access-control-allow-origin", origin))
        listed = is_listed(origin, browser_origins)
        if listed if browser_origins else not is_cookie_only:
            lines.append((b"access-control-allow-credentials", b"true"))
    lines.append(header_line("access-control-expose-headers", _EXPOSED))
    return lines


def preflight_headers(
    origin: str | None,
    requested_headers: str | None,
    *,
    browser_origins: tuple[str, ...] = (),
    needs_listed_origin: bool = False,
) -> list[HeaderLine]:
    """Headers of the 204 that answers a preflight.

    Args:
        origin: the request's Origin header.
        requested_headers: Access-Control-Request-Headers; echoed if it is a list of tokens.
        browser_origins: the account's list, empty for "any".
        needs_listed_origin: the route sets or clears cookies, so origins that are not listed get
            no permission at all when there is a list.
    """
    lines = [(b"vary", b"Origin, Access-Control-Request-Headers")]
    if origin is None or not is_web_origin(origin):
        return lines
    listed = not browser_origins or is_listed(origin, browser_origins)
    if needs_listed_origin and not listed:
        return lines
    lines.append(header_line("access-control-allow-origin", origin))
    if listed:
        lines.append((b"access-control-allow-credentials", b"true"))
    lines.append(header_line("access-control-allow-methods", _METHODS))
    lines.append(header_line("access-control-allow-headers", _allowed_headers(requested_headers)))
    lines.append((b"access-control-max-age", b"86400"))
    return lines


def _allowed_headers(requested: str | None) -> str:
    """The usual names, and the requested ones when all of them are tokens and not too many."""
    names = list(_ALWAYS_ALLOWED)
    if requested and len(requested) <= MAX_REQUEST_HEADERS_BYTES:
        asked = [name.strip(" \t").lower() for name in requested.split(",")]
        if len(asked) <= MAX_REQUEST_HEADERS and all(_TOKEN.fullmatch(name) for name in asked):
            names = list(dict.fromkeys([*asked, *names]))
    return ", ".join(names)
