"""Dashboard users, invitations, and links for new passwords."""

from __future__ import annotations

import re
from typing import Final

from byteward.access.roles import Role
from byteward.accounts.model import User
from byteward.accounts.session_store import Invitation
from byteward.errors import BytewardError, ErrorCode
from byteward.http.dashboard.requests import dashboard_of
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import body_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import users as schemas
from byteward.http.schemas.dashboard.session import Nothing
from byteward.http.services import ApiRequest
from byteward.identity.dashboard.users import Link, ListedUser
from byteward.openapi.operation import WRITING, Access, Operation, Tag

_BASE: Final = "/v2/admin/accounts/{accountId}"
_USER: Final = f"{_BASE}/users/{{userId}}"
_ID: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_SENSITIVE: Final = (ErrorCode.REAUTHENTICATION_REQUIRED, *WRITING)
_EXAMPLE: Final = schemas.UserItem(
    "12", "ana@example.com", Role.MEMBER, True, True, True, 1716666258683, 1716669858683
)
_INVITATION: Final = schemas.InvitationItem(
    "8RkLmN3pQrS5tUvW", "new@example.com", Role.MEMBER, 1716666258683, 1717271058683
)
_LINK: Final = "https://api.example.com/dashboard/invitation#dBjftJeZ4CVP-mB92K27uhbUJU1p1r_w"


LIST_USERS: Final = Operation(
    id="ListUsers",
    tag=Tag.ADMIN,
    method="GET",
    path=f"{_BASE}/users",
    query=None,
    body=None,
    answer=schemas.UserList([_EXAMPLE]),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(LIST_USERS)
async def list_users(request: ApiRequest) -> schemas.UserList:
    """List the dashboard users of the account."""
    by = await administrator(request, Role.ADMIN)
    return schemas.UserList(
        [_item(each) for each in await dashboard_of(request).users.all(by.account_id)]
    )


UPDATE_USER: Final = Operation(
    id="UpdateUser",
    tag=Tag.ADMIN,
    method="PATCH",
    path=_USER,
    query=None,
    body=schemas.UserUpdate(Role.ADMIN, True),
    answer=_EXAMPLE,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.USER_NOT_FOUND, ErrorCode.LAST_OWNER, *_SENSITIVE),
    is_extension=True,
)


@handles(UPDATE_USER)
async def update_user(request: ApiRequest) -> schemas.UserItem:
    """Change a user's role, or whether it may sign in. Its sessions end."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    body = await body_as(request, UPDATE_USER, is_authority=True)
    user = await dashboard_of(request).users.update(
        by, _user_id(request), role=body.role, is_enabled=body.enabled
    )
    return _item(ListedUser(user, None))


DELETE_USER: Final = Operation(
    id="DeleteUser",
    tag=Tag.ADMIN,
    method="DELETE",
    path=_USER,
    query=None,
    body=None,
    answer=None,
    status=204,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.USER_NOT_FOUND, ErrorCode.LAST_OWNER, *_SENSITIVE),
    is_extension=True,
)


@handles(DELETE_USER)
async def delete_user(request: ApiRequest) -> None:
    """Remove a user. What it did stays in the audit log."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    await dashboard_of(request).users.delete(by, _user_id(request))


SIGN_OUT_USER: Final = Operation(
    id="SignOutUser",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_USER}/signOut",
    query=None,
    body=Nothing(),
    answer=None,
    status=204,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.USER_NOT_FOUND, *_SENSITIVE),
    is_extension=True,
)


@handles(SIGN_OUT_USER)
async def sign_out_user(request: ApiRequest) -> None:
    """End all sessions of a user."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    await body_as(request, SIGN_OUT_USER)
    await dashboard_of(request).users.sign_out(by, _user_id(request))


RESET_PASSWORD: Final = Operation(
    id="ResetPassword",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_USER}/passwordReset",
    query=None,
    body=Nothing(),
    answer=schemas.LinkAnswer(_LINK, 1716669858683),
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.USER_NOT_FOUND, *_SENSITIVE),
    is_extension=True,
)


@handles(RESET_PASSWORD)
async def reset_password(request: ApiRequest) -> schemas.LinkAnswer:
    """Get a link with which the user sets a new password, for one hour."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    await body_as(request, RESET_PASSWORD)
    link = await dashboard_of(request).users.reset_password(by, _user_id(request))
    return schemas.LinkAnswer(_url(request, link), link.invitation.expires_at)


LIST_INVITATIONS: Final = Operation(
    id="ListInvitations",
    tag=Tag.ADMIN,
    method="GET",
    path=f"{_BASE}/invitations",
    query=None,
    body=None,
    answer=schemas.InvitationList([_INVITATION]),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(LIST_INVITATIONS)
async def list_invitations(request: ApiRequest) -> schemas.InvitationList:
    """List the invitations that nobody has accepted yet."""
    by = await administrator(request, Role.ADMIN)
    found = await dashboard_of(request).users.invitations(by.account_id)
    return schemas.InvitationList([_invitation(each) for each in found])


CREATE_INVITATION: Final = Operation(
    id="CreateInvitation",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_BASE}/invitations",
    query=None,
    body=schemas.InviteRequest("new@example.com", Role.MEMBER),
    answer=schemas.InvitationAnswer(_INVITATION, _LINK),
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.USER_EXISTS, *_SENSITIVE),
    is_extension=True,
)


@handles(CREATE_INVITATION)
async def create_invitation(request: ApiRequest) -> schemas.InvitationAnswer:
    """Invite somebody. The link in the answer is good once, for seven days."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    body = await body_as(request, CREATE_INVITATION, is_authority=True)
    link = await dashboard_of(request).users.invite(by, body.email, body.role)
    return schemas.InvitationAnswer(_invitation(link.invitation), _url(request, link))


DELETE_INVITATION: Final = Operation(
    id="DeleteInvitation",
    tag=Tag.ADMIN,
    method="DELETE",
    path=f"{_BASE}/invitations/{{invitationId}}",
    query=None,
    body=None,
    answer=None,
    status=204,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.INVITATION_NOT_FOUND, *_SENSITIVE),
    is_extension=True,
)


@handles(DELETE_INVITATION)
async def delete_invitation(request: ApiRequest) -> None:
    """Take an invitation back."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    invitation_id: str = request.path_params["invitationId"]
    await dashboard_of(request).users.take_back(by, invitation_id)


def _user_id(request: ApiRequest) -> int:
    text: str = request.path_params["userId"]
    if _ID.fullmatch(text) is None:
        raise BytewardError(ErrorCode.USER_NOT_FOUND, "there is no such user")
    return int(text)


def _url(request: ApiRequest, link: Link) -> str:
    # SECURITY: built from the configured URL, never from Host; a fragment is not sent anywhere.
    return f"{services_of(request).urls.api}/dashboard/invitation#{link.token}"


def _item(listed: ListedUser) -> schemas.UserItem:
    user: User = listed.user
    return schemas.UserItem(
        str(user.user_id),
        user.email,
        user.role,
        user.disabled_at is None,
        user.has_totp,
        user.password_hash is not None,
        user.created_at,
        listed.last_seen_at,
    )


def _invitation(found: Invitation) -> schemas.InvitationItem:
    return schemas.InvitationItem(
        found.invitation_id, found.email, found.role, found.created_at, found.expires_at
    )


HANDLERS: Final = (
    list_users,
    update_user,
    delete_user,
    sign_out_user,
    reset_password,
    list_invitations,
    create_invitation,
    delete_invitation,
)
