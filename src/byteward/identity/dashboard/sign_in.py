"""Signing in: a password, then a second factor where the user has one, then a session.

SECURITY: an unknown e-mail, a wrong password, a disabled user and a user without a password get
the same answer after the same work. The password step alone yields a challenge, which is good for
nothing but the second step.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from byteward.accounts import audit, session_store, store
from byteward.accounts.audit import ActorKind, AuditEvent, Outcome
from byteward.accounts.model import User
from byteward.accounts.service import bump_epoch, set_password
from byteward.accounts.session_store import Challenge, DashboardSession, SignedIn
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.dashboard import lifetimes, throttle
from byteward.identity.dashboard.second_factor import SecondFactors
from byteward.identity.dashboard.tokens import TOKEN, digest_of, new_token
from byteward.identity.passwords import (
    WeakPasswordError,
    check_password,
    hash_password,
    needs_rehash,
    password_matches,
)
from byteward.ids import new_session_id

CHALLENGE_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Client:
    """Where a sign-in comes from.

    Attributes:
        ip: the client's address.
        user_agent: as the browser calls itself.
    """

    ip: str
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was just opened; `cookie` is shown to the browser once."""

    session: DashboardSession
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right: this challenge takes the code of the second factor."""

    challenge: str = field(repr=False)


class SignIn:
    """Opens and ends sessions.

    Args:
        database: users and sessions.
        factors: second factors.
        clock: Unix seconds.
        concurrency: passwords that are hashed at the same time; each takes 64 MiB.
    """

    def __init__(
        self, database: Database, factors: SecondFactors, clock: Clock, concurrency: int
    ) -> None:
        self._database = database
        self._factors = factors
        self._clock = clock
        self._hashing = asyncio.Semaphore(concurrency)

    async def with_password(
        self, email: str, password: str, account_id: str | None, client: Client
    ) -> NewSession | SecondStep:
        """The first step.

        Args:
            email: of the user.
            password: as typed.
            account_id: which account's user, for an e-mail that several accounts know; None: the
                oldest user with the e-mail.
            client: where from.

        Raises:
            BytewardError: `sign_in_failed`; `rate_limit_exceeded` after too many failures.
        """
        now = now_ms(self._clock)
        users = await self._database.read(lambda conn: session_store.users_with_email(conn, email))
        user = next((each for each in users if account_id in (None, each.account_id)), None)
        subjects = _subjects(user, email, account_id, client)
        await self._database.read(lambda conn: throttle.check(conn, subjects, now))
        stored = None if user is None else user.password_hash
        matches = await self._matches(stored, password)
        if user is None or not matches or user.disabled_at is not None:
            await self._database.write(
                partial(self._count_failure, user, email, subjects, client, now)
            )
            raise failed()
        rehashed = None
        if stored is not None and needs_rehash(stored):
            rehashed = await self._hashed(password)
        known = user
        return await self._database.write(
            lambda conn: self._after_password(conn, known, rehashed, subjects, client, now)
        )

    async def with_code(self, challenge: str, code: str, client: Client) -> NewSession:
        """The second step.

        Raises:
            BytewardError: `sign_in_failed`: no such challenge, over, tried too often, or a wrong
                code.
        """
        now = now_ms(self._clock)
        if TOKEN.fullmatch(challenge) is None:
            raise failed()
        opened = await self._database.write(
            lambda conn: self._after_code(conn, digest_of(challenge), code, client, now)
        )
        if opened is None:
            raise failed()
        return opened

    async def open_for(self, conn_user: User, client: Client) -> NewSession:
        """A session for a user who has proved who it is in another way: by a link."""
        now = now_ms(self._clock)
        return await self._database.write(lambda conn: self.open_in(conn, conn_user, client, now))

    def open_in(self, conn: Connection, user: User, client: Client, now: int) -> NewSession:
        """The same inside a transaction."""
        cookie = new_token()
        session = DashboardSession(
            new_session_id(),
            user.account_id,
            user.user_id,
            created_at=now,
            last_seen_at=now,
            authenticated_at=now,
            client_ip=client.ip,
            user_agent=client.user_agent,
        )
        session_store.insert_session(conn, session, digest_of(cookie))
        audit.append(conn, event_of(user, client.ip, "session.signIn", session.session_id), now)
        return NewSession(session, cookie)

    async def session_of(self, cookie: str) -> SignedIn | None:
        """Whoever is signed in with this cookie; None: nobody, or not any more."""
        if TOKEN.fullmatch(cookie) is None:
            return None
        digest, now = digest_of(cookie), now_ms(self._clock)
        found = await self._database.read(
            lambda conn: session_store.signed_in_by_digest(conn, digest)
        )
        if found is None or not lifetimes.is_alive(found, now):
            return None
        if now >= found.session.last_seen_at + lifetimes.TOUCH_MS:
            session_id = found.session.session_id
            await self._database.write(
                lambda conn: session_store.touch_session(conn, session_id, now)
            )
        return found

    async def sign_out(self, signed_in: SignedIn, session_id: str, client_ip: str) -> bool:
        """End one session of the user; whether there was one."""
        now, user = now_ms(self._clock), signed_in.user

        def work(conn: Connection) -> bool:
            found = session_store.end_session(conn, user.account_id, user.user_id, session_id)
            if found:
                audit.append(conn, event_of(user, client_ip, "session.signOut", session_id), now)
                bump_epoch(conn, user.account_id)
            return found

        return await self._database.write(work)

    async def sign_out_others(self, signed_in: SignedIn, client_ip: str) -> None:
        """End all sessions of the user but this one."""
        now, user = now_ms(self._clock), signed_in.user

        def work(conn: Connection) -> None:
            session_store.end_sessions(
                conn, user.account_id, user.user_id, except_id=signed_in.session.session_id
            )
            audit.append(conn, event_of(user, client_ip, "session.signOutOthers", user.email), now)
            bump_epoch(conn, user.account_id)

        await self._database.write(work)

    async def sessions_of(self, signed_in: SignedIn) -> list[DashboardSession]:
        """The user's own live sessions, the newest first."""
        now, user = now_ms(self._clock), signed_in.user
        found = await self._database.read(
            lambda conn: session_store.sessions_of(conn, user.account_id, user.user_id)
        )
        return [each for each in found if lifetimes.is_alive(SignedIn(each, user), now)]

    async def reauthenticate(
        self, signed_in: SignedIn, password: str, code: str | None, client: Client
    ) -> None:
        """Prove once more who it is, for operations that ask for it.

        Raises:
            BytewardError: `sign_in_failed`; `rate_limit_exceeded`.
        """
        await self.require_password(signed_in.user, password, client)
        now, user = now_ms(self._clock), signed_in.user

        def work(conn: Connection) -> bool:
            if user.has_totp and not self._factors.use(conn, user, code or "", self._clock()):
                throttle.count_user(
                    conn, throttle.subject_of_user(user.account_id, user.email), now
                )
                return False
            session_store.reauthenticate_session(conn, signed_in.session.session_id, now)
            bump_epoch(conn, user.account_id)
            return True

        if not await self._database.write(work):
            raise failed()

    async def require_password(self, user: User, password: str, client: Client) -> None:
        """Check the user's own password, counted like a sign-in.

        Raises:
            BytewardError: `sign_in_failed`; `rate_limit_exceeded`.
        """
        now = now_ms(self._clock)
        subjects = _subjects(user, user.email, user.account_id, client)
        await self._database.read(lambda conn: throttle.check(conn, subjects, now))
        if not await self._matches(user.password_hash, password):
            await self._database.write(
                partial(self._count_failure, user, user.email, subjects, client, now)
            )
            raise failed()

    async def change_password(
        self, signed_in: SignedIn, current: str, new: str, client: Client
    ) -> NewSession:
        """Set a new password; every session ends, and a new one begins.

        Raises:
            BytewardError: `sign_in_failed`; `rate_limit_exceeded`; `weak_password`.
        """
        require_strong(new)
        await self.require_password(signed_in.user, current, client)
        hashed, now, user = await self._hashed(new), now_ms(self._clock), signed_in.user

        def work(conn: Connection) -> NewSession:
            set_password(conn, user, hashed)
            audit.append(conn, event_of(user, client.ip, "user.changePassword", user.email), now)
            return self.open_in(conn, user, client, now)

        return await self._database.write(work)

    async def hashed(self, password: str) -> str:
        """Hash a password, few at once.

        Raises:
            BytewardError: `weak_password`.
        """
        require_strong(password)
        return await self._hashed(password)

    async def _matches(self, stored: str | None, password: str) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(password_matches, stored, password)

    async def _hashed(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(hash_password, password)

    def _count_failure(
        self,
        user: User | None,
        email: str,
        subjects: list[str],
        client: Client,
        now: int,
        conn: Connection,
    ) -> None:
        of_user, of_address = subjects
        throttle.count_user(conn, of_user, now)
        throttle.count_address(conn, of_address, now)
        for account_id in store.list_account_ids(conn)[:1] if user is None else [user.account_id]:
            audit.append(
                conn,
                AuditEvent(
                    account_id,
                    email,
                    ActorKind.ANONYMOUS,
                    client.ip,
                    "session.signIn",
                    email,
                    Outcome.FAILED,
                ),
                now,
            )

    def _after_password(
        self,
        conn: Connection,
        user: User,
        rehashed: str | None,
        subjects: list[str],
        client: Client,
        now: int,
    ) -> NewSession | SecondStep:
        if rehashed is not None:  # the same password: sessions go on
            store.update_user(conn, replace(user, password_hash=rehashed))
        if user.has_totp:
            challenge = new_token()
            session_store.insert_challenge(
                conn,
                digest_of(challenge),
                Challenge(user.account_id, user.user_id, 0, now + lifetimes.CHALLENGE_MS),
            )
            return SecondStep(challenge)
        throttle.forget(conn, subjects[0])
        return self.open_in(conn, user, client, now)

    def _after_code(
        self, conn: Connection, digest: bytes, code: str, client: Client, now: int
    ) -> NewSession | None:
        """None: refused; the try was counted."""
        challenge = session_store.take_try(conn, digest)
        if challenge is None:
            return None
        user = session_store.user_by_id(conn, challenge.account_id, challenge.user_id)
        if (
            user is None
            or user.disabled_at is not None
            or now >= challenge.expires_at
            or challenge.tries > CHALLENGE_TRIES
        ):
            session_store.end_challenge(conn, digest)
            return None
        subjects = _subjects(user, user.email, user.account_id, client)
        throttle.check(conn, subjects, now)
        if not self._factors.use(conn, user, code, now / 1000):
            self._count_failure(user, user.email, subjects, client, now, conn)
            return None
        session_store.end_challenge(conn, digest)
        throttle.forget(conn, subjects[0])
        return self.open_in(conn, user, client, now)


def require_strong(password: str) -> None:
    """Refuse a password that must not be set.

    Raises:
        BytewardError: `weak_password`.
    """
    try:
        check_password(password)
    except WeakPasswordError as error:
        raise BytewardError(ErrorCode.WEAK_PASSWORD, str(error)) from None


def failed() -> BytewardError:
    """401: one answer for everything that can be wrong with a sign-in."""
    return BytewardError(
        ErrorCode.SIGN_IN_FAILED, "sign-in failed: check the e-mail, the password and the code"
    )


def event_of(user: User, client_ip: str, action: str, target: str) -> AuditEvent:
    """Something that a user did to its own sign-in."""
    return AuditEvent(user.account_id, user.email, ActorKind.USER, client_ip, action, target)


def _subjects(user: User | None, email: str, account_id: str | None, client: Client) -> list[str]:
    owner = user.account_id if user is not None else account_id or "-"
    return [throttle.subject_of_user(owner, email), throttle.subject_of_address(client.ip)]
