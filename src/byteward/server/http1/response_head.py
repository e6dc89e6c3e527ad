"""The head of a response as bytes (pure; RFC 9112 §4 and RFC 9110 §6.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from byteward.delivery.http_date import format_http_date
from byteward.header_lines import HeaderLine

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"connection: close\r\n"
KEEP_ALIVE: Final = b"connection: keep-alive\r\n"
CHUNKED: Final = b"transfer-encoding: chunked\r\n"

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# The connection and its framing are the server's own business.
_OURS: Final = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"date"})


class BadResponseError(ValueError):
    """The application's headers cannot be sent."""


@lru_cache(maxsize=128)
def status_line(status: int) -> bytes:
    """`HTTP/1.1 200 OK` with its CRLF."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status:03d} {phrase}\r\n".encode("ascii")


@lru_cache(maxsize=2)
def date_line(second: int) -> bytes:
    """The Date header of a whole Unix second, with its CRLF."""
    return b"date: " + format_http_date(second).encode("ascii") + b"\r\n"


class ResponseHead:
    """What an application says about its response, checked.

    Attributes:
        status: of the response.
        block: status line and header lines, each with its CRLF.
        length: Content-Length, None where there is none.
        closes: the application wants the connection closed.
    """

    __slots__ = ("block", "closes", "length", "status")

    def __init__(self, status: int, headers: Iterable[HeaderLine]) -> None:
        """Check the lines.

        Raises:
            BadResponseError: a line could start another one, or the length is no number.
        """
        self.status = status
        self.length: int | None = None
        self.closes = False
        parts = [status_line(status)]
        for name, value in headers:
            # SECURITY: the last place that can stop a header of an application from splitting.
            if not _NAME.fullmatch(name) or _BAD_VALUE.search(value):
                raise BadResponseError("a response header is malformed")
            lower = name.lower()
            if lower in _OURS:
                self.closes = self.closes or (lower == b"connection" and value.lower() == b"close")
                continue
            if lower == b"content-length":
                if status == _NO_CONTENT:
                    continue  # RFC 9110 §8.6: it is not sent with a 204
                if self.length is not None or not value.isdigit():
                    raise BadResponseError("the response's Content-Length is malformed")
                self.length = int(value)
            parts.append(b"%b: %b\r\n" % (name, value))
        self.block = b"".join(parts)


def may_have_body(method: str, status: int) -> bool:
    """Whether bytes follow the head (RFC 9110 §6.4.1)."""
    return method != "HEAD" and not has_no_content(status)


def has_no_content(status: int) -> bool:
    """Whether the status alone says that nothing follows, whatever the method."""
    return status in _EMPTY or status < _FIRST_FINAL


_NO_CONTENT: Final = 204
_EMPTY: Final = frozenset({_NO_CONTENT, 304})
_FIRST_FINAL: Final = 200
