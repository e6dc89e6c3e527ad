"""SQL for dashboard sessions, sign-in challenges, invitations and the second factor of users.

Bearer secrets (cookies, challenges, links) are stored as SHA-256 only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Connection,
    LargeBinary,
    RowMapping,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from byteward.access.roles import Role
from byteward.accounts.model import User
from byteward.accounts.rows import user_from_row
from byteward.db.tables import dashboard_sessions, invitations, sign_in_challenges, users

MAX_USER_AGENT: Final = 256


@dataclass(frozen=True, slots=True)
class DashboardSession:
    """A signed-in browser. Times are Unix milliseconds.

    Attributes:
        session_id: its name; the cookie, not this, is the credential.
        account_id: the account that the user belongs to.
        user_id: who signed in.
        created_at: signed in.
        last_seen_at: of the newest request, to the minute.
        authenticated_at: the password was given last.
        client_ip: where from.
        user_agent: as the browser calls itself.
    """

    session_id: str
    account_id: str
    user_id: int
    created_at: int
    last_seen_at: int
    authenticated_at: int
    client_ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with its user as the same read saw them."""

    session: DashboardSession
    user: User


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right, the second factor is due."""

    account_id: str
    user_id: int
    tries: int
    expires_at: int


class Purpose(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    PASSWORD_RESET = "passwordReset"  # noqa: S105 - the name of a purpose


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that sets a password: of a new user, or anew. Times are Unix milliseconds."""

    invitation_id: str
    account_id: str
    purpose: Purpose
    email: str
    role: Role
    created_at: int
    expires_at: int


_SESSIONS: Final = select(dashboard_sessions)
_BY_DIGEST: Final = _SESSIONS.where(
    dashboard_sessions.c.digest == bindparam("wanted", type_=LargeBinary())
)
_BY_ID: Final = _SESSIONS.where(
    (dashboard_sessions.c.session_id == bindparam("wanted", type_=Text()))
    & (dashboard_sessions.c.account_id == bindparam("account", type_=Text()))
)
_USER: Final = select(users).where(
    (users.c.user_id == bindparam("wanted", type_=BigInteger()))
    & (users.c.account_id == bindparam("account", type_=Text()))
)


def user_by_id(conn: Connection, account_id: str, user_id: int) -> User | None:
    """One dashboard user."""
    row = conn.execute(_USER, {"account": account_id, "wanted": user_id}).mappings().first()
    return None if row is None else user_from_row(row)


def users_with_email(conn: Connection, email: str) -> list[User]:
    """The users of all accounts with this e-mail, the oldest first."""
    statement = select(users).where(users.c.email == email).order_by(users.c.user_id)
    return [user_from_row(row) for row in conn.execute(statement).mappings()]


def set_disabled(conn: Connection, user_id: int, disabled_at: int | None) -> None:
    """Let a user sign in (None), or not."""
    conn.execute(update(users).where(users.c.user_id == user_id).values(disabled_at=disabled_at))


def insert_session(conn: Connection, session: DashboardSession, digest: bytes) -> None:
    """Add a session."""
    conn.execute(
        insert(dashboard_sessions),
        {
            "session_id": session.session_id,
            "digest": digest,
            "account_id": session.account_id,
            "user_id": session.user_id,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "authenticated_at": session.authenticated_at,
            "client_ip": session.client_ip,
            "user_agent": session.user_agent[:MAX_USER_AGENT],
        },
    )


def signed_in_by_digest(conn: Connection, digest: bytes) -> SignedIn | None:
    """The session of a cookie, with its user."""
    return _with_user(conn, conn.execute(_BY_DIGEST, {"wanted": digest}).mappings().first())


def signed_in_by_id(conn: Connection, account_id: str, session_id: str) -> SignedIn | None:
    """The same by name."""
    row = conn.execute(_BY_ID, {"account": account_id, "wanted": session_id}).mappings().first()
    return _with_user(conn, row)


def _with_user(conn: Connection, row: RowMapping | None) -> SignedIn | None:
    if row is None:
        return None
    session = _session(row)
    user = user_by_id(conn, session.account_id, session.user_id)
    return None if user is None else SignedIn(session, user)


def sessions_of(conn: Connection, account_id: str, user_id: int) -> list[DashboardSession]:
    """A user's sessions, the newest first."""
    rows = dashboard_sessions.c
    statement = (
        _SESSIONS.where((rows.account_id == account_id) & (rows.user_id == user_id))
        .order_by(rows.created_at.desc(), rows.session_id)
        .limit(1000)
    )
    return [_session(row) for row in conn.execute(statement).mappings()]


def touch_session(conn: Connection, session_id: str, now_ms: int) -> None:
    """The session was used."""
    conn.execute(
        update(dashboard_sessions)
        .where(dashboard_sessions.c.session_id == session_id)
        .values(last_seen_at=now_ms)
    )


def reauthenticate_session(conn: Connection, session_id: str, now_ms: int) -> None:
    """The password was given again."""
    conn.execute(
        update(dashboard_sessions)
        .where(dashboard_sessions.c.session_id == session_id)
        .values(authenticated_at=now_ms)
    )


def end_session(conn: Connection, account_id: str, user_id: int, session_id: str) -> bool:
    """End one session of a user; whether there was one."""
    rows = dashboard_sessions.c
    return bool(
        conn.execute(
            delete(dashboard_sessions).where(
                (rows.session_id == session_id)
                & (rows.account_id == account_id)
                & (rows.user_id == user_id)
            )
        ).rowcount
    )


def end_sessions(
    conn: Connection, account_id: str, user_id: int, *, except_id: str | None = None
) -> None:
    """End all sessions of a user, but for one, and what was begun with the old credentials."""
    rows = dashboard_sessions.c
    statement = delete(dashboard_sessions).where(
        (rows.account_id == account_id) & (rows.user_id == user_id)
    )
    if except_id is not None:
        statement = statement.where(rows.session_id != except_id)
    conn.execute(statement)
    conn.execute(
        delete(sign_in_challenges).where(
            (sign_in_challenges.c.account_id == account_id)
            & (sign_in_challenges.c.user_id == user_id)
        )
    )


def insert_challenge(conn: Connection, digest: bytes, challenge: Challenge) -> None:
    """Add a challenge."""
    conn.execute(
        insert(sign_in_challenges),
        {
            "digest": digest,
            "account_id": challenge.account_id,
            "user_id": challenge.user_id,
            "tries": challenge.tries,
            "expires_at": challenge.expires_at,
        },
    )


def take_try(conn: Connection, digest: bytes) -> Challenge | None:
    """Count one try of a challenge and return it as it stands after that."""
    rows = sign_in_challenges.c
    row = (
        conn.execute(
            update(sign_in_challenges)
            .where(rows.digest == digest)
            .values(tries=rows.tries + 1)
            .returning(sign_in_challenges)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return Challenge(row["account_id"], row["user_id"], row["tries"], row["expires_at"])


def end_challenge(conn: Connection, digest: bytes) -> None:
    """A challenge was met."""
    conn.execute(delete(sign_in_challenges).where(sign_in_challenges.c.digest == digest))


def sweep(conn: Connection, *, seen_before: int, created_before: int, now_ms: int) -> None:
    """Remove sessions and challenges that are over."""
    rows = dashboard_sessions.c
    conn.execute(
        delete(dashboard_sessions).where(
            (rows.last_seen_at < seen_before) | (rows.created_at < created_before)
        )
    )
    conn.execute(delete(sign_in_challenges).where(sign_in_challenges.c.expires_at < now_ms))
    conn.execute(delete(invitations).where(invitations.c.expires_at < now_ms))


def insert_invitation(conn: Connection, invitation: Invitation, digest: bytes) -> None:
    """Add a link; older ones of the same purpose and e-mail end."""
    rows = invitations.c
    conn.execute(
        delete(invitations).where(
            (rows.account_id == invitation.account_id)
            & (rows.email == invitation.email)
            & (rows.purpose == invitation.purpose.value)
        )
    )
    conn.execute(
        insert(invitations),
        {
            "invitation_id": invitation.invitation_id,
            "digest": digest,
            "account_id": invitation.account_id,
            "purpose": invitation.purpose.value,
            "email": invitation.email,
            "role": invitation.role.value,
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
        },
    )


def invitation_by_digest(conn: Connection, digest: bytes, now_ms: int) -> Invitation | None:
    """The link of a token, unless it is over."""
    statement = select(invitations).where(
        (invitations.c.digest == digest) & (invitations.c.expires_at > now_ms)
    )
    row = conn.execute(statement).mappings().first()
    return None if row is None else _invitation(row)


def list_invitations(conn: Connection, account_id: str, now_ms: int) -> list[Invitation]:
    """Open invitations of an account, the newest first."""
    rows = invitations.c
    statement = (
        select(invitations)
        .where(
            (rows.account_id == account_id)
            & (rows.purpose == Purpose.INVITATION.value)
            & (rows.expires_at > now_ms)
        )
        .order_by(rows.created_at.desc(), rows.invitation_id)
        .limit(1000)
    )
    return [_invitation(row) for row in conn.execute(statement).mappings()]


def delete_invitation(conn: Connection, account_id: str, invitation_id: str) -> Invitation | None:
    """Take a link back and return it; None when there was none."""
    rows = invitations.c
    row = (
        conn.execute(
            delete(invitations)
            .where((rows.account_id == account_id) & (rows.invitation_id == invitation_id))
            .returning(invitations)
        )
        .mappings()
        .first()
    )
    return None if row is None else _invitation(row)


def _session(row: RowMapping) -> DashboardSession:
    return DashboardSession(
        session_id=row["session_id"],
        account_id=row["account_id"],
        user_id=row["user_id"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        authenticated_at=row["authenticated_at"],
        client_ip=row["client_ip"],
        user_agent=row["user_agent"],
    )


def _invitation(row: RowMapping) -> Invitation:
    return Invitation(
        invitation_id=row["invitation_id"],
        account_id=row["account_id"],
        purpose=Purpose(row["purpose"]),
        email=row["email"],
        role=Role(row["role"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
