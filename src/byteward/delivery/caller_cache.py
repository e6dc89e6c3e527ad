"""Callers that were authenticated a moment ago, for requests that carry the very same headers.

An entry answers only while no commit has happened anywhere since it was made, which is stricter
than the promise on revocation asks, and never past the end of the credential. Refusals and
anonymous callers are not kept. Only who somebody is is remembered, never what they may do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from byteward.access.model import PrincipalKind
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.caller import Caller

ENTRIES: Final = 1024
MAX_AGE_SECONDS: Final = 60.0

_NAMES: Final = (b"authorization", b"authorization-token", b"cookie", b"origin", b"referer")

_OTHERS: Final = frozenset(_NAMES[1:])
_ABSENT: Final = b"\r"

CallerKey = tuple[str, str, bytes]
"""Account id, client address, and the digest of every header that authentication reads."""


def caller_key(account_id: str, client_ip: str, headers: Mapping[bytes, bytes]) -> CallerKey:
    """The key of a request none of whose headers is repeated.

    SECURITY: header values are never kept, only their digest. No value holds a line break, in
    HTTP or in ASGI, so no two sets of headers run together; one that does is refused.
    """
    if b"authorization" in headers and _OTHERS.isdisjoint(headers):
        # The usual case, told apart from the other by the digest's length.
        return account_id, client_ip, b"1" + sha256(headers[b"authorization"]).digest()
    text = b"\n".join([headers.get(name, _ABSENT) for name in _NAMES])
    if text.count(b"\n") != len(_NAMES) - 1:
        raise BytewardError(ErrorCode.INVALID_REQUEST, "a header holds a line break")
    return account_id, client_ip, sha256(text).digest()


class CallerCache:
    """Callers of one worker."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: OrderedDict[CallerKey, tuple[int, float, Caller]] = OrderedDict()

    def get(self, key: CallerKey, version: int, now: float) -> Caller | None:
        """The caller, if nothing was committed since and the credential still stands.

        Args:
            key: of the request.
            version: the database's change stamp, taken at the start of the request.
            now: Unix seconds.
        """
        entry = self._entries.get(key)
        if entry is None or entry[0] != version or now >= entry[1]:
            return None
        return entry[2]

    def put(self, key: CallerKey, version: int, now: float, caller: Caller) -> None:
        """Remember a caller that was authenticated in a request with this change stamp."""
        principal = caller.principal
        if principal.kind is PrincipalKind.ANONYMOUS:
            return
        until = now + MAX_AGE_SECONDS
        if principal.expires_at is not None:
            until = min(until, principal.expires_at)
        self._entries[key] = (version, until, caller)
        self._entries.move_to_end(key)
        if len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)
