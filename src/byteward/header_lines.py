"""The one writer of response headers (pure; RFC 9110 §5).

SECURITY: text that users chose (names, types, origins, tokens) reaches a header only through
`header_line`. It refuses what could start another line, so no value can add a header or a body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HeaderLine = tuple[bytes, bytes]
"""A lower-case name and a value, as ASGI sends them."""

_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_BAD_VALUE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


_BAD_BYTE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class HeaderValueError(ValueError):
    """The text cannot stand in a header: a defect of whoever did not check its input."""


def header_line(name: str, value: str) -> HeaderLine:
    """Encode one header line.

    Args:
        name: a field name in lower case.
        value: latin-1 text without control characters; outer white space is refused, because
            recipients drop it and so would see another value.

    Raises:
        HeaderValueError: the name is no token, or the value cannot be sent as it is.
    """
    if not _NAME.fullmatch(name):
        message = "a header name must be a token in lower case"
        raise HeaderValueError(message)
    if _BAD_VALUE.search(value) or value != value.strip(" \t"):
        message = f"the value of `{name}` holds a control character or outer white space"
        raise HeaderValueError(message)
    try:
        return name.encode("ascii"), value.encode("latin-1")
    except UnicodeEncodeError:
        message = f"the value of `{name}` holds a character outside latin-1"
        raise HeaderValueError(message) from None


class HeaderBlock:
    """Lines that are sent together, also as the bytes that they are on the wire.

    Attributes:
        lines: as ASGI sends them.
        wire: the same with their CRLF.

    Raises:
        HeaderValueError: a name or a value could start another line.
    """

    __slots__ = ("lines", "wire")

    def __init__(self, lines: Iterable[HeaderLine]) -> None:
        self.lines = tuple(lines)
        for name, value in self.lines:
            if _BAD_BYTE.search(name) or _BAD_BYTE.search(value):
                message = "a header line holds a control character"
                raise HeaderValueError(message)
        self.wire = b"".join([b"%b: %b\r\n" % line for line in self.lines])
