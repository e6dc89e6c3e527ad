"""Bodies of the operations on dashboard users and invitations."""

from __future__ import annotations

from msgspec import Struct

from byteward.access.roles import Role
from byteward.http.schemas.dashboard.session import Email


class UserItem(Struct, frozen=True, rename="camel"):
    """A dashboard user.

    Attributes:
        user_id: never given to another user.
        email: unique in the account.
        role: what the user may do.
        enabled: whether the user may sign in.
        has_totp: signing in takes a second factor.
        has_password: a password was set.
        created_at: in Unix milliseconds.
        last_seen_at: of the newest session, in Unix milliseconds; null: there is none.
    """

    user_id: str
    email: str
    role: Role
    enabled: bool
    has_totp: bool
    has_password: bool
    created_at: int
    last_seen_at: int | None


class UserList(Struct, frozen=True):
    """Dashboard users.

    Attributes:
        items: the oldest first.
    """

    items: list[UserItem]


class UserUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change; what is left out stays.

    Attributes:
        role: what the user may do.
        enabled: whether the user may sign in.
    """

    role: Role | None = None
    enabled: bool | None = None


class LinkAnswer(Struct, frozen=True, rename="camel"):
    """A link to hand to the user; it is shown once.

    Attributes:
        link: its secret stands behind `#`, so that no server and no log sees it.
        expires_at: in Unix milliseconds.
    """

    link: str
    expires_at: int


class InvitationItem(Struct, frozen=True, rename="camel"):
    """An open invitation.

    Attributes:
        invitation_id: its name.
        email: who is invited.
        role: what the user will be able to do.
        created_at: in Unix milliseconds.
        expires_at: in Unix milliseconds.
    """

    invitation_id: str
    email: str
    role: Role
    created_at: int
    expires_at: int


class InvitationList(Struct, frozen=True):
    """Open invitations.

    Attributes:
        items: the newest first.
    """

    items: list[InvitationItem]


class InviteRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is invited.

    Attributes:
        email: of the new user.
        role: what the user will be able to do.
    """

    email: Email
    role: Role


class InvitationAnswer(Struct, frozen=True):
    """A new invitation.

    Attributes:
        invitation: as it is listed.
        link: to hand over; shown once.
    """

    invitation: InvitationItem
    link: str
