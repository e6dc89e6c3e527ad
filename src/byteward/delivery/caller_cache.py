"""Callers that were authenticated a moment ago, for requests that carry the very same headers.

An entry answers only while no commit has happened anywhere since it was made, which is stricter
than the promise on revocation asks, and never past the end of the credential. Refusals and
anonymous callers are not kept. Only who somebody is is remembered, never what they may do.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from byteward.access.model import PrincipalKind
from byteward.identity.caller import Caller

ENTRIES: Final = 1024
MAX_AGE_SECONDS: Final = 60.0

_NAMES: Final = (b"authorization", b"authorization-token", b"cookie", b"origin", b"referer")

CallerKey = tuple[str, str, bytes]
"""Account id, client address, and the digest of every header that authentication reads."""


def caller_key(account_id: str, client_ip: str, headers: Mapping[bytes, bytes]) -> CallerKey:
    """The key of a request none of whose headers is repeated.

    SECURITY: header values are never kept; each goes into the digest with its length before it, so
    that no two sets of headers run together.
    """
    digest = hashlib.sha256()
    for name in _NAMES:
        value = headers.get(name)
        if value is not None:
            digest.update(b"%b:%d:%b" % (name, len(value), value))
    return account_id, client_ip, digest.digest()


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
