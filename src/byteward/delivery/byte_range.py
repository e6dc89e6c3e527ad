"""The Range header (pure; RFC 9110 §14).

One range of bytes is served as 206. Several ranges, other units and bad syntax are ignored, which
the RFC allows: the answer is the whole body. Reading is linear in a header of at most 4 KiB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from byteward.errors import BytewardError, ErrorCode

MAX_HEADER_BYTES: Final = 4096

_RANGE: Final = re.compile(rb"bytes=([0-9]{0,19})-([0-9]{0,19})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` up to, not including, `end` of a body of `size` bytes."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes it has, at least one."""
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The Content-Range header of the 206 (RFC 9110 §14.4)."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def parse_range(header: bytes, size: int) -> ByteRange | None:
    """The range to serve, or None for the whole body.

    Args:
        header: value of the Range header.
        size: length of the whole body in bytes.

    Raises:
        BytewardError: `range_not_satisfiable`, with the Content-Range header that goes with 416,
            when the range begins behind the last byte.
    """
    if len(header) > MAX_HEADER_BYTES:
        return None
    match = _RANGE.fullmatch(header.strip(b" \t"))
    if match is None or not (match[1] or match[2]):
        return None
    first, last = match[1], match[2]
    if not first:
        return _suffix(int(last), size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise _not_satisfiable(size)
    end = min(int(last) + 1, size) if last else size
    return ByteRange(start, end, size)


def _suffix(length: int, size: int) -> ByteRange | None:
    if length == 0:
        raise _not_satisfiable(size)
    if size == 0:
        # Satisfiable by the RFC, but no Content-Range can say so: the whole, empty, body it is.
        return None
    return ByteRange(max(size - length, 0), size, size)


def _not_satisfiable(size: int) -> BytewardError:
    return BytewardError(
        ErrorCode.RANGE_NOT_SATISFIABLE,
        f"the range begins behind the last of {size} bytes",
        headers={"content-range": f"bytes */{size}"},
    )
