"""Getting a second factor and giving it up; both end the user's other sessions.

The secret of an enrolment that is not confirmed yet is nowhere but in the page that shows it: it
travels sealed and comes back with the first code.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from byteward.accounts import audit, session_store
from byteward.accounts.service import bump_epoch
from byteward.accounts.session_store import SignedIn
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.dashboard.second_factor import (
    SecondFactors,
    matching_step,
    new_recovery_codes,
)
from byteward.identity.dashboard.sign_in import Client, NewSession, SignIn, event_of, failed


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The codes, shown once, and the session that goes on."""

    recovery_codes: list[str] = field(repr=False)
    opened: NewSession


class TotpEnrolment:
    """See the module.

    Args:
        database: users and sessions.
        factors: second factors.
        sign_in: opens the session that goes on.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, factors: SecondFactors, sign_in: SignIn, clock: Clock
    ) -> None:
        self._database = database
        self._factors = factors
        self._sign_in = sign_in
        self._clock = clock

    async def confirm(
        self, signed_in: SignedIn, secret: str, code: str, client: Client
    ) -> Enrolled:
        """Store the second factor once the user's app has shown that it knows the secret.

        Raises:
            BytewardError: `sign_in_failed`: the code is not the secret's.
        """
        user, now = signed_in.user, now_ms(self._clock)
        step = matching_step(secret, code.strip(), self._clock())
        if step is None:
            raise failed()
        codes = new_recovery_codes()

        def work(conn: Connection) -> NewSession:
            self._factors.set(conn, user, secret, step, codes)
            session_store.end_sessions(conn, user.account_id, user.user_id)
            audit.append(conn, event_of(user, client.ip, "user.enrolTotp", user.email), now)
            bump_epoch(conn, user.account_id)
            return self._sign_in.open_in(conn, user, client, now)

        return Enrolled(codes, await self._database.write(work))

    async def remove(self, signed_in: SignedIn, client: Client, *, is_enforced: bool) -> None:
        """Give the second factor up.

        Raises:
            BytewardError: `totp_enforced`.
        """
        if is_enforced:
            raise BytewardError(
                ErrorCode.TOTP_ENFORCED, "this account asks every user for a second factor"
            )
        user, now = signed_in.user, now_ms(self._clock)

        def work(conn: Connection) -> None:
            self._factors.remove(conn, user)
            session_store.end_sessions(
                conn, user.account_id, user.user_id, except_id=signed_in.session.session_id
            )
            audit.append(conn, event_of(user, client.ip, "user.removeTotp", user.email), now)
            bump_epoch(conn, user.account_id)

        await self._database.write(work)
