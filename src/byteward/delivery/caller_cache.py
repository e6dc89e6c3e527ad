"""Callers that were authenticated a moment ago, for requests that carry the very same headers.

An entry answers only while the account's authority is what it was (see `Guard.standing`), so a
change of keys or certificates drops it at once, and never past the end of the credential. Refusals
and anonymous callers are not kept. Only who somebody is is remembered here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from byteward.access.model import PrincipalKind
from byteward.identity.caller import Caller

ENTRIES: Final = 4096
MAX_AGE_SECONDS: Final = 60.0

CallerKey = tuple[str, str, bytes]
"""Account id, client address, and `RequestHeaders.identity`."""


class CallerCache:
    """Callers of one worker."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: OrderedDict[CallerKey, tuple[object, float, Caller]] = OrderedDict()

    def get(self, key: CallerKey, standing: object, now: float) -> Caller | None:
        """The caller, if the account's authority is the same and the credential still stands.

        Args:
            key: of the request.
            standing: of the account, as confirmed by this request.
            now: Unix seconds.
        """
        entry = self._entries.get(key)
        if entry is None or entry[0] is not standing or now >= entry[1]:
            return None
        self._entries.move_to_end(key)
        return entry[2]

    def put(self, key: CallerKey, standing: object, now: float, caller: Caller) -> None:
        """Remember a caller that was authenticated in a request with this standing."""
        principal = caller.principal
        if principal.kind is PrincipalKind.ANONYMOUS:
            return
        until = now + MAX_AGE_SECONDS
        if principal.expires_at is not None:
            until = min(until, principal.expires_at)
        self._entries[key] = (standing, until, caller)
        self._entries.move_to_end(key)
        if len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)
