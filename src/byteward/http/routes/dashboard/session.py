"""Signing in and out of the dashboard, and the bearer that its page works with."""

from __future__ import annotations

from typing import Final

from byteward import __version__
from byteward.access.roles import Role
from byteward.accounts.session_store import SignedIn
from byteward.clock import now_ms
from byteward.errors import BytewardError, ErrorCode
from byteward.http.dashboard.requests import (
    client_of,
    dashboard_of,
    own_page,
    send_cookie,
    signed_in,
)
from byteward.http.dashboard.same_origin import csrf_token
from byteward.http.routes.parsing import body_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.dashboard import session as schemas
from byteward.http.services import ApiRequest
from byteward.identity.dashboard.bearer import LIFE_SECONDS, BearerClaim, sign_bearer
from byteward.identity.dashboard.lifetimes import is_fresh
from byteward.identity.dashboard.sign_in import NewSession, SecondStep
from byteward.openapi.operation import WRITING, Access, Operation, Tag

_BASE: Final = "/dashboard/api"
_PASSWORDS: Final = (ErrorCode.SIGN_IN_FAILED, ErrorCode.RATE_LIMIT_EXCEEDED, *WRITING)
_SIGNED_IN: Final = schemas.SignInStep("signedIn")


GET_SESSION: Final = Operation(
    id="GetSession",
    tag=Tag.DASHBOARD,
    method="GET",
    path=f"{_BASE}/session",
    query=None,
    body=None,
    answer=schemas.SessionAnswer(
        user=schemas.SessionUser("owner@localhost", Role.OWNER, True, False),
        account_id="A623uY2",
        account_name="Default",
        csrf_token="n5bmlKqDFLqnJfSy8d2E3CyWRcyzfTPqgYi1l4G0zxQ",  # noqa: S106 - an example
        api_url="https://api.example.com",
        cdn_url="https://cdn.example.com",
        sandbox="strict",
        version="0.1.0",
        is_reauthenticated=True,
    ),
    access=Access.DASHBOARD_COOKIE,
    is_extension=True,
)


@handles(GET_SESSION)
async def get_session(request: ApiRequest) -> schemas.SessionAnswer:
    """Get who is signed in, and what the page needs to go on."""
    found = await signed_in(request, writes=False)
    services, dashboard = services_of(request), dashboard_of(request)
    services.facts.refresh()
    user, account = found.user, await services.facts.account(found.user.account_id)
    if account is None:
        raise BytewardError(ErrorCode.SESSION_REQUIRED, "the account is gone")
    must_enrol = account.settings.enforce_totp and not user.has_totp
    return schemas.SessionAnswer(
        user=schemas.SessionUser(user.email, user.role, user.has_totp, must_enrol),
        account_id=account.account_id,
        account_name=account.name,
        csrf_token=csrf_token(dashboard.csrf_key, found.session.session_id),
        api_url=services.urls.api,
        cdn_url=services.urls.cdn,
        sandbox=dashboard.sandbox,
        version=__version__,
        is_reauthenticated=is_fresh(found.session, now_ms(services.clock)),
    )


SIGN_IN: Final = Operation(
    id="SignIn",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/login",
    query=None,
    body=schemas.SignInRequest("owner@localhost", "correct horse battery staple", "A623uY2"),
    answer=_SIGNED_IN,
    access=Access.DASHBOARD_PAGE,
    refusals=_PASSWORDS,
    is_extension=True,
)


@handles(SIGN_IN)
async def sign_in(request: ApiRequest) -> schemas.SignInStep:
    """Sign in with a password. Where the user has a second factor, a challenge comes back."""
    own_page(request)
    body = await body_as(request, SIGN_IN, is_authority=True)
    step = await dashboard_of(request).sign_in.with_password(
        body.email, body.password, body.account_id, client_of(request)
    )
    if isinstance(step, SecondStep):
        return schemas.SignInStep("totp", step.challenge)
    return _opened(request, step)


SIGN_IN_WITH_CODE: Final = Operation(
    id="SignInWithCode",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/login/totp",
    query=None,
    body=schemas.CodeRequest("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "123456"),
    answer=_SIGNED_IN,
    access=Access.DASHBOARD_PAGE,
    refusals=_PASSWORDS,
    is_extension=True,
)


@handles(SIGN_IN_WITH_CODE)
async def sign_in_with_code(request: ApiRequest) -> schemas.SignInStep:
    """Finish signing in with the second factor, or with a recovery code."""
    own_page(request)
    body = await body_as(request, SIGN_IN_WITH_CODE, is_authority=True)
    opened = await dashboard_of(request).sign_in.with_code(
        body.challenge, body.code, client_of(request)
    )
    return _opened(request, opened)


SIGN_OUT: Final = Operation(
    id="SignOut",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/logout",
    query=None,
    body=schemas.Nothing(),
    answer=None,
    status=204,
    access=Access.DASHBOARD_COOKIE,
    refusals=WRITING,
    is_extension=True,
)


@handles(SIGN_OUT)
async def sign_out(request: ApiRequest) -> None:
    """End the session; its bearers end with it."""
    found = await signed_in(request, writes=True)
    await body_as(request, SIGN_OUT)
    dashboard = dashboard_of(request)
    await dashboard.sign_in.sign_out(found, found.session.session_id, client_of(request).ip)
    send_cookie(request, dashboard.cookie.clear())


CREATE_BEARER: Final = Operation(
    id="CreateBearer",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/bearer",
    query=None,
    body=schemas.Nothing(),
    answer=schemas.BearerAnswer("dash_A623uY2.…", 1716666558683),
    access=Access.DASHBOARD_COOKIE,
    is_extension=True,
)


@handles(CREATE_BEARER)
async def create_bearer(request: ApiRequest) -> schemas.BearerAnswer:
    """Get a credential of five minutes for the API and the CDN; it dies with the session."""
    found = await signed_in(request, writes=True)
    await body_as(request, CREATE_BEARER)
    expires_at = int(services_of(request).clock()) + LIFE_SECONDS
    claim = BearerClaim(found.user.account_id, found.session.session_id, expires_at)
    text = sign_bearer(dashboard_of(request).bearer_key, claim)
    return schemas.BearerAnswer(text, expires_at * 1000)


REAUTHENTICATE: Final = Operation(
    id="Reauthenticate",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/reauthenticate",
    query=None,
    body=schemas.ReauthenticateRequest("correct horse battery staple", "123456"),
    answer=None,
    status=204,
    access=Access.DASHBOARD_COOKIE,
    refusals=_PASSWORDS,
    is_extension=True,
)


@handles(REAUTHENTICATE)
async def reauthenticate(request: ApiRequest) -> None:
    """Give the password again: for 15 minutes sensitive operations go on without asking."""
    found = await signed_in(request, writes=True)
    body = await body_as(request, REAUTHENTICATE, is_authority=True)
    await dashboard_of(request).sign_in.reauthenticate(
        found, body.password, body.code, client_of(request)
    )


READ_INVITATION: Final = Operation(
    id="ReadInvitation",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/invitation/read",
    query=None,
    body=schemas.InvitationToken("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    answer=schemas.InvitationRead("new@example.com", Role.MEMBER, "Default", "invitation"),
    access=Access.DASHBOARD_PAGE,
    refusals=(ErrorCode.INVITATION_NOT_FOUND,),
    is_extension=True,
)


@handles(READ_INVITATION)
async def read_invitation(request: ApiRequest) -> schemas.InvitationRead:
    """Get what a link is for: becoming a user, or a new password."""
    own_page(request)
    body = await body_as(request, READ_INVITATION, is_authority=True)
    found, account_name = await dashboard_of(request).users.read_link(body.token)
    return schemas.InvitationRead(found.email, found.role, account_name, found.purpose.value)


ACCEPT_INVITATION: Final = Operation(
    id="AcceptInvitation",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/invitation/accept",
    query=None,
    body=schemas.AcceptRequest("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "a new password"),
    answer=_SIGNED_IN,
    access=Access.DASHBOARD_PAGE,
    refusals=(
        ErrorCode.INVITATION_NOT_FOUND,
        ErrorCode.USER_EXISTS,
        ErrorCode.WEAK_PASSWORD,
        *WRITING,
    ),
    is_extension=True,
)


@handles(ACCEPT_INVITATION)
async def accept_invitation(request: ApiRequest) -> schemas.SignInStep:
    """Set the password that a link is for and sign in. The link is used up by that."""
    own_page(request)
    body = await body_as(request, ACCEPT_INVITATION, is_authority=True)
    opened = await dashboard_of(request).users.accept(body.token, body.password, client_of(request))
    return schemas.SignInStep("signIn") if opened is None else _opened(request, opened)


def _opened(request: ApiRequest, opened: NewSession) -> schemas.SignInStep:
    send_cookie(request, dashboard_of(request).cookie.set(opened.cookie))
    return _SIGNED_IN


def require_fresh(request: ApiRequest, found: SignedIn) -> None:
    """Refuse a sensitive operation when the password was given too long ago.

    Raises:
        BytewardError: `reauthentication_required`.
    """
    if not is_fresh(found.session, now_ms(services_of(request).clock)):
        raise BytewardError(
            ErrorCode.REAUTHENTICATION_REQUIRED, "give your password again for this"
        )


HANDLERS: Final = (
    get_session,
    sign_in,
    sign_in_with_code,
    sign_out,
    create_bearer,
    reauthenticate,
    read_invitation,
    accept_invitation,
)
