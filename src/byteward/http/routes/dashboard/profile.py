"""A dashboard user's own password, second factor and sessions."""

from __future__ import annotations

from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.http.dashboard.requests import client_of, dashboard_of, send_cookie, signed_in
from byteward.http.routes.dashboard.session import require_fresh
from byteward.http.routes.parsing import body_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.dashboard import session as schemas
from byteward.http.services import ApiRequest
from byteward.identity.dashboard.second_factor import new_secret, provisioning_uri, qr_svg
from byteward.openapi.operation import WRITING, Access, Operation, Tag

_BASE: Final = "/dashboard/api"
_SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - an example


CHANGE_PASSWORD: Final = Operation(
    id="ChangePassword",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/password",
    query=None,
    body=schemas.PasswordRequest("correct horse battery staple", "quiet river under the hill"),
    answer=None,
    status=204,
    access=Access.DASHBOARD_COOKIE,
    refusals=(
        ErrorCode.SIGN_IN_FAILED,
        ErrorCode.RATE_LIMIT_EXCEEDED,
        ErrorCode.WEAK_PASSWORD,
        *WRITING,
    ),
    is_extension=True,
)


@handles(CHANGE_PASSWORD)
async def change_password(request: ApiRequest) -> None:
    """Set a new password. All sessions end; this one goes on under a new cookie."""
    found = await signed_in(request, writes=True)
    body = await body_as(request, CHANGE_PASSWORD, is_authority=True)
    dashboard = dashboard_of(request)
    opened = await dashboard.sign_in.change_password(
        found, body.current_password, body.new_password, client_of(request)
    )
    send_cookie(request, dashboard.cookie.set(opened.cookie))


BEGIN_TOTP: Final = Operation(
    id="BeginTotp",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/totp/begin",
    query=None,
    body=schemas.Nothing(),
    answer=schemas.TotpBegun(
        _SECRET, f"otpauth://totp/Byteward:owner%40localhost?secret={_SECRET}", "<svg…/>"
    ),
    access=Access.DASHBOARD_COOKIE,
    refusals=(ErrorCode.REAUTHENTICATION_REQUIRED,),
    is_extension=True,
)


@handles(BEGIN_TOTP)
async def begin_totp(request: ApiRequest) -> schemas.TotpBegun:
    """Get a new secret for an authenticator app. Nothing changes until it is confirmed."""
    found = await signed_in(request, writes=True)
    require_fresh(request, found)
    await body_as(request, BEGIN_TOTP)
    secret = new_secret()
    uri = provisioning_uri(secret, found.user.email)
    return schemas.TotpBegun(secret, uri, qr_svg(uri))


CONFIRM_TOTP: Final = Operation(
    id="ConfirmTotp",
    tag=Tag.DASHBOARD,
    method="POST",
    path=f"{_BASE}/totp/confirm",
    query=None,
    body=schemas.TotpConfirmRequest(_SECRET, "123456"),
    answer=schemas.RecoveryCodes(["ABCD-EFGH-2345-6723"]),
    access=Access.DASHBOARD_COOKIE,
    refusals=(ErrorCode.REAUTHENTICATION_REQUIRED, ErrorCode.SIGN_IN_FAILED, *WRITING),
    is_extension=True,
)


@handles(CONFIRM_TOTP)
async def confirm_totp(request: ApiRequest) -> schemas.RecoveryCodes:
    """Turn the second factor on. All sessions end; this one goes on under a new cookie."""
    found = await signed_in(request, writes=True)
    require_fresh(request, found)
    body = await body_as(request, CONFIRM_TOTP, is_authority=True)
    dashboard = dashboard_of(request)
    enrolled = await dashboard.totp.confirm(found, body.secret, body.code, client_of(request))
    send_cookie(request, dashboard.cookie.set(enrolled.opened.cookie))
    return schemas.RecoveryCodes(enrolled.recovery_codes)


REMOVE_TOTP: Final = Operation(
    id="RemoveTotp",
    tag=Tag.DASHBOARD,
    method="DELETE",
    path=f"{_BASE}/totp",
    query=None,
    body=schemas.Nothing(),
    answer=None,
    status=204,
    access=Access.DASHBOARD_COOKIE,
    refusals=(ErrorCode.REAUTHENTICATION_REQUIRED, ErrorCode.TOTP_ENFORCED, *WRITING),
    is_extension=True,
)


@handles(REMOVE_TOTP)
async def remove_totp(request: ApiRequest) -> None:
    """Turn the second factor off. The user's other sessions end."""
    found = await signed_in(request, writes=True)
    require_fresh(request, found)
    await body_as(request, REMOVE_TOTP)
    services = services_of(request)
    services.facts.refresh()
    account = await services.facts.account(found.user.account_id)
    is_enforced = account is None or account.settings.enforce_totp
    await dashboard_of(request).totp.remove(found, client_of(request), is_enforced=is_enforced)


LIST_SESSIONS: Final = Operation(
    id="ListSessions",
    tag=Tag.DASHBOARD,
    method="GET",
    path=f"{_BASE}/sessions",
    query=None,
    body=None,
    answer=schemas.SessionList(
        [
            schemas.ListedSession(
                "8RkLmN3pQrS5tUvW",
                1716666258683,
                1716669858683,
                "203.0.113.7",
                "Mozilla/5.0 (X11; Linux x86_64)",
                is_current=True,
            )
        ]
    ),
    access=Access.DASHBOARD_COOKIE,
    is_extension=True,
)


@handles(LIST_SESSIONS)
async def list_sessions(request: ApiRequest) -> schemas.SessionList:
    """List the user's own sessions, the newest first."""
    found = await signed_in(request, writes=False)
    sessions = await dashboard_of(request).sign_in.sessions_of(found)
    return schemas.SessionList(
        [
            schemas.ListedSession(
                each.session_id,
                each.created_at,
                each.last_seen_at,
                each.client_ip,
                each.user_agent,
                each.session_id == found.session.session_id,
            )
            for each in sessions
        ]
    )


END_SESSION: Final = Operation(
    id="EndSession",
    tag=Tag.DASHBOARD,
    method="DELETE",
    path=f"{_BASE}/sessions/{{sessionId}}",
    query=None,
    body=schemas.Nothing(),
    answer=None,
    status=204,
    access=Access.DASHBOARD_COOKIE,
    refusals=(ErrorCode.SESSION_NOT_FOUND, *WRITING),
    is_extension=True,
)


@handles(END_SESSION)
async def end_session(request: ApiRequest) -> None:
    """End one of the user's own sessions."""
    found = await signed_in(request, writes=True)
    await body_as(request, END_SESSION)
    session_id: str = request.path_params["sessionId"]
    ended = await dashboard_of(request).sign_in.sign_out(found, session_id, client_of(request).ip)
    if not ended:
        raise BytewardError(ErrorCode.SESSION_NOT_FOUND, "there is no such session of yours")


END_OTHER_SESSIONS: Final = Operation(
    id="EndOtherSessions",
    tag=Tag.DASHBOARD,
    method="DELETE",
    path=f"{_BASE}/sessions",
    query=None,
    body=schemas.Nothing(),
    answer=None,
    status=204,
    access=Access.DASHBOARD_COOKIE,
    refusals=WRITING,
    is_extension=True,
)


@handles(END_OTHER_SESSIONS)
async def end_other_sessions(request: ApiRequest) -> None:
    """End all of the user's sessions but this one."""
    found = await signed_in(request, writes=True)
    await body_as(request, END_OTHER_SESSIONS)
    await dashboard_of(request).sign_in.sign_out_others(found, client_of(request).ip)


HANDLERS: Final = (
    change_password,
    begin_totp,
    confirm_totp,
    remove_totp,
    list_sessions,
    end_session,
    end_other_sessions,
)
