"""Verified JWTs, remembered for a short while so that verifying one again costs a hash.

INVARIANT: an entry is good only under the account epoch that it was made under, so that a change
of certificates drops it at once; never beyond the token's expiry; never longer than a minute.
Failures are not remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from byteward.identity.jwt import VerifiedJwt

MAX_AGE_SECONDS: Final = 60
MAX_ENTRIES: Final = 4096

_Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class _Entry:
    epoch: int
    until: float
    jwt: VerifiedJwt


class JwtCache:
    """A bounded map, least recently used first to go, for one event loop."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._max_entries = max_entries

    def find(self, account_id: str, digest: bytes, *, epoch: int, now: float) -> VerifiedJwt | None:
        """The token with this SHA-256, if it was verified for this account at this epoch."""
        key = (account_id, digest)
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.epoch != epoch or now >= entry.until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry.jwt

    def keep(
        self, account_id: str, digest: bytes, jwt: VerifiedJwt, *, epoch: int, now: float
    ) -> None:
        """Remember a verified token; `epoch` is the one read before its certificates were."""
        until = min(jwt.expires_at, now + MAX_AGE_SECONDS)
        self._entries[account_id, digest] = _Entry(epoch, until, jwt)
        self._entries.move_to_end((account_id, digest))
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)
