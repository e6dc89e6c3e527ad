"""What a request must be before anything looks at it (pure; RFC 9112 and our limits).

The HTTP server in front has parsed the framing. These checks refuse what it lets through, and what
another parser on the way could have read differently.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from byteward.config import HttpSettings
from byteward.errors import BytewardError, ErrorCode
from byteward.request_headers import RequestHeaders

RawHeaders = Sequence[tuple[bytes, bytes]]

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_HOST_BYTES: Final = 261  # a name of 255 and a port
_LENGTH: Final = re.compile(rb"[0-9]{1,19}")
_CLOSE: Final = {"connection": "close"}
_ONCE: Final = frozenset({b"host", b"content-length", b"transfer-encoding"})
_LISTS: Final = frozenset({b"if-match", b"if-none-match"})


def check_headers(
    raw: RawHeaders, limits: HttpSettings, http_version: str, at_most: int | None = None
) -> RequestHeaders:
    """The headers by name, once they are known to be acceptable.

    Repeated list headers are joined; of other repeated ones the last is kept, and whoever must not
    meet a repeated one (credentials) looks at the raw headers.

    Args:
        raw: lower-case names and values, in order.
        limits: the `http` section.
        http_version: as ASGI has it.
        at_most: bytes that the headers cannot exceed, if the caller knows; saves counting them.

    Raises:
        BytewardError: `headers_too_large` (431); `invalid_request` (400) for a missing, repeated
            or malformed Host and for framing headers that contradict each other.
    """
    headers = RequestHeaders(raw)
    if headers.is_repeating:
        _check_repeated(raw, headers)
    size = at_most
    if size is None or size > min(limits.max_header_bytes, limits.max_header_line_bytes):
        size = sum(len(name) + len(value) for name, value in raw)
    if (
        size > limits.max_header_bytes
        or len(raw) > limits.max_header_count
        or (size > limits.max_header_line_bytes and _longest(raw) > limits.max_header_line_bytes)
    ):
        raise BytewardError(
            ErrorCode.HEADERS_TOO_LARGE, "the request headers are too large", headers=_CLOSE
        )
    host = headers.get(b"host", b"")
    if not is_host(host) and (host or http_version not in {"1", "1.0"}):
        raise _bad_request("the Host header is missing or malformed")
    if b"content-length" in headers or b"transfer-encoding" in headers:
        _check_framing(headers)
    return headers


# Few hosts are asked for, again and again.
@lru_cache(maxsize=256)
def is_host(host: bytes) -> bool:
    """Whether a Host header has the grammar of one: a name or an address, perhaps a port."""
    return len(host) <= _HOST_BYTES and _HOST.fullmatch(host) is not None


def _longest(raw: RawHeaders) -> int:
    return max(len(name) + len(value) for name, value in raw)


def _check_repeated(raw: RawHeaders, headers: dict[bytes, bytes]) -> None:
    seen: set[bytes] = set()
    for name, value in raw:
        if name not in seen:
            seen.add(name)
            if name in _LISTS:
                headers[name] = value
        elif name in _ONCE:
            raise _bad_request(f"the header `{name.decode('ascii')}` is repeated")
        elif name in _LISTS:
            headers[name] += b", " + value


def _check_framing(headers: dict[bytes, bytes]) -> None:
    length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
    if length is not None and coding is not None:
        raise _bad_request("Content-Length and Transfer-Encoding exclude each other")
    if length is not None and not _LENGTH.fullmatch(length):
        raise _bad_request("Content-Length is not a number")
    if coding is not None and coding.lower() != b"chunked":
        raise _bad_request("the only transfer coding is chunked")


def _bad_request(message: str) -> BytewardError:
    # After a framing error nothing more is read from the connection.
    return BytewardError(ErrorCode.INVALID_REQUEST, message, headers=_CLOSE)
