"""Verifies JWTs for the planes: stored certificates in, cache around, work kept off a busy loop."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import Final

from byteward.clock import Clock
from byteward.identity.facts import IdentityFacts
from byteward.identity.jwt import VerifiedJwt, missing_account_id, verify_jwt
from byteward.identity.jwt_cache import JwtCache

INLINE_PER_SECOND: Final = 1000
"""Verifications in one second that run on the event loop; more than that go to a thread.

One takes about 0.05 ms, less than handing it over; a flood of bad tokens must not hold up the loop.
"""

_NO_ACCOUNT: Final = -1


class JwtVerifier:
    """See the module docstring.

    Args:
        facts: accounts and certificates.
        clock: Unix seconds.
        max_lifetime_seconds: cap on `exp - iat`, or None.
    """

    def __init__(
        self, facts: IdentityFacts, clock: Clock, max_lifetime_seconds: int | None = None
    ) -> None:
        self._facts = facts
        self._clock = clock
        self._max_lifetime_seconds = max_lifetime_seconds
        self._cache = JwtCache()
        self._second = 0
        self._verified_this_second = 0

    async def verify(
        self, account_id: str, token: str, *, needs_account_id: bool = False
    ) -> VerifiedJwt:
        """Verify a token for the account of the URL.

        Raises:
            BytewardError: 401, as `verify_jwt`.
        """
        # INVARIANT: the epoch is read before the certificates, so that a change in between
        # leaves an entry that the next look-up drops.
        account = await self._facts.account(account_id)
        epoch = _NO_ACCOUNT if account is None else account.epoch
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        now = self._clock()
        jwt = self._cache.find(account_id, digest, epoch=epoch, now=now)
        if jwt is None:
            jwt = await self._verify(account_id, token, now, needs_account_id=needs_account_id)
            self._cache.keep(account_id, digest, jwt, epoch=epoch, now=now)
        if needs_account_id and jwt.account_id is None:
            raise missing_account_id()
        return jwt

    async def _verify(
        self, account_id: str, token: str, now: float, *, needs_account_id: bool
    ) -> VerifiedJwt:
        work = partial(
            verify_jwt,
            token,
            await self._facts.certificates(account_id),
            account_id=account_id,
            now=now,
            needs_account_id=needs_account_id,
            max_lifetime_seconds=self._max_lifetime_seconds,
        )
        if self._is_busy(int(now)):
            return await asyncio.to_thread(work)
        return work()

    def _is_busy(self, second: int) -> bool:
        if second != self._second:
            self._second, self._verified_this_second = second, 0
        self._verified_this_second += 1
        return self._verified_this_second > INLINE_PER_SECOND
