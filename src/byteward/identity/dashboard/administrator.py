"""Whoever calls the administration API: a dashboard user with a session and a role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from byteward.access.roles import Role
from byteward.accounts.audit import Actor, ActorKind, AuditEvent, Outcome
from byteward.errors import BytewardError, ErrorCode


@dataclass(frozen=True, slots=True)
class Administrator:
    """A dashboard user whose request has been let in.

    Attributes:
        account_id: the account.
        user_id: who.
        email: who, for people and for the audit log.
        role: what the user may do.
        session_id: the session that the request came from.
        client_ip: where from.
    """

    account_id: str
    user_id: int
    email: str
    role: Role
    session_id: str
    client_ip: str

    @property
    def actor(self) -> Actor:
        """The user as the audit log names it."""
        return Actor(self.email, ActorKind.USER, self.client_ip)

    def require_over(self, *roles: Role) -> None:
        """Refuse to deal with users of a role that is above one's own.

        Raises:
            BytewardError: `role_not_sufficient`.
        """
        for role in roles:
            if not self.role.includes(role):
                raise role_not_sufficient(role)

    def event(
        self,
        action: str,
        target: str,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        outcome: Outcome = Outcome.DONE,
    ) -> AuditEvent:
        """An event of the audit log that tells what this user did."""
        return AuditEvent(
            self.account_id,
            self.email,
            ActorKind.USER,
            self.client_ip,
            action,
            target,
            outcome,
            before,
            after,
        )


def role_not_sufficient(needed: Role) -> BytewardError:
    """403: the user's role is too low."""
    return BytewardError(
        ErrorCode.ROLE_NOT_SUFFICIENT,
        f"this takes the role `{needed}`",
        details={"needed": needed.value},
    )
