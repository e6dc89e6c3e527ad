"""ProcessFileAndSave: `POST {cdn}/{accountId}/save/{transformation}{filePath}`.

The one operation of the CDN plane that changes something. So it takes its credential from a header
only, as the API does, and what it writes is decided upon like an upload.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import msgspec
from msgspec import UNSET

from byteward.config import DeliverySettings, HttpSettings
from byteward.delivery.asgi import Receive, Scope, Send, send_response
from byteward.delivery.authorise import Authoriser
from byteward.delivery.described import ProcessQuery
from byteward.delivery.request import DeliveryRequest, Pairs, parse_request
from byteward.delivery.saving import ResultSaving, Saved, SaveResult
from byteward.delivery.serve import no_account
from byteward.errors import BytewardError, ErrorCode
from byteward.files.copy_rules import Changes, MetadataChange, TagsChange
from byteward.header_lines import HeaderLine, header_line
from byteward.http.body import BodyTimes, RequestBody
from byteward.http.json_body import read_json
from byteward.http.public_urls import ResponseUrls
from byteward.http.routes.file_description import UPLOADING, definition_of
from byteward.http.routes.parsing import JSON
from byteward.http.schemas import examples
from byteward.http.schemas.process_and_save import (
    ProcessFileAndSaveRequest,
    ProcessFileAndSaveResponse,
    SavedTags,
)
from byteward.http.validation import Problems, validate
from byteward.openapi.operation import Operation, Plane, Tag
from byteward.permissions.facts import Facts
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

MAX_EXTENDED_BYTES: Final = 409_600
"""Of `extendedParams` as JSON."""

_C = ErrorCode
PROCESS_FILE_AND_SAVE: Final = Operation(
    id="ProcessFileAndSave",
    tag=Tag.FILES,
    method="POST",
    path="/{accountId}/save/{transformation}/{filePath}",
    query=ProcessQuery(),
    body=ProcessFileAndSaveRequest(
        destination="/thumbnails/cat.jpg",
        extended_params={"w": 200},
        tags=SavedTags(value=["thumbnail"]),
    ),
    answer=ProcessFileAndSaveResponse(
        is_async=False,
        account_id=examples.ACCOUNT,
        file_path="/thumbnails/cat.jpg",
        file_url=f"https://cdn.example.com/{examples.ACCOUNT}/raw/thumbnails/cat.jpg",
    ),
    plane=Plane.CDN,
    refusals=(
        *UPLOADING,
        _C.INVALID_PARAMETER,
        _C.INVALID_PATH_ENCODING,
        _C.FILE_NOT_FOUND,
        _C.ARTIFACT_NOT_FOUND,
        _C.NOT_CACHED,
        _C.TRANSFORMATION_NOT_FOUND,
        _C.UNSUPPORTED_INPUT_FORMAT,
        _C.CORRUPT_INPUT,
        _C.TRANSFORMATION_FAILED,
        _C.TRANSFORMATION_TIMEOUT,
    ),
    text=(
        "Store what a URL of a transformation would answer as a file. The caller needs the right "
        "to download the source in this way, and to write the destination."
    ),
)


class ProcessAndSave:
    """Answers the operation.

    Args:
        facts: accounts; refreshed once for each request.
        authoriser: decides about the source.
        saving: the use case.
        urls: absolute URLs in answers.
        limits: the `http` section.
        settings: the `delivery` section.
    """

    def __init__(
        self,
        *,
        facts: Facts,
        authoriser: Authoriser,
        saving: ResultSaving,
        urls: ResponseUrls,
        limits: HttpSettings,
        settings: DeliverySettings,
    ) -> None:
        self._facts = facts
        self._authoriser = authoriser
        self._saving = saving
        self._urls = urls
        self._limits = limits
        self._parse = partial(
            parse_request,
            max_url_bytes=settings.max_url_bytes,
            max_pairs=limits.max_query_pairs,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or raise the `BytewardError` that answers it."""
        context: RequestContext = scope[SCOPE_KEY]
        _, account_id, _, *rest = scope["raw_path"].split(b"/", 3)
        request = self._parse(b"/".join([b"", account_id, *rest]), scope["query_string"])
        version = self._facts.refresh()
        account = await self._facts.account(request.account_id)
        if account is None:
            raise no_account()
        context.browser_origins = account.settings.browser_origins
        caller = await self._authoriser.require_saving(request, scope["headers"], context)
        asked = _asked(request, await self._body(receive, context))
        saved = await self._saving.save(caller, asked, version)
        answer = msgspec.json.encode(self._response(saved))
        lines: list[HeaderLine] = [
            header_line("content-type", JSON),
            header_line("content-length", str(len(answer))),
            (b"cache-control", b"no-store"),
        ]
        await send_response(send, 200, lines, answer)

    async def _body(self, receive: Receive, context: RequestContext) -> ProcessFileAndSaveRequest:
        limits = self._limits
        times = BodyTimes(limits.body_idle_seconds, limits.min_body_bytes_per_second)
        body = RequestBody(receive, context.headers, times)
        try:
            value = await read_json(
                body, context.headers, limits, is_authority=False, may_be_empty=True
            )
        except BytewardError as error:
            raise await body.refuse(error) from None
        return validate(value, ProcessFileAndSaveRequest)

    def _response(self, saved: Saved) -> ProcessFileAndSaveResponse:
        file = saved.file
        return ProcessFileAndSaveResponse(
            is_async=False,
            account_id=file.account_id,
            file_path=file.path.text,
            file_url=self._urls.file(file.account_id, file.path),
            summary=UNSET if saved.json is None else msgspec.Raw(saved.json),
        )


def _asked(request: DeliveryRequest, body: ProcessFileAndSaveRequest) -> SaveResult:
    metadata, tags = body.metadata, body.tags
    return SaveResult(
        replace(request, pairs=request.pairs + extended_pairs(body.extended_params)),
        definition_of(body.destination),
        Changes(
            None if metadata is None else MetadataChange(metadata.merge, metadata.value),
            None if tags is None else TagsChange(tags.merge, tuple(tags.value)),
        ),
    )


def extended_pairs(params: object) -> Pairs:
    """Parameters of a body in the form of a query's.

    Raises:
        BytewardError: `invalid_request`, `payload_too_large`.
    """
    if params is None:
        return ()
    if len(msgspec.json.encode(params)) > MAX_EXTENDED_BYTES:
        raise BytewardError(
            ErrorCode.PAYLOAD_TOO_LARGE,
            f"`extendedParams` has more than {MAX_EXTENDED_BYTES} bytes",
        )
    problems = Problems()
    pairs: list[tuple[str, str]] = []
    for each in params if isinstance(params, list) else [params]:
        if not isinstance(each, dict):
            problems.add("body.extendedParams", "must be an object, or a list of objects")
            break
        for name, value in each.items():
            text = _text(value)
            if text is None:
                problems.add(
                    "body.extendedParams", "values are numbers, strings, `true` or `false`", name
                )
            else:
                pairs.append((name, text))
    problems.raise_any()
    return tuple(pairs)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float | str) else None
