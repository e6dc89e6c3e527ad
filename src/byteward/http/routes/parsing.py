"""The first steps of every JSON operation: its services, its body, its paths."""

from __future__ import annotations

from typing import Final, TypeVar, cast

import msgspec

from byteward.delivery.asgi import Scope
from byteward.errors import BytewardError
from byteward.http.json_body import read_json
from byteward.http.query import Query
from byteward.http.services import ApiRequest, ApiServices
from byteward.http.validation import Problems, validate
from byteward.identity.caller import Caller
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
    account_id: str = request.path_params["account_id"]
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


def required_path(query: Query, name: str) -> str:
    """A path that the query must have; its grammar is checked by whoever parses it.

    Raises:
        BytewardError: `invalid_request` when it is missing, repeated or not absolute.
    """
    problems = Problems()
    text = query.one(name, problems)
    if text is None:
        problems.add(f"query.{name}", f"'{name}' is required")
    else:
        problems.check_text(f"query.{name}", text, min_length=1, max_length=512, pattern="^/.*$")
    problems.raise_any()
    return text or ""


def _scope_of(request: ApiRequest) -> Scope:
    # Litestar types the same dictionary more narrowly than the specification does.
    return cast(Scope, request.scope)
