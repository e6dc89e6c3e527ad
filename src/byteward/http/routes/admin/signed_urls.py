"""Signed URLs, made for whoever is to read a private file for a while."""

from __future__ import annotations

from typing import Final

from byteward.access.actions import Action
from byteward.access.roles import Role
from byteward.errors import BytewardError, ErrorCode
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import body_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import signed_urls as schemas
from byteward.http.services import ApiRequest
from byteward.identity.signed_url import sign_url as sign
from byteward.ids import API_KEY_ID
from byteward.openapi.operation import WRITING, Access, Operation, Tag
from byteward.paths import FilePath, url_path

SIGN_URL: Final = Operation(
    id="SignUrl",
    tag=Tag.ADMIN,
    method="POST",
    path="/v2/admin/accounts/{accountId}/signedUrls",
    query=None,
    body=schemas.SignUrlRequest("F91kfA1g", "/photos/cat.jpg", 3600),
    answer=schemas.SignedUrl(
        "https://cdn.example.com/A623uY2/raw/photos/cat.jpg?exp=1716669858&sig=…", 1716669858000
    ),
    access=Access.DASHBOARD_USER,
    refusals=(
        ErrorCode.API_KEY_NOT_FOUND,
        ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
        ErrorCode.INVALID_PATH,
        *WRITING,
    ),
    is_extension=True,
)


@handles(SIGN_URL)
async def sign_url(request: ApiRequest) -> schemas.SignedUrl:
    """Make a URL that carries the downloads of an API key to one file, until it expires."""
    by = await administrator(request, Role.ADMIN)
    body = await body_as(request, SIGN_URL)
    services, path = services_of(request), FilePath.parse(body.path)
    if API_KEY_ID.fullmatch(body.key_id) is None:
        raise BytewardError(ErrorCode.API_KEY_NOT_FOUND, "the account has no such API key")
    key = await services.configuration.api_key(by.account_id, body.key_id)
    found = await services.explainer.readers(by.account_id, path.segments, body.slug, [key])
    if not any(decision.is_allowed for _, decision in found.keys):
        raise BytewardError(
            ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
            f"API key `{key.name}` is not usable or cannot download this file itself",
            details={"permission": Action.DOWNLOAD_FILE.value, "path": path.text},
        )
    expires_at = int(services.clock()) + body.expires_in_seconds
    target = f"{services.urls.cdn}/{by.account_id}/{body.slug}{url_path(path)}"
    url = f"{target}?{body.query}" if body.query else target
    signed = sign(url, key_id=key.key_id, key=key.secure_url_key, exp=str(expires_at))
    await services.note(by.event("url.sign", path.text, after={"apiKey": key.key_id}))
    return schemas.SignedUrl(signed, expires_at * 1000)


HANDLERS: Final = (sign_url,)
