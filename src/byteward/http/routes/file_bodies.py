"""The operations whose body is file content: plain ASGI handlers beside the JSON operations.

Bytes flow from the socket into the store as they come, so nothing here may buffer a body.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from byteward.delivery.asgi import Receive, Scope, Send, send_response
from byteward.errors import CATALOGUE, BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.http.json_body import refuse_encoding
from byteward.http.routes import wire
from byteward.http.routes.file_description import from_request
from byteward.http.services import ApiServices
from byteward.http.validation import Problems
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext
from byteward.uploads.basic import upload_body
from byteward.uploads.form import upload_form
from byteward.uploads.form_data import FormDataParser, boundary_of
from byteward.uploads.multipart import PartAddress
from byteward.uploads.part_token import PartToken

FileBodyHandler = Callable[[ApiServices, Scope, Receive, Send, Mapping[str, str]], Awaitable[None]]
"""Answers one request; the mapping holds the parameters of the path."""

_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_NO_STORE: Final = (b"cache-control", b"no-store")


async def basic_upload(
    services: ApiServices, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
) -> None:
    """BasicUpload: `POST …/uploads/binary`; the body is the file."""
    caller = await services.caller(scope, path["account_id"])
    context: RequestContext = scope[SCOPE_KEY]
    body = services.body(scope, receive)
    content_type = context.headers.get(b"content-type")
    try:
        file = from_request(services.query(scope), context, content_type=content_type)
        admission = await services.publication.admit(caller, file, body.declared_bytes)
        details = await upload_body(services.publication, admission, body.chunks())
    except BytewardError as error:
        raise await body.refuse(error) from None
    await _send_json(send, 200, wire.basic_upload(details, services.urls))


async def form_upload(
    services: ApiServices, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
) -> None:
    """FormDataUpload: `POST …/uploads/form_data`; each part of the form is a file."""
    caller = await services.caller(scope, path["account_id"])
    context: RequestContext = scope[SCOPE_KEY]
    body = services.body(scope, receive)
    try:
        refuse_encoding(context.headers)
        file = from_request(services.query(scope), context, content_type=None)
        boundary = boundary_of(context.headers.get(b"content-type", b"").decode("latin-1"))
        parser = FormDataParser(boundary, services.form_limits)
        outcome = await upload_form(services.publication, caller, file, body.chunks(), parser)
    except BytewardError as error:
        raise await body.refuse(error) from None
    status = 200 if outcome.stored else CATALOGUE[outcome.refused[0].error.code].status
    await _send_json(send, status, wire.form_upload(outcome, services.urls, services.clock()))


async def part_upload(
    services: ApiServices, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
) -> None:
    """`PUT` of an upload URL: the body is one part; the URL's query is the credential."""
    context = await services.enter_account(scope, path["account_id"])
    body = services.body(scope, receive)
    try:
        refuse_encoding(context.headers)
        address = _part_address(services, scope, path)
        upload = await services.multipart.admit_part(address, body.declared_bytes)
        etag = await services.multipart.put_part(address, upload, body.chunks())
    except BytewardError as error:
        raise await body.refuse(error) from None
    lines = [header_line("etag", f'"{etag}"'), (b"content-length", b"0"), _NO_STORE]
    await send_response(send, 200, lines, b"")


def _part_address(services: ApiServices, scope: Scope, path: Mapping[str, str]) -> PartAddress:
    query, problems = services.query(scope), Problems()
    exp, sig = query.one("exp", problems), query.one("sig", problems)
    problems.raise_any()
    index = part_index(path["index"])
    token = PartToken(exp or "", sig or "")
    return PartAddress(path["account_id"], path["upload_id"], index, token)


def part_index(text: str) -> int:
    """The index of a part in a path.

    Raises:
        BytewardError: `invalid_request`.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        problems = Problems()
        problems.add("path.uploadPartIndex", "invalid integer number", text)
        problems.raise_any()
    return int(text)


async def _send_json(send: Send, status: int, value: msgspec.Struct) -> None:
    body = msgspec.json.encode(value)
    lines: list[HeaderLine] = [_JSON, header_line("content-length", str(len(body))), _NO_STORE]
    await send_response(send, status, lines, body)


FILE_BODIES: Final[Mapping[str, tuple[str, FileBodyHandler]]] = {
    "/v2/accounts/{account_id}/uploads/binary": ("POST", basic_upload),
    "/v2/accounts/{account_id}/uploads/form_data": ("POST", form_upload),
    "/v2/accounts/{account_id}/uploads/{upload_id}/parts/{index}/content": ("PUT", part_upload),
}
"""Path and method of each handler."""


def method_not_allowed(allowed: str) -> BytewardError:
    """405 with the methods that the route does take."""
    return BytewardError(
        ErrorCode.METHOD_NOT_ALLOWED,
        f"this route takes {allowed}",
        headers={"allow": f"{allowed}, OPTIONS"},
    )
