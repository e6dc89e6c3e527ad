"""The API plane: from a raw path to the handler that answers it.

File bodies go to plain ASGI handlers, everything else to Litestar. The raw path is looked at
once: paths of the API are plain letters, so one with escapes or empty segments names nothing, and
no two layers can read it differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import MethodNotAllowedException, NotFoundException

from byteward.delivery import described as cdn
from byteward.delivery.asgi import BODY, AsgiApp, Message, Receive, Scope, Send
from byteward.errors import BytewardError, ErrorCode
from byteward.http import health, reference
from byteward.http.dashboard import pages
from byteward.http.dashboard.pages import DashboardPages
from byteward.http.dashboard.requests import not_for_other_origins
from byteward.http.process_and_save import PROCESS_FILE_AND_SAVE
from byteward.http.reference import Reference
from byteward.http.routes import (
    cache,
    file_batches,
    files,
    folder_batches,
    folders,
    jobs,
    upload_from_url,
    uploads,
)
from byteward.http.routes.admin import (
    api_keys,
    audit_log,
    explain,
    jwt_certificates,
    presets,
    settings,
    signed_urls,
    usage,
    users,
)
from byteward.http.routes.dashboard import profile, session
from byteward.http.routes.file_bodies import (
    FILE_BODIES,
    FileBodyHandler,
    described_file_bodies,
    method_not_allowed,
)
from byteward.http.routes.routing import described_routes
from byteward.http.services import ApiServices
from byteward.openapi.operation import Described, described
from byteward.permissions.facts import Facts
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_.~-]+)+/?", re.ASCII)
_DASHBOARD: Final = "/dashboard/"
_DASHBOARD_API: Final = "/dashboard/api/"
_RETIRED: Final = re.compile(r"/v1(?:/.*)?", re.DOTALL)
_ACCOUNT: Final = re.compile(rb"/v2/(?:admin/)?accounts/([A-Za-z0-9]{7})(?:/.*)?", re.DOTALL)


HANDLERS: Final = (
    *uploads.HANDLERS,
    *upload_from_url.HANDLERS,
    *files.HANDLERS,
    *file_batches.HANDLERS,
    *folders.HANDLERS,
    *folder_batches.HANDLERS,
    *jobs.HANDLERS,
    *cache.HANDLERS,
    *api_keys.HANDLERS,
    *jwt_certificates.HANDLERS,
    *presets.HANDLERS,
    *settings.HANDLERS,
    *explain.HANDLERS,
    *signed_urls.HANDLERS,
    *usage.HANDLERS,
    *users.HANDLERS,
    *audit_log.HANDLERS,
    *session.HANDLERS,
    *profile.HANDLERS,
)
"""The operations that speak JSON."""


def all_operations() -> Sequence[Described]:
    """Every operation of both planes, in the order of the reference."""
    others = (*cdn.OPERATIONS, PROCESS_FILE_AND_SAVE, *reference.OPERATIONS, *health.OPERATIONS)
    return [
        *described_file_bodies(),
        *described_routes(HANDLERS),
        *(described(operation, None) for operation in others),
    ]


class ApiApp:
    """The application behind the edge of the API plane."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._reference = Reference(all_operations, services.urls)
        self._pages = DashboardPages(services.urls.cdn)
        self._json_operations = json_operations(services)
        self._file_bodies = [
            (re.compile(_pattern_of(operation.path)), operation.method, handler)
            for operation, handler in FILE_BODIES
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or raise the `BytewardError` that answers it."""
        path = scope["raw_path"].decode("latin-1")
        if not _PLAIN_PATH.fullmatch(path):
            raise unrouted(scope["method"], path)
        path = path.removesuffix("/")
        if _RETIRED.fullmatch(path):
            raise BytewardError(
                ErrorCode.API_VERSION_RETIRED,
                "version 1 of the API is gone: use a client that speaks version 2",
            )
        if path in reference.PATHS:
            await self._reference(path, scope, send)
            return
        if path == pages.ROOT or path.startswith(_DASHBOARD):
            await self._dashboard(scope, path, receive, send)
            return
        found = self._file_body_at(path)
        if found is not None:
            method, handler, parameters = found
            if scope["method"] != method:
                raise method_not_allowed(method)
            await handler(self._services, scope, receive, send, parameters)
            return
        await self._json_operation(scope, path, receive, send)

    async def _dashboard(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        context: RequestContext = scope[SCOPE_KEY]
        not_for_other_origins(context)
        if path.startswith(_DASHBOARD_API):
            await self._json_operation(scope, path, receive, send)
            return
        self._services.dashboard.origin.require_host(context.host)
        await self._pages(path, scope, send)

    def _file_body_at(self, path: str) -> tuple[str, FileBodyHandler, Mapping[str, str]] | None:
        for pattern, method, handler in self._file_bodies:
            match = pattern.fullmatch(path)
            if match:
                return method, handler, match.groupdict()
        return None

    async def _json_operation(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        inner = {**scope, "path": path, "root_path": ""}
        if scope["method"] == "HEAD":
            inner["method"] = "GET"
            send = _without_body(send)
        try:
            # Litestar types the same dictionaries more narrowly than the specification does.
            await self._json_operations(inner, receive, send)  # type: ignore[arg-type]
        except NotFoundException:
            raise unrouted(scope["method"], path) from None
        except MethodNotAllowedException as error:
            raise method_not_allowed(_allowed(error)) from None
        except RecursionError:
            raise BytewardError(ErrorCode.INVALID_JSON, "the body is nested too deeply") from None


def build_api(services: ApiServices) -> AsgiApp:
    """The API plane; put the edge around it."""
    return ApiApp(services)


def json_operations(services: ApiServices) -> Litestar:
    """The operations that speak JSON. Errors leave as exceptions; the edge writes them."""
    return Litestar(
        HANDLERS,
        state=State({"services": services}),
        exception_handlers={Exception: _reraise},
        logging_config=None,
        openapi_config=None,
        response_headers={"cache-control": "no-store"},
    )


def account_in(raw_path: bytes) -> str | None:
    """The account that a raw path names, if it names one."""
    match = _ACCOUNT.fullmatch(raw_path)
    return None if match is None else match[1].decode("ascii")


async def browser_origins(facts: Facts, raw_path: bytes) -> tuple[str, ...]:
    """`browserOrigins` of the account that a preflight's path names; empty when it names none."""
    account_id = account_in(raw_path)
    if account_id is None:
        return ()
    facts.refresh()
    account = await facts.account(account_id)
    return () if account is None else account.settings.browser_origins


def unrouted(method: str, path: str) -> BytewardError:
    """404 for a path that no operation has."""
    return BytewardError(
        ErrorCode.CHECK_PATH,
        f"no such route: check the URL of this {method} request and its account id",
        details={"path": path},
    )


# Any: Litestar's own signature. Raised again, the error passes through Litestar to the edge.
def _reraise(_request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    raise error


def _allowed(error: MethodNotAllowedException) -> str:
    """The Allow header that Litestar made, with HEAD where GET is."""
    names = (error.headers or {}).get("allow", "").split(", ")
    methods = set(names) - {"OPTIONS"}
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == BODY:
            message = {**message, "body": b""}
        await send(message)

    return send_head


def _pattern_of(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
