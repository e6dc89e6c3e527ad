"""The headers of a request, taken apart once however many requests carry the same ones.

A browser sends the same lines with each image of a page, and a proxy with each request of a
browser. Whatever follows from the lines alone is worked out once and shared, so nothing here is
changed after it was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from byteward.header_lines import HeaderLine

_CREDENTIALS: Final = frozenset({b"authorization", b"authorization-token", b"cookie"})
_IDENTIFYING: Final = (b"authorization", b"authorization-token", b"cookie", b"origin", b"referer")
_OTHERS: Final = frozenset(_IDENTIFYING[1:])
_ABSENT: Final = b"\r"


class RequestHeaders(dict[bytes, bytes]):
    """Values by lower-case name; of a repeated name the last one.

    INVARIANT: not changed once it is made.

    Args:
        lines: lower-case names and values, all of them, in the order of the wire.

    Attributes:
        lines: the same.
        is_repeating: a name occurs more than once.
        has_credential: one of them can be a credential of the CDN plane.
        identity: a digest of every header that authentication reads, which is the same for two
            requests only if all of those are; None without a credential, and where the digest
            would not tell all: a name is repeated, or a value holds a line break.
    """

    __slots__ = ("has_credential", "identity", "is_repeating", "lines")

    def __init__(self, lines: Iterable[HeaderLine]) -> None:
        self.lines = tuple(lines)
        super().__init__(self.lines)
        self.is_repeating = len(self) != len(self.lines)
        self.has_credential = not _CREDENTIALS.isdisjoint(self)
        self.identity = _identity(self) if self.has_credential and not self.is_repeating else None


def _identity(headers: RequestHeaders) -> bytes | None:
    """See `RequestHeaders.identity`.

    SECURITY: caches of callers are keyed by a digest, so that none of them holds a credential. No
    value holds a line break, in HTTP or in ASGI, so no two sets of headers run together.
    """
    if b"authorization" in headers and _OTHERS.isdisjoint(headers):
        # The usual case, told apart from the other by the digest's length.
        return b"1" + sha256(headers[b"authorization"]).digest()
    text = b"\n".join([headers.get(name, _ABSENT) for name in _IDENTIFYING])
    if text.count(b"\n") != len(_IDENTIFYING) - 1:
        return None
    return sha256(text).digest()
