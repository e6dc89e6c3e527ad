"""Dashboard users as administrators see them: roles, access, links that set a password.

INVARIANT: an account that has an owner who may sign in keeps one. Only owners may make, change or
remove owners, so that an administrator cannot rise above its role.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from byteward.access.roles import Role
from byteward.accounts import audit, session_store, store
from byteward.accounts.model import User
from byteward.accounts.service import bump_epoch, create_user, set_password
from byteward.accounts.session_store import Invitation, Purpose
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.dashboard import lifetimes
from byteward.identity.dashboard.administrator import Administrator
from byteward.identity.dashboard.sign_in import Client, NewSession, SignIn, event_of
from byteward.identity.dashboard.tokens import TOKEN, digest_of, new_token
from byteward.ids import new_session_id


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user and when it was last seen (Unix milliseconds; None: it has no session)."""

    user: User
    last_seen_at: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was just made; its token is shown once."""

    invitation: Invitation
    token: str = field(repr=False)


class Users:
    """See the module.

    Args:
        database: users.
        sign_in: hashes passwords and opens sessions.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, sign_in: SignIn, clock: Clock) -> None:
        self._database = database
        self._sign_in = sign_in
        self._clock = clock

    async def all(self, account_id: str) -> list[ListedUser]:
        """All users, the oldest first."""

        def work(conn: Connection) -> list[ListedUser]:
            found = []
            for user in store.list_users(conn, account_id):
                seen = [
                    each.last_seen_at
                    for each in session_store.sessions_of(conn, account_id, user.user_id)
                ]
                found.append(ListedUser(user, max(seen, default=None)))
            return found

        return await self._database.read(work)

    async def update(
        self, by: Administrator, user_id: int, *, role: Role | None, is_enabled: bool | None
    ) -> User:
        """Change a user's role, or whether it may sign in; its sessions end.

        Raises:
            BytewardError: `user_not_found`, `role_not_sufficient`, `last_owner`.
        """
        now = now_ms(self._clock)

        def work(conn: Connection) -> User:
            user = _found(conn, by.account_id, user_id)
            disabled_at = user.disabled_at
            if is_enabled is not None:
                disabled_at = None if is_enabled else disabled_at or now
            changed = replace(user, role=role or user.role, disabled_at=disabled_at)
            by.require_over(user.role, changed.role)
            if changed == user:
                return user
            store.update_user(conn, changed)
            session_store.set_disabled(conn, user.user_id, changed.disabled_at)
            _require_owner(conn, by.account_id)
            session_store.end_sessions(conn, by.account_id, user.user_id)
            event = by.event("user.update", user.email, _shown(user), _shown(changed))
            audit.append(conn, event, now)
            bump_epoch(conn, by.account_id)
            return changed

        return await self._database.write(work)

    async def delete(self, by: Administrator, user_id: int) -> None:
        """Remove a user.

        Raises:
            BytewardError: `user_not_found`, `role_not_sufficient`, `last_owner`.
        """
        now = now_ms(self._clock)

        def work(conn: Connection) -> None:
            user = _found(conn, by.account_id, user_id)
            by.require_over(user.role)
            session_store.end_sessions(conn, by.account_id, user.user_id)
            store.delete_user(conn, by.account_id, user.email)
            _require_owner(conn, by.account_id)
            audit.append(conn, by.event("user.delete", user.email, _shown(user)), now)
            bump_epoch(conn, by.account_id)

        await self._database.write(work)

    async def sign_out(self, by: Administrator, user_id: int) -> None:
        """End all sessions of a user.

        Raises:
            BytewardError: `user_not_found`, `role_not_sufficient`.
        """
        now = now_ms(self._clock)

        def work(conn: Connection) -> None:
            user = _found(conn, by.account_id, user_id)
            by.require_over(user.role)
            session_store.end_sessions(conn, by.account_id, user.user_id)
            audit.append(conn, by.event("user.signOut", user.email), now)
            bump_epoch(conn, by.account_id)

        await self._database.write(work)

    async def reset_password(self, by: Administrator, user_id: int) -> Link:
        """A link with which the user sets a new password.

        Raises:
            BytewardError: `user_not_found`, `role_not_sufficient`.
        """
        now = now_ms(self._clock)

        def work(conn: Connection) -> Link:
            user = _found(conn, by.account_id, user_id)
            by.require_over(user.role)
            audit.append(conn, by.event("user.resetPassword", user.email), now)
            return _link(conn, by.account_id, Purpose.PASSWORD_RESET, user.email, user.role, now)

        return await self._database.write(work)

    async def invite(self, by: Administrator, email: str, role: Role) -> Link:
        """A link with which somebody becomes a user.

        Raises:
            BytewardError: `user_exists`, `role_not_sufficient`.
        """
        now = now_ms(self._clock)
        by.require_over(role)

        def work(conn: Connection) -> Link:
            if store.user_by_email(conn, by.account_id, email) is not None:
                raise _exists(email)
            after = {"email": email, "role": role.value}
            audit.append(conn, by.event("invitation.create", email, after=after), now)
            return _link(conn, by.account_id, Purpose.INVITATION, email, role, now)

        return await self._database.write(work)

    async def invitations(self, account_id: str) -> list[Invitation]:
        """Open invitations, the newest first."""
        now = now_ms(self._clock)
        return await self._database.read(
            lambda conn: session_store.list_invitations(conn, account_id, now)
        )

    async def take_back(self, by: Administrator, invitation_id: str) -> None:
        """Make an invitation worthless.

        Raises:
            BytewardError: `invitation_not_found`.
        """
        now = now_ms(self._clock)

        def work(conn: Connection) -> None:
            found = session_store.delete_invitation(conn, by.account_id, invitation_id)
            if found is None:
                raise _no_invitation()
            audit.append(conn, by.event("invitation.delete", found.email), now)

        await self._database.write(work)

    async def read_link(self, token: str) -> tuple[Invitation, str]:
        """What a link is for, and the name of its account.

        Raises:
            BytewardError: `invitation_not_found`.
        """
        now = now_ms(self._clock)

        def work(conn: Connection) -> tuple[Invitation, str]:
            invitation = _by_token(conn, token, now)
            account = store.read_account(conn, invitation.account_id)
            return invitation, invitation.account_id if account is None else account.name

        return await self._database.read(work)

    async def accept(self, token: str, password: str, client: Client) -> NewSession | None:
        """Set the password that a link is for and sign in.

        Returns:
            None: the user has a second factor, so it signs in with it.

        Raises:
            BytewardError: `invitation_not_found`, `user_exists`, `weak_password`.
        """
        now = now_ms(self._clock)
        # Hashing takes a while: first see whether there is something to hash for.
        await self._database.read(lambda conn: _by_token(conn, token, now))
        hashed = await self._sign_in.hashed(password)

        def work(conn: Connection) -> NewSession | None:
            invitation = _by_token(conn, token, now)
            session_store.delete_invitation(conn, invitation.account_id, invitation.invitation_id)
            user = self._user_of(conn, invitation, hashed, now)
            session_store.end_sessions(conn, user.account_id, user.user_id)
            action = f"{invitation.purpose.value}.accept"
            audit.append(conn, event_of(user, client.ip, action, user.email), now)
            bump_epoch(conn, user.account_id)
            if user.has_totp or user.disabled_at is not None:
                return None
            return self._sign_in.open_in(conn, user, client, now)

        return await self._database.write(work)

    def _user_of(self, conn: Connection, invitation: Invitation, hashed: str, now: int) -> User:
        stored = store.user_by_email(conn, invitation.account_id, invitation.email)
        if invitation.purpose is Purpose.PASSWORD_RESET:
            if stored is None:
                raise _no_invitation()
            set_password(conn, stored, hashed)
            return replace(stored, password_hash=hashed)
        if stored is not None:
            raise _exists(invitation.email)
        return create_user(
            conn,
            invitation.account_id,
            invitation.email,
            invitation.role,
            password_hash=hashed,
            created_at=now,
        )


def _found(conn: Connection, account_id: str, user_id: int) -> User:
    user = session_store.user_by_id(conn, account_id, user_id)
    if user is None:
        raise BytewardError(ErrorCode.USER_NOT_FOUND, "there is no such user")
    return user


def _require_owner(conn: Connection, account_id: str) -> None:
    owners = [
        user
        for user in store.list_users(conn, account_id)
        if user.role is Role.OWNER and user.disabled_at is None
    ]
    if not owners:
        raise BytewardError(
            ErrorCode.LAST_OWNER, "the account keeps one owner who may sign in: make another first"
        )


def _link(
    conn: Connection, account_id: str, purpose: Purpose, email: str, role: Role, now: int
) -> Link:
    token = new_token()
    life = lifetimes.INVITATION_MS if purpose is Purpose.INVITATION else lifetimes.RESET_MS
    invitation = Invitation(
        new_session_id(), account_id, purpose, email, role, created_at=now, expires_at=now + life
    )
    session_store.insert_invitation(conn, invitation, digest_of(token))
    return Link(invitation, token)


def _by_token(conn: Connection, token: str, now: int) -> Invitation:
    if TOKEN.fullmatch(token) is not None:
        found = session_store.invitation_by_digest(conn, digest_of(token), now)
        if found is not None:
            return found
    raise _no_invitation()


def _no_invitation() -> BytewardError:
    return BytewardError(
        ErrorCode.INVITATION_NOT_FOUND, "the link was used, taken back, or is too old: ask for one"
    )


def _exists(email: str) -> BytewardError:
    return BytewardError(ErrorCode.USER_EXISTS, f"there is a user `{email}` already")


def _shown(user: User) -> dict[str, object]:
    return {"email": user.email, "role": user.role.value, "enabled": user.disabled_at is None}
