"""API keys, as administrators make and change them."""

from __future__ import annotations

from typing import Any, Final

from byteward.access.policy import path_permissions_to_wire
from byteward.access.roles import Role
from byteward.accounts.model import DEFAULT_UPLOAD_LOCATION, ApiKey
from byteward.errors import BytewardError, ErrorCode
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import body_as, object_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import configuration as schemas
from byteward.http.schemas.dashboard.session import Nothing
from byteward.http.services import ApiRequest
from byteward.ids import API_KEY_ID
from byteward.openapi.operation import WRITING, Access, Operation, Tag
from byteward.strict_base64 import encode_base64

_KEYS: Final = "/v2/admin/accounts/{accountId}/apiKeys"
_KEY: Final = f"{_KEYS}/{{keyId}}"
_CHANGES: Final = (ErrorCode.API_KEY_NOT_FOUND, *WRITING)
_SENSITIVE: Final = (ErrorCode.REAUTHENTICATION_REQUIRED, *_CHANGES)
_RULE: Final[dict[str, Any]] = {  # Any: the permission grammar
    "match": {"path": "/my_folder", "scope": "Children"},
    "permissions": {"read": {"file": {"downloadFile": ["*"]}}},
}
_EXAMPLE: Final = schemas.KeyItem(
    key_id="F91kfA1g",
    kind="secret",
    name="backend",
    key=None,
    description=None,
    enabled=True,
    expires_at=None,
    require_jwt=False,
    allowed_origins=[],
    path_permissions=[_RULE],
    tag_permissions={"write": ["*"]},
    tags=[],
    default_upload_path=DEFAULT_UPLOAD_LOCATION,
    upload_rate_limit=None,
    upload_bytes_limit=None,
    max_upload_bytes=None,
    created_at=1716666258683,
)
_WITH_TEXT: Final = schemas.KeyWithText(_EXAMPLE, "secret_A623uY2…")
_SECURE: Final = schemas.SecureUrlKey("ZGVyIFNjaGx1ZXNzZWwgaXN0IGdlaGVpbSwgMzIgQi4=")


LIST_API_KEYS: Final = Operation(
    id="ListApiKeys",
    tag=Tag.ADMIN,
    method="GET",
    path=_KEYS,
    query=None,
    body=None,
    answer=schemas.KeyList([_EXAMPLE]),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(LIST_API_KEYS)
async def list_api_keys(request: ApiRequest) -> schemas.KeyList:
    """List the account's API keys."""
    by = await administrator(request, Role.ADMIN)
    keys = await services_of(request).configuration.api_keys(by.account_id)
    return schemas.KeyList([key_item(key) for key in keys])


CREATE_API_KEY: Final = Operation(
    id="CreateApiKey",
    tag=Tag.ADMIN,
    method="POST",
    path=_KEYS,
    query=None,
    body=schemas.NewKey(kind="secret", name="backend", path_permissions=[_RULE]),
    answer=_WITH_TEXT,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.REAUTHENTICATION_REQUIRED, ErrorCode.NAME_TAKEN, *WRITING),
    is_extension=True,
)


@handles(CREATE_API_KEY)
async def create_api_key(request: ApiRequest) -> schemas.KeyWithText:
    """Make an API key. The text of a secret key is shown in this answer and never again."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    body = await object_of(request, CREATE_API_KEY)
    configuration = services_of(request).configuration
    name = body.get("name")
    if isinstance(name, str):
        taken = [key for key in await configuration.api_keys(by.account_id) if key.name == name]
        if taken:
            raise _name_taken(name)
    applied = await configuration.set_element(by, "apiKeys", body)
    made = applied.generated[0]
    key = await configuration.api_key(by.account_id, made.key_id)
    return schemas.KeyWithText(key_item(key), made.text)


UPDATE_API_KEY: Final = Operation(
    id="UpdateApiKey",
    tag=Tag.ADMIN,
    method="PATCH",
    path=_KEY,
    query=None,
    body=schemas.KeyUpdate(name="backend", enabled=True, path_permissions=[_RULE]),
    answer=_EXAMPLE,
    access=Access.DASHBOARD_USER,
    refusals=_CHANGES,
    is_extension=True,
)


@handles(UPDATE_API_KEY)
async def update_api_key(request: ApiRequest) -> schemas.KeyItem:
    """Change an API key. It holds for every request from then on."""
    by = await administrator(request, Role.ADMIN)
    body = await object_of(request, UPDATE_API_KEY)
    configuration, key_id = services_of(request).configuration, _key_id(request)
    await configuration.api_key(by.account_id, key_id)
    await configuration.set_element(by, "apiKeys", {**body, "id": key_id})
    return key_item(await configuration.api_key(by.account_id, key_id))


DELETE_API_KEY: Final = Operation(
    id="DeleteApiKey",
    tag=Tag.ADMIN,
    method="DELETE",
    path=_KEY,
    query=None,
    body=None,
    answer=None,
    status=204,
    access=Access.DASHBOARD_USER,
    refusals=_SENSITIVE,
    is_extension=True,
)


@handles(DELETE_API_KEY)
async def delete_api_key(request: ApiRequest) -> None:
    """Remove an API key, and with it the URLs that it signed."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    await services_of(request).configuration.delete_key(by, _key_id(request))


ROTATE_API_KEY: Final = Operation(
    id="RotateApiKey",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_KEY}/rotate",
    query=None,
    body=Nothing(),
    answer=_WITH_TEXT,
    access=Access.DASHBOARD_USER,
    refusals=_SENSITIVE,
    is_extension=True,
)


@handles(ROTATE_API_KEY)
async def rotate_api_key(request: ApiRequest) -> schemas.KeyWithText:
    """Give an API key another text. The old one is refused from now on."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    await body_as(request, ROTATE_API_KEY)
    configuration, key_id = services_of(request).configuration, _key_id(request)
    text = await configuration.rotate_key(by, key_id)
    key = await configuration.api_key(by.account_id, key_id)
    return schemas.KeyWithText(key_item(key), text)


GET_SECURE_URL_KEY: Final = Operation(
    id="GetSecureUrlKey",
    tag=Tag.ADMIN,
    method="GET",
    path=f"{_KEY}/secureUrlKey",
    query=None,
    body=None,
    answer=_SECURE,
    access=Access.DASHBOARD_USER,
    refusals=_SENSITIVE,
    is_extension=True,
)


@handles(GET_SECURE_URL_KEY)
async def get_secure_url_key(request: ApiRequest) -> schemas.SecureUrlKey:
    """Get the key with which URLs are signed and encrypted for an API key."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    services = services_of(request)
    key = await services.configuration.api_key(by.account_id, _key_id(request))
    await services.note(by.event("apiKey.readSecureUrlKey", key.key_id))
    return schemas.SecureUrlKey(encode_base64(key.secure_url_key))


ROTATE_SECURE_URL_KEY: Final = Operation(
    id="RotateSecureUrlKey",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_KEY}/secureUrlKey/rotate",
    query=None,
    body=Nothing(),
    answer=_SECURE,
    access=Access.DASHBOARD_USER,
    refusals=_SENSITIVE,
    is_extension=True,
)


@handles(ROTATE_SECURE_URL_KEY)
async def rotate_secure_url_key(request: ApiRequest) -> schemas.SecureUrlKey:
    """Give an API key another key of signed URLs. Those that were signed are refused."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    await body_as(request, ROTATE_SECURE_URL_KEY)
    configuration = services_of(request).configuration
    return schemas.SecureUrlKey(await configuration.rotate_secure_url_key(by, _key_id(request)))


def key_item(key: ApiKey) -> schemas.KeyItem:
    """A key on the wire."""
    rules = [
        {"pattern": entry.pattern.text, **wire}
        for entry, wire in zip(
            key.path_permissions, path_permissions_to_wire(key.path_permissions), strict=True
        )
    ]
    return schemas.KeyItem(
        key_id=key.key_id,
        kind=key.kind.value,
        name=key.name,
        key=key.public_text,
        description=key.description,
        enabled=key.enabled,
        expires_at=key.expires_at,
        require_jwt=key.require_jwt,
        allowed_origins=list(key.allowed_origins or ()),
        path_permissions=rules,
        tag_permissions={"write": list(key.tag_patterns)},
        tags=list(key.tags),
        default_upload_path=key.default_upload_path,
        upload_rate_limit=key.upload_rate_limit,
        upload_bytes_limit=key.upload_bytes_limit,
        max_upload_bytes=key.max_upload_bytes,
        created_at=key.created_at,
    )


def _key_id(request: ApiRequest) -> str:
    key_id: str = request.path_params["keyId"]
    if API_KEY_ID.fullmatch(key_id) is None:
        raise BytewardError(ErrorCode.API_KEY_NOT_FOUND, "the account has no such API key")
    return key_id


def _name_taken(name: str) -> BytewardError:
    return BytewardError(ErrorCode.NAME_TAKEN, f"another API key has the name `{name}`")


HANDLERS: Final = (
    list_api_keys,
    create_api_key,
    update_api_key,
    delete_api_key,
    rotate_api_key,
    get_secure_url_key,
    rotate_secure_url_key,
)
