"""The first steps of every JSON operation: its services, its body, its paths."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

import msgspec

from byteward.delivery.asgi import Scope
from byteward.errors import BytewardError
from byteward.http.json_body import read_json
from byteward.http.query import Query
from byteward.http.services import ApiRequest, ApiServices
from byteward.http.validation import Problems, validate
from byteward.identity.caller import Caller
from byteward.openapi.operation import Operation
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

S = TypeVar("S", bound=msgspec.Struct)

JSON: Final = "application/json; charset=utf-8"
"""The content type of every answer of a JSON operation."""


def services_of(request: ApiRequest) -> ApiServices:
    """What the application was built with."""
    services: ApiServices = request.app.state.services
    return services


async def caller_of(request: ApiRequest) -> Caller:
    """Whoever sent the request.

    Raises:
        BytewardError: 401 or 403.
    """
    account_id: str = request.path_params["accountId"]
    return await services_of(request).caller(_scope_of(request), account_id)


def query_of(request: ApiRequest) -> Query:
    """The decoded query.

    Raises:
        BytewardError: `invalid_request`.
    """
    return services_of(request).query(_scope_of(request))


async def json_as(request: ApiRequest, schema: type[S], *, is_authority: bool = False) -> S:
    """The body, validated.

    Args:
        request: its body was not read yet.
        schema: the struct that the body has to be.
        is_authority: see `read_json`.

    Raises:
        BytewardError: `unsupported_media_type`, `payload_too_large`, `invalid_json`,
            `invalid_request`.
    """
    services = services_of(request)
    scope = _scope_of(request)
    context: RequestContext = scope[SCOPE_KEY]
    body = services.body(scope, request.receive)
    try:
        value = await read_json(body, context.headers, services.limits, is_authority=is_authority)
    except BytewardError as error:
        raise await body.refuse(error) from None
    return validate(value, schema)


async def body_as(
    request: ApiRequest, operation: Operation[object, S, object], *, is_authority: bool = False
) -> S:
    """The body that an operation declares, validated; see `json_as`."""
    return await json_as(request, type(operation.body), is_authority=is_authority)


async def object_of(request: ApiRequest, operation: Operation[object, S, object]) -> dict[str, Any]:
    """The body as it was sent, for a reader of its own, which tells `null` from absent.

    The members that it may have are those of the declared struct.

    Raises:
        BytewardError: as `json_as`.
    """
    services, scope = services_of(request), _scope_of(request)
    context: RequestContext = scope[SCOPE_KEY]
    body = services.body(scope, request.receive)
    try:
        value = await read_json(body, context.headers, services.limits, is_authority=True)
    except BytewardError as error:
        raise await body.refuse(error) from None
    problems = Problems()
    if not isinstance(value, dict):
        problems.add("body", "invalid object", value)
        problems.raise_any()
        return {}
    known = {each.encode_name for each in msgspec.structs.fields(type(operation.body))}
    for name in value:
        if name not in known:
            problems.add(f"body.{name[:200]}", "unknown name")
    problems.raise_any()
    return value


def query_as(request: ApiRequest, operation: Operation[S, object, object]) -> S:
    """The query that an operation declares, validated.

    Raises:
        BytewardError: `invalid_request`.
    """
    return query_of(request).read(type(operation.query))


def _scope_of(request: ApiRequest) -> Scope:
    # Litestar types the same dictionary more narrowly than the specification does.
    return cast(Scope, request.scope)
