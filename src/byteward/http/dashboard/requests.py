"""The first steps of each of the dashboard's own operations: whose page, and who is signed in."""

from __future__ import annotations

from typing import Final, cast

from byteward.accounts.session_store import SignedIn
from byteward.delivery.asgi import Scope
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine
from byteward.http.dashboard.parts import DashboardServices
from byteward.http.dashboard.same_origin import csrf_token, require_csrf
from byteward.http.routes.parsing import services_of
from byteward.http.services import ApiRequest
from byteward.identity.dashboard.sign_in import Client
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

_VARY: Final[HeaderLine] = (b"vary", b"Cookie, Origin")


def dashboard_of(request: ApiRequest) -> DashboardServices:
    """What the application was built with."""
    return services_of(request).dashboard


def context_of(request: ApiRequest) -> RequestContext:
    """The request's context; its answer is for pages of the dashboard only."""
    scope = cast(Scope, request.scope)
    context: RequestContext = scope[SCOPE_KEY]
    return context


def client_of(request: ApiRequest) -> Client:
    """Where the request comes from."""
    context = context_of(request)
    agent = context.headers.get(b"user-agent", b"").decode("latin-1")
    return Client(context.client_ip, "".join(c for c in agent if c.isprintable()))


def own_page(request: ApiRequest) -> None:
    """Refuse a write of a page that is not the dashboard's.

    Raises:
        BytewardError: `misdirected_request`, `cross_site_request`, `unsupported_media_type`.
    """
    context = context_of(request)
    origin = dashboard_of(request).origin
    origin.require_host(context.host)
    origin.require(context.headers, context.host)


async def signed_in(request: ApiRequest, *, writes: bool) -> SignedIn:
    """Whoever is signed in.

    Args:
        request: with the cookie.
        writes: the operation changes something, so more than the cookie is asked for.

    Raises:
        BytewardError: `session_required`, and those of `own_page`.
    """
    services, context = dashboard_of(request), context_of(request)
    if writes:
        own_page(request)
    else:
        services.origin.require_host(context.host)
    cookie = services.cookie.read(context.headers.lines)
    found = None if cookie is None else await services.sign_in.session_of(cookie)
    if found is None:
        raise BytewardError(ErrorCode.SESSION_REQUIRED, "nobody is signed in: sign in first")
    if writes:
        token = csrf_token(services.csrf_key, found.session.session_id)
        require_csrf(context.headers, token)
    return found


def send_cookie(request: ApiRequest, line: HeaderLine) -> None:
    """Let the answer set or clear the cookie."""
    context_of(request).own_headers = (_VARY, line)


def not_for_other_origins(context: RequestContext) -> None:
    """The answer carries no CORS headers."""
    context.own_headers = (_VARY,)
