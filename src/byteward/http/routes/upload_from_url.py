"""UploadFromUrl: the server fetches the file."""

from __future__ import annotations

from typing import Final

from byteward.errors import ErrorCode
from byteward.http.disconnect import while_connected
from byteward.http.routes import wire
from byteward.http.routes.file_description import UPLOADING, from_body
from byteward.http.routes.parsing import body_as, caller_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import uploads as schemas
from byteward.http.services import ApiRequest
from byteward.http.validation import Problems
from byteward.openapi.operation import Operation, Tag
from byteward.outbound.url import OutboundUrl, UrlError, parse_url
from byteward.uploads.from_url import Source

UPLOAD_FROM_URL: Final = Operation(
    id="UploadFromUrl",
    tag=Tag.UPLOADS,
    method="POST",
    path="/v2/accounts/{accountId}/uploads/url",
    query=None,
    body=schemas.UploadFromUrlRequest(url="https://example.com/cat.jpg", path=examples.CAT),
    answer=examples.STORED,
    refusals=(*UPLOADING, ErrorCode.SOURCE_URL_FAILED, ErrorCode.SOURCE_URL_TIMEOUT),
)


@handles(UPLOAD_FROM_URL)
async def upload_from_url(request: ApiRequest) -> schemas.BasicUploadResponse:
    """Upload a file from a URL. The answer comes when the file is stored."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, UPLOAD_FROM_URL)
    source = Source(
        url=_source_url(body.url),
        timeout_seconds=body.timeout / 1000,
        is_mime_told=body.mime is not None,
    )
    uploads = services.url_uploads
    fetched = await while_connected(request.receive, uploads.fetch(caller, from_body(body), source))
    return wire.basic_upload(await uploads.publish(fetched), services.urls)


def _source_url(text: str) -> OutboundUrl:
    try:
        return parse_url(text)
    except UrlError as error:
        problems = Problems()
        problems.add("body.url", str(error), text)
        problems.raise_any()
        raise


HANDLERS: Final = (upload_from_url,)
