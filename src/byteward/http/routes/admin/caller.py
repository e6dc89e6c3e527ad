"""The first step of every operation of administrators: who calls, and is its role enough?"""

from __future__ import annotations

from byteward.access.roles import Role
from byteward.accounts.audit import Outcome
from byteward.clock import now_ms
from byteward.errors import BytewardError, ErrorCode
from byteward.http.routes.parsing import caller_of, services_of
from byteward.http.routes.routing import operation_of
from byteward.http.services import ApiRequest
from byteward.identity.dashboard.administrator import Administrator, role_not_sufficient
from byteward.identity.dashboard.lifetimes import is_fresh


async def administrator(
    request: ApiRequest, needed: Role, *, sensitive: bool = False
) -> Administrator:
    """The dashboard user that calls.

    Args:
        request: with a `dash_` bearer.
        needed: the lowest role that may.
        sensitive: the password must have been given in the last 15 minutes.

    Raises:
        BytewardError: 401; `dashboard_user_required`, `role_not_sufficient`,
            `reauthentication_required`.
    """
    caller = await caller_of(request)
    found = caller.signed_in
    if found is None:
        raise BytewardError(
            ErrorCode.DASHBOARD_USER_REQUIRED,
            "API keys and JWTs do not administer accounts: sign in to the dashboard",
        )
    user = found.user
    who = Administrator(
        user.account_id,
        user.user_id,
        user.email,
        user.role,
        found.session.session_id,
        caller.client_ip,
    )
    if not user.role.includes(needed):
        if request.method != "GET":
            operation = operation_of(request.route_handler).id
            await services_of(request).note(
                who.event("admin.refused", operation, outcome=Outcome.REFUSED)
            )
        raise role_not_sufficient(needed)
    if sensitive and not is_fresh(found.session, now_ms(services_of(request).clock)):
        raise BytewardError(
            ErrorCode.REAUTHENTICATION_REQUIRED, "give your password again for this"
        )
    return who
